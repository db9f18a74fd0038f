//! Logs in and out.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_is_put_in_any_way_is_pulled_in_any_way() {
    let sandbox = sandbox();
    let zeros = "0".repeat(32);
    let route = format!("/logstores/logs/shards/route?key={zeros}");
    let lb = "/logstores/logs/shards/lb";
    let sent = ["lz4", "zstd", "plain", "header"].map(group);
    for call in [
        Call::put(&route, &sent[0], Some(Compression::Lz4)),
        Call::put(&route, &sent[1], Some(Compression::Zstd)),
        Call::put(&route, &sent[2], None),
        Call::put(lb, &sent[3], None).with("x-log-hashkey", &zeros),
    ] {
        assert_eq!(refused(&sandbox, call), "200");
    }
    let begin = cursor(&sandbox, "begin");
    for (accepted, expected) in [
        ("lz4", "lz4"),
        ("zstd", "zstd"),
        ("gzip, zstd;q=1, lz4", "zstd"),
        ("", ""),
        ("gzip, deflate", ""),
    ] {
        // Twice: the second compressed body comes from the cache.
        for _ in 0..2 {
            let response = send(&sandbox, Call::pull(&begin, "1000", accepted));
            assert_eq!(header(&response, "x-log-compresstype"), expected);
            assert_eq!(header(&response, "x-log-cursor"), cursor(&sandbox, "end"));
            assert_eq!(header(&response, "x-log-end-of-cursor"), "1");
            assert_eq!(header(&response, "x-log-cursor-time"), "1700000000");
            assert_eq!(
                header(&response, "x-log-read-last-cursor"),
                "1700000000000000003"
            );
            assert_eq!(pulled(&response), sent);
        }
    }
    let first = send(&sandbox, Call::pull(&begin, "3", "lz4"));
    assert_eq!(pulled(&first), sent[..3]);
    assert_eq!(header(&first, "x-log-end-of-cursor"), "");
    let next = header(&first, "x-log-cursor").to_owned();
    assert_eq!(
        pulled(&send(&sandbox, Call::pull(&next, "3", "lz4"))),
        sent[3..]
    );

    let end = cursor(&sandbox, "end");
    let nothing = send(&sandbox, Call::pull(&end, "10", "lz4"));
    assert_eq!(header(&nothing, "x-log-cursor"), end);
    assert_eq!(header(&nothing, "x-log-bodyrawsize"), "0");
    assert!(nothing.body().is_empty() && pulled(&nothing).is_empty());

    let mut paging = Call::pull(&begin, "2", "lz4");
    paging.method = "HEAD";
    let paging = send(&sandbox, paging);
    assert_eq!(header(&paging, "x-log-count"), "2");
    assert!(paging.body().is_empty());
}

#[tokio::test(start_paused = true)]
async fn logs_put_without_a_key_are_spread_over_the_shards() {
    let sandbox = sandbox();
    for target in ["/logstores/logs", "/logstores/logs/shards/lb"] {
        for _ in 0..2 {
            assert_eq!(
                refused(&sandbox, Call::put(target, &group("x"), None)),
                "200"
            );
        }
    }
    let logs = sandbox.loghub().logs("pro", "logs").unwrap();
    let shards: Vec<u32> = logs.iter().map(|stored| stored.shard).collect();
    assert_eq!(shards, [0, 0, 1, 1]);
    assert_eq!(logs[0].group, group("x"));
    assert_eq!(sandbox.calls_with("PutLogs", ""), 4);
}

