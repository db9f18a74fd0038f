"""The SDK's ConsumerWorker against the service's groups: whole runs, in real time."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from aliyun.log.consumer import (
    ConsumerJsonProcessorBase,
    ConsumerProcessorAdaptor,
    ConsumerProcessorBase,
    ConsumerWorker,
    CursorPosition,
    LogHubConfig,
)

import environment
import scratch
from harness import check, equal, until

HALF = "8" + "0" * 31
LOW, HIGH = "0" * 32, "f" * 32
PEER = pathlib.Path(__file__).with_name("peer")


class Diary:
    """What processors were given, in order: (consumer, shard, id)."""

    def __init__(self):
        self.lines = []
        self.lock = threading.Lock()

    def note(self, consumer, shard, ids):
        with self.lock:
            self.lines += [(consumer, shard, id) for id in ids]

    def ids(self, *, shard=None, consumer=None):
        with self.lock:
            return [
                id for by, of, id in self.lines if shard in (None, of) and consumer in (None, by)
            ]


def ids_of(log_groups):
    return [
        content.Value
        for group in log_groups.LogGroups
        for log in group.Logs
        for content in log.Contents
        if content.Key == "id"
    ]


class Noting(ConsumerProcessorBase):
    """Notes its batches, saving a checkpoint after each."""

    def __init__(self, diary, consumer):
        super().__init__()
        self.diary = diary
        self.consumer = consumer

    def process(self, log_groups, check_point_tracker):
        self.diary.note(self.consumer, self.shard_id, ids_of(log_groups))
        check_point_tracker.save_check_point(True)


def config(store, consumer, **options):
    options = {
        "cursor_position": CursorPosition.BEGIN_CURSOR,
        "heartbeat_interval": 1,
        "data_fetch_interval": 0.1,
    } | options
    return LogHubConfig(
        environment.LOG_ENDPOINT,
        environment.KEY_ID,
        environment.KEY_SECRET,
        *store.place,
        "group",
        consumer,
        **options,
    )


@contextlib.contextmanager
def worker(store, diary, consumer="one", make=Noting, timeout=4, **options):
    """A worker that runs for the body of the `with`, and has ended after it."""
    chosen = config(store, consumer, **options)
    chosen.consumer_group_time_out = timeout
    running = ConsumerWorker(make, chosen, args=(diary, consumer))
    running.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.join(20)
        assert not running.is_alive(), "the worker does not end"


def checkpoint(store, shard=0):
    [entry] = store.client.get_check_point(
        *store.place, "group", shard
    ).get_consumer_group_check_points()
    return entry["checkpoint"]


def arrived(diary, ids, seconds=20, **which):
    expected = sorted(map(str, ids))
    until(lambda: sorted(diary.ids(**which)) == expected, f"{len(expected)} logs arrive", seconds)


@check
def worker_whole_run():
    """A worker creates its group, consumes every shard in order, and saves where it stopped."""
    with scratch.logstore(shards=2) as store:
        diary = Diary()
        store.put_ids(range(20), hashKey=LOW)
        store.put_ids(range(20, 40), hashKey=HIGH)
        with worker(store, diary):
            arrived(diary, range(40))
            store.put_ids(range(40, 50), hashKey=LOW)
            arrived(diary, range(50))
        equal(diary.ids(shard=0), list(map(str, [*range(20), *range(40, 50)])))
        equal(diary.ids(shard=1), list(map(str, range(20, 40))))
        equal([checkpoint(store, shard) for shard in (0, 1)], [store.end(0), store.end(1)])
        [group] = store.client.list_consumer_group(*store.place).get_consumer_groups()
        equal((group.get_consumer_group_name(), group.get_timeout()), ("group", 4))


@check
def worker_goes_on_where_it_stopped():
    """A second run starts at the stored checkpoint: nothing is lost, nothing comes twice."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids(range(5))
        with worker(store, diary):
            arrived(diary, range(5))
        store.put_ids(range(5, 9))
        with worker(store, diary):
            arrived(diary, range(9))
        equal(diary.ids(), list(map(str, range(9))))


