//! Rows against the recorded ones, and against themselves.

use md5::{Digest as _, Md5};
use proptest::prelude::*;

use super::*;
use crate::tablestore::vectors::{self, array, hex, row, text, value};
use crate::tablestore::{Column, Value, crc8};

fn small(json: &serde_json::Value) -> u8 {
    u8::try_from(json.as_u64().unwrap()).unwrap()
}

/// The row as [`write_cell`] and its constants put it together, where it has nothing but puts
/// without timestamps.
fn by_cells(row: &RowChange) -> Option<(Vec<u8>, Vec<u8>)> {
    let plain = |cell: &CellChange| {
        cell.kind == CellKind::Put && cell.timestamp_millis.is_none() && cell.value.is_some()
    };
    if row.delete_marker || !row.cells.iter().all(plain) {
        return None;
    }
    let mut out = HEADER.to_vec();
    let mut checksums = Vec::new();
    let mut cell = |out: &mut Vec<u8>, name: &str, value: &Value| {
        let (name, value) = (CellName::new(name.as_bytes()), CellValue::from(value));
        let before = out.len();
        checksums.push(write_cell(out, &name, &value));
        assert_eq!(out.len() - before, cell_len(&name, &value));
    };
    out.push(TAG_ROW_PK);
    for column in &row.primary_key {
        cell(&mut out, &column.name, &column.value);
    }
    if !row.cells.is_empty() {
        out.push(TAG_ROW_DATA);
    }
    for change in &row.cells {
        cell(&mut out, &change.name, change.value.as_ref().unwrap());
    }
    let row_crc = crc8::update(crc8::bytes(0, &checksums), 0);
    out.extend_from_slice(&[TAG_ROW_CHECKSUM, row_crc]);
    Some((out, checksums))
}

#[test]
fn recorded_rows_both_ways() {
    let recorded = vectors::load("plainbuffer-rows.json");
    let rows = array(&recorded["rows"]);
    assert!(rows.len() >= 29);
    for case in rows {
        let (row, bytes) = (row(case), hex(&case["hex"]));
        assert_eq!(encode(&row), bytes, "{}", case["name"]);
        assert_eq!(read_row(&bytes).as_ref(), Ok(&row), "{}", case["name"]);
        assert_eq!(bytes.last(), Some(&small(&case["row_checksum"])));
        let expected: Vec<u8> = array(&case["cell_checksums"]).iter().map(small).collect();
        if let Some((by_cells, checksums)) = by_cells(&row) {
            assert_eq!(by_cells, bytes, "{}", case["name"]);
            assert_eq!(checksums, expected, "{}", case["name"]);
        }
        if case["kind"] == "primary_key" {
            assert_eq!(read_primary_key(&bytes), Ok(row.primary_key.clone()));
            let mut out = Vec::new();
            write_primary_key(&mut out, &row.primary_key);
            assert_eq!(out, bytes);
        }
    }
}

#[test]
fn recorded_row_of_two_mebibytes() {
    let recorded = vectors::load("plainbuffer-rows.json");
    let cases = array(&recorded["digest_only"]);
    assert_eq!(cases.len(), 1);
    for case in cases {
        let row = row(case);
        let bytes = encode(&row);
        assert_eq!(
            u64::try_from(bytes.len()).unwrap(),
            case["length"].as_u64().unwrap()
        );
        assert_eq!(bytes[..64], hex(&case["first_64_hex"]));
        assert_eq!(bytes[bytes.len() - 8..], hex(&case["last_8_hex"]));
        assert_eq!(Md5::digest(&bytes).to_vec(), hex(&case["md5_hex"]));
        assert_eq!(
            sha2::Sha256::digest(&bytes).to_vec(),
            hex(&case["sha256_hex"])
        );
        assert_eq!(by_cells(&row).unwrap().0, bytes);
        assert_eq!(read_row(&bytes), Ok(row));
    }
}

#[test]
fn recorded_row_byte_by_byte() {
    let recorded = vectors::load("plainbuffer-annotated.json");
    let bytes = hex(&recorded["hex"]);
    let mut next = 0;
    for piece in array(&recorded["bytes"]) {
        let piece_bytes = hex(&piece["hex"]);
        assert_eq!(piece["offset"].as_u64(), u64::try_from(next).ok());
        assert_eq!(
            bytes[next..next + piece_bytes.len()],
            piece_bytes,
            "{piece}"
        );
        next += piece_bytes.len();
    }
    assert_eq!(next, bytes.len());
    let row = row(&recorded["logical"]);
    assert_eq!(encode(&row), bytes);
    assert_eq!(read_row(&bytes), Ok(row));
}

