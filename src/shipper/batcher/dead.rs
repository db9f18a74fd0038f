//! Logs that will never become a row: decided at once, or, where dead letters are kept, once their
//! letter is stored.

use std::borrow::Cow;

use super::Batcher;
use crate::deadletters;
use crate::shipper::backlog::LogRef;
use crate::status::Tally;

/// Logs that may wait for their letters to be stored. Each holds its reason in memory; past this
/// many, no further log is mapped.
const MAX_UNBURIED: usize = 4096;

/// A log that will never become a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shipper) struct Dead {
    pub(in crate::shipper) log: LogRef,
    pub(in crate::shipper) cause: Cause,
    /// The service's code, or ours.
    pub(in crate::shipper) code: Cow<'static, str>,
    /// Why, in words.
    pub(in crate::shipper) message: String,
}

/// Who found that a log will never become a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shipper) enum Cause {
    /// We did.
    Skipped,
    /// Table Store did.
    Refused,
}

impl Dead {
    /// A log without a usable primary key, or over a limit.
    pub(super) fn skipped(log: LogRef, code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            log,
            cause: Cause::Skipped,
            code: code.into(),
            message: reason.into(),
        }
    }

    /// A log whose row was refused for good.
    pub(super) fn refused(log: LogRef, code: String, message: &str) -> Self {
        Self {
            log,
            cause: Cause::Refused,
            code: code.into(),
            message: message.to_owned(),
        }
    }
}

impl Batcher {
    /// From now on logs that will never become a row stay undecided until they are
    /// [buried](Self::bury).
    pub(in crate::shipper) fn keep_dead(&mut self) {
        self.keeps_dead = true;
    }

    /// The logs that were given up since the last time.
    pub(in crate::shipper) fn take_dead(&mut self) -> Vec<Dead> {
        std::mem::take(&mut self.dead)
    }

    /// A dead log is kept elsewhere now: it is decided.
    pub(in crate::shipper) fn bury(&mut self, dead: &Dead, tally: &mut Tally) {
        self.unburied -= 1;
        tally.dead_lettered += 1;
        if dead.cause == Cause::Skipped {
            tally.dead_lettered_skips += 1;
            self.sample(dead, tally);
        }
        self.backlog.decide(dead.log);
    }

    /// Whether so many logs wait for their letters that no further one may join them.
    pub(super) fn is_choked(&self) -> bool {
        self.unburied >= MAX_UNBURIED
    }

    /// A log will never become a row.
    pub(super) fn give_up(&mut self, mut dead: Dead, tally: &mut Tally) {
        if dead.cause == Cause::Skipped {
            let backlog = &self.backlog;
            self.lines.skipped(&dead.message, || backlog.json(dead.log));
        }
        if self.keeps_dead {
            self.unburied += 1;
            dead.message = deadletters::short(&dead.message);
            return self.dead.push(dead);
        }
        match dead.cause {
            Cause::Refused => tally.refused += 1,
            Cause::Skipped => {
                tally.skipped += 1;
                self.sample(&dead, tally);
            }
        }
        self.backlog.decide(dead.log);
    }

    /// One skipped log is shown of many.
    fn sample(&self, dead: &Dead, tally: &mut Tally) {
        if tally.skip_sample.is_none() {
            tally.skip_sample = Some(self.backlog.json(dead.log));
            tally.skip_reason = Some(dead.message.clone());
        }
    }
}
