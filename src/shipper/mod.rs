//! The work: shards come and go; each is pulled, its logs become rows, the rows are written, and
//! the checkpoint follows.
//!
//! ```text
//! Daemon ── heartbeat: which shards are ours
//!   └─ worker, one per shard, owns all of the shard's state
//!        Puller ─→ Backlog ─→ Batcher (rows::Mapper) ─→ BatchWriteRow ─→ Batcher ─→ checkpoint
//!                                  └─ logs given up ─→ Parking ─→ dead letters ─┘
//! ```
//!
//! [`Replay`] feeds the same batcher from dead letters.
//!
//! Shared by all shards: the byte `budget` and what is really held (`memory`), the `limiter` of batches in flight, and what was
//! learned of column names (`rows`).

mod backlog;
mod batcher;
mod beginning;
#[doc(hidden)]
pub mod bench;
mod budget;
mod context;
mod daemon;
mod fingerprint;
mod hints;
mod lease;
mod limiter;
mod lines;
mod memory;
#[cfg(test)]
mod models;
mod parking;
mod pending;
mod puller;
mod replay;
mod rows;
mod settings;
mod start;
mod window;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::budget::Budget;
use self::context::Context;
use self::daemon::Daemon;
pub use self::daemon::RunError;
use self::fingerprint::fingerprint;
use self::limiter::Limiter;
pub use self::memory::Memory;
pub use self::replay::{Failing, Replay, ReplayError, ReplayReport, ReplaySettings};
use self::rows::NameBook;
pub use self::settings::{
    ColumnNames, LostCursor, RowRules, Settings, StartPosition, TransformColumn,
};
pub use self::start::{Obstacle, STATUS_KEY, StartError};
use crate::deadletters::Sink;
use crate::status::{self, Totals};
use crate::transport::Clock;
use crate::{loghub, tablestore};

/// The shipper, ready to run: everything that it needs was found in order.
#[derive(Debug)]
pub struct Shipper {
    daemon: Daemon,
    totals: Arc<Totals>,
    memory: Arc<Memory>,
}

impl Shipper {
    /// Checks tables and logstore and joins the consumer group. A service that does not answer is
    /// tried again for `patience`.
    pub async fn start(
        settings: Settings,
        status: status::Settings,
        loghub: loghub::Client,
        tablestore: tablestore::Client,
        clock: Clock,
        patience: Duration,
    ) -> Result<Self, StartError> {
        let tablestore = Arc::new(tablestore);
        let dead_letters = settings.dead_letters.clone();
        let dead_letters = dead_letters.map(|to| Sink::new(to, &tablestore));
        let found = start::start(
            &settings,
            &status.table,
            dead_letters.as_ref(),
            &loghub,
            &tablestore,
            patience,
        )
        .await?;
        let totals = Arc::new(Totals::default());
        let memory = Arc::new(Memory::default());
        let context = Context {
            project_logstore: format!(
                "{}|{}",
                loghub.settings().project,
                loghub.settings().logstore
            ),
            fingerprint: fingerprint(
                &settings.rules,
                &tablestore.settings().instance,
                &settings.target_table,
                &found.target.primary_key,
            ),
            dead_letters: dead_letters.map(Arc::new),
            loghub: Arc::new(loghub),
            tablestore,
            rules: Arc::new(settings.rules.clone()),
            schema: found.target.primary_key.into(),
            book: Arc::new(NameBook::new(settings.rules.column_names)),
            budget: Budget::new(settings.memory_limit_bytes),
            memory: Arc::clone(&memory),
            limiter: Limiter::new(settings.max_batches_in_flight),
            totals: Arc::clone(&totals),
            settings,
            status,
            clock,
        };
        let daemon = Daemon::new(Arc::new(context), found.group_timeout);
        Ok(Self {
            daemon,
            totals,
            memory,
        })
    }

    /// Running totals, for whoever wants to watch.
    pub fn totals(&self) -> Arc<Totals> {
        Arc::clone(&self.totals)
    }

    /// The bytes of logs and rows that it holds, for whoever wants to watch.
    pub fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory)
    }

    /// Ships until `shutdown`, then hands all shards over within the grace period.
    pub async fn run(self, shutdown: &CancellationToken) -> Result<(), RunError> {
        self.daemon.run(shutdown).await
    }
}
