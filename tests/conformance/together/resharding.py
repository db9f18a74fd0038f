"""Shards split and merge while four languages read them in order."""

import collections

import sandbox
from harness import check, equal, eventually, expect, for_each, story
from members import MEMBERS
from stage import Stage


@story("order_kept_across_split", "order_kept_across_merge", "resharding_loses_nothing", "five_states_of_shards")
def resharding():
    """Two hash keys a shard, so that the logs of one key move with it to a child."""
    with Stage(shards=4, keys=8) as stage:
        stage.join(*MEMBERS)
        stage.until_even()
        stage.feed.flow()
        with check("order_kept_across_split"):
            reshard(stage, [0], lambda: sandbox.split(stage.logstore, 0), children=2)
        with check("order_kept_across_merge"):
            reshard(stage, [2, 3], lambda: sandbox.merge(stage.logstore, 2), children=1)
        stage.feed.rest()
        stage.until_consumed()
        for name in MEMBERS:
            stage.stop(name)
            sandbox.expire(stage.logstore, name)
        with check("resharding_loses_nothing"):
            stage.nothing_lost()
            stage.repeats_only_after_kills()
            stage.order_kept()
            stage.one_holder_at_a_time()
        with check("five_states_of_shards"):
            five_states(stage)


def reshard(stage, parents, act, children):
    """Splits or merges while the parents hold logs that nobody has read."""
    with stage.frozen():
        ends = {shard: stage.view().shards[shard].end for shard in parents}
        stage.feed.put()
        eventually(
            lambda: all(stage.view().shards[shard].end > end for shard, end in ends.items()), 10, "logs in the parents"
        )
        born = act()
        stage.look()
    equal(len(born), children, "children")
    eventually(
        lambda: all(work_on(stage.view(), shard) for shard in born), 20, lambda: f"work on the children {born}"
    )
    stage.until_even()

    views = [view for view in stage.views if set(born) <= view.group.keys()]
    waiting = [view for view in views if any(view.group[parent].state != "over" for parent in parents)]
    for view in waiting:
        equal({view.group[child].state for child in born}, {"wait"}, "states of children whose parents are not over")

    given, _ = stage.given()
    last = max(each.at for each in given if each.shard in parents)
    first = min(each.at for each in given if each.shard in born)
    expect(last < first, f"a child was read {last - first:.3f} s before its parents were finished")
    keys_in_order(given)


def work_on(view, shard):
    return view.group[shard].position > view.shards[shard].begin


def keys_in_order(given):
    """The logs of one hash key come in the order in which they were put, whatever shard has the key."""
    numbers = collections.defaultdict(list)
    for each in given:
        for id in each.ids:
            key, number = id.split("-")
            numbers[key].append(int(number))
    for key, found in numbers.items():
        equal(found, sorted(found), f"logs of the hash key {key}")


def five_states(stage):
    """All five are seen, in an order that makes sense, and a shard on its way has a holder and a next one."""
    eventually(lambda: not stage.view().consumers, 10, "nobody in the group")
    stage.look()
    seen = set()
    before = {}
    for view in stage.views:
        for shard, holding in view.group.items():
            seen.add(holding.state)
            if before.get(shard) == "over":
                equal(holding.state, "over", f"state of shard {shard} after it was over")
            if holding.state == "wait":
                expect(before.get(shard) in (None, "wait"), f"shard {shard} waits after it was {before.get(shard)}")
            if holding.state == "transfer":
                expect(holding.holder and holding.next and holding.holder != holding.next, f"on its way: {holding}")
            before[shard] = holding.state
    equal(seen, {"wait", "not_alloc", "already_alloc", "transfer", "over"}, "states seen")


@for_each(MEMBERS)
def drained_shard_split_under(member):
    """A shard is split when all of it has been read. No library sends a checkpoint again that has not
    moved, so it is the service that has to see that the children may start."""
    other = "go" if member != "go" else "shipper"
    with Stage(shards=1, keys=2) as stage:
        stage.join(member)
        stage.feed.put(10)
        stage.until_consumed()
        sandbox.split(stage.logstore, 0)
        stage.join(other)
        stage.until_even()
        equal(stage.view().shares(), {member: 1, other: 1}, "children of each")
        equal(stage.view().group[0].state, "over", "state of their parent")
        stage.feed.put(10)
        stage.until_consumed()
        stage.nothing_lost()
        stage.repeats_only_after_kills()
        keys_in_order(stage.given()[0])
