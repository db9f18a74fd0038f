//! Reading the recordings under `tests/vectors/log-service`, for the tests of this room.

use serde_json::Value;

/// One file of recordings.
pub(crate) fn vectors(file: &str) -> Value {
    let path = format!(
        "{}/tests/vectors/log-service/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap()
}

/// The bytes of a hex text.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let digits: Vec<u8> = value
        .as_str()
        .unwrap()
        .chars()
        .map(|digit| digit.to_digit(16).unwrap().try_into().unwrap())
        .collect();
    assert_eq!(digits.len() % 2, 0);
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The bytes of a text, or of `{"$hex": ..}` where they are not UTF-8.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => text.into(),
        None => hex(&value["$hex"]),
    }
}

/// A list of pairs of texts.
pub(crate) fn pairs(value: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = value.as_array().unwrap().iter();
    list.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

/// Recorded headers, with the lower-case names that signatures want.
pub(crate) fn headers(value: &Value) -> Vec<(String, String)> {
    let pairs = pairs(value).into_iter();
    pairs
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect()
}
