package conformance;

import static conformance.Table.integer;

import com.alicloud.openservices.tablestore.AsyncClient;
import com.alicloud.openservices.tablestore.DefaultTableStoreWriter;
import com.alicloud.openservices.tablestore.TableStoreCallback;
import com.alicloud.openservices.tablestore.TableStoreException;
import com.alicloud.openservices.tablestore.TableStoreWriter;
import com.alicloud.openservices.tablestore.model.Condition;
import com.alicloud.openservices.tablestore.model.ConsumedCapacity;
import com.alicloud.openservices.tablestore.model.RowChange;
import com.alicloud.openservices.tablestore.model.RowExistenceExpectation;
import com.alicloud.openservices.tablestore.model.RowUpdateChange;
import com.alicloud.openservices.tablestore.writer.WriterConfig;
import com.alicloud.openservices.tablestore.writer.WriterResult;
import com.alicloud.openservices.tablestore.writer.WriterStatistics;
import com.alicloud.openservices.tablestore.writer.enums.DispatchMode;
import com.alicloud.openservices.tablestore.writer.enums.WriteMode;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** TableStoreWriter: what its callbacks say and what the table holds is the same. */
final class Writers {
    private static final int MANY_ROWS = 100_000;

    /**
     * More than there are buckets: in SEQUENTIAL mode the callback of a refused batch waits for its
     * rows, sent singly, and those need a thread for their own callbacks.
     */
    private static final ExecutorService THREADS = Executors.newFixedThreadPool(8);

    private static final AsyncClient CLIENT =
            new AsyncClient(
                    Environment.TABLE_STORE_ENDPOINT,
                    Environment.ACCESS_KEY_ID,
                    Environment.ACCESS_KEY_SECRET,
                    Environment.INSTANCE,
                    Environment.longLived(),
                    THREADS);

    private Writers() {}

    /** What the callbacks have said, by key. */
    private static final class Account implements TableStoreCallback<RowChange, ConsumedCapacity> {
        final Set<String> written = ConcurrentHashMap.newKeySet();
        final Map<String, String> failed = new ConcurrentHashMap<>();
        final AtomicInteger calls = new AtomicInteger();

        @Override
        public void onCompleted(RowChange row, ConsumedCapacity consumed) {
            calls.incrementAndGet();
            written.add(key(row));
        }

        @Override
        public void onFailed(RowChange row, Exception e) {
            calls.incrementAndGet();
            boolean byService = e instanceof TableStoreException;
            String code = byService ? ((TableStoreException) e).getErrorCode() : e.toString();
            failed.put(key(row), code);
        }

        private static String key(RowChange row) {
            return row.getPrimaryKey().getPrimaryKeyColumn(0).getValue().asString();
        }
    }

    private static TableStoreWriter writer(Table table, WriterConfig config, Account account) {
        return new DefaultTableStoreWriter(CLIENT, table.name, config, account, THREADS);
    }

    private static WriterConfig config(WriteMode mode) {
        WriterConfig config = new WriterConfig();
        config.setWriteMode(mode);
        return config;
    }

    @Alone
    static void writerParallel() throws Exception {
        manyRows(WriteMode.PARALLEL, DispatchMode.HASH_PARTITION_KEY);
    }

    @Alone
    static void writerSequential() throws Exception {
        manyRows(WriteMode.SEQUENTIAL, DispatchMode.ROUND_ROBIN);
    }

