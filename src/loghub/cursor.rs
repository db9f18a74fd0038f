//! The number inside a cursor, for people to look at (and for an emulator to make cursors of).
//!
//! A cursor is base64 of a decimal number that fits 64 bits and grows by one per log group, as
//! samples of the vendor's pages and the Go SDK agree. The client never computes with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::model::Cursor;

impl Cursor {
    /// The cursor of a number.
    pub fn from_number(number: i64) -> Self {
        Self::new(&STANDARD.encode(number.to_string()))
    }

    /// The number of this cursor; `None` where it is none of the known form (without padding,
    /// say, as the Python SDK refuses it too).
    pub fn number(&self) -> Option<i64> {
        let digits = STANDARD.decode(self.as_str().trim()).ok()?;
        std::str::from_utf8(&digits).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loghub::testing::vectors;

    #[test]
    fn cursors_and_numbers_agree_with_the_sdk() {
        let vectors = vectors("cursors.json");
        let cases = vectors["cursors"].as_array().unwrap();
        assert_eq!(cases.len(), 7);
        for case in cases {
            let number: i64 = case["number"].as_str().unwrap().parse().unwrap();
            let cursor = Cursor::from_number(number);
            assert_eq!(cursor.as_str(), case["cursor"]);
            assert_eq!(cursor.number(), Some(number));
            let neighbours = [
                ("previous_cursor", number.checked_sub(1)),
                ("next_cursor", number.checked_add(1)),
            ];
            for (field, neighbour) in neighbours {
                let Some(text) = case[field].as_str() else {
                    continue;
                };
                // The one after the largest is beyond 64 bits, and so is its number.
                assert_eq!(Cursor::new(text).number(), neighbour, "{text}");
            }
        }
    }

    #[test]
    fn odd_texts_are_read_as_the_sdk_does() {
        let vectors = vectors("cursors.json");
        let cases = vectors["odd"].as_array().unwrap();
        assert_eq!(cases.len(), 6);
        for case in cases {
            let expected = case["python_reads"]
                .as_str()
                .map(|text| text.parse().unwrap());
            let cursor = Cursor::new(case["cursor"].as_str().unwrap());
            assert_eq!(cursor.number(), expected, "{cursor}");
        }
    }

    #[test]
    fn groups_of_a_pull_count_up_to_the_last_one() {
        let vectors = vectors("cursors.json");
        let case = &vectors["group_cursors"][0];
        let last: i64 = case["read_last_cursor"].as_str().unwrap().parse().unwrap();
        let count = case["group_count"].as_i64().unwrap();
        let cursors: Vec<_> = (last - count + 1..=last).map(Cursor::from_number).collect();
        let texts: Vec<_> = cursors.iter().map(Cursor::as_str).collect();
        assert_eq!(serde_json::json!(texts), case["group_cursors"]);
    }
}
