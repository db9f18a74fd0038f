"""Rows as bytes: what the sandbox hands out is what the SDK's own encoder would have written."""

import time

import tablestore.protobuf.table_store_pb2 as pb2
from tablestore import INF_MAX, INF_MIN, PK_AUTO_INCR, PutRowItem, ReturnType, Row
from tablestore.plainbuffer.plain_buffer_builder import PlainBufferBuilder

import scratch
from harness import check, equal
from rows import IGNORE, Rows, exchange, key_bytes, row_bytes

SCHEMA = [("s", "STRING"), ("i", "INTEGER"), ("b", "BINARY")]
KEY = [("s", "é𝄞"), ("i", -(2**63)), ("b", bytearray(range(256)))]
VALUES = [
    0,
    -1,
    2**63 - 1,
    -(2**63),
    -0.0,
    1.5e300,
    True,
    False,
    "",
    "日本",
    bytearray(),
    bytearray(b"\0\xff"),
]
HEADER_BYTES = 4


def columns(at):
    return [(f"c{index:02}", value, at) for index, value in enumerate(VALUES)]


@check
def bytes_of_get_row():
    """GetRow: byte for byte the SDK's encoding, with every type, timestamps and checksums."""
    at = int(time.time() * 1000)
    with scratch.table(SCHEMA) as name:
        Rows(name).put(KEY, columns(at))
        request = pb2.GetRowRequest(table_name=name, primary_key=key_bytes(KEY), max_versions=1)
        answer = pb2.GetRowResponse.FromString(exchange("GetRow", request))
        equal(answer.row.hex(), row_bytes(KEY, columns(at)).hex())


@check
def bytes_of_get_range():
    """GetRange: one header, then the rows back to back; the next key encoded alone."""
    at = int(time.time() * 1000)
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        for pk in range(3):
            rows.put([("pk", pk)], [("c", f"v{pk}", at)])
        request = pb2.GetRangeRequest(
            table_name=name,
            direction=pb2.FORWARD,
            max_versions=1,
            limit=2,
            inclusive_start_primary_key=key_bytes([("pk", INF_MIN)]),
            exclusive_end_primary_key=key_bytes([("pk", INF_MAX)]),
        )
        answer = pb2.GetRangeResponse.FromString(exchange("GetRange", request))
        encoded = [row_bytes([("pk", pk)], [("c", f"v{pk}", at)]) for pk in range(2)]
        equal(answer.rows.hex(), (encoded[0] + encoded[1][HEADER_BYTES:]).hex())
        equal(answer.next_start_primary_key.hex(), key_bytes([("pk", 2)]).hex())


@check
def bytes_of_returned_key():
    """RT_PK: the key alone, as the SDK would encode it."""
    with scratch.table([("pk", "STRING"), ("n", "INTEGER", PK_AUTO_INCR)]) as name:
        placeholder = PlainBufferBuilder.serialize_for_put_row(
            [("pk", "a"), ("n", PK_AUTO_INCR)], []
        )
        request = pb2.PutRowRequest(
            table_name=name,
            row=bytes(placeholder),
            condition=pb2.Condition(row_existence=pb2.IGNORE),
            return_content=pb2.ReturnContent(return_type=pb2.RT_PK),
        )
        answer = pb2.PutRowResponse.FromString(exchange("PutRow", request))
        [(_, number)] = Rows(name).keys("pk", "n")
        equal(answer.row.hex(), key_bytes([("pk", "a"), ("n", number)]).hex())


@check
def bytes_of_absent_rows():
    """What is not there has no bytes at all: no row, no rows, no next key."""
    with scratch.table() as name:
        key = key_bytes([("pk", "a")])
        request = pb2.GetRowRequest(table_name=name, primary_key=key, max_versions=1)
        answer = pb2.GetRowResponse.FromString(exchange("GetRow", request))
        equal((answer.row, answer.HasField("next_token")), (b"", False))
        request = pb2.GetRangeRequest(
            table_name=name,
            direction=pb2.FORWARD,
            max_versions=1,
            inclusive_start_primary_key=key,
            exclusive_end_primary_key=key_bytes([("pk", "b")]),
        )
        answer = pb2.GetRangeResponse.FromString(exchange("GetRange", request))
        equal((answer.rows, answer.HasField("next_start_primary_key")), (b"", False))


@check
def bytes_of_a_batch():
    """BatchGetRow: each row is a buffer of its own, byte for byte the SDK's encoding."""
    at = int(time.time() * 1000)
    with scratch.table(SCHEMA) as name:
        Rows(name).write(PutRowItem(Row(KEY, columns(at)), IGNORE, ReturnType.RT_NONE))
        table = pb2.TableInBatchGetRowRequest(
            table_name=name, primary_key=[key_bytes(KEY)], max_versions=1
        )
        answer = exchange("BatchGetRow", pb2.BatchGetRowRequest(tables=[table]))
        [row] = pb2.BatchGetRowResponse.FromString(answer).tables[0].rows
        equal(row.row.hex(), row_bytes(KEY, columns(at)).hex())
