//! What the official Python SDK sent, as recorded, is at home here.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::Value;

use crate::loghub::compression::{Compression, decompress};
use crate::loghub::testing::{hex, pairs, vectors};
use crate::sandbox::{Cut, Sandbox, Service, Settings};
use crate::transport::{AccessKey, Clock, Secret};

/// Nanoseconds of this second are where the stand-in of the recordings let its cursors begin.
const CURSORS_BEGIN: u64 = 1_700_000_000;

/// A sandbox that knows the key of the recordings, its clock at `seconds`.
fn sandbox(seconds: u64) -> Sandbox {
    let key = AccessKey {
        id: "testAccessKeyId".to_owned(),
        secret: Secret::new("testAccessKeySecret"),
        token: None,
    };
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Sandbox::new(Settings::new(key, Clock::starting_at(time)))
}

fn header(message: &Value, name: &str) -> Option<String> {
    pairs(&message["headers"])
        .into_iter()
        .find(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// When the request was signed, in Unix seconds.
fn date(exchange: &Value) -> u64 {
    let request = &exchange["request"];
    let text = header(request, "date").or_else(|| header(request, "x-log-date"));
    let text = text.unwrap();
    let date = httpdate::parse_http_date(&text).unwrap_or_else(|_| {
        let form = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = time::PrimitiveDateTime::parse(&text, form).unwrap();
        date.assume_utc().into()
    });
    date.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// The body of a recorded request or response as its headers say that it is to be read.
fn uncompressed(message: &Value) -> Bytes {
    let is_packed = header(message, "x-log-compresstype").is_some();
    let size = header(message, "x-log-bodyrawsize").unwrap();
    unpack(is_packed, &hex(&message["body_hex"]), &size)
}

/// In these recordings all that is packed is lz4.
fn unpack(is_packed: bool, body: &[u8], size: &str) -> Bytes {
    if is_packed {
        decompress(Compression::Lz4, body, size.parse().unwrap()).unwrap()
    } else {
        Bytes::copy_from_slice(body)
    }
}

fn replay(sandbox: &Sandbox, exchange: &Value) -> http::Response<Bytes> {
    let recorded = &exchange["request"];
    let mut request = http::Request::builder()
        .method(recorded["method"].as_str().unwrap())
        .uri(recorded["target"].as_str().unwrap());
    for (name, value) in pairs(&recorded["headers"]) {
        request = request.header(name, value);
    }
    let request = request.body(hex(&recorded["body_hex"]).into()).unwrap();
    let reply = sandbox.respond(Service::LogService, &request);
    assert_eq!(reply.cut, Cut::None);
    reply.response
}

fn exchanges() -> Vec<Value> {
    let recorded = vectors("exchanges-api.json");
    recorded["exchanges"].as_array().unwrap().clone()
}

fn sequence(exchange: &Value) -> u64 {
    exchange["seq"].as_u64().unwrap()
}

/// Status, and on refusal the code.
fn outcome(status: u64, body: &[u8]) -> (u64, Option<String>) {
    let code = serde_json::from_slice::<Value>(body).ok();
    let code = code.and_then(|body| body["errorCode"].as_str().map(str::to_owned));
    (status, code)
}

fn recorded_outcome(exchange: &Value) -> (u64, Option<String>) {
    let response = &exchange["response"];
    outcome(
        response["status"].as_u64().unwrap(),
        &hex(&response["body_hex"]),
    )
}

fn check(sandbox: &Sandbox, exchange: &Value) -> http::Response<Bytes> {
    let response = replay(sandbox, exchange);
    let status = u64::from(response.status().as_u16());
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(
        outcome(status, response.body()),
        recorded_outcome(exchange),
        "exchange {}: {text}",
        sequence(exchange)
    );
    response
}

/// Exchanges 1 to 16: from an empty service to three log groups in it.
#[tokio::test(start_paused = true)]
async fn the_sdk_makes_projects_logstores_groups_and_puts_logs() {
    let exchanges = exchanges();
    let sandbox = sandbox(date(&exchanges[0]));
    for exchange in exchanges.iter().filter(|e| sequence(e) <= 16) {
        check(&sandbox, exchange);
    }
    let logs = sandbox.loghub().logs("my-project", "my-store").unwrap();
    assert_eq!(logs.len(), 3);
    // Everything but the topic and the tag is the same in the three groups that were sent.
    assert!(logs.iter().all(|stored| stored.group.logs.len() == 2));
}

/// Exchanges 17 on, with the cursors of the recording: the service is as the first sixteen left
/// it, but was made when those cursors began.
#[tokio::test(start_paused = true)]
async fn the_sdk_reads_and_consumes() {
    let exchanges = exchanges();
    let sandbox = sandbox(CURSORS_BEGIN);
    let steer = sandbox.loghub();
    steer.create_project("my-project").unwrap();
    steer.create_logstore("my-project", "my-store", 2).unwrap();
    let timeout = Duration::from_secs(30);
    steer
        .create_group("my-project", "my-store", "my-group", timeout, false)
        .unwrap();
    for exchange in exchanges
        .iter()
        .filter(|e| (14..=16).contains(&sequence(e)))
    {
        let group = uncompressed(&exchange["request"]);
        steer
            .put_encoded("my-project", "my-store", Some(0), group)
            .unwrap();
    }
    let signed = date(&exchanges[0]);
    tokio::time::advance(Duration::from_secs(signed - CURSORS_BEGIN)).await;

    for exchange in exchanges.iter().filter(|e| sequence(e) > 16) {
        let response = check(&sandbox, exchange);
        let target = exchange["request"]["target"].as_str().unwrap();
        let recorded = pairs(&exchange["response"]["headers"]);
        for (name, value) in recorded {
            if name.starts_with("x-log-") && name != "x-log-requestid" {
                assert_eq!(response.headers()[name.as_str()], value, "{target}: {name}");
            }
        }
        if target.contains("type=log") {
            let pulled = unpack(
                response.headers().get("x-log-compresstype").is_some(),
                response.body(),
                response.headers()["x-log-bodyrawsize"].to_str().unwrap(),
            );
            assert_eq!(pulled, uncompressed(&exchange["response"]), "{target}");
        }
        let body = hex(&exchange["response"]["body_hex"]);
        let is_time_of_stand_in = target.contains("from=1700000000");
        if target.contains("type=cursor") && !is_time_of_stand_in {
            assert_eq!(response.body().as_ref(), body, "{target}");
        }
        if target.contains("heartbeat") || target.contains("shard=99") {
            let answer: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(answer, serde_json::from_slice::<Value>(&body).unwrap());
        }
    }
}

/// Every request of the recorded consumers passes the checks of date and signature, of both
/// versions; what it then finds is another matter.
#[tokio::test(start_paused = true)]
async fn the_consumer_library_is_let_in() {
    let recorded = vectors("exchanges-consumer.json");
    let mut seen = 0;
    for scenario in recorded["scenarios"].as_array().unwrap() {
        for exchange in scenario["exchanges"].as_array().unwrap() {
            let sandbox = sandbox(date(exchange));
            let response = replay(&sandbox, exchange);
            let (status, code) = outcome(u64::from(response.status().as_u16()), response.body());
            assert_eq!(
                (status, code.as_deref()),
                (404, Some("ProjectNotExist")),
                "{}: {}",
                scenario["id"],
                exchange["request"]["target"]
            );
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} exchanges were recorded");
}
