//! Single values: text in, a value or what would be right out.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fault::{any_of, did_you_mean, quote};
use super::settings::{Kind, Setting};
use super::show::{show_bytes, show_duration};
use crate::shipper::{ColumnNames, LostCursor, StartPosition};
use crate::telemetry::{self, Format};

/// Unix times from here on are taken for milliseconds (as seconds, it is the year 2286).
const SECONDS_END: u64 = 10_000_000_000;

/// A duration within the setting's bounds.
pub(super) fn duration(setting: &Setting, text: &str) -> Result<Duration, String> {
    let value = humantime::parse_duration(text).map_err(|_cause| {
        format!(
            "{} is not a duration: write a number with its unit, such as 250ms, 5s or 2m",
            quote(text)
        )
    })?;
    match setting.kind {
        Kind::Duration { least, most } if !(least..=most).contains(&value) => Err(format!(
            "{} is out of bounds: use {} to {}",
            quote(text),
            show_duration(least),
            show_duration(most)
        )),
        _ => Ok(value),
    }
}

/// A number of bytes within the setting's bounds: plain, or with a unit (`MiB` = 1024 × 1024,
/// `MB` = 1000 × 1000; Kubernetes' `Mi` and `M` too).
pub(super) fn bytes(setting: &Setting, text: &str) -> Result<usize, String> {
    let value = byte_count(text).ok_or_else(|| {
        format!(
            "{} is not a number of bytes: write it plain or with its unit, such as 64MiB or 64MB",
            quote(text)
        )
    })?;
    let shown = match setting.kind {
        Kind::Bytes { least, most } if !(least..=most).contains(&value) => {
            Some((show_bytes(least), show_bytes(most)))
        }
        _ => None,
    };
    match (usize::try_from(value), shown) {
        (Ok(value), None) => Ok(value),
        (_, Some((least, most))) => Err(format!(
            "{} is out of bounds: use {least} to {most}",
            quote(text)
        )),
        (Err(_cause), None) => Err(format!("{} is more than this machine has", quote(text))),
    }
}

fn byte_count(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = |base: u64| {
        let first = unit.chars().next()?;
        let exponent = "kmgt".find(first)? + 1;
        base.checked_pow(u32::try_from(exponent).ok()?)
    };
    let factor = match unit.get(1.min(unit.len())..)? {
        "" if unit.is_empty() || unit == "b" => 1,
        "" | "b" => power(1000)?,
        "i" | "ib" => power(1024)?,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A whole number within the setting's bounds.
pub(super) fn count(setting: &Setting, text: &str) -> Result<usize, String> {
    let Kind::Count { least, most } = setting.kind else {
        return Err("is not a number".to_owned());
    };
    text.parse::<u64>()
        .ok()
        .filter(|value| (least..=most).contains(value))
        .and_then(|value| usize::try_from(value).ok())
        .ok_or_else(|| {
            format!(
                "{} is not a whole number from {least} to {most}",
                quote(text)
            )
        })
}

/// One of a few words, as what it stands for.
fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let chosen = choices.iter().find(|(word, _)| *word == text);
    chosen.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        format!(
            "{} is not a choice: use {}{}",
            quote(text),
            any_of(&words),
            did_you_mean(text, &words)
        )
    })
}

/// What follows a lost cursor.
pub(super) fn lost_cursor(_: &Setting, text: &str) -> Result<LostCursor, String> {
    let choices = [
        ("oldest", LostCursor::Oldest),
        ("newest", LostCursor::Newest),
        ("stop", LostCursor::Stop),
    ];
    choice(text, &choices)
}

/// What happens to names that Table Store would refuse.
pub(super) fn column_names(_: &Setting, text: &str) -> Result<ColumnNames, String> {
    let choices = [
        ("repair", ColumnNames::Repair),
        ("drop", ColumnNames::Drop),
        ("exact", ColumnNames::Exact),
    ];
    choice(text, &choices)
}

/// What a line of the container log looks like.
pub(super) fn log_format(_: &Setting, text: &str) -> Result<Format, String> {
    choice(text, &[("text", Format::Text), ("json", Format::Json)])
}

/// What reaches the container log.
pub(super) fn filter(_: &Setting, text: &str) -> Result<String, String> {
    match telemetry::check_filter(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A part of a credential. Never quoted.
pub(super) fn credential(text: &str) -> Result<&str, String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err("holds white space or something else that no key has, perhaps a line break at its end: set the bare value (it is not shown here)".to_owned())
    }
}

/// A region id.
pub(super) fn region(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{} is not a region id: use lower-case letters, digits and '-', such as cn-hangzhou",
            quote(text)
        ))
    }
}

/// Where a shard without a checkpoint begins, as a JSON value.
pub(super) fn start(value: &serde_json::Value) -> Result<StartPosition, String> {
    use serde_json::Value;

    const RIGHT: &str =
        "use \"begin\", \"end\", Unix seconds, or RFC 3339 such as \"2026-11-23T18:00:00Z\"";
    let (shown, seconds) = match value {
        Value::String(text) if text == "begin" => return Ok(StartPosition::Begin),
        Value::String(text) if text == "end" => return Ok(StartPosition::End),
        Value::String(text) => (quote(text), seconds_of(text)),
        Value::Number(number) => (number.to_string(), number.as_u64()),
        other => {
            return Err(format!(
                "must be a text or a number, found {}: {RIGHT}",
                what(other)
            ));
        }
    };
    match seconds {
        Some(seconds) if seconds >= SECONDS_END => Err(format!(
            "{shown} is too far ahead for Unix seconds; are these milliseconds? {RIGHT}"
        )),
        Some(seconds) => Ok(StartPosition::Since(seconds)),
        None => Err(format!("{shown} is not a start: {RIGHT}")),
    }
}

/// Unix seconds in digits or RFC 3339; `None` before 1970.
fn seconds_of(text: &str) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u64::MAX));
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp()).ok()
}

/// What a JSON value is, for messages.
pub(super) fn what(value: &serde_json::Value) -> &'static str {
    use serde_json::Value;

    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
