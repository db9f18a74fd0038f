package conformance;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** The sandbox's own interface: what it has seen, and what is to go wrong. */
final class Sandbox {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private Sandbox() {}

    static JsonElement get(String path) throws IOException, InterruptedException {
        return send(path, "GET", "");
    }

    static void post(String path) throws IOException, InterruptedException {
        send(path, "POST", "");
    }

    /** Adds lines to the fault script for as long as the check runs {@code work}. */
    static void withFaults(String script, Expect.Call work) throws Exception {
        send("faults", "POST", script);
        try {
            work.run();
        } finally {
            send("faults", "DELETE", "");
        }
    }

    /**
     * How many calls of an operation have ended with this code so far; the empty one is success.
     */
    static int count(String operation, String code) throws IOException, InterruptedException {
        JsonObject counts = get("counts").getAsJsonObject();
        if (!counts.has(operation) || !counts.getAsJsonObject(operation).has(code)) {
            return 0;
        }
        return counts.getAsJsonObject(operation).get(code).getAsInt();
    }

    private static JsonElement send(String path, String method, String body)
            throws IOException, InterruptedException {
        URI uri = URI.create(Environment.variable("SANDBOX_ADMIN") + "/" + path);
        HttpRequest request =
                HttpRequest.newBuilder(uri).method(method, BodyPublishers.ofString(body)).build();
        HttpResponse<String> response = HTTP.send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(
                    method + " " + path + ": " + response.statusCode() + " " + response.body());
        }
        return JsonParser.parseString(response.body());
    }
}
