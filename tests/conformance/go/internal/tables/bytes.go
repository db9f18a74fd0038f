package tables

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
)

// recordedRow is a row that another SDK of the vendor encoded.
type recordedRow struct {
	Name       string
	Kind       string
	PrimaryKey []recordedCell `json:"primary_key"`
	Columns    []recordedCell
	Hex        string
}

type recordedCell struct {
	Name      string
	Op        string
	Value     *recordedValue
	Timestamp *int64 `json:"timestamp_ms,string"`
}

type recordedValue struct {
	Type  string
	Value any
	Bits  string `json:"bits_hex"`
	Hex   string
}

// RowBytes has this SDK encode every recorded row: the same bytes come out. Our own writer is held
// to the same file.
func RowBytes(t *check.T, file string) {
	text, err := os.ReadFile(file)
	t.NoError("read the recorded rows", err)
	var recorded struct{ Rows []recordedRow }
	t.NoError("parse them", json.Unmarshal(text, &recorded))
	t.True(len(recorded.Rows) >= 20, "only %d rows are recorded", len(recorded.Rows))
	for _, row := range recorded.Rows {
		if row.putsAtZero() {
			continue
		}
		encoded, err := row.encode()
		t.NoError("build "+row.Name, err)
		t.Equal("bytes of "+row.Name, hex.EncodeToString(encoded), row.Hex)
	}
}

// putsAtZero tells whether a put gives the timestamp 0, which this SDK takes for none.
func (r recordedRow) putsAtZero() bool {
	return r.Kind == "put" && slices.ContainsFunc(r.Columns, func(cell recordedCell) bool {
		return cell.Timestamp != nil && *cell.Timestamp == 0
	})
}

func (r recordedRow) encode() ([]byte, error) {
	var pairs []any
	for _, cell := range r.PrimaryKey {
		value, err := cell.Value.parse()
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, cell.Name, value)
	}
	key := keyOf(pairs...)
	switch r.Kind {
	case "primary_key":
		return key.Build(false), nil
	case "delete":
		return (&tablestore.DeleteRowChange{PrimaryKey: key}).Serialize(), nil
	case "put":
		change := &tablestore.PutRowChange{PrimaryKey: key}
		for _, cell := range r.Columns {
			value, err := cell.Value.parse()
			if err != nil {
				return nil, err
			}
			column := tablestore.AttributeColumn{ColumnName: cell.Name, Value: value}
			if cell.Timestamp != nil {
				column.Timestamp = *cell.Timestamp
			}
			change.Columns = append(change.Columns, column)
		}
		return change.Serialize(), nil
	case "update":
		change := &tablestore.UpdateRowChange{PrimaryKey: key}
		for _, cell := range r.Columns {
			column, err := cell.update()
			if err != nil {
				return nil, err
			}
			change.Columns = append(change.Columns, column)
		}
		return change.Serialize(), nil
	default:
		return nil, fmt.Errorf("unknown kind %s", r.Kind)
	}
}

func (c recordedCell) update() (tablestore.ColumnToUpdate, error) {
	column := tablestore.ColumnToUpdate{ColumnName: c.Name, IgnoreValue: c.Value == nil}
	if c.Timestamp != nil {
		column.HasTimestamp, column.Timestamp = true, *c.Timestamp
	}
	if types := map[string]byte{
		"DELETE":     tablestore.DELETE_ONE_VERSION,
		"DELETE_ALL": tablestore.DELETE_ALL_VERSION,
		"INCREMENT":  tablestore.INCREMENT,
	}; types[c.Op] != 0 {
		column.HasType, column.Type = true, types[c.Op]
	}
	if c.Value == nil {
		return column, nil
	}
	value, err := c.Value.parse()
	column.Value = value
	return column, err
}

func (v *recordedValue) parse() (any, error) {
	switch v.Type {
	case "INTEGER":
		return strconv.ParseInt(fmt.Sprint(v.Value), 10, 64)
	case "DOUBLE":
		bits, err := strconv.ParseUint(v.Bits, 16, 64)
		return math.Float64frombits(bits), err
	case "BOOLEAN", "STRING":
		return v.Value, nil
	case "BINARY":
		bytes, err := hex.DecodeString(v.Hex)
		return bytes, err
	case "INF_MIN":
		return lowest, nil
	case "INF_MAX":
		return highest, nil
	case "AUTO_INCREMENT":
		return auto, nil
	default:
		return nil, fmt.Errorf("unknown type %s", v.Type)
	}
}
