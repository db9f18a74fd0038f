"""Batches: order, faults of single rows, refusals of the whole."""

import tablestore.protobuf.table_store_pb2 as pb2
from tablestore import (
    BatchGetRowRequest,
    Condition,
    DeleteRowItem,
    PutRowItem,
    Row,
    SingleColumnCondition,
    TableInBatchGetRowItem,
    UpdateRowItem,
)

import scratch
from harness import check, equal, table_refuses
from rows import (
    EXPECT_EXIST,
    EXPECT_NOT_EXIST,
    IGNORE,
    Rows,
    batch_write,
    exchange,
    row_bytes,
)

INVALID = (400, "OTSParameterInvalid")
FAILED = ("OTSConditionCheckFail", "Condition check failed.")


def put(pk, columns=(), condition=IGNORE):
    return PutRowItem(Row([("pk", pk)], list(columns)), condition)


def update(pk, condition=IGNORE, **changes):
    return UpdateRowItem(
        Row([("pk", pk)], {kind.upper(): cells for kind, cells in changes.items()}), condition
    )


def delete(pk, condition=IGNORE):
    return DeleteRowItem(Row([("pk", pk)]), condition)


def told(items):
    """What became of each row: None, or code and message."""
    return [None if item.is_ok else (item.error_code, item.error_message) for item in items]


@check
def batch_of_everything():
    """Puts, updates and deletes in one batch, over two tables."""
    with scratch.table() as one, scratch.table() as two:
        first, second = Rows(one), Rows(two)
        first.put([("pk", "old")], [("a", 1)])
        first.put([("pk", "gone")])
        done = batch_write(
            first.client,
            {
                one: [put("new", [("a", 2)]), update("old", put=[("b", 3)]), delete("gone")],
                two: [put("other", [("c", 4)])],
            },
        )
        assert done.is_all_succeed()
        units = done.get_put_by_table(one)[0].consumed
        equal((units.read, units.write), (0, 1))
        equal(first.keys("pk"), [("new",), ("old",)])
        equal(first.get([("pk", "old")]), [("a", 1), ("b", 3)])
        equal(second.get([("pk", "other")]), [("c", 4)])


@check
def batch_rows_fail_alone():
    """A row whose condition fails, or whose key does not fit, fails alone, with its own error."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put([("pk", "there")], [("n", 1)])
        is_two = Condition("IGNORE", SingleColumnCondition("n", 2, 0))
        done = rows.write(
            put("a", [("n", 1)]),
            put("there", condition=EXPECT_NOT_EXIST),
            put("missing", condition=EXPECT_EXIST),
            PutRowItem(Row([("pk", 5)], []), IGNORE),
            PutRowItem(Row([("key", "x")], []), IGNORE),
            put("b", [("n", 1)]),
        )
        equal(
            told(done.get_put_by_table(name)),
            [
                None,
                FAILED,
                FAILED,
                ("OTSInvalidPK", "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING."),
                ("OTSInvalidPK", "Validate PK name fail. Input: key, Meta: pk."),
                None,
            ],
        )
        done = rows.write(
            update("there", is_two, put=[("n", 3)]), delete("b", is_two), delete("a", EXPECT_EXIST)
        )
        equal(told(done.get_update_by_table(name)), [FAILED])
        equal(told(done.get_delete_by_table(name)), [FAILED, None])
        equal(rows.keys("pk"), [("b",), ("there",)])


@check
def batch_data_faults_fail_alone():
    """What shows in the stored row alone, like an increment of a text, refuses that row alone."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put([("pk", "text")], [("n", "text")])
        done = rows.write(
            update("text", increment=[("n", 1)]), update("count", increment=[("n", 1)])
        )
        code, message = (
            "OTSParameterInvalid",
            "Column 'n' is not an integer and can't be incremented.",
        )
        equal(told(done.get_update_by_table(name)), [(code, message), None])


