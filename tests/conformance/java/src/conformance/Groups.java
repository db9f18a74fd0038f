package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.common.ConsumerGroup;
import com.aliyun.openservices.log.common.ConsumerGroupShardCheckPoint;
import com.aliyun.openservices.log.exception.LogException;

import java.util.ArrayList;
import java.util.List;

/** Consumer groups, call by call. */
final class Groups {
    private static final String GROUP = "group";

    private Groups() {}

    private static Store withGroup(int shards, boolean inOrder) throws LogException {
        Store store = new Store(shards);
        CLIENT.CreateConsumerGroup(
                store.project, store.name, new ConsumerGroup(GROUP, 60, inOrder));
        return store;
    }

    private static List<Integer> heartbeat(Store store, String consumer, Integer... held)
            throws LogException {
        return CLIENT.HeartBeat(store.project, store.name, GROUP, consumer, List.of(held))
                .getShards();
    }

    private static List<ConsumerGroupShardCheckPoint> checkpoints(Store store) throws LogException {
        return CLIENT.GetCheckPoint(store.project, store.name, GROUP).getCheckPoints();
    }

    private static void save(Store store, String consumer, int shard, String cursor)
            throws LogException {
        CLIENT.UpdateCheckPoint(store.project, store.name, GROUP, consumer, shard, cursor);
    }

    static void groupCreatedAndListed() throws Exception {
        Store store = withGroup(1, true);
        CLIENT.CreateConsumerGroup(
                store.project, store.name, new ConsumerGroup("other", 30, false));
        Expect.equal("groups", List.of("group 60 true", "other 30 false"), listed(store));
    }

    private static List<String> listed(Store store) throws LogException {
        List<String> groups = new ArrayList<>();
        for (ConsumerGroup group :
                CLIENT.ListConsumerGroup(store.project, store.name).GetConsumerGroups()) {
            groups.add(
                    group.getConsumerGroupName()
                            + " "
                            + group.getTimeout()
                            + " "
                            + group.isInOrder());
        }
        return groups;
    }

    static void groupUpdatedAndDeleted() throws Exception {
        Store store = withGroup(1, false);
        CLIENT.UpdateConsumerGroup(store.project, store.name, GROUP, 90);
        Expect.equal("after the timeout", List.of("group 90 false"), listed(store));
        CLIENT.UpdateConsumerGroup(store.project, store.name, GROUP, true);
        Expect.equal("after the order", List.of("group 90 true"), listed(store));
        CLIENT.DeleteConsumerGroup(store.project, store.name, GROUP);
        Expect.equal("after all", List.of(), listed(store));
    }

    static void groupRefusals() throws Exception {
        Store store = withGroup(1, false);
        Expect.logRefusal(
                400,
                "ConsumerGroupAlreadyExist",
                "consumer group already exist",
                () ->
                        CLIENT.CreateConsumerGroup(
                                store.project, store.name, new ConsumerGroup(GROUP, 60, false)));
        Expect.logRefusal(
                404,
                "ConsumerGroupNotExist",
                "consumer group nobodys does not exist",
                () -> CLIENT.GetCheckPoint(store.project, store.name, "nobodys"));
        Expect.logRefusal(
                400,
                "NotExistConsumerWithBody",
                "consumer stranger does not exist, but its heartbeat holds shards",
                () -> heartbeat(store, "stranger", 0));
    }

    static void heartbeatSharesShards() throws Exception {
        Store store = withGroup(4, false);
        Expect.equal("alone", List.of(0, 1, 2, 3), heartbeat(store, "a"));
        // Two of the four are to be let go, which b gets once a has left them out.
        Expect.equal("b before", List.of(), heartbeat(store, "b"));
        List<Integer> kept = heartbeat(store, "a", 0, 1, 2, 3);
        Expect.equal("shards kept", 2, kept.size());
        Expect.equal("b still", List.of(), heartbeat(store, "b"));
        heartbeat(store, "a", kept.toArray(new Integer[0]));
        List<Integer> both = new ArrayList<>(kept);
        both.addAll(heartbeat(store, "b"));
        both.sort(null);
        Expect.equal("together", List.of(0, 1, 2, 3), both);
    }

    static void checkpointSavedAndRead() throws Exception {
        Store store = withGroup(2, false);
        heartbeat(store, "a");
        store.putAt(Store.LOWEST, "one");
        String cursor = store.end(0);
        long before = System.currentTimeMillis() * 1000;
        save(store, "a", 0, cursor);
        List<ConsumerGroupShardCheckPoint> all = checkpoints(store);
        Expect.equal("entries", 2, all.size());
        Expect.equal("saved", cursor, all.get(0).getCheckPoint());
        Expect.equal("saved by", "a", all.get(0).getConsumer());
        Expect.that(
                all.get(0).getUpdateTime() >= before - 1_000_000, "the time is in microseconds");
        Expect.equal("not saved", "", all.get(1).getCheckPoint());
        ConsumerGroupShardCheckPoint one =
                CLIENT.getCheckpoint(store.project, store.name, GROUP, 0).getCheckpoint();
        Expect.equal("by shard", cursor, one.getCheckPoint());
    }

    static void checkpointOfStrangerRefused() throws Exception {
        Store store = withGroup(2, false);
        String cursor = store.begin(0);
        Expect.logRefusal(
                404,
                "ConsumerNotExist",
                "consumer a does not exist",
                () -> save(store, "a", 0, cursor));
        heartbeat(store, "a");
        heartbeat(store, "b");
        Expect.logRefusal(
                400,
                "ConsumerNotMatch",
                "shard 0 is not held by consumer b",
                () -> save(store, "b", 0, cursor));
        Expect.logRefusal(
                404, "ShardNotExist", "shard 5 does not exist", () -> save(store, "a", 5, cursor));
    }

    static void checkpointForced() throws Exception {
        Store store = withGroup(1, false);
        CLIENT.UpdateCheckPoint(store.project, store.name, GROUP, 0, store.begin(0));
        Expect.equal("saved", store.begin(0), checkpoints(store).get(0).getCheckPoint());
        Expect.logRefusal(
                400,
                "InvalidShardCheckPoint",
                "checkpoint \"no cursor\" is not base64",
                () -> CLIENT.UpdateCheckPoint(store.project, store.name, GROUP, 0, "no cursor"));
    }

    static void childrenWaitForTheirParent() throws Exception {
        Store store = withGroup(1, true);
        store.put("one");
        CLIENT.SplitShard(store.project, store.name, 0, Store.MIDDLE);
        Expect.equal("parent alone", List.of(0), heartbeat(store, "a"));
        save(store, "a", 0, store.begin(0));
        Expect.equal("parent not at its end", List.of(0), heartbeat(store, "a", 0));
        save(store, "a", 0, store.end(0));
        Expect.equal("children", List.of(1, 2), heartbeat(store, "a"));
    }

    static void consumerExpires() throws Exception {
        Store store = withGroup(2, false);
        heartbeat(store, "a");
        heartbeat(store, "b");
        Sandbox.post(
                "logstores/"
                        + store.project
                        + "/"
                        + store.name
                        + "/consumergroups/"
                        + GROUP
                        + "/expire?consumer=a");
        Expect.equal("shards of b", List.of(0, 1), heartbeat(store, "b"));
        Expect.logRefusal(
                400,
                "NotExistConsumerWithBody",
                "consumer a does not exist, but its heartbeat holds shards",
                () -> heartbeat(store, "a", 0, 1));
    }
}
