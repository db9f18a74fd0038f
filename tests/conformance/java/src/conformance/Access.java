package conformance;

import static conformance.Store.CLIENT;
import static conformance.Store.TIME;

import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.ConsumerGroup;
import com.aliyun.openservices.log.common.LogItem;
import com.aliyun.openservices.log.common.auth.DefaultCredentials;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.log.http.client.ClientConfiguration;
import com.aliyun.openservices.log.http.signer.SignVersion;
import com.aliyun.openservices.loghub.client.config.LogHubConfig;
import com.aliyun.openservices.loghub.client.config.LogHubConfig.ConsumePosition;

import java.util.List;

/** Log Service: who may call, and what is said to who may not. */
final class Access {
    private static final String STS_ID = Environment.variable("STS_ACCESS_KEY_ID");
    private static final String STS_SECRET = Environment.variable("STS_ACCESS_KEY_SECRET");
    private static final String STS_TOKEN = Environment.variable("STS_SECURITY_TOKEN");

    private Access() {}

    private static Client client(SignVersion version, String id, String secret) {
        ClientConfiguration configuration = Environment.throughTheSandbox();
        configuration.setSignatureVersion(version);
        configuration.setRegion("cn-sandbox");
        return new Client(Environment.LOG_SERVICE_ENDPOINT, id, secret, configuration);
    }

    private static Client client(SignVersion version) {
        return client(version, Environment.ACCESS_KEY_ID, Environment.ACCESS_KEY_SECRET);
    }

    static void signV1() throws Exception {
        signedCalls(client(SignVersion.V1));
    }

    static void signV4() throws Exception {
        signedCalls(client(SignVersion.V4));
    }

    /** With bodies and without, and with parameters that have to be encoded. */
    private static void signedCalls(Client client) throws Exception {
        Store store = new Store(1);
        LogItem log = new LogItem(TIME);
        log.PushBack("id", "signed");
        client.PutLogs(store.project, store.name, "", List.of(log), "", Store.LOWEST);
        Expect.equal("ids", List.of("signed"), store.ids(0));
        client.GetCursorTime(store.project, store.name, 0, store.begin(0));
        client.CreateConsumerGroup(
                store.project, store.name, new ConsumerGroup("group", 60, false));
        String consumer = "a + b/c&d=é%20~*";
        List<Integer> shards =
                client.HeartBeat(store.project, store.name, "group", consumer, List.of())
                        .getShards();
        Expect.equal("shards", List.of(0), shards);
        client.UpdateCheckPoint(store.project, store.name, "group", consumer, 0, store.end(0));
        Expect.equal(
                "consumer",
                consumer,
                client.getCheckpoint(store.project, store.name, "group", 0)
                        .getCheckpoint()
                        .getConsumer());
        client.DeleteLogStore(store.project, store.name);
    }

    static void wrongSecretRefused() throws Exception {
        for (SignVersion version : SignVersion.values()) {
            Client client = client(version, Environment.ACCESS_KEY_ID, "wrong");
            LogException refusal =
                    Expect.logRefusal(
                            401,
                            "SignatureNotMatch",
                            null,
                            () -> client.ListLogStores("demo", 0, 1));
            Expect.that(
                    refusal.GetErrorMessage().startsWith("signature does not match"),
                    version + " says that the signature does not match");
        }
    }

    static void unknownKeyRefused() throws Exception {
        for (SignVersion version : SignVersion.values()) {
            Client client = client(version, "nobody", Environment.ACCESS_KEY_SECRET);
            Expect.logRefusal(
                    401,
                    "InvalidAccessKeyId",
                    "AccessKeyId is invalid: nobody",
                    () -> client.ListLogStores("demo", 0, 1));
        }
    }

    static void stsTokenTaken() throws Exception {
        for (SignVersion version : SignVersion.values()) {
            Client client = client(version, STS_ID, STS_SECRET);
            client.setSecurityToken(STS_TOKEN);
            Store store = new Store(1);
            Expect.equal(
                    "logstores",
                    List.of(store.name),
                    client.ListLogStores(store.project, 0, 10).GetLogStores());
        }
    }

    static void stsTokenMissingOrWrongRefused() throws Exception {
        for (String token : new String[] {null, "wrong"}) {
            Client client = client(SignVersion.V1, STS_ID, STS_SECRET);
            client.setSecurityToken(token);
            Expect.logRefusal(
                    401,
                    "Unauthorized",
                    "The security token you provided is invalid",
                    () -> client.ListLogStores("demo", 0, 1));
        }
    }

    static void stsCredentialsRotated() throws Exception {
        Store store = new Store(1);
        DefaultCredentials[] current = {new DefaultCredentials(STS_ID, STS_SECRET, "expired")};
        ClientConfiguration configuration = Environment.throughTheSandbox();
        Client client =
                new Client(Environment.LOG_SERVICE_ENDPOINT, () -> current[0], configuration, "");
        Expect.logRefusal(
                401,
                "Unauthorized",
                "The security token you provided is invalid",
                () -> client.ListLogStores(store.project, 0, 10));
        current[0] = new DefaultCredentials(STS_ID, STS_SECRET, STS_TOKEN);
        Expect.equal(
                "logstores",
                List.of(store.name),
                client.ListLogStores(store.project, 0, 10).GetLogStores());
    }

    static void workerWithStsToken() throws Exception {
        Store store = new Store(1);
        store.put("one");
        Doorway.name(store.project);
        LogHubConfig config =
                new LogHubConfig(
                        "group",
                        "a",
                        Environment.LOG_SERVICE_ENDPOINT,
                        store.project,
                        store.name,
                        STS_ID,
                        STS_SECRET,
                        ConsumePosition.BEGIN_CURSOR);
        config.setStsToken(STS_TOKEN);
        Journal journal = new Journal();
        try (Member member = new Member(Member.inOrder(config), journal)) {
            Expect.within(30, "the log has come", () -> journal.ids().equals(List.of("one")));
        }
    }

    static void logServiceUnknownCalls() throws Exception {
        Store store = new Store(1);
        Expect.logRefusal(
                404,
                "NotFound",
                "nothing is at /configs",
                () -> CLIENT.ListConfig(store.project, 0, 10));
        Expect.logRefusal(
                404,
                "NotFound",
                "nothing is at /machinegroups",
                () -> CLIENT.ListMachineGroup(store.project));
    }

    /** A logstore of the sandbox has no index. */
    static void queriesRefusedWithoutIndex() throws Exception {
        Store store = new Store(1);
        Expect.logRefusal(
                400,
                "IndexConfigNotExist",
                "logstore without index config",
                () -> CLIENT.GetLogs(store.project, store.name, 0, TIME, "", "*"));
        Expect.logRefusal(
                400,
                "IndexConfigNotExist",
                "logstore without index config",
                () -> CLIENT.GetHistograms(store.project, store.name, 0, TIME, "", "*"));
        Expect.logRefusal(
                404,
                "IndexConfigNotExist",
                "index config doesn't exist",
                () -> CLIENT.GetIndex(store.project, store.name));
    }
}
