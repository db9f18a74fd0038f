"""A logstore with one consumer group: logs flow in, members come and go, everything is written down."""

import collections
import contextlib
import itertools
import json
import subprocess
import threading
import time

import members
import peers
import sandbox
from harness import equal, eventually, expect

#: How often the group is looked at, in seconds. Shards change hands by heartbeats, one a second.
WATCH_SECONDS = 0.1

#: Logs in a member's hands: their ids, from the position `start` of the shard on; `at` as in `Batch`.
Given = collections.namedtuple("Given", "at member shard start ids")


class Stage:
    """Use it as a context: its end ends all that runs."""

    def __init__(self, shards, keys=None):
        self.logstore = sandbox.new_logstore(shards)
        self.feed = Feed(self.logstore, keys or shards)
        #: The group as it was at one moment after the other.
        self.views = []
        #: Members that run, by name, which is their language.
        self.members = {}
        #: All members there ever were: one that came back is another one.
        self.cast = []
        #: What each kill may bring again: (member, shard, position of the checkpoint that it left).
        self.kills = []
        self._over = threading.Event()
        self._looking = threading.Lock()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._watcher.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._watcher.join()
        self.feed.kill()
        for member in self.members.values():
            member.kill()

    def _watch(self):
        while not self._over.wait(WATCH_SECONDS):
            self.look()

    def look(self):
        """The group as it is now, written down."""
        with self._looking:
            self.views.append(self.view())
            return self.views[-1]

    def view(self):
        """The group as it is now."""
        return sandbox.view(self.logstore)

    # Members.

    def join(self, *languages):
        """Starts members and waits until the group knows them."""
        for language in languages:
            self.members[language] = members.join(language, self.logstore)
            self.cast.append(self.members[language])
        names = " and ".join(languages)
        eventually(lambda: set(languages) <= self.view().consumers.keys(), 60, f"{names} in the group")

    def stop(self, name):
        """A member leaves as its library does it."""
        self.members.pop(name).stop()

    def kill(self, name):
        """A member dies; answers its shards with the positions of their checkpoints."""
        member = self.members.pop(name)
        member.kill()
        left = {shard: holding.position for shard, holding in self.view().group.items() if holding.holder == name}
        self.kills += [(member, shard, position) for shard, position in left.items()]
        return left

    @contextlib.contextmanager
    def frozen(self):
        """Meanwhile no member does anything."""
        for member in self.members.values():
            member.freeze()
        try:
            yield
        finally:
            for member in self.members.values():
                member.thaw()

    # What there is to wait for.

    def until_even(self, seconds=30):
        """Waits until each member has its even share and nothing is on its way."""
        eventually(lambda: self._is_even(self.view()), seconds, lambda: f"even shares, but {self.view().shares()}")

    def _is_even(self, view):
        shares = [len(view.held_by(name)) for name in self.members]
        busy = [holding for holding in view.group.values() if holding.state not in ("wait", "over")]
        settled = all(holding.state == "already_alloc" for holding in busy)
        return settled and sum(shares) == len(busy) and max(shares) - min(shares) <= 1

    def until_consumed(self, seconds=30):
        """Waits until all that was put is stored, and the checkpoint of every shard at its end."""
        eventually(lambda: self._is_consumed(self.view()), seconds, lambda: f"all read, but {self.view().lags()}")

    def _is_consumed(self, view):
        stored = sum(shard.end - shard.begin for shard in view.shards.values())
        return stored == self.feed.count and not view.lags()

    # What was written down.

    def given(self):
        """All that members were given, in the order of time, and what each shard holds."""
        batches = [(batch, member) for member in self.cast for batch in member.batches]
        begins = {id: shard.begin for id, shard in self.view().shards.items()}
        stored = self.stored()
        given = []
        for batch, member in sorted(batches, key=lambda each: each[0].at):
            start = batch.next - batch.groups - begins[batch.shard]
            ids = batch.ids or stored[batch.shard][start : start + batch.groups]
            given.append(Given(batch.at, member, batch.shard, start, ids))
        return given, stored

    def stored(self):
        """The ids in each shard, in order."""
        ids = collections.defaultdict(list)
        for log in sandbox.logs(self.logstore):
            ids[log.shard].append(log.id)
        return ids

    # What is to be true of it.

    def nothing_lost(self):
        """Every log came to a member; to the shipper only those count that became rows."""
        told = self._told()
        lost = [id for ids in self.stored().values() for id in ids if id not in told]
        expect(not lost, f"{len(lost)} of {self.feed.count} logs never came to a member, such as {lost[:5]}")

    def repeats_only_after_kills(self):
        """A log comes again only where who had it was killed before it saved a checkpoint behind it."""
        stored, shards = self.stored(), self.view().shards
        allowed = collections.Counter()
        for member, shard, position in self.kills:
            allowed.update(set(stored[shard][position - shards[shard].begin :]) & set(member.ids()))
        repeated = [id for id, times in self._told().items() if times > 1 + allowed[id]]
        expect(not repeated, f"{len(repeated)} logs came again without need, such as {repeated[:5]}")

    def _told(self):
        return collections.Counter(itertools.chain.from_iterable(member.ids() for member in self.cast))

    def order_kept(self):
        """In every shard each batch begins where the one before it ended, whoever had that; after a
        kill, where the checkpoint was. And it holds what the shard holds there."""
        given, stored = self.given()
        shards = self.view().shards
        starts = collections.defaultdict(lambda: {0})
        left = collections.defaultdict(list)
        for member, shard, position in self.kills:
            left[shard].append((member, position - shards[shard].begin))
        for _, member, shard, start, ids in given:
            after_kills = {position for victim, position in left[shard] if victim is not member}
            expected = starts[shard] | after_kills
            expect(start in expected, f"{member.name} went on at {start} of shard {shard}, not at {expected}")
            equal(ids, stored[shard][start : start + len(ids)], f"logs of a batch of shard {shard}")
            starts[shard] = {start + len(ids)}

    def one_holder_at_a_time(self):
        """Those who were given batches of a shard, in order, are those who held it, in order."""
        given, _ = self.given()
        for shard in self.view().shards:
            readers = runs(each.member.name for each in given if each.shard == shard)
            holders = runs(view.group[shard].holder for view in self.views if shard in view.group)
            rest = iter(holders)
            expect(
                all(reader in rest for reader in readers),
                f"shard {shard} was read by {readers}, but held by {holders}",
            )


