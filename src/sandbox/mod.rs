//! An emulator of both services, in memory: for tests, for the demo, for trying the shipper
//! without an account.
//!
//! The core is a state machine without sockets: [`Sandbox::respond`] turns one HTTP request into
//! one [`Reply`], on the time of a [`Clock`] that a simulation may hold. [`Sandbox::serve`] puts it
//! behind real HTTP. It is strict where the services are strict (signatures, dates, checksums,
//! limits), and faults are scripted through [`Sandbox::faults`]. It shares with the clients nothing
//! but the pure wire files, and keeps nothing on disk.

mod admin;
mod desk;
pub mod faults;
mod keys;
mod ledger;
pub mod loghub;
mod memory;
mod operations;
mod row_json;
mod seed;
mod server;
mod tablestore;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use self::admin::PREFIX as ADMIN_PREFIX;
pub use self::desk::Exchange;
pub(crate) use self::desk::{Answer, Desk};
pub use self::faults::{Action, Corruption, Fault, FaultReport, Faults, RowMatch, ScriptFault};
pub(crate) use self::keys::Keys;
pub use self::ledger::Call;
use self::loghub::LogHub;
pub use self::memory::InMemory;
pub use self::seed::{Seed, SeedFault};
pub use self::server::{Listen, Running};
pub use self::tablestore::{TableCounters, TableOptions, TableSnapshot, TableSpec, TableStore};
use crate::transport::{AccessKey, Clock};

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Key pairs that may sign. A pair with a token is refused without that token.
    pub keys: Vec<AccessKey>,
    /// Where the time of day comes from: dates of requests are checked against it, and consumers
    /// time out by it.
    pub clock: Clock,
    /// The region that signatures of version 4 must name; `None` accepts any.
    pub region: Option<String>,
    /// Column names by the letter of Table Store's documentation; otherwise `-` is allowed too, as
    /// the examples of the original's manual need it.
    pub strict_names: bool,
    /// Bytes, uncompressed, after which a pull ends. A first log group that is larger still comes.
    pub pull_bytes: usize,
}

impl Settings {
    /// Accepts `key`; everything else as the services do by default.
    pub fn new(key: AccessKey, clock: Clock) -> Self {
        Self {
            keys: vec![key],
            clock,
            region: None,
            strict_names: false,
            // About what pulls of the real service were seen to be bounded by.
            pull_bytes: 10 * 1024 * 1024,
        }
    }
}

/// What the sandbox cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address to listen on is taken, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Steering that the service itself would refuse.
    #[error("{code}: {message}")]
    Refused {
        /// The service's error code.
        code: String,
        /// The service's words.
        message: String,
    },
}

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Log Service (SLS, `LogHub`).
    LogService,
    /// Table Store (OTS).
    TableStore,
}

/// What a request brings: the answer, and what happens to it on its way.
#[derive(Debug)]
pub struct Reply {
    /// The answer; also where it is cut, as it would have been.
    pub response: http::Response<Bytes>,
    /// How long it is held back.
    pub delay: Duration,
    /// Whether the connection closes before or in the middle of it.
    pub cut: Cut,
}

/// Where the connection closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nowhere: the answer arrives whole.
    None,
    /// Before any of the answer.
    BeforeAnswer,
    /// In the middle of the answer's body, after its head.
    MidBody,
}

/// Both services in memory. Cheap to clone; clones share one state.
#[derive(Clone, Debug)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    keys: Arc<Keys>,
    desk: Desk,
    loghub: LogHub,
    tablestore: TableStore,
}

impl Sandbox {
    /// An empty sandbox: no project, no table.
    pub fn new(settings: Settings) -> Self {
        let keys = Arc::new(Keys::new(settings.keys.clone(), settings.region.clone()));
        Self {
            inner: Arc::new(Inner {
                desk: Desk::new(settings.clock.clone()),
                loghub: LogHub::new(
                    Arc::clone(&keys),
                    settings.clock.clone(),
                    settings.pull_bytes,
                ),
                tablestore: TableStore::new(
                    Arc::clone(&keys),
                    settings.clock.clone(),
                    settings.strict_names,
                ),
                keys,
                settings,
            }),
        }
    }

    /// Answers one request, without any socket. Applied when called: the delay and the cut of the
    /// reply are for the caller to act out.
    pub fn respond(&self, service: Service, request: &http::Request<Bytes>) -> Reply {
        let inner = &self.inner;
        match service {
            Service::LogService => inner.loghub.respond(request, &inner.desk),
            Service::TableStore => inner.tablestore.respond(request, &inner.desk),
        }
    }

    /// Answers one request to the paths under [`ADMIN_PREFIX`], which look into the sandbox and
    /// steer it. No signature is needed; the call is not recorded and meets no fault.
    pub fn admin(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        admin::respond(self, request)
    }

    /// Adds what `seed` describes: all of it, or nothing where the sandbox holds something of its
    /// names already, or the services would refuse a part of it.
    pub fn plant(&self, seed: &Seed) -> Result<(), SeedFault> {
        seed::plant(self, seed)
    }

    /// Serves both services over HTTP until the handle is shut down or dropped. The state lives
    /// here, so that serving again goes on where it stopped.
    pub async fn serve(&self, listen: Listen) -> Result<Running, Error> {
        Running::start(self.clone(), listen).await
    }

    /// The sandbox's time, as a log has it.
    fn unix_seconds(&self) -> u32 {
        u32::try_from(self.inner.desk.clock.unix_seconds()).unwrap_or(u32::MAX)
    }

    /// The script of faults.
    pub fn faults(&self) -> &Faults {
        &self.inner.desk.faults
    }

    /// How every entry of the script fares.
    pub fn fault_report(&self) -> Vec<FaultReport> {
        let desk = &self.inner.desk;
        desk.faults.report(desk.clock.now())
    }

    /// Lets `watch` see every call from now on, in the order in which they are applied; one at a time
    /// is applied from then on. Whether nobody watched before: there can be one only.
    pub fn watch(&self, watch: impl FnMut(&Exchange<'_>) + Send + 'static) -> bool {
        self.inner.desk.watcher.set(Box::new(watch))
    }

    /// How many calls of `operation` came so far, whatever became of them.
    pub fn calls(&self, operation: &str) -> u64 {
        self.inner.desk.ledger.calls(operation)
    }

    /// How many calls of `operation` ended with the error `code`; `""` is success.
    pub fn calls_with(&self, operation: &str, code: &str) -> u64 {
        self.inner.desk.ledger.calls_with(operation, code)
    }

    /// The latest 10,000 calls, oldest first.
    pub fn recent_calls(&self) -> Vec<Call> {
        self.inner.desk.ledger.recent()
    }

    /// Calls by operation and error code; `""` is success.
    pub fn counts(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.inner.desk.ledger.counts()
    }

    /// Forgets the calls that came so far, and their counts.
    pub fn forget_calls(&self) {
        self.inner.desk.ledger.clear();
    }

    /// Forgets everything: projects, tables, seeded keys, faults, calls. The keys of the settings
    /// stay.
    pub fn reset(&self) {
        self.inner.keys.reset();
        self.inner.loghub.reset();
        self.inner.tablestore.reset();
        self.faults().clear();
        self.forget_calls();
    }

    /// Log Service's side, for steering.
    pub fn loghub(&self) -> &LogHub {
        &self.inner.loghub
    }

    /// Table Store's side, for steering.
    pub fn tablestore(&self) -> &TableStore {
        &self.inner.tablestore
    }
}
