//! The work of the demo: logs go in, the shipper carries them, and somebody waits for the last.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::expect::{Expected, KeyNumber};
use super::pace::Pace;
use super::progress::Progress;
use crate::cli::exit::{Exit, Failure};
use crate::cli::feed::{self, Feed};
use crate::cli::packer::Parcel;
use crate::cli::upload::{Routes, Uploader};
use crate::loghub::Client;
use crate::loghub::entry::Entry;
use crate::shipper::{RunError, Shipper, StartError};
use crate::status::Totals;
use crate::transport::retry::Policy;
use crate::transport::{Clock, error_chain};

/// How long the shipper may stand still before it is given up: longer than any of its own waits.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is looked whether the last log is decided.
const LOOK: Duration = Duration::from_millis(5);

/// Chunks between the pace and the uploader.
const CHUNKS: usize = 2;

/// Everything that the work needs.
pub(super) struct Work {
    pub(super) shipper: Shipper,
    pub(super) client: Arc<Client>,
    pub(super) feed: Feed<Option<KeyNumber>>,
    pub(super) expected: Arc<Mutex<Expected>>,
    pub(super) pace: Pace,
    pub(super) progress: Progress,
    pub(super) clock: Clock,
    pub(super) policy: Policy,
}

/// What the work came to.
#[derive(Debug)]
pub(super) struct Done {
    /// Logs that Log Service acknowledged.
    pub(super) put: u64,
    /// Input lines that were passed over.
    pub(super) bad_lines: u64,
    pub(super) totals: Arc<Totals>,
    /// From the first put to the last log decided.
    pub(super) elapsed: Duration,
    /// When the first put began, Unix milliseconds.
    pub(super) begun_millis: i64,
}

/// What is known of the input; a panic elsewhere leaves it as good as it was.
pub(super) fn lock(expected: &Mutex<Expected>) -> MutexGuard<'_, Expected> {
    expected.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    /// Puts everything while the shipper works, waits for the last log, and hands over.
    pub(super) async fn run(self) -> Result<Done, Failure> {
        let totals = self.shipper.totals();
        let Self {
            shipper,
            client,
            feed,
            expected,
            pace,
            progress,
            clock,
            policy,
        } = self;
        let shutdown = CancellationToken::new();
        let mut shipping = pin!(shipper.run(&shutdown));

        let begun_millis = clock.unix_millis();
        let begun = Instant::now();
        let filling = async {
            let putting = Putting {
                client,
                expected,
                clock,
                policy,
            };
            let (put, bad_lines) = putting.run(feed, pace, Arc::clone(&totals)).await?;
            until_decided(put, &totals).await;
            Ok::<_, Failure>((put, bad_lines))
        };
        let filled = tokio::select! {
            filled = filling => filled,
            ended = &mut shipping => Err(ended_early(ended)),
            () = progress.show(&totals) => Err(Failure::silent(Exit::Internal)),
        };
        let elapsed = begun.elapsed();
        progress.finish();
        let (put, bad_lines) = filled?;
        shutdown.cancel();
        shipping.await.map_err(|error| ended_early(Err(error)))?;
        Ok(Done {
            put,
            bad_lines,
            totals,
            elapsed,
            begun_millis,
        })
    }
}

fn ended_early(ended: Result<(), RunError>) -> Failure {
    let cause = ended
        .err()
        .map(|error| format!(": {}", error_chain(&error)));
    Failure::new(
        Exit::Internal,
        format!("the shipper ended early{}", cause.unwrap_or_default()),
    )
}

/// What putting needs.
struct Putting {
    client: Arc<Client>,
    expected: Arc<Mutex<Expected>>,
    clock: Clock,
    policy: Policy,
}

impl Putting {
    /// Puts every log; answers how many, and how many input lines were none. Logs of one key go
    /// to one shard, so that they keep their order, and rows do not depend on luck.
    async fn run(
        self,
        feed: Feed<Option<KeyNumber>>,
        pace: Pace,
        totals: Arc<Totals>,
    ) -> Result<(u64, u64), Failure> {
        let Self {
            client,
            expected,
            clock,
            policy,
        } = self;
        let routes = Routes::plan(&client, &policy, true, None).await;
        let routes = routes.map_err(StartError::log_service)?;
        let (paced, chunks) = mpsc::channel(CHUNKS);
        let mut put = 0;
        let stored = |parcel: Parcel<Option<KeyNumber>>| {
            let now = clock.unix_millis();
            put += u64::try_from(parcel.notes.len()).unwrap_or(u64::MAX);
            let mut expected = lock(&expected);
            for key in parcel.notes.into_iter().flatten() {
                expected.stored(key, now);
            }
        };
        let uploader = Uploader::new(client, routes, policy);
        let lane_key = |entry: &Entry, key: &Option<KeyNumber>| {
            let any = || entry.log.time.to_be_bytes().to_vec();
            key.map_or_else(any, KeyNumber::bytes)
        };
        let upload = uploader.run(chunks, lane_key, stored);
        let passing = pace.pass(feed.chunks, paced, totals);
        let (outcome, ()) = tokio::join!(upload, passing);
        outcome.map_err(|refused| Failure::from(StartError::log_service(refused.error)))?;
        let bad_lines = feed::join(feed.thread)?.bad;
        Ok((put, bad_lines))
    }
}

/// Waits until every log is decided, or nothing has moved for a long time.
async fn until_decided(put: u64, totals: &Totals) {
    let mut moved = (Instant::now(), 0);
    loop {
        let counts = totals.counts();
        let done = counts.decided();
        if done >= put && counts.logs_read >= put {
            return;
        }
        if done != moved.1 {
            moved = (Instant::now(), done);
        }
        if moved.0.elapsed() > PATIENCE {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}
