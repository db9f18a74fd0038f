//! Dead letters, shipped again by the present configuration: the same mapper, batches and decisions
//! as the daemon's, fed from a desk of letters instead of a shard.
//!
//! A letter leaves its place only when its row is acknowledged, so a replay that is interrupted, at
//! any moment, ships some letters twice and loses none. What a letter's columns may write over is
//! the [`guard`]'s business; for its sake the newest letter goes first.

mod guard;
mod report;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use self::guard::Guard;
pub use self::report::{Failing, ReplayReport};
use super::backlog::Backlog;
use super::batcher::{Batcher, Sealed, Settled};
use super::budget::Budget;
use super::fingerprint::fingerprint;
use super::rows::NameBook;
use super::settings::Settings;
use super::start::{self, StartError};
use crate::deadletters::{Desk, Key, Letter, Order, Origin, Reason, Sink, SinkError, as_pull};
use crate::loghub::Cursor;
use crate::loghub::decode::LogGroupList;
use crate::status::Tally;
use crate::tablestore::{
    BatchOutcome, CapacityUnit, Client, Error, RowError, RowOutcome, TableName, Verdict,
};
use crate::telemetry::Allowance;
use crate::transport::retry::Policy;
use crate::transport::{Clock, error_chain};

/// Letters shipped together.
const LETTERS: u32 = 500;

/// What a replay is asked to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplaySettings {
    /// Nothing is written and nothing removed: which letters would become rows?
    pub is_dry_run: bool,
    /// Values that were written after a log was parked are written over.
    pub overwrites: bool,
    /// Letters tried at the most.
    pub limit: Option<u64>,
}

/// A replay cannot go on. What was shipped before is shipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The target table.
    #[error(transparent)]
    Target(Error),
    /// Rows that the target table refuses in passing, for too long.
    #[error("the target table keeps refusing rows: {0}")]
    Busy(RowError),
    /// The letters cannot be read or removed.
    #[error(transparent)]
    Letters(#[from] SinkError),
}

/// Dead letters of one origin, ready to be shipped.
#[derive(Debug)]
pub struct Replay {
    client: Arc<Client>,
    table: TableName,
    settings: ReplaySettings,
    policy: Policy,
    clock: Clock,
    desk: Desk,
    fingerprint: String,
    batcher: Batcher,
    /// Letters are held a few at a time: there is always room.
    budget: Budget,
    guard: Option<Guard>,
    lines: Allowance,
    report: ReplayReport,
}

/// What became of the letters that were shipped together: of each that failed, why.
type Outcome = Vec<Option<Reason>>;

impl Replay {
    /// Checks the target table and opens the letters of `origin`. Services that are away are tried
    /// again by `policy`, now and later.
    pub async fn prepare(
        shipper: Settings,
        settings: ReplaySettings,
        sink: &Sink,
        origin: Origin,
        client: Arc<Client>,
        clock: Clock,
        policy: Policy,
    ) -> Result<Self, StartError> {
        let table = shipper.target_table;
        let target = start::find_target(&policy, &client, &table).await?;
        start::check_letters(&policy, &client, sink, settings.is_dry_run).await?;
        let unreadable = |error| match (error, sink) {
            (SinkError::Table(source), Sink::Table(table)) => {
                StartError::table_store(source, table.name(), start::LETTERS_SETTING)
            }
            (error, _) => StartError::DeadLetterFile(Box::new(error)),
        };
        let counts = target.primary_key.iter().any(|key| key.auto_increment);
        let writes_over = settings.overwrites || counts;
        let order = if writes_over {
            Order::OldestFirst
        } else {
            Order::NewestFirst
        };
        let desk = sink.open(origin, order, policy).await;
        let desk = desk.map_err(unreadable)?;
        let instance = &client.settings().instance;
        let fingerprint = fingerprint(&shipper.rules, instance, &table, &target.primary_key);
        let is_guarded = !writes_over && !settings.is_dry_run;
        let guard = is_guarded.then(|| Guard::new(Arc::clone(&client), table.clone()));
        let mut batcher = Batcher::new(
            table.clone(),
            Arc::new(shipper.rules.clone()),
            target.primary_key.into(),
            Arc::new(NameBook::new(shipper.rules.column_names)),
            Backlog::new(Cursor::new("replay")),
        );
        batcher.keep_dead();
        if guard.is_some() {
            // Each letter has a time of its own to be compared with.
            batcher.keep_apart();
        }
        Ok(Self {
            client,
            table,
            settings,
            policy,
            clock,
            desk,
            fingerprint,
            batcher,
            budget: Budget::new(1),
            guard,
            lines: Allowance::default(),
            report: ReplayReport::default(),
        })
    }

    /// Ships letter after letter until the end, the limit, or `stop`; what is under way then is
    /// finished. Answers what became of them even where it
    /// could not go on.
    pub async fn run(
        mut self,
        stop: &CancellationToken,
    ) -> (ReplayReport, Result<(), ReplayError>) {
        let worked = self.work(stop).await;
        let closed = self.desk.close().await.map_err(ReplayError::from);
        (self.report, worked.and(closed))
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), ReplayError> {
        loop {
            let left = self.settings.limit.map(|limit| limit - self.report.tried);
            if left == Some(0) {
                self.report.has_more = self.desk.has_more().await?;
                return Ok(());
            }
            let most = left.map_or(LETTERS, |left| {
                u32::try_from(left).map_or(LETTERS, |left| left.min(LETTERS))
            });
            if stop.is_cancelled() {
                self.report.is_cut_short = true;
                return Ok(());
            }
            let Some(found) = self.desk.next(most).await? else {
                return Ok(());
            };
            let letters = self.report.sort(found);
            let Some(outcome) = self.ship(&letters, stop).await? else {
                self.report.is_cut_short = true;
                return Ok(());
            };
            self.take(letters, outcome).await?;
        }
    }

