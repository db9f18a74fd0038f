//! What is checked and set up before the first shard: tables, logstore, consumer group.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::Settings;
use crate::loghub::{self, ErrorCode as LogCode};
use crate::tablestore::{
    self, ErrorCode as TableCode, PrimaryKeyColumn, PrimaryKeyType, TableDescription, TableName,
    Verdict,
};
use crate::transport::retry::{self, Policy};
use crate::transport::{Retry, Retryable, error_chain};

/// The daemon cannot start. The message names what to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Log Service refused, or did not answer.
    #[error("{hint}")]
    LogService {
        /// What to mend.
        hint: String,
        /// What happened.
        #[source]
        source: Box<loghub::Error>,
    },
    /// Table Store refused, or did not answer.
    #[error("{hint}")]
    TableStore {
        /// What to mend.
        hint: String,
        /// What happened.
        #[source]
        source: Box<tablestore::Error>,
    },
    /// The status table has another primary key than the one that status rows need.
    #[error(
        "status table {table} has the primary key ({found}), but status rows need ({wanted}): \
         create a table with that key, and name it as tablestore.status_table"
    )]
    StatusKey {
        /// The table.
        table: TableName,
        /// Its key.
        found: String,
        /// The key that is needed.
        wanted: String,
    },
    /// The target table does not take `UpdateRow`.
    #[error(
        "target table {table} has allow_update = false, but rows are written by UpdateRow: set it to true"
    )]
    NoUpdate {
        /// The table.
        table: TableName,
    },
}

/// What kind of thing stands in the way, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A service does not answer, or is in trouble.
    Unavailable,
    /// Credentials or permissions.
    Permission,
    /// A project, logstore or table is missing, or is not what it must be.
    Resource,
}

impl StartError {
    /// What Log Service refused, with what to mend.
    pub(crate) fn log_service(source: loghub::Error) -> Self {
        Self::LogService {
            hint: log_hint(&source),
            source: Box::new(source),
        }
    }

    /// What Table Store refused about `table`, which `tablestore.KEY` names, with what to mend.
    pub(crate) fn table_store(source: tablestore::Error, table: &TableName, key: &str) -> Self {
        Self::TableStore {
            hint: table_hint(&source, table, key),
            source: Box::new(source),
        }
    }

    /// What kind of thing stands in the way.
    pub fn obstacle(&self) -> Obstacle {
        match self {
            Self::LogService { source, .. } => match source.code() {
                Some(
                    LogCode::Unauthorized
                    | LogCode::InvalidAccessKeyId
                    | LogCode::SignatureNotMatch
                    | LogCode::RequestTimeExpired
                    | LogCode::ProjectForbidden,
                ) => Obstacle::Permission,
                Some(_) if source.retry() == Retry::Never => Obstacle::Resource,
                _ => Obstacle::Unavailable,
            },
            Self::TableStore { source, .. } => match source.code() {
                Some(TableCode::AuthFailed | TableCode::NoPermissionAccess) => Obstacle::Permission,
                Some(_) if source.retry() == Retry::Never => Obstacle::Resource,
                _ => Obstacle::Unavailable,
            },
            Self::StatusKey { .. } | Self::NoUpdate { .. } => Obstacle::Resource,
        }
    }
}

/// What the start found out.
#[derive(Debug)]
pub(super) struct Found {
    /// The target table.
    pub(super) target: TableDescription,
    /// The consumer group's timeout: the existing group's own, where it existed.
    pub(super) group_timeout: Duration,
}

/// The primary key of a status table, in order.
pub const STATUS_KEY: [(&str, PrimaryKeyType); 4] = [
    ("project_logstore", PrimaryKeyType::String),
    ("shard", PrimaryKeyType::Integer),
    ("target_table", PrimaryKeyType::String),
    ("timestamp", PrimaryKeyType::Integer),
];

/// Checks the tables and the logstore, and creates the consumer group where it does not exist.
/// A service that does not answer is tried again for `patience`.
pub(super) async fn start(
    settings: &Settings,
    status_table: &TableName,
    loghub: &loghub::Client,
    tablestore: &Arc<tablestore::Client>,
    patience: Duration,
) -> Result<Found, StartError> {
    let policy = Policy {
        first: Duration::from_millis(100),
        longest: Duration::from_secs(2),
        total: Some(patience),
    };
    let target = describe(&policy, tablestore, &settings.target_table, "target_table").await?;
    if !target.allow_update {
        return Err(StartError::NoUpdate { table: target.name });
    }
    let status = describe(&policy, tablestore, status_table, "status_table").await?;
    check_status_key(&status)?;
    let refused = StartError::log_service;
    let shards = retry::retry(&policy, || loghub.list_shards(), told)
        .await
        .map_err(refused)?;
    let group_timeout = join_group(&policy, settings, loghub)
        .await
        .map_err(refused)?;
    info!(
        shards = shards.len(),
        primary_key = %show_key(&target.primary_key),
        group_timeout = ?group_timeout,
        "tables, logstore and consumer group are in order"
    );
    Ok(Found {
        target,
        group_timeout,
    })
}

