//! The reporter: a shard's journal as rows of the status table.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::journal::{Journal, Tally};
use crate::mistakes::{Mistake, planted};
use crate::tablestore::{
    Client, Column, Error, ErrorCode, RowExistence, TableName, Value, Verdict,
};
use crate::telemetry::Allowance;
use crate::transport::{Clock, ExchangeError, error_chain};

/// Status rows about errors are at least this far apart, for one shard.
const URGENT_PAUSE: Duration = Duration::from_secs(1);

/// Pause after a status row that could not be written. The counts wait; nothing else does.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long one status row may take to be written.
const WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// How long the last row of a shard may take: it must not hold up a hand-over.
const LAST_ROW: Duration = Duration::from_secs(3);

/// The longest error message that is published, in bytes.
const MAX_MESSAGE_BYTES: usize = 4096;

/// The longest sample that is published, in bytes; Table Store takes 2 MiB.
const MAX_SAMPLE_BYTES: usize = 1 << 20;

/// Settings of the reporter.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The table that gets the status rows.
    pub table: TableName,
    /// Pause between two status rows of a shard where nothing fails.
    pub interval: Duration,
}

/// What the key of a shard's status rows is made of, and whose rows they are.
#[derive(Clone, Debug)]
pub struct ShardIdentity {
    /// `PROJECT|LOGSTORE`.
    pub project_logstore: String,
    /// The shard's number.
    pub shard: u32,
    /// The table that gets the logs.
    pub target_table: String,
    /// The consumer name.
    pub shipper_id: String,
}

/// Writes the status rows of one shard.
#[derive(Debug)]
pub struct Reporter {
    client: Arc<Client>,
    settings: Settings,
    identity: ShardIdentity,
    journal: Arc<Journal>,
    clock: Clock,
    /// The timestamp of the last row: the next one's is higher.
    last_millis: i64,
    /// A row that may be there although its write failed, with its timestamp: it is written again
    /// as it is, so that nothing is counted twice.
    unsure: Option<(i64, Tally)>,
    lines: Allowance,
}

impl Reporter {
    /// A reporter for one shard.
    pub fn new(
        client: Arc<Client>,
        settings: Settings,
        identity: ShardIdentity,
        journal: Arc<Journal>,
        clock: Clock,
    ) -> Self {
        Self {
            client,
            settings,
            identity,
            journal,
            clock,
            last_millis: 0,
            unsure: None,
            lines: Allowance::default(),
        }
    }

