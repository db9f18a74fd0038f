package conformance;

import com.alicloud.openservices.tablestore.TableStoreException;
import com.aliyun.openservices.log.exception.LogException;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Callable;

/** What has to hold; what does not is an {@link AssertionError} that says why in a line. */
final class Expect {
    private static final int POLL_MILLIS = 50;

    private Expect() {}

    static void that(boolean holds, String claim) {
        if (!holds) {
            throw new AssertionError("not so: " + claim);
        }
    }

    static void equal(String what, Object expected, Object actual) {
        if (!Objects.deepEquals(expected, actual)) {
            throw new AssertionError(what + " is " + text(actual) + ", not " + text(expected));
        }
    }

    private static String text(Object value) {
        return value instanceof byte[] ? Arrays.toString((byte[]) value) : String.valueOf(value);
    }

    /** Waits until {@code holds} does, at most so long. */
    static void within(int seconds, String claim, Callable<Boolean> holds) throws Exception {
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        while (!holds.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not so within " + seconds + " s: " + claim);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /**
     * Log Service has to refuse the call like this; without a message, the exception is for a look
     * at it.
     */
    static LogException logRefusal(int status, String code, String message, Call call)
            throws Exception {
        try {
            call.run();
        } catch (LogException e) {
            equal("error code", code, e.getErrorCode());
            if (message != null) {
                equal("error message", message, e.GetErrorMessage());
            }
            equal("HTTP status", status, e.getHttpCode());
            that(
                    e.getRequestId().matches("[0-9A-F]{24}"),
                    "a request id is 24 digits: " + e.getRequestId());
            return e;
        }
        throw new AssertionError("not refused with " + code);
    }

    /** Table Store has to refuse the call like this; the exception is for a further look. */
    static TableStoreException tableRefusal(int status, String code, String message, Call call)
            throws Exception {
        try {
            call.run();
        } catch (TableStoreException e) {
            equal("error code", code, e.getErrorCode());
            equal("error message", message, e.getMessage());
            equal("HTTP status", status, e.getHttpStatus());
            that(
                    e.getRequestId().matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
                    "a request id is a GUID: " + e.getRequestId());
            return e;
        }
        throw new AssertionError("not refused with " + code);
    }

    /** Any call of an SDK. */
    interface Call {
        void run() throws Exception;
    }
}
