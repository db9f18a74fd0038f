// Package logstore makes a project with one logstore for a check, and puts and pulls with few words.
package logstore

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/gogo/protobuf/proto"

	"conformance/internal/check"
)

// Store is a logstore that belongs to one check.
type Store struct {
	*check.T
	Client  *sls.Client
	Project string
	Name    string
}

// New creates a project with a logstore of so many shards. Both go when the check is over.
func New(t *check.T, shards int) *Store {
	s := &Store{T: t, Client: t.Logs(), Project: t.Unique("-"), Name: "events"}
	_, err := s.Client.CreateProject(s.Project, "of a check")
	t.NoError("create the project", err)
	t.Cleanup(func() { _ = s.Client.DeleteProject(s.Project) })
	err = s.Client.CreateLogStore(s.Project, s.Name, 1, shards, false, 64)
	t.NoError("create the logstore", err)
	return s
}

// Group is a log group with one log for each id, as its content `id`.
func Group(ids ...string) *sls.LogGroup {
	group := &sls.LogGroup{Topic: proto.String("topic"), Source: proto.String("10.0.0.1")}
	for _, id := range ids {
		group.Logs = append(group.Logs, Log("id", id))
	}
	return group
}

// Log is a log of now with `pairs` of keys and values.
func Log(pairs ...string) *sls.Log {
	log := &sls.Log{Time: proto.Uint32(uint32(time.Now().Unix()))}
	for i := 0; i+1 < len(pairs); i += 2 {
		log.Contents = append(log.Contents, &sls.LogContent{
			Key: proto.String(pairs[i]), Value: proto.String(pairs[i+1]),
		})
	}
	return log
}

// Put puts one log group of `ids` into the shard that holds `key`; "" lets the service choose.
func (s *Store) Put(key string, ids ...string) {
	s.NoError("put", s.Client.PostLogStoreLogs(s.Project, s.Name, Group(ids...), &key))
}

// Cursor is what the service says for `from`: begin, end or Unix seconds.
func (s *Store) Cursor(shard int, from string) string {
	cursor, err := s.Client.GetCursor(s.Project, s.Name, shard, from)
	s.NoError("get a cursor from "+from, err)
	return cursor
}

// Pull is one pull of up to `count` groups at `cursor`.
func (s *Store) Pull(shard int, cursor string, count, compression int) (*sls.LogGroupList, *sls.PullLogMeta, error) {
	return s.Client.PullLogsWithQuery(&sls.PullLogRequest{
		Project: s.Project, Logstore: s.Name, ShardID: shard, Cursor: cursor,
		LogGroupMaxCount: count, CompressType: compression,
	})
}

// All pulls every group of a shard from its begin to what is its end now.
func (s *Store) All(shard int) []*sls.LogGroup {
	cursor, end := s.Cursor(shard, sls.OffsetOldest), s.Cursor(shard, sls.OffsetNewest)
	var groups []*sls.LogGroup
	for cursor != end {
		list, meta, err := s.Pull(shard, cursor, 1000, sls.Compress_LZ4)
		s.NoError("pull", err)
		s.True(meta.NextCursor != cursor, "shard %d stands still at %s before its end", shard, cursor)
		groups = append(groups, list.LogGroups...)
		cursor = meta.NextCursor
	}
	return groups
}

// IDs are those of all logs of a shard, in order.
func (s *Store) IDs(shard int) []string { return IDs(s.All(shard)...) }

// IDs are the values of the contents `id` of groups, in order.
func IDs(groups ...*sls.LogGroup) []string {
	ids := []string{}
	for _, group := range groups {
		for _, log := range group.Logs {
			for _, content := range log.Contents {
				if content.GetKey() == "id" {
					ids = append(ids, content.GetValue())
				}
			}
		}
	}
	return ids
}

// Numbered are the ids prefix-0, prefix-1 and so on.
func Numbered(prefix string, count int) []string {
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return ids
}

// Number is what a cursor counts.
func (s *Store) Number(cursor string) int64 {
	text, err := base64.StdEncoding.DecodeString(cursor)
	s.NoError("decode the cursor "+cursor, err)
	number, err := strconv.ParseInt(string(text), 10, 64)
	s.NoError("read the cursor "+cursor, err)
	return number
}

// CursorOf is the cursor that counts `number`.
func CursorOf(number int64) string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.FormatInt(number, 10)))
}

// Split splits a shard in the middle and returns the ids of its two children.
func (s *Store) Split(shard int) (left, right int) {
	shards, err := s.Client.SplitNumShard(s.Project, s.Name, shard, 2)
	s.NoError("split", err)
	s.Equal("shards in the answer to a split", len(shards), 3)
	return shards[1].ShardID, shards[2].ShardID
}

// Shards are those of the logstore, by id.
func (s *Store) Shards() map[int]*sls.Shard {
	listed, err := s.Client.ListShards(s.Project, s.Name)
	s.NoError("list shards", err)
	shards := map[int]*sls.Shard{}
	for _, shard := range listed {
		shards[shard.ShardID] = shard
	}
	return shards
}
