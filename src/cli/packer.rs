//! Logs into log groups.
//!
//! A log group is what Log Service takes, stores and hands out at once; its logs share topic,
//! source and tags. Each lane packs by itself: what goes into one lane keeps its order.

use prost::Message as _;

use crate::loghub::entry::{Entry, Head};
use crate::loghub::proto::{LogGroup, LogTag};

/// Logs of one group at the most; the service takes 40,960 (log-service limits), yet a reader gets
/// whole groups, and small ones spread better.
const MAX_LOGS: usize = 500;

/// Bytes of one group, before compression; the service takes 10 MB.
const MAX_BYTES: usize = 512 << 10;

/// A log group on its way, with a note on each of its logs.
#[derive(Debug)]
pub(super) struct Parcel<N> {
    pub(super) lane: usize,
    pub(super) group: LogGroup,
    /// Bytes of its logs, encoded, before compression.
    pub(super) bytes: usize,
    /// In the order of the logs.
    pub(super) notes: Vec<N>,
}

/// One open log group for each lane.
#[derive(Debug)]
pub(super) struct Packer<N> {
    lanes: Vec<Open<N>>,
}

#[derive(Debug)]
struct Open<N> {
    head: Head,
    group: LogGroup,
    bytes: usize,
    notes: Vec<N>,
}

impl<N> Packer<N> {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            lanes: std::iter::repeat_with(Open::default).take(lanes).collect(),
        }
    }

    /// Adds a log to a lane; the group that it does not fit into, or that it fills, goes to
    /// `sealed`.
    pub(super) fn push(
        &mut self,
        lane: usize,
        entry: Entry,
        note: N,
        sealed: &mut impl Extend<Parcel<N>>,
    ) {
        let Some(open) = self.lanes.get_mut(lane) else {
            return;
        };
        let bytes = entry.log.encoded_len();
        if open.head != entry.head || open.bytes + bytes > MAX_BYTES {
            sealed.extend(open.seal(lane));
            open.head = entry.head;
        }
        open.group.logs.push(entry.log);
        open.bytes += bytes;
        open.notes.push(note);
        if open.notes.len() >= MAX_LOGS {
            sealed.extend(open.seal(lane));
        }
    }

    /// Whether any log waits for its group to fill.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.iter().all(|open| open.notes.is_empty())
    }

    /// Seals every group, full or not.
    pub(super) fn flush(&mut self, sealed: &mut impl Extend<Parcel<N>>) {
        for (lane, open) in self.lanes.iter_mut().enumerate() {
            sealed.extend(open.seal(lane));
        }
    }
}

impl<N> Default for Open<N> {
    fn default() -> Self {
        Self {
            head: Head::default(),
            group: LogGroup::default(),
            bytes: 0,
            notes: Vec::new(),
        }
    }
}

impl<N> Open<N> {
    /// The group, if it has logs; the next one goes on with the same head.
    fn seal(&mut self, lane: usize) -> Option<Parcel<N>> {
        if self.notes.is_empty() {
            return None;
        }
        let mut group = std::mem::take(&mut self.group);
        let Head {
            topic,
            source,
            tags,
        } = self.head.clone();
        let tag = |(key, value)| LogTag { key, value };
        (group.topic, group.source) = (topic, source);
        group.tags = tags.into_iter().map(tag).collect();
        Some(Parcel {
            lane,
            group,
            bytes: std::mem::take(&mut self.bytes),
            notes: std::mem::take(&mut self.notes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(topic: &str, value: &str) -> Entry {
        let line = format!(r#"{{"__topic__":"{topic}","__tag__:k":"v","value":"{value}"}}"#);
        Entry::parse(line.as_bytes(), 0).unwrap()
    }

    fn pack(entries: impl IntoIterator<Item = (usize, Entry)>) -> Vec<Parcel<usize>> {
        let (mut packer, mut sealed) = (Packer::new(2), Vec::new());
        for (note, (lane, entry)) in entries.into_iter().enumerate() {
            packer.push(lane, entry, note, &mut sealed);
        }
        packer.flush(&mut sealed);
        assert!(packer.is_empty());
        sealed
    }

    #[test]
    fn a_group_holds_consecutive_logs_of_one_head_and_lane() {
        let parcels = pack([
            (0, entry("a", "x")),
            (0, entry("a", "y")),
            (1, entry("a", "x")),
            (0, entry("b", "x")),
            (0, entry("a", "x")),
        ]);
        let shown: Vec<_> = parcels
            .iter()
            .map(|parcel| {
                (
                    parcel.lane,
                    parcel.group.topic.clone().unwrap(),
                    &*parcel.notes,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (0, "a".into(), &[0, 1][..]),
                (0, "b".into(), &[3]),
                (0, "a".into(), &[4]),
                (1, "a".into(), &[2]),
            ]
        );
        assert!(parcels.iter().all(|parcel| parcel.group.tags.len() == 1));
    }

    #[test]
    fn groups_are_bounded_in_logs_and_in_bytes() {
        let many = pack((0..1001).map(|_| (0, entry("a", "x"))));
        let counts: Vec<_> = many.iter().map(|parcel| parcel.group.logs.len()).collect();
        assert_eq!(counts, [500, 500, 1]);

        let large = "x".repeat(MAX_BYTES / 2 - 100);
        let parcels = pack((0..5).map(|_| (0, entry("a", &large))));
        let counts: Vec<_> = parcels
            .iter()
            .map(|parcel| parcel.group.logs.len())
            .collect();
        assert_eq!(counts, [2, 2, 1]);
        assert!(parcels.iter().all(|parcel| parcel.bytes <= MAX_BYTES));
    }

    #[test]
    fn a_log_over_the_bound_goes_alone() {
        let huge = "x".repeat(MAX_BYTES);
        let parcels = pack([
            (0, entry("a", "x")),
            (0, entry("a", &huge)),
            (0, entry("a", "x")),
        ]);
        let counts: Vec<_> = parcels.iter().map(|parcel| parcel.notes.len()).collect();
        assert_eq!(counts, [1, 1, 1]);
    }
}
