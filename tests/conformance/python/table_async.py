"""The SDK's asynchronous client does the same over its own connections."""

import asyncio

from tablestore import INF_MAX, INF_MIN, AsyncOTSClient, OTSServiceError, Row

import environment
import scratch
from harness import check, equal
from rows import EXPECT_EXIST, IGNORE


def with_client(work):
    async def run():
        client = AsyncOTSClient(
            environment.TABLE_ENDPOINT,
            environment.KEY_ID,
            environment.KEY_SECRET,
            environment.INSTANCE,
        )
        async with client:
            return await work(client)

    return asyncio.run(run())


@check
def async_writes_and_reads():
    """Fifty rows written side by side are all read back in order."""
    with scratch.table([("pk", "INTEGER")]) as name:

        async def work(client):
            puts = [
                client.put_row(name, Row([("pk", pk)], [("c", pk)]), IGNORE) for pk in range(50)
            ]
            await asyncio.gather(*puts)
            bounds = [("pk", INF_MIN)], [("pk", INF_MAX)]
            return await client.get_range(name, "FORWARD", *bounds)

        _, next, rows, _ = with_client(work)
        equal([row.primary_key[0][1] for row in rows], list(range(50)))
        equal(next, None)


@check
def async_refusals():
    """A refusal reaches the asynchronous caller with code, message and request id."""
    with scratch.table() as name:

        async def work(client):
            try:
                await client.put_row(name, Row([("pk", "a")], []), EXPECT_EXIST)
            except OTSServiceError as error:
                return error

        error = with_client(work)
        equal((error.code, error.message), ("OTSConditionCheckFail", "Condition check failed."))
        assert error.request_id
