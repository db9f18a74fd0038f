//! An emulator of both services, in memory: for tests, for the demo, for trying the shipper
//! without an account.
//!
//! The core is a state machine without sockets: [`Sandbox::respond`] turns one HTTP request into
//! one [`Reply`], on the time of a [`Clock`] that a simulation may hold. [`Sandbox::serve`] puts it
//! behind real HTTP. It is strict where the services are strict (signatures, dates, checksums,
//! limits), and faults are scripted through [`Sandbox::faults`]. It shares with the clients nothing
//! but the pure wire files, and keeps nothing on disk.

mod admin;
pub mod faults;
mod ledger;
pub mod loghub;
mod memory;
mod operations;
mod server;
mod tablestore;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

pub use self::admin::PREFIX as ADMIN_PREFIX;
use self::faults::Plan;
pub use self::faults::{Action, Corruption, Fault, FaultReport, Faults, RowMatch, ScriptFault};
pub use self::ledger::Call;
use self::ledger::Ledger;
use self::loghub::LogHub;
pub use self::memory::InMemory;
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

/// The key pairs that may sign, shared by both services.
#[derive(Debug)]
pub(crate) struct Keys {
    keys: Vec<AccessKey>,
    region: Option<String>,
}

impl Keys {
    /// The pair with this access key id.
    pub(crate) fn find(&self, id: &str) -> Option<&AccessKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Whether a signature of version 4 may name `region`.
    pub(crate) fn allows_region(&self, region: &str) -> bool {
        self.region.as_deref().is_none_or(|own| own == region)
    }
}

/// An answer of a service before faults touch it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The whole response, signed where the service signs.
    pub(crate) response: http::Response<Bytes>,
    /// Its error code; empty on success.
    pub(crate) code: String,
    /// Rows or log groups that it is about.
    pub(crate) rows: usize,
}

/// What both services hang on: scripted faults and the record of calls.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) faults: Faults,
    ledger: Ledger,
    clock: Clock,
}

impl Desk {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            faults: Faults::default(),
            ledger: Ledger::default(),
            clock,
        }
    }

    /// Carries one call of `operation` through whatever is scripted for it, and records it.
    ///
    /// `refuse` puts a scripted refusal (status, code, message) into the service's own form;
    /// `apply` does the real work, from verifying the signature on.
    pub(crate) fn attend(
        &self,
        service: Service,
        operation: &str,
        request: &http::Request<Bytes>,
        refuse: impl FnOnce(u16, &str, &str) -> http::Response<Bytes>,
        apply: impl FnOnce(&Plan) -> Answer,
    ) -> Reply {
        let at = self.clock.now();
        let plan = self.faults.plan(service, operation, request, at);
        let answer = if plan.is_cut_before() {
            self.record(service, operation, at, 0, "", 0);
            return plan.finish(http::Response::default());
        } else if let Some(refusal) = plan.refusal() {
            Answer {
                response: refuse(refusal.status, &refusal.code, &refusal.message),
                code: refusal.code.clone(),
                rows: 0,
            }
        } else {
            apply(&plan)
        };
        let status = answer.response.status().as_u16();
        self.record(service, operation, at, status, &answer.code, answer.rows);
        plan.finish(answer.response)
    }

    fn record(
        &self,
        service: Service,
        operation: &str,
        at: SystemTime,
        status: u16,
        code: &str,
        rows: usize,
    ) {
        self.ledger.record(Call {
            service,
            operation: operation.to_owned(),
            at,
            status,
            code: code.to_owned(),
            rows,
        });
    }
}

/// Both services in memory. Cheap to clone; clones share one state.
#[derive(Clone, Debug)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    desk: Desk,
    loghub: LogHub,
    tablestore: TableStore,
}

impl Sandbox {
    /// An empty sandbox: no project, no table.
    pub fn new(settings: Settings) -> Self {
        let keys = Arc::new(Keys {
            keys: settings.keys,
            region: settings.region,
        });
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

    /// Serves both services over HTTP until the handle is shut down or dropped. The state lives
    /// here, so that serving again goes on where it stopped.
    pub async fn serve(&self, listen: Listen) -> Result<Running, Error> {
        Running::start(self.clone(), listen).await
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

    /// Forgets everything: projects, tables, faults, calls.
    pub fn reset(&self) {
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
