package conformance.peer;

import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.Consts.CursorMode;
import com.aliyun.openservices.log.common.FastLog;
import com.aliyun.openservices.log.common.FastLogContent;
import com.aliyun.openservices.log.common.FastLogGroup;
import com.aliyun.openservices.log.common.FastLogTag;
import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.log.common.Logs.Log;
import com.aliyun.openservices.log.common.Logs.LogGroup;
import com.aliyun.openservices.log.common.Shard;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.log.request.PullLogsRequest;
import com.aliyun.openservices.log.response.PullLogsResponse;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import conformance.Environment;

import java.util.Map;

/** Puts log groups and pulls them. */
final class Logs {
    private static final int GROUPS_PER_PULL = 1000;

    private Logs() {}

    static void put(String project, String logstore) throws Exception {
        Client client = Environment.logService();
        int[] groups = {0};
        Peer.forEachLine(
                line -> {
                    // Ready-made bytes: of an empty source the SDK makes its own address.
                    byte[] group = group(line).toByteArray();
                    JsonElement hashKey = line.get("hash_key");
                    boolean routed = hashKey != null && !hashKey.isJsonNull();
                    client.PutLogs(
                            project, logstore, group, "lz4", routed ? hashKey.getAsString() : null);
                    groups[0]++;
                });
        JsonObject done = new JsonObject();
        done.addProperty("put", groups[0]);
        Peer.print(done);
    }

    private static LogGroup group(JsonObject line) {
        LogGroup.Builder group = LogGroup.newBuilder();
        group.setTopic(line.get("topic").getAsString());
        group.setSource(line.get("source").getAsString());
        for (Map.Entry<String, JsonElement> tag : line.getAsJsonObject("tags").entrySet()) {
            group.addLogTagsBuilder().setKey(tag.getKey()).setValue(tag.getValue().getAsString());
        }
        for (JsonElement each : line.getAsJsonArray("logs")) {
            Log.Builder log = group.addLogsBuilder();
            log.setTime(each.getAsJsonObject().get("time").getAsInt());
            for (JsonElement content : each.getAsJsonObject().getAsJsonArray("contents")) {
                JsonArray pair = content.getAsJsonArray();
                log.addContentsBuilder()
                        .setKey(pair.get(0).getAsString())
                        .setValue(pair.get(1).getAsString());
            }
        }
        return group.build();
    }

    /** Prints every log that the logstore holds at this moment, shard after shard. */
    static void pull(String project, String logstore) throws LogException {
        Client client = Environment.logService();
        for (Shard shard : client.ListShard(project, logstore).GetShards()) {
            int id = shard.getShardId();
            String cursor = client.GetCursor(project, logstore, id, CursorMode.BEGIN).GetCursor();
            String end = client.GetCursor(project, logstore, id, CursorMode.END).GetCursor();
            while (!cursor.equals(end)) {
                PullLogsResponse pulled =
                        client.pullLogs(
                                new PullLogsRequest(
                                        project, logstore, id, GROUPS_PER_PULL, cursor, end));
                for (LogGroupData group : pulled.getLogGroups()) {
                    print(id, group.GetFastLogGroup());
                }
                cursor = pulled.getNextCursor();
            }
        }
    }

    private static void print(int shard, FastLogGroup group) {
        JsonObject tags = new JsonObject();
        for (FastLogTag tag : group.getTags()) {
            tags.addProperty(tag.getKey(), tag.getValue());
        }
        for (FastLog log : group.getLogs()) {
            JsonArray contents = new JsonArray();
            for (FastLogContent content : log.getContents()) {
                JsonArray pair = new JsonArray();
                pair.add(content.getKey());
                pair.add(content.getValue());
                contents.add(pair);
            }
            JsonObject line = new JsonObject();
            line.addProperty("shard", shard);
            line.addProperty("time", Integer.toUnsignedLong(log.getTime()));
            line.addProperty("topic", orEmpty(group.getTopic()));
            line.addProperty("source", orEmpty(group.getSource()));
            line.add("tags", tags);
            line.add("contents", contents);
            Peer.print(line);
        }
    }

    /** A field that is not there is null here; some SDKs leave out what is empty. */
    private static String orEmpty(String text) {
        return text == null ? "" : text;
    }
}
