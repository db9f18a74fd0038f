//! The client: one signed exchange per method, no retry inside ([`crate::transport::retry`] is the
//! caller's).
//!
//! All methods that write are idempotent: they put, without condition, what they would put again;
//! the exceptions are a [`Client::put_row`] or [`Client::update_row`] that expects the row's absence
//! or presence, and they say so.

mod answer;
mod exchange;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use self::exchange::{Call, Exchange};
use super::{
    BatchOutcome, CapacityUnit, Column, Error, InstanceName, PrimaryKeyColumn, Row, RowExistence,
    TableDescription, TableName, plainbuffer, proto,
};
use crate::transport::{AccessKey, Clock, Transport};

/// Where the service is, and how to talk to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme and authority, such as `https://INSTANCE.cn-hangzhou.ots.aliyuncs.com`; a path is put
    /// before the operation's name (and not signed), a query is dropped.
    pub endpoint: http::Uri,
    /// The instance that the tables belong to.
    pub instance: InstanceName,
    /// The region's id, such as `cn-hangzhou`: requests are signed with version 4. `None` = with
    /// version 2.
    pub region: Option<String>,
    /// How long one exchange may take.
    pub request_timeout: Duration,
}

/// A client of one instance.
///
/// Every method is one exchange: it fails with [`Error::Exchange`] where no answer came, with
/// [`Error::Service`] where the service refused, and with [`Error::Answer`] where what came is not
/// an answer of the service. Dropping a future leaves open whether the service acted.
pub struct Client {
    exchange: Exchange,
}

impl Client {
    /// A client that signs with `key` and speaks through `transport`.
    pub fn new(
        settings: Settings,
        key: AccessKey,
        transport: Arc<dyn Transport>,
        clock: Clock,
    ) -> Self {
        Self {
            exchange: Exchange::new(settings, key, transport, clock),
        }
    }

    /// Where the service is, and how to talk to it.
    pub fn settings(&self) -> &Settings {
        self.exchange.settings()
    }

    /// What the service knows of a table.
    pub async fn describe_table(&self, table: &TableName) -> Result<TableDescription, Error> {
        let request = proto::DescribeTableRequest {
            table_name: table.to_string(),
        };
        let call = Call::about("DescribeTable", "describe_table of table", table);
        self.send(call, &request, |answer| answer::table(table, answer))
            .await
    }

    /// Creates a table without reserved throughput. The service takes up to a minute to make it
    /// ready, and answers [`super::ErrorCode::TableNotReady`] until then.
    ///
    /// `time_to_live_seconds` is -1 (for ever) or positive, `max_versions` is 1 or more.
    pub async fn create_table(
        &self,
        table: &TableName,
        primary_key: &[PrimaryKeyColumn],
        time_to_live_seconds: i32,
        max_versions: i32,
    ) -> Result<(), Error> {
        let nothing = proto::CapacityUnit {
            read: Some(0),
            write: Some(0),
        };
        let request = proto::CreateTableRequest {
            table_meta: Some(proto::TableMeta {
                table_name: table.to_string(),
                primary_key: primary_key.iter().map(answer::key_schema).collect(),
                ..proto::TableMeta::default()
            }),
            reserved_throughput: Some(proto::ReservedThroughput {
                capacity_unit: Some(nothing),
            }),
            table_options: Some(proto::TableOptions {
                time_to_live: Some(time_to_live_seconds),
                max_versions: Some(max_versions),
                ..proto::TableOptions::default()
            }),
            ..proto::CreateTableRequest::default()
        };
        let call = Call::about("CreateTable", "create_table of table", table);
        self.send(call, &request, |_: proto::CreateTableResponse| Ok(()))
            .await
    }

    /// The names of all tables of the instance.
    pub async fn list_tables(&self) -> Result<Vec<String>, Error> {
        let request = proto::ListTableRequest {};
        let names = |answer: proto::ListTableResponse| Ok(answer.table_names);
        self.send(Call::new("ListTable", "list_tables"), &request, names)
            .await
    }

    /// Deletes a table with all its rows.
    pub async fn delete_table(&self, table: &TableName) -> Result<(), Error> {
        let request = proto::DeleteTableRequest {
            table_name: table.to_string(),
        };
        let call = Call::about("DeleteTable", "delete_table of table", table);
        self.send(call, &request, |_: proto::DeleteTableResponse| Ok(()))
            .await
    }

    /// Writes a whole row in the place of whatever was there; returns what that cost.
    ///
    /// With another expectation than [`RowExistence::Ignore`], and after an attempt whose end is
    /// unknown, [`super::ErrorCode::ConditionCheckFail`] may mean that this attempt went through.
    pub async fn put_row(
        &self,
        table: &TableName,
        key: &[Column],
        columns: &[Column],
        existence: RowExistence,
    ) -> Result<CapacityUnit, Error> {
        let mut row = Vec::new();
        plainbuffer::write_row(&mut row, key, columns);
        let request = proto::PutRowRequest {
            table_name: table.to_string(),
            row: row.into(),
            condition: Some(answer::condition(existence)),
            return_content: None,
            transaction_id: None,
        };
        let call = Call::about("PutRow", "put_row to table", table);
        self.send(call, &request, |answer: proto::PutRowResponse| {
            Ok(answer::capacity(answer.consumed))
        })
        .await
    }

