//! What the Python SDK makes of each answer, and what we make of it.

use serde_json::Value;

use super::replay::{Replay, recorded, response};
use super::*;
use crate::loghub::compression::Compression;
use crate::loghub::error::{Error, ErrorCode};
use crate::loghub::model::ShardId;
use crate::loghub::testing::vectors;
use crate::transport::{ExchangeError, Retry, Retryable as _};

/// An outcome in short: what it is, and whether it is tried again.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Next cursor, groups, bytes.
    Pulled(String, u32, usize),
    /// The code of the service.
    Service(String, Retry),
    /// Not to be used as it is.
    Unusable(Retry),
    /// No answer came.
    NoAnswer(Retry),
}

use Outcome::{NoAnswer, Pulled, Service, Unusable};
use Retry::{Backoff, Never, Throttled};

/// Where we differ on purpose.
fn deliberate_difference(case: &str) -> Option<(Outcome, &'static str)> {
    let stays = || Pulled(cursor().as_str().to_owned(), 0, 0);
    let next = || Pulled("a".to_owned(), 0, 0);
    let service = |code: &str, retry| Service(code.to_owned(), retry);
    Some(match case {
        "403 ReadQuotaExceed" => (
            service("ReadQuotaExceed", Throttled),
            "the SDK leaves it to its consumer, which sleeps 5 s; a quota is tried again, slower",
        ),
        "403 ShardReadQuotaExceed" => (
            service("ShardReadQuotaExceed", Throttled),
            "the same, for one shard",
        ),
        "429 json" => (
            service("TooManyRequests", Throttled),
            "the status is not documented, but there is only one way to mean it",
        ),
        "503 ServerBusy" => (
            service("ServerBusy", Throttled),
            "tried again by both; we also slow down",
        ),
        "404 html" | "404 empty body" => (
            Unusable(Backoff),
            "the service answers 404 in JSON: this is a proxy's or a balancer's, and passes",
        ),
        "400 json without errorCode" => (Unusable(Backoff), "not the service's words either"),
        "400 {\"Error\":{...}}" => (
            service("X", Never),
            "a form of the service that the Node SDK reads, too",
        ),
        "201 created" | "204 no content" => {
            (Unusable(Backoff), "not the service's: it knows only 200")
        }
        "200 pull without x-log-cursor" => (
            stays(),
            "nothing was read, so there is nothing to lose by asking again from the same place",
        ),
        "200 pull without x-log-count"
        | "200 pull without x-log-bodyrawsize"
        | "200 pull, compresstype snappy"
        | "200 pull, broken lz4" => (
            Unusable(Backoff),
            "what was cut or changed on its way is right the next time",
        ),
        "200 pull, compresstype gzip: zlib stream" => (
            Unusable(Backoff),
            "the SDK reads it without ever asking for it; we ask for lz4 or zstd",
        ),
        "200 pull, X-Log-BodyRawSize" | "200 pull, UPPER headers" => {
            (next(), "names of headers have no case in HTTP")
        }
        _ => return None,
    })
}

/// What the SDK does, in our terms.
fn outcome_of_the_sdk(case: &Value) -> Outcome {
    let retried = case["requests_sent"].as_u64().unwrap() > 1;
    let retry = if retried { Backoff } else { Never };
    match case["outcome"].as_str().unwrap() {
        "returns" => {
            let result = &case["result"];
            let number = |field: &str| result[field].as_u64().unwrap();
            let next = result["next_cursor"].as_str().unwrap().to_owned();
            let count = number("count").try_into().unwrap();
            Pulled(next, count, number("raw_size").try_into().unwrap())
        }
        "LogException" if case["answer"].is_null() => NoAnswer(retry),
        "LogException" => match case["error_code"].as_str().unwrap() {
            // The SDK's own words for an answer that it cannot use.
            "BadResponse" | "LogRequestError" | "UnsupportedCompressType" => Unusable(retry),
            code => Service(code.to_owned(), retry),
        },
        "ValueError" | "LZ4BlockError" => Unusable(retry),
        other => panic!("{other} has no meaning here"),
    }
}

async fn our_outcome(replay: &Arc<Replay>) -> Outcome {
    let client = client(replay);
    let pull = client.pull_logs(ShardId(0), cursor(), 1000, Compression::Lz4);
    match pull.await {
        Ok(pull) => Pulled(pull.next.to_string(), pull.group_count, pull.data.len()),
        Err(error @ Error::Exchange { .. }) => NoAnswer(error.retry()),
        Err(error @ Error::Answer { .. }) => Unusable(error.retry()),
        Err(error) => Service(error.code().unwrap().to_string(), error.retry()),
    }
}

#[tokio::test]
async fn each_answer_has_the_outcome_of_the_sdk_or_a_better_one() {
    let vectors = vectors("client-error-handling.json");
    let cases = vectors["pull_logs"].as_array().unwrap();
    assert_eq!(cases.len(), 36);
    let mut differences = 0;
    for case in cases {
        let name = case["case"].as_str().unwrap();
        let replay = Replay::new([match &case["answer"] {
            Value::Null => Err(ExchangeError::Connect {
                peer: "peer:80".into(),
                source: "connection refused".into(),
            }),
            answer => Ok(recorded(answer)),
        }]);
        let ours = our_outcome(&replay).await;
        assert_eq!(
            replay.asked().len(),
            1,
            "{name}: trying again is the caller's business"
        );
        match deliberate_difference(name) {
            Some((expected, reason)) => {
                assert_eq!(ours, expected, "{name}: {reason}");
                differences += 1;
            }
            None => assert_eq!(ours, outcome_of_the_sdk(case), "{name}"),
        }
    }
    assert_eq!(differences, 18);
}

/// The SDK's consumer library jumps to the end of the shard on `InvalidCursor` and sleeps on
/// every 403. A pull of ours does neither: one request, one error that says which it was.
#[tokio::test]
async fn a_refused_pull_asks_for_nothing_else() {
    let vectors = vectors("client-error-handling.json");
    let cases = vectors["consumer_fetch_step"].as_array().unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let (status, code) = case["case"].as_str().unwrap().split_once(' ').unwrap();
        let body = format!(r#"{{"errorCode":"{code}","errorMessage":"m"}}"#);
        let replay = Replay::once(response(status.parse().unwrap(), [], body));
        let client = client(&replay);
        let start = Cursor::new("MTcwMDAwMDAwMDAwMDAwMDAwMA==");
        let pull = client.pull_logs(ShardId(0), &start, 1000, Compression::Lz4);
        let error = pull.await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), case["task_exception"]);
        let known = !matches!(error.code(), Some(ErrorCode::Other(_)));
        assert!(known, "{code} is a code with a name");
        let request = replay.only_request();
        let target = request.uri().path_and_query().unwrap().as_str();
        assert_eq!(target, case["requests"][0]);
    }
}
