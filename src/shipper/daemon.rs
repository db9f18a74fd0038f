//! The consumer group's side of the work: heartbeats, shards gained and lost, hand-over.
//!
//! The list that a heartbeat carries is what we still work on; the answer is what we may hold.
//! A shard that is taken away stays on the list until its checkpoint is saved, so nobody else gets
//! it before; heartbeats go on until the last shard is let go.
//!
//! | event | what follows |
//! | --- | --- |
//! | the answer has a new shard | its work starts |
//! | the answer lacks a shard | hand-over; then it leaves the list, and a heartbeat says so at once |
//! | `NotExistConsumerWithBody` | the group forgot us: all shards are abandoned, then an empty list |
//! | no heartbeat got through for the group's timeout | the same: others have the shards by now |
//! | a checkpoint is refused | that shard is abandoned |
//! | shutdown | hand-over of all shards, within the grace period |

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, info, info_span, warn};

use super::context::Context;
use super::lease::Lease;
use super::pending::{resolve, sleep_until};
use super::worker::{self, Orders, WorkerEnd};
use crate::loghub::{Error, ErrorCode, ShardId};
use crate::mistakes::{Mistake, planted};
use crate::telemetry::Allowance;
use crate::transport::error_chain;

/// Pause before a heartbeat that failed is tried again, where the interval is longer.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// A heartbeat has a third of the group's timeout to be answered, so that one that hangs leaves
/// time for others; but not less than this.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// What abandoned shards may still take: their last status rows. With the default grace period
/// this ends before Kubernetes kills.
const LAST_MOMENTS: Duration = Duration::from_secs(4);

/// The daemon cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The work on a shard ended in a way it never should.
    #[error("the work on shard {shard} ended unexpectedly")]
    Worker {
        /// The shard.
        shard: String,
        /// Why.
        #[source]
        source: tokio::task::JoinError,
    },
}

/// Shards held and the heartbeats that keep them.
pub(super) struct Daemon {
    context: Arc<Context>,
    /// A consumer that is silent for so long loses its shards.
    group_timeout: Duration,
    lease: Lease,
    heartbeat_interval: Duration,
    workers: JoinSet<(ShardId, (WorkerEnd, JoinSet<()>))>,
    /// What writes the last status rows of shards that were let go.
    reports: JoinSet<()>,
    held: BTreeMap<ShardId, Orders>,
    /// The heartbeat that is under way.
    beat: Option<BoxFuture<'static, Beat>>,
    /// When the next heartbeat is due.
    next: Instant,
    lines: Allowance,
}

/// A heartbeat that ended.
struct Beat {
    sent: Instant,
    answer: Result<Vec<ShardId>, BeatError>,
}

