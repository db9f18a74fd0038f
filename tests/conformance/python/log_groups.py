"""Consumer groups as calls: the groups themselves, heartbeats, checkpoints."""

import contextlib
import time

import scratch
from harness import check, equal, log_refuses, until
from scratch import cursor_number, cursor_text

HALF = "8" + "0" * 31


class Group:
    """A consumer group of a scratch logstore."""

    def __init__(self, store, name, timeout, order):
        self.store = store
        self.client = store.client
        self.place = (*store.place, name)
        self.client.create_consumer_group(*self.place, timeout, order)

    def heartbeat(self, consumer, *held):
        return self.client.heart_beat(*self.place, consumer, list(held)).get_shards()

    def save(self, shard, cursor, consumer="", force=True):
        self.client.update_check_point(*self.place, shard, cursor, consumer, force)

    def checkpoints(self, shard=-1):
        answer = self.client.get_check_point(*self.place, shard)
        return answer.get_consumer_group_check_points()

    def checkpoint(self, shard):
        [entry] = self.checkpoints(shard)
        return entry["checkpoint"]


@contextlib.contextmanager
def group(shards=1, timeout=60, order=False):
    with scratch.logstore(shards) as store:
        yield Group(store, "group", timeout, order)


def listed(store):
    groups = store.client.list_consumer_group(*store.place).get_consumer_groups()
    return {g.get_consumer_group_name(): (g.get_timeout(), g.is_in_order()) for g in groups}


@check
def group_create_and_list():
    """Groups are listed by name with timeout and order."""
    with scratch.logstore() as store:
        equal(listed(store), {})
        store.client.create_consumer_group(*store.place, "one", 30)
        store.client.create_consumer_group(*store.place, "two_2-b", 60, True)
        equal(listed(store), {"one": (30, False), "two_2-b": (60, True)})


@check
def group_update():
    """Timeout and order are changed together or one at a time."""
    with group() as g:
        update = g.client.update_consumer_group
        update(*g.place, timeout=5)
        equal(listed(g.store), {"group": (5, False)})
        update(*g.place, in_order=True)
        equal(listed(g.store), {"group": (5, True)})
        update(*g.place, 9, False)
        equal(listed(g.store), {"group": (9, False)})


@check
def group_delete():
    """A deleted group is gone, with its checkpoints."""
    with group() as g:
        g.save(0, g.store.begin())
        g.client.delete_consumer_group(*g.place)
        equal(listed(g.store), {})
        g.client.create_consumer_group(*g.place, 60)
        equal(g.checkpoint(0), "")


@check
def group_already_exists():
    """A second group of the same name is refused."""
    with group() as g:
        create = g.client.create_consumer_group
        log_refuses(400, "ConsumerGroupAlreadyExist", None, create, *g.place, 60)


@check
def group_missing():
    """Every call about a group that is not there is refused with 404."""
    with scratch.logstore() as store:
        client, place = store.client, (*store.place, "none")
        for call in [
            lambda: client.update_consumer_group(*place, 10),
            lambda: client.delete_consumer_group(*place),
            lambda: client.heart_beat(*place, "consumer", []),
            lambda: client.get_check_point(*place),
            lambda: client.get_check_point(*place, 0),
            lambda: client.update_check_point(*place, 0, store.begin()),
        ]:
            message = "consumer group none does not exist"
            log_refuses(404, "ConsumerGroupNotExist", message, call)


@check
def group_bad_settings():
    """A name that breaks the rule, or a timeout that is none, is refused."""
    with scratch.logstore() as store:
        create = store.client.create_consumer_group
        for name, timeout in [
            ("", 10),
            ("a", 10),
            ("Upper", 10),
            ("-a", 10),
            ("a" * 64, 10),
            ("good", 0),
            ("good", -5),
            ("good", "ten"),
        ]:
            log_refuses(400, "JsonInfoInvalid", None, create, *store.place, name, timeout)
        equal(listed(store), {})


@check
def group_without_name():
    """A call with an empty group name gives 405 InvalidMethod."""
    with scratch.logstore() as store:
        call = store.client.get_check_point
        log_refuses(405, "InvalidMethod", None, call, *store.place, "")


@check
def group_quota():
    """A logstore has at most 30 groups."""
    with scratch.logstore() as store:
        for number in range(30):
            store.client.create_consumer_group(*store.place, f"group-{number}", 10)
        create = store.client.create_consumer_group
        log_refuses(403, "ConsumerGroupQuotaExceed", None, create, *store.place, "one-more", 10)


@check
def heartbeat_gives_everything_to_one():
    """The first consumer is given every shard, and keeps them."""
    with group(shards=4) as g:
        equal(g.heartbeat("a"), [0, 1, 2, 3])
        equal(g.heartbeat("a", 0, 1, 2, 3), [0, 1, 2, 3])


@check
def heartbeat_hands_over():
    """A shard for a newcomer is taken from its holder, and given on once the holder let go."""
    with group(shards=4) as g:
        g.heartbeat("a")
        equal(g.heartbeat("b"), [])
        kept = g.heartbeat("a", 0, 1, 2, 3)
        equal(len(kept), 2)
        equal(g.heartbeat("b"), [])
        equal(g.heartbeat("a", *kept), kept)
        given = g.heartbeat("b")
        equal(sorted(kept + given), [0, 1, 2, 3])


