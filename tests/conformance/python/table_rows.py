"""Single rows: every type and its extremes, put, update, delete, get."""

import math
import struct

from tablestore import ColumnType, Row, UpdateRowItem

import scratch
from harness import check, equal, table_refuses
from rows import EXPECT_EXIST, IGNORE, Rows

INVALID = (400, "OTSParameterInvalid")
KEY = [("pk", "a")]
MIB = 1024 * 1024
EXTREMES = {
    "integers": [0, 1, -1, 2**63 - 1, -(2**63)],
    "doubles": [0.0, 1.5, -1e308, 1e300, 5e-324, 0.1, math.pi],
    "booleans": [True, False],
    "strings": ["", "a", "é", "日本語 𝄞", "\0\n\t", " " * 100, "x" * 10000],
    "binaries": [bytearray(), bytearray(b"\0"), bytearray(range(256)), bytearray(b"\xff" * 5000)],
}


def comes_back(kind):
    """Values of one kind come back as they were, by GetRow and by GetRange."""
    columns = [(f"c{index:02}", value) for index, value in enumerate(EXTREMES[kind])]
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, columns)
        equal(rows.get(KEY), columns)
        [row], _ = rows.range([("pk", "a")], [("pk", "b")])
        equal([(name, value) for name, value, _ in row.attribute_columns], columns)
        types = [(type(a), type(b)) for (_, a), (_, b) in zip(rows.get(KEY), columns)]
        assert all(got is put for got, put in types), types


@check
def type_integer():
    """INTEGER columns keep every value from the least to the greatest of 64 bits."""
    comes_back("integers")


@check
def type_double():
    """DOUBLE columns keep the smallest and the greatest values to the last bit."""
    comes_back("doubles")


@check
def type_double_negative_zero():
    """-0.0 keeps its sign."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", -0.0)])
        [(_, value)] = rows.get(KEY)
        equal(struct.pack("<d", value), struct.pack("<d", -0.0))


@check
def type_boolean():
    """BOOLEAN columns keep both values, and do not become integers."""
    comes_back("booleans")


@check
def type_string():
    """STRING columns keep empty, long, and any Unicode text."""
    comes_back("strings")


@check
def type_binary():
    """BINARY columns keep any bytes, and none."""
    comes_back("binaries")


@check
def type_double_without_a_number():
    """NaN and the infinities are refused."""
    with scratch.table() as name:
        for value, told in [
            (math.nan, "NaN can't be set to double value."),
            (math.inf, "Infinity can't be set to double value."),
            (-math.inf, "Infinity can't be set to double value."),
        ]:
            table_refuses(*INVALID, told, Rows(name).put, KEY, [("c", value)])


@check
def type_of_a_column_may_change():
    """Columns have no schema: the next write may have another type."""
    with scratch.table() as name:
        rows = Rows(name)
        for value in [1, "text", 1.5, True, bytearray(b"b")]:
            rows.update(KEY, put=[("c", value)])
            equal(rows.get(KEY), [("c", value)])


@check
def value_of_two_mib():
    """A value of exactly 2 MiB is kept; it is read by GetRow and GetRange."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", "x" * (2 * MIB))])
        equal(len(rows.get(KEY)[0][1]), 2 * MIB)


@check
def key_of_every_type():
    """Keys of INTEGER, STRING and BINARY, with their extremes, find their rows."""
    key_columns = [("s", "STRING"), ("i", "INTEGER"), ("b", "BINARY")]
    with scratch.table(key_columns) as name:
        rows = Rows(name)
        keys = [
            [("s", ""), ("i", 0), ("b", bytearray())],
            [("s", "é𝄞"), ("i", 2**63 - 1), ("b", bytearray(range(256)))],
            [("s", "k" * 1024), ("i", -(2**63)), ("b", bytearray(b"\xff" * 1024))],
        ]
        for number, key in enumerate(keys):
            rows.put(key, [("c", number)])
        for number, key in enumerate(keys):
            row = rows.row(key)
            equal(row.primary_key, key)
            equal(row.attribute_columns[0][1], number)


@check
def put_replaces_the_row():
    """PutRow replaces the whole row."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("a", 1), ("b", 2)])
        rows.put(KEY, [("c", 3)])
        equal(rows.get(KEY), [("c", 3)])


@check
def update_merges():
    """UpdateRow changes what it names, leaves the rest, and makes a row that is not there."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.update(KEY, put=[("b", 2), ("a", 1)])
        rows.update(KEY, put=[("b", "two"), ("c", 3)], delete_all=["a"])
        equal(rows.get(KEY), [("b", "two"), ("c", 3)])


