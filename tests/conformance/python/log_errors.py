"""What goes wrong in Log Service, and what the SDK makes of it."""

import json
import time

import lz4.block
from aliyun.log import LogException
from aliyun.log.version import API_VERSION

import environment
import scratch
from harness import check, equal, log_refuses
from scratch import admin


def fault(store, operation, effect, times=1):
    """What becomes of the next calls of an operation in this project."""
    admin("POST", "/faults", f'next {times} {operation} at "{store.project}.": {effect}')


@check
def error_has_everything():
    """A refusal has code, message, request id, status, headers and body."""
    client = environment.log_client()
    with scratch.project() as project:
        message = "logstore none does not exist"
        error = log_refuses(404, "LogStoreNotExist", message, client.get_logstore, project, "none")
        equal(error.resp_header["x-log-requestid"], error.get_request_id())
        equal(error.resp_header["Content-Type"], "application/json")
        told = json.loads(error.get_resp_body())
        equal(told, {"errorCode": "LogStoreNotExist", "errorMessage": message})


@check
def answers_have_request_ids():
    """Every answer has a request id of its own."""
    client = environment.log_client()
    ids = {client.list_project().get_request_id() for _ in range(5)}
    equal(len(ids), 5)
    assert all(len(id) == 24 for id in ids), ids


@check
def unknown_operations():
    """Calls that the sandbox does not have are refused with 404, not mistaken for others."""
    client = environment.log_client()
    with scratch.logstore() as store:
        for call in [
            lambda: client.list_machine_group(store.project),
            lambda: client.list_logtail_config(store.project),
            lambda: client.list_external_store(store.project),
            lambda: client.get_shipper_tasks(*store.place, "shipper", 0, 1),
        ]:
            log_refuses(404, "NotFound", None, call)


@check
def no_index():
    """A logstore without an index says so, to those who want to see or to query it."""
    with scratch.logstore() as store:
        ask = store.client.get_index_config
        log_refuses(404, "IndexConfigNotExist", None, ask, *store.place)


@check
def unknown_methods():
    """Methods that a path does not have are refused with 405."""
    with scratch.logstore() as store:
        for method, path in [
            ("PUT", f"/logstores/{store.name}/shards"),
            ("DELETE", "/logstores"),
            ("PUT", f"/logstores/{store.name}/shards/0"),
            ("DELETE", f"/logstores/{store.name}/consumergroups"),
        ]:
            send = store.client._send
            log_refuses(405, "InvalidMethod", None, send, method, store.project, None, path, {}, {})


@check
def other_api_version():
    """A request of another API version is refused."""
    client = environment.log_client()
    equal(API_VERSION, "0.6.0")

    class Older(type(client._auth)):
        def sign_request(self, method, resource, params, headers, body, **options):
            headers["x-log-apiversion"] = "0.4.0"
            super().sign_request(method, resource, params, headers, body, **options)

    client._auth = Older(client._auth.credentials_provider)
    log_refuses(400, "InvalidAPIVersion", None, client.list_project)


@check
def server_errors_are_retried():
    """The SDK tries again, a second later, what failed with 500 or 503."""
    with scratch.logstore() as store:
        for status, code in [(500, "InternalServerError"), (503, "ServerBusy")]:
            fault(store, "ListShards", f'refuse {status} {code} "try again"')
            started = time.monotonic()
            equal(len(store.shards()), 1)
            assert 0.9 < time.monotonic() - started < 5, "retried after another time"


@check
def quota_errors_are_not_retried():
    """Quota refusals reach the caller at once."""
    with scratch.logstore() as store:
        for operation, code, call in [
            ("PutLogs", "WriteQuotaExceed", lambda: store.put({"a": "b"})),
            ("PutLogs", "ShardWriteQuotaExceed", lambda: store.put({"a": "b"})),
            ("PullLogs", "ShardReadQuotaExceed", store.pull),
            ("PullLogs", "ReadQuotaExceed", store.pull),
        ]:
            fault(store, operation, f'refuse 403 {code} "shard write bytes exceed quota limits"')
            log_refuses(403, code, "shard write bytes exceed quota limits", call)
        equal(store.logs(), [])


@check
def lost_answers():
    """Where no answer comes the SDK puts again: logs are there once, or twice if they arrived."""
    for effect, stored in [("cut before", 1), ("cut after", 2)]:
        with scratch.logstore() as store:
            fault(store, "PutLogs", effect)
            store.put({"a": "b"})
            equal(len(store.logs()), stored, effect)


@check
def broken_answers():
    """An answer that breaks off is an error of the SDK's own, without request id."""
    with scratch.logstore() as store:
        store.put_ids(range(100))
        fault(store, "PullLogs", "cut body")
        try:
            store.pull()
        except LogException as error:
            equal((error.get_error_code(), error.get_request_id()), ("LogRequestError", ""))
        else:
            raise AssertionError("half of an answer was taken")


@check
def server_errors_end_the_patience():
    """After ten tries the SDK gives up, and the caller is told what the service said."""
    with scratch.logstore() as store:
        fault(store, "ListShards", 'refuse 500 InternalServerError "out of order"', 10)
        log_refuses(500, "InternalServerError", "out of order", store.shards)
        equal(len(store.shards()), 1)


@check
def damaged_pull():
    """A pull whose body does not unpack is an error, and the same cursor pulls well afterwards."""
    with scratch.logstore() as store:
        store.put_ids("ab")
        fault(store, "PullLogs", "corrupt garbage")
        try:
            store.pull()
        except lz4.block.LZ4BlockError:
            equal(store.ids(), ["a", "b"])
        else:
            raise AssertionError("the damaged body was taken")