@check
def worker_honours_foreign_checkpoint():
    """A checkpoint that somebody else saved decides where a worker begins."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids(range(6))
        store.client.create_consumer_group(*store.place, "group", 10)
        after_four = store.pull(count=4).get_next_cursor()
        store.client.update_check_point(*store.place, "group", 0, after_four)
        with worker(store, diary):
            arrived(diary, [4, 5])


@check
def worker_from_end():
    """Without a checkpoint, END_CURSOR skips what is there."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids("abc")
        with worker(store, diary, cursor_position=CursorPosition.END_CURSOR) as running:
            ready = lambda: (
                0 in running.shard_consumers and running.shard_consumers[0].next_fetch_cursor
            )
            until(ready, "the worker has its shard")
            store.put_ids("de")
            arrived(diary, "de")


@check
def worker_from_time():
    """Without a checkpoint, a start time skips what was received before."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids("abc")
        time.sleep(1.2 - time.time() % 1)
        start = time.strftime("%Y-%m-%d %H:%M:%S+0:00", time.gmtime())
        store.put_ids("de")
        # Of the running second, or of the future, the cursor is the end.
        time.sleep(1.2 - time.time() % 1)
        position = CursorPosition.SPECIAL_TIMER_CURSOR
        with worker(store, diary, cursor_position=position, cursor_start_time=start):
            arrived(diary, "de")


@check
def worker_until_end_time():
    """A worker with an end time stops by itself once it is there."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids("abc")
        with worker(store, diary, timeout=1, cursor_end_time="end") as running:
            arrived(diary, "abc")
            store.put_ids("d")
            until(lambda: not running.is_alive(), "the worker ends by itself", 30)
        equal(diary.ids(), list("abc"))


class Flat(ConsumerJsonProcessorBase):
    def __init__(self, diary, consumer):
        super().__init__()
        self.diary = diary
        self.consumer = consumer

    def process(self, flattern_json_list, check_point_tracker):
        self.diary.note(self.consumer, self.shard_id, flattern_json_list)
        check_point_tracker.save_check_point(True)


@check
def worker_flat_logs():
    """The processor of flat logs is given maps with time, topic, source, tags and contents."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put({"a": "b"}, topic="t", source="s", logtags=[("x", "y")])
        with worker(store, diary, make=Flat):
            until(diary.ids, "the log arrives")
        [log] = diary.ids()
        equal((log["a"], log["__topic__"], log["__source__"]), ("b", "t", "s"))
        equal((log["__tag__:x"], log["__time__"]), ("y", 1700000000))


@check
def worker_with_a_function():
    """The adaptor for a plain function saves by itself, unless the function says no."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids("ab")

        def adaptor(diary, consumer):
            def function(shard, log_groups):
                diary.note(consumer, shard, ids_of(log_groups))

            return ConsumerProcessorAdaptor(function)

        with worker(store, diary, make=adaptor):
            arrived(diary, "ab")
        equal(checkpoint(store), store.end())


class RollingBack(Noting):
    """Wants its first batch once more."""

    def process(self, log_groups, check_point_tracker):
        again = not self.diary.ids()
        super().process(log_groups, check_point_tracker)
        return self.begin if again else None

    def initialize(self, shard):
        super().initialize(shard)
        self.begin = self.diary.begin


@check
def worker_rolls_back():
    """A cursor returned by the processor is where the worker goes back to."""
    with scratch.logstore() as store:
        diary = Diary()
        diary.begin = store.begin()
        store.put_ids("ab")
        with worker(store, diary, make=RollingBack):
            arrived(diary, "abab")
        equal(diary.ids(), list("abab"))


