"""Who may call Log Service: signatures of both versions, clocks, tokens."""

import datetime
import os

from aliyun.log import LogException
from aliyun.log.auth import AuthV1, AuthV4
from aliyun.log.credentials import StaticCredentialsProvider

import environment
import scratch
from harness import check, equal, log_refuses

STS = (
    os.environ["STS_ACCESS_KEY_ID"],
    os.environ["STS_ACCESS_KEY_SECRET"],
    os.environ["STS_SECURITY_TOKEN"],
)
V4 = {"auth_version": "v4", "region": "cn-sandbox"}
MINUTE = 60


def own_credentials():
    return StaticCredentialsProvider(environment.KEY_ID, environment.KEY_SECRET)


def everything(client):
    """Calls of every shape: with body and without, with awkward parameters."""
    with scratch.logstore(client=client) as store:
        store.put({"a": "b"})
        equal(store.logs()[0]["a"], "b")
        client.create_consumer_group(*store.place, "group", 10)
        consumer = "größe a+b/c=d&e ~*"
        equal(client.heart_beat(*store.place, "group", consumer, []).get_shards(), [0])
        client.update_check_point(*store.place, "group", 0, store.end(), consumer, False)
        equal(client.list_logstore(store.project, "", 0, 5).get_total(), 1)


@check
def v1_signs_everything():
    """Requests of every shape pass with signatures of version 1."""
    everything(environment.log_client())


@check
def v4_signs_everything():
    """Requests of every shape pass with signatures of version 4."""
    everything(environment.log_client(**V4))


@check
def v1_wrong_secret():
    """A wrong secret is refused with SignatureNotMatch."""
    client = environment.log_client(key_secret="wrong")
    log_refuses(401, "SignatureNotMatch", None, client.list_project)


@check
def v4_wrong_secret():
    """A wrong secret is refused with SignatureNotMatch in version 4 too."""
    client = environment.log_client(key_secret="wrong", **V4)
    log_refuses(401, "SignatureNotMatch", None, client.list_project)


@check
def unknown_key_id():
    """An unknown access key id is refused with InvalidAccessKeyId, in both versions."""
    for options in [{}, V4]:
        client = environment.log_client(key_id="nobody", **options)
        message = "AccessKeyId is invalid: nobody"
        log_refuses(401, "InvalidAccessKeyId", message, client.list_project)


class SkewedV1(AuthV1):
    """Signs at another time."""

    seconds = 0

    def sign_request(self, *arguments, **options):
        self._getGMT = lambda: self.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return super().sign_request(*arguments, **options)

    def now(self):
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.seconds)


class SkewedV4(AuthV4):
    """Signs at another time."""

    seconds = 0

    def sign_request(self, method, resource, params, headers, body, compute_content_hash=True):
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.seconds)
        headers["Authorization"] = self._do_sign_request(
            method, resource, params, headers, body, now.strftime("%Y%m%dT%H%M%SZ")
        )


def skewed(auth, seconds):
    client = environment.log_client()
    client._auth = auth
    auth.seconds = seconds
    return client


@check
def clock_of_v1():
    """Fourteen minutes off are tolerated, sixteen refused with RequestTimeExpired."""
    for sign in [1, -1]:
        skewed(SkewedV1(own_credentials()), sign * 14 * MINUTE).list_project()
        client = skewed(SkewedV1(own_credentials()), sign * 16 * MINUTE)
        log_refuses(400, "RequestTimeExpired", None, client.list_project)


@check
def clock_of_v4():
    """Fourteen minutes off are tolerated, sixteen refused, in version 4 too."""
    for sign in [1, -1]:
        skewed(SkewedV4(own_credentials(), "cn-sandbox"), sign * 14 * MINUTE).list_project()
        client = skewed(SkewedV4(own_credentials(), "cn-sandbox"), sign * 16 * MINUTE)
        log_refuses(400, "RequestTimeExpired", None, client.list_project)


class UnreadableDate(AuthV1):
    def sign_request(self, *arguments, **options):
        self._getGMT = lambda: "yesterday"
        return super().sign_request(*arguments, **options)


@check
def unreadable_date():
    """A date that cannot be read is refused with InvalidRequestTime."""
    client = environment.log_client()
    client._auth = UnreadableDate(own_credentials())
    log_refuses(400, "InvalidRequestTime", None, client.list_project)


class Tampering(AuthV1):
    """Changes a header after signing."""

    name, value = "", ""

    def sign_request(self, method, resource, params, headers, body, **options):
        super().sign_request(method, resource, params, headers, body, **options)
        headers[self.name] = self.value


@check
def tampered_requests():
    """What was signed cannot be changed on the way: MD5, content type, API headers."""
    client = environment.log_client()
    with scratch.project() as project:
        for name, value in [
            ("Content-MD5", "0" * 32),
            ("Content-Type", "application/json; charset=utf-8"),
            ("x-log-bodyrawsize", "7"),
            ("x-acs-security-token", "smuggled"),
        ]:
            auth = Tampering(own_credentials())
            auth.name, auth.value = name, value
            client._auth = auth
            try:
                client.create_logstore(project, "logs")
            except LogException as error:
                equal(error.get_resp_status(), 401, f"{name} changed:")
                continue
            raise AssertionError(f"{name} was changed after signing, and nobody noticed")


@check
def sts_token():
    """A temporary key with its token may call, in both versions."""
    id, secret, token = STS
    for options in [{}, V4]:
        everything(environment.log_client(id, secret, token, **options))


@check
def sts_token_wrong():
    """A temporary key with another token is refused with Unauthorized."""
    id, secret, _ = STS
    for options in [{}, V4]:
        client = environment.log_client(id, secret, "another", **options)
        log_refuses(401, "Unauthorized", None, client.list_project)


@check
def sts_token_missing():
    """A temporary key without its token is refused with Unauthorized."""
    id, secret, _ = STS
    for options in [{}, V4]:
        client = environment.log_client(id, secret, **options)
        log_refuses(401, "Unauthorized", None, client.list_project)


@check
def sts_refreshed():
    """Refused with Unauthorized, a client that knows how fetches new credentials and goes on."""
    id, secret, _ = STS
    client = environment.log_client(id, secret, "expired")
    asked = []

    def refresh():
        asked.append(1)
        return STS

    client.set_credentials_auto_refresher(refresh)
    assert client.list_project().get_total() >= 0
    equal(len(asked), 1)
