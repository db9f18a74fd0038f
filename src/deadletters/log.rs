//! A log as a letter keeps it: whole, in order, byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::loghub::decode::{self, Group, LogGroupList, Span};
use crate::loghub::proto::{self, Content, Log, LogGroup, LogTag};

/// A log and what it shared with its group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LogJson", into = "LogJson")]
pub struct WholeLog {
    /// Topic of its group.
    pub topic: Bytes,
    /// Source of its group.
    pub source: Bytes,
    /// Tags of its group: key and value, in order.
    pub tags: Vec<(Bytes, Bytes)>,
    /// The log itself.
    pub body: Body,
}

/// A log itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Its time, nanoseconds and contents, in order, repeated keys too.
    Log(Log),
    /// Its bytes, where they are no log.
    Malformed(Bytes),
}

impl WholeLog {
    /// Copies a log out of a pull, as it was pulled: what is not UTF-8 stays what it is.
    pub fn read(list: &LogGroupList, group: &Group, span: Span) -> Self {
        let data = list.data();
        let copy = |span: Span| Bytes::copy_from_slice(span.of(data));
        let head = list.raw_head(group);
        let mut contents = Vec::new();
        let time = decode::walk_log(data, span, |key, value| {
            contents.push(Content {
                key: copy(key),
                value: copy(value),
            });
        });
        let body = match time {
            Ok(time) => Body::Log(Log {
                time: time.seconds,
                contents,
                time_ns: time.nanos,
            }),
            Err(_malformed) => Body::Malformed(copy(span)),
        };
        let tags = head.tags.iter();
        Self {
            topic: copy(head.topic),
            source: copy(head.source),
            tags: tags
                .map(|(key, value)| (copy(*key), copy(*value)))
                .collect(),
            body,
        }
    }

    /// A log group with nothing but this log, encoded.
    fn group(&self) -> Vec<u8> {
        let some = |bytes: &Bytes| Some(bytes.clone()).filter(|bytes| !bytes.is_empty());
        let tags = self.tags.iter().map(|(key, value)| LogTag {
            key: key.clone(),
            value: value.clone(),
        });
        let head = LogGroup {
            topic: some(&self.topic),
            source: some(&self.source),
            tags: tags.collect(),
            ..LogGroup::default()
        };
        match &self.body {
            Body::Log(log) => proto::encode_group(&head, &proto::encode_log(log)),
            Body::Malformed(bytes) => proto::encode_group(&head, bytes),
        }
    }

    /// SHA-256 of the log and what it shared with its group.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.group()).into()
    }

    /// How many bytes the log has, about.
    pub fn len(&self) -> usize {
        let head = self
            .tags
            .iter()
            .fold(0, |sum, (key, value)| sum + key.len() + value.len());
        let body = match &self.body {
            Body::Log(log) => log.contents.iter().fold(0, |sum, content| {
                sum + content.key.len() + content.value.len()
            }),
            Body::Malformed(bytes) => bytes.len(),
        };
        head + body + self.topic.len() + self.source.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Logs as one pull brings them, each in a group of its own.
pub fn as_pull<'l>(logs: impl IntoIterator<Item = &'l WholeLog>) -> Bytes {
    proto::encode_list(logs.into_iter().map(WholeLog::group))
}

/// The JSON form: members of a fixed order, pairs as arrays of two.
#[derive(Serialize, Deserialize)]
struct LogJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_ns: Option<u32>,
    #[serde(default)]
    topic: Text,
    #[serde(default)]
    source: Text,
    #[serde(default)]
    tags: Vec<(Text, Text)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contents: Option<Vec<(Text, Text)>>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    malformed: Option<String>,
}

/// A text as it is where it is UTF-8, else `{"base64": "..."}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Bytes { base64: String },
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl From<Bytes> for Text {
    fn from(bytes: Bytes) -> Self {
        match String::from_utf8(bytes.into()) {
            Ok(text) => Self::Plain(text),
            Err(bytes) => Self::Bytes {
                base64: STANDARD.encode(bytes.as_bytes()),
            },
        }
    }
}

impl TryFrom<Text> for Bytes {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        match text {
            Text::Plain(text) => Ok(text.into()),
            Text::Bytes { base64 } => decode_base64(&base64),
        }
    }
}

fn decode_base64(text: &str) -> Result<Bytes, String> {
    STANDARD
        .decode(text)
        .map(Bytes::from)
        .map_err(|fault| format!("bytes that are no base64: {fault}"))
}

fn pairs(pairs: Vec<(Text, Text)>) -> Result<Vec<(Bytes, Bytes)>, String> {
    let pair = |(key, value): (Text, Text)| Ok((key.try_into()?, value.try_into()?));
    pairs.into_iter().map(pair).collect()
}

impl From<WholeLog> for LogJson {
    fn from(log: WholeLog) -> Self {
        let pair = |(key, value): (Bytes, Bytes)| (key.into(), value.into());
        let mut json = Self {
            time: None,
            time_ns: None,
            topic: log.topic.into(),
            source: log.source.into(),
            tags: log.tags.into_iter().map(pair).collect(),
            contents: None,
            malformed: None,
        };
        match log.body {
            Body::Log(log) => {
                let contents = log.contents.into_iter();
                let contents = contents.map(|content| pair((content.key, content.value)));
                json.time = Some(log.time);
                json.time_ns = log.time_ns;
                json.contents = Some(contents.collect());
            }
            Body::Malformed(bytes) => json.malformed = Some(STANDARD.encode(bytes)),
        }
        json
    }
}

