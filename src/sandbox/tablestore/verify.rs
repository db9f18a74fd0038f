//! Whether a request is what it says, and from whom: everything before its message is looked at.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::read::ZlibDecoder;
use md5::{Digest as _, Md5};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::failure::Failure;
use super::route::Operation;
use crate::sandbox::Keys;
use crate::tablestore::{InstanceName, sign};
use crate::transport::AccessKey;

/// The largest body of a request.
const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;
/// What a compressed body may grow to: the data limit of a batch, with room for its encoding.
const MAX_INFLATED_BYTES: usize = 16 * 1024 * 1024;
/// How far a request's date may lie from the clock. The SDKs hold answers to the same.
const MAX_SKEW: Duration = Duration::from_mins(15);
/// The one version of the protocol.
const API_VERSION: &str = "2015-12-31";

const DATE: &str = "x-ots-date";
const CONTENT_MD5: &str = "x-ots-contentmd5";
const ACCESS_KEY_ID: &str = "x-ots-accesskeyid";
const TOKEN: &str = "x-ots-ststoken";
const SIGN_DATE: &str = "x-ots-signdate";
const SIGN_REGION: &str = "x-ots-signregion";
/// Headers without which no request is looked at; the signature besides.
const REQUIRED: [&str; 5] = [
    DATE,
    "x-ots-apiversion",
    ACCESS_KEY_ID,
    "x-ots-instancename",
    CONTENT_MD5,
];

/// The `x-ots-` headers of a request.
#[derive(Debug)]
pub(super) struct Headers<'r>(Vec<(&'r str, &'r str)>);

impl<'r> Headers<'r> {
    pub(super) fn of(request: &'r http::Request<Bytes>) -> Self {
        let headers = request.headers().iter();
        Self(
            headers
                .filter(|(name, _)| name.as_str().starts_with("x-ots-"))
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&'r str> {
        let found = self.0.iter().find(|(header, _)| *header == name);
        found.map(|(_, value)| value.trim())
    }

    fn need(&self, name: &str) -> Result<&'r str, Failure> {
        self.get(name)
            .ok_or_else(|| Failure::invalid(format!("Missing header: '{name}'.")))
    }
}

/// Who signs the answer to a request: the owner of the key that it names.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) key: Arc<AccessKey>,
    /// What the answer is signed with.
    pub(super) response_key: String,
}

impl Caller {
    /// The caller that a request claims to be from; `None` if nobody has its key.
    pub(super) fn of(headers: &Headers<'_>, keys: &Keys) -> Option<Self> {
        let key = keys.find(headers.get(ACCESS_KEY_ID)?)?;
        let response_key = match v4_scope(headers) {
            Some((date, region)) => sign::v4_signing_key(key.secret.expose(), date, region),
            None => key.secret.expose().to_owned(),
        };
        Some(Self { key, response_key })
    }
}

/// Date and region of a version 4 signature. Which version it is shows in the signature's header
/// alone: there is a client that sends date and region with version 2.
fn v4_scope<'r>(headers: &Headers<'r>) -> Option<(&'r str, &'r str)> {
    headers.get(sign::V4_SIGNATURE_HEADER)?;
    Some((headers.get(SIGN_DATE)?, headers.get(SIGN_REGION)?))
}

/// Judges a request and gives its message, inflated where it was compressed.
pub(super) fn verify(
    request: &http::Request<Bytes>,
    operation: Result<Operation, Failure>,
    headers: &Headers<'_>,
    caller: Option<&Caller>,
    keys: &Keys,
    now: OffsetDateTime,
) -> Result<(Operation, Bytes), Failure> {
    if request.method() != http::Method::POST {
        return Err(Failure::new(
            405,
            "OTSMethodNotAllowed",
            "Only POST method for requests is supported.",
        ));
    }
    if request.body().len() > MAX_BODY_BYTES {
        return Err(too_large());
    }
    let operation = operation?;
    for name in REQUIRED {
        headers.need(name)?;
    }
    check_words(headers)?;
    check_date(headers.need(DATE)?, now)?;
    check_md5(headers.need(CONTENT_MD5)?, request.body())?;
    let caller = caller.ok_or_else(|| Failure::auth("The AccessKeyID does not exist."))?;
    check_signature(operation, headers, caller, keys)?;
    Ok((operation, inflated(request.body(), headers)?))
}

