//! A letter into columns, and a row into a letter.

use serde_json::{Map, Value as Json};

use super::column;
use crate::deadletters::{Key, Letter, Reason};
use crate::tablestore::{Column, Row, Value};

/// The longest piece of a log in one column, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Pieces that one request takes, with room for all other columns.
const PIECES_PER_STEP: usize = 3;

/// A letter as columns.
#[derive(Clone, Debug)]
pub(super) struct LetterColumns {
    /// Its primary key.
    pub(super) key: Vec<Column>,
    /// Pieces of the log from the second on.
    pieces: Vec<Column>,
    /// All other columns.
    head: Vec<Column>,
}

impl LetterColumns {
    /// The columns of a letter.
    pub(super) fn of(letter: &Letter) -> Self {
        let log = serde_json::to_string(&letter.log).expect("texts and numbers are JSON");
        let mut rest = log.as_str();
        let mut pieces = Vec::new();
        while pieces.is_empty() || !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
            let name = piece_name(pieces.len() + 1);
            pieces.push(column(&name, Value::String(piece.to_owned())));
            rest = behind;
        }
        let mut head = head(letter);
        if pieces.len() > 1 {
            head.push(column("log_pieces", integer(pieces.len())));
        }
        head.push(pieces.remove(0));
        Self {
            key: key_columns(&letter.key),
            pieces,
            head,
        }
    }

    /// Whether it takes more than a request to write it.
    pub(super) fn is_long(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// All columns that are not part of the primary key.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.head.iter().chain(&self.pieces)
    }

    /// The columns of one request after the other.
    pub(super) fn steps(&self) -> impl Iterator<Item = &[Column]> {
        let head = std::iter::once(self.head.as_slice());
        self.pieces.chunks(PIECES_PER_STEP).chain(head)
    }
}

/// The name of a piece of the log, counted from 1.
fn piece_name(number: usize) -> String {
    match number {
        1 => "log".to_owned(),
        _ => format!("log_{number}"),
    }
}

fn integer(number: impl TryInto<i64>) -> Value {
    Value::Integer(number.try_into().unwrap_or(i64::MAX))
}

/// A key as a row has it.
pub(super) fn key_columns(key: &Key) -> Vec<Column> {
    let Key {
        project_logstore,
        consumer_group,
        shard,
        position,
    } = key;
    vec![
        column("project_logstore", Value::String(project_logstore.clone())),
        column("consumer_group", Value::String(consumer_group.clone())),
        column("shard", integer(*shard)),
        column("position", Value::String(position.clone())),
    ]
}

/// Everything but key and log.
fn head(letter: &Letter) -> Vec<Column> {
    let text = |name: &str, text: &str| column(name, Value::String(text.to_owned()));
    let mut head = vec![
        text("cursor", &letter.place.cursor),
        column("cursor_group", integer(letter.place.group)),
        column("cursor_log", integer(letter.place.log)),
        column("parked_at", Value::Integer(letter.parked_at_millis)),
        text("shipper_id", &letter.shipper_id),
        text("target_table", &letter.target_table),
    ];
    head.extend(reason(&letter.reason));
    head
}

/// Why, and by which configuration: what a replay in vain may change.
pub(super) fn reason(reason: &Reason) -> Vec<Column> {
    let text = |name: &str, text: &str| column(name, Value::String(text.to_owned()));
    let mut columns = vec![
        text("code", &reason.code),
        text("message", &reason.message),
        text("configuration", &reason.configuration),
    ];
    let replayed = reason.replayed_at_millis;
    columns.extend(replayed.map(|millis| column("replayed_at", Value::Integer(millis))));
    columns
}

/// The letter that a row holds, or why there is none.
pub(super) fn letter(row: Row) -> Result<Letter, String> {
    let mut members = Map::new();
    let cells = row.cells.into_iter().map(|cell| (cell.name, cell.value));
    let key = row
        .primary_key
        .into_iter()
        .map(|column| (column.name, column.value));
    for (name, value) in key.chain(cells) {
        let value = match value {
            Value::Integer(number) => Json::from(number),
            Value::String(text) => Json::from(text),
            other => return Err(format!("column {name:?} holds {other:?}")),
        };
        members.insert(name, value);
    }
    if !members.contains_key("code") {
        return Err(
            "it was not finished: its log was not passed over, and is read again".to_owned(),
        );
    }
    let log = take_log(&mut members)?;
    members.insert("log".to_owned(), log);
    serde_json::from_value(Json::Object(members)).map_err(|fault| fault.to_string())
}

/// Puts the pieces of a log together.
fn take_log(members: &mut Map<String, Json>) -> Result<Json, String> {
    let count = members
        .remove("log_pieces")
        .map_or(Some(1), |count| count.as_u64());
    let count = count.ok_or("the column \"log_pieces\" is no number")?;
    let mut text = String::new();
    for number in 1..=count {
        let name = piece_name(usize::try_from(number).unwrap_or(usize::MAX));
        match members.remove(&name) {
            Some(Json::String(piece)) => text.push_str(&piece),
            _ => return Err(format!("the column {name:?} is missing")),
        }
    }
    serde_json::from_str(&text).map_err(|fault| format!("column \"log\": {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadletters::letter::tests::letter as sample;
    use crate::deadletters::log::Body;
    use crate::loghub::proto::Content;
    use crate::tablestore::Cell;

    fn row(columns: &LetterColumns) -> Row {
        let cells = columns.columns().map(|column| Cell {
            name: column.name.clone(),
            value: column.value.clone(),
            timestamp_millis: 1,
        });
        Row {
            primary_key: columns.key.clone(),
            cells: cells.collect(),
        }
    }

    fn large(bytes: usize) -> Letter {
        let mut letter = sample(1, "a");
        if let Body::Log(log) = &mut letter.log.body {
            log.contents
                .push(Content::new("big", "é".repeat(bytes / 2)));
        }
        letter
    }

    #[test]
    fn a_letter_survives_its_row() {
        let mut replayed = sample(2, "b");
        replayed.reason.replayed_at_millis = Some(5);
        for one in [sample(1, "a"), replayed, large(7 << 20)] {
            let columns = LetterColumns::of(&one);
            assert_eq!(letter(row(&columns)).unwrap(), one);
        }
    }

    #[test]
    fn a_long_log_is_written_in_steps_the_last_of_which_counts() {
        assert!(!LetterColumns::of(&large(1 << 19)).is_long());
        let columns = LetterColumns::of(&large(7 << 20));
        assert!(columns.is_long());
        let has_code = |step: &[Column]| step.iter().any(|column| column.name == "code");
        let steps: Vec<_> = columns.steps().collect();
        let (last, earlier) = steps.split_last().unwrap();
        assert!(has_code(last) && !earlier.iter().any(|step| has_code(step)));
        for step in steps {
            let bytes = step.iter().map(|column| match &column.value {
                Value::String(text) => text.len(),
                _ => 8,
            });
            assert!(bytes.sum::<usize>() < 4 << 20);
        }
    }

    #[test]
    fn what_is_not_a_whole_letter_is_told() {
        let mut row_of = row(&LetterColumns::of(&large(7 << 20)));
        row_of.cells.retain(|cell| cell.name != "log_3");
        assert!(letter(row_of.clone()).unwrap_err().contains("log_3"));
        row_of.cells.retain(|cell| cell.name != "code");
        assert!(letter(row_of).unwrap_err().contains("not finished"));
    }
}
