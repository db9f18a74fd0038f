package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.common.Consts.CompressType;
import com.aliyun.openservices.log.request.PullLogsRequest;
import com.aliyun.openservices.log.response.BatchGetLogResponse;
import com.aliyun.openservices.log.response.PullLogsResponse;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Log groups are read by cursor. */
final class Pulls {
    private Pulls() {}

    static void pullLz4() throws Exception {
        pullCompressed(CompressType.LZ4);
    }

    static void pullZstd() throws Exception {
        pullCompressed(CompressType.ZSTD);
    }

    private static void pullCompressed(CompressType type) throws Exception {
        Store store = new Store(1);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            ids.add("a log that compresses well, number " + i);
        }
        store.put(ids.toArray(new String[0]));
        PullLogsRequest request =
                new PullLogsRequest(store.project, store.name, 0, 1000, store.begin(0));
        request.setCompressType(type);
        PullLogsResponse pulled = CLIENT.pullLogs(request);
        Expect.equal("ids", ids, Store.ids(pulled.getLogGroups()));
        Expect.equal("compression", type.toString(), pulled.GetHeader("x-log-compresstype"));
        int sent = Integer.parseInt(pulled.GetHeader("content-length"));
        Expect.that(
                sent < pulled.getRawSize() / 2, sent + " bytes are less than half of the raw size");
    }

    static void pullInSteps() throws Exception {
        Store store = new Store(1);
        for (String id : List.of("a", "b", "c", "d", "e")) {
            store.put(id);
        }
        List<List<String>> steps = new ArrayList<>();
        String cursor = store.begin(0);
        while (!cursor.equals(store.end(0))) {
            PullLogsResponse pulled = store.pull(0, cursor, 2);
            steps.add(Store.ids(pulled.getLogGroups()));
            cursor = pulled.getNextCursor();
        }
        Expect.equal("steps", List.of(List.of("a", "b"), List.of("c", "d"), List.of("e")), steps);
    }

    static void pullUpToEndCursor() throws Exception {
        Store store = new Store(1);
        store.put("a");
        store.put("b");
        String end = store.end(0);
        store.put("c");
        PullLogsResponse pulled =
                CLIENT.pullLogs(
                        new PullLogsRequest(
                                store.project, store.name, 0, 1000, store.begin(0), end));
        Expect.equal("ids", List.of("a", "b"), Store.ids(pulled.getLogGroups()));
        Expect.equal("next cursor", end, pulled.getNextCursor());
    }

    static void pullAtTheEnd() throws Exception {
        Store store = new Store(1);
        store.put("a");
        PullLogsResponse pulled = store.pull(0, store.end(0), 1000);
        Expect.equal("count", 0, pulled.getCount());
        Expect.equal("raw size", 0, pulled.getRawSize());
        Expect.equal("next cursor", store.end(0), pulled.getNextCursor());
        Expect.equal("at the end", true, pulled.isEndOfCursor());
    }

    static void pullHeaders() throws Exception {
        Store store = new Store(1);
        long before = System.currentTimeMillis() / 1000;
        store.put("a");
        store.put("b");
        store.put("c");
        PullLogsResponse pulled = store.pull(0, store.begin(0), 2);
        Expect.equal("count", 2, pulled.getCount());
        Expect.equal("at the end", false, pulled.isEndOfCursor());
        long begin = number(store.begin(0));
        Expect.equal("last cursor read", String.valueOf(begin + 1), pulled.getReadLastCursor());
        Expect.equal("next cursor", begin + 2, number(pulled.getNextCursor()));
        long now = System.currentTimeMillis() / 1000;
        long time = pulled.getCursorTime();
        Expect.that(before <= time && time <= now, time + " is when the logs were received");
    }

    private static long number(String cursor) {
        byte[] decoded = Base64.getDecoder().decode(cursor);
        return Long.parseLong(new String(decoded, StandardCharsets.US_ASCII));
    }

    static void pullByBatchGetLog() throws Exception {
        Store store = new Store(1);
        store.put("a", "b");
        store.put("c");
        BatchGetLogResponse pulled =
                CLIENT.BatchGetLog(store.project, store.name, 0, 10, store.begin(0));
        Expect.equal("count", 2, pulled.GetCount());
        Expect.equal("ids", List.of("a", "b", "c"), Store.ids(pulled.GetLogGroups()));
        Expect.equal("next cursor", store.end(0), pulled.GetNextCursor());
    }

    static void pullRefusals() throws Exception {
        Store store = new Store(1);
        String cursor = store.begin(0);
        Expect.logRefusal(
                400,
                "ParameterInvalid",
                "Parameter count is not valid: 1001 is not 1 to 1000",
                () -> store.pull(0, cursor, 1001));
        Expect.logRefusal(
                400,
                "ParameterInvalid",
                "Parameter Cursor is not valid",
                () -> store.pull(0, "no cursor", 1));
        Expect.logRefusal(
                404, "ShardNotExist", "shard 7 does not exist", () -> store.pull(7, cursor, 1));
    }
}
