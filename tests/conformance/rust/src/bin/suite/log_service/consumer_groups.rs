//! Consumer groups: their calls, heartbeats, checkpoints.

use std::time::{SystemTime, UNIX_EPOCH};

use aliyun_log_rust_sdk::get_cursor_models::CursorPos;
use aliyun_log_rust_sdk::{ConsumerGroupCheckpoint, Error};
use anyhow::Result;

use super::{Logstore, assert_refused};
use crate::admin;
use crate::harness::checks;

checks![
    consumer_group_created_changed_deleted,
    consumers_share_shards,
    children_wait_for_their_parent,
    expired_consumer_leaves_its_shards,
    unknown_consumer_with_shards_refused,
    checkpoint_saved_and_read,
    checkpoint_of_another_refused_unless_forced,
];

const GROUP: &str = "group";

impl Logstore {
    /// A logstore with a consumer group.
    async fn with_group(shards: i32) -> Result<Self> {
        let store = Self::new(shards).await?;
        store.create_group().await?;
        Ok(store)
    }

    async fn create_group(&self) -> Result<(), Error> {
        let Self {
            client,
            project,
            name,
        } = self;
        let request = client.create_consumer_group(project, name, GROUP);
        request.timeout(60).order(true).send().await?;
        Ok(())
    }

    async fn groups(&self) -> Result<Vec<(String, i32, bool)>> {
        let Self {
            client,
            project,
            name,
        } = self;
        let answer = client.list_consumer_groups(project, name).send().await?;
        let groups = answer.get_body().consumer_groups().iter();
        let shown = groups.map(|group| {
            let name = group.consumer_group_name().clone();
            (name, *group.timeout(), *group.order())
        });
        Ok(shown.collect())
    }

    /// The shards that the service gives a consumer that holds `held`, sorted.
    async fn heartbeat(&self, consumer: &str, held: &[i32]) -> Result<Vec<i32>, Error> {
        let Self {
            client,
            project,
            name,
        } = self;
        let request = client.consumer_group_heartbeat(project, name, GROUP);
        let request = request.consumer(consumer).shards(held.to_vec());
        let mut given = request.send().await?.get_body().shards().clone();
        given.sort_unstable();
        Ok(given)
    }

    async fn save(&self, consumer: &str, cursor: &str, force: bool) -> Result<(), Error> {
        let Self {
            client,
            project,
            name,
        } = self;
        let request = client.update_consumer_group_checkpoint(project, name, GROUP);
        let request = request.consumer_id(consumer).shard_id(0);
        let request = request.checkpoint(cursor).force_success(force);
        request.send().await?;
        Ok(())
    }

    async fn checkpoints(&self) -> Result<Vec<ConsumerGroupCheckpoint>> {
        let Self {
            client,
            project,
            name,
        } = self;
        let request = client.get_consumer_group_checkpoint(project, name, GROUP);
        Ok(request.send().await?.get_body().checkpoints().clone())
    }

    async fn checkpoint_of_shard_0(&self) -> Result<ConsumerGroupCheckpoint> {
        let Self {
            client,
            project,
            name,
        } = self;
        let request = client.get_consumer_group_checkpoint(project, name, GROUP);
        let answer = request.shard_id(0).send().await?;
        Ok(answer.get_body().checkpoints()[0].clone())
    }
}

async fn consumer_group_created_changed_deleted() -> Result<()> {
    let store = Logstore::with_group(1).await?;
    assert_eq!(store.groups().await?, [(GROUP.to_owned(), 60, true)]);
    let again = store.create_group().await;
    assert_refused(again, 400, "ConsumerGroupAlreadyExist", GROUP);
    let Logstore {
        client,
        project,
        name,
    } = &store;
    let request = client.update_consumer_group(project, name, GROUP);
    request.timeout(20).order(false).send().await?;
    assert_eq!(store.groups().await?, [(GROUP.to_owned(), 20, false)]);
    let delete = || client.delete_consumer_group(project, name, GROUP).send();
    delete().await?;
    assert!(store.groups().await?.is_empty());
    assert_refused(delete().await, 404, "ConsumerGroupNotExist", GROUP);
    Ok(())
}

