//! What Log Service refuses, and what to do about it.

use std::fmt;

use crate::transport::{ExchangeError, Retry, Retryable};

/// Declares the codes, each under its own spelling and others that the libraries use.
macro_rules! codes {
    ($($code:ident $(| $other:ident)*,)*) => {
        /// An error code of Log Service, compared without regard to case. Names and meanings are
        /// those of the vendor's page of common error codes.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names are the service's own")]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($code,)*
            /// Any other code, as sent.
            Other(String),
        }

        /// Every named code with its spellings; the first is the one that is shown and sent.
        const CODES: &[(&[&str], ErrorCode)] = &[
            $((&[stringify!($code) $(, stringify!($other))*], ErrorCode::$code),)*
        ];
    };
}

codes! {
    ConsumerGroupAlreadyExist,
    ConsumerGroupNotExist,
    ConsumerGroupQuotaExceed,
    ConsumerNotExist | ConsumerNotExsit,
    ConsumerNotMatch,
    ExceedQuota,
    InternalServerError,
    InvalidAPIVersion,
    InvalidAccessKeyId,
    InvalidBodyRawSize,
    InvalidCompressType,
    InvalidContentType,
    InvalidCursor,
    InvalidEncoding,
    InvalidKey,
    InvalidMethod,
    InvalidRequestTime | InvalidDateFormat,
    InvalidShardCheckPoint,
    InvalidSignatureMethod,
    InvalidTimestamp,
    JsonInfoInvalid,
    LogStoreAlreadyExist,
    LogStoreNotExist,
    LogStoreWithoutShard,
    MissingAPIVersion,
    MissingBodyRawSize,
    MissingContentLength,
    MissingContentType,
    MissingDate,
    MissingHost,
    MissingSignatureMethod,
    NotExistConsumerWithBody,
    ParameterInvalid,
    PostBodyInvalid,
    PostBodyTooLarge,
    PostBodyUncompressError,
    ProjectAlreadyExist,
    ProjectForbidden,
    ProjectNotExist | ProjectNotExists,
    ProjectQuotaExceed,
    QuotaExceed,
    ReadQuotaExceed,
    RequestTimeExpired | RequestTimeTooSkewed,
    RequestTimeout,
    ServerBusy,
    ShardNotExist,
    ShardReadQuotaExceed,
    ShardWriteQuotaExceed,
    SignatureNotMatch,
    Unauthorized,
    WriteQuotaExceed,
}

impl ErrorCode {
    /// The code that `text` spells.
    pub fn parse(text: &str) -> Self {
        CODES
            .iter()
            .find(|(spellings, _)| spellings.iter().any(|one| one.eq_ignore_ascii_case(text)))
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
            .and_then(|(spellings, _)| spellings.first().copied())
            .unwrap_or_default()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call to Log Service that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request cannot be written as HTTP: a key id or token holds control characters.
    #[error("{operation}: cannot be sent: {fault}")]
    Request {
        /// The call, with what it was about.
        operation: String,
        /// What is wrong with it; no secret is quoted.
        fault: String,
    },
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
        /// `x-log-requestid`, or `none`.
        request_id: String,
    },
    /// An answer that is not one of this service: a proxy's page, a missing header, a bad body.
    #[error("{operation}: unusable answer: {fault} (status {status}, request id {request_id})")]
    Answer {
        /// The call, with what it was about.
        operation: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        fault: String,
        /// `x-log-requestid`, or `none`.
        request_id: String,
    },
}

impl Error {
    /// The service's code, where it was the service that refused.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Service { code, .. } => Some(code),
            Self::Request { .. } | Self::Exchange { .. } | Self::Answer { .. } => None,
        }
    }
}

impl Retryable for Error {
    /// Quota refusals slow down; server faults, broken exchanges and unusable answers (a passing
    /// proxy's, most of the time) are tried again; an unknown code is judged by its status.
    fn retry(&self) -> Retry {
        use ErrorCode as C;
        let (code, status) = match self {
            Self::Exchange { source, .. } => return source.retry(),
            Self::Request { .. } => return Retry::Never,
            Self::Answer { .. } => return Retry::Backoff,
            Self::Service { code, status, .. } => (code, *status),
        };
        match code {
            C::ReadQuotaExceed
            | C::ServerBusy
            | C::ShardReadQuotaExceed
            | C::ShardWriteQuotaExceed
            | C::WriteQuotaExceed => Retry::Throttled,
            C::InternalServerError | C::RequestTimeout => Retry::Backoff,
            C::Other(_) if status == 429 => Retry::Throttled,
            C::Other(_) if status >= 500 => Retry::Backoff,
            _ => Retry::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_any_case_and_spelling() {
        assert_eq!(
            ErrorCode::parse("consumernotexsit"),
            ErrorCode::ConsumerNotExist
        );
        assert_eq!(
            ErrorCode::parse("ProjectNotExists").as_str(),
            "ProjectNotExist"
        );
        assert_eq!(ErrorCode::parse("NeverHeard").as_str(), "NeverHeard");
        for (spellings, code) in CODES {
            assert_eq!(code.as_str(), spellings[0]);
        }
    }
}
