//! Requests as they leave: signatures, headers, addresses, and what never shows.

use std::time::Duration;

use super::replay::{Replay, json, response};
use super::*;
use crate::loghub::compression::{Compression, decompress};
use crate::loghub::error::Error;
use crate::loghub::model::{CursorPosition, ShardId};
use crate::loghub::proto::{Content, Log, LogGroup};
use crate::loghub::sign::{
    Parts, content_md5, content_sha256, split_target, v1_authorization, v1_signature,
    v1_string_to_sign, v4_authorization, v4_canonical_request, v4_date, v4_signature,
    v4_string_to_sign,
};
use crate::loghub::testing::vectors;
use crate::transport::{ExchangeError, Request, Retry, Retryable as _};

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// What a service that knows the secret expects in `Authorization`, from the wire alone.
fn expected_authorization(request: &Request, region: Option<&str>) -> String {
    let (path, query) = split_target(request.uri().path_and_query().unwrap().as_str());
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let parts = Parts {
        method: request.method().as_str(),
        path,
        query: &query,
        headers: &headers,
        body: request.body(),
    };
    let (id, secret) = ("testAccessKeyId", "testAccessKeySecret");
    let Some(region) = region else {
        return v1_authorization(id, &v1_signature(&v1_string_to_sign(&parts), secret));
    };
    let log_date = header(request, "x-log-date");
    let date = v4_date(log_date);
    let string = v4_string_to_sign(&v4_canonical_request(&parts), log_date, region);
    v4_authorization(
        id,
        date,
        region,
        &v4_signature(&string, secret, date, region),
    )
}

/// Calls that the signature files have too, by the names there.
async fn call_like_the_recording(client: &Client, id: &str) -> bool {
    let shard = ShardId(0);
    let outcome = match id {
        "list_shards" | "list_shards_sts" => client.list_shards().await.map(drop),
        "pull_logs" => {
            let pull = client.pull_logs(shard, cursor(), 1000, Compression::Lz4);
            pull.await.map(drop)
        }
        "get_checkpoint_one" => client.get_checkpoint(group(), shard).await.map(drop),
        "get_checkpoint_all" => client.list_checkpoints(group()).await.map(drop),
        "list_consumer_group" => client.list_consumer_groups().await.map(drop),
        "delete_consumer_group" => client.delete_consumer_group(group()).await,
        "split_shard" => {
            let split = client.split_shard(shard, "40000000000000000000000000000000");
            split.await.map(drop)
        }
        "merge_shard" => client.merge_shards(ShardId(1)).await.map(drop),
        _ => return false,
    };
    // The answer is of no matter here.
    drop(outcome);
    true
}

#[tokio::test(start_paused = true)]
async fn authorization_is_that_of_the_sdk_to_the_letter() {
    for (file, region) in [
        ("signature-v1.json", None),
        ("signature-v4.json", Some("cn-hangzhou")),
    ] {
        let vectors = vectors(file);
        let mut compared = 0;
        for case in vectors["cases"].as_array().unwrap() {
            let id = case["id"].as_str().unwrap();
            let mut key = key();
            let token = case["security_token"].as_str().unwrap();
            key.token = (!token.is_empty()).then(|| Secret::new(token));
            let settings = Settings {
                region: region.map(Into::into),
                ..settings()
            };
            let replay = Replay::once(json("[]"));
            let client = client_with(settings, key, &replay);
            if !call_like_the_recording(&client, id).await {
                continue;
            }
            compared += 1;
            let request = replay.only_request();
            let target = request.uri().path_and_query().unwrap().as_str();
            assert_eq!(target, case["target"], "{id}");
            assert_eq!(
                header(&request, "authorization"),
                case["authorization"],
                "{id}"
            );
        }
        assert_eq!(compared, 9, "{file}");
    }
}

