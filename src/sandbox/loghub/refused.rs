//! Refusals in the service's words. Codes, statuses and messages follow the vendor's page of common
//! error codes and the pages of the single calls.

use super::group::GroupRefusal;

/// A call that the service refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// A malformed request.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// A parameter that the call does not take.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::bad("ParameterInvalid", message)
    }

    pub(super) fn missing_header(code: &'static str, name: &str) -> Self {
        Self::bad(code, format!("{name} does not exist in http header."))
    }

    pub(super) fn project(project: &str) -> Self {
        let message = format!("The Project does not exist : {project}");
        Self::new(404, "ProjectNotExist", message)
    }

    pub(super) fn logstore(logstore: &str) -> Self {
        let message = format!("logstore {logstore} does not exist");
        Self::new(404, "LogStoreNotExist", message)
    }

    pub(super) fn shard(shard: u32) -> Self {
        let message = format!("shard {shard} does not exist");
        Self::new(404, "ShardNotExist", message)
    }

    pub(super) fn group(group: &str) -> Self {
        let message = format!("consumer group {group} does not exist");
        Self::new(404, "ConsumerGroupNotExist", message)
    }

    /// What a consumer group refused, by `consumer` for `shard`.
    pub(super) fn by_group(refusal: GroupRefusal, consumer: &str, shard: u32) -> Self {
        match refusal {
            GroupRefusal::NotExistConsumerWithBody => Self::bad(
                "NotExistConsumerWithBody",
                format!("consumer {consumer} does not exist, but its heartbeat holds shards"),
            ),
            GroupRefusal::ConsumerNotExist => Self::new(
                404,
                "ConsumerNotExist",
                format!("consumer {consumer} does not exist"),
            ),
            // The status is not documented; the code is what the libraries look at.
            GroupRefusal::ConsumerNotMatch => Self::bad(
                "ConsumerNotMatch",
                format!("shard {shard} is not held by consumer {consumer}"),
            ),
            GroupRefusal::ShardNotExist => Self::shard(shard),
        }
    }
}
