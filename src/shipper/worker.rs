//! The work on one shard: pulls become batches, answers become decisions, and the checkpoint
//! follows what is decided.
//!
//! Everything of a shard happens in one task, so there is nothing to lock; the exchanges with the
//! services run beside it in tasks that it owns and joins.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, error, info, warn};

use super::backlog::Backlog;
use super::batcher::{Batcher, Sealed, Settled};
use super::beginning::{self, Position};
use super::context::Context;
use super::lease::Lease;
use super::limiter::{Limiter, Signal, Slot};
use super::memory::Holding;
use super::parking::{Parking, Tried};
use super::pending::{resolve, sleep_until};
use super::puller::{PullEnd, Pulled, Puller};
use crate::loghub::{Cursor, Error, ErrorCode, Saved, ShardId};
use crate::mistakes::{Mistake, planted};
use crate::status::{Fault, Journal, Reporter, Tally};
use crate::tablestore::{self, BatchOutcome};
use crate::telemetry::Allowance;
use crate::transport::retry::Policy;
use crate::transport::{Retry, error_chain};

/// Pulls ready to follow the one that is being written. More would only add memory.
const MAX_PULLS: usize = 2;

/// While a few rows wait for a busy partition, the logs behind them go on: so many pulls, and
/// bytes of logs, may be held past [`MAX_PULLS`] by rows that are not decided. Large pulls of a
/// busy shard reach this at once, many small ones do not.
const MAX_HELD_PULLS: usize = 1024;
const MAX_HELD_BYTES: usize = 4 << 20;

/// Pauses between tries of a batch: never more than 500 ms, whatever happened.
pub(super) const WRITE_FAULTS: Policy = Policy {
    first: Duration::from_millis(20),
    longest: Duration::from_millis(500),
    total: None,
};

/// Pauses of a batch that was throttled, within the same bound.
pub(super) const WRITE_THROTTLED: Policy = Policy {
    first: Duration::from_millis(100),
    longest: Duration::from_millis(500),
    total: None,
};

/// Pauses between tries of everything else that a shard needs from Log Service.
const CONTROL: Policy = Policy {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(2),
    total: None,
};

/// A shard that is read to its end saves its position this soon, so that a read-only shard is
/// finished and its children can start.
const SAVE_AT_END: Duration = Duration::from_millis(500);

/// Pause before the lease is looked at again that was too short for writing.
const LEASE_PAUSE: Duration = Duration::from_millis(100);

/// How the work on a shard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerEnd {
    /// Everything that was read is decided and the checkpoint is saved.
    HandedOver,
    /// The shard is no longer ours: Log Service refused the checkpoint, or our lease ran out.
    Lost,
    /// The shard does not exist any more.
    ShardGone,
}

/// The two ways to end a shard's work.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    /// Stop reading, finish what is in flight, save the checkpoint.
    pub(super) hand_over: CancellationToken,
    /// Stop at once: the shard may be somebody else's already.
    pub(super) abandon: CancellationToken,
}

/// A batch that was answered.
struct Answered {
    sealed: Sealed,
    slot: Slot,
    /// `None` where it was not sent, as the lease was about to end.
    answer: Option<Result<BatchOutcome, tablestore::Error>>,
}

/// A save that is under way, and what it saves.
type Saving = BoxFuture<'static, (Cursor, Result<Saved, Error>)>;

/// The work on one shard.
struct Worker {
    context: Arc<Context>,
    shard: ShardId,
    lease: Lease,
    journal: Arc<Journal>,
    batcher: Batcher,
    sends: JoinSet<Answered>,
    /// Bytes of the batches in them, and of everything that the shard holds.
    sending_bytes: usize,
    holding: Holding,
    /// Batches that wait for another try, and until when.
    later: Vec<(Instant, Sealed)>,
    /// A place in the queue for a slot.
    slot: Option<BoxFuture<'static, Slot>>,
    /// The right to send names that must prove themselves; whether we wait for it, and how many
    /// such batches are under way.
    probe: Option<OwnedSemaphorePermit>,
    probe_wait: Option<BoxFuture<'static, OwnedSemaphorePermit>>,
    probes: usize,
    /// Logs that were given up.
    parking: Parking,
    saved: Option<Cursor>,
    saved_at: Instant,
    saving: Option<Saving>,
    /// Saves that failed since the last that did not.
    save_faults: u32,
    lines: Allowance,
    is_draining: bool,
    /// When a hand-over stops waiting for rows that the table does not take.
    drained_by: Option<Instant>,
    is_giving_up: bool,
}

