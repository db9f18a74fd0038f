//! The invariants, checked on what the services saw.
//!
//! | | what must hold |
//! | --- | --- |
//! | A | the table is the naive fold of every log ever put, each that cannot become a row has one letter; all are counted |
//! | B | no checkpoint passes a log whose row, or letter, is not in its table |
//! | C | the rows of a key are written in shard order by whoever holds the shard |
//! | D | nothing is written twice over a planned move; after a crash only what is newer than the last checkpoint |
//! | E | nothing is written behind the end of a lease, nor checkpointed after a refusal |
//! | F | a shipper holds no more bytes of logs and rows than its limit and 15 % |
//! | G | logs that nothing holds up are written within a bound |
//! | H | everything is written and checkpointed soon after the last fault |
//! | I | what failed stands in the status table within seconds |
//! | J | a shipper that is told to stop ends in time |

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use bytes::Bytes;
use loghub_shipper::tablestore::plainbuffer::read_row;
use loghub_shipper::tablestore::{Row, Value, proto};
use prost::Message as _;

use crate::oracle::{Oracle, Spot};
use crate::plan::LEASE;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: char,
    pub(crate) at: u64,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            at,
            what,
        } = self;
        write!(f, "{invariant} at {at} ms: {what}")
    }
}

/// One life of one shipper.
pub(crate) type LifeId = (usize, u32);

/// Who wrote a key last, and what.
#[derive(Clone, Copy, Debug)]
struct Writer {
    life: LifeId,
    shard: u32,
    tenure: u64,
    seq: i64,
    /// The highest number ever written.
    highest: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Judge {
    pub(crate) violations: Vec<Violation>,
    /// How often each shard was taken up, and which time was whose.
    tenures: HashMap<u32, u64>,
    tenure_of: HashMap<(LifeId, u32), u64>,
    writers: HashMap<String, Writer>,
    /// Groups of each shard that a checkpoint has passed and that were looked at.
    checked: HashMap<u32, usize>,
    /// Until when each life may write, by the heartbeats that it heard.
    leases: HashMap<LifeId, u64>,
    /// Shards whose checkpoint was refused to a life, until it takes them up again.
    fenced: HashMap<(LifeId, u32), u64>,
    /// Logs whose letters were seen in their table.
    buried: HashSet<usize>,
    /// Lives that held too much.
    overfull: HashSet<LifeId>,
    /// How often each log's row landed, as far as one can see: a merged row shows its last log.
    landed: HashMap<usize, u32>,
    /// When the status table first had to show a code.
    shown_due: BTreeMap<&'static str, u64>,
}

impl Judge {
    pub(crate) fn find(&mut self, invariant: char, at: u64, what: String) {
        if self.violations.len() < 20 {
            self.violations.push(Violation {
                invariant,
                at,
                what,
            });
        }
    }

    /// A life asks for a shard's checkpoint: it takes the shard up.
    pub(crate) fn taken_up(&mut self, life: LifeId, shard: u32) {
        let tenure = self.tenures.entry(shard).or_default();
        *tenure += 1;
        self.tenure_of.insert((life, shard), *tenure);
        self.fenced.remove(&(life, shard));
    }

    /// A life heard the answer to a heartbeat that it sent then.
    pub(crate) fn heard(&mut self, life: LifeId, sent: u64) {
        let end = self.leases.entry(life).or_default();
        *end = (*end).max(sent + LEASE);
    }

    /// A life heard that its checkpoint was refused.
    pub(crate) fn refused(&mut self, life: LifeId, shard: u32, at: u64) {
        self.fenced.insert((life, shard), at);
    }

    /// A life sends a batch.
    pub(crate) fn writes(&mut self, life: LifeId, sent: u64) {
        let end = self.leases.get(&life).copied().unwrap_or_default();
        if sent > end {
            let what = format!(
                "{life:?} writes {} ms after the end of its lease",
                sent - end
            );
            self.find('E', sent, what);
        }
    }

    /// A life sends a checkpoint.
    pub(crate) fn saves(&mut self, life: LifeId, shard: u32, sent: u64) {
        if let Some(since) = self.fenced.get(&(life, shard)) {
            let what = format!("{life:?} saves shard {shard} although refused at {since} ms");
            self.find('E', sent, what);
        }
    }

    /// A life has held so many bytes, of so many that it may hold.
    pub(crate) fn holds(&mut self, life: LifeId, bytes: usize, limit: usize, at: u64) {
        if bytes > limit / 100 * 115 && self.overfull.insert(life) {
            let what = format!("{life:?} held {bytes} bytes, and may hold {limit}");
            self.find('F', at, what);
        }
    }

