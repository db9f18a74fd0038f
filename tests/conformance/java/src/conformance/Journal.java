package conformance;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What the members of a consumer group were given, in the order of its arrival. */
final class Journal {
    private final List<Batch> batches = new ArrayList<>();

    synchronized void add(String consumer, int shard, List<String> ids) {
        batches.add(new Batch(consumer, shard, ids));
    }

    /** All ids as they came. */
    synchronized List<String> ids() {
        List<String> ids = new ArrayList<>();
        for (Batch batch : batches) {
            ids.addAll(batch.ids);
        }
        return ids;
    }

    /** All ids, sorted: an id that came twice is there twice. */
    List<String> sortedIds() {
        List<String> ids = ids();
        Collections.sort(ids);
        return ids;
    }

    /** Who was given this log. */
    synchronized Set<String> consumersOf(String id) {
        Set<String> consumers = new TreeSet<>();
        for (Batch batch : batches) {
            if (batch.ids.contains(id)) {
                consumers.add(batch.consumer);
            }
        }
        return consumers;
    }

    /** The shards of which this consumer was given anything. */
    synchronized Set<Integer> shardsOf(String consumer) {
        Set<Integer> shards = new TreeSet<>();
        for (Batch batch : batches) {
            if (batch.consumer.equals(consumer)) {
                shards.add(batch.shard);
            }
        }
        return shards;
    }

    private static final class Batch {
        final String consumer;
        final int shard;
        final List<String> ids;

        Batch(String consumer, int shard, List<String> ids) {
            this.consumer = consumer;
            this.shard = shard;
            this.ids = ids;
        }
    }
}
