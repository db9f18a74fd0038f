package logservice

import (
	"slices"
	"strings"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

// group is a consumer group that a check drives by hand.
type group struct {
	*logstore.Store
	name string
}

func newGroup(t *check.T, shards, timeout int, inOrder bool) group {
	g := group{logstore.New(t, shards), "workers"}
	err := g.Client.CreateConsumerGroup(g.Project, g.Name, sls.ConsumerGroup{
		ConsumerGroupName: g.name, Timeout: timeout, InOrder: inOrder,
	})
	t.NoError("create the group", err)
	return g
}

// beat is a heartbeat of a consumer that works on `held`; it returns what the consumer is given.
func (g group) beat(consumer string, held ...int) []int {
	given, err := g.Client.HeartBeat(g.Project, g.Name, g.name, consumer, held)
	g.NoError("heartbeat of "+consumer, err)
	slices.Sort(given)
	return append([]int{}, given...)
}

func (g group) save(consumer string, shard int, cursor string, force bool) error {
	return g.Client.UpdateCheckpoint(g.Project, g.Name, g.name, consumer, shard, cursor, force)
}

// finish saves the end of a shard, as its consumer does when all of it is processed.
func (g group) finish(consumer string, shard int) {
	g.NoError("save the end", g.save(consumer, shard, g.Cursor(shard, "end"), false))
}

func groupLifecycle(t *check.T) {
	g := newGroup(t, 1, 30, false)
	list := func() []sls.ConsumerGroup {
		listed, err := g.Client.ListConsumerGroup(g.Project, g.Name)
		t.NoError("list", err)
		var groups []sls.ConsumerGroup
		for _, one := range listed {
			groups = append(groups, *one)
		}
		return groups
	}
	t.Equal("groups", list(), []sls.ConsumerGroup{{ConsumerGroupName: g.name, Timeout: 30}})
	changed := sls.ConsumerGroup{ConsumerGroupName: g.name, Timeout: 90, InOrder: true}
	t.NoError("update", g.Client.UpdateConsumerGroup(g.Project, g.Name, changed))
	t.Equal("groups after an update", list(), []sls.ConsumerGroup{changed})
	t.NoError("delete", g.Client.DeleteConsumerGroup(g.Project, g.Name, g.name))
	t.Equal("groups after the deletion", len(list()), 0)
}

func groupRefusals(t *check.T) {
	g := newGroup(t, 1, 30, false)
	again := sls.ConsumerGroup{ConsumerGroupName: g.name, Timeout: 30}
	t.LogError(g.Client.CreateConsumerGroup(g.Project, g.Name, again), 400, "ConsumerGroupAlreadyExist", "already exist")
	nameless := sls.ConsumerGroup{ConsumerGroupName: "Not A Name", Timeout: 30}
	t.LogError(g.Client.CreateConsumerGroup(g.Project, g.Name, nameless), 400, "JsonInfoInvalid", "")

	other := sls.ConsumerGroup{ConsumerGroupName: "nobody", Timeout: 30}
	t.LogError(g.Client.UpdateConsumerGroup(g.Project, g.Name, other), 404, "ConsumerGroupNotExist", "nobody")
	t.LogError(g.Client.DeleteConsumerGroup(g.Project, g.Name, "nobody"), 404, "ConsumerGroupNotExist", "nobody")
	_, err := g.Client.HeartBeat(g.Project, g.Name, "nobody", "c", nil)
	t.LogError(err, 404, "ConsumerGroupNotExist", "nobody")
	_, err = g.Client.GetCheckpoint(g.Project, g.Name, "nobody")
	t.LogError(err, 404, "ConsumerGroupNotExist", "nobody")
	t.LogError(g.Client.DeleteConsumerGroup(g.Project, g.Name, ""), 405, "InvalidMethod", "")
}

func groupQuota(t *check.T) {
	g := newGroup(t, 1, 30, false)
	for _, name := range logstore.Numbered("quota", 29) {
		t.NoError("create", g.Client.CreateConsumerGroup(g.Project, g.Name, sls.ConsumerGroup{ConsumerGroupName: name, Timeout: 9}))
	}
	err := g.Client.CreateConsumerGroup(g.Project, g.Name, sls.ConsumerGroup{ConsumerGroupName: "one-more", Timeout: 9})
	t.LogError(err, 403, "ConsumerGroupQuotaExceed", "")
}

// heartbeatBalance plays two consumers: the first has all, lets go of half, and the second gets it
// only then.
func heartbeatBalance(t *check.T) {
	g := newGroup(t, 4, 30, false)
	t.Equal("the first alone", g.beat("a"), []int{0, 1, 2, 3})
	t.Equal("the second, at first", g.beat("b"), []int{})
	kept := g.beat("a", 0, 1, 2, 3)
	t.Equal("shards that the first keeps", len(kept), 2)
	t.Equal("the second, while the first still works on all", g.beat("b"), []int{})
	t.Equal("the first, having let go", g.beat("a", kept...), kept)
	given := g.beat("b")
	t.Equal("shards that the second gets", len(given), 2)
	for _, shard := range given {
		t.True(!slices.Contains(kept, shard), "shard %d is with both", shard)
	}
}

func heartbeatExpiry(t *check.T) {
	g := newGroup(t, 2, 1, false)
	t.Equal("the first", g.beat("a"), []int{0, 1})
	t.Soon(5*time.Second, "the second gets all that the silent first had", func() bool {
		return slices.Equal(g.beat("b"), []int{0, 1})
	})
	_, err := g.Client.HeartBeat(g.Project, g.Name, g.name, "a", []int{0, 1})
	t.LogError(err, 400, "NotExistConsumerWithBody", "a")
	t.Equal("the first, coming anew", g.beat("a"), []int{})
}

func heartbeatExpelled(t *check.T) {
	g := newGroup(t, 1, 60, false)
	t.Equal("the first", g.beat("a"), []int{0})
	t.NoError("expire", t.ExpireConsumer(g.Project, g.Name, g.name, "a"))
	t.Equal("the second", g.beat("b"), []int{0})
	t.LogError(g.save("a", 0, g.Cursor(0, "end"), false), 404, "ConsumerNotExist", "a")
}

func checkpointRoundTrip(t *check.T) {
	g := newGroup(t, 2, 30, false)
	g.beat("a")
	unset := func(shard int) sls.ConsumerGroupCheckPoint { return sls.ConsumerGroupCheckPoint{ShardID: shard} }
	get := func() []sls.ConsumerGroupCheckPoint {
		listed, err := g.Client.GetCheckpoint(g.Project, g.Name, g.name)
		t.NoError("get", err)
		var checkpoints []sls.ConsumerGroupCheckPoint
		for _, one := range listed {
			checkpoints = append(checkpoints, *one)
		}
		return checkpoints
	}
	t.Equal("checkpoints before a save", get(), []sls.ConsumerGroupCheckPoint{unset(0), unset(1)})

	before := time.Now()
	cursor := g.Cursor(1, "end")
	t.NoError("save", g.save("a", 1, cursor, false))
	saved := get()
	t.Equal("the other shard", saved[0], unset(0))
	at := time.UnixMicro(saved[1].UpdateTime)
	t.True(!at.Before(before.Truncate(time.Millisecond)) && !at.After(time.Now()), "updateTime is not microseconds of now: %d", saved[1].UpdateTime)
	t.Equal("the saved one", saved[1], sls.ConsumerGroupCheckPoint{
		ShardID: 1, CheckPoint: cursor, UpdateTime: saved[1].UpdateTime, Consumer: "a",
	})
}

// checkpointFence saves for a shard that somebody else holds: refused unless forced.
func checkpointFence(t *check.T) {
	g := newGroup(t, 1, 30, false)
	cursor := g.Cursor(0, "end")
	t.Equal("the holder", g.beat("a"), []int{0})
	t.Equal("the other", g.beat("b"), []int{})
	t.LogError(g.save("b", 0, cursor, false), 400, "ConsumerNotMatch", "b")
	t.LogError(g.save("nobody", 0, cursor, false), 404, "ConsumerNotExist", "nobody")
	t.LogError(g.save("a", 5, cursor, false), 404, "ShardNotExist", "5")
	t.LogError(g.save("a", 0, "not base64!", false), 400, "InvalidShardCheckPoint", "")
	t.NoError("force", g.save("b", 0, cursor, true))
	stored, err := g.Client.GetCheckpoint(g.Project, g.Name, g.name)
	t.NoError("get", err)
	t.Equal("checkpoint", stored[0].CheckPoint, cursor)
}

// groupOrder has children of a split wait until their parent is read to its end.
func groupOrder(t *check.T) {
	g := newGroup(t, 1, 30, true)
	t.Equal("before the split", g.beat("a"), []int{0})
	g.Put("", "one")
	left, right := g.Split(0)
	t.Equal("while the parent has logs left", g.beat("a", 0), []int{0})
	g.finish("a", 0)
	t.Equal("once it is finished", g.beat("a"), []int{left, right})
}

// groupOrderOff releases the children that wait when the group stops minding order.
func groupOrderOff(t *check.T) {
	g := newGroup(t, 1, 30, true)
	left, right := g.Split(0)
	g.Put("", "one")
	t.Equal("in order", g.beat("a"), []int{0})
	err := g.Client.UpdateConsumerGroup(g.Project, g.Name, sls.ConsumerGroup{ConsumerGroupName: g.name, Timeout: 30})
	t.NoError("update", err)
	t.Equal("in any order", g.beat("a", 0), []int{0, left, right})
}

// groupStates shows each of the five states of a shard.
func groupStates(t *check.T) {
	g := newGroup(t, 1, 30, true)
	states := func() string {
		shards, err := t.GroupShards(g.Project, g.Name, g.name)
		t.NoError("look at the group", err)
		var states []string
		for _, shard := range shards {
			states = append(states, shard.State)
		}
		return strings.Join(states, " ")
	}
	t.Equal("nobody has come", states(), "not_alloc")
	g.beat("a")
	t.Equal("one has it", states(), "already_alloc")
	left, right := g.Split(0)
	t.Equal("its children wait", states(), "already_alloc wait wait")
	g.finish("a", 0)
	t.Equal("it is over", g.beat("a"), []int{left, right})
	t.Equal("and its children are held", states(), "over already_alloc already_alloc")
	g.beat("b")
	g.beat("a", left, right)
	changed := states()
	t.True(strings.Count(changed, "transfer") == 1, "one of two shards should be on its way to the second: %s", changed)
}
