package consumers

import (
	"slices"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumerLibrary "github.com/aliyun/aliyun-log-go-sdk/consumer"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

// sharing has a second member join and leave while logs go on coming: each is consumed once.
func sharing(t *check.T) {
	c := newCrew(logstore.New(t, 4), false)
	var ids []string
	put := func(prefix string) {
		for _, id := range logstore.Numbered(prefix, 20) {
			c.Put("", id)
			ids = append(ids, id)
			time.Sleep(10 * time.Millisecond)
		}
	}
	put("alone")
	c.join("a", save)
	c.awaitHolders(map[string]int{"a": 4})
	b := c.join("b", save)
	put("handing-over")
	c.awaitHolders(map[string]int{"a": 2, "b": 2})
	put("shared")
	c.await(ids)
	t.True(len(c.idsBy("b")) > 0, "the second member got nothing")
	b.stop()
	put("left")
	c.awaitHolders(map[string]int{"a": 4})
	c.await(ids)
	c.exactlyOnce(ids)
}

// takeover has one of two members vanish: the other goes on with its shards from the checkpoints.
func takeover(t *check.T) {
	c := newCrew(logstore.New(t, 4), true)
	early, late := logstore.Numbered("early", 40), logstore.Numbered("late", 40)
	lost := c.join("lost", save)
	c.join("left", save)
	c.awaitHolders(map[string]int{"lost": 2, "left": 2})
	for _, id := range early {
		c.Put("", id)
	}
	c.await(early)
	t.True(len(c.idsBy("lost")) > 0, "the first member got nothing")
	t.Soon(patience, "all checkpoints stand at the ends", func() bool {
		checkpoints := c.checkpoints()
		for shard := range 4 {
			if checkpoints[shard] != c.Cursor(shard, "end") {
				return false
			}
		}
		return true
	})
	lost.vanish()
	for _, id := range late {
		c.Put("", id)
	}
	c.await(late)
	c.exactlyOnce(slices.Concat(early, late))
	t.True(!slices.ContainsFunc(late, func(id string) bool { return !slices.Contains(c.idsBy("left"), id) }),
		"what came late was not all consumed by the member that is left")
	c.awaitHolders(map[string]int{"left": 4})
}

// slowly gives a split or a merge time to happen before a shard is read to its end.
func slowly(shard int, list *sls.LogGroupList, tracker consumerLibrary.CheckPointTracker) (string, error) {
	time.Sleep(20 * time.Millisecond)
	return save(shard, list, tracker)
}

// hashKeys lie one in each quarter of the range.
var hashKeys = map[string]string{
	"a": "10000000000000000000000000000000",
	"b": "50000000000000000000000000000000",
	"c": "90000000000000000000000000000000",
	"d": "d0000000000000000000000000000000",
}

// orderKept puts a sequence for every hash key, `reshape`s the logstore twice meanwhile, and shows
// that two members of an ordered group consume each sequence in order, nothing twice.
func orderKept(t *check.T, shards int, reshape ...func(*logstore.Store)) {
	c := newCrew(logstore.New(t, shards), true)
	sequences := map[string][]string{}
	var ids []string
	for phase := range len(reshape) + 1 {
		if phase > 0 {
			reshape[phase-1](c.Store)
		}
		for place := range 10 {
			for name, key := range hashKeys {
				id := logstore.Numbered(name, 10*(phase+1))[10*phase+place]
				c.Put(key, id)
				sequences[name] = append(sequences[name], id)
				ids = append(ids, id)
			}
		}
		if phase == 0 {
			c.join("x", slowly, oneGroupAtATime)
			c.join("y", slowly, oneGroupAtATime)
		}
	}
	c.await(ids)
	c.exactlyOnce(ids)
	for name, sequence := range sequences {
		got := slices.DeleteFunc(c.ids(), func(id string) bool { return id[:1] != name })
		t.Equal("sequence of "+name, got, sequence)
	}
}

func splitOrder(t *check.T) {
	orderKept(t, 1,
		func(s *logstore.Store) { s.Split(0) },
		func(s *logstore.Store) { s.Split(1) },
	)
}

func mergeOrder(t *check.T) {
	merge := func(shard int) func(*logstore.Store) {
		return func(s *logstore.Store) {
			_, err := s.Client.MergeShards(s.Project, s.Name, shard)
			s.NoError("merge", err)
		}
	}
	orderKept(t, 2, merge(0), func(s *logstore.Store) { s.Split(2) })
}

// emptyShard is split before anything was put: its children do not wait for ever.
func emptyShard(t *check.T) {
	c := newCrew(logstore.New(t, 1), true)
	left, right := c.Split(0)
	c.Put(hashKeys["a"], "to the left")
	c.Put(hashKeys["d"], "to the right")
	c.join("only", save)
	c.await([]string{"to the left", "to the right"})
	t.Equal("the empty shard's checkpoint", c.checkpoints()[0], c.Cursor(0, "end"))
	t.Soon(patience, "the children are read to their ends", func() bool {
		checkpoints := c.checkpoints()
		return checkpoints[left] == c.Cursor(left, "end") && checkpoints[right] == c.Cursor(right, "end")
	})
}

// idleShard is read to its end, and its checkpoint saved, before it is split: the library does not
// save the same checkpoint again, and the children start all the same.
func idleShard(t *check.T) {
	c := newCrew(logstore.New(t, 1), true)
	c.Put("", "one")
	c.join("only", save)
	c.await([]string{"one"})
	t.Soon(patience, "the checkpoint stands at the end", func() bool { return c.checkpoints()[0] == c.Cursor(0, "end") })
	c.Split(0)
	c.Put("", "two")
	c.await([]string{"two"})
	c.exactlyOnce([]string{"one", "two"})
}
