//! Which answers are believed: what was recorded of the Python SDK, and where we differ.

use super::*;
use crate::tablestore::ErrorCode;
use crate::tablestore::vectors::{self, array, hex, text};

type Json = serde_json::Value;

/// Where we judge otherwise than the Python SDK, and why.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "date 15 min 1 s behind",
        "a skewed clock is told by the service itself, and a good answer is good at any hour",
    ),
    (
        "date without fraction",
        "the date is not used, so its form does not matter",
    ),
    (
        "date RFC 822",
        "the date is not used, so its form does not matter",
    ),
    (
        "503 empty body, no x-ots headers",
        "a gateway's answer: there is no code to believe in, and it is retried all the same",
    ),
];

fn error_body(code: &str, message: &str) -> Bytes {
    let error = proto::Error {
        code: code.to_owned(),
        message: Some(message.to_owned().into()),
    };
    error.encode_to_vec().into()
}

fn without(mut answer: Response, header: &str) -> Response {
    answer.headers_mut().remove(header).unwrap();
    answer
}

fn with(mut answer: Response, header: &'static str, value: &str) -> Response {
    answer.headers_mut().insert(header, value.parse().unwrap());
    answer
}

fn bare(status: u16, body: impl Into<Bytes>) -> Response {
    http::Response::builder()
        .status(status)
        .body(body.into())
        .unwrap()
}

/// The answer that a recorded case describes.
fn described(case: &str) -> Response {
    let names = proto::ListTableResponse {
        table_names: vec!["orders".to_owned(), "users_2".to_owned()],
    };
    let good = || unsigned(200, names.encode_to_vec().into());
    let sign = |answer: Response| sign_answer(answer, "ListTable", SECRET);
    let wrong = |answer: Response| sign_answer(answer, "ListTable", "another secret");
    let busy = || unsigned(503, error_body("OTSServerBusy", "Server is busy."));
    let failed = || {
        unsigned(
            403,
            error_body("OTSConditionCheckFail", "Condition check failed."),
        )
    };
    let dated = |date: &str| sign(with(good(), "x-ots-date", date));
    let claimed = |text: &str| with(good(), "authorization", text);
    let md5 = "AAAAAAAAAAAAAAAAAAAAAA==";
    match case {
        // `HeaderMap` knows names in lower case alone.
        "all correct"
        | "missing x-ots-traceinfo (never required)"
        | "header names sent in capitals, signed in lower case" => sign(good()),
        "missing x-ots-contentmd5" => sign(without(good(), "x-ots-contentmd5")),
        "missing x-ots-contenttype" => sign(without(good(), "x-ots-contenttype")),
        "missing x-ots-date" => sign(without(good(), "x-ots-date")),
        "missing x-ots-requestid" => sign(without(good(), "x-ots-requestid")),
        "missing Authorization" => good(),
        "md5 wrong, signature over the wrong md5" => sign(with(good(), "x-ots-contentmd5", md5)),
        "signature wrong" => wrong(good()),
        "authorization without \"OTS \" prefix" => {
            let signed = sign(good());
            let authorization = signed.headers()["authorization"].to_str().unwrap();
            claimed(authorization.trim_start_matches("OTS "))
        }
        "authorization with another access key id" => {
            let signed = sign(good());
            let authorization = signed.headers()["authorization"].to_str().unwrap();
            claimed(&authorization.replace(ID, "LTAIanother"))
        }
        "extra signed header x-ots-traceinfo" => sign(with(good(), "x-ots-traceinfo", "t=12ms")),
        "x-ots-traceinfo added after signing" => with(sign(good()), "x-ots-traceinfo", "t=12ms"),
        "date 14 min 59 s behind" => dated("2026-11-22T09:45:01.000000Z"),
        "date 15 min 1 s behind" => dated("2026-11-22T09:44:59.000000Z"),
        "date with microseconds" => dated("2026-11-22T10:00:00.680616Z"),
        "date without fraction" => dated("2026-11-22T10:00:00Z"),
        "date RFC 822" => dated("Sun, 22 Nov 2026 10:00:00 GMT"),
        "contenttype text/plain, signed" => sign(with(good(), "x-ots-contenttype", "text/plain")),
        "503 error with all headers" => sign(busy()),
        "503 error without Authorization" => busy(),
        "503 error with wrong signature" => wrong(busy()),
        "503 error, no x-ots headers at all" => bare(503, busy().into_body()),
        "503 error, wrong md5 only" => sign(with(busy(), "x-ots-contentmd5", md5)),
        "502 html body, no x-ots headers" => bare(502, "<html>Bad Gateway</html>"),
        "503 empty body, no x-ots headers" => bare(503, Bytes::new()),
        "403 OTSAuthFailed with wrong signature" => wrong(unsigned(
            403,
            error_body("OTSAuthFailed", "Signature mismatch."),
        )),
        "403 OTSConditionCheckFail with wrong signature" => wrong(failed()),
        "403 OTSConditionCheckFail without Authorization" => failed(),
        "200 with a body that is not the message" => {
            sign(unsigned(200, Bytes::from_static(b"\xFF\xFF not a message")))
        }
        other => panic!("new case {other}"),
    }
}

