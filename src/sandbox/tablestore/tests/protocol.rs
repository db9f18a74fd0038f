//! Everything around the message: method, headers, dates, signatures, faults on the way.

use super::*;
use crate::sandbox::Action;

fn error_of(response: &http::Response<Bytes>) -> Refused {
    let error = proto::Error::decode(response.body().clone()).unwrap();
    let message = String::from_utf8(error.message.unwrap().to_vec()).unwrap();
    (response.status().as_u16(), error.code, message)
}

fn list_table() -> http::Request<Bytes> {
    signed("ListTable", Vec::new(), DATE)
}

/// The refusal of a `ListTable` that `change` made wrong.
fn refusal(change: impl FnOnce(&mut http::Request<Bytes>)) -> Refused {
    let mut request = list_table();
    change(&mut request);
    error_of(&Host::new().send(&request))
}

fn set(request: &mut http::Request<Bytes>, name: &'static str, value: &'static str) {
    let value = http::HeaderValue::from_static(value);
    request.headers_mut().insert(name, value);
}

#[test]
fn checks_come_in_the_order_of_the_service() {
    // Each request has the fault of its own step and of all later ones.
    let mut request = http::Request::get("http://127.0.0.1/Nothing")
        .body(Bytes::from(vec![0; 5 * 1024 * 1024 + 1]))
        .unwrap();
    let host = Host::new();
    let next = |request: &http::Request<Bytes>| error_of(&host.send(request));
    assert_eq!(
        next(&request),
        refused(
            405,
            "OTSMethodNotAllowed",
            "Only POST method for requests is supported."
        )
    );
    *request.method_mut() = http::Method::POST;
    assert_eq!(
        next(&request),
        refused(
            413,
            "OTSRequestBodyTooLarge",
            "The size of POST data is too large."
        )
    );
    *request.body_mut() = Bytes::from_static(b"\xff");
    assert_eq!(
        next(&request),
        refused(
            400,
            "OTSUnsupportOperation",
            "Unsupported operation: 'Nothing'."
        )
    );
    *request.uri_mut() = "/ListTable".parse().unwrap();
    let headers = [
        ("x-ots-date", "yesterday"),
        ("x-ots-apiversion", "2015-12-31"),
        ("x-ots-accesskeyid", "nobody"),
        ("x-ots-instancename", "emulator1"),
        ("x-ots-contentmd5", "wrong"),
        ("x-ots-signature", "wrong"),
    ];
    for (name, value) in headers {
        assert_eq!(
            next(&request),
            invalid(&format!("Missing header: '{name}'."))
        );
        set(&mut request, name, value);
    }
    assert_eq!(next(&request), invalid("Invalid date format: yesterday."));
    set(&mut request, "x-ots-date", "2026-11-22T09:44:59.000Z");
    assert_eq!(
        next(&request),
        refused(
            403,
            "OTSAuthFailed",
            "Mismatch between system time and x-ots-date: 2026-11-22T09:44:59.000Z."
        )
    );
    set(&mut request, "x-ots-date", DATE);
    assert_eq!(
        next(&request),
        refused(
            403,
            "OTSAuthFailed",
            "Mismatch between MD5 value of request body and x-ots-contentmd5 in header."
        )
    );
    let md5 = verify::content_md5(b"\xff");
    let value = http::HeaderValue::from_str(&md5).unwrap();
    request.headers_mut().insert("x-ots-contentmd5", value);
    assert_eq!(
        next(&request),
        refused(403, "OTSAuthFailed", "The AccessKeyID does not exist.")
    );
    set(&mut request, "x-ots-accesskeyid", KEY_ID);
    assert_eq!(
        next(&request),
        refused(403, "OTSAuthFailed", "Signature mismatch.")
    );
    assert_eq!(
        next(&signed("ListTable", b"\xff".to_vec(), DATE)),
        invalid("Parse PBMessage from RawString failed.")
    );
    assert_eq!(host.desk.ledger.calls("Unknown"), 3);
}

