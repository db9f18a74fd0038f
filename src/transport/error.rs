//! Why an exchange brought no response.

use std::time::Duration;

use super::retry::{Retry, Retryable};

/// An exchange that ended without a response: nothing is known of what the peer did.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// No connection: refused, unreachable, name not resolved, or TLS refused.
    #[error("cannot connect to {peer}")]
    Connect {
        /// `host:port` of the peer.
        peer: String,
        /// What the HTTP client says.
        #[source]
        source: BoxError,
    },
    /// The deadline passed first.
    #[error("no answer from {peer} within {}", humantime::format_duration(*.deadline))]
    Timeout {
        /// `host:port` of the peer.
        peer: String,
        /// How long we waited.
        deadline: Duration,
    },
    /// The connection broke before the response was whole.
    #[error("connection to {peer} broke before the answer was complete")]
    Broken {
        /// `host:port` of the peer.
        peer: String,
        /// What the HTTP client says.
        #[source]
        source: BoxError,
    },
    /// The response is larger than any that the services send.
    #[error("answer of {peer} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// `host:port` of the peer.
        peer: String,
        /// The cap, in bytes.
        limit_bytes: usize,
    },
}

/// A cause from below, kept whole.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error and its causes in one line, each said once.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

impl Retryable for ExchangeError {
    fn retry(&self) -> Retry {
        Retry::Backoff
    }
}
