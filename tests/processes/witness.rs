//! Who sees every call that reaches the services, and judges it.
//!
//! Every log that becomes a row has a column of its own (`n` and its number), so a row that was
//! merged of several tells exactly which logs it carries: each write of each log is counted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use loghub_shipper::sandbox::Exchange;
use loghub_shipper::tablestore::plainbuffer::read_row;
use loghub_shipper::tablestore::{Value, proto};
use prost::Message as _;

use crate::calls::Call;
use crate::oracle::Oracle;
use crate::site::{TARGET, life_of};

/// Why a log was written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Who wrote it first was killed.
    Killed,
    /// Who wrote it first was stopped for a while.
    Stopped,
    /// Services or network failed, in worlds where they do.
    Fault,
    /// Who wrote it first was not heard of for most of a lease: the machine is too busy.
    Silent,
    /// None of these: a planned move that repeats, which must not be.
    Planned,
}

impl Cause {
    pub(crate) const ALL: [Self; 5] = [
        Self::Killed,
        Self::Stopped,
        Self::Fault,
        Self::Silent,
        Self::Planned,
    ];
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "after SIGKILL",
            Self::Stopped => "after SIGSTOP",
            Self::Fault => "after faults of a service",
            Self::Silent => "after late heartbeats",
            Self::Planned => "in planned moves",
        })
    }
}

/// What is known of one life of a shipper.
#[derive(Debug, Default)]
struct Life {
    killed: Option<Instant>,
    /// From when to when it could not work; the last may go on.
    stops: Vec<(Instant, Option<Instant>)>,
    last_heartbeat: Option<Instant>,
    /// Long pauses between heartbeats.
    silences: Vec<(Instant, Instant)>,
}

/// The latest write of a log.
#[derive(Clone, Copy, Debug)]
struct Landed {
    at: Instant,
    life: usize,
    /// Which holding of the shard it was.
    tenure: u64,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Rows that the table took.
    pub(crate) rows: u64,
    /// Logs that were written again.
    pub(crate) repeated: BTreeMap<Cause, u64>,
    /// How long before the crash the oldest log was written that was repeated for it.
    pub(crate) oldest_repeat: Duration,
    /// Rows that somebody wrote who had lost the shard while it was stopped.
    pub(crate) late_rows: u64,
}

/// Sees and judges.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) oracle: Oracle,
    pub(crate) counts: Counts,
    pub(crate) violations: Vec<String>,
    lease: Duration,
    /// Whether services fail in this world.
    is_rough: bool,
    lives: Vec<Life>,
    /// The latest write of each log.
    landed: Vec<Option<Landed>>,
    /// Logs that a checkpoint has passed.
    passed: HashSet<usize>,
    /// Groups of each shard that a checkpoint has passed.
    checked: HashMap<u32, usize>,
    /// How often each shard was taken up, and which time was whose.
    tenures: HashMap<u32, u64>,
    tenure_of: HashMap<(usize, u32), u64>,
    /// By key: in which tenure it was written last, and the highest number then.
    order: HashMap<String, (u64, usize)>,
    /// Keys of late rows: they may hold older values, which is told and not promised.
    late_keys: HashSet<String>,
}

impl Witness {
    pub(crate) fn new(lease: Duration, is_rough: bool) -> Self {
        let mut oracle = Oracle::new(false);
        oracle.is_marking = true;
        Self {
            oracle,
            counts: Counts::default(),
            violations: Vec::new(),
            lease,
            is_rough,
            lives: Vec::new(),
            landed: Vec::new(),
            passed: HashSet::new(),
            checked: HashMap::new(),
            tenures: HashMap::new(),
            tenure_of: HashMap::new(),
            order: HashMap::new(),
            late_keys: HashSet::new(),
        }
    }

    /// A new life begins; its number.
    pub(crate) fn born(&mut self) -> usize {
        self.lives.push(Life::default());
        self.lives.len() - 1
    }

    pub(crate) fn killed(&mut self, life: usize) {
        self.lives[life].killed = Some(Instant::now());
    }

    pub(crate) fn stopped(&mut self, life: usize) {
        self.lives[life].stops.push((Instant::now(), None));
    }

