package tables

import (
	"fmt"
	"slices"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

func tableLifecycle(t *check.T) {
	option := &tablestore.TableOption{TimeToAlive: 172_800, MaxVersion: 5, DeviationCellVersionInSec: 3600}
	table := newTableKeeping(t, option,
		keyColumn{name: "s", kind: kindString}, keyColumn{name: "i", kind: kindInteger},
		keyColumn{name: "b", kind: kindBinary}, keyColumn{name: "a", kind: kindInteger, auto: true})
	listed, err := table.client.ListTable()
	t.NoError("list", err)
	t.True(slices.Contains(listed.TableNames, table.name), "it is not listed: %v", listed.TableNames)

	described, err := table.client.DescribeTable(&tablestore.DescribeTableRequest{TableName: table.name})
	t.NoError("describe", err)
	t.True(described.RequestId != "", "no request id")
	t.Equal("name", described.TableMeta.TableName, table.name)
	var key []string
	for _, column := range described.TableMeta.SchemaEntry {
		key = append(key, fmt.Sprintf("%s %d %t", *column.Name, *column.Type, column.Option != nil))
	}
	t.Equal("key", key, []string{"s 2 false", "i 1 false", "b 3 false", "a 1 true"})
	t.Equal("options", described.TableOption, option)
	t.Equal("reserved throughput", described.ReservedThroughput, &tablestore.ReservedThroughput{})
	t.Equal("stream", described.StreamDetails.EnableStream, false)

	t.NoError("delete", table.drop(table.name))
	_, err = table.client.DescribeTable(&tablestore.DescribeTableRequest{TableName: table.name})
	t.TableError(err, 404, "OTSObjectNotExist", "Requested table does not exist.")
}

func tableUpdate(t *check.T) {
	table := newTable(t)
	update := func(request *tablestore.UpdateTableRequest) (*tablestore.UpdateTableResponse, error) {
		request.TableName = table.name
		return table.client.UpdateTable(request)
	}
	option := &tablestore.TableOption{TimeToAlive: 86_400, MaxVersion: 3, DeviationCellVersionInSec: 7200}
	answer, err := update(&tablestore.UpdateTableRequest{TableOption: option})
	t.NoError("update the options", err)
	t.Equal("options in the answer", answer.TableOption, option)

	reserved := &tablestore.ReservedThroughput{Readcap: 10, Writecap: 20}
	answer, err = update(&tablestore.UpdateTableRequest{ReservedThroughput: reserved})
	t.NoError("reserve throughput", err)
	t.Equal("reserved in the answer", answer.ReservedThroughput, reserved)
	_, err = update(&tablestore.UpdateTableRequest{ReservedThroughput: reserved})
	t.TableError(err, 403, "OTSTooFrequentReservedThroughputAdjustment", "Capacity unit adjustment is too frequent.")

	described, err := table.client.DescribeTable(&tablestore.DescribeTableRequest{TableName: table.name})
	t.NoError("describe", err)
	t.Equal("options", described.TableOption, option)
	t.Equal("reserved", described.ReservedThroughput, reserved)

	_, err = update(&tablestore.UpdateTableRequest{TableOption: &tablestore.TableOption{TimeToAlive: -2, MaxVersion: 1}})
	t.TableError(err, 400, parameterInvalid, "TimeToLive cannot be 0 or less than -1.")
	_, err = table.client.UpdateTable(&tablestore.UpdateTableRequest{TableName: "go_nowhere", TableOption: option})
	t.TableError(err, 404, "OTSObjectNotExist", "Requested table does not exist.")
}

func tableRefusals(t *check.T) {
	table := newTable(t)
	once := tablestore.NewTableOptionWithMaxVersion(1)
	text := func(name string) keyColumn { return keyColumn{name: name, kind: kindString} }
	t.TableError(table.create(table.name, once), 409, "OTSObjectAlreadyExist", "Requested table already exists.")
	t.TableError(table.create("1st", once), 400, parameterInvalid, "Invalid table name: '1st'.")
	t.TableError(table.create("go_bad", once, text("a b")), 400, parameterInvalid, "Invalid column name: 'a b'.")
	t.TableError(table.create("go_bad", once, text("a"), text("b"), text("c"), text("d"), text("e")), 400, parameterInvalid,
		"The number of primary key columns must be in range: [1, 4].")
	t.TableError(table.create("go_bad", tablestore.NewTableOption(0, 1)), 400, parameterInvalid,
		"TimeToLive cannot be 0 or less than -1.")
	t.TableError(table.drop("go_nowhere"), 404, "OTSObjectNotExist", "Requested table does not exist.")
}

// tableQuota fills the instance, so that it runs alone.
func tableQuota(t *check.T) {
	table := newTable(t)
	listed, err := table.client.ListTable()
	t.NoError("list", err)
	once := tablestore.NewTableOptionWithMaxVersion(1)
	for i := len(listed.TableNames); i < 64; i++ {
		name := fmt.Sprintf("%s_%d", table.name, i)
		t.NoError("create", table.create(name, once))
		t.Cleanup(func() { _ = table.drop(name) })
	}
	t.TableError(table.create("go_one_more", once), 403, "OTSQuotaExhausted", "Number of tables exceeds the quota:64.")
}

func splitPoints(t *check.T) {
	table := newTable(t)
	table.put(key("a", 1), columns{"c": "x"})
	answer, err := table.client.ComputeSplitPointsBySize(&tablestore.ComputeSplitPointsBySizeRequest{
		TableName: table.name, SplitSize: 1,
	})
	t.NoError("compute", err)
	t.Equal("splits", len(answer.Splits), 1)
	t.Equal("lower bound", answer.Splits[0].LowerBound, key(lowest, lowest))
	t.Equal("upper bound", answer.Splits[0].UpperBound, key(highest, highest))
	t.True(answer.Splits[0].Location != "", "the split is nowhere")
	_, err = table.client.ComputeSplitPointsBySize(&tablestore.ComputeSplitPointsBySizeRequest{TableName: "go_nowhere", SplitSize: 1})
	t.TableError(err, 404, "OTSObjectNotExist", "Requested table does not exist.")
}
