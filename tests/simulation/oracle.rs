//! Who knows every log that was ever put, and what the table must hold in the end.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loghub_shipper::loghub::proto::{Content, Log as WireLog, LogGroup, LogTag};
use loghub_shipper::tablestore::{Row, Value};
use prost::Message as _;

use crate::logs::{COLUMNS, Flaw, Put, PutLog};

/// A log that was put.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fact {
    pub(crate) shard: u32,
    /// `None` where no row can come of it.
    pub(crate) key: Option<String>,
    /// Its number among the logs of its key, from 1.
    pub(crate) seq: i64,
    /// The columns of its row besides the key, by the names in the table.
    pub(crate) columns: BTreeMap<String, Value>,
    /// Why none can.
    pub(crate) flaw: Option<Flaw>,
    /// Key and value of what stands in it, in order, where no row can come of it.
    pub(crate) contents: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether the service forgot it before it was read for certain.
    pub(crate) may_be_lost: bool,
}

/// Where a log stands: for good, however often it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) shard: u32,
    /// The number of its group in the shard.
    pub(crate) group: u64,
    /// Its place in the group.
    pub(crate) log: u64,
}

impl Spot {
    /// The spot that a letter's key names.
    pub(crate) fn of(letter: &Row) -> Option<Self> {
        let [.., shard, position] = letter.primary_key.as_slice() else {
            return None;
        };
        let (Value::Integer(shard), Value::String(position)) = (&shard.value, &position.value)
        else {
            return None;
        };
        let mut parts = position.split('-');
        Some(Self {
            shard: u32::try_from(*shard).ok()?,
            group: parts.next()?.parse().ok()?,
            log: parts.next()?.parse().ok()?,
        })
    }
}

/// The number that a cursor of the sandbox spells.
pub(crate) fn number(cursor: &str) -> Option<u64> {
    let digits = STANDARD.decode(cursor).ok()?;
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// A log whose bytes are none: its time is a number without end.
pub(crate) const JUNK: [u8; 2] = [0x08, 0xff];

/// All logs, by what one asks for.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) logs: Vec<Fact>,
    by_key: BTreeMap<String, Vec<usize>>,
    /// The logs of each group of a shard.
    groups: BTreeMap<u32, Vec<Vec<usize>>>,
    /// How many groups of a shard lie before a cursor.
    places: HashMap<(u32, String), usize>,
    /// The log that lies at a spot.
    spots: HashMap<Spot, usize>,
    strict_names: bool,
    /// Whether every log has a column of its own besides the others, `n` and its number, so that a row
    /// that was merged of several tells which.
    pub(crate) is_marking: bool,
    /// How many logs were put whose rows Table Store refuses for good.
    pub(crate) refused: u64,
}

/// A group that is about to be put: its bytes, and what its logs are.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) bytes: bytes::Bytes,
    facts: Vec<Fact>,
    refused: u64,
}

/// The key of a row. Its first letter is the partition.
fn key_of(bucket: u16, log: PutLog) -> String {
    match log.flaw {
        Some(Flaw::LongKey) => "x".repeat(1025),
        Some(Flaw::Spoils) => format!("spoil-{bucket}-{}", log.key),
        Some(Flaw::Refused) => format!("bad-{bucket}-{}", log.key),
        _ => format!("{:x}-{bucket}-{}", bucket % 16, log.key),
    }
}

impl Oracle {
    pub(crate) fn new(strict_names: bool) -> Self {
        Self {
            strict_names,
            ..Self::default()
        }
    }

    /// The name of a column in the table.
    fn sent_name(&self, name: &str) -> String {
        match name {
            "user-agent" if self.strict_names => "user_agent".to_owned(),
            _ => name.replace(':', "_"),
        }
    }

    /// Makes a log group of a put.
    pub(crate) fn prepare(&self, put: &Put) -> Prepared {
        let mut group = LogGroup {
            tags: vec![LogTag {
                key: "zone".into(),
                value: "z1".into(),
            }],
            ..LogGroup::default()
        };
        let mut junk = 0;
        let mut facts = Vec::new();
        let mut fresh: HashMap<String, i64> = HashMap::new();
        for log in &put.logs {
            let id = self.logs.len() + facts.len();
            if log.flaw == Some(Flaw::NoLog) {
                junk += 1;
                continue;
            }
            let key = key_of(put.bucket, *log);
            let known = self.by_key.get(&key).map_or(0, Vec::len);
            let seq = fresh.entry(key.clone()).or_default();
            *seq += i64::from(log.flaw.is_none());
            let seq = i64::try_from(known).expect("worlds are small") + *seq;
            let mark = format!("n{seq}");
            let mut contents = vec![("seq", seq.to_string()), ("id", id.to_string())];
            if self.is_marking {
                contents.push((&mark, id.to_string()));
            }
            if log.flaw != Some(Flaw::NoKey) {
                contents.push(("k", key.clone()));
            }
            let columns = COLUMNS.iter().zip(0..).filter(|(name, bit)| {
                !name.starts_with("__tag__") && log.columns & (1 << bit) != 0
            });
            contents.extend(columns.map(|(name, _)| (*name, format!("{name} of {id}"))));
            contents.extend((put.bulk > 0).then(|| ("bulk", bulk(id, put.bulk))));
            let mut row: BTreeMap<_, _> = contents
                .iter()
                .filter(|(name, _)| *name != "k")
                .map(|(name, value)| match *name {
                    "seq" => ("seq".to_owned(), Value::Integer(seq)),
                    _ => (self.sent_name(name), Value::String(value.clone())),
                })
                .collect();
            row.insert(self.sent_name("__tag__:zone"), Value::String("z1".into()));
            let mut contents: Vec<_> = contents
                .into_iter()
                .map(|(name, value)| Content {
                    key: name.to_owned().into(),
                    value: value.into(),
                })
                .collect();
            if log.is_garbled {
                contents.push(Content {
                    key: "agent".into(),
                    value: [b"broken ".as_slice(), id.to_string().as_bytes(), b"\xff"]
                        .concat()
                        .into(),
                });
                let repaired = Value::String(format!("broken {id}\u{fffd}"));
                row.insert("agent".into(), repaired);
            }
            facts.push(match log.flaw {
                None => Fact {
                    key: Some(key),
                    seq,
                    columns: row,
                    ..Fact::default()
                },
                Some(flaw) => Fact::without_row(flaw, &contents),
            });
            group.logs.push(WireLog {
                time: 1_780_000_000,
                contents,
                time_ns: None,
            });
        }
        let mut bytes = group.encode_to_vec();
        for _ in 0..junk {
            bytes.extend([0x0a, 0x02]);
            bytes.extend(JUNK);
            facts.push(Fact::without_row(Flaw::NoLog, &[]));
        }
        let refused = put
            .logs
            .iter()
            .filter(|log| matches!(log.flaw, Some(Flaw::Refused | Flaw::Spoils)));
        Prepared {
            bytes: bytes.into(),
            facts,
            refused: u64::try_from(refused.count()).expect("worlds are small"),
        }
    }

