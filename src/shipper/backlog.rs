//! The logs that were pulled and are not yet decided, and how far the checkpoint may move.

use hashbrown::HashMap;

use super::budget::Share;
use super::rows::{LogView, log_json};
use super::window::Window;
use crate::deadletters::{Place, WholeLog};
use crate::loghub::Cursor;
use crate::loghub::decode::{self, DecodeError, LogGroupList, Span};
use crate::mistakes::{Mistake, planted};

/// One log of the backlog, for as long as it is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogRef {
    pull: u64,
    group: usize,
    log: usize,
}

/// A pull as it waits in the backlog.
#[derive(Debug)]
struct Held {
    list: LogGroupList,
    /// Logs with text that is not UTF-8, as repaired copies; by position in the list.
    repaired: HashMap<usize, Vec<u8>>,
    /// Where the pull began, and where the shard goes on after it.
    from: Cursor,
    next: Cursor,
    /// Its bytes in the budget.
    share: Option<Share>,
}

/// The pulls that are not wholly decided, oldest first, and the log to be mapped next.
#[derive(Debug)]
pub(super) struct Backlog {
    pulls: Window<Held>,
    /// The next log to be mapped.
    scan: LogRef,
    /// Everything before this cursor is decided.
    done: Cursor,
    /// Bytes that all of it takes.
    held_bytes: usize,
}

impl Held {
    fn bytes(&self) -> usize {
        let copies = self.repaired.values().map(Vec::capacity).sum::<usize>();
        self.list.held_bytes() + copies
    }
}

impl Backlog {
    /// An empty backlog of a shard that is read from `start`.
    pub(super) fn new(start: Cursor) -> Self {
        let scan = LogRef {
            pull: 0,
            group: 0,
            log: 0,
        };
        Self {
            pulls: Window::new(),
            scan,
            done: start,
            held_bytes: 0,
        }
    }

    /// Adds a pull that began at `from`; `next` is where the shard goes on after it.
    pub(super) fn push(&mut self, list: LogGroupList, from: Cursor, next: Cursor, share: Share) {
        let logs = list.logs().len();
        let held = Held {
            list,
            repaired: HashMap::new(),
            from,
            next,
            share: Some(share).filter(|_| !planted(Mistake::ShareFreedEarly)),
        };
        self.held_bytes += held.bytes();
        self.pulls.push(held, logs);
        self.settle();
    }

    /// The next log to be mapped.
    pub(super) fn peek(&self) -> Option<LogRef> {
        self.seek(self.scan)
    }

    /// The log behind this one.
    pub(super) fn after(&self, log: LogRef) -> Option<LogRef> {
        self.seek(LogRef {
            log: log.log + 1,
            ..log
        })
    }

    /// The first log at or after a position.
    fn seek(&self, mut at: LogRef) -> Option<LogRef> {
        while at.pull < self.pulls.end() {
            if let Some(held) = self.pulls.get(at.pull) {
                let groups = held.list.groups();
                while let Some(group) = groups.get(at.group) {
                    if at.log < group.logs.end {
                        return Some(at);
                    }
                    at.group += 1;
                }
            }
            at = LogRef {
                pull: at.pull + 1,
                group: 0,
                log: 0,
            };
        }
        None
    }

    /// Goes on to this log; with `None` to what is pulled next.
    pub(super) fn go_to(&mut self, log: Option<LogRef>) {
        self.scan = log.unwrap_or(LogRef {
            pull: self.pulls.end(),
            group: 0,
            log: 0,
        });
    }

