package conformance;

import static conformance.Table.CLIENT;
import static conformance.Table.integer;

import com.alicloud.openservices.tablestore.model.BatchGetRowRequest;
import com.alicloud.openservices.tablestore.model.BatchWriteRowRequest;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.CreateTableRequest;
import com.alicloud.openservices.tablestore.model.DefinedColumnType;
import com.alicloud.openservices.tablestore.model.MultiRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.PrimaryKeyBuilder;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.model.SingleRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.TableMeta;

/** What is over a limit is refused with the service's code and message. */
final class Limits {
    private static final int MIB = 1024 * 1024;

    private Limits() {}

    private static void invalid(String message, Expect.Call call) throws Exception {
        Expect.tableRefusal(400, "OTSParameterInvalid", message, call);
    }

    static void limitOfColumnNames() throws Exception {
        try (Table table = new Table()) {
            for (String name : new String[] {"1st", "a b", "ü", "n".repeat(256)}) {
                invalid("Invalid column name: '" + name + "'.", () -> table.put("a", name, 1));
            }
        }
    }

    static void limitOfKeyColumns() throws Exception {
        PrimaryKeyBuilder key = PrimaryKeyBuilder.createPrimaryKeyBuilder();
        for (int i = 0; i < 5; i++) {
            key.addPrimaryKeyColumn("pk" + i, PrimaryKeyValue.fromLong(i));
        }
        invalid(
                "The number of primary key columns must be in range: [1, 4].",
                () -> Table.put(new RowPutChange("any", key.build())));
    }

    static void limitOfKeyTypes() throws Exception {
        try (Table table = new Table()) {
            invalid(
                    "VT_INF_MIN is an invalid type for the primary key.",
                    () ->
                            Table.put(
                                    new RowPutChange(
                                            table.name, table.bound(PrimaryKeyValue.INF_MIN))));
        }
    }

    static void limitOfKeyLength() throws Exception {
        try (Table table = new Table()) {
            invalid(
                    "The length of primary key column: 'pk' exceeds the MaxLength:1024 with"
                            + " CurrentLength:1025.",
                    () -> table.put("k".repeat(1025), "x", 1));
        }
    }

    static void limitOfValueLength() throws Exception {
        try (Table table = new Table()) {
            String message =
                    "The length of attribute column: 'x' exceeds the MaxLength:2097152 with"
                            + " CurrentLength:2097153.";
            ColumnValue text = ColumnValue.fromString("x".repeat(2 * MIB + 1));
            invalid(message, () -> Table.put(table.putChange("a").addColumn("x", text)));
            ColumnValue bytes = ColumnValue.fromBinary(new byte[2 * MIB + 1]);
            invalid(message, () -> Table.put(table.putChange("a").addColumn("x", bytes)));
        }
    }

    static void limitOfColumnsWritten() throws Exception {
        try (Table table = new Table()) {
            RowPutChange change = table.putChange("a");
            for (int i = 0; i < 1025; i++) {
                change.addColumn("c" + i, integer(i));
            }
            invalid(
                    "The number of attribute columns exceeds the limit, limit count: 1024, column"
                            + " count: 1025.",
                    () -> Table.put(change));
        }
    }

    static void limitOfColumnsRead() throws Exception {
        try (Table table = new Table()) {
            SingleRowQueryCriteria criteria = table.criteria("a");
            for (int i = 0; i < 1025; i++) {
                criteria.addColumnsToGet("c" + i);
            }
            invalid(
                    "The number of columns from the request exceeds the limit, limit count: 1024,"
                            + " column count: 1025.",
                    () -> Table.get(criteria));
        }
    }

    static void limitOfRowsWritten() throws Exception {
        try (Table table = new Table()) {
            BatchWriteRowRequest batch = new BatchWriteRowRequest();
            for (int i = 0; i < 201; i++) {
                batch.addRowChange(table.putChange("row" + i));
            }
            invalid("Rows count exceeds the upper limit: 200.", () -> CLIENT.batchWriteRow(batch));
            Expect.equal("rows", 0, table.rows().size());
        }
    }

    static void limitOfRowsRead() throws Exception {
        try (Table table = new Table()) {
            MultiRowQueryCriteria criteria = new MultiRowQueryCriteria(table.name);
            criteria.setMaxVersions(1);
            for (int i = 0; i < 101; i++) {
                criteria.addRow(table.key("row" + i));
            }
            BatchGetRowRequest batch = new BatchGetRowRequest();
            batch.addMultiRowQueryCriteria(criteria);
            invalid("Rows count exceeds the upper limit: 100.", () -> CLIENT.batchGetRow(batch));
        }
    }