#[tokio::test(start_paused = true)]
async fn a_pull_is_bounded_in_bytes() {
    let sandbox = sandbox_with(Settings {
        pull_bytes: 2500,
        ..Settings::new(key(), clock())
    });
    for size in [1000, 1000, 1000, 9000] {
        let group = group(&"x".repeat(size));
        sandbox
            .loghub()
            .put("pro", "logs", Some(0), &group)
            .unwrap();
    }
    let mut counts = Vec::new();
    let mut at = cursor(&sandbox, "begin");
    for _ in 0..3 {
        let response = send(&sandbox, Call::pull(&at, "1000", "lz4"));
        counts.push(pulled(&response).len());
        header(&response, "x-log-cursor").clone_into(&mut at);
    }
    assert_eq!(counts, [2, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_zlib_stream_is_what_deflate_means() {
    use std::io::Write as _;
    let sandbox = sandbox();
    let raw = group("x").encode_to_vec();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&raw).unwrap();
    let call = Call::put("/logstores/logs/shards/lb", &group("x"), None)
        .with("x-log-compresstype", "deflate")
        .body(packed.finish().unwrap());
    assert_eq!(refused(&sandbox, call.clone()), "200");
    let lying = call.with("x-log-bodyrawsize", "1");
    assert_eq!(refused(&sandbox, lying), "400 PostBodyUncompressError");
}

/// `SlsLogPackageList` as `batchPutLogs` of the Java SDK encodes it: each package its log group,
/// the size of that, and how it is compressed.
fn packages(groups: &[(&LogGroup, Option<Compression>)]) -> Vec<u8> {
    let mut list = Vec::new();
    for (group, kind) in groups {
        let raw = group.encode_to_vec();
        let (data, code) = match kind {
            None => (raw.clone(), 0_u64),
            Some(Compression::Lz4) => (compress(Compression::Lz4, &raw), 2),
            Some(Compression::Zstd) => (compress(Compression::Zstd, &raw), 3),
        };
        let mut package = Vec::new();
        prost::encoding::bytes::encode(1, &data, &mut package);
        let size = u64::try_from(raw.len()).unwrap();
        prost::encoding::uint64::encode(2, &size, &mut package);
        prost::encoding::uint64::encode(3, &code, &mut package);
        prost::encoding::bytes::encode(1, &package, &mut list);
    }
    list
}

#[tokio::test(start_paused = true)]
async fn a_batch_puts_one_log_group_for_each_package() {
    let sandbox = sandbox();
    let sent = ["plain", "lz4", "zstd"].map(group);
    let body = packages(&[
        (&sent[0], None),
        (&sent[1], Some(Compression::Lz4)),
        (&sent[2], Some(Compression::Zstd)),
    ]);
    let route = format!("/logstores/logs/shards/route?key={}", "0".repeat(32));
    let batch = |body: Vec<u8>| {
        Call::new("POST", &route)
            .with("content-type", "application/x-protobuf")
            .with("x-log-mode", "batch_group")
            .with("x-log-bodyrawsize", &body.len().to_string())
            // Of the packages; the body itself is plain.
            .with("x-log-compresstype", "lz4")
            .body(body)
    };
    assert_eq!(refused(&sandbox, batch(body)), "200");
    let begin = cursor(&sandbox, "begin");
    assert_eq!(
        pulled(&send(&sandbox, Call::pull(&begin, "9", "lz4"))),
        sent
    );
    assert_eq!(refused(&sandbox, batch(vec![0xff])), "400 PostBodyInvalid");
    let mut lying = packages(&[(&sent[1], Some(Compression::Lz4))]);
    let size = lying.len() - 3;
    lying[size] += 1;
    assert_eq!(
        refused(&sandbox, batch(lying)),
        "400 PostBodyUncompressError"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_trimmed_away_is_invalid() {
    let sandbox = sandbox();
    let steer = sandbox.loghub();
    for n in 0..3 {
        steer
            .put("pro", "logs", Some(0), &group(&n.to_string()))
            .unwrap();
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    let old = cursor(&sandbox, "begin");
    assert_eq!(steer.trim("pro", "logs", 0, 2).unwrap(), 2);
    let response = refused(&sandbox, Call::pull(&old, "10", "lz4"));
    assert_eq!(response, "400 InvalidCursor");
    let begin = cursor(&sandbox, "begin");
    assert_eq!(
        pulled(&send(&sandbox, Call::pull(&begin, "10", "lz4"))),
        [group("2")]
    );
    assert_eq!(cursor(&sandbox, "1700000001"), begin);
    let encoded = sign::encode(&begin).into_owned();
    let time = |cursor: &str| {
        Call::get(&format!(
            "/logstores/logs/shards/0?type=cursor_time&cursor={cursor}"
        ))
    };
    assert_eq!(
        ok(&sandbox, time(&encoded)),
        json!({"cursor_time": 1_700_000_020})
    );
    assert_eq!(refused(&sandbox, time("x")), "400 ParameterInvalid");
}
