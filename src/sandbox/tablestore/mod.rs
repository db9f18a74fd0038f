//! Table Store in memory: tables, rows, and the operations on them as the service answers them.
//!
//! A request goes [`route`] → [`verify`] → decode → operate → [`answer`], one function each. What
//! the service refuses, and in which words, follows the vendor's error page and the functional tests
//! of the official SDKs. What the service does otherwise, and what could not be settled, is listed in
//! `docs/sandbox.md`.

mod answer;
mod apply;
mod cells;
mod change;
mod check;
mod cost;
mod failure;
mod fetch;
mod filter;
mod incoming;
mod inspect;
mod key;
mod names;
mod read;
mod route;
mod schema;
mod splits;
mod steer;
mod table;
mod tables;
mod verify;
mod write;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use prost::Message;

use self::answer::{Envelope, Outcome};
use self::failure::Failure;
pub use self::inspect::{TableOptions, TableSnapshot};
use self::names::NameRule;
use self::route::Operation;
pub use self::steer::TableSpec;
use self::table::Table;
pub use self::table::TableCounters;
use self::verify::{Caller, Headers};
use super::faults::Plan;
use super::{Answer, Desk, Keys, Reply, Service};
use crate::transport::Clock;

/// Table Store in memory. Each table has its own lock, held for one operation at a time.
#[derive(Debug)]
pub struct TableStore {
    keys: Arc<Keys>,
    clock: Clock,
    names: NameRule,
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
    requests: AtomicU64,
}

/// The names of all calls.
pub(super) fn operation_names() -> impl Iterator<Item = &'static str> {
    Operation::ALL.iter().map(|operation| operation.name())
}

impl TableStore {
    pub(crate) fn new(keys: Arc<Keys>, clock: Clock, strict_names: bool) -> Self {
        Self {
            keys,
            clock,
            names: if strict_names {
                NameRule::Documented
            } else {
                NameRule::WithHyphen
            },
            tables: RwLock::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// Answers one request, with whatever is scripted for it.
    pub(crate) fn respond(&self, request: &http::Request<Bytes>, desk: &Desk) -> Reply {
        let name = route::name(request.uri().path());
        let operation = route::route(name);
        let headers = Headers::of(request);
        let caller = Caller::of(&headers, &self.keys);
        let now = self.clock.utc();
        let envelope = Envelope {
            operation: name,
            caller: caller.as_ref(),
            request_id: self.request_id(),
            now,
            compress: Envelope::wants_compression(&headers),
        };
        let known = operation
            .as_ref()
            .map_or("Unknown", |operation| operation.name());
        desk.attend(
            Service::TableStore,
            known,
            request,
            |status, code, message| {
                envelope.failure(&Failure::new(status, code.to_owned(), message.to_owned()))
            },
            |plan| {
                let outcome = verify::verify(
                    request,
                    operation.clone(),
                    &headers,
                    caller.as_ref(),
                    &self.keys,
                    now,
                )
                .and_then(|(operation, body)| self.operate(operation, &body, plan));
                reply_to(&envelope, outcome)
            },
        )
    }

    fn operate(&self, operation: Operation, body: &Bytes, plan: &Plan) -> Result<Outcome, Failure> {
        match operation {
            Operation::CreateTable => tables::create_table(self, body),
            Operation::ListTable => tables::list_table(self, body),
            Operation::DescribeTable => tables::describe_table(self, body),
            Operation::UpdateTable => tables::update_table(self, body),
            Operation::DeleteTable => tables::delete_table(self, body),
            Operation::PutRow => write::put_row(self, body),
            Operation::UpdateRow => write::update_row(self, body),
            Operation::DeleteRow => write::delete_row(self, body),
            Operation::GetRow => fetch::get_row(self, body),
            Operation::BatchGetRow => fetch::batch_get_row(self, body),
            Operation::BatchWriteRow => write::batch_write_row(self, body, plan),
            Operation::GetRange => fetch::get_range(self, body),
            Operation::ComputeSplitPointsBySize => splits::compute_split_points_by_size(self, body),
        }
    }

    fn table(&self, name: &str) -> Result<Arc<Table>, Failure> {
        let tables = self.read_tables();
        tables
            .get(name)
            .map(Arc::clone)
            .ok_or_else(Failure::no_table)
    }

    fn read_tables(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Table>>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_tables(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<Table>>> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A GUID such as the service's: the microsecond in front, a running number behind.
    fn request_id(&self) -> String {
        let micros = self.clock.utc().unix_timestamp_nanos() / 1000;
        let micros = format!("{:016x}", u64::try_from(micros).unwrap_or_default());
        let number = self.requests.fetch_add(1, Ordering::Relaxed) & 0xffff_ffff_ffff;
        let (high, low) = micros.split_at(8);
        let (middle, low) = low.split_at(4);
        format!("{high}-{middle}-{low}-a5c1-{number:012x}")
    }
}

fn reply_to(envelope: &Envelope<'_>, outcome: Result<Outcome, Failure>) -> Answer {
    match outcome {
        Ok(outcome) => Answer {
            rows: outcome.rows,
            code: String::new(),
            response: envelope.success(outcome),
        },
        Err(failure) => Answer {
            rows: 0,
            code: failure.code.clone().into_owned(),
            response: envelope.failure(&failure),
        },
    }
}

/// The message of a request. Its bytes stay where they are: fields are slices of the body.
fn decode<M: Message + Default>(body: &Bytes) -> Result<M, Failure> {
    M::decode(body.clone()).map_err(|_not_the_message| Failure::unparsed())
}

#[cfg(test)]
mod tests;
