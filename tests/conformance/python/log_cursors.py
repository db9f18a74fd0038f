"""Cursors: by name, by time, and the times of cursors."""

import time

import scratch
from harness import check, equal, log_refuses
from scratch import cursor_number, cursor_text


@check
def cursor_begin_and_end():
    """Begin and end are the same in an empty shard; each group moves the end by one."""
    with scratch.logstore() as store:
        begin = store.begin()
        equal(store.end(), begin)
        store.put_ids("abc")
        equal(store.begin(), begin)
        equal(cursor_number(store.end()), cursor_number(begin) + 3)
        equal(store.pull(cursor=cursor_text(cursor_number(begin) + 2)).get_loggroup_count(), 1)


@check
def cursor_looks_like_nanoseconds():
    """A cursor is padded base64 of a decimal number of 19 digits."""
    with scratch.logstore() as store:
        equal(cursor_text(cursor_number(store.begin())), store.begin())
        equal(len(str(cursor_number(store.begin()))), 19)


@check
def cursor_by_time():
    """A cursor by time points to the first group received at or after that second."""
    with scratch.logstore() as store:
        at = lambda second: store.client.get_cursor(*store.place, 0, second).get_cursor()
        first = int(time.time())
        store.put_ids("ab")
        time.sleep(1.2 - time.time() % 1)
        second = int(time.time())
        store.put_ids("c")
        time.sleep(1.2 - time.time() % 1)
        equal(at(first - 3600), store.begin())
        equal(at(first), store.begin())
        equal(cursor_number(at(second)), cursor_number(store.begin()) + 2)
        equal(at(int(time.time()) + 3600), store.end())


@check
def cursor_by_readable_time():
    """Times as people write them, which the SDK turns into seconds, find the same cursors."""
    with scratch.logstore() as store:
        store.put_ids("ab")
        at = lambda text: store.client.get_cursor(*store.place, 0, text).get_cursor()
        equal(at("2018-01-02 12:12:10+8:00"), store.begin())
        equal(at("1 hour ago"), store.begin())
        equal(at("2100-01-01 00:00:00+0:00"), store.end())


@check
def cursor_time():
    """The time of a cursor is the receive time of the group there, in seconds."""
    with scratch.logstore() as store:
        before = int(time.time())
        store.put_ids("a")
        found = store.client.get_cursor_time(*store.place, 0, store.begin()).get_cursor_time()
        assert before <= found <= time.time(), f"{found} is not about {before}"


@check
def cursor_time_of_end():
    """The end has no time yet: nothing has been received there."""
    with scratch.logstore() as store:
        store.put_ids("a")
        ask = store.client.get_cursor_time
        log_refuses(400, "InvalidCursor", None, ask, *store.place, 0, store.end())
        invalid = "Parameter Cursor is not valid"
        log_refuses(400, "ParameterInvalid", invalid, ask, *store.place, 0, "no cursor")


@check
def cursor_previous_time():
    """The time before a cursor is that of the group before it; before begin it is begin's."""
    with scratch.logstore() as store:
        store.put_ids("a")
        ask = lambda *rest: store.client.get_previous_cursor_time(*store.place, 0, *rest)
        at_begin = store.client.get_cursor_time(*store.place, 0, store.begin()).get_cursor_time()
        equal(ask(store.end()).get_cursor_time(), at_begin)
        equal(ask(store.begin()).get_cursor_time(), at_begin)
        log_refuses(400, "InvalidCursor", None, ask, store.begin(), False)


@check
def cursor_bad_from():
    """A start that is neither begin, end nor seconds is refused."""
    with scratch.logstore() as store:
        path = f"/logstores/{store.name}/shards/0"
        for start in ["middle", "-1", "1.5"]:
            params = {"type": "cursor", "from": start}
            send = store.client._send
            log_refuses(
                400, "ParameterInvalid", None, send, "GET", store.project, None, path, params, {}
            )


@check
def cursor_missing_shard():
    """Cursors of a shard that is not there are refused with 404."""
    with scratch.logstore() as store:
        message = "shard 5 does not exist"
        log_refuses(404, "ShardNotExist", message, store.begin, 5)
        ask = store.client.get_cursor_time
        log_refuses(404, "ShardNotExist", message, ask, *store.place, 5, "MTIz")


@check
def cursor_bad_shard_id():
    """A shard id that is no number is refused."""
    with scratch.logstore() as store:
        log_refuses(400, "ParameterInvalid", "invalid shard id: first", store.begin, "first")
