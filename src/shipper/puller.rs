//! Reads one shard, pull after pull, as far ahead as the byte budget allows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{debug, error, warn};

use super::budget::Share;
use super::context::Context;
use super::memory::Holding;
use super::parking::LETTER_COPIES;
use super::settings::LostCursor;
use crate::loghub::compression::Compression;
use crate::loghub::decode::LogGroupList;
use crate::loghub::{Cursor, CursorPosition, Error, ErrorCode, Pull, PullSize, ShardId};
use crate::mistakes::{Mistake, planted};
use crate::status::{Fault, Journal, Tally};
use crate::telemetry::Allowance;
use crate::transport::retry::Policy;
use crate::transport::{Retry, Retryable as _};

/// Raw bytes that a pull aims at: large enough to fill many batches, small enough that a busy
/// shard holds little and that its first rows are soon on their way.
const TARGET_BYTES: usize = 2 << 20;

/// A pull of this size or more is followed by the next at once, as in the Java library.
const BUSY_BYTES: usize = 1 << 20;

/// Log groups asked for by the first pull, whose sizes are not known yet.
const FIRST_COUNT: u32 = 100;

/// Log groups in one pull at the most (vendor page `PullLogs`).
const MAX_COUNT: u32 = 1000;

/// Bytes reserved for a pull of a shard that brought nothing lately.
const IDLE_SHARE: usize = 256 << 10;

/// Pauses of a shard that is read to its end, from the first to the longest. A shard takes 100
/// reads a second, and a log is to be in the table within a few hundred milliseconds.
const FIRST_IDLE: Duration = Duration::from_millis(20);
const LONGEST_IDLE: Duration = Duration::from_millis(100);

/// Pauses after a pull that failed in passing.
const FAULTS: Policy = Policy {
    first: Duration::from_millis(50),
    longest: Duration::from_millis(500),
    total: None,
};

/// Pauses after a quota was exceeded: it is counted by the second.
const THROTTLED: Policy = Policy {
    first: Duration::from_millis(250),
    longest: Duration::from_secs(1),
    total: None,
};

/// A log that becomes a row is copied into a request.
const ROW_COPIES: usize = 1;

/// Pause of a shard that waits for help before it is tried again, should the service have erred.
const STOPPED: Duration = Duration::from_secs(5);

/// What the puller hands on.
#[derive(Debug)]
pub(super) struct Pulled {
    /// Where they were read from.
    pub(super) from: Cursor,
    /// The logs; none where the shard is read to its end.
    pub(super) list: LogGroupList,
    /// Where the shard goes on.
    pub(super) next: Cursor,
    /// Their bytes in the budget.
    pub(super) share: Share,
    /// Their bytes as they are.
    pub(super) holding: Holding,
}

/// Why the puller ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PullEnd {
    /// Nobody wants more.
    Closed,
    /// The shard does not exist any more.
    ShardGone,
}

/// Reads one shard.
#[derive(Debug)]
pub(super) struct Puller {
    context: Arc<Context>,
    shard: ShardId,
    cursor: Cursor,
    journal: Arc<Journal>,
    count: u32,
    expected_bytes: usize,
    /// Whether a pull has room for copies of logs whose text is repaired.
    repairs: bool,
    faults: u32,
    /// Whether it was told that the cursor is lost and somebody must do something.
    waits_for_help: bool,
    lines: Allowance,
}

impl Puller {
    pub(super) fn new(
        context: Arc<Context>,
        shard: ShardId,
        cursor: Cursor,
        journal: Arc<Journal>,
    ) -> Self {
        Self {
            context,
            shard,
            cursor,
            journal,
            count: FIRST_COUNT,
            expected_bytes: IDLE_SHARE,
            repairs: false,
            faults: 0,
            waits_for_help: false,
            lines: Allowance::default(),
        }
    }

