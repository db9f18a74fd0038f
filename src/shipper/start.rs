//! What is checked and set up before the first shard: tables, logstore, consumer group.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::Settings;
use super::beginning;
use super::hints::{log_hint, table_hint};
use crate::deadletters::{self, Sink, SinkError};
use crate::loghub::{self, ErrorCode as LogCode};
use crate::tablestore::{
    self, ErrorCode as TableCode, PrimaryKeyColumn, PrimaryKeyType, TableDescription, TableName,
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
    /// The table of dead letters has another primary key than the one that letters need.
    #[error(
        "dead letter table {table} has the primary key ({found}), but dead letters need ({wanted}): \
         create a table with that key, and name it as dead_letters.table"
    )]
    DeadLetterKey {
        /// The table.
        table: TableName,
        /// Its key.
        found: String,
        /// The key that is needed.
        wanted: String,
    },
    /// Dead letters cannot be stored in their file.
    #[error("dead letters cannot be kept: check dead_letters.file")]
    DeadLetterFile(#[source] Box<SinkError>),
    /// A table does not take `UpdateRow`.
    #[error(
        "{what} table {table} has allow_update = false, but rows are written by UpdateRow: set it to true"
    )]
    NoUpdate {
        /// Which table.
        what: &'static str,
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

    /// What Table Store refused about `table`, which `setting` names, with what to mend.
    pub(crate) fn table_store(source: tablestore::Error, table: &TableName, setting: &str) -> Self {
        Self::TableStore {
            hint: table_hint(&source, table, setting),
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
            Self::DeadLetterFile(source) if source.is_permission() => Obstacle::Permission,
            Self::StatusKey { .. }
            | Self::DeadLetterKey { .. }
            | Self::DeadLetterFile(_)
            | Self::NoUpdate { .. } => Obstacle::Resource,
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

/// A longer timeout of a group is taken for this one: to believe less is safe.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

/// What names the table of dead letters.
pub(super) const LETTERS_SETTING: &str = "dead_letters.table";

/// Checks the tables and the logstore, and creates the consumer group where it does not exist.
/// A service that does not answer is tried again for `patience`.
pub(super) async fn start(
    settings: &Settings,
    status_table: &TableName,
    dead_letters: Option<&Sink>,
    loghub: &loghub::Client,
    tablestore: &Arc<tablestore::Client>,
    patience: Duration,
) -> Result<Found, StartError> {
    let policy = Policy {
        first: Duration::from_millis(100),
        longest: Duration::from_secs(2),
        total: Some(patience),
    };
    let target = find_target(&policy, tablestore, &settings.target_table).await?;
    let status = describe(&policy, tablestore, status_table, "tablestore.status_table").await?;
    let wrong_key = |table, found, wanted| StartError::StatusKey {
        table,
        found,
        wanted,
    };
    check_key(&status, &STATUS_KEY, wrong_key)?;
    if let Some(sink) = dead_letters {
        check_dead_letters(&policy, tablestore, sink).await?;
    }
    let refused = StartError::log_service;
    let shards = retry::retry(&policy, || loghub.list_shards(), told)
        .await
        .map_err(refused)?;
    let group_timeout = join_group(&policy, settings, loghub)
        .await
        .map_err(refused)?;
    beginning::pin(&policy, settings, loghub, &shards)
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

pub(super) fn told<E: std::error::Error>(error: &E, attempt: u32) {
    warn!(
        attempt,
        error = error_chain(error),
        "not ready yet: trying again"
    );
}

/// The target table, if it takes rows.
pub(super) async fn find_target(
    policy: &Policy,
    client: &tablestore::Client,
    table: &TableName,
) -> Result<TableDescription, StartError> {
    let target = describe(policy, client, table, "tablestore.target_table").await?;
    check_update(&target, "target")?;
    Ok(target)
}

/// Whether dead letters can be stored.
async fn check_dead_letters(
    policy: &Policy,
    client: &tablestore::Client,
    sink: &Sink,
) -> Result<(), StartError> {
    match sink {
        Sink::Table(table) => check_letter_table(policy, client, table.name()).await,
        Sink::File(file) => Arc::clone(file)
            .check()
            .await
            .map_err(|error| StartError::DeadLetterFile(Box::new(error))),
    }
}

/// Whether dead letters can be read, and, unless it is only for show, removed. A file must be there.
pub(super) async fn check_letters(
    policy: &Policy,
    client: &tablestore::Client,
    sink: &Sink,
    is_for_show: bool,
) -> Result<(), StartError> {
    match sink {
        Sink::Table(table) => check_letter_table(policy, client, table.name()).await,
        Sink::File(_) if is_for_show => Ok(()),
        Sink::File(file) => Arc::clone(file)
            .check_folder()
            .await
            .map_err(|error| StartError::DeadLetterFile(Box::new(error))),
    }
}

async fn check_letter_table(
    policy: &Policy,
    client: &tablestore::Client,
    table: &TableName,
) -> Result<(), StartError> {
    let table = describe(policy, client, table, LETTERS_SETTING).await?;
    let wrong_key = |table, found, wanted| StartError::DeadLetterKey {
        table,
        found,
        wanted,
    };
    check_key(&table, &deadletters::KEY, wrong_key)?;
    if table.time_to_live_seconds > 0 {
        warn!(
            table = %table.name,
            seconds = table.time_to_live_seconds,
            "dead letters vanish after their table's time to live"
        );
    }
    check_update(&table, "dead letter")
}

fn check_update(table: &TableDescription, what: &'static str) -> Result<(), StartError> {
    if table.allow_update {
        return Ok(());
    }
    let table = table.name.clone();
    Err(StartError::NoUpdate { what, table })
}

async fn describe(
    policy: &Policy,
    client: &tablestore::Client,
    table: &TableName,
    setting: &str,
) -> Result<TableDescription, StartError> {
    let refused = |source| StartError::table_store(source, table, setting);
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
    if let Some(timeout) = find_group(settings, loghub).await? {
        return Ok(timeout);
    }
    match loghub
        .create_consumer_group(&settings.group, settings.group_timeout, true)
        .await
    {
        Ok(()) => {
            info!(group = %settings.group, "consumer group created");
            Ok(settings.group_timeout)
        }
        // Another container was faster, whose timeout counts.
        Err(error) if error.code() == Some(&LogCode::ConsumerGroupAlreadyExist) => {
            let timeout = find_group(settings, loghub).await?;
            Ok(timeout.unwrap_or(settings.group_timeout))
        }
        Err(error) => Err(error),
    }
}

/// The timeout of the group, where it exists.
async fn find_group(
    settings: &Settings,
    loghub: &loghub::Client,
) -> Result<Option<Duration>, loghub::Error> {
    let groups = loghub.list_consumer_groups().await?;
    let found = groups
        .iter()
        .find(|group| group.name == settings.group.as_str());
    let Some(group) = found else { return Ok(None) };
    if !group.order {
        warn!(
            group = group.name,
            "the consumer group has order = false: after a split or merge, logs of one key may be written out of order"
        );
    }
    let timeout = Duration::from_secs(group.timeout_seconds.max(1));
    Ok(Some(timeout.min(LONGEST_TIMEOUT)))
}

/// Whether a table has the primary key that is wanted of it; `wrong` is told of the table, the key
/// that it has, and the one that it should have.
fn check_key(
    table: &TableDescription,
    wanted: &[(&str, PrimaryKeyType)],
    wrong: impl FnOnce(TableName, String, String) -> StartError,
) -> Result<(), StartError> {
    let found = table
        .primary_key
        .iter()
        .map(|column| (column.name.as_str(), column.kind));
    let counts = table.primary_key.iter().any(|column| column.auto_increment);
    if found.eq(wanted.iter().copied()) && !counts {
        return Ok(());
    }
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    Err(wrong(
        table.name.clone(),
        show_key(&table.primary_key),
        wanted.join(", "),
    ))
}

fn show_key(key: &[PrimaryKeyColumn]) -> String {
    let columns: Vec<_> = key
        .iter()
        .map(|column| {
            let suffix = if column.auto_increment {
                " AUTO_INCREMENT"
            } else {
                ""
            };
            format!("{} {}{suffix}", column.name, column.kind)
        })
        .collect();
    columns.join(", ")
}
