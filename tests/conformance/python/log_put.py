"""Puts: where log groups go, what they may hold, how they are packed."""

from aliyun.log import LogItem, PutLogsRequest
from aliyun.log.proto import LogGroupRaw

import environment
import scratch
from harness import check, equal, log_refuses

MIB = 1024 * 1024


def put_and_pull(**packing):
    """Puts a group packed so, and gives it back as pulled."""
    with scratch.logstore() as store:
        store.put({"message": "é" * 1000}, {"message": "b"}, **packing)
        return store.logs()


@check
def put_lz4():
    """A log group put as lz4, the SDK's default, arrives whole."""
    equal([log["message"] for log in put_and_pull()], ["é" * 1000, "b"])


@check
def put_zstd():
    """A log group put as zstd arrives whole."""
    equal([log["message"] for log in put_and_pull(compress_type="zstd")], ["é" * 1000, "b"])


@check
def put_plain():
    """A log group put without compression arrives whole."""
    equal([log["message"] for log in put_and_pull(compress=False)], ["é" * 1000, "b"])


@check
def put_log_raw():
    """A hand-made protobuf group is taken, with and without compression."""
    group = LogGroupRaw()
    group.Topic, group.Source, group.MachineUUID = b"topic", b"source", b"machine"
    log = group.Logs.add()
    log.Time = 1700000000
    content = log.Contents.add()
    content.Key, content.Value = b"key", b"value"
    with scratch.logstore() as store:
        for compress in [True, False]:
            store.client.put_log_raw(*store.place, group, compress)
        groups = store.pull().get_loggroup_list().LogGroups
        equal(len(groups), 2)
        for pulled in groups:
            equal(pulled.SerializeToString(), group.SerializeToString())


@check
def put_keeps_topic_source_tags():
    """Topic, source, tags and nanoseconds of a group arrive as put."""
    with scratch.logstore() as store:
        log = LogItem(1700000000, [("k", "v")], time_nano_part=123456789)
        tags = [("host", "a"), ("größe", "1"), ("host", "b")]
        request = PutLogsRequest(*store.place, "topic é", "10.0.0.1", [log], logtags=tags)
        store.client.put_logs(request)
        [group] = store.pull().get_loggroup_list().LogGroups
        equal((group.Topic, group.Source), ("topic é", "10.0.0.1"))
        equal([(tag.Key, tag.Value) for tag in group.LogTags], tags)
        equal((group.Logs[0].Time, group.Logs[0].Time_ns), (1700000000, 123456789))


@check
def put_keeps_order_and_repeats():
    """Contents keep their order, and keys that occur twice, on the wire."""
    pairs = [("b", "1"), ("a", "2"), ("b", "3"), ("", ""), ("b", "1")]
    with scratch.logstore() as store:
        store.put(pairs, pairs[::-1])
        logs = store.pull().get_loggroup_list().LogGroups[0].Logs
        told = [[(content.Key, content.Value) for content in log.Contents] for log in logs]
        equal(told, [pairs, pairs[::-1]])


@check
def put_thousands_of_logs():
    """A group of 5000 logs arrives as one group, in order."""
    with scratch.logstore() as store:
        store.put(*({"id": str(id)} for id in range(5000)))
        pulled = store.pull()
        equal(pulled.get_loggroup_count(), 1)
        equal([log["id"] for log in pulled.get_flatten_logs_json()], list(map(str, range(5000))))


@check
def put_binary_value():
    """A value that is not UTF-8 comes back as the same bytes."""
    value = bytes(range(256))
    with scratch.logstore() as store:
        store.put({"blob": value})
        pulled = store.pull()
        equal(pulled.get_loggroup_list().LogGroups[0].Logs[0].Contents[0].Value, value)


@check
def put_goes_round():
    """Puts without a key are spread over the readwrite shards."""
    with scratch.logstore(shards=3) as store:
        store.put_ids(range(9))
        counts = [len(store.ids(shard)) for shard in range(3)]
        equal(sum(counts), 9)
        assert min(counts) > 0, f"spread as {counts}"


