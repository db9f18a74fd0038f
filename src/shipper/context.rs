//! What every shard's work shares.

use std::sync::Arc;

use super::budget::Budget;
use super::limiter::Limiter;
use super::memory::Memory;
use super::rows::NameBook;
use super::settings::Settings;
use crate::deadletters::Sink;
use crate::status::{self, ShardIdentity, Totals};
use crate::tablestore::PrimaryKeyColumn;
use crate::transport::Clock;
use crate::{loghub, tablestore};

/// Clients, settings and limits, shared by all shards.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) loghub: Arc<loghub::Client>,
    pub(super) tablestore: Arc<tablestore::Client>,
    pub(super) settings: Settings,
    pub(super) rules: Arc<super::RowRules>,
    pub(super) status: status::Settings,
    /// Primary key of the target table.
    pub(super) schema: Arc<[PrimaryKeyColumn]>,
    pub(super) book: Arc<NameBook>,
    pub(super) budget: Budget,
    pub(super) memory: Arc<Memory>,
    pub(super) limiter: Arc<Limiter>,
    pub(super) totals: Arc<Totals>,
    pub(super) clock: Clock,
    /// Where logs are kept that cannot become rows.
    pub(super) dead_letters: Option<Arc<Sink>>,
    /// Hash of what decides about logs.
    pub(super) fingerprint: String,
    /// `PROJECT|LOGSTORE`.
    pub(super) project_logstore: String,
}

impl Context {
    /// Whose status rows a shard's are.
    pub(super) fn identity(&self, shard: loghub::ShardId) -> ShardIdentity {
        ShardIdentity {
            project_logstore: self.project_logstore.clone(),
            shard: shard.0,
            target_table: self.settings.target_table.to_string(),
            shipper_id: self.settings.consumer.to_string(),
        }
    }
}
