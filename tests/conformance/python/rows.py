"""Writing and reading rows in few words; and requests of one's own through the SDK's machinery."""

from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchGetRowRequest,
    BatchWriteRowRequest,
    Condition,
    Row,
    TableInBatchGetRowItem,
    TableInBatchWriteRowItem,
)
from tablestore.auth import RequestContext
from tablestore.plainbuffer.plain_buffer_builder import PlainBufferBuilder

import environment

IGNORE = Condition("IGNORE")
EXPECT_EXIST = Condition("EXPECT_EXIST")
EXPECT_NOT_EXIST = Condition("EXPECT_NOT_EXIST")


class Rows:
    """The rows of one table."""

    def __init__(self, table, client=None):
        self.table = table
        self.client = client or environment.table_client()

    def put(self, key, columns=(), condition=IGNORE, **options):
        return self.client.put_row(self.table, Row(key, list(columns)), condition, **options)

    def update(self, key, condition=IGNORE, return_type=None, **changes):
        row = Row(key, {kind.upper(): cells for kind, cells in changes.items()})
        return self.client.update_row(self.table, row, condition, return_type)

    def delete(self, key, condition=IGNORE):
        return self.client.delete_row(self.table, Row(key), condition)

    def get(self, key, columns=None, **options):
        """The attribute columns of a row as (name, value); None where it is not there."""
        row = self.row(key, columns, **options)
        return None if row is None else [(name, value) for name, value, _ in row.attribute_columns]

    def row(self, key, columns=None, **options):
        return self.client.get_row(self.table, key, columns, **options)[1]

    def range(self, start, end, direction="FORWARD", **options):
        """Rows and the key to go on with."""
        options = {"max_version": 1} | options
        _, next, rows, _ = self.client.get_range(self.table, direction, start, end, **options)
        return rows, next

    def keys(self, *names):
        """The keys of all rows, in order."""
        start, end = ([(name, bound) for name in names] for bound in (INF_MIN, INF_MAX))
        keys = []
        while start:
            rows, start = self.range(start, end)
            keys += [tuple(value for _, value in row.primary_key) for row in rows]
        return keys

    def write(self, *items):
        return batch_write(self.client, {self.table: items})

    def read(self, keys, **options):
        request = BatchGetRowRequest()
        options = {"max_version": 1} | options
        request.add(TableInBatchGetRowItem(self.table, keys, **options))
        return self.client.batch_get_row(request).get_result_by_table(self.table)


def batch_write(client, tables):
    request = BatchWriteRowRequest()
    for table, items in tables.items():
        request.add(TableInBatchWriteRowItem(table, list(items)))
    return client.batch_write_row(request)


def key_bytes(key):
    return bytes(PlainBufferBuilder.serialize_primary_key(key))


def row_bytes(key, columns):
    return bytes(PlainBufferBuilder.serialize_for_put_row(key, columns))


def exchange(operation, message, client=None):
    """Sends a message that the SDK's calls cannot build, signed and checked as theirs are.

    Gives the answer's bytes; a refusal becomes the SDK's own exception. `message` is one of the
    SDK's protobuf classes, or bytes.
    """
    client = client or environment.table_client()
    body = message if isinstance(message, bytes) else message.SerializeToString()
    path, context = "/" + operation, RequestContext(client.credentials_provider.get_credentials())
    headers = client.protocol._make_request_headers(body, path, client._signer, context)
    status, reason, headers, answer = client.connection.send_receive(path, headers, body)
    client.protocol.api_list.append(operation)
    client.protocol.handle_error(
        operation, path, status, reason, headers, answer, client._signer, context
    )
    return answer