    static void limitOfDataInRow() throws Exception {
        try (Table table = new Table()) {
            RowUpdateChange change = table.updateChange("a");
            for (int i = 0; i < 4; i++) {
                change.put("c" + i, ColumnValue.fromBinary(new byte[MIB]));
            }
            // 4 MiB and the key pk=a and four names of two bytes.
            invalid(
                    "The total data size of UpdateRow request exceeds the limit, limit size:"
                        + " 4194304, data size: 4194315",
                    () -> Table.update(change));
        }
    }

    static void limitOfDataInBatch() throws Exception {
        try (Table table = new Table()) {
            long now = System.currentTimeMillis();
            int head = "pka".length() + "x".length() + 8;
            invalid(
                    "The total data size of BatchWriteRow request exceeds the limit, limit size:"
                            + " 4194304, data size: 4194305.",
                    () -> CLIENT.batchWriteRow(batch(table, 2 * MIB - head + 1, now)));
            BatchWriteRowRequest full = batch(table, 2 * MIB - head, now);
            Expect.equal("at the limit", true, CLIENT.batchWriteRow(full).isAllSucceed());
        }
    }

    /** Two rows of 2 MiB of data each, if {@code lastBytes} allows. */
    private static BatchWriteRowRequest batch(Table table, int lastBytes, long time) {
        BatchWriteRowRequest batch = new BatchWriteRowRequest();
        int head = "pka".length() + "x".length() + 8;
        ColumnValue first = ColumnValue.fromBinary(new byte[2 * MIB - head]);
        ColumnValue last = ColumnValue.fromBinary(new byte[lastBytes]);
        batch.addRowChange(table.putChange("a").addColumn(new Column("x", first, time)));
        batch.addRowChange(table.putChange("b").addColumn(new Column("x", last, time)));
        return batch;
    }

    /** 200,000 small cells: their encoding makes the body large, their data is 3 MB. */
    static void limitOfBody() throws Exception {
        try (Table table = new Table()) {
            BatchWriteRowRequest batch = new BatchWriteRowRequest();
            for (int row = 0; row < 200; row++) {
                RowPutChange change = table.putChange("row" + row);
                for (int i = 0; i < 1000; i++) {
                    change.addColumn(
                            String.format("a_column_%05d", i), ColumnValue.fromBoolean(true));
                }
                batch.addRowChange(change);
            }
            Expect.tableRefusal(
                    413,
                    "OTSRequestBodyTooLarge",
                    "The size of POST data is too large.",
                    () -> CLIENT.batchWriteRow(batch));
        }
    }

    static void limitOfTimestamps() throws Exception {
        try (Table table = new Table()) {
            invalid(
                    "Timestamp must be in range [0, INT64_MAX/1000).",
                    () ->
                            Table.update(
                                    table.updateChange("a")
                                            .put("x", integer(1), Long.MAX_VALUE / 1000)));
        }
    }

    static void limitOfDoubles() throws Exception {
        try (Table table = new Table()) {
            ColumnValue nan = ColumnValue.fromDouble(Double.NaN);
            invalid(
                    "NaN can't be set to double value.",
                    () -> Table.put(table.putChange("a").addColumn("x", nan)));
        }
    }

    static void limitOfDefinedColumns() throws Exception {
        TableMeta meta = new TableMeta(Names.table("table"));
        meta.addPrimaryKeyColumn("pk", PrimaryKeyType.STRING);
        for (int i = 0; i < 33; i++) {
            meta.addDefinedColumn("c" + i, DefinedColumnType.INTEGER);
        }
        invalid(
                "The number of defined columns must be in range: [0, 32].",
                () -> CLIENT.createTable(new CreateTableRequest(meta, Table.ONE_VERSION)));
    }

    static void emptyWritesRefused() throws Exception {
        try (Table table = new Table()) {
            invalid(
                    "Invalid update row request: missing cells in request.",
                    () -> Table.update(table.updateChange("a")));
            invalid(
                    "No row is specified in BatchWriteRow.",
                    () -> CLIENT.batchWriteRow(new BatchWriteRowRequest()));
            invalid(
                    "Duplicated attribute column name with primary key column: 'pk'.",
                    () -> table.put("a", "pk", 1));
        }
    }
}
