package conformance;

import static conformance.Table.CLIENT;
import static conformance.Table.integer;

import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeyOption;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.PutRowRequest;
import com.alicloud.openservices.tablestore.model.ReturnType;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.model.SingleRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.TableOptions;
import com.alicloud.openservices.tablestore.model.TimeRange;
import com.alicloud.openservices.tablestore.model.UpdateRowRequest;

import java.util.ArrayList;
import java.util.List;

/** Versions of cells, counters, and keys that the service counts up. */
final class Versions {
    private static final TableOptions THREE_VERSIONS = new TableOptions(-1, 3);

    private Versions() {}

    /** Versions of x are 1, 2, ... at {@code now + 1}, {@code now + 2}, ... */
    private static long write(Table table, int versions) {
        long now = System.currentTimeMillis();
        for (int i = 1; i <= versions; i++) {
            Table.update(table.updateChange("a").put("x", integer(i), now + i));
        }
        return now;
    }

    private static List<String> read(Table table) {
        SingleRowQueryCriteria criteria = table.criteria("a");
        criteria.setMaxVersions(100);
        return Table.columns(Table.get(criteria));
    }

    static void newestVersionsKept() {
        try (Table table = new Table(THREE_VERSIONS)) {
            long now = write(table, 5);
            Expect.equal("versions, newest first", List.of("x=5", "x=4", "x=3"), read(table));
            Row row = table.get("a");
            Expect.equal("newest alone", List.of("x=5"), Table.columns(row));
            Expect.equal("its time", now + 5, row.getColumns()[0].getTimestamp());
            Table.update(table.updateChange("a").put("x", integer(0), now));
            Expect.equal("an older one does not count", List.of("x=5", "x=4", "x=3"), read(table));
        }
    }

    static void serverGivesTheTime() {
        try (Table table = new Table()) {
            long before = System.currentTimeMillis();
            table.put("a", "x", 1);
            long time = table.get("a").getColumns()[0].getTimestamp();
            long after = System.currentTimeMillis();
            Expect.that(before <= time && time <= after, time + " is now");
        }
    }

    static void versionsByTime() {
        try (Table table = new Table(THREE_VERSIONS)) {
            long now = write(table, 3);
            SingleRowQueryCriteria range = new SingleRowQueryCriteria(table.name, table.key("a"));
            range.setTimeRange(new TimeRange(now + 1, now + 3));
            Expect.equal(
                    "the end is exclusive", List.of("x=2", "x=1"), Table.columns(Table.get(range)));
            SingleRowQueryCriteria point = new SingleRowQueryCriteria(table.name, table.key("a"));
            point.setTimestamp(now + 2);
            Expect.equal("one time", List.of("x=2"), Table.columns(Table.get(point)));
        }
    }

    static void versionsDeleted() {
        try (Table table = new Table(THREE_VERSIONS)) {
            long now = write(table, 3);
            Table.update(table.updateChange("a").deleteColumn("x", now + 2));
            Expect.equal("one deleted", List.of("x=3", "x=1"), read(table));
            Table.update(table.updateChange("a").deleteColumns("x"));
            Expect.equal("all deleted", List.of(), read(table));
        }
    }

    static void cellsExpire() throws Exception {
        try (Table table = new Table(new TableOptions(5, 1))) {
            table.put("a", "x", 1);
            Expect.equal("at first", List.of("x=1"), Table.columns(table.get("a")));
            Expect.within(15, "the cell has expired", () -> table.get("a") == null);
        }
    }

    static void timeTooFarOffRefused() throws Exception {
        try (Table table = new Table()) {
            long now = System.currentTimeMillis();
            for (long time : new long[] {now - 2 * 86_400_000L, now + 2 * 86_400_000L}) {
                Expect.tableRefusal(
                        400,
                        "OTSParameterInvalid",
                        "Invalid timestamp. Cell:x.",
                        () -> Table.update(table.updateChange("a").put("x", integer(1), time)));
            }
        }
    }

    static void counterReturned() {
        try (Table table = new Table()) {
            Expect.equal("from nothing", 5L, increment(table, 5));
            Expect.equal("up", 12L, increment(table, 7));
            Expect.equal("down", -8L, increment(table, -20));
            Expect.equal("stored", List.of("n=-8"), Table.columns(table.get("a")));
        }
    }

    private static long increment(Table table, long by) {
        RowUpdateChange change = table.updateChange("a");
        change.increment(new Column("n", integer(by)));
        change.setReturnType(ReturnType.RT_AFTER_MODIFY);
        change.addReturnColumn("n");
        Row row = CLIENT.updateRow(new UpdateRowRequest(change)).getRow();
        return row.getLatestColumn("n").getValue().asLong();
    }

    static void counterRefusals() throws Exception {
        try (Table table = new Table()) {
            Table.put(table.putChange("a").addColumn("n", Table.string("five")));
            Expect.tableRefusal(
                    400,
                    "OTSParameterInvalid",
                    "Column 'n' is not an integer and can't be incremented.",
                    () -> increment(table, 1));
            table.put("a", "n", Long.MAX_VALUE);
            Expect.tableRefusal(
                    400,
                    "OTSParameterInvalid",
                    "Increment of column 'n' overflows.",
                    () -> increment(table, 1));
        }
    }

    static void keyCountedUp() throws Exception {
        PrimaryKeySchema[] schema = {
            new PrimaryKeySchema("pk", PrimaryKeyType.STRING),
            new PrimaryKeySchema("n", PrimaryKeyType.INTEGER, PrimaryKeyOption.AUTO_INCREMENT)
        };
        try (Table table = new Table(Table.ONE_VERSION, schema)) {
            PrimaryKey next =
                    table.key(PrimaryKeyValue.fromString("a"), PrimaryKeyValue.AUTO_INCREMENT);
            List<Long> numbers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                RowPutChange change = new RowPutChange(table.name, next);
                change.addColumn("i", integer(i));
                change.setReturnType(ReturnType.RT_PK);
                Row returned = CLIENT.putRow(new PutRowRequest(change)).getRow();
                numbers.add(returned.getPrimaryKey().getPrimaryKeyColumn("n").getValue().asLong());
            }
            Expect.that(
                    numbers.get(0) < numbers.get(1) && numbers.get(1) < numbers.get(2),
                    "numbers grow: " + numbers);
            for (int i = 0; i < 3; i++) {
                PrimaryKey key =
                        table.key(
                                PrimaryKeyValue.fromString("a"),
                                PrimaryKeyValue.fromLong(numbers.get(i)));
                Expect.equal("row " + i, List.of("i=" + i), Table.columns(table.get(key)));
            }
            Expect.tableRefusal(
                    400,
                    "OTSParameterInvalid",
                    "PKAutoIncr can't be used for read operations.",
                    () -> table.get(next));
        }
    }
}
