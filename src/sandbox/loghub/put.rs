//! The body of a put: unpacked, measured, checked to be log groups.

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
pub(super) const MAX_RAW_BYTES: usize = 10 * 1024 * 1024;

/// The mode of a put in which the log groups come as packages: `batchPutLogs` of the Java SDK.
const BATCH: &str = "batch_group";

/// `SlsLogPackageList` of the Java SDK's `Logs.proto`.
#[derive(Clone, PartialEq, prost::Message)]
struct PackageList {
    #[prost(message, repeated, tag = "1")]
    packages: Vec<Package>,
}

/// `SlsLogPackage`: a log group, compressed by itself.
#[derive(Clone, PartialEq, prost::Message)]
struct Package {
    #[prost(bytes = "bytes", tag = "1")]
    data: Bytes,
    /// `uncompress_size`, bytes.
    #[prost(int32, optional, tag = "2")]
    raw_size: Option<i32>,
    /// `SlsCompressType`: 0 none, 1 deflate, 2 lz4, 3 zstd.
    #[prost(int32, optional, tag = "3")]
    compression: Option<i32>,
}

/// The log groups that a put carries, as encoded bytes: one, but for a batch.
pub(super) fn log_groups(incoming: &Incoming<'_>) -> Result<Vec<Bytes>, Refused> {
    match incoming.header("content-type") {
        Some(PROTOBUF) => {}
        Some(other) => {
            let message = format!("Content-Type {other} is unsupported.");
            return Err(Refused::new(415, "InvalidContentType", message));
        }
        None => return Err(missing_content_type()),
    }
    let groups = if incoming.header("x-log-mode") == Some(BATCH) {
        unpack_batch(incoming)?
    } else {
        vec![unpack(incoming)?]
    };
    let size = groups.iter().map(Bytes::len).sum();
    if size > MAX_RAW_BYTES {
        return Err(too_large(size));
    }
    for group in &groups {
        LogGroup::decode(group.clone()).map_err(|malformed| {
            let message = format!("The body is not a log group: {malformed}");
            Refused::bad("PostBodyInvalid", message)
        })?;
    }
    Ok(groups)
}

/// The headers name a compression that the body as a whole does not have.
fn unpack_batch(incoming: &Incoming<'_>) -> Result<Vec<Bytes>, Refused> {
    let list = PackageList::decode(incoming.body().clone()).map_err(|malformed| {
        let message = format!("The body is not a list of packages: {malformed}");
        Refused::bad("PostBodyInvalid", message)
    })?;
    let (mut groups, mut size) = (Vec::new(), 0);
    for package in list.packages {
        let group = unpack_package(package)?;
        // Looked at on the way: a few bytes of packages may claim to be a machine's memory.
        size += group.len();
        if size > MAX_RAW_BYTES {
            return Err(too_large(size));
        }
        groups.push(group);
    }
    Ok(groups)
}

fn unpack_package(package: Package) -> Result<Bytes, Refused> {
    let raw_size = usize::try_from(package.raw_size.unwrap_or_default())
        .map_err(|_negative| Refused::bad("PostBodyInvalid", "uncompress_size is negative"))?;
    if raw_size > MAX_RAW_BYTES {
        return Err(too_large(raw_size));
    }
    let kind = match package.compression.unwrap_or_default() {
        0 => return Ok(package.data),
        1 => return inflate(&package.data, raw_size).map_err(broken),
        2 => Compression::Lz4,
        3 => Compression::Zstd,
        other => {
            let message = format!("compress_type {other} is unsupported.");
            return Err(Refused::bad("InvalidCompressType", message));
        }
    };
    compression::decompress(kind, &package.data, raw_size)
        .map_err(|fault| broken(fault.to_string()))
}

fn broken(fault: String) -> Refused {
    Refused::bad("PostBodyUncompressError", fault)
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

pub(super) fn too_large(bytes: usize) -> Refused {
    let message = format!("Body size {bytes} must little than {MAX_RAW_BYTES}.");
    Refused::new(413, "PostBodyTooLarge", message)
}
