package tables

import (
	"math"
	"strings"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

func rowTypes(t *check.T) {
	table := newTable(t)
	all := columns{
		"integer_least": int64(math.MinInt64), "integer_most": int64(math.MaxInt64), "integer_zero": int64(0),
		"double_most": math.MaxFloat64, "double_least": -math.MaxFloat64, "double_tiny": math.SmallestNonzeroFloat64,
		"double_third": 1.0 / 3, "double_zero": math.Copysign(0, -1),
		"true": true, "false": false,
		"string_empty": "", "string": "表 🦀 \x00 \t\n", "string_long": strings.Repeat("é", 100_000),
		"binary_empty": []byte{}, "binary": []byte{0, 1, 254, 255},
	}
	table.put(key("types", 1), all)
	found := table.found(key("types", 1))
	t.Equal("columns", found, all)
	t.True(math.Signbit(found["double_zero"].(float64)), "-0.0 lost its sign")
	table.update(key("types", 2), all)
	t.Equal("columns by update", table.found(key("types", 2)), all)
}

func keyTypes(t *check.T) {
	table := newTable(t,
		keyColumn{name: "s", kind: kindString}, keyColumn{name: "i", kind: kindInteger}, keyColumn{name: "b", kind: kindBinary})
	for _, one := range []*tablestore.PrimaryKey{
		keyOf("s", "", "i", math.MinInt64, "b", []byte{}),
		keyOf("s", "鍵", "i", math.MaxInt64, "b", []byte{0, 255}),
		keyOf("s", strings.Repeat("k", 1024), "i", 0, "b", []byte(strings.Repeat("\xff", 1024))),
	} {
		table.put(one, columns{"c": "here"})
		answer, err := table.read(one)
		t.NoError("get", err)
		t.Equal("key", answer.PrimaryKey, *one)
		t.Equal("columns", byName(answer.Columns), columns{"c": "here"})
	}
}

func rowLife(t *check.T) {
	table := newTable(t)
	row := key("life", 1)
	t.Equal("before", table.found(row), columns(nil))
	table.put(row, columns{"a": "1", "b": "1"})
	table.update(row, columns{"b": "2", "c": "2"})
	t.Equal("after an update", table.found(row), columns{"a": "1", "b": "2", "c": "2"})
	table.put(row, columns{"d": "3"})
	t.Equal("after a put", table.found(row), columns{"d": "3"})
	table.put(row, nil)
	t.Equal("after an empty put", table.found(row), columns{})
	table.remove(row)
	t.Equal("after the deletion", table.found(row), columns(nil))
	table.remove(row)
	table.update(row, columns{"e": "4"})
	t.Equal("after an update of nothing", table.found(row), columns{"e": "4"})
}

func columnsToGet(t *check.T) {
	table := newTable(t)
	row := key("columns", 1)
	table.put(row, columns{"a": int64(1), "b": int64(2), "c": int64(3), "d": int64(4)})
	named := func(names ...string) columns {
		return table.found(row, func(criteria *tablestore.SingleRowQueryCriteria) { criteria.ColumnsToGet = names })
	}
	t.Equal("two by name", named("b", "d"), columns{"b": int64(2), "d": int64(4)})
	t.Equal("one that is there", named("a", "zzz"), columns{"a": int64(1)})
	t.Equal("a slice", table.found(row, func(criteria *tablestore.SingleRowQueryCriteria) {
		criteria.SetStartColumn("b")
		criteria.SetEndtColumn("d")
	}), columns{"b": int64(2), "c": int64(3)})
	_, err := table.read(row, func(criteria *tablestore.SingleRowQueryCriteria) { criteria.ColumnsToGet = []string{"b c"} })
	t.TableError(err, 400, parameterInvalid, "Invalid column name: 'b c'.")
}

// columnOrder shows that columns come sorted by the bytes of their names.
func columnOrder(t *check.T) {
	table := newTable(t)
	table.put(key("order", 1), columns{"b": "", "B": "", "_": "", "a9": "", "a": "", "a10": ""})
	answer, err := table.read(key("order", 1))
	t.NoError("get", err)
	var names []string
	for _, cell := range answer.Columns {
		names = append(names, cell.ColumnName)
	}
	t.Equal("names", names, []string{"B", "_", "a", "a10", "a9", "b"})
}

func deleteColumns(t *check.T) {
	table := newTableKeeping(t, tablestore.NewTableOptionWithMaxVersion(3))
	row := key("columns", 1)
	for _, value := range []string{"1", "2", "3"} {
		table.update(row, columns{"one": value, "all": value, "kept": value})
	}
	_, times := table.versions(row, "one")
	t.Equal("versions", len(times), 3)
	change := table.updateChange(row, nil)
	change.DeleteColumnWithTimestamp("one", times[1])
	change.DeleteColumn("all")
	change.DeleteColumn("never_there")
	t.NoError("delete", table.send(change))
	for column, want := range map[string][]any{"one": {"3", "1"}, "all": nil, "kept": {"3", "2", "1"}} {
		values, _ := table.versions(row, column)
		t.Equal("versions of "+column, values, want)
	}
	change = table.updateChange(row, nil)
	change.DeleteColumn("one")
	change.DeleteColumn("kept")
	t.NoError("delete the rest", table.send(change))
	t.Equal("a row without columns", table.found(row), columns{})
}

func capacityUnits(t *check.T) {
	table := newTable(t)
	row := key("units", 1)
	cost := func(change tablestore.RowChange) tablestore.ConsumedCapacityUnit {
		units, err := table.cost(change)
		t.NoError("write", err)
		return *units
	}
	units := func(read, write int32) tablestore.ConsumedCapacityUnit {
		return tablestore.ConsumedCapacityUnit{Read: read, Write: write}
	}
	page := strings.Repeat("x", 4096)
	two := columns{"a": page, "b": page}
	t.Equal("two columns of 4096 bytes", cost(table.updateChange(row, two)), units(0, 3))
	conditional := table.updateChange(row, two)
	conditional.SetCondition(mustExist)
	t.Equal("the same with a condition", cost(conditional), units(1, 3))
	results, err := table.batch(table.updateChange(row, two))
	t.NoError("batch", err)
	t.Equal("the same in a batch", *results[0].ConsumedCapacityUnit, units(0, 3))
	t.Equal("a deletion", cost(table.deleteChange(row)), units(0, 1))
	gone, err := table.read(row)
	t.NoError("get", err)
	t.Equal("a row that is not there", *gone.ConsumedCapacityUnit, units(1, 0))
	t.Equal("a put", cost(table.putChange(row, columns{"a": strings.Repeat("x", 5000)})), units(0, 2))
	read, err := table.read(row)
	t.NoError("get", err)
	t.Equal("a column of 5000 bytes", *read.ConsumedCapacityUnit, units(2, 0))
}