fn check_words(headers: &Headers<'_>) -> Result<(), Failure> {
    if headers.get(sign::V4_SIGNATURE_HEADER).is_some() {
        headers.need(SIGN_DATE)?;
        headers.need(SIGN_REGION)?;
    } else {
        headers.need(sign::SIGNATURE_HEADER)?;
    }
    let version = headers.need("x-ots-apiversion")?;
    if version != API_VERSION {
        return Err(Failure::invalid(format!(
            "Invalid api version: '{version}'."
        )));
    }
    let instance = headers.need("x-ots-instancename")?;
    InstanceName::new(instance)
        .map(drop)
        .map_err(|_bad_name| Failure::invalid(format!("Invalid instance name: '{instance}'.")))
}

fn check_date(text: &str, now: OffsetDateTime) -> Result<(), Failure> {
    let date = parse_date(text)
        .ok_or_else(|| Failure::invalid(format!("Invalid date format: {text}.")))?;
    if (now - date).unsigned_abs() > MAX_SKEW {
        return Err(Failure::auth(format!(
            "Mismatch between system time and x-ots-date: {text}."
        )));
    }
    Ok(())
}

/// `2026-11-22T10:00:00.123Z`. The fraction counts for nothing: the Go SDK writes nonsense there,
/// of three to six digits.
fn parse_date(text: &str) -> Option<OffsetDateTime> {
    const SECONDS: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let text = text.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    PrimitiveDateTime::parse(seconds, SECONDS)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

/// `x-ots-contentmd5` of a body.
pub(super) fn content_md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

fn check_md5(given: &str, body: &[u8]) -> Result<(), Failure> {
    if given == content_md5(body) {
        Ok(())
    } else {
        Err(Failure::auth(
            "Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
        ))
    }
}

fn check_signature(
    operation: Operation,
    headers: &Headers<'_>,
    caller: &Caller,
    keys: &Keys,
) -> Result<(), Failure> {
    let mismatch = || Failure::auth("Signature mismatch.");
    let (given, expected) = if let Some((_, region)) = v4_scope(headers) {
        if !keys.allows_region(region) {
            return Err(mismatch());
        }
        let string = sign::v4_string_to_sign(operation.name(), &headers.0);
        let expected = sign::v4_signature(&string, &caller.response_key);
        (headers.get(sign::V4_SIGNATURE_HEADER), expected)
    } else {
        let string = sign::string_to_sign(operation.name(), &headers.0);
        let expected = sign::signature(&string, caller.key.secret.expose());
        (headers.get(sign::SIGNATURE_HEADER), expected)
    };
    if given != Some(expected.as_str()) {
        return Err(mismatch());
    }
    // The token is signed with the rest, so it is looked at last.
    match &caller.key.token {
        Some(token) if headers.get(TOKEN) != Some(token.expose()) => {
            Err(Failure::auth("The security token is invalid."))
        }
        _ => Ok(()),
    }
}

/// The body as it was before compression (the Java SDK alone compresses).
fn inflated(body: &Bytes, headers: &Headers<'_>) -> Result<Bytes, Failure> {
    let Some(kind) = headers.get("x-ots-request-compress-type") else {
        return Ok(body.clone());
    };
    if kind != "deflate" {
        return Err(Failure::invalid(format!(
            "Unsupported compress type: '{kind}'."
        )));
    }
    let size: usize = headers
        .need("x-ots-request-compress-size")?
        .parse()
        .map_err(|_not_a_number| Failure::invalid("Invalid compress size."))?;
    if size > MAX_INFLATED_BYTES {
        return Err(too_large());
    }
    let mut out = Vec::new();
    let one_more = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    let read = ZlibDecoder::new(body.as_ref())
        .take(one_more)
        .read_to_end(&mut out);
    match read {
        Ok(found) if found == size => Ok(out.into()),
        _ => Err(Failure::invalid("Uncompress request body failed.")),
    }
}

fn too_large() -> Failure {
    Failure::new(
        413,
        "OTSRequestBodyTooLarge",
        "The size of POST data is too large.",
    )
}
