"""Rows that one SDK, or the shipper, writes and every other one reads."""

import base64
import json
import zlib

import peers
import sandbox
from harness import equal, eventually, for_each, story
from members import Shipper

KEY = (("t", "STRING"), ("n", "INTEGER"), ("b", "BINARY"))


def encoded(data):
    return base64.b64encode(data).decode()


def row(t, n, b, **columns):
    """A row as peers say it: every value is text, columns are sorted by name."""
    return {
        "key": [["t", "string", t], ["n", "integer", str(n)], ["b", "binary", encoded(b)]],
        "columns": [[name, *typed] for name, typed in sorted(columns.items())],
    }


#: In the order of their keys: strings by the bytes of their UTF-8, integers by sign, bytes as they are.
ROWS = [
    row("", 0, b"", only=("boolean", "false")),
    row("Z", 9, b"\xff", no_text=("string", ""), no_bytes=("binary", "")),
    row("a", -(2**63), b"\x00", least=("integer", str(-(2**63))), most=("integer", str(2**63 - 1))),
    row("a", 2**63 - 1, b"\x00", minus=("integer", "-1"), yes=("boolean", "true"), zero=("integer", "0")),
    row(
        "b",
        1,
        b"\x00",
        great=("double", "1.7976931348623157e308"),
        half=("double", "1.5"),
        minus_zero=("double", "-0.0"),
        small=("double", "5e-324"),
        tenth=("double", "0.1"),
        whole=("double", "3.0"),
    ),
    row("b", 1, b"\x00\x00", every=("binary", encoded(bytes(range(256))))),
    row("b", 1, b"\x01", long=("string", "x" * 100_000), text=("string", "≠ ASCII: 漢字 🚀 \t\n\u0000 end")),
    row("\uffee", 1, b"", sorts=("string", "before the rocket by its bytes, yet not by UTF-16")),
    row("🚀", 1, b"", C00=("integer", "1"), _=("string", "between capitals and small letters"), c00=("integer", "0")),
]


@for_each(peers.SDKS)
def rows_written_by(writer):
    table = sandbox.new_table(KEY)
    # Backwards, as it is the key that orders them.
    peers.write(writer, table, ROWS[::-1])
    read_by_all(table, ROWS)


@story()
def rows_shipped_from_all_writers():
    """Each SDK and the shipper's own command put logs; the shipper makes rows of them."""
    logstore = sandbox.new_logstore(shards=2)
    table = sandbox.new_table((("writer", "STRING"), ("number", "INTEGER"), ("raw", "BINARY")))
    writers = sorted((*peers.SDKS, "shipper"))
    for writer in writers:
        peers.put(writer, logstore, [log_of(writer, -5), log_of(writer, 2**63 - 1)])
    wanted = [row_of(writer, number) for writer in writers for number in (-5, 2**63 - 1)]

    transform = {"number": "(->int 10 n)", "hex": "(->int 16 hex)", "flag": "(->bool flag)", "crc": "(crc32 word)"}
    # The Python SDK gives every log nanoseconds of its own.
    excluded = json.dumps(["__time_ns_part__"])
    with Shipper("shipper", logstore, table, transform=json.dumps(transform), exclusive_columns=excluded):
        eventually(lambda: len(sandbox.rows(table)) == len(wanted), 20, "all rows shipped")
    read_by_all(table, wanted)


def log_of(writer, number):
    contents = {"writer": writer, "n": str(number), "raw": "é", "hex": "-7f", "flag": "true", "word": "漢字"}
    return {
        "hash_key": None,
        "topic": "shipped",
        "source": "192.0.2.1",
        "tags": {"zone": "süd"},
        "logs": [{"time": 1_700_000_000, "contents": list(contents.items())}],
    }


def row_of(writer, number):
    columns = [
        ["__source__", "string", "192.0.2.1"],
        ["__tag___zone", "string", "süd"],
        ["__time__", "integer", "1700000000"],
        ["__topic__", "string", "shipped"],
        ["crc", "integer", str(zlib.crc32("漢字".encode()))],
        ["flag", "boolean", "true"],
        ["hex", "integer", "-127"],
        ["n", "string", str(number)],
        ["word", "string", "漢字"],
    ]
    key = [["writer", "string", writer], ["number", "integer", str(number)], ["raw", "binary", encoded("é".encode())]]
    return {"key": key, "columns": columns}


def read_by_all(table, rows):
    """Every SDK, and the shipper's own command, reads exactly these rows."""
    wanted = [spelled_alike(row) for row in rows]
    for reader in peers.SDKS:
        found = [spelled_alike(row) for row in peers.read(reader, table)]
        equal(found, wanted, f"rows read by {reader}")
    found = [[(name, one_spelling(value)) for name, value in row.items()] for row in peers.read_by_shipper(table)]
    wanted = [[(name, text) for name, _, text in [*row["key"], *row["columns"]]] for row in wanted]
    equal(found, wanted, "rows read by the shipper's command")


def spelled_alike(row):
    """The row with doubles in one spelling: languages write the same number in several ways."""
    return {
        part: [[name, kind, one_spelling(float(text)) if kind == "double" else text] for name, kind, text in row[part]]
        for part in ("key", "columns")
    }


def one_spelling(value):
    if isinstance(value, float):
        # All bits, the sign of zero too.
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
