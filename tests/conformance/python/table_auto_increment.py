"""Keys that the service counts up itself."""

from tablestore import (
    PK_AUTO_INCR,
    Condition,
    PutRowItem,
    ReturnType,
    Row,
    SingleColumnCondition,
)

import scratch
from harness import check, equal, table_refuses
from rows import EXPECT_EXIST, EXPECT_NOT_EXIST, Rows

INVALID = (400, "OTSParameterInvalid")
SCHEMA = [("pk", "STRING"), ("n", "INTEGER", PK_AUTO_INCR)]
NEXT = [("pk", "a"), ("n", PK_AUTO_INCR)]


@check
def auto_increment_returns_its_key():
    """RT_PK gives the key that was counted; the row is found under it."""
    with scratch.table(SCHEMA) as name:
        rows = Rows(name)
        _, row = rows.put(NEXT, [("c", 1)], return_type=ReturnType.RT_PK)
        equal([column for column, _ in row.primary_key], ["pk", "n"])
        equal(row.primary_key[0], ("pk", "a"))
        assert isinstance(row.primary_key[1][1], int)
        equal(rows.get(row.primary_key), [("c", 1)])


@check
def auto_increment_counts_up():
    """Every put makes a new row with a greater key."""
    with scratch.table(SCHEMA) as name:
        rows = Rows(name)
        for number in range(5):
            rows.put(NEXT, [("c", number)])
        keys = rows.keys("pk", "n")
        equal(len(set(keys)), 5)
        equal(
            [rows.get([("pk", pk), ("n", n)]) for pk, n in keys],
            [[("c", number)] for number in range(5)],
        )


@check
def auto_increment_by_update_and_batch():
    """UpdateRow with a placeholder makes a row too, and so does each row of a batch."""
    with scratch.table(SCHEMA) as name:
        rows = Rows(name)
        rows.update(NEXT, put=[("c", 1)])
        item = lambda: PutRowItem(Row(NEXT, [("c", 2)]), Condition("IGNORE"), ReturnType.RT_PK)
        done = rows.write(item(), item()).get_put_by_table(name)
        returned = [item.row.primary_key[1][1] for item in done]
        keys = rows.keys("pk", "n")
        equal(len(keys), 3)
        equal([n for _, n in keys[1:]], returned)


@check
def auto_increment_without_asking():
    """Without RT_PK nothing comes back."""
    with scratch.table(SCHEMA) as name:
        equal(Rows(name).put(NEXT)[1], None)


@check
def auto_increment_takes_no_conditions():
    """A write that counts up takes no condition."""
    with scratch.table(SCHEMA) as name:
        rows = Rows(name)
        on_column = Condition("IGNORE", SingleColumnCondition("c", 1, 0))
        message = "Can't set condition when modify row with pk auto increment."
        table_refuses(*INVALID, message, rows.put, NEXT, [("c", 1)], on_column)
        for condition in [EXPECT_EXIST, EXPECT_NOT_EXIST]:
            expect = condition.get_row_existence_expectation()
            message = f"Invalid expect:{expect} when modify row with pk auto increment."
            table_refuses(*INVALID, message, rows.put, NEXT, [("c", 1)], condition)


@check
def auto_increment_not_for_reads():
    """A placeholder is no key to read or delete by."""
    with scratch.table(SCHEMA) as name:
        rows = Rows(name)
        read = "PKAutoIncr can't be used for read operations."
        table_refuses(*INVALID, read, rows.get, NEXT)
        delete = "Invalid row to delete which with pk auto increment."
        table_refuses(*INVALID, delete, rows.delete, NEXT)


@check
def auto_increment_only_where_declared():
    """A placeholder for an ordinary key column is refused as a wrong type."""
    with scratch.table([("pk", "STRING"), ("n", "INTEGER")]) as name:
        message = "Validate PK type fail. Input: VT_AUTO_INCREMENT, Meta: VT_INTEGER."
        table_refuses(400, "OTSInvalidPK", message, Rows(name).put, NEXT)
