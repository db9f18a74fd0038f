//! What the client sends.

use super::*;
use crate::tablestore::vectors::{self, array, hex, key, pairs, row, text};
use crate::tablestore::{PrimaryKeyType, Value};

type Json = serde_json::Value;

fn recorded(name: &str) -> Json {
    let file = vectors::load("requests.json");
    let found = array(&file["requests"]).iter().find(|r| r["name"] == name);
    found.unwrap().clone()
}

/// The one request that a client sent is the recorded one: address, `x-ots-` headers with the
/// signature, body.
fn check(name: &str, canned: &Canned) {
    let recorded = recorded(name);
    let seen = canned.seen.lock().unwrap();
    let [request] = &seen[..] else {
        panic!("{} requests", seen.len());
    };
    assert_eq!(request.method(), http::Method::POST);
    assert_eq!(
        request.uri().to_string(),
        format!("http://emulator1.example.com{}", text(&recorded["path"]))
    );
    assert_eq!(request.body(), &hex(&recorded["body_hex"]), "{name}");
    let mut sent: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let mut expected = pairs(&recorded["headers"]);
    sent.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sent, expected, "{name}");
}

#[tokio::test(start_paused = true)]
async fn requests_about_tables_are_those_of_the_sdk() {
    let good = || answer("DescribeTable", 200, Bytes::new());

    let (client, canned) = client(Variation::default(), good());
    client.describe_table(&table("orders")).await.unwrap_err();
    check("describe_table", &canned);

    let (client, canned) = super::client(Variation::default(), good());
    client.delete_table(&table("orders")).await.unwrap_err();
    check("delete_table", &canned);

    let (client, canned) = super::client(Variation::default(), good());
    let column = PrimaryKeyColumn {
        name: "pk0".to_owned(),
        kind: PrimaryKeyType::String,
        auto_increment: false,
    };
    let created = client.create_table(&table("t"), &[column], 86400, 2).await;
    created.unwrap_err();
    check("create_table_minimal", &canned);
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_signature_is_that_of_the_sdk() {
    let plain = Variation::default();
    for (name, variation) in [
        ("list_table", plain),
        (
            "list_table_sts_token",
            Variation {
                token: Some(TOKEN),
                ..plain
            },
        ),
        (
            "list_table_v4",
            Variation {
                region: Some("cn-hangzhou"),
                ..plain
            },
        ),
    ] {
        let (client, canned) = client(variation, unsigned(200, Bytes::new()));
        client.list_tables().await.unwrap_err();
        check(name, &canned);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_about_rows_are_those_of_the_sdk() {
    let orders = table("orders");
    let none = || unsigned(200, Bytes::new());

    let (client, canned) = client(Variation::default(), none());
    let change = row(&recorded("update_row_put_one")["logical"]);
    let columns: Vec<_> = change
        .cells
        .into_iter()
        .map(|cell| Column {
            name: cell.name,
            value: cell.value.unwrap(),
        })
        .collect();
    let updated = client.update_row(&orders, &change.primary_key, &columns, RowExistence::Ignore);
    updated.await.unwrap_err();
    check("update_row_put_one", &canned);

    let (client, canned) = super::client(Variation::default(), none());
    let gone = key(&recorded("delete_row")["logical"]["primary_key"]);
    let deleted = client.delete_row(&orders, &gone);
    deleted.await.unwrap_err();
    check("delete_row", &canned);

    let (client, canned) = super::client(Variation::default(), none());
    let logical = recorded("get_range_forward")["logical"].clone();
    let (start, end) = (key(&logical["start"]), key(&logical["end"]));
    let range = client.get_range(&orders, &start, &end, Some(100));
    range.await.unwrap_err();
    check("get_range_forward", &canned);

    let (client, canned) = super::client(Variation::default(), none());
    let body = hex(&recorded("batch_write_row_mixed")["body_hex"]);
    let batch = client.batch_write_row(&orders, body.into(), 4);
    batch.await.unwrap_err();
    check("batch_write_row_mixed", &canned);
}

#[tokio::test(start_paused = true)]
async fn rows_are_put_and_got_with_condition_and_version() {
    let t = table("t");
    let (client, canned) = client(Variation::default(), unsigned(200, Bytes::new()));
    let key = [Column {
        name: "k".to_owned(),
        value: Value::Integer(1),
    }];
    let put = client.put_row(&t, &key, &[], RowExistence::ExpectNotExist);
    put.await.unwrap_err();
    client.get_row(&t, &key).await.unwrap_err();

    let seen = canned.seen.lock().unwrap();
    let put = proto::PutRowRequest::decode(seen[0].body().clone()).unwrap();
    let existence = proto::RowExistenceExpectation::ExpectNotExist;
    assert_eq!(put.condition.unwrap().row_existence(), existence);
    assert_eq!(plainbuffer::read_primary_key(&put.row).unwrap(), key);
    let get = proto::GetRowRequest::decode(seen[1].body().clone()).unwrap();
    assert_eq!((get.max_versions, get.columns_to_get.len()), (Some(1), 0));
    assert_eq!(
        plainbuffer::read_primary_key(&get.primary_key).unwrap(),
        key
    );
}

#[tokio::test(start_paused = true)]
async fn a_path_prefix_is_sent_and_not_signed() {
    let variation = Variation {
        endpoint: Some("http://127.0.0.1:8080/ots/?x=1"),
        ..Variation::default()
    };
    let (client, canned) = client(variation, unsigned(200, Bytes::new()));
    client.list_tables().await.unwrap_err();
    let seen = canned.seen.lock().unwrap();
    assert_eq!(seen[0].uri(), "http://127.0.0.1:8080/ots/ListTable");
    let signature = recorded("list_table")["headers"]["x-ots-signature"].clone();
    assert_eq!(seen[0].headers()["x-ots-signature"], text(&signature));
}

#[tokio::test(start_paused = true)]
async fn the_date_has_milliseconds() {
    let (client, canned) = client(Variation::default(), unsigned(200, Bytes::new()));
    tokio::time::advance(Duration::from_millis(86_400_123)).await;
    client.list_tables().await.unwrap_err();
    let seen = canned.seen.lock().unwrap();
    assert_eq!(seen[0].headers()["x-ots-date"], "2026-11-23T10:00:00.123Z");
}

#[tokio::test(start_paused = true)]
async fn nothing_shows_a_secret() {
    let variation = Variation {
        token: Some(TOKEN),
        region: Some("cn-hangzhou"),
        ..Variation::default()
    };
    let page = format!("<html>you sent {TOKEN} and {SECRET}</html>");
    let (client, canned) = client(variation, unsigned(502, page.into()));
    let error = client.list_tables().await.unwrap_err();
    let seen = canned.seen.lock().unwrap();
    for shown in [
        format!("{client:?}"),
        format!("{:?}", *seen),
        format!("{error} {error:?}"),
    ] {
        assert!(!shown.contains(TOKEN) && !shown.contains(SECRET), "{shown}");
    }
    assert!(error.to_string().contains("you sent [secret] and [secret]"));
}

/// Neither in a code, nor in a request id, nor half of it where a long message is cut.
#[tokio::test(start_paused = true)]
async fn no_refusal_shows_a_secret() {
    let message = format!("{}{SECRET}", "-".repeat(2040));
    let error = proto::Error {
        code: format!("OTS{SECRET}"),
        message: Some(message.into()),
    };
    let mut answer = unsigned(400, error.encode_to_vec().into());
    answer
        .headers_mut()
        .insert("x-ots-requestid", SECRET.parse().unwrap());
    let (client, _) = client(Variation::default(), answer);
    let error = client.list_tables().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("exampleSecret"), "{shown}");
    assert!(matches!(error, Error::Service { request_id, .. } if request_id == "[secret]"));
}

/// Nor does the refusal of a row, which ends in status rows and dead letters.
#[tokio::test(start_paused = true)]
async fn no_refusal_of_a_row_shows_a_secret() {
    let refused = proto::RowInBatchWriteRowResponse {
        error: Some(proto::Error {
            code: format!("OTS{SECRET}"),
            message: Some(format!("{}{SECRET}", "-".repeat(2040)).into()),
        }),
        ..proto::RowInBatchWriteRowResponse::default()
    };
    let body = proto::BatchWriteRowResponse {
        tables: vec![proto::TableInBatchWriteRowResponse {
            table_name: "orders".to_owned(),
            rows: vec![refused],
        }],
    };
    let answer = answer("BatchWriteRow", 200, body.encode_to_vec());
    let (client, _) = client(Variation::default(), answer);
    let orders = table("orders");
    let outcomes = client.batch_write_row(&orders, Bytes::new(), 1);
    let shown = format!("{:?}", outcomes.await.unwrap());
    assert!(shown.contains("OTS[secret]"), "{shown}");
    assert!(!shown.contains("exampleSecret"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_made_is_an_error() {
    let variation = Variation {
        token: Some("two\nlines"),
        ..Variation::default()
    };
    let (client, canned) = client(variation, unsigned(200, Bytes::new()));
    let error = client.list_tables().await.unwrap_err();
    assert!(matches!(error, Error::Exchange { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("two"), "{error:?}");
    assert!(canned.seen.lock().unwrap().is_empty());
}

#[test]
fn calls_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let (client, _) = client(Variation::default(), unsigned(200, Bytes::new()));
    let t = table("t");
    is_send(&client.batch_write_row(&t, Bytes::new(), 0));
    is_send(&client.get_range(&t, &[], &[], None));
}
