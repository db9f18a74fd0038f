"""Every limit: what is just inside is taken, what is just outside refused in the service's words.

Each is tried alone and in a batch. Limits that show without the table's schema refuse the whole
batch, so the messages are the same.
"""

import tablestore.protobuf.table_store_pb2 as pb2
from tablestore import (
    INF_MAX,
    INF_MIN,
    CapacityUnit,
    PutRowItem,
    ReservedThroughput,
    Row,
    TableMeta,
    TableOptions,
    UpdateRowItem,
)

import environment
import scratch
from harness import check, equal, table_refuses
from rows import IGNORE, Rows, batch_write, exchange, key_bytes

INVALID = (400, "OTSParameterInvalid")
KEY = [("pk", "a")]
MIB = 1024 * 1024
TOO_LARGE = (413, "OTSRequestBodyTooLarge", "The size of POST data is too large.")
BAD_NAMES = ["", "1a", "a b", "é", "a.b", "a" * 256]


def every_write(rows, message, key, columns):
    """PutRow, UpdateRow and BatchWriteRow refuse this row alike."""
    update = {"PUT": columns}
    table_refuses(*INVALID, message, rows.put, key, columns)
    if columns:
        table_refuses(*INVALID, message, rows.update, key, put=columns)
        table_refuses(*INVALID, message, rows.write, UpdateRowItem(Row(key, update), IGNORE))
    table_refuses(*INVALID, message, rows.write, PutRowItem(Row(key, columns), IGNORE))


@check
def limit_table_names():
    """Table names: 1 to 255 of letters, digits and _, not a digit first, in every operation."""
    client = environment.table_client()
    longest = "T" + scratch.unique("").replace("-", "_").ljust(254, "x")
    meta = lambda name: TableMeta(name, [("pk", "STRING")])
    reserved = ReservedThroughput(CapacityUnit(0, 0))
    client.create_table(meta(longest), TableOptions(), reserved)
    assert longest in client.list_table()
    client.delete_table(longest)
    for name in [*BAD_NAMES, "a-b"]:
        rows = Rows(name)
        for call in [
            lambda: client.create_table(meta(name), TableOptions(), reserved),
            lambda: client.describe_table(name),
            lambda: client.delete_table(name),
            lambda: rows.put(KEY),
            lambda: rows.get(KEY),
            lambda: rows.range(KEY, [("pk", "b")]),
            lambda: rows.write(PutRowItem(Row(KEY, []), IGNORE)),
            lambda: rows.read([KEY]),
        ]:
            table_refuses(*INVALID, f"Invalid table name: '{name}'.", call)


@check
def limit_column_names():
    """Column names: 1 to 255 of letters, digits and _, not a digit first; case counts."""
    with scratch.table() as table:
        rows = Rows(table)
        rows.put(KEY, [("a" * 255, 1), ("_", 2), ("Case", 3), ("case", 4)])
        equal(len(rows.get(KEY)), 4)
        for name in BAD_NAMES:
            # The encoder counts characters of a name where it has to count bytes.
            if name.isascii():
                every_write(rows, f"Invalid column name: '{name}'.", KEY, [(name, 1)])
            table_refuses(*INVALID, f"Invalid column name: '{name}'.", rows.get, KEY, [name])


@check
def limit_key_column_names():
    """Names of key columns keep to the same rule, in tables and in rows."""
    client = environment.table_client()
    for name in ["1a", "a b", "a" * 256]:
        meta = TableMeta("never", [(name, "STRING")])
        reserved = ReservedThroughput(CapacityUnit(0, 0))
        message = f"Invalid column name: '{name}'."
        table_refuses(*INVALID, message, client.create_table, meta, TableOptions(), reserved)
        with scratch.table() as table:
            table_refuses(*INVALID, message, Rows(table).put, [(name, "x")])


@check
def limit_key_columns():
    """A key has one to four columns, in writes, reads and ranges."""
    message = "The number of primary key columns must be in range: [1, 4]."
    with scratch.table() as name:
        rows = Rows(name)
        for key in [[], [(f"pk{index}", "a") for index in range(5)]]:
            every_write(rows, message, key, [("c", 1)])
            table_refuses(*INVALID, message, rows.delete, key)
            table_refuses(*INVALID, message, rows.get, key)
            table_refuses(*INVALID, message, rows.read, [key])
            table_refuses(*INVALID, message, rows.range, key, key)


