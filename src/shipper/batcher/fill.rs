//! Logs into the next batch, in order.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;

use hashbrown::hash_map::Entry;

use super::keys::{HeldKey, KeyHash, Rest, Waiting};
use super::sealed::{Row, Sealed};
use super::{Batcher, Dead};
use crate::mistakes::{Mistake, planted};
use crate::shipper::backlog::LogRef;
use crate::shipper::rows::{Draft, Mapper, Unmapped};
use crate::status::Tally;
use crate::tablestore::batch::{BatchBuilder, EncodedKey, Full, MAX_DATA_BYTES, MAX_ROWS, RowKind};
use crate::tablestore::{RowExistence, TableName};

/// Why mapping paused.
enum Pause {
    /// The batch is full, or there is nothing left to map.
    Done,
    /// This log must be repaired first.
    Repair(LogRef),
    /// Many logs were given up, and are to be seen to.
    Dead,
}

/// Logs given up in one go, whose reasons are held meanwhile.
const DEAD_AT_ONCE: usize = 256;

/// The batch being filled.
#[derive(Debug)]
struct Open {
    builder: BatchBuilder,
    rows: Vec<Row>,
    /// Data bytes of logs that were merged into rows: they may or may not make the batch longer.
    merged_bytes: usize,
}

impl Open {
    fn new(table: &TableName, capacity: usize) -> Self {
        Self {
            builder: BatchBuilder::new(table, capacity),
            rows: Vec::with_capacity(MAX_ROWS),
            merged_bytes: 0,
        }
    }

    /// Adds the draft's columns from `row.from` on, as many as one update takes.
    fn push(
        &mut self,
        mapper: &Mapper,
        draft: &Draft<'_>,
        key: &EncodedKey,
        key_only: RowExistence,
        mut row: Row,
    ) -> Result<(), (Full, Row)> {
        let (count, size) = mapper.measure(draft, row.from, room_beside(key));
        let kind = if count == 0 {
            RowKind::KeyOnly(key_only)
        } else {
            RowKind::Update
        };
        if let Err(full) = self
            .builder
            .push(kind, key, size, mapper.cells(draft, row.from, count))
        {
            return Err((full, row));
        }
        row.is_key_only = count == 0;
        row.rest = Some(row.from + count).filter(|rest| *rest < draft.len());
        let unproven = mapper.unproven(draft, row.from, count);
        row.unproven = unproven.map(Box::from).collect();
        self.rows.push(row);
        Ok(())
    }

    /// Merges a log into a row of this batch; `false` where it has to wait instead.
    fn join(
        &mut self,
        place: usize,
        key: &EncodedKey,
        log: LogRef,
        time: u32,
        data_bytes: usize,
    ) -> bool {
        let row = &mut self.rows[place];
        let is_same_key = self.builder.key(&self.builder.rows()[place]) == key.as_bytes();
        let longest = self.builder.data_bytes() + self.merged_bytes + data_bytes;
        // An update of some of a row's columns has no place for those of another log.
        let is_whole = row.from == 0 && row.rest.is_none();
        if !is_same_key || !is_whole || longest > MAX_DATA_BYTES {
            return false;
        }
        self.merged_bytes += data_bytes;
        row.more.push(log);
        row.time = row.time.max(time);
        row.is_stale = true;
        true
    }
}

impl Batcher {
    /// The next batch, as full as the logs at hand make it; `None` where every log at hand was
    /// skipped or has to wait.
    pub(in crate::shipper) fn fill(&mut self, tally: &mut Tally) -> Option<Sealed> {
        self.mapper.refresh();
        self.batch += 1;
        let mut open = Open::new(&self.table, self.capacity);
        self.take_ready(&mut open, tally);
        while !self.is_choked() {
            let log = match self.map_backlog(&mut open, tally) {
                Pause::Done => break,
                Pause::Dead => continue,
                Pause::Repair(log) => log,
            };
            match self.backlog.repair(log) {
                Ok(replaced) => tally.replaced += u64::try_from(replaced).unwrap_or(u64::MAX),
                Err(error) => {
                    self.backlog.go_to(self.backlog.after(log));
                    let dead = Dead::skipped(log, MALFORMED, error.to_string());
                    self.give_up(dead, tally);
                }
            }
        }
        self.seal(open, tally)
    }

