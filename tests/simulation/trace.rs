//! What happened, in order: a hash of everything, and the lines to read after a violation.

use std::fmt::Write as _;

use crate::calls::Call;
use crate::judge::LifeId;

/// Lines that are kept.
const KEPT: usize = 100_000;

/// The record of a world.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) hash: u64,
    pub(crate) events: u64,
    lines: Option<Vec<String>>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            events: 0,
            lines: KEEP.get().then(Vec::new),
        }
    }
}

thread_local! {
    static KEEP: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether worlds of this thread keep the lines of their trace.
pub(crate) fn keep_lines(keep: bool) {
    KEEP.set(keep);
}

impl Trace {
    pub(crate) fn event(&mut self, at: u64, what: &str) {
        self.add(at, what.as_bytes());
        self.line(|| format!("{at:>8} {what}"));
    }

    pub(crate) fn call(&mut self, at: u64, (host, life): LifeId, call: &Call, outcome: &str) {
        let mut text = String::new();
        write!(text, "{host}.{life} {call:?} {outcome}").expect("text grows");
        self.add(at, text.as_bytes());
        self.line(|| format!("{at:>8} shipper {text}"));
    }

    fn line(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines
            && lines.len() < KEPT
        {
            lines.push(line());
        }
    }

    /// FNV-1a: not to be secret, but the same everywhere.
    fn add(&mut self, at: u64, what: &[u8]) {
        self.events += 1;
        for byte in at.to_le_bytes().iter().chain(what) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
