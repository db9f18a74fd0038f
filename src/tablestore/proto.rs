//! The protobuf messages of Table Store, API version 2015-12-31 (proto2), with the vendor's field
//! numbers and names (`ots_internal_api.proto` of the SDKs). Rows inside them are `PlainBuffer`.
//!
//! | vendor's schema | here |
//! | --- | --- |
//! | required scalar | plain field: always encoded, and the default if the peer left it out |
//! | required message, or required enum without a value 0 | `Option`, so that its absence can be told |
//! | text in the service's words (`Error.message`) | bytes: a message that quotes a cut value must not make the whole answer unreadable |
//!
//! Streams, search indexes and transactions are left out.
#![expect(missing_docs, reason = "the names are the vendor's own")]

use bytes::Bytes;
use prost::{Enumeration, Message};

// Common.

#[derive(Clone, PartialEq, Message)]
pub struct Error {
    #[prost(string, required, tag = "1")]
    pub code: String,
    /// UTF-8, as a rule.
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub message: Option<Bytes>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct CapacityUnit {
    #[prost(int32, optional, tag = "1")]
    pub read: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub write: Option<i32>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ConsumedCapacity {
    #[prost(message, optional, tag = "1")]
    pub capacity_unit: Option<CapacityUnit>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ReservedThroughput {
    #[prost(message, optional, tag = "1")]
    pub capacity_unit: Option<CapacityUnit>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ReservedThroughputDetails {
    #[prost(message, optional, tag = "1")]
    pub capacity_unit: Option<CapacityUnit>,
    /// Seconds since 1970.
    #[prost(int64, required, tag = "2")]
    pub last_increase_time: i64,
    /// Seconds since 1970.
    #[prost(int64, optional, tag = "3")]
    pub last_decrease_time: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Condition {
    #[prost(enumeration = "RowExistenceExpectation", required, tag = "1")]
    pub row_existence: i32,
    /// A serialized [`Filter`].
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub column_condition: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ReturnContent {
    #[prost(enumeration = "ReturnType", optional, tag = "1")]
    pub return_type: Option<i32>,
    #[prost(string, repeated, tag = "2")]
    pub return_column_names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct TimeRange {
    /// Milliseconds, inclusive.
    #[prost(int64, optional, tag = "1")]
    pub start_time: Option<i64>,
    /// Milliseconds, exclusive.
    #[prost(int64, optional, tag = "2")]
    pub end_time: Option<i64>,
    #[prost(int64, optional, tag = "3")]
    pub specific_time: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum RowExistenceExpectation {
    Ignore = 0,
    ExpectExist = 1,
    ExpectNotExist = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ReturnType {
    None = 0,
    Pk = 1,
    AfterModify = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum OperationType {
    Put = 1,
    Update = 2,
    Delete = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum Direction {
    Forward = 0,
    Backward = 1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum PrimaryKeyType {
    Integer = 1,
    String = 2,
    Binary = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum PrimaryKeyOption {
    AutoIncrement = 1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum DefinedColumnType {
    Integer = 1,
    Double = 2,
    Boolean = 3,
    String = 4,
    Blob = 7,
}

// Tables.

#[derive(Clone, PartialEq, Message)]
pub struct PrimaryKeySchema {
    #[prost(string, required, tag = "1")]
    pub name: String,
    #[prost(enumeration = "PrimaryKeyType", optional, tag = "2")]
    pub r#type: Option<i32>,
    #[prost(enumeration = "PrimaryKeyOption", optional, tag = "3")]
    pub option: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct DefinedColumnSchema {
    #[prost(string, required, tag = "1")]
    pub name: String,
    #[prost(enumeration = "DefinedColumnType", optional, tag = "2")]
    pub r#type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TableMeta {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(message, repeated, tag = "2")]
    pub primary_key: Vec<PrimaryKeySchema>,
    #[prost(message, repeated, tag = "3")]
    pub defined_column: Vec<DefinedColumnSchema>,
    #[prost(message, repeated, tag = "4")]
    pub index_meta: Vec<IndexMeta>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct TableOptions {
    /// Seconds; -1 = for ever.
    #[prost(int32, optional, tag = "1")]
    pub time_to_live: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub max_versions: Option<i32>,
    #[prost(enumeration = "BloomFilterType", optional, tag = "3")]
    pub bloom_filter_type: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    pub block_size: Option<i32>,
    #[prost(int64, optional, tag = "5")]
    pub deviation_cell_version_in_sec: Option<i64>,
    /// Absent means true.
    #[prost(bool, optional, tag = "6")]
    pub allow_update: Option<bool>,
    #[prost(bool, optional, tag = "7")]
    pub update_full_row: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub struct StreamSpecification {
    #[prost(bool, required, tag = "1")]
    pub enable_stream: bool,
    /// Hours.
    #[prost(int32, optional, tag = "2")]
    pub expiration_time: Option<i32>,
    #[prost(string, repeated, tag = "3")]
    pub columns_to_get: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct StreamDetails {
    #[prost(bool, required, tag = "1")]
    pub enable_stream: bool,
    #[prost(string, optional, tag = "2")]
    pub stream_id: Option<String>,
    /// Hours.
    #[prost(int32, optional, tag = "3")]
    pub expiration_time: Option<i32>,
    #[prost(int64, optional, tag = "4")]
    pub last_enable_time: Option<i64>,
    #[prost(string, repeated, tag = "5")]
    pub columns_to_get: Vec<String>,
}

/// Server-side encryption: the same fields as asked for and as described (`SSEDetails`).
#[derive(Clone, PartialEq, Message)]
pub struct SseSpecification {
    #[prost(bool, required, tag = "1")]
    pub enable: bool,
    #[prost(enumeration = "SseKeyType", optional, tag = "2")]
    pub key_type: Option<i32>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub key_id: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub role_arn: Option<Bytes>,
}

/// Both bounds are bare variants.
#[derive(Clone, PartialEq, Message)]
pub struct PartitionRange {
    #[prost(bytes = "bytes", required, tag = "1")]
    pub begin: Bytes,
    #[prost(bytes = "bytes", required, tag = "2")]
    pub end: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct IndexMeta {
    #[prost(string, required, tag = "1")]
    pub name: String,
    #[prost(string, repeated, tag = "2")]
    pub primary_key: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    pub defined_column: Vec<String>,
    #[prost(int32, required, tag = "4")]
    pub index_update_mode: i32,
    #[prost(int32, required, tag = "5")]
    pub index_type: i32,
    #[prost(int32, optional, tag = "6")]
    pub index_sync_phase: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct CreateTableRequest {
    #[prost(message, optional, tag = "1")]
    pub table_meta: Option<TableMeta>,
    #[prost(message, optional, tag = "2")]
    pub reserved_throughput: Option<ReservedThroughput>,
    #[prost(message, optional, tag = "3")]
    pub table_options: Option<TableOptions>,
    #[prost(message, repeated, tag = "4")]
    pub partitions: Vec<PartitionRange>,
    #[prost(message, optional, tag = "5")]
    pub stream_spec: Option<StreamSpecification>,
    #[prost(message, optional, tag = "6")]
    pub sse_spec: Option<SseSpecification>,
    #[prost(message, repeated, tag = "7")]
    pub index_metas: Vec<IndexMeta>,
    #[prost(bool, optional, tag = "8")]
    pub enable_local_txn: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct CreateTableResponse {}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ListTableRequest {}

#[derive(Clone, PartialEq, Message)]
pub struct ListTableResponse {
    #[prost(string, repeated, tag = "1")]
    pub table_names: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct DescribeTableRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct DescribeTableResponse {
    #[prost(message, optional, tag = "1")]
    pub table_meta: Option<TableMeta>,
    #[prost(message, optional, tag = "2")]
    pub reserved_throughput_details: Option<ReservedThroughputDetails>,
    #[prost(message, optional, tag = "3")]
    pub table_options: Option<TableOptions>,
    /// Required in the schemas of the Go and npm SDKs, unknown to the others.
    #[prost(enumeration = "TableStatus", optional, tag = "4")]
    pub table_status: Option<i32>,
    #[prost(message, optional, tag = "5")]
    pub stream_details: Option<StreamDetails>,
    /// Each a `PlainBuffer` primary key.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub shard_splits: Vec<Bytes>,
    #[prost(message, optional, tag = "7")]
    pub sse_details: Option<SseSpecification>,
    #[prost(message, repeated, tag = "8")]
    pub index_metas: Vec<IndexMeta>,
    /// Microseconds since 1970.
    #[prost(int64, optional, tag = "9")]
    pub creation_time: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateTableRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(message, optional, tag = "2")]
    pub reserved_throughput: Option<ReservedThroughput>,
    #[prost(message, optional, tag = "3")]
    pub table_options: Option<TableOptions>,
    #[prost(message, optional, tag = "4")]
    pub stream_spec: Option<StreamSpecification>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateTableResponse {
    #[prost(message, optional, tag = "1")]
    pub reserved_throughput_details: Option<ReservedThroughputDetails>,
    #[prost(message, optional, tag = "2")]
    pub table_options: Option<TableOptions>,
    #[prost(message, optional, tag = "3")]
    pub stream_details: Option<StreamDetails>,
}

#[derive(Clone, PartialEq, Message)]
pub struct DeleteTableRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct DeleteTableResponse {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum TableStatus {
    Active = 1,
    Inactive = 2,
    Loading = 3,
    Unloading = 4,
    Updating = 5,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum BloomFilterType {
    None = 1,
    Cell = 2,
    Row = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum SseKeyType {
    KmsService = 1,
    Byok = 2,
}

// Single rows. All three writes look alike; only the name of field 2 differs.

#[derive(Clone, PartialEq, Message)]
pub struct PutRowRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(bytes = "bytes", required, tag = "2")]
    pub row: Bytes,
    #[prost(message, optional, tag = "3")]
    pub condition: Option<Condition>,
    #[prost(message, optional, tag = "4")]
    pub return_content: Option<ReturnContent>,
    #[prost(string, optional, tag = "5")]
    pub transaction_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PutRowResponse {
    #[prost(message, optional, tag = "1")]
    pub consumed: Option<ConsumedCapacity>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub row: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateRowRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(bytes = "bytes", required, tag = "2")]
    pub row_change: Bytes,
    #[prost(message, optional, tag = "3")]
    pub condition: Option<Condition>,
    #[prost(message, optional, tag = "4")]
    pub return_content: Option<ReturnContent>,
    #[prost(string, optional, tag = "5")]
    pub transaction_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateRowResponse {
    #[prost(message, optional, tag = "1")]
    pub consumed: Option<ConsumedCapacity>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub row: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub struct DeleteRowRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    /// A row with the delete marker.
    #[prost(bytes = "bytes", required, tag = "2")]
    pub primary_key: Bytes,
    #[prost(message, optional, tag = "3")]
    pub condition: Option<Condition>,
    #[prost(message, optional, tag = "4")]
    pub return_content: Option<ReturnContent>,
    #[prost(string, optional, tag = "5")]
    pub transaction_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct DeleteRowResponse {
    #[prost(message, optional, tag = "1")]
    pub consumed: Option<ConsumedCapacity>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub row: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetRowRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(bytes = "bytes", required, tag = "2")]
    pub primary_key: Bytes,
    #[prost(string, repeated, tag = "3")]
    pub columns_to_get: Vec<String>,
    #[prost(message, optional, tag = "4")]
    pub time_range: Option<TimeRange>,
    #[prost(int32, optional, tag = "5")]
    pub max_versions: Option<i32>,
    #[prost(bool, optional, tag = "6")]
    pub cache_blocks: Option<bool>,
    #[prost(bytes = "bytes", optional, tag = "7")]
    pub filter: Option<Bytes>,
    #[prost(string, optional, tag = "8")]
    pub start_column: Option<String>,
    #[prost(string, optional, tag = "9")]
    pub end_column: Option<String>,
    #[prost(bytes = "bytes", optional, tag = "10")]
    pub token: Option<Bytes>,
    #[prost(string, optional, tag = "11")]
    pub transaction_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetRowResponse {
    #[prost(message, optional, tag = "1")]
    pub consumed: Option<ConsumedCapacity>,
    /// Empty = no such row.
    #[prost(bytes = "bytes", required, tag = "2")]
    pub row: Bytes,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub next_token: Option<Bytes>,
}

// Batches and ranges.

#[derive(Clone, PartialEq, Message)]
pub struct RowInBatchWriteRowRequest {
    #[prost(enumeration = "OperationType", optional, tag = "1")]
    pub r#type: Option<i32>,
    #[prost(bytes = "bytes", required, tag = "2")]
    pub row_change: Bytes,
    #[prost(message, optional, tag = "3")]
    pub condition: Option<Condition>,
    #[prost(message, optional, tag = "4")]
    pub return_content: Option<ReturnContent>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TableInBatchWriteRowRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(message, repeated, tag = "2")]
    pub rows: Vec<RowInBatchWriteRowRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BatchWriteRowRequest {
    #[prost(message, repeated, tag = "1")]
    pub tables: Vec<TableInBatchWriteRowRequest>,
    #[prost(string, optional, tag = "2")]
    pub transaction_id: Option<String>,
    #[prost(bool, optional, tag = "3")]
    pub is_atomic: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RowInBatchWriteRowResponse {
    #[prost(bool, required, tag = "1")]
    pub is_ok: bool,
    #[prost(message, optional, tag = "2")]
    pub error: Option<Error>,
    #[prost(message, optional, tag = "3")]
    pub consumed: Option<ConsumedCapacity>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub row: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TableInBatchWriteRowResponse {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(message, repeated, tag = "2")]
    pub rows: Vec<RowInBatchWriteRowResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BatchWriteRowResponse {
    #[prost(message, repeated, tag = "1")]
    pub tables: Vec<TableInBatchWriteRowResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TableInBatchGetRowRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub primary_key: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub token: Vec<Bytes>,
    #[prost(string, repeated, tag = "4")]
    pub columns_to_get: Vec<String>,
    #[prost(message, optional, tag = "5")]
    pub time_range: Option<TimeRange>,
    #[prost(int32, optional, tag = "6")]
    pub max_versions: Option<i32>,
    #[prost(bool, optional, tag = "7")]
    pub cache_blocks: Option<bool>,
    #[prost(bytes = "bytes", optional, tag = "8")]
    pub filter: Option<Bytes>,
    #[prost(string, optional, tag = "9")]
    pub start_column: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub end_column: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BatchGetRowRequest {
    #[prost(message, repeated, tag = "1")]
    pub tables: Vec<TableInBatchGetRowRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RowInBatchGetRowResponse {
    #[prost(bool, required, tag = "1")]
    pub is_ok: bool,
    #[prost(message, optional, tag = "2")]
    pub error: Option<Error>,
    #[prost(message, optional, tag = "3")]
    pub consumed: Option<ConsumedCapacity>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub row: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub next_token: Option<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TableInBatchGetRowResponse {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(message, repeated, tag = "2")]
    pub rows: Vec<RowInBatchGetRowResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BatchGetRowResponse {
    #[prost(message, repeated, tag = "1")]
    pub tables: Vec<TableInBatchGetRowResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetRangeRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    #[prost(enumeration = "Direction", required, tag = "2")]
    pub direction: i32,
    #[prost(string, repeated, tag = "3")]
    pub columns_to_get: Vec<String>,
    #[prost(message, optional, tag = "4")]
    pub time_range: Option<TimeRange>,
    #[prost(int32, optional, tag = "5")]
    pub max_versions: Option<i32>,
    #[prost(int32, optional, tag = "6")]
    pub limit: Option<i32>,
    #[prost(bytes = "bytes", required, tag = "7")]
    pub inclusive_start_primary_key: Bytes,
    #[prost(bytes = "bytes", required, tag = "8")]
    pub exclusive_end_primary_key: Bytes,
    #[prost(bool, optional, tag = "9")]
    pub cache_blocks: Option<bool>,
    #[prost(bytes = "bytes", optional, tag = "10")]
    pub filter: Option<Bytes>,
    #[prost(string, optional, tag = "11")]
    pub start_column: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub end_column: Option<String>,
    #[prost(bytes = "bytes", optional, tag = "13")]
    pub token: Option<Bytes>,
    #[prost(string, optional, tag = "14")]
    pub transaction_id: Option<String>,
    /// 0 = `PlainBuffer`; the hint may be passed over.
    #[prost(int32, optional, tag = "15")]
    pub data_block_type_hint: Option<i32>,
    /// Absent means true.
    #[prost(bool, optional, tag = "16")]
    pub return_entire_primary_keys: Option<bool>,
    /// 0 = none; the hint may be passed over.
    #[prost(int32, optional, tag = "17")]
    pub compress_type_hint: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetRangeResponse {
    #[prost(message, optional, tag = "1")]
    pub consumed: Option<ConsumedCapacity>,
    /// One header, then row after row; empty = no rows.
    #[prost(bytes = "bytes", required, tag = "2")]
    pub rows: Bytes,
    /// Absent = the range is finished.
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub next_start_primary_key: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub next_token: Option<Bytes>,
    /// 0 or absent = `PlainBuffer`.
    #[prost(int32, optional, tag = "5")]
    pub data_block_type: Option<i32>,
    /// 0 or absent = none.
    #[prost(int32, optional, tag = "6")]
    pub compress_type: Option<i32>,
}

// Splits. Nothing of the shipper asks for them; the sandbox answers.

#[derive(Clone, PartialEq, Message)]
pub struct ComputeSplitPointsBySizeRequest {
    #[prost(string, required, tag = "1")]
    pub table_name: String,
    /// In units of 100 MiB, unless `split_size_unit_in_byte` is there.
    #[prost(int64, required, tag = "2")]
    pub split_size: i64,
    #[prost(int64, optional, tag = "3")]
    pub split_size_unit_in_byte: Option<i64>,
    #[prost(int32, optional, tag = "4")]
    pub split_point_limit: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ComputeSplitPointsBySizeResponse {
    #[prost(message, optional, tag = "1")]
    pub consumed: Option<ConsumedCapacity>,
    #[prost(message, repeated, tag = "2")]
    pub schema: Vec<PrimaryKeySchema>,
    /// Primary keys as `PlainBuffer`; trailing columns at their minimum may be left out.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub split_points: Vec<Bytes>,
    #[prost(message, repeated, tag = "4")]
    pub locations: Vec<SplitLocation>,
}

/// Where `repeat` parts one after the other are.
#[derive(Clone, PartialEq, Message)]
pub struct SplitLocation {
    #[prost(string, required, tag = "1")]
    pub location: String,
    #[prost(sint64, required, tag = "2")]
    pub repeat: i64,
}

// Filters: conditions on columns.

#[derive(Clone, PartialEq, Message)]
pub struct Filter {
    #[prost(enumeration = "FilterType", optional, tag = "1")]
    pub r#type: Option<i32>,
    /// The message that the type names, serialized.
    #[prost(bytes = "bytes", required, tag = "2")]
    pub filter: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub struct SingleColumnValueFilter {
    #[prost(enumeration = "ComparatorType", optional, tag = "1")]
    pub comparator: Option<i32>,
    #[prost(string, required, tag = "2")]
    pub column_name: String,
    /// A bare variant.
    #[prost(bytes = "bytes", required, tag = "3")]
    pub column_value: Bytes,
    /// The negation of the SDKs' option "pass if missing".
    #[prost(bool, required, tag = "4")]
    pub filter_if_missing: bool,
    #[prost(bool, required, tag = "5")]
    pub latest_version_only: bool,
    #[prost(message, optional, tag = "6")]
    pub value_trans_rule: Option<ValueTransferRule>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueTransferRule {
    #[prost(string, required, tag = "1")]
    pub regex: String,
    #[prost(enumeration = "VariantType", optional, tag = "2")]
    pub cast_type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct CompositeColumnValueFilter {
    #[prost(enumeration = "LogicalOperator", optional, tag = "1")]
    pub combinator: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub sub_filters: Vec<Filter>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ColumnPaginationFilter {
    #[prost(int32, required, tag = "1")]
    pub offset: i32,
    #[prost(int32, required, tag = "2")]
    pub limit: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum FilterType {
    SingleColumnValue = 1,
    CompositeColumnValue = 2,
    ColumnPagination = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ComparatorType {
    Equal = 1,
    NotEqual = 2,
    GreaterThan = 3,
    GreaterEqual = 4,
    LessThan = 5,
    LessEqual = 6,
    Exist = 7,
    NotExist = 8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum LogicalOperator {
    Not = 1,
    And = 2,
    Or = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum VariantType {
    Integer = 0,
    Double = 1,
    String = 3,
    Null = 6,
    Blob = 7,
}

#[cfg(test)]
mod tests;
