package consumers

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumerLibrary "github.com/aliyun/aliyun-log-go-sdk/consumer"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

// wholeRun has one member read everything, and leave its checkpoints at the ends.
func wholeRun(t *check.T) {
	c := newCrew(logstore.New(t, 4), false)
	ids := logstore.Numbered("w", 200)
	for _, id := range ids {
		c.Put("", id)
	}
	m := c.join("only", func(_ int, _ *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
		return "", tracker.SaveCheckPoint(false)
	})
	c.await(ids)
	m.stop()
	c.exactlyOnce(ids)
	for shard, checkpoint := range c.checkpoints() {
		t.Equal(fmt.Sprintf("checkpoint of shard %d after the stop", shard), checkpoint, c.Cursor(shard, "end"))
		read := idsOf(c.batches(func(b batch) bool { return b.shard == shard }))
		t.Equal(fmt.Sprintf("ids of shard %d in order", shard), read, c.IDs(shard))
	}
	groups, err := c.Client.ListConsumerGroup(c.Project, c.Name)
	t.NoError("list groups", err)
	t.Equal("the group that the library made", *groups[0], sls.ConsumerGroup{ConsumerGroupName: c.group, Timeout: silence})
}

// restart has a second member go on where the first one stopped.
func restart(t *check.T) {
	c := newCrew(logstore.New(t, 2), true)
	first, second := logstore.Numbered("first", 20), logstore.Numbered("second", 20)
	for _, id := range first {
		c.Put("", id)
	}
	m := c.join("before", save)
	c.await(first)
	m.stop()
	for _, id := range second {
		c.Put("", id)
	}
	c.join("after", save)
	c.await(second)
	t.Equal("logs handed to the second", len(c.idsBy("after")), len(second))
	c.exactlyOnce(slices.Concat(first, second))
}

// fromEnd and fromTime start shards that have no checkpoint elsewhere than at their begin.
func fromEnd(t *check.T) {
	c := newCrew(logstore.New(t, 1), false)
	c.Put("", "before")
	c.join("late", save, func(config *consumerLibrary.LogHubConfig) {
		config.CursorPosition = consumerLibrary.END_CURSOR
	})
	t.Soon(patience, "the end is the checkpoint", func() bool { return c.checkpoints()[0] != "" })
	c.Put("", "after")
	c.await([]string{"after"})
	c.exactlyOnce([]string{"after"})
}

func fromTime(t *check.T) {
	c := newCrew(logstore.New(t, 1), false)
	c.Put("", "before")
	moment := time.Now().Truncate(time.Second).Add(time.Second)
	time.Sleep(time.Until(moment))
	c.Put("", "after")
	// A time that is not past yet means the end.
	time.Sleep(time.Until(moment.Add(time.Second)))
	c.join("timely", save, func(config *consumerLibrary.LogHubConfig) {
		config.CursorPosition = consumerLibrary.SPECIAL_TIMER_CURSOR
		config.CursorStartTime = moment.Unix()
	})
	c.await([]string{"after"})
	c.exactlyOnce([]string{"after"})
}

// failedBatch is handed over again until the member's function takes it.
func failedBatch(t *check.T) {
	c := newCrew(logstore.New(t, 1), false)
	c.Put("", "hard")
	c.Put("", "easy")
	var refused atomic.Int32
	c.join("stubborn", func(shard int, list *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
		if slices.Contains(logstore.IDs(list.LogGroups...), "hard") && refused.Add(1) <= 2 {
			return "", errors.New("not yet")
		}
		return save(shard, list, tracker)
	}, oneGroupAtATime)
	c.await([]string{"easy"})
	t.Equal("ids", c.ids(), []string{"hard", "hard", "hard", "easy"})
}

// rollBack returns to the cursor that the member's function names.
func rollBack(t *check.T) {
	c := newCrew(logstore.New(t, 1), false)
	for _, id := range logstore.Numbered("r", 3) {
		c.Put("", id)
	}
	begin := c.Cursor(0, "begin")
	var rolled atomic.Bool
	c.join("doubting", func(shard int, list *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
		if slices.Contains(logstore.IDs(list.LogGroups...), "r-2") && !rolled.Swap(true) {
			return begin, nil
		}
		return save(shard, list, tracker)
	}, oneGroupAtATime)
	t.Soon(patience, "all are consumed twice", func() bool { return len(c.ids()) >= 6 })
	t.Equal("ids", c.ids(), slices.Concat(logstore.Numbered("r", 3), logstore.Numbered("r", 3)))
}

func oneGroupAtATime(config *consumerLibrary.LogHubConfig) { config.MaxFetchLogGroupCount = 1 }

// autoCommit leaves saving to the library's timer.
func autoCommit(t *check.T) {
	c := newCrew(logstore.New(t, 1), false)
	c.Put("", "one")
	c.join("lazy", func(_ int, _ *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
		return "", tracker.SaveCheckPoint(false)
	}, func(config *consumerLibrary.LogHubConfig) {
		config.AutoCommitDisabled = false
		config.AutoCommitIntervalInMS = 500
	})
	c.await([]string{"one"})
	t.Soon(patience, "the timer saves the end", func() bool { return c.checkpoints()[0] == c.Cursor(0, "end") })
}

// v4ZstdToken has a member that signs by version 4, with a temporary key, and asks for zstd.
func v4ZstdToken(t *check.T) {
	c := newCrew(logstore.New(t, 2), false)
	ids := logstore.Numbered("v", 20)
	for _, id := range ids {
		c.Put("", id)
	}
	c.join("modern", save, func(config *consumerLibrary.LogHubConfig) {
		config.AuthVersion = sls.AuthV4
		config.Region = "cn-sandbox"
		config.CompressType = sls.Compress_ZSTD
		config.AccessKeyID, config.AccessKeySecret, config.SecurityToken = t.STS.ID, t.STS.Secret, t.STS.Token
	})
	c.await(ids)
	c.exactlyOnce(ids)
}