    /// Removes the letters that went through; of the others notes why they did not.
    async fn take(&mut self, letters: Vec<Letter>, outcome: Outcome) -> Result<(), ReplayError> {
        let (mut gone, mut kept): (Vec<Key>, Vec<(Key, Reason)>) = (Vec::new(), Vec::new());
        for (letter, failed) in letters.into_iter().zip(outcome) {
            self.report.tried += 1;
            match failed {
                None => {
                    self.report.shipped += 1;
                    gone.push(letter.key);
                }
                Some(reason) => {
                    let is_unchanged = letter.reason.configuration == self.fingerprint;
                    self.report.fail(&reason, is_unchanged);
                    kept.push((letter.key, reason));
                }
            }
        }
        if self.settings.is_dry_run {
            return Ok(());
        }
        Ok(self.desk.change(gone, kept).await?)
    }

    /// Ships letters; `None` where `stop` came before all were decided.
    async fn ship(
        &mut self,
        letters: &[Letter],
        stop: &CancellationToken,
    ) -> Result<Option<Outcome>, ReplayError> {
        let data = as_pull(letters.iter().map(|letter| &letter.log));
        let list = LogGroupList::index(data).expect("letters are encoded as log groups");
        let share = self.budget.take(1).await;
        let here = Cursor::new("replay");
        let backlog = &mut self.batcher.backlog;
        backlog.push(list, here.clone(), here, share);
        let mut outcome = vec![None; letters.len()];
        let mut later: VecDeque<(Duration, Sealed)> = VecDeque::new();
        let mut good = Instant::now();
        loop {
            let mut tally = Tally::default();
            let sealed = match later.pop_front() {
                Some((pause, sealed)) => {
                    tokio::select! {
                        () = stop.cancelled() => return Ok(None),
                        () = tokio::time::sleep(pause) => Some(sealed),
                    }
                }
                None if self.batcher.has_work() => self.batcher.fill(&mut tally),
                None => break,
            };
            self.note_dead(&mut outcome, &mut tally);
            let Some(sealed) = sealed else { continue };
            let answer = self.send(&sealed, letters).await;
            let answer = self.judge(answer, &mut good)?;
            let settled = self.batcher.settle(sealed, answer, &mut tally);
            self.note_dead(&mut outcome, &mut tally);
            let Settled { later: again, now } = settled;
            later.extend(now.into_iter().map(|sealed| (Duration::ZERO, sealed)));
            later.extend(again.map(|(sealed, _)| {
                let failures = sealed.attempt.saturating_sub(1);
                (self.policy.pause(failures), sealed)
            }));
        }
        self.batcher.backlog.settle();
        if let Some(guard) = &mut self.guard {
            self.report.kept_newer += guard.take_kept_newer();
        }
        Ok(Some(outcome))
    }

    /// Notes the logs that died again: nothing needs to be stored, their letters are there.
    fn note_dead(&mut self, outcome: &mut Outcome, tally: &mut Tally) {
        for dead in self.batcher.take_dead() {
            self.batcher.bury(&dead, tally);
            outcome[dead.log.index()] = Some(Reason {
                code: dead.code.into_owned(),
                message: dead.message,
                configuration: self.fingerprint.clone(),
                replayed_at_millis: Some(self.clock.unix_millis()),
            });
        }
    }

    async fn send(&mut self, sealed: &Sealed, letters: &[Letter]) -> Result<BatchOutcome, Error> {
        if self.settings.is_dry_run {
            let written = RowOutcome::Written(CapacityUnit { read: 0, write: 0 });
            return Ok(vec![written; sealed.len()]);
        }
        if let Some(guard) = &mut self.guard {
            return guard.send(sealed, letters).await;
        }
        let (body, rows) = (sealed.body(), sealed.len());
        self.client.batch_write_row(&self.table, body, rows).await
    }

    /// Gives up where nothing has gone through for as long as the policy has it, or somebody must
    /// mend something first.
    fn judge(
        &mut self,
        answer: Result<BatchOutcome, Error>,
        good: &mut Instant,
    ) -> Result<Result<BatchOutcome, Error>, ReplayError> {
        let patience = self.policy.total.unwrap_or(Duration::MAX);
        let trouble = match &answer {
            Ok(outcomes) => {
                let refused = outcomes.iter().find_map(|outcome| match outcome {
                    RowOutcome::Refused(error) if error.code.verdict() != Verdict::BadRow => {
                        Some(error)
                    }
                    _ => None,
                });
                let is_stuck = refused.filter(|_| {
                    let mut written = outcomes.iter();
                    !written.any(|outcome| matches!(outcome, RowOutcome::Written(_)))
                });
                let Some(error) = is_stuck else {
                    *good = Instant::now();
                    return Ok(answer);
                };
                if good.elapsed() > patience {
                    return Err(ReplayError::Busy(error.clone()));
                }
                error.to_string()
            }
            Err(error) => match error.verdict() {
                Verdict::BadRow => return Ok(answer),
                Verdict::Retry(_) if good.elapsed() <= patience => error_chain(error),
                Verdict::Operator | Verdict::Retry(_) => {
                    return answer.map(Ok).map_err(ReplayError::Target);
                }
            },
        };
        if self.lines.take("tries to ship dead letters") {
            warn!(error = trouble, "rows not written: trying again");
        }
        Ok(answer)
    }
}