/// Works on a shard until it is handed over or lost. The set that comes back holds what writes the
/// last status row: nobody needs to wait for that who waits for the shard.
pub(super) async fn run(
    context: Arc<Context>,
    shard: ShardId,
    orders: Orders,
    lease: Lease,
) -> (WorkerEnd, JoinSet<()>) {
    let journal = Arc::new(Journal::new(Arc::clone(&context.totals)));
    let reporter = Reporter::new(
        Arc::clone(&context.tablestore),
        context.status.clone(),
        context.identity(shard),
        Arc::clone(&journal),
        context.clock.clone(),
    );
    let mut reports = JoinSet::new();
    let no_more = CancellationToken::new();
    reports.spawn(reporter.run(no_more.clone()).in_current_span());
    let end = work(context, shard, &orders, lease, journal).await;
    no_more.cancel();
    info!(?end, "shard let go");
    (end, reports)
}

async fn work(
    context: Arc<Context>,
    shard: ShardId,
    orders: &Orders,
    lease: Lease,
    journal: Arc<Journal>,
) -> WorkerEnd {
    let position = tokio::select! {
        biased; // Nothing was read yet: there is nothing to finish.
        () = orders.abandon.cancelled() => return WorkerEnd::Lost,
        () = orders.hand_over.cancelled() => return WorkerEnd::HandedOver,
        position = position(&context, shard, &journal) => position,
    };
    let Some((start, saved)) = position else {
        return WorkerEnd::ShardGone;
    };
    info!(cursor = %start, from_checkpoint = saved.is_some(), "shard taken up");
    let worker = Worker::new(context, shard, lease, journal, start, saved);
    worker.run(orders).await
}

/// Where to begin, tried until it is known; `None` if there is no such shard any more.
async fn position(context: &Context, shard: ShardId, journal: &Journal) -> Option<Position> {
    let mut lines = Allowance::default();
    let mut attempt = 0;
    loop {
        let error = match beginning::position(context, shard).await {
            Ok(position) => return Some(position),
            Err(error) => error,
        };
        record_fault(journal, &error);
        if error.code() == Some(&ErrorCode::ShardNotExist) {
            warn!("the shard does not exist any more");
            return None;
        }
        attempt += 1;
        if lines.take("positions not known") {
            warn!(
                attempt,
                error = error_chain(&error),
                "start position not known yet: trying again"
            );
        }
        tokio::time::sleep(CONTROL.pause(attempt - 1)).await;
    }
}

/// Tells the status table what Log Service refused.
fn record_fault(journal: &Journal, error: &Error) {
    let mut tally = Tally::default();
    tally.fault(Fault::of_call(error.code(), error));
    journal.record(tally);
}

impl Worker {
    fn new(
        context: Arc<Context>,
        shard: ShardId,
        lease: Lease,
        journal: Arc<Journal>,
        start: Cursor,
        saved: Option<Cursor>,
    ) -> Self {
        let mut batcher = Batcher::new(
            context.settings.target_table.clone(),
            Arc::clone(&context.rules),
            Arc::clone(&context.schema),
            Arc::clone(&context.book),
            Backlog::new(start),
        );
        if context.dead_letters.is_some() {
            batcher.keep_dead();
        }
        Self {
            parking: Parking::new(Arc::clone(&context), shard),
            holding: Holding::new(&context.memory),
            context,
            shard,
            lease,
            journal,
            batcher,
            sends: JoinSet::new(),
            sending_bytes: 0,
            later: Vec::new(),
            slot: None,
            probe: None,
            probe_wait: None,
            probes: 0,
            saved,
            saved_at: Instant::now(),
            saving: None,
            save_faults: 0,
            lines: Allowance::default(),
            is_draining: false,
            drained_by: None,
            is_giving_up: false,
        }
    }

