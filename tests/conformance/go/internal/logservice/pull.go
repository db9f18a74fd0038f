package logservice

import (
	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

func pullLz4(t *check.T)  { pullWith(t, sls.Compress_LZ4) }
func pullZstd(t *check.T) { pullWith(t, sls.Compress_ZSTD) }

func pullWith(t *check.T, compression int) {
	s := logstore.New(t, 1)
	var raw int
	for range 20 {
		group := rich()
		t.NoError("put", s.Client.PutLogs(s.Project, s.Name, group))
		raw += group.Size()
	}
	list, meta, err := s.Pull(0, s.Cursor(0, sls.OffsetOldest), 1000, compression)
	t.NoError("pull", err)
	t.Equal("groups", len(list.LogGroups), 20)
	t.Equal("Count", meta.Count, 20)
	t.Equal("RawSize", meta.RawSize, list.Size())
	t.True(meta.RawSize > raw, "RawSize %d is less than the groups' own %d", meta.RawSize, raw)
	t.True(meta.Netflow > 0 && meta.Netflow < meta.RawSize/10, "%d bytes came for %d", meta.Netflow, meta.RawSize)
	t.Equal("NextCursor", meta.NextCursor, s.Cursor(0, sls.OffsetNewest))
}

func pullPages(t *check.T) {
	s := logstore.New(t, 1)
	ids := logstore.Numbered("p", 10)
	for _, id := range ids {
		s.Put("", id)
	}
	cursor := s.Cursor(0, sls.OffsetOldest)
	var got []string
	for _, want := range []int{3, 3, 3, 1, 0} {
		list, meta, err := s.Pull(0, cursor, 3, sls.Compress_LZ4)
		t.NoError("pull", err)
		t.Equal("groups of a page", len(list.LogGroups), want)
		t.Equal("cursor moves by", s.Number(meta.NextCursor)-s.Number(cursor), int64(want))
		got = append(got, logstore.IDs(list.LogGroups...)...)
		cursor = meta.NextCursor
	}
	t.Equal("ids", got, ids)
}

func pullCountRange(t *check.T) {
	s := logstore.New(t, 1)
	begin := s.Cursor(0, sls.OffsetOldest)
	for _, count := range []int{0, 1001, -1} {
		_, _, err := s.Pull(0, begin, count, sls.Compress_LZ4)
		t.LogError(err, 400, "ParameterInvalid", "count")
	}
	_, _, err := s.Pull(0, begin, 1000, sls.Compress_LZ4)
	t.NoError("pull 1000", err)
}

func pullEndCursor(t *check.T) {
	s := logstore.New(t, 1)
	for _, id := range logstore.Numbered("e", 10) {
		s.Put("", id)
	}
	begin := s.Number(s.Cursor(0, sls.OffsetOldest))
	stop := logstore.CursorOf(begin + 4)
	list, next, err := s.Client.PullLogs(s.Project, s.Name, 0, logstore.CursorOf(begin+1), stop, 1000)
	t.NoError("pull", err)
	t.Equal("ids", logstore.IDs(list.LogGroups...), []string{"e-1", "e-2", "e-3"})
	t.Equal("next cursor", next, stop)
}

func pullNothing(t *check.T) {
	s := logstore.New(t, 1)
	s.Put("", "one")
	end := s.Cursor(0, sls.OffsetNewest)
	for _, compression := range []int{sls.Compress_LZ4, sls.Compress_ZSTD} {
		list, meta, err := s.Pull(0, end, 10, compression)
		t.NoError("pull at the end", err)
		t.Equal("groups", len(list.LogGroups), 0)
		t.Equal("Count", meta.Count, 0)
		t.Equal("RawSize", meta.RawSize, 0)
		t.Equal("NextCursor", meta.NextCursor, end)
	}
	s.Put("", "two")
	list, _, err := s.Pull(0, end, 10, sls.Compress_LZ4)
	t.NoError("pull what came after", err)
	t.Equal("ids", logstore.IDs(list.LogGroups...), []string{"two"})
}

func pullGroupCursors(t *check.T) {
	s := logstore.New(t, 1)
	for _, id := range logstore.Numbered("g", 5) {
		s.Put("", id)
	}
	for place, group := range s.All(0) {
		list, _, err := s.Pull(0, group.GetCursor(), 1, sls.Compress_LZ4)
		t.NoError("pull at the cursor of a group", err)
		t.Equal("the group at its own cursor", logstore.IDs(list.LogGroups...), logstore.Numbered("g", 5)[place:place+1])
	}
}

func pullExpired(t *check.T) {
	s := logstore.New(t, 1)
	for _, id := range logstore.Numbered("x", 6) {
		s.Put("", id)
	}
	old := s.Cursor(0, sls.OffsetOldest)
	t.NoError("trim", t.Trim(s.Project, s.Name, 0, uint64(s.Number(old)+4)))
	_, _, err := s.Pull(0, old, 10, sls.Compress_LZ4)
	t.LogError(err, 400, "InvalidCursor", "")
	t.Equal("what is kept", s.IDs(0), []string{"x-4", "x-5"})
}
