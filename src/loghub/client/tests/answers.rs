//! Good, odd and hostile answers.

use bytes::Bytes;
use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::replay::{Replay, json, response};
use super::*;
use crate::loghub::client::Saved;
use crate::loghub::compression::{Compression, compress};
use crate::loghub::error::{Error, ErrorCode};
use crate::loghub::model::{CursorPosition, Pull, ShardId, ShardStatus};
use crate::transport::{Response, Retry, Retryable as _};

const BODY: &[u8] = b"\x0a\x02\x1a\x00";

async fn pull(answer: Response) -> Result<Pull, Error> {
    let replay = Replay::once(answer);
    let client = client(&replay);
    client
        .pull_logs(ShardId(0), cursor(), 10, Compression::Lz4)
        .await
}

/// The headers of a pull: cursor, count, raw size, compression; those that are `-` are left out.
fn pulled(headers: [&str; 4], body: impl Into<Bytes>) -> Response {
    let names = [
        "x-log-cursor",
        "x-log-count",
        "x-log-bodyrawsize",
        "x-log-compresstype",
    ];
    let present = names
        .into_iter()
        .zip(headers)
        .filter(|(_, value)| *value != "-");
    response(200, present, body)
}

#[tokio::test]
async fn a_pull_is_decompressed_as_its_answer_says() {
    let lz4 = compress(Compression::Lz4, BODY);
    let zstd = compress(Compression::Zstd, BODY);
    for (word, body) in [
        ("lz4", &*lz4),
        ("zstd", &*zstd),
        ("ZSTD", &*zstd),
        ("", BODY),
        ("-", BODY),
    ] {
        let pull = pull(pulled(["next", "1", "4", word], body.to_vec()))
            .await
            .unwrap();
        assert_eq!((&*pull.data, pull.group_count), (BODY, 1), "{word}");
        assert_eq!(pull.next.as_str(), "next");
        assert_eq!(pull.wire_bytes, body.len());
    }
}

#[tokio::test]
async fn nothing_new_is_no_error() {
    let stays = cursor();
    let cases = [
        (["next", "0", "0", "-"], "next"),
        (["next", "0", "0", "lz4"], "next"),
        (["next", "0", "0", "gzip"], "next"),
        (["", "0", "0", "-"], stays.as_str()),
        (["-", "0", "0", "-"], stays.as_str()),
    ];
    for (headers, next) in cases {
        let pull = pull(pulled(headers, "")).await.unwrap();
        assert!(pull.data.is_empty() && pull.group_count == 0);
        assert_eq!(pull.next.as_str(), next, "{headers:?}");
    }
    // One LZ4 token that says "no bytes".
    let token = pull(pulled(["next", "0", "0", "lz4"], &b"\0"[..]))
        .await
        .unwrap();
    assert!(token.data.is_empty());
}

