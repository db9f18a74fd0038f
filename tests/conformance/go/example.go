//go:build ignore

// Puts a log and a row into a running sandbox, and reads both back.
package main

import (
	"fmt"
	"os"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/aliyun/aliyun-log-go-sdk/producer"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

func main() {
	// The SDK puts the project in front of the endpoint; as its proxy the sandbox takes any such name.
	os.Setenv("http_proxy", "http://"+os.Getenv("LOG_SERVICE_ADDRESS"))
	id, secret, shard := os.Getenv("ACCESS_KEY_ID"), os.Getenv("ACCESS_KEY_SECRET"), "00000000000000000000000000000000"

	logs := sls.CreateNormalInterface("sandbox.log.example", id, secret, "")
	log := producer.GenerateLog(uint32(time.Now().Unix()), map[string]string{"path": "/"})
	must(0, logs.PostLogStoreLogs("demo", "access", &sls.LogGroup{Logs: []*sls.Log{log}}, &shard))
	begin := must(logs.GetCursor("demo", "access", 0, "begin"))
	pulled, _, err := logs.PullLogs("demo", "access", 0, begin, "", 10)
	fmt.Println(must(pulled, err).LogGroups[0].Logs[0].Contents)

	tables := tablestore.NewClient(os.Getenv("TABLE_STORE_ENDPOINT"), "sandbox", id, secret)
	key := &tablestore.PrimaryKey{}
	key.AddPrimaryKeyColumn("ip", "10.0.0.1")
	key.AddPrimaryKeyColumn("time", "12:00:00")
	row := &tablestore.PutRowChange{TableName: "access_log", PrimaryKey: key, Condition: &tablestore.RowCondition{}}
	row.AddColumn("path", "/")
	must(tables.PutRow(&tablestore.PutRowRequest{PutRowChange: row}))
	query := &tablestore.SingleRowQueryCriteria{TableName: "access_log", PrimaryKey: key, MaxVersion: 1}
	found := must(tables.GetRow(&tablestore.GetRowRequest{SingleRowQueryCriteria: query}))
	fmt.Println(found.Columns[0].ColumnName, "is", found.Columns[0].Value)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
