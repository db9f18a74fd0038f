//! CRC-8 as `PlainBuffer` uses it: polynomial x⁸+x²+x+1 (0x07), initial value 0, not reflected, no
//! final XOR (CRC-8/SMBUS; source: the Java SDK's `PlainBufferCrc8`).
//!
//! Every name and value of every row is summed up, so this is done without a table lookup per
//! byte. The polynomial divides x¹²⁷+1, hence 16 bytes of data can be carried past by a shift of one
//! bit (x¹²⁸ = x¹²⁷·x = x), and only the 128 bits that are left at the end are reduced to eight.

/// The checksum of each byte.
const TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    let mut byte: u8 = 0;
    while index < table.len() {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x80 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x07
            };
            bit += 1;
        }
        table[index] = crc;
        byte = byte.wrapping_add(1);
        index += 1;
    }
    table
}

/// The checksum `crc` carried on over one more byte.
#[inline]
#[expect(clippy::as_conversions, reason = "`From` is not const yet")]
pub const fn update(crc: u8, byte: u8) -> u8 {
    TABLE[(crc ^ byte) as usize]
}

/// The checksum `crc` carried on over `data`.
#[inline]
pub fn bytes(crc: u8, data: &[u8]) -> u8 {
    Sum::resume(crc).bytes(data).checksum()
}

/// The checksum `crc` carried on over the four bytes of `word`, low byte first.
#[inline]
pub fn u32_le(crc: u8, word: u32) -> u8 {
    Sum::resume(crc).u32_le(word).checksum()
}

/// The checksum `crc` carried on over the eight bytes of `word`, low byte first.
#[inline]
pub fn u64_le(crc: u8, word: u64) -> u8 {
    Sum::resume(crc).u64_le(word).checksum()
}

/// A checksum under way: all bytes so far, high bits first, as a polynomial modulo x¹²⁷+1. Cheaper
/// than checksum after checksum where data comes in pieces.
#[derive(Clone, Copy, Debug)]
pub struct Sum(u128);

impl Sum {
    /// Goes on from the checksum `crc`, with one more byte.
    #[inline]
    pub fn new(crc: u8, byte: u8) -> Self {
        Self(u128::from(crc ^ byte))
    }

    /// Goes on from the checksum `crc`, which is the sum times x⁸; and x⁻⁸ is x¹¹⁹.
    #[inline]
    fn resume(crc: u8) -> Self {
        Self(u128::from(crc) << 119)
    }

    /// The sum with the four bytes of `word` added, low byte first.
    #[inline]
    #[must_use]
    pub fn u32_le(self, word: u32) -> Self {
        Self(self.shifted(32) ^ u128::from(word.swap_bytes()))
    }

    /// The sum with the eight bytes of `word` added, low byte first.
    #[inline]
    #[must_use]
    pub fn u64_le(self, word: u64) -> Self {
        Self(self.shifted(64) ^ u128::from(word.swap_bytes()))
    }

    /// The sum with `data` added.
    #[inline]
    #[must_use]
    pub fn bytes(self, data: &[u8]) -> Self {
        let (head, blocks) = data.as_rchunks::<16>();
        blocks.iter().fold(self.short(head), |sum, block| {
            // x¹²⁸ = x
            Self(sum.shifted(1) ^ u128::from_be_bytes(*block))
        })
    }

    /// The sum with fewer than 16 bytes added: read in two halves that overlap.
    #[inline]
    fn short(self, data: &[u8]) -> Self {
        let bits = 8 * u32::try_from(data.len()).unwrap_or(0);
        let added = if let (Some(first), Some(last)) =
            (data.first_chunk::<8>(), data.last_chunk::<8>())
        {
            let first = u128::from(u64::from_be_bytes(*first)) << (bits - 64);
            first | u128::from(u64::from_be_bytes(*last))
        } else if let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>())
        {
            let first = u64::from(u32::from_be_bytes(*first)) << (bits - 32);
            u128::from(first | u64::from(u32::from_be_bytes(*last)))
        } else {
            let bytes = data.iter();
            bytes.fold(0, |added, byte| added << 8 | u128::from(*byte))
        };
        if data.is_empty() {
            return self;
        }
        Self(self.shifted(bits) ^ added)
    }

    /// The sum times x to the power of `bits`, 1..=127: what goes over the top comes back one up.
    #[inline]
    fn shifted(self, bits: u32) -> u128 {
        let Self(sum) = self;
        (sum << bits) ^ (sum >> (128 - bits) << 1)
    }

    /// The checksum of everything so far.
    #[inline]
    pub fn checksum(self) -> u8 {
        // x³² = x⁴+x²+x, x⁶⁴ = x⁴+x+1, x⁹⁶ = x⁶+x⁴+x³+x²+1: 128 bits become 39.
        let words = self.0.to_be_bytes();
        let (words, _) = words.as_chunks::<4>();
        let word = |at: usize| u64::from(u32::from_be_bytes(words[at]));
        let (a, b, c, d) = (word(0), word(1), word(2), word(3));
        let a = a << 6 ^ a << 4 ^ a << 3 ^ a << 2 ^ a;
        let b = b << 4 ^ b << 1 ^ b;
        let c = c << 4 ^ c << 2 ^ c << 1;
        // x¹⁶ = x⁴+x²+1: they become 27, then 16.
        let fold = |bits: u64| {
            let high = bits >> 16;
            bits & 0xffff ^ high ^ high << 2 ^ high << 4
        };
        let [.., high, low] = fold(fold(a ^ b ^ c ^ d)).to_be_bytes();
        update(update(0, high), low)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tablestore::vectors::{self, hex, integer};

    fn bytewise(crc: u8, data: &[u8]) -> u8 {
        data.iter().fold(crc, |crc, byte| update(crc, *byte))
    }

    fn small(value: &serde_json::Value) -> u8 {
        u8::try_from(value.as_u64().unwrap()).unwrap()
    }

    #[test]
    fn recorded_table_and_checks() {
        let recorded = vectors::load("crc8.json");
        let table: Vec<u8> = recorded["table"]
            .as_array()
            .unwrap()
            .iter()
            .map(small)
            .collect();
        assert_eq!(table, TABLE);
        let checks = recorded["checks"].as_array().unwrap();
        assert!(checks.len() >= 10);
        for check in checks {
            let data = hex(&check["bytes_hex"]);
            assert_eq!(
                bytes(small(&check["seed"]), &data),
                small(&check["crc8"]),
                "{check}"
            );
        }
        for check in recorded["int_checks"].as_array().unwrap() {
            let (value, seed) = (integer(&check["value"]), small(&check["seed"]));
            let found = if check["type"] == "int32" {
                u32_le(seed, i32::try_from(value).unwrap().cast_unsigned())
            } else {
                u64_le(seed, value.cast_unsigned())
            };
            assert_eq!(found, small(&check["crc8"]), "{check}");
        }
    }

    proptest! {
        #[test]
        fn steps_and_bytes_agree(crc: u8, data in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(bytes(crc, &data), bytewise(crc, &data));
        }

        #[test]
        fn words_and_bytes_agree(crc: u8, word: u64, half: u32) {
            prop_assert_eq!(u64_le(crc, word), bytewise(crc, &word.to_le_bytes()));
            prop_assert_eq!(u32_le(crc, half), bytewise(crc, &half.to_le_bytes()));
        }
    }
}
