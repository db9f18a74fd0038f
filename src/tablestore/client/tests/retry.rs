//! Which refusals are tried again: what was recorded of the Python SDK, and where we differ.

use crate::tablestore::vectors::{self, array, text};
use crate::tablestore::{Error, ErrorCode, Verdict};
use crate::transport::{Retry, Retryable as _};

/// Refusals, by status and code, that we judge otherwise than the Python SDK's default policy does
/// for `BatchWriteRow`. Python treats a write as something that must not happen twice; ours may:
/// putting the same cells again changes nothing.
const DIFFERENT: &[(u64, &str, Verdict, &str)] = &[
    (
        500,
        "OTSInternalServerError",
        Verdict::Retry(Retry::Backoff),
        "idempotent, and passing by the vendor's page",
    ),
    (
        503,
        "OTSTimeout",
        Verdict::Retry(Retry::Backoff),
        "idempotent: if it happened after all, it happens again",
    ),
    (
        503,
        "OTSServerUnavailable",
        Verdict::Retry(Retry::Backoff),
        "idempotent, and passing by the vendor's page",
    ),
    (
        403,
        "OTSCapacityUnitExhausted",
        Verdict::Retry(Retry::Throttled),
        "the throughput page says to back off, and a log must not be lost to it",
    ),
    (
        429,
        "OTSFlowControl",
        Verdict::Retry(Retry::Throttled),
        "the requests were throttled: that passes",
    ),
    (
        408,
        "OTSRequestTimeout",
        Verdict::Retry(Retry::Backoff),
        "the body arrived too slowly: that passes",
    ),
    (
        503,
        "OTSStorageServerBusy",
        Verdict::Retry(Retry::Throttled),
        "idempotent; the Go SDK retries it too",
    ),
    (
        502,
        "",
        Verdict::Retry(Retry::Backoff),
        "a gateway's answer: idempotent",
    ),
    (
        403,
        "OTSQuotaExhausted: Number of tables exceeded the quota.",
        Verdict::Retry(Retry::Throttled),
        "the words are not looked at, and no write is refused with these",
    ),
    (
        403,
        "OTSTooFrequentReservedThroughputAdjustment",
        Verdict::Retry(Retry::Backoff),
        "unknown to us, as a code of UpdateTable alone; what is unknown is retried",
    ),
];

/// The error that the client makes of a refusal: without a code it is no answer of the service.
fn refused(status: u16, code: &str) -> Error {
    let (operation, request_id) = ("batch_write_row to table t".to_owned(), "none".to_owned());
    if code.is_empty() {
        return Error::Answer {
            operation,
            status,
            fault: "the body is empty".to_owned(),
            request_id,
        };
    }
    Error::Service {
        operation,
        status,
        code: ErrorCode::parse(code),
        message: String::new(),
        request_id,
    }
}

#[test]
fn refusals_are_retried_as_in_the_python_sdk_but_for_idempotence() {
    let recorded = vectors::load("python-retry.json");
    let cases = array(&recorded["decision"]);
    assert!(cases.len() >= 25);
    let mut different = 0;
    for case in cases {
        let (code, status) = (text(&case["code"]), case["http_status"].as_u64().unwrap());
        let error = refused(u16::try_from(status).unwrap(), code);
        let with_message = format!("{code}: {}", text(&case["message"]));
        let expected = DIFFERENT
            .iter()
            .find(|(s, c, ..)| *s == status && (*c == code || *c == with_message));
        let theirs = case["DefaultRetryPolicy.BatchWriteRow"].as_bool().unwrap();
        let ours = error.retry() != Retry::Never;
        assert_eq!(ours != theirs, expected.is_some(), "{with_message}");
        if let Some((_, _, verdict, _)) = expected {
            assert_eq!(error.verdict(), *verdict, "{with_message}");
            different += 1;
        }
    }
    assert_eq!(different, DIFFERENT.len());
}

#[test]
fn what_an_operator_must_mend_is_not_blamed_on_the_row() {
    for code in [
        "OTSAuthFailed",
        "OTSInvalidPK",
        "OTSNoPermissionAccess",
        "OTSObjectNotExist",
    ] {
        let error = refused(403, code);
        assert_eq!(error.verdict(), Verdict::Operator, "{code}");
        assert_eq!(error.retry(), Retry::Never, "{code}");
    }
}
