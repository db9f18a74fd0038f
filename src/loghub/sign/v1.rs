//! Version 1: `LOG id:base64(HMAC-SHA1)`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::digest::hmac_sha1;
use super::{Parts, is_service_header};

/// The string that version 1 signs:
///
/// ```text
/// METHOD \n content-md5 \n content-type \n date \n  name:value \n ...  path?key=value&...
/// ```
///
/// Names are the service's headers without `x-log-date` (which replaces `Date` for the check of
/// the clock, yet is not signed); keys and values of the query are the decoded text.
pub fn v1_string_to_sign<S: AsRef<str>>(parts: &Parts<'_, S>) -> String {
    let mut text = String::with_capacity(384);
    text.push_str(parts.method);
    for name in ["content-md5", "content-type", "date"] {
        text.push('\n');
        text.push_str(parts.header(name));
    }
    text.push('\n');
    let signed = |name: &str| is_service_header(name) && name != "x-log-date";
    for (name, value) in parts.sorted_headers(signed) {
        text.extend([name, ":", value, "\n"]);
    }
    text.push_str(parts.path);
    let mut before = "?";
    for (key, value) in parts.sorted_query() {
        text.extend([before, key, "=", value]);
        before = "&";
    }
    text
}

/// The signature of a [`v1_string_to_sign`], base64.
pub fn v1_signature(string: &str, secret: &str) -> String {
    STANDARD.encode(hmac_sha1(secret.as_bytes(), string.as_bytes()))
}

/// The value of `Authorization`.
pub fn v1_authorization(key_id: &str, signature: &str) -> String {
    format!("LOG {key_id}:{signature}")
}
