"""Projects, logstores and tables that a check has for itself."""

import base64
import contextlib
import json
import os
import secrets
import urllib.parse
import urllib.request

from aliyun.log import LogItem, PutLogsRequest
from tablestore import CapacityUnit, ReservedThroughput, TableMeta, TableOptions

import environment

ADMIN = os.environ["SANDBOX_ADMIN"]


def unique(prefix):
    return f"{prefix}-{secrets.token_hex(4)}"


def admin(method, path, body=None):
    """Inspects or steers the sandbox, past its two services."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(ADMIN + path, data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        told = answer.read()
    return json.loads(told) if told else None


@contextlib.contextmanager
def project(client=None):
    """A project, deleted afterwards."""
    client = client or environment.log_client()
    name = unique("check")
    client.create_project(name, "of a check")
    try:
        yield name
    finally:
        client.delete_project(name)


@contextlib.contextmanager
def logstore(shards=1, client=None):
    """A logstore in a project of its own."""
    client = client or environment.log_client()
    with project() as name:
        client.create_logstore(name, "logs", ttl=30, shard_count=shards)
        yield Logstore(client, name, "logs")


class Logstore:
    """A logstore with the calls that most checks make."""

    def __init__(self, client, project, name):
        self.client = client
        self.project = project
        self.name = name
        self.place = (project, name)

    def put(self, *contents, time=1700000000, **options):
        """Puts one log group: a log for each of `contents`, which are pairs or a dict."""
        logs = []
        for pairs in contents:
            pairs = list(pairs.items()) if isinstance(pairs, dict) else pairs
            logs.append(LogItem(time, pairs, time_nano_part=1))
        request = PutLogsRequest(*self.place, logitems=logs, **options)
        return self.client.put_logs(request)

    def put_ids(self, ids, **options):
        """Puts one log group a log, which has nothing but an id."""
        for id in ids:
            self.put({"id": str(id)}, **options)

    def begin(self, shard=0):
        return self.client.get_begin_cursor(*self.place, shard).get_cursor()

    def end(self, shard=0):
        return self.client.get_end_cursor(*self.place, shard).get_cursor()

    def pull(self, shard=0, cursor=None, **options):
        return self.client.pull_logs(*self.place, shard, cursor or self.begin(shard), **options)

    def logs(self, shard=0):
        """All logs of a shard, flat, in order."""
        logs, cursor, end = [], self.begin(shard), self.end(shard)
        while cursor != end:
            pulled = self.pull(shard, cursor)
            logs += pulled.get_flatten_logs_json()
            cursor = pulled.get_next_cursor()
        return logs

    def ids(self, shard=0):
        return [log["id"] for log in self.logs(shard)]

    def shards(self):
        return self.client.list_shards(*self.place).get_shards_info()

    def steer(self, method, path):
        """Asks the sandbox itself about this logstore."""
        return admin(method, f"/logstores/{self.project}/{self.name}{path}")


@contextlib.contextmanager
def table(key=(("pk", "STRING"),), client=None, defined_columns=None, **options):
    """A table with this key and these options, deleted afterwards."""
    client = client or environment.table_client()
    name = unique("t").replace("-", "_")
    client.create_table(
        TableMeta(name, list(key), defined_columns),
        TableOptions(**options),
        ReservedThroughput(CapacityUnit(0, 0)),
    )
    try:
        yield name
    finally:
        client.delete_table(name)


def cursor_number(cursor):
    return int(base64.b64decode(cursor, validate=True))


def cursor_text(number):
    return base64.b64encode(str(number).encode()).decode()


def quoted(text):
    return urllib.parse.quote(text, safe="")