#[test]
fn recorded_damage_is_refused() {
    /// What we say of each damaged row; `Ok` where there is nothing to refuse: whether a cell type
    /// or a delete marker may stand in an answer is for the reader of answers to say.
    fn expected(case: &str) -> Result<(), PlainBufferError> {
        let column = || "c".to_owned();
        Err(match case {
            "unchanged"
            | "one zero byte appended"
            | "response cell carrying TAG_CELL_TYPE increment"
            | "row with delete marker" => return Ok(()),
            "header 0x76" => PlainBufferError::Header([0x76, 0, 0, 0]),
            "first cell checksum flipped" => PlainBufferError::CellChecksum {
                column: "pk0".to_owned(),
                stated: 0xC7,
                computed: 0xC6,
            },
            "second cell checksum flipped" => PlainBufferError::CellChecksum {
                column: column(),
                stated: 0x0D,
                computed: 0x0C,
            },
            "row checksum flipped" => PlainBufferError::RowChecksum {
                stated: 0x0D,
                computed: 0x0C,
            },
            "payload byte flipped" => PlainBufferError::CellChecksum {
                column: column(),
                stated: 0x0C,
                computed: 0x0E,
            },
            "truncated by one byte" | "row checksum tag and byte missing" => {
                PlainBufferError::Truncated {
                    inside: "the checksum of a row",
                }
            }
            "unknown tag 0x20 in place of TAG_ROW_DATA" => PlainBufferError::Tag {
                wanted: "the checksum of a row",
                found: 0x20,
            },
            "value type 0x06 (NULL) in place of INTEGER" => PlainBufferError::Variant {
                column: column(),
                found: 0x06,
            },
            // The SDKs' readers do not look at it; we do.
            "length field of the value wrong (ignored by readers)" => {
                PlainBufferError::ValueLength {
                    column: column(),
                    stated: 13,
                    actual: 9,
                }
            }
            other => panic!("new case {other}"),
        })
    }
    let recorded = vectors::load("plainbuffer-malformed.json");
    let cases = array(&recorded["cases"]);
    assert!(cases.len() >= 14);
    for case in cases {
        let name = text(&case["case"]);
        let found = read_row(&hex(&case["hex"]));
        assert_eq!(found.clone().map(drop), expected(name), "{name}");
        let is_change = name.contains("TYPE") || name.contains("marker");
        if let Ok(row) = found {
            assert_eq!(row.into_row().is_none(), is_change, "{name}");
        }
    }
}

#[test]
fn recorded_variants_both_ways() {
    let recorded = vectors::load("variants.json");
    let cases = array(&recorded["variants"]);
    assert!(cases.len() >= 17);
    for case in cases {
        let (value, bytes) = (value(&case["value"]), hex(&case["hex"]));
        let mut out = Vec::new();
        write_variant(&mut out, &CellValue::from(&value));
        assert_eq!(out, bytes, "{case}");
        assert_eq!(read_variant(&bytes), Ok(value), "{case}");
        assert!(read_variant(&bytes[..bytes.len() - 1]).is_err());
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(
            read_variant(&longer),
            Err(PlainBufferError::Trailing { bytes: 1 })
        );
    }
}

#[test]
fn behind_a_single_row_only_zero_bytes_may_stand() {
    let row = RowChange::default();
    let mut bytes = encode(&row);
    assert_eq!(read_rows(&bytes), Ok(vec![row.clone()]));
    bytes.extend_from_slice(&[0; 27]);
    assert_eq!(read_row(&bytes), Ok(row));
    assert!(read_rows(&bytes).is_err());
    *bytes.last_mut().unwrap() = 1;
    assert_eq!(
        read_row(&bytes),
        Err(PlainBufferError::Trailing { bytes: 27 })
    );
}