@check
def heartbeat_waits_for_the_holder():
    """While the holder still lists a shard that it was told to drop, nobody else gets it."""
    with group(shards=2) as g:
        g.heartbeat("a")
        g.heartbeat("b")
        for _ in range(3):
            equal(len(g.heartbeat("a", 0, 1)), 1)
            equal(g.heartbeat("b"), [])


@check
def heartbeat_of_a_vanished_heir():
    """A shard on its way to a consumer that vanishes goes back to its holder."""
    with group(shards=2) as g:
        g.heartbeat("a")
        g.heartbeat("b")
        equal(len(g.heartbeat("a", 0, 1)), 1)
        g.store.steer("POST", "/consumergroups/group/expire?consumer=b")
        equal(g.heartbeat("a", 0, 1), [0, 1])


@check
def heartbeat_balances():
    """Three consumers over eight shards differ by at most one; no shard has two holders."""
    with group(shards=8) as g:
        held = {"a": [], "b": [], "c": []}
        for _ in range(6):
            for consumer, shards in held.items():
                given = g.heartbeat(consumer, *shards)
                others = [s for c, shards in held.items() if c != consumer for s in shards]
                assert not set(given) & set(others), f"{given} are not all free"
                held[consumer] = given
        equal(sorted(map(len, held.values())), [2, 3, 3])
        equal(sorted(sum(held.values(), [])), list(range(8)))


@check
def heartbeat_of_a_stranger():
    """A heartbeat that lists shards, from a consumer the group does not know, is refused."""
    with group() as g:
        beat = g.heartbeat
        log_refuses(400, "NotExistConsumerWithBody", None, beat, "stranger", 0)
        equal(g.heartbeat("stranger"), [0])


@check
def heartbeat_timeout():
    """A consumer that is silent for the timeout loses its shards, and is a stranger then."""
    with group(timeout=2) as g:
        equal(g.heartbeat("a"), [0])
        time.sleep(1)
        equal(g.heartbeat("b"), [])
        time.sleep(1.2)
        equal(g.heartbeat("b"), [0])
        log_refuses(400, "NotExistConsumerWithBody", None, g.heartbeat, "a", 0)


@check
def heartbeat_bad_body():
    """A heartbeat that is no list of shard numbers is refused."""
    with group() as g:
        log_refuses(400, "JsonInfoInvalid", None, g.heartbeat, "a", "first")


@check
def heartbeat_any_consumer_name():
    """Consumer names are free text, percent-encoded in the query and signed so."""
    with group() as g:
        for name in ["größe 1+2", "a/b?c=d&e", "100%", "~tilde*"]:
            equal(g.heartbeat(name), [0])
            g.save(0, g.store.begin(), name, force=False)
            equal(g.checkpoints(0)[0]["consumer"], name)
            g.store.steer("POST", f"/consumergroups/group/expire?consumer={scratch.quoted(name)}")


@check
def checkpoint_of_every_shard():
    """Every shard has an entry, with an empty checkpoint where none was saved."""
    with group(shards=3) as g:
        g.save(1, g.store.begin(1), "me")
        entries = {entry["shard"]: entry for entry in g.checkpoints()}
        equal(
            {shard: entry["checkpoint"] for shard, entry in entries.items()},
            {0: "", 1: g.store.begin(1), 2: ""},
        )
        equal(entries[1]["consumer"], "me")
        age = time.time() - entries[1]["updateTime"] / 1e6
        assert -1 < age < 60, f"updateTime is not in microseconds: {entries[1]['updateTime']}"


@check
def checkpoint_of_one_shard():
    """Asked for one shard, the answer has that entry alone; none for a shard that is not there."""
    with group(shards=2) as g:
        g.save(1, g.store.begin(1))
        equal([entry["shard"] for entry in g.checkpoints(1)], [1])
        equal(g.checkpoint(0), "")
        equal(g.checkpoints(9), [])


@check
def checkpoint_forced():
    """With force anybody may save, forwards and backwards."""
    with group() as g:
        g.store.put_ids("abc")
        g.heartbeat("holder")
        for cursor in [g.store.end(), g.store.begin()]:
            g.save(0, cursor, "somebody")
            equal(g.checkpoint(0), cursor)
            g.save(0, g.store.end())


@check
def checkpoint_of_the_holder():
    """Without force the holder may save; others know it by ConsumerNotMatch."""
    with group(shards=2) as g:
        g.heartbeat("a")
        g.heartbeat("b")
        [kept] = g.heartbeat("a", 0, 1)
        g.heartbeat("a", kept)
        [given] = g.heartbeat("b")
        g.save(kept, g.store.end(kept), "a", force=False)
        g.save(given, g.store.end(given), "b", force=False)
        save = g.save
        log_refuses(400, "ConsumerNotMatch", None, save, given, g.store.begin(given), "a", False)
        equal(g.checkpoints(given)[0]["consumer"], "b")


