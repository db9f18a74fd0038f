import com.alicloud.openservices.tablestore.SyncClient;
import com.alicloud.openservices.tablestore.model.*;
import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.LogItem;
import com.aliyun.openservices.log.http.client.ClientConfiguration;

import java.net.URI;
import java.util.List;

/** Puts a log and a row into a running sandbox, and reads the row back. */
public class Example {
    public static void main(String[] arguments) throws Exception {
        URI sandbox = URI.create("http://" + System.getenv("LOG_SERVICE_ADDRESS"));
        String id = System.getenv("ACCESS_KEY_ID");
        String secret = System.getenv("ACCESS_KEY_SECRET");

        // The SDK puts the project in front of the endpoint; as its proxy the sandbox takes any
        // such name.
        ClientConfiguration proxy = new ClientConfiguration();
        proxy.setProxyHost(sandbox.getHost());
        proxy.setProxyPort(sandbox.getPort());
        Client logs = new Client("sandbox.log.example", id, secret, proxy);
        LogItem log = new LogItem();
        log.PushBack("path", "/");
        logs.PutLogs("demo", "access", "", List.of(log), "10.0.0.1");

        SyncClient tables =
                new SyncClient(System.getenv("TABLE_STORE_ENDPOINT"), id, secret, "sandbox");
        PrimaryKey key =
                PrimaryKeyBuilder.createPrimaryKeyBuilder()
                        .addPrimaryKeyColumn("ip", PrimaryKeyValue.fromString("10.0.0.1"))
                        .addPrimaryKeyColumn("time", PrimaryKeyValue.fromString("12:00:00"))
                        .build();
        RowPutChange row = new RowPutChange("access_log", key);
        tables.putRow(new PutRowRequest(row.addColumn("path", ColumnValue.fromString("/"))));
        SingleRowQueryCriteria query = new SingleRowQueryCriteria("access_log", key);
        query.setMaxVersions(1);
        System.out.println(tables.getRow(new GetRowRequest(query)).getRow());

        logs.shutdown();
        tables.shutdown();
    }
}