@check
def worker_zstd():
    """A worker pulls zstd where it is told to."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids("ab")
        with worker(store, diary, accept_compress_type="zstd"):
            arrived(diary, "ab")


@check
def worker_v4():
    """A worker whose requests are signed by version 4 does all its calls."""
    with scratch.logstore() as store:
        diary = Diary()
        store.put_ids("ab")
        with worker(store, diary, auth_version="v4", region="cn-sandbox"):
            arrived(diary, "ab")
        equal(checkpoint(store), store.end())


@check
def worker_hand_over():
    """A second worker gets half of the shards, at their checkpoints; logs come once each."""
    with scratch.logstore(shards=4) as store:
        diary = Diary()
        keys = [shard["inclusiveBeginKey"] for shard in store.shards()]
        for id in range(20):
            store.put_ids([id], hashKey=keys[id % 4])
        with worker(store, diary, "one") as one:
            arrived(diary, range(20))
            with worker(store, diary, "two") as two:
                shared = lambda: (len(one.shard_consumers), len(two.shard_consumers)) == (2, 2)
                until(shared, "each has two shards")
                for id in range(20, 40):
                    store.put_ids([id], hashKey=keys[id % 4])
                arrived(diary, range(40))
                equal(len(diary.ids(consumer="two")), 10)
        for shard in range(4):
            equal(diary.ids(shard=shard), [str(id) for id in range(40) if id % 4 == shard])


@check
def worker_takeover():
    """The shards of a killed worker go to another after the timeout, at their checkpoints."""
    with scratch.logstore(shards=2) as store:
        store.put_ids(range(10), hashKey=LOW)
        store.put_ids(range(10, 20), hashKey=HIGH)
        command = [PEER, "consume", *store.place, "group", "first"]
        first = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ, text=True)
        seen, saved = [], set()
        for line in first.stdout:
            told = json.loads(line)
            seen += told.get("ids", [])
            saved |= {told["shard"]} if "saved" in told else set()
            if len(seen) == 20 and saved == {0, 1}:
                break
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        diary = Diary()
        store.put_ids(range(20, 25), hashKey=LOW)
        with worker(store, diary, "second"):
            arrived(diary, range(20, 25))
        equal(sorted(map(int, seen)), list(range(20)))


@check
def worker_comes_back():
    """A worker that the group forgot lets go of its shards, registers anew, and loses nothing."""
    with scratch.logstore() as store:
        diary = Diary()
        held = lambda: [
            c["shards"] for c in store.steer("GET", "")["consumer_groups"][0]["consumers"]
        ]
        with worker(store, diary, timeout=2):
            store.put_ids("ab")
            arrived(diary, "ab")
            store.steer("POST", "/consumergroups/group/expire?consumer=one")
            equal(held(), [])
            store.put_ids("cd")
            until(lambda: held() == [[0]], "the worker has its shard again")
            store.put_ids("ef")
            arrived(diary, "abcdef")
        equal(diary.ids(), list("abcdef"))


@check
def worker_order_across_a_split():
    """in_order: children are consumed after the last log of their parent."""
    with scratch.logstore() as store:
        diary = Diary()
        with worker(store, diary, in_order=True, max_fetch_log_group_size=5) as running:
            until(lambda: 0 in running.shard_consumers, "the worker has the shard")
            store.put_ids(range(30))
            store.client.split_shard(*store.place, 0, HALF)
            store.put_ids(range(30, 40), hashKey=LOW)
            store.put_ids(range(40, 50), hashKey=HIGH)
            arrived(diary, range(50), seconds=30)
        equal(diary.ids()[:30], list(map(str, range(30))))
        equal(diary.ids(shard=1), list(map(str, range(30, 40))))
        equal(diary.ids(shard=2), list(map(str, range(40, 50))))


@check
def worker_whose_cursor_expired():
    """A worker whose checkpoint expired is refused with InvalidCursor, and goes to the end."""
    with scratch.logstore() as store:
        diary = Diary()
        begin = store.begin()
        store.put_ids("abc")
        store.client.create_consumer_group(*store.place, "group", 10)
        store.client.update_check_point(*store.place, "group", 0, begin)
        trimmed = scratch.cursor_number(begin) + 2
        store.steer("POST", f"/shards/0/trim?to={trimmed}")
        with worker(store, diary) as running:
            at_end = lambda: (
                0 in running.shard_consumers
                and running.shard_consumers[0].next_fetch_cursor == store.end()
            )
            until(at_end, "the worker is at the end")
            store.put_ids("d")
            arrived(diary, "d")
