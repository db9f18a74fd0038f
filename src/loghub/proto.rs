//! Protobuf messages of Log Service (proto2), with the vendor's field numbers and names.
//!
//! A pull answers one compressed [`LogGroupList`]; a put sends one [`LogGroup`]. The schema calls
//! texts `string`, yet the service does not check that they are UTF-8, and a decoder that does
//! refuses a whole body for one bad value (the vendor's Rust crate): so they are bytes here.
//! Missing required fields read as 0 or empty, as in the Python SDK.

use bytes::Bytes;
use prost::Message as _;

/// The body of a pull: log groups in the order of the shard.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LogGroupList {
    /// `logGroupList`.
    #[prost(message, repeated, tag = "1")]
    pub groups: Vec<LogGroup>,
}

/// Logs that were written together, with what they have in common; one cursor step of a shard.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LogGroup {
    /// `Logs`.
    #[prost(message, repeated, tag = "1")]
    pub logs: Vec<Log>,
    /// `Reserved`, in older schemas `Category`: not shown to users.
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub reserved: Option<Bytes>,
    /// `Topic`: the field `__topic__` of every log here.
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub topic: Option<Bytes>,
    /// `Source`: the field `__source__` of every log here.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub source: Option<Bytes>,
    /// `MachineUUID`: not shown to users.
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub machine_uuid: Option<Bytes>,
    /// `LogTags`: a field `__tag__:KEY` each, of every log here.
    #[prost(message, repeated, tag = "6")]
    pub tags: Vec<LogTag>,
}

/// One event.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Log {
    /// `Time`: seconds since 1970.
    #[prost(uint32, required, tag = "1")]
    pub time: u32,
    /// `Contents`: in order; a key may occur more than once.
    #[prost(message, repeated, tag = "2")]
    pub contents: Vec<Content>,
    /// `Time_ns`: nanoseconds within the second. (Field 3 is unused.)
    #[prost(fixed32, optional, tag = "4")]
    pub time_ns: Option<u32>,
}

/// One key and value of a log.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Content {
    /// `Key`.
    #[prost(bytes = "bytes", required, tag = "1")]
    pub key: Bytes,
    /// `Value`.
    #[prost(bytes = "bytes", required, tag = "2")]
    pub value: Bytes,
}

/// One key and value that all logs of a group share.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LogTag {
    /// `Key`, without the `__tag__:` that users see in front of it.
    #[prost(bytes = "bytes", required, tag = "1")]
    pub key: Bytes,
    /// `Value`.
    #[prost(bytes = "bytes", required, tag = "2")]
    pub value: Bytes,
}

impl Content {
    /// A pair of texts.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// A log, encoded.
pub fn encode_log(log: &Log) -> Vec<u8> {
    log.encode_to_vec()
}

/// A group with one log more than `head` has, whose bytes are taken as they are: they need not be
/// a log.
pub fn encode_group(head: &LogGroup, log: &[u8]) -> Vec<u8> {
    let mut group = head.encode_to_vec();
    push_field(&mut group, log);
    group
}

/// A `LogGroupList` of encoded groups.
pub fn encode_list(groups: impl IntoIterator<Item = Vec<u8>>) -> Bytes {
    let mut list = Vec::new();
    for group in groups {
        push_field(&mut list, &group);
    }
    list.into()
}

/// Appends `bytes` as field 1, which both the groups of a list and the logs of a group are.
fn push_field(message: &mut Vec<u8>, bytes: &[u8]) {
    message.push(0x0a);
    prost::encoding::encode_varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX), message);
    message.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
