//! Calls about shards, cursors and logs, and the few that create what holds them.

use std::borrow::Cow;

use http::Method;
use prost::Message as _;
use serde::Deserialize;
use serde_json::json;

use super::Client;
use super::answer;
use super::call::{Call, Subject};
use crate::loghub::compression::{Compression, compress};
use crate::loghub::error::Error;
use crate::loghub::model::{Cursor, CursorPosition, Pull, PullSize, Shard, ShardId, ShardStatus};
use crate::loghub::proto::LogGroup;
use crate::transport::Response;

/// Log groups that one pull may ask for; the service refuses others.
const GROUPS_PER_PULL: std::ops::RangeInclusive<u32> = 1..=1000;

/// A shard as listed. There is no field for the parents of a split or merge.
#[derive(Deserialize)]
struct ListedShard {
    #[serde(rename = "shardID")]
    id: u32,
    status: String,
    #[serde(rename = "inclusiveBeginKey", default)]
    begin_key: String,
    #[serde(rename = "exclusiveEndKey", default)]
    end_key: String,
}

#[derive(Deserialize)]
struct CursorAnswer {
    cursor: String,
}

#[derive(Deserialize)]
struct CursorTimeAnswer {
    cursor_time: u64,
}

impl Client {
    /// All shards of the logstore, read-only ones included.
    pub async fn list_shards(&self) -> Result<Vec<Shard>, Error> {
        let path = &*self.shards_path;
        let call = Call::new("list_shards", Subject::Logstore, Method::GET, path);
        self.call(call, shards).await
    }

