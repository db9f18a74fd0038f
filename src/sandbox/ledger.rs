//! What the sandbox was asked: exact counts for ever, the latest calls one by one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::Service;

/// How many calls are remembered one by one: enough for a test's run, bounded for a demo's.
const RECENT_CALLS: usize = 10_000;

/// One call that was answered, or cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which service was called.
    pub service: Service,
    /// The operation (`PullLogs`, `BatchWriteRow`, ...), or `Unknown`.
    pub operation: String,
    /// When it came, by the sandbox's clock.
    pub at: SystemTime,
    /// HTTP status of the answer; of one that was cut, the status it would have had, and 0 where
    /// the call was cut before it was applied.
    pub status: u16,
    /// Error code of the answer; empty where the call succeeded.
    pub code: String,
    /// Rows of a write or read, log groups of a pull or put; 0 elsewhere.
    pub rows: usize,
}

/// The record of calls. Shared by both services.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<String, BTreeMap<String, u64>>,
    recent: VecDeque<Call>,
}

impl Ledger {
    pub(crate) fn record(&self, call: Call) {
        let mut inner = self.lock();
        let codes = inner.counts.entry(call.operation.clone()).or_default();
        *codes.entry(call.code.clone()).or_default() += 1;
        if inner.recent.len() == RECENT_CALLS {
            inner.recent.pop_front();
        }
        inner.recent.push_back(call);
    }

    /// Calls of `operation`, whatever became of them.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.lock()
            .counts
            .get(operation)
            .map_or(0, |codes| codes.values().sum())
    }

    /// Calls of `operation` that ended with `code` (`""` is success).
    pub(crate) fn calls_with(&self, operation: &str, code: &str) -> u64 {
        self.lock()
            .counts
            .get(operation)
            .and_then(|codes| codes.get(code).copied())
            .unwrap_or(0)
    }

    /// Calls by operation and code.
    pub(crate) fn counts(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.lock().counts.clone()
    }

    /// Forgets all calls and counts.
    pub(crate) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// The latest calls, oldest first.
    pub(crate) fn recent(&self) -> Vec<Call> {
        self.lock().recent.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_outlive_the_list_of_recent_calls() {
        let ledger = Ledger::default();
        for n in 0..RECENT_CALLS + 5 {
            ledger.record(Call {
                service: Service::LogService,
                operation: "PullLogs".to_owned(),
                at: SystemTime::UNIX_EPOCH,
                status: 200,
                code: if n % 2 == 0 { "" } else { "ServerBusy" }.to_owned(),
                rows: n,
            });
        }
        assert_eq!(ledger.calls("PullLogs"), 10_005);
        assert_eq!(ledger.calls_with("PullLogs", ""), 5_003);
        assert_eq!(ledger.calls_with("PullLogs", "ServerBusy"), 5_002);
        assert_eq!(ledger.calls("PutLogs"), 0);
        let recent = ledger.recent();
        assert_eq!((recent.len(), recent[0].rows), (RECENT_CALLS, 5));
    }
}
