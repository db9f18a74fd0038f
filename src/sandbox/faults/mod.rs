//! Scripted faults: ordered, never random.
//!
//! A test writes a script before or during a run: "the next three `PullLogs` are refused with
//! 503", "every `BatchWriteRow` fails the rows whose key starts with `bad`", in Rust by [`Fault`]
//! or in words by [`Faults::load`]. Every entry counts the calls that fit it. Of the limited ones
//! (for some number of calls) that are due, the first strikes and the others wait for their next
//! call; standing ones ([`Fault::always`], [`Fault::lasting`]) strike on top of them.

mod fault;
mod plan;
mod script;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

pub use self::fault::{Action, Corruption, Fault, RowMatch};
pub(crate) use self::plan::Plan;
pub use self::script::{LineFault, ScriptFault};
use super::Service;

/// Entries that are over and still shown.
const PAST: usize = 1_000;

/// The script of faults. Shared by both services.
#[derive(Debug, Default)]
pub struct Faults {
    script: Mutex<Vec<Entry>>,
}

/// How an entry of the script fares.
#[derive(Clone, Debug)]
pub struct FaultReport {
    /// The entry; its `Display` is a line of the script language.
    pub fault: Fault,
    /// Calls that fitted it.
    pub seen: u64,
    /// Calls that it struck.
    pub struck: u64,
    /// Whether it strikes no more.
    pub is_over: bool,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    seen: u64,
    struck: u64,
    /// When it first struck.
    since: Option<SystemTime>,
    is_over: bool,
}

impl Faults {
    /// Adds `fault` at the end of the script.
    pub fn push(&self, fault: Fault) {
        self.extend([fault]);
    }

    /// The next `times` calls of `operation`, after those already scripted, meet `action`.
    pub fn next(&self, operation: &str, times: u64, action: Action) {
        self.push(Fault::on(operation, action).times(times));
    }

    /// Every call of `operation` meets `action` until [`Faults::clear`].
    pub fn always(&self, operation: &str, action: Action) {
        self.push(Fault::on(operation, action).always());
    }

    /// Adds the lines of a script: all of them, or none where one makes no sense. Answers how many
    /// there are.
    ///
    /// One fault a line, `#` begins a comment:
    ///
    /// ```text
    /// [after N] [every N] [next N | always] OPERATION [at "TEXT"]: EFFECT [and EFFECT]... [for TIME]
    /// ```
    pub fn load(&self, script: &str) -> Result<usize, ScriptFault> {
        let faults = script::parse(script)?;
        let count = faults.len();
        self.extend(faults);
        Ok(count)
    }

    /// Forgets the whole script; answers how many entries were not over.
    pub fn clear(&self) -> usize {
        let mut script = self.lock();
        let pending = script.iter().filter(|entry| !entry.is_over).count();
        script.clear();
        pending
    }

    /// Entries of the script that are not used up; standing ones count.
    pub fn pending(&self) -> usize {
        self.lock().iter().filter(|entry| !entry.is_over).count()
    }

    /// How every entry fares at `now`, in the order of the script; the latest 1,000 that are over
    /// are kept.
    pub(crate) fn report(&self, now: SystemTime) -> Vec<FaultReport> {
        let mut script = self.lock();
        script.iter_mut().for_each(|entry| entry.pass_away(now));
        let reports = script.iter().map(|entry| FaultReport {
            fault: entry.fault.clone(),
            seen: entry.seen,
            struck: entry.struck,
            is_over: entry.is_over,
        });
        reports.collect()
    }

    /// What befalls this call, which came at `now`.
    pub(crate) fn plan(
        &self,
        service: Service,
        operation: &str,
        request: &http::Request<Bytes>,
        now: SystemTime,
    ) -> Plan {
        let mut plan = Plan::default();
        let mut is_taken = false;
        for entry in self.lock().iter_mut() {
            entry.pass_away(now);
            if entry.is_over || !entry.fault.fits(service, operation, request) {
                continue;
            }
            entry.seen += 1;
            let is_limited = entry.fault.times.is_some();
            if entry.is_due() && !(is_limited && is_taken) {
                is_taken |= is_limited;
                entry.strike(now);
                plan.add(&entry.fault.action);
            }
        }
        plan
    }

    fn extend(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut script = self.lock();
        script.extend(faults.into_iter().map(Entry::new));
        let over = script.iter().filter(|entry| entry.is_over).count();
        let mut surplus = over.saturating_sub(PAST);
        script.retain(|entry| {
            let is_surplus = entry.is_over && surplus > 0;
            surplus -= usize::from(is_surplus);
            !is_surplus
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(fault: Fault) -> Self {
        Self {
            is_over: fault.times == Some(0),
            fault,
            seen: 0,
            struck: 0,
            since: None,
        }
    }

    /// Ends it once its time has passed.
    fn pass_away(&mut self, now: SystemTime) {
        if let (Some(since), Some(lasting)) = (self.since, self.fault.lasting) {
            self.is_over |= now.duration_since(since).is_ok_and(|gone| gone >= lasting);
        }
    }

    /// Whether the call that was just seen is one of those that it befalls.
    fn is_due(&self) -> bool {
        let counted = self.seen.saturating_sub(self.fault.after);
        counted > 0 && counted.is_multiple_of(self.fault.every)
    }

    fn strike(&mut self, now: SystemTime) {
        self.struck += 1;
        self.since.get_or_insert(now);
        self.is_over = self.fault.times.is_some_and(|times| self.struck >= times);
    }
}

#[cfg(test)]
mod tests;