/// Why a heartbeat did not get through.
#[derive(Debug, thiserror::Error)]
enum BeatError {
    #[error(transparent)]
    Refused(#[from] Error),
    #[error("no answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Daemon")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl Daemon {
    pub(super) fn new(context: Arc<Context>, group_timeout: Duration) -> Self {
        // An existing group may have a shorter timeout than ours is made for.
        let heartbeat_interval = context.settings.heartbeat_interval.min(group_timeout / 3);
        Self {
            context,
            group_timeout,
            lease: Lease::new(group_timeout),
            heartbeat_interval,
            workers: JoinSet::new(),
            reports: JoinSet::new(),
            held: BTreeMap::new(),
            beat: None,
            next: Instant::now(),
            lines: Allowance::default(),
        }
    }

    /// Works until `shutdown`, then hands all shards over within the grace period.
    pub(super) async fn run(mut self, shutdown: &CancellationToken) -> Result<(), RunError> {
        let mut deadline = None;
        while deadline.is_none() || !self.workers.is_empty() {
            self.beat_if_due();
            let lease_end = self.lease_end();
            tokio::select! {
                biased; // The same events in the same order have the same outcome.
                () = shutdown.cancelled(), if deadline.is_none() => {
                    deadline = Some(self.hand_over_all());
                }
                Some(joined) = self.workers.join_next() => self.joined(joined)?,
                Some(reported) = self.reports.join_next() => told(reported),
                beat = resolve(&mut self.beat) => self.take(beat, deadline.is_none()),
                () = tokio::time::sleep_until(self.next), if self.beat.is_none() => {}
                () = sleep_until(lease_end) => self.expire(),
                () = sleep_until(deadline) => {
                    self.cut_short();
                    break;
                }
            }
        }
        // What still runs after the last moments is aborted.
        let ends = async {
            while let Some(joined) = self.workers.join_next().await {
                self.joined(joined)?;
            }
            while let Some(reported) = self.reports.join_next().await {
                told(reported);
            }
            Ok(())
        };
        tokio::time::timeout(LAST_MOMENTS, ends)
            .await
            .unwrap_or(Ok(()))
    }

    /// The grace period is over.
    fn cut_short(&self) {
        warn!(
            shards = self.held.len(),
            "the grace period is over: what is not checkpointed will be shipped again"
        );
        self.abandon_all();
    }

    /// Begins the end; returns when it must be reached.
    fn hand_over_all(&self) -> Instant {
        let grace = self.context.settings.shutdown_grace;
        info!(
            shards = self.held.len(),
            ?grace,
            "shutting down: finishing what is in flight"
        );
        self.held
            .values()
            .for_each(|orders| orders.hand_over.cancel());
        Instant::now() + grace
    }

    /// Takes the end of a shard's work.
    fn joined(
        &mut self,
        joined: Result<(ShardId, (WorkerEnd, JoinSet<()>)), tokio::task::JoinError>,
    ) -> Result<(), RunError> {
        let (shard, (end, mut report)) = joined.map_err(|source| {
            let shards: Vec<_> = self.held.keys().map(ToString::to_string).collect();
            RunError::Worker {
                shard: shards.join(" or "),
                source,
            }
        })?;
        self.held.remove(&shard);
        self.reports.spawn(async move {
            while let Some(reported) = report.join_next().await {
                told(reported);
            }
        });
        // Whoever waits for the shard need not wait for our next regular heartbeat. A shard that
        // was lost or is gone may be given to us again: not in a tight loop.
        if end == WorkerEnd::HandedOver {
            self.next = Instant::now();
        }
        Ok(())
    }

    /// Sends a heartbeat when it is time: the list of what we still work on.
    fn beat_if_due(&mut self) {
        let sent = Instant::now();
        if self.beat.is_some() || sent < self.next {
            return;
        }
        self.next = sent + self.heartbeat_interval;
        let is_ours = |(_, orders): &(&ShardId, &Orders)| {
            !orders.abandon.is_cancelled()
                && (!orders.hand_over.is_cancelled() || !planted(Mistake::OffTheListTooEarly))
        };
        let held: Vec<_> = self
            .held
            .iter()
            .filter(is_ours)
            .map(|(shard, _)| *shard)
            .collect();
        let context = Arc::clone(&self.context);
        let group_timeout = self.group_timeout;
        let patience = (group_timeout / 3).max(LEAST_PATIENCE);
        let beat = async move {
            let beat = beat(&context, group_timeout, &held);
            let answer = tokio::time::timeout(patience, beat).await;
            Beat {
                sent,
                answer: answer
                    .map_err(BeatError::from)
                    .and_then(|answer| Ok(answer?)),
            }
        };
        self.beat = Some(beat.boxed());
    }

    /// Takes the answer to a heartbeat.
    fn take(&mut self, Beat { sent, answer }: Beat, takes_shards: bool) {
        let error = match answer {
            Ok(assigned) => {
                if self.lease.extend(sent) {
                    info!(
                        shards = assigned.len(),
                        "joined the consumer group; shards come as it has them to give"
                    );
                }
                self.follow(&assigned, takes_shards);
                return;
            }
            Err(error) => error,
        };
        if let BeatError::Refused(refused) = &error
            && refused.code() == Some(&ErrorCode::NotExistConsumerWithBody)
        {
            error!("the consumer group has forgotten us: abandoning our shards, joining again");
            self.abandon_all();
        } else if self.lines.take("failed heartbeats") {
            warn!(
                error = error_chain(&error),
                "heartbeat failed: trying again"
            );
        }
        self.next = self.next.min(Instant::now() + RETRY_PAUSE);
    }

    /// Starts what is new and hands over what is gone.
    fn follow(&mut self, assigned: &[ShardId], takes_shards: bool) {
        for (shard, orders) in &self.held {
            if !assigned.contains(shard) && !orders.hand_over.is_cancelled() {
                info!(%shard, "shard taken away: handing it over");
                orders.hand_over.cancel();
            }
        }
        for shard in assigned.iter().copied().filter(|_| takes_shards) {
            if self.held.contains_key(&shard)
                || planted(Mistake::LaterShardsIgnored) && !self.held.is_empty()
            {
                continue;
            }
            let orders = Orders::default();
            let work = worker::run(
                Arc::clone(&self.context),
                shard,
                orders.clone(),
                self.lease.clone(),
            );
            let work = async move { (shard, work.await) };
            self.workers
                .spawn(work.instrument(info_span!("shard", shard = shard.0)));
            self.held.insert(shard, orders);
        }
    }

    /// When our lease on the shards ends, if no further heartbeat gets through.
    fn lease_end(&self) -> Option<Instant> {
        let is_held = self
            .held
            .values()
            .any(|orders| !orders.abandon.is_cancelled());
        self.lease.end().filter(|_| is_held)
    }

    fn expire(&mut self) {
        error!(
            timeout = ?self.group_timeout,
            "no heartbeat got through for the group's timeout: the shards are others' by now"
        );
        self.abandon_all();
    }

    fn abandon_all(&self) {
        self.held
            .values()
            .for_each(|orders| orders.abandon.cancel());
    }
}

/// A task that writes status rows never fails, or so it should be.
fn told(reported: Result<(), tokio::task::JoinError>) {
    if let Err(error) = reported {
        error!(%error, "the reporter ended unexpectedly");
    }
}

/// One heartbeat. A group that was deleted under us is created again, for the next one; with the
/// timeout that it had, as our lease and its heartbeats are made for that.
async fn beat(
    context: &Context,
    group_timeout: Duration,
    held: &[ShardId],
) -> Result<Vec<ShardId>, Error> {
    let super::Settings {
        group, consumer, ..
    } = &context.settings;
    let answer = context.loghub.heartbeat(group, consumer, held).await;
    if let Err(error) = &answer
        && error.code() == Some(&ErrorCode::ConsumerGroupNotExist)
    {
        error!(%group, "the consumer group is gone, and its checkpoints: it begins anew");
        context
            .loghub
            .create_consumer_group(group, group_timeout, true)
            .await?;
    }
    answer
}
