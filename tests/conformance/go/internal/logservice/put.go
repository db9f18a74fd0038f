package logservice

import (
	"math/rand"
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/gogo/protobuf/proto"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

func putLz4(t *check.T)   { putAndPull(t, sls.Compress_LZ4) }
func putZstd(t *check.T)  { putAndPull(t, sls.Compress_ZSTD) }
func putPlain(t *check.T) { putAndPull(t, sls.Compress_None) }

// putAndPull sends a group of all that a group may hold, and compares what comes back.
func putAndPull(t *check.T, compression int) {
	s := logstore.New(t, 1)
	sent := rich()
	t.NoError("put", s.Client.PutLogsWithCompressType(s.Project, s.Name, sent, compression))
	groups := s.All(0)
	t.Equal("groups", len(groups), 1)
	t.Equal("the group", groups[0].String(), sent.String())
}

// rich is a log group with tags, nanoseconds, repeated and empty and long contents, any language.
func rich() *sls.LogGroup {
	first := logstore.Log("plain", "value", "", "", "twice", "1", "twice", "2", "schlüssel", "値 🦀\n\t\"'\\")
	first.TimeNs = proto.Uint32(999_999_999)
	return &sls.LogGroup{
		Topic:       proto.String("thème"),
		Source:      proto.String("192.0.2.7"),
		MachineUUID: proto.String("8F3C"),
		LogTags: []*sls.LogTag{
			{Key: proto.String("__hostname__"), Value: proto.String("web-1")},
			{Key: proto.String("empty"), Value: proto.String("")},
		},
		Logs: []*sls.Log{first, logstore.Log("long", strings.Repeat("lang ", 20_000)), logstore.Log()},
	}
}

func putHashKey(t *check.T) {
	s := logstore.New(t, 4)
	for key, shard := range map[string]int{
		"00000000000000000000000000000000": 0,
		"3fffffffffffffffffffffffffffffff": 0,
		"40000000000000000000000000000000": 1,
		"80000000000000000000000000000000": 2,
		"c0000000000000000000000000000000": 3,
		"fffffffffffffffffffffffffffffffe": 3,
	} {
		before := len(s.IDs(shard))
		s.Put(key, key)
		after := s.IDs(shard)
		t.Equal("logs in the shard of "+key, len(after), before+1)
		t.Equal("the newest log of its shard", after[before], key)
	}
	bad := "not a hash key"
	err := s.Client.PostRawLogWithCompressType(s.Project, s.Name, []byte{}, sls.Compress_LZ4, &bad)
	t.NoError("an empty group is not sent at all", err)
	bad = "xyz"
	err = s.Client.PostLogStoreLogs(s.Project, s.Name, logstore.Group("1"), &bad)
	t.LogError(err, 400, "ParameterInvalid", "xyz")
}

func putBalanced(t *check.T) {
	s := logstore.New(t, 4)
	for _, id := range logstore.Numbered("b", 40) {
		s.Put("", id)
	}
	for shard := range 4 {
		t.True(len(s.IDs(shard)) > 0, "shard %d got none of 40 groups", shard)
	}
}

func putIncompressible(t *check.T) {
	s := logstore.New(t, 1)
	random := make([]byte, 300_000)
	rand.New(rand.NewSource(1)).Read(random)
	noise := string(random)
	t.NoError("put", s.Client.PutLogs(s.Project, s.Name, &sls.LogGroup{Logs: []*sls.Log{logstore.Log("noise", noise)}}))
	t.True(s.All(0)[0].Logs[0].Contents[0].GetValue() == noise, "the bytes changed on their way")
}

func putManyLogs(t *check.T) {
	s := logstore.New(t, 1)
	ids := logstore.Numbered("m", 4096)
	s.Put("", ids...)
	t.Equal("ids", s.IDs(0), ids)
}

func putRefusals(t *check.T) {
	s := logstore.New(t, 1)
	large := &sls.LogGroup{}
	for range 11 {
		large.Logs = append(large.Logs, logstore.Log("k", strings.Repeat("x", 1<<20)))
	}
	t.LogError(s.Client.PutLogs(s.Project, s.Name, large), 413, "PostBodyTooLarge", "")
	err := s.Client.PutRawLogWithCompressType(s.Project, s.Name, []byte("not a group"), sls.Compress_LZ4)
	t.LogError(err, 400, "PostBodyInvalid", "")
	t.Equal("what came through", s.IDs(0), []string{})
}
