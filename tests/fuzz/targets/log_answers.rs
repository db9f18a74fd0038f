//! Answers of Log Service, as the client takes them.
//!
//! Input: a line with the call and the status, lines of headers, an empty line, the body.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue};
use loghub_shipper::loghub::compression::{Compression, compress};
use loghub_shipper::loghub::decode::{LogGroupList, replace_bad_utf8};
use loghub_shipper::loghub::{
    Client, ConsumerGroupName, ConsumerName, Cursor, CursorPosition, Error, Logstore, Project,
    Pull, Settings, ShardId,
};
use loghub_shipper::transport::{
    AccessKey, Clock, ExchangeError, Request, Response, Retryable as _, Secret, Transport,
};

const SECRET: &str = "hush-5up3r-s3cr3t-k3y";
const SHARD: ShardId = ShardId(1);

/// A pull is what its headers say; a checkpoint is that of the shard; anything but 200 is an error;
/// and no error shows the secret, not even where the answer quotes it.
pub fn run(data: &[u8]) {
    let Some((call, answer)) = parse(data) else {
        return;
    };
    let status = answer.status().as_u16();
    let claimed = answer
        .headers()
        .get("x-log-bodyrawsize")
        .and_then(|size| size.to_str().ok()?.trim().parse().ok());
    let client = client(answer);
    let group = ConsumerGroupName::new("gg").expect("it is a good name");
    let consumer = ConsumerName::new("c").expect("it is a good name");
    let cursor = Cursor::new("MA==");
    let error = match call {
        "shards" => now(client.list_shards()).err(),
        "cursor" => match now(client.get_cursor(SHARD, CursorPosition::End)) {
            Ok(cursor) => {
                assert!(!cursor.as_str().is_empty());
                None
            }
            Err(error) => Some(error),
        },
        "time" => now(client.cursor_time(SHARD, &cursor)).err(),
        "pull" => match now(client.pull_logs(SHARD, &cursor, 1000, Compression::Lz4)) {
            Ok(pull) => {
                assert_eq!(Some(pull.data.len()), claimed);
                check_pull(pull);
                None
            }
            Err(error) => Some(error),
        },
        "groups" => now(client.list_consumer_groups()).err(),
        "heartbeat" => now(client.heartbeat(&group, &consumer, &[SHARD])).err(),
        "checkpoint" => match now(client.get_checkpoint(&group, SHARD)) {
            Ok(checkpoint) => {
                assert_eq!(checkpoint.shard, SHARD);
                None
            }
            Err(error) => Some(error),
        },
        "checkpoints" => now(client.list_checkpoints(&group)).err(),
        "save" => match now(client.update_checkpoint(&group, &consumer, SHARD, &cursor)) {
            // A refusal may be an outcome here.
            Ok(_) => return,
            Err(error) => Some(error),
        },
        _ => return,
    };
    assert!(status == 200 || error.is_some(), "taken for good");
    if let Some(error) = error {
        let shown = format!("{error} {error:?} {:?}", error.retry());
        assert!(!shown.contains(SECRET), "the secret is shown");
    }
}

/// What was pulled can be looked at, whatever it is.
fn check_pull(pull: Pull) {
    assert!(pull.group_count == 0 || !pull.data.is_empty());
    let Ok(list) = LogGroupList::index(pull.data) else {
        return;
    };
    for log in list.logs() {
        drop(replace_bad_utf8(list.data(), *log));
    }
}

fn now<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    call.now_or_never().expect("the transport answers at once")
}

/// The call and the answer. A body without a stated size is compressed as the headers say, and
/// gets one.
fn parse(data: &[u8]) -> Option<(&str, Response)> {
    let mut rest = data;
    let (call, status) = line(&mut rest)?.split_once(' ')?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = http::StatusCode::from_u16(status.parse().ok()?).ok()?;
    while let Some((name, value)) = line(&mut rest).and_then(|text| text.split_once(": ")) {
        let name: HeaderName = name.parse().ok()?;
        response.headers_mut().append(name, value.parse().ok()?);
    }
    let mut body = Bytes::copy_from_slice(rest);
    if call == "pull" && !response.headers().contains_key("x-log-bodyrawsize") {
        let size = HeaderValue::from(body.len());
        let word = response.headers().get("x-log-compresstype");
        let kind = word.and_then(|word| Compression::parse(word.to_str().ok()?));
        if let Some(kind) = kind {
            body = compress(kind, &body).into();
        }
        response.headers_mut().insert("x-log-bodyrawsize", size);
    }
    *response.body_mut() = body;
    Some((call, response))
}

/// The next line; `None` where it is no text.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = after.get(1..).unwrap_or_default();
    std::str::from_utf8(line).ok()
}

fn client(answer: Response) -> Client {
    let settings = Settings {
        endpoint: http::Uri::from_static("https://pro.cn-test.log.test"),
        project: Project::new("pro").expect("it is a good name"),
        logstore: Logstore::new("logs").expect("it is a good name"),
        region: None,
        request_timeout: Duration::from_secs(1),
    };
    let key = AccessKey {
        id: "testAccessKeyId".to_owned(),
        secret: Secret::new(SECRET),
        token: None,
    };
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    Client::new(
        settings,
        key,
        Arc::new(Canned(Mutex::new(Some(answer)))),
        clock,
    )
}

/// A service that has one answer to give.
#[derive(Debug)]
struct Canned(Mutex<Option<Response>>);

impl Transport for Canned {
    fn exchange(
        &self,
        _request: Request,
        _deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        let answer = self.0.lock().expect("nobody panics under it").take();
        let answer = answer.expect("one call is one exchange");
        futures_util::future::ready(Ok(answer)).boxed()
    }
}
