"""Shards: listed, split, merged, deleted."""

import scratch
from harness import check, equal, log_refuses

FIRST, LAST = "0" * 32, "f" * 32
HALF = "8" + "0" * 31


def ranges(shards):
    return {
        shard["shardID"]: (shard["status"], shard["inclusiveBeginKey"], shard["exclusiveEndKey"])
        for shard in shards
    }


@check
def shards_list():
    """The shards of a logstore cover all keys, in order, evenly."""
    with scratch.logstore(shards=4) as store:
        quarters = [FIRST, "4" + "0" * 31, HALF, "c" + "0" * 31, LAST]
        expected = {id: ("readwrite", quarters[id], quarters[id + 1]) for id in range(4)}
        equal(ranges(store.shards()), expected)
        assert all(shard["createTime"] > 1.7e9 for shard in store.shards())


@check
def shard_split():
    """A split answers the old shard, now readonly, and two new ones that meet at the key."""
    with scratch.logstore() as store:
        key = "3" + "0" * 31
        answer = store.client.split_shard(*store.place, 0, key).get_shards_info()
        equal([shard["shardID"] for shard in answer], [0, 1, 2])
        equal(
            ranges(answer),
            {
                0: ("readonly", FIRST, LAST),
                1: ("readwrite", FIRST, key),
                2: ("readwrite", key, LAST),
            },
        )
        equal(ranges(store.shards()), ranges(answer))


@check
def shard_split_refusals():
    """A split needs a key inside a readwrite shard."""
    with scratch.logstore(shards=2) as store:
        split = lambda id, key: store.client.split_shard(*store.place, id, key)
        for key in [FIRST, HALF, LAST, "8" * 31, "x" * 32]:
            log_refuses(400, "ParameterInvalid", "invalid mid hash", split, 0, key)
        log_refuses(404, "ShardNotExist", "shard 9 does not exist", split, 9, HALF)
        split(0, "4" + "0" * 31)
        log_refuses(400, "ParameterInvalid", None, split, 0, "2" + "0" * 31)


@check
def shard_split_moves_puts():
    """After a split puts go to the children; the parent keeps what it had and can be read."""
    with scratch.logstore() as store:
        store.put({"id": "before"}, hashKey=FIRST)
        store.client.split_shard(*store.place, 0, HALF)
        store.put({"id": "low"}, hashKey=FIRST)
        store.put({"id": "high"}, hashKey=HALF)
        equal([store.ids(shard) for shard in range(3)], [["before"], ["low"], ["high"]])


@check
def shard_merge():
    """A merge makes a shard and its right neighbour readonly, and one new shard of both ranges."""
    with scratch.logstore(shards=2) as store:
        answer = store.client.merge_shard(*store.place, 0).get_shards_info()
        equal(
            ranges(answer),
            {
                0: ("readonly", FIRST, HALF),
                1: ("readonly", HALF, LAST),
                2: ("readwrite", FIRST, LAST),
            },
        )
        store.put({"id": "a"}, hashKey=LAST)
        equal(store.ids(2), ["a"])


@check
def shard_merge_refusals():
    """The last shard has no right neighbour, a readonly one cannot merge."""
    with scratch.logstore(shards=2) as store:
        merge = lambda id: store.client.merge_shard(*store.place, id)
        log_refuses(400, "ParameterInvalid", None, merge, 1)
        log_refuses(404, "ShardNotExist", "shard 4 does not exist", merge, 4)
        merge(0)
        log_refuses(400, "ParameterInvalid", None, merge, 0)


@check
def shard_delete():
    """A readonly shard can be deleted, a readwrite one cannot."""
    with scratch.logstore() as store:
        delete = lambda id: store.client.delete_shard(*store.place, id)
        log_refuses(400, "ParameterInvalid", None, delete, 0)
        store.client.split_shard(*store.place, 0, HALF)
        delete(0)
        equal(sorted(ranges(store.shards())), [1, 2])
        log_refuses(404, "ShardNotExist", "shard 0 does not exist", store.begin, 0)


@check
def shard_arrange():
    """The SDK's own helper splits a logstore until it has as many readwrite shards as asked."""
    with scratch.logstore() as store:
        store.client.arrange_shard(*store.place, 4)
        statuses = [shard["status"] for shard in store.shards()]
        equal(statuses.count("readwrite"), 4)
