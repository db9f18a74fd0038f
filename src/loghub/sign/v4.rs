//! Version 4: `SLS4-HMAC-SHA256 Credential=id/scope,Signature=hex`.

use super::digest::{content_sha256, hmac_sha256, lower_hex};
use super::query::encode;
use super::{Parts, is_service_header};

const ALGORITHM: &str = "SLS4-HMAC-SHA256";
const SERVICE: &str = "sls";
const TERMINATOR: &str = "aliyun_v4_request";

/// The canonical form of a request:
///
/// ```text
/// METHOD \n path \n query \n  name:value \n ...  \n names \n payload hash
/// ```
///
/// Keys of the query are the decoded text, values are percent-encoded, an empty value leaves the
/// key alone. Signed are `host` and `content-type` where they are present, and the service's
/// headers, `x-log-date` included; their names are not sent in `Authorization`.
pub fn v4_canonical_request<S: AsRef<str>>(parts: &Parts<'_, S>) -> String {
    let mut text = String::with_capacity(640);
    text.extend([parts.method, "\n", parts.path, "\n"]);
    let mut before = "";
    for (key, value) in parts.sorted_query() {
        text.extend([before, key]);
        if !value.is_empty() {
            text.extend(["=", &*encode(value)]);
        }
        before = "&";
    }
    text.push('\n');
    let signed = |name: &str| is_service_header(name) || matches!(name, "content-type" | "host");
    let headers = parts.sorted_headers(signed);
    for (name, value) in &headers {
        text.extend([name, ":", value, "\n"]);
    }
    let mut before = "\n";
    for (name, _) in &headers {
        text.extend([before, name]);
        before = ";";
    }
    if headers.is_empty() {
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&content_sha256(parts.body));
    text
}

/// The string that version 4 signs; `log_date` is the text of `x-log-date`.
pub fn v4_string_to_sign(canonical: &str, log_date: &str, region: &str) -> String {
    let scope = scope(v4_date(log_date), region);
    let hash = content_sha256(canonical.as_bytes());
    format!("{ALGORITHM}\n{log_date}\n{scope}\n{hash}")
}

/// The signature of a [`v4_string_to_sign`], lower-case hex; `date` is `YYYYMMDD`.
pub fn v4_signature(string: &str, secret: &str, date: &str, region: &str) -> String {
    let [_, _, _, key] = v4_signing_keys(secret, date, region);
    lower_hex(&hmac_sha256(&key, string.as_bytes()))
}

/// The chain of keys of date, region, service and request; the last one signs.
pub fn v4_signing_keys(secret: &str, date: &str, region: &str) -> [[u8; 32]; 4] {
    let first = format!("aliyun_v4{secret}");
    let of_date = hmac_sha256(first.as_bytes(), date.as_bytes());
    let of_region = hmac_sha256(&of_date, region.as_bytes());
    let of_service = hmac_sha256(&of_region, SERVICE.as_bytes());
    let of_request = hmac_sha256(&of_service, TERMINATOR.as_bytes());
    [of_date, of_region, of_service, of_request]
}

/// The value of `Authorization`; `date` is `YYYYMMDD`.
pub fn v4_authorization(key_id: &str, date: &str, region: &str, signature: &str) -> String {
    let scope = scope(date, region);
    format!("{ALGORITHM} Credential={key_id}/{scope},Signature={signature}")
}

/// The day, `YYYYMMDD`, of an `x-log-date` such as `20261122T083347Z`.
pub fn v4_date(log_date: &str) -> &str {
    log_date.get(..8).unwrap_or(log_date)
}

fn scope(date: &str, region: &str) -> String {
    format!("{date}/{region}/{SERVICE}/{TERMINATOR}")
}
