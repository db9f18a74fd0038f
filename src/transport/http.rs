//! The real exchange, over HTTP/1.1 with kept-alive connections.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::{ExchangeError, Request, Response, Transport};

/// The largest response body that is read, in bytes. A pull is about 10 MB and a range read 4 MiB;
/// what is larger than this is no answer of these services.
const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// How long a connection may take to be made. Both services answer a SYN within a round trip;
/// five seconds covers one lost packet on a slow link.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept. Load balancers in front of both services drop theirs
/// after a minute or so; ours goes first, so that no request meets a closed one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Settings of the real transport.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// Name sent as `User-Agent`.
    pub user_agent: String,
    /// A PEM file of certificate authorities trusted besides the built-in ones.
    pub extra_roots: Option<PathBuf>,
}

/// The transport could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The file of extra certificate authorities cannot be used.
    #[error("tls_roots: no certificates can be read from {}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: super::error::BoxError,
    },
    /// The HTTP client refuses its settings.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Exchanges over real sockets. Cheap to clone: clones share the connections.
#[derive(Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    /// For this machine itself, which no proxy stands before.
    direct: reqwest::Client,
}

impl HttpTransport {
    /// Builds the client: built-in certificate authorities plus the extra ones, the proxy that
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name (never for `localhost` and loopback
    /// addresses, as in Go's HTTP client), no redirects.
    pub fn new(settings: &HttpSettings) -> Result<Self, BuildError> {
        let tls = tls(settings)?;
        let build = |builder: reqwest::ClientBuilder| {
            builder
                .tls_backend_preconfigured(tls.clone())
                .user_agent(&settings.user_agent)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .tcp_nodelay(true)
                .http1_only()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(BuildError::Client)
        };
        Ok(Self {
            client: build(reqwest::Client::builder())?,
            direct: build(reqwest::Client::builder().no_proxy())?,
        })
    }
}

/// Whether a host is this machine itself.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

impl Transport for HttpTransport {
    fn exchange(
        &self,
        request: Request,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        let peer = request
            .uri()
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        async move {
            let exchange = self.exchange_without_deadline(request, &peer);
            match tokio::time::timeout(deadline, exchange).await {
                Ok(outcome) => outcome,
                Err(_elapsed) => Err(ExchangeError::Timeout {
                    peer: peer.clone(),
                    deadline,
                }),
            }
        }
        .boxed()
    }
}

impl HttpTransport {
    async fn exchange_without_deadline(
        &self,
        request: Request,
        peer: &str,
    ) -> Result<Response, ExchangeError> {
        let failed = |source: reqwest::Error| failure(peer, source);
        let client = if request.uri().host().is_some_and(is_loopback) {
            &self.direct
        } else {
            &self.client
        };
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = client.execute(request).await.map_err(failed)?;

        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());

        let claimed = answer
            .content_length()
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0);
        let too_large = || ExchangeError::TooLarge {
            peer: peer.to_owned(),
            limit_bytes: MAX_RESPONSE_BYTES,
        };
        if claimed > MAX_RESPONSE_BYTES {
            return Err(too_large());
        }
        let Some(first) = answer.chunk().await.map_err(failed)? else {
            return Ok(response);
        };
        if first.len() == claimed {
            *response.body_mut() = first;
            return Ok(response);
        }
        let mut body = BytesMut::with_capacity(claimed.max(first.len()));
        body.extend_from_slice(&first);
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }
}

/// Sorts a failure of the HTTP client; the address goes, since it may carry a token.
fn failure(peer: &str, error: reqwest::Error) -> ExchangeError {
    let peer = peer.to_owned();
    let error = error.without_url();
    if error.is_connect() {
        ExchangeError::Connect {
            peer,
            source: Box::new(error),
        }
    } else if error.is_timeout() {
        ExchangeError::Timeout {
            peer,
            deadline: CONNECT_TIMEOUT,
        }
    } else {
        ExchangeError::Broken {
            peer,
            source: Box::new(error),
        }
    }
}

/// The built-in roots, and the extra ones.
fn tls(settings: &HttpSettings) -> Result<rustls::ClientConfig, BuildError> {
    let mut roots = rustls::RootCertStore::empty();
    let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
    roots.add_parsable_certificates(built_in);
    if let Some(path) = &settings.extra_roots {
        let refused = |source| BuildError::Roots {
            path: path.clone(),
            source,
        };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| refused(error.into()))?;
        if certificates.is_empty() {
            return Err(refused("the file holds no certificate".into()));
        }
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| refused(error.into()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring serves TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example",
            "10.0.0.1",
            "0.0.0.0",
            "demo.cn-hangzhou.log.aliyuncs.com",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
