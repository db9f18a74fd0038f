//! The letter itself.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::log::WholeLog;
use super::position::Place;
use crate::loghub::{self, ConsumerGroupName};

/// The longest message that a letter keeps, in bytes: letters that wait for their sink are held in
/// memory.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Whose letters they are: one logstore, read by one consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `PROJECT|LOGSTORE`.
    pub project_logstore: String,
    /// The consumer group. Two groups may read one logstore into different columns of one table,
    /// so that a log may have a letter of each.
    pub consumer_group: String,
}

/// What names a letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// `PROJECT|LOGSTORE`.
    pub project_logstore: String,
    /// The consumer group that read the log.
    pub consumer_group: String,
    /// The shard.
    pub shard: u32,
    /// Where the log stood in the shard, and its digest; sorts in shard order. See the
    /// [room](super).
    pub position: String,
}

impl Origin {
    /// The letters of whoever reads this logstore as this group.
    pub fn of(source: &loghub::Settings, group: &ConsumerGroupName) -> Self {
        Self {
            project_logstore: format!("{}|{}", source.project, source.logstore),
            consumer_group: group.to_string(),
        }
    }
}

impl Key {
    /// Whether the letter is of this origin.
    pub fn is_of(&self, origin: &Origin) -> bool {
        self.project_logstore == origin.project_logstore
            && self.consumer_group == origin.consumer_group
    }

    /// As good as the key itself, in 16 bytes.
    pub(super) fn fingerprint(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in [&self.project_logstore, &self.consumer_group, &self.position] {
            hash.update(part);
            hash.update([0]);
        }
        hash.update(self.shard.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        half
    }
}

/// A log that did not become a row, with why, whence and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// What names it.
    #[serde(flatten)]
    pub key: Key,
    /// Where the log came from: the cursor of the pull and the place in it.
    #[serde(flatten)]
    pub place: Place,
    /// Why it did not become a row.
    #[serde(flatten)]
    pub reason: Reason,
    /// When the log was given up, Unix milliseconds: what was written to its row later is newer.
    #[serde(rename = "parked_at")]
    pub parked_at_millis: i64,
    /// The consumer that gave it up.
    pub shipper_id: String,
    /// The table that was to get the row.
    pub target_table: String,
    /// The log.
    pub log: WholeLog,
}

/// Why a log did not become a row, the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The service's error code, or ours.
    pub code: String,
    /// In words.
    pub message: String,
    /// Hash of the configuration that decided; see [`configuration`].
    pub configuration: String,
    /// When a replay tried it in vain, Unix milliseconds.
    #[serde(
        rename = "replayed_at",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub replayed_at_millis: Option<i64>,
}

/// As much of a message as a letter keeps.
pub fn short(message: &str) -> String {
    let end = message.floor_char_boundary(MAX_MESSAGE_BYTES);
    match message.get(..end) {
        Some(cut) if cut.len() < message.len() => format!("{cut}…"),
        _ => message.to_owned(),
    }
}

/// A hash of all that could change what becomes of a log, given as texts in a fixed order: 16 hex
/// digits. A letter with another hash than the present one may be cured by what was changed.
pub fn configuration<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    super::position::hex(&digest[..8])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::deadletters::log::tests::log_of;

    /// A letter of the log `id`, at this place of shard 3.
    pub(in crate::deadletters) fn letter(place: u64, id: &'static str) -> Letter {
        Letter {
            key: Key {
                project_logstore: "demo|access".to_owned(),
                consumer_group: "shippers".to_owned(),
                shard: 3,
                position: format!("{place:020}-000000-{id}"),
            },
            place: Place {
                cursor: "MTIz".to_owned(),
                group: place,
                log: 0,
            },
            reason: Reason {
                code: "KeyMissing".to_owned(),
                message: "primary key column \"id\" is missing".to_owned(),
                configuration: "0123456789abcdef".to_owned(),
                replayed_at_millis: None,
            },
            parked_at_millis: 1_700_000_000_123,
            shipper_id: "shipper-1".to_owned(),
            target_table: "access".to_owned(),
            log: log_of(&[("id", id)]),
        }
    }

    #[test]
    fn a_letter_is_one_line_of_json() {
        let letter = letter(7, "a");
        let json = serde_json::to_string(&letter).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"project_logstore":"demo|access","consumer_group":"shippers","shard":3,"#,
                r#""position":"00000000000000000007-000000-a","cursor":"MTIz","cursor_group":7,"#,
                r#""cursor_log":0,"code":"KeyMissing","message":"primary key column \"id\" is missing","#,
                r#""configuration":"0123456789abcdef","parked_at":1700000000123,"#,
                r#""shipper_id":"shipper-1","target_table":"access","log":{"time":1469102565,"topic":"smile","#,
                r#""source":"10.0.2.15","tags":[["host","web-1"]],"contents":[["id","a"]]}}"#
            )
        );
        assert_eq!(serde_json::from_str::<Letter>(&json).unwrap(), letter);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(short("é"), "é");
        let long = short(&"é".repeat(1000));
        assert_eq!(long.len(), MAX_MESSAGE_BYTES + "…".len());
        assert!(long.ends_with("é…"));
    }

    #[test]
    fn a_configuration_is_its_parts_not_their_text() {
        assert_eq!(configuration(["a", "bc"]).len(), 16);
        assert_ne!(configuration(["a", "bc"]), configuration(["ab", "c"]));
    }

    #[test]
    fn every_part_of_a_key_counts() {
        let one = letter(1, "a").key;
        let others = [
            Key {
                shard: 4,
                ..one.clone()
            },
            Key {
                consumer_group: "others".to_owned(),
                ..one.clone()
            },
            letter(1, "b").key,
        ];
        for other in others {
            assert_ne!(one.fingerprint(), other.fingerprint());
        }
    }
}
