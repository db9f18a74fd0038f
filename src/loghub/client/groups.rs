//! Calls about consumer groups: who holds which shard, and how far it is done.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::Client;
use super::answer;
use super::call::{Call, Subject};
use super::logs::nothing;
use crate::loghub::error::{Error, ErrorCode};
use crate::loghub::model::{
    Checkpoint, ConsumerGroup, ConsumerGroupName, ConsumerName, Cursor, ShardId,
};
use crate::transport::Response;

/// What became of a checkpoint that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is saved.
    Saved,
    /// The shard is not the consumer's any more, or is gone: whoever works on it must stop.
    Fenced(ErrorCode),
}

/// A group as listed: what is `consumerGroup` in the call that creates it is `name` here.
#[derive(Deserialize)]
struct ListedGroup {
    name: String,
    timeout: u64,
    #[serde(default)]
    order: bool,
}

/// A checkpoint as listed. A shard without one is listed with an empty text.
#[derive(Deserialize)]
struct ListedCheckpoint {
    shard: u32,
    checkpoint: Option<String>,
    #[serde(rename = "updateTime", default)]
    updated_micros: i64,
    consumer: Option<String>,
}

impl Client {
    /// All consumer groups of the logstore.
    pub async fn list_consumer_groups(&self) -> Result<Vec<ConsumerGroup>, Error> {
        let path = &*self.groups_path;
        let call = Call::new("list_consumer_groups", Subject::Logstore, Method::GET, path);
        let read = |response: &Response| {
            let listed: Vec<ListedGroup> = answer::json(response)?;
            let groups = listed.into_iter().map(|group| ConsumerGroup {
                name: group.name,
                timeout_seconds: group.timeout,
                order: group.order,
            });
            Ok(groups.collect())
        };
        self.call(call, read).await
    }

    /// Creates a group whose consumers lose their shards after `timeout` of silence (whole
    /// seconds, at least one). With `order`, the children of a shard wait for its end.
    ///
    /// Fails with [`ErrorCode::ConsumerGroupAlreadyExist`] where there is one of that name.
    pub async fn create_consumer_group(
        &self,
        name: &ConsumerGroupName,
        timeout: Duration,
        order: bool,
    ) -> Result<(), Error> {
        let body = json!({
            "consumerGroup": name.as_str(),
            "timeout": timeout.as_secs().max(1),
            "order": order,
        });
        let subject = Subject::Group(name.as_str());
        let path = &*self.groups_path;
        let call = Call::new("create_consumer_group", subject, Method::POST, path).json(&body);
        self.call(call, nothing).await
    }

    /// Deletes a group with its checkpoints.
    pub async fn delete_consumer_group(&self, name: &ConsumerGroupName) -> Result<(), Error> {
        let subject = Subject::Group(name.as_str());
        let call = self.on_group("delete_consumer_group", subject, Method::DELETE, name);
        self.call(call, nothing).await
    }

    /// Keeps `consumer` in its group. `held` are the shards that it still works on; the answer
    /// says which it should hold: those that are missing there it must finish with and leave out,
    /// those that are new there it starts. The first heartbeat, with nothing held, registers it.
    ///
    /// [`ErrorCode::NotExistConsumerWithBody`] means that the group has dropped this consumer.
    pub async fn heartbeat(
        &self,
        group: &ConsumerGroupName,
        consumer: &ConsumerName,
        held: &[ShardId],
    ) -> Result<Vec<ShardId>, Error> {
        let held: Vec<u32> = held.iter().map(|shard| shard.0).collect();
        let subject = Subject::Consumer(group.as_str(), consumer.as_str());
        let call = self
            .on_group("heartbeat", subject, Method::POST, group)
            .query("type", "heartbeat")
            .query("consumer", consumer.as_str())
            .json(&json!(held));
        let read = |response: &Response| {
            let shards: Vec<u32> = answer::json(response)?;
            Ok(shards.into_iter().map(ShardId).collect())
        };
        self.call(call, read).await
    }

    /// The checkpoint of one shard. One that was never saved, or of a shard that the service does
    /// not list, has no cursor.
    pub async fn get_checkpoint(
        &self,
        group: &ConsumerGroupName,
        shard: ShardId,
    ) -> Result<Checkpoint, Error> {
        let subject = Subject::GroupShard(group.as_str(), shard);
        let call = self
            .on_group("get_checkpoint", subject, Method::GET, group)
            .query("shard", shard.to_string());
        let listed = self.call(call, checkpoints).await?;
        let found = listed.into_iter().find(|one| one.shard == shard);
        Ok(found.unwrap_or_else(|| Checkpoint {
            shard,
            cursor: None,
            consumer: String::new(),
            updated_micros: 0,
        }))
    }

    /// The checkpoints of all shards of the group.
    pub async fn list_checkpoints(
        &self,
        group: &ConsumerGroupName,
    ) -> Result<Vec<Checkpoint>, Error> {
        let subject = Subject::Group(group.as_str());
        let call = self.on_group("list_checkpoints", subject, Method::GET, group);
        self.call(call, checkpoints).await
    }

    /// Saves a checkpoint, without force: only the holder of the shard may. (The vendor's
    /// libraries force it, so that a late consumer can move a checkpoint back.)
    pub async fn update_checkpoint(
        &self,
        group: &ConsumerGroupName,
        consumer: &ConsumerName,
        shard: ShardId,
        cursor: &Cursor,
    ) -> Result<Saved, Error> {
        let subject = Subject::GroupShard(group.as_str(), shard);
        let call = self
            .on_group("update_checkpoint", subject, Method::POST, group)
            .query("type", "checkpoint")
            .query("consumer", consumer.as_str())
            .query("forceSuccess", "false")
            .json(&json!({"shard": shard.0, "checkpoint": cursor.as_str()}));
        match self.call(call, nothing).await {
            Ok(()) => Ok(Saved::Saved),
            Err(Error::Service {
                code:
                    code @ (ErrorCode::ConsumerNotExist
                    | ErrorCode::ConsumerNotMatch
                    | ErrorCode::ShardNotExist),
                ..
            }) => Ok(Saved::Fenced(code)),
            Err(error) => Err(error),
        }
    }

    /// Sets the checkpoint of a shard, whoever holds it: for the beginning of a group, before anybody
    /// works.
    pub async fn pin_checkpoint(
        &self,
        group: &ConsumerGroupName,
        shard: ShardId,
        cursor: &Cursor,
    ) -> Result<(), Error> {
        let subject = Subject::GroupShard(group.as_str(), shard);
        let call = self
            .on_group("pin_checkpoint", subject, Method::POST, group)
            .query("type", "checkpoint")
            .query("forceSuccess", "true")
            .json(&json!({"shard": shard.0, "checkpoint": cursor.as_str()}));
        self.call(call, nothing).await
    }

    fn on_group<'a>(
        &self,
        name: &'static str,
        subject: Subject<'a>,
        method: Method,
        group: &ConsumerGroupName,
    ) -> Call<'a> {
        let path = format!("{}/{group}", self.groups_path);
        Call::new(name, subject, method, path)
    }
}

fn checkpoints(response: &Response) -> Result<Vec<Checkpoint>, String> {
    let listed: Vec<ListedCheckpoint> = answer::json(response)?;
    let checkpoints = listed.into_iter().map(|one| Checkpoint {
        shard: ShardId(one.shard),
        cursor: one
            .checkpoint
            .filter(|cursor| !cursor.is_empty())
            .map(|cursor| Cursor::new(&cursor)),
        consumer: one.consumer.unwrap_or_default(),
        updated_micros: one.updated_micros,
    });
    Ok(checkpoints.collect())
}
