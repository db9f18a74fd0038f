"""GetRange: order, bounds, pages, caps."""

from tablestore import INF_MAX, INF_MIN, CapacityUnit, PutRowItem, Row

import scratch
from harness import check, equal, table_refuses
from rows import IGNORE, Rows

INVALID = (400, "OTSParameterInvalid")
FIRST, LAST = [("pk", INF_MIN)], [("pk", INF_MAX)]


def fill(rows, keys, columns=()):
    """Puts rows of one key column, 200 at a time."""
    keys = list(keys)
    for start in range(0, len(keys), 200):
        items = [
            PutRowItem(Row([("pk", key)], list(columns)), IGNORE)
            for key in keys[start : start + 200]
        ]
        assert rows.write(*items).is_all_succeed()


def keys_of(found):
    return [row.primary_key[0][1] for row in found]


@check
def range_of_integers():
    """INTEGER keys are in the order of numbers."""
    numbers = [5, -1, 0, 2**63 - 1, -(2**63), 256, 255]
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        fill(rows, numbers)
        equal(keys_of(rows.range(FIRST, LAST)[0]), sorted(numbers))


@check
def range_of_strings():
    """STRING keys are in the order of their UTF-8 bytes."""
    texts = ["", "a", "B", "ab", "a\0", "é", "z", "𝄞", "ÿ", "￿"]
    with scratch.table() as name:
        rows = Rows(name)
        fill(rows, texts)
        equal(keys_of(rows.range(FIRST, LAST)[0]), sorted(texts, key=lambda text: text.encode()))


@check
def range_of_binaries():
    """BINARY keys are in the order of unsigned bytes."""
    values = [b"", b"\0", b"\0\0", b"\x7f", b"\x80", b"\xff", b"\xff\0", b"a"]
    with scratch.table([("pk", "BINARY")]) as name:
        rows = Rows(name)
        fill(rows, map(bytearray, values))
        equal(keys_of(rows.range(FIRST, LAST)[0]), [bytearray(value) for value in sorted(values)])


@check
def range_bounds():
    """The start is in the range, the end is not, in both directions."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        fill(rows, range(10))
        equal(keys_of(rows.range([("pk", 3)], [("pk", 6)])[0]), [3, 4, 5])
        equal(keys_of(rows.range([("pk", 6)], [("pk", 3)], "BACKWARD")[0]), [6, 5, 4])
        equal(keys_of(rows.range(LAST, FIRST, "BACKWARD")[0]), list(range(9, -1, -1)))
        equal(rows.range([("pk", 20)], [("pk", 30)]), ([], None))


@check
def range_of_several_columns():
    """Bounds compare column by column, with INF in any of them."""
    schema = [("a", "STRING"), ("b", "INTEGER")]
    with scratch.table(schema) as name:
        rows = Rows(name)
        for a in "xyz":
            for b in [-1, 0, 7]:
                rows.put([("a", a), ("b", b)])
        found = lambda start, end, direction="FORWARD": [
            tuple(value for _, value in row.primary_key)
            for row in rows.range(list(zip("ab", start)), list(zip("ab", end)), direction)[0]
        ]
        equal(found(("y", INF_MIN), ("y", INF_MAX)), [("y", -1), ("y", 0), ("y", 7)])
        equal(found(("x", 1), ("y", 0)), [("x", 7), ("y", -1)])
        equal(found(("y", INF_MAX), ("x", 7), "BACKWARD"), [("y", 7), ("y", 0), ("y", -1)])
        equal(len(found((INF_MIN, INF_MIN), (INF_MAX, INF_MAX))), 9)


@check
def range_wrong_way_round():
    """Bounds the wrong way round, or equal, are refused."""
    with scratch.table([("pk", "INTEGER")]) as name:
        get = Rows(name).range
        low, high = [("pk", 1)], [("pk", 2)]
        forward = "Begin key must less than end key in FORWARD"
        backward = "Begin key must more than end key in BACKWARD"
        for start, end in [(high, low), (low, low), (LAST, FIRST)]:
            table_refuses(*INVALID, forward, get, start, end)
        for start, end in [(low, high), (low, low), (FIRST, LAST)]:
            table_refuses(*INVALID, backward, get, start, end, "BACKWARD")


@check
def range_by_pages():
    """With a limit, the next key is the first row not given; pages lead through all, once each."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        fill(rows, range(10))
        for direction, start, end, expected in [
            ("FORWARD", FIRST, LAST, list(range(10))),
            ("BACKWARD", LAST, FIRST, list(range(9, -1, -1))),
        ]:
            seen, next, pages = [], start, 0
            while next:
                found, next = rows.range(next, end, direction, limit=4)
                seen += keys_of(found)
                equal(next, [("pk", expected[len(seen)])] if len(seen) < 10 else None)
                pages += 1
            equal((seen, pages), (expected, 3))