@check
def update_in_order():
    """The cells of one update act in the order written: put then delete leaves nothing."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.update(KEY, put=[("a", 1), ("b", 1)], delete_all=["a"])
        equal(rows.get(KEY), [("b", 1)])
        rows.update(KEY, delete_all=["b"], put=[("b", 2)])
        equal(rows.get(KEY), [("b", 2)])


@check
def update_that_only_deletes():
    """An update of nothing but deletes makes no row, alone and in a batch."""
    with scratch.table() as name:
        rows = Rows(name)
        columns = [f"c{index}" for index in range(100)]
        rows.update(KEY, delete_all=columns)
        assert rows.write(UpdateRowItem(Row(KEY, {"DELETE_ALL": columns}), IGNORE)).is_all_succeed()
        equal(rows.get(KEY), None)


@check
def delete_row():
    """DeleteRow removes a row; of a row that is not there, too."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("a", 1)])
        for _ in range(2):
            consumed, _ = rows.delete(KEY)
            equal((consumed.read, consumed.write), (0, 1))
            equal(rows.get(KEY), None)


@check
def row_without_columns():
    """A row may have its key alone, and stays when its last column is deleted."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put([("pk", "bare")])
        rows.put(KEY, [("a", 1)])
        rows.update(KEY, delete_all=["a"])
        equal(rows.keys("pk"), [("a",), ("bare",)])
        equal((rows.get(KEY), rows.get([("pk", "bare")])), ([], []))
        rows.update(KEY, EXPECT_EXIST, put=[("a", 2)])


@check
def get_missing_row():
    """GetRow of a row that is not there gives nothing, for one read unit."""
    with scratch.table() as name:
        client = Rows(name).client
        consumed, row, token = client.get_row(name, KEY)
        equal((row, bool(token), consumed.read, consumed.write), (None, False, 1, 0))


@check
def get_some_columns():
    """Columns come in the order of their names, and only those asked for."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("b", 2), ("a", 1), ("C", 3), ("_d", 4)])
        equal(rows.get(KEY), [("C", 3), ("_d", 4), ("a", 1), ("b", 2)])
        equal(rows.get(KEY, ["b", "_d", "none"]), [("_d", 4), ("b", 2)])
        equal(rows.get(KEY, ["none"]), None)
        equal(rows.get(KEY, ["pk", "none"]), [])


@check
def get_from_column_to_column():
    """A read between two column names takes the first of them, not the last."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [(column, 0) for column in "abcde"])
        names = lambda **bounds: "".join(column for column, _ in rows.get(KEY, **bounds))
        equal(names(start_column="b", end_column="d"), "bc")
        equal(names(start_column="c"), "cde")
        equal(names(end_column="c"), "ab")


@check
def thousand_columns():
    """A row takes 1024 columns in one request, and more in the next."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [(f"c{index:04}", index) for index in range(1024)])
        rows.update(KEY, put=[("one_more", 1)])
        equal(len(rows.get(KEY)), 1025)


@check
def capacity_units():
    """Units are 4 KiB of key, names and values, rounded up; a condition costs a read."""
    with scratch.table() as name:
        rows = Rows(name)
        cost = lambda answer: (answer[0].read, answer[0].write)
        equal(cost(rows.put(KEY, [("a", 1)])), (0, 1))
        two = [("a", "x" * 4096), ("b", "x" * 4096)]
        equal(cost(rows.update(KEY, put=two)), (0, 3))
        equal(cost(rows.update(KEY, EXPECT_EXIST, put=two)), (1, 3))
        equal(cost(rows.delete(KEY, EXPECT_EXIST)), (1, 1))
        rows.put(KEY, [("a", "x" * 5000)])
        equal(cost(rows.client.get_row(name, KEY)), (2, 0))
        rows.put(KEY, [(column, "x" * 2048) for column in "abcde"])
        equal(cost(rows.client.get_row(name, KEY)), (3, 0))


@check
def column_types_have_names():
    """The SDK's names of column types are those a table is created with."""
    kinds = [ColumnType.STRING, ColumnType.INTEGER, ColumnType.BINARY]
    with scratch.table([(f"pk{index}", kind) for index, kind in enumerate(kinds)]) as name:
        told = Rows(name).client.describe_table(name).table_meta.schema_of_primary_key
        equal([column[1] for column in told], kinds)
