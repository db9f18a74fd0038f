"""Pulls: packing, pages, ends, and how the SDK flattens what came."""

from aliyun.log import LogItem, PutLogsRequest

import scratch
from harness import check, equal, log_refuses

MIB = 1024 * 1024


def pulled_as(kind, **options):
    with scratch.logstore() as store:
        store.put_ids(range(50))
        pulled = store.pull(**options)
        equal([log["id"] for log in pulled.get_flatten_logs_json()], list(map(str, range(50))))
        equal(pulled.get_header("x-log-compresstype"), kind)
        assert int(pulled.get_header("x-log-bodyrawsize")) == pulled.get_raw_size() > 500


@check
def pull_lz4():
    """A pull that accepts lz4 gets lz4, and unpacks to what was put."""
    pulled_as("lz4")


@check
def pull_zstd():
    """A pull that accepts zstd gets zstd, and unpacks to what was put."""
    pulled_as("zstd", accept_compress_type="zstd")


@check
def pull_plain():
    """A pull that accepts no compression gets plain protobuf."""
    pulled_as("", compress=False)


@check
def pull_pages():
    """`count` limits the groups of a pull; the next cursor leads through all of them, once each."""
    with scratch.logstore() as store:
        store.put_ids(range(25))
        seen, cursor, pages = [], store.begin(), 0
        while cursor != store.end():
            pulled = store.pull(cursor=cursor, count=7)
            seen += [log["id"] for log in pulled.get_flatten_logs_json()]
            assert pulled.get_loggroup_count() <= 7
            cursor, pages = pulled.get_next_cursor(), pages + 1
        equal((seen, pages), (list(map(str, range(25))), 4))


@check
def pull_nothing_new():
    """At the end a pull is empty and its next cursor the same; later logs come from there."""
    with scratch.logstore() as store:
        store.put_ids("a")
        end = store.end()
        pulled = store.pull(cursor=end)
        equal((pulled.get_loggroup_count(), pulled.get_raw_size()), (0, 0))
        equal(pulled.get_next_cursor(), end)
        equal(pulled.get_flatten_logs_json(), [])
        store.put_ids("b")
        equal([log["id"] for log in store.pull(cursor=end).get_flatten_logs_json()], ["b"])


@check
def pull_until_end_cursor():
    """A pull stops before its end cursor, and its next cursor is that very text."""
    with scratch.logstore() as store:
        store.put_ids("abc")
        middle = store.pull(count=2).get_next_cursor()
        store.put_ids("def")
        pulled = store.pull(end_cursor=middle)
        equal([log["id"] for log in pulled.get_flatten_logs_json()], ["a", "b"])
        equal(pulled.get_next_cursor(), middle)


@check
def pull_bad_count():
    """A count of more than 1000 groups is refused."""
    with scratch.logstore() as store:
        for count in [1001, -1]:
            log_refuses(400, "ParameterInvalid", None, store.pull, count=count)
        equal(store.pull(count=1000).get_loggroup_count(), 0)


@check
def pull_bad_cursor():
    """A cursor that does not decode is ParameterInvalid, one outside the shard InvalidCursor."""
    with scratch.logstore() as store:
        for cursor in ["?", "MTIz", "bm8gbnVtYmVy", "MTI"]:
            code = "InvalidCursor" if cursor == "MTIz" else "ParameterInvalid"
            told = None if cursor == "MTIz" else "Parameter Cursor is not valid"
            log_refuses(400, code, told, store.pull, cursor=cursor)


@check
def pull_other_shards_cursor():
    """A cursor of another shard is refused."""
    with scratch.logstore(shards=2) as store:
        store.put_ids("ab")
        log_refuses(400, "InvalidCursor", None, store.pull, 0, store.begin(1))


@check
def pull_without_data():
    """HEAD leads through a shard as GET does, without the logs."""
    with scratch.logstore() as store:
        store.put_ids(range(5))
        params = {"type": "log", "cursor": store.begin(), "count": "3"}
        path = f"/logstores/{store.name}/shards/0"
        headers = {"Accept": "application/x-protobuf", "Accept-Encoding": "lz4"}
        body, told = store.client._send(
            "HEAD", store.project, None, path, params, headers, "binary"
        )
        pulled = store.pull(count=3)
        equal((body, told["x-log-count"], told["x-log-cursor"]), (b"", "3", pulled.next_cursor))