    pub(crate) fn continued(&mut self, life: usize) {
        if let Some((_, end)) = self.lives[life].stops.last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Whether a life has been heard of.
    pub(crate) fn is_known(&self, life: usize) -> bool {
        self.lives[life].last_heartbeat.is_some()
    }

    pub(crate) fn find(&mut self, what: String) {
        if self.violations.len() < 20 {
            self.violations.push(what);
        }
    }

    /// A call was applied.
    pub(crate) fn see(&mut self, exchange: &Exchange<'_>) {
        let Some(life) = life_of(exchange.request) else {
            return;
        };
        if !exchange.response.status().is_success() {
            return;
        }
        match Call::of(exchange.service, exchange.request) {
            Call::HeartBeat => self.heard(life),
            Call::GetCheckPoint { shard } => {
                let tenure = self.tenures.entry(shard).or_default();
                *tenure += 1;
                self.tenure_of.insert((life, shard), *tenure);
            }
            Call::UpdateCheckPoint { shard, cursor } => self.saved(shard, &cursor),
            Call::BatchWriteRow => {
                self.batch(life, exchange.request.body(), exchange.response.body());
            }
            Call::PullLogs { .. } | Call::StoreLetters { .. } | Call::PutRow | Call::Other(_) => {}
        }
    }

    fn heard(&mut self, life: usize) {
        let now = Instant::now();
        let life = &mut self.lives[life];
        if let Some(last) = life.last_heartbeat.replace(now)
            && now - last > self.lease * 5 / 6
        {
            life.silences.push((last, now));
        }
    }

    /// A checkpoint was saved: what is before it must be in the table.
    fn saved(&mut self, shard: u32, cursor: &str) {
        let checked = self.checked.get(&shard).copied().unwrap_or_default();
        let Some((end, logs)) = self.oracle.before(shard, cursor, checked) else {
            return;
        };
        for log in logs {
            let key = self.oracle.logs[log].key.as_ref();
            if key.is_some() && self.landed.get(log).copied().flatten().is_none() {
                self.find(format!(
                    "a checkpoint of shard {shard} passes log {log} (row {key:?}), which was not written"
                ));
            }
            self.passed.insert(log);
        }
        self.checked.insert(shard, end.max(checked));
    }

    /// The table took rows of a batch.
    fn batch(&mut self, life: usize, request: &Bytes, answer: &Bytes) {
        let request = proto::BatchWriteRowRequest::decode(request.clone());
        let answer = proto::BatchWriteRowResponse::decode(answer.clone());
        let (Ok(request), Ok(answer)) = (request, answer) else {
            return self.find("a batch that the table took cannot be read".to_owned());
        };
        let tables = request.tables.iter().zip(&answer.tables);
        for (table, outcomes) in tables.filter(|(table, _)| table.table_name == TARGET) {
            for (row, outcome) in table.rows.iter().zip(&outcomes.rows) {
                if outcome.is_ok {
                    self.row(life, &row.row_change);
                }
            }
        }
    }

    fn row(&mut self, life: usize, bytes: &[u8]) {
        let row = read_row(bytes).expect("the table took it");
        let key = match row.primary_key.first().map(|column| &column.value) {
            Some(Value::String(key)) => key.clone(),
            other => return self.find(format!("a row has the key {other:?}")),
        };
        let mark = |name: &str| name.strip_prefix('n')?.parse::<usize>().ok();
        let marks = row.cells.iter().filter_map(|cell| {
            let number = mark(&cell.name)?;
            match &cell.value {
                Some(Value::String(log)) => Some((number, log.parse::<usize>().ok()?)),
                _ => None,
            }
        });
        let marks: BTreeMap<usize, usize> = marks.collect();
        let is_known = |log: &usize| {
            let fact = self.oracle.logs.get(*log);
            fact.is_some_and(|fact| fact.key.as_deref() == Some(key.as_str()))
        };
        if marks.is_empty() || !marks.values().all(is_known) {
            return self.find(format!(
                "row {key} carries {marks:?}, of no logs of its key"
            ));
        }
        self.counts.rows += 1;
        let (lowest, highest) = (
            *marks.values().min().unwrap_or(&0),
            *marks.values().max().unwrap_or(&0),
        );
        let shard = self.oracle.logs[lowest].shard;
        let Some(tenure) = self.tenure_of.get(&(life, shard)).copied() else {
            return self.find(format!(
                "life {life} writes logs of shard {shard}, which it never took up"
            ));
        };
        if tenure < self.tenures[&shard] {
            self.late(life, shard, &key);
        } else {
            let before = self.order.insert(key.clone(), (tenure, highest));
            if let Some((then, number)) = before
                && then == tenure
                && highest < number
            {
                self.find(format!(
                    "row {key}: log {highest} is written after log {number}"
                ));
            }
            self.again(life, tenure, marks.values());
        }
        let landed = Landed {
            at: Instant::now(),
            life,
            tenure,
        };
        self.landed.resize(self.oracle.logs.len(), None);
        for log in marks.values() {
            self.landed[*log] = Some(landed);
        }
    }

    /// Somebody writes who has lost the shard. After a stop or a kill this can be: what was on its way
    /// then may arrive later.
    fn late(&mut self, life: usize, shard: u32, key: &str) {
        let Life {
            killed,
            stops,
            silences,
            ..
        } = &self.lives[life];
        if killed.is_none() && stops.is_empty() && silences.is_empty() {
            self.find(format!(
                "life {life} writes row {key} of shard {shard}, which it has lost"
            ));
        }
        self.counts.late_rows += 1;
        self.late_keys.insert(key.to_owned());
    }

    /// Counts logs that were written before.
    fn again<'a>(&mut self, life: usize, tenure: u64, logs: impl Iterator<Item = &'a usize>) {
        for log in logs {
            let Some(Some(before)) = self.landed.get(*log).copied() else {
                continue;
            };
            if self.passed.contains(log) {
                self.find(format!(
                    "life {life} writes log {log} again, which a checkpoint has passed"
                ));
            }
            let cause = self.cause(before);
            *self.counts.repeated.entry(cause).or_default() += 1;
            if cause == Cause::Planned {
                self.find(format!(
                    "log {log} is written by life {} (tenure {}) and again by life {life} (tenure {tenure}), and nobody crashed",
                    before.life, before.tenure
                ));
            }
        }
    }

