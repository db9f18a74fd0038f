//! Compression of bodies, both ways.
//!
//! The size before compression travels in `x-log-bodyrawsize` and is a claim: it is capped before
//! anything is allocated, and the result must have exactly that length. (Of the vendor's SDKs, Go
//! checks this; python-lz4 hands on a shorter result.)

use bytes::Bytes;

/// The largest claim of `x-log-bodyrawsize` that is believed, in bytes. A pull is about 10 MB in
/// practice and a put at most that; what claims more is broken or hostile.
pub const MAX_RAW_BYTES: usize = 64 << 20;

/// No LZ4 block gives more than this many bytes for each of its own: a length byte adds 255.
const LZ4_MAX_RATIO: usize = 255;

/// Level of zstd that the vendor's SDKs use: the service pays for it on every pull.
const ZSTD_LEVEL: i32 = 1;

/// How a body is compressed, by the word of `x-log-compresstype` and `Accept-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// One raw LZ4 block: no frame, no magic number, no size in front.
    Lz4,
    /// Ordinary zstd frames; the content size may or may not be in their headers.
    Zstd,
}

impl Compression {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The compression that `word` names, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Lz4, Self::Zstd]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(word.trim()))
    }
}

/// A body that cannot be decompressed as its headers say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// The claimed size is beyond [`MAX_RAW_BYTES`].
    #[error(
        "a raw size of {claimed_bytes} bytes is claimed, more than the {MAX_RAW_BYTES} allowed"
    )]
    TooLarge {
        /// Bytes claimed.
        claimed_bytes: usize,
    },
    /// The body is not one LZ4 block, or holds more than claimed.
    #[error("not an lz4 block of {claimed_bytes} bytes raw size: {source}")]
    Lz4 {
        /// Bytes claimed.
        claimed_bytes: usize,
        /// Why.
        #[source]
        source: lz4_flex::block::DecompressError,
    },
    /// The body is not zstd, or holds more than claimed.
    #[error("not a zstd body of {claimed_bytes} bytes raw size: {source}")]
    Zstd {
        /// Bytes claimed.
        claimed_bytes: usize,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The body holds less than claimed.
    #[error("a raw size of {claimed_bytes} bytes is claimed, but the body holds {actual_bytes}")]
    Length {
        /// Bytes claimed.
        claimed_bytes: usize,
        /// Bytes there are, or could be at most.
        actual_bytes: usize,
    },
}

/// Compresses `raw`.
///
/// # Panics
///
/// If zstd gets no memory, as any allocation does then.
pub fn compress(kind: Compression, raw: &[u8]) -> Vec<u8> {
    match kind {
        Compression::Lz4 => lz4_flex::block::compress(raw),
        Compression::Zstd => zstd::bulk::compress(raw, ZSTD_LEVEL)
            .expect("zstd compresses any bytes into a buffer of its own bound"),
    }
}

/// Decompresses `body` into exactly `raw_size` bytes.
///
/// Never panics and never allocates more than `raw_size`, whatever the body; a claim above
/// [`MAX_RAW_BYTES`], or above what an LZ4 block of this length can hold, allocates nothing.
pub fn decompress(
    kind: Compression,
    body: &[u8],
    raw_size: usize,
) -> Result<Bytes, CompressionError> {
    if raw_size > MAX_RAW_BYTES {
        return Err(CompressionError::TooLarge {
            claimed_bytes: raw_size,
        });
    }
    let raw = match kind {
        Compression::Lz4 => lz4(body, raw_size)?,
        Compression::Zstd => zstd(body, raw_size)?,
    };
    if raw.len() != raw_size {
        return Err(CompressionError::Length {
            claimed_bytes: raw_size,
            actual_bytes: raw.len(),
        });
    }
    Ok(raw.into())
}

fn lz4(body: &[u8], raw_size: usize) -> Result<Vec<u8>, CompressionError> {
    let most = body.len().saturating_mul(LZ4_MAX_RATIO);
    if raw_size > most {
        return Err(CompressionError::Length {
            claimed_bytes: raw_size,
            actual_bytes: most,
        });
    }
    let mut raw = vec![0; raw_size];
    let length = lz4_flex::block::decompress_into(body, &mut raw).map_err(|source| {
        CompressionError::Lz4 {
            claimed_bytes: raw_size,
            source,
        }
    })?;
    raw.truncate(length);
    Ok(raw)
}

fn zstd(body: &[u8], raw_size: usize) -> Result<Vec<u8>, CompressionError> {
    zstd::bulk::decompress(body, raw_size).map_err(|source| CompressionError::Zstd {
        claimed_bytes: raw_size,
        source,
    })
}

#[cfg(test)]
mod tests;