    /// The cursor of a position. Times are those of receipt by the service.
    pub async fn get_cursor(&self, shard: ShardId, at: CursorPosition) -> Result<Cursor, Error> {
        let from: Cow<'_, str> = match at {
            CursorPosition::Begin => "begin".into(),
            CursorPosition::End => "end".into(),
            CursorPosition::Since(unix_seconds) => unix_seconds.to_string().into(),
        };
        let call = self
            .on_shard("get_cursor", Method::GET, shard)
            .query("type", "cursor")
            .query("from", from);
        let read = |response: &Response| {
            let CursorAnswer { cursor } = answer::json(response)?;
            if cursor.is_empty() {
                return Err("the cursor is empty".to_owned());
            }
            Ok(Cursor::new(&cursor))
        };
        self.call(call, read).await
    }

    /// When the service received the log group at `cursor`, in Unix seconds. The cursor at the
    /// end of a shard may have no time yet: the service refuses it then.
    pub async fn cursor_time(&self, shard: ShardId, cursor: &Cursor) -> Result<u64, Error> {
        let call = self
            .on_shard("cursor_time", Method::GET, shard)
            .query("type", "cursor_time")
            .query("cursor", cursor.as_str());
        let read = |response: &Response| {
            answer::json(response).map(|CursorTimeAnswer { cursor_time }| cursor_time)
        };
        self.call(call, read).await
    }

    /// Reads log groups from `cursor` on: at most `count` (1 to 1000, others are brought into
    /// that range), and about 10 MB. Fewer than `count` does not mean that the end is reached.
    ///
    /// The answer is decompressed, its size checked; it is not decoded.
    pub async fn pull_logs(
        &self,
        shard: ShardId,
        cursor: &Cursor,
        count: u32,
        compression: Compression,
    ) -> Result<Pull, Error> {
        let read = |response: &Response| {
            let pull = answer::pull(response, cursor, |_size| true)?;
            pull.map_err(|_size| "there is no room for it".to_owned())
        };
        let call = self.pull_call(shard, cursor, count, compression);
        self.call(call, read).await
    }

    /// The same, where memory is bounded: an answer for which `has_room` says that there is none
    /// is not decompressed, and what comes back is its size.
    pub async fn pull_logs_within(
        &self,
        shard: ShardId,
        cursor: &Cursor,
        count: u32,
        compression: Compression,
        has_room: impl FnOnce(PullSize) -> bool + Send,
    ) -> Result<Result<Pull, PullSize>, Error> {
        let call = self.pull_call(shard, cursor, count, compression);
        let read = |response: &Response| answer::pull(response, cursor, has_room);
        self.call(call, read).await
    }

    /// Writes a log group, to the shard whose range holds `hash_key` (32 hex digits), or to any.
    pub async fn put_logs(&self, group: &LogGroup, hash_key: Option<&str>) -> Result<(), Error> {
        let raw = group.encode_to_vec();
        let body = compress(Compression::Lz4, &raw);
        let way = if hash_key.is_some() { "route" } else { "lb" };
        let path = format!("{}/{way}", self.shards_path);
        let mut call = Call::new("put_logs", Subject::Logstore, Method::POST, path).protobuf(
            body,
            raw.len(),
            Compression::Lz4,
        );
        if let Some(key) = hash_key {
            call = call.query("key", key);
        }
        self.call(call, nothing).await
    }

    /// Splits a shard at `key` (32 hex digits): it becomes read-only, two new ones cover its
    /// range. All three are returned, the old one first.
    pub async fn split_shard(&self, shard: ShardId, key: &str) -> Result<Vec<Shard>, Error> {
        let call = self
            .on_shard("split_shard", Method::POST, shard)
            .query("action", "split")
            .query("key", key);
        self.call(call, shards).await
    }

    /// Merges a shard with its right neighbour: both become read-only, a new one covers both
    /// ranges. All three are returned.
    pub async fn merge_shards(&self, shard: ShardId) -> Result<Vec<Shard>, Error> {
        let call = self
            .on_shard("merge_shards", Method::POST, shard)
            .query("action", "merge");
        self.call(call, shards).await
    }

    /// Creates the project.
    pub async fn create_project(&self, description: &str) -> Result<(), Error> {
        let project = self.settings.project.as_str();
        let call = Call::new("create_project", Subject::Project, Method::POST, "/")
            .json(&json!({"projectName": project, "description": description}));
        self.call(call, nothing).await
    }

    /// Creates the logstore, whose logs are kept for `ttl_days` (3650 = for ever).
    ///
    /// The body has only the keys that every release of the service knows.
    pub async fn create_logstore(&self, shard_count: u32, ttl_days: u32) -> Result<(), Error> {
        let body = json!({
            "logstoreName": self.settings.logstore.as_str(),
            "ttl": ttl_days,
            "shardCount": shard_count,
            "enable_tracking": false,
        });
        let subject = Subject::Logstore;
        let call = Call::new("create_logstore", subject, Method::POST, "/logstores").json(&body);
        self.call(call, nothing).await
    }

    fn pull_call<'a>(
        &self,
        shard: ShardId,
        cursor: &'a Cursor,
        count: u32,
        compression: Compression,
    ) -> Call<'a> {
        let count = count.clamp(*GROUPS_PER_PULL.start(), *GROUPS_PER_PULL.end());
        self.on_shard("pull_logs", Method::GET, shard)
            .query("type", "log")
            .query("cursor", cursor.as_str())
            .query("count", count.to_string())
            .accept_protobuf(compression)
    }

    fn on_shard<'a>(&self, name: &'static str, method: Method, shard: ShardId) -> Call<'a> {
        let path = format!("{}/{shard}", self.shards_path);
        Call::new(name, Subject::Shard(shard), method, path)
    }
}

/// The answer of a write: an empty body, which nobody looks at.
#[expect(
    clippy::unnecessary_wraps,
    reason = "stands where other readers of answers can fail"
)]
pub(super) fn nothing(_response: &Response) -> Result<(), String> {
    Ok(())
}

fn shards(response: &Response) -> Result<Vec<Shard>, String> {
    let listed: Vec<ListedShard> = answer::json(response)?;
    listed.into_iter().map(shard).collect()
}

fn shard(listed: ListedShard) -> Result<Shard, String> {
    let status = if listed.status.eq_ignore_ascii_case("readwrite") {
        ShardStatus::ReadWrite
    } else if listed.status.eq_ignore_ascii_case("readonly") {
        ShardStatus::ReadOnly
    } else {
        let ListedShard { id, status, .. } = listed;
        return Err(format!("shard {id} has the unknown status {status:?}"));
    };
    Ok(Shard {
        id: ShardId(listed.id),
        status,
        begin_key: listed.begin_key,
        end_key: listed.end_key,
    })
}
