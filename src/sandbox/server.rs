//! The sandbox behind real HTTP/1.1: one listener for each service.
//!
//! On hyper itself rather than on a framework above it: a scripted cut closes the connection
//! without an answer, which only who holds the connection can do.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Cut, Error, Sandbox, Service, admin};
use crate::transport::BoxError;

/// Bytes of a request's body that are read at all: above every limit that the services themselves
/// have, so that they can say what is wrong.
const MAX_BODY_BYTES: usize = 64 << 20;

/// Pause after a failed `accept`: mostly the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Time for the first half of a body to leave before its connection is cut.
const CUT_PAUSE: Duration = Duration::from_millis(20);

/// Addresses to listen on; port 0 takes a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Log Service.
    pub loghub: SocketAddr,
    /// Table Store.
    pub tablestore: SocketAddr,
}

impl Default for Listen {
    /// Free ports of 127.0.0.1.
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            loghub: any,
            tablestore: any,
        }
    }
}

/// Both services, served. Dropping it closes everything at once.
#[derive(Debug)]
pub struct Running {
    sandbox: Sandbox,
    loghub: Server,
    tablestore: Server,
}

impl Running {
    pub(super) async fn start(sandbox: Sandbox, listen: Listen) -> Result<Self, Error> {
        let mut running = Self {
            sandbox,
            loghub: Server::new(listen.loghub),
            tablestore: Server::new(listen.tablestore),
        };
        running.resume(Service::LogService).await?;
        running.resume(Service::TableStore).await?;
        Ok(running)
    }

    /// `http://host:port` of Log Service. A client names its project in front of the host, in the
    /// `Host` header at least: `PROJECT.host:port`.
    pub fn loghub_url(&self) -> String {
        format!("http://{}", self.loghub.address)
    }

    /// `http://host:port` of Table Store.
    pub fn tablestore_url(&self) -> String {
        format!("http://{}", self.tablestore.address)
    }

    /// Where a service listens, or listened before it was paused.
    pub fn address(&self, service: Service) -> SocketAddr {
        match service {
            Service::LogService => self.loghub.address,
            Service::TableStore => self.tablestore.address,
        }
    }

    /// Makes a service go away: its port refuses and its connections break.
    pub async fn pause(&mut self, service: Service) {
        self.server(service).tasks.shutdown().await;
    }

    /// Brings a paused service back on its port; one that is up stays up.
    pub async fn resume(&mut self, service: Service) -> Result<(), Error> {
        let sandbox = self.sandbox.clone();
        let server = self.server(service);
        if !server.tasks.is_empty() {
            return Ok(());
        }
        let address = server.address;
        let failed = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        server.address = listener.local_addr().map_err(failed)?;
        server.tasks.spawn(accept(listener, sandbox, service));
        Ok(())
    }

    /// Stops listening and closes all connections.
    pub async fn shutdown(mut self) {
        self.pause(Service::LogService).await;
        self.pause(Service::TableStore).await;
    }

    fn server(&mut self, service: Service) -> &mut Server {
        match service {
            Service::LogService => &mut self.loghub,
            Service::TableStore => &mut self.tablestore,
        }
    }
}

/// One listener: the set holds its accept loop while it is up.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    tasks: JoinSet<Infallible>,
}

impl Server {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            tasks: JoinSet::new(),
        }
    }
}

/// Takes connections for ever. The set of them goes with this future, and they with the set.
async fn accept(listener: TcpListener, sandbox: Sandbox, service: Service) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        // Both arms are cancel-safe.
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => {
                    connections.spawn(connection(stream, sandbox.clone(), service));
                }
                Err(error) => {
                    tracing::warn!(%error, ?service, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Serves one connection until its peer closes it, or a script cuts it.
async fn connection(stream: TcpStream, sandbox: Sandbox, service: Service) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let handle = service_fn(|request| answer(&sandbox, service, request));
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), handle)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, ?service, "connection ended");
    }
}

