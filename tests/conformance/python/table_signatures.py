"""Who may call Table Store, and how the SDK knows that the answer is the service's."""

import datetime
import os

from tablestore import OTSClientError

import environment
import scratch
from harness import check, equal, table_refuses
from rows import Rows

DENIED = (403, "OTSAuthFailed")
V4 = {"region": "cn-sandbox"}
KEY = [("pk", "a")]


def dated(offset_minutes):
    """The header of a client whose clock is off, as an extra header that is signed."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=offset_minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def writes_and_reads(**credentials):
    with scratch.table() as name:
        rows = Rows(name, environment.table_client(**credentials))
        rows.put(KEY, [("c", "é")])
        equal(rows.get(KEY), [("c", "é")])
        equal(rows.keys("pk"), [("a",)])


@check
def table_v2_signature():
    """Requests signed by version 2 pass, and the SDK verifies MD5 and signature of each answer."""
    writes_and_reads()


@check
def table_v4_signature():
    """Requests signed by version 4 pass, and the SDK verifies answers by its derived key."""
    writes_and_reads(**V4)


@check
def table_v4_signature_of_another_day():
    """The day of a version 4 signature is the caller's choice, as long as it is signed so."""
    writes_and_reads(sign_date="20200101", **V4)


@check
def table_wrong_secret():
    """A wrong secret is refused, in both versions."""
    for options in [{}, V4]:
        client = environment.table_client(key_secret="wrong", **options)
        table_refuses(*DENIED, "Signature mismatch.", client.list_table)


@check
def table_unknown_key_id():
    """An unknown access key id is refused."""
    for options in [{}, V4]:
        client = environment.table_client(key_id="nobody", **options)
        table_refuses(*DENIED, "The AccessKeyID does not exist.", client.list_table)


@check
def table_clock():
    """Fourteen minutes off are tolerated, sixteen refused."""
    for sign in [1, -1]:
        near = {"x-ots-date": dated(14 * sign)}
        environment.table_client(extra_headers=near).list_table()
        far = dated(16 * sign)
        client = environment.table_client(extra_headers={"x-ots-date": far})
        message = f"Mismatch between system time and x-ots-date: {far}."
        table_refuses(*DENIED, message, client.list_table)


@check
def table_date_formats():
    """Any number of digits may follow the second; a date that is none is refused."""
    now = dated(0)[:-5]
    for fraction in ["", ".1", ".112210", ".000000000"]:
        header = {"x-ots-date": f"{now}{fraction}Z"}
        environment.table_client(extra_headers=header).list_table()
    for date in ["yesterday", now, f"{now}+00:00", now.replace("T", " ") + "Z"]:
        client = environment.table_client(extra_headers={"x-ots-date": date})
        message = f"Invalid date format: {date}."
        table_refuses(400, "OTSParameterInvalid", message, client.list_table)


@check
def table_extra_headers_are_signed():
    """Headers of one's own that begin with x-ots- are signed with the rest."""
    extra = {"x-ots-sdk-traceid": "trace", "x-ots-request-tag": " blanks around "}
    environment.table_client(extra_headers=extra).list_table()


@check
def table_sts_token():
    """A temporary key needs its token, in both versions."""
    id, secret, token = (
        os.environ[name]
        for name in ("STS_ACCESS_KEY_ID", "STS_ACCESS_KEY_SECRET", "STS_SECURITY_TOKEN")
    )
    for options in [{}, V4]:
        key = {"key_id": id, "key_secret": secret, **options}
        writes_and_reads(sts_token=token, **key)
        for wrong in ["another", None]:
            client = environment.table_client(sts_token=wrong, **key)
            table_refuses(*DENIED, "The security token is invalid.", client.list_table)


@check
def table_body_is_digested():
    """A body that is not the one whose MD5 was signed is refused."""
    client = environment.table_client()
    send = client.connection.send_receive
    client.connection.send_receive = lambda path, headers, body: send(path, headers, body + b"x")
    message = "Mismatch between MD5 value of request body and x-ots-contentmd5 in header."
    table_refuses(*DENIED, message, client.list_table)


@check
def table_missing_headers():
    """Each header that a request needs is missed by name."""
    for name in [
        "x-ots-date",
        "x-ots-apiversion",
        "x-ots-accesskeyid",
        "x-ots-instancename",
        "x-ots-contentmd5",
        "x-ots-signature",
    ]:
        client = environment.table_client()
        send = client.connection.send_receive
        without = lambda headers: {key: value for key, value in headers.items() if key != name}
        client.connection.send_receive = lambda path, headers, body: send(
            path, without(headers), body
        )
        message = f"Missing header: '{name}'."
        table_refuses(400, "OTSParameterInvalid", message, client.list_table)


@check
def table_answers_are_signed():
    """The SDK takes no answer that was changed on the way: header, body or key."""
    for told, change in [
        (
            "MD5 mismatch in response. HTTP status: 200.",
            lambda headers, body: (headers, body + b"x"),
        ),
        (
            "Invalid signature in response. HTTP status: 200.",
            lambda headers, body: (headers | {"x-ots-requestid": "another"}, body),
        ),
        (
            "Invalid access key id in response. HTTP status: 200.",
            lambda headers, body: (headers | {"authorization": "OTS other:c2lnbmF0dXJl"}, body),
        ),
    ]:
        client = environment.table_client()
        send = client.connection.send_receive

        def changed(path, headers, body):
            status, reason, headers, body = send(path, headers, body)
            headers, body = change({key.lower(): value for key, value in headers.items()}, body)
            return status, reason, headers, body

        client.connection.send_receive = changed
        try:
            client.list_table()
        except OTSClientError as error:
            equal(str(error), told)
        else:
            raise AssertionError(f"not noticed: {told}")


@check
def table_answer_headers():
    """Every answer has request id, date of six digits, content type, MD5 and signature."""
    client, seen = environment.table_client(), []
    send = client.connection.send_receive

    def noting(path, headers, body):
        answer = send(path, headers, body)
        seen.append({key.lower(): value for key, value in answer[2].items()})
        return answer

    client.connection.send_receive = noting
    client.list_table()
    table_refuses(
        404,
        "OTSObjectNotExist",
        "Requested table does not exist.",
        client.describe_table,
        "missing",
    )
    for headers in seen:
        equal(headers["x-ots-contenttype"], "protocol buffer")
        datetime.datetime.strptime(headers["x-ots-date"], "%Y-%m-%dT%H:%M:%S.%fZ")
        equal(len(headers["x-ots-date"]), len("2020-09-09T08:37:11.680616Z"))
        assert headers["authorization"].startswith(f"OTS {environment.KEY_ID}:")
    assert seen[0]["x-ots-requestid"] != seen[1]["x-ots-requestid"]
