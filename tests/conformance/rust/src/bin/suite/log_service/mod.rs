//! Checks of the SDK of Log Service, and what they start from.

pub mod access;
pub mod consumer_groups;
pub mod logs;
pub mod projects;

use aliyun_log_rust_sdk::get_cursor_models::CursorPos;
use aliyun_log_rust_sdk::{Client, Error, PullLogsResponse};
use aliyun_log_sdk_protobuf::{Log, LogGroup};
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance::log_service;

use crate::harness::unique;

/// A logstore of its own, in a project of its own.
struct Logstore {
    client: Client,
    project: String,
    name: String,
}

impl Logstore {
    async fn new(shards: i32) -> Result<Self> {
        let (client, project) = new_project().await?;
        let name = unique("rust-logstore-");
        let request = client.create_logstore(&project, &name);
        request.shard_count(shards).ttl(7).send().await?;
        Ok(Self {
            client,
            project,
            name,
        })
    }

    /// Where the sandbox shows and steers the logstore.
    fn admin_path(&self) -> String {
        format!("logstores/{}/{}", self.project, self.name)
    }

    async fn put(&self, group: LogGroup) -> Result<()> {
        let request = self.client.put_logs(&self.project, &self.name);
        request.log_group(group).send().await?;
        Ok(())
    }

    /// Puts one log group for each of the ids, with a log that carries the id.
    async fn put_ids(&self, ids: impl IntoIterator<Item = i32>) -> Result<()> {
        for id in ids {
            self.put(group_of([[("id", id.to_string())]])).await?;
        }
        Ok(())
    }

    async fn cursor(&self, position: CursorPos) -> Result<String, Error> {
        let request = self.client.get_cursor(&self.project, &self.name, 0);
        let answer = request.cursor_pos(position).send().await?;
        Ok(answer.get_body().cursor().to_owned())
    }

    /// At most `count` log groups of shard 0.
    async fn pull(&self, cursor: &str, count: i32) -> Result<PullLogsResponse, Error> {
        let request = self.client.pull_logs(&self.project, &self.name, 0);
        let answer = request.cursor(cursor).count(count).send().await?;
        Ok(answer.take_body())
    }

    /// All log groups of shard 0.
    async fn pull_all(&self) -> Result<Vec<LogGroup>> {
        let begin = self.cursor(CursorPos::Begin).await?;
        Ok(self.pull(&begin, 1000).await?.into_log_group_list())
    }
}

/// A project of its own.
async fn new_project() -> Result<(Client, String)> {
    let client = log_service()?;
    let project = unique("rust-project-");
    let request = client.create_project(&project);
    request.description("of a check").send().await?;
    Ok((client, project))
}

/// A log group of logs with these contents.
fn group_of<L, K, V>(logs: impl IntoIterator<Item = L>) -> LogGroup
where
    L: IntoIterator<Item = (K, V)>,
    K: Into<String>,
    V: Into<String>,
{
    let mut group = LogGroup::new();
    for contents in logs {
        let mut log = Log::from_unixtime(1_700_000_000);
        for (key, value) in contents {
            log.add_content_kv(key, value);
        }
        group.add_log(log);
    }
    group
}

/// The first content of each log.
fn ids_of(groups: &[LogGroup]) -> Vec<String> {
    let logs = groups.iter().flat_map(|group| group.logs());
    logs.map(|log| log.contents()[0].value().clone()).collect()
}

/// The number that a cursor spells.
fn cursor_number(cursor: &str) -> Result<u64> {
    Ok(String::from_utf8(STANDARD.decode(cursor)?)?.parse()?)
}

/// The call is refused with this status and code, words that have `message` in them, and a request id.
#[track_caller]
fn assert_refused<T>(result: Result<T, Error>, status: u32, code: &str, message: &str) {
    let error = result.err().expect("the call has to be refused");
    let Error::Server {
        error_code,
        error_message,
        http_status,
        request_id,
    } = &error
    else {
        panic!("not refused by the service: {error:?}");
    };
    assert_eq!((*http_status, error_code.as_str()), (status, code));
    assert!(error_message.contains(message), "{error_message}");
    let id = request_id.as_deref().unwrap_or_default();
    let is_hex = id.bytes().all(|digit| digit.is_ascii_hexdigit());
    assert!(id.len() == 24 && is_hex, "request id {id}");
}
