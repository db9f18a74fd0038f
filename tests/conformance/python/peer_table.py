"""write and read of the peer, on tablestore.

write TABLE    rows from stdin
read TABLE     every row
"""

import base64
import sys

from tablestore import (
    INF_MAX,
    INF_MIN,
    BatchWriteRowRequest,
    Condition,
    PutRowItem,
    Row,
    TableInBatchWriteRowItem,
)

import environment
from lines import said, say

FROM_TEXT = {
    "integer": int,
    "double": float,
    "boolean": lambda value: value == "true",
    "binary": lambda value: bytearray(base64.b64decode(value)),
    "string": str,
}


def typed(columns):
    return [(name, FROM_TEXT[kind](value)) for name, kind, value in columns]


def spelled(name, value):
    if isinstance(value, bool):
        return [name, "boolean", "true" if value else "false"]
    if isinstance(value, int):
        return [name, "integer", str(value)]
    if isinstance(value, float):
        return [name, "double", repr(value)]
    if isinstance(value, (bytes, bytearray)):
        return [name, "binary", base64.b64encode(value).decode()]
    return [name, "string", value]


def write(table):
    client = environment.table_client()
    rows = [Row(typed(row["key"]), typed(row["columns"])) for row in said()]
    # The service takes 200 rows and 4 MiB a batch.
    for start in range(0, len(rows), 200):
        items = [PutRowItem(row, Condition("IGNORE")) for row in rows[start : start + 200]]
        request = BatchWriteRowRequest()
        request.add(TableInBatchWriteRowItem(table, items))
        for failed in client.batch_write_row(request).get_failed_of_put():
            sys.exit(f"row {start + failed.index}: {failed.error_code}: {failed.error_message}")
    say({"written": len(rows)})


def read(table):
    client = environment.table_client()
    schema = client.describe_table(table).table_meta.schema_of_primary_key
    start = [(column[0], INF_MIN) for column in schema]
    end = [(column[0], INF_MAX) for column in schema]
    while start:
        _, start, rows, _ = client.get_range(table, "FORWARD", start, end, max_version=1)
        for row in rows:
            key = [spelled(name, value) for name, value in row.primary_key]
            columns = [spelled(name, value) for name, value, _ in row.attribute_columns]
            say({"key": key, "columns": sorted(columns)})


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