/// Reads one request and acts out the reply to it. An error closes the connection.
async fn answer(
    sandbox: &Sandbox,
    service: Service,
    request: http::Request<Incoming>,
) -> Result<http::Response<BoxBody<Bytes, io::Error>>, BoxError> {
    if request.method() == http::Method::CONNECT {
        return Ok(no_tunnels().map(whole));
    }
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES)
        .collect()
        .await?
        .to_bytes();
    let request = http::Request::from_parts(head, body);
    if admin::is_for_admin(&request) {
        return Ok(sandbox.admin(&request).map(whole));
    }
    let reply = sandbox.respond(service, &request);
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.cut {
        Cut::None => Ok(reply.response.map(whole)),
        Cut::BeforeAnswer => Err("cut before the answer, as scripted".into()),
        Cut::MidBody => Ok(half(reply.response)),
    }
}

/// Clients may use a listener as their HTTP proxy, and then ask for a tunnel wherever an endpoint
/// has https.
fn no_tunnels() -> http::Response<Bytes> {
    let words = "the sandbox opens no tunnels: use http, not https, in the endpoint\n";
    let mut response = http::Response::new(Bytes::from_static(words.as_bytes()));
    *response.status_mut() = http::StatusCode::METHOD_NOT_ALLOWED;
    response
}

fn whole(body: Bytes) -> BoxBody<Bytes, io::Error> {
    Full::new(body).map_err(|never| match never {}).boxed()
}

