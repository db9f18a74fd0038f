//! The store as a client meets it: signed requests in, answers checked the way the SDKs check them.
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls with rows and requests made on the spot read better"
)]

mod answers;
mod batches;
mod build;
mod client;
mod conditions;
mod keys;
mod limits;
mod model;
mod protocol;
mod ranges;
mod reads;
mod recorded;
mod splits;
mod tables;
mod writes;

use std::time::{Duration, SystemTime};

use prost::Message as _;

use self::build::{
    any_version, batch_of, cell, changes, check_answer, column, comparison, conditional, cost,
    delete_all, deletion, encoded_key, equal, expecting, get_request, ignore, in_batch, increment,
    integer, invalid, key_a, meta, no_throughput, options, put, put_at, puts, refused, row_error,
    row_of, show_cells, signed, string, string_host, versioned,
};
use super::*;
use crate::sandbox::Cut;
use crate::tablestore::plainbuffer::{self, CellChange, CellKind, RowChange};
use crate::tablestore::{
    Column, ErrorCode, PrimaryKeyColumn, PrimaryKeyType, Row, RowExistence, TableName, Value,
    proto, sign,
};
use crate::transport::{AccessKey, Secret};

/// 2026-11-22T10:00:00Z: when the recorded requests were signed.
const RECORDED_AT: u64 = 1_795_341_600;
const KEY_ID: &str = "LTAIexampleaccesskey";
const SECRET: &str = "exampleSecretKey0123456789abcdef";
const DATE: &str = "2026-11-22T10:00:00.000Z";

/// What a refusal comes to: status, code, message.
type Refused = (u16, String, String);

/// A store, and what a request to it passes through.
struct Host {
    store: TableStore,
    desk: Desk,
}

impl Host {
    fn new() -> Self {
        Self::at(RECORDED_AT, false)
    }

    fn at(unix_seconds: u64, strict_names: bool) -> Self {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds));
        let key = AccessKey {
            id: KEY_ID.to_owned(),
            secret: Secret::new(SECRET),
            token: None,
        };
        Self::with(key, clock, strict_names)
    }

    fn with(key: AccessKey, clock: Clock, strict_names: bool) -> Self {
        let keys = Keys::new(vec![key], None);
        Self {
            store: TableStore::new(Arc::new(keys), clock.clone(), strict_names),
            desk: Desk::new(clock),
        }
    }

    /// A store with the table `t` of these key columns, one version, any version of cells.
    fn with_table(key: &[(&str, PrimaryKeyType)]) -> Self {
        let host = Self::new();
        host.create("t", key, any_version(-1, 1));
        host
    }

    fn create(&self, name: &str, key: &[(&str, PrimaryKeyType)], options: proto::TableOptions) {
        let request = proto::CreateTableRequest {
            table_meta: Some(meta(name, key)),
            reserved_throughput: Some(no_throughput()),
            table_options: Some(options),
            ..Default::default()
        };
        let _: proto::CreateTableResponse = self.call("CreateTable", &request).unwrap();
    }

    fn send(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let reply = self.store.respond(request, &self.desk);
        assert_eq!((reply.cut, reply.delay), (Cut::None, Duration::ZERO));
        reply.response
    }

    /// One signed call; its answer is checked as the Python and Java SDKs check it.
    fn call<A: prost::Message + Default>(
        &self,
        operation: &str,
        request: &impl prost::Message,
    ) -> Result<A, Refused> {
        let response = self.send(&signed(operation, request.encode_to_vec(), &self.date()));
        check_answer(operation, &response);
        if response.status() == 200 {
            return Ok(A::decode(response.body().clone()).unwrap());
        }
        let error = proto::Error::decode(response.body().clone()).unwrap();
        let message = String::from_utf8(error.message.unwrap().to_vec()).unwrap();
        Err((response.status().as_u16(), error.code, message))
    }

    fn date(&self) -> String {
        let now = self.store.clock.utc();
        let (date, time) = (now.date(), now.time());
        let (hour, minute, second) = time.as_hms();
        format!("{date}T{hour:02}:{minute:02}:{second:02}.000Z")
    }

    fn put(&self, row: RowChange) -> Result<proto::PutRowResponse, Refused> {
        self.put_if(row, ignore())
    }

    fn put_if(
        &self,
        row: RowChange,
        condition: proto::Condition,
    ) -> Result<proto::PutRowResponse, Refused> {
        let request = proto::PutRowRequest {
            table_name: "t".to_owned(),
            row: plainbuffer::encode(&row).into(),
            condition: Some(condition),
            ..Default::default()
        };
        self.call("PutRow", &request)
    }

    fn update(&self, row: RowChange) -> Result<proto::UpdateRowResponse, Refused> {
        self.update_if(row, ignore())
    }

    fn update_if(
        &self,
        row: RowChange,
        condition: proto::Condition,
    ) -> Result<proto::UpdateRowResponse, Refused> {
        self.update_returning(row, condition, None)
    }

    fn update_returning(
        &self,
        row: RowChange,
        condition: proto::Condition,
        return_content: Option<proto::ReturnContent>,
    ) -> Result<proto::UpdateRowResponse, Refused> {
        let request = proto::UpdateRowRequest {
            table_name: "t".to_owned(),
            row_change: plainbuffer::encode(&row).into(),
            condition: Some(condition),
            return_content,
            ..Default::default()
        };
        self.call("UpdateRow", &request)
    }

    fn delete_if(
        &self,
        key: Vec<Column>,
        condition: proto::Condition,
    ) -> Result<proto::DeleteRowResponse, Refused> {
        let request = proto::DeleteRowRequest {
            table_name: "t".to_owned(),
            primary_key: plainbuffer::encode(&deletion(key)).into(),
            condition: Some(condition),
            ..Default::default()
        };
        self.call("DeleteRow", &request)
    }

    /// The rows of one batch for the table `t`, all UPDATE without condition.
    fn batch(
        &self,
        rows: Vec<RowChange>,
    ) -> Result<Vec<proto::RowInBatchWriteRowResponse>, Refused> {
        let rows = rows
            .into_iter()
            .map(|row| in_batch(2, row, ignore()))
            .collect();
        self.batch_of(batch_of(rows))
    }

    fn batch_of(
        &self,
        request: proto::BatchWriteRowRequest,
    ) -> Result<Vec<proto::RowInBatchWriteRowResponse>, Refused> {
        let answer: proto::BatchWriteRowResponse = self.call("BatchWriteRow", &request)?;
        assert_eq!(answer.tables.len(), request.tables.len());
        for (table, asked) in answer.tables.iter().zip(&request.tables) {
            assert_eq!(table.table_name, asked.table_name);
            assert_eq!(table.rows.len(), asked.rows.len());
        }
        Ok(answer
            .tables
            .into_iter()
            .flat_map(|table| table.rows)
            .collect())
    }

    /// All columns of a row in up to `max_versions` versions; `None` if there is no such row.
    fn get(&self, key: Vec<Column>, max_versions: i32) -> Option<Row> {
        let answer = self.get_by(get_request(key, max_versions)).unwrap();
        row_of(&answer.row)
    }

    fn get_by(&self, request: proto::GetRowRequest) -> Result<proto::GetRowResponse, Refused> {
        self.call("GetRow", &request)
    }

    /// The values of a row's columns, latest version, as text.
    fn shown(&self, key: Vec<Column>) -> Option<Vec<String>> {
        self.get(key, 1).map(|row| show_cells(&row))
    }
}
