//! The service from outside: signed requests in, answers out.

mod access;
mod client;
mod consumers;
mod data;
mod replay;
mod resources;
mod steering;

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use prost::Message as _;
use serde_json::{Value, json};

use crate::loghub::compression::{Compression, compress, decompress};
use crate::loghub::proto::{Content, Log, LogGroup, LogGroupList};
use crate::loghub::sign;
use crate::sandbox::{Action, Cut, Sandbox, Service, Settings};
use crate::transport::{AccessKey, Clock, Secret};

const START: u64 = 1_700_000_000;

fn key() -> AccessKey {
    AccessKey {
        id: "testAccessKeyId".to_owned(),
        secret: Secret::new("testAccessKeySecret"),
        token: None,
    }
}

fn clock() -> Clock {
    Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(START))
}

/// A sandbox with the logstore `p1`/`logs` of two shards.
fn sandbox() -> Sandbox {
    sandbox_with(Settings::new(key(), clock()))
}

fn sandbox_with(settings: Settings) -> Sandbox {
    let sandbox = Sandbox::new(settings);
    sandbox.loghub().create_project("pro").unwrap();
    sandbox.loghub().create_logstore("pro", "logs", 2).unwrap();
    sandbox
}

/// A request in the making, whose headers a test can spoil before and after signing.
#[derive(Clone, Debug)]
struct Call {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    secret: String,
}

impl Call {
    fn new(method: &'static str, target: &str) -> Self {
        let mut call = Self {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            secret: "testAccessKeySecret".to_owned(),
        };
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(START);
        for (name, value) in [
            ("host", "pro.sls.test"),
            ("x-log-apiversion", "0.6.0"),
            ("x-log-bodyrawsize", "0"),
            ("x-log-signaturemethod", "hmac-sha1"),
            ("date", &httpdate::fmt_http_date(date)),
        ] {
            call = call.with(name, value);
        }
        call
    }

    fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    fn json(method: &'static str, target: &str, body: &Value) -> Self {
        Self::new(method, target)
            .with("content-type", "application/json")
            .body(body.to_string())
    }

    fn put(target: &str, group: &LogGroup, kind: Option<Compression>) -> Self {
        let raw = group.encode_to_vec();
        let call = Self::new("POST", target)
            .with("content-type", "application/x-protobuf")
            .with("x-log-bodyrawsize", &raw.len().to_string());
        match kind {
            None => call.body(raw),
            Some(kind) => call
                .with("x-log-compresstype", kind.as_str())
                .body(compress(kind, &raw)),
        }
    }

    fn pull(cursor: &str, count: &str, encoding: &str) -> Self {
        let query = [("type", "log"), ("cursor", cursor), ("count", count)];
        let target = format!("/logstores/logs/shards/0?{}", sign::encode_query(&query));
        Self::get(&target)
            .with("accept", "application/x-protobuf")
            .with("accept-encoding", encoding)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        let md5 = sign::content_md5(&self.body);
        self.with("content-md5", &md5)
    }

    fn sign(self) -> http::Request<Bytes> {
        let (path, query) = sign::split_target(&self.target);
        let text = sign::v1_string_to_sign(&sign::Parts {
            method: self.method,
            path,
            query: &query,
            headers: &self.headers,
            body: &self.body,
        });
        let signature = sign::v1_signature(&text, &self.secret);
        let authorization = sign::v1_authorization("testAccessKeyId", &signature);
        self.with("authorization", &authorization).request()
    }

    fn sign_v4(self, region: &str, log_date: &str) -> http::Request<Bytes> {
        let call = self
            .without("date")
            .without("content-md5")
            .without("x-log-signaturemethod")
            .with("x-log-date", log_date);
        let hash = sign::content_sha256(&call.body);
        let call = call.with("x-log-content-sha256", &hash);
        let (path, query) = sign::split_target(&call.target);
        let canonical = sign::v4_canonical_request(&sign::Parts {
            method: call.method,
            path,
            query: &query,
            headers: &call.headers,
            body: &call.body,
        });
        let text = sign::v4_string_to_sign(&canonical, log_date, region);
        let date = sign::v4_date(log_date);
        let signature = sign::v4_signature(&text, &call.secret, date, region);
        let authorization = sign::v4_authorization("testAccessKeyId", date, region, &signature);
        call.with("authorization", &authorization).request()
    }

    fn request(self) -> http::Request<Bytes> {
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(self.target.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body).unwrap()
    }
}

fn answer(sandbox: &Sandbox, request: &http::Request<Bytes>) -> Response<Bytes> {
    let reply = sandbox.respond(Service::LogService, request);
    assert_eq!(reply.cut, Cut::None);
    reply.response
}

fn send(sandbox: &Sandbox, call: Call) -> Response<Bytes> {
    answer(sandbox, &call.sign())
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// The JSON of an answer that has to be a success.
fn ok(sandbox: &Sandbox, call: Call) -> Value {
    let response = send(sandbox, call);
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(response.status(), 200, "{text}");
    if text.is_empty() {
        assert!(!response.headers().contains_key("content-type"));
        return Value::Null;
    }
    serde_json::from_str(&text).unwrap()
}

/// `status code` of a refusal, or `200`.
fn outcome(response: &Response<Bytes>) -> String {
    let id = response.headers()["x-log-requestid"].to_str().unwrap();
    assert!(
        id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{id}"
    );
    if response.status() == 200 {
        return "200".to_owned();
    }
    let body = body(response);
    assert!(!body["errorMessage"].as_str().unwrap().is_empty());
    let code = body["errorCode"].as_str().unwrap();
    format!("{} {code}", response.status().as_u16())
}

fn refused(sandbox: &Sandbox, call: Call) -> String {
    outcome(&send(sandbox, call))
}

fn group(text: &str) -> LogGroup {
    LogGroup {
        logs: vec![Log {
            time: 1_700_000_000,
            contents: vec![Content::new("text", text.to_owned())],
            ..Log::default()
        }],
        topic: Some(Bytes::from_static(b"topic")),
        ..LogGroup::default()
    }
}

fn cursor(sandbox: &Sandbox, from: &str) -> String {
    let target = format!("/logstores/logs/shards/0?type=cursor&from={from}");
    let answer = ok(sandbox, Call::get(&target));
    answer["cursor"].as_str().unwrap().to_owned()
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// The log groups of a pull, as its headers say they are to be read.
fn pulled(response: &Response<Bytes>) -> Vec<LogGroup> {
    assert_eq!(response.status(), 200);
    let size = header(response, "x-log-bodyrawsize").parse().unwrap();
    let raw = match Compression::parse(header(response, "x-log-compresstype")) {
        Some(kind) => decompress(kind, response.body(), size).unwrap(),
        None => response.body().clone(),
    };
    assert_eq!(raw.len(), size);
    let groups = LogGroupList::decode(raw).unwrap().groups;
    assert_eq!(header(response, "x-log-count"), groups.len().to_string());
    groups
}
