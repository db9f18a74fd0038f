//! The client over a transport in memory, against what was recorded from the official SDKs.

mod answers;
mod requests;
mod retry;
mod validation;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use md5::{Digest as _, Md5};
use prost::Message as _;

use super::*;
use crate::tablestore::sign;
use crate::transport::{ExchangeError, Request, Response, Secret};

const ID: &str = "LTAIexampleaccesskey";
const SECRET: &str = "exampleSecretKey0123456789abcdef";
const TOKEN: &str = "CAIS+exampletoken==";
const RECORDED_REQUEST_ID: &str = "00064a2b-0000-0000-0000-000000000001";

/// Answers every request alike, and keeps the requests.
#[derive(Debug)]
struct Canned {
    answer: Response,
    seen: Mutex<Vec<Request>>,
}

impl Transport for Canned {
    fn exchange(
        &self,
        request: Request,
        _deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        self.seen.lock().unwrap().push(request);
        let answer = self.answer.clone();
        async move { Ok(answer) }.boxed()
    }
}

/// How a test's client differs from the plain one: signature 2, no token.
#[derive(Clone, Copy, Default)]
struct Variation {
    endpoint: Option<&'static str>,
    region: Option<&'static str>,
    token: Option<&'static str>,
}

/// A client at the time of the recordings, on a paused clock.
fn client(variation: Variation, answer: Response) -> (Client, Arc<Canned>) {
    let canned = Arc::new(Canned {
        answer,
        seen: Mutex::default(),
    });
    let endpoint = variation.endpoint.unwrap_or("http://emulator1.example.com");
    let settings = Settings {
        endpoint: endpoint.parse().unwrap(),
        instance: InstanceName::new("emulator1").unwrap(),
        region: variation.region.map(ToOwned::to_owned),
        request_timeout: Duration::from_secs(10),
    };
    let key = AccessKey {
        id: ID.to_owned(),
        secret: Secret::new(SECRET),
        token: variation.token.map(Secret::new),
    };
    // 2026-11-22T10:00:00Z
    let time = SystemTime::UNIX_EPOCH + Duration::from_hours(498_706);
    let transport = Arc::<Canned>::clone(&canned);
    let client = Client::new(settings, key, transport, Clock::starting_at(time));
    (client, canned)
}

/// An answer of the service with all its headers, not yet signed.
fn unsigned(status: u16, body: Bytes) -> Response {
    let md5 = STANDARD.encode(Md5::digest(&body));
    http::Response::builder()
        .status(status)
        .header("x-ots-contentmd5", md5)
        .header("x-ots-contenttype", "protocol buffer")
        .header("x-ots-date", "2026-11-22T10:00:00.000000Z")
        .header("x-ots-requestid", RECORDED_REQUEST_ID)
        .body(body)
        .unwrap()
}

/// Signs an answer as it stands.
fn sign_answer(mut answer: Response, operation: &str, key: &str) -> Response {
    let headers = answer.headers();
    let pairs: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let string = sign::response_string_to_sign(operation, &pairs);
    let authorization = sign::authorization(ID, &sign::response_signature(&string, key));
    answer
        .headers_mut()
        .insert("authorization", authorization.parse().unwrap());
    answer
}

/// A whole answer of the service.
fn answer(operation: &str, status: u16, body: impl Into<Bytes>) -> Response {
    sign_answer(unsigned(status, body.into()), operation, SECRET)
}

fn table(name: &str) -> TableName {
    TableName::new(name).unwrap()
}