@check
def limit_key_length():
    """A STRING or BINARY key value has at most 1024 bytes; characters do not count."""
    message = (
        "The length of primary key column: 'pk' exceeds the MaxLength:1024 with CurrentLength:{}."
    )
    with scratch.table() as strings, scratch.table([("pk", "BINARY")]) as binaries:
        for rows, fits, too_long, length in [
            (Rows(strings), "k" * 1024, "k" * 1025, 1025),
            (Rows(strings), "é" * 512, "é" * 513, 1026),
            (Rows(binaries), bytearray(1024), bytearray(1025), 1025),
        ]:
            rows.put([("pk", fits)])
            key = [("pk", too_long)]
            every_write(rows, message.format(length), key, [("c", 1)])
            table_refuses(*INVALID, message.format(length), rows.get, key)
            table_refuses(*INVALID, message.format(length), rows.delete, key)


@check
def limit_key_types():
    """Bounds and placeholders are no key values to write or to get."""
    with scratch.table() as name:
        rows = Rows(name)
        for bound, word in [(INF_MIN, "VT_INF_MIN"), (INF_MAX, "VT_INF_MAX")]:
            message = f"{word} is an invalid type for the primary key."
            every_write(rows, message, [("pk", bound)], [("c", 1)])
            table_refuses(*INVALID, message, rows.get, [("pk", bound)])
            table_refuses(*INVALID, message, rows.delete, [("pk", bound)])


@check
def limit_key_of_the_table():
    """A key that does not fit the table: OTSInvalidPK tells size, name and type."""
    with scratch.table([("PK1", "INTEGER"), ("PK2", "BINARY")]) as name:
        rows = Rows(name)
        blob = bytearray(b"x")
        for message, key in [
            ("Validate PK size fail. Input: 1, Meta: 2.", [("PK1", 1)]),
            ("Validate PK name fail. Input: PK2, Meta: PK1.", [("PK2", blob), ("PK1", 1)]),
            ("Validate PK name fail. Input: pk1, Meta: PK1.", [("pk1", 1), ("PK2", blob)]),
            (
                "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
                [("PK1", "1"), ("PK2", blob)],
            ),
            ("Validate PK type fail. Input: VT_STRING, Meta: VT_BLOB.", [("PK1", 1), ("PK2", "x")]),
        ]:
            for call in [
                lambda: rows.put(key),
                lambda: rows.update(key, put=[("c", 1)]),
                lambda: rows.delete(key),
                lambda: rows.get(key),
            ]:
                table_refuses(400, "OTSInvalidPK", message, call)


@check
def limit_value_length():
    """A STRING or BINARY value has at most 2 MiB."""
    with scratch.table() as name:
        rows = Rows(name)
        message = (
            "The length of attribute column: 'c' exceeds "
            "the MaxLength:2097152 with CurrentLength:2097153."
        )
        for fits in ["x" * (2 * MIB), bytearray(2 * MIB)]:
            rows.put(KEY, [("c", fits)])
        table_refuses(*INVALID, message, rows.put, KEY, [("c", "x" * (2 * MIB + 1))])
        table_refuses(*INVALID, message, rows.update, KEY, put=[("c", bytearray(2 * MIB + 1))])
        item = PutRowItem(Row(KEY, [("c", "x" * (2 * MIB + 1))]), IGNORE)
        table_refuses(*INVALID, message, rows.write, item)


@check
def limit_columns_of_a_row():
    """One request writes at most 1024 columns of a row, puts and deletes alike."""
    message = (
        "The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025."
    )
    with scratch.table() as name:
        rows = Rows(name)
        every_write(rows, message, KEY, [(f"c{index}", 1) for index in range(1025)])
        mixed = {"put": [("c", 1)], "delete_all": [f"d{index}" for index in range(1024)]}
        table_refuses(*INVALID, message, rows.update, KEY, **mixed)


@check
def limit_columns_to_get():
    """A read names at most 1024 columns."""
    message = (
        "The number of columns from the request exceeds the limit, "
        "limit count: 1024, column count: 1025."
    )
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c1", 1)])
        columns = [f"c{index}" for index in range(1025)]
        equal(rows.get(KEY, columns[:1024]), [("c1", 1)])
        table_refuses(*INVALID, message, rows.get, KEY, columns)
        table_refuses(*INVALID, message, rows.range, KEY, [("pk", "b")], columns_to_get=columns)
        table_refuses(*INVALID, message, rows.read, [KEY], columns_to_get=columns)


@check
def limit_rows_of_a_batch_write():
    """A BatchWriteRow has at most 200 rows, over all its tables."""
    with scratch.table() as one, scratch.table() as two:
        rows = Rows(one)
        items = [PutRowItem(Row([("pk", str(index))], []), IGNORE) for index in range(200)]
        assert rows.write(*items).is_all_succeed()
        message = "Rows count exceeds the upper limit: 200."
        table_refuses(*INVALID, message, batch_write, rows.client, {one: items, two: items[:1]})
        equal(Rows(two).keys("pk"), [])


