"""Tables: created, described, listed, changed, deleted."""

import tablestore.protobuf.table_store_pb2 as pb2
from tablestore import (
    PK_AUTO_INCR,
    CapacityUnit,
    ReservedThroughput,
    SecondaryIndexMeta,
    SecondaryIndexType,
    TableMeta,
    TableOptions,
)

import environment
import scratch
from harness import check, equal, table_refuses
from rows import Rows, exchange

NOTHING_RESERVED = ReservedThroughput(CapacityUnit(0, 0))
INVALID = (400, "OTSParameterInvalid")
NO_TABLE = (404, "OTSObjectNotExist", "Requested table does not exist.")


@check
def table_create_describe():
    """DescribeTable shows key, declared columns, options and reserved units as created."""
    client = environment.table_client()
    key = [("a", "STRING"), ("b", "INTEGER"), ("c", "BINARY"), ("d", "INTEGER", PK_AUTO_INCR)]
    declared = [
        ("x", "INTEGER"),
        ("y", "DOUBLE"),
        ("z", "BOOLEAN"),
        ("s", "STRING"),
        ("v", "BINARY"),
    ]
    options = {"time_to_live": 864000, "max_version": 5, "max_time_deviation": 3600}
    with scratch.table(key, client, declared, **options) as name:
        told = client.describe_table(name)
        equal(told.table_meta.table_name, name)
        equal(
            [column[:2] for column in told.table_meta.schema_of_primary_key],
            [column[:2] for column in key],
        )
        equal(told.table_meta.schema_of_primary_key[3], key[3])
        equal([tuple(column) for column in told.table_meta.defined_columns], declared)
        equal(told.table_options.time_to_live, 864000)
        equal(told.table_options.max_version, 5)
        equal(told.table_options.max_time_deviation, 3600)
        equal(told.table_options.allow_update, True)
        units = told.reserved_throughput_details.capacity_unit
        equal((units.read, units.write), (0, 0))


@check
def table_list():
    """ListTable has a table from its creation to its deletion."""
    client = environment.table_client()
    with scratch.table() as one, scratch.table() as two:
        assert {one, two} <= set(client.list_table())
    assert not {one, two} & set(client.list_table())


@check
def table_already_exists():
    """A second table of the same name is refused with 409."""
    client = environment.table_client()
    with scratch.table() as name:
        meta = TableMeta(name, [("pk", "STRING")])
        create = client.create_table
        message = "Requested table already exists."
        table_refuses(
            409, "OTSObjectAlreadyExist", message, create, meta, TableOptions(), NOTHING_RESERVED
        )


@check
def table_missing():
    """Every operation on a table that is not there is refused with 404."""
    client, rows = environment.table_client(), Rows("missing")
    key = [("pk", "a")]
    for call in [
        lambda: client.describe_table("missing"),
        lambda: client.delete_table("missing"),
        lambda: client.update_table("missing", TableOptions(-1, 2)),
        lambda: rows.put(key),
        lambda: rows.update(key, put=[("a", 1)]),
        lambda: rows.delete(key),
        lambda: rows.get(key),
        lambda: rows.range(key, [("pk", "b")]),
        lambda: rows.read([key]),
    ]:
        table_refuses(*NO_TABLE, call)


@check
def table_update_options():
    """UpdateTable changes the options it names; DescribeTable shows them."""
    client = environment.table_client()
    with scratch.table(max_version=1) as name:
        changed = client.update_table(name, TableOptions(86400, 3, 100, allow_update=False))
        equal(changed.table_options.max_version, 3)
        told = client.describe_table(name).table_options
        equal(
            (told.time_to_live, told.max_version, told.max_time_deviation, told.allow_update),
            (86400, 3, 100, False),
        )


@check
def table_update_reserved():
    """Reserved units change once in two minutes; sooner is refused with 403."""
    client = environment.table_client()
    with scratch.table() as name:
        update = lambda: client.update_table(
            name, reserved_throughput=ReservedThroughput(CapacityUnit(0, 5))
        )
        units = update().reserved_throughput_details.capacity_unit
        equal((units.read, units.write), (0, 5))
        code = "OTSTooFrequentReservedThroughputAdjustment"
        table_refuses(403, code, "Capacity unit adjustment is too frequent.", update)


@check
def table_update_nothing():
    """UpdateTable that names nothing is refused."""
    client = environment.table_client()
    with scratch.table() as name:
        message = "No parameter is specified in table options."
        table_refuses(*INVALID, message, client.update_table, name)


@check
def table_without_updates():
    """allow_update=false forbids UpdateRow, not PutRow."""
    with scratch.table(allow_update=False) as name:
        rows = Rows(name)
        rows.put([("pk", "a")], [("c", 1)])
        message = f"UpdateRow is not allowed by table: '{name}'."
        table_refuses(*INVALID, message, rows.update, [("pk", "a")], put=[("c", 2)])
        equal(rows.get([("pk", "a")]), [("c", 1)])


