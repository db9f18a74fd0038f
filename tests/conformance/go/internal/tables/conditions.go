package tables

import (
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

const (
	conditionCheckFail = "OTSConditionCheckFail"
	conditionMessage   = "Condition check failed."
)

func existence(t *check.T) {
	table := newTable(t)
	there, absent := key("there", 1), key("absent", 1)
	table.put(there, columns{"c": "1"})
	for _, one := range []struct {
		expect   tablestore.RowExistenceExpectation
		row      *tablestore.PrimaryKey
		accepted bool
	}{{mustExist, there, true}, {mustExist, absent, false}, {mustNot, there, false}, {mustNot, absent, true}} {
		put, update := table.putChange(one.row, columns{"c": "2"}), table.updateChange(one.row, columns{"c": "2"})
		put.SetCondition(one.expect)
		update.SetCondition(one.expect)
		for _, change := range []tablestore.RowChange{put, update} {
			err := table.send(change)
			if one.accepted {
				t.NoError("a write as expected", err)
				if one.row == absent {
					table.remove(absent)
				}
			} else {
				t.TableError(err, 403, conditionCheckFail, conditionMessage)
			}
		}
	}
	gone := table.deleteChange(absent)
	gone.SetCondition(mustExist)
	t.TableError(table.send(gone), 403, conditionCheckFail, conditionMessage)
	gone = table.deleteChange(there)
	gone.SetCondition(mustExist)
	t.NoError("delete what is there", table.send(gone))
	t.Equal("after the deletion", table.found(there), columns(nil))
}

// columnConditions compares a column of 5 with other numbers, by every comparator.
func columnConditions(t *check.T) {
	table := newTable(t)
	row := key("compared", 1)
	table.put(row, columns{"n": int64(5)})
	for comparator, holds := range map[tablestore.ComparatorType][3]bool{
		tablestore.CT_EQUAL:         {false, true, false},
		tablestore.CT_NOT_EQUAL:     {true, false, true},
		tablestore.CT_GREATER_THAN:  {true, false, false},
		tablestore.CT_GREATER_EQUAL: {true, true, false},
		tablestore.CT_LESS_THAN:     {false, false, true},
		tablestore.CT_LESS_EQUAL:    {false, true, true},
	} {
		for place, other := range []int64{4, 5, 6} {
			change := table.updateChange(row, columns{"seen": true})
			change.SetCondition(mustExist)
			change.SetColumnCondition(tablestore.NewSingleColumnCondition("n", comparator, other))
			err := table.send(change)
			if holds[place] {
				t.NoError("a condition that holds", err)
			} else {
				t.TableError(err, 403, conditionCheckFail, conditionMessage)
			}
		}
	}
}

// accepts tells whether a write under `condition` goes through.
func (t *table) accepts(row *tablestore.PrimaryKey, condition tablestore.ColumnFilter) bool {
	change := t.updateChange(row, columns{"touched": true})
	change.SetColumnCondition(condition)
	err := t.send(change)
	if err == nil {
		return true
	}
	t.TableError(err, 403, conditionCheckFail, conditionMessage)
	return false
}

func missingColumn(t *check.T) {
	table := newTable(t)
	row := key("missing", 1)
	table.put(row, columns{"there": "x"})
	condition := tablestore.NewSingleColumnCondition("gone", tablestore.CT_EQUAL, "x")
	condition.FilterIfMissing = true
	t.Equal("a missing column that must be there", table.accepts(row, condition), false)
	condition.FilterIfMissing = false
	t.Equal("a missing column that need not be there", table.accepts(row, condition), true)
	t.Equal("another type", table.accepts(row, tablestore.NewSingleColumnCondition("there", tablestore.CT_EQUAL, int64(1))), false)
}

func compositeConditions(t *check.T) {
	table := newTable(t)
	row := key("composite", 1)
	table.put(row, columns{"a": int64(1), "b": "two"})
	a := func(value int64) tablestore.ColumnFilter {
		return tablestore.NewSingleColumnCondition("a", tablestore.CT_EQUAL, value)
	}
	b := func(value string) tablestore.ColumnFilter {
		return tablestore.NewSingleColumnCondition("b", tablestore.CT_EQUAL, value)
	}
	all := func(operator tablestore.LogicalOperator, filters ...tablestore.ColumnFilter) tablestore.ColumnFilter {
		made := tablestore.NewCompositeColumnCondition(operator)
		for _, filter := range filters {
			made.AddFilter(filter)
		}
		return made
	}
	t.Equal("both", table.accepts(row, all(tablestore.LO_AND, a(1), b("two"))), true)
	t.Equal("both, one wrong", table.accepts(row, all(tablestore.LO_AND, a(1), b("three"))), false)
	t.Equal("either", table.accepts(row, all(tablestore.LO_OR, a(9), b("two"))), true)
	t.Equal("either, both wrong", table.accepts(row, all(tablestore.LO_OR, a(9), b("three"))), false)
	t.Equal("not", table.accepts(row, all(tablestore.LO_NOT, a(9))), true)
	nested := all(tablestore.LO_AND, all(tablestore.LO_NOT, a(9)), all(tablestore.LO_OR, b("x"), b("two")))
	t.Equal("nested", table.accepts(row, nested), true)
}

func regexConditions(t *check.T) {
	table := newTable(t)
	row := key("regex", 1)
	table.put(row, columns{"text": "size=42;"})
	size := func(comparator tablestore.ComparatorType, value int64) bool {
		rule := tablestore.NewValueTransferRule("size=([0-9]+);", tablestore.Variant_INTEGER)
		return table.accepts(row, tablestore.NewSingleColumnValueRegexFilter("text", comparator, rule, value))
	}
	t.Equal("the number in the text", size(tablestore.CT_EQUAL, 42), true)
	t.Equal("compared as a number", size(tablestore.CT_GREATER_THAN, 5), true)
	t.Equal("another number", size(tablestore.CT_EQUAL, 43), false)
}

// filters on reads: a row that does not pass is not there; a page cuts its columns.
func readFilters(t *check.T) {
	table := newTable(t)
	for sk := range 10 {
		table.put(key("read", sk), columns{"n": int64(sk), "a": "a", "b": "b", "c": "c"})
	}
	odd := tablestore.NewCompositeColumnCondition(tablestore.LO_OR)
	for _, n := range []int64{1, 3, 5, 7, 9} {
		odd.AddFilter(tablestore.NewSingleColumnCondition("n", tablestore.CT_EQUAL, n))
	}
	answer, err := table.scan(func(criteria *tablestore.RangeRowQueryCriteria) { criteria.Filter = odd })
	t.NoError("scan", err)
	var numbers []any
	for _, row := range answer.Rows {
		numbers = append(numbers, byName(row.Columns)["n"])
	}
	t.Equal("numbers", numbers, []any{int64(1), int64(3), int64(5), int64(7), int64(9)})

	filtered := func(filter tablestore.ColumnFilter) columns {
		return table.found(key("read", 4), func(criteria *tablestore.SingleRowQueryCriteria) { criteria.SetFilter(filter) })
	}
	t.Equal("a row that does not pass", filtered(odd), columns(nil))
	t.Equal("a page of two columns", filtered(&tablestore.PaginationFilter{Offset: 1, Limit: 2}), columns{"b": "b", "c": "c"})
	t.Equal("a page beyond", len(filtered(&tablestore.PaginationFilter{Offset: 9, Limit: 2})), 0)
}
