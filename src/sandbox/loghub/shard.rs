//! One shard: log groups as they came, under consecutive numbers.
//!
//! A cursor is the base64 text of a decimal number that grows by one per log group. The first
//! number looks like the nanosecond at which the shard began; a step between the shards keeps their
//! cursors apart, so that one that goes to the wrong shard is noticed.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::refused::Refused;

/// How far apart the first numbers of two shards of one logstore are.
const CURSOR_STEP: u64 = 1_000_000_000_000;

/// A cursor's text.
pub(super) fn cursor_text(number: u64) -> String {
    STANDARD.encode(number.to_string())
}

/// A cursor's number; `None` where the text is no cursor. A line end after it is passed over: where
/// the Python SDK encodes a cursor itself (`get_previous_cursor_time`), it leaves one.
pub(super) fn cursor_number(text: &str) -> Option<u64> {
    let decoded = STANDARD.decode(text.trim_ascii_end()).ok()?;
    let number = str::from_utf8(&decoded).ok()?;
    number
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| number.parse().ok())?
}

/// A log group as it came.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// One encoded `LogGroup`.
    pub(super) group: Bytes,
    /// When the service received it, since 1970.
    pub(super) received: Duration,
}

/// The MD5 hash keys that a shard takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyRange {
    pub(super) begin: u128,
    /// Exclusive; the last shard's is 32 times `f`, and takes that key too.
    pub(super) end: u128,
}

impl KeyRange {
    /// All keys.
    pub(super) const ALL: Self = Self {
        begin: 0,
        end: u128::MAX,
    };

    /// This range in `count` even parts.
    pub(super) fn divide(self, count: u32) -> Vec<Self> {
        // One more key than the difference in the last range, which takes its end too: with it, two
        // parts of the whole meet at 8000...0 as the service's do.
        let width = self.end - self.begin;
        let (parts, whole) = (u128::from(count), self.end == u128::MAX);
        let (step, rest) = (width / parts, width % parts + u128::from(whole));
        let cut = |part: u32| {
            let part = u128::from(part);
            self.begin + step * part + rest * part / parts
        };
        (0..count)
            .map(|part| Self {
                begin: cut(part),
                end: if part + 1 == count {
                    self.end
                } else {
                    cut(part + 1)
                },
            })
            .collect()
    }

    pub(super) fn holds(self, key: u128) -> bool {
        self.begin <= key && (key < self.end || self.end == u128::MAX)
    }
}

/// What one pull takes from a shard.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) groups: Vec<Bytes>,
    /// Numbers of those groups.
    pub(super) numbers: Range<u64>,
    /// Whether the shard's present end is reached.
    pub(super) at_end: bool,
    /// Receive time of the next group, where there is one; else of the last.
    pub(super) time: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Shard {
    pub(super) id: u32,
    pub(super) range: KeyRange,
    pub(super) is_readonly: bool,
    pub(super) parents: Vec<u32>,
    /// When it began, since 1970.
    created: Duration,
    /// Number of the oldest group that is kept.
    first: u64,
    groups: VecDeque<Stored>,
}

impl Shard {
    pub(super) fn new(id: u32, range: KeyRange, parents: Vec<u32>, now: Duration) -> Self {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(0);
        Self {
            id,
            range,
            is_readonly: false,
            parents,
            created: now,
            first: nanos + u64::from(id) * CURSOR_STEP,
            groups: VecDeque::new(),
        }
    }

    /// Number of the oldest group that is kept.
    pub(super) fn begin(&self) -> u64 {
        self.first
    }

    /// Number that the next group will get.
    pub(super) fn end(&self) -> u64 {
        let len = u64::try_from(self.groups.len()).unwrap_or(u64::MAX);
        self.first.saturating_add(len)
    }

    pub(super) fn append(&mut self, group: Bytes, received: Duration) {
        // A clock that steps back must not put the times out of order: they are searched.
        let latest = self.groups.back().map_or(received, |last| last.received);
        self.groups.push_back(Stored {
            group,
            received: received.max(latest),
        });
    }

    /// The groups with their numbers, oldest first.
    pub(super) fn stored(&self) -> impl Iterator<Item = (u64, &Stored)> {
        (self.first..).zip(&self.groups)
    }

    /// Forgets the oldest `count` groups, as the service does when their time to live is over.
    pub(super) fn trim(&mut self, count: usize) -> usize {
        let count = count.min(self.groups.len());
        drop(self.groups.drain(..count));
        self.first += u64::try_from(count).unwrap_or(0);
        count
    }

