//! Digests in the spellings that Log Service wants.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// `Content-MD5` of a body as sent: upper-case hex, not base64 as HTTP has it.
pub fn content_md5(body: &[u8]) -> String {
    hex(&Md5::digest(body), UPPER)
}

/// `x-log-content-sha256` of a body as sent: lower-case hex.
pub fn content_sha256(body: &[u8]) -> String {
    if body.is_empty() {
        // Every call without a body needs it.
        return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
    }
    lower_hex(&Sha256::digest(body))
}

pub(super) fn lower_hex(bytes: &[u8]) -> String {
    hex(bytes, LOWER)
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(digits[usize::from(digit)]))
        .collect()
}

pub(super) fn hmac_sha1(key: &[u8], text: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

pub(super) fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}
