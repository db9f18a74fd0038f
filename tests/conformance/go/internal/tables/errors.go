package tables

import (
	"net/http"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"conformance/internal/check"
	"conformance/internal/sandbox"
)

const authFailed = "OTSAuthFailed"

func wrongSecret(t *check.T) {
	_, err := t.TablesWith(sandbox.Key{ID: t.Key.ID, Secret: "guessed"}, nil).ListTable()
	t.TableError(err, 403, authFailed, "Signature mismatch.")
	_, err = t.TablesWith(sandbox.Key{ID: "nobody", Secret: t.Key.Secret}, nil).ListTable()
	t.TableError(err, 403, authFailed, "The AccessKeyID does not exist.")
}

func stsToken(t *check.T) {
	table := newTable(t)
	table.client = t.TablesWith(t.STS, nil)
	table.put(key("sts", 1), columns{"c": "x"})
	t.Equal("columns", table.found(key("sts", 1)), columns{"c": "x"})
	for _, token := range []string{"", "expired"} {
		_, err := t.TablesWith(sandbox.Key{ID: t.STS.ID, Secret: t.STS.Secret, Token: token}, nil).ListTable()
		t.TableError(err, 403, authFailed, "The security token is invalid.")
	}
}

// skewedClock sends another date than was signed: the service looks at the date first.
func skewedClock(t *check.T) {
	for _, offset := range []time.Duration{-16 * time.Minute, 16 * time.Minute} {
		date := time.Now().UTC().Add(offset).Format("2006-01-02T15:04:05.000Z")
		client := tablestore.NewClientWithExternalHeader(t.TableEndpoint, t.Instance, t.Key.ID, t.Key.Secret, "", nil,
			map[string]string{http.CanonicalHeaderKey("x-ots-date"): date})
		_, err := client.ListTable()
		t.TableError(err, 403, authFailed, "Mismatch between system time and x-ots-date: "+date+".")
	}
}

func missingTable(t *check.T) {
	table := &table{T: t, client: t.Tables(), name: "go_nowhere"}
	const code, message = "OTSObjectNotExist", "Requested table does not exist."
	t.TableError(table.send(table.putChange(key("x", 1), nil)), 404, code, message)
	t.TableError(table.send(table.updateChange(key("x", 1), columns{"c": "x"})), 404, code, message)
	t.TableError(table.send(table.deleteChange(key("x", 1))), 404, code, message)
	_, err := table.read(key("x", 1))
	t.TableError(err, 404, code, message)
	_, err = table.scan()
	t.TableError(err, 404, code, message)
	_, err = table.batch(table.putChange(key("x", 1), nil))
	t.TableError(err, 404, code, message)
}

func unknownOperation(t *check.T) {
	client := t.Tables()
	_, err := client.ListStream(&tablestore.ListStreamRequest{})
	t.TableError(err, 400, "OTSUnsupportOperation", "Unsupported operation: 'ListStream'.")
	_, err = client.ListSearchIndex(&tablestore.ListSearchIndexRequest{TableName: "go_nowhere"})
	t.TableError(err, 400, "OTSUnsupportOperation", "Unsupported operation: 'ListSearchIndex'.")
}

// writeRetried: what may be sent again without harm is sent again by the SDK, until it goes through.
func writeRetried(t *check.T) {
	table := newTable(t)
	for _, refusal := range []struct {
		status string
		code   string
	}{
		{"503", "OTSServerBusy"}, {"503", "OTSPartitionUnavailable"}, {"409", "OTSRowOperationConflict"},
		{"404", "OTSTableNotReady"}, {"403", "OTSNotEnoughCapacityUnit"},
	} {
		line := `next 3 PutRow: refuse ` + refusal.status + ` ` + refusal.code + ` "later"`
		t.Scripted("PutRow", line, map[string]int{refusal.code: 3, "": 1}, func() {
			table.put(key(refusal.code, 1), columns{"c": "x"})
		})
		t.Equal("the row", table.found(key(refusal.code, 1)), columns{"c": "x"})
	}
}

// writeNotRetried: whether a write that timed out was done is not known, so that the SDK tells.
func writeNotRetried(t *check.T) {
	table := newTable(t)
	for _, code := range []string{"OTSTimeout", "OTSServerUnavailable"} {
		t.Scripted("UpdateRow", `UpdateRow: refuse 503 `+code+` "perhaps"`, map[string]int{code: 1}, func() {
			t.TableError(table.send(table.updateChange(key("x", 1), columns{"c": "x"})), 503, code, "perhaps")
		})
	}
}

func readRetried(t *check.T) {
	table := newTable(t)
	table.put(key("x", 1), columns{"c": "x"})
	for status, code := range map[string]string{"503": "OTSTimeout", "500": "OTSInternalServerError"} {
		line := `next 2 GetRow: refuse ` + status + ` ` + code + ` "again"`
		t.Scripted("GetRow", line, map[string]int{code: 2, "": 1}, func() {
			t.Equal("columns", table.found(key("x", 1)), columns{"c": "x"})
		})
	}
}

// retriesEnd: the SDK gives up after as many retries as it is told to, and tells the last error.
func retriesEnd(t *check.T) {
	table := newTable(t)
	config := tablestore.NewDefaultTableStoreConfig()
	config.RetryTimes = 4
	table.client = t.TablesWith(t.Key, config)
	t.Scripted("PutRow", `next 9 PutRow: refuse 503 OTSServerBusy "Server is busy."`, map[string]int{"OTSServerBusy": 5}, func() {
		t.TableError(table.send(table.putChange(key("x", 1), nil)), 503, "OTSServerBusy", "Server is busy.")
	})
}

// cutAnswers: the connection closes after the call was carried out; this SDK sends it again.
func cutAnswers(t *check.T) {
	table := newTable(t)
	t.Scripted("UpdateRow", "UpdateRow: cut after", map[string]int{"": 2}, func() {
		change := table.updateChange(key("x", 1), nil)
		change.IncrementColumn("n", 1)
		t.NoError("increment", table.send(change))
	})
	t.Equal("a counter that was counted twice", table.found(key("x", 1)), columns{"n": int64(2)})
}