@check
def checkpoint_of_a_stranger():
    """Without force a consumer that the group does not know is refused with ConsumerNotExist."""
    with group() as g:
        message = "consumer nobody does not exist"
        save = g.save
        log_refuses(404, "ConsumerNotExist", message, save, 0, g.store.begin(), "nobody", False)


@check
def checkpoint_of_missing_shard():
    """A checkpoint for a shard that is not there is refused with 404."""
    with group() as g:
        log_refuses(404, "ShardNotExist", "shard 3 does not exist", g.save, 3, g.store.begin())


@check
def checkpoint_not_base64():
    """A checkpoint that is not base64 is refused."""
    with group() as g:
        for text in ["", "not base64", "MTI"]:
            log_refuses(400, "InvalidShardCheckPoint", None, g.save, 0, text)
        equal(g.checkpoint(0), "")


@check
def checkpoint_with_time():
    """The SDK's fixed view adds the time of the group before each checkpoint."""
    with group() as g:
        g.store.put_ids("ab")
        received = g.client.get_cursor_time(*g.store.place, 0, g.store.begin()).get_cursor_time()
        for cursor in [g.store.end(), g.store.begin()]:
            g.save(0, cursor)
            fixed = g.client.get_check_point_fixed(*g.place)
            [entry] = fixed.get_consumer_group_check_points()
            assert 0 <= entry["checkpoint_previous_cursor_time"] - received <= 1


def state(g, shard):
    """The state of a shard in the group, as the sandbox itself sees it."""
    groups = g.store.steer("GET", "")["consumer_groups"]
    [found] = [each for each in groups if each["name"] == "group"]
    [found] = [each for each in found["shards"] if each["id"] == shard]
    return found["state"]


@check
def order_children_wait():
    """order=true: children are given out once the end of their parent is saved, not before."""
    with group(order=True) as g:
        g.store.put_ids("ab")
        equal(g.heartbeat("a"), [0])
        g.client.split_shard(*g.store.place, 0, HALF)
        equal(g.heartbeat("a", 0), [0])
        middle = cursor_text(cursor_number(g.store.end()) - 1)
        g.save(0, middle, "a")
        equal(g.heartbeat("a", 0), [0])
        g.save(0, g.store.end(), "a")
        equal(g.heartbeat("a", 0), [1, 2])


@check
def order_grandchildren_wait():
    """order=true: a grandchild waits for every ancestor, also through a merge."""
    with group(shards=2, order=True) as g:
        g.heartbeat("a")
        g.client.merge_shard(*g.store.place, 0)
        g.client.split_shard(*g.store.place, 2, HALF)
        equal(g.heartbeat("a", 0, 1), [0, 1])
        g.save(0, g.store.end(0), "a")
        equal(g.heartbeat("a", 1), [1])
        g.save(1, g.store.end(1), "a")
        equal(g.heartbeat("a"), [2])
        g.save(2, g.store.end(2), "a")
        equal(g.heartbeat("a"), [3, 4])


@check
def order_off_children_at_once():
    """order=false: children are given out beside their parent."""
    with group(order=False) as g:
        g.heartbeat("a")
        g.client.split_shard(*g.store.place, 0, HALF)
        equal(g.heartbeat("a", 0), [0, 1, 2])


@check
def order_released():
    """order true to false releases waiting shards; false to true leaves consumed ones alone."""
    with group(order=True) as g:
        g.heartbeat("a")
        g.client.split_shard(*g.store.place, 0, HALF)
        equal(g.heartbeat("a", 0), [0])
        g.client.update_consumer_group(*g.place, in_order=False)
        equal(g.heartbeat("a", 0), [0, 1, 2])
        g.client.update_consumer_group(*g.place, in_order=True)
        equal(g.heartbeat("a", 0, 1, 2), [0, 1, 2])


@check
def finished_shard_is_over():
    """A finished readonly shard is given to nobody; a forced earlier checkpoint revives it."""
    with group() as g:
        g.store.put_ids("ab")
        g.heartbeat("a")
        g.client.split_shard(*g.store.place, 0, HALF)
        g.save(0, g.store.end(), "a")
        equal(sorted(g.heartbeat("b") + g.heartbeat("a")), [1, 2])
        g.save(0, g.store.begin())
        everything = lambda: sorted(g.heartbeat("a", 1, 2) + g.heartbeat("b", 1, 2)) == [0, 1, 2]
        until(everything, "the shard is given out again", 5)


@check
def five_states():
    """A shard goes through wait, not_alloc, already_alloc, transfer and over."""
    with group(order=True) as g:
        equal(state(g, 0), "not_alloc")
        g.heartbeat("a")
        equal(state(g, 0), "already_alloc")
        g.client.split_shard(*g.store.place, 0, HALF)
        equal((state(g, 1), state(g, 2)), ("wait", "wait"))
        g.save(0, g.store.end(), "a")
        equal([state(g, shard) for shard in range(3)], ["over", "not_alloc", "not_alloc"])
        equal(g.heartbeat("a"), [1, 2])
        g.heartbeat("b")
        equal(sorted(state(g, shard) for shard in (1, 2)), ["already_alloc", "transfer"])
