//! Counts, and who keeps them until a status row has taken them over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::transport::error_chain;

/// Different faults that are kept apart between two status rows; more fold into the last.
const MAX_FAULTS: usize = 8;

/// What happened since some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Logs pulled.
    pub logs_read: u64,
    /// Bytes of logs pulled, uncompressed.
    pub bytes_read: u64,
    /// Logs whose row was acknowledged, alone or merged with others.
    pub logs_written: u64,
    /// Rows acknowledged.
    pub rows_written: u64,
    /// Capacity units consumed, read and write, as the service reports them.
    pub capacity_units: u64,
    /// Highest `__time__` written, Unix seconds; 0 if none.
    pub last_time: u32,
    /// Logs skipped: no usable primary key, or over a size limit.
    pub skipped: u64,
    /// One of them, as JSON.
    pub skip_sample: Option<String>,
    /// Why that one was skipped.
    pub skip_reason: Option<String>,
    /// Logs whose row Table Store refused for good.
    pub refused: u64,
    /// Logs that were to be skipped, or were refused for good, and are kept as dead letters
    /// instead: neither `skipped` nor `refused` counts them.
    pub dead_lettered: u64,
    /// Of them, those that were to be skipped.
    pub dead_lettered_skips: u64,
    /// Texts in which bytes that are not UTF-8 were replaced.
    pub replaced: u64,
    /// What failed.
    pub faults: Vec<Fault>,
}

/// Something that failed, with its repetitions folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The service's error code, or ours.
    pub code: String,
    /// The latest message.
    pub message: String,
    /// A log whose row failed, as JSON, where there is one.
    pub sample: Option<String>,
    /// How often.
    pub count: u64,
}

impl Fault {
    /// A call that failed: by the service's code, where it sent one, with all that is known of why.
    pub fn of_call(code: Option<&impl ToString>, error: &dyn std::error::Error) -> Self {
        Self {
            code: code.map_or_else(|| NO_ANSWER.to_owned(), ToString::to_string),
            message: error_chain(error),
            sample: None,
            count: 1,
        }
    }
}

/// What the status table calls an error that the service did not send.
const NO_ANSWER: &str = "NoAnswer";

impl Tally {
    /// Adds a fault, or counts it with an earlier one of the same code.
    pub fn fault(&mut self, fault: Fault) {
        let is_full = self.faults.len() >= MAX_FAULTS;
        let same = self
            .faults
            .iter_mut()
            .find(|known| known.code == fault.code);
        match same {
            Some(known) => known.repeat(fault),
            None if is_full => {
                if let Some(last) = self.faults.last_mut() {
                    last.repeat(fault);
                }
            }
            None => self.faults.push(fault),
        }
    }

    /// Adds what happened later.
    pub fn add(&mut self, later: Self) {
        self.logs_read += later.logs_read;
        self.bytes_read += later.bytes_read;
        self.logs_written += later.logs_written;
        self.rows_written += later.rows_written;
        self.capacity_units += later.capacity_units;
        self.last_time = self.last_time.max(later.last_time);
        self.skipped += later.skipped;
        if later.skip_sample.is_some() {
            self.skip_sample = later.skip_sample;
            self.skip_reason = later.skip_reason;
        }
        self.refused += later.refused;
        self.dead_lettered += later.dead_lettered;
        self.dead_lettered_skips += later.dead_lettered_skips;
        self.replaced += later.replaced;
        later.faults.into_iter().for_each(|fault| self.fault(fault));
    }
}

impl Fault {
    fn repeat(&mut self, later: Self) {
        self.count += later.count;
        self.code = later.code;
        self.message = later.message;
        self.sample = later.sample.or(self.sample.take());
    }
}

/// What a shard's work has recorded and no status row has taken over yet.
#[derive(Debug, Default)]
pub struct Journal {
    tally: Mutex<Tally>,
    totals: Arc<Totals>,
    urgent: Notify,
}

impl Journal {
    /// An empty journal that also feeds the daemon's totals.
    pub fn new(totals: Arc<Totals>) -> Self {
        Self {
            totals,
            ..Self::default()
        }
    }

    /// Records what happened, and wakes the reporter if something failed.
    pub fn record(&self, tally: Tally) {
        self.totals.add(&tally);
        let is_urgent = !tally.faults.is_empty();
        self.tally().add(tally);
        if is_urgent {
            self.urgent.notify_one();
        }
    }

    /// Waits until something has failed that nobody took over.
    pub(super) async fn urgent(&self) {
        // Whoever takes the tally leaves the notice of its faults behind.
        while self.tally().faults.is_empty() {
            self.urgent.notified().await;
        }
    }

    /// Takes everything recorded so far.
    pub(super) fn take(&self) -> Tally {
        std::mem::take(&mut *self.tally())
    }

