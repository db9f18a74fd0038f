package conformance;

import java.util.concurrent.atomic.AtomicInteger;

/** Names that no other check has, in no other run either. */
final class Names {
    private static final String RUN = Long.toString(System.currentTimeMillis() / 1000, 36);
    private static final AtomicInteger NEXT = new AtomicInteger();

    private Names() {}

    /** Good for projects, logstores and consumer groups. */
    static String fresh(String what) {
        return what + "-" + RUN + "-" + NEXT.incrementAndGet();
    }

    /** Good for tables, whose names have no hyphen. */
    static String table(String what) {
        return fresh(what).replace('-', '_');
    }
}