    /// The number for a `from` parameter: `begin`, `end` or a receive time in seconds.
    pub(super) fn cursor_from(&self, from: &str, now: Duration) -> Result<u64, Refused> {
        let seconds = match from {
            "begin" => return Ok(self.begin()),
            "end" => return Ok(self.end()),
            text => text
                .parse::<u64>()
                .map_err(|_malformed| Refused::parameter("Parameter From is not valid"))?,
        };
        if seconds >= now.as_secs() && seconds > 0 {
            return Ok(self.end());
        }
        let earlier = self
            .groups
            .partition_point(|stored| stored.received.as_secs() < seconds);
        Ok(self.first + u64::try_from(earlier).unwrap_or(0))
    }

    /// The receive time of the group at a cursor. The end of the shard has none.
    pub(super) fn time_of(&self, cursor: &str) -> Result<Duration, Refused> {
        let number = self.position(cursor)?;
        self.at(number)
            .map(|stored| stored.received)
            .ok_or_else(|| out_of_range(cursor))
    }

    /// The groups from a cursor on: up to `count`, up to `end_cursor`, and up to `max_bytes` of
    /// body, yet at least one.
    pub(super) fn slice(
        &self,
        cursor: &str,
        end_cursor: Option<&str>,
        count: usize,
        max_bytes: usize,
    ) -> Result<Slice, Refused> {
        let start = self.position(cursor)?;
        let stop = match end_cursor {
            None | Some("") => self.end(),
            Some(text) => cursor_number(text)
                .ok_or_else(|| Refused::parameter("Parameter EndCursor is not valid"))?
                .clamp(start, self.end()),
        };
        let mut groups = Vec::new();
        let mut bytes = 0;
        let offset = index(start - self.first);
        let limit = index(stop - start).min(count);
        for stored in self.groups.range(offset..).take(limit) {
            bytes += framed_len(stored.group.len());
            if bytes > max_bytes && !groups.is_empty() {
                break;
            }
            groups.push(stored.group.clone());
        }
        let next = start + u64::try_from(groups.len()).unwrap_or(0);
        let time = self.at(next).or_else(|| self.groups.back());
        Ok(Slice {
            groups,
            numbers: start..next,
            at_end: next == self.end(),
            time: time.map(|stored| stored.received),
        })
    }

    /// The shard as the list of shards shows it.
    pub(super) fn json(&self) -> Value {
        json!({
            "shardID": self.id,
            "status": if self.is_readonly { "readonly" } else { "readwrite" },
            "inclusiveBeginKey": format!("{:032x}", self.range.begin),
            "exclusiveEndKey": format!("{:032x}", self.range.end),
            "createTime": self.created.as_secs(),
        })
    }

    fn at(&self, number: u64) -> Option<&Stored> {
        self.groups.get(index(number.checked_sub(self.first)?))
    }

    fn position(&self, cursor: &str) -> Result<u64, Refused> {
        let number = cursor_number(cursor)
            .ok_or_else(|| Refused::parameter("Parameter Cursor is not valid"))?;
        if (self.begin()..=self.end()).contains(&number) {
            Ok(number)
        } else {
            Err(out_of_range(cursor))
        }
    }
}

/// Bytes that a log group takes in a `LogGroupList`: tag, length, group.
fn framed_len(group: usize) -> usize {
    1 + prost::length_delimiter_len(group) + group
}

