package conformance.peer;

import com.aliyun.openservices.log.common.FastLog;
import com.aliyun.openservices.log.common.FastLogContent;
import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.loghub.client.ClientWorker;
import com.aliyun.openservices.loghub.client.ILogHubCheckPointTracker;
import com.aliyun.openservices.loghub.client.config.LogHubConfig;
import com.aliyun.openservices.loghub.client.config.LogHubConfig.ConsumePosition;
import com.aliyun.openservices.loghub.client.exceptions.LogHubCheckPointException;
import com.aliyun.openservices.loghub.client.exceptions.LogHubClientWorkerException;
import com.aliyun.openservices.loghub.client.interfaces.ILogHubProcessor;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

import conformance.Doorway;
import conformance.Environment;

import java.io.IOException;
import java.util.List;

/** A member of a consumer group, run by the vendor's consumer library until SIGTERM. */
final class Consumer implements ILogHubProcessor {
    private static final int GROUP_TIMEOUT_SECONDS = 6;
    private static final int HEARTBEAT_MILLIS = 1000;

    private int shard;
    private String lastNext = "";

    static void run(String project, String logstore, String group, String consumer)
            throws IOException, LogHubClientWorkerException {
        Doorway.open();
        Doorway.name(project);
        LogHubConfig config =
                new LogHubConfig(
                        group,
                        consumer,
                        Environment.LOG_SERVICE_ENDPOINT,
                        project,
                        logstore,
                        Environment.ACCESS_KEY_ID,
                        Environment.ACCESS_KEY_SECRET,
                        ConsumePosition.BEGIN_CURSOR);
        config.setConsumeInOrder(true);
        config.setHeartBeatIntervalMillis(HEARTBEAT_MILLIS);
        config.setTimeoutInSeconds(GROUP_TIMEOUT_SECONDS);
        ClientWorker worker = new ClientWorker(Consumer::new, config);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(worker)));
        new Thread(worker, "worker").start();
        JsonObject ready = new JsonObject();
        ready.addProperty("ready", true);
        Peer.print(ready);
    }

    /** The library's own shutdown; then out, as SIGTERM would otherwise give 143. */
    private static void shutDown(ClientWorker worker) {
        worker.shutdown();
        Runtime.getRuntime().halt(0);
    }

    @Override
    public void initialize(int shardId) {
        shard = shardId;
    }

    /** Says what it was given, saves the checkpoint and says so. */
    @Override
    public String process(List<LogGroupData> groups, ILogHubCheckPointTracker tracker) {
        try {
            tracker.saveCheckPoint(false);
            String next = tracker.getCheckPoint();
            if (groups.isEmpty() && next.equals(lastNext)) {
                return null;
            }
            lastNext = next;
            JsonObject batch = new JsonObject();
            batch.addProperty("shard", shard);
            batch.addProperty("next", next);
            batch.add("ids", ids(groups));
            Peer.print(batch);

            tracker.saveCheckPoint(true);
            JsonObject saved = new JsonObject();
            saved.addProperty("shard", shard);
            saved.addProperty("saved", next);
            Peer.print(saved);
        } catch (LogHubCheckPointException e) {
            System.err.println("shard " + shard + ": " + e);
        }
        return null;
    }

    private static JsonArray ids(List<LogGroupData> groups) {
        JsonArray ids = new JsonArray();
        for (LogGroupData group : groups) {
            for (FastLog log : group.GetFastLogGroup().getLogs()) {
                for (FastLogContent content : log.getContents()) {
                    if (content.getKey().equals("id")) {
                        ids.add(content.getValue());
                    }
                }
            }
        }
        return ids;
    }

    @Override
    public void shutdown(ILogHubCheckPointTracker tracker) {
        // Every batch is saved already.
    }
}