    /// Where a log lies. The log must be undecided.
    pub(super) fn view(&self, log: LogRef) -> LogView<'_> {
        let held = self
            .pulls
            .get(log.pull)
            .expect("the pull of an undecided log is held");
        let (data, span) = match held.repaired.get(&log.log) {
            Some(copy) => (copy.as_slice(), Span::whole(copy)),
            None => (held.list.data().as_ref(), held.list.logs()[log.log]),
        };
        LogView {
            list: &held.list,
            group: &held.list.groups()[log.group],
            data,
            span,
        }
    }

    /// A log as JSON.
    pub(super) fn json(&self, log: LogRef) -> String {
        log_json(self.view(log))
    }

    /// A log as it was pulled, its place, and the position that names it for good. The log must be
    /// undecided.
    pub(super) fn whole(&self, log: LogRef) -> (WholeLog, Place, String) {
        let held = self
            .pulls
            .get(log.pull)
            .expect("the pull of an undecided log is held");
        let (groups, group) = (held.list.groups(), &held.list.groups()[log.group]);
        let whole = WholeLog::read(&held.list, group, held.list.logs()[log.log]);
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let place = Place {
            cursor: held.from.as_str().to_owned(),
            group: count(log.group),
            log: count(log.log - group.logs.start),
        };
        let position = place.position(count(groups.len()), &held.next, &whole);
        (whole, place, position)
    }

    /// Replaces what is not UTF-8 in a log; returns how many keys and values had some.
    pub(super) fn repair(&mut self, log: LogRef) -> Result<usize, DecodeError> {
        let held = self
            .pulls
            .get_mut(log.pull)
            .expect("the pull of an undecided log is held");
        let span = held.list.logs()[log.log];
        let (copy, replaced) = decode::replace_bad_utf8(held.list.data(), span)?;
        self.held_bytes += copy.capacity();
        if let Some(share) = &mut held.share {
            share.grow_for_copy(copy.capacity());
        }
        held.repaired.insert(log.log, copy);
        Ok(replaced)
    }

    /// A log is decided: written, skipped, or refused for good.
    pub(super) fn decide(&mut self, log: LogRef) {
        self.pulls.decide(log.pull);
    }

    /// Lets go of the pulls that are decided; the cursor before which everything is.
    pub(super) fn settle(&mut self) -> &Cursor {
        while let Some(held) = self.pulls.pop_decided() {
            self.held_bytes -= held.bytes();
            self.done = held.next;
        }
        &self.done
    }

    /// Lets go of the pulls that no log was mapped of yet: the next owner reads them again.
    pub(super) fn drop_unmapped(&mut self) {
        let LogRef { pull, group, log } = self.scan;
        let first_unmapped = if group == 0 && log == 0 {
            pull
        } else {
            pull + 1
        };
        self.truncate(first_unmapped);
    }

    /// Lets go of everything, decided or not, as if it were.
    pub(super) fn give_up(&mut self) {
        if let Some(last) = self.pulls.values().last() {
            self.done = last.next.clone();
        }
        self.truncate(0);
    }

    fn truncate(&mut self, number: u64) {
        self.pulls.truncate(number);
        self.held_bytes = self.pulls.values().map(Held::bytes).sum();
    }

    /// Where the shard goes on after everything that was read.
    pub(super) fn newest(&self) -> &Cursor {
        self.pulls
            .values()
            .last()
            .map_or(&self.done, |held| &held.next)
    }

    /// Pulls with logs that are still to be mapped.
    pub(super) fn unmapped(&self) -> usize {
        let behind = self.pulls.end().saturating_sub(self.scan.pull);
        usize::try_from(behind).map_or(self.len(), |behind| behind.min(self.len()))
    }

    /// Bytes of logs held.
    pub(super) fn bytes(&self) -> usize {
        self.pulls.values().map(|held| held.list.data().len()).sum()
    }

    /// Bytes that they take with what is known of them.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Pulls held.
    pub(super) fn len(&self) -> usize {
        self.pulls.len()
    }

    /// Whether everything is decided.
    pub(super) fn is_empty(&self) -> bool {
        self.pulls.is_empty()
    }
}

impl LogRef {
    /// Its place among the logs of its pull.
    pub(super) fn index(self) -> usize {
        self.log
    }

    /// A number that no other log of the shard has, spread like a hash.
    pub(super) fn unique_hash(self) -> u64 {
        let log = u64::try_from(self.log).unwrap_or_default();
        ((self.pull << 32) | log).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}
