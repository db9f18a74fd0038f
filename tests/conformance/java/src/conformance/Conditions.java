package conformance;

import static conformance.Table.CLIENT;
import static conformance.Table.integer;

import com.alicloud.openservices.tablestore.model.ColumnValue;
import com.alicloud.openservices.tablestore.model.Condition;
import com.alicloud.openservices.tablestore.model.DeleteRowRequest;
import com.alicloud.openservices.tablestore.model.RangeIteratorParameter;
import com.alicloud.openservices.tablestore.model.Row;
import com.alicloud.openservices.tablestore.model.RowDeleteChange;
import com.alicloud.openservices.tablestore.model.RowExistenceExpectation;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.model.SingleRowQueryCriteria;
import com.alicloud.openservices.tablestore.model.condition.ColumnCondition;
import com.alicloud.openservices.tablestore.model.condition.CompositeColumnValueCondition;
import com.alicloud.openservices.tablestore.model.condition.SingleColumnValueCondition;
import com.alicloud.openservices.tablestore.model.condition.SingleColumnValueCondition.CompareOperator;
import com.alicloud.openservices.tablestore.model.filter.ColumnPaginationFilter;
import com.alicloud.openservices.tablestore.model.filter.ColumnValueFilter;
import com.alicloud.openservices.tablestore.model.filter.CompositeColumnValueFilter;
import com.alicloud.openservices.tablestore.model.filter.Filter;
import com.alicloud.openservices.tablestore.model.filter.RegexRule;
import com.alicloud.openservices.tablestore.model.filter.SingleColumnValueFilter;
import com.alicloud.openservices.tablestore.model.filter.SingleColumnValueRegexFilter;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Conditions of writes and filters of reads. */
final class Conditions {
    private Conditions() {}

    private static void refused(Expect.Call call) throws Exception {
        Expect.tableRefusal(403, "OTSConditionCheckFail", "Condition check failed.", call);
    }

    static void rowHasToExist() throws Exception {
        try (Table table = new Table()) {
            Condition exists = new Condition(RowExistenceExpectation.EXPECT_EXIST);
            RowPutChange put = table.putChange("a");
            put.setCondition(exists);
            RowUpdateChange update = table.updateChange("a").put("x", integer(1));
            update.setCondition(exists);
            RowDeleteChange delete = new RowDeleteChange(table.name, table.key("a"));
            delete.setCondition(exists);
            refused(() -> Table.put(put));
            refused(() -> Table.update(update));
            refused(() -> CLIENT.deleteRow(new DeleteRowRequest(delete)));
            table.put("a");
            Table.put(put);
            Table.update(update);
            Expect.equal("updated", List.of("x=1"), Table.columns(table.get("a")));
            CLIENT.deleteRow(new DeleteRowRequest(delete));
            Expect.equal("deleted", null, table.get("a"));
        }
    }

    static void rowMustNotExist() throws Exception {
        try (Table table = new Table()) {
            Condition absent = new Condition(RowExistenceExpectation.EXPECT_NOT_EXIST);
            RowPutChange put = table.putChange("a").addColumn("x", integer(1));
            put.setCondition(absent);
            Table.put(put);
            refused(() -> Table.put(put));
            RowUpdateChange update = table.updateChange("a").put("x", integer(2));
            update.setCondition(absent);
            refused(() -> Table.update(update));
            Expect.equal("columns", List.of("x=1"), Table.columns(table.get("a")));
        }
    }

    static void columnComparedBeforeWrite() throws Exception {
        try (Table table = new Table()) {
            table.put("a", "x", 5);
            // 5 against 4, 5 and 6, with each operator.
            holds(table, CompareOperator.EQUAL, false, true, false);
            holds(table, CompareOperator.NOT_EQUAL, true, false, true);
            holds(table, CompareOperator.GREATER_THAN, true, false, false);
            holds(table, CompareOperator.GREATER_EQUAL, true, true, false);
            holds(table, CompareOperator.LESS_THAN, false, false, true);
            holds(table, CompareOperator.LESS_EQUAL, false, true, true);
        }
    }

    private static void holds(Table table, CompareOperator operator, boolean... expected)
            throws Exception {
        for (int i = 0; i < expected.length; i++) {
            ColumnCondition condition =
                    new SingleColumnValueCondition("x", operator, integer(4 + i));
            writes(table, condition, expected[i]);
        }
    }

