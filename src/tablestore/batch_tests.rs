use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::tablestore::model::Value;
use crate::tablestore::proto::BatchWriteRowRequest;
use crate::tablestore::vectors;

fn table(name: &str) -> TableName {
    TableName::new(name).unwrap()
}

fn push(
    builder: &mut BatchBuilder,
    key: &[(&str, CellValue<'_>)],
    cells: &[(&str, CellValue<'_>)],
) -> Result<(), Full> {
    let mut encoded = EncodedKey::default();
    for (name, value) in key {
        encoded.push(&CellName::new(name.as_bytes()), value);
    }
    let names: Vec<_> = cells
        .iter()
        .map(|(name, _)| CellName::new(name.as_bytes()))
        .collect();
    let mut size = CellSize::default();
    names
        .iter()
        .zip(cells)
        .for_each(|(name, (_, value))| size += cell_size(name, value));
    let kind = if cells.is_empty() {
        RowKind::KeyOnly(RowExistence::ExpectNotExist)
    } else {
        RowKind::Update
    };
    builder.push(
        kind,
        &encoded,
        size,
        names.iter().zip(cells.iter().map(|(_, value)| *value)),
    )
}

/// The 200 updates that the official Python SDK recorded, byte for byte.
#[test]
fn two_hundred_updates_are_the_bytes_of_the_official_sdk() {
    let vectors = vectors::load("requests.json");
    let requests = vectors::array(&vectors["requests"]);
    let request = requests
        .iter()
        .find(|r| r["name"] == "batch_write_row_200_updates")
        .unwrap();
    let mut builder = BatchBuilder::new(&table("orders"), 0);
    for i in 0..200i32 {
        let (user, name) = (format!("user-{i:04}"), format!("n{i}"));
        let key = [
            ("pk0", CellValue::String(user.as_bytes())),
            ("pk1", CellValue::Integer((i - 100).into())),
        ];
        let cells = [
            ("name", CellValue::String(name.as_bytes())),
            ("score", CellValue::Double(f64::from(i) * 0.5)),
            ("ok", CellValue::Boolean(i % 2 == 0)),
        ];
        push(&mut builder, &key, &cells).unwrap();
    }
    assert_eq!(
        push(&mut builder, &[("pk0", CellValue::Integer(1))], &[]),
        Err(Full)
    );
    assert_eq!(builder.finish().body(), vectors::hex(&request["body_hex"]));
}

#[test]
fn a_row_with_nothing_but_its_key_is_a_put_that_expects_no_row() {
    let mut builder = BatchBuilder::new(&table("t"), 0);
    push(&mut builder, &[("id", CellValue::Integer(7))], &[]).unwrap();
    let request = BatchWriteRowRequest::decode(builder.finish().body()).unwrap();
    let row = &request.tables[0].rows[0];
    assert_eq!(row.r#type, Some(1));
    assert_eq!(
        row.condition
            .as_ref()
            .map(|condition| condition.row_existence),
        Some(2)
    );
    let change = plainbuffer::read_row(&row.row_change).unwrap();
    assert_eq!(
        (change.cells.len(), &change.primary_key[0].value),
        (0, &Value::Integer(7))
    );
}

#[test]
fn both_size_limits_are_kept() {
    let value = vec![b'x'; MAX_VALUE_BYTES - 8];
    let mut builder = BatchBuilder::new(&table("t"), 0);
    push(
        &mut builder,
        &[("k", CellValue::Integer(1))],
        &[("c", CellValue::String(&value))],
    )
    .unwrap();
    assert_eq!(
        push(
            &mut builder,
            &[("k", CellValue::Integer(2))],
            &[("c", CellValue::String(&value))]
        ),
        Err(Full),
        "2 * (9 + 1 + 2 MiB) data bytes are over 4 MiB"
    );
    // Small cells: the body reaches its limit before the data does.
    let names: Vec<_> = (0..MAX_COLUMNS).map(|n| format!("column{n:04}")).collect();
    let cells: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), CellValue::Boolean(true)))
        .collect();
    let mut builder = BatchBuilder::new(&table("t"), 0);
    let rows =
        (0..).take_while(|n| push(&mut builder, &[("k", CellValue::Integer(*n))], &cells).is_ok());
    assert!((190..200).contains(&rows.count()));
    assert!(builder.data_bytes() < MAX_DATA_BYTES);
    assert!(builder.finish().body().len() <= MAX_BODY_BYTES);
}

proptest! {
    /// Copying rows from batch to batch changes nothing but their company.
    #[test]
    fn copied_rows_are_the_rows(
        rows in proptest::collection::vec((any::<i64>(), proptest::collection::vec(".{0,20}", 0..4)), 1..20),
        keep in proptest::collection::vec(any::<bool>(), 20),
    ) {
        let names = ["a", "b", "c", "d"];
        let mut whole = BatchBuilder::new(&table("some_table"), 10);
        let mut expected = BatchBuilder::new(&table("some_table"), 10);
        for ((key, values), keep) in rows.iter().zip(&keep) {
            let key = [("k", CellValue::Integer(*key))];
            let cells: Vec<_> = names.into_iter().zip(values.iter().map(|v| CellValue::String(v.as_bytes()))).collect();
            push(&mut whole, &key, &cells).unwrap();
            if *keep {
                push(&mut expected, &key, &cells).unwrap();
            }
        }
        let whole = whole.finish();
        prop_assert!(BatchWriteRowRequest::decode(whole.body()).is_ok());
        let mut copied = whole.builder();
        for (row, _) in whole.rows().iter().zip(&keep).filter(|(_, keep)| **keep) {
            copied.push_copy(&whole, row).unwrap();
        }
        prop_assert_eq!(copied.data_bytes(), expected.data_bytes());
        prop_assert_eq!(copied.finish().body(), expected.finish().body());
    }
}

/// What a test has of a row: its key, and of each cell whether it stays.
type Kept = (i64, Vec<(String, bool)>);

proptest! {
    /// A batch without some cells is the batch that never had them, less the rows that are left
    /// with none.
    #[test]
    fn cells_taken_out_were_never_there(
        rows in proptest::collection::vec(
            (any::<i64>(), proptest::collection::vec((".{0,20}", any::<bool>()), 0..4)), 1..20),
    ) {
        let names = ["a", "b", "c", "d"];
        let build = |rows: &[Kept], keeps: &dyn Fn(bool) -> bool| {
            let mut builder = BatchBuilder::new(&table("some_table"), 10);
            for (key, values) in rows {
                let cells = names.into_iter().zip(values).filter(|(_, (_, keep))| keeps(*keep));
                let cells: Vec<_> = cells
                    .map(|(name, (text, _))| (name, CellValue::String(text.as_bytes())))
                    .collect();
                push(&mut builder, &[("k", CellValue::Integer(*key))], &cells).unwrap();
            }
            builder.finish()
        };
        let whole = build(&rows, &|_| true);
        let at = |name: &str| names.iter().position(|known| *known == name).unwrap();
        let (without, places) = whole
            .without(|place, name| !rows[place].1[at(name)].1)
            .unwrap();
        let is_left = |(_, values): &Kept| {
            values.is_empty() || values.iter().any(|(_, keep)| *keep)
        };
        let left: Vec<_> = (0..rows.len()).filter(|place| is_left(&rows[*place])).collect();
        let expected: Vec<_> = left.iter().map(|place| rows[*place].clone()).collect();
        prop_assert_eq!(without.body(), build(&expected, &|keep| keep).body());
        prop_assert_eq!(places, left);
    }
}