def runs(values):
    """The values without repetitions in a row."""
    return [value for value, _ in itertools.groupby(values)]


class Feed:
    """Puts logs with ids of their own, one a log group, in turn to hash keys spread evenly over the shards."""

    def __init__(self, logstore, keys):
        self.count = 0
        #: The key of a log is the part of its id before the dash, its number there the part after it.
        self._keys = [f"{(2 * key + 1) * 2**127 // keys:032x}" for key in range(keys)]
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._resting = threading.Event()
        command, environment = peers.peer("go", "put", *logstore)
        self._process = peers.launch(command, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def put(self, times=1):
        """Puts so many logs to each key. They are stored a moment later."""
        with self._lock:
            for number in itertools.islice(self._numbers, times):
                for index, key in enumerate(self._keys):
                    log = {"time": int(time.time()), "contents": [["id", f"{index}-{number}"]]}
                    group = {"hash_key": key, "topic": "", "source": "", "tags": {}, "logs": [log]}
                    self._process.stdin.write(json.dumps(group) + "\n")
                    self.count += 1
            self._process.stdin.flush()

    def flow(self, seconds=0.2):
        """From now on puts a log to each key every so often."""
        threading.Thread(target=self._flow, args=[seconds], daemon=True).start()

    def _flow(self, seconds):
        while not self._resting.wait(seconds):
            self.put()

    def rest(self):
        """Ends the flow."""
        self._resting.set()
        with self._lock:
            pass

    def kill(self):
        self.rest()
        self._process.kill()