@check
def table_bad_options():
    """Time to live, versions, deviation and reserved units outside their limits are refused."""
    client = environment.table_client()
    meta = TableMeta("never", [("pk", "STRING")])
    ttl = "TimeToLive cannot be 0 or less than -1."
    units = "Invalid Capacity Unit:{}. Capacity Unit must be in range: [0, 100000]."
    for message, options, reserved in [
        (ttl, TableOptions(0), (0, 0)),
        (ttl, TableOptions(-2), (0, 0)),
        ("The maximum versions cannot be less than or equal to 0.", TableOptions(-1, 0), (0, 0)),
        (
            "The maximum deviation must be in range [0, INT64_MAX/1000000].",
            TableOptions(-1, 1, -1),
            (0, 0),
        ),
        (units.format(-1), TableOptions(), (0, -1)),
        (units.format(100001), TableOptions(), (100001, 0)),
        ("Time-to-live is missing while creating table.", TableOptions(None, 1), (0, 0)),
        ("MaxVersions is missing while creating table.", TableOptions(-1, None), (0, 0)),
    ]:
        throughput = ReservedThroughput(CapacityUnit(*reserved))
        table_refuses(*INVALID, message, client.create_table, meta, options, throughput)


@check
def table_bad_keys():
    """A primary key has one to four columns of INTEGER, STRING or BINARY, each once."""
    client = environment.table_client()
    count = "The number of primary key columns must be in range: [1, 4]."
    for message, key in [
        (count, []),
        (count, [(f"pk{index}", "STRING") for index in range(5)]),
        ("BOOLEAN is an invalid type for the primary key.", [("pk", "BOOLEAN")]),
        ("Duplicated primary key name: 'a'.", [("a", "STRING"), ("a", "INTEGER")]),
        (
            "AUTO_INCREMENT primary key must be integer.",
            [("a", "STRING"), ("b", "STRING", PK_AUTO_INCR)],
        ),
        (
            "First primary key can't be auto increment, table: never.",
            [("a", "INTEGER", PK_AUTO_INCR)],
        ),
        (
            "AUTO_INCREMENT primary key count must <= 1.",
            [("a", "STRING"), ("b", "INTEGER", PK_AUTO_INCR), ("c", "INTEGER", PK_AUTO_INCR)],
        ),
    ]:
        meta = TableMeta("never", key)
        table_refuses(
            *INVALID, message, client.create_table, meta, TableOptions(), NOTHING_RESERVED
        )


@check
def table_defined_columns():
    """At most 32 columns are declared, under names the key does not have."""
    client = environment.table_client()
    with scratch.table(defined_columns=[(f"c{index}", "STRING") for index in range(32)]) as name:
        equal(len(client.describe_table(name).table_meta.defined_columns), 32)
    for message, columns in [
        (
            "The number of defined columns must be in range: [0, 32].",
            [(f"c{index}", "STRING") for index in range(33)],
        ),
        ("Duplicated attribute column name with primary key column: 'pk'.", [("pk", "STRING")]),
    ]:
        meta = TableMeta("never", [("pk", "STRING")], columns)
        table_refuses(
            *INVALID, message, client.create_table, meta, TableOptions(), NOTHING_RESERVED
        )


@check
def table_with_index():
    """A table that declares a secondary index shows it, and refuses repeated rows in a batch."""
    client, name = environment.table_client(), scratch.unique("t").replace("-", "_")
    meta = TableMeta(name, [("pk", "STRING")], [("x", "STRING")])
    index = SecondaryIndexMeta(name + "_index", ["x", "pk"], [], SecondaryIndexType.GLOBAL_INDEX)
    client.create_table(meta, TableOptions(), NOTHING_RESERVED, [index])
    [told] = client.describe_table(name).secondary_indexes
    equal((told.index_name, told.primary_key_names), (index.index_name, index.primary_key_names))
    client.delete_table(name)


@check
def table_deleted_with_its_rows():
    """A table created anew under an old name is empty."""
    client = environment.table_client()
    with scratch.table() as name:
        Rows(name).put([("pk", "a")])
        client.delete_table(name)
        client.create_table(TableMeta(name, [("pk", "STRING")]), TableOptions(), NOTHING_RESERVED)
        equal(Rows(name).keys("pk"), [])


@check(alone=True)
def table_quota():
    """An instance has at most 64 tables."""
    client = environment.table_client()
    names = []
    create = lambda name: client.create_table(
        TableMeta(name, [("pk", "STRING")]), TableOptions(), NOTHING_RESERVED
    )
    try:
        while len(client.list_table()) < 64:
            name = scratch.unique("quota").replace("-", "_")
            create(name)
            names.append(name)
        message = "Number of tables exceeds the quota:64."
        table_refuses(403, "OTSQuotaExhausted", message, create, "one_too_many")
    finally:
        for name in names:
            client.delete_table(name)


@check
def table_without_option_messages():
    """A hand-made CreateTable without a table meta, or without reserved units, does not parse."""
    for message in [
        b"",
        pb2.CreateTableRequest(
            table_meta=pb2.TableMeta(table_name="never")
        ).SerializePartialToString(),
    ]:
        table_refuses(
            *INVALID, "Parse PBMessage from RawString failed.", exchange, "CreateTable", message
        )
