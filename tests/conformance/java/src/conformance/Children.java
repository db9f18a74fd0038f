package conformance;

import conformance.peer.Peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs in processes of their own, which can be killed. */
final class Children {
    private Children() {}

    /**
     * A class of this suite by its main method; what it prints can be read, its errors are ours.
     */
    static Process run(String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=off");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main);
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** A consumer of the peer program; returns once it runs. */
    static Process consume(Store store, String group, String consumer) throws IOException {
        Process process =
                run(Peer.class.getName(), "consume", store.project, store.name, group, consumer);
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