@check
def pull_missing_shard():
    """A shard that is not there is refused with 404."""
    with scratch.logstore() as store:
        message = "shard 7 does not exist"
        log_refuses(404, "ShardNotExist", message, store.pull, 7, "MTIz")


@check
def pull_expired():
    """Groups past their time to live are gone: their cursors are refused, begin moves on."""
    with scratch.logstore() as store:
        store.put_ids("abc")
        begin, after_two = store.begin(), store.pull(count=2).get_next_cursor()
        store.steer("POST", f"/shards/0/trim?to={scratch.cursor_number(after_two)}")
        log_refuses(400, "InvalidCursor", None, store.pull, cursor=begin)
        equal(store.begin(), after_two)
        equal(store.ids(), ["c"])


@check
def pull_is_bounded_by_bytes():
    """A pull ends by bytes before it ends by count, at a group's border; paging gets everything."""
    with scratch.logstore() as store:
        for id in range(8):
            store.put({"id": str(id), "message": "x" * (3 * MIB)})
        first = store.pull()
        assert 1 <= first.get_loggroup_count() < 8, f"{first.get_loggroup_count()} groups at once"
        equal(store.ids(), list(map(str, range(8))))


@check
def pull_log_by_time():
    """The SDK's pull between two receive times gives everything between begin and end."""
    with scratch.logstore() as store:
        store.put_ids(range(10))
        parts = store.client.pull_log(*store.place, 0, "begin", "end", batch_size=4)
        ids = [[log["id"] for log in part.get_flatten_logs_json()] for part in parts]
        equal(ids, [list("0123"), list("4567"), list("89")])


def flat(**options):
    """What the SDK makes of a group that has everything, flat."""
    with scratch.logstore() as store:
        contents = [("a", "1"), ("a", "2"), ("__topic__", "own"), ("__tag__:host", "own")]
        logs = [
            LogItem(1700000000, contents, time_nano_part=5),
            LogItem(1700000001, [("b", "")], time_nano_part=6),
        ]
        tags = [("host", "h1"), ("zone", "z1"), ("zone", "z2")]
        request = PutLogsRequest(*store.place, "topic", "source", logs, logtags=tags)
        store.client.put_logs(request)
        return store.pull().get_flatten_logs_json(**options)


@check
def flat_contents_win():
    """Flat view: contents override topic and tags of the same name, the last of equals wins."""
    first = flat()[0]
    equal(first["a"], "2")
    equal((first["__topic__"], first["__tag__:host"]), ("own", "own"))
    equal((first["__tag__:zone"], first["__source__"]), ("z2", "source"))


@check
def flat_times():
    """Flat view: `__time__` is a number or text as asked; nanoseconds stand in a tuple."""
    equal((flat()[0]["__time__"], flat()[1]["__time_ns_part__"]), (1700000000, (6,)))
    equal(flat(time_as_str=True)[0]["__time__"], "1700000000")


@check
def flat_has_every_field():
    """Flat view: exactly the fields of the group and the log, empty values kept."""
    equal(
        flat()[1],
        {
            "__time__": 1700000001,
            "__topic__": "topic",
            "__source__": "source",
            "__time_ns_part__": (6,),
            "__tag__:host": "h1",
            "__tag__:zone": "z2",
            "b": "",
        },
    )


@check
def grouped_view():
    """Grouped view: topic, source and tags per group, `@lh_time` and `@time_ns` per log."""
    with scratch.logstore() as store:
        store.put({"k": "v"}, topic="t", source="s", logtags=[("a", "b")])
        store.put({"k": "w"})
        logs = [{"@lh_time": 1700000000, "@time_ns": 1, "k": "v"}]
        first, second = store.pull().get_loggroup_json_list()
        equal(first, {"topic": "t", "source": "s", "tags": {"a": "b"}, "logs": logs})
        equal((second["topic"], second["source"], second["tags"]), ("", "", {}))


@check
def flat_decodes_bytes():
    """Flat view: a value that is not UTF-8 stays bytes, or loses what is not text, as asked."""
    with scratch.logstore() as store:
        store.put({"k": b"a\xffb"}, {"k": "plain"})
        values = lambda **options: [
            log["k"] for log in store.pull().get_flatten_logs_json(**options)
        ]
        equal(values(), [b"a\xffb", "plain"])
        equal(values(decode_bytes=True), ["ab", "plain"])
