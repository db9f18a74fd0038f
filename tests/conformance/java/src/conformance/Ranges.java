package conformance;

import static conformance.Table.CLIENT;

import com.alicloud.openservices.tablestore.model.BatchWriteRowRequest;
import com.alicloud.openservices.tablestore.model.Direction;
import com.alicloud.openservices.tablestore.model.GetRangeRequest;
import com.alicloud.openservices.tablestore.model.GetRangeResponse;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.RangeRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowPutChange;

import java.util.ArrayList;
import java.util.List;

/** Rows by ranges of their keys. */
final class Ranges {
    private Ranges() {}

    private static Table abcde() {
        Table table = new Table();
        for (String key : List.of("c", "a", "e", "b", "d")) {
            table.put(key, "x", 1);
        }
        return table;
    }

    private static GetRangeResponse read(RangeRowQueryCriteria criteria) {
        return CLIENT.getRange(new GetRangeRequest(criteria));
    }

    static void rangeForward() {
        try (Table table = abcde()) {
            Expect.equal(
                    "all",
                    List.of("a", "b", "c", "d", "e"),
                    Table.keys(read(table.everything()).getRows()));
            RangeRowQueryCriteria part = table.everything();
            part.setInclusiveStartPrimaryKey(table.key("b"));
            part.setExclusiveEndPrimaryKey(table.key("d"));
            GetRangeResponse got = read(part);
            Expect.equal("part", List.of("b", "c"), Table.keys(got.getRows()));
            Expect.equal("next", null, got.getNextStartPrimaryKey());
        }
    }

    static void rangeBackward() {
        try (Table table = abcde()) {
            RangeRowQueryCriteria part = table.everything();
            part.setDirection(Direction.BACKWARD);
            part.setInclusiveStartPrimaryKey(table.key("d"));
            part.setExclusiveEndPrimaryKey(table.bound(PrimaryKeyValue.INF_MIN));
            part.setLimit(3);
            GetRangeResponse got = read(part);
            Expect.equal("first three", List.of("d", "c", "b"), Table.keys(got.getRows()));
            Expect.equal("next", table.key("a"), got.getNextStartPrimaryKey());
        }
    }

    static void rangeByLimit() {
        try (Table table = abcde()) {
            List<List<String>> pages = new ArrayList<>();
            PrimaryKey next = table.bound(PrimaryKeyValue.INF_MIN);
            while (next != null) {
                RangeRowQueryCriteria page = table.everything();
                page.setInclusiveStartPrimaryKey(next);
                page.setLimit(2);
                GetRangeResponse got = read(page);
                pages.add(Table.keys(got.getRows()));
                next = got.getNextStartPrimaryKey();
            }
            Expect.equal(
                    "pages", List.of(List.of("a", "b"), List.of("c", "d"), List.of("e")), pages);
        }
    }

    static void rangeOverManyRows() {
        int rows = 5_500;
        try (Table table = new Table()) {
            List<String> keys = fill(table, rows, 8);
            GetRangeResponse first = read(table.everything());
            Expect.equal("rows of one answer", 5000, first.getRows().size());
            Expect.equal("next", table.key(keys.get(5000)), first.getNextStartPrimaryKey());
            Expect.equal("all rows", keys, Table.keys(table.rows()));
        }
    }

    static void rangeOverMuchData() {
        try (Table table = new Table()) {
            List<String> keys = fill(table, 60, 100 * 1024);
            GetRangeResponse first = read(table.everything());
            int rows = first.getRows().size();
            Expect.that(35 < rows && rows <= 41, "an answer has 4 MiB: " + rows + " rows");
            Expect.equal("all rows", keys, Table.keys(table.rows()));
        }
    }

    private static List<String> fill(Table table, int rows, int bytes) {
        List<String> keys = new ArrayList<>();
        BatchWriteRowRequest batch = new BatchWriteRowRequest();
        int perBatch = Math.min(200, 3 * 1024 * 1024 / bytes);
        for (int i = 0; i < rows; i++) {
            String key = String.format("%06d", i);
            keys.add(key);
            RowPutChange row = table.putChange(key);
            batch.addRowChange(row.addColumn("x", Table.string("x".repeat(bytes))));
            if (batch.getRowsCount() == perBatch || i == rows - 1) {
                Expect.that(CLIENT.batchWriteRow(batch).isAllSucceed(), "a batch is written");
                batch = new BatchWriteRowRequest();
            }
        }
        return keys;
    }

    static void rangeOfEmptyTable() {
        try (Table table = new Table()) {
            GetRangeResponse got = read(table.everything());
            Expect.equal("rows", List.of(), got.getRows());
            Expect.equal("next", null, got.getNextStartPrimaryKey());
            Expect.equal(
                    "read units",
                    1,
                    got.getConsumedCapacity().getCapacityUnit().getReadCapacityUnit());
        }
    }

    static void rangeRefusals() throws Exception {
        try (Table table = new Table()) {
            RangeRowQueryCriteria forward = table.everything();
            forward.setInclusiveStartPrimaryKey(table.key("b"));
            forward.setExclusiveEndPrimaryKey(table.key("a"));
            Expect.tableRefusal(
                    400,
                    "OTSParameterInvalid",
                    "Begin key must less than end key in FORWARD",
                    () -> read(forward));
            RangeRowQueryCriteria backward = table.everything();
            backward.setDirection(Direction.BACKWARD);
            Expect.tableRefusal(
                    400,
                    "OTSParameterInvalid",
                    "Begin key must more than end key in BACKWARD",
                    () -> read(backward));
            RangeRowQueryCriteria noVersion = new RangeRowQueryCriteria(table.name);
            noVersion.setInclusiveStartPrimaryKey(table.bound(PrimaryKeyValue.INF_MIN));
            noVersion.setExclusiveEndPrimaryKey(table.bound(PrimaryKeyValue.INF_MAX));
            Expect.tableRefusal(
                    400,
                    "OTSParameterInvalid",
                    "No version condition is specified while querying row.",
                    () -> read(noVersion));
        }
    }

    static void unlikeRowsInOneAnswer() {
        try (Table table = new Table()) {
            table.put("a");
            table.put("b", "x", 1);
            table.put("c", "x", 1, "y", 2);
            List<List<String>> columns = new ArrayList<>();
            for (Row row : read(table.everything()).getRows()) {
                columns.add(Table.columns(row));
            }
            Expect.equal(
                    "columns", List.of(List.of(), List.of("x=1"), List.of("x=1", "y=2")), columns);
        }
    }
}
