"""The sandbox: what is made there, looked at and steered, all by its admin interface."""

import base64
import collections
import dataclasses
import datetime
import itertools
import json
import os
import time
import urllib.error
import urllib.request

LOG_SERVICE_ADDRESS = os.environ["LOG_SERVICE_ADDRESS"]
TABLE_STORE_ENDPOINT = os.environ["TABLE_STORE_ENDPOINT"]
INSTANCE = os.environ["INSTANCE"]
_ADMIN = os.environ["SANDBOX_ADMIN"]

#: Made by the sandbox itself.
STATUS_TABLE = "shipper_status"
#: The one consumer group of each logstore here.
GROUP = "shared"
#: All members set it up so.
GROUP_TIMEOUT_SECONDS = 6

#: The admin interface is on the loopback: no proxy.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_numbers = itertools.count(1)


def _ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(_ADMIN + path, data=data, method=method)
    try:
        with _opener.open(request, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None


def _get(path):
    return json.loads(_ask("GET", path))


def _lines(path):
    return [json.loads(line) for line in _ask("GET", path).splitlines()]


# Made.


def new_logstore(shards):
    """A logstore that nobody else uses: its project and name."""
    project = f"together-{next(_numbers)}"
    _ask("POST", "/seed", {"projects": [{"name": project, "logstores": [{"name": "logs", "shards": shards}]}]})
    return project, "logs"


def new_table(key):
    """A table that nobody else uses, with key columns of name and type, the last perhaps AUTO_INCREMENT."""
    name = f"table_{next(_numbers)}"
    columns = [{"name": column, "type": kind, "auto_increment": bool(rest)} for column, kind, *rest in key]
    _ask("POST", "/seed", {"tables": [{"name": name, "primary_key": columns}]})
    return name


# Looked at.


def position(cursor):
    """The number that a cursor spells."""
    return int(base64.b64decode(cursor))


Log = collections.namedtuple("Log", "shard id")
Shard = collections.namedtuple("Shard", "begin end")
#: A shard in the group. Its position is that of its checkpoint, or its begin.
Holding = collections.namedtuple("Holding", "state holder next position")


@dataclasses.dataclass(frozen=True)
class View:
    """A logstore and its group at one moment."""

    at: float
    shards: dict
    group: dict
    #: Times of the last heartbeats by name, Unix seconds as `at`.
    consumers: dict

    def held_by(self, name):
        return [shard for shard, holding in self.group.items() if holding.holder == name]

    def shares(self):
        """How many shards each member has."""
        return {name: len(self.held_by(name)) for name in self.consumers}

    def lags(self):
        """Log groups behind the checkpoint, by shard; shards without any are left out."""
        lags = {id: shard.end - self.group[id].position for id, shard in self.shards.items()}
        return {id: lag for id, lag in lags.items() if lag}


def view(logstore):
    found = _get("/logstores/{}/{}".format(*logstore))
    shards = {
        shard["id"]: Shard(int(shard["begin"]["number"]), int(shard["end"]["number"])) for shard in found["shards"]
    }
    # Before its first member the group is not there.
    group = next(iter(found["consumer_groups"]), {"shards": [], "consumers": []})
    return View(
        at=time.time(),
        shards=shards,
        group={shard["id"]: _holding(shard, shards) for shard in group["shards"]},
        consumers={consumer["name"]: _seconds(consumer["last_heartbeat"]) for consumer in group["consumers"]},
    )


def _holding(shard, shards):
    checkpoint = shard["checkpoint"]
    return Holding(
        shard["state"],
        shard["holder"],
        shard["next"],
        position(checkpoint) if checkpoint else shards[shard["id"]].begin,
    )


def _seconds(time):
    return datetime.datetime.fromisoformat(time).timestamp()


def logs(logstore):
    """Every log with its id, by shard and in order."""
    groups = _lines("/logstores/{}/{}/logs".format(*logstore))
    return [Log(group["shard"], dict(log["contents"])["id"]) for group in groups for log in group["logs"]]


def rows(table):
    """Every row: names and values of its key."""
    return [row["key"] for row in _lines(f"/tables/{table}/rows")]


# Steered.


def split(logstore, shard):
    """Splits a shard in its middle; answers the children."""
    return _steer(logstore, f"shards/{shard}/split")["shards"]


def merge(logstore, shard):
    """Merges a shard with its right neighbour; answers the child."""
    return _steer(logstore, f"shards/{shard}/merge")["shards"]


def expire(logstore, consumer):
    """Lets a consumer time out at once."""
    _steer(logstore, f"consumergroups/{GROUP}/expire?consumer={consumer}")


def _steer(logstore, path):
    project, name = logstore
    return json.loads(_ask("POST", f"/logstores/{project}/{name}/{path}"))