#[test]
fn a_claimed_length_is_held_against_what_is_there() {
    let mut bytes = HEADER.to_vec();
    bytes.extend_from_slice(&[
        TAG_ROW_PK,
        TAG_CELL,
        TAG_CELL_NAME,
        0xFF,
        0xFF,
        0xFF,
        0xFF,
        b'a',
    ]);
    let cut = PlainBufferError::Truncated {
        inside: "a column name",
    };
    assert_eq!(read_row(&bytes), Err(cut));
}

#[test]
fn a_primary_key_is_nothing_more() {
    let key = vec![Column {
        name: "k".to_owned(),
        value: Value::Integer(1),
    }];
    let mut row = RowChange {
        primary_key: key,
        delete_marker: true,
        ..RowChange::default()
    };
    assert_eq!(
        read_primary_key(&encode(&row)),
        Err(PlainBufferError::NotAKey)
    );
    row.delete_marker = false;
    assert_eq!(read_primary_key(&encode(&row)), Ok(row.primary_key));
}

#[test]
fn data_size_is_that_of_the_service() {
    for (value, size) in [
        (CellValue::Integer(i64::MIN), 8),
        (CellValue::Double(0.5), 8),
        (CellValue::Boolean(true), 1),
        (CellValue::String("é".as_bytes()), 2),
        (CellValue::Binary(&[0; 5]), 5),
        (CellValue::AutoIncrement, 8),
    ] {
        assert_eq!(value.data_size(), size, "{value:?}");
    }
    assert_eq!(CellName::new(b"user-agent").as_bytes(), b"user-agent");
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Double),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,40}".prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..70).prop_map(|bytes| Value::Binary(bytes.into())),
        Just(Value::InfMin),
        Just(Value::InfMax),
        Just(Value::AutoIncrement),
    ]
}

fn any_column() -> impl Strategy<Value = Column> {
    (".{0,20}", any_value()).prop_map(|(name, value)| Column { name, value })
}

fn any_cell() -> impl Strategy<Value = CellChange> {
    let kind = prop_oneof![
        Just(CellKind::Put),
        Just(CellKind::DeleteOne),
        Just(CellKind::DeleteAll),
        Just(CellKind::Increment),
    ];
    let value = proptest::option::of(any_value());
    (".{0,20}", value, kind, any::<Option<i64>>()).prop_map(
        |(name, value, kind, timestamp_millis)| CellChange {
            name,
            value,
            kind,
            timestamp_millis,
        },
    )
}

fn any_row() -> impl Strategy<Value = RowChange> {
    (
        proptest::collection::vec(any_column(), 0..5),
        proptest::collection::vec(any_cell(), 0..8),
        any::<bool>(),
    )
        .prop_map(|(primary_key, cells, delete_marker)| RowChange {
            primary_key,
            cells,
            delete_marker,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(rows in proptest::collection::vec(any_row(), 0..4)) {
        let bytes = encode_rows(&rows);
        prop_assert_eq!(read_rows(&bytes), Ok(rows.clone()));
        if let [row] = &rows[..] {
            prop_assert_eq!(read_row(&bytes), Ok(row.clone()));
            if let Some((by_cells, _)) = by_cells(row) {
                prop_assert_eq!(by_cells, bytes);
            }
        }
    }

    #[test]
    fn rows_and_columns_are_the_same_writer(
        key in proptest::collection::vec(any_column(), 0..5),
        columns in proptest::collection::vec(any_column(), 0..8),
    ) {
        let cells = columns.iter().map(|column| CellChange {
            name: column.name.clone(),
            value: Some(column.value.clone()),
            kind: CellKind::Put,
            timestamp_millis: None,
        });
        let row = RowChange { primary_key: key.clone(), cells: cells.collect(), delete_marker: false };
        let mut out = Vec::new();
        write_row(&mut out, &key, &columns);
        prop_assert_eq!(&out, &encode(&row));
        prop_assert_eq!(by_cells(&row).unwrap().0, out);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _refused = (read_row(&bytes), read_rows(&bytes), read_variant(&bytes));
    }

    /// Damage behind a valid beginning reaches deeper than random bytes do.
    #[test]
    fn a_flipped_byte_never_passes_as_the_same_row(row in any_row(), at: prop::sample::Index, flip in 1..=255_u8) {
        let mut bytes = encode(&row);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = read_row(&bytes) {
            prop_assert_ne!(encode(&other), encode(&row));
        }
        prop_assert!(read_row(&bytes[..at]).is_err());
    }
}
