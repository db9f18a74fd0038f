//! Calls about consumer groups.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::group::Save;
use super::incoming::Incoming;
use super::projects::json_body;
use super::refused::Refused;
use super::route::Route;
use super::shard::cursor_number;
use super::state::addressed;
use super::{Done, LogHub};
use crate::loghub::{ConsumerGroupName, ConsumerName};

/// Consumer groups of one logstore (vendor page of limits, 2026).
const MAX_GROUPS: usize = 30;

#[derive(Deserialize)]
struct CreateBody {
    #[serde(rename = "consumerGroup")]
    name: String,
    timeout: u64,
    #[serde(default)]
    order: bool,
}

#[derive(Deserialize)]
struct UpdateBody {
    timeout: Option<u64>,
    order: Option<bool>,
}

#[derive(Deserialize)]
struct CheckPointBody {
    shard: u32,
    checkpoint: String,
}

impl LogHub {
    pub(super) fn create_consumer_group(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let body: CreateBody = json_body(incoming, "JsonInfoInvalid")?;
        let place = (addressed(incoming)?, route.logstore.as_str());
        self.add_group(place, &body.name, body.timeout, body.order)?;
        Ok(Done::empty())
    }

    /// Creates a consumer group in a logstore of a project; the timeout is in seconds.
    pub(super) fn add_group(
        &self,
        (project, logstore): (&str, &str),
        name: &str,
        timeout: u64,
        order: bool,
    ) -> Result<(), Refused> {
        ConsumerGroupName::new(name)
            .map_err(|fault| Refused::bad("JsonInfoInvalid", fault.to_string()))?;
        let timeout = check_timeout(timeout)?;
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        if logstore.groups.contains_key(name) {
            let message = "consumer group already exist";
            return Err(Refused::bad("ConsumerGroupAlreadyExist", message));
        }
        if logstore.groups.len() >= MAX_GROUPS {
            let message = format!("a logstore has at most {MAX_GROUPS} consumer groups");
            return Err(Refused::new(403, "ConsumerGroupQuotaExceed", message));
        }
        logstore.add_group(name, timeout, order);
        Ok(())
    }

    pub(super) fn list_consumer_group(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let groups = logstore
            .groups
            .iter()
            .map(|(name, group)| {
                json!({
                    "name": name,
                    "timeout": group.timeout().as_secs(),
                    "order": group.is_ordered(),
                })
            })
            .collect();
        Ok(Done::json(&Value::Array(groups)))
    }

    pub(super) fn update_consumer_group(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let body: UpdateBody = json_body(incoming, "JsonInfoInvalid")?;
        let timeout = body.timeout.map(check_timeout).transpose()?;
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        logstore
            .group_mut(&route.group)?
            .update(timeout, body.order);
        Ok(Done::empty())
    }

    pub(super) fn delete_consumer_group(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        let removed = logstore.groups.remove(&route.group);
        removed
            .map(|_group| Done::empty())
            .ok_or_else(|| Refused::group(&route.group))
    }

    pub(super) fn heartbeat(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let working: BTreeSet<u32> = json_body(incoming, "JsonInfoInvalid")?;
        let consumer = incoming.param("consumer").unwrap_or_default();
        ConsumerName::new(consumer).map_err(|fault| Refused::parameter(fault.to_string()))?;
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        let given = logstore
            .group_mut(&route.group)?
            .heartbeat(consumer, &working, now)
            .map_err(|refusal| Refused::by_group(refusal, consumer, 0))?;
        Ok(Done::json(&json!(given)))
    }

    pub(super) fn update_checkpoint(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let body: CheckPointBody = json_body(incoming, "JsonInfoInvalid")?;
        if body.checkpoint.is_empty() || STANDARD.decode(&body.checkpoint).is_err() {
            let message = format!("checkpoint {:?} is not base64", body.checkpoint);
            return Err(Refused::bad("InvalidShardCheckPoint", message));
        }
        let consumer = incoming.param("consumer").unwrap_or_default();
        // Python writes `True`.
        let force = incoming
            .param("forceSuccess")
            .is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        logstore.group(&route.group)?;
        let shard = logstore.shard(body.shard)?;
        let at_end = cursor_number(&body.checkpoint) == Some(shard.end());
        let save = Save {
            shard: body.shard,
            consumer,
            cursor: &body.checkpoint,
            is_final: shard.is_readonly && at_end,
            force,
        };
        logstore
            .group_mut(&route.group)?
            .save(save, now)
            .map_err(|refusal| Refused::by_group(refusal, consumer, body.shard))?;
        Ok(Done::empty())
    }

    /// Every shard has an entry, also without a checkpoint: the libraries take an empty list for
    /// an error. A shard that the logstore does not have gives one.
    pub(super) fn get_checkpoint(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let wanted: Option<u32> = match incoming.param("shard") {
            Some(_) => Some(incoming.number("shard")?),
            None => None,
        };
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let checkpoints = logstore
            .group(&route.group)?
            .shards()
            .filter(|(shard, _, _)| wanted.is_none_or(|wanted| wanted == *shard))
            .map(|(shard, _, saved)| {
                json!({
                    "shard": shard,
                    "checkpoint": saved.map_or("", |saved| saved.cursor.as_str()),
                    // Microseconds, though the page says seconds: its sample has 16 digits.
                    "updateTime": saved.map_or(0, |s| u64::try_from(s.at.as_micros()).unwrap_or(0)),
                    "consumer": saved.map_or("", |saved| saved.consumer.as_str()),
                })
            })
            .collect();
        Ok(Done::json(&Value::Array(checkpoints)))
    }
}

fn check_timeout(seconds: u64) -> Result<Duration, Refused> {
    if seconds == 0 {
        return Err(Refused::bad(
            "JsonInfoInvalid",
            "timeout must be at least 1",
        ));
    }
    Ok(Duration::from_secs(seconds))
}
