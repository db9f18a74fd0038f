//! Letters of a table, read back in order, and removed.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use tracing::warn;

use super::row::{self, key_columns};
use super::{Order, Origin, SinkError, column};
use crate::deadletters::desk::Found;
use crate::deadletters::{Key, Reason};
use crate::tablestore::{Client, Column, Error, ErrorCode, Row, RowExistence, TableName, Value};
use crate::transport::error_chain;
use crate::transport::retry::{self, Policy};

/// Changes under way at once.
const AT_ONCE: usize = 16;

/// The letters of one origin.
#[derive(Debug)]
pub struct TableDesk {
    client: Arc<Client>,
    table: TableName,
    order: Order,
    policy: Policy,
    /// Where to go on; `None` at the end.
    next: Option<Vec<Column>>,
    end: Vec<Column>,
}

impl TableDesk {
    pub(super) fn new(
        client: Arc<Client>,
        table: TableName,
        origin: &Origin,
        order: Order,
        policy: Policy,
    ) -> Self {
        let bound = |any: Value| {
            vec![
                column(
                    "project_logstore",
                    Value::String(origin.project_logstore.clone()),
                ),
                column(
                    "consumer_group",
                    Value::String(origin.consumer_group.clone()),
                ),
                column("shard", any.clone()),
                column("position", any),
            ]
        };
        let (first, last) = (bound(Value::InfMin), bound(Value::InfMax));
        let (start, end) = match order {
            Order::OldestFirst => (first, last),
            Order::NewestFirst => (last, first),
        };
        Self {
            client,
            table,
            order,
            policy,
            next: Some(start),
            end,
        }
    }

    /// The next letters, at most `most`; `None` at the end. None may come before the end.
    pub(in crate::deadletters) async fn next(
        &mut self,
        most: u32,
    ) -> Result<Option<Vec<Found>>, SinkError> {
        let Some(start) = &self.next else {
            return Ok(None);
        };
        let get = async || {
            let (client, table, most) = (&self.client, &self.table, Some(most));
            match self.order {
                Order::OldestFirst => client.get_range(table, start, &self.end, most).await,
                Order::NewestFirst => {
                    client
                        .get_range_backward(table, start, &self.end, most)
                        .await
                }
            }
        };
        let (rows, next) = retry::retry(&self.policy, get, told).await?;
        self.next = next;
        Ok(Some(rows.into_iter().map(found).collect()))
    }

    /// Removes letters, and writes down of others why they are still here.
    pub(in crate::deadletters) async fn change(
        &self,
        gone: &[Key],
        kept: &[(Key, Reason)],
    ) -> Result<(), SinkError> {
        let removals = stream::iter(gone).map(|key| self.remove(key));
        let outcomes: Vec<_> = removals.buffer_unordered(AT_ONCE).collect().await;
        outcomes.into_iter().collect::<Result<(), _>>()?;
        let amendments = stream::iter(kept).map(|(key, reason)| self.amend(key, reason));
        let outcomes: Vec<_> = amendments.buffer_unordered(AT_ONCE).collect().await;
        Ok(outcomes.into_iter().collect::<Result<(), _>>()?)
    }

    async fn remove(&self, key: &Key) -> Result<(), Error> {
        let key = key_columns(key);
        let delete = async || self.client.delete_row(&self.table, &key).await;
        retry::retry(&self.policy, delete, told).await?;
        Ok(())
    }

    async fn amend(&self, key: &Key, reason: &Reason) -> Result<(), Error> {
        let (key, columns) = (key_columns(key), row::reason(reason));
        let existence = RowExistence::ExpectExist;
        let update = async || {
            self.client
                .update_row(&self.table, &key, &columns, existence)
                .await
        };
        match retry::retry(&self.policy, update, told).await {
            // Somebody else removed it meanwhile.
            Err(error) if error.code() == Some(&ErrorCode::ConditionCheckFail) => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}

fn told(error: &Error, attempt: u32) {
    warn!(
        attempt,
        error = error_chain(error),
        "the table of dead letters is not ready yet: trying again"
    );
}

fn found(row: Row) -> Found {
    let place = shown(&row.primary_key);
    match row::letter(row) {
        Ok(letter) => Found::Letter(Box::new(letter)),
        Err(fault) => Found::Unreadable { place, fault },
    }
}

/// A key for people.
fn shown(key: &[Column]) -> String {
    let values = key.iter().skip(2).map(|column| match &column.value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    });
    format!(
        "shard and position {}",
        values.collect::<Vec<_>>().join(" ")
    )
}
