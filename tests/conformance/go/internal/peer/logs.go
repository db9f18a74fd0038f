package peer

import (
	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/gogo/protobuf/proto"
)

// pair is a key and its value, as JSON a list of two.
type pair [2]string

type putLine struct {
	HashKey *string           `json:"hash_key"`
	Topic   string            `json:"topic"`
	Source  string            `json:"source"`
	Tags    map[string]string `json:"tags"`
	Logs    []struct {
		Time     uint32 `json:"time"`
		Contents []pair `json:"contents"`
	} `json:"logs"`
}

type pullLine struct {
	Shard    int               `json:"shard"`
	Time     uint32            `json:"time"`
	Topic    string            `json:"topic"`
	Source   string            `json:"source"`
	Tags     map[string]string `json:"tags"`
	Contents []pair            `json:"contents"`
}

// put writes one log group for every line of stdin.
func put(client *sls.Client, project, logstore string) error {
	groups := 0
	err := eachLine(func(line putLine) error {
		groups++
		return client.PostLogStoreLogs(project, logstore, line.group(), line.HashKey)
	})
	if err != nil {
		return err
	}
	return say(map[string]int{"put": groups})
}

func (line putLine) group() *sls.LogGroup {
	group := &sls.LogGroup{Topic: proto.String(line.Topic), Source: proto.String(line.Source)}
	for key, value := range line.Tags {
		group.LogTags = append(group.LogTags, &sls.LogTag{Key: proto.String(key), Value: proto.String(value)})
	}
	for _, entry := range line.Logs {
		log := &sls.Log{Time: proto.Uint32(entry.Time)}
		for _, content := range entry.Contents {
			log.Contents = append(log.Contents, &sls.LogContent{
				Key: proto.String(content[0]), Value: proto.String(content[1]),
			})
		}
		group.Logs = append(group.Logs, log)
	}
	return group
}

// pull prints every log of every shard, from its begin to what is its end now.
func pull(client *sls.Client, project, logstore string) error {
	shards, err := client.ListShards(project, logstore)
	if err != nil {
		return err
	}
	for _, shard := range shards {
		if err := pullShard(client, project, logstore, shard.ShardID); err != nil {
			return err
		}
	}
	return nil
}

func pullShard(client *sls.Client, project, logstore string, shard int) error {
	cursor, err := client.GetCursor(project, logstore, shard, sls.OffsetOldest)
	if err != nil {
		return err
	}
	end, err := client.GetCursor(project, logstore, shard, sls.OffsetNewest)
	if err != nil {
		return err
	}
	for cursor != end {
		list, next, err := client.PullLogs(project, logstore, shard, cursor, end, 1000)
		if err != nil {
			return err
		}
		for _, group := range list.LogGroups {
			if err := sayGroup(shard, group); err != nil {
				return err
			}
		}
		cursor = next
	}
	return nil
}

func sayGroup(shard int, group *sls.LogGroup) error {
	tags := map[string]string{}
	for _, tag := range group.LogTags {
		tags[tag.GetKey()] = tag.GetValue()
	}
	for _, log := range group.Logs {
		line := pullLine{
			Shard: shard, Time: log.GetTime(), Topic: group.GetTopic(), Source: group.GetSource(),
			Tags: tags, Contents: []pair{},
		}
		for _, content := range log.Contents {
			line.Contents = append(line.Contents, pair{content.GetKey(), content.GetValue()})
		}
		if err := say(line); err != nil {
			return err
		}
	}
	return nil
}
