use proptest::prelude::*;
use serde_json::Value;

use super::digest::lower_hex;
use super::*;
use crate::loghub::testing::{headers, hex, pairs, vectors};

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field]
        .as_str()
        .unwrap_or_else(|| panic!("{} has no {field}", case["id"]))
}

/// A recorded request as a verifier sees it: from the wire alone.
struct Wire<'a> {
    method: &'a str,
    path: &'a str,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl<'a> Wire<'a> {
    fn of(request: &'a Value) -> Self {
        let (path, query) = split_target(text(request, "target"));
        Self {
            method: text(request, "method"),
            path,
            query,
            headers: headers(&request["headers"]),
            body: hex(&request["body_hex"]),
        }
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            method: self.method,
            path: self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// The `Authorization` that this request should carry.
    fn authorization(&self, id: &str, secret: &str, region: &str) -> String {
        let parts = self.parts();
        if region.is_empty() {
            let string = v1_string_to_sign(&parts);
            return v1_authorization(id, &v1_signature(&string, secret));
        }
        let log_date = parts.header("x-log-date");
        let date = v4_date(log_date);
        let string = v4_string_to_sign(&v4_canonical_request(&parts), log_date, region);
        v4_authorization(
            id,
            date,
            region,
            &v4_signature(&string, secret, date, region),
        )
    }
}

#[test]
fn v1_agrees_with_the_python_sdk() {
    let vectors = vectors("signature-v1.json");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 29);
    for case in cases {
        let id = text(case, "id");
        let wire = Wire::of(case);
        assert_eq!(wire.path, text(case, "path"), "{id}");
        assert_eq!(wire.query, pairs(&case["query"]), "{id}");
        assert_eq!(wire.parts().header("date"), text(case, "date"), "{id}");
        let string = v1_string_to_sign(&wire.parts());
        assert_eq!(string, text(case, "string_to_sign"), "{id}");
        let signature = v1_signature(&string, text(case, "access_key_secret"));
        let authorization = v1_authorization(text(case, "access_key_id"), &signature);
        assert_eq!(authorization, text(case, "authorization"), "{id}");
        assert_eq!(wire.parts().header("authorization"), authorization, "{id}");
        if !wire.body.is_empty() {
            assert_eq!(content_md5(&wire.body), text(case, "content_md5"), "{id}");
        }
    }
}

#[test]
fn v4_agrees_with_the_python_sdk() {
    let vectors = vectors("signature-v4.json");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 29);
    for case in cases {
        let id = text(case, "id");
        let wire = Wire::of(case);
        let (log_date, region) = (text(case, "log_date"), text(case, "region"));
        let secret = text(case, "access_key_secret");
        assert_eq!(
            content_sha256(&wire.body),
            text(case, "content_sha256"),
            "{id}"
        );
        let canonical = v4_canonical_request(&wire.parts());
        assert_eq!(canonical, text(case, "canonical_request"), "{id}");
        let string = v4_string_to_sign(&canonical, log_date, region);
        assert_eq!(string, text(case, "string_to_sign"), "{id}");
        assert!(string.contains(text(case, "scope")), "{id}");
        let date = v4_date(log_date);
        let keys = v4_signing_keys(secret, date, region).map(|key| lower_hex(&key));
        let names = [
            "key_date_hex",
            "key_region_hex",
            "key_service_hex",
            "signing_key_hex",
        ];
        assert_eq!(keys, names.map(|name| text(case, name)), "{id}");
        let signature = v4_signature(&string, secret, date, region);
        assert_eq!(signature, text(case, "signature"), "{id}");
        let authorization = v4_authorization(text(case, "access_key_id"), date, region, &signature);
        assert_eq!(authorization, text(case, "authorization"), "{id}");
        assert_eq!(wire.parts().header("authorization"), authorization, "{id}");
    }
}

