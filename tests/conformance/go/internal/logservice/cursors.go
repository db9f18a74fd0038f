package logservice

import (
	"strconv"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

func cursorEnds(t *check.T) {
	s := logstore.New(t, 2)
	for shard := range 2 {
		t.Equal("begin and end of an empty shard", s.Cursor(shard, "begin"), s.Cursor(shard, "end"))
	}
	empty := s.Cursor(0, "begin")
	for _, id := range logstore.Numbered("c", 3) {
		s.Put("00000000000000000000000000000000", id)
	}
	t.Equal("begin after puts", s.Cursor(0, "begin"), empty)
	t.Equal("groups between begin and end", s.Number(s.Cursor(0, "end"))-s.Number(empty), int64(3))
	t.Equal("the other shard's end", s.Cursor(1, "end"), s.Cursor(1, "begin"))
}

func cursorByTime(t *check.T) {
	s := logstore.New(t, 1)
	at := func(moment time.Time) string { return s.Cursor(0, strconv.FormatInt(moment.Unix(), 10)) }
	s.Put("", "early")
	nextSecond()
	between := time.Now()
	s.Put("", "late")
	nextSecond()

	t.Equal("a time before everything", at(between.Add(-time.Hour)), s.Cursor(0, "begin"))
	list, _, err := s.Pull(0, at(between), 10, sls.Compress_LZ4)
	t.NoError("pull from the time between", err)
	t.Equal("ids received at or after it", logstore.IDs(list.LogGroups...), []string{"late"})
	t.Equal("a time after everything", at(time.Now().Add(time.Hour)), s.Cursor(0, "end"))
}

// nextSecond waits for a second to begin: cursors know time in whole seconds.
func nextSecond() {
	now := time.Now()
	time.Sleep(now.Truncate(time.Second).Add(time.Second + 20*time.Millisecond).Sub(now))
}

func cursorTimes(t *check.T) {
	s := logstore.New(t, 1)
	before := time.Now().Truncate(time.Second)
	s.Put("", "one")
	within := func(what string, got time.Time, err error) {
		t.NoError(what, err)
		t.True(!got.Before(before) && !got.After(time.Now()), "%s: %s", what, got)
	}
	moment, err := s.Client.GetCursorTime(s.Project, s.Name, 0, s.Cursor(0, "begin"))
	within("time of the first group", moment, err)
	moment, err = s.Client.GetPrevCursorTime(s.Project, s.Name, 0, s.Cursor(0, "end"))
	within("time of the group before the end", moment, err)
}

func cursorRefusals(t *check.T) {
	s := logstore.New(t, 1)
	_, _, err := s.Pull(0, "not a cursor", 10, sls.Compress_LZ4)
	t.LogError(err, 400, "ParameterInvalid", "ursor")
	begin := s.Number(s.Cursor(0, "begin"))
	for _, outside := range []int64{begin - 1, begin + 1} {
		_, _, err = s.Pull(0, logstore.CursorOf(outside), 10, sls.Compress_LZ4)
		t.LogError(err, 400, "InvalidCursor", "")
	}
	_, err = s.Client.GetCursor(s.Project, s.Name, 0, "yesterday")
	t.LogError(err, 400, "ParameterInvalid", "")
	_, err = s.Client.GetCursor(s.Project, s.Name, 7, "begin")
	t.LogError(err, 404, "ShardNotExist", "7")
	_, err = s.Client.GetCursorTime(s.Project, s.Name, 0, logstore.CursorOf(begin-1))
	t.LogError(err, 400, "InvalidCursor", "")
}
