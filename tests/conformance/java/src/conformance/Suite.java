package conformance;

import java.io.PrintStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs the checks: every static method of a theme is one, {@code putTopicAndTags} being the check
 * {@code put_topic_and_tags}.
 *
 * <p>Checks run some at a time, as many of them wait; those marked {@link Alone} run last, one
 * after the other. One that hangs or throws has failed, and the others go on.
 */
public final class Suite {
    private static final List<Class<?>> THEMES =
            List.of(
                    Projects.class,
                    Puts.class,
                    Pulls.class,
                    Cursors.class,
                    Shards.class,
                    Groups.class,
                    Workers.class,
                    Access.class,
                    Trouble.class,
                    Tables.class,
                    Rows.class,
                    Conditions.class,
                    Versions.class,
                    Ranges.class,
                    Batches.class,
                    Limits.class,
                    Wire.class,
                    Writers.class,
                    Documentation.class);

    private static final int AT_A_TIME = 6;
    private static final int SECONDS_PER_CHECK = 60;
    private static final PrintStream OUT =
            new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private Suite() {}

    /** {@code checks.tsv [NAME ...]}: all checks of the list, or those named. */
    public static void main(String[] arguments) throws Exception {
        Doorway.open();
        Map<String, Method> checks = checks();
        Set<String> planned = planned(Path.of(arguments[0]));
        Set<String> wanted = planned;
        if (arguments.length > 1) {
            wanted = new LinkedHashSet<>(Arrays.asList(arguments).subList(1, arguments.length));
        }
        Set<String> unplanned = new LinkedHashSet<>(checks.keySet());
        unplanned.removeAll(planned);
        if (!unplanned.isEmpty()) {
            System.err.println("not in " + arguments[0] + ": " + unplanned);
        }

        List<String> together = new ArrayList<>();
        List<String> alone = new ArrayList<>();
        for (String name : wanted) {
            Method check = checks.get(name);
            boolean isAlone = check != null && check.isAnnotationPresent(Alone.class);
            (isAlone ? alone : together).add(name);
        }
        boolean allOk = run(together, checks, AT_A_TIME) & run(alone, checks, 1);
        // The SDKs keep threads of their own.
        System.exit(allOk && unplanned.isEmpty() ? 0 : 1);
    }

    private static Map<String, Method> checks() {
        Map<String, Method> checks = new LinkedHashMap<>();
        for (Class<?> theme : THEMES) {
            for (Method method : theme.getDeclaredMethods()) {
                int modifiers = method.getModifiers();
                if (Modifier.isStatic(modifiers)
                        && !Modifier.isPrivate(modifiers)
                        && !method.isSynthetic()) {
                    checks.put(snakeCase(method.getName()), method);
                }
            }
        }
        return checks;
    }

    private static String snakeCase(String name) {
        return name.replaceAll("(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    private static Set<String> planned(Path list) throws Exception {
        Set<String> names = new LinkedHashSet<>();
        for (String line : Files.readAllLines(list)) {
            names.add(line.split("\t")[0]);
        }
        return names;
    }

    private static boolean run(List<String> names, Map<String, Method> checks, int atATime)
            throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(atATime);
        List<String> failed = new ArrayList<>();
        for (String name : names) {
            pool.execute(
                    () -> {
                        String why = outcome(checks.get(name));
                        synchronized (OUT) {
                            OUT.println(
                                    "java/" + name + ": " + (why == null ? "ok" : "FAIL " + why));
                            if (why != null) {
                                failed.add(name);
                            }
                        }
                    });
        }
        pool.shutdown();
        pool.awaitTermination((long) names.size() * SECONDS_PER_CHECK, TimeUnit.SECONDS);
        return failed.isEmpty();
    }

    /** Why a check failed, in one line; null if it did not. */
    private static String outcome(Method check) {
        if (check == null) {
            return "there is no such check";
        }
        FutureTask<Object> task = new FutureTask<>(() -> check.invoke(null));
        Thread thread = new Thread(task, check.getName());
        thread.setDaemon(true);
        thread.start();
        try {
            task.get(SECONDS_PER_CHECK, TimeUnit.SECONDS);
            return null;
        } catch (TimeoutException e) {
            StackTraceElement[] stack = thread.getStackTrace();
            thread.interrupt();
            return "still running after " + SECONDS_PER_CHECK + " s: " + ours(stack);
        } catch (ExecutionException e) {
            Throwable why = e.getCause().getCause();
            why.printStackTrace();
            String text = why instanceof AssertionError ? why.getMessage() : why.toString();
            return text.replaceAll("\\s+", " ") + " (" + ours(why.getStackTrace()) + ")";
        } catch (InterruptedException e) {
            return "interrupted";
        }
    }

    /** The line of the check at which it stands. */
    private static String ours(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            boolean harness = frame.getClassName().equals(Expect.class.getName());
            if (frame.getClassName().startsWith("conformance.") && !harness) {
                return frame.getFileName() + ":" + frame.getLineNumber();
            }
        }
        return "outside the suite";
    }
}