@check
def limit_rows_of_a_batch_get():
    """A BatchGetRow has at most 100 rows."""
    with scratch.table() as name:
        rows = Rows(name)
        keys = [[("pk", str(index))] for index in range(101)]
        equal(len(rows.read(keys[:100])), 100)
        table_refuses(*INVALID, "Rows count exceeds the upper limit: 100.", rows.read, keys)


def columns_of(total, at=None):
    """Cells of so many bytes of data, with the key of KEY: names and values, 8 for a timestamp."""
    left = total - len("pk") - len("a")
    per_cell = 1 + (8 if at else 0)
    cells = []
    for name in "abc":
        value = "x" * min(left - per_cell, 2 * MIB)
        cells.append((name, value, at) if at else (name, value))
        left -= per_cell + len(value)
        if not left:
            return cells
    raise AssertionError("that many bytes do not fit three cells")


@check
def limit_data_of_one_write():
    """PutRow and UpdateRow take 4 MiB of data, and not one byte more."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, columns_of(4 * MIB))
        message = (
            "The total data size of {} request exceeds the limit, "
            "limit size: 4194304, data size: 4194305"
        )
        table_refuses(*INVALID, message.format("PutRow"), rows.put, KEY, columns_of(4 * MIB + 1))
        update = {"put": columns_of(4 * MIB + 1)}
        table_refuses(*INVALID, message.format("UpdateRow"), rows.update, KEY, **update)


@check
def limit_data_of_a_batch():
    """BatchWriteRow takes 4 MiB of data, 8 bytes for each given timestamp among them."""
    with scratch.table() as name:
        rows = Rows(name)
        at = 1  # Any: what is too large is refused before its versions are looked at.
        message = (
            "The total data size of BatchWriteRow request exceeds the limit, "
            "limit size: 4194304, data size: 4194305."
        )
        item = lambda columns: PutRowItem(Row(KEY, columns), IGNORE)
        assert rows.write(item(columns_of(4 * MIB))).is_all_succeed()
        table_refuses(*INVALID, message, rows.write, item(columns_of(4 * MIB + 1)))
        table_refuses(*INVALID, message, rows.write, item(columns_of(4 * MIB + 1, at)))


@check
def limit_body():
    """A body of more than 5 MiB is refused with 413, whatever it is."""
    body = b"x" * (5 * MIB + 1)
    table_refuses(*TOO_LARGE, exchange, "PutRow", body)
    unparsed = "Parse PBMessage from RawString failed."
    table_refuses(*INVALID, unparsed, exchange, "PutRow", b"\xff" * (5 * MIB))


@check
def limit_timestamps():
    """A given version is at least 0 and less than a thousandth of the greatest integer."""
    message = "Timestamp must be in range [0, INT64_MAX/1000)."
    with scratch.table() as name:
        rows = Rows(name)
        for at in [-1, (2**63 - 1) // 1000, 2**63 - 1]:
            table_refuses(*INVALID, message, rows.put, KEY, [("c", 1, at)])
            table_refuses(
                *INVALID, message, rows.write, PutRowItem(Row(KEY, [("c", 1, at)]), IGNORE)
            )


@check
def limit_instance_names():
    """Instance names: 3 to 16 of letters, digits and -, a letter first, no - last."""
    for name in ["abc", "a-1", "a" * 16]:
        environment.table_client(instance=name).list_table()
    for name in ["ab", "a" * 17, "1ab", "ab-", "a_b"]:
        client = environment.table_client(instance=name)
        table_refuses(*INVALID, f"Invalid instance name: '{name}'.", client.list_table)


@check
def limit_malformed_rows():
    """PlainBuffer that is broken is refused: checksums, headers, what is cut off."""
    with scratch.table() as name:
        good = key_bytes(KEY)
        ends = len(good) - 1
        get = lambda key: exchange(
            "GetRow", pb2.GetRowRequest(table_name=name, primary_key=key, max_versions=1)
        )
        equal(pb2.GetRowResponse.FromString(get(good)).row, b"")
        equal(pb2.GetRowResponse.FromString(get(good + b"\0\0")).row, b"")
        for place, broken in [
            ("row checksum", good[:ends] + bytes([good[ends] ^ 1])),
            ("value", good.replace(b"a\n", b"b\n")),
            ("header", b"\x76" + good[1:]),
            ("end", good[:-2]),
            ("everything", b""),
        ]:
            try:
                get(broken)
            except Exception as error:
                equal(
                    (getattr(error, "http_status", None), getattr(error, "code", error)),
                    INVALID,
                    place,
                )
            else:
                raise AssertionError(f"broken {place} is taken")
