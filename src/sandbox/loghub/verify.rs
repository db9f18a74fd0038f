//! Is the request well-formed, on time, and signed by a known key?

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::incoming::Incoming;
use super::refused::Refused;
use crate::loghub::sign;
use crate::sandbox::Keys;
use crate::transport::{AccessKey, Secret};

/// How far the date of a request may be from the clock, either way (vendor page of error codes).
const SKEW: Duration = Duration::minutes(15);

/// `20261122T083347Z`
const LOG_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Checks common headers, date, digest, key and signature, in this order.
pub(super) fn check(
    incoming: &Incoming<'_>,
    keys: &Keys,
    now: OffsetDateTime,
) -> Result<(), Refused> {
    common_headers(incoming)?;
    let authorization = incoming.header("authorization").unwrap_or_default();
    if let Some(credentials) = authorization.strip_prefix("LOG ") {
        version_1(incoming, keys, now, credentials)
    } else if let Some(credentials) = authorization.strip_prefix("SLS4-HMAC-SHA256 ") {
        version_4(incoming, keys, now, credentials)
    } else {
        Err(unauthorized(
            "the authorization header is missing or of no known form",
        ))
    }
}

fn common_headers(incoming: &Incoming<'_>) -> Result<(), Refused> {
    if incoming.host().is_none() {
        return Err(Refused::missing_header("MissingHost", "Host"));
    }
    match incoming.header("x-log-apiversion") {
        Some("0.6.0") => {}
        None => {
            return Err(Refused::missing_header(
                "MissingAPIVersion",
                "x-log-apiversion",
            ));
        }
        Some(other) => {
            let message = format!("x-log-apiversion {other} is unsupported.");
            return Err(Refused::bad("InvalidAPIVersion", message));
        }
    }
    let raw_size = incoming.header("x-log-bodyrawsize");
    if raw_size.is_some_and(|size| size.parse::<u64>().is_err()) {
        let message = "x-log-bodyrawsize is invalid.";
        return Err(Refused::bad("InvalidBodyRawSize", message));
    }
    if incoming.header("transfer-encoding").is_some() {
        let message = "Content-Length does not exist in http header when it is necessary.";
        return Err(Refused::new(411, "MissingContentLength", message));
    }
    Ok(())
}

fn version_1(
    incoming: &Incoming<'_>,
    keys: &Keys,
    now: OffsetDateTime,
    credentials: &str,
) -> Result<(), Refused> {
    let sign: fn(&str, &str) -> String = match incoming.header("x-log-signaturemethod") {
        Some("hmac-sha1") => sign::v1_signature,
        // The generated OpenAPI SDKs sign the same string with it.
        Some("hmac-sha256") => hmac_sha256,
        None => {
            let name = "x-log-signaturemethod";
            return Err(Refused::missing_header("MissingSignatureMethod", name));
        }
        Some(other) => {
            let message = format!("signature method {other} is unsupported.");
            return Err(Refused::bad("InvalidSignatureMethod", message));
        }
    };
    let date = incoming
        .header("x-log-date")
        .or_else(|| incoming.header("date"))
        .ok_or_else(|| Refused::missing_header("MissingDate", "Date"))?;
    let sent = httpdate::parse_http_date(date).map_err(|_malformed| {
        let message = format!("Request time {date} not follow RFC822 spec.");
        Refused::bad("InvalidRequestTime", message)
    })?;
    on_time(sent.into(), now)?;

    let body = incoming.body();
    let md5 = incoming.header("content-md5").unwrap_or_default();
    if !(body.is_empty() && md5.is_empty()) && md5 != sign::content_md5(body) {
        return Err(signature_not_match("content-md5 is not that of the body"));
    }
    let (id, signature) = credentials
        .split_once(':')
        .ok_or_else(|| unauthorized("the authorization header is not LOG id:signature"))?;
    let key = find_key(incoming, keys, id)?;
    let text = sign::v1_string_to_sign(&parts(incoming, &incoming.headers()));
    if sign(&text, key.secret.expose()) != signature {
        return Err(signature_not_match(&text));
    }
    Ok(())
}

fn version_4(
    incoming: &Incoming<'_>,
    keys: &Keys,
    now: OffsetDateTime,
    credentials: &str,
) -> Result<(), Refused> {
    let malformed = || {
        unauthorized("the authorization header is not Credential=id/date/region/..,Signature=hex")
    };
    let (scope, signature) = credentials
        .strip_prefix("Credential=")
        .and_then(|rest| rest.split_once(",Signature="))
        .ok_or_else(malformed)?;
    let parts_of_scope: Vec<&str> = scope.split('/').collect();
    let [id, date, region, "sls", "aliyun_v4_request"] = parts_of_scope[..] else {
        return Err(malformed());
    };
    let log_date = incoming
        .header("x-log-date")
        .ok_or_else(|| Refused::missing_header("MissingDate", "x-log-date"))?;
    let sent = PrimitiveDateTime::parse(log_date, LOG_DATE).map_err(|_malformed| {
        let message = format!("Request time {log_date} is not of the form 20261122T083347Z.");
        Refused::bad("InvalidRequestTime", message)
    })?;
    on_time(sent.assume_utc(), now)?;
    if date != sign::v4_date(log_date) || !keys.allows_region(region) {
        return Err(signature_not_match("the scope is of another day or region"));
    }
    let hash = incoming.header("x-log-content-sha256");
    if hash != Some(&sign::content_sha256(incoming.body())) {
        return Err(signature_not_match(
            "x-log-content-sha256 is not that of the body",
        ));
    }
    let key = find_key(incoming, keys, id)?;
    let canonical = sign::v4_canonical_request(&parts(incoming, &incoming.headers()));
    let text = sign::v4_string_to_sign(&canonical, log_date, region);
    if sign::v4_signature(&text, key.secret.expose(), date, region) != signature {
        return Err(signature_not_match(&canonical));
    }
    Ok(())
}

fn parts<'a>(incoming: &'a Incoming<'_>, headers: &'a [(String, String)]) -> sign::Parts<'a> {
    sign::Parts {
        method: incoming.method(),
        path: incoming.path(),
        query: incoming.query(),
        headers,
        body: incoming.body(),
    }
}

fn on_time(sent: OffsetDateTime, now: OffsetDateTime) -> Result<(), Refused> {
    if (sent - now).abs() <= SKEW {
        return Ok(());
    }
    let (sent, now) = (sent.unix_timestamp(), now.unix_timestamp());
    let message = format!("Request time {sent} has been expired while server time is {now}.");
    Err(Refused::bad("RequestTimeExpired", message))
}

/// The key pair of this id, with the token that it demands.
fn find_key(incoming: &Incoming<'_>, keys: &Keys, id: &str) -> Result<Arc<AccessKey>, Refused> {
    let key = keys.find(id).ok_or_else(|| {
        let message = format!("AccessKeyId is invalid: {id}");
        Refused::new(401, "InvalidAccessKeyId", message)
    })?;
    let token = incoming.header("x-acs-security-token");
    if token != key.token.as_ref().map(Secret::expose) {
        return Err(unauthorized("The security token you provided is invalid"));
    }
    Ok(key)
}

fn unauthorized(message: &str) -> Refused {
    Refused::new(401, "Unauthorized", message)
}

/// Says what the service has signed itself, so that the two can be compared.
fn signature_not_match(signed: &str) -> Refused {
    let message = format!("signature does not match; signed here: {signed}");
    Refused::new(401, "SignatureNotMatch", message)
}

fn hmac_sha256(text: &str, secret: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
