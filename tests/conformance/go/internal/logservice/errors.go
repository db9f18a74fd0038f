package logservice

import (
	"errors"
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

// unknownOperations calls what the sandbox does not have, by each of the SDK's ways to call.
func unknownOperations(t *check.T) {
	s := logstore.New(t, 1)
	_, err := s.Client.GetMachineGroup(s.Project, "machines")
	t.LogError(err, 404, "NotFound", "/machinegroups/machines")
	_, err = s.Client.GetDashboard(s.Project, "board")
	t.LogError(err, 404, "NotFound", "/dashboards/board")
	_, err = s.Client.GetSubStore(s.Project, s.Name, "sub")
	t.LogError(err, 404, "NotFound", "/logstores/"+s.Name+"/substores/sub")
	_, err = s.Client.GetLogging(s.Project)
	t.LogError(err, 404, "NotFound", "/logging")
}

// missingIndex shows the refusals of queries, as a logstore without an index gives them.
func missingIndex(t *check.T) {
	s := logstore.New(t, 1)
	_, err := s.Client.GetIndex(s.Project, s.Name)
	t.LogError(err, 404, "IndexConfigNotExist", "index")
	_, err = s.Client.GetLogsV3(s.Project, s.Name, &sls.GetLogRequest{From: 0, To: 1, Query: "*"})
	t.LogError(err, 400, "IndexConfigNotExist", "index")
	_, err = s.Client.GetHistograms(s.Project, s.Name, "", 0, 1, "*")
	t.LogError(err, 400, "IndexConfigNotExist", "index")
	_, err = s.Client.GetLogsV3(s.Project, "nowhere", &sls.GetLogRequest{From: 0, To: 1, Query: "*"})
	t.LogError(err, 404, "LogStoreNotExist", "nowhere")
}

// requestIDs shows that every refusal has its own id.
func requestIDs(t *check.T) {
	client := t.Logs()
	seen := map[string]bool{}
	for range 20 {
		_, err := client.GetProject("go-no-such-project")
		var refused *sls.Error
		t.True(errors.As(err, &refused), "not an *sls.Error: %v", err)
		hex := strings.Trim(refused.RequestID, "0123456789ABCDEF") == ""
		t.True(len(refused.RequestID) == 24 && hex, "request id %q", refused.RequestID)
		seen[refused.RequestID] = true
	}
	t.Equal("different ids", len(seen), 20)
}

// pullRetried, putRetried and lists below have a call fail as the service may, until the SDK's own
// retries get through; the sandbox has seen the refused calls.
func pullRetried(t *check.T) {
	s := logstore.New(t, 1)
	s.Put("", "one")
	t.Scripted("PullLogs", `next 2 PullLogs: refuse 503 ServerBusy "later"`, map[string]int{"ServerBusy": 2, "": 2}, func() {
		t.Equal("ids", s.IDs(0), []string{"one"})
		t.Equal("ids again", s.IDs(0), []string{"one"})
	})
}

func putRetried(t *check.T) {
	s := logstore.New(t, 1)
	t.Scripted("PutLogs", `next 2 PutLogs: refuse 500 InternalServerError "later"`, map[string]int{"InternalServerError": 2, "": 1}, func() {
		s.Put("", "one")
	})
	t.Equal("ids", s.IDs(0), []string{"one"})
}

// putQuota is not retried by the client: only the producer library does that.
func putQuota(t *check.T) {
	s := logstore.New(t, 1)
	t.Scripted("PutLogs", `PutLogs: refuse 403 WriteQuotaExceed "Write quota is exceeded"`, map[string]int{"WriteQuotaExceed": 1}, func() {
		err := s.Client.PutLogs(s.Project, s.Name, logstore.Group("1"))
		t.LogError(err, 403, "WriteQuotaExceed", "Write quota is exceeded")
	})
}

// pullCut has the connection close without an answer: a read is sent again.
func pullCut(t *check.T) {
	s := logstore.New(t, 1)
	s.Put("", "one")
	t.Scripted("PullLogs", "PullLogs: cut after", map[string]int{"": 2}, func() {
		t.Equal("ids", s.IDs(0), []string{"one"})
	})
}
