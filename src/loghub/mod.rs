//! Log Service (SLS, LogHub): names, wire formats, signatures, one client.
//!
//! What is here knows the service and nothing of what is done with its logs. The protocol is API
//! version 0.6.0 as the vendor's SDKs speak it; where a fact comes from one of them, the item says so.

mod client;
pub mod compression;
mod cursor;
pub mod decode;
pub(crate) mod entry;
mod error;
mod model;
pub mod proto;
pub mod sign;
#[cfg(test)]
pub(crate) mod testing;

pub use self::client::{Client, Saved, Settings};
pub use self::error::{Error, ErrorCode};
pub use self::model::{
    Checkpoint, ConsumerGroup, ConsumerGroupName, ConsumerName, Cursor, CursorPosition, Logstore,
    NameError, Project, Pull, PullSize, Shard, ShardId, ShardStatus,
};
