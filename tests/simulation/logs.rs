//! The logs that are put: in buckets, each of which has a few keys and lies in one shard, so that
//! logs of one key have an order, and meet.

use fastrand::Rng;

/// Keys in a bucket.
const KEYS: u8 = 5;

/// Columns that a log may have besides its key, sequence and id.
pub(crate) const COLUMNS: [&str; 4] = ["agent", "bytes", "user-agent", "__tag__:zone"];

/// A log that cannot become a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It has no primary key.
    NoKey,
    /// Its primary key is longer than Table Store takes.
    LongKey,
    /// Table Store refuses its row for good.
    Refused,
    /// Table Store refuses every request that has its row.
    Spoils,
    /// Its bytes are no log.
    NoLog,
}

/// A log group to put.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    /// Chooses the shard and the keys.
    pub(crate) bucket: u16,
    pub(crate) logs: Vec<PutLog>,
    /// Bytes of a column that every log has besides; none where it is 0.
    pub(crate) bulk: usize,
}

/// A log to put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PutLog {
    /// One of the bucket's keys.
    pub(crate) key: u8,
    /// Which of the columns it has, as bits.
    pub(crate) columns: u8,
    pub(crate) flaw: Option<Flaw>,
    /// Whether some of its text is not UTF-8.
    pub(crate) is_garbled: bool,
}

impl Put {
    /// A log group of these logs.
    pub(crate) fn new(bucket: u16, logs: Vec<PutLog>) -> Self {
        Self {
            bucket,
            logs,
            bulk: 0,
        }
    }

    /// A log group of a few logs.
    pub(crate) fn any(rng: &mut Rng, bucket: u16) -> Self {
        let count = if rng.u8(0..10) == 0 {
            60
        } else {
            rng.usize(1..12)
        };
        let logs = (0..count).map(|_| PutLog::good(rng)).collect();
        Self::new(bucket, logs)
    }
}

impl PutLog {
    /// A log that becomes a row.
    pub(crate) fn good(rng: &mut Rng) -> Self {
        Self {
            key: rng.u8(0..KEYS),
            columns: rng.u8(..),
            flaw: None,
            is_garbled: false,
        }
    }
}

/// The hash key that a bucket's groups are put by.
pub(crate) fn hash(bucket: u16) -> u128 {
    u128::from(bucket).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}
