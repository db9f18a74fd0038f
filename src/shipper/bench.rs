//! A door for the benches: mapping and encoding of one shard, without services and tasks.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::backlog::Backlog;
use super::batcher::Batcher;
use super::budget::Budget;
use super::rows::NameBook;
use super::settings::RowRules;
use crate::loghub::Cursor;
use crate::loghub::decode::LogGroupList;
use crate::status::Tally;
use crate::tablestore::{CapacityUnit, PrimaryKeyColumn, RowOutcome, TableName};

/// One shard's batches, each written as soon as it is full.
#[derive(Debug)]
pub struct Batches {
    batcher: Batcher,
    budget: Budget,
}

impl Batches {
    /// Batches for a table with this primary key.
    pub fn new(table: TableName, rules: RowRules, schema: Arc<[PrimaryKeyColumn]>) -> Self {
        let book = Arc::new(NameBook::new(rules.column_names));
        let backlog = Backlog::new(Cursor::new("start"));
        Self {
            batcher: Batcher::new(table, Arc::new(rules), schema, book, backlog),
            budget: Budget::new(1 << 20),
        }
    }

    /// Maps and encodes all logs of a pull; every row counts as written. Returns the bytes of the
    /// request bodies.
    pub fn run(&mut self, list: LogGroupList) -> usize {
        let share = self.budget.take(1).now_or_never();
        let share = share.expect("nothing else takes of the budget");
        let [from, next] = ["from", "next"].map(Cursor::new);
        self.batcher.backlog.push(list, from, next, share);
        let mut tally = Tally::default();
        let mut bytes = 0;
        while self.batcher.has_work() {
            let Some(sealed) = self.batcher.fill(&mut tally) else {
                continue;
            };
            bytes += sealed.body().len();
            let written = RowOutcome::Written(CapacityUnit { read: 0, write: 1 });
            let outcomes = vec![written; sealed.len()];
            self.batcher.settle(sealed, Ok(outcomes), &mut tally);
        }
        self.batcher.backlog.settle();
        bytes
    }
}
