//! Calls about shards and their logs.

use std::sync::PoisonError;

use bytes::Bytes;
use serde_json::{Value, json};

use super::blocks::{Block, BlockKey};
use super::incoming::Incoming;
use super::logstore::{Logstore, Target};
use super::put;
use super::refused::Refused;
use super::route::Route;
use super::shard::{cursor_text, log_group_list};
use super::state::addressed;
use super::{Done, LogHub, PROTOBUF};
use crate::loghub::compression::{Compression, compress};

/// Log groups of one pull.
const MAX_PULL_GROUPS: usize = 1000;

impl LogHub {
    pub(super) fn list_shards(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let shards = logstore.shards().map(super::shard::Shard::json).collect();
        Ok(Done::json(&Value::Array(shards)))
    }

    pub(super) fn split_shard(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let key = incoming
            .param("key")
            .filter(|key| !key.is_empty())
            .map(split_key)
            .transpose()?;
        let count = match incoming.param("shardCount") {
            Some(_) => incoming.number("shardCount")?,
            None => 2,
        };
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        let shards = logstore.split(route.shard_id()?, key, count, now)?;
        shards_json(logstore, &shards)
    }

    pub(super) fn merge_shards(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        let shards = logstore.merge(route.shard_id()?, now)?;
        shards_json(logstore, &shards)
    }

    pub(super) fn delete_shard(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        logstore.delete_shard(route.shard_id()?)?;
        Ok(Done::empty())
    }

    pub(super) fn get_cursor(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let from = incoming.param("from").unwrap_or_default();
        let now = self.now();
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let number = logstore.shard(route.shard_id()?)?.cursor_from(from, now)?;
        Ok(Done::json(&json!({ "cursor": cursor_text(number) })))
    }

    pub(super) fn get_cursor_time(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let cursor = incoming.param("cursor").unwrap_or_default();
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let time = logstore.shard(route.shard_id()?)?.time_of(cursor)?;
        Ok(Done::json(&json!({ "cursor_time": time.as_secs() })))
    }

    pub(super) fn pull_logs(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let cursor = incoming.param("cursor").unwrap_or_default();
        let count: usize = incoming.number("count")?;
        if !(1..=MAX_PULL_GROUPS).contains(&count) {
            let message = format!("Parameter count is not valid: {count} is not 1 to 1000");
            return Err(Refused::parameter(message));
        }
        for name in ["query", "processor", "queryId"] {
            if incoming.param(name).is_some_and(|value| !value.is_empty()) {
                let message = format!("Parameter {name} is not served by the sandbox");
                return Err(Refused::parameter(message));
            }
        }
        // The Rust SDK has the second spelling.
        let end = incoming.param("end_cursor").or(incoming.param("endCursor"));
        let shard_id = route.shard_id()?;
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let shard = logstore.shard(shard_id)?;
        let slice = shard.slice(cursor, end, count, self.pull_bytes)?;
        let serial = logstore.serial;
        drop(state);

        let encoding = accepted_encoding(incoming);
        let block = if slice.groups.is_empty() {
            Block {
                body: Bytes::new(),
                raw_bytes: 0,
            }
        } else {
            let key = encoding.map(|compression| BlockKey {
                logstore: serial,
                shard: shard_id,
                numbers: slice.numbers.clone(),
                compression,
            });
            self.block(key, &slice.groups)
        };
        let groups = slice.groups.len();
        let mut headers = vec![
            ("x-log-cursor", cursor_text(slice.numbers.end)),
            ("x-log-count", groups.to_string()),
            ("x-log-bodyrawsize", block.raw_bytes.to_string()),
        ];
        if groups > 0 {
            let last = slice.numbers.end - 1;
            headers.push(("x-log-read-last-cursor", last.to_string()));
            if let Some(compression) = encoding {
                headers.push(("x-log-compresstype", compression.as_str().to_owned()));
            }
        }
        if slice.at_end {
            headers.push(("x-log-end-of-cursor", "1".to_owned()));
        }
        if let Some(time) = slice.time {
            headers.push(("x-log-cursor-time", time.as_secs().to_string()));
        }
        // HEAD is documented as paging without the data.
        let is_head = incoming.method() == "HEAD";
        Ok(Done {
            headers,
            content_type: Some(PROTOBUF),
            body: if is_head { Bytes::new() } else { block.body },
            groups,
        })
    }

    pub(super) fn put_logs(&self, incoming: &Incoming<'_>, route: &Route) -> Result<Done, Refused> {
        let groups = put::log_groups(incoming)?;
        let key = match route.shard.as_str() {
            "route" => Some(incoming.param("key").unwrap_or_default()),
            // Old clients name the key in a header.
            _ => incoming.header("x-log-hashkey"),
        };
        let target = match key {
            Some(text) => hash_key(text)
                .map(Target::Key)
                .ok_or_else(|| Refused::parameter(format!("invalid hash key: {text}")))?,
            None => Target::Balance,
        };
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        let count = groups.len();
        for group in groups {
            logstore.put(target, group, now)?;
        }
        Ok(Done {
            groups: count,
            ..Done::empty()
        })
    }

    /// The body that holds `groups`: plain without a key, else compressed once per key.
    fn block(&self, key: Option<BlockKey>, groups: &[Bytes]) -> Block {
        let blocks = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = key else {
            let body = Bytes::from(log_group_list(groups));
            return Block {
                raw_bytes: body.len(),
                body,
            };
        };
        if let Some(known) = blocks().get(&key) {
            return known;
        }
        let raw = log_group_list(groups);
        let block = Block {
            body: compress(key.compression, &raw).into(),
            raw_bytes: raw.len(),
        };
        blocks().insert(key, &block);
        block
    }
}

fn shards_json(logstore: &Logstore, shards: &[u32]) -> Result<Done, Refused> {
    let shards: Result<Vec<Value>, Refused> = shards
        .iter()
        .map(|id| logstore.shard(*id).map(super::shard::Shard::json))
        .collect();
    Ok(Done::json(&Value::Array(shards?)))
}

/// The key at which a shard is split.
pub(super) fn split_key(text: &str) -> Result<u128, Refused> {
    hash_key(text).ok_or_else(|| Refused::parameter("invalid mid hash"))
}

/// The number that up to 32 hex digits spell.
fn hash_key(text: &str) -> Option<u128> {
    let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    (is_hex && text.len() == 32)
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

/// The first compression of `Accept-Encoding` that pulls know; others, and none, mean plain.
fn accepted_encoding(incoming: &Incoming<'_>) -> Option<Compression> {
    incoming
        .header("accept-encoding")?
        .split(',')
        .find_map(|word| Compression::parse(word.split(';').next()?))
}