    /// The service took a checkpoint. `letters` reads the table of dead letters, where they are
    /// kept.
    pub(crate) fn saved(
        &mut self,
        oracle: &Oracle,
        (shard, cursor): (u32, &str),
        letters: Option<&dyn Fn() -> Vec<Row>>,
        at: u64,
    ) {
        let checked = self.checked.get(&shard).copied().unwrap_or_default();
        let Some((end, logs)) = oracle.before(shard, cursor, checked) else {
            return;
        };
        for log in logs {
            let fact = &oracle.logs[log];
            let Some(key) = &fact.key else {
                if let Some(letters) = letters
                    && !fact.may_be_lost
                    && !self.is_buried(oracle, log, letters)
                {
                    let what = format!(
                        "checkpoint of shard {shard} passes log {log}, whose letter is not stored"
                    );
                    self.find('B', at, what);
                }
                continue;
            };
            let highest = self.writers.get(key).map_or(0, |writer| writer.highest);
            if highest < fact.seq && !fact.may_be_lost {
                let what = format!(
                    "checkpoint of shard {shard} passes log {log} (row {key}, number {}), which was not written",
                    fact.seq
                );
                self.find('B', at, what);
            }
        }
        self.checked.insert(shard, end.max(checked));
    }

    /// Whether a log has a letter; the table is looked at where none was seen yet.
    fn is_buried(&mut self, oracle: &Oracle, log: usize, letters: &dyn Fn() -> Vec<Row>) -> bool {
        if !self.buried.contains(&log) {
            let letters = letters();
            let spots = letters.iter().filter_map(Spot::of);
            self.buried
                .extend(spots.filter_map(|spot| oracle.at(&spot)));
        }
        self.buried.contains(&log)
    }

    /// The table took rows of a batch.
    pub(crate) fn landed(
        &mut self,
        oracle: &Oracle,
        life: LifeId,
        (request, answer): (&Bytes, &Bytes),
        at: u64,
    ) {
        let request = proto::BatchWriteRowRequest::decode(request.clone());
        let answer = proto::BatchWriteRowResponse::decode(answer.clone());
        let (Ok(request), Ok(answer)) = (request, answer) else {
            return;
        };
        let rows = request.tables.iter().flat_map(|table| &table.rows);
        let outcomes = answer.tables.iter().flat_map(|table| &table.rows);
        for (row, outcome) in rows.zip(outcomes) {
            if !outcome.is_ok {
                continue;
            }
            let Ok(row) = read_row(&row.row_change) else {
                continue;
            };
            let key = row.primary_key.first().map(|column| &column.value);
            let seq = row.cells.iter().find(|cell| cell.name == "seq");
            let seq = seq.and_then(|cell| cell.value.as_ref());
            if let (Some(Value::String(key)), Some(Value::Integer(seq))) = (key, seq) {
                self.row(oracle, life, key, *seq, at);
            }
        }
    }

    fn row(&mut self, oracle: &Oracle, life: LifeId, key: &str, seq: i64, at: u64) {
        let Some(log) = oracle.log(key, seq) else {
            self.find('A', at, format!("row {key} has number {seq}, of no log"));
            return;
        };
        *self.landed.entry(log).or_default() += 1;
        let shard = oracle.logs[log].shard;
        let tenure = self.tenure_of.get(&(life, shard)).copied();
        let tenure = tenure.unwrap_or_default();
        let before = self.writers.get(key).copied();
        let highest = before.map_or(0, |writer| writer.highest).max(seq);
        let writer = Writer {
            life,
            shard,
            tenure,
            seq,
            highest,
        };
        self.writers.insert(key.to_owned(), writer);
        if let Some(before) = before
            && seq < before.seq
            && !(shard == before.shard && tenure > before.tenure)
        {
            let what = format!(
                "row {key}: number {seq} by {life:?} (shard {shard}, tenure {tenure}) after {} by {:?} (shard {}, tenure {})",
                before.seq, before.life, before.shard, before.tenure
            );
            self.find('C', at, what);
        }
    }

    /// Logs whose rows landed more than once.
    pub(crate) fn repeated(&self) -> usize {
        self.landed.values().filter(|times| **times > 1).count()
    }

    /// The logs of a shard and all others that were not written.
    pub(crate) fn unwritten(&self, oracle: &Oracle) -> Vec<usize> {
        let is_written = |key: &String, seq| {
            self.writers
                .get(key)
                .is_some_and(|writer| writer.highest >= seq)
        };
        let missing = oracle.logs.iter().enumerate().filter(|(_, fact)| {
            let key = fact.key.as_ref();
            !fact.may_be_lost && key.is_some_and(|key| !is_written(key, fact.seq))
        });
        missing.map(|(log, _)| log).collect()
    }

    /// A life heard of an error that the status table has to show.
    pub(crate) fn must_show(&mut self, code: &'static str, at: u64) {
        self.shown_due.entry(code).or_insert(at);
    }

    pub(crate) fn shown_due(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.shown_due.iter().map(|(code, at)| (*code, *at))
    }
}
