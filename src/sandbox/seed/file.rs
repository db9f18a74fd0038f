//! A seed as it is written down.

use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::tablestore::PrimaryKeyType;
use crate::transport::Secret;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) access_keys: Vec<Key>,
    pub(super) projects: Vec<Project>,
    pub(super) tables: Vec<Table>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: SecretText,
    pub(super) token: Option<SecretText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) logstores: Vec<Logstore>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logstore {
    pub(super) name: String,
    #[serde(default = "two")]
    pub(super) shards: u32,
    /// Days.
    #[serde(default = "thirty")]
    pub(super) ttl: u64,
    #[serde(default)]
    pub(super) consumer_groups: Vec<Group>,
    /// Read by [`crate::loghub::entry`], as `loghub-shipper put` does.
    #[serde(default)]
    pub(super) logs: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    /// Seconds.
    #[serde(default = "thirty")]
    pub(super) timeout: u64,
    #[serde(default)]
    pub(super) order: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) primary_key: Vec<KeyColumn>,
    #[serde(default)]
    pub(super) options: Options,
    #[serde(default)]
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyColumn {
    pub(super) name: String,
    pub(super) r#type: KeyType,
    #[serde(default)]
    pub(super) auto_increment: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum KeyType {
    String,
    Integer,
    Binary,
}

impl From<KeyType> for PrimaryKeyType {
    fn from(kind: KeyType) -> Self {
        match kind {
            KeyType::String => Self::String,
            KeyType::Integer => Self::Integer,
            KeyType::Binary => Self::Binary,
        }
    }
}

/// What is not named is as in a table that `loghub-shipper sandbox --table` creates.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    /// Seconds; -1 = for ever.
    pub(super) time_to_live: Option<i32>,
    pub(super) max_versions: Option<i32>,
    /// Seconds.
    pub(super) max_deviation: Option<i64>,
    pub(super) allow_update: Option<bool>,
}

/// Values are read by [`crate::sandbox::row_json`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) key: Map<String, Value>,
    #[serde(default)]
    pub(super) columns: Map<String, Value>,
}

/// A secret: what is none is not shown either.
#[derive(Debug)]
pub(super) struct SecretText(pub(super) Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if !text.is_empty() => Ok(Self(Secret::new(text))),
            _ => Err(de::Error::custom("this must be a string, and not empty")),
        }
    }
}

fn two() -> u32 {
    2
}

fn thirty() -> u64 {
    30
}
