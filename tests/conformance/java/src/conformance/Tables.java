package conformance;

import static conformance.Table.CLIENT;

import com.alicloud.openservices.tablestore.model.CapacityUnit;
import com.alicloud.openservices.tablestore.model.CreateTableRequest;
import com.alicloud.openservices.tablestore.model.DefinedColumnSchema;
import com.alicloud.openservices.tablestore.model.DefinedColumnType;
import com.alicloud.openservices.tablestore.model.DeleteTableRequest;
import com.alicloud.openservices.tablestore.model.DescribeTableRequest;
import com.alicloud.openservices.tablestore.model.DescribeTableResponse;
import com.alicloud.openservices.tablestore.model.PrimaryKeyOption;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.ReservedThroughput;
import com.alicloud.openservices.tablestore.model.TableMeta;
import com.alicloud.openservices.tablestore.model.TableOptions;
import com.alicloud.openservices.tablestore.model.UpdateTableRequest;
import com.alicloud.openservices.tablestore.model.UpdateTableResponse;

import java.util.ArrayList;
import java.util.List;

/** Tables are created, described, listed, changed and deleted. */
final class Tables {
    private Tables() {}

    private static DescribeTableResponse describe(String table) {
        return CLIENT.describeTable(new DescribeTableRequest(table));
    }

    static void tableDescribed() {
        String name = Names.table("table");
        TableMeta meta = new TableMeta(name);
        meta.addPrimaryKeyColumn("user", PrimaryKeyType.STRING);
        meta.addPrimaryKeyColumn("at", PrimaryKeyType.INTEGER);
        meta.addPrimaryKeyColumn("digest", PrimaryKeyType.BINARY);
        meta.addAutoIncrementPrimaryKeyColumn("number");
        meta.addDefinedColumn(new DefinedColumnSchema("amount", DefinedColumnType.DOUBLE));
        TableOptions options = new TableOptions(86_400 * 7, 3, 3600);
        CLIENT.createTable(new CreateTableRequest(meta, options));
        try {
            DescribeTableResponse described = describe(name);
            List<String> key = new ArrayList<>();
            for (PrimaryKeySchema column : described.getTableMeta().getPrimaryKeyList()) {
                PrimaryKeyOption option = column.hasOption() ? column.getOption() : null;
                key.add(column.getName() + " " + column.getType() + " " + option);
            }
            Expect.equal(
                    "key",
                    List.of(
                            "user STRING null",
                            "at INTEGER null",
                            "digest BINARY null",
                            "number INTEGER AUTO_INCREMENT"),
                    key);
            Expect.equal(
                    "defined column",
                    DefinedColumnType.DOUBLE,
                    described.getTableMeta().getDefinedColumnMap().get("amount"));
            Expect.equal("TTL", 604_800, described.getTableOptions().getTimeToLive());
            Expect.equal("versions", 3, described.getTableOptions().getMaxVersions());
            Expect.equal("deviation", 3600L, described.getTableOptions().getMaxTimeDeviation());
            CapacityUnit reserved = described.getReservedThroughputDetails().getCapacityUnit();
            Expect.equal("reserved reads", 0, reserved.getReadCapacityUnit());
            Expect.equal("reserved writes", 0, reserved.getWriteCapacityUnit());
        } finally {
            CLIENT.deleteTable(new DeleteTableRequest(name));
        }
    }

    static void tablesListed() {
        try (Table one = new Table();
                Table two = new Table()) {
            List<String> names = CLIENT.listTable().getTableNames();
            Expect.that(names.containsAll(List.of(one.name, two.name)), "both are in " + names);
        }
    }

    static void tableUpdated() {
        try (Table table = new Table()) {
            UpdateTableRequest request = new UpdateTableRequest(table.name);
            request.setTableOptionsForUpdate(new TableOptions(86_400, 5));
            UpdateTableResponse updated = CLIENT.updateTable(request);
            Expect.equal("TTL answered", 86_400, updated.getTableOptions().getTimeToLive());
            TableOptions options = describe(table.name).getTableOptions();
            Expect.equal("TTL", 86_400, options.getTimeToLive());
            Expect.equal("versions", 5, options.getMaxVersions());
        }
    }

    static void tableDeleted() throws Exception {
        Table table = new Table();
        table.close();
        Expect.tableRefusal(
                404,
                "OTSObjectNotExist",
                "Requested table does not exist.",
                () -> describe(table.name));
        Expect.tableRefusal(
                404, "OTSObjectNotExist", "Requested table does not exist.", table::close);
    }

    static void tableRefusals() throws Exception {
        try (Table table = new Table()) {
            Expect.tableRefusal(
                    409,
                    "OTSObjectAlreadyExist",
                    "Requested table already exists.",
                    () -> create(table.name, Table.ONE_VERSION, 1));
        }
        Expect.tableRefusal(
                400,
                "OTSParameterInvalid",
                "Invalid table name: '1table'.",
                () -> create("1table", Table.ONE_VERSION, 1));
        Expect.tableRefusal(
                400,
                "OTSParameterInvalid",
                "The number of primary key columns must be in range: [1, 4].",
                () -> create("wide", Table.ONE_VERSION, 5));
    }

    private static void create(String name, TableOptions options, int keyColumns) {
        TableMeta meta = new TableMeta(name);
        for (int i = 0; i < keyColumns; i++) {
            meta.addPrimaryKeyColumn("pk" + i, PrimaryKeyType.STRING);
        }
        CLIENT.createTable(new CreateTableRequest(meta, options));
    }

    @Alone
    static void tablesUpToTheQuota() throws Exception {
        List<Table> tables = new ArrayList<>();
        try {
            int room = 64 - CLIENT.listTable().getTableNames().size();
            for (int i = 0; i < room; i++) {
                tables.add(new Table());
            }
            Expect.tableRefusal(
                    403, "OTSQuotaExhausted", "Number of tables exceeds the quota:64.", Table::new);
        } finally {
            tables.forEach(Table::close);
        }
    }

    static void reservedThroughputTaken() {
        String name = Names.table("table");
        TableMeta meta = new TableMeta(name);
        meta.addPrimaryKeyColumn("pk", PrimaryKeyType.STRING);
        ReservedThroughput reserved = new ReservedThroughput(new CapacityUnit(5, 7));
        CLIENT.createTable(new CreateTableRequest(meta, Table.ONE_VERSION, reserved));
        try {
            CapacityUnit got = describe(name).getReservedThroughputDetails().getCapacityUnit();
            Expect.equal("reads", 5, got.getReadCapacityUnit());
            Expect.equal("writes", 7, got.getWriteCapacityUnit());
        } finally {
            CLIENT.deleteTable(new DeleteTableRequest(name));
        }
    }
}
