package conformance.peer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The programs that other languages play with: JSON lines in, JSON lines out. */
public final class Peer {
    private static final PrintStream OUT =
            new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private Peer() {}

    public static void main(String[] arguments) throws Exception {
        String[] rest =
                Arrays.copyOfRange(arguments, Math.min(1, arguments.length), arguments.length);
        switch (arguments.length + " " + String.join(" ", Arrays.copyOf(arguments, 1))) {
            case "3 put":
                Logs.put(rest[0], rest[1]);
                break;
            case "3 pull":
                Logs.pull(rest[0], rest[1]);
                break;
            case "5 consume":
                Consumer.run(rest[0], rest[1], rest[2], rest[3]);
                return; // until SIGTERM
            case "2 write":
                Rows.write(rest[0]);
                break;
            case "2 read":
                Rows.read(rest[0]);
                break;
            default:
                System.err.println(
                        "usage: peer put|pull PROJECT LOGSTORE"
                                + " | consume PROJECT LOGSTORE GROUP CONSUMER | write|read TABLE");
                System.exit(64);
        }
        // The SDKs keep threads of their own.
        System.exit(0);
    }

    /** Prints one line, at once; callable from any thread. */
    static void print(JsonElement line) {
        synchronized (OUT) {
            OUT.println(line);
        }
    }

    /** Handles one line of standard input after the other, as they come. */
    static void forEachLine(LineHandler handler) throws Exception {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (!line.isBlank()) {
                handler.handle(JsonParser.parseString(line).getAsJsonObject());
            }
        }
    }

    /** What a program does with a line. */
    interface LineHandler {
        void handle(JsonObject line) throws Exception;
    }
}