#[tokio::test]
async fn a_pull_that_lies_is_refused_and_tried_again() {
    let lz4 = compress(Compression::Lz4, BODY);
    let cases: [([&str; 4], &[u8], &str); 12] = [
        (["next", "-", "4", "lz4"], &lz4, "x-log-count is missing"),
        (
            ["next", "1", "-", "lz4"],
            &lz4,
            "x-log-bodyrawsize is missing",
        ),
        (["-", "1", "4", "lz4"], &lz4, "x-log-cursor is missing"),
        (
            ["next", "one", "4", "lz4"],
            &lz4,
            "x-log-count is no number in range: one",
        ),
        (
            ["next", "1", "-4", "lz4"],
            &lz4,
            "x-log-bodyrawsize is no number",
        ),
        (
            ["next", "1", "5", "lz4"],
            &lz4,
            "5 bytes is claimed, but the body holds 4",
        ),
        (
            ["next", "1", "3", "lz4"],
            &lz4,
            "not an lz4 block of 3 bytes",
        ),
        (
            ["next", "1", "67108865", "zstd"],
            &lz4,
            "more than the 67108864 allowed",
        ),
        (["next", "1", "4", "zstd"], &lz4, "not a zstd body"),
        (
            ["next", "1", "5", "-"],
            BODY,
            "5 bytes is claimed, but it has 4: 4 bytes that are no text",
        ),
        (
            ["next", "1", "4", "gzip"],
            &lz4,
            "gzip is neither lz4 nor zstd",
        ),
        (
            ["next", "3", "0", "-"],
            b"",
            "3 log groups are claimed, but no body",
        ),
    ];
    for (headers, body, says) in cases {
        let error = pull(pulled(headers, body.to_vec())).await.unwrap_err();
        assert!(
            matches!(error, Error::Answer { status: 200, .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.retry(), Retry::Backoff);
    }
}

#[tokio::test]
async fn a_page_of_a_proxy_is_shown_in_short() {
    let page = format!(
        "<html>\r\n\t<h1>Bad gateway</h1>{}</html>",
        "é".repeat(5000)
    );
    for answer in [
        response(200, [], page.clone()),
        response(502, [("x-log-requestid", "R1")], page),
    ] {
        let status = answer.status().as_u16();
        let error = client(&Replay::once(answer))
            .list_shards()
            .await
            .unwrap_err();
        let Error::Answer {
            status: said,
            fault,
            request_id,
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(
            (said, &*request_id),
            (status, if status == 502 { "R1" } else { "none" })
        );
        assert!(fault.contains("<html> <h1>Bad gateway</h1>"), "{fault}");
        let excerpt = fault.chars().skip_while(|char| *char != '<').count();
        assert_eq!(excerpt, 200);
    }
}

#[tokio::test]
async fn a_refusal_keeps_code_message_status_and_request_id() {
    let body = r#"{"errorCode":"shardreadquotaexceed","errorMessage":"shard read\nqps"}"#;
    let answer = response(403, [("x-log-requestid", "5C1F")], body);
    let error = pull(answer).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ShardReadQuotaExceed));
    let expected = "pull_logs shard 0 of my-project/my-store: ShardReadQuotaExceed: shard read qps (status 403, request id 5C1F)";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn shards_are_read_with_both_statuses() {
    let body = r#"[{"shardID":7,"status":"readonly","inclusiveBeginKey":"00","exclusiveEndKey":"80","createTime":1,"serverIp":"x"},
        {"shardID":8,"status":"ReadWrite","inclusiveBeginKey":"80","exclusiveEndKey":"ff"}]"#;
    let shards = client(&Replay::once(json(body)))
        .list_shards()
        .await
        .unwrap();
    let seen: Vec<_> = shards
        .iter()
        .map(|shard| (shard.id, shard.status))
        .collect();
    let expected = [
        (ShardId(7), ShardStatus::ReadOnly),
        (ShardId(8), ShardStatus::ReadWrite),
    ];
    assert_eq!(seen, expected);
    assert_eq!((&*shards[0].begin_key, &*shards[0].end_key), ("00", "80"));
    let odd = json(r#"[{"shardID":7,"status":"frozen"}]"#);
    let error = client(&Replay::once(odd)).list_shards().await.unwrap_err();
    assert!(
        error.to_string().contains("unknown status \"frozen\""),
        "{error}"
    );
}

#[tokio::test]
async fn an_empty_cursor_is_no_cursor() {
    let replay = Replay::once(json(r#"{"cursor":""}"#));
    let error = client(&replay)
        .get_cursor(ShardId(0), CursorPosition::End)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cursor is empty"), "{error}");
}

#[tokio::test]
async fn a_checkpoint_that_is_missing_or_empty_has_no_cursor() {
    let bodies = [
        "[]",
        r#"[{"shard":5,"checkpoint":"bmV4dA=="}]"#,
        r#"[{"shard":4,"checkpoint":"","updateTime":0,"consumer":""}]"#,
        r#"[{"shard":4,"checkpoint":null}]"#,
        r#"[{"shard":4}]"#,
    ];
    for body in bodies {
        let client = client(&Replay::once(json(body)));
        let checkpoint = client.get_checkpoint(group(), ShardId(4)).await.unwrap();
        assert_eq!(
            (checkpoint.shard, checkpoint.cursor),
            (ShardId(4), None),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_fenced_checkpoint_is_an_outcome() {
    let refusal = |code: &str| {
        let body = format!(r#"{{"errorCode":"{code}","errorMessage":"m"}}"#);
        client(&Replay::once(response(404, [], body)))
    };
    for (code, parsed) in [
        ("ConsumerNotExist", ErrorCode::ConsumerNotExist),
        ("ConsumerNotExsit", ErrorCode::ConsumerNotExist),
        ("consumernotmatch", ErrorCode::ConsumerNotMatch),
        ("ShardNotExist", ErrorCode::ShardNotExist),
    ] {
        let client = refusal(code);
        let saved = client.update_checkpoint(group(), consumer(), ShardId(0), cursor());
        assert_eq!(saved.await.unwrap(), Saved::Fenced(parsed));
    }
    let client = refusal("ConsumerGroupNotExist");
    let saved = client.update_checkpoint(group(), consumer(), ShardId(0), cursor());
    let error = saved.await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::ConsumerGroupNotExist));
}

#[tokio::test]
async fn a_group_timeout_is_at_least_a_second() {
    for (timeout, sent) in [
        (Duration::from_millis(300), 1),
        (Duration::from_secs(30), 30),
    ] {
        let replay = Replay::once(response(200, [], ""));
        client(&replay)
            .create_consumer_group(group(), timeout, true)
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(replay.only_request().body()).unwrap();
        let expected =
            serde_json::json!({"consumerGroup": "my-group", "timeout": sent, "order": true});
        assert_eq!(body, expected);
    }
}

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200_u16), Just(400), Just(503), 200_u16..600]
}

fn header_texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,20}",
        Just("lz4".to_owned()),
        Just("zstd".to_owned()),
        "[ -~]{0,20}"
    ]
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        Just(compress(Compression::Lz4, BODY)),
        r#"\[?\{"(errorCode|cursor|shard|shardID|Error|name)":("[a-zA-Z]{0,5}"|-?[0-9]{1,12}|null|\[\]|\{\})\}\]?"#
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn any_answer_is_an_outcome(
        status in statuses(),
        texts in prop::array::uniform4(header_texts()),
        body in bodies(),
    ) {
        let answer = || {
            let mut answer = pulled(texts.each_ref().map(String::as_str), body.clone());
            *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
            answer
        };
        let replay = Replay::new((0..9).map(|_| Ok(answer())));
        let client = client(&replay);
        let outcomes = async {
            vec![
                client.pull_logs(ShardId(0), cursor(), 1, Compression::Lz4).await.map(drop),
                client.list_shards().await.map(drop),
                client.get_cursor(ShardId(0), CursorPosition::Begin).await.map(drop),
                client.cursor_time(ShardId(0), cursor()).await.map(drop),
                client.list_consumer_groups().await.map(drop),
                client.heartbeat(group(), consumer(), &[]).await.map(drop),
                client.get_checkpoint(group(), ShardId(0)).await.map(drop),
                client.update_checkpoint(group(), consumer(), ShardId(0), cursor()).await.map(drop),
                client.put_logs(&crate::loghub::proto::LogGroup::default(), None).await,
            ]
        };
        let outcomes = outcomes.now_or_never().expect("the transport answers at once");
        for outcome in outcomes {
            prop_assert!(status == 200 || outcome.is_err());
            if let Err(error) = outcome {
                prop_assert!(error.to_string().chars().count() < 600);
            }
        }
    }
}