async fn consumers_share_shards() -> Result<()> {
    let store = Logstore::with_group(4).await?;
    let everything = [0, 1, 2, 3];
    assert_eq!(store.heartbeat("one", &[]).await?, everything);
    assert!(store.heartbeat("two", &[]).await?.is_empty());
    let kept = store.heartbeat("one", &everything).await?;
    assert_eq!(kept.len(), 2);
    store.heartbeat("one", &kept).await?;
    let mut together = store.heartbeat("two", &[]).await?;
    together.extend(kept);
    together.sort_unstable();
    assert_eq!(together, everything);
    Ok(())
}

async fn children_wait_for_their_parent() -> Result<()> {
    let store = Logstore::with_group(1).await?;
    assert_eq!(store.heartbeat("one", &[]).await?, [0]);
    admin::post(&format!("{}/shards/0/split", store.admin_path()), "").await?;
    let shards = store.client.list_shards(&store.project, &store.name);
    let shards = shards.send().await?.take_body();
    let shown = shards
        .shards()
        .iter()
        .map(|it| (*it.shard_id(), it.status().as_str()));
    let expected = [(0, "readonly"), (1, "readwrite"), (2, "readwrite")];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(store.heartbeat("one", &[0]).await?, [0]);
    let end = store.cursor(CursorPos::End).await?;
    store.save("one", &end, false).await?;
    assert_eq!(store.heartbeat("one", &[]).await?, [1, 2]);
    Ok(())
}

async fn expired_consumer_leaves_its_shards() -> Result<()> {
    let store = Logstore::with_group(2).await?;
    assert_eq!(store.heartbeat("one", &[]).await?, [0, 1]);
    assert!(store.heartbeat("two", &[]).await?.is_empty());
    let path = store.admin_path();
    admin::post(
        &format!("{path}/consumergroups/{GROUP}/expire?consumer=one"),
        "",
    )
    .await?;
    assert_eq!(store.heartbeat("two", &[]).await?, [0, 1]);
    let late = store.heartbeat("one", &[0, 1]).await;
    assert_refused(late, 400, "NotExistConsumerWithBody", "one");
    Ok(())
}

async fn unknown_consumer_with_shards_refused() -> Result<()> {
    let store = Logstore::with_group(1).await?;
    let heartbeat = store.heartbeat("nobody", &[0]).await;
    assert_refused(heartbeat, 400, "NotExistConsumerWithBody", "nobody");
    Ok(())
}

async fn checkpoint_saved_and_read() -> Result<()> {
    let store = Logstore::with_group(2).await?;
    store.heartbeat("one", &[]).await?;
    let fresh = store.checkpoints().await?;
    let shown: Vec<_> = fresh
        .iter()
        .map(|it| (*it.shard_id(), it.checkpoint().as_str()))
        .collect();
    assert_eq!(shown, [(0, ""), (1, "")]);
    let cursor = store.cursor(CursorPos::End).await?;
    store.save("one", &cursor, false).await?;
    let saved = store.checkpoint_of_shard_0().await?;
    assert_eq!(
        (saved.checkpoint(), saved.consumer().as_str()),
        (&cursor, "one")
    );
    let micros = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
    let age = (micros - saved.update_time()).abs();
    assert!(age < 60_000_000, "saved {age} microseconds ago");
    Ok(())
}

async fn checkpoint_of_another_refused_unless_forced() -> Result<()> {
    let store = Logstore::with_group(1).await?;
    store.heartbeat("one", &[]).await?;
    store.heartbeat("two", &[]).await?;
    let cursor = store.cursor(CursorPos::Begin).await?;
    let refused = store.save("two", &cursor, false).await;
    assert_refused(refused, 400, "ConsumerNotMatch", "two");
    let refused = store.save("nobody", &cursor, false).await;
    assert_refused(refused, 404, "ConsumerNotExist", "nobody");
    let refused = store.save("one", "not base64!", false).await;
    assert_refused(refused, 400, "InvalidShardCheckPoint", "");
    store.save("two", &cursor, true).await?;
    assert_eq!(*store.checkpoint_of_shard_0().await?.checkpoint(), cursor);
    Ok(())
}
