package conformance;

import com.alicloud.openservices.tablestore.SyncClient;
import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.http.client.ClientConfiguration;

import java.net.InetSocketAddress;

/** Where the sandbox is and with which keys it is called, from the variables of the runner. */
public final class Environment {
    public static final String LOG_SERVICE_ENDPOINT = variable("LOG_SERVICE_ENDPOINT");
    public static final String TABLE_STORE_ENDPOINT = variable("TABLE_STORE_ENDPOINT");
    public static final String INSTANCE = variable("INSTANCE");
    public static final String ACCESS_KEY_ID = variable("ACCESS_KEY_ID");
    public static final String ACCESS_KEY_SECRET = variable("ACCESS_KEY_SECRET");

    private Environment() {}

    public static InetSocketAddress logServiceAddress() {
        String address = variable("LOG_SERVICE_ADDRESS");
        int colon = address.lastIndexOf(':');
        int port = Integer.parseInt(address.substring(colon + 1));
        return new InetSocketAddress(address.substring(0, colon), port);
    }

    /** A client of Log Service as most people make it. */
    public static Client logService() {
        return new Client(
                LOG_SERVICE_ENDPOINT, ACCESS_KEY_ID, ACCESS_KEY_SECRET, throughTheSandbox());
    }

    /** The sandbox as the HTTP proxy: no name has to be resolved. */
    public static ClientConfiguration throughTheSandbox() {
        InetSocketAddress address = logServiceAddress();
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setProxyHost(address.getHostString());
        configuration.setProxyPort(address.getPort());
        return configuration;
    }

    /** A client of Table Store that lives for long. */
    public static SyncClient tableStore() {
        return new SyncClient(
                TABLE_STORE_ENDPOINT,
                ACCESS_KEY_ID,
                ACCESS_KEY_SECRET,
                INSTANCE,
                longLived());
    }

    /** Settings as most people have them, see {@link Unsent}. */
    static com.alicloud.openservices.tablestore.ClientConfiguration longLived() {
        var configuration = new com.alicloud.openservices.tablestore.ClientConfiguration();
        configuration.setRetryStrategy(new Unsent());
        return configuration;
    }

    public static String variable(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException("the environment has no " + name);
        }
        return value;
    }
}
