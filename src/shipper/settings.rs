//! What the shipper can be told; `config` fills it in.

use std::time::Duration;

use crate::deadletters::Destination;
use crate::loghub::{ConsumerGroupName, ConsumerName};
use crate::tablestore::TableName;
use crate::transform::Expression;

/// Settings of the shipper.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The consumer group that shares the logstore's shards.
    pub group: ConsumerGroupName,
    /// Our name in the group.
    pub consumer: ConsumerName,
    /// Pause between heartbeats.
    pub heartbeat_interval: Duration,
    /// A group that does not exist is created with this timeout; whole seconds.
    pub group_timeout: Duration,
    /// Where a shard without a checkpoint begins.
    pub start: StartPosition,
    /// What follows when the service no longer knows a cursor.
    pub lost_cursor: LostCursor,
    /// The table that gets the rows.
    pub target_table: TableName,
    /// How a log becomes a row.
    pub rules: RowRules,
    /// Where logs are kept that cannot become rows; `None` = nowhere.
    pub dead_letters: Option<Destination>,
    /// A checkpoint that moved is saved at least this often.
    pub checkpoint_interval: Duration,
    /// Bytes of logs and rows held between pull and acknowledgement, over all shards.
    pub memory_limit_bytes: usize,
    /// Batches in flight to the target table, over all shards, at the most.
    pub max_batches_in_flight: usize,
    /// How long hand-over may take at shutdown.
    pub shutdown_grace: Duration,
}

/// Where a shard without a checkpoint begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPosition {
    /// At the oldest log still kept.
    Begin,
    /// At the logs that arrive from now on.
    End,
    /// At the first log received at or after this Unix time, in seconds.
    Since(u64),
}

/// What follows when the service no longer knows a cursor (the logs behind it expired).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostCursor {
    /// Go on from the oldest log still kept.
    Oldest,
    /// Go on from the logs that arrive from now on.
    Newest,
    /// Leave the shard alone until somebody steps in.
    Stop,
}

/// How a log becomes a row.
#[derive(Clone, Debug, Default)]
pub struct RowRules {
    /// Columns computed by expressions.
    pub transforms: Vec<TransformColumn>,
    /// Names of attribute columns that are never written: the log's own names, before repair.
    pub exclusive_columns: Vec<String>,
    /// What happens to names that Table Store would refuse.
    pub column_names: ColumnNames,
}

/// A column computed by an expression.
#[derive(Clone, Debug)]
pub struct TransformColumn {
    /// Name of the column.
    pub name: String,
    /// Its value.
    pub expression: Expression,
}

/// What happens to column names that Table Store would refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnNames {
    /// They are repaired, the same way every time.
    #[default]
    Repair,
    /// Their columns are left out.
    Drop,
    /// They are sent as they are; Table Store then refuses the row.
    Exact,
}
