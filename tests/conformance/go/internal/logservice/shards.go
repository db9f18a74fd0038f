package logservice

import (
	"strings"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

const (
	lowest   = "00000000000000000000000000000000"
	quarter  = "40000000000000000000000000000000"
	half     = "80000000000000000000000000000000"
	topmost  = "ffffffffffffffffffffffffffffffff"
	writable = "readwrite"
	readable = "readonly"
)

// isShard compares all of a shard but the time of its creation.
func isShard(t *check.T, got *sls.Shard, id int, status, begin, end string) {
	t.True(got.CreateTime > 1_600_000_000, "createTime %d of shard %d", got.CreateTime, id)
	want := sls.Shard{ShardID: id, Status: status, InclusiveBeginKey: begin, ExclusiveBeginKey: end, CreateTime: got.CreateTime}
	t.Equal("shard", *got, want)
}

func shardList(t *check.T) {
	s := logstore.New(t, 4)
	shards := s.Shards()
	t.Equal("shards", len(shards), 4)
	isShard(t, shards[0], 0, writable, lowest, quarter)
	isShard(t, shards[1], 1, writable, quarter, half)
	isShard(t, shards[2], 2, writable, half, "c"+lowest[1:])
	isShard(t, shards[3], 3, writable, "c"+lowest[1:], topmost)
}

func shardSplitAtKey(t *check.T) {
	s := logstore.New(t, 2)
	s.Put(lowest, "before")
	key := "1234567890abcdef1234567890abcdef"
	answer, err := s.Client.SplitShard(s.Project, s.Name, 0, key)
	t.NoError("split", err)
	t.Equal("shards in the answer", len(answer), 3)
	isShard(t, answer[0], 0, readable, lowest, half)
	isShard(t, answer[1], 2, writable, lowest, key)
	isShard(t, answer[2], 3, writable, key, half)

	s.Put(lowest, "low")
	s.Put(key, "high")
	t.Equal("the old shard", s.IDs(0), []string{"before"})
	t.Equal("its left child", s.IDs(2), []string{"low"})
	t.Equal("its right child", s.IDs(3), []string{"high"})
}

func shardSplitInFour(t *check.T) {
	s := logstore.New(t, 1)
	answer, err := s.Client.SplitNumShard(s.Project, s.Name, 0, 4)
	t.NoError("split", err)
	t.Equal("shards in the answer", len(answer), 5)
	isShard(t, answer[1], 1, writable, lowest, quarter)
	isShard(t, answer[2], 2, writable, quarter, half)
	isShard(t, answer[4], 4, writable, "c"+lowest[1:], topmost)
	t.Equal("shards now", len(s.Shards()), 5)
}

func shardMerge(t *check.T) {
	s := logstore.New(t, 2)
	s.Put(lowest, "left")
	s.Put(half, "right")
	answer, err := s.Client.MergeShards(s.Project, s.Name, 0)
	t.NoError("merge", err)
	t.Equal("shards in the answer", len(answer), 3)
	isShard(t, answer[0], 0, readable, lowest, half)
	isShard(t, answer[1], 1, readable, half, topmost)
	isShard(t, answer[2], 2, writable, lowest, topmost)
	s.Put(lowest, "l")
	s.Put(half, "r")
	t.Equal("the merged shard", s.IDs(2), []string{"l", "r"})
	t.Equal("the left shard", s.IDs(0), []string{"left"})
}

func shardRefusals(t *check.T) {
	s := logstore.New(t, 2)
	_, err := s.Client.SplitShard(s.Project, s.Name, 0, "zz")
	t.LogError(err, 400, "ParameterInvalid", "invalid mid hash")
	_, err = s.Client.SplitShard(s.Project, s.Name, 0, "9"+strings.Repeat("0", 31))
	t.LogError(err, 400, "ParameterInvalid", "")
	_, err = s.Client.SplitShard(s.Project, s.Name, 9, "1"+strings.Repeat("0", 31))
	t.LogError(err, 404, "ShardNotExist", "9")
	_, err = s.Client.MergeShards(s.Project, s.Name, 1)
	t.LogError(err, 400, "ParameterInvalid", "")
	s.Split(0)
	_, err = s.Client.SplitNumShard(s.Project, s.Name, 0, 2)
	t.LogError(err, 400, "ParameterInvalid", "")
}
