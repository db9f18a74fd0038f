package conformance;

import static conformance.Table.integer;

import com.alicloud.openservices.tablestore.AsyncClient;
import com.alicloud.openservices.tablestore.ClientConfiguration;
import com.alicloud.openservices.tablestore.ClientException;
import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.TableStoreCallback;
import com.alicloud.openservices.tablestore.core.auth.CalculateV4SigningKeyUtil;
import com.alicloud.openservices.tablestore.core.auth.DefaultCredentialProvider;
import com.alicloud.openservices.tablestore.core.auth.DefaultCredentials;
import com.alicloud.openservices.tablestore.core.auth.ServiceCredentials;
import com.alicloud.openservices.tablestore.core.auth.V4Credentials;
import com.alicloud.openservices.tablestore.model.BatchWriteRowRequest;
import com.alicloud.openservices.tablestore.model.Column;
import com.alicloud.openservices.tablestore.model.DescribeTableRequest;
import com.alicloud.openservices.tablestore.model.GetRangeRequest;
import com.alicloud.openservices.tablestore.model.GetRowRequest;
import com.alicloud.openservices.tablestore.model.PutRowRequest;
import com.alicloud.openservices.tablestore.model.PutRowResponse;
import com.alicloud.openservices.tablestore.model.RowPutChange;
import com.alicloud.openservices.tablestore.model.search.ListSearchIndexRequest;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Table Store below the rows: compression, checksums, signatures, retries. */
final class Wire {
    private static final String REGION = "cn-sandbox";
    private static final String STS_ID = Environment.variable("STS_ACCESS_KEY_ID");
    private static final String STS_SECRET = Environment.variable("STS_ACCESS_KEY_SECRET");
    private static final String STS_TOKEN = Environment.variable("STS_SECURITY_TOKEN");

    private Wire() {}

    private static SyncClient client(ClientConfiguration configuration) {
        return new SyncClient(
                Environment.TABLE_STORE_ENDPOINT,
                Environment.ACCESS_KEY_ID,
                Environment.ACCESS_KEY_SECRET,
                Environment.INSTANCE,
                configuration);
    }

    private static SyncClient client(ServiceCredentials credentials) {
        return new SyncClient(
                Environment.TABLE_STORE_ENDPOINT,
                new DefaultCredentialProvider(credentials),
                Environment.INSTANCE,
                null,
                null);
    }

    private static ServiceCredentials v4(ServiceCredentials credentials) {
        return V4Credentials.createByServiceCredentials(credentials, REGION);
    }

    private static ServiceCredentials plain(String id, String secret) {
        return new DefaultCredentials(id, secret);
    }

    /** Writes and reads a row of some size, and a range. */
    private static void use(SyncClient client) {
        try (Table table = new Table()) {
            String text = "compresses well ".repeat(10_000);
            RowPutChange change = table.putChange("a").addColumn("x", Table.string(text));
            client.putRow(new PutRowRequest(change));
            GetRowRequest get = new GetRowRequest(table.criteria("a"));
            String got = client.getRow(get).getRow().getLatestColumn("x").getValue().asString();
            Expect.that(got.equals(text), "the text comes back");
            int rows = client.getRange(new GetRangeRequest(table.everything())).getRows().size();
            Expect.equal("rows", 1, rows);
        } finally {
            client.shutdown();
        }
    }

    static void requestsCompressed() {
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setEnableRequestCompression(true);
        use(client(configuration));
    }

    static void responsesCompressed() {
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setEnableResponseCompression(true);
        configuration.setEnableResponseContentMD5Checking(true);
        use(client(configuration));
    }

    static void responseMd5AndSignatureVerified() {
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setEnableResponseContentMD5Checking(true);
        configuration.setEnableResponseValidation(true);
        use(client(configuration));
    }

    @Alone
    static void damagedResponsesNoticed() throws Exception {
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setEnableResponseContentMD5Checking(true);
        SyncClient client = client(configuration);
        try (Table table = new Table()) {
            PutRowRequest put = new PutRowRequest(table.putChange("a"));
            Sandbox.withFaults(
                    "PutRow: corrupt header Authorization \"OTS sandbox:wrong\"",
                    () ->
                            clientException(
                                    "Validate response authorization failed, cannot find"
                                        + " signature.",
                                    () -> client.putRow(put)));
            Sandbox.withFaults(
                    "PutRow: corrupt header x-ots-contentmd5 \"wrong\"",
                    () ->
                            clientException(
                                    "The MD5 value of response content is not equal with the value"
                                        + " in header.",
                                    () -> client.putRow(put)));
            client.putRow(put);
        } finally {
            client.shutdown();
        }
    }

