package peer

import (
	"os"
	"os/signal"
	"syscall"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumerLibrary "github.com/aliyun/aliyun-log-go-sdk/consumer"

	"conformance/internal/sandbox"
)

type handed struct {
	Shard int      `json:"shard"`
	Next  string   `json:"next"`
	IDs   []string `json:"ids"`
}

type saved struct {
	Shard int    `json:"shard"`
	Saved string `json:"saved"`
}

// consume is a member of a consumer group until SIGTERM: heartbeats every second, removed after
// six without one, in order, from the start of a shard that nobody has read.
func consume(s *sandbox.Sandbox, project, logstore, group, consumer string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	worker := consumerLibrary.InitConsumerWorkerWithCheckpointTracker(consumerLibrary.LogHubConfig{
		Endpoint:                  s.LogEndpoint,
		AccessKeyID:               s.Key.ID,
		AccessKeySecret:           s.Key.Secret,
		Project:                   project,
		Logstore:                  logstore,
		ConsumerGroupName:         group,
		ConsumerName:              consumer,
		CursorPosition:            consumerLibrary.BEGIN_CURSOR,
		InOrder:                   true,
		HeartbeatIntervalInSecond: 1,
		HeartbeatTimeoutInSecond:  6,
		AutoCommitDisabled:        true,
		Logger:                    sandbox.Logger,
	}, report)
	worker.Start()
	if err := say(map[string]bool{"ready": true}); err != nil {
		return err
	}
	<-stop
	worker.StopAndWait()
	return nil
}

// report says what a batch holds, saves the checkpoint behind it and says that. Of an empty batch,
// which this library hands over too, only a checkpoint that moves is worth a line.
func report(shard int, batch *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
	next := tracker.GetNextCursor()
	if ids := idsOf(batch); len(ids) > 0 {
		if err := say(handed{Shard: shard, Next: next, IDs: ids}); err != nil {
			return "", err
		}
	}
	if next == tracker.GetCheckPoint() {
		return "", nil
	}
	if err := tracker.SaveCheckPoint(true); err != nil {
		return "", err
	}
	return "", say(saved{Shard: shard, Saved: next})
}

func idsOf(batch *sls.LogGroupList) []string {
	var ids []string
	for _, group := range batch.LogGroups {
		for _, entry := range group.Logs {
			for _, content := range entry.Contents {
				if content.GetKey() == "id" {
					ids = append(ids, content.GetValue())
				}
			}
		}
	}
	return ids
}