    /**
     * 1 row of 500 is refused for good, the rows of a few prefixes are in conflict now and then,
     * and whole requests are refused: each row is either in the table and reported as written, or
     * not in the table and reported as failed.
     */
    private static void manyRows(WriteMode mode, DispatchMode dispatch) throws Exception {
        WriterConfig config = config(mode);
        config.setDispatchMode(dispatch);
        Account account = new Account();
        Set<String> all = new HashSet<>();
        Set<String> bad = new TreeSet<>();
        try (Table table = new Table()) {
            TableStoreWriter writer = writer(table, config, account);
            Sandbox.withFaults(
                    String.join(
                            "\n",
                            "always BatchWriteRow: rows partition-key prefix \"bad\""
                                + " OTSParameterInvalid \"no\"",
                            "every 11 BatchWriteRow: rows partition-key prefix \"row01\""
                                + " OTSRowOperationConflict \"later\"",
                            "every 97 BatchWriteRow: refuse 503 OTSServerBusy \"Server is busy.\"",
                            "after 50 next 2 BatchWriteRow: refuse 400 OTSParameterInvalid \"not"
                                + " like this\""),
                    () -> {
                        for (int i = 0; i < MANY_ROWS; i++) {
                            String key = String.format("%s%05d", i % 500 == 7 ? "bad" : "row", i);
                            all.add(key);
                            if (key.startsWith("bad")) {
                                bad.add(key);
                            }
                            writer.addRowChange(
                                    table.updateChange(key)
                                            .put("i", integer(i))
                                            .put("t", Table.string("x")));
                        }
                        writer.flush();
                        writer.close();
                    });
            Expect.within(10, "every callback is called", () -> account.calls.get() >= MANY_ROWS);
            Expect.equal("callbacks", MANY_ROWS, account.calls.get());
            Set<String> accounted = new HashSet<>(account.written);
            accounted.addAll(account.failed.keySet());
            Expect.that(accounted.equals(all), "every row is accounted for");
            Expect.that(
                    new HashSet<>(Table.keys(table.rows())).equals(account.written),
                    "the table holds what is reported as written, and nothing else");
            Map<String, Integer> codes = new TreeMap<>();
            account.failed.values().forEach(code -> codes.merge(code, 1, Integer::sum));
            Set<String> badWritten = new TreeSet<>(bad);
            badWritten.retainAll(account.written);
            // Those whose whole request was refused went out singly, where nothing refuses them.
            Expect.that(
                    badWritten.size() <= 4, "rows refused for good are not written: " + badWritten);
            Expect.that(
                    codes.get("OTSParameterInvalid") == bad.size() - badWritten.size(),
                    "rows refused for good are reported so: " + codes);
            WriterStatistics statistics = writer.getWriterStatistics();
            Expect.equal("rows counted", (long) MANY_ROWS, statistics.getTotalRowsCount());
            Expect.equal(
                    "failures counted",
                    (long) account.failed.size(),
                    statistics.getTotalFailedRowsCount());
        }
    }

    /** A row that fails with its whole request is sent again alone, and so are its fellows. */
    static void writerIsolatesBadRow() throws Exception {
        Account account = new Account();
        try (Table table = new Table()) {
            WriterConfig config = config(WriteMode.SEQUENTIAL);
            config.setBucketCount(1);
            config.setEnableSchemaCheck(false);
            TableStoreWriter writer = writer(table, config, account);
            for (int i = 0; i < 10; i++) {
                String column = i == 4 ? "not a name" : "x";
                writer.addRowChange(table.updateChange("row" + i).put(column, integer(i)));
            }
            writer.flush();
            writer.close();
            Expect.within(10, "every callback is called", () -> account.calls.get() == 10);
            Expect.equal(
                    "failed", Map.of("row4", "OTSParameterInvalid"), Map.copyOf(account.failed));
            Expect.equal("written", 9, account.written.size());
            Expect.equal("rows", 9, table.rows().size());
            // The first may have gone out in a batch of its own.
            long single = writer.getWriterStatistics().getTotalSingleRowRequestCount();
            Expect.that(
                    single >= 2 && single <= 10, "the refused batch went out singly: " + single);
        }
    }

    /** Of many updates of one row, in order, the last wins. */
    static void writerKeepsOrderOfRow() throws Exception {
        Account account = new Account();
        try (Table table = new Table()) {
            TableStoreWriter writer = writer(table, config(WriteMode.SEQUENTIAL), account);
            for (int i = 0; i < 2000; i++) {
                writer.addRowChange(table.updateChange("row").put("i", integer(i)));
            }
            writer.flush();
            writer.close();
            Expect.equal("columns", List.of("i=1999"), Table.columns(table.get("row")));
            Expect.within(10, "every callback is called", () -> account.calls.get() == 2000);
            Expect.equal("failed", Map.of(), account.failed);
        }
    }

    static void writerFutures() throws Exception {
        try (Table table = new Table()) {
            TableStoreWriter writer = writer(table, config(WriteMode.PARALLEL), null);
            RowUpdateChange good = table.updateChange("good").put("x", integer(1));
            RowUpdateChange bad = table.updateChange("bad").put("x", integer(1));
            bad.setCondition(new Condition(RowExistenceExpectation.EXPECT_EXIST));
            Future<WriterResult> future = writer.addRowChangeWithFuture(List.of(good, bad));
            writer.flush();
            WriterResult result = future.get();
            writer.close();
            Expect.equal("rows", 2, result.getTotalCount());
            Expect.equal("rows written", 1, result.getSucceedRows().size());
            TableStoreException e =
                    (TableStoreException) result.getFailedRows().get(0).getException();
            Expect.equal("code", "OTSConditionCheckFail", e.getErrorCode());
        }
    }
}
