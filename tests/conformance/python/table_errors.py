"""What goes wrong in Table Store, and what the SDK makes of it."""

import time

from tablestore import NoRetryPolicy, OTSClientError, PutRowItem, Row, WriteRetryPolicy

import environment
import scratch
from harness import check, equal, table_refuses
from rows import IGNORE, Rows, exchange
from scratch import admin

KEY = [("pk", "a")]


def fault(operation, effect, times=1):
    """What becomes of the next calls of an operation, whoever makes them."""
    admin("POST", "/faults", f"next {times} {operation}: {effect}")


@check
def table_error_has_everything():
    """A refusal has status, code, message and request id, and says so in words."""
    client = environment.table_client()
    message = "Requested table does not exist."
    error = table_refuses(404, "OTSObjectNotExist", message, client.describe_table, "missing")
    equal(
        str(error),
        f"ErrorCode: OTSObjectNotExist, ErrorMessage: {message}, RequestID: {error.request_id}",
    )


@check
def table_unknown_operations():
    """Operations that the sandbox does not have are refused by name."""
    client = environment.table_client()
    for operation, call in [
        ("ListSearchIndex", lambda: client.list_search_index("t")),
        ("ComputeSplits", lambda: client.compute_splits("t", "i")),
        ("SQLQuery", lambda: client.exe_sql_query("select 1")),
        ("ListTimeseriesTable", client.list_timeseries_table),
        ("Nonsense", lambda: exchange("Nonsense", b"", client)),
    ]:
        message = f"Unsupported operation: '{operation}'."
        table_refuses(400, "OTSUnsupportOperation", message, call)


@check
def table_transactions():
    """There are no local transactions: none starts, and no id is of one."""
    with scratch.table() as name:
        rows = Rows(name)
        operation = "Unsupported operation: 'StartLocalTransaction'."
        start = rows.client.start_local_transaction
        table_refuses(400, "OTSUnsupportOperation", operation, start, name, KEY)
        invalid = (400, "OTSParameterInvalid", "TransactionID is invalid.")
        table_refuses(*invalid, rows.put, KEY, transaction_id="not existed transaction id")
        table_refuses(*invalid, rows.get, KEY, transaction_id="not existed transaction id")
        equal(rows.keys("pk"), [])


@check
def table_only_post():
    """Any other method than POST is refused with 405."""
    client = environment.table_client()
    pool = client.connection.pool
    urlopen = pool.urlopen
    pool.urlopen = lambda method, *arguments, **options: urlopen("PUT", *arguments, **options)
    message = "Only POST method for requests is supported."
    table_refuses(405, "OTSMethodNotAllowed", message, client.list_table)


@check(alone=True)
def table_throttling_is_retried():
    """What failed for load is tried again, on the same row, until it is written."""
    with scratch.table() as name:
        rows = Rows(name)
        for status, code in [
            (503, "OTSServerBusy"),
            (409, "OTSRowOperationConflict"),
            (503, "OTSPartitionUnavailable"),
            (404, "OTSTableNotReady"),
            (403, "OTSNotEnoughCapacityUnit"),
        ]:
            fault("PutRow", f'refuse {status} {code} "for a while"', 2)
            rows.put(KEY, [("c", code)])
            equal(rows.get(KEY), [("c", code)])


@check(alone=True)
def table_unclear_writes_are_not_retried():
    """A write whose outcome is unclear reaches the caller, unless the policy says otherwise."""
    with scratch.table() as name:
        rows = Rows(name)
        for status, code in [
            (503, "OTSTimeout"),
            (500, "OTSInternalServerError"),
            (503, "OTSServerUnavailable"),
        ]:
            fault("PutRow", f'refuse {status} {code} "unclear"')
            table_refuses(status, code, "unclear", rows.put, KEY)
            fault("GetRow", f'refuse {status} {code} "unclear"')
            equal(rows.get(KEY), None)
        fault("PutRow", 'refuse 503 OTSTimeout "unclear"')
        Rows(name, environment.table_client(retry_policy=WriteRetryPolicy())).put(KEY)
        equal(rows.keys("pk"), [("a",)])


@check(alone=True)
def table_rows_of_a_batch_fail_by_script():
    """Rows of one partition fail for load, the others are written; the SDK tells them apart."""
    with scratch.table() as name:
        rows = Rows(name, environment.table_client(retry_policy=NoRetryPolicy()))
        fault("BatchWriteRow", 'rows partition-key prefix "a" OTSServerBusy "busy"')
        items = [PutRowItem(Row([("pk", pk)], []), IGNORE) for pk in ("a1", "b1", "a2", "b2")]
        done = rows.write(*items).get_put_by_table(name)
        equal(
            [(item.is_ok, item.error_code) for item in done],
            [(False, "OTSServerBusy"), (True, None)] * 2,
        )
        equal(rows.keys("pk"), [("b1",), ("b2",)])


@check(alone=True)
def table_slow_answers_are_waited_for():
    """A slow answer is an answer, within the client's patience."""
    with scratch.table() as name:
        rows = Rows(name)
        fault("PutRow", "delay 700 ms")
        started = time.monotonic()
        rows.put(KEY)
        assert 0.6 < time.monotonic() - started < 10, "the answer was not held back"


@check(alone=True)
def table_answer_that_is_no_answer():
    """An answer corrupted on the way is noticed by its MD5."""
    fault("ListTable", "corrupt garbage")
    try:
        environment.table_client(retry_policy=NoRetryPolicy()).list_table()
    except OTSClientError as error:
        equal(str(error), "MD5 mismatch in response. HTTP status: 200.")
    else:
        raise AssertionError("the corrupted answer was taken")
