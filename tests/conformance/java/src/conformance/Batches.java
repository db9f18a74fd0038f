package conformance;

import static conformance.Table.CLIENT;
import static conformance.Table.integer;

import com.alicloud.openservices.tablestore.model.BatchGetRowRequest;
import com.alicloud.openservices.tablestore.model.BatchGetRowResponse;
import com.alicloud.openservices.tablestore.model.BatchWriteRowRequest;
import com.alicloud.openservices.tablestore.model.BatchWriteRowResponse;
import com.alicloud.openservices.tablestore.model.Condition;
import com.alicloud.openservices.tablestore.model.MultiRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.RowChange;
import com.alicloud.openservices.tablestore.model.RowDeleteChange;
import com.alicloud.openservices.tablestore.model.RowExistenceExpectation;
import com.alicloud.openservices.tablestore.model.RowPutChange;

import java.util.ArrayList;
import java.util.List;

/** Many rows in one request. */
final class Batches {
    private Batches() {}

    private static BatchWriteRowResponse write(RowChange... changes) {
        BatchWriteRowRequest request = new BatchWriteRowRequest();
        for (RowChange change : changes) {
            request.addRowChange(change);
        }
        return CLIENT.batchWriteRow(request);
    }

    /** Of each row {@code ok}, or what was wrong with it. */
    private static List<String> outcomes(Table table, BatchWriteRowResponse response) {
        List<String> outcomes = new ArrayList<>();
        for (BatchWriteRowResponse.RowResult row : response.getRowStatus(table.name)) {
            outcomes.add(
                    row.isSucceed()
                            ? "ok"
                            : row.getError().getCode() + " " + row.getError().getMessage());
        }
        return outcomes;
    }

    static void batchOfEveryKind() {
        try (Table table = new Table();
                Table other = new Table()) {
            table.put("deleted", "x", 1);
            table.put("updated", "x", 1);
            BatchWriteRowResponse response =
                    write(
                            table.putChange("put").addColumn("x", integer(1)),
                            table.updateChange("updated").put("y", integer(2)),
                            new RowDeleteChange(table.name, table.key("deleted")),
                            other.putChange("elsewhere").addColumn("z", integer(3)));
            Expect.equal("all succeed", true, response.isAllSucceed());
            Expect.equal("put", List.of("x=1"), Table.columns(table.get("put")));
            Expect.equal("updated", List.of("x=1", "y=2"), Table.columns(table.get("updated")));
            Expect.equal("deleted", null, table.get("deleted"));
            Expect.equal("elsewhere", List.of("z=3"), Table.columns(other.get("elsewhere")));
            int units =
                    response.getRowStatus(table.name)
                            .get(0)
                            .getConsumedCapacity()
                            .getCapacityUnit()
                            .getWriteCapacityUnit();
            Expect.equal("write units of a row", 1, units);
        }
    }

    static void batchFailsInPart() {
        try (Table table = new Table();
                Table numbers =
                        new Table(
                                Table.ONE_VERSION,
                                new PrimaryKeySchema("pk", PrimaryKeyType.INTEGER))) {
            table.put("there");
            RowPutChange refused = table.putChange("there");
            refused.setCondition(new Condition(RowExistenceExpectation.EXPECT_NOT_EXIST));
            BatchWriteRowResponse response =
                    write(
                            table.putChange("first").addColumn("x", integer(1)),
                            refused,
                            table.putChange("last").addColumn("x", integer(2)));
            Expect.equal(
                    "rows",
                    List.of("ok", "OTSConditionCheckFail Condition check failed.", "ok"),
                    outcomes(table, response));
            Expect.equal("rows failed", 1, response.getFailedRows().size());
            Expect.equal("index of the row", 1, response.getFailedRows().get(0).getIndex());
            Expect.equal("first", List.of("x=1"), Table.columns(table.get("first")));
            Expect.equal("last", List.of("x=2"), Table.columns(table.get("last")));
            PrimaryKey text = table.key("no number");
            Expect.equal(
                    "key of another type",
                    List.of(
                            "OTSInvalidPK Validate PK type fail. Input: VT_STRING, Meta:"
                                + " VT_INTEGER."),
                    outcomes(numbers, write(new RowPutChange(numbers.name, text))));
        }
    }

    static void batchRepeatsRow() {
        try (Table table = new Table()) {
            BatchWriteRowResponse response =
                    write(
                            table.updateChange("a").put("x", integer(1)),
                            table.updateChange("a").put("y", integer(2)),
                            table.updateChange("a").put("x", integer(3)));
            Expect.equal("rows", List.of("ok", "ok", "ok"), outcomes(table, response));
            Expect.equal(
                    "as if one after the other",
                    List.of("x=3", "y=2"),
                    Table.columns(table.get("a")));
        }
    }

