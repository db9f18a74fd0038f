package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.common.ConsumerGroup;
import com.aliyun.openservices.log.common.ConsumerGroupShardCheckPoint;
import com.aliyun.openservices.loghub.client.ClientWorker;
import com.aliyun.openservices.loghub.client.config.LogHubConfig;
import com.aliyun.openservices.loghub.client.config.LogHubConfig.ConsumePosition;
import com.aliyun.openservices.loghub.client.exceptions.LogHubClientWorkerException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** The consumer library, whole. */
final class Workers {
    private static final String GROUP = "group";
    private static final int PATIENCE_SECONDS = 30;

    private Workers() {}

    private static void await(Journal journal, String... ids) throws Exception {
        await(journal, List.of(ids));
    }

    private static void await(Journal journal, List<String> ids) throws Exception {
        List<String> expected = new ArrayList<>(ids);
        Collections.sort(expected);
        Expect.within(
                PATIENCE_SECONDS,
                "all logs have come",
                () -> new HashSet<>(journal.ids()).containsAll(expected));
        Expect.equal("logs, each once", expected, journal.sortedIds());
    }

    private static String checkpoint(Store store, int shard) throws Exception {
        List<ConsumerGroupShardCheckPoint> one =
                CLIENT.GetCheckPoint(store.project, store.name, GROUP).getCheckPoints();
        return one.get(shard).getCheckPoint();
    }

