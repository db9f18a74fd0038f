//! Answers of Table Store, as the client takes them.
//!
//! Input: one byte for the call and what is wrong with the answer's headers, one for the status, one
//! for the rows of the request; the body.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use loghub_shipper::tablestore::{
    Client, Column, Error, InstanceName, RowOutcome, Settings, TableName, Value, proto, sign,
};
use loghub_shipper::transport::{
    AccessKey, Clock, ExchangeError, Request, Response, Secret, Transport,
};
use md5::{Digest as _, Md5};
use prost::Message as _;

const KEY_ID: &str = "testAccessKeyId";
const SECRET: &str = "testAccessKeySecret";

/// A batch has one outcome for each row, and it is what the body says; an answer that is not whole
/// is an error; and an error shows no secret.
pub fn run(data: &[u8]) {
    let Some((&[call, status, rows], body)) = data.split_first_chunk() else {
        return;
    };
    let body = Bytes::copy_from_slice(body);
    let answer = Answer {
        status: [200, 200, 200, 206, 307, 400, 403, 500, 503][usize::from(status % 9)],
        damage: call >> 4,
        body: body.clone(),
    };
    let is_good = answer.status < 300 && matches!(answer.damage, 0 | 5..);
    let client = client(answer);
    let table = TableName::new("t").expect("it is a good name");
    let key = [Column {
        name: "pk".to_owned(),
        value: Value::InfMin,
    }];
    let done = "the transport answers at once";
    let failed = match call & 7 {
        0 => client
            .describe_table(&table)
            .now_or_never()
            .expect(done)
            .err(),
        1 => client
            .get_row(&table, &key)
            .now_or_never()
            .expect(done)
            .err(),
        2 => {
            let range = client.get_range(&table, &key, &key, None);
            range.now_or_never().expect(done).err()
        }
        3 => client.list_tables().now_or_never().expect(done).err(),
        _ => {
            let rows = usize::from(rows);
            let batch = client.batch_write_row(&table, Bytes::new(), rows);
            let outcome = batch.now_or_never().expect(done);
            if let Ok(outcomes) = &outcome {
                assert_eq!(outcomes.len(), rows);
            }
            let naive = if is_good { naive(&body, rows) } else { None };
            assert_eq!(outcome.as_ref().ok().map(|rows| brief(rows)), naive);
            outcome.err()
        }
    };
    assert!(is_good || failed.is_some(), "taken for good");
    if let Some(error) = failed {
        let shown = format!("{error} {error:?} {:?}", error.verdict());
        assert!(!shown.contains(SECRET));
        assert!(is_good || !matches!(error, Error::Exchange { .. }));
    }
}

/// What became of each row: `None` for written, else the code.
fn brief(rows: &[RowOutcome]) -> Vec<Option<String>> {
    rows.iter()
        .map(|row| match row {
            RowOutcome::Written(_) => None,
            RowOutcome::Refused(error) => Some(error.code.to_string()),
        })
        .collect()
}

/// The same, straight from the message.
fn naive(body: &Bytes, rows: usize) -> Option<Vec<Option<String>>> {
    let answer = proto::BatchWriteRowResponse::decode(body.clone()).ok()?;
    let [table] = &answer.tables[..] else {
        return None;
    };
    if table.table_name != "t" || table.rows.len() != rows {
        return None;
    }
    let row = |row: &proto::RowInBatchWriteRowResponse| match &row.error {
        _ if row.is_ok => Some(None),
        Some(error) if !error.code.is_empty() => Some(Some(error.code.clone())),
        _ => None,
    };
    table.rows.iter().map(row).collect()
}

/// `x-ots-contentmd5` of a body.
pub(super) fn content_md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

fn client(answer: Answer) -> Client {
    let settings = Settings {
        endpoint: http::Uri::from_static("https://emulator1.cn-test.ots.test"),
        instance: InstanceName::new("emulator1").expect("it is a good name"),
        region: None,
        request_timeout: Duration::from_secs(1),
    };
    let key = AccessKey {
        id: KEY_ID.to_owned(),
        secret: Secret::new(SECRET),
        token: None,
    };
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH);
    Client::new(
        settings,
        key,
        Arc::new(Canned(Mutex::new(Some(answer)))),
        clock,
    )
}

/// An answer, and what is wrong with it.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// 0 nothing, 1 no MD5, 2 a wrong MD5, 3 no signature, 4 a wrong one, from 5 nothing.
    damage: u8,
    body: Bytes,
}

/// A service that has one answer to give.
#[derive(Debug)]
struct Canned(Mutex<Option<Answer>>);

impl Transport for Canned {
    fn exchange(
        &self,
        request: Request,
        _deadline: Duration,
    ) -> BoxFuture<'_, Result<Response, ExchangeError>> {
        let answer = self.0.lock().expect("nobody panics under it").take();
        let answer = answer.expect("one call is one exchange");
        let response = answer.sealed(request.uri().path().trim_start_matches('/'));
        futures_util::future::ready(Ok(response)).boxed()
    }
}

impl Answer {
    fn sealed(self, operation: &str) -> Response {
        let md5 = content_md5(&self.body);
        let md5 = if self.damage == 2 { "AAAA" } else { &md5 };
        let mut headers = vec![
            ("x-ots-contentmd5", md5),
            ("x-ots-contenttype", "protocol buffer"),
            ("x-ots-date", "1970-01-01T00:00:00.000000Z"),
            ("x-ots-requestid", "00064a2b-0000-0000-0000-000000000001"),
        ];
        if self.damage == 1 {
            headers.remove(0);
        }
        let string = sign::response_string_to_sign(operation, &headers);
        let secret = if self.damage == 4 { "other" } else { SECRET };
        let signature = sign::response_signature(&string, secret);
        let authorization = sign::authorization(KEY_ID, &signature);
        if self.damage != 3 {
            headers.push(("authorization", &authorization));
        }
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status.try_into().expect("it is a status");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("they are ASCII");
            response.headers_mut().insert(name, value);
        }
        response
    }
}
