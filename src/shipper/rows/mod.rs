//! From log to row: which columns a log has, under which names, and which row it belongs to.
//!
//! [`Mapper`] is pure: it knows nothing of batches, checkpoints or the network. What Table Store
//! turns out to think of a name comes in through the [`NameBook`], which all shards share.

mod json;
mod latest;
mod mapper;
mod names;
mod vocabulary;

pub(super) use self::json::log_json;
pub(super) use self::mapper::{Draft, LogView, Mapper, Unmapped};
pub(super) use self::names::{NameBook, refused_name};
