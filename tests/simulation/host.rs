//! One container: a shipper on a runtime and a clock of its own, which the world runs, stops,
//! kills and starts again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use loghub_shipper::config::Config;
use loghub_shipper::sandbox::Service;
use loghub_shipper::shipper::{Memory, Shipper};
use loghub_shipper::status::{TotalCounts, Totals};
use loghub_shipper::transport::{Clock, error_chain};
use loghub_shipper::{loghub, tablestore};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::wire::{Outbox, Sent, Wire};

/// The time of day at which every world begins.
pub(crate) fn dawn() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)
}

/// How a life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `run` returned after a shutdown.
    HandedOver,
    /// Start or run failed: the platform starts the container again.
    Failed(String),
}

/// What a life leaves behind for others to see.
#[derive(Debug, Default)]
struct Remains {
    end: Option<End>,
    totals: Option<Arc<Totals>>,
    memory: Option<Arc<Memory>>,
}

fn lock(remains: &Mutex<Remains>) -> MutexGuard<'_, Remains> {
    remains.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A container that runs.
#[derive(Debug)]
pub(crate) struct Life {
    runtime: Runtime,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) shutdown: CancellationToken,
    remains: Arc<Mutex<Remains>>,
    /// When it began, in the world's milliseconds.
    born: u64,
    /// Milliseconds for which it was stopped and that its clock has not seen yet.
    owed: u64,
    /// Where its clock stands, in the world's milliseconds.
    pub(crate) now: u64,
}

impl Life {
    /// Starts a container with this configuration. `skew` is what its time of day is wrong by, in
    /// milliseconds.
    pub(crate) fn start(config: Config, born: u64, skew: &Arc<AtomicI64>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without a network needs nothing");
        let shutdown = CancellationToken::new();
        let remains = Arc::new(Mutex::new(Remains::default()));
        let guard = runtime.enter();
        let outbox = Outbox::new();
        let clock = {
            let (outbox, skew) = (Arc::clone(&outbox), Arc::clone(skew));
            Clock::told(move || {
                let wrong = skew.load(Ordering::Relaxed);
                let now = dawn() + Duration::from_millis(born) + outbox.age();
                let by = Duration::from_millis(wrong.unsigned_abs());
                if wrong < 0 { now - by } else { now + by }
            })
        };
        let wire = |service| {
            let outbox = Arc::clone(&outbox);
            Arc::new(Wire { service, outbox })
        };
        let key = config.access_key.clone();
        let loghub = loghub::Client::new(
            config.loghub,
            key.clone(),
            wire(Service::LogService),
            clock.clone(),
        );
        let tablestore = tablestore::Client::new(
            config.tablestore,
            key,
            wire(Service::TableStore),
            clock.clone(),
        );
        let (left, token, news) = (Arc::clone(&remains), shutdown.clone(), Arc::clone(&outbox));
        drop(runtime.spawn(async move {
            let started = Shipper::start(
                config.shipper,
                config.status,
                loghub,
                tablestore,
                clock,
                config.startup_timeout,
            );
            let end = match started.await {
                Err(error) => End::Failed(error_chain(&error)),
                Ok(shipper) => {
                    lock(&left).totals = Some(shipper.totals());
                    lock(&left).memory = Some(shipper.memory());
                    match shipper.run(&token).await {
                        Ok(()) => End::HandedOver,
                        Err(error) => End::Failed(error_chain(&error)),
                    }
                }
            };
            lock(&left).end = Some(end);
            news.news.notify_one();
        }));
        drop(guard);
        Self {
            runtime,
            outbox,
            shutdown,
            remains,
            born,
            owed: 0,
            now: born,
        }
    }

    /// Stops it where it is for so many milliseconds: time goes on and it does not see it.
    pub(crate) fn pause(&mut self, millis: u64) {
        self.owed += millis;
        self.now += millis;
    }

    /// Lets it work until it sends something, ends, or its clock reaches `until`.
    pub(crate) fn work(&mut self, until: u64) -> Vec<Sent> {
        let rest = Duration::from_millis(until - self.now);
        let owed = std::mem::take(&mut self.owed);
        self.runtime.block_on(async {
            if owed > 0 {
                tokio::time::advance(Duration::from_millis(owed)).await;
            }
            tokio::select! {
                biased;
                () = self.outbox.news.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        });
        let guard = self.runtime.enter();
        let age = u64::try_from(self.outbox.age().as_millis()).expect("worlds end soon");
        drop(guard);
        self.now = self.born + age;
        self.outbox.take()
    }

    /// When something was sent, in the world's milliseconds.
    pub(crate) fn at(&self, sent: &Sent) -> u64 {
        self.born + u64::try_from(sent.after.as_millis()).expect("worlds end soon")
    }

    pub(crate) fn end(&self) -> Option<End> {
        lock(&self.remains).end.clone()
    }

    /// The most bytes of logs and rows that it has held so far.
    pub(crate) fn most_held(&self) -> usize {
        let remains = lock(&self.remains);
        let memory = remains.memory.as_ref();
        memory.map_or(0, |memory| memory.most_held_bytes())
    }

    /// What it has counted so far.
    pub(crate) fn counts(&self) -> TotalCounts {
        let remains = lock(&self.remains);
        remains
            .totals
            .as_ref()
            .map(|totals| totals.counts())
            .unwrap_or_default()
    }
}
