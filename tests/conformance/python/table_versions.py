"""Versions of a cell: given and kept, read by time, deleted, outlived; counters."""

import time

import tablestore.protobuf.table_store_pb2 as pb2
from tablestore.plainbuffer.plain_buffer_builder import PlainBufferBuilder

import scratch
from harness import check, equal, table_refuses, until
from rows import Rows, exchange, key_bytes

INVALID = (400, "OTSParameterInvalid")
KEY = [("pk", "a")]
I64_MAX = 2**63 - 1


def now():
    return int(time.time() * 1000)


def versions(rows, **options):
    """(value, timestamp) of every cell of KEY, newest first."""
    row = rows.row(KEY, **options)
    return row and [(value, at) for _, value, at in row.attribute_columns]


@check
def versions_kept():
    """As many versions are kept as the table says, the newest first."""
    with scratch.table(max_version=3) as name:
        rows = Rows(name)
        for value in range(5):
            rows.update(KEY, put=[("c", value)])
        kept = versions(rows, max_version=10)
        equal([value for value, _ in kept], [4, 3, 2])
        times = [at for _, at in kept]
        equal(times, sorted(times, reverse=True))
        assert abs(times[0] - now()) < 60_000, f"{times[0]} is not the time in milliseconds"
        equal([value for value, _ in versions(rows, max_version=1)], [4])


@check
def version_given():
    """A given version is kept as given; an older one does not become the latest."""
    with scratch.table(max_version=5) as name:
        rows, at = Rows(name), now()
        rows.put(KEY, [("c", "now", at)])
        rows.update(KEY, put=[("c", "before", at - 5000)])
        rows.update(KEY, put=[("c", "between", at - 2000)])
        equal(
            versions(rows, max_version=5),
            [("now", at), ("between", at - 2000), ("before", at - 5000)],
        )
        rows.update(KEY, put=[("c", "again", at - 2000)])
        equal(versions(rows, max_version=5)[1], ("again", at - 2000))
        equal(rows.get(KEY), [("c", "now")])


@check
def versions_in_one_put():
    """One row may carry several versions of a column."""
    with scratch.table(max_version=3) as name:
        rows, at = Rows(name), now()
        rows.put(KEY, [("c", 1, at - 2), ("c", 2, at - 1), ("c", 3, at)])
        equal(versions(rows, max_version=3), [(3, at), (2, at - 1), (1, at - 2)])


@check
def versions_by_time_range():
    """A time range takes its start and leaves its end; one time takes that version alone."""
    with scratch.table(max_version=5) as name:
        rows, at = Rows(name), now()
        rows.put(KEY, [("c", offset, at + offset) for offset in range(5)])
        ranged = lambda *range: [
            value for value, _ in versions(rows, max_version=None, time_range=range)
        ]
        equal(ranged(at + 1, at + 4), [3, 2, 1])
        equal(ranged(at, at + 1), [0])
        found = versions(rows, max_version=None, time_range=at + 2)
        equal(found, [(2, at + 2)])
        limited = versions(rows, max_version=2, time_range=(at, at + 5))
        equal([value for value, _ in limited], [4, 3])


@check
def versions_need_a_condition():
    """A read says which versions it wants, in one way."""
    with scratch.table() as name:
        get = Rows(name).get
        for message, options in [
            ("No version condition is specified while querying row.", {"max_version": None}),
            ("Invalid max versions: 0. Reason: Max versions must be positive.", {"max_version": 0}),
            (
                "Specific tiemstamp and max versions cannot be given at the same time.",
                {"max_version": 1, "time_range": 5},
            ),
        ]:
            table_refuses(*INVALID, message, get, KEY, **options)


@check
def version_deleted():
    """DELETE removes one version; one that is not there is no error."""
    with scratch.table(max_version=3) as name:
        rows, at = Rows(name), now()
        rows.put(KEY, [("c", offset, at + offset) for offset in range(3)])
        rows.update(KEY, delete=[("c", None, at + 1)])
        equal(versions(rows, max_version=3), [(2, at + 2), (0, at)])
        rows.update(KEY, delete=[("c", None, at + 1)])
        equal(len(versions(rows, max_version=3)), 2)


@check
def versions_all_deleted():
    """DELETE_ALL removes every version; a later put begins anew."""
    with scratch.table(max_version=3) as name:
        rows = Rows(name)
        for value in range(3):
            rows.update(KEY, put=[("c", value)])
        rows.update(KEY, delete_all=["c", "none"])
        equal(versions(rows, max_version=3), [])
        rows.update(KEY, put=[("c", "new")])
        equal([value for value, _ in versions(rows, max_version=3)], ["new"])


@check
def version_too_far_from_now():
    """A given version may lie as far from now as the table's deviation allows."""
    with scratch.table(max_time_deviation=100) as name:
        rows = Rows(name)
        for offset in [-90_000, 90_000]:
            rows.put(KEY, [("c", 1, now() + offset)])
        for offset in [-110_000, 110_000]:
            message = "Invalid timestamp. Cell:c."
            table_refuses(*INVALID, message, rows.put, KEY, [("c", 1, now() + offset)])