#[test]
fn dates_within_a_quarter_of_an_hour_pass_with_any_fraction() {
    let host = Host::new();
    for good in [
        "2026-11-22T09:45:30.000Z",
        "2026-11-22T10:14:59.999Z",
        "2026-11-22T10:00:00.112210Z",
        "2026-11-22T10:00:00.1Z",
        "2026-11-22T10:00:00Z",
    ] {
        let response = host.send(&signed("ListTable", Vec::new(), good));
        assert_eq!(response.status(), 200, "{good}");
    }
    for (bad, status) in [
        ("2026-11-22T10:15:30.000Z", 403),
        ("2026-11-22T10:00:00.000", 400),
        ("2026-11-22T10:00:00.12x4Z", 400),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 400),
    ] {
        let response = host.send(&signed("ListTable", Vec::new(), bad));
        assert_eq!(response.status(), status, "{bad}");
    }
}

#[test]
fn every_signed_word_counts() {
    let mismatch = refused(403, "OTSAuthFailed", "Signature mismatch.");
    assert_eq!(
        refusal(|request| set(request, "x-ots-date", "2026-11-22T10:00:01.000Z")),
        mismatch
    );
    assert_eq!(
        refusal(|request| set(request, "x-ots-sdk-traceid", "added")),
        mismatch
    );
    assert_eq!(
        refusal(|request| *request.uri_mut() = "/GetRow".parse().unwrap()),
        mismatch
    );
    assert_eq!(
        refusal(|request| set(request, "x-ots-instancename", "no")),
        invalid("Invalid instance name: 'no'.")
    );
    assert_eq!(
        refusal(|request| set(request, "x-ots-apiversion", "2014-08-08")),
        invalid("Invalid api version: '2014-08-08'.")
    );
}

#[test]
fn a_path_before_the_operation_and_an_absolute_target_are_fine() {
    let host = Host::new();
    for target in [
        "/ListTable",
        "/a/prefix/ListTable",
        "http://x.example:80/ListTable",
    ] {
        let mut request = list_table();
        *request.uri_mut() = target.parse().unwrap();
        let response = host.send(&request);
        assert_eq!(response.status(), 200, "{target}");
        check_answer("ListTable", &response);
    }
}

fn with_token(token: &str, region: Option<&str>) -> http::Request<Bytes> {
    let md5 = verify::content_md5(b"");
    let mut headers = vec![
        ("x-ots-date", DATE),
        ("x-ots-apiversion", "2015-12-31"),
        ("x-ots-accesskeyid", KEY_ID),
        ("x-ots-instancename", "emulator1"),
        ("x-ots-contentmd5", md5.as_str()),
    ];
    if !token.is_empty() {
        headers.push(("x-ots-ststoken", token));
    }
    let (name, signature) = if let Some(region) = region {
        headers.push(("x-ots-signdate", "20261122"));
        headers.push(("x-ots-signregion", region));
        let key = sign::v4_signing_key(SECRET, "20261122", region);
        let string = sign::v4_string_to_sign("ListTable", &headers);
        ("x-ots-signaturev4", sign::v4_signature(&string, &key))
    } else {
        let string = sign::string_to_sign("ListTable", &headers);
        ("x-ots-signature", sign::signature(&string, SECRET))
    };
    let mut request = http::Request::post("/ListTable");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.header(name, signature).body(Bytes::new()).unwrap()
}

#[test]
fn temporary_keys_need_their_token_and_a_region_can_be_demanded() {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(RECORDED_AT));
    let key = AccessKey {
        id: KEY_ID.to_owned(),
        secret: Secret::new(SECRET),
        token: Some(Secret::new("token")),
    };
    let keys = Keys::new(vec![key], Some("cn-hangzhou".to_owned()));
    let host = Host {
        store: TableStore::new(Arc::new(keys), clock.clone(), false),
        desk: Desk::new(clock),
    };
    let status = |request| host.send(&request).status().as_u16();
    assert_eq!(status(with_token("token", None)), 200);
    assert_eq!(status(with_token("token", Some("cn-hangzhou"))), 200);
    assert_eq!(status(with_token("token", Some("cn-beijing"))), 403);
    assert_eq!(
        error_of(&host.send(&with_token("other", None))).2,
        "The security token is invalid."
    );
    assert_eq!(status(with_token("", None)), 403);
}

