//! Who is let in, and what is refused at the door.

use super::*;

#[tokio::test(start_paused = true)]
async fn signatures_of_both_versions_are_checked() {
    let sandbox = sandbox_with(Settings {
        region: Some("cn-test".to_owned()),
        ..Settings::new(key(), clock())
    });
    let call = || Call::get("/logstores/logs/shards/0?type=cursor&from=begin");
    let v4 = |call: Call, region: &str| call.sign_v4(region, "20231114T221320Z");
    let spoil = |mut request: http::Request<Bytes>, name: &'static str, value: &str| {
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let stranger = "LOG stranger:AMrczXlscLgbDdsYNr+a3cBVWO0=";
    let wrong_secret = || Call {
        secret: "wrong".to_owned(),
        ..call()
    };
    let posted = || Call::json("POST", "/logstores/logs/consumergroups", &json!({}));
    for (request, expected) in [
        (call().sign(), "200"),
        (v4(call(), "cn-test"), "200"),
        (v4(call(), "cn-other"), "401 SignatureNotMatch"),
        (wrong_secret().sign(), "401 SignatureNotMatch"),
        (v4(wrong_secret(), "cn-test"), "401 SignatureNotMatch"),
        (
            spoil(call().sign(), "authorization", stranger),
            "401 InvalidAccessKeyId",
        ),
        (
            spoil(call().sign(), "authorization", "Bearer x"),
            "401 Unauthorized",
        ),
        (call().request(), "401 Unauthorized"),
        (
            spoil(call().sign(), "x-log-extra", "1"),
            "401 SignatureNotMatch",
        ),
        (
            spoil(v4(call(), "cn-test"), "host", "other.sls.test"),
            "401 SignatureNotMatch",
        ),
        (
            spoil(posted().sign(), "content-md5", "00"),
            "401 SignatureNotMatch",
        ),
        (
            spoil(v4(posted(), "cn-test"), "x-log-content-sha256", "00"),
            "401 SignatureNotMatch",
        ),
    ] {
        let response = answer(&sandbox, &request);
        assert_eq!(outcome(&response), expected, "{:?}", request.headers());
    }
}

#[tokio::test(start_paused = true)]
async fn the_openapi_variant_of_version_1_is_accepted() {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let sandbox = sandbox();
    let call = Call::get("/logstores/logs").with("x-log-signaturemethod", "hmac-sha256");
    let text = sign::v1_string_to_sign(&sign::Parts {
        method: "GET",
        path: "/logstores/logs",
        query: &[],
        headers: &call.headers,
        body: &[],
    });
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"testAccessKeySecret").unwrap();
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let request = call.with("authorization", &format!("LOG testAccessKeyId:{signature}"));
    assert_eq!(outcome(&answer(&sandbox, &request.request())), "200");
}

#[tokio::test(start_paused = true)]
async fn a_key_with_a_token_needs_it_and_one_without_refuses_it() {
    let with_token = AccessKey {
        token: Some(Secret::new("sts-token")),
        ..key()
    };
    let strict = sandbox_with(Settings::new(with_token, clock()));
    let call = || Call::get("/logstores/logs");
    let token = |token| call().with("x-acs-security-token", token);
    assert_eq!(refused(&strict, token("sts-token")), "200");
    assert_eq!(refused(&strict, token("stale")), "401 Unauthorized");
    assert_eq!(refused(&strict, call()), "401 Unauthorized");
    assert_eq!(refused(&sandbox(), token("sts-token")), "401 Unauthorized");
}

#[tokio::test(start_paused = true)]
async fn dates_may_be_off_by_fifteen_minutes() {
    let sandbox = sandbox();
    let dated = |seconds: u64| {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Call::get("/logstores/logs").with("date", &httpdate::fmt_http_date(date))
    };
    assert_eq!(refused(&sandbox, dated(START - 900)), "200");
    assert_eq!(refused(&sandbox, dated(START + 900)), "200");
    assert_eq!(
        refused(&sandbox, dated(START - 901)),
        "400 RequestTimeExpired"
    );
    assert_eq!(
        refused(&sandbox, dated(START + 1200)),
        "400 RequestTimeExpired"
    );
    // `x-log-date` replaces the date of the check, unsigned.
    let replaced = dated(START - 1200).with(
        "x-log-date",
        &httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(START)),
    );
    assert_eq!(refused(&sandbox, replaced), "200");
    let late = Call::get("/logstores/logs").sign_v4("cn-test", "20231114T223000Z");
    assert_eq!(outcome(&answer(&sandbox, &late)), "400 RequestTimeExpired");
}

