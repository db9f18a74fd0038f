package conformance.peer;

import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.model.BatchWriteRowRequest;
import com.alicloud.openservices.tablestore.model.BatchWriteRowResponse;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.DescribeTableRequest;
import com.alicloud.openservices.tablestore.model.PrimaryKeyBuilder;
import com.alicloud.openservices.tablestore.model.PrimaryKeyColumn;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.RangeIteratorParameter;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import conformance.Environment;

import java.util.Base64;
import java.util.Iterator;
import java.util.List;

/** Writes rows and reads them; every value is text beside its type. */
final class Rows {
    private static final int ROWS_PER_BATCH = 200;

    private Rows() {}

    static void write(String table) throws Exception {
        SyncClient client = Environment.tableStore();
        BatchWriteRowRequest[] batch = {new BatchWriteRowRequest()};
        int[] written = {0};
        Peer.forEachLine(
                line -> {
                    batch[0].addRowChange(change(table, line));
                    written[0]++;
                    if (batch[0].getRowsCount() == ROWS_PER_BATCH) {
                        send(client, batch[0]);
                        batch[0] = new BatchWriteRowRequest();
                    }
                });
        if (!batch[0].isEmpty()) {
            send(client, batch[0]);
        }
        JsonObject done = new JsonObject();
        done.addProperty("written", written[0]);
        Peer.print(done);
    }

    private static void send(SyncClient client, BatchWriteRowRequest batch) {
        BatchWriteRowResponse response = client.batchWriteRow(batch);
        if (!response.isAllSucceed()) {
            throw new IllegalStateException(response.getFailedRows().get(0).getError().toString());
        }
    }

    private static RowPutChange change(String table, JsonObject line) {
        PrimaryKeyBuilder key = PrimaryKeyBuilder.createPrimaryKeyBuilder();
        for (JsonElement each : line.getAsJsonArray("key")) {
            JsonArray column = each.getAsJsonArray();
            ColumnValue value = value(column.get(1).getAsString(), column.get(2).getAsString());
            key.addPrimaryKeyColumn(column.get(0).getAsString(), PrimaryKeyValue.fromColumn(value));
        }
        RowPutChange change = new RowPutChange(table, key.build());
        for (JsonElement each : line.getAsJsonArray("columns")) {
            JsonArray column = each.getAsJsonArray();
            ColumnValue value = value(column.get(1).getAsString(), column.get(2).getAsString());
            change.addColumn(column.get(0).getAsString(), value);
        }
        return change;
    }

    private static ColumnValue value(String type, String text) {
        switch (type) {
            case "string":
                return ColumnValue.fromString(text);
            case "integer":
                return ColumnValue.fromLong(Long.parseLong(text));
            case "double":
                return ColumnValue.fromDouble(Double.parseDouble(text));
            case "boolean":
                return ColumnValue.fromBoolean(Boolean.parseBoolean(text));
            case "binary":
                return ColumnValue.fromBinary(Base64.getDecoder().decode(text));
            default:
                throw new IllegalArgumentException("no type " + type);
        }
    }

    /** Prints every row of the table in the order of its key. */
    static void read(String table) throws Exception {
        SyncClient client = Environment.tableStore();
        PrimaryKeyBuilder start = PrimaryKeyBuilder.createPrimaryKeyBuilder();
        PrimaryKeyBuilder end = PrimaryKeyBuilder.createPrimaryKeyBuilder();
        List<PrimaryKeySchema> schema =
                client.describeTable(new DescribeTableRequest(table))
                        .getTableMeta()
                        .getPrimaryKeyList();
        for (PrimaryKeySchema column : schema) {
            start.addPrimaryKeyColumn(column.getName(), PrimaryKeyValue.INF_MIN);
            end.addPrimaryKeyColumn(column.getName(), PrimaryKeyValue.INF_MAX);
        }
        RangeIteratorParameter range = new RangeIteratorParameter(table);
        range.setInclusiveStartPrimaryKey(start.build());
        range.setExclusiveEndPrimaryKey(end.build());
        range.setMaxVersions(1);
        for (Iterator<Row> rows = client.createRangeIterator(range); rows.hasNext(); ) {
            print(rows.next());
        }
    }

    private static void print(Row row) throws Exception {
        JsonArray key = new JsonArray();
        for (PrimaryKeyColumn column : row.getPrimaryKey().getPrimaryKeyColumns()) {
            key.add(column(column.getName(), column.getValue().toColumnValue()));
        }
        // The service sorts attribute columns by name.
        JsonArray columns = new JsonArray();
        for (Column column : row.getColumns()) {
            columns.add(column(column.getName(), column.getValue()));
        }
        JsonObject line = new JsonObject();
        line.add("key", key);
        line.add("columns", columns);
        Peer.print(line);
    }

    private static JsonArray column(String name, ColumnValue value) {
        JsonArray column = new JsonArray();
        column.add(name);
        column.add(value.getType().name().toLowerCase());
        column.add(text(value));
        return column;
    }

    private static String text(ColumnValue value) {
        switch (value.getType()) {
            case BINARY:
                return Base64.getEncoder().encodeToString(value.asBinary());
            default:
                return value.getValue().toString();
        }
    }
}
