package conformance;

import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.loghub.client.ClientWorker;
import com.aliyun.openservices.loghub.client.ILogHubCheckPointTracker;
import com.aliyun.openservices.loghub.client.config.LogHubConfig;
import com.aliyun.openservices.loghub.client.config.LogHubConfig.ConsumePosition;
import com.aliyun.openservices.loghub.client.exceptions.LogHubCheckPointException;
import com.aliyun.openservices.loghub.client.exceptions.LogHubClientWorkerException;
import com.aliyun.openservices.loghub.client.interfaces.ILogHubProcessor;

import java.util.List;

/**
 * A member of a consumer group, run by the consumer library: writes down what it is given and saves
 * the checkpoint after every batch. Closing it shuts it down as the library does.
 */
final class Member implements AutoCloseable {
    static final int GROUP_TIMEOUT_SECONDS = 6;
    private static final int HEARTBEAT_MILLIS = 500;

    private final ClientWorker worker;

    Member(LogHubConfig config, Journal journal) throws LogHubClientWorkerException {
        this(config, journal, (ids, tracker) -> null);
    }

    Member(LogHubConfig config, Journal journal, RollBack rollBack)
            throws LogHubClientWorkerException {
        String consumer = config.getConsumer();
        worker = new ClientWorker(() -> new Processor(consumer, journal, rollBack), config);
        Thread thread = new Thread(worker, consumer);
        thread.setDaemon(true);
        thread.start();
    }

    /** In order, from the begin. */
    static LogHubConfig config(Store store, String group, String consumer) {
        Doorway.name(store.project);
        LogHubConfig config =
                new LogHubConfig(
                        group,
                        consumer,
                        Environment.LOG_SERVICE_ENDPOINT,
                        store.project,
                        store.name,
                        Environment.ACCESS_KEY_ID,
                        Environment.ACCESS_KEY_SECRET,
                        ConsumePosition.BEGIN_CURSOR);
        return inOrder(config);
    }

    static LogHubConfig inOrder(LogHubConfig config) {
        config.setConsumeInOrder(true);
        config.setHeartBeatIntervalMillis(HEARTBEAT_MILLIS);
        config.setTimeoutInSeconds(GROUP_TIMEOUT_SECONDS);
        return config;
    }

    @Override
    public void close() {
        worker.shutdown();
    }

    /** Where to go back to after a batch; null to go on. */
    interface RollBack {
        String after(List<String> ids, ILogHubCheckPointTracker tracker);
    }

    private static final class Processor implements ILogHubProcessor {
        private final String consumer;
        private final Journal journal;
        private final RollBack rollBack;
        private int shard;

        Processor(String consumer, Journal journal, RollBack rollBack) {
            this.consumer = consumer;
            this.journal = journal;
            this.rollBack = rollBack;
        }

        @Override
        public void initialize(int shardId) {
            shard = shardId;
        }

        @Override
        public String process(List<LogGroupData> groups, ILogHubCheckPointTracker tracker) {
            List<String> ids = Store.ids(groups);
            if (!ids.isEmpty()) {
                journal.add(consumer, shard, ids);
            }
            String cursor = rollBack.after(ids, tracker);
            if (cursor == null) {
                save(tracker);
            }
            return cursor;
        }

        private void save(ILogHubCheckPointTracker tracker) {
            try {
                tracker.saveCheckPoint(true);
            } catch (LogHubCheckPointException e) {
                // The next batch saves a later one.
                System.err.println(consumer + ", shard " + shard + ": " + e.getMessage());
            }
        }

        @Override
        public void shutdown(ILogHubCheckPointTracker tracker) {
            save(tracker);
        }
    }
}