    /// Pulls until nobody wants more. Cancel safe: what was not handed on is read again.
    pub(super) async fn run(mut self, pulled: mpsc::Sender<Pulled>) -> PullEnd {
        let mut idle = FIRST_IDLE;
        // Of an empty pull the worker learns the position, so that it can save it; once.
        let mut told = None;
        loop {
            // Waiting for room first: what cannot be handed on need not be held.
            let Ok(slot) = pulled.reserve().await else {
                return PullEnd::Closed;
            };
            let mut share = self.context.budget.take(self.expected_bytes).await;
            let mut holding = Holding::new(&self.context.memory);
            let pull = match self.pull(&mut share, &mut holding).await {
                Ok(pull) => pull,
                Err(pause) => {
                    drop((slot, share, holding));
                    match pause {
                        Some(pause) => tokio::time::sleep(pause).await,
                        None => return PullEnd::ShardGone,
                    }
                    continue;
                }
            };
            let (list, next, raw_bytes, is_full) = pull;
            let is_empty = list.logs().is_empty();
            let has_moved = next != self.cursor;
            let from = std::mem::replace(&mut self.cursor, next.clone());
            if is_empty && told.as_ref() == Some(&next) {
                drop((slot, share, holding));
                if planted(Mistake::IdleShardGivenUp) {
                    std::future::pending::<()>().await;
                }
            } else {
                told = Some(next.clone());
                slot.send(Pulled {
                    from,
                    list,
                    next,
                    share,
                    holding,
                });
            }
            if has_moved && (raw_bytes >= BUSY_BYTES || is_full) {
                continue;
            }
            idle = if is_empty {
                (idle * 2).min(LONGEST_IDLE)
            } else {
                FIRST_IDLE
            };
            tokio::time::sleep(idle).await;
        }
    }

    /// One pull, indexed; or the pause before the next try, `None` if there is no point in one.
    ///
    /// The share becomes as large as the pull: its logs, with the index of them, and what will be
    /// made of them.
    async fn pull(
        &mut self,
        share: &mut Share,
        holding: &mut Holding,
    ) -> Result<(LogGroupList, Cursor, usize, bool), Option<Duration>> {
        self.repairs = self.context.budget.has_copies();
        let loghub = &self.context.loghub;
        let has_room = |size: PullSize| {
            let PullSize {
                raw_bytes,
                wire_bytes,
                group_count,
            } = size;
            // Nothing is given back yet: the index comes on top.
            let bytes = self.with_copies(raw_bytes, raw_bytes);
            let fits =
                self.may_hold(bytes, group_count) && share.resize(bytes.max(self.expected_bytes));
            if fits {
                holding.set(raw_bytes + wire_bytes);
            }
            fits
        };
        let pull = loghub.pull_logs_within(
            self.shard,
            &self.cursor,
            self.count,
            Compression::Lz4,
            has_room,
        );
        let Pull {
            data,
            next,
            group_count,
            ..
        } = match pull.await {
            Ok(Ok(pull)) => pull,
            Ok(Err(size)) => {
                let bytes = self.with_copies(size.raw_bytes, size.raw_bytes);
                self.make_room(bytes, size.group_count);
                return Err(Some(Duration::ZERO));
            }
            Err(error) => return Err(self.failed(&error).await),
        };
        let raw_bytes = data.len();
        let list = match LogGroupList::index(data) {
            Ok(list) => list,
            Err(error) => {
                // Nothing of it is used and nothing is skipped: it is read again.
                self.note("MalformedPull", &error.to_string());
                return Err(Some(self.pause(FAULTS)));
            }
        };
        if next == self.cursor && !list.logs().is_empty() {
            // Used, it would be read and counted again and again. The next answer may do.
            self.note(
                "StuckCursor",
                "logs came without a position behind them: they are read again",
            );
            return Err(Some(self.pause(FAULTS)));
        }
        let bytes = self.with_copies(list.held_bytes(), raw_bytes);
        if !(self.may_hold(bytes, group_count) && share.resize(bytes)) {
            self.make_room(bytes, group_count);
            return Err(Some(Duration::ZERO));
        }
        share.set_aside_for_copies(if self.repairs { raw_bytes } else { 0 });
        holding.set(list.held_bytes());
        self.faults = 0;
        self.waits_for_help = false;
        let is_full = group_count >= self.count;
        self.adapt(bytes, raw_bytes, list.groups().len());
        let logs = u64::try_from(list.logs().len()).unwrap_or(u64::MAX);
        if logs > 0 {
            let tally = Tally {
                logs_read: logs,
                bytes_read: u64::try_from(raw_bytes).unwrap_or(u64::MAX),
                replaced: u64::try_from(list.replaced()).unwrap_or(u64::MAX),
                ..Tally::default()
            };
            self.journal.record(tally);
        }
        Ok((list, next, raw_bytes, is_full))
    }

    /// Bytes of what is held of a pull, and of what is made of it: rows, or letters where those are
    /// kept, which take more; and logs whose text is repaired, where there were some.
    fn with_copies(&self, held_bytes: usize, raw_bytes: usize) -> usize {
        let requests = match self.context.dead_letters {
            None => ROW_COPIES,
            Some(_) => LETTER_COPIES,
        };
        let copies = requests + usize::from(self.repairs);
        held_bytes.saturating_add(raw_bytes.saturating_mul(copies))
    }

