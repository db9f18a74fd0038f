//! One request signed and sent, one answer checked: what all calls have in common.
//!
//! | of an answer | on 2xx | on any other status |
//! | --- | --- | --- |
//! | `x-ots-contentmd5`, `-requestid`, `-date`, `-contenttype`, `Authorization` | must be there | may be missing |
//! | MD5 of the body | must be right | right where it is there |
//! | signature in `Authorization` | must be right | right where it is there; with 403 `OTSAuthFailed` it may be wrong, since the service then has no key to sign with |
//! | date | not looked at: of a clock that goes wrong the service tells us itself | not looked at |
//!
//! This is what the Python and Java SDKs check, except for the date, which Python checks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use md5::{Digest as _, Md5};
use prost::Message;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{Settings, answer};
use crate::tablestore::{Error, ErrorCode, RowError, TableName, proto, sign};
use crate::transport::{AccessKey, Clock, ExchangeError, Request, Response, Transport};

/// The version of the protocol, sent with every request.
const API_VERSION: &str = "2015-12-31";

const CONTENT_MD5: &str = "x-ots-contentmd5";
const REQUEST_ID: &str = "x-ots-requestid";
const STS_TOKEN: &str = "x-ots-ststoken";

/// What every good answer carries.
const REQUIRED: [&str; 5] = [
    CONTENT_MD5,
    "x-ots-contenttype",
    "x-ots-date",
    REQUEST_ID,
    "authorization",
];

/// `x-ots-date`: real milliseconds, as the Java SDK sends them.
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// `x-ots-signdate` of version 4.
const SIGN_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");

/// How much of a foreign body an error quotes, in characters.
const EXCERPT_CHARS: usize = 200;

/// How much of a foreign body is looked at for that, in bytes.
const EXCERPT_BYTES: usize = 4096;

/// A call: the operation's name on the wire, and our words for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    operation: &'static str,
    words: &'static str,
    table: Option<&'a TableName>,
}

impl<'a> Call<'a> {
    pub(super) fn new(operation: &'static str, words: &'static str) -> Self {
        Self {
            operation,
            words,
            table: None,
        }
    }

    pub(super) fn about(
        operation: &'static str,
        words: &'static str,
        table: &'a TableName,
    ) -> Self {
        Self {
            table: Some(table),
            ..Self::new(operation, words)
        }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words)?;
        self.table.map_or(Ok(()), |table| write!(f, " {table}"))
    }
}

/// What all calls share. `Debug` is that of the client, which shows the settings alone.
pub(super) struct Exchange {
    settings: Settings,
    key: AccessKey,
    transport: Arc<dyn Transport>,
    clock: Clock,
    /// Scheme, authority and path prefix, without a slash at the end.
    base: String,
}

impl Exchange {
    pub(super) fn new(
        settings: Settings,
        key: AccessKey,
        transport: Arc<dyn Transport>,
        clock: Clock,
    ) -> Self {
        let endpoint = &settings.endpoint;
        let scheme = endpoint.scheme_str().unwrap_or("https");
        let authority = endpoint.authority().map_or("", |name| name.as_str());
        let prefix = endpoint.path().trim_end_matches('/');
        let base = format!("{scheme}://{authority}{prefix}");
        Self {
            settings,
            key,
            transport,
            clock,
            base,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends `body`, and has `read` make the outcome of the message that comes back.
    pub(super) async fn run<M: Message + Default, T>(
        &self,
        call: Call<'_>,
        body: Bytes,
        read: impl FnOnce(M) -> Result<T, String> + Send,
    ) -> Result<T, Error> {
        let failed = |source| Error::Exchange {
            operation: call.to_string(),
            source,
        };
        let (request, key) = self.sign(call.operation, body).map_err(|error| {
            failed(ExchangeError::Connect {
                peer: self.base.clone(),
                source: error.into(),
            })
        })?;
        let deadline = self.settings.request_timeout;
        let response = self.transport.exchange(request, deadline).await;
        self.judge(call, &key, &response.map_err(failed)?, read)
    }

    /// The signed request, and the key that signs its answer. Fails only where the endpoint or a
    /// credential has characters that fit into no request.
    fn sign(
        &self,
        operation: &'static str,
        body: Bytes,
    ) -> Result<(Request, Cow<'_, str>), http::Error> {
        let now = self.clock.utc();
        let date = text_of(now, DATE);
        let sign_date = text_of(now, SIGN_DATE);
        let md5 = content_md5(&body);
        let token = self
            .key
            .token
            .as_ref()
            .map(crate::transport::Secret::expose);
        let mut headers = vec![
            ("x-ots-accesskeyid", self.key.id.as_str()),
            ("x-ots-apiversion", API_VERSION),
            (CONTENT_MD5, &md5),
            ("x-ots-date", &date),
            ("x-ots-instancename", self.settings.instance.as_str()),
        ];
        headers.extend(token.map(|token| (STS_TOKEN, token)));

        let secret = self.key.secret.expose();
        let (header, signature, key) = if let Some(region) = &self.settings.region {
            headers.push(("x-ots-signdate", &sign_date));
            headers.push(("x-ots-signregion", region));
            let string = sign::v4_string_to_sign(operation, &headers);
            let key = sign::v4_signing_key(secret, &sign_date, region);
            let signature = sign::v4_signature(&string, &key);
            (sign::V4_SIGNATURE_HEADER, signature, Cow::Owned(key))
        } else {
            let string = sign::string_to_sign(operation, &headers);
            let signature = sign::signature(&string, secret);
            (sign::SIGNATURE_HEADER, signature, Cow::Borrowed(secret))
        };
        headers.push((header, &signature));

        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = format!("{}/{operation}", self.base).parse()?;
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value)?;
            value.set_sensitive(name == STS_TOKEN);
            request.headers_mut().insert(name, value);
        }
        Ok((request, key))
    }

