//! Our own client against the service: over real HTTP, and on virtual time.

use std::sync::Arc;

use super::*;
use crate::loghub::{
    Client, ConsumerGroupName, ConsumerName, CursorPosition, Logstore, Project, Saved, ShardId,
    ShardStatus,
};
use crate::sandbox::{InMemory, Listen};
use crate::transport::{HttpSettings, HttpTransport, Transport};

fn client(endpoint: &str, region: Option<&str>, way: Arc<dyn Transport>, clock: Clock) -> Client {
    let settings = crate::loghub::Settings {
        endpoint: endpoint.parse().unwrap(),
        project: Project::new("made-by-us").unwrap(),
        logstore: Logstore::new("store").unwrap(),
        region: region.map(str::to_owned),
        request_timeout: Duration::from_secs(10),
    };
    Client::new(settings, key(), way, clock)
}

/// Every call of the client once, from an empty service to the end of a split shard.
async fn every_call(client: &Client, sandbox: &Sandbox) {
    client.create_project("by the client").await.unwrap();
    client.create_logstore(1, 30).await.unwrap();
    let zero = ShardId(0);
    for text in ["one", "two"] {
        client.put_logs(&group(text), None).await.unwrap();
    }
    let key = "f".repeat(32);
    client.put_logs(&group("three"), Some(&key)).await.unwrap();

    let begin = client
        .get_cursor(zero, CursorPosition::Begin)
        .await
        .unwrap();
    let end = client.get_cursor(zero, CursorPosition::End).await.unwrap();
    for compression in [Compression::Lz4, Compression::Zstd] {
        let pull = client
            .pull_logs(zero, &begin, 1000, compression)
            .await
            .unwrap();
        assert_eq!((pull.group_count, &pull.next), (3, &end));
        let groups = LogGroupList::decode(pull.data).unwrap().groups;
        assert_eq!(groups, ["one", "two", "three"].map(group));
    }
    let nothing = client
        .pull_logs(zero, &end, 1, Compression::Lz4)
        .await
        .unwrap();
    assert_eq!((nothing.group_count, nothing.data.len()), (0, 0));
    assert!(client.cursor_time(zero, &begin).await.unwrap() >= START);

    let name = ConsumerGroupName::new("group").unwrap();
    let [one, other] = ["one", "other b+c%"].map(|name| ConsumerName::new(name).unwrap());
    let timeout = Duration::from_secs(30);
    client
        .create_consumer_group(&name, timeout, true)
        .await
        .unwrap();
    assert_eq!(
        client.list_consumer_groups().await.unwrap()[0].timeout_seconds,
        30
    );
    assert_eq!(client.heartbeat(&name, &one, &[]).await.unwrap(), [zero]);
    let checkpoint = client.get_checkpoint(&name, zero).await.unwrap();
    assert_eq!(checkpoint.cursor, None);

    let middle = format!("8{}", "0".repeat(31));
    let split = client.split_shard(zero, &middle).await.unwrap();
    assert_eq!(split[0].status, ShardStatus::ReadOnly);
    assert_eq!(
        client.heartbeat(&name, &one, &[zero]).await.unwrap(),
        [zero]
    );
    let fenced = client
        .update_checkpoint(&name, &other, zero, &end)
        .await
        .unwrap();
    assert!(matches!(fenced, Saved::Fenced(_)), "{fenced:?}");
    let saved = client
        .update_checkpoint(&name, &one, zero, &end)
        .await
        .unwrap();
    assert!(matches!(saved, Saved::Saved), "{saved:?}");
    let [left, right] = [ShardId(1), ShardId(2)];
    assert_eq!(
        client.heartbeat(&name, &one, &[zero]).await.unwrap(),
        [left, right]
    );
    assert_eq!(client.heartbeat(&name, &other, &[]).await.unwrap(), []);
    let saved = client.list_checkpoints(&name).await.unwrap();
    assert_eq!(saved[0].cursor.as_ref(), Some(&end));
    assert_eq!(saved.len(), 3);

    client.merge_shards(left).await.unwrap();
    assert_eq!(client.list_shards().await.unwrap().len(), 4);
    client.delete_consumer_group(&name).await.unwrap();
    let held = sandbox.loghub().logs("made-by-us", "store").unwrap();
    assert_eq!(held.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn our_client_is_at_home_on_virtual_time() {
    for region in [None, Some("cn-test")] {
        let clock = clock();
        let sandbox = Sandbox::new(Settings::new(key(), clock.clone()));
        let way = InMemory::new(sandbox.clone(), Service::LogService);
        let endpoint = "https://cn-test.log.aliyuncs.com";
        every_call(&client(endpoint, region, Arc::new(way), clock), &sandbox).await;
    }
}

#[tokio::test]
async fn our_client_is_at_home_over_http() {
    for region in [None, Some("cn-test")] {
        let sandbox = Sandbox::new(Settings::new(key(), Clock::system()));
        let running = sandbox.serve(Listen::default()).await.unwrap();
        let way = HttpTransport::new(&HttpSettings::default()).unwrap();
        let client = client(
            &running.loghub_url(),
            region,
            Arc::new(way),
            Clock::system(),
        );
        every_call(&client, &sandbox).await;
        running.shutdown().await;
    }
}
