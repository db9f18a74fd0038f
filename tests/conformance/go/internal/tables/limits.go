package tables

import (
	"fmt"
	"math"
	"strings"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

// refusedEverywhere ends the check unless a change is refused by its own operation and takes the
// whole batch down with it: the fault is seen without looking at the table.
func (t *table) refusedEverywhere(change tablestore.RowChange, message string) {
	t.TableError(t.send(change), 400, parameterInvalid, message)
	_, err := t.batch(t.putChange(key("innocent", 1), nil), change)
	t.TableError(err, 400, parameterInvalid, message)
	t.Equal("the innocent row", t.found(key("innocent", 1)), columns(nil))
}

func valueLimits(t *check.T) {
	table := newTable(t)
	most := strings.Repeat("x", 2<<20)
	table.put(key("most", 1), columns{"s": most})
	table.put(key("most", 2), columns{"b": []byte(most)})
	t.Equal("the stored length", len(table.found(key("most", 1))["s"].(string)), 2<<20)
	tooLong := "The length of attribute column: 'c' exceeds the MaxLength:2097152 with CurrentLength:2097153."
	table.refusedEverywhere(table.putChange(key("more", 1), columns{"c": most + "x"}), tooLong)
	table.refusedEverywhere(table.updateChange(key("more", 1), columns{"c": []byte(most + "x")}), tooLong)
	table.refusedEverywhere(table.putChange(key("nan", 1), columns{"c": math.NaN()}), "NaN can't be set to double value.")
	for _, value := range []float64{math.Inf(1), math.Inf(-1)} {
		table.refusedEverywhere(table.putChange(key("inf", 1), columns{"c": value}), "Infinity can't be set to double value.")
	}
}

func keyLimits(t *check.T) {
	table := newTable(t)
	table.put(key(strings.Repeat("k", 1024), 1), nil)
	table.refusedEverywhere(table.putChange(key(strings.Repeat("k", 1025), 1), nil),
		"The length of primary key column: 'pk' exceeds the MaxLength:1024 with CurrentLength:1025.")
	table.refusedEverywhere(table.deleteChange(key("x", lowest)), "VT_INF_MIN is an invalid type for the primary key.")
	_, err := table.read(keyOf("a", 1, "b", 1, "c", 1, "d", 1, "e", 1))
	t.TableError(err, 400, parameterInvalid, "The number of primary key columns must be in range: [1, 4].")
}

func keyMismatch(t *check.T) {
	table := newTable(t)
	for message, wrong := range map[string]*tablestore.PrimaryKey{
		"Validate PK size fail. Input: 1, Meta: 2.":                          keyOf("pk", "x"),
		"Validate PK name fail. Input: sk, Meta: pk.":                        keyOf("sk", 1, "pk", "x"),
		"Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.":         key("x", "1"),
		"Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING.":         key(1, 1),
		"Validate PK type fail. Input: VT_BLOB, Meta: VT_STRING.":            key([]byte("x"), 1),
		"Validate PK name fail. Input: PK, Meta: pk.":                        keyOf("PK", "x", "sk", 1),
		"Validate PK size fail. Input: 3, Meta: 2.":                          keyOf("pk", "x", "sk", 1, "z", 1),
		"Validate PK type fail. Input: VT_AUTO_INCREMENT, Meta: VT_INTEGER.": key("x", auto),
	} {
		t.TableError(table.send(table.putChange(wrong, nil)), 400, "OTSInvalidPK", message)
		t.TableError(table.send(table.updateChange(wrong, columns{"c": "x"})), 400, "OTSInvalidPK", message)
	}
}

func columnLimits(t *check.T) {
	table := newTable(t)
	wide := func(prefix string, count int) columns {
		made := columns{}
		for place := range count {
			made[fmt.Sprintf("%s%d", prefix, place)] = int64(place)
		}
		return made
	}
	table.update(key("wide", 1), wide("a", 1024))
	table.update(key("wide", 1), wide("b", 1024))
	t.Equal("columns of a row that grew", len(table.found(key("wide", 1))), 2048)
	table.refusedEverywhere(table.updateChange(key("wide", 2), wide("a", 1025)),
		"The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.")

	for _, name := range []string{"", "1st", "a b", "ü", strings.Repeat("n", 256)} {
		table.refusedEverywhere(table.putChange(key("names", 1), columns{name: "x"}), "Invalid column name: '"+name+"'.")
	}
	table.put(key("names", 1), columns{strings.Repeat("n", 255): "x", "_": "x"})
	table.refusedEverywhere(table.putChange(key("names", 2), columns{"pk": "x"}),
		"Duplicated attribute column name with primary key column: 'pk'.")
	table.refusedEverywhere(table.updateChange(key("empty", 1), nil), "Invalid update row request: missing cells in request.")
}

func bodyLimit(t *check.T) {
	table := newTable(t)
	big := columns{}
	for place := range 3 {
		big[fmt.Sprintf("c%d", place)] = strings.Repeat("x", 2<<20)
	}
	t.TableError(table.send(table.putChange(key("body", 1), big)), 413, "OTSRequestBodyTooLarge", "The size of POST data is too large.")
	delete(big, "c2")
	data := 2 + 4 + 2 + 8 + 2*(2+2<<20)
	t.TableError(table.send(table.updateChange(key("body", 1), big)), 400, parameterInvalid,
		fmt.Sprintf("The total data size of UpdateRow request exceeds the limit, limit size: 4194304, data size: %d", data))
}

func columnsToGetLimit(t *check.T) {
	table := newTable(t)
	names := func(count int) func(*tablestore.SingleRowQueryCriteria) {
		return func(criteria *tablestore.SingleRowQueryCriteria) {
			for place := range count {
				criteria.AddColumnToGet(fmt.Sprintf("c%d", place))
			}
		}
	}
	_, err := table.read(key("x", 1), names(1024))
	t.NoError("1024 columns", err)
	_, err = table.read(key("x", 1), names(1025))
	t.TableError(err, 400, parameterInvalid, "The number of columns from the request exceeds the limit, limit count: 1024, column count: 1025.")
}