/// What became of a call: names, the service's code with its message and request id, or nothing
/// to be believed.
#[derive(Debug, PartialEq)]
enum Judged {
    Accepted(Vec<String>),
    Refused(String, String, String),
    Unusable,
}

fn recorded(case: &Json) -> Judged {
    let own = |field: &str| text(&case[field]).to_owned();
    match text(&case["result"]) {
        "accepted" => {
            let names = array(&case["returned"]).iter();
            Judged::Accepted(names.map(|name| text(name).to_owned()).collect())
        }
        "OTSServiceError" => Judged::Refused(own("code"), own("message"), own("request_id")),
        "OTSClientError" | "DecodeError" => Judged::Unusable,
        other => panic!("unknown result {other}"),
    }
}

fn judged(outcome: Result<Vec<String>, Error>) -> Judged {
    match outcome {
        Ok(names) => Judged::Accepted(names),
        Err(Error::Service {
            code,
            message,
            request_id,
            ..
        }) => Judged::Refused(
            code.as_str().to_owned(),
            message,
            request_id.replace("none", ""),
        ),
        Err(Error::Answer { .. }) => Judged::Unusable,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_believed_as_the_python_sdk_does() {
    let file = vectors::load("python-response-validation.json");
    let cases = array(&file["cases"]);
    assert!(cases.len() >= 31);
    let mut different = 0;
    for case in cases {
        let name = text(&case["case"]);
        let answer = described(name);
        assert_eq!(
            Some(u64::from(answer.status().as_u16())),
            case["http_status"].as_u64()
        );
        let (client, _) = client(Variation::default(), answer);
        let (ours, theirs) = (judged(client.list_tables().await), recorded(case));
        if DIFFERENT.iter().any(|(case, _)| *case == name) {
            assert_ne!(ours, theirs, "{name}");
            different += 1;
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
    }
    assert_eq!(different, DIFFERENT.len());
}

#[tokio::test(start_paused = true)]
async fn recorded_signatures_of_answers_are_believed() {
    let file = vectors::load("signature-response.json");
    assert!(array(&file["cases"]).len() >= 4);
    for case in array(&file["cases"]) {
        let mut answer = bare(200, hex(&case["body_hex"]));
        for (name, value) in vectors::pairs(&case["headers"]) {
            let name: http::HeaderName = name.parse().unwrap();
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = with(answer, "authorization", text(&case["authorization"]));
        let region = (case["version"] == 4).then_some("cn-hangzhou");
        let variation = Variation {
            region,
            ..Variation::default()
        };
        let (client, _) = client(variation, answer);
        let orders = table("orders");
        let believed = match text(&case["operation"]) {
            "ListTable" => client.list_tables().await.is_ok(),
            "UpdateRow" => client
                .update_row(&orders, &[], &[], RowExistence::Ignore)
                .await
                .is_ok(),
            "BatchWriteRow" => client
                .batch_write_row(&orders, Bytes::new(), 4)
                .await
                .is_ok(),
            other => panic!("unknown operation {other}"),
        };
        assert!(believed, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_says_what_was_wrong_with_the_answer() {
    let page = format!("<html>\r\n\u{1b}[31m{}</html>", "x".repeat(1000));
    for (answer, said) in [
        (described("missing x-ots-date"), "no header x-ots-date"),
        (bare(200, page), "the body begins: <html>   [31mxxx"),
        (described("signature wrong"), "its signature is wrong"),
        (
            described("authorization with another access key id"),
            "signed with another access key",
        ),
        (described("503 error, wrong md5 only"), "MD5 of the body"),
        (
            described("503 error with wrong signature"),
            "it says OTSServerBusy: Server is busy.",
        ),
        (
            described("503 empty body, no x-ots headers"),
            "unusable answer: the body is empty (status 503, request id none)",
        ),
        (
            with(bare(301, ""), "location", "https://else.where/"),
            "the endpoint has moved to https://else.where/",
        ),
    ] {
        let (client, _) = client(Variation::default(), answer);
        let error = client.delete_table(&table("t")).await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with("delete_table of table t: "), "{shown}");
        assert!(shown.contains(said), "{shown}");
        assert!(shown.chars().count() < 400, "{shown}");
        assert!(!shown.contains(char::is_control), "{shown:?}");
        assert_eq!(error.code(), None::<&ErrorCode>);
    }
}