#[tokio::test(start_paused = true)]
async fn malformed_requests_are_refused_by_the_services_codes() {
    let sandbox = sandbox();
    let get = || Call::get("/logstores/logs");
    let put = |kind| Call::put("/logstores/logs/shards/lb", &group("x"), kind);
    let lz4 = || put(Some(Compression::Lz4));
    let create = || {
        let body = json!({"consumerGroup": "gg", "timeout": 60, "order": true});
        Call::json("POST", "/logstores/logs/consumergroups", &body)
    };
    for (call, expected) in [
        (get().without("x-log-apiversion"), "400 MissingAPIVersion"),
        (
            get().with("x-log-apiversion", "0.1"),
            "400 InvalidAPIVersion",
        ),
        (
            get().without("x-log-signaturemethod"),
            "400 MissingSignatureMethod",
        ),
        (
            get().with("x-log-signaturemethod", "md5"),
            "400 InvalidSignatureMethod",
        ),
        (get().without("date"), "400 MissingDate"),
        (get().with("date", "yesterday"), "400 InvalidRequestTime"),
        (get().without("host"), "400 MissingHost"),
        (
            get().with("x-log-bodyrawsize", "many"),
            "400 InvalidBodyRawSize",
        ),
        (get().with("host", "127.0.0.1:80"), "404 ProjectNotExist"),
        (get().with("host", "nope.sls.test"), "404 ProjectNotExist"),
        (Call::get("/logstores/nope"), "404 LogStoreNotExist"),
        (Call::get("/logstores/nope/shards"), "404 LogStoreNotExist"),
        (
            Call::get("/logstores/logs/shards/7?type=cursor&from=end"),
            "404 ShardNotExist",
        ),
        (
            Call::get("/logstores/logs/shards/x?type=cursor&from=end"),
            "400 ParameterInvalid",
        ),
        (
            Call::get("/logstores/logs/consumergroups/nope"),
            "404 ConsumerGroupNotExist",
        ),
        (Call::get("/elsewhere"), "404 NotFound"),
        (create().without("content-type"), "400 MissingContentType"),
        (
            create().with("content-type", "text/plain"),
            "415 InvalidContentType",
        ),
        (create().body("[]"), "400 JsonInfoInvalid"),
        (put(None).without("content-type"), "400 MissingContentType"),
        (
            put(None).with("content-type", "text/plain"),
            "415 InvalidContentType",
        ),
        (put(None).body("not a log group"), "400 PostBodyInvalid"),
        (
            put(None).body(vec![0; 10 * 1024 * 1024 + 1]),
            "413 PostBodyTooLarge",
        ),
        (lz4().without("x-log-bodyrawsize"), "400 MissingBodyRawSize"),
        (
            lz4().with("x-log-bodyrawsize", "3"),
            "400 PostBodyUncompressError",
        ),
        (
            lz4().with("x-log-bodyrawsize", "99999999"),
            "413 PostBodyTooLarge",
        ),
        (
            lz4().with("x-log-compresstype", "brotli"),
            "400 InvalidCompressType",
        ),
        (
            put(None).with("transfer-encoding", "chunked"),
            "411 MissingContentLength",
        ),
        (
            put(None).with("x-log-hashkey", "short"),
            "400 ParameterInvalid",
        ),
        (Call::pull("MQ==", "1", "lz4"), "400 InvalidCursor"),
        (Call::pull("?", "1", "lz4"), "400 ParameterInvalid"),
        (Call::pull("MQ==", "0", "lz4"), "400 ParameterInvalid"),
        (Call::pull("MQ==", "1001", "lz4"), "400 ParameterInvalid"),
        (
            Call::get("/logstores/logs/shards/0?type=log&count=1&query=*"),
            "400 ParameterInvalid",
        ),
    ] {
        let what = format!("{call:?}");
        assert_eq!(refused(&sandbox, call), expected, "{what:.300}");
    }
    assert_eq!(refused(&sandbox, create()), "200");
}
