//! Logs that were given up, on their way to where dead letters are kept.
//!
//! Until its letter is stored a log is undecided, like one whose row is under way: the checkpoint
//! waits for it, and the backlog holds it. A sink that is away is tried again for ever, as the
//! target table is; rows go on meanwhile, within the backlog's bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tracing::debug;

use super::backlog::Backlog;
use super::batcher::{Batcher, Dead};
use super::context::Context;
use super::pending::resolve;
use super::worker::{WRITE_FAULTS, WRITE_THROTTLED};
use crate::deadletters::{Key, Letter, Reason, Sink, SinkError, Stored};
use crate::loghub::ShardId;
use crate::mistakes::{Mistake, planted};
use crate::status::{Fault, Tally};
use crate::transport::{Retry, Retryable as _, error_chain};

/// Letters stored at once: as many as a request to a table takes.
const LETTERS: usize = 200;

/// Bytes of logs in them, after which no further one is added.
const BYTES: usize = 1 << 20;

/// A letter is a copy of its log, and becomes a request. The share of the log's pull has room for
/// both, but for topic and tags, which each letter repeats, and for what JSON escapes: few bytes
/// mostly, since no more than `BYTES` and one log are stored at a time.
pub(super) const LETTER_COPIES: usize = 2;

/// What the status table calls letters that cannot be stored.
const DEAD_LETTERS_WAIT: &str = "DeadLettersWait";

/// The dead logs of one shard.
pub(super) struct Parking {
    context: Arc<Context>,
    shard: ShardId,
    /// Logs that wait, with the time at which they were given up, Unix milliseconds.
    waiting: VecDeque<(Dead, i64)>,
    storing: Option<BoxFuture<'static, Tried>>,
    /// Bytes of the letters in it.
    storing_bytes: usize,
    failures: u32,
    due: Instant,
}

/// A try to store letters that ended.
pub(super) struct Tried {
    dead: Vec<(Dead, i64)>,
    stored: Stored,
}

impl Parking {
    pub(super) fn new(context: Arc<Context>, shard: ShardId) -> Self {
        Self {
            context,
            shard,
            waiting: VecDeque::new(),
            storing: None,
            storing_bytes: 0,
            failures: 0,
            due: Instant::now(),
        }
    }

    /// Takes logs that were given up just now.
    pub(super) fn take(&mut self, dead: Vec<Dead>) {
        if !dead.is_empty() {
            let now = self.context.clock.unix_millis();
            self.waiting
                .extend(dead.into_iter().map(|dead| (dead, now)));
        }
    }

    /// When letters are to be stored; `None` while some are, and where none wait.
    pub(super) fn due(&self) -> Option<Instant> {
        let waits = self.storing.is_none() && !self.waiting.is_empty();
        waits.then_some(self.due)
    }

    /// Begins to store letters, when it is time.
    pub(super) fn store_if_due(&mut self, backlog: &Backlog) {
        let is_due = self.due().is_some_and(|due| due <= Instant::now());
        let Some(sink) = self.context.dead_letters.clone().filter(|_| is_due) else {
            return;
        };
        let (mut dead, mut letters, mut bytes) = (Vec::new(), Vec::new(), 0);
        while letters.len() < LETTERS
            && bytes < BYTES
            && let Some((one, parked_at_millis)) = self.waiting.pop_front()
        {
            let letter = letter(&self.context, self.shard, backlog, &one, parked_at_millis);
            bytes += letter.log.len();
            letters.push(letter);
            dead.push((one, parked_at_millis));
        }
        self.storing = Some(store(sink, letters, dead).boxed());
        self.storing_bytes = LETTER_COPIES * bytes;
    }

    /// Bytes that are held to store letters.
    pub(super) fn storing_bytes(&self) -> usize {
        self.storing_bytes
    }

    /// Whether some letter is not stored yet.
    pub(super) fn has_some(&self) -> bool {
        self.storing.is_some() || !self.waiting.is_empty()
    }

    /// A try to store letters, when it has ended. Cancel safe.
    pub(super) async fn tried(&mut self) -> Tried {
        resolve(&mut self.storing).await
    }

    /// Decides the logs whose letters are stored; the others wait on.
    pub(super) fn settle(&mut self, tried: Tried, batcher: &mut Batcher, tally: &mut Tally) {
        let Tried { dead, stored } = tried;
        self.storing_bytes = 0;
        let Stored {
            failed,
            left,
            error,
        } = stored;
        let mut failed = failed.into_iter().peekable();
        let mut left = left.into_iter().peekable();
        let (mut again, mut refused) = (Vec::new(), Vec::new());
        for (place, (dead, millis)) in dead.into_iter().enumerate() {
            if left.next_if_eq(&place).is_some() {
                again.push((dead, millis));
            } else if failed.next_if_eq(&place).is_some() && !planted(Mistake::RefusedLetterIsDone)
            {
                refused.push((dead, millis));
            } else {
                batcher.bury(&dead, tally);
            }
        }
        debug!(letters = tally.dead_lettered, "dead letters stored");
        if let Some(error) = &error {
            self.failed(error, refused.len(), batcher, tally);
        } else {
            self.failures = 0;
        }
        if let Some(SinkError::Row(_)) = error {
            // It is about these letters alone: the others must not wait for them.
            self.waiting.extend(refused);
        } else {
            // They keep their order, which a file shows. Those that were not tried go first.
            again.append(&mut refused);
        }
        for waiting in again.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
    }

    /// Says so in log and status, and chooses the pause before the next try.
    fn failed(
        &mut self,
        error: &SinkError,
        letters: usize,
        batcher: &mut Batcher,
        tally: &mut Tally,
    ) {
        batcher.lines.letters_wait(error, letters, self.failures);
        tally.fault(Fault {
            code: DEAD_LETTERS_WAIT.to_owned(),
            message: format!(
                "dead letters are not stored, so the checkpoint waits: {}",
                error_chain(error)
            ),
            sample: None,
            count: 1,
        });
        let policy = match error.retry() {
            Retry::Throttled => WRITE_THROTTLED,
            Retry::Backoff | Retry::Never => WRITE_FAULTS,
        };
        self.due = Instant::now() + policy.pause(self.failures);
        self.failures = self.failures.saturating_add(1);
    }
}

async fn store(sink: Arc<Sink>, letters: Vec<Letter>, dead: Vec<(Dead, i64)>) -> Tried {
    let stored = sink.store(letters).await;
    Tried { dead, stored }
}

/// The letter of a log that was given up.
fn letter(
    context: &Context,
    shard: ShardId,
    backlog: &Backlog,
    dead: &Dead,
    parked_at_millis: i64,
) -> Letter {
    let (log, place, position) = backlog.whole(dead.log);
    let settings = &context.settings;
    Letter {
        key: Key {
            project_logstore: context.project_logstore.clone(),
            consumer_group: settings.group.to_string(),
            shard: shard.0,
            position,
        },
        place,
        reason: Reason {
            code: dead.code.clone().into_owned(),
            message: dead.message.clone(),
            configuration: context.fingerprint.clone(),
            replayed_at_millis: None,
        },
        parked_at_millis,
        shipper_id: settings.consumer.to_string(),
        target_table: settings.target_table.to_string(),
        log,
    }
}
