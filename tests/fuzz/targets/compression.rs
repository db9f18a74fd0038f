//! Compressed bodies with the raw size that their headers claim.
//!
//! Input: one byte for the kind, four for the claim (little-endian), the body.

use loghub_shipper::loghub::compression::{Compression, MAX_RAW_BYTES, compress, decompress};

/// What decompresses has exactly the claimed size, and for LZ4 is what a naive decoder makes of it;
/// the body taken as raw bytes survives both ways.
pub fn run(data: &[u8]) {
    let Some((head, body)) = data.split_first_chunk::<5>() else {
        return;
    };
    let [kind, claim @ ..] = *head;
    let kind = if kind & 1 == 0 {
        Compression::Lz4
    } else {
        Compression::Zstd
    };
    let claim = usize::try_from(u32::from_le_bytes(claim)).unwrap_or(usize::MAX);

    let outcome = decompress(kind, body, claim);
    if let Ok(raw) = &outcome {
        assert_eq!(raw.len(), claim);
        assert!(claim <= MAX_RAW_BYTES);
    }
    if kind == Compression::Lz4 && claim <= 1 << 20 {
        let naive = lz4(body, claim).filter(|raw| raw.len() == claim);
        assert_eq!(outcome.ok().map(|raw| raw.to_vec()), naive);
    }

    let packed = compress(kind, body);
    let back = decompress(kind, &packed, body.len());
    assert_eq!(back.as_deref().ok(), Some(body));
    if let Some(less) = body.len().checked_sub(1) {
        assert!(decompress(kind, &packed, less).is_err());
    }
    assert!(decompress(kind, &packed, body.len() + 1).is_err());
}

/// An LZ4 block byte by byte, as the format's description has it; `None` if it is none or grows
/// beyond `most`.
fn lz4(block: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut bytes = block.iter().copied();
    let mut raw = Vec::new();
    loop {
        let token = bytes.next()?;
        for _ in 0..length(token >> 4, &mut bytes)? {
            raw.push(bytes.next()?);
            if raw.len() > most {
                return None;
            }
        }
        let Some(low) = bytes.next() else {
            return Some(raw);
        };
        let offset = usize::from(u16::from_le_bytes([low, bytes.next()?]));
        let count = length(token & 15, &mut bytes)? + 4;
        if offset == 0 {
            return None;
        }
        for _ in 0..count {
            raw.push(raw[raw.len().checked_sub(offset)?]);
            if raw.len() > most {
                return None;
            }
        }
    }
}

fn length(nibble: u8, bytes: &mut impl Iterator<Item = u8>) -> Option<usize> {
    let mut length = usize::from(nibble);
    if nibble == 15 {
        loop {
            let more = bytes.next()?;
            length += usize::from(more);
            if more < 255 {
                break;
            }
        }
    }
    Some(length)
}
