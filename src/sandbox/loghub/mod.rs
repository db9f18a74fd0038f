//! Log Service in memory: projects, logstores, shards, log groups, consumer groups.
//!
//! A request goes route → verify → operate → encode. Log groups are kept as the bytes they came
//! in, so that a pull is a concatenation of slices; nothing is decoded or encoded again. What the
//! service does otherwise, and what could not be settled, is listed in `docs/sandbox.md`.

mod blocks;
mod consumers;
mod data;
mod group;
mod incoming;
mod index;
mod inspect;
mod logstore;
mod projects;
mod put;
mod refused;
mod route;
mod seeding;
mod shard;
mod state;
mod steer;
mod verify;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use serde_json::{Value, json};

use self::blocks::Blocks;
pub use self::group::ShardState;
use self::incoming::Incoming;
pub use self::inspect::{
    GroupSnapshot, LogstoreSnapshot, Position, ShardSnapshot, StoredGroup, StoredShard,
};
use self::refused::Refused;
use self::route::{Operation, Route};
use self::state::State;
use super::{Answer, Desk, Keys, Reply, Service};
use crate::transport::Clock;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-log-requestid");

/// Log Service in memory.
#[derive(Debug)]
pub struct LogHub {
    keys: Arc<Keys>,
    clock: Clock,
    /// Bytes, uncompressed, after which a pull ends.
    pull_bytes: usize,
    state: Mutex<State>,
    blocks: Mutex<Blocks>,
    requests: AtomicU64,
}

/// The names of all calls.
pub(super) fn operation_names() -> impl Iterator<Item = &'static str> {
    Operation::ALL.iter().map(|operation| operation.name())
}

/// A call that succeeded: status 200.
#[derive(Debug, Default)]
struct Done {
    headers: Vec<(&'static str, String)>,
    content_type: Option<&'static str>,
    body: Bytes,
    /// Log groups that it is about.
    groups: usize,
}

impl Done {
    fn empty() -> Self {
        Self::default()
    }

    fn json(value: &Value) -> Self {
        Self {
            content_type: Some(JSON),
            body: value.to_string().into(),
            ..Self::default()
        }
    }
}

impl LogHub {
    pub(crate) fn new(keys: Arc<Keys>, clock: Clock, pull_bytes: usize) -> Self {
        Self {
            keys,
            clock,
            pull_bytes,
            state: Mutex::default(),
            blocks: Mutex::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// Answers one request, and applies whatever fault is scripted for it.
    pub(crate) fn respond(&self, request: &http::Request<Bytes>, desk: &Desk) -> Reply {
        let incoming = Incoming::new(request);
        let route = route::find(&incoming);
        let operation = match &route {
            Ok(route) => route.operation.name(),
            Err(_) => "Unknown",
        };
        desk.attend(
            Service::LogService,
            operation,
            request,
            |status, code, message| self.refusal(status, code, message),
            |_plan| match self.serve(&incoming, route) {
                Ok(done) => Answer {
                    rows: done.groups,
                    response: self.success(done),
                    code: String::new(),
                },
                Err(refused) => Answer {
                    response: self.refusal(refused.status, refused.code, &refused.message),
                    code: refused.code.to_owned(),
                    rows: 0,
                },
            },
        )
    }

    fn serve(
        &self,
        incoming: &Incoming<'_>,
        route: Result<Route, Refused>,
    ) -> Result<Done, Refused> {
        use Operation as O;
        verify::check(incoming, &self.keys, self.clock.utc())?;
        let route = route?;
        match route.operation {
            O::CreateProject => self.create_project_call(incoming),
            O::GetProject => self.get_project(incoming),
            O::ListProject => self.list_project(incoming),
            O::UpdateProject => self.update_project(incoming),
            O::DeleteProject => self.delete_project(incoming),
            O::CreateLogStore => self.create_logstore_call(incoming),
            O::GetLogStore => self.get_logstore(incoming, &route),
            O::ListLogStore => self.list_logstore(incoming),
            O::UpdateLogStore => self.update_logstore(incoming, &route),
            O::DeleteLogStore => self.delete_logstore(incoming, &route),
            O::GetLogs | O::GetHistograms => self.query(incoming, &route),
            O::GetIndex | O::UpdateIndex | O::DeleteIndex => self.missing_index(incoming, &route),
            O::CreateIndex => self.create_index(incoming, &route),
            O::ListShards => self.list_shards(incoming, &route),
            O::SplitShard => self.split_shard(incoming, &route),
            O::MergeShards => self.merge_shards(incoming, &route),
            O::DeleteShard => self.delete_shard(incoming, &route),
            O::GetCursor => self.get_cursor(incoming, &route),
            O::GetCursorTime => self.get_cursor_time(incoming, &route),
            O::PullLogs => self.pull_logs(incoming, &route),
            O::PutLogs => self.put_logs(incoming, &route),
            O::CreateConsumerGroup => self.create_consumer_group(incoming, &route),
            O::ListConsumerGroup => self.list_consumer_group(incoming, &route),
            O::UpdateConsumerGroup => self.update_consumer_group(incoming, &route),
            O::DeleteConsumerGroup => self.delete_consumer_group(incoming, &route),
            O::HeartBeat => self.heartbeat(incoming, &route),
            O::UpdateCheckPoint => self.update_checkpoint(incoming, &route),
            O::GetCheckPoint => self.get_checkpoint(incoming, &route),
        }
    }

    fn success(&self, done: Done) -> http::Response<Bytes> {
        let mut response = self.response(200, done.content_type, done.body);
        for (name, value) in done.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> http::Response<Bytes> {
        let body = json!({ "errorCode": code, "errorMessage": message });
        self.response(status, Some(JSON), body.to_string().into())
    }

    /// Headers that every answer has. An empty body is not labelled: the Node SDK would parse it.
    fn response(
        &self,
        status: u16,
        content_type: Option<&'static str>,
        body: Bytes,
    ) -> http::Response<Bytes> {
        let mut response = http::Response::new(body);
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let date = httpdate::fmt_http_date(self.clock.now());
        for (name, text) in [(DATE, date), (REQUEST_ID, self.request_id())] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
        response
    }

    /// 24 hex digits, as the service's are; never the same twice.
    fn request_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:08X}{count:016X}", self.clock.unix_seconds())
    }

    fn now(&self) -> Duration {
        self.clock
            .now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
