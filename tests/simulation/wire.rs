//! The cable between one shipper and both services: what the shipper sends is handed to the world,
//! which decides when, and whether, anything comes back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use loghub_shipper::sandbox::Service;
use loghub_shipper::transport::{ExchangeError, Request, Response, Transport};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// What the world lets a shipper see of an exchange.
pub(crate) type Answer = Result<Response, Fault>;

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Refused,
    Broken,
}

/// A request on its way out.
#[derive(Debug)]
pub(crate) struct Sent {
    /// On the shipper's own clock, since it was started.
    pub(crate) after: Duration,
    pub(crate) service: Service,
    pub(crate) request: http::Request<Bytes>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What one life of a shipper has sent and the world has not taken over yet.
#[derive(Debug)]
pub(crate) struct Outbox {
    born: Instant,
    sent: Mutex<Vec<Sent>>,
    /// Told of everything that is sent.
    pub(crate) news: Notify,
}

impl Outbox {
    /// For a life that begins now.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            sent: Mutex::default(),
            news: Notify::new(),
        })
    }

    pub(crate) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent())
    }

    fn sent(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How old the life is, by its own clock.
    pub(crate) fn age(&self) -> Duration {
        self.born.elapsed()
    }
}

/// One service, as a shipper reaches it.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) service: Service,
    pub(crate) outbox: Arc<Outbox>,
}

impl Transport for Wire {
    fn exchange(
        &self,
        mut request: Request,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        let peer = request.uri().authority().map(ToString::to_string);
        let peer = peer.unwrap_or_default();
        if !request.headers().contains_key(http::header::HOST) {
            let host = peer.parse().expect("an authority is a header value");
            request.headers_mut().insert(http::header::HOST, host);
        }
        async move {
            let (answer, arrival) = oneshot::channel();
            self.outbox.sent().push(Sent {
                after: self.outbox.age(),
                service: self.service,
                request,
                answer,
            });
            self.outbox.news.notify_one();
            let source = "as the simulation has it".into();
            match tokio::time::timeout(deadline, arrival).await {
                Ok(Ok(Ok(response))) => Ok(response),
                Ok(Ok(Err(Fault::Refused))) => Err(ExchangeError::Connect { peer, source }),
                Ok(Ok(Err(Fault::Broken)) | Err(_)) => Err(ExchangeError::Broken { peer, source }),
                Err(_) => Err(ExchangeError::Timeout { peer, deadline }),
            }
        }
        .boxed()
    }
}