    async fn run(mut self, orders: &Orders) -> WorkerEnd {
        let (hand_on, mut pulls) = mpsc::channel(1);
        let from = self.batcher.backlog.settle().clone();
        let journal = Arc::clone(&self.journal);
        let puller = Puller::new(Arc::clone(&self.context), self.shard, from, journal);
        let mut reading = JoinSet::new();
        reading.spawn(puller.run(hand_on).in_current_span());
        let mut end = WorkerEnd::HandedOver;
        let mut tick = tokio::time::interval(Duration::from_secs(1));

        while !(self.is_draining && self.is_finished()) {
            if self.lease.is_over() {
                // Noticed here first: we were stopped for so long that all is due at once.
                return WorkerEnd::Lost;
            }
            self.queue_for_slot();
            if self.may_send() {
                self.parking.store_if_due(&self.batcher.backlog);
            }
            self.save_if_due();
            self.measure();
            let wake = self.next_wake();
            tokio::select! {
                biased; // What ends the work first, then what makes room, then what needs it.
                () = orders.abandon.cancelled() => return WorkerEnd::Lost,
                () = orders.hand_over.cancelled(), if !self.is_draining => {
                    reading.shutdown().await;
                    // What was not taken is for the next holder: its bytes are for others.
                    while pulls.try_recv().is_ok() {}
                    self.drain();
                }
                _ = tick.tick() => self.batcher.flush_lines(),
                () = sleep_until(self.drained_by), if !self.is_giving_up => self.give_up(),
                Some(ended) = reading.join_next(), if !self.is_draining => match ended {
                    Ok(PullEnd::ShardGone) => {
                        end = WorkerEnd::ShardGone;
                        // Nobody can read again what was read.
                        while let Ok(logs) = pulls.try_recv() {
                            self.take(logs);
                        }
                        self.is_draining = true;
                    }
                    Ok(PullEnd::Closed) => self.drain(),
                    Err(error) => {
                        error!(%error, "reading ended unexpectedly");
                        return WorkerEnd::Lost;
                    }
                },
                slot = resolve(&mut self.slot) => self.dispatch(slot),
                permit = resolve(&mut self.probe_wait) => self.probe = Some(permit),
                Some(answered) = self.sends.join_next() => match answered {
                    Ok(answered) => self.settle(answered),
                    Err(error) => {
                        // Its rows are undecided for ever: let the next holder write them.
                        error!(%error, "a send ended unexpectedly");
                        return WorkerEnd::Lost;
                    }
                },
                tried = self.parking.tried() => self.parked(tried),
                (cursor, outcome) = resolve(&mut self.saving) => {
                    if !self.saved(cursor, outcome) {
                        return WorkerEnd::Lost;
                    }
                }
                Some(logs) = pulls.recv(), if !self.is_draining && self.has_room() => self.take(logs),
                () = tokio::time::sleep_until(wake) => {}
            }
        }
        end
    }

    /// Whether nothing is left to do but to go.
    fn is_finished(&mut self) -> bool {
        (self.is_giving_up || self.batcher.backlog.is_empty())
            && self.sends.is_empty()
            && self.saving.is_none()
            && (planted(Mistake::NoLastCheckpoint)
                || self.saved.as_ref() == Some(self.batcher.backlog.settle())
                // Nobody would read the shard for as long as we waited for the right to save.
                || (self.is_giving_up && self.save_faults > 0))
    }

    fn has_room(&self) -> bool {
        let backlog = &self.batcher.backlog;
        backlog.len() < MAX_PULLS
            || (backlog.unmapped() < MAX_PULLS
                && backlog.len() < MAX_HELD_PULLS
                && backlog.bytes() < MAX_HELD_BYTES)
    }

    /// Stops taking logs; those that were not looked at yet are left to the next holder.
    fn drain(&mut self) {
        self.is_draining = true;
        let grace = self.context.settings.shutdown_grace;
        self.drained_by = Some(Instant::now() + grace / 5 * 4);
        self.batcher.backlog.drop_unmapped();
        if planted(Mistake::LastBatchDropped) {
            self.sends = JoinSet::new();
            self.sending_bytes = 0;
            self.later.clear();
            self.batcher.backlog.give_up();
        }
    }

    /// Leaves what the table does not take to the next holder, or what could not be checkpointed:
    /// all that is behind it in the shard waits for the hand-over.
    fn give_up(&mut self) {
        warn!("rows or checkpoints are refused for too long: whoever gets the shard writes again");
        self.is_giving_up = true;
        self.later.clear();
    }

    fn take(&mut self, pulled: Pulled) {
        let Pulled {
            from,
            list,
            next,
            share,
            holding,
        } = pulled;
        debug!(
            logs = list.logs().len(),
            groups = list.groups().len(),
            "pulled"
        );
        // Here it is measured with everything else.
        drop(holding);
        self.batcher.backlog.push(list, from, next, share);
    }

    /// Tells what is held right now.
    fn measure(&mut self) {
        let later = self.later.iter().map(|(_, sealed)| sealed.bytes());
        let batches = self.sending_bytes + later.sum::<usize>();
        let bytes = self.batcher.backlog.held_bytes() + batches + self.parking.storing_bytes();
        self.holding.set(bytes);
    }