    fn judge<M: Message + Default, T>(
        &self,
        call: Call<'_>,
        key: &str,
        response: &Response,
        read: impl FnOnce(M) -> Result<T, String>,
    ) -> Result<T, Error> {
        let (status, body) = (response.status(), response.body());
        let request_id = text(response.headers(), REQUEST_ID);
        let request_id =
            self.without_secrets(request_id.map_or_else(|| "none".into(), Cow::into_owned));
        let outcome = if status.is_success() {
            self.check_good(call.operation, key, response)
                .and_then(|()| {
                    M::decode(body.clone())
                        .map_err(|error| format!("the body does not decode: {error}"))
                })
                .and_then(read)
                .map_err(|fault| (fault, None))
        } else {
            Err(match self.check_refusal(call.operation, key, response) {
                Ok(refusal) => (String::new(), Some(refusal)),
                Err(fault) => (fault, None),
            })
        };
        outcome.map_err(|(fault, refusal)| {
            let (operation, status) = (call.to_string(), status.as_u16());
            match refusal {
                Some(RowError { code, message }) => Error::Service {
                    operation,
                    status,
                    code,
                    message,
                    request_id,
                },
                None => Error::Answer {
                    operation,
                    status,
                    fault: self.without_secrets(fault),
                    request_id,
                },
            }
        })
    }

    fn check_good(&self, operation: &str, key: &str, response: &Response) -> Result<(), String> {
        let headers = response.headers();
        if let Some(missing) = REQUIRED.iter().find(|name| !headers.contains_key(**name)) {
            let excerpt = self.excerpt(response.body());
            return Err(format!("no header {missing}; {excerpt}"));
        }
        check_md5(response)?;
        self.check_signature(operation, key, headers)
    }

    /// What the service refused with; the fault where this was not the service, or cannot be known
    /// to be.
    fn check_refusal(
        &self,
        operation: &str,
        key: &str,
        response: &Response,
    ) -> Result<RowError, String> {
        check_md5(response)?;
        let error = proto::Error::decode(response.body().clone());
        let Some(error) = error.ok().filter(|error| !error.code.is_empty()) else {
            return Err(match text(response.headers(), "location") {
                Some(location) => format!("the endpoint has moved to {location}"),
                None => self.excerpt(response.body()),
            });
        };
        let refusal = answer::refusal(&self.redacted(&error));
        let unsigned =
            refusal.code == ErrorCode::AuthFailed && response.status() == StatusCode::FORBIDDEN;
        if !unsigned && response.headers().contains_key(AUTHORIZATION) {
            self.check_signature(operation, key, response.headers())
                .map_err(|fault| format!("{fault}; it says {refusal}"))?;
        }
        Ok(refusal)
    }

    fn check_signature(
        &self,
        operation: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<(), String> {
        let names = headers.keys().map(http::HeaderName::as_str);
        let found: Vec<_> = names
            .filter_map(|name| Some((name, text(headers, name)?)))
            .collect();
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let string = sign::response_string_to_sign(operation, &found);
        let signature = sign::response_signature(&string, key);

        let authorization = text(headers, "authorization").unwrap_or_default();
        let fault = match authorization
            .strip_prefix("OTS ")
            .and_then(|rest| rest.rsplit_once(':'))
        {
            None => "its Authorization is not one of Table Store",
            Some((id, _)) if id != self.key.id => "it is signed with another access key",
            Some((_, claimed)) if claimed != signature => "its signature is wrong",
            Some(_) => return Ok(()),
        };
        Err(fault.to_owned())
    }

    /// A refusal without secrets: before its message is cut, or half of one might stay.
    pub(super) fn redacted(&self, error: &proto::Error) -> proto::Error {
        let message = error.message.as_deref().map(String::from_utf8_lossy);
        proto::Error {
            code: self.without_secrets(error.code.clone()),
            message: message.map(|text| self.without_secrets(text.into_owned()).into()),
        }
    }

    /// How a foreign body begins.
    fn excerpt(&self, body: &Bytes) -> String {
        if body.is_empty() {
            return "the body is empty".to_owned();
        }
        let start = &body[..body.len().min(EXCERPT_BYTES)];
        // Before the cut, which could leave a part of a secret.
        let start = self.without_secrets(String::from_utf8_lossy(start).into_owned());
        let printable = |char: char| if char.is_control() { ' ' } else { char };
        let start: String = start.chars().take(EXCERPT_CHARS).map(printable).collect();
        format!("the body begins: {start}")
    }

    /// A gateway may send back what it was sent.
    fn without_secrets(&self, text: String) -> String {
        let secrets = [Some(&self.key.secret), self.key.token.as_ref()];
        let secrets = secrets
            .into_iter()
            .flatten()
            .map(crate::transport::Secret::expose);
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(text, |text, secret| text.replace(secret, "[secret]"))
    }
}

fn check_md5(response: &Response) -> Result<(), String> {
    match text(response.headers(), CONTENT_MD5) {
        Some(claimed) if claimed != content_md5(response.body()) => {
            Err("the MD5 of the body is not what x-ots-contentmd5 says".to_owned())
        }
        _ => Ok(()),
    }
}

fn content_md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
}

fn text_of(moment: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    moment
        .format(format)
        .expect("a date and time of day has every part that the format names")
}
