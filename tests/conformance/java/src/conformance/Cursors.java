package conformance;

import static conformance.Store.CLIENT;

import java.util.List;

/** Cursors: by position and by time, and what they point at. */
final class Cursors {
    private Cursors() {}

    static void cursorBeginAndEnd() throws Exception {
        Store store = new Store(1);
        Expect.equal("end of an empty shard", store.begin(0), store.end(0));
        String begin = store.begin(0);
        store.put("a");
        Expect.equal("begin after a put", begin, store.begin(0));
        Expect.equal("end after a put", store.pull(0, begin, 1000).getNextCursor(), store.end(0));
    }

    static void cursorByTime() throws Exception {
        Store store = new Store(1);
        store.put("early");
        String between = store.end(0);
        // Receive times count in whole seconds.
        Thread.sleep(2000);
        store.put("late");
        // The present second counts as the end.
        Thread.sleep(1000);
        long early = timeOf(store, store.begin(0));
        long late = timeOf(store, between);
        Expect.equal("a year before", store.begin(0), at(store, early - 365 * 86_400));
        Expect.equal("when the first came", store.begin(0), at(store, early));
        Expect.equal("between the two", between, at(store, late - 1));
        Expect.equal("when the second came", between, at(store, late));
        Expect.equal("an hour later", store.end(0), at(store, late + 3600));
    }

    private static String at(Store store, long seconds) throws Exception {
        return CLIENT.GetCursor(store.project, store.name, 0, seconds).GetCursor();
    }

    private static long timeOf(Store store, String cursor) throws Exception {
        return CLIENT.GetCursorTime(store.project, store.name, 0, cursor).GetCursorTime();
    }

    static void cursorTime() throws Exception {
        Store store = new Store(1);
        long before = System.currentTimeMillis() / 1000;
        store.put("a");
        long after = System.currentTimeMillis() / 1000;
        long time = timeOf(store, store.begin(0));
        Expect.that(before <= time && time <= after, time + " is when the log was received");
        long previous =
                CLIENT.GetPrevCursorTime(store.project, store.name, 0, store.end(0))
                        .GetCursorTime();
        Expect.equal("time before the end", time, previous);
    }

    static void cursorExpired() throws Exception {
        Store store = new Store(1);
        store.put("a");
        store.put("b");
        String expired = store.begin(0);
        Sandbox.post("logstores/" + store.project + "/" + store.name + "/shards/0/trim?groups=1");
        Expect.logRefusal(
                400,
                "InvalidCursor",
                "Cursor " + expired + " is out of range",
                () -> store.pull(0, expired, 10));
        Expect.equal("what is left", List.of("b"), store.ids(0));
    }

    static void cursorRefusals() throws Exception {
        Store store = new Store(1);
        Expect.logRefusal(404, "ShardNotExist", "shard 1 does not exist", () -> store.begin(1));
        Expect.logRefusal(
                400,
                "ParameterInvalid",
                "Parameter Cursor is not valid",
                () -> CLIENT.GetCursorTime(store.project, store.name, 0, "bm8="));
    }
}