    /// Whether a batch may be filled right now: not while names are being tried out.
    fn may_fill(&self) -> bool {
        self.probes == 0 && self.probe_wait.is_none() && self.batcher.has_work()
    }

    fn is_due(&self) -> bool {
        let now = Instant::now();
        self.later.iter().any(|(due, _)| *due <= now)
    }

    /// Whether something may be sent: it should arrive while the shard is ours.
    fn may_send(&self) -> bool {
        !self.lease.is_ending() && !self.is_giving_up
    }

    /// Queues for a slot while there is something to send.
    fn queue_for_slot(&mut self) {
        if self.slot.is_none() && self.may_send() && (self.is_due() || self.may_fill()) {
            let limiter: Arc<Limiter> = Arc::clone(&self.context.limiter);
            self.slot = Some(limiter.acquire().boxed());
        }
    }

    /// Sends a batch that is due again, or else the next one.
    fn dispatch(&mut self, slot: Slot) {
        if !self.may_send() {
            return;
        }
        let now = Instant::now();
        let due = self.later.iter().position(|(due, _)| *due <= now);
        if let Some(place) = due {
            let (_, sealed) = self.later.swap_remove(place);
            let sealed = self.join_waiting(sealed);
            return self.send(sealed, slot);
        }
        if !self.may_fill() {
            return;
        }
        let mut tally = Tally::default();
        let sealed = self.batcher.fill(&mut tally);
        self.parking.take(self.batcher.take_dead());
        self.record(tally);
        // Logs that were only skipped move the checkpoint too.
        self.batcher.backlog.settle();
        let Some(sealed) = sealed else {
            self.probe = None;
            return;
        };
        if sealed.is_probe() && self.probe.is_none() {
            // Another shard is finding out about names right now: wait for what it learns.
            self.batcher.unseal(sealed);
            self.probe_wait = Some(Arc::clone(&self.context.book).acquire_probe().boxed());
            return;
        }
        if sealed.is_probe() {
            self.probes += 1;
        } else {
            self.probe = None;
        }
        self.send(sealed, slot);
    }

    /// Adds what waits for the same and fits in, due or not: else the jitter of many pauses would
    /// keep them apart.
    fn join_waiting(&mut self, mut sealed: Sealed) -> Sealed {
        let mut place = 0;
        while let Some((_, other)) = self.later.get(place) {
            if sealed.can_join(other) {
                let (_, other) = self.later.swap_remove(place);
                sealed = sealed.join(other);
            } else {
                place += 1;
            }
        }
        sealed
    }

    fn send(&mut self, sealed: Sealed, slot: Slot) {
        let context = Arc::clone(&self.context);
        let lease = self.lease.clone();
        self.sending_bytes += sealed.bytes();
        let send = async move {
            let table = &context.settings.target_table;
            let rows = sealed.len();
            // The process may have been stopped since this was queued.
            let answer = if lease.is_ending() {
                None
            } else {
                let write = context
                    .tablestore
                    .batch_write_row(table, sealed.body(), rows);
                Some(write.await)
            };
            Answered {
                sealed,
                slot,
                answer,
            }
        };
        self.sends.spawn(send.in_current_span());
    }

    /// Takes the outcome of a try to store dead letters.
    fn parked(&mut self, tried: Tried) {
        let mut tally = Tally::default();
        self.parking.settle(tried, &mut self.batcher, &mut tally);
        self.record(tally);
        self.batcher.backlog.settle();
    }

    /// Takes an answer: decides rows, and queues what must be sent again.
    fn settle(
        &mut self,
        Answered {
            sealed,
            slot,
            answer,
        }: Answered,
    ) {
        self.sending_bytes -= sealed.bytes();
        let Some(answer) = answer else {
            self.later.push((Instant::now() + LEASE_PAUSE, sealed));
            return;
        };
        let signal = Signal::of(&answer, sealed.is_rest);
        let was_probe = sealed.is_probe();
        let mut tally = Tally::default();
        let Settled { later, now } = self.batcher.settle(sealed, answer, &mut tally);
        self.parking.take(self.batcher.take_dead());
        self.record(tally);
        if was_probe {
            self.probes -= 1;
        }
        let now = now.into_iter().map(|sealed| (Instant::now(), sealed));
        let later = later.map(|(sealed, retry)| {
            let policy = if retry == Retry::Throttled {
                WRITE_THROTTLED
            } else {
                WRITE_FAULTS
            };
            (
                Instant::now() + policy.pause(sealed.attempt.saturating_sub(1)),
                sealed,
            )
        });
        for (due, sealed) in now.chain(later) {
            self.probes += usize::from(sealed.is_probe());
            self.queue(due, sealed);
        }
        if self.probes == 0 {
            self.probe = None;
        }
        self.batcher.backlog.settle();
        if planted(Mistake::SlotLeaks) && signal == Some(Signal::Pressed) {
            return std::mem::forget(slot);
        }
        if let Some(signal) = signal {
            slot.finish(signal);
        }
    }