impl TryFrom<LogJson> for WholeLog {
    type Error = String;

    fn try_from(json: LogJson) -> Result<Self, String> {
        let body = match (json.time, json.contents, json.malformed) {
            (Some(time), Some(contents), None) => {
                let contents = pairs(contents)?.into_iter();
                Body::Log(Log {
                    time,
                    contents: contents
                        .map(|(key, value)| Content { key, value })
                        .collect(),
                    time_ns: json.time_ns,
                })
            }
            (None, None, Some(base64)) => Body::Malformed(decode_base64(&base64)?),
            _ => return Err("a log has either time and contents, or malformed bytes".to_owned()),
        };
        Ok(Self {
            topic: json.topic.try_into()?,
            source: json.source.try_into()?,
            tags: pairs(json.tags)?,
            body,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    /// A log with these contents, a topic, a source and a tag.
    pub(in crate::deadletters) fn log_of(contents: &[(&'static str, &'static str)]) -> WholeLog {
        let contents = contents.iter();
        WholeLog {
            topic: "smile".into(),
            source: "10.0.2.15".into(),
            tags: vec![("host".into(), "web-1".into())],
            body: Body::Log(Log {
                time: 1_469_102_565,
                contents: contents
                    .map(|(key, value)| Content::new(*key, *value))
                    .collect(),
                time_ns: None,
            }),
        }
    }

    fn bytes() -> impl Strategy<Value = Bytes> {
        let any = proptest::collection::vec(any::<u8>(), 0..6).prop_map(Bytes::from);
        let text = "[a-z\"\\\\\u{0}é]{0,5}".prop_map(Bytes::from);
        prop_oneof![any, text]
    }

    fn logs() -> impl Strategy<Value = WholeLog> {
        let pairs = || proptest::collection::vec((bytes(), bytes()), 0..4);
        let log =
            (any::<u32>(), any::<Option<u32>>(), pairs()).prop_map(|(time, time_ns, pairs)| {
                let contents = pairs.into_iter();
                Body::Log(Log {
                    time,
                    time_ns,
                    contents: contents
                        .map(|(key, value)| Content { key, value })
                        .collect(),
                })
            });
        // Field number 0 is in no message.
        let malformed = bytes().prop_map(|tail| {
            let bytes = [&[0x02, 0x01][..], &tail].concat();
            Body::Malformed(bytes.into())
        });
        (
            bytes(),
            bytes(),
            pairs(),
            prop_oneof![4 => log, 1 => malformed],
        )
            .prop_map(|(topic, source, tags, body)| WholeLog {
                topic,
                source,
                tags,
                body,
            })
    }

    proptest! {
        /// Whatever bytes a log holds, its JSON form and a replayed pull give them back.
        #[test]
        fn a_log_comes_back_byte_for_byte(logs in proptest::collection::vec(logs(), 1..4)) {
            for log in &logs {
                let json = serde_json::to_string(log).unwrap();
                prop_assert_eq!(&serde_json::from_str::<WholeLog>(&json).unwrap(), log);
            }
            let list = LogGroupList::index(as_pull(&logs)).unwrap();
            let read: Vec<_> = list
                .groups()
                .iter()
                .map(|group| WholeLog::read(&list, group, list.logs()[group.logs.start]))
                .collect();
            prop_assert_eq!(read, logs);
        }
    }

    #[test]
    fn the_json_form_is_for_people() {
        let mut log = log_of(&[("id", "a"), ("id", "twice")]);
        let Body::Log(body) = &mut log.body else {
            unreachable!("it is a log")
        };
        body.contents.push(Content::new("bad", &b"\xff\xfe"[..]));
        assert_eq!(
            serde_json::to_string(&log).unwrap(),
            concat!(
                r#"{"time":1469102565,"topic":"smile","source":"10.0.2.15","tags":[["host","web-1"]],"#,
                r#""contents":[["id","a"],["id","twice"],["bad",{"base64":"//4="}]]}"#
            )
        );
        log.body = Body::Malformed(Bytes::from_static(b"\x02"));
        let json = serde_json::to_string(&log).unwrap();
        assert!(json.ends_with(r#""malformed":"Ag=="}"#), "{json}");
    }

    #[test]
    fn what_is_no_log_is_told() {
        for (json, fault) in [
            ("{}", "either time and contents"),
            (
                r#"{"time":1,"contents":[],"malformed":""}"#,
                "either time and contents",
            ),
            (r#"{"malformed":"?"}"#, "no base64"),
            (r#"{"time":-1,"contents":[]}"#, "invalid value"),
        ] {
            let found = serde_json::from_str::<WholeLog>(json)
                .unwrap_err()
                .to_string();
            assert!(found.contains(fault), "{found}");
        }
    }

    #[test]
    fn a_group_of_a_letter_is_a_log_group() {
        let bytes = log_of(&[("id", "a")]).group();
        let group = LogGroup::decode(&*bytes).unwrap();
        assert_eq!(group.logs.len(), 1);
        assert_eq!(group.topic.as_deref(), Some(&b"smile"[..]));
    }
}
