package consumers

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumerLibrary "github.com/aliyun/aliyun-log-go-sdk/consumer"

	"conformance/internal/logstore"
	"conformance/internal/sandbox"
)

const (
	// beat is how often a member speaks, and silence how long it may be silent, in seconds: the
	// shortest that the library takes with some reserve for a slow machine.
	beat    = 1
	silence = 4
	// patience is how long a check waits for logs to be consumed.
	patience = 50 * time.Second
)

// batch is what a member's function was handed.
type batch struct {
	consumer string
	shard    int
	ids      []string
}

// crew is a consumer group and the journal of what its members were handed, in order of time.
type crew struct {
	*logstore.Store
	group   string
	inOrder bool

	mutex   sync.Mutex
	journal []batch
}

func newCrew(store *logstore.Store, inOrder bool) *crew {
	return &crew{Store: store, group: "crew", inOrder: inOrder}
}

// member is a running worker of the consumer library.
type member struct {
	worker    *consumerLibrary.ConsumerWorker
	unplugged atomic.Bool
	stop      func()
}

// process is what a member does with a batch after it stands in the journal.
type process func(shard int, list *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error)

// save saves the checkpoint behind each batch at once, behind empty ones too.
func save(_ int, _ *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
	return "", tracker.SaveCheckPoint(true)
}

// join starts a member. `change` may change its configuration.
func (c *crew) join(consumer string, do process, change ...func(*consumerLibrary.LogHubConfig)) *member {
	m := &member{}
	config := consumerLibrary.LogHubConfig{
		Endpoint:                  c.LogEndpoint,
		AccessKeyID:               c.Key.ID,
		AccessKeySecret:           c.Key.Secret,
		Project:                   c.Project,
		Logstore:                  c.Name,
		ConsumerGroupName:         c.group,
		ConsumerName:              consumer,
		CursorPosition:            consumerLibrary.BEGIN_CURSOR,
		InOrder:                   c.inOrder,
		HeartbeatIntervalInSecond: beat,
		HeartbeatTimeoutInSecond:  silence,
		AutoCommitDisabled:        true,
		DisableRuntimeMetrics:     true,
		Logger:                    sandbox.Logger,
		HTTPClient:                &http.Client{Transport: m},
	}
	for _, change := range change {
		change(&config)
	}
	m.worker = consumerLibrary.InitConsumerWorkerWithCheckpointTracker(config,
		func(shard int, list *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
			if ids := logstore.IDs(list.LogGroups...); len(ids) > 0 {
				c.mutex.Lock()
				c.journal = append(c.journal, batch{consumer, shard, ids})
				c.mutex.Unlock()
			}
			return do(shard, list, tracker)
		})
	m.worker.Start()
	m.stop = sync.OnceFunc(func() {
		m.unplugged.Store(false)
		m.worker.StopAndWait()
	})
	c.Cleanup(m.stop)
	return m
}

// RoundTrip is the member's network, which can be unplugged.
func (m *member) RoundTrip(request *http.Request) (*http.Response, error) {
	if m.unplugged.Load() {
		return nil, errors.New("unplugged")
	}
	return http.DefaultTransport.RoundTrip(request)
}

// vanish takes the member off the network, for it to be silent until its check is over.
func (m *member) vanish() { m.unplugged.Store(true) }

// batches are those so far that `fits`.
func (c *crew) batches(fits func(batch) bool) []batch {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(c.journal), func(b batch) bool { return !fits(b) })
}

// ids are all that were handed to anybody, in order of time.
func (c *crew) ids() []string {
	return idsOf(c.batches(func(batch) bool { return true }))
}

// idsBy are the ids handed to a consumer.
func (c *crew) idsBy(consumer string) []string {
	return idsOf(c.batches(func(b batch) bool { return b.consumer == consumer }))
}

func idsOf(batches []batch) []string {
	ids := []string{}
	for _, b := range batches {
		ids = append(ids, b.ids...)
	}
	return ids
}

// await waits until every one of `ids` was handed to somebody.
func (c *crew) await(ids []string) {
	c.Soon(patience, "all logs are consumed", func() bool {
		seen := map[string]bool{}
		for _, id := range c.ids() {
			seen[id] = true
		}
		return !slices.ContainsFunc(ids, func(id string) bool { return !seen[id] })
	})
}

// exactlyOnce ends the check unless each of `ids` was handed out once, and nothing else.
func (c *crew) exactlyOnce(ids []string) {
	got, want := c.ids(), slices.Clone(ids)
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return
	}
	times := map[string]int{}
	for _, id := range got {
		times[id]++
	}
	for _, id := range want {
		c.Equal("times that "+id+" was consumed", times[id], 1)
	}
	c.Fail("more was consumed than was put: %v", got)
}

// checkpoints are the stored ones, by shard.
func (c *crew) checkpoints() map[int]string {
	listed, err := c.Client.GetCheckpoint(c.Project, c.Name, c.group)
	c.NoError("get the checkpoints", err)
	checkpoints := map[int]string{}
	for _, one := range listed {
		checkpoints[one.ShardID] = one.CheckPoint
	}
	return checkpoints
}

// awaitHolders waits until the shards that are held are shared out as `want` says, in any way.
func (c *crew) awaitHolders(want map[string]int) {
	c.Soon(patience, "the shards are shared out", func() bool {
		shards, err := c.GroupShards(c.Project, c.Name, c.group)
		c.NoError("look at the group", err)
		held := map[string]int{}
		for _, shard := range shards {
			if shard.State == "already_alloc" {
				held[shard.Holder]++
			}
		}
		return maps.Equal(held, want)
	})
}