    /// Takes note of a group that was put; `end` is the cursor behind it.
    pub(crate) fn was_put(&mut self, prepared: Prepared, shard: u32, end: String) {
        let first = self.logs.len();
        self.refused += prepared.refused;
        let group = number(&end).and_then(|behind| behind.checked_sub(1));
        let group = group.expect("the sandbox numbers groups");
        for (place, fact) in prepared.facts.into_iter().enumerate() {
            let log = u64::try_from(place).expect("worlds are small");
            self.spots.insert(Spot { shard, group, log }, first + place);
            if let Some(key) = &fact.key {
                self.by_key
                    .entry(key.clone())
                    .or_default()
                    .push(first + place);
            }
            self.logs.push(Fact { shard, ..fact });
        }
        let groups = self.groups.entry(shard).or_default();
        groups.push((first..self.logs.len()).collect());
        self.places.insert((shard, end), groups.len());
    }

    /// The service has forgotten the first groups of a shard.
    pub(crate) fn forgotten(&mut self, shard: u32, groups: usize) {
        for group in self.groups.entry(shard).or_default().iter().take(groups) {
            for log in group {
                self.logs[*log].may_be_lost = true;
            }
        }
    }

    /// Logs of a shard's groups from the `from`-th to a cursor, and how many groups that is in all.
    /// `None` for a cursor before any group.
    pub(crate) fn before(
        &self,
        shard: u32,
        cursor: &str,
        from: usize,
    ) -> Option<(usize, Vec<usize>)> {
        let end = *self.places.get(&(shard, cursor.to_owned()))?;
        let groups = self.groups.get(&shard)?;
        let logs = groups.get(from..end).unwrap_or_default();
        Some((end, logs.concat()))
    }

    /// The log at this spot.
    pub(crate) fn at(&self, spot: &Spot) -> Option<usize> {
        self.spots.get(spot).copied()
    }

    /// The log of a key with this number.
    pub(crate) fn log(&self, key: &str, seq: i64) -> Option<usize> {
        let place = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.by_key.get(key)?.get(place).copied()
    }

    /// Where the table differs from a naive fold over all logs, key by key in shard order.
    pub(crate) fn compare(&self, rows: &[Row]) -> Vec<String> {
        let mut differences = Vec::new();
        let mut found: BTreeMap<&str, BTreeMap<&str, &Value>> = BTreeMap::new();
        for row in rows {
            let Some(Value::String(key)) = row.primary_key.first().map(|column| &column.value)
            else {
                continue;
            };
            let cells = row
                .cells
                .iter()
                .map(|cell| (cell.name.as_str(), &cell.value));
            found.insert(key, cells.collect());
        }
        for (key, logs) in &self.by_key {
            let cells = found.remove(key.as_str()).unwrap_or_default();
            // Who wrote each column last; all that may be there where logs may be lost.
            let mut wanted: BTreeMap<&str, Vec<(Option<&Value>, bool)>> = BTreeMap::new();
            for log in logs {
                let fact = &self.logs[*log];
                for (name, value) in &fact.columns {
                    wanted
                        .entry(name)
                        .or_default()
                        .push((Some(value), fact.may_be_lost));
                }
            }
            for (name, values) in wanted {
                let certain = values.iter().rposition(|(_, may_be_lost)| !may_be_lost);
                let mut allowed: Vec<_> = values[certain.unwrap_or(0)..]
                    .iter()
                    .map(|(value, _)| *value)
                    .collect();
                if certain.is_none() {
                    allowed.push(None);
                }
                let has = cells.get(name).copied();
                if !allowed.contains(&has) {
                    differences.push(format!(
                        "row {key}, column {name}: {has:?} instead of {:?}",
                        allowed.last()
                    ));
                }
            }
        }
        let more = found.keys().map(|key| format!("row {key} comes of no log"));
        differences.extend(more);
        differences
    }
}

impl Fact {
    fn without_row(flaw: Flaw, contents: &[Content]) -> Self {
        let pairs = contents
            .iter()
            .map(|content| (content.key.to_vec(), content.value.to_vec()));
        Self {
            flaw: Some(flaw),
            contents: pairs.collect(),
            ..Self::default()
        }
    }
}

/// So many bytes of text that is this log's alone.
fn bulk(id: usize, bytes: usize) -> String {
    let word = format!("{id} ");
    let mut text = word.repeat(bytes / word.len() + 1);
    text.truncate(bytes);
    text
}