    static void batchOfOnePartitionIsAtomic() {
        PrimaryKeySchema[] schema = {
            new PrimaryKeySchema("pk", PrimaryKeyType.STRING),
            new PrimaryKeySchema("at", PrimaryKeyType.INTEGER)
        };
        try (Table table = new Table(Table.ONE_VERSION, schema)) {
            BatchWriteRowRequest request = new BatchWriteRowRequest();
            request.setAtomic(true);
            request.addRowChange(new RowPutChange(table.name, at(table, "a", 1)));
            RowPutChange refused = new RowPutChange(table.name, at(table, "a", 2));
            refused.setCondition(new Condition(RowExistenceExpectation.EXPECT_EXIST));
            request.addRowChange(refused);
            BatchWriteRowResponse response = CLIENT.batchWriteRow(request);
            Expect.equal("rows failed", 2, response.getFailedRows().size());
            Expect.equal("rows", 0, table.rows().size());
        }
    }

    private static PrimaryKey at(Table table, String pk, long at) {
        return table.key(PrimaryKeyValue.fromString(pk), PrimaryKeyValue.fromLong(at));
    }

    static void batchOfTwoPartitionsIsNotAtomic() {
        try (Table table = new Table()) {
            BatchWriteRowRequest request = new BatchWriteRowRequest();
            request.setAtomic(true);
            request.addRowChange(table.putChange("a"));
            request.addRowChange(table.putChange("b"));
            String refusal =
                    "OTSDataOutOfRange Data out of scope of atomic. Atomic PartKey:a. Data"
                        + " PartKey:b";
            Expect.equal(
                    "rows",
                    List.of(refusal, refusal),
                    outcomes(table, CLIENT.batchWriteRow(request)));
        }
    }

    static void batchRead() {
        try (Table table = new Table();
                Table other = new Table()) {
            table.put("a", "x", 1);
            table.put("b", "x", 2, "y", 3);
            other.put("c", "z", 4);
            MultiRowQueryCriteria first = new MultiRowQueryCriteria(table.name);
            first.addRow(table.key("b")).addRow(table.key("nowhere")).addRow(table.key("a"));
            first.setMaxVersions(1);
            first.addColumnsToGet("x");
            MultiRowQueryCriteria second = new MultiRowQueryCriteria(other.name);
            second.addRow(other.key("c"));
            second.setMaxVersions(1);
            BatchGetRowRequest request = new BatchGetRowRequest();
            request.addMultiRowQueryCriteria(first);
            request.addMultiRowQueryCriteria(second);
            BatchGetRowResponse response = CLIENT.batchGetRow(request);
            Expect.equal("all succeed", true, response.isAllSucceed());
            List<BatchGetRowResponse.RowResult> rows = response.getBatchGetRowResult(table.name);
            Expect.equal("b", List.of("x=2"), Table.columns(rows.get(0).getRow()));
            Expect.equal("nowhere", null, rows.get(1).getRow());
            Expect.equal("a", List.of("x=1"), Table.columns(rows.get(2).getRow()));
            Expect.equal(
                    "c",
                    List.of("z=4"),
                    Table.columns(response.getBatchGetRowResult(other.name).get(0).getRow()));
        }
    }

    static void batchReadFailsInPart() {
        try (Table table = new Table()) {
            table.put("a", "x", 1);
            PrimaryKey number = table.key(PrimaryKeyValue.fromLong(1));
            MultiRowQueryCriteria rows = new MultiRowQueryCriteria(table.name);
            rows.addRow(table.key("a")).addRow(number).addRow(table.key("a"));
            rows.setMaxVersions(1);
            BatchGetRowRequest request = new BatchGetRowRequest();
            request.addMultiRowQueryCriteria(rows);
            BatchGetRowResponse response = CLIENT.batchGetRow(request);
            Expect.equal("rows failed", 1, response.getFailedRows().size());
            BatchGetRowResponse.RowResult failed = response.getFailedRows().get(0);
            Expect.equal("index of the row", 1, failed.getIndex());
            Expect.equal("code", "OTSInvalidPK", failed.getError().getCode());
            Expect.equal(
                    "message",
                    "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING.",
                    failed.getError().getMessage());
            Expect.equal("rows read", 2, response.getSucceedRows().size());
        }
    }
}
