package conformance;

import static conformance.Table.CLIENT;

import com.alicloud.openservices.tablestore.model.CapacityUnit;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.ColumnType;
import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.DeleteRowRequest;
import com.alicloud.openservices.tablestore.model.GetRowRequest;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.PutRowRequest;
import com.alicloud.openservices.tablestore.model.ReturnType;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowDeleteChange;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.model.SingleRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.UpdateRowRequest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Single rows: written, read and deleted, with every type of value. */
final class Rows {
    private Rows() {}

    static void rowPut() {
        try (Table table = new Table()) {
            Expect.equal("before", null, table.get("a"));
            table.put("a", "x", 1, "y", 2);
            Expect.equal("first", List.of("x=1", "y=2"), Table.columns(table.get("a")));
            table.put("a", "z", 3);
            Expect.equal("replaced", List.of("z=3"), Table.columns(table.get("a")));
            Expect.equal("key", table.key("a"), table.get("a").getPrimaryKey());
        }
    }

    static void rowUpdated() {
        try (Table table = new Table()) {
            Table.update(table.updateChange("a").put("x", Table.integer(1)));
            RowUpdateChange change = table.updateChange("a");
            change.put("y", Table.integer(2)).deleteColumns("x").put("z", Table.integer(3));
            Table.update(change);
            Expect.equal("columns", List.of("y=2", "z=3"), Table.columns(table.get("a")));
            Table.update(table.updateChange("a").deleteColumns("y").deleteColumns("z"));
            Expect.equal("a row without columns is one", List.of(), Table.columns(table.get("a")));
        }
    }

    static void rowDeleted() {
        try (Table table = new Table()) {
            table.put("a", "x", 1);
            DeleteRowRequest request =
                    new DeleteRowRequest(new RowDeleteChange(table.name, table.key("a")));
            CLIENT.deleteRow(request);
            Expect.equal("row", null, table.get("a"));
            // Deleting what is not there is no error.
            CLIENT.deleteRow(request);
        }
    }

    static void valuesOfEveryType() {
        List<ColumnValue> values =
                List.of(
                        ColumnValue.fromLong(Long.MIN_VALUE),
                        ColumnValue.fromLong(Long.MAX_VALUE),
                        ColumnValue.fromDouble(-0.0),
                        ColumnValue.fromDouble(Double.MIN_VALUE),
                        ColumnValue.fromDouble(Double.MAX_VALUE),
                        ColumnValue.fromBoolean(true),
                        ColumnValue.fromBoolean(false),
                        ColumnValue.fromString(""),
                        ColumnValue.fromString("naïve 漢字 \uD83D\uDE00\u0000\n"),
                        ColumnValue.fromBinary(new byte[0]),
                        ColumnValue.fromBinary(everyByte()));
        try (Table table = new Table()) {
            RowPutChange change = table.putChange("a");
            for (int i = 0; i < values.size(); i++) {
                change.addColumn(column(i), values.get(i));
            }
            Table.put(change);
            Row row = table.get("a");
            for (int i = 0; i < values.size(); i++) {
                Expect.equal(column(i), values.get(i), row.getLatestColumn(column(i)).getValue());
            }
            double zero = row.getLatestColumn(column(2)).getValue().asDouble();
            Expect.equal(
                    "sign of -0.0",
                    Double.doubleToRawLongBits(-0.0),
                    Double.doubleToRawLongBits(zero));
        }
    }

    private static String column(int i) {
        return String.format("c%02d", i);
    }

    private static byte[] everyByte() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    static void valuesAtTheirLimits() {
        try (Table table = new Table()) {
            String text = "x".repeat(2 * 1024 * 1024);
            String key = "k".repeat(1024);
            String name = "n".repeat(255);
            Table.put(table.putChange(key).addColumn(name, Table.string(text)));
            Column column = table.get(key).getLatestColumn(name);
            Expect.equal("type", ColumnType.STRING, column.getValue().getType());
            Expect.that(column.getValue().asString().equals(text), "2 MiB come back");
            RowPutChange wide = table.putChange("wide");
            for (int i = 0; i < 1024; i++) {
                wide.addColumn("c" + i, Table.integer(i));
            }
            Table.put(wide);
            Expect.equal("columns", 1024, table.get("wide").getColumns().length);
        }
    }