    /// Gives back what could not be published: the next row will have it.
    pub(super) fn put_back(&self, tally: Tally) {
        let mut held = self.tally();
        let later = std::mem::replace(&mut *held, tally);
        held.add(later);
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Running totals of the whole daemon since its start.
#[derive(Debug, Default)]
pub struct Totals {
    logs_read: AtomicU64,
    bytes_read: AtomicU64,
    logs_written: AtomicU64,
    rows_written: AtomicU64,
    skipped: AtomicU64,
    refused: AtomicU64,
    dead_lettered: AtomicU64,
    first_skip: OnceLock<Skip>,
}

/// A log that did not become a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Why.
    pub reason: String,
    /// The log, as JSON.
    pub log: String,
}

/// [`Totals`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TotalCounts {
    /// Logs pulled.
    pub logs_read: u64,
    /// Bytes of logs pulled, uncompressed.
    pub bytes_read: u64,
    /// Logs whose row was acknowledged.
    pub logs_written: u64,
    /// Rows acknowledged.
    pub rows_written: u64,
    /// Logs skipped.
    pub skipped: u64,
    /// Logs whose row was refused for good.
    pub refused: u64,
    /// Logs that are kept as dead letters: neither `skipped` nor `refused` counts them.
    pub dead_lettered: u64,
}

impl TotalCounts {
    /// Logs of which it is certain what became.
    pub fn decided(&self) -> u64 {
        self.logs_written + self.skipped + self.refused + self.dead_lettered
    }
}

impl Totals {
    fn add(&self, tally: &Tally) {
        let add = |total: &AtomicU64, more| total.fetch_add(more, Ordering::Relaxed);
        add(&self.logs_read, tally.logs_read);
        add(&self.bytes_read, tally.bytes_read);
        add(&self.logs_written, tally.logs_written);
        add(&self.rows_written, tally.rows_written);
        add(&self.skipped, tally.skipped);
        add(&self.refused, tally.refused);
        add(&self.dead_lettered, tally.dead_lettered);
        if let (Some(reason), Some(log)) = (&tally.skip_reason, &tally.skip_sample) {
            self.first_skip.get_or_init(|| Skip {
                reason: reason.clone(),
                log: log.clone(),
            });
        }
    }

    /// The first log that was skipped, if any was.
    pub fn first_skip(&self) -> Option<&Skip> {
        self.first_skip.get()
    }

    /// The totals right now.
    pub fn counts(&self) -> TotalCounts {
        let get = |total: &AtomicU64| total.load(Ordering::Relaxed);
        TotalCounts {
            logs_read: get(&self.logs_read),
            bytes_read: get(&self.bytes_read),
            logs_written: get(&self.logs_written),
            rows_written: get(&self.rows_written),
            skipped: get(&self.skipped),
            refused: get(&self.refused),
            dead_lettered: get(&self.dead_lettered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: &str, message: &str) -> Fault {
        Fault {
            code: code.into(),
            message: message.into(),
            sample: None,
            count: 1,
        }
    }

    #[test]
    fn faults_of_one_code_fold_and_different_ones_stay_apart() {
        let mut tally = Tally::default();
        tally.fault(fault("A", "one"));
        tally.fault(fault("B", "two"));
        tally.fault(fault("A", "three"));
        assert_eq!(tally.faults.len(), 2);
        assert_eq!(
            (tally.faults[0].count, tally.faults[0].message.as_str()),
            (2, "three")
        );
        (0..20).for_each(|n| tally.fault(fault(&n.to_string(), "x")));
        assert_eq!(tally.faults.len(), MAX_FAULTS);
        assert_eq!(
            tally.faults.iter().map(|fault| fault.count).sum::<u64>(),
            23
        );
    }

    #[test]
    fn what_was_not_published_is_in_the_next_row() {
        let journal = Journal::default();
        journal.record(Tally {
            logs_written: 3,
            last_time: 9,
            ..Tally::default()
        });
        let taken = journal.take();
        journal.record(Tally {
            logs_written: 2,
            last_time: 5,
            ..Tally::default()
        });
        journal.put_back(taken);
        let all = journal.take();
        assert_eq!((all.logs_written, all.last_time), (5, 9));
        assert_eq!(journal.totals.counts().logs_written, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_that_was_taken_over_is_news_no_more() {
        let journal = Journal::default();
        let mut tally = Tally::default();
        tally.fault(fault("A", "one"));
        journal.record(tally.clone());
        journal.urgent().await;
        journal.take();
        let pause = std::time::Duration::from_secs(1);
        assert!(tokio::time::timeout(pause, journal.urgent()).await.is_err());
        journal.record(tally);
        assert!(tokio::time::timeout(pause, journal.urgent()).await.is_ok());
    }
}
