use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::loghub::testing::{hex, vectors};

/// `{"hex"}`, `{"repeat_hex","count"}` or `{"concat":[..]}`.
fn raw(value: &Value) -> Vec<u8> {
    if let Some(parts) = value["concat"].as_array() {
        return parts.iter().flat_map(raw).collect();
    }
    if let Some(count) = value["count"].as_u64() {
        return hex(&value["repeat_hex"]).repeat(count.try_into().unwrap());
    }
    hex(&value["hex"])
}

#[test]
fn bodies_of_the_sdk_are_read_and_ours_read_back() {
    let vectors = vectors("compression.json");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 26);
    for case in cases {
        let id = &case["id"];
        let expected = raw(&case["raw"]);
        assert_eq!(
            Some(expected.len()),
            case["raw_size"].as_u64().map(|n| n.try_into().unwrap())
        );
        for (kind, field) in [
            (Compression::Lz4, "lz4_hex"),
            (Compression::Zstd, "zstd_hex"),
        ] {
            let theirs = decompress(kind, &hex(&case[field]), expected.len());
            assert_eq!(theirs.unwrap(), expected, "{id} {field}");
            let ours = decompress(kind, &compress(kind, &expected), expected.len());
            assert_eq!(ours.unwrap(), expected, "{id} {field}");
        }
    }
}

#[test]
fn odd_blocks_are_read_and_bad_ones_refused() {
    let vectors = vectors("compression.json");
    let cases = vectors["lz4_decode_only"].as_array().unwrap();
    assert_eq!(cases.len(), 11);
    let mut refused = 0;
    for case in cases {
        let raw_size = usize::try_from(case["raw_size"].as_u64().unwrap()).unwrap();
        let outcome = decompress(Compression::Lz4, &hex(&case["block_hex"]), raw_size);
        if case["expected_hex"].is_null() {
            assert!(outcome.is_err(), "{} gave {outcome:?}", case["id"]);
            refused += 1;
        } else {
            assert_eq!(
                outcome.unwrap(),
                hex(&case["expected_hex"]),
                "{}",
                case["id"]
            );
        }
    }
    assert_eq!(refused, 7);
}

#[test]
fn a_claim_must_be_the_length_exactly() {
    let raw = b"twenty bytes of text".repeat(20);
    for kind in [Compression::Lz4, Compression::Zstd] {
        let body = compress(kind, &raw);
        for wrong in [
            0,
            1,
            raw.len() - 1,
            raw.len() + 1,
            raw.len() * 2,
            MAX_RAW_BYTES,
        ] {
            assert!(decompress(kind, &body, wrong).is_err(), "{kind:?} {wrong}");
        }
        assert!(decompress(kind, &body[..body.len() - 1], raw.len()).is_err());
        assert!(decompress(kind, b"<html>", raw.len()).is_err());
        let error = decompress(kind, &body, MAX_RAW_BYTES + 1).unwrap_err();
        assert!(
            matches!(error, CompressionError::TooLarge { .. }),
            "{error}"
        );
        assert!(decompress(kind, &body, usize::MAX).is_err());
    }
}

#[test]
fn an_impossible_ratio_allocates_nothing() {
    let error = decompress(Compression::Lz4, &[0xff; 100], MAX_RAW_BYTES).unwrap_err();
    assert!(matches!(error, CompressionError::Length { .. }), "{error}");
    assert!(error.to_string().contains("67108864"), "{error}");
}

#[test]
fn zstd_reads_several_frames_and_frames_without_a_size() {
    let mut body = compress(Compression::Zstd, b"one ");
    body.extend(compress(Compression::Zstd, b"two"));
    assert_eq!(decompress(Compression::Zstd, &body, 7).unwrap(), "one two");
    // A streaming writer does not know the size when it writes the header.
    let streamed = zstd::stream::encode_all(&b"streamed"[..], 1).unwrap();
    assert_eq!(
        decompress(Compression::Zstd, &streamed, 8).unwrap(),
        "streamed"
    );
}

#[test]
fn words_are_read_in_any_case() {
    assert_eq!(Compression::parse("LZ4"), Some(Compression::Lz4));
    assert_eq!(Compression::parse(" zstd"), Some(Compression::Zstd));
    assert_eq!(Compression::parse("gzip"), None);
}

fn kinds() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::Lz4), Just(Compression::Zstd)]
}

proptest! {
    #[test]
    fn any_bytes_come_back(
        kind in kinds(),
        chunk in prop::collection::vec(any::<u8>(), 0..300),
        times in 0_usize..40,
    ) {
        let raw = chunk.repeat(times);
        let body = compress(kind, &raw);
        prop_assert_eq!(decompress(kind, &body, raw.len()).unwrap(), raw);
    }

    #[test]
    fn random_bytes_never_panic(
        kind in kinds(),
        body in prop::collection::vec(any::<u8>(), 0..200),
        raw_size in prop_oneof![0_usize..600, any::<usize>()],
    ) {
        if let Ok(raw) = decompress(kind, &body, raw_size) {
            prop_assert_eq!(raw.len(), raw_size);
        }
    }

    #[test]
    fn damaged_bodies_never_panic(
        kind in kinds(),
        raw in prop::collection::vec(0_u8..4, 1..400),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = compress(kind, &raw);
        let at = at.index(body.len());
        body[at] = byte;
        if let Ok(back) = decompress(kind, &body, raw.len()) {
            prop_assert_eq!(back.len(), raw.len());
        }
    }
}
