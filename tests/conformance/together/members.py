"""Members of a consumer group: a consumer library of each language, and the shipper.

Each says what it is given. Positions are the numbers that cursors spell: they grow by one per log
group, and every log group here holds one log.
"""

import collections
import json
import signal
import subprocess
import threading
import time

import peers
import sandbox
from harness import Failed, equal

#: Who can be a member.
MEMBERS = ("python", "go", "java", "shipper")

#: How long a member may take to leave after SIGTERM, in seconds: the Java library gives its
#: threads up to 30.
LEAVE_SECONDS = 40

#: Log groups of a shard up to the position `next`, in a member's hands since `at` (monotonic
#: seconds). The shipper does not say their ids.
Batch = collections.namedtuple("Batch", "at shard next groups ids")


class Member:
    """A consumer library in a process of its own."""

    def __init__(self, language, logstore):
        self.name = language
        self.batches = []
        self._start(*peers.peer(language, "consume", *logstore, sandbox.GROUP, language), stdout=subprocess.PIPE)

    def _start(self, command, environment, **pipes):
        self.process = peers.launch(command, environment, **pipes)
        lines = self.process.stdout or self.process.stderr
        self._reader = threading.Thread(target=self._listen, args=[lines], daemon=True)
        self._reader.start()

    def _listen(self, lines):
        for line in lines:
            # Of a killed process the last line may be cut off.
            if line.endswith("\n"):
                self._heard(time.monotonic(), json.loads(line))

    def _heard(self, at, said):
        # Some libraries hand over batches without a log.
        if said.get("ids"):
            next = sandbox.position(said["next"])
            self.batches.append(Batch(at, said["shard"], next, len(said["ids"]), said["ids"]))

    def ids(self):
        """The ids of all logs that it was given, as often as it was given them."""
        return [id for batch in self.batches for id in batch.ids]

    def stop(self):
        """Asks it to leave, and waits until it has."""
        self.process.terminate()
        try:
            status = self.process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} still runs {LEAVE_SECONDS} s after SIGTERM") from None
        self._reader.join()
        equal(status, 0, f"exit status of {self.name} after SIGTERM")

    def kill(self):
        """Kills it on the spot."""
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Shipper(Member):
    """The shipper. What it is given is in its container log; the ids are in its table."""

    def __init__(self, name, logstore, table=None, **settings):
        self.name = name
        self.batches = []
        self._next = {}
        # Each write of a log makes a row of its own: repeats are seen.
        self.table = table or sandbox.new_table((("id", "STRING"), ("write", "INTEGER", "AUTO_INCREMENT")))
        settings = {
            "consumer_name": name,
            "heartbeat_interval": "1s",
            "group_timeout": f"{sandbox.GROUP_TIMEOUT_SECONDS}s",
            "checkpoint_interval": "100ms",
            "log_level": "info,loghub_shipper::shipper=debug",
            "log_format": "json",
            **settings,
        }
        environment = peers.settings(logstore, self.table, **settings)
        self._start([peers.SHIPPER, "run"], environment, stderr=subprocess.PIPE)

    def _heard(self, at, said):
        shard = said.get("span", {}).get("shard")
        match said["message"]:
            case "shard taken up":
                self._next[shard] = sandbox.position(said["cursor"])
            case "pulled" if said["groups"]:
                self._next[shard] += said["groups"]
                self.batches.append(Batch(at, shard, self._next[shard], said["groups"], None))

    def ids(self):
        return [row["id"] for row in sandbox.rows(self.table)]


def join(language, logstore):
    """Starts a member of the group, named after its language."""
    return Shipper(language, logstore) if language == "shipper" else Member(language, logstore)