@check
def cells_outlive_their_time():
    """A cell older than the time to live is not seen, nor is a row that has nothing else."""
    with scratch.table(time_to_live=2) as name:
        rows = Rows(name)
        rows.put(KEY, [("c", 1)])
        equal(rows.get(KEY), [("c", 1)])
        until(lambda: rows.get(KEY) is None, "the row is gone", 5)
        equal(rows.keys("pk"), [])


@check
def increment():
    """INCREMENT adds to the latest version, and makes a new one; a missing column counts from 0."""
    with scratch.table(max_version=3) as name:
        rows = Rows(name)
        for delta in [5, -7, 0]:
            rows.update(KEY, increment=[("n", delta)])
        equal([value for value, _ in versions(rows, max_version=3)], [-2, -2, 5])


@check
def increment_overflow():
    """An INCREMENT past 64 bits is refused and changes nothing."""
    with scratch.table() as name:
        rows = Rows(name)
        for start, delta in [(I64_MAX, 1), (-(2**63), -1)]:
            rows.put(KEY, [("n", start)])
            message = "Increment of column 'n' overflows."
            table_refuses(
                *INVALID, message, rows.update, KEY, increment=[("n", delta)], put=[("m", 1)]
            )
            equal(rows.get(KEY), [("n", start)])
        rows.put(KEY, [("n", I64_MAX - 1)])
        rows.update(KEY, increment=[("n", 1)])
        equal(rows.get(KEY), [("n", I64_MAX)])


@check
def increment_of_no_integer():
    """INCREMENT of another type, or by another, is refused."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("s", "text")])
        message = "Column 's' is not an integer and can't be incremented."
        table_refuses(*INVALID, message, rows.update, KEY, increment=[("s", 1)])
        by = "VT_DOUBLE is an invalid type for the increment of column: 'n'."
        table_refuses(*INVALID, by, rows.update, KEY, increment=[("n", 1.5)])


@check
def increment_stands_alone():
    """A column that is incremented must not occur a second time in the request."""
    with scratch.table() as name:
        rows = Rows(name)
        for change in [
            {"put": [("n", 1)]},
            {"delete_all": ["n"]},
            {"increment": [("n", 1), ("n", 2)]},
        ]:
            changes = {"increment": [("n", 1)]} | change
            message = "Column 'n' has another operation besides its INCREMENT."
            table_refuses(*INVALID, message, rows.update, KEY, **changes)


@check
def return_after_modify():
    """RT_AFTER_MODIFY gives back the new values of the columns asked for."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put(KEY, [("n", 40), ("m", 1)])
        change = PlainBufferBuilder.serialize_for_update_row(KEY, {"INCREMENT": [("n", 2)]})
        request = pb2.UpdateRowRequest(
            table_name=name,
            row_change=bytes(change),
            condition=pb2.Condition(row_existence=pb2.IGNORE),
            return_content=pb2.ReturnContent(
                return_type=pb2.RT_AFTER_MODIFY, return_column_names=["n"]
            ),
        )
        answer = exchange("UpdateRow", request)
        (_, row), _ = rows.client.protocol.decoder.decode_response("UpdateRow", answer, "")
        equal([column[:2] for column in row.attribute_columns], [("n", 42)])


@check
def cell_rules():
    """What a cell may be: value, type and timestamp that do not fit are refused in words."""
    with scratch.table() as name:
        rows = Rows(name)
        for message, changes in [
            ("Timestamp must be given when type is DELETE_ONE_VERSION.", {"delete": ["c"]}),
            (
                "Timestamp cannot be given when type is DELETE_ALL_VERSION.",
                {"delete_all": [("c", None, 5)]},
            ),
            (
                "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION.",
                {"delete_all": [("c", 1)]},
            ),
            (
                "Duplicated attribute column name with primary key column: 'pk'.",
                {"put": [("pk", 1)]},
            ),
            ("Invalid update row request: missing cells in request.", {}),
        ]:
            table_refuses(*INVALID, message, rows.update, KEY, **changes)
        put = pb2.PutRowRequest(
            table_name=name,
            row=bytes(PlainBufferBuilder.serialize_for_update_row(KEY, {"DELETE_ALL": ["c"]})),
            condition=pb2.Condition(row_existence=pb2.IGNORE),
        )
        message = "OpType cannot be given for column name:c in PutRow."
        table_refuses(*INVALID, message, exchange, "PutRow", put)


@check
def delete_marker_rules():
    """A delete marker belongs in DeleteRow, and nowhere else."""
    with scratch.table() as name:
        condition = pb2.Condition(row_existence=pb2.IGNORE)
        marked = bytes(PlainBufferBuilder.serialize_for_delete_row(KEY))
        unmarked = key_bytes(KEY)
        without = "Invalid request of delete row: missing RowDeleteMarker in request."
        request = pb2.DeleteRowRequest(table_name=name, primary_key=unmarked, condition=condition)
        table_refuses(*INVALID, without, exchange, "DeleteRow", request)
        within = "Invalid request of put/update row: unexpected RowDeleteMarker in request."
        request = pb2.PutRowRequest(table_name=name, row=marked, condition=condition)
        table_refuses(*INVALID, within, exchange, "PutRow", request)
        request = pb2.UpdateRowRequest(table_name=name, row_change=marked, condition=condition)
        table_refuses(*INVALID, within, exchange, "UpdateRow", request)
