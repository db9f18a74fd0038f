//! A transport straight into the sandbox, without sockets: for simulations on virtual time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use http::header::HOST;

use super::{Cut, Sandbox, Service};
use crate::transport::{ExchangeError, Request, Response, Transport};

/// One of the two services, as a [`Transport`]. Delays and cuts are acted out on tokio's clock.
#[derive(Debug)]
pub struct InMemory {
    sandbox: Sandbox,
    service: Service,
    latency: Duration,
    is_reachable: AtomicBool,
}

impl InMemory {
    /// A way to `service` that takes no time.
    pub fn new(sandbox: Sandbox, service: Service) -> Self {
        Self {
            sandbox,
            service,
            latency: Duration::ZERO,
            is_reachable: AtomicBool::new(true),
        }
    }

    /// Every exchange takes at least this long.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Makes connections fail from now on, or work again.
    pub fn set_reachable(&self, is_reachable: bool) {
        self.is_reachable.store(is_reachable, Ordering::Relaxed);
    }

    async fn deliver(&self, mut request: Request, peer: &str) -> Result<Response, ExchangeError> {
        tokio::time::sleep(self.latency).await;
        if !self.is_reachable.load(Ordering::Relaxed) {
            return Err(ExchangeError::Connect {
                peer: peer.to_owned(),
                source: "connection refused".into(),
            });
        }
        if !request.headers().contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(peer)
        {
            request.headers_mut().insert(HOST, host);
        }
        let reply = self.sandbox.respond(self.service, &request);
        tokio::time::sleep(reply.delay).await;
        match reply.cut {
            Cut::None => Ok(reply.response),
            Cut::BeforeAnswer | Cut::MidBody => Err(ExchangeError::Broken {
                peer: peer.to_owned(),
                source: "connection closed by the peer".into(),
            }),
        }
    }
}

impl Transport for InMemory {
    fn exchange(
        &self,
        request: Request,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        let authority = request.uri().authority();
        let peer = authority.map(ToString::to_string).unwrap_or_default();
        async move {
            tokio::time::timeout(deadline, self.deliver(request, &peer))
                .await
                .unwrap_or_else(|_elapsed| {
                    Err(ExchangeError::Timeout {
                        peer: peer.clone(),
                        deadline,
                    })
                })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bytes::Bytes;
    use tokio::time::Instant;

    use super::*;
    use crate::sandbox::{Action, Settings};
    use crate::transport::{AccessKey, Clock, Secret};

    fn way() -> (Sandbox, InMemory) {
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("secret"),
            token: None,
        };
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
        let sandbox = Sandbox::new(Settings::new(key, clock));
        let way = InMemory::new(sandbox.clone(), Service::LogService);
        (sandbox, way.with_latency(Duration::from_millis(3)))
    }

    async fn exchange(way: &InMemory) -> Result<Response, ExchangeError> {
        let request = http::Request::get("http://pro.sls.test:80/logstores").body(Bytes::new());
        way.exchange(request.unwrap(), Duration::from_secs(5)).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_its_latency_and_delay() {
        let (sandbox, way) = way();
        let delay = Duration::from_secs(2);
        sandbox
            .faults()
            .next("ListLogStore", 1, Action::Delay(delay));
        let start = Instant::now();
        let response = exchange(&way).await.unwrap();
        // The host stands in for the missing header: only then the version is looked for.
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert!(body.contains("MissingAPIVersion"), "{body}");
        assert_eq!(start.elapsed(), Duration::from_millis(2003));
    }

    #[tokio::test(start_paused = true)]
    async fn outages_cuts_and_late_answers_are_errors_of_their_kind() {
        let (sandbox, way) = way();
        way.set_reachable(false);
        let away = exchange(&way).await;
        assert!(
            matches!(away, Err(ExchangeError::Connect { .. })),
            "{away:?}"
        );
        assert_eq!(sandbox.calls("ListLogStore"), 0);
        way.set_reachable(true);
        for action in [Action::CutBefore, Action::CutAfter, Action::CutBody] {
            sandbox.faults().next("ListLogStore", 1, action);
            let cut = exchange(&way).await;
            assert!(matches!(cut, Err(ExchangeError::Broken { .. })), "{cut:?}");
        }
        let delay = Action::Delay(Duration::from_secs(6));
        sandbox.faults().next("ListLogStore", 1, delay);
        let late = exchange(&way).await;
        assert!(
            matches!(late, Err(ExchangeError::Timeout { .. })),
            "{late:?}"
        );
        assert!(exchange(&way).await.is_ok());
    }
}