    fn cause(&mut self, before: Landed) -> Cause {
        let now = Instant::now();
        let life = &self.lives[before.life];
        let stop = life
            .stops
            .iter()
            .find(|(_, end)| end.is_none_or(|end| end >= before.at));
        let crash = match (life.killed, stop) {
            (Some(killed), _) => Some((Cause::Killed, killed)),
            (None, Some((begin, _))) => Some((Cause::Stopped, *begin)),
            (None, None) => None,
        };
        if let Some((cause, at)) = crash {
            let age = at.saturating_duration_since(before.at);
            if !self.is_rough {
                self.counts.oldest_repeat = self.counts.oldest_repeat.max(age);
            }
            return cause;
        }
        let silence = life.last_heartbeat.map(|last| (last, now));
        let mut silences = life.silences.iter().copied().chain(silence);
        let is_long = |(from, to): (Instant, Instant)| to - from > self.lease * 5 / 6;
        if self.is_rough {
            Cause::Fault
        } else if silences.any(|silence| silence.1 >= before.at && is_long(silence)) {
            Cause::Silent
        } else {
            Cause::Planned
        }
    }

    /// How many logs still have to be written.
    pub(crate) fn unwritten(&self) -> usize {
        let logs = self.oracle.logs.iter().enumerate();
        logs.filter(|(log, fact)| {
            fact.key.is_some() && self.landed.get(*log).copied().flatten().is_none()
        })
        .count()
    }

    /// Compares the table with the naive fold of all logs.
    pub(crate) fn compare(&mut self, rows: &[loghub_shipper::tablestore::Row]) {
        for difference in self.oracle.compare(rows) {
            let is_late = |key: &String| difference.starts_with(&format!("row {key}, "));
            if !self.late_keys.iter().any(is_late) {
                self.find(difference);
            }
        }
    }
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (cause, count) in &other.repeated {
            *self.repeated.entry(*cause).or_default() += count;
        }
        self.oldest_repeat = self.oldest_repeat.max(other.oldest_repeat);
        self.late_rows += other.late_rows;
    }
}