/// The `LogGroupList` of `groups`: field 1, length, bytes as stored, one after the other.
pub(super) fn log_group_list(groups: &[Bytes]) -> Vec<u8> {
    let len = groups.iter().map(|group| framed_len(group.len())).sum();
    let mut list = Vec::with_capacity(len);
    for group in groups {
        list.push(0x0a);
        prost::encode_length_delimiter(group.len(), &mut list)
            .expect("a vector grows as it is written");
        list.extend_from_slice(group);
    }
    list
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn out_of_range(cursor: &str) -> Refused {
    Refused::bad("InvalidCursor", format!("Cursor {cursor} is out of range"))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::loghub::proto::{Log, LogGroup, LogGroupList};
    use crate::loghub::testing::vectors;

    const START: Duration = Duration::from_secs(1_700_000_000);

    fn shard(groups: u64) -> Shard {
        let mut shard = Shard::new(2, KeyRange::ALL, Vec::new(), START);
        for n in 0..groups {
            let received = START + Duration::from_secs(n * 10);
            shard.append(Bytes::from(vec![7; 100]), received);
        }
        shard
    }

    #[test]
    fn cursors_agree_with_the_recorded_ones() {
        let recorded = vectors("cursors.json");
        for case in recorded["cursors"].as_array().unwrap() {
            // A number below zero is no position of ours.
            let number = case["number"].as_str().unwrap();
            let cursor = case["cursor"].as_str().unwrap();
            let parsed = number.parse().ok();
            assert_eq!(cursor_number(cursor), parsed, "{number}");
            if let Some(parsed) = parsed {
                assert_eq!(cursor_text(parsed), cursor);
                assert_eq!(cursor_number(&format!("{cursor}\n")), Some(parsed));
            }
        }
        for text in [
            "MTQ0NzMyOTQwMTEwMjEzMDkwNA",
            "LTE=",
            "KzE=",
            "",
            "!",
            "YWJj",
        ] {
            assert_eq!(cursor_number(text), None, "{text}");
        }
    }

    #[test]
    fn key_ranges_cover_everything_without_gap() {
        let hex = |range: &KeyRange| format!("{:032x}", range.begin);
        let two = KeyRange::ALL.divide(2);
        assert_eq!(hex(&two[1]), format!("8{}", "0".repeat(31)));
        for count in [1, 2, 3, 4, 7, 64] {
            let parts = KeyRange::ALL.divide(count);
            assert_eq!(parts.first().unwrap().begin, 0);
            assert_eq!(parts.last().unwrap().end, u128::MAX);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].begin));
            assert!(parts.iter().all(|part| part.begin < part.end));
        }
        let quarter = two[0].divide(2);
        assert_eq!(hex(&quarter[1]), format!("4{}", "0".repeat(31)));
        assert!(two[1].holds(u128::MAX) && !two[0].holds(two[1].begin));
    }

    #[test]
    fn a_slice_is_bounded_by_count_end_and_bytes_but_never_empty() {
        let shard = shard(5);
        let begin = cursor_text(shard.begin());
        let take = |end: Option<u64>, count, bytes| {
            let end = end.map(|n| cursor_text(shard.begin() + n));
            let slice = shard.slice(&begin, end.as_deref(), count, bytes).unwrap();
            (slice.groups.len(), slice.at_end)
        };
        assert_eq!(take(None, 1000, 1 << 20), (5, true));
        assert_eq!(take(None, 2, 1 << 20), (2, false));
        assert_eq!(take(Some(3), 1000, 1 << 20), (3, false));
        assert_eq!(take(None, 1000, 250), (2, false));
        assert_eq!(take(None, 1000, 10), (1, false));
    }

    #[test]
    fn cursors_by_time_are_of_the_receive_time() {
        let shard = shard(3);
        let now = START + Duration::from_secs(100);
        let from = |text: &str| shard.cursor_from(text, now).map(|n| n - shard.begin());
        assert_eq!(from("begin"), Ok(0));
        assert_eq!(from("0"), Ok(0));
        assert_eq!(from("1700000001"), Ok(1));
        assert_eq!(from("1700000010"), Ok(1));
        assert_eq!(from("1700000021"), Ok(3));
        assert_eq!(from("1700000100"), Ok(3));
        assert_eq!(from("end"), Ok(3));
        assert_eq!(from("yesterday").unwrap_err().code, "ParameterInvalid");
        let time = |n| shard.time_of(&cursor_text(shard.begin() + n));
        assert_eq!(time(2), Ok(START + Duration::from_secs(20)));
        assert_eq!(time(3).unwrap_err().code, "InvalidCursor");
    }

    #[test]
    fn what_is_trimmed_is_out_of_range() {
        let mut shard = shard(3);
        let old = cursor_text(shard.begin());
        assert_eq!(shard.trim(2), 2);
        let refused = |cursor: &str| shard.slice(cursor, None, 10, 1 << 20).unwrap_err().code;
        assert_eq!(refused(&old), "InvalidCursor");
        assert_eq!(refused(&cursor_text(shard.end() + 1)), "InvalidCursor");
        assert_eq!(refused("no cursor"), "ParameterInvalid");
        let begin = cursor_text(shard.begin());
        assert_eq!(
            shard.slice(&begin, None, 10, 1 << 20).unwrap().groups.len(),
            1
        );
    }

    #[test]
    fn a_list_of_stored_groups_reads_as_a_log_group_list() {
        let group = |time| LogGroup {
            logs: vec![Log {
                time,
                ..Log::default()
            }],
            ..LogGroup::default()
        };
        let groups: Vec<LogGroup> = (0..3).map(group).collect();
        let encoded: Vec<Bytes> = groups.iter().map(|g| g.encode_to_vec().into()).collect();
        let list = LogGroupList::decode(log_group_list(&encoded).as_slice()).unwrap();
        assert_eq!(list.groups, groups);
    }
}
