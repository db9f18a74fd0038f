//! The exchange of one signed request for one response, and what every exchange needs:
//! a clock, secrets, deadlines and the one retry loop.
//!
//! This room knows neither service. Both clients hand it a complete [`http::Request`](::http::Request); tests and
//! simulations put an in-memory service, or faults, in the place of [`HttpTransport`].

pub mod clock;
mod error;
mod http;
pub mod retry;
mod secret;

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use self::clock::Clock;
pub use self::error::{BoxError, ExchangeError, error_chain};
pub use self::http::{BuildError, HttpSettings, HttpTransport};
pub use self::retry::{Retry, Retryable};
pub use self::secret::{AccessKey, Secret};

/// A request with its whole body in memory; the URI is absolute (`scheme://host:port/path?query`).
pub type Request = ::http::Request<Bytes>;

/// A response with its whole body in memory.
pub type Response = ::http::Response<Bytes>;

/// One HTTP exchange: the narrow door between the clients and the network.
///
/// Any status is an `Ok`: judging it is the client's business. Dropping the future abandons the
/// exchange, and the peer may or may not have acted on the request.
pub trait Transport: Debug + Send + Sync {
    /// Sends `request` and reads the whole response within `deadline`.
    fn exchange(
        &self,
        request: Request,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>>;
}
