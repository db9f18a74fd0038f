//! What the store refuses, in the service's codes and words.
//!
//! Messages come from the vendor's error page and from what the functional tests of the Java and Go
//! SDKs expect, letter by letter; where both are silent the wording is the sandbox's own.

use std::borrow::Cow;

use crate::tablestore::{ErrorCode, RowError, proto};

/// A refusal: of a whole request, or of one row in a batch (whose status nobody sees).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// HTTP status.
    pub(super) status: u16,
    /// Error code.
    pub(super) code: Cow<'static, str>,
    /// In words.
    pub(super) message: Cow<'static, str>,
}

impl Failure {
    /// A refusal in full.
    pub(super) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// 400 `OTSParameterInvalid`: by far the most of them.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "OTSParameterInvalid", message)
    }

    /// 400 `OTSInvalidPK`: the key does not fit the table.
    pub(super) fn invalid_pk(message: String) -> Self {
        Self::new(400, "OTSInvalidPK", message)
    }

    /// 403 `OTSAuthFailed`.
    pub(super) fn auth(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(403, "OTSAuthFailed", message)
    }

    /// 403 `OTSConditionCheckFail`.
    pub(super) fn condition() -> Self {
        Self::new(403, "OTSConditionCheckFail", "Condition check failed.")
    }

    /// 404 `OTSObjectNotExist`.
    pub(super) fn no_table() -> Self {
        Self::new(404, "OTSObjectNotExist", "Requested table does not exist.")
    }

    /// The refusal as answers carry it.
    pub(super) fn message(&self) -> proto::Error {
        proto::Error {
            code: self.code.clone().into_owned(),
            message: Some(self.message.clone().into_owned().into()),
        }
    }

    /// 400 for a message that is not protobuf, or lacks a required field.
    pub(super) fn unparsed() -> Self {
        Self::invalid("Parse PBMessage from RawString failed.")
    }
}

impl From<Failure> for RowError {
    fn from(failure: Failure) -> Self {
        Self {
            code: ErrorCode::parse(&failure.code),
            message: failure.message.into_owned(),
        }
    }
}
