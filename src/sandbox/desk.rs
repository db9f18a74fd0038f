//! What both services hang on: scripted faults and the record of calls.

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

/// What both services hang on: scripted faults and the record of calls.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) faults: Faults,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
}

impl Desk {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            faults: Faults::default(),
            ledger: Ledger::default(),
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