    /// Queues a batch for another try. Rows that wait for a busy partition join those that wait
    /// already, and are due with them: else each batch that brings a few would set the pace.
    fn queue(&mut self, due: Instant, sealed: Sealed) {
        let mut later = self.later.iter();
        match later.position(|(_, other)| other.can_join(&sealed)) {
            Some(place) => {
                let (due, other) = self.later.swap_remove(place);
                self.later.push((due, other.join(sealed)));
            }
            None => self.later.push((due, sealed)),
        }
    }

    fn record(&self, tally: Tally) {
        if tally != Tally::default() {
            self.journal.record(tally);
        }
    }

    /// Starts saving the checkpoint where it is time.
    fn save_if_due(&mut self) {
        if self.save_due().is_none_or(|due| Instant::now() < due) {
            return;
        }
        let mut cursor = self.batcher.backlog.settle().clone();
        if planted(Mistake::CheckpointOfWhatWasRead)
            || planted(Mistake::CheckpointPassesParked) && self.parking.has_some()
        {
            cursor = self.batcher.backlog.newest().clone();
        }
        let context = Arc::clone(&self.context);
        let shard = self.shard;
        let save = async move {
            let super::Settings {
                group, consumer, ..
            } = &context.settings;
            let outcome = context
                .loghub
                .update_checkpoint(group, consumer, shard, &cursor)
                .await;
            (cursor, outcome)
        };
        self.saving = Some(save.boxed());
    }

    /// When the checkpoint is to be saved; `None` while it is being saved, or has not moved and
    /// will.
    ///
    /// At the end of the shard it is saved again and again: a shard that is split is finished by a
    /// save at its end, even if that was saved before. A heartbeat comes in between, to tell of
    /// shards that are finished.
    fn save_due(&mut self) -> Option<Instant> {
        let super::Settings {
            checkpoint_interval: interval,
            heartbeat_interval,
            ..
        } = self.context.settings;
        let has_moved = self.saved.as_ref() != Some(self.batcher.backlog.settle());
        let pause = match (has_moved, self.batcher.backlog.is_empty()) {
            _ if self.saving.is_some() => return None,
            (true, is_empty) if self.is_draining && (is_empty || self.is_giving_up) => {
                Duration::ZERO
            }
            (true, true) => interval.min(SAVE_AT_END),
            (true, false) => interval,
            (false, true) => interval.max(heartbeat_interval),
            (false, false) => return None,
        };
        Some(self.saved_at + pause)
    }

    /// Takes the outcome of a save; `false` if the shard is no longer ours.
    fn saved(&mut self, cursor: Cursor, outcome: Result<Saved, Error>) -> bool {
        self.saved_at = Instant::now();
        match outcome {
            Ok(Saved::Saved) => {
                debug!(%cursor, "checkpoint saved");
                self.saved = Some(cursor);
                self.save_faults = 0;
                true
            }
            Ok(Saved::Fenced(ErrorCode::ShardNotExist)) => {
                // No place for a checkpoint, nor another holder: what was read is still written.
                self.saved = Some(cursor);
                true
            }
            Ok(Saved::Fenced(code)) => {
                warn!(%code, "checkpoint refused: the shard is another consumer's now");
                false
            }
            Err(error) => {
                // A pause even while draining, when a save is due at once.
                self.saved_at += CONTROL.pause(self.save_faults);
                self.save_faults += 1;
                record_fault(&self.journal, &error);
                if self.lines.take("checkpoints not saved") {
                    warn!(
                        error = error_chain(&error),
                        "checkpoint not saved: trying again"
                    );
                }
                true
            }
        }
    }

    /// When something is due that no other event announces.
    fn next_wake(&mut self) -> Instant {
        let retry = self
            .later
            .iter()
            .map(|(due, _)| *due)
            .min()
            .filter(|_| self.slot.is_none());
        let pause = if self.may_send() {
            Duration::from_mins(1)
        } else {
            LEASE_PAUSE
        };
        let writes = [retry, self.parking.due()].map(|due| due.filter(|_| self.may_send()));
        writes
            .into_iter()
            .chain([self.save_due()])
            .flatten()
            .fold(Instant::now() + pause, Instant::min)
    }
}
