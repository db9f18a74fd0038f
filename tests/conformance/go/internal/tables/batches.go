package tables

import (
	"fmt"
	"strings"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

func batchMixed(t *check.T) {
	one, two := newTable(t), newTable(t)
	one.put(key("old", 1), columns{"c": "1", "d": "1"})
	one.put(key("dead", 1), columns{"c": "1"})
	request := &tablestore.BatchWriteRowRequest{}
	for _, change := range []tablestore.RowChange{
		one.putChange(key("new", 1), columns{"c": "2"}),
		one.updateChange(key("old", 1), columns{"d": "2"}),
		one.deleteChange(key("dead", 1)),
		two.putChange(key("other", 1), columns{"c": "3"}),
	} {
		request.AddRowChange(change)
	}
	answer, err := one.client.BatchWriteRow(request)
	t.NoError("batch", err)
	for _, results := range answer.TableToRowsResult {
		for _, result := range results {
			t.True(result.IsSucceed, "row %d of %s: %v", result.Index, result.TableName, result.Error)
		}
	}
	t.Equal("results of the first table", len(answer.TableToRowsResult[one.name]), 3)
	t.Equal("results of the second", len(answer.TableToRowsResult[two.name]), 1)
	t.Equal("put", one.found(key("new", 1)), columns{"c": "2"})
	t.Equal("updated", one.found(key("old", 1)), columns{"c": "1", "d": "2"})
	t.Equal("deleted", one.found(key("dead", 1)), columns(nil))
	t.Equal("put elsewhere", two.found(key("other", 1)), columns{"c": "3"})
}

// batchRowErrors has rows fail one by one, each for a reason of its own, between rows that do not.
func batchRowErrors(t *check.T) {
	table := newTable(t)
	table.put(key("there", 1), nil)
	clash := table.putChange(key("there", 1), nil)
	clash.SetCondition(mustNot)
	text := table.putChange(keyOf("pk", "text", "sk", "one"), nil)
	results, err := table.batch(
		table.putChange(key("first", 1), columns{"c": "1"}),
		clash,
		text,
		table.putChange(keyOf("pk", "swapped", "other", 1), nil),
		table.putChange(key("last", 1), columns{"c": "1"}),
	)
	t.NoError("batch", err)
	for place, want := range []tablestore.Error{
		{},
		{Code: conditionCheckFail, Message: conditionMessage},
		{Code: "OTSInvalidPK", Message: "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER."},
		{Code: "OTSInvalidPK", Message: "Validate PK name fail. Input: other, Meta: sk."},
		{},
	} {
		t.Equal(fmt.Sprintf("error of row %d", place), results[place].Error, want)
		t.Equal(fmt.Sprintf("success of row %d", place), results[place].IsSucceed, want.Code == "")
	}
	t.Equal("the first row", table.found(key("first", 1)), columns{"c": "1"})
	t.Equal("the last row", table.found(key("last", 1)), columns{"c": "1"})
}

// batchRepeats writes one row several times: its changes act in their order.
func batchRepeats(t *check.T) {
	table := newTable(t)
	row := key("repeated", 1)
	var changes []tablestore.RowChange
	for n := range 10 {
		changes = append(changes, table.updateChange(row, columns{"last": int64(n), fmt.Sprintf("c%d", n): int64(n)}))
	}
	results, err := table.batch(changes...)
	t.NoError("batch", err)
	for _, result := range results {
		t.True(result.IsSucceed, "row %d: %v", result.Index, result.Error)
	}
	found := table.found(row)
	t.Equal("columns", len(found), 11)
	t.Equal("the column that all wrote", found["last"], any(int64(9)))

	bound := table.updateChange(row, columns{"last": int64(10)})
	bound.SetCondition(mustExist)
	_, err = table.batch(changes[0], bound)
	t.TableError(err, 400, parameterInvalid, "Repeated rows do not support row exist expectation check in BatchModify.")
}

func batchLimits(t *check.T) {
	table := newTable(t)
	var changes []tablestore.RowChange
	for sk := range 201 {
		changes = append(changes, table.putChange(key("many", sk), columns{"n": int64(sk)}))
	}
	_, err := table.batch(changes...)
	t.TableError(err, 400, parameterInvalid, "Rows count exceeds the upper limit: 200.")
	results, err := table.batch(changes[:200]...)
	t.NoError("200 rows", err)
	t.Equal("results", len(results), 200)

	// Names and values of key and columns: 2 + 4 + 2 + 8 and 1 + 1048576 for each row.
	const rest = 4<<20 - 3*(17+1<<20) - 17
	size := func(last int) error {
		var changes []tablestore.RowChange
		for sk, length := range []int{1 << 20, 1 << 20, 1 << 20, last} {
			changes = append(changes, table.putChange(key("size", sk), columns{"c": strings.Repeat("x", length)}))
		}
		_, err := table.batch(changes...)
		return err
	}
	t.NoError("4 MiB of data", size(rest))
	t.TableError(size(rest+1), 400, parameterInvalid,
		"The total data size of BatchWriteRow request exceeds the limit, limit size: 4194304, data size: 4194305.")

	_, err = table.client.BatchWriteRow(&tablestore.BatchWriteRowRequest{})
	t.TableError(err, 400, parameterInvalid, "No row is specified in BatchWriteRow.")
	_, err = table.client.BatchWriteRow(&tablestore.BatchWriteRowRequest{
		RowChangesGroupByTable: map[string][]tablestore.RowChange{table.name: nil},
	})
	t.TableError(err, 400, parameterInvalid, "No operation is specified for table: '"+table.name+"'.")
}

func batchGet(t *check.T) {
	table := newTable(t)
	for sk := range 100 {
		table.put(key("get", sk), columns{"n": int64(sk), "c": "x"})
	}
	get := func(keys ...*tablestore.PrimaryKey) ([]tablestore.RowResult, error) {
		answer, err := table.client.BatchGetRow(&tablestore.BatchGetRowRequest{
			MultiRowQueryCriteria: []*tablestore.MultiRowQueryCriteria{{
				TableName: table.name, PrimaryKey: keys, MaxVersion: 1, ColumnsToGet: []string{"n"},
			}},
		})
		if err != nil {
			return nil, err
		}
		return answer.TableToRowsResult[table.name], nil
	}
	var keys []*tablestore.PrimaryKey
	for sk := 100; sk > 0; sk-- {
		keys = append(keys, key("get", sk))
	}
	results, err := get(keys...)
	t.NoError("100 rows", err)
	t.Equal("results", len(results), 100)
	for place, result := range results {
		t.True(result.IsSucceed, "row %d: %v", place, result.Error)
		if place == 0 {
			t.Equal("columns of the row that is not there", len(result.PrimaryKey.PrimaryKeys)+len(result.Columns), 0)
			continue
		}
		t.Equal("key", result.PrimaryKey, *keys[place])
		t.Equal("columns", byName(result.Columns), columns{"n": int64(100 - place)})
	}
	_, err = get(append(keys, key("get", 0))...)
	t.TableError(err, 400, parameterInvalid, "Rows count exceeds the upper limit: 100.")
	mixed, err := get(key("get", 1), keyOf("pk", "get", "sk", "text"))
	t.NoError("a key of another type", err)
	t.Equal("success of the first", mixed[0].IsSucceed, true)
	t.Equal("error of the second", mixed[1].Error, tablestore.Error{
		Code: "OTSInvalidPK", Message: "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
	})
}

// batchInjected has some rows of a batch fail as a busy partition does; the others are written.
func batchInjected(t *check.T) {
	table := newTable(t)
	t.Scripted("BatchWriteRow", `BatchWriteRow: rows partition-key prefix "busy" OTSServerBusy "Server is busy."`, map[string]int{"": 2}, func() {
		changes := []tablestore.RowChange{
			table.putChange(key("calm", 1), columns{"c": "1"}),
			table.putChange(key("busy-1", 1), columns{"c": "1"}),
			table.putChange(key("busy-2", 1), columns{"c": "1"}),
		}
		results, err := table.batch(changes...)
		t.NoError("batch", err)
		busy := tablestore.Error{Code: "OTSServerBusy", Message: "Server is busy."}
		for place, want := range []tablestore.Error{{}, busy, busy} {
			t.Equal(fmt.Sprintf("error of row %d", place), results[place].Error, want)
		}
		t.Equal("the calm row", table.found(key("calm", 1)), columns{"c": "1"})
		t.Equal("a busy row", table.found(key("busy-1", 1)), columns(nil))
		results, err = table.batch(changes[1:]...)
		t.NoError("the rest again", err)
		t.True(results[0].IsSucceed && results[1].IsSucceed, "still busy: %v", results)
	})
	t.Equal("a row that was busy", table.found(key("busy-2", 1)), columns{"c": "1"})
}
