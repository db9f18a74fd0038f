"""Conditions of writes and filters of reads."""

import tablestore.protobuf.table_store_filter_pb2 as filter_pb2
import tablestore.protobuf.table_store_pb2 as pb2
from tablestore import (
    CastType,
    ComparatorType,
    CompositeColumnCondition,
    Condition,
    LogicalOperator,
    RegexRule,
    SingleColumnCondition,
    SingleColumnRegexCondition,
)

import scratch
from harness import check, equal, table_refuses
from rows import EXPECT_EXIST, EXPECT_NOT_EXIST, Rows, exchange, key_bytes

FAILED = (403, "OTSConditionCheckFail", "Condition check failed.")
INVALID = (400, "OTSParameterInvalid")
KEY, OTHER = [("pk", "a")], [("pk", "b")]
C = ComparatorType


def when(column, value, comparator=C.EQUAL, **options):
    return SingleColumnCondition(column, value, comparator, **options)


def both(operator, *conditions):
    composite = CompositeColumnCondition(operator)
    for condition in conditions:
        composite.add_sub_condition(condition)
    return composite


def holds(rows, condition):
    """Whether a condition on columns lets a write to KEY pass, and a read of it find the row."""
    written = rows.read([KEY])[0]
    result = rows.get(KEY, column_filter=condition) is not None
    try:
        rows.update(KEY, Condition("IGNORE", condition), put=[("touched", 1)])
        equal(result, True, "the filter says otherwise than the condition:")
    except Exception as error:
        equal(getattr(error, "code", error), FAILED[1])
        equal(result, False, "the filter says otherwise than the condition:")
    assert written.is_ok
    return result


@check
def condition_row_exists():
    """EXPECT_EXIST: put, update and delete of a row that is not there are refused."""
    with scratch.table() as name:
        rows = Rows(name)
        table_refuses(*FAILED, rows.put, KEY, [("a", 1)], EXPECT_EXIST)
        table_refuses(*FAILED, rows.update, KEY, EXPECT_EXIST, put=[("a", 1)])
        table_refuses(*FAILED, rows.delete, KEY, EXPECT_EXIST)
        equal(rows.keys("pk"), [])
        rows.put(KEY)
        rows.put(KEY, [("a", 1)], EXPECT_EXIST)
        rows.update(KEY, EXPECT_EXIST, put=[("a", 2)])
        equal(rows.get(KEY), [("a", 2)])
        rows.delete(KEY, EXPECT_EXIST)


@check
def condition_row_is_new():
    """EXPECT_NOT_EXIST: put and update of a row that is there are refused."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("a", 1)], EXPECT_NOT_EXIST)
        table_refuses(*FAILED, rows.put, KEY, [("a", 2)], EXPECT_NOT_EXIST)
        table_refuses(*FAILED, rows.update, KEY, EXPECT_NOT_EXIST, put=[("a", 2)])
        rows.update(OTHER, EXPECT_NOT_EXIST, put=[("a", 3)])
        equal((rows.get(KEY), rows.get(OTHER)), ([("a", 1)], [("a", 3)]))


@check
def condition_every_comparator():
    """Equal, unequal, greater, less and both of them or equal, over every type."""
    with scratch.table() as name:
        rows = Rows(name)
        for low, middle, high in [
            (-(2**63), 0, 2**63 - 1),
            (-1.5, 0.0, 1e300),
            ("", "a", "b"),
            ("Z", "a", "é"),
            (bytearray(b""), bytearray(b"\x7f"), bytearray(b"\x80")),
        ]:
            rows.put(KEY, [("c", middle)])
            for comparator, expected in [
                (C.EQUAL, (False, True, False)),
                (C.NOT_EQUAL, (True, False, True)),
                (C.GREATER_THAN, (True, False, False)),
                (C.GREATER_EQUAL, (True, True, False)),
                (C.LESS_THAN, (False, False, True)),
                (C.LESS_EQUAL, (False, True, True)),
            ]:
                told = tuple(
                    holds(rows, when("c", value, comparator)) for value in (low, middle, high)
                )
                equal(
                    told,
                    expected,
                    f"{middle!r} {C.__members__[comparator]} {low!r}, itself, {high!r}:",
                )


@check
def condition_on_missing_column():
    """A condition on a column that is not there passes or fails as it says."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", 1)])
        equal(holds(rows, when("none", 1, pass_if_missing=True)), True)
        equal(holds(rows, when("none", 1, pass_if_missing=False)), False)
        missing_row = Condition("IGNORE", when("c", 1, pass_if_missing=False))
        table_refuses(*FAILED, rows.update, OTHER, missing_row, put=[("c", 1)])


@check
def condition_composite():
    """AND, OR and NOT, nested."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("a", 1), ("b", 2), ("c", 3)])
        true, false = when("a", 1), when("a", 2)
        for expected, condition in [
            (True, both(LogicalOperator.AND, true, true)),
            (False, both(LogicalOperator.AND, true, false)),
            (True, both(LogicalOperator.OR, false, true)),
            (False, both(LogicalOperator.OR, false, false)),
            (False, both(LogicalOperator.NOT, true)),
            (True, both(LogicalOperator.NOT, false)),
            (True, both(LogicalOperator.AND, true, when("b", 2), when("c", 3))),
            (
                True,
                both(
                    LogicalOperator.OR,
                    both(LogicalOperator.AND, false, true),
                    both(LogicalOperator.NOT, both(LogicalOperator.AND, true, false)),
                ),
            ),
        ]:
            equal(holds(rows, condition), expected, repr(condition))


@check
def condition_on_key_column():
    """A filter may name a column of the primary key."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", 1)])
        equal(holds(rows, when("pk", "a", pass_if_missing=False)), True)
        equal(holds(rows, when("pk", "b", pass_if_missing=False)), False)


