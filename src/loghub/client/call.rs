//! One call: what it asks for, and the signed request that it becomes.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Uri};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::address::Address;
use crate::loghub::compression::Compression;
use crate::loghub::model::{Logstore, Project, ShardId};
use crate::loghub::sign::{
    Parts, content_md5, content_sha256, encode_query, v1_authorization, v1_signature,
    v1_string_to_sign, v4_authorization, v4_canonical_request, v4_date, v4_signature,
    v4_string_to_sign,
};
use crate::transport::{AccessKey, Request, Secret};

const API_VERSION: &str = "0.6.0";

/// `Date` of version 1: `Sun, 22 Nov 2026 08:33:47 GMT`.
const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// `x-log-date` of version 4: `20261122T083347Z`.
const LOG_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// What a call does, to say in an error. The text is made only when there is one.
pub(super) struct Operation<'a> {
    /// The method's name.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) subject: Subject<'a>,
}

/// What a call is about.
pub(super) enum Subject<'a> {
    Project,
    Logstore,
    Shard(ShardId),
    Group(&'a str),
    GroupShard(&'a str, ShardId),
    Consumer(&'a str, &'a str),
}

impl Operation<'_> {
    pub(super) fn describe(&self, project: &Project, logstore: &Logstore) -> String {
        let name = self.name;
        let of = format!("of {project}/{logstore}");
        match self.subject {
            Subject::Project => format!("{name} {project}"),
            Subject::Logstore => format!("{name} {of}"),
            Subject::Shard(shard) => format!("{name} shard {shard} {of}"),
            Subject::Group(group) => format!("{name} group {group} {of}"),
            Subject::GroupShard(group, shard) => format!("{name} shard {shard} group {group} {of}"),
            Subject::Consumer(group, consumer) => {
                format!("{name} consumer {consumer} group {group} {of}")
            }
        }
    }
}

/// A request before it is signed.
pub(super) struct Call<'a> {
    pub(super) operation: Operation<'a>,
    method: Method,
    path: Cow<'a, str>,
    query: Vec<(&'static str, Cow<'a, str>)>,
    body: Body,
    accepted: Option<Compression>,
}

/// A body as sent.
#[derive(Default)]
struct Body {
    bytes: Bytes,
    content_type: Option<&'static str>,
    /// Bytes before compression.
    raw_size: usize,
    compression: Option<Compression>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        name: &'static str,
        subject: Subject<'a>,
        method: Method,
        path: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            operation: Operation { name, subject },
            method,
            path: path.into(),
            query: Vec::new(),
            body: Body::default(),
            accepted: None,
        }
    }

    pub(super) fn query(mut self, key: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    pub(super) fn json(mut self, value: &serde_json::Value) -> Self {
        let bytes = Bytes::from(value.to_string());
        self.body = Body {
            raw_size: bytes.len(),
            bytes,
            content_type: Some("application/json"),
            compression: None,
        };
        self
    }

    /// A protobuf body, already compressed.
    pub(super) fn protobuf(mut self, bytes: Vec<u8>, raw_size: usize, kind: Compression) -> Self {
        self.body = Body {
            bytes: bytes.into(),
            content_type: Some("application/x-protobuf"),
            raw_size,
            compression: Some(kind),
        };
        self
    }

    /// Asks for a protobuf answer, compressed.
    pub(super) fn accept_protobuf(mut self, kind: Compression) -> Self {
        self.accepted = Some(kind);
        self
    }
}

/// Whoever signs: the key, and the region where version 4 is wanted.
pub(super) struct Signer {
    key: AccessKey,
    region: Option<String>,
}

/// Headers under way: lower-case names.
type Headers<'a> = Vec<(&'static str, &'a str)>;

impl Signer {
    pub(super) fn new(key: AccessKey, region: Option<String>) -> Self {
        Self { key, region }
    }

