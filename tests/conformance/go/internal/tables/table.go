package tables

import (
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

const (
	ignore    = tablestore.RowExistenceExpectation_IGNORE
	mustExist = tablestore.RowExistenceExpectation_EXPECT_EXIST
	mustNot   = tablestore.RowExistenceExpectation_EXPECT_NOT_EXIST

	kindInteger = tablestore.PrimaryKeyType_INTEGER
	kindString  = tablestore.PrimaryKeyType_STRING
	kindBinary  = tablestore.PrimaryKeyType_BINARY

	parameterInvalid = "OTSParameterInvalid"
)

// table is a table of one check.
type table struct {
	*check.T
	client *tablestore.TableStoreClient
	name   string
}

// keyColumn is a column of a primary key.
type keyColumn struct {
	name string
	kind tablestore.PrimaryKeyType
	auto bool
}

// newTable creates a table that keeps one version for ever, with the key `pk` STRING, `sk` INTEGER
// unless `key` says otherwise. It goes when the check is over.
func newTable(t *check.T, key ...keyColumn) *table {
	return newTableKeeping(t, tablestore.NewTableOptionWithMaxVersion(1), key...)
}

func newTableKeeping(t *check.T, option *tablestore.TableOption, key ...keyColumn) *table {
	table := &table{T: t, client: t.Tables(), name: t.Unique("_")}
	t.NoError("create the table", table.create(table.name, option, key...))
	t.Cleanup(func() { _ = table.drop(table.name) })
	return table
}

func (t *table) create(name string, option *tablestore.TableOption, key ...keyColumn) error {
	if len(key) == 0 {
		key = []keyColumn{{name: "pk", kind: kindString}, {name: "sk", kind: kindInteger}}
	}
	meta := &tablestore.TableMeta{TableName: name}
	for _, column := range key {
		if column.auto {
			meta.AddPrimaryKeyColumnOption(column.name, column.kind, tablestore.AUTO_INCREMENT)
		} else {
			meta.AddPrimaryKeyColumn(column.name, column.kind)
		}
	}
	_, err := t.client.CreateTable(&tablestore.CreateTableRequest{
		TableMeta: meta, TableOption: option, ReservedThroughput: &tablestore.ReservedThroughput{},
	})
	return err
}

func (t *table) drop(name string) error {
	_, err := t.client.DeleteTable(&tablestore.DeleteTableRequest{TableName: name})
	return err
}

// Stand for a value in a key: the bounds of a range, and what the service fills in.
type special tablestore.PrimaryKeyOption

const (
	lowest  = special(tablestore.MIN)
	highest = special(tablestore.MAX)
	auto    = special(tablestore.AUTO_INCREMENT)
)

// key is a primary key of `pk` and `sk`.
func key(pk, sk any) *tablestore.PrimaryKey { return keyOf("pk", pk, "sk", sk) }

// keyOf is a primary key of names and values.
func keyOf(pairs ...any) *tablestore.PrimaryKey {
	made := &tablestore.PrimaryKey{}
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		switch value := pairs[i+1].(type) {
		case special:
			made.PrimaryKeys = append(made.PrimaryKeys, &tablestore.PrimaryKeyColumn{
				ColumnName: name, PrimaryKeyOption: tablestore.PrimaryKeyOption(value),
			})
		case int:
			made.AddPrimaryKeyColumn(name, int64(value))
		default:
			made.AddPrimaryKeyColumn(name, value)
		}
	}
	return made
}

// columns are attribute columns by name.
type columns map[string]any

func (t *table) putChange(key *tablestore.PrimaryKey, values columns) *tablestore.PutRowChange {
	change := &tablestore.PutRowChange{TableName: t.name, PrimaryKey: key}
	for name, value := range values {
		change.AddColumn(name, value)
	}
	change.SetCondition(ignore)
	return change
}

func (t *table) updateChange(key *tablestore.PrimaryKey, values columns) *tablestore.UpdateRowChange {
	change := &tablestore.UpdateRowChange{TableName: t.name, PrimaryKey: key}
	for name, value := range values {
		change.PutColumn(name, value)
	}
	change.SetCondition(ignore)
	return change
}

func (t *table) deleteChange(key *tablestore.PrimaryKey) *tablestore.DeleteRowChange {
	change := &tablestore.DeleteRowChange{TableName: t.name, PrimaryKey: key}
	change.SetCondition(ignore)
	return change
}

