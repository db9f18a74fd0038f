"""Logs that one SDK puts and every other one pulls."""

import peers
import sandbox
from harness import equal, for_each

TIME = 1_700_000_000

#: Contents that a careless codec would change. Names of digits alone are left out: JavaScript puts
#: them first.
GROUPS = [
    {
        "hash_key": None,
        "topic": "first",
        "source": "192.0.2.1",
        "tags": {"__hostname__": "web-1", "zone": "eu, süd"},
        "logs": [
            {"time": TIME, "contents": [["z", "1"], ["a", "2"], ["Ω", "≠ ASCII: 漢字 🚀"]]},
            {"time": TIME + 1, "contents": [["empty", ""], ["spaces", "  \t "], ["lines", "a\nb\r\nc"]]},
            {"time": TIME - 86_400, "contents": [["json", '{"a": [1, "\\\\"]}'], ["nul", "a\u0000b"]]},
        ],
    },
    {
        "hash_key": None,
        "topic": "",
        "source": "",
        "tags": {},
        "logs": [{"time": 2_147_483_647, "contents": [["long", "0123456789abcdef" * 8192]]}],
    },
    {
        "hash_key": None,
        "topic": "größer",
        "source": "peer",
        "tags": {"last": "tag"},
        "logs": [{"time": TIME + n, "contents": [["n", str(n)], ["of", "50"]]} for n in range(50)],
    },
]


@for_each((*peers.SDKS, "shipper"))
def logs_put_by(writer):
    logstore = sandbox.new_logstore(shards=1)
    peers.put(writer, logstore, GROUPS)
    wanted = list(flat(GROUPS))
    for reader in peers.SDKS:
        equal(peers.pull(reader, logstore), wanted, f"pulled by {reader}")


def flat(groups):
    """The lines of a peer that pulls these log groups from a single shard."""
    for group in groups:
        for log in group["logs"]:
            yield {
                "shard": 0,
                "time": log["time"],
                "topic": group["topic"],
                "source": group["source"],
                "tags": group["tags"],
                "contents": log["contents"],
            }


#: Hash keys and the shard of four that holds each: a shard begins at its first key.
ROUTES = {
    "00000000000000000000000000000000": 0,
    "3fffffffffffffffffffffffffffffff": 0,
    "40000000000000000000000000000000": 1,
    "80000000000000000000000000000000": 2,
    "bfffffffffffffffffffffffffffffff": 2,
    "fffffffffffffffffffffffffffffffe": 3,
}


@for_each(("python", "go", "java", "node"))
def hash_keys_given_by(writer):
    """The Rust SDK knows no hash keys."""
    logstore = sandbox.new_logstore(shards=4)
    shared = {"topic": "", "source": "", "tags": {}}
    peers.put(
        writer,
        logstore,
        [shared | {"hash_key": key, "logs": [{"time": TIME, "contents": [["key", key]]}]} for key in ROUTES],
    )
    found = {log["contents"][0][1]: log["shard"] for log in peers.pull("go", logstore)}
    equal(found, ROUTES, "shards by hash key")