@check
def batch_of_wrong_key_size():
    """Rows whose key has too few columns fail alone: the table's schema is needed to tell."""
    with scratch.table([("a", "STRING"), ("b", "STRING")]) as name:
        done = Rows(name).write(put("x"))
        fault = ("OTSInvalidPK", "Validate PK size fail. Input: 1, Meta: 2.")
        equal(told(done.get_put_by_table(name)), [fault])


@check
def batch_repeats_a_row():
    """One row several times, without conditions: the writes act in their order."""
    with scratch.table() as name:
        rows = Rows(name)
        done = rows.write(
            *(put("a", [("n", number)]) for number in range(10)),
            update("a", put=[("m", 1)]),
            update("a", put=[("m", 2), ("k", 1)]),
            put("b"),
            delete("b"),
        )
        assert done.is_all_succeed()
        equal(rows.get([("pk", "a")]), [("k", 1), ("m", 2), ("n", 9)])
        equal(rows.keys("pk"), [("a",)])


@check
def batch_repeats_with_conditions():
    """One row several times with a condition refuses the whole request."""
    with scratch.table() as name:
        rows = Rows(name)
        on_column = Condition("IGNORE", SingleColumnCondition("n", 1, 0))
        for message, condition in [
            (
                "Repeated rows do not support row exist expectation check in BatchModify.",
                EXPECT_EXIST,
            ),
            ("Repeated rows do not support row condition check in BatchModify.", on_column),
        ]:
            table_refuses(
                *INVALID, message, rows.write, put("a"), put("a", condition=condition), put("b")
            )
        equal(rows.keys("pk"), [])


@check
def batch_refused_as_a_whole():
    """What shows without the schema refuses the whole batch, and nothing is written."""
    with scratch.table() as name:
        rows = Rows(name)
        long_key = (
            "The length of primary key column: 'pk' exceeds "
            "the MaxLength:1024 with CurrentLength:1025."
        )
        sizes = f"PK column size not the same for all rows in table: {name}."
        for message, item in [
            ("Invalid column name: '1bad'.", put("x", [("1bad", 1)])),
            (long_key, put("x" * 1025)),
            ("Timestamp must be in range [0, INT64_MAX/1000).", put("x", [("c", 1, -1)])),
            ("NaN can't be set to double value.", put("x", [("c", float("nan"))])),
            (sizes, PutRowItem(Row([("pk", "x"), ("pk2", "y")], []), IGNORE)),
        ]:
            table_refuses(*INVALID, message, rows.write, put("good"), item)
        equal(rows.keys("pk"), [])


@check
def batch_missing_table():
    """A table that is not there refuses the whole batch."""
    with scratch.table() as name:
        rows = Rows(name)
        message = "Requested table does not exist."
        both = {name: [put("a")], "missing": [put("a")]}
        table_refuses(404, "OTSObjectNotExist", message, batch_write, rows.client, both)
        equal(rows.keys("pk"), [])


@check
def batch_without_rows():
    """A batch of nothing, and a table without rows, are refused."""
    with scratch.table() as name:
        rows = Rows(name)
        table_refuses(
            *INVALID, "No row is specified in BatchWriteRow.", batch_write, rows.client, {}
        )
        table_refuses(*INVALID, f"No operation is specified for table: '{name}'.", rows.write)


@check
def batch_names_a_table_twice():
    """A table that stands twice in one request is refused."""
    with scratch.table() as name:
        row = pb2.RowInBatchWriteRowRequest(
            type=pb2.PUT,
            row_change=row_bytes([("pk", "a")], []),
            condition=pb2.Condition(row_existence=pb2.IGNORE),
        )
        once = pb2.TableInBatchWriteRowRequest(table_name=name, rows=[row])
        request = pb2.BatchWriteRowRequest(tables=[once, once])
        table_refuses(
            *INVALID, f"Duplicated table name: '{name}'.", exchange, "BatchWriteRow", request
        )