    /// The request of `call`, signed for the moment `now` (UTC). Fails where a header cannot be
    /// written, which only a key id or token with control characters brings about.
    pub(super) fn sign(
        &self,
        call: &Call<'_>,
        address: &Address,
        now: OffsetDateTime,
    ) -> Result<Request, String> {
        let body = &call.body;
        let raw_size = body.raw_size.to_string();
        let mut headers: Headers<'_> = Vec::with_capacity(16);
        headers.extend([
            ("host", address.host.as_str()),
            ("x-log-apiversion", API_VERSION),
            ("x-log-bodyrawsize", &raw_size),
        ]);
        headers.extend(body.content_type.map(|kind| ("content-type", kind)));
        let compression = body.compression.map(Compression::as_str);
        headers.extend(compression.map(|kind| ("x-log-compresstype", kind)));
        if let Some(kind) = call.accepted {
            headers.push(("accept", "application/x-protobuf"));
            headers.push(("accept-encoding", kind.as_str()));
        }
        let token = self.key.token.as_ref();
        headers.extend(token.map(|token| ("x-acs-security-token", token.expose())));

        let query: Vec<_> = call
            .query
            .iter()
            .map(|(key, value)| (*key, &**value))
            .collect();
        let parts = Parts {
            method: call.method.as_str(),
            path: &call.path,
            query: &query,
            headers: &[],
            body: &body.bytes,
        };
        let headers = match &self.region {
            None => self.sign_v1(parts, headers, now)?,
            Some(region) => self.sign_v4(parts, headers, now, region)?,
        };
        let target = if query.is_empty() {
            call.path.to_string()
        } else {
            format!("{}?{}", call.path, encode_query(&query))
        };
        let uri = Uri::builder()
            .scheme(address.scheme.clone())
            .authority(address.authority.clone())
            .path_and_query(target)
            .build()
            .map_err(|error| error.to_string())?;
        let mut request = Request::new(body.bytes.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn sign_v1<'a>(
        &self,
        parts: Parts<'a, &'a str>,
        headers: Headers<'_>,
        now: OffsetDateTime,
    ) -> Result<http::HeaderMap, String> {
        let date = written(now, HTTP_DATE);
        let md5 = (!parts.body.is_empty()).then(|| content_md5(parts.body));
        let mut headers: Headers<'_> = headers;
        headers.push(("date", &date));
        headers.push(("x-log-signaturemethod", "hmac-sha1"));
        headers.extend(md5.as_deref().map(|md5| ("content-md5", md5)));
        let string = v1_string_to_sign(&Parts {
            headers: &headers,
            ..parts
        });
        let signature = v1_signature(&string, self.key.secret.expose());
        let authorization = v1_authorization(&self.key.id, &signature);
        headers.push(("authorization", &authorization));
        header_map(&headers)
    }

    fn sign_v4<'a>(
        &self,
        parts: Parts<'a, &'a str>,
        headers: Headers<'_>,
        now: OffsetDateTime,
        region: &str,
    ) -> Result<http::HeaderMap, String> {
        let log_date = written(now, LOG_DATE);
        let date = v4_date(&log_date);
        let sha256 = content_sha256(parts.body);
        let mut headers: Headers<'_> = headers;
        headers.push(("x-log-date", &log_date));
        headers.push(("x-log-content-sha256", &sha256));
        let canonical = v4_canonical_request(&Parts {
            headers: &headers,
            ..parts
        });
        let string = v4_string_to_sign(&canonical, &log_date, region);
        let signature = v4_signature(&string, self.key.secret.expose(), date, region);
        let authorization = v4_authorization(&self.key.id, date, region, &signature);
        headers.push(("authorization", &authorization));
        header_map(&headers)
    }

    /// `text` without the secrets of the key, should an answer quote what was signed.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let secrets = [Some(&self.key.secret), self.key.token.as_ref()];
        let secrets = secrets.into_iter().flatten().map(Secret::expose);
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| {
                text.replace(secret, "[secret]")
            })
    }
}

/// The headers as HTTP has them; what is secret is marked, so that no `Debug` shows it.
fn header_map(headers: &Headers<'_>) -> Result<http::HeaderMap, String> {
    let mut map = http::HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // Why a value is refused says nothing that its name does not, and may quote it.
        let Ok(mut value) = HeaderValue::from_str(value) else {
            return Err(format!(
                "the value of the header {name} has characters that HTTP does not allow"
            ));
        };
        value.set_sensitive(matches!(*name, "authorization" | "x-acs-security-token"));
        map.insert(HeaderName::from_static(name), value);
    }
    Ok(map)
}

fn written(moment: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    moment
        .format(format)
        .expect("a moment has all parts of a date and time")
}