    private static void writes(Table table, ColumnCondition condition, boolean expected)
            throws Exception {
        RowUpdateChange change = table.updateChange("a").put("seen", integer(1));
        Condition both = new Condition(RowExistenceExpectation.IGNORE);
        both.setColumnCondition(condition);
        change.setCondition(both);
        if (expected) {
            Table.update(change);
        } else {
            refused(() -> Table.update(change));
        }
    }

    static void missingColumnCompared() throws Exception {
        try (Table table = new Table()) {
            table.put("a");
            SingleColumnValueCondition condition =
                    new SingleColumnValueCondition("nowhere", CompareOperator.EQUAL, integer(1));
            writes(table, condition.setPassIfMissing(true), true);
            writes(table, condition.setPassIfMissing(false), false);
        }
    }

    static void conditionsCombined() throws Exception {
        try (Table table = new Table()) {
            table.put("a", "x", 1, "y", 2);
            ColumnCondition yes =
                    new SingleColumnValueCondition("x", CompareOperator.EQUAL, integer(1));
            ColumnCondition no =
                    new SingleColumnValueCondition("y", CompareOperator.EQUAL, integer(1));
            writes(table, of(CompositeColumnValueCondition.LogicOperator.AND, yes, no), false);
            writes(table, of(CompositeColumnValueCondition.LogicOperator.OR, yes, no), true);
            ColumnCondition not = of(CompositeColumnValueCondition.LogicOperator.NOT, no);
            writes(table, not, true);
            writes(table, of(CompositeColumnValueCondition.LogicOperator.AND, yes, not), true);
        }
    }

    private static ColumnCondition of(
            CompositeColumnValueCondition.LogicOperator operator, ColumnCondition... parts) {
        CompositeColumnValueCondition all = new CompositeColumnValueCondition(operator);
        for (ColumnCondition part : parts) {
            all.addCondition(part);
        }
        return all;
    }

    /** Five rows: x is their number, and even ones have a column of their own. */
    private static Table numbered() {
        Table table = new Table();
        for (int i = 0; i < 5; i++) {
            RowPutChange row = table.putChange("row" + i);
            row.addColumn("x", integer(i)).addColumn("text", ColumnValue.fromString("n" + i + ";"));
            if (i % 2 == 0) {
                row.addColumn("even", ColumnValue.fromBoolean(true));
            }
            Table.put(row);
        }
        return table;
    }

    private static List<String> filtered(Table table, Filter filter) {
        RangeIteratorParameter range = new RangeIteratorParameter(table.everything());
        range.setFilter(filter);
        List<Row> rows = new ArrayList<>();
        Iterator<Row> all = CLIENT.createRangeIterator(range);
        all.forEachRemaining(rows::add);
        return Table.keys(rows);
    }

    static void rowsFiltered() {
        try (Table table = numbered()) {
            SingleColumnValueFilter above =
                    new SingleColumnValueFilter(
                            "x", SingleColumnValueFilter.CompareOperator.GREATER_THAN, integer(2));
            Expect.equal("above 2", List.of("row3", "row4"), filtered(table, above));
            SingleColumnValueFilter even =
                    new SingleColumnValueFilter(
                            "even",
                            SingleColumnValueFilter.CompareOperator.EQUAL,
                            ColumnValue.fromBoolean(true));
            even.setPassIfMissing(false);
            Expect.equal("even", List.of("row0", "row2", "row4"), filtered(table, even));
            CompositeColumnValueFilter both =
                    new CompositeColumnValueFilter(CompositeColumnValueFilter.LogicOperator.AND);
            both.addFilter(above).addFilter(even);
            Expect.equal("both", List.of("row4"), filtered(table, both));
            SingleRowQueryCriteria one = table.criteria("row1");
            one.setFilter(above);
            Expect.equal("row that does not pass", null, Table.get(one));
        }
    }

    static void rowsFilteredByRegex() {
        try (Table table = numbered()) {
            ColumnValueFilter number =
                    new SingleColumnValueRegexFilter(
                            "text",
                            new RegexRule("n([0-9]+);", RegexRule.CastType.VT_INTEGER),
                            SingleColumnValueRegexFilter.CompareOperator.LESS_EQUAL,
                            integer(1));
            Expect.equal("up to 1", List.of("row0", "row1"), filtered(table, number));
        }
    }

    static void columnsPaged() {
        try (Table table = new Table()) {
            table.put("a", "a", 1, "b", 2, "c", 3, "d", 4);
            SingleRowQueryCriteria criteria = table.criteria("a");
            criteria.setFilter(new ColumnPaginationFilter(2, 1));
            Expect.equal("page", List.of("b=2", "c=3"), Table.columns(Table.get(criteria)));
        }
    }
}