#[test]
fn both_agree_with_the_go_and_rust_sdks() {
    let vectors = vectors("signature-other-sdks.json");
    let of = |version: &str| vectors[version].as_array().unwrap().clone();
    assert_eq!((of("v1").len(), of("v4").len()), (6, 5));
    for case in of("v1") {
        let wire = Wire::of(&case);
        let string = v1_string_to_sign(&wire.parts());
        assert_eq!(string, text(&case, "string_to_sign"), "{}", case["id"]);
        let (id, secret) = (
            text(&case, "access_key_id"),
            text(&case, "access_key_secret"),
        );
        let authorization = wire.authorization(id, secret, "");
        assert_eq!(
            authorization,
            text(&case, "authorization"),
            "{}",
            case["id"]
        );
    }
    for case in of("v4") {
        let wire = Wire::of(&case);
        let canonical = v4_canonical_request(&wire.parts());
        assert_eq!(
            canonical,
            text(&case, "canonical_request"),
            "{}",
            case["id"]
        );
        let string = v4_string_to_sign(
            &canonical,
            wire.parts().header("x-log-date"),
            text(&case, "region"),
        );
        assert_eq!(string, text(&case, "string_to_sign"), "{}", case["id"]);
        let (id, secret) = (
            text(&case, "access_key_id"),
            text(&case, "access_key_secret"),
        );
        let authorization = wire.authorization(id, secret, text(&case, "region"));
        assert_eq!(
            authorization,
            text(&case, "authorization"),
            "{}",
            case["id"]
        );
    }
}

/// Every request of a recorded session carries the signature that we would compute.
fn verify_exchanges(exchanges: &Value, region: &str) -> usize {
    let exchanges = exchanges.as_array().unwrap();
    for exchange in exchanges {
        let wire = Wire::of(&exchange["request"]);
        let sent = wire.parts().header("authorization");
        let expected = wire.authorization("testAccessKeyId", "testAccessKeySecret", region);
        assert_eq!(sent, expected, "exchange {} {}", exchange["seq"], wire.path);
        assert_eq!(exchange["signature_ok"], true);
        let digest = if region.is_empty() {
            (wire.parts().header("content-md5"), content_md5(&wire.body))
        } else {
            (
                wire.parts().header("x-log-content-sha256"),
                content_sha256(&wire.body),
            )
        };
        if !wire.body.is_empty() {
            assert_eq!(digest.0, digest.1, "exchange {}", exchange["seq"]);
        }
    }
    exchanges.len()
}

#[test]
fn recorded_sessions_verify_from_the_wire() {
    let api = vectors("exchanges-api.json");
    assert_eq!(verify_exchanges(&api["exchanges"], ""), 41);
    let consumer = vectors("exchanges-consumer.json");
    let scenarios = consumer["scenarios"].as_array().unwrap();
    let verified: usize = scenarios
        .iter()
        .map(|one| verify_exchanges(&one["exchanges"], text(&one["settings"], "region")))
        .sum();
    assert_eq!(scenarios.len(), 7);
    assert!(verified > 100, "{verified}");
    let v4 = |one: &&Value| one["settings"]["signature"] == "v4";
    assert_eq!(scenarios.iter().filter(v4).count(), 1);
}

#[test]
fn a_changed_byte_changes_both_signatures() {
    let vectors = vectors("signature-v4.json");
    let case = &vectors["cases"][0];
    let mut wire = Wire::of(case);
    let (v1, v4) = (
        v1_string_to_sign(&wire.parts()),
        v4_canonical_request(&wire.parts()),
    );
    wire.query.push(("a".into(), "b".into()));
    assert_ne!(v1, v1_string_to_sign(&wire.parts()));
    assert_ne!(v4, v4_canonical_request(&wire.parts()));
    wire.query.clear();
    wire.body.push(0);
    assert_ne!(v4, v4_canonical_request(&wire.parts()));
}

#[test]
fn debug_hides_header_values() {
    let headers = [("x-acs-security-token", "hush")];
    let parts = Parts {
        method: "GET",
        path: "/",
        query: &[],
        headers: &headers,
        body: b"",
    };
    assert!(!format!("{parts:?}").contains("hush"));
}

fn pairs_of(key: &'static str) -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((key, "[ -~é你]{0,8}"), 0..6)
}

proptest! {
    #[test]
    fn order_is_of_no_consequence(
        (query, shuffled_query) in pairs_of("[a-z]{1,2}")
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
        (headers, shuffled_headers) in pairs_of("x-(log|acs)-[a-c]{1,2}")
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
    ) {
        let parts = Parts { method: "GET", path: "/", query: &query, headers: &headers, body: b"" };
        let shuffled = Parts { query: &shuffled_query, headers: &shuffled_headers, ..parts };
        prop_assert_eq!(v1_string_to_sign(&parts), v1_string_to_sign(&shuffled));
        prop_assert_eq!(v4_canonical_request(&parts), v4_canonical_request(&shuffled));
    }

    #[test]
    fn queries_come_back_from_the_wire(query in pairs_of("[ -~é你]{1,4}")) {
        let target = format!("/a%20b?{}", encode_query(&query));
        let (path, back) = split_target(&target);
        prop_assert_eq!(path, "/a%20b");
        prop_assert_eq!(back, query);
    }
}
