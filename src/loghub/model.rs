//! The words of Log Service as types.

use std::fmt;

use bytes::Bytes;

/// A name that Log Service would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} {fault}")]
pub struct NameError {
    /// Which kind of name.
    pub what: &'static str,
    /// The name as given.
    pub name: String,
    /// What is wrong with it, and what would be right.
    pub fault: &'static str,
}

/// Lengths and alphabet that Log Service allows for a kind of name.
struct Rule {
    what: &'static str,
    min: usize,
    max: usize,
    allowed: fn(u8) -> bool,
    fault: &'static str,
}

impl Rule {
    /// Allowed bytes throughout, a letter or digit at both ends.
    fn check(&self, name: &str) -> Result<Box<str>, NameError> {
        let bytes = name.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        let good = (self.min..=self.max).contains(&bytes.len())
            && bytes.iter().all(|byte| (self.allowed)(*byte))
            && ends
                .iter()
                .all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
        if good {
            Ok(name.into())
        } else {
            Err(NameError {
                what: self.what,
                name: name.to_owned(),
                fault: self.fault,
            })
        }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks `name` against the service's rule for its kind.
            pub fn new(name: &str) -> Result<Self, NameError> {
                $rule.check(name).map(Self)
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn lower_digit_dash(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn lower_digit_dash_underscore(byte: u8) -> bool {
    lower_digit_dash(byte) || byte == b'_'
}

name!(
    /// A project: the namespace of logstores, and the first label of the endpoint's host.
    Project,
    Rule {
        what: "project",
        min: 3,
        max: 63,
        allowed: lower_digit_dash,
        fault: "must have 3 to 63 lower-case letters, digits or '-', and start and end with a letter or digit",
    }
);
name!(
    /// A logstore: a stream of logs, divided into shards.
    Logstore,
    Rule {
        what: "logstore",
        min: 2,
        max: 63,
        allowed: lower_digit_dash_underscore,
        fault: "must have 2 to 63 lower-case letters, digits, '-' or '_', and start and end with a letter or digit",
    }
);
name!(
    /// A consumer group: those who share the shards of a logstore.
    ConsumerGroupName,
    Rule {
        what: "consumer group",
        min: 2,
        max: 63,
        allowed: lower_digit_dash_underscore,
        fault: "must have 2 to 63 lower-case letters, digits, '-' or '_', and start and end with a letter or digit",
    }
);

/// The name of one member of a consumer group: free text, unique in the group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerName(Box<str>);

impl ConsumerName {
    /// Any text of 1 to 255 bytes without control characters.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
            return Err(NameError {
                what: "consumer name",
                name: name.to_owned(),
                fault: "must have 1 to 255 bytes and no control characters",
            });
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a shard within its logstore; numbers are not reused and have gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(pub u32);

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An opaque position in a shard: it stands before a log group. Not arithmetic, not compared by `<`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// Wraps a cursor that the service sent.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The cursor as it goes on the wire (base64).
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which cursor to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorPosition {
    /// The oldest log group still kept.
    Begin,
    /// Where the next log group will be written.
    End,
    /// The first log group that the service received at or after this Unix time, in seconds.
    Since(u64),
}

/// Whether a shard takes logs, or is only read (after a split or merge).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardStatus {
    /// Takes logs.
    ReadWrite,
    /// Split or merged: read to its end, then finished.
    ReadOnly,
}

/// A shard as the list of shards shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number.
    pub id: ShardId,
    /// Whether it takes logs.
    pub status: ShardStatus,
    /// First MD5 hash key of its range, 32 hex digits.
    pub begin_key: String,
    /// End of its range, exclusive (the last shard's is 32 times `f`).
    pub end_key: String,
}

/// A consumer group as the list of groups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroup {
    /// Its name.
    pub name: String,
    /// A consumer that is silent for this many seconds loses its shards.
    pub timeout_seconds: u64,
    /// Whether children of a split or merge wait until their parents are read to the end.
    pub order: bool,
}

/// A cursor saved for a consumer group and shard: everything before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The shard.
    pub shard: ShardId,
    /// The position; `None` where none was ever saved.
    pub cursor: Option<Cursor>,
    /// The consumer that saved it; empty where none was.
    pub consumer: String,
    /// When it was saved, microseconds since 1970.
    pub updated_micros: i64,
}

/// What one pull brought: whole log groups, decompressed.
#[derive(Clone, Debug)]
pub struct Pull {
    /// A protobuf `LogGroupList`, uncompressed; empty when there was nothing to read.
    pub data: Bytes,
    /// How many log groups the service says are in it.
    pub group_count: u32,
    /// Where the next pull starts.
    pub next: Cursor,
    /// Bytes of the body as it was sent.
    pub wire_bytes: usize,
}

/// How large the answer to a pull is, as its headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullSize {
    /// Bytes of the logs, uncompressed.
    pub raw_bytes: usize,
    /// Bytes of the body as it was sent.
    pub wire_bytes: usize,
    /// How many log groups there are.
    pub group_count: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(Logstore::new("access_log-1").is_ok());
        for bad in ["", "a", "Access", "-a1", "a1-", "a b", &"a".repeat(64)] {
            let error = Logstore::new(bad).unwrap_err().to_string();
            assert!(
                error.starts_with("logstore") && error.contains("must have"),
                "{error}"
            );
        }
    }
}
