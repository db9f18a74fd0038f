//! Answers as they leave: protobuf, compressed where asked for, with the five headers that the
//! SDKs hold every answer to.

use std::io::Read as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::ZlibEncoder;
use http::{HeaderValue, Response, StatusCode};
use prost::Message;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::failure::Failure;
use super::verify::{Caller, Headers, content_md5};
use crate::tablestore::sign;

/// What an operation came to.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// Rows that it was about.
    pub(super) rows: usize,
    body: Bytes,
}

impl Outcome {
    /// An operation about so many rows, with its answer.
    pub(super) fn new(rows: usize, answer: &impl Message) -> Self {
        Self {
            rows,
            body: answer.encode_to_vec().into(),
        }
    }
}

/// What every answer carries besides its body.
#[derive(Debug)]
pub(super) struct Envelope<'r> {
    pub(super) operation: &'r str,
    pub(super) caller: Option<&'r Caller>,
    pub(super) request_id: String,
    pub(super) now: OffsetDateTime,
    pub(super) compress: bool,
}

impl Envelope<'_> {
    /// Whether `headers` ask for a compressed answer.
    pub(super) fn wants_compression(headers: &Headers<'_>) -> bool {
        headers.get("x-ots-response-compress-type") == Some("deflate")
    }

    /// The answer to a request that was carried out.
    pub(super) fn success(&self, outcome: Outcome) -> Response<Bytes> {
        self.seal(StatusCode::OK, outcome.body)
    }

    /// The answer to a request that was refused.
    pub(super) fn failure(&self, failure: &Failure) -> Response<Bytes> {
        let status =
            StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.seal(status, failure.message().encode_to_vec().into())
    }

    fn seal(&self, status: StatusCode, body: Bytes) -> Response<Bytes> {
        const DATE: &[BorrowedFormatItem<'_>] = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
        );
        let date = self.now.format(DATE).unwrap_or_default();
        // Of the body before compression: that is what the Java SDK compares, and it alone asks.
        let md5 = content_md5(&body);
        let size = body.len().to_string();
        let mut headers = vec![
            ("x-ots-requestid", self.request_id.as_str()),
            ("x-ots-contenttype", "protocol buffer"),
            ("x-ots-contentmd5", md5.as_str()),
            ("x-ots-date", date.as_str()),
        ];
        let mut body = body;
        if self.compress && status == StatusCode::OK && !body.is_empty() {
            body = deflated(&body);
            headers.push(("x-ots-response-compress-type", "deflate"));
            headers.push(("x-ots-response-compress-size", &size));
        }
        let authorization = self.caller.map(|caller| {
            let string = sign::response_string_to_sign(self.operation, &headers);
            let signature = sign::response_signature(&string, &caller.response_key);
            sign::authorization(&caller.key.id, &signature)
        });
        let mut response = Response::new(body);
        *response.status_mut() = status;
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
        // Nobody's key: nothing to sign with. The SDKs take an error without this header.
        if let Some(Ok(value)) = authorization.as_deref().map(HeaderValue::from_str) {
            response
                .headers_mut()
                .insert(http::header::AUTHORIZATION, value);
        }
        response
    }
}

fn deflated(body: &[u8]) -> Bytes {
    let mut out = Vec::new();
    ZlibEncoder::new(body, Compression::default())
        .read_to_end(&mut out)
        .expect("reading from memory cannot fail");
    out.into()
}