/// Answers to version 4 are signed with HMAC-SHA1 and the derived key.
#[test]
fn answers_to_version_4_are_signed_with_the_derived_key() {
    let host = Host::new();
    let response = host.send(&with_token("", Some("cn-hangzhou")));
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let key = sign::v4_signing_key(SECRET, "20261122", "cn-hangzhou");
    let string = sign::response_string_to_sign("ListTable", &headers);
    let expected = sign::authorization(KEY_ID, &sign::response_signature(&string, &key));
    assert_eq!(response.headers()["authorization"], expected);
}

#[test]
fn a_compressed_body_that_lies_about_itself_is_refused() {
    let host = Host::new();
    let mut deflated = Vec::new();
    let mut encoder =
        flate2::read::ZlibEncoder::new(&b"\n\x01t"[..], flate2::Compression::default());
    std::io::Read::read_to_end(&mut encoder, &mut deflated).unwrap();
    let send = |size: &str, body: &[u8]| {
        let md5 = verify::content_md5(body);
        let headers = [
            ("x-ots-date", DATE),
            ("x-ots-apiversion", "2015-12-31"),
            ("x-ots-accesskeyid", KEY_ID),
            ("x-ots-instancename", "emulator1"),
            ("x-ots-contentmd5", &md5),
            ("x-ots-request-compress-type", "deflate"),
            ("x-ots-request-compress-size", size),
        ];
        let string = sign::string_to_sign("DescribeTable", &headers);
        let mut request = http::Request::post("/DescribeTable");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let signature = sign::signature(&string, SECRET);
        let request = request.header("x-ots-signature", signature);
        error_of(&host.send(&request.body(Bytes::copy_from_slice(body)).unwrap()))
    };
    assert_eq!(send("3", &deflated).1, "OTSObjectNotExist");
    let broken = invalid("Uncompress request body failed.");
    assert_eq!(send("2", &deflated), broken);
    assert_eq!(send("4", &deflated), broken);
    assert_eq!(send("3", b"not zlib"), broken);
    assert_eq!(send("16777217", &deflated).0, 413);
    assert_eq!(send("many", &deflated), invalid("Invalid compress size."));
}

#[test]
fn scripted_faults_befall_calls_before_and_after_they_are_applied() {
    let host = Host::with_table(&[("pk", PrimaryKeyType::String)]);
    let put = proto::PutRowRequest {
        table_name: "t".to_owned(),
        row: plainbuffer::encode(&puts(vec![string("pk", "a")], vec![])).into(),
        condition: Some(ignore()),
        ..Default::default()
    };
    let send = || {
        let request = signed("PutRow", put.encode_to_vec(), DATE);
        let reply = host.store.respond(&request, &host.desk);
        let table = TableName::new("t").unwrap();
        let rows = host.store.row_count(&table).unwrap();
        (
            reply.response.status().as_u16(),
            reply.cut,
            reply.delay,
            rows,
        )
    };
    let faults = &host.desk.faults;
    faults.next("PutRow", 1, Action::CutBefore);
    faults.next(
        "PutRow",
        1,
        Action::refuse(503, "OTSServerBusy", "Server is busy."),
    );
    faults.next("PutRow", 1, Action::CutAfter);
    faults.next("PutRow", 1, Action::Delay(Duration::from_secs(2)));
    let now = Duration::ZERO;
    assert_eq!(send(), (200, Cut::BeforeAnswer, now, 0));
    assert_eq!(send(), (503, Cut::None, now, 0));
    assert_eq!(send(), (200, Cut::BeforeAnswer, now, 1));
    assert_eq!(send(), (200, Cut::None, Duration::from_secs(2), 1));
}
