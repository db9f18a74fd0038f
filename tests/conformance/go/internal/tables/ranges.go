package tables

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

// keysOf are the keys of rows, as text.
func keysOf(rows []*tablestore.Row) []string {
	keys := []string{}
	for _, row := range rows {
		var parts []string
		for _, column := range row.PrimaryKey.PrimaryKeys {
			parts = append(parts, fmt.Sprint(column.Value))
		}
		keys = append(keys, strings.Join(parts, "/"))
	}
	return keys
}

func rangeBounds(t *check.T) {
	table := newTable(t)
	for _, pk := range []string{"a", "b", "c"} {
		for sk := range 3 {
			table.put(key(pk, sk), columns{"c": pk})
		}
	}
	between := func(direction tablestore.Direction, start, end *tablestore.PrimaryKey) []string {
		answer, err := table.scan(func(criteria *tablestore.RangeRowQueryCriteria) {
			criteria.Direction, criteria.StartPrimaryKey, criteria.EndPrimaryKey = direction, start, end
		})
		t.NoError("scan", err)
		t.True(answer.NextStartPrimaryKey == nil, "a whole range goes on at %v", answer.NextStartPrimaryKey)
		return keysOf(answer.Rows)
	}
	all := []string{"a/0", "a/1", "a/2", "b/0", "b/1", "b/2", "c/0", "c/1", "c/2"}
	t.Equal("everything", between(tablestore.FORWARD, key(lowest, lowest), key(highest, highest)), all)
	backward := slices.Clone(all)
	slices.Reverse(backward)
	t.Equal("everything, backward", between(tablestore.BACKWARD, key(highest, highest), key(lowest, lowest)), backward)
	t.Equal("one partition", between(tablestore.FORWARD, key("b", lowest), key("b", highest)), all[3:6])
	t.Equal("from a key to before another", between(tablestore.FORWARD, key("a", 1), key("b", 1)), all[1:4])
	t.Equal("the same, backward", between(tablestore.BACKWARD, key("b", 1), key("a", 1)), []string{"b/1", "b/0", "a/2"})
	t.Equal("nothing", between(tablestore.FORWARD, key("x", lowest), key("y", highest)), []string{})
}

func rangePages(t *check.T) {
	table := newTable(t)
	for sk := range 25 {
		table.put(key("pages", sk), columns{"n": int64(sk)})
	}
	for _, direction := range []tablestore.Direction{tablestore.FORWARD, tablestore.BACKWARD} {
		start, end := key(lowest, lowest), key(highest, highest)
		if direction == tablestore.BACKWARD {
			start, end = end, start
		}
		var sizes, numbers []int
		for start != nil {
			answer, err := table.scan(func(criteria *tablestore.RangeRowQueryCriteria) {
				criteria.Direction, criteria.StartPrimaryKey, criteria.EndPrimaryKey, criteria.Limit = direction, start, end, 10
			})
			t.NoError("scan", err)
			sizes = append(sizes, len(answer.Rows))
			for _, row := range answer.Rows {
				numbers = append(numbers, int(byName(row.Columns)["n"].(int64)))
			}
			start = answer.NextStartPrimaryKey
		}
		t.Equal("pages", sizes, []int{10, 10, 5})
		if direction == tablestore.BACKWARD {
			slices.Reverse(numbers)
		}
		t.True(slices.IsSorted(numbers) && len(slices.Compact(numbers)) == 25, "numbers %v", numbers)
	}
}

// rangeCaps: an answer ends at 5000 rows, and at 4 MiB.
func rangeCaps(t *check.T) {
	table := newTable(t)
	var changes []tablestore.RowChange
	flush := func(atMost int) {
		if len(changes) >= atMost {
			_, err := table.batch(changes...)
			t.NoError("batch", err)
			changes = nil
		}
	}
	for sk := range 5001 {
		changes = append(changes, table.putChange(key("rows", sk), columns{"n": int64(sk)}))
		flush(200)
	}
	flush(1)
	answer, err := table.scan()
	t.NoError("scan", err)
	t.Equal("rows", len(answer.Rows), 5000)
	t.Equal("next", answer.NextStartPrimaryKey, key("rows", 5000))

	for sk := range 6 {
		table.put(key("size", sk), columns{"c": strings.Repeat("x", 1<<20)})
	}
	answer, err = table.scan(func(criteria *tablestore.RangeRowQueryCriteria) {
		criteria.StartPrimaryKey = key("size", lowest)
	})
	t.NoError("scan", err)
	t.True(len(answer.Rows) >= 3 && len(answer.Rows) <= 4, "%d rows of 1 MiB each", len(answer.Rows))
	t.Equal("next", answer.NextStartPrimaryKey, key("size", len(answer.Rows)))
}

// rangeOrder puts keys of each type in the order that the service compares by.
func rangeOrder(t *check.T) {
	table := newTable(t, keyColumn{name: "b", kind: kindBinary}, keyColumn{name: "i", kind: kindInteger}, keyColumn{name: "s", kind: kindString})
	binaries := [][]byte{{}, {0}, {0, 0}, {1}, {127}, {128}, {255}, {255, 0}}
	integers := []int{math.MinInt64, -256, -1, 0, 1, 255, 256, math.MaxInt64}
	strings := []string{"", "A", "Z", "a", "aa", "b", "é", "表", "🦀"}
	var keys []*tablestore.PrimaryKey
	for _, b := range binaries {
		keys = append(keys, keyOf("b", b, "i", 0, "s", ""))
	}
	for _, i := range integers {
		keys = append(keys, keyOf("b", []byte("i"), "i", i, "s", ""))
	}
	for _, s := range strings {
		keys = append(keys, keyOf("b", []byte("s"), "i", 0, "s", s))
	}
	for _, one := range slices.Backward(keys) {
		table.put(one, nil)
	}
	slices.SortStableFunc(keys, func(x, y *tablestore.PrimaryKey) int {
		return bytes.Compare(x.PrimaryKeys[0].Value.([]byte), y.PrimaryKeys[0].Value.([]byte))
	})
	answer, err := table.scan(func(criteria *tablestore.RangeRowQueryCriteria) {
		criteria.StartPrimaryKey = keyOf("b", lowest, "i", lowest, "s", lowest)
		criteria.EndPrimaryKey = keyOf("b", highest, "i", highest, "s", highest)
	})
	t.NoError("scan", err)
	t.Equal("rows", len(answer.Rows), len(keys))
	for place, row := range answer.Rows {
		t.Equal(fmt.Sprintf("key %d", place), row.PrimaryKey, keys[place])
	}
}

func rangeRefusals(t *check.T) {
	table := newTable(t)
	refused := func(message string, change func(*tablestore.RangeRowQueryCriteria)) {
		_, err := table.scan(change)
		t.TableError(err, 400, parameterInvalid, message)
	}
	refused("Begin key must less than end key in FORWARD", func(criteria *tablestore.RangeRowQueryCriteria) {
		criteria.EndPrimaryKey = key(lowest, lowest)
	})
	refused("Begin key must more than end key in BACKWARD", func(criteria *tablestore.RangeRowQueryCriteria) {
		criteria.Direction = tablestore.BACKWARD
	})
	refused("The limit must be greater than 0.", func(criteria *tablestore.RangeRowQueryCriteria) { criteria.Limit = -1 })
	_, err := table.scan(func(criteria *tablestore.RangeRowQueryCriteria) {
		criteria.StartPrimaryKey = keyOf("sk", lowest, "pk", lowest)
	})
	t.TableError(err, 400, "OTSInvalidPK", "Validate PK name fail. Input: sk, Meta: pk.")
}
