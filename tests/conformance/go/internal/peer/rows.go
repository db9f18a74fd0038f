package peer

import (
	"encoding/base64"
	"fmt"
	"sort"
	"strconv"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// rowsPerRequest is what one BatchWriteRow may carry.
const rowsPerRequest = 200

// cell is a column: its name, its type and its value as text.
type cell [3]string

type row struct {
	Key     []cell `json:"key"`
	Columns []cell `json:"columns"`
}

// write puts every row of stdin into the table.
func write(client *tablestore.TableStoreClient, table string) error {
	written := 0
	var batch []tablestore.RowChange
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		request := &tablestore.BatchWriteRowRequest{
			RowChangesGroupByTable: map[string][]tablestore.RowChange{table: batch},
		}
		answer, err := client.BatchWriteRow(request)
		if err != nil {
			return err
		}
		for _, result := range answer.TableToRowsResult[table] {
			if !result.IsSucceed {
				return fmt.Errorf("row %d: %s: %s", result.Index, result.Error.Code, result.Error.Message)
			}
		}
		written += len(batch)
		batch = nil
		return nil
	}
	err := eachLine(func(line row) error {
		change, err := line.change(table)
		if err != nil {
			return err
		}
		if batch = append(batch, change); len(batch) < rowsPerRequest {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return say(map[string]int{"written": written})
}

func (line row) change(table string) (*tablestore.PutRowChange, error) {
	change := &tablestore.PutRowChange{TableName: table, PrimaryKey: &tablestore.PrimaryKey{}}
	change.SetCondition(tablestore.RowExistenceExpectation_IGNORE)
	for _, column := range line.Key {
		value, err := column.parse()
		if err != nil {
			return nil, err
		}
		change.PrimaryKey.AddPrimaryKeyColumn(column[0], value)
	}
	for _, column := range line.Columns {
		value, err := column.parse()
		if err != nil {
			return nil, err
		}
		change.AddColumn(column[0], value)
	}
	return change, nil
}

// read prints every row of the table, in the order of its key.
func read(client *tablestore.TableStoreClient, table string) error {
	described, err := client.DescribeTable(&tablestore.DescribeTableRequest{TableName: table})
	if err != nil {
		return err
	}
	start, end := &tablestore.PrimaryKey{}, &tablestore.PrimaryKey{}
	for _, column := range described.TableMeta.SchemaEntry {
		start.AddPrimaryKeyColumnWithMinValue(*column.Name)
		end.AddPrimaryKeyColumnWithMaxValue(*column.Name)
	}
	for start != nil {
		answer, err := client.GetRange(&tablestore.GetRangeRequest{
			RangeRowQueryCriteria: &tablestore.RangeRowQueryCriteria{
				TableName: table, StartPrimaryKey: start, EndPrimaryKey: end, MaxVersion: 1,
			},
		})
		if err != nil {
			return err
		}
		for _, found := range answer.Rows {
			line, err := rowOf(found)
			if err != nil {
				return err
			}
			if err := say(line); err != nil {
				return err
			}
		}
		start = answer.NextStartPrimaryKey
	}
	return nil
}

func rowOf(found *tablestore.Row) (row, error) {
	line := row{Key: []cell{}, Columns: []cell{}}
	for _, column := range found.PrimaryKey.PrimaryKeys {
		printed, err := cellOf(column.ColumnName, column.Value)
		if err != nil {
			return line, err
		}
		line.Key = append(line.Key, printed)
	}
	for _, column := range found.Columns {
		printed, err := cellOf(column.ColumnName, column.Value)
		if err != nil {
			return line, err
		}
		line.Columns = append(line.Columns, printed)
	}
	sort.Slice(line.Columns, func(i, j int) bool { return line.Columns[i][0] < line.Columns[j][0] })
	return line, nil
}

func cellOf(name string, value any) (cell, error) {
	switch value := value.(type) {
	case int64:
		return cell{name, "integer", strconv.FormatInt(value, 10)}, nil
	case float64:
		return cell{name, "double", strconv.FormatFloat(value, 'g', -1, 64)}, nil
	case bool:
		return cell{name, "boolean", strconv.FormatBool(value)}, nil
	case string:
		return cell{name, "string", value}, nil
	case []byte:
		return cell{name, "binary", base64.StdEncoding.EncodeToString(value)}, nil
	default:
		return cell{}, fmt.Errorf("column %s: unexpected %T", name, value)
	}
}

func (c cell) parse() (any, error) {
	switch text := c[2]; c[1] {
	case "integer":
		return strconv.ParseInt(text, 10, 64)
	case "double":
		return strconv.ParseFloat(text, 64)
	case "boolean":
		return strconv.ParseBool(text)
	case "string":
		return text, nil
	case "binary":
		return base64.StdEncoding.DecodeString(text)
	default:
		return nil, fmt.Errorf("column %s: unknown type %s", c[0], c[1])
	}
}
