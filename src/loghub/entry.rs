//! One JSON object, one log.
//!
//! | member | becomes |
//! | --- | --- |
//! | `__time__` | the log's time, whole Unix seconds, as a number or as its digits; without it: now |
//! | `__time_ns_part__` | nanoseconds within the second |
//! | `__topic__`, `__source__` | the log group's topic and source |
//! | `__tag__:KEY` | the log group's tag KEY |
//! | any other | a content: a string as it is, anything else as its JSON text |

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::proto::{Content, Log};

const TAG_PREFIX: &str = "__tag__:";

/// A log, and what it shares with the others of its log group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) head: Head,
    pub(crate) log: Log,
}

/// What all logs of a log group share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) topic: Option<Bytes>,
    pub(crate) source: Option<Bytes>,
    /// Keys without `__tag__:`.
    pub(crate) tags: Vec<(Bytes, Bytes)>,
}

impl Entry {
    /// Reads a line; the fault says what is wrong with it. `now` is in Unix seconds.
    pub(crate) fn parse(line: &[u8], now: u32) -> Result<Self, String> {
        let text = std::str::from_utf8(line)
            .map_err(|fault| format!("not UTF-8 from byte {} on", fault.valid_up_to() + 1))?;
        if !text.starts_with('{') {
            return Err(format!("not a JSON object but {}", what(text)));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = (&mut deserializer)
            .deserialize_map(Members)
            .and_then(|members| deserializer.end().map(|()| members))
            .map_err(|fault| format!("not a JSON object: {}", without_line(&fault)))?;
        Self::of(members, now)
    }

    fn of(members: Vec<(Cow<'_, str>, &RawValue)>, now: u32) -> Result<Self, String> {
        let mut head = Head::default();
        let mut log = Log {
            time: now,
            contents: Vec::with_capacity(members.len()),
            time_ns: None,
        };
        for (key, value) in members {
            match &*key {
                "__time__" => log.time = number(&key, value, u32::MAX)?,
                "__time_ns_part__" => log.time_ns = Some(number(&key, value, 999_999_999)?),
                "__topic__" => head.topic = Some(text_of(value)?),
                "__source__" => head.source = Some(text_of(value)?),
                _ => match key.strip_prefix(TAG_PREFIX) {
                    Some(tag) => head
                        .tags
                        .push((Bytes::from(tag.to_owned()), text_of(value)?)),
                    None => log
                        .contents
                        .push(Content::new(key.into_owned(), text_of(value)?)),
                },
            }
        }
        Ok(Self { head, log })
    }
}

/// A string as it is, anything else as its JSON text.
fn text_of(value: &RawValue) -> Result<Bytes, String> {
    let text = value.get();
    if !text.starts_with('"') {
        return Ok(Bytes::from(text.to_owned()));
    }
    serde_json::from_str::<String>(text)
        .map(Bytes::from)
        .map_err(|fault| format!("not a JSON object: {}", without_line(&fault)))
}

fn number(key: &str, value: &RawValue, most: u32) -> Result<u32, String> {
    let text = value.get();
    let digits = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits
        .parse()
        .ok()
        .filter(|number| is_digits && *number <= most);
    let shown: String = text.chars().take(40).collect();
    number.ok_or_else(|| format!("{key} must be a whole number from 0 to {most}, found {shown}"))
}

/// What a text that is no object seems to be.
fn what(text: &str) -> &'static str {
    match text.bytes().next() {
        _ if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() => "something else",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// serde's message; every line is line 1 to it, which would be taken for the line of the file.
fn without_line(fault: &serde_json::Error) -> String {
    fault.to_string().replace("at line 1 column", "at column")
}

/// The members of an object in their order, repeated ones too, values as they are spelled.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, map.next_value()?));
        }
        Ok(members)
    }
}

/// A key, borrowed from the line where it holds no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_700_000_000;

    fn contents(entry: &Entry) -> Vec<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        let contents = entry.log.contents.iter();
        contents
            .map(|content| (text(&content.key), text(&content.value)))
            .collect()
    }

    #[test]
    fn members_go_where_they_belong() {
        let line = br#"{"__time__":1431857103,"__time_ns_part__":7,"__topic__":"access","__source__":"10.0.0.1",
            "__tag__:host":"web-1","ip":"1.2.3.4","n":1.50,"big":12345678901234567890,"b":true,"z":null,
            "o":{"a": [1]},"e":"\u00e9\n","k\u0020y":"","ip":"twice"}"#;
        let entry = Entry::parse(line, NOW).unwrap();
        assert_eq!(
            (entry.log.time, entry.log.time_ns),
            (1_431_857_103, Some(7))
        );
        let Head {
            topic,
            source,
            tags,
        } = &entry.head;
        assert_eq!(topic.as_deref(), Some(&b"access"[..]));
        assert_eq!(source.as_deref(), Some(&b"10.0.0.1"[..]));
        assert_eq!(tags, &[(Bytes::from("host"), Bytes::from("web-1"))]);
        assert_eq!(
            contents(&entry),
            [
                ("ip", "1.2.3.4"),
                ("n", "1.50"),
                ("big", "12345678901234567890"),
                ("b", "true"),
                ("z", "null"),
                ("o", r#"{"a": [1]}"#),
                ("e", "\u{e9}\n"),
                ("k y", ""),
                ("ip", "twice"),
            ]
        );
    }

    #[test]
    fn without_a_time_it_is_now() {
        assert_eq!(Entry::parse(b"{}", NOW).unwrap().log.time, NOW);
        assert_eq!(
            Entry::parse(br#"{"__time__":"12"}"#, NOW).unwrap().log.time,
            12
        );
    }

    #[test]
    fn faults_name_what_is_there_instead() {
        for (line, fault) in [
            (&b"[1]"[..], "not a JSON object but an array"),
            (b"12", "not a JSON object but a number"),
            (b"null", "not a JSON object but null"),
            (b"hello", "not a JSON object but something else"),
            (
                b"{\"a\":",
                "not a JSON object: EOF while parsing a value at column 5",
            ),
            (
                b"{\"a\":1} x",
                "not a JSON object: trailing characters at column 9",
            ),
            (b"{\"a\":\"\xff\"}", "not UTF-8 from byte 7 on"),
            (b"{\"a\":\"\\ud800\"}", "not a JSON object: "),
            (
                b"{\"__time__\":1.5}",
                "__time__ must be a whole number from 0 to 4294967295, found 1.5",
            ),
            (
                b"{\"__time__\":-1}",
                "__time__ must be a whole number from 0 to 4294967295, found -1",
            ),
            (
                b"{\"__time_ns_part__\":1000000000}",
                "__time_ns_part__ must be a whole number from 0 to 999999999",
            ),
        ] {
            let found = Entry::parse(line, NOW).unwrap_err();
            assert!(found.starts_with(fault), "{found}");
        }
    }
}
