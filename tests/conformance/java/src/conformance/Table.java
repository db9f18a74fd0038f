package conformance;

import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.CreateTableRequest;
import com.alicloud.openservices.tablestore.model.DeleteTableRequest;
import com.alicloud.openservices.tablestore.model.GetRowRequest;
import com.alicloud.openservices.tablestore.model.PrimaryKey;
import com.alicloud.openservices.tablestore.model.PrimaryKeyBuilder;
import com.alicloud.openservices.tablestore.model.PrimaryKeySchema;
import com.alicloud.openservices.tablestore.model.PrimaryKeyType;
import com.alicloud.openservices.tablestore.model.PrimaryKeyValue;
import com.alicloud.openservices.tablestore.model.PutRowRequest;
import com.alicloud.openservices.tablestore.model.RangeIteratorParameter;
import com.alicloud.openservices.tablestore.model.RangeRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.model.SingleRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.TableMeta;
import com.alicloud.openservices.tablestore.model.TableOptions;
import com.alicloud.openservices.tablestore.model.UpdateRowRequest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/** A table of its own; closing deletes it, as an instance has few. */
final class Table implements AutoCloseable {
    static final SyncClient CLIENT = Environment.tableStore();
    static final TableOptions ONE_VERSION = new TableOptions(-1, 1);

    final String name = Names.table("table");
    private final List<PrimaryKeySchema> schema;

    /** With the key column {@code pk} of STRING. */
    Table() {
        this(ONE_VERSION);
    }

    Table(TableOptions options) {
        this(options, new PrimaryKeySchema("pk", PrimaryKeyType.STRING));
    }

    Table(TableOptions options, PrimaryKeySchema... schema) {
        this.schema = List.of(schema);
        TableMeta meta = new TableMeta(name);
        meta.addPrimaryKeyColumns(schema);
        CLIENT.createTable(new CreateTableRequest(meta, options));
    }

    @Override
    public void close() {
        CLIENT.deleteTable(new DeleteTableRequest(name));
    }

    /** A key of the table's columns. */
    PrimaryKey key(PrimaryKeyValue... values) {
        PrimaryKeyBuilder key = PrimaryKeyBuilder.createPrimaryKeyBuilder();
        for (int i = 0; i < values.length; i++) {
            key.addPrimaryKeyColumn(schema.get(i).getName(), values[i]);
        }
        return key.build();
    }

    PrimaryKey key(String value) {
        return key(PrimaryKeyValue.fromString(value));
    }

    /** The same value in every key column: a bound of ranges. */
    PrimaryKey bound(PrimaryKeyValue value) {
        PrimaryKeyValue[] values = new PrimaryKeyValue[schema.size()];
        Arrays.fill(values, value);
        return key(values);
    }

    RowPutChange putChange(String key) {
        return new RowPutChange(name, key(key));
    }

    RowUpdateChange updateChange(String key) {
        return new RowUpdateChange(name, key(key));
    }

    /** Puts a row of INTEGER columns: {@code put("a", "x", 1, "y", 2)}. */
    void put(String key, Object... namesAndValues) {
        RowPutChange change = putChange(key);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            long value = ((Number) namesAndValues[i + 1]).longValue();
            change.addColumn((String) namesAndValues[i], ColumnValue.fromLong(value));
        }
        put(change);
    }

    static void put(RowPutChange change) {
        CLIENT.putRow(new PutRowRequest(change));
    }

    static void update(RowUpdateChange change) {
        CLIENT.updateRow(new UpdateRowRequest(change));
    }

    /** The row with the newest version of every column; null if there is none. */
    Row get(PrimaryKey key) {
        return get(criteria(key));
    }

    Row get(String key) {
        return get(key(key));
    }

    static Row get(SingleRowQueryCriteria criteria) {
        return CLIENT.getRow(new GetRowRequest(criteria)).getRow();
    }

    /** For the newest version of every column. */
    SingleRowQueryCriteria criteria(PrimaryKey key) {
        SingleRowQueryCriteria criteria = new SingleRowQueryCriteria(name, key);
        criteria.setMaxVersions(1);
        return criteria;
    }

    SingleRowQueryCriteria criteria(String key) {
        return criteria(key(key));
    }

    /** From the first key to the last, the newest versions. */
    RangeRowQueryCriteria everything() {
        RangeRowQueryCriteria criteria = new RangeRowQueryCriteria(name);
        criteria.setInclusiveStartPrimaryKey(bound(PrimaryKeyValue.INF_MIN));
        criteria.setExclusiveEndPrimaryKey(bound(PrimaryKeyValue.INF_MAX));
        criteria.setMaxVersions(1);
        return criteria;
    }

    /** All rows, by the SDK's own iterator. */
    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        Iterator<Row> all = CLIENT.createRangeIterator(new RangeIteratorParameter(everything()));
        all.forEachRemaining(rows::add);
        return rows;
    }

    /** The first key column of every row. */
    static List<String> keys(List<Row> rows) {
        List<String> keys = new ArrayList<>();
        for (Row row : rows) {
            keys.add(row.getPrimaryKey().getPrimaryKeyColumn(0).getValue().asString());
        }
        return keys;
    }

    /** The columns as they came, {@code x=1}; with every version where there are more. */
    static List<String> columns(Row row) {
        List<String> columns = new ArrayList<>();
        for (Column column : row.getColumns()) {
            columns.add(column.getName() + "=" + column.getValue().getValue());
        }
        return columns;
    }

    static ColumnValue integer(long value) {
        return ColumnValue.fromLong(value);
    }

    static ColumnValue string(String value) {
        return ColumnValue.fromString(value);
    }
}