    static void keysOfEveryType() {
        PrimaryKeySchema[] schema = {
            new PrimaryKeySchema("s", PrimaryKeyType.STRING),
            new PrimaryKeySchema("i", PrimaryKeyType.INTEGER),
            new PrimaryKeySchema("b", PrimaryKeyType.BINARY)
        };
        try (Table table = new Table(Table.ONE_VERSION, schema)) {
            List<PrimaryKey> keys = new ArrayList<>();
            for (String text : List.of("", "a", "b", "é")) {
                for (long number : new long[] {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE}) {
                    for (byte[] bytes : new byte[][] {{}, {0}, {127}, {-128}, {-1, 0}}) {
                        keys.add(
                                table.key(
                                        PrimaryKeyValue.fromString(text),
                                        PrimaryKeyValue.fromLong(number),
                                        PrimaryKeyValue.fromBinary(bytes)));
                    }
                }
            }
            List<PrimaryKey> backwards = new ArrayList<>(keys);
            Collections.reverse(backwards);
            for (PrimaryKey key : backwards) {
                Table.put(new RowPutChange(table.name, key));
            }
            List<PrimaryKey> read = new ArrayList<>();
            for (Row row : table.rows()) {
                read.add(row.getPrimaryKey());
            }
            Expect.equal("keys in order", keys, read);
        }
    }

    static void columnsChosen() {
        try (Table table = new Table()) {
            table.put("a", "a", 1, "b", 2, "c", 3, "d", 4);
            SingleRowQueryCriteria named = table.criteria("a");
            named.addColumnsToGet(Arrays.asList("d", "b", "nowhere"));
            Expect.equal("by name", List.of("b=2", "d=4"), Table.columns(Table.get(named)));
            SingleRowQueryCriteria range = table.criteria("a");
            range.setStartColumn("b");
            range.setEndColumn("d");
            Expect.equal("by range", List.of("b=2", "c=3"), Table.columns(Table.get(range)));
        }
    }

    static void capacityCounted() {
        try (Table table = new Table()) {
            RowUpdateChange change = table.updateChange("a");
            change.put("x", Table.string("x".repeat(4096)))
                    .put("y", Table.string("y".repeat(4096)));
            CapacityUnit written =
                    CLIENT.updateRow(new UpdateRowRequest(change))
                            .getConsumedCapacity()
                            .getCapacityUnit();
            Expect.equal("write units of 8 KiB and names", 3, written.getWriteCapacityUnit());
            Expect.equal("read units of a write", 0, written.getReadCapacityUnit());
            CapacityUnit read =
                    CLIENT.getRow(new GetRowRequest(table.criteria("a")))
                            .getConsumedCapacity()
                            .getCapacityUnit();
            Expect.equal("read units", 3, read.getReadCapacityUnit());
            CapacityUnit missed =
                    CLIENT.getRow(new GetRowRequest(table.criteria("b")))
                            .getConsumedCapacity()
                            .getCapacityUnit();
            Expect.equal("read units of no row", 1, missed.getReadCapacityUnit());
        }
    }

    static void putReturnsKey() {
        try (Table table = new Table()) {
            RowPutChange change = table.putChange("a");
            change.setReturnType(ReturnType.RT_PK);
            Row returned = CLIENT.putRow(new PutRowRequest(change)).getRow();
            Expect.equal("key", table.key("a"), returned.getPrimaryKey());
        }
    }

    static void keysThatDoNotFit() throws Exception {
        PrimaryKeySchema[] schema = {
            new PrimaryKeySchema("pk", PrimaryKeyType.STRING),
            new PrimaryKeySchema("at", PrimaryKeyType.INTEGER)
        };
        try (Table table = new Table(Table.ONE_VERSION, schema)) {
            Expect.tableRefusal(
                    400,
                    "OTSInvalidPK",
                    "Validate PK size fail. Input: 1, Meta: 2.",
                    () -> table.put("a", "x", 1));
            PrimaryKeyValue text = PrimaryKeyValue.fromString("a");
            Expect.tableRefusal(
                    400,
                    "OTSInvalidPK",
                    "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
                    () -> Table.put(new RowPutChange(table.name, table.key(text, text))));
            try (Table other =
                    new Table(
                            Table.ONE_VERSION,
                            new PrimaryKeySchema("pk", PrimaryKeyType.STRING),
                            new PrimaryKeySchema("when", PrimaryKeyType.INTEGER))) {
                PrimaryKey key = other.key(text, PrimaryKeyValue.fromLong(1));
                Expect.tableRefusal(
                        400,
                        "OTSInvalidPK",
                        "Validate PK name fail. Input: when, Meta: at.",
                        () -> Table.put(new RowPutChange(table.name, key)));
            }
        }
    }
}