func (t *table) send(change tablestore.RowChange) error {
	_, err := t.cost(change)
	return err
}

// cost sends one change by its own operation and returns what that consumed.
func (t *table) cost(change tablestore.RowChange) (*tablestore.ConsumedCapacityUnit, error) {
	switch change := change.(type) {
	case *tablestore.PutRowChange:
		answer, err := t.client.PutRow(&tablestore.PutRowRequest{PutRowChange: change})
		if err != nil {
			return nil, err
		}
		return answer.ConsumedCapacityUnit, nil
	case *tablestore.UpdateRowChange:
		answer, err := t.client.UpdateRow(&tablestore.UpdateRowRequest{UpdateRowChange: change})
		if err != nil {
			return nil, err
		}
		return answer.ConsumedCapacityUnit, nil
	default:
		answer, err := t.client.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change.(*tablestore.DeleteRowChange)})
		if err != nil {
			return nil, err
		}
		return answer.ConsumedCapacityUnit, nil
	}
}

// put, update and remove are what a check takes for granted.
func (t *table) put(key *tablestore.PrimaryKey, values columns) {
	t.NoError("put", t.send(t.putChange(key, values)))
}

func (t *table) update(key *tablestore.PrimaryKey, values columns) {
	t.NoError("update", t.send(t.updateChange(key, values)))
}

func (t *table) remove(key *tablestore.PrimaryKey) {
	t.NoError("delete", t.send(t.deleteChange(key)))
}

// read is GetRow, of the newest versions unless `change` says otherwise.
func (t *table) read(key *tablestore.PrimaryKey, change ...func(*tablestore.SingleRowQueryCriteria)) (*tablestore.GetRowResponse, error) {
	criteria := &tablestore.SingleRowQueryCriteria{TableName: t.name, PrimaryKey: key, MaxVersion: 1}
	for _, change := range change {
		change(criteria)
	}
	return t.client.GetRow(&tablestore.GetRowRequest{SingleRowQueryCriteria: criteria})
}

// found is the row of a key: its columns by name, or nil where there is none.
func (t *table) found(key *tablestore.PrimaryKey, change ...func(*tablestore.SingleRowQueryCriteria)) columns {
	answer, err := t.read(key, change...)
	t.NoError("get", err)
	if len(answer.PrimaryKey.PrimaryKeys) == 0 {
		t.Equal("columns of a row that is not there", len(answer.Columns), 0)
		return nil
	}
	return byName(answer.Columns)
}

func byName(cells []*tablestore.AttributeColumn) columns {
	found := columns{}
	for _, cell := range cells {
		found[cell.ColumnName] = cell.Value
	}
	return found
}

// versions are the values of a column, newest first as they come, with their timestamps.
func (t *table) versions(key *tablestore.PrimaryKey, column string, change ...func(*tablestore.SingleRowQueryCriteria)) (values []any, times []int64) {
	all := func(criteria *tablestore.SingleRowQueryCriteria) { criteria.MaxVersion = 100 }
	answer, err := t.read(key, append([]func(*tablestore.SingleRowQueryCriteria){all}, change...)...)
	t.NoError("get", err)
	for _, cell := range answer.Columns {
		if cell.ColumnName == column {
			values, times = append(values, cell.Value), append(times, cell.Timestamp)
		}
	}
	return values, times
}

// scan is GetRange over everything, forward, unless `change` says otherwise.
func (t *table) scan(change ...func(*tablestore.RangeRowQueryCriteria)) (*tablestore.GetRangeResponse, error) {
	criteria := &tablestore.RangeRowQueryCriteria{
		TableName: t.name, StartPrimaryKey: key(lowest, lowest), EndPrimaryKey: key(highest, highest), MaxVersion: 1,
	}
	for _, change := range change {
		change(criteria)
	}
	return t.client.GetRange(&tablestore.GetRangeRequest{RangeRowQueryCriteria: criteria})
}

// batch sends several changes at once and returns the results of this table's rows.
func (t *table) batch(changes ...tablestore.RowChange) ([]tablestore.RowResult, error) {
	request := &tablestore.BatchWriteRowRequest{}
	for _, change := range changes {
		request.AddRowChange(change)
	}
	answer, err := t.client.BatchWriteRow(request)
	if err != nil {
		return nil, err
	}
	return answer.TableToRowsResult[t.name], nil
}