fn told<E: std::error::Error>(error: &E, attempt: u32, _pause: Duration) {
    warn!(
        attempt,
        error = error_chain(error),
        "not ready yet: trying again"
    );
}

async fn describe(
    policy: &Policy,
    client: &tablestore::Client,
    table: &TableName,
    key: &str,
) -> Result<TableDescription, StartError> {
    let refused = |source| StartError::table_store(source, table, key);
    retry::retry(policy, || client.describe_table(table), told)
        .await
        .map_err(refused)
}

/// Uses the group as it is, or creates it: with `order`, so that children of a split wait for
/// their parents.
async fn join_group(
    policy: &Policy,
    settings: &Settings,
    loghub: &loghub::Client,
) -> Result<Duration, loghub::Error> {
    retry::retry(policy, || find_or_create_group(settings, loghub), told).await
}

async fn find_or_create_group(
    settings: &Settings,
    loghub: &loghub::Client,
) -> Result<Duration, loghub::Error> {
    let groups = loghub.list_consumer_groups().await?;
    if let Some(group) = groups
        .iter()
        .find(|group| group.name == settings.group.as_str())
    {
        if !group.order {
            warn!(
                group = group.name,
                "the consumer group has order = false: after a split or merge, logs of one key may be written out of order"
            );
        }
        return Ok(Duration::from_secs(group.timeout_seconds.max(1)));
    }
    match loghub
        .create_consumer_group(&settings.group, settings.group_timeout, true)
        .await
    {
        Ok(()) => info!(group = %settings.group, "consumer group created"),
        // Another container was faster.
        Err(error) if error.code() == Some(&LogCode::ConsumerGroupAlreadyExist) => {}
        Err(error) => return Err(error),
    }
    Ok(settings.group_timeout)
}

fn check_status_key(table: &TableDescription) -> Result<(), StartError> {
    let found = table
        .primary_key
        .iter()
        .map(|column| (column.name.as_str(), column.kind));
    if found.eq(STATUS_KEY) {
        return Ok(());
    }
    let wanted: Vec<_> = STATUS_KEY
        .iter()
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    Err(StartError::StatusKey {
        table: table.name.clone(),
        found: show_key(&table.primary_key),
        wanted: wanted.join(", "),
    })
}

fn show_key(key: &[PrimaryKeyColumn]) -> String {
    let columns: Vec<_> = key
        .iter()
        .map(|column| format!("{} {}", column.name, column.kind))
        .collect();
    columns.join(", ")
}

/// What to mend when Log Service refuses.
fn log_hint(error: &loghub::Error) -> String {
    match error.code() {
        Some(LogCode::SignatureNotMatch) => {
            "Log Service refuses the signature: check access_key_secret".to_owned()
        }
        Some(LogCode::InvalidAccessKeyId) => {
            "Log Service does not know the access key: check access_key_id, and security_token if the key is a temporary one".to_owned()
        }
        Some(LogCode::Unauthorized | LogCode::ProjectForbidden) => {
            "Log Service denies access: give the access key's user the permissions that the README lists".to_owned()
        }
        Some(LogCode::RequestTimeExpired) => {
            "the clock of this machine is more than 15 minutes off: set it right".to_owned()
        }
        Some(LogCode::ProjectNotExist) => {
            "the project does not exist: check loghub.endpoint (its first label names the project) or loghub.project".to_owned()
        }
        Some(LogCode::LogStoreNotExist) => {
            "the logstore does not exist: check loghub.logstore, or create it".to_owned()
        }
        Some(_) => "Log Service refuses to let us start".to_owned(),
        None => "Log Service cannot be reached: check loghub.endpoint and the network".to_owned(),
    }
}

/// What to mend when Table Store refuses.
fn table_hint(error: &tablestore::Error, table: &TableName, key: &str) -> String {
    match error.code() {
        Some(TableCode::AuthFailed) if clock_is_off(error) => {
            "the clock of this machine is more than 15 minutes off: set it right".to_owned()
        }
        Some(TableCode::AuthFailed) => {
            "Table Store refuses the credentials: check access_key_id, access_key_secret and security_token".to_owned()
        }
        Some(TableCode::NoPermissionAccess) => format!(
            "Table Store denies access to table {table}: give the access key's user the permissions that the README lists"
        ),
        Some(TableCode::ObjectNotExist) => format!(
            "table {table} does not exist: check tablestore.{key} and tablestore.instance, or create the table"
        ),
        Some(_) if error.verdict() == Verdict::BadRow => {
            format!("Table Store refuses to describe table {table}: check tablestore.instance and tablestore.{key}")
        }
        Some(_) => format!("Table Store does not serve table {table}"),
        None => "Table Store cannot be reached: check tablestore.endpoint and the network".to_owned(),
    }
}

fn clock_is_off(error: &tablestore::Error) -> bool {
    matches!(error, tablestore::Error::Service { message, .. } if message.contains("system time"))
}
