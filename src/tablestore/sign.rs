//! Signatures of requests and answers: pure functions, in two steps each, so that a test can look
//! at the string as well as at the signature.
//!
//! Version 2 is HMAC-SHA1 with the access key secret; version 4 is HMAC-SHA256 with a key derived
//! from secret, date and region. Answers are signed with HMAC-SHA1 in both, with the secret or
//! the derived key. Sources: the Python and Java SDKs (`V4Signer`), whose outcomes are among the
//! tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// The request header that carries a version 2 signature.
pub const SIGNATURE_HEADER: &str = "x-ots-signature";

/// The request header that carries a version 4 signature.
pub const V4_SIGNATURE_HEADER: &str = "x-ots-signaturev4";

/// What every header that counts for the service starts with.
const PREFIX: &str = "x-ots-";

/// The string that a version 2 signature covers.
///
/// `operation` is the name in the URL, without slash; `headers` may be all headers of the request:
/// those that are not signed, and the signature itself, are passed over.
pub fn string_to_sign(operation: &str, headers: &[(&str, &str)]) -> String {
    let mut string = format!("/{operation}\nPOST\n\n");
    for line in signed_lines(headers) {
        string.push_str(&line);
        string.push('\n');
    }
    string
}

/// The version 2 signature: base64 of HMAC-SHA1.
pub fn signature(string: &str, secret: &str) -> String {
    STANDARD.encode(hmac::<Hmac<Sha1>>(secret.as_bytes(), string))
}

/// The string that a version 4 signature covers: the headers include `x-ots-signdate` and
/// `x-ots-signregion`.
pub fn v4_string_to_sign(operation: &str, headers: &[(&str, &str)]) -> String {
    string_to_sign(operation, headers) + "ots"
}

/// The key of version 4 for one day (`YYYYMMDD`, UTC) and region: base64 text that is used as it
/// is, not decoded.
pub fn v4_signing_key(secret: &str, date: &str, region: &str) -> String {
    let first = format!("aliyun_v4{secret}");
    let parts = [date, region, "ots", "aliyun_v4_request"];
    let key = parts.iter().fold(first.into_bytes(), |key, part| {
        hmac::<Hmac<Sha256>>(&key, part)
    });
    STANDARD.encode(key)
}

/// The version 4 signature: base64 of HMAC-SHA256 with the key of [`v4_signing_key`].
pub fn v4_signature(string: &str, signing_key: &str) -> String {
    STANDARD.encode(hmac::<Hmac<Sha256>>(signing_key.as_bytes(), string))
}

/// The string that the signature of an answer covers; `headers` may be all headers of the answer.
pub fn response_string_to_sign(operation: &str, headers: &[(&str, &str)]) -> String {
    let mut string = signed_lines(headers).join("\n");
    string.push_str("\n/");
    string.push_str(operation);
    string
}

/// The signature of an answer, in both versions; `key` is the access key secret (version 2) or
/// the signing key (version 4).
pub fn response_signature(string: &str, key: &str) -> String {
    signature(string, key)
}

/// The `Authorization` header of an answer.
pub fn authorization(access_key_id: &str, signature: &str) -> String {
    format!("OTS {access_key_id}:{signature}")
}

/// `name:value` of the signed headers, names in lower case, values trimmed, sorted by name.
fn signed_lines(headers: &[(&str, &str)]) -> Vec<String> {
    let mut lines: Vec<(String, &str)> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .filter(|(name, _)| {
            name.starts_with(PREFIX) && name != SIGNATURE_HEADER && name != V4_SIGNATURE_HEADER
        })
        .collect();
    lines.sort_unstable();
    lines
        .into_iter()
        .map(|(name, value)| format!("{name}:{value}"))
        .collect()
}

fn hmac<M: Mac + KeyInit>(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tablestore::vectors::{self, pairs, text};

    /// Signs the request of a recorded case anew.
    fn check_request(case: &serde_json::Value, headers: &serde_json::Value, secret: &str) {
        let operation = text(&case["path"]).trim_start_matches('/');
        let headers = pairs(headers);
        let of = |name: &str| headers.iter().find(|(key, _)| *key == name).unwrap().1;
        let expected = text(&case["string_to_sign"]);
        let header = if headers.iter().any(|(name, _)| *name == "x-ots-signregion") {
            let string = v4_string_to_sign(operation, &headers);
            assert_eq!(string, expected);
            let key = v4_signing_key(secret, of("x-ots-signdate"), of("x-ots-signregion"));
            for field in [
                "signing_key_base64_text_used_as_hmac_key",
                "v4_signing_key_base64",
            ] {
                assert!(case[field].is_null() || case[field] == key, "{case}");
            }
            (V4_SIGNATURE_HEADER, v4_signature(&string, &key))
        } else {
            let string = string_to_sign(operation, &headers);
            assert_eq!(string, expected);
            (SIGNATURE_HEADER, signature(&string, secret))
        };
        let recorded = if case["signature"].is_null() {
            (header.0, of(header.0))
        } else {
            (text(&case["signature_header"]), text(&case["signature"]))
        };
        assert_eq!((header.0, header.1.as_str()), recorded);
    }

    #[test]
    fn recorded_requests() {
        for (file, list, least) in [
            ("signature-request.json", "cases", 7),
            ("signature-other-sdks.json", "cases", 3),
            ("requests.json", "requests", 29),
        ] {
            let recorded = vectors::load(file);
            let secret = text(&recorded["access_key_secret"]);
            let cases = recorded[list].as_array().unwrap();
            assert!(cases.len() >= least, "{file}");
            for case in cases {
                let headers = case.get("signed_headers").unwrap_or(&case["headers"]);
                check_request(case, headers, secret);
            }
        }
    }

    #[test]
    fn recorded_answers() {
        let recorded = vectors::load("signature-response.json");
        let id = text(&recorded["access_key_id"]);
        let cases = recorded["cases"].as_array().unwrap();
        assert!(cases.len() >= 4);
        for case in cases {
            let headers = pairs(&case["headers"]);
            let string = response_string_to_sign(text(&case["operation"]), &headers);
            assert_eq!(string, text(&case["string_to_sign"]));
            let signature = response_signature(&string, text(&case["key"]));
            assert_eq!(authorization(id, &signature), text(&case["authorization"]));
        }
    }

    #[test]
    fn only_the_services_headers_are_signed() {
        let headers = [
            ("X-Ots-B", " padded  "),
            ("host", "example"),
            ("x-ots-a", "1"),
            ("x-ots-signature", "old"),
            ("x-ots-signaturev4", "old"),
        ];
        assert_eq!(
            string_to_sign("GetRow", &headers),
            "/GetRow\nPOST\n\nx-ots-a:1\nx-ots-b:padded\n"
        );
    }
}
