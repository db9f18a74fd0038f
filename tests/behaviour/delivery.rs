//! Logs become rows, whatever happens on the way.

use loghub_shipper::tablestore::PrimaryKeyType::{Integer, String};

use crate::rig::{Cell, Rig, group, log, text};

/// Product contract, section 9, to the letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worked_example() {
    let key = [
        ("rename", String),
        ("trans-pkey", Integer),
        ("keep", String),
    ];
    let rig = Rig::new(1, &key).await;
    let mut logs = group(vec![
        log(1_469_102_565, &[("original", "12345"), ("keep", "hoho")]),
        log(1_469_102_565, &[("original", "abcd"), ("keep", "hoho")]),
    ]);
    logs.topic = Some("smile".into());
    rig.put(None, &logs);
    let ship = rig
        .ship(&[
            ("exclusive_columns", r#"["__source__","__time__"]"#),
            (
                "transform",
                r#"{"rename":"original","trans-pkey":"(->int 10 original)"}"#,
            ),
        ])
        .await;
    rig.until_done().await;
    ship.stop().await;

    let rows = rig.rows();
    let key = vec![text("12345"), Cell::Integer(12345), text("hoho")];
    assert_eq!(rows.len(), 1);
    let columns = [("__topic__", text("smile")), ("original", text("12345"))];
    assert_eq!(
        rows[&key],
        columns.map(|(name, value)| (name.to_owned(), value)).into()
    );

    let status = rig.status();
    let last = status.last().unwrap();
    assert_eq!(rig.status_sum("skip_count"), 1);
    assert_eq!(rig.status_sum("row_count"), 1);
    assert_eq!(last["project_logstore"], text("demo-project|access-log"));
    let sample = concat!(
        r#"{"__time__":1469102565,"__topic__":"smile","__source__":"10.0.2.15","#,
        r#""original":"abcd","keep":"hoho"}"#
    );
    assert!(
        status
            .iter()
            .any(|row| row.get("skip_sample") == Some(&text(sample))),
        "{status:?}"
    );
}