@check
def put_by_hash_key():
    """A put with a hash key goes to the shard whose range holds it: begin inclusive, end not."""
    with scratch.logstore(shards=4) as store:
        for shard in store.shards():
            begin, end = (shard[key] for key in ("inclusiveBeginKey", "exclusiveEndKey"))
            below = f"{int(end, 16) - 1:032x}"
            for key in [begin, begin.upper(), below]:
                store.put({"id": key}, hashKey=key)
            equal(store.ids(shard["shardID"]), [begin, begin.upper(), below])
        last = "f" * 32
        store.put({"id": "last"}, hashKey=last)
        equal(store.ids(3)[-1], "last")


@check
def put_bad_hash_key():
    """A hash key that is not 32 hex digits is refused."""
    with scratch.logstore() as store:
        for key in ["", "0" * 31, "0" * 33, "g" * 32]:
            message = f"invalid hash key: {key}"
            log_refuses(400, "ParameterInvalid", message, store.put, {"a": "b"}, hashKey=key)


@check
def put_size_limit():
    """A group of 10 MiB before compression is taken, a larger one refused with 413."""
    with scratch.logstore() as store:
        for compress in [True, False]:
            store.put({"message": "x" * (10 * MIB - 100)}, compress=compress)
            too_much = {"message": "x" * (10 * MIB)}
            log_refuses(413, "PostBodyTooLarge", None, store.put, too_much, compress=compress)
        equal(len(store.logs()), 2)


@check
def put_malformed():
    """Bodies that are no log group, or do not unpack, are refused, each with its code."""
    protobuf = {"Content-Type": "application/x-protobuf"}
    lz4 = protobuf | {"x-log-compresstype": "lz4"}
    with scratch.logstore() as store:
        for code, status, body, headers in [
            ("PostBodyInvalid", 400, b"\xff\xff", protobuf),
            ("PostBodyUncompressError", 400, b"\xff\xff", lz4 | {"x-log-bodyrawsize": "9"}),
            ("MissingBodyRawSize", 400, b"\x00", lz4),
            ("InvalidBodyRawSize", 400, b"\x00", lz4 | {"x-log-bodyrawsize": "many"}),
            (
                "InvalidCompressType",
                400,
                b"x",
                protobuf | {"x-log-compresstype": "rar", "x-log-bodyrawsize": "1"},
            ),
            ("MissingContentType", 400, b"x", {}),
            ("InvalidContentType", 415, b"x", {"Content-Type": "text/plain"}),
        ]:
            send = store.client._send
            path = f"/logstores/{store.name}/shards/lb"
            log_refuses(status, code, None, send, "POST", store.project, body, path, {}, headers)
        equal(store.logs(), [])


@check
def put_by_older_paths():
    """A key in a header, and the logstore's own path, are taken as older clients send them."""
    group = LogGroupRaw()
    group.Logs.add().Time = 1700000000
    body = group.SerializeToString()
    with scratch.logstore(shards=2) as store:
        send = lambda path, **headers: store.client._send(
            "POST",
            store.project,
            body,
            f"/logstores/{store.name}{path}",
            {},
            {"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": str(len(body))}
            | headers,
        )
        for _ in range(3):
            send("/shards/lb", **{"x-log-hashkey": "f" * 32})
        equal((len(store.logs(0)), len(store.logs(1))), (0, 3))
        send("")
        equal(len(store.logs(0)) + len(store.logs(1)), 4)


@check
def put_default_source():
    """A client that is told no source finds one, and the group carries it."""
    with scratch.logstore() as store:
        client = environment.log_client()
        client.set_source("192.0.2.7")
        client.put_logs(PutLogsRequest(*store.place, logitems=[LogItem(1, [("a", "b")])]))
        equal(store.logs()[0]["__source__"], "192.0.2.7")
