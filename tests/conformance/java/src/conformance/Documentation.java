package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.common.Consts.CursorMode;
import com.aliyun.openservices.log.common.Shard;
import com.aliyun.openservices.log.request.PullLogsRequest;

import java.nio.charset.StandardCharsets;

/** What the documentation shows, as it stands there. */
final class Documentation {
    private Documentation() {}

    static void example() throws Exception {
        int before = logs();
        Process example = Children.run("Example");
        String told = new String(example.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Expect.equal("exit status", 0, example.waitFor());
        Expect.that(told.contains("ip:10.0.0.1, time:12:00:00"), "the key is in " + told);
        Expect.that(told.contains("Name:path,Value:/"), "the column is in " + told);
        Expect.equal("logs more", 1, logs() - before);
    }

    /** Log groups in the logstore that every sandbox begins with. */
    private static int logs() throws Exception {
        int groups = 0;
        for (Shard shard : CLIENT.ListShard("demo", "access").GetShards()) {
            int id = shard.getShardId();
            String begin = CLIENT.GetCursor("demo", "access", id, CursorMode.BEGIN).GetCursor();
            groups +=
                    CLIENT.pullLogs(new PullLogsRequest("demo", "access", id, 1000, begin))
                            .getCount();
        }
        return groups;
    }
}
