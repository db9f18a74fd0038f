package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.common.Shard;
import com.aliyun.openservices.log.request.SplitShardRequest;

import java.util.List;

/** Shards are listed, split and merged. */
final class Shards {
    private Shards() {}

    static void shardsListed() throws Exception {
        Store store = new Store(2);
        Expect.equal(
                "shards",
                List.of("0 readwrite [00, 80)", "1 readwrite [80, ff)"),
                store.shardsAsText());
        Shard last = store.shards().get(1);
        Expect.equal("begin", Store.MIDDLE, last.getInclusiveBeginKey());
        Expect.equal("end", Store.HIGHEST, last.getExclusiveEndKey());
        Expect.that(last.getCreateTime() > Store.TIME, "a creation time is in seconds");
    }

    static void shardSplitAtKey() throws Exception {
        Store store = new Store(1);
        List<String> answer =
                Store.asText(
                        CLIENT.SplitShard(
                                        store.project,
                                        store.name,
                                        0,
                                        "40000000000000000000000000000000")
                                .GetShards());
        List<String> expected =
                List.of("0 readonly [00, ff)", "1 readwrite [00, 40)", "2 readwrite [40, ff)");
        Expect.equal("answer", expected, answer);
        Expect.equal("shards", expected, store.shardsAsText());
    }

    static void shardSplitInFour() throws Exception {
        Store store = new Store(1);
        CLIENT.SplitShard(new SplitShardRequest(store.project, store.name, 0, 4));
        Expect.equal(
                "shards",
                List.of(
                        "0 readonly [00, ff)",
                        "1 readwrite [00, 40)",
                        "2 readwrite [40, 80)",
                        "3 readwrite [80, c0)",
                        "4 readwrite [c0, ff)"),
                store.shardsAsText());
    }

    static void shardsMerged() throws Exception {
        Store store = new Store(4);
        CLIENT.MergeShards(store.project, store.name, 1);
        Expect.equal(
                "shards",
                List.of(
                        "0 readwrite [00, 40)",
                        "1 readonly [40, 80)",
                        "2 readonly [80, c0)",
                        "3 readwrite [c0, ff)",
                        "4 readwrite [40, c0)"),
                store.shardsAsText());
    }

    static void shardReadonlyAfterSplit() throws Exception {
        Store store = new Store(1);
        store.put("before");
        CLIENT.SplitShard(store.project, store.name, 0, Store.MIDDLE);
        store.putAt(Store.LOWEST, "low");
        store.putAt(Store.HIGHEST, "high");
        Expect.equal("old shard", List.of("before"), store.ids(0));
        Expect.equal("lower shard", List.of("low"), store.ids(1));
        Expect.equal("upper shard", List.of("high"), store.ids(2));
    }

    static void shardRefusals() throws Exception {
        Store store = new Store(2);
        Expect.logRefusal(
                400,
                "ParameterInvalid",
                "invalid mid hash",
                () -> CLIENT.SplitShard(store.project, store.name, 0, Store.HIGHEST));
        Expect.logRefusal(
                404,
                "ShardNotExist",
                "shard 9 does not exist",
                () -> CLIENT.SplitShard(store.project, store.name, 9, Store.MIDDLE));
        Expect.logRefusal(
                400,
                "ParameterInvalid",
                "invalid shard id: 1 has no right neighbour to merge with",
                () -> CLIENT.MergeShards(store.project, store.name, 1));
    }
}
