"""The other programs: a peer on the SDKs of each language, and the shipper itself.

Each runs in a process of its own and is spoken to by lines of JSON.
"""

import atexit
import json
import os
import pathlib
import subprocess

import sandbox
from harness import Failed, equal, expect

#: Languages whose SDKs have a peer: all of them put, pull, write and read.
SDKS = ("python", "go", "java", "node", "rust")

#: How long a program may take for anything that has an end, in seconds.
PATIENCE = 60

SHIPPER = os.environ["LOGHUB_SHIPPER"]
_SUITES = pathlib.Path(__file__).resolve().parent.parent
_WORK = pathlib.Path(os.environ["CONFORMANCE_WORK"]).parent

_processes = []


@atexit.register
def _kill_all():
    for process in _processes:
        process.kill()


def launch(command, environment, **pipes):
    """Starts a program, which does not outlive this one."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, text=True, **pipes)
    _processes.append(process)
    return process


def peer(language, *arguments):
    """Command and environment of a peer."""
    command = [str(_SUITES / language / "peer"), *arguments]
    return command, {"CONFORMANCE_WORK": str(_WORK / language)}


def put(writer, logstore, groups):
    """Puts log groups, a call each, by the peer of a language or by the shipper's own command."""
    if writer == "shipper":
        return _put_by_shipper(logstore, groups)
    told = _ask(*peer(writer, "put", *logstore), lines=groups)
    equal(told, [{"put": len(groups)}], f"what {writer} says it put")


def _put_by_shipper(logstore, groups):
    entries = []
    for group in groups:
        shared = {"__topic__": group["topic"], "__source__": group["source"]}
        shared |= {f"__tag__:{key}": value for key, value in group["tags"].items()}
        entries += [shared | {"__time__": log["time"]} | dict(log["contents"]) for log in group["logs"]]
    _ask([SHIPPER, "put", "--quiet", "-"], settings(logstore), lines=entries)


def pull(reader, logstore):
    """Every log of every shard, as the peer of a language reads them."""
    return _ask(*peer(reader, "pull", *logstore))


def write(writer, table, rows):
    """Writes rows by the peer of a language."""
    told = _ask(*peer(writer, "write", table), lines=rows)
    equal(told, [{"written": len(rows)}], f"what {writer} says it wrote")


def read(reader, table):
    """Every row of a table, as the peer of a language reads them."""
    return _ask(*peer(reader, "read", table))


def read_by_shipper(table):
    """Every row of a table as the shipper's own command shows it: an object of names and values."""
    return _ask([SHIPPER, "rows", table, "--format", "jsonl"], settings(table=table))


def settings(logstore=("none", "none"), table="none", **others):
    """The shipper's variables. Other settings are given in their own names."""
    project, name = logstore
    loghub = {
        "endpoint": f"http://{sandbox.LOG_SERVICE_ADDRESS}",
        "project": project,
        "logstore": name,
        "consumer_group": sandbox.GROUP,
    }
    tablestore = {
        "endpoint": sandbox.TABLE_STORE_ENDPOINT,
        "instance": sandbox.INSTANCE,
        "target_table": table,
        "status_table": sandbox.STATUS_TABLE,
    }
    return {
        "access_key_id": os.environ["ACCESS_KEY_ID"],
        "access_key_secret": os.environ["ACCESS_KEY_SECRET"],
        "loghub": json.dumps(loghub),
        "tablestore": json.dumps(tablestore),
        **others,
    }


def _ask(command, environment, lines=()):
    """Runs a program to its end with these lines; answers its own."""
    what = " ".join([pathlib.Path(command[0]).parent.name, *command[1:]])
    process = launch(command, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        said, _ = process.communicate("".join(json.dumps(line) + "\n" for line in lines), timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed(f"no end within {PATIENCE} s: {what}") from None
    expect(process.returncode == 0, f"exit status {process.returncode}: {what}")
    return [json.loads(line) for line in said.splitlines()]