/// The head and the first half of the body; then the connection breaks.
fn half(mut response: http::Response<Bytes>) -> http::Response<BoxBody<Bytes, io::Error>> {
    let length = HeaderValue::from(response.body().len());
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response.map(|body| {
        let first = body.slice(..body.len() / 2);
        let frames = stream::unfold(Some(first), |first| async move {
            if let Some(first) = first {
                return Some((Ok(Frame::data(first)), None));
            }
            tokio::time::sleep(CUT_PAUSE).await;
            let cut = io::Error::other("cut in the middle of the body, as scripted");
            Some((Err(cut), None))
        });
        BodyExt::boxed(StreamBody::new(frames))
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;
    use crate::sandbox::{Action, Settings};
    use crate::transport::{AccessKey, Clock, Secret};

    /// Real sockets, real time: nothing here takes longer unless it is broken.
    const PATIENCE: Duration = Duration::from_secs(10);

    async fn running() -> (Sandbox, Running) {
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("secret"),
            token: None,
        };
        let sandbox = Sandbox::new(Settings::new(key, Clock::system()));
        let running = sandbox.serve(Listen::default()).await.unwrap();
        (sandbox, running)
    }

    async fn connect(running: &Running) -> TcpStream {
        TcpStream::connect(running.address(Service::LogService))
            .await
            .unwrap()
    }

    async fn send(stream: &mut TcpStream, target: &str) {
        let request = format!("GET {target} HTTP/1.1\r\nHost: pro.sls.test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// One answer: its head in text, and as much body as the head announces.
    async fn receive(stream: &mut TcpStream) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        let read = timeout(PATIENCE, stream.read_exact(&mut body));
        read.await.unwrap().unwrap();
        (head, body)
    }

    /// Everything until the connection ends, however it ends.
    async fn rest(stream: &mut TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 1024];
        while let Ok(read) = timeout(PATIENCE, stream.read(&mut chunk)).await.unwrap()
            && read > 0
        {
            bytes.extend_from_slice(&chunk[..read]);
        }
        bytes
    }

    #[tokio::test]
    async fn a_connection_is_kept_and_names_are_lower_case() {
        let (_sandbox, running) = running().await;
        let mut stream = connect(&running).await;
        for target in ["/logstores", "http://pro.sls.test:80/logstores?offset=0"] {
            send(&mut stream, target).await;
            let (head, body) = receive(&mut stream).await;
            assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
            assert!(head.contains("\r\nx-log-requestid: "), "{head}");
            assert!(
                head.contains("\r\ncontent-type: application/json\r\n"),
                "{head}"
            );
            assert!(
                String::from_utf8(body)
                    .unwrap()
                    .contains("MissingAPIVersion")
            );
        }
        running.shutdown().await;
    }

    #[tokio::test]
    async fn both_ports_show_the_sandbox_without_a_signature_and_refuse_tunnels() {
        let (sandbox, running) = running().await;
        for service in [Service::LogService, Service::TableStore] {
            for target in ["/__admin/counts", "http://pro.sls.test/__admin/counts"] {
                let mut stream = TcpStream::connect(running.address(service)).await.unwrap();
                send(&mut stream, target).await;
                let (head, body) = receive(&mut stream).await;
                assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
                assert_eq!(body, b"{}\n");
            }
            let mut stream = TcpStream::connect(running.address(service)).await.unwrap();
            let connect = "CONNECT pro.sls.test:443 HTTP/1.1\r\nHost: pro.sls.test:443\r\n\r\n";
            stream.write_all(connect.as_bytes()).await.unwrap();
            let (head, body) = receive(&mut stream).await;
            assert!(head.starts_with("HTTP/1.1 405 "), "{head}");
            assert!(body.ends_with(b"use http, not https, in the endpoint\n"));
        }
        assert!(sandbox.recent_calls().is_empty());
        running.shutdown().await;
    }

    #[tokio::test]
    async fn cuts_close_the_connection_where_the_script_says() {
        let (sandbox, running) = running().await;
        for action in [Action::CutBefore, Action::CutAfter] {
            sandbox.faults().next("ListLogStore", 1, action);
            let mut stream = connect(&running).await;
            send(&mut stream, "/logstores").await;
            assert_eq!(rest(&mut stream).await, b"");
        }
        sandbox.faults().next("ListLogStore", 1, Action::CutBody);
        let mut stream = connect(&running).await;
        send(&mut stream, "/logstores").await;
        let text = String::from_utf8(rest(&mut stream).await).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(body.len(), length / 2, "{text}");
        assert!(body.starts_with("{\"errorCode\""), "{body}");
    }

    #[tokio::test]
    async fn a_paused_service_is_gone_and_comes_back_on_its_port() {
        let (sandbox, mut running) = running().await;
        sandbox.loghub().create_project("pro").unwrap();
        let address = running.address(Service::LogService);
        let mut open = connect(&running).await;
        send(&mut open, "/logstores").await;
        receive(&mut open).await;

        running.pause(Service::LogService).await;
        assert_eq!(rest(&mut open).await, b"");
        assert!(TcpStream::connect(address).await.is_err());
        assert!(
            TcpStream::connect(running.address(Service::TableStore))
                .await
                .is_ok()
        );

        running.resume(Service::LogService).await.unwrap();
        running.resume(Service::LogService).await.unwrap();
        assert_eq!(running.loghub_url(), format!("http://{address}"));
        let mut stream = connect(&running).await;
        send(&mut stream, "/logstores").await;
        receive(&mut stream).await;
        assert_eq!(sandbox.calls("ListLogStore"), 2);
    }

    #[tokio::test]
    async fn dropping_the_handle_closes_everything() {
        let (_sandbox, running) = running().await;
        let address = running.address(Service::LogService);
        let mut open = connect(&running).await;
        send(&mut open, "/logstores").await;
        receive(&mut open).await;
        drop(running);
        assert_eq!(rest(&mut open).await, b"");
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let (sandbox, running) = running().await;
        let listen = Listen {
            loghub: running.address(Service::LogService),
            ..Listen::default()
        };
        let error = sandbox.serve(listen).await.unwrap_err().to_string();
        assert_eq!(error, format!("cannot listen on {}", listen.loghub));
        drop(running);
    }
}