    private static void clientException(String message, Expect.Call call) throws Exception {
        try {
            call.run();
        } catch (ClientException e) {
            Expect.equal("message", message, e.getMessage());
            return;
        }
        throw new AssertionError("not noticed");
    }

    static void tableSignV4() {
        use(client(v4(plain(Environment.ACCESS_KEY_ID, Environment.ACCESS_KEY_SECRET))));
    }

    /** Who has the derived key alone can sign for that day and region. */
    static void tableSignV4WithDerivedKey() {
        String day = LocalDate.now(ZoneOffset.UTC).format(DateTimeFormatter.BASIC_ISO_DATE);
        String key =
                CalculateV4SigningKeyUtil.finalSigningKeyString(
                        Environment.ACCESS_KEY_SECRET, day, REGION, "ots", "HmacSHA256");
        use(client(new V4Credentials(Environment.ACCESS_KEY_ID, key, REGION, day)));
    }

    static void tableWrongSecretRefused() throws Exception {
        ServiceCredentials wrong = plain(Environment.ACCESS_KEY_ID, "wrong");
        for (ServiceCredentials credentials : List.of(wrong, v4(wrong))) {
            refusedFor("Signature mismatch.", credentials);
        }
    }

    static void tableUnknownKeyRefused() throws Exception {
        ServiceCredentials nobody = plain("nobody", Environment.ACCESS_KEY_SECRET);
        for (ServiceCredentials credentials : List.of(nobody, v4(nobody))) {
            refusedFor("The AccessKeyID does not exist.", credentials);
        }
    }

    private static void refusedFor(String message, ServiceCredentials credentials)
            throws Exception {
        SyncClient client = client(credentials);
        try {
            Expect.tableRefusal(403, "OTSAuthFailed", message, client::listTable);
        } finally {
            client.shutdown();
        }
    }

    static void tableStsTokenTaken() {
        ServiceCredentials temporary = new DefaultCredentials(STS_ID, STS_SECRET, STS_TOKEN);
        use(client(temporary));
        use(client(v4(temporary)));
    }

    static void tableStsTokenMissingOrWrongRefused() throws Exception {
        refusedFor("The security token is invalid.", plain(STS_ID, STS_SECRET));
        refusedFor(
                "The security token is invalid.",
                new DefaultCredentials(STS_ID, STS_SECRET, "wrong"));
    }

    static void tableStoreUnknownOperations() throws Exception {
        ListSearchIndexRequest request = new ListSearchIndexRequest();
        request.setTableName("any");
        Expect.tableRefusal(
                400,
                "OTSUnsupportOperation",
                "Unsupported operation: 'ListSearchIndex'.",
                () -> Table.CLIENT.listSearchIndex(request));
    }