fn a_group() -> LogGroup {
    LogGroup {
        logs: vec![Log {
            time: 1_700_000_000,
            contents: vec![Content::new("k", "value ".repeat(30))],
            time_ns: None,
        }],
        topic: Some("t".into()),
        ..LogGroup::default()
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_verifies_from_the_wire() {
    let odd = ConsumerName::new("pod ä/1+2&3=%20?#~*'你").unwrap();
    for region in [None, Some("cn-test")] {
        for token in [None, Some("test/Sts+Token==")] {
            let replay = Replay::new((0..5).map(|_| Ok(json("[0]"))));
            let settings = Settings {
                region: region.map(Into::into),
                ..settings()
            };
            let key = AccessKey {
                token: token.map(Secret::new),
                ..key()
            };
            let client = client_with(settings, key, &replay);
            let shard = ShardId(3);
            drop(
                client
                    .get_cursor(shard, CursorPosition::Since(1_700_000_000))
                    .await,
            );
            client.heartbeat(group(), &odd, &[shard]).await.unwrap();
            client
                .update_checkpoint(group(), &odd, shard, cursor())
                .await
                .unwrap();
            client.put_logs(&a_group(), Some("7f00")).await.unwrap();
            client.create_logstore(2, 30).await.unwrap();
            let asked = replay.asked();
            assert_eq!(asked.len(), 5);
            for (request, deadline) in &asked {
                assert_eq!(
                    header(request, "authorization"),
                    expected_authorization(request, region)
                );
                assert_eq!(
                    header(request, "x-acs-security-token"),
                    token.unwrap_or_default()
                );
                assert_eq!(*deadline, Duration::from_secs(7));
                check_common_headers(request, region.is_some());
            }
            let target = asked[1].0.uri().path_and_query().unwrap().as_str();
            let (_, query) = split_target(target);
            assert_eq!(query[1], ("consumer".into(), odd.as_str().into()));
        }
    }
}

/// The headers that go with every request, and those that go with a body.
fn check_common_headers(request: &Request, v4: bool) {
    let body = request.body();
    assert_eq!(
        header(request, "host"),
        "my-project.cn-hangzhou.log.aliyuncs.com"
    );
    assert_eq!(
        request.uri().host(),
        Some("my-project.cn-hangzhou.log.aliyuncs.com")
    );
    assert_eq!(header(request, "x-log-apiversion"), "0.6.0");
    if v4 {
        assert_eq!(header(request, "x-log-date"), "20261122T083347Z");
        assert_eq!(
            header(request, "x-log-content-sha256"),
            content_sha256(body)
        );
        for absent in ["date", "content-md5", "x-log-signaturemethod"] {
            assert!(!request.headers().contains_key(absent), "{absent}");
        }
    } else {
        assert_eq!(header(request, "date"), "Sun, 22 Nov 2026 08:33:47 GMT");
        assert_eq!(header(request, "x-log-signaturemethod"), "hmac-sha1");
        let md5 = (!body.is_empty()).then(|| content_md5(body));
        assert_eq!(header(request, "content-md5"), md5.unwrap_or_default());
    }
    assert_eq!(
        request.headers().contains_key("content-type"),
        !body.is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_pull_asks_for_compressed_protobuf_and_a_sane_count() {
    for (kind, word) in [(Compression::Lz4, "lz4"), (Compression::Zstd, "zstd")] {
        for (count, sent) in [(0, "1"), (7, "7"), (5000, "1000")] {
            let replay = Replay::once(json(""));
            let pull = client(&replay)
                .pull_logs(ShardId(3), cursor(), count, kind)
                .await;
            assert!(pull.is_err());
            let request = replay.only_request();
            assert_eq!(header(&request, "accept"), "application/x-protobuf");
            assert_eq!(header(&request, "accept-encoding"), word);
            assert_eq!(header(&request, "x-log-bodyrawsize"), "0");
            let target = format!(
                "/logstores/my-store/shards/3?type=log&cursor=MTQ0NzMyOTQwMTEwMjEzMDkwNA%3D%3D&count={sent}"
            );
            assert_eq!(request.uri().path_and_query().unwrap().as_str(), target);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_is_one_lz4_block_with_its_raw_size() {
    use prost::Message as _;
    for (hash_key, target) in [
        (None, "/logstores/my-store/shards/lb"),
        (Some("7f"), "/logstores/my-store/shards/route?key=7f"),
    ] {
        let replay = Replay::once(response(200, [], ""));
        client(&replay)
            .put_logs(&a_group(), hash_key)
            .await
            .unwrap();
        let request = replay.only_request();
        assert_eq!(request.uri().path_and_query().unwrap().as_str(), target);
        assert_eq!(header(&request, "content-type"), "application/x-protobuf");
        assert_eq!(header(&request, "x-log-compresstype"), "lz4");
        let raw_size: usize = header(&request, "x-log-bodyrawsize").parse().unwrap();
        assert!(request.body().len() < raw_size);
        let raw = decompress(Compression::Lz4, request.body(), raw_size).unwrap();
        assert_eq!(LogGroup::decode(raw).unwrap(), a_group());
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_endpoint_is_connected_to_and_the_host_names_the_project() {
    let replay = Replay::once(json("[]"));
    let settings = Settings {
        endpoint: "http://127.0.0.1:4040".parse().unwrap(),
        ..settings()
    };
    client_with(settings, key(), &replay)
        .list_shards()
        .await
        .unwrap();
    let request = replay.only_request();
    assert_eq!(
        request.uri(),
        "http://127.0.0.1:4040/logstores/my-store/shards"
    );
    assert_eq!(header(&request, "host"), "my-project.127.0.0.1:4040");
}

#[tokio::test(start_paused = true)]
async fn secrets_show_nowhere() {
    let key = AccessKey {
        token: Some(Secret::new("quietToken")),
        ..key()
    };
    // A service that quotes what was signed.
    let quoting = r#"{"errorCode":"SignatureNotMatch","errorMessage":"x-acs-security-token:quietToken with testAccessKeySecret"}"#;
    let page = "<html>quietToken testAccessKeySecret</html>";
    // The excerpt of this one would end in the middle of the secret.
    let long_page = format!("[secret]{}testAccessKeySecret", "-".repeat(180));
    let header = [("x-log-requestid", "testAccessKeySecret")];
    let replay = Replay::new([
        Ok(response(503, header, "{}")),
        Ok(response(401, [], quoting)),
        Ok(response(502, [], page)),
        Ok(json(page)),
        Ok(json(long_page)),
        Ok(json(r#"{"cursor_time":"quietToken"}"#)),
    ]);
    let client = client_with(settings(), key, &replay);
    let mut shown = vec![format!("{client:?} {:?}", client.settings())];
    for _ in 0..5 {
        let error = client.list_shards().await.unwrap_err();
        assert!(error.to_string().contains("[secret]"), "{error}");
        shown.push(format!("{error} {error:?}"));
    }
    // A parser of JSON quotes what it did not expect.
    let error = client.cursor_time(ShardId(0), cursor()).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    shown.push(format!("{:?}", replay.asked()));
    let shown = shown.concat();
    for secret in ["testAccess", "quietToken", "LOG test"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_http_cannot_carry_is_said_and_not_sent() {
    let key = AccessKey {
        token: Some(Secret::new("quietToken\n")),
        ..key()
    };
    let replay = Replay::new([]);
    let error = client_with(settings(), key, &replay)
        .list_shards()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Request { .. }), "{error:?}");
    assert_eq!(error.retry(), Retry::Never);
    let text = error.to_string();
    assert!(
        text.contains("x-acs-security-token") && !text.contains("quiet"),
        "{text}"
    );
    assert!(replay.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_broken_exchange_names_the_call() {
    let failure = || {
        Err(ExchangeError::Timeout {
            peer: "peer:80".into(),
            deadline: Duration::from_secs(7),
        })
    };
    let replay = Replay::new((0..4).map(|_| failure()));
    let client = client(&replay);
    let pull = client.pull_logs(ShardId(3), cursor(), 1, Compression::Lz4);
    let error = pull.await.unwrap_err();
    assert_eq!(error.retry(), Retry::Backoff);
    let expected = "pull_logs shard 3 of my-project/my-store: no answer from peer:80 within 7s";
    assert_eq!(error.to_string(), expected);
    let others = [
        client.heartbeat(group(), consumer(), &[]).await.map(drop),
        client.get_checkpoint(group(), ShardId(1)).await.map(drop),
        client.create_project("").await,
    ];
    let texts = others.map(|outcome| outcome.unwrap_err().to_string());
    let starts = [
        "heartbeat consumer consumer-1 group my-group of my-project/my-store: ",
        "get_checkpoint shard 1 group my-group of my-project/my-store: ",
        "create_project my-project: ",
    ];
    for (text, start) in texts.iter().zip(starts) {
        assert!(text.starts_with(start), "{text}");
    }
}

#[test]
fn calls_can_be_made_from_any_task() {
    fn assert_send(_: &impl Send) {}
    let client = client(&Replay::new([]));
    assert_send(&client.pull_logs(ShardId(0), cursor(), 1, Compression::Lz4));
    assert_send(&client.put_logs(&a_group(), None));
    assert_send(&client.heartbeat(group(), consumer(), &[]));
    assert_send(&client.update_checkpoint(group(), consumer(), ShardId(0), cursor()));
}
