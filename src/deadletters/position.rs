//! Where a log stood in its shard, and the text that names it. See the [room](super) for why it is
//! made as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::log::WholeLog;
use crate::loghub::Cursor;

/// Hex digits of the digest in a position: enough for logs that share all the rest.
const DIGEST_DIGITS: usize = 16;

/// A cursor longer than this stands in a position by its digest: a key value has 1,024 bytes.
const MAX_CURSOR_BYTES: usize = 256;

/// A place in a pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The cursor at which the pull began.
    pub cursor: String,
    /// The log's group, counted from 0 within the pull.
    #[serde(rename = "cursor_group")]
    pub group: u64,
    /// The log, counted from 0 within its group.
    #[serde(rename = "cursor_log")]
    pub log: u64,
}

impl Place {
    /// The position of a log at this place, of a pull that had `groups` groups and ended at
    /// `next`.
    pub fn position(&self, groups: u64, next: &Cursor, log: &WholeLog) -> String {
        let digest = hex(&log.digest());
        let digest = digest.get(..DIGEST_DIGITS).unwrap_or(&digest);
        let Self {
            cursor,
            group,
            log: place,
        } = self;
        if let Some(first) = number(cursor)
            && let Some(end) = first.checked_add(groups)
            && number(next.as_str()) == Some(end)
        {
            let group = first.saturating_add(*group);
            return format!("{group:020}-{place:06}-{digest}");
        }
        // Behind all numbers, in the order of the text.
        let cursor = if cursor.len() > MAX_CURSOR_BYTES {
            hex(&Sha256::digest(cursor))
        } else {
            cursor.clone()
        };
        format!("~{cursor}-{group:06}-{place:06}-{digest}")
    }
}

/// The number that a cursor spells: base64 of decimal digits, as all vendor SDKs that look into one
/// find it. Only ever used to name letters, and only where the service's own steps bear it out.
fn number(cursor: &str) -> Option<u64> {
    let digits = STANDARD.decode(cursor).ok()?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(&digits)
        .ok()
        .filter(|_| is_number)?
        .parse()
        .ok()
}

/// Bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadletters::log::tests::log_of;

    fn cursor(number: u64) -> Cursor {
        Cursor::new(&STANDARD.encode(number.to_string()))
    }

    fn place(from: u64, group: u64, log: u64) -> Place {
        let cursor = cursor(from).as_str().to_owned();
        Place { cursor, group, log }
    }

    const BASE: u64 = 1_447_329_401_102_130_904;

    #[test]
    fn a_log_has_one_position_however_pulls_are_cut() {
        let log = log_of(&[("id", "a")]);
        let whole = place(BASE, 7, 3).position(10, &cursor(BASE + 10), &log);
        let cut = place(BASE + 5, 2, 3).position(4, &cursor(BASE + 9), &log);
        assert_eq!(whole, cut);
        assert!(whole.starts_with("01447329401102130911-000003-"), "{whole}");
    }

    #[test]
    fn equal_logs_at_two_places_have_two_positions() {
        let log = log_of(&[("id", "a")]);
        let next = cursor(BASE + 2);
        let positions = [(0, 0), (0, 1), (1, 0)]
            .map(|(group, at)| place(BASE, group, at).position(2, &next, &log));
        assert!(positions.is_sorted());
        assert_ne!(positions[0], positions[1]);
        assert_ne!(positions[1], positions[2]);
        let other = place(BASE, 0, 0).position(2, &next, &log_of(&[("id", "b")]));
        assert_ne!(positions[0], other);
    }

    #[test]
    fn where_the_steps_do_not_agree_the_cursor_itself_names_it() {
        let log = log_of(&[("id", "a")]);
        let gap = place(BASE, 1, 0).position(2, &cursor(BASE + 5), &log);
        let start = format!("~{}-000001-000000-", cursor(BASE));
        assert!(gap.starts_with(&start), "{gap}");
        let opaque = Place {
            cursor: "v2:abc".to_owned(),
            group: 0,
            log: 4,
        };
        let opaque = opaque.position(1, &Cursor::new("v2:abd"), &log);
        assert!(opaque.starts_with("~v2:abc-000000-000004-"), "{opaque}");
        let last = place(u64::MAX, 1, 0).position(1, &Cursor::new("v2:end"), &log);
        assert!(last.starts_with('~'), "{last}");
        let far = Place {
            cursor: "x".repeat(5000),
            group: 0,
            log: 0,
        };
        let far = far.position(1, &Cursor::new("y"), &log);
        assert!(far.len() < 1024);
    }

    #[test]
    fn only_digits_are_a_number() {
        for text in ["", "12", "+12", "1 2", "99999999999999999999999"] {
            let decoded = number(&STANDARD.encode(text));
            assert_eq!(decoded, (text == "12").then_some(12), "{text}");
        }
        assert_eq!(number("not base64!"), None);
    }
}