def atomic(table, keys):
    """An atomic batch of puts; what became of each row. Its flag is not in the SDK's schema."""
    rows = [
        pb2.RowInBatchWriteRowRequest(
            type=pb2.PUT,
            row_change=row_bytes([("pk", pk), ("n", n)], [("c", 1)]),
            condition=pb2.Condition(row_existence=pb2.EXPECT_NOT_EXIST),
        )
        for pk, n in keys
    ]
    request = pb2.BatchWriteRowRequest(
        tables=[pb2.TableInBatchWriteRowRequest(table_name=table, rows=rows)]
    )
    is_atomic = b"\x18\x01"
    answer = pb2.BatchWriteRowResponse()
    answer.ParseFromString(exchange("BatchWriteRow", request.SerializeToString() + is_atomic))
    return [
        None if row.is_ok else (row.error.code, row.error.message) for row in answer.tables[0].rows
    ]


@check
def batch_atomic():
    """An atomic batch of one partition is written whole or not at all."""
    with scratch.table([("pk", "INTEGER"), ("n", "INTEGER")]) as name:
        rows = Rows(name)
        equal(atomic(name, [(1, 1), (1, 2)]), [None, None])
        equal(atomic(name, [(1, 3), (1, 1)]), [FAILED, FAILED])
        equal(rows.keys("pk", "n"), [(1, 1), (1, 2)])


@check
def batch_atomic_over_partitions():
    """An atomic batch over two partitions fails, every row with OTSDataOutOfRange."""
    with scratch.table([("pk", "INTEGER"), ("n", "INTEGER")]) as name:
        fault = (
            "OTSDataOutOfRange",
            "Data out of scope of atomic. Atomic PartKey:0. Data PartKey:1",
        )
        equal(atomic(name, [(0, 1), (1, 1)]), [fault, fault])
        equal(Rows(name).keys("pk", "n"), [])


@check
def batch_get():
    """BatchGetRow answers in the order of the request, absent rows too, over two tables."""
    with scratch.table() as one, scratch.table() as two:
        first, second = Rows(one), Rows(two)
        first.put([("pk", "a")], [("n", 1), ("m", 2)])
        second.put([("pk", "b")], [("n", 3)])
        request = BatchGetRowRequest()
        keys = [[("pk", pk)] for pk in ("b", "a", "c")]
        request.add(TableInBatchGetRowItem(one, keys, columns_to_get=["n"], max_version=1))
        request.add(TableInBatchGetRowItem(two, keys, max_version=1))
        done = first.client.batch_get_row(request)
        assert done.is_all_succeed()
        values = lambda table: [
            item.row and [column[:2] for column in item.row.attribute_columns]
            for item in done.get_result_by_table(table)
        ]
        equal(values(one), [None, [("n", 1)], None])
        equal(values(two), [[("n", 3)], None, None])


@check
def batch_get_rows_fail_alone():
    """A key that does not fit the table fails alone."""
    with scratch.table() as name:
        rows = Rows(name)
        rows.put([("pk", "a")], [("n", 1)])
        items = rows.read([[("pk", "a")], [("pk", 5)], [("key", "a")]])
        equal(
            told(items),
            [
                None,
                ("OTSInvalidPK", "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING."),
                ("OTSInvalidPK", "Validate PK name fail. Input: key, Meta: pk."),
            ],
        )


@check
def batch_get_refused_as_a_whole():
    """A read of nothing, or from a table that is not there, is refused as a whole."""
    with scratch.table() as name:
        rows = Rows(name)
        nothing = "No row specified in the request of BatchGetRow."
        table_refuses(*INVALID, nothing, rows.client.batch_get_row, BatchGetRowRequest())
        missing = (404, "OTSObjectNotExist", "Requested table does not exist.")
        table_refuses(*missing, Rows("missing").read, [[("pk", "a")]])
        table_refuses(*INVALID, "Invalid column name: '1bad'.", rows.read, [[("1bad", "a")]])


@check
def batch_get_without_keys():
    """A table that is read without any key is answered without rows."""
    with scratch.table() as name:
        equal(Rows(name).read([]), [])
