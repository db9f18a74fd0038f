package conformance;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The way of the consumer library to the sandbox, laid with nothing but the JVM's own switches.
 *
 * <p>The library has no proxy setting, and the SDK takes no port in an endpoint. So a hosts file of
 * our own ({@code jdk.net.hosts.file}) makes the names of projects resolve, and a SOCKS proxy
 * ({@code socksProxyHost}) leads every connection to them, which wants port 80, to the sandbox.
 * Connections to 127.0.0.1 by number do not come this way.
 */
public final class Doorway {
    private static final int SOCKS_5 = 5;
    private static final int IPV4_AND_PORT_BYTES = 6;

    private static Path hosts;

    private Doorway() {}

    /** To be called before the JVM has looked up its first name. */
    public static void open() throws IOException {
        hosts =
                Files.createTempFile(
                        Path.of(Environment.variable("CONFORMANCE_WORK")), "hosts", "");
        hosts.toFile().deleteOnExit();
        System.setProperty("jdk.net.hosts.file", hosts.toString());

        ServerSocket server = new ServerSocket(0, 0, InetAddress.getByName("127.0.0.1"));
        System.setProperty("socksProxyHost", "127.0.0.1");
        System.setProperty("socksProxyPort", String.valueOf(server.getLocalPort()));
        daemon(
                () -> {
                    while (true) {
                        Socket client = server.accept();
                        daemon(() -> lead(client));
                    }
                });
    }

    /** Makes the name of a project resolve. */
    public static void name(String project) {
        try {
            String line = "127.0.0.1 " + project + "." + Environment.LOG_SERVICE_ENDPOINT + "\n";
            Files.writeString(hosts, line, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes the greeting and the CONNECT of SOCKS 5, then carries bytes both ways. */
    private static void lead(Socket client) throws IOException {
        try (client;
                Socket sandbox = new Socket(Proxy.NO_PROXY)) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            in.readByte();
            in.readFully(new byte[in.readUnsignedByte()]);
            out.write(new byte[] {SOCKS_5, 0});
            in.readFully(new byte[4]);
            in.readFully(new byte[IPV4_AND_PORT_BYTES]);
            sandbox.connect(Environment.logServiceAddress());
            out.write(new byte[] {SOCKS_5, 0, 0, 1, 0, 0, 0, 0, 0, 0});

            daemon(() -> carry(sandbox.getInputStream(), client));
            carry(in, sandbox);
        }
    }

    private static void carry(InputStream from, Socket to) throws IOException {
        try (to) {
            from.transferTo(to.getOutputStream());
        }
    }

    private static void daemon(Work work) {
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                work.run();
                            } catch (IOException e) {
                                // One end has closed its connection.
                            }
                        },
                        "doorway");
        thread.setDaemon(true);
        thread.start();
    }

    private interface Work {
        void run() throws IOException;
    }
}