    static void asyncCalls() throws Exception {
        AsyncClient client =
                new AsyncClient(
                        Environment.TABLE_STORE_ENDPOINT,
                        Environment.ACCESS_KEY_ID,
                        Environment.ACCESS_KEY_SECRET,
                        Environment.INSTANCE);
        try (Table table = new Table()) {
            int rows = 500;
            AtomicInteger called = new AtomicInteger();
            CountDownLatch all = new CountDownLatch(rows);
            List<Future<PutRowResponse>> futures = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                RowPutChange change = table.putChange("row" + i).addColumn("x", integer(i));
                futures.add(client.putRow(new PutRowRequest(change), counting(called, all)));
            }
            for (Future<PutRowResponse> future : futures) {
                Expect.equal(
                        "write units",
                        1,
                        future.get()
                                .getConsumedCapacity()
                                .getCapacityUnit()
                                .getWriteCapacityUnit());
            }
            Expect.that(all.await(10, TimeUnit.SECONDS), "every callback is called");
            Expect.equal("callbacks of success", rows, called.get());
            Expect.equal("rows", rows, table.rows().size());

            Future<?> failed = client.describeTable(new DescribeTableRequest("nowhere"), null);
            Expect.tableRefusal(
                    404,
                    "OTSObjectNotExist",
                    "Requested table does not exist.",
                    () -> rethrown(failed));
        } finally {
            client.shutdown();
        }
    }

    private static void rethrown(Future<?> future) throws Exception {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    private static TableStoreCallback<PutRowRequest, PutRowResponse> counting(
            AtomicInteger called, CountDownLatch all) {
        return new TableStoreCallback<>() {
            @Override
            public void onCompleted(PutRowRequest request, PutRowResponse response) {
                called.incrementAndGet();
                all.countDown();
            }

            @Override
            public void onFailed(PutRowRequest request, Exception e) {
                all.countDown();
            }
        };
    }

    @Alone
    static void busyServerTriedAgain() throws Exception {
        try (Table table = new Table()) {
            int refused = Sandbox.count("PutRow", "OTSServerBusy");
            Sandbox.withFaults(
                    "next 3 PutRow: refuse 503 OTSServerBusy \"Server is busy.\"",
                    () -> table.put("a", "x", 1));
            Expect.equal("refusals", 3, Sandbox.count("PutRow", "OTSServerBusy") - refused);
            Expect.equal("row", List.of("x=1"), Table.columns(table.get("a")));
        }
    }

    @Alone
    static void serverErrorOfWriteNotTriedAgain() throws Exception {
        try (Table table = new Table()) {
            int refused = Sandbox.count("PutRow", "OTSInternalServerError");
            Sandbox.withFaults(
                    "next 2 PutRow: refuse 500 OTSInternalServerError \"Internal server error.\"",
                    () ->
                            Expect.tableRefusal(
                                    500,
                                    "OTSInternalServerError",
                                    "Internal server error.",
                                    () -> table.put("a", "x", 1)));
            Expect.equal("tries", 1, Sandbox.count("PutRow", "OTSInternalServerError") - refused);
        }
    }

    @Alone
    static void serverErrorOfReadTriedAgain() throws Exception {
        try (Table table = new Table()) {
            table.put("a", "x", 1);
            int refused = Sandbox.count("GetRow", "OTSInternalServerError");
            Sandbox.withFaults(
                    "next 2 GetRow: refuse 500 OTSInternalServerError \"Internal server error.\"\n"
                            + "after 2 next 1 GetRow: cut before",
                    () -> Expect.equal("row", List.of("x=1"), Table.columns(table.get("a"))));
            Expect.equal(
                    "refusals", 2, Sandbox.count("GetRow", "OTSInternalServerError") - refused);
        }
    }

    @Alone
    static void failedRowsOfBatchTriedAgain() throws Exception {
        try (Table table = new Table()) {
            BatchWriteRowRequest batch = new BatchWriteRowRequest();
            for (String key : List.of("good1", "bad1", "good2", "bad2")) {
                batch.addRowChange(table.updateChange(key).increment(new Column("n", integer(1))));
            }
            int calls = Sandbox.count("BatchWriteRow", "");
            Sandbox.withFaults(
                    "next 2 BatchWriteRow: rows partition-key prefix \"bad\""
                        + " OTSRowOperationConflict \"Data is being modified by the other"
                        + " request.\"",
                    () ->
                            Expect.that(
                                    Table.CLIENT.batchWriteRow(batch).isAllSucceed(),
                                    "all rows succeed in the end"));
            Expect.equal("calls", 3, Sandbox.count("BatchWriteRow", "") - calls);
            // Had a good row been sent again, it would count 2.
            for (String key : List.of("good1", "bad1", "good2", "bad2")) {
                Expect.equal(key, List.of("n=1"), Table.columns(table.get(key)));
            }
        }
    }

    @Alone
    static void lostAnswerOfWriteReported() throws Exception {
        try (Table table = new Table()) {
            Sandbox.withFaults(
                    "next 1 PutRow: cut after",
                    () -> {
                        try {
                            table.put("a", "x", 1);
                        } catch (ClientException e) {
                            return;
                        }
                        throw new AssertionError("the lost answer is not noticed");
                    });
            Expect.equal("the row is written", List.of("x=1"), Table.columns(table.get("a")));
        }
    }
}