    /// Whether so much can ever be held. A group that cannot is held alone.
    fn may_hold(&self, bytes: usize, group_count: u32) -> bool {
        self.context.budget.is_enough_for(bytes) || group_count <= 1
    }

    /// More came than there is room for right now: it is read again once there is, or in halves
    /// where there never will be.
    fn make_room(&mut self, bytes: usize, group_count: u32) {
        debug!(bytes, group_count, "pulled more than there is room for");
        (self.count, self.expected_bytes) = if self.may_hold(bytes, group_count) {
            (group_count.max(1), bytes)
        } else {
            (group_count / 2, bytes / 2)
        };
    }

    /// Asks for as many groups as make up the target size.
    fn adapt(&mut self, bytes: usize, raw_bytes: usize, groups: usize) {
        let most = self.with_copies(2 * TARGET_BYTES, 2 * TARGET_BYTES);
        self.expected_bytes = bytes.clamp(IDLE_SHARE, most);
        if let Some(per_group) = raw_bytes.checked_div(groups) {
            let per_group = per_group.max(1);
            let wanted = u32::try_from(TARGET_BYTES / per_group).unwrap_or(MAX_COUNT);
            // Growing step by step: the next groups need not be like these.
            self.count = wanted.clamp(1, self.count.saturating_mul(4).min(MAX_COUNT));
        }
    }

    /// What follows a failed pull: a pause, or `None` where the shard is gone.
    async fn failed(&mut self, error: &Error) -> Option<Duration> {
        match error.code() {
            Some(ErrorCode::InvalidCursor) => return Some(self.lost_cursor(error).await),
            Some(ErrorCode::ShardNotExist) => {
                self.note_error(error);
                return None;
            }
            None if planted(Mistake::FaultSkipsAhead) => {
                let end = self
                    .context
                    .loghub
                    .get_cursor(self.shard, CursorPosition::End);
                if let Ok(cursor) = end.await {
                    self.cursor = cursor;
                }
            }
            _ => {}
        }
        self.note_error(error);
        Some(match error.retry() {
            Retry::Throttled => self.pause(THROTTLED),
            // What cannot be mended by trying may be mended by somebody: permissions come back.
            Retry::Backoff | Retry::Never => self.pause(FAULTS),
        })
    }

    fn pause(&mut self, policy: Policy) -> Duration {
        self.faults = self.faults.saturating_add(1);
        policy.pause(self.faults - 1)
    }

    /// The logs behind the cursor are gone: never passed over in silence.
    async fn lost_cursor(&mut self, error: &Error) -> Duration {
        let (policy, position) = match self.context.settings.lost_cursor {
            LostCursor::Oldest if planted(Mistake::LostCursorSkipsAhead) => {
                ("by mistake", CursorPosition::End)
            }
            LostCursor::Oldest => (
                "going on from the oldest log still kept",
                CursorPosition::Begin,
            ),
            LostCursor::Newest => ("going on from new logs only", CursorPosition::End),
            LostCursor::Stop => {
                self.note_error(error);
                if !std::mem::replace(&mut self.waits_for_help, true) {
                    error!(cursor = %self.cursor, "the cursor is lost: the shard waits, as configured");
                }
                return STOPPED;
            }
        };
        self.note_error(error);
        if self.lines.take("lost cursors") {
            error!(cursor = %self.cursor, %error, "logs were lost before they could be read: {policy}");
        }
        match self.context.loghub.get_cursor(self.shard, position).await {
            Ok(cursor) => self.cursor = cursor,
            Err(error) => self.note_error(&error),
        }
        self.pause(FAULTS)
    }

    fn note_error(&mut self, error: &Error) {
        self.tell(Fault::of_call(error.code(), error));
    }

    /// An answer that cannot be used, though the service sees nothing wrong with it.
    fn note(&mut self, code: &str, message: &str) {
        self.tell(Fault {
            code: code.to_owned(),
            message: message.to_owned(),
            sample: None,
            count: 1,
        });
    }

    /// Says in log and status that a pull failed.
    fn tell(&mut self, fault: Fault) {
        let Fault { code, message, .. } = &fault;
        if self.lines.take("failed pulls") {
            warn!(code, reason = message, "pull failed: trying again");
        } else {
            debug!(code, reason = message, "pull failed: trying again");
        }
        let mut tally = Tally::default();
        tally.fault(fault);
        self.journal.record(tally);
    }
}