@check
def range_limit_that_fits():
    """A limit of exactly the rows there are ends the range, without a next key."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        fill(rows, range(3))
        found, next = rows.range(FIRST, LAST, limit=3)
        equal((len(found), next), (3, None))


@check
def range_bad_limit():
    """A limit of 0 or less is refused."""
    with scratch.table() as name:
        for limit in [0, -1]:
            message = "The limit must be greater than 0."
            table_refuses(*INVALID, message, Rows(name).range, FIRST, LAST, limit=limit)


@check
def range_of_5000_rows():
    """One answer has 5000 small rows; the one after them is the next key."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        fill(rows, range(5000))
        found, next = rows.range(FIRST, LAST)
        equal((len(found), next), (5000, None))
        fill(rows, [5000])
        found, next = rows.range(FIRST, LAST)
        equal((len(found), next), (5000, [("pk", 5000)]))


@check
def range_of_4_mib():
    """One answer has at most 4 MiB of data, cut at a row's border; reading on gives the rest."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        value = "x" * (700 * 1024)
        for key in range(8):
            rows.put([("pk", key)], [("c", value)])
        found, next = rows.range(FIRST, LAST)
        equal((keys_of(found), next), ([0, 1, 2, 3, 4], [("pk", 5)]))
        found, next = rows.range(next, LAST)
        equal((keys_of(found), next), ([5, 6, 7], None))


@check
def range_iterator():
    """The SDK's iterator goes through all pages, and adds up what they cost."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        fill(rows, range(6000), [("c", 1)])
        consumed = CapacityUnit(0, 0)
        found = rows.client.xget_range(name, "FORWARD", FIRST, LAST, consumed)
        equal([row.primary_key[0][1] for row in found], list(range(6000)))
        assert consumed.read >= 6000 * 19 // 4096, consumed.read
        first = rows.client.xget_range(name, "FORWARD", FIRST, LAST, consumed, count=3)
        equal([row.primary_key[0][1] for row in first], [0, 1, 2])


@check
def range_some_columns():
    """A range gives the columns asked for; rows that have none of them are left out."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        rows.put([("pk", 1)], [("a", 1), ("b", 2)])
        rows.put([("pk", 2)], [("b", 3)])
        found, _ = rows.range(FIRST, LAST, columns_to_get=["a"])
        told = [
            (row.primary_key, [column[:2] for column in row.attribute_columns]) for row in found
        ]
        equal(told, [([("pk", 1)], [("a", 1)])])


@check
def range_cost():
    """A range costs the sum of its rows, rounded up once."""
    with scratch.table([("pk", "INTEGER")]) as name:
        rows = Rows(name)
        for key in range(2):
            rows.put([("pk", key)], [("c", "x" * (12 * 1024))])
        consumed, _, _, _ = rows.client.get_range(name, "FORWARD", FIRST, LAST)
        equal((consumed.read, consumed.write), (7, 0))


@check
def range_empty_table():
    """A range over nothing is empty and costs one read."""
    with scratch.table() as name:
        consumed, next, found, _ = Rows(name).client.get_range(name, "FORWARD", FIRST, LAST)
        equal((consumed.read, next, found), (1, None, []))
