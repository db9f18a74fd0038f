//! Table Store (OTS): names, wire formats, signatures, one client.
//!
//! What is here knows the service and nothing of logs. The protocol is API version 2015-12-31 as
//! the vendor's SDKs speak it; where a fact comes from one of them, the item says so.

pub mod batch;
mod client;
pub mod crc8;
mod error;
mod model;
pub mod plainbuffer;
pub mod proto;
pub mod sign;
#[cfg(test)]
pub(crate) mod vectors;

pub use self::client::{Client, Settings};
pub use self::error::{Error, ErrorCode, RowError, Verdict};
pub use self::model::{
    BatchOutcome, CapacityUnit, Cell, Column, InstanceName, NameError, PrimaryKeyColumn,
    PrimaryKeyType, Row, RowExistence, RowOutcome, TableDescription, TableName, Value,
    is_documented_name,
};
