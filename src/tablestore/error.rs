//! What Table Store refuses, and what to do about it.

use std::fmt;

use crate::transport::{ExchangeError, Retry, Retryable};

/// An error code of Table Store, from the vendor's error page and the SDKs' own lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the service's own")]
#[non_exhaustive]
pub enum ErrorCode {
    AuthFailed,
    CapacityUnitExhausted,
    ConditionCheckFail,
    DataOutOfRange,
    FlowControl,
    ForbiddenUpdateCapacityUnit,
    InternalServerError,
    InvalidPk,
    MethodNotAllowed,
    NoPermissionAccess,
    NotEnoughCapacityUnit,
    ObjectAlreadyExist,
    ObjectNotExist,
    OperationConflict,
    OperationThrottled,
    OutOfColumnCountLimit,
    OutOfRowSizeLimit,
    ParameterInvalid,
    PartitionUnavailable,
    QuotaExhausted,
    RequestBodyTooLarge,
    RequestTimeout,
    RowOperationConflict,
    ServerBusy,
    ServerUnavailable,
    StorageServerBusy,
    TableNotReady,
    Timeout,
    TooFrequentReservedThroughputAdjustment,
    /// Any other code, as sent.
    Other(String),
}

/// Every named code with its spelling.
const CODES: &[(&str, ErrorCode)] = &[
    ("OTSAuthFailed", ErrorCode::AuthFailed),
    ("OTSCapacityUnitExhausted", ErrorCode::CapacityUnitExhausted),
    ("OTSConditionCheckFail", ErrorCode::ConditionCheckFail),
    ("OTSDataOutOfRange", ErrorCode::DataOutOfRange),
    ("OTSFlowControl", ErrorCode::FlowControl),
    ("OTSInternalServerError", ErrorCode::InternalServerError),
    ("OTSInvalidPK", ErrorCode::InvalidPk),
    ("OTSNoPermissionAccess", ErrorCode::NoPermissionAccess),
    ("OTSNotEnoughCapacityUnit", ErrorCode::NotEnoughCapacityUnit),
    ("OTSObjectAlreadyExist", ErrorCode::ObjectAlreadyExist),
    ("OTSObjectNotExist", ErrorCode::ObjectNotExist),
    ("OTSOperationConflict", ErrorCode::OperationConflict),
    ("OTSOperationThrottled", ErrorCode::OperationThrottled),
    ("OTSOutOfColumnCountLimit", ErrorCode::OutOfColumnCountLimit),
    ("OTSOutOfRowSizeLimit", ErrorCode::OutOfRowSizeLimit),
    ("OTSParameterInvalid", ErrorCode::ParameterInvalid),
    ("OTSPartitionUnavailable", ErrorCode::PartitionUnavailable),
    ("OTSQuotaExhausted", ErrorCode::QuotaExhausted),
    ("OTSRequestBodyTooLarge", ErrorCode::RequestBodyTooLarge),
    ("OTSRequestTimeout", ErrorCode::RequestTimeout),
    ("OTSRowOperationConflict", ErrorCode::RowOperationConflict),
    ("OTSServerBusy", ErrorCode::ServerBusy),
    ("OTSServerUnavailable", ErrorCode::ServerUnavailable),
    ("OTSStorageServerBusy", ErrorCode::StorageServerBusy),
    ("OTSTableNotReady", ErrorCode::TableNotReady),
    ("OTSTimeout", ErrorCode::Timeout),
    (
        "OTSTooFrequentReservedThroughputAdjustment",
        ErrorCode::TooFrequentReservedThroughputAdjustment,
    ),
    ("OTSMethodNotAllowed", ErrorCode::MethodNotAllowed),
    (
        "OTSForbiddenUpdateCapacityUnit",
        ErrorCode::ForbiddenUpdateCapacityUnit,
    ),
];