    /// Writes a row every interval, and at once (then at most every second) when something
    /// failed; after `stop` a last one. What cannot be written is in the next row.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut regular = Instant::now() + self.settings.interval;
        let mut urgent_from = Instant::now();
        let journal = Arc::clone(&self.journal);
        loop {
            let urgent = async {
                journal.urgent().await;
                tokio::time::sleep_until(urgent_from).await;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(regular) => {}
                () = urgent => {}
            }
            urgent_from = Instant::now() + URGENT_PAUSE;
            while !self.publish().await {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(RETRY_PAUSE) => {}
                }
                if stop.is_cancelled() {
                    break;
                }
            }
            regular = Instant::now() + self.settings.interval;
        }
        if tokio::time::timeout(LAST_ROW, self.publish()).await != Ok(true) {
            warn!(
                shard = self.identity.shard,
                "the last status row could not be written"
            );
        }
    }

    /// One row, or one for each fault; `false` where a row could not be written.
    async fn publish(&mut self) -> bool {
        if let Some((millis, tally)) = self.unsure.take() {
            // Whatever is there under this key is an earlier try of the same row.
            let again = self.write(millis, &tally, RowExistence::Ignore).await;
            if !self.is_written(again, millis, tally) {
                return false;
            }
        }
        let mut tally = self.journal.take();
        let mut faults = std::mem::take(&mut tally.faults).into_iter();
        loop {
            tally.faults.extend(faults.next());
            let (millis, outcome) = self.write_next(&tally).await;
            if !self.is_written(outcome, millis, tally) {
                let faults = faults.collect();
                self.journal.put_back(Tally {
                    faults,
                    ..Tally::default()
                });
                return false;
            }
            tally = Tally::default();
            if faults.len() == 0 {
                return true;
            }
        }
    }

    /// Takes the outcome of a write. What was not written is kept.
    fn is_written(&mut self, outcome: Result<(), Error>, millis: i64, tally: Tally) -> bool {
        let Err(error) = outcome else { return true };
        if self.lines.take("status rows not written") {
            warn!(
                shard = self.identity.shard,
                error = error_chain(&error),
                "status row not written: its counts are kept"
            );
        }
        if planted(Mistake::StatusForgotten) {
            return false;
        }
        if error.verdict() == Verdict::BadRow || planted(Mistake::StatusToldTwice) {
            self.journal.put_back(tally);
        } else {
            self.unsure = Some((millis, tally));
        }
        false
    }

    /// Writes a row under a timestamp of its own: another shipper of the same shard (of another
    /// consumer group, or before us under this name) may have taken this millisecond.
    async fn write_next(&mut self, tally: &Tally) -> (i64, Result<(), Error>) {
        self.last_millis = self.clock.unix_millis().max(self.last_millis + 1);
        loop {
            let millis = self.last_millis;
            let outcome = self
                .write(millis, tally, RowExistence::ExpectNotExist)
                .await;
            let is_taken = matches!(
                &outcome,
                Err(error) if error.code() == Some(&ErrorCode::ConditionCheckFail)
            );
            if !is_taken {
                return (millis, outcome);
            }
            self.last_millis += 1;
        }
    }

    async fn write(
        &self,
        millis: i64,
        tally: &Tally,
        existence: RowExistence,
    ) -> Result<(), Error> {
        let key = [
            column(
                "project_logstore",
                Value::String(self.identity.project_logstore.clone()),
            ),
            column("shard", Value::Integer(self.identity.shard.into())),
            column(
                "target_table",
                Value::String(self.identity.target_table.clone()),
            ),
            column("timestamp", Value::Integer(millis)),
        ];
        let columns = columns(&self.identity.shipper_id, tally);
        let table = &self.settings.table;
        let put = self.client.put_row(table, &key, &columns, existence);
        // A small row: a table that hangs must hold up neither the next row nor shutdown.
        tokio::time::timeout(WRITE_DEADLINE, put)
            .await
            .map_err(|_elapsed| Error::Exchange {
                operation: format!("put_row to table {table}"),
                source: ExchangeError::Timeout {
                    peer: "Table Store".to_owned(),
                    deadline: WRITE_DEADLINE,
                },
            })??;
        debug!(
            shard = self.identity.shard,
            rows = tally.rows_written,
            "status row written"
        );
        Ok(())
    }
}

fn column(name: &str, value: Value) -> Column {
    Column {
        name: name.to_owned(),
        value,
    }
}

/// The attributes of a status row.
fn columns(shipper_id: &str, tally: &Tally) -> Vec<Column> {
    let count = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let text = |text: &str, max| Value::String(cut(text, max).to_owned());
    let mut columns = vec![
        column("shipper_id", Value::String(shipper_id.to_owned())),
        column("__time__", Value::Integer(tally.last_time.into())),
        column("row_count", count(tally.logs_written)),
        column("cu_count", count(tally.capacity_units)),
        column(
            "skip_count",
            count(tally.skipped + tally.dead_lettered_skips),
        ),
    ];
    if tally.dead_lettered > 0 {
        columns.push(column("dead_letter_count", count(tally.dead_lettered)));
    }
    if let Some(sample) = &tally.skip_sample {
        columns.push(column("skip_sample", text(sample, MAX_SAMPLE_BYTES)));
    }
    if let Some(fault) = tally.faults.first() {
        let mut message = cut(&fault.message, MAX_MESSAGE_BYTES).to_owned();
        if fault.count > 1 {
            message = format!("{message} ({} times)", fault.count);
        }
        columns.push(column("error_code", Value::String(fault.code.clone())));
        columns.push(column("error_message", Value::String(message)));
        if let Some(sample) = &fault.sample {
            columns.push(column("failed_sample", text(sample, MAX_SAMPLE_BYTES)));
        }
    }
    columns
}

/// As much of the text as fits into `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}