    /// Writes cells of a row and leaves its other cells as they are; creates the row where there
    /// is none, unless `existence` forbids. Returns what that cost. The service refuses it without
    /// a column. Under [`RowExistence::ExpectNotExist`], and after an attempt whose end is unknown, a
    /// refusal may mean that this attempt went through, as of [`Self::put_row`].
    pub async fn update_row(
        &self,
        table: &TableName,
        key: &[Column],
        columns: &[Column],
        existence: RowExistence,
    ) -> Result<CapacityUnit, Error> {
        let mut row = Vec::new();
        plainbuffer::write_row(&mut row, key, columns);
        let request = proto::UpdateRowRequest {
            table_name: table.to_string(),
            row_change: row.into(),
            condition: Some(answer::condition(existence)),
            return_content: None,
            transaction_id: None,
        };
        let call = Call::about("UpdateRow", "update_row to table", table);
        self.send(call, &request, |answer: proto::UpdateRowResponse| {
            Ok(answer::capacity(answer.consumed))
        })
        .await
    }

    /// Deletes a row with all its cells, if it is there; returns what that cost.
    pub async fn delete_row(
        &self,
        table: &TableName,
        key: &[Column],
    ) -> Result<CapacityUnit, Error> {
        let gone = plainbuffer::RowChange {
            primary_key: key.to_vec(),
            cells: Vec::new(),
            delete_marker: true,
        };
        let request = proto::DeleteRowRequest {
            table_name: table.to_string(),
            primary_key: plainbuffer::encode(&gone).into(),
            condition: Some(answer::condition(RowExistence::Ignore)),
            return_content: None,
            transaction_id: None,
        };
        let call = Call::about("DeleteRow", "delete_row of table", table);
        self.send(call, &request, |answer: proto::DeleteRowResponse| {
            Ok(answer::capacity(answer.consumed))
        })
        .await
    }

    /// A row with the newest version of every column; `None` where there is no such row.
    pub async fn get_row(&self, table: &TableName, key: &[Column]) -> Result<Option<Row>, Error> {
        let mut primary_key = Vec::new();
        plainbuffer::write_primary_key(&mut primary_key, key);
        let request = proto::GetRowRequest {
            table_name: table.to_string(),
            primary_key: primary_key.into(),
            max_versions: Some(1),
            ..proto::GetRowRequest::default()
        };
        let call = Call::about("GetRow", "get_row of table", table);
        self.send(call, &request, |answer| answer::row(&answer))
            .await
    }

    /// Rows from `start` (inclusive) to `end` (exclusive) in ascending order of their keys, with
    /// the newest version of every column, and where to go on: the key of the first row that is
    /// not among them, `None` at the end of the range.
    ///
    /// The service stops at `limit` rows (above 0), 5,000 rows, 4 MiB, or earlier, even without a
    /// row; so only the second part tells the end.
    pub async fn get_range(
        &self,
        table: &TableName,
        start: &[Column],
        end: &[Column],
        limit: Option<u32>,
    ) -> Result<(Vec<Row>, Option<Vec<Column>>), Error> {
        self.range(proto::Direction::Forward, table, start, end, limit)
            .await
    }

    /// The same in descending order: from `start` (inclusive) down to `end` (exclusive).
    pub async fn get_range_backward(
        &self,
        table: &TableName,
        start: &[Column],
        end: &[Column],
        limit: Option<u32>,
    ) -> Result<(Vec<Row>, Option<Vec<Column>>), Error> {
        self.range(proto::Direction::Backward, table, start, end, limit)
            .await
    }

    async fn range(
        &self,
        direction: proto::Direction,
        table: &TableName,
        start: &[Column],
        end: &[Column],
        limit: Option<u32>,
    ) -> Result<(Vec<Row>, Option<Vec<Column>>), Error> {
        let bound = |key: &[Column]| {
            let mut out = Vec::new();
            plainbuffer::write_primary_key(&mut out, key);
            Bytes::from(out)
        };
        let request = proto::GetRangeRequest {
            table_name: table.to_string(),
            direction: direction.into(),
            max_versions: Some(1),
            limit: limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)),
            inclusive_start_primary_key: bound(start),
            exclusive_end_primary_key: bound(end),
            ..proto::GetRangeRequest::default()
        };
        let call = Call::about("GetRange", "get_range of table", table);
        self.send(call, &request, answer::range).await
    }

    /// Writes many rows of one table, each by itself.
    ///
    /// `body` is a whole encoded [`proto::BatchWriteRowRequest`] for that table with `rows` rows; the
    /// outcome has exactly that many entries, in the order of the request.
    pub async fn batch_write_row(
        &self,
        table: &TableName,
        body: Bytes,
        rows: usize,
    ) -> Result<BatchOutcome, Error> {
        let call = Call::about("BatchWriteRow", "batch_write_row to table", table);
        let outcome = |mut answer: proto::BatchWriteRowResponse| {
            let answers = answer.tables.iter_mut().flat_map(|table| &mut table.rows);
            for error in answers.filter_map(|row| row.error.as_mut()) {
                *error = self.exchange.redacted(error);
            }
            answer::batch(table, rows, answer)
        };
        self.exchange.run(call, body, outcome).await
    }

    async fn send<M: prost::Message + Default, T>(
        &self,
        call: Call<'_>,
        request: &impl prost::Message,
        read: impl FnOnce(M) -> Result<T, String> + Send,
    ) -> Result<T, Error> {
        let body = request.encode_to_vec().into();
        self.exchange.run(call, body, read).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", self.exchange.settings())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
