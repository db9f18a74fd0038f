//! Answers: what a refusal says, and how the good ones are read.

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::loghub::compression::{Compression, MAX_RAW_BYTES, decompress};
use crate::loghub::model::{Cursor, Pull, PullSize};
use crate::transport::Response;

/// Characters of a text of the peer that an error shows, where a few should do.
pub(super) const EXCERPT_CHARS: usize = 200;

/// Characters of the service's message that an error shows; its messages are a line or two.
pub(super) const MESSAGE_CHARS: usize = 1000;

/// Bytes of a body that are looked at for an excerpt.
const EXCERPT_BYTES: usize = 16 << 10;

/// Why an answer is no success, in the words of the peer: they may be long, and quote secrets.
pub(super) enum Refusal {
    /// The service says so.
    Service { code: String, message: String },
    /// It is not in the service's language: what is wrong with it.
    Unusable(String),
}

/// Reads the body of an answer whose status is not 200.
///
/// The service sends `{"errorCode":..,"errorMessage":..}`; the Node SDK also knows
/// `{"Error":{"Code":..,"Message":..}}`. Proxies send pages, or nothing.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let forms = [
        (&json["errorCode"], &json["errorMessage"]),
        (&json["Error"]["Code"], &json["Error"]["Message"]),
    ];
    let said = forms.into_iter().find_map(|(code, message)| {
        let code = code.as_str().filter(|code| !code.is_empty())?;
        Some((code, message.as_str().unwrap_or_default()))
    });
    match said {
        Some((code, message)) => Refusal::Service {
            code: code.to_owned(),
            message: message.to_owned(),
        },
        None => Refusal::Unusable("not in the words of log service".to_owned()),
    }
}

/// The id by which the vendor finds a request again, as long as the peer made it.
pub(super) fn request_id(response: &Response) -> &str {
    header(response.headers(), "x-log-requestid").unwrap_or("none")
}

/// A body of JSON.
pub(super) fn json<T: DeserializeOwned>(response: &Response) -> Result<T, String> {
    serde_json::from_slice(response.body())
        .map_err(|error| format!("not the JSON expected, {error}"))
}

/// A pull at `cursor`: sizes checked against what the headers claim, body decompressed; where
/// there is no room for it, its size alone.
///
/// | header | missing | else |
/// | --- | --- | --- |
/// | `x-log-count` | unusable | number of log groups |
/// | `x-log-bodyrawsize` | unusable | exact size after decompression; 0 = no body, whatever its compression |
/// | `x-log-cursor` | stays at `cursor` where there is no body, else unusable | empty: stays at `cursor` (Java and Python SDKs) |
/// | `x-log-compresstype` | plain | `lz4`, `zstd`; others are unusable, as they were not asked for |
pub(super) fn pull(
    response: &Response,
    cursor: &Cursor,
    has_room: impl FnOnce(PullSize) -> bool,
) -> Result<Result<Pull, PullSize>, String> {
    let (headers, body) = (response.headers(), response.body());
    let group_count = number(headers, "x-log-count")?;
    let raw_size: usize = number(headers, "x-log-bodyrawsize")?;
    if raw_size == 0 && group_count > 0 {
        // Going on from the next cursor would lose them.
        return Err(format!("{group_count} log groups are claimed, but no body"));
    }
    let next = match header(headers, "x-log-cursor") {
        Some("") => cursor.clone(),
        Some(next) => Cursor::new(next),
        None if raw_size == 0 && body.is_empty() => cursor.clone(),
        None => return Err("the header x-log-cursor is missing".to_owned()),
    };
    let size = PullSize {
        raw_bytes: raw_size,
        wire_bytes: body.len(),
        group_count,
    };
    if raw_size <= MAX_RAW_BYTES && !has_room(size) {
        return Ok(Err(size));
    }
    Ok(Ok(Pull {
        data: raw(header(headers, "x-log-compresstype"), body, raw_size)?,
        group_count,
        next,
        wire_bytes: body.len(),
    }))
}

/// The body as it was before compression, of exactly `raw_size` bytes.
fn raw(compression: Option<&str>, body: &Bytes, raw_size: usize) -> Result<Bytes, String> {
    if raw_size == 0 {
        return Ok(Bytes::new());
    }
    let Some(word) = compression.filter(|word| !word.is_empty()) else {
        let actual = body.len();
        let whole = actual == raw_size;
        return whole
            .then(|| body.clone())
            .ok_or_else(|| format!("a body of {raw_size} bytes is claimed, but it has {actual}"));
    };
    let kind = Compression::parse(word).ok_or_else(|| {
        let word = one_line(word, EXCERPT_CHARS);
        format!("its compression {word} is neither lz4 nor zstd")
    })?;
    decompress(kind, body, raw_size).map_err(|error| error.to_string())
}

/// The trimmed text of a header; `None` where it is missing or no text.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim())
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Result<T, String> {
    let text = header(headers, name).ok_or_else(|| format!("the header {name} is missing"))?;
    let shown = || one_line(text, EXCERPT_CHARS);
    text.parse()
        .map_err(|_refused| format!("the header {name} is no number in range: {}", shown()))
}

/// The beginning of a body that cannot be used, to say what it is; secrets are still in it.
pub(super) fn beginning(body: &[u8]) -> String {
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    let beginning = body.get(..EXCERPT_BYTES).unwrap_or(body);
    let text = String::from_utf8_lossy(beginning).into_owned();
    if text.contains(|char: char| char.is_control() && !char.is_whitespace()) {
        return format!("{} bytes that are no text", body.len());
    }
    text
}

/// At most `most` characters of `text`, without line breaks and other control characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let printable = text.replace(char::is_control, " ");
    let words: Vec<_> = printable.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most - 1).chain(['…']).collect()
}
