package tables

import (
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

func versionsKept(t *check.T) {
	table := newTableKeeping(t, tablestore.NewTableOptionWithMaxVersion(3))
	row := key("versions", 1)
	before := time.Now().UnixMilli()
	for value := range 5 {
		table.update(row, columns{"c": int64(value)})
	}
	values, times := table.versions(row, "c")
	t.Equal("values", values, []any{int64(4), int64(3), int64(2)})
	t.True(times[0] > times[1] && times[1] > times[2], "timestamps do not fall: %v", times)
	t.True(times[2] >= before && times[0] <= time.Now().UnixMilli()+5, "timestamps are not of now: %v", times)
	t.Equal("the newest alone", table.found(row), columns{"c": int64(4)})
}

// putVersions puts values into `c` at the given times, in this order.
func (t *table) putVersions(row *tablestore.PrimaryKey, versions map[int64]string, order ...int64) {
	for _, at := range order {
		change := t.putChangeAt(row, versions[at], at)
		t.NoError("update", t.send(change))
	}
}

func (t *table) putChangeAt(row *tablestore.PrimaryKey, value string, at int64) *tablestore.UpdateRowChange {
	change := t.updateChange(row, nil)
	change.Columns = append(change.Columns, tablestore.ColumnToUpdate{
		ColumnName: "c", Value: value, HasTimestamp: true, Timestamp: at,
	})
	return change
}

func versionsGiven(t *check.T) {
	table := newTableKeeping(t, tablestore.NewTableOptionWithMaxVersion(3))
	row, now := key("given", 1), time.Now().UnixMilli()
	table.putVersions(row, map[int64]string{now: "new", now - 2000: "old", now - 1000: "middle"}, now, now-2000, now-1000)
	values, times := table.versions(row, "c")
	t.Equal("values", values, []any{"new", "middle", "old"})
	t.Equal("timestamps", times, []int64{now, now - 1000, now - 2000})

	table.putVersions(row, map[int64]string{now - 1000: "again"}, now-1000)
	values, _ = table.versions(row, "c")
	t.Equal("after one is written again", values, []any{"new", "again", "old"})
	table.putVersions(row, map[int64]string{now - 5000: "too old"}, now-5000)
	values, _ = table.versions(row, "c")
	t.Equal("after one older than three", values, []any{"new", "again", "old"})

	put := table.putChange(row, nil)
	put.AddColumnWithTimestamp("c", "put", now-500)
	t.NoError("put", table.send(put))
	values, times = table.versions(row, "c")
	t.Equal("after a put", values, []any{"put"})
	t.Equal("its timestamp", times, []int64{now - 500})
}

func timeRanges(t *check.T) {
	table := newTableKeeping(t, tablestore.NewTableOptionWithMaxVersion(5))
	row, now := key("ranges", 1), time.Now().UnixMilli()
	table.putVersions(row, map[int64]string{now: "4", now - 1: "3", now - 2: "2", now - 3: "1"}, now-3, now-2, now-1, now)
	between := func(start, end int64) []any {
		values, _ := table.versions(row, "c", func(criteria *tablestore.SingleRowQueryCriteria) {
			criteria.TimeRange = &tablestore.TimeRange{Start: start, End: end}
		})
		return values
	}
	t.Equal("from one before another", between(now-3, now-1), []any{"2", "1"})
	t.Equal("a range of nothing", between(now+1, now+2), []any(nil))
	exactly, _ := table.versions(row, "c", func(criteria *tablestore.SingleRowQueryCriteria) {
		criteria.MaxVersion = 0
		criteria.TimeRange = &tablestore.TimeRange{Specific: now - 1}
	})
	t.Equal("one moment", exactly, []any{"3"})
	two, _ := table.versions(row, "c", func(criteria *tablestore.SingleRowQueryCriteria) { criteria.MaxVersion = 2 })
	t.Equal("the newest two", two, []any{"4", "3"})
}

// timestampLimits: a day from now at most, and never outside what the service counts.
func timestampLimits(t *check.T) {
	table := newTable(t)
	row, now := key("limits", 1), time.Now()
	for _, at := range []time.Time{now.Add(-25 * time.Hour), now.Add(25 * time.Hour)} {
		err := table.send(table.putChangeAt(row, "x", at.UnixMilli()))
		t.TableError(err, 400, parameterInvalid, "Invalid timestamp. Cell:c.")
	}
	for _, at := range []time.Time{now.Add(-23 * time.Hour), now.Add(23 * time.Hour)} {
		t.NoError("a timestamp within a day", table.send(table.putChangeAt(row, "x", at.UnixMilli())))
	}
	for _, at := range []int64{-1, 9_223_372_036_854_775} {
		err := table.send(table.putChangeAt(row, "x", at))
		t.TableError(err, 400, parameterInvalid, "Timestamp must be in range [0, INT64_MAX/1000).")
	}
}

func timeToLive(t *check.T) {
	table := newTableKeeping(t, tablestore.NewTableOption(2, 1))
	row := key("mortal", 1)
	table.put(row, columns{"c": "x"})
	t.Equal("while it lives", table.found(row), columns{"c": "x"})
	t.Soon(10*time.Second, "the column is past its time", func() bool { return table.found(row)["c"] == nil })
}

func increments(t *check.T) {
	table := newTable(t)
	row := key("counter", 1)
	increment := func(by int64) (*tablestore.UpdateRowResponse, error) {
		change := table.updateChange(row, columns{"other": "x"})
		change.IncrementColumn("n", by)
		change.SetReturnIncrementValue()
		change.AppendIncrementColumnToReturn("n")
		return table.client.UpdateRow(&tablestore.UpdateRowRequest{UpdateRowChange: change})
	}
	total := int64(0)
	for _, by := range []int64{5, -7, 1 << 40} {
		total += by
		answer, err := increment(by)
		t.NoError("increment", err)
		t.Equal("what comes back", byName(answer.Columns), columns{"n": total})
		t.Equal("what is stored", table.found(row), columns{"n": total, "other": "x"})
	}
	_, err := increment(9_223_372_036_854_775_807)
	t.TableError(err, 400, parameterInvalid, "Increment of column 'n' overflows.")
	table.put(row, columns{"n": "text"})
	_, err = increment(1)
	t.TableError(err, 400, parameterInvalid, "Column 'n' is not an integer and can't be incremented.")
}

func autoIncrement(t *check.T) {
	table := newTable(t, keyColumn{name: "pk", kind: kindString}, keyColumn{name: "sk", kind: kindInteger, auto: true})
	var last int64
	for place := range 5 {
		change := table.putChange(key("auto", auto), columns{"place": int64(place)})
		change.SetReturnPk()
		answer, err := table.client.PutRow(&tablestore.PutRowRequest{PutRowChange: change})
		t.NoError("put", err)
		t.Equal("columns of the returned key", len(answer.PrimaryKey.PrimaryKeys), 2)
		t.Equal("the given part", answer.PrimaryKey.PrimaryKeys[0].Value, any("auto"))
		made := answer.PrimaryKey.PrimaryKeys[1].Value.(int64)
		t.True(made > last, "key %d after %d", made, last)
		last = made
		t.Equal("the row at its key", table.found(key("auto", int(made))), columns{"place": int64(place)})
	}
	bound := table.putChange(key("auto", auto), nil)
	bound.SetCondition(mustNot)
	t.TableError(table.send(bound), 400, parameterInvalid, "Invalid expect:EXPECT_NOT_EXIST when modify row with pk auto increment.")
	t.TableError(table.send(table.deleteChange(key("auto", auto))), 400, parameterInvalid, "Invalid row to delete which with pk auto increment.")
}