    /// Rows for the keys that became free, oldest first.
    fn take_ready(&mut self, open: &mut Open, tally: &mut Tally) {
        while let Some(hash) = self.ready.pop_front() {
            let Some(held) = self.keys.get_mut(&hash) else {
                continue;
            };
            let (logs, from) = held.next_work(self.mapper.edition());
            held.batch = self.batch;
            held.row = open.rows.len();
            if let Err(rest) = self.encode(open, hash, logs, from, tally) {
                self.put_back(hash, rest);
                return;
            }
        }
    }

    /// Merges logs of one key into a row of the open batch. What does not fit comes back.
    ///
    /// Logs wait by the hash of their key. One that has another key than the first goes alone,
    /// after it.
    fn encode(
        &mut self,
        open: &mut Open,
        hash: KeyHash,
        mut logs: Vec<LogRef>,
        from: usize,
        tally: &mut Tally,
    ) -> Result<(), Rest> {
        let Self {
            rules,
            mapper,
            backlog,
            key,
            ..
        } = self;
        let edition = mapper.edition();
        let mut draft = Draft::default();
        let mut failed = Vec::new();
        let mut time = 0;
        let (mut own_key, mut strangers) = (None, Vec::new());
        mapper.begin(&mut draft);
        if planted(Mistake::EarlierValuesWin) {
            logs.reverse();
        }
        for log in &logs {
            if planted(Mistake::EarlierColumnsForgotten) && Some(log) != logs.last() {
                continue;
            }
            match mapper.add(rules, backlog.view(*log), &mut draft, key) {
                Ok(seconds) => {
                    let own_key = own_key.get_or_insert_with(|| key.as_bytes().to_vec());
                    if own_key.as_slice() != key.as_bytes() {
                        strangers.push(*log);
                    }
                    time = time.max(seconds);
                }
                Err(unmapped) => failed.push((*log, format!("{unmapped:?}"))),
            }
        }
        if !strangers.is_empty() {
            drop(draft);
            logs.retain(|log| !strangers.contains(log));
            self.put_back_alone(hash, strangers);
            return self.encode(open, hash, logs, from, tally);
        }
        let mut good = logs
            .iter()
            .filter(|log| failed.iter().all(|(bad, _)| bad != *log))
            .copied();
        let outcome = match good.next() {
            None => Ok(()),
            Some(first) => {
                let row = Row::new(hash, first, good.collect(), time, from);
                let key_only = key_only(self.has_auto_increment);
                open.push(mapper, &draft, key, key_only, row)
                    .map_err(|(_full, row)| row.rest_from(row.from, edition))
            }
        };
        drop(draft);
        // They were mapped before, with the same rules: this does not happen, but if it did, a
        // log must not vanish.
        let is_empty = failed.len() == logs.len();
        for (log, reason) in failed {
            self.give_up(Dead::skipped(log, MALFORMED, reason), tally);
        }
        if is_empty {
            self.release(hash);
        }
        outcome
    }