@check
def condition_on_older_versions():
    """latest_version_only=false looks at every version."""
    with scratch.table(max_version=3) as name:
        rows = Rows(name)
        for value in [1, 2, 3]:
            rows.update(KEY, put=[("c", value)])
        first = lambda latest: Condition(
            "IGNORE", when("c", 1, pass_if_missing=False, latest_version_only=latest)
        )
        table_refuses(*FAILED, rows.update, KEY, first(True), put=[("d", 1)])
        rows.update(KEY, first(False), put=[("d", 1)])


@check
def condition_by_regular_expression():
    """A rule takes a piece out of a text and compares it as another type."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", "t1=10,t2=2.5;name=x")])
        for expected, regex, cast, comparator, value in [
            (True, "t1=([0-9]+)", CastType.VT_INTEGER, C.GREATER_THAN, 9),
            (False, "t1=([0-9]+)", CastType.VT_INTEGER, C.GREATER_THAN, 10),
            (True, "t2=([0-9.]+)", CastType.VT_DOUBLE, C.EQUAL, 2.5),
            (False, "t3=([0-9.]+)", CastType.VT_DOUBLE, C.EQUAL, 2.5),
        ]:
            rule = RegexRule(regex, cast)
            equal(
                holds(rows, SingleColumnRegexCondition("c", comparator, value, rule)),
                expected,
                regex,
            )


@check
def condition_on_presence():
    """EXIST and NOT_EXIST look whether a column is there."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", 1)])
        for expected, comparator, column in [
            (True, C.EXIST, "c"),
            (False, C.EXIST, "none"),
            (True, C.NOT_EXIST, "none"),
            (False, C.NOT_EXIST, "c"),
        ]:
            equal(holds(rows, SingleColumnRegexCondition(column, comparator)), expected, column)


@check
def filter_leaves_rows_out():
    """GetRange and BatchGetRow give the rows that pass; the others are read and paid for."""
    with scratch.table() as name:
        rows = Rows(name)
        for number in range(10):
            rows.put([("pk", f"k{number}")], [("n", number), ("pad", "x" * 4000)])
        odd = both(LogicalOperator.OR, *(when("n", number) for number in (1, 3, 5)))
        found, next = rows.range([("pk", "k0")], [("pk", "k9")], column_filter=odd)
        equal([row.primary_key[0][1] for row in found], ["k1", "k3", "k5"])
        equal(next, None)
        consumed, _, _, _ = rows.client.get_range(
            name, "FORWARD", [("pk", "k0")], [("pk", "k9")], column_filter=odd
        )
        assert consumed.read >= 9, f"nine rows of 4 KiB cost {consumed.read}"
        read = rows.read([[("pk", f"k{number}")] for number in range(4)], column_filter=odd)
        equal([item.row is not None for item in read], [False, True, False, True])


@check
def filter_count_limit():
    """At most 32 filters stand in one condition."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", 1)])
        many = lambda count: both(LogicalOperator.AND, *(when("c", 1) for _ in range(count)))
        equal(holds(rows, many(31)), True)
        message = "The count of filter exceeds the max:32."
        table_refuses(*INVALID, message, rows.get, KEY, column_filter=many(32))


def columns_page(table, offset, limit):
    """One page of the columns of KEY: their names."""
    inner = filter_pb2.ColumnPaginationFilter(offset=offset, limit=limit)
    outer = filter_pb2.Filter(
        type=filter_pb2.FT_COLUMN_PAGINATION, filter=inner.SerializeToString()
    )
    request = pb2.GetRowRequest(
        table_name=table,
        primary_key=key_bytes(KEY),
        max_versions=1,
        filter=outer.SerializeToString(),
    )
    answer = exchange("GetRow", request)
    rows = Rows(table)
    (_, row, token), _ = rows.client.protocol.decoder.decode_response("GetRow", answer, "")
    equal(token, b"")
    return [column[0] for column in row.attribute_columns]


@check
def filter_pages_of_columns():
    """A wide row is read by pages of columns, with offset and limit."""
    with scratch.table() as name:
        Rows(name).put(KEY, [(f"c{index}", index) for index in range(7)])
        equal(columns_page(name, 2, 3), ["c2", "c3", "c4"])
        seen = [column for offset in (0, 3, 6) for column in columns_page(name, offset, 3)]
        equal(seen, [f"c{index}" for index in range(7)])


@check
def filter_page_limits():
    """A page of columns needs an offset of at least 0 and a limit above 0."""
    with scratch.table() as name:
        at_least = "Offset in ColumnPaginationFilter must be greater than or equal to 0."
        table_refuses(*INVALID, at_least, columns_page, name, -1, 1)
        above = "Limit in ColumnPaginationFilter must be greater than 0."
        table_refuses(*INVALID, above, columns_page, name, 0, 0)


@check
def condition_cost_when_failed():
    """A failed condition writes nothing, in a batch and alone."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("c", 1)])
        wrong = Condition("EXPECT_EXIST", when("c", 2))
        table_refuses(*FAILED, rows.delete, KEY, wrong)
        table_refuses(*FAILED, rows.put, KEY, [("d", 1)], wrong)
        equal(rows.get(KEY), [("c", 1)])
