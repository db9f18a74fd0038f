//! The body of a put: unpacked, measured, checked to be one log group.

use std::io::Read as _;

use bytes::Bytes;
use prost::Message as _;

use super::PROTOBUF;
use super::incoming::Incoming;
use super::projects::missing_content_type;
use super::refused::Refused;
use crate::loghub::compression::{self, Compression};
use crate::loghub::proto::LogGroup;

/// Bytes of one put before compression (help page of 2023).
const MAX_RAW_BYTES: usize = 10 * 1024 * 1024;

/// The log group that a put carries, as encoded bytes.
pub(super) fn log_group(incoming: &Incoming<'_>) -> Result<Bytes, Refused> {
    match incoming.header("content-type") {
        Some(PROTOBUF) => {}
        Some(other) => {
            let message = format!("Content-Type {other} is unsupported.");
            return Err(Refused::new(415, "InvalidContentType", message));
        }
        None => return Err(missing_content_type()),
    }
    let group = unpack(incoming)?;
    if group.len() > MAX_RAW_BYTES {
        return Err(too_large(group.len()));
    }
    LogGroup::decode(group.clone()).map_err(|malformed| {
        let message = format!("The body is not a log group: {malformed}");
        Refused::bad("PostBodyInvalid", message)
    })?;
    Ok(group)
}

fn unpack(incoming: &Incoming<'_>) -> Result<Bytes, Refused> {
    let raw_size = incoming.header("x-log-bodyrawsize");
    let Some(kind) = incoming.header("x-log-compresstype") else {
        return Ok(incoming.body().clone());
    };
    let raw_size: usize = raw_size
        .ok_or_else(|| {
            let message = "x-log-bodyrawsize does not exist in header when it is necessary.";
            Refused::bad("MissingBodyRawSize", message)
        })?
        .parse()
        .map_err(|_overflow| Refused::bad("InvalidBodyRawSize", "x-log-bodyrawsize is invalid."))?;
    if raw_size > MAX_RAW_BYTES {
        return Err(too_large(raw_size));
    }
    let broken = |fault: String| Refused::bad("PostBodyUncompressError", fault);
    if kind.eq_ignore_ascii_case("deflate") {
        return inflate(incoming.body(), raw_size).map_err(broken);
    }
    let kind = Compression::parse(kind).ok_or_else(|| {
        let message = format!("x-log-compresstype {kind} is unsupported.");
        Refused::bad("InvalidCompressType", message)
    })?;
    compression::decompress(kind, incoming.body(), raw_size)
        .map_err(|fault| broken(fault.to_string()))
}

/// `deflate`, as the pages name it: a zlib stream.
fn inflate(body: &[u8], raw_size: usize) -> Result<Bytes, String> {
    let limit = u64::try_from(raw_size).map_or(u64::MAX, |size| size.saturating_add(1));
    let mut raw = Vec::new();
    flate2::read::ZlibDecoder::new(body)
        .take(limit)
        .read_to_end(&mut raw)
        .map_err(|fault| fault.to_string())?;
    if raw.len() == raw_size {
        Ok(raw.into())
    } else {
        Err(format!("the body does not hold {raw_size} bytes"))
    }
}

fn too_large(bytes: usize) -> Refused {
    let message = format!("Body size {bytes} must little than {MAX_RAW_BYTES}.");
    Refused::new(413, "PostBodyTooLarge", message)
}
