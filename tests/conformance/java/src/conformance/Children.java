package conformance;

import conformance.peer.Peer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Programs in processes of their own, which can be killed. */
final class Children {
    private Children() {}

    /** A consumer of the peer program; returns once it runs. */
    static Process consume(Store store, String group, String consumer) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process =
                new ProcessBuilder(
                                java,
                                "-XX:TieredStopAtLevel=1",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Peer.class.getName(),
                                "consume",
                                store.project,
                                store.name,
                                group,
                                consumer)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        InputStreamReader output =
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8);
        String line = new BufferedReader(output).readLine();
        if (!"{\"ready\":true}".equals(line)) {
            process.destroyForcibly();
            throw new IOException("instead of ready: " + line);
        }
        return process;
    }
}
