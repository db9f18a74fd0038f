package conformance;

import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.Consts.CursorMode;
import com.aliyun.openservices.log.common.FastLog;
import com.aliyun.openservices.log.common.FastLogContent;
import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.log.common.LogItem;
import com.aliyun.openservices.log.common.LogStore;
import com.aliyun.openservices.log.common.Shard;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.log.request.PullLogsRequest;
import com.aliyun.openservices.log.response.PullLogsResponse;

import java.util.ArrayList;
import java.util.List;

/** A logstore in a project of its own. */
final class Store {
    static final Client CLIENT = Environment.logService();

    /** Of 128-bit hash keys: where the upper half of the shards begins. */
    static final String MIDDLE = "80000000000000000000000000000000";

    static final String LOWEST = "00000000000000000000000000000000";
    static final String HIGHEST = "ffffffffffffffffffffffffffffffff";
    static final int TIME = 1_700_000_000;

    final String project = Names.fresh("project");
    final String name = Names.fresh("logstore");

    Store(int shards) throws LogException {
        CLIENT.CreateProject(project, "of a conformance check");
        CLIENT.CreateLogStore(project, new LogStore(name, 7, shards));
    }

    /** Puts one log group with a log for each id, anywhere. */
    void put(String... ids) throws LogException {
        CLIENT.PutLogs(project, name, "", logs(ids), "");
    }

    /** Puts one log group with a log for each id into the shard of this key. */
    void putAt(String hashKey, String... ids) throws LogException {
        CLIENT.PutLogs(project, name, "", logs(ids), "", hashKey);
    }

    private static List<LogItem> logs(String... ids) {
        List<LogItem> logs = new ArrayList<>();
        for (String id : ids) {
            LogItem log = new LogItem(TIME);
            log.PushBack("id", id);
            logs.add(log);
        }
        return logs;
    }

    String begin(int shard) throws LogException {
        return CLIENT.GetCursor(project, name, shard, CursorMode.BEGIN).GetCursor();
    }

    String end(int shard) throws LogException {
        return CLIENT.GetCursor(project, name, shard, CursorMode.END).GetCursor();
    }

    PullLogsResponse pull(int shard, String cursor, int groups) throws LogException {
        return CLIENT.pullLogs(new PullLogsRequest(project, name, shard, groups, cursor));
    }

    /** Everything in a shard. */
    List<LogGroupData> groups(int shard) throws LogException {
        return pull(shard, begin(shard), 1000).getLogGroups();
    }

    /** The ids of all logs in a shard. */
    List<String> ids(int shard) throws LogException {
        return ids(groups(shard));
    }

    /** The values of the content {@code id} of every log. */
    static List<String> ids(List<LogGroupData> groups) {
        List<String> ids = new ArrayList<>();
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

    List<Shard> shards() throws LogException {
        return CLIENT.ListShard(project, name).GetShards();
    }

    /** Every shard as {@code id status [begin, end)}. */
    List<String> shardsAsText() throws LogException {
        return asText(shards());
    }

    static List<String> asText(List<Shard> shards) {
        List<String> text = new ArrayList<>();
        for (Shard shard : shards) {
            text.add(
                    String.format(
                            "%d %s [%.2s, %.2s)",
                            shard.getShardId(),
                            shard.getStatus(),
                            shard.getInclusiveBeginKey(),
                            shard.getExclusiveEndKey()));
        }
        return text;
    }
}