    static void workerWholeRun() throws Exception {
        Store store = new Store(2);
        String[] ids = new String[40];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = "log " + i;
            store.putAt(i % 2 == 0 ? Store.LOWEST : Store.HIGHEST, ids[i]);
        }
        Journal journal = new Journal();
        try (Member member = new Member(Member.config(store, GROUP, "a"), journal)) {
            await(journal, ids);
        }
        ConsumerGroup group =
                CLIENT.ListConsumerGroup(store.project, store.name).GetConsumerGroups().get(0);
        Expect.equal("timeout", Member.GROUP_TIMEOUT_SECONDS, group.getTimeout());
        Expect.equal("order", true, group.isInOrder());
        Expect.equal("checkpoint of shard 0", store.end(0), checkpoint(store, 0));
        Expect.equal("checkpoint of shard 1", store.end(1), checkpoint(store, 1));
    }

    static void workersShareShards() throws Exception {
        Store store = new Store(4);
        Journal journal = new Journal();
        List<String> all = new ArrayList<>();
        try (Member first = new Member(Member.config(store, GROUP, "a"), journal)) {
            all.addAll(putEverywhere(store));
            await(journal, all);
            Expect.equal("shards of a", Set.of(0, 1, 2, 3), journal.shardsOf("a"));
            try (Member second = new Member(Member.config(store, GROUP, "b"), journal)) {
                awaitShards(store, journal, "b", 2, all);
            }
        }
    }

    static void workerLeavesAndAnotherGoesOn() throws Exception {
        Store store = new Store(4);
        Journal journal = new Journal();
        List<String> all = new ArrayList<>();
        try (Member stays = new Member(Member.config(store, GROUP, "stays"), journal)) {
            try (Member leaves = new Member(Member.config(store, GROUP, "leaves"), journal)) {
                awaitShards(store, journal, "leaves", 2, all);
            }
            List<String> after = putEverywhere(store);
            all.addAll(after);
            await(journal, all);
            for (String id : after) {
                Expect.equal("who got " + id, Set.of("stays"), journal.consumersOf(id));
            }
        }
    }

    /** Puts a log into each of four shards. */
    private static List<String> putEverywhere(Store store) throws Exception {
        List<String> ids = new ArrayList<>();
        for (int shard = 0; shard < 4; shard++) {
            String id = Names.fresh("log");
            store.putAt(Integer.toHexString(shard * 4) + Store.LOWEST.substring(1), id);
            ids.add(id);
        }
        return ids;
    }

    /** Puts logs everywhere until the consumer gets those of so many shards; each comes once. */
    private static void awaitShards(
            Store store, Journal journal, String consumer, int shards, List<String> all)
            throws Exception {
        Expect.within(
                PATIENCE_SECONDS,
                consumer + " has " + shards + " shards",
                () -> {
                    all.addAll(putEverywhere(store));
                    await(journal, all);
                    return journal.shardsOf(consumer).size() == shards;
                });
    }

    static void workerKilledAndAnotherTakesOver() throws Exception {
        Store store = new Store(2);
        Process killed = Children.consume(store, GROUP, "killed");
        try {
            store.putAt(Store.LOWEST, "before 0");
            store.putAt(Store.HIGHEST, "before 1");
            Expect.within(
                    PATIENCE_SECONDS,
                    "both checkpoints are saved",
                    () ->
                            store.end(0).equals(checkpoint(store, 0))
                                    && store.end(1).equals(checkpoint(store, 1)));
        } finally {
            killed.destroyForcibly().waitFor();
        }
        long then = System.nanoTime();
        store.putAt(Store.LOWEST, "after 0");
        store.putAt(Store.HIGHEST, "after 1");
        Journal journal = new Journal();
        try (Member heir = new Member(Member.config(store, GROUP, "heir"), journal)) {
            await(journal, List.of("after 0", "after 1"));
        }
        long seconds = (System.nanoTime() - then) / 1_000_000_000L;
        // The timeout counts from its last heartbeat.
        Expect.that(
                seconds >= Member.GROUP_TIMEOUT_SECONDS / 2,
                "the shards are free after the timeout, not after " + seconds + " s");
    }

    static void workerKeepsOrderAcrossSplit() throws Exception {
        Store store = new Store(1);
        Journal journal = new Journal();
        List<String> parent = new ArrayList<>();
        List<String> all = new ArrayList<>();
        try (Member first = new Member(Member.config(store, GROUP, "a"), journal);
                Member second = new Member(Member.config(store, GROUP, "b"), journal)) {
            for (int i = 0; i < 20; i++) {
                parent.add("parent " + i);
                store.put("parent " + i);
            }
            CLIENT.SplitShard(store.project, store.name, 0, Store.MIDDLE);
            all.addAll(parent);
            for (int i = 0; i < 20; i++) {
                all.add("child " + i);
                store.putAt(i % 2 == 0 ? Store.LOWEST : Store.HIGHEST, "child " + i);
            }
            await(journal, all);
        }
        Expect.equal("first of all", parent, journal.ids().subList(0, parent.size()));
        List<String> low = new ArrayList<>();
        List<String> inOrder = new ArrayList<>();
        for (int i = 0; i < 20; i += 2) {
            inOrder.add("child " + i);
        }
        for (String id : journal.ids()) {
            if (inOrder.contains(id)) {
                low.add(id);
            }
        }
        Expect.equal("lower child", inOrder, low);
    }

    static void workerGoesOnFromCheckpoint() throws Exception {
        Store store = new Store(1);
        store.put("first");
        Journal before = new Journal();
        try (Member member = new Member(Member.config(store, GROUP, "a"), before)) {
            await(before, "first");
        }
        store.put("second");
        Journal after = new Journal();
        try (Member member = new Member(Member.config(store, GROUP, "a"), after)) {
            await(after, "second");
        }
    }

    static void workerFinishesEmptyShard() throws Exception {
        Store store = new Store(1);
        CLIENT.SplitShard(store.project, store.name, 0, Store.MIDDLE);
        store.putAt(Store.LOWEST, "low");
        store.putAt(Store.HIGHEST, "high");
        Journal journal = new Journal();
        try (Member member = new Member(Member.config(store, GROUP, "a"), journal)) {
            await(journal, "low", "high");
        }
        Expect.equal("checkpoint of the empty shard", store.end(0), checkpoint(store, 0));
        Expect.equal("its children", Set.of(1, 2), journal.shardsOf("a"));
    }

    static void workerStartsAtEnd() throws Exception {
        Store store = new Store(1);
        store.put("old");
        LogHubConfig config = Member.inOrder(config(store, ConsumePosition.END_CURSOR));
        Journal journal = new Journal();
        try (Member member = new Member(config, journal)) {
            Expect.within(PATIENCE_SECONDS, "it has begun", () -> !checkpoint(store, 0).isEmpty());
            store.put("new");
            await(journal, "new");
        }
    }

    private static LogHubConfig config(Store store, ConsumePosition position) {
        Doorway.name(store.project);
        return new LogHubConfig(
                GROUP,
                "a",
                Environment.LOG_SERVICE_ENDPOINT,
                store.project,
                store.name,
                Environment.ACCESS_KEY_ID,
                Environment.ACCESS_KEY_SECRET,
                position);
    }

    static void workerStartsAtTime() throws Exception {
        Store store = new Store(1);
        store.put("old");
        String between = store.end(0);
        // Receive times count in whole seconds, and the present one counts as the end.
        Thread.sleep(1000);
        store.put("new");
        Thread.sleep(1000);
        int time = CLIENT.GetCursorTime(store.project, store.name, 0, between).GetCursorTime();
        Doorway.name(store.project);
        LogHubConfig config =
                new LogHubConfig(
                        GROUP,
                        "a",
                        Environment.LOG_SERVICE_ENDPOINT,
                        store.project,
                        store.name,
                        Environment.ACCESS_KEY_ID,
                        Environment.ACCESS_KEY_SECRET,
                        time);
        Journal journal = new Journal();
        try (Member member = new Member(Member.inOrder(config), journal)) {
            await(journal, "new");
        }
    }

    static void workerRollsBack() throws Exception {
        Store store = new Store(1);
        store.put("one");
        AtomicBoolean first = new AtomicBoolean(true);
        Journal journal = new Journal();
        Member.RollBack once =
                (ids, tracker) ->
                        !ids.isEmpty() && first.getAndSet(false)
                                ? tracker.getCurrentCursor()
                                : null;
        try (Member member = new Member(Member.config(store, GROUP, "a"), journal, once)) {
            Expect.within(
                    PATIENCE_SECONDS,
                    "the log has come twice",
                    () -> journal.ids().equals(List.of("one", "one")));
            Expect.within(
                    PATIENCE_SECONDS,
                    "the checkpoint is at the end",
                    () -> checkpoint(store, 0).equals(store.end(0)));
        }
    }

    static void workerStartsAnewWhereExpired() throws Exception {
        Store store = new Store(1);
        CLIENT.CreateConsumerGroup(
                store.project,
                store.name,
                new ConsumerGroup(GROUP, Member.GROUP_TIMEOUT_SECONDS, true));
        CLIENT.UpdateCheckPoint(store.project, store.name, GROUP, 0, store.begin(0));
        store.put("expired");
        store.put("kept");
        Sandbox.post("logstores/" + store.project + "/" + store.name + "/shards/0/trim?groups=1");
        Journal journal = new Journal();
        try (Member member = new Member(Member.config(store, GROUP, "a"), journal)) {
            await(journal, "kept");
        }
    }

    static void workerOfMissingLogstoreRefused() throws Exception {
        Store store = new Store(1);
        CLIENT.DeleteLogStore(store.project, store.name);
        try {
            new ClientWorker(() -> null, Member.config(store, GROUP, "a"));
        } catch (LogHubClientWorkerException e) {
            Expect.equal(
                    "message",
                    "error occurs when create consumer group, errorCode: LogStoreNotExist,"
                            + " errorMessage: logstore "
                            + store.name
                            + " does not exist",
                    e.getMessage());
            return;
        }
        throw new AssertionError("not refused");
    }
}