    /// Rows for the logs of the backlog, in order, until the batch is full.
    fn map_backlog(&mut self, open: &mut Open, tally: &mut Tally) -> Pause {
        let has_auto_increment = self.has_auto_increment;
        let key_only = key_only(has_auto_increment);
        let Self {
            rules,
            mapper,
            backlog,
            keys,
            hasher,
            key,
            lines,
            batch,
            merges,
            ..
        } = self;
        let mut dead = Vec::new();
        let mut draft = Draft::default();
        let mut at = backlog.peek();
        let mut pause = Pause::Done;
        while let Some(log) = at {
            if dead.len() >= DEAD_AT_ONCE {
                pause = Pause::Dead;
                break;
            }
            mapper.begin(&mut draft);
            let mapped = mapper.add(rules, backlog.view(log), &mut draft, key);
            for fault in mapper.faults() {
                lines.transform_failed(&rules.transforms[fault.transform], &fault.error);
            }
            match mapped {
                Ok(_) if has_auto_increment && !fits_one_update(mapper, &draft, key) => {
                    dead.push(Dead::skipped(log, ROW_TOO_WIDE, TOO_WIDE));
                }
                Ok(time) => {
                    let hash = if has_auto_increment {
                        log.unique_hash()
                    } else {
                        hasher.hash_one(key.as_bytes())
                    };
                    match keys.entry(hash) {
                        Entry::Vacant(free) => {
                            let row = Row::new(hash, log, Vec::new(), time, 0);
                            let place = open.rows.len();
                            if open.push(mapper, &draft, key, key_only, row).is_err() {
                                break;
                            }
                            let waiting = VecDeque::new();
                            free.insert(HeldKey {
                                batch: *batch,
                                row: place,
                                waiting,
                            });
                        }
                        Entry::Occupied(mut held) => {
                            let held = held.get_mut();
                            let size = mapper.measure(&draft, 0, usize::MAX).1.data_bytes;
                            let is_open = held.batch == *batch && held.waiting.is_empty();
                            if !*merges {
                                held.waiting.push_back(Waiting::Alone(log));
                            } else if is_open && open.join(held.row, key, log, time, size) {
                                // It goes with the row.
                            } else if planted(Mistake::KeysNotHeld) && held.batch != *batch {
                                let row = Row::new(hash, log, Vec::new(), time, 0);
                                if open.push(mapper, &draft, key, key_only, row).is_err() {
                                    break;
                                }
                            } else {
                                held.waiting.push_back(Waiting::Log(log));
                            }
                        }
                    }
                }
                Err(Unmapped::NotUtf8) => {
                    pause = Pause::Repair(log);
                    break;
                }
                Err(Unmapped::Skip { code, reason }) => {
                    dead.push(Dead::skipped(log, code, reason));
                }
                Err(Unmapped::Malformed(error)) => {
                    dead.push(Dead::skipped(log, MALFORMED, error.to_string()));
                }
            }
            at = backlog.after(log);
        }
        drop(draft);
        backlog.go_to(at);
        for dead in dead {
            self.give_up(dead, tally);
        }
        pause
    }

    /// Finishes the batch: rows that logs joined are encoded anew.
    fn seal(&mut self, open: Open, tally: &mut Tally) -> Option<Sealed> {
        let open = if open.rows.iter().any(|row| row.is_stale) {
            self.encode_merged(open, tally)
        } else {
            open
        };
        if open.rows.is_empty() {
            return None;
        }
        let Open { builder, rows, .. } = open;
        let batch = builder.finish();
        self.capacity = batch.body().len();
        Some(Sealed {
            batch,
            rows,
            edition: self.mapper.edition(),
            attempt: 0,
            is_rest: false,
        })
    }

    fn encode_merged(&mut self, open: Open, tally: &mut Tally) -> Open {
        let mut fresh = Open::new(&self.table, self.capacity.max(open.builder.data_bytes()));
        let spans = open.builder.rows().to_vec();
        for (row, span) in open.rows.into_iter().zip(spans) {
            let hash = row.hash;
            let unfit = if row.is_stale {
                let logs = row.logs().collect();
                self.encode(&mut fresh, hash, logs, row.from, tally).err()
            } else if fresh.builder.push_row_of(&open.builder, &span).is_ok() {
                fresh.rows.push(row);
                None
            } else {
                Some(row.rest_from(row.from, self.mapper.edition()))
            };
            if let Some(rest) = unfit {
                self.put_back(hash, rest);
            }
        }
        fresh
    }
}

/// A table with an auto-increment key refuses conditions.
fn key_only(has_auto_increment: bool) -> RowExistence {
    if has_auto_increment {
        RowExistence::Ignore
    } else {
        RowExistence::ExpectNotExist
    }
}

/// The data size that one update has for columns.
fn room_beside(key: &EncodedKey) -> usize {
    MAX_DATA_BYTES.saturating_sub(key.data_bytes())
}

/// Whether one update has room for all columns of a draft.
fn fits_one_update(mapper: &Mapper, draft: &Draft<'_>, key: &EncodedKey) -> bool {
    mapper.measure(draft, 0, room_beside(key)).0 == draft.len()
}

/// What status and dead letters call a log whose bytes are no log, and one whose columns do not fit
/// into one update where each makes a row.
const MALFORMED: &str = "MalformedLog";
const ROW_TOO_WIDE: &str = "RowTooWide";

/// Why a log is skipped whose columns do not fit into one update, where each update makes a row.
const TOO_WIDE: &str = "its columns do not fit into one update, and a second one would make a row \
                        of its own, since the table has an auto-increment key";
