package conformance;

import static conformance.Store.CLIENT;
import static conformance.Store.TIME;

import com.aliyun.openservices.log.common.Consts.CompressType;
import com.aliyun.openservices.log.common.FastLog;
import com.aliyun.openservices.log.common.FastLogContent;
import com.aliyun.openservices.log.common.FastLogGroup;
import com.aliyun.openservices.log.common.FastLogTag;
import com.aliyun.openservices.log.common.LogGroup;
import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.log.common.LogItem;
import com.aliyun.openservices.log.common.TagContent;
import com.aliyun.openservices.log.request.BatchPutLogsRequest;
import com.aliyun.openservices.log.request.PutLogsRequest;

import java.util.ArrayList;
import java.util.List;

/** What is put comes back as it was. */
final class Puts {
    private Puts() {}

    static void putTopicSourceAndTags() throws Exception {
        Store store = new Store(1);
        LogItem log = new LogItem(TIME);
        log.PushBack("method", "GET");
        PutLogsRequest request =
                new PutLogsRequest(
                        store.project, store.name, "the topic", "10.0.0.1", List.of(log));
        request.SetTags(
                List.of(new TagContent("__hostname__", "web-1"), new TagContent("env", "test")));
        CLIENT.PutLogs(request);
        FastLogGroup group = store.groups(0).get(0).GetFastLogGroup();
        Expect.equal("topic", "the topic", group.getTopic());
        Expect.equal("source", "10.0.0.1", group.getSource());
        List<String> tags = new ArrayList<>();
        for (FastLogTag tag : group.getTags()) {
            tags.add(tag.getKey() + "=" + tag.getValue());
        }
        Expect.equal("tags", List.of("__hostname__=web-1", "env=test"), tags);
    }

    static void putLogsAsTheyAre() throws Exception {
        Store store = new Store(1);
        LogItem first = new LogItem(TIME);
        first.PushBack("text", "naïve 漢字 \uD83D\uDE00");
        first.PushBack("empty", "");
        first.PushBack("twice", "1");
        first.PushBack("twice", "2");
        LogItem second = new LogItem(TIME + 1);
        second.SetTimeNsPart(123_456_789);
        second.PushBack("kéy", "line 1\nline 2\u0000");
        CLIENT.PutLogs(store.project, store.name, "", List.of(first, second), "");
        FastLogGroup group = store.groups(0).get(0).GetFastLogGroup();
        Expect.equal(
                "first log",
                TIME + ".0 [text=naïve 漢字 \uD83D\uDE00, empty=, twice=1, twice=2]",
                asText(group.getLogs(0)));
        Expect.equal(
                "second log",
                TIME + 1 + ".123456789 [kéy=line 1\nline 2\u0000]",
                asText(group.getLogs(1)));
    }

    private static String asText(FastLog log) {
        List<String> contents = new ArrayList<>();
        for (FastLogContent content : log.getContents()) {
            contents.add(content.getKey() + "=" + content.getValue());
        }
        return log.getTime() + "." + log.getTimeNsPart() + " " + contents;
    }

    static void putLz4() throws Exception {
        putCompressed(CompressType.LZ4);
    }

    static void putZstd() throws Exception {
        putCompressed(CompressType.ZSTD);
    }

    static void putPlain() throws Exception {
        putCompressed(CompressType.NONE);
    }

    /** Large enough that the compression has something to do. */
    private static void putCompressed(CompressType type) throws Exception {
        Store store = new Store(1);
        List<LogItem> logs = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            LogItem log = new LogItem(TIME + i);
            log.PushBack("id", "log " + i);
            log.PushBack("url", "/index.html?page=" + i);
            logs.add(log);
            ids.add("log " + i);
        }
        PutLogsRequest request = new PutLogsRequest(store.project, store.name, "", "", logs);
        request.setCompressType(type);
        CLIENT.PutLogs(request);
        Expect.equal("ids", ids, store.ids(0));
    }

    static void putBatchOfGroups() throws Exception {
        Store store = new Store(1);
        for (CompressType type : List.of(CompressType.LZ4, CompressType.ZSTD)) {
            LogItem log = new LogItem(TIME);
            log.PushBack("id", "compressed with " + type);
            LogGroup one = new LogGroup(List.of(log), List.of(), "", "10.0.0.1");
            LogGroup two = new LogGroup(List.of(log, log), List.of(), "", "10.0.0.2");
            BatchPutLogsRequest request =
                    new BatchPutLogsRequest(
                            store.project, store.name, List.of(one, two), Store.LOWEST);
            request.setCompressType(type);
            CLIENT.batchPutLogs(request);
        }
        List<String> groups = new ArrayList<>();
        for (LogGroupData group : store.groups(0)) {
            FastLogGroup fast = group.GetFastLogGroup();
            groups.add(fast.getSource() + " " + fast.getLogsCount());
        }
        Expect.equal(
                "groups", List.of("10.0.0.1 1", "10.0.0.2 2", "10.0.0.1 1", "10.0.0.2 2"), groups);
    }

    static void putByHashKey() throws Exception {
        Store store = new Store(4);
        store.putAt(Store.LOWEST, "a");
        store.putAt("3fffffffffffffffffffffffffffffff", "b");
        store.putAt("40000000000000000000000000000000", "c");
        store.putAt(Store.MIDDLE, "d");
        store.putAt(Store.HIGHEST, "e");
        List<List<String>> shards =
                List.of(List.of("a", "b"), List.of("c"), List.of("d"), List.of("e"));
        for (int shard = 0; shard < 4; shard++) {
            Expect.equal("shard " + shard, shards.get(shard), store.ids(shard));
        }
    }

    static void putSpreadOverShards() throws Exception {
        Store store = new Store(2);
        for (int i = 0; i < 10; i++) {
            store.put("log " + i);
        }
        int first = store.ids(0).size();
        int second = store.ids(1).size();
        Expect.equal("logs in all", 10, first + second);
        Expect.that(first > 0 && second > 0, "both shards get some: " + first + " and " + second);
    }

    static void putRefusals() throws Exception {
        Store store = new Store(1);
        Expect.logRefusal(
                400,
                "ParameterInvalid",
                "invalid hash key: nonsense",
                () -> store.putAt("nonsense", "a"));
        byte[] noLogGroup = {(byte) 0xff};
        PutLogsRequest broken =
                new PutLogsRequest(store.project, store.name, "", "", noLogGroup, null);
        Expect.that(
                Expect.logRefusal(400, "PostBodyInvalid", null, () -> CLIENT.PutLogs(broken))
                        .GetErrorMessage()
                        .startsWith("The body is not a log group: "),
                "the message says what is wrong");
        Expect.equal("logs", List.of(), store.ids(0));
    }
}
