package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.exception.LogException;

import java.util.List;

/** Log Service in trouble: what reaches the caller, and what is tried again. */
final class Trouble {
    private Trouble() {}

    @Alone
    static void serverErrorReachesCaller() throws Exception {
        Store store = new Store(1);
        int refused = Sandbox.count("ListShards", "InternalServerError");
        Sandbox.withFaults(
                "next 2 ListShards: refuse 500 InternalServerError \"an unknown error\"",
                () ->
                        Expect.logRefusal(
                                500, "InternalServerError", "an unknown error", store::shards));
        Expect.equal("tries", 1, Sandbox.count("ListShards", "InternalServerError") - refused);
    }

    @Alone
    static void cutConnectionTriedAgain() throws Exception {
        Store store = new Store(1);
        Sandbox.withFaults(
                "next 2 ListShards: cut before",
                () -> Expect.equal("shards", 1, store.shards().size()));
    }

    @Alone
    static void damagedAnswersNoticed() throws Exception {
        Store store = new Store(1);
        store.put("one");
        bad("ListShards: corrupt garbage", "BadResponse", store::shards);
        String size = "PullLogs: corrupt header x-log-bodyrawsize \"1\"";
        bad(size, "DecompressException", () -> store.ids(0));
        bad(
                "PullLogs: corrupt header x-log-count missing",
                "ParseLogGroupListRawSizeError",
                () -> store.ids(0));
    }

    private static void bad(String fault, String code, Expect.Call call) throws Exception {
        Sandbox.withFaults(
                fault,
                () -> {
                    try {
                        call.run();
                    } catch (LogException e) {
                        Expect.equal("error code of " + fault, code, e.getErrorCode());
                        return;
                    }
                    throw new AssertionError(fault + " is not noticed");
                });
    }

    /** The consumer library goes on through refused heartbeats, pulls and saves. */
    @Alone
    static void workerSurvivesErrors() throws Exception {
        Store store = new Store(1);
        store.put("one");
        store.put("two");
        Journal journal = new Journal();
        Sandbox.withFaults(
                String.join(
                        "\n",
                        "next 2 HeartBeat: refuse 500 InternalServerError \"an unknown error\"",
                        "next 3 PullLogs: refuse 403 ShardReadQuotaExceed \"shard read qps exceed"
                            + " quota limits\"",
                        "next 2 UpdateCheckPoint: refuse 500 InternalServerError \"an unknown"
                            + " error\""),
                () -> {
                    try (Member member = new Member(Member.config(store, "group", "a"), journal)) {
                        Expect.within(
                                30,
                                "the checkpoint is at the end",
                                () ->
                                        CLIENT.getCheckpoint(store.project, store.name, "group", 0)
                                                .getCheckpoint()
                                                .getCheckPoint()
                                                .equals(store.end(0)));
                    }
                });
        Expect.equal("logs, each once", List.of("one", "two"), journal.ids());
    }
}