/// What a refusal means for the rows of a write, all of them `UpdateRow` without a condition (and
/// so harmless to repeat).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Passing: try again.
    Retry(Retry),
    /// The row itself is bad, and will be for ever.
    BadRow,
    /// Credentials, permission or the table is missing, the table has another primary key than it
    /// had, or a table to create is there already: nothing about the row. Whoever operates the
    /// service can mend it, so the row waits.
    Operator,
}

impl ErrorCode {
    /// The code that `text` spells.
    pub fn parse(text: &str) -> Self {
        CODES
            .iter()
            .find(|(spelling, _)| *spelling == text)
            .map_or_else(|| Self::Other(text.to_owned()), |(_, code)| code.clone())
    }

    /// The code as the service spells it.
    pub fn as_str(&self) -> &str {
        if let Self::Other(text) = self {
            return text;
        }
        CODES
            .iter()
            .find(|(_, code)| code == self)
            .map(|(text, _)| *text)
            .unwrap_or_default()
    }

    /// What the code means for a row; an unknown code is tried again.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::AuthFailed
            | Self::ForbiddenUpdateCapacityUnit
            // Keys are written as the table describes them: it was created anew with other ones.
            | Self::InvalidPk
            | Self::MethodNotAllowed
            | Self::NoPermissionAccess
            | Self::ObjectAlreadyExist
            | Self::ObjectNotExist => Verdict::Operator,
            Self::ConditionCheckFail
            | Self::DataOutOfRange
            | Self::OutOfColumnCountLimit
            | Self::OutOfRowSizeLimit
            | Self::ParameterInvalid
            | Self::RequestBodyTooLarge => Verdict::BadRow,
            Self::CapacityUnitExhausted
            | Self::FlowControl
            | Self::NotEnoughCapacityUnit
            | Self::OperationThrottled
            | Self::QuotaExhausted
            | Self::ServerBusy
            | Self::StorageServerBusy => Verdict::Retry(Retry::Throttled),
            _ => Verdict::Retry(Retry::Backoff),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the service refused one row of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RowError {
    /// What it says is wrong.
    pub code: ErrorCode,
    /// In its words.
    pub message: String,
}

/// A call to Table Store that failed as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer came.
    #[error("{operation}: {source}")]
    Exchange {
        /// The call, with what it was about.
        operation: String,
        /// Why.
        #[source]
        source: ExchangeError,
    },
    /// The service refused.
    #[error("{operation}: {code}: {message} (status {status}, request id {request_id})")]
    Service {
        /// The call, with what it was about.
        operation: String,
        /// HTTP status.
        status: u16,
        /// What it says is wrong.
        code: ErrorCode,
        /// In its words.
        message: String,
        /// `x-ots-requestid`, or `none`.
        request_id: String,
    },
    /// An answer that is not one of this service: a gateway's page, a wrong checksum or signature,
    /// a body that does not decode. What became of the request is unknown.
    #[error("{operation}: unusable answer: {fault} (status {status}, request id {request_id})")]
    Answer {
        /// The call, with what it was about.
        operation: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        fault: String,
        /// `x-ots-requestid`, or `none`.
        request_id: String,
    },
}

impl Error {
    /// The service's code, where it was the service that refused.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Service { code, .. } => Some(code),
            Self::Exchange { .. } | Self::Answer { .. } => None,
        }
    }

    /// What the failure means for the rows of a write.
    pub fn verdict(&self) -> Verdict {
        self.code()
            .map_or(Verdict::Retry(Retry::Backoff), ErrorCode::verdict)
    }
}

impl Retryable for Error {
    fn retry(&self) -> Retry {
        match self.verdict() {
            Verdict::Retry(retry) => retry,
            Verdict::BadRow | Verdict::Operator => Retry::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_the_round_trip_and_unknown_ones_are_retried() {
        for (text, code) in CODES {
            assert_eq!(&ErrorCode::parse(text), code);
            assert_eq!(code.as_str(), *text);
        }
        let unknown = ErrorCode::parse("OTSSomethingNew");
        assert_eq!(unknown.as_str(), "OTSSomethingNew");
        assert_eq!(unknown.verdict(), Verdict::Retry(Retry::Backoff));
    }
}
