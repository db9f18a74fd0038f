package conformance;

import com.alicloud.openservices.tablestore.model.DefaultRetryStrategy;
import com.alicloud.openservices.tablestore.model.RetryStrategy;

/**
 * The SDK's own strategy, and another try for what was never sent.
 *
 * <p>The SDK closes connections that were idle for 5 s, in a thread of its own, and now and then
 * closes one that has just been given to a request. It tells that as a failure of the request,
 * which its strategy takes for an answer that was lost: writes are not tried again.
 */
final class Unsent extends DefaultRetryStrategy {
    @Override
    public boolean shouldRetry(String action, Exception failure) {
        return super.shouldRetry(action, failure) || wasNeverSent(failure);
    }

    @Override
    public RetryStrategy clone() {
        return new Unsent();
    }

    /** Whether the request got a closed connection: nothing but the place says so. */
    private static boolean wasNeverSent(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            StackTraceElement[] stack = cause.getStackTrace();
            if (stack.length > 0 && stack[0].getMethodName().equals("connectionAllocated")) {
                return true;
            }
        }
        return false;
    }
}
