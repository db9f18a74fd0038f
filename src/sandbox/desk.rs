//! What both services hang on: scripted faults, the record of calls, and who looks on.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use super::faults::{Faults, Plan};
use super::ledger::{Call, Ledger};
use super::{Reply, Service};
use crate::transport::Clock;

/// An answer of a service before faults touch it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The whole response, signed where the service signs.
    pub(crate) response: http::Response<Bytes>,
    /// Its error code; empty on success.
    pub(crate) code: String,
    /// Rows or log groups that it is about.
    pub(crate) rows: usize,
}

/// A call that was applied, or refused, as the service did it: before faults touch the answer.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// Which service was called.
    pub service: Service,
    /// The operation (`PullLogs`, `BatchWriteRow`, ...), or `Unknown`.
    pub operation: &'a str,
    /// What came.
    pub request: &'a http::Request<Bytes>,
    /// The true answer.
    pub response: &'a http::Response<Bytes>,
}

/// Sees every exchange.
type Watch = Box<dyn FnMut(&Exchange<'_>) + Send>;

/// Who looks on, if anybody does.
#[derive(Default)]
pub(crate) struct Watcher(OnceLock<Mutex<Watch>>);

impl Watcher {
    /// Sets who looks on; whether nobody did before.
    pub(crate) fn set(&self, watch: Watch) -> bool {
        self.0.set(Mutex::new(watch)).is_ok()
    }

    /// Holds all other calls up while one is applied, so that calls are seen in the order in which
    /// they were applied. Without a watcher nobody waits.
    fn turn(&self) -> Option<MutexGuard<'_, Watch>> {
        let watch = self.0.get()?;
        Some(watch.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.0.get().is_some() {
            "Watcher"
        } else {
            "nobody"
        };
        f.write_str(name)
    }
}

/// What both services hang on: scripted faults, the record of calls, and who looks on.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) faults: Faults,
    pub(crate) ledger: Ledger,
    pub(crate) watcher: Watcher,
    pub(crate) clock: Clock,
}

impl Desk {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            faults: Faults::default(),
            ledger: Ledger::default(),
            watcher: Watcher::default(),
            clock,
        }
    }

    /// Carries one call of `operation` through whatever is scripted for it, and records it.
    ///
    /// `refuse` puts a scripted refusal (status, code, message) into the service's own form;
    /// `apply` does the real work, from verifying the signature on.
    pub(crate) fn attend(
        &self,
        service: Service,
        operation: &str,
        request: &http::Request<Bytes>,
        refuse: impl FnOnce(u16, &str, &str) -> http::Response<Bytes>,
        apply: impl FnOnce(&Plan) -> Answer,
    ) -> Reply {
        let at = self.clock.now();
        let plan = self.faults.plan(service, operation, request, at);
        let turn = self.watcher.turn();
        let answer = if plan.is_cut_before() {
            self.record(service, operation, at, 0, "", 0);
            return plan.finish(http::Response::default());
        } else if let Some(refusal) = plan.refusal() {
            Answer {
                response: refuse(refusal.status, &refusal.code, &refusal.message),
                code: refusal.code.clone(),
                rows: 0,
            }
        } else {
            apply(&plan)
        };
        if let Some(mut watch) = turn {
            watch(&Exchange {
                service,
                operation,
                request,
                response: &answer.response,
            });
        }
        let status = answer.response.status().as_u16();
        self.record(service, operation, at, status, &answer.code, answer.rows);
        plan.finish(answer.response)
    }

    fn record(
        &self,
        service: Service,
        operation: &str,
        at: SystemTime,
        status: u16,
        code: &str,
        rows: usize,
    ) {
        self.ledger.record(Call {
            service,
            operation: operation.to_owned(),
            at,
            status,
            code: code.to_owned(),
            rows,
        });
    }
}
