//! Ranges of rows, in both directions and page by page.

use aliyun_tablestore_rs::data::{GetRangeRequest, GetRangeResponse};
use aliyun_tablestore_rs::error::OtsError;
use aliyun_tablestore_rs::model::PrimaryKey;
use aliyun_tablestore_rs::protos::Direction;
use anyhow::Result;

use super::{Table, assert_invalid, key, keys_of, row};
use crate::harness::checks;

checks![
    range_forward_and_backward,
    range_start_is_in_and_end_is_out,
    range_pages_in_both_directions,
    range_without_rows,
    wrong_ranges_refused,
];

fn least() -> PrimaryKey {
    PrimaryKey::new().column_inf_min("pk")
}

fn most() -> PrimaryKey {
    PrimaryKey::new().column_inf_max("pk")
}

/// Rows `a` to `e`.
async fn letters() -> Result<Table> {
    let table = Table::new().await?;
    for name in ["c", "a", "e", "b", "d"] {
        table.put(row(name).column_bool("v", true)).await?;
    }
    Ok(table)
}

impl Table {
    async fn range(
        &self,
        direction: Direction,
        start: PrimaryKey,
        end: PrimaryKey,
        limit: Option<i32>,
    ) -> Result<GetRangeResponse, OtsError> {
        let mut request = GetRangeRequest::new(&self.name).direction(direction);
        request = request.primary_key_range(start, end);
        request.limit = limit;
        self.client.get_range(request).send().await
    }

    /// The keys of a range, and whether it went to its end.
    async fn keys(
        &self,
        direction: Direction,
        start: PrimaryKey,
        end: PrimaryKey,
    ) -> Result<(String, bool)> {
        let answer = self.range(direction, start, end, None).await?;
        Ok((
            keys_of(&answer.rows).join(" "),
            answer.next_start_primary_key.is_none(),
        ))
    }

    /// The keys of the pages of two rows that a range comes in.
    async fn pages(
        &self,
        direction: Direction,
        start: PrimaryKey,
        end: PrimaryKey,
    ) -> Result<Vec<String>> {
        let (mut pages, mut next) = (Vec::new(), Some(start));
        while let Some(start) = next {
            let answer = self.range(direction, start, end.clone(), Some(2)).await?;
            pages.push(keys_of(&answer.rows).join(" "));
            let columns = answer.next_start_primary_key;
            next = columns.map(|columns| PrimaryKey::new().columns(columns));
        }
        Ok(pages)
    }
}

async fn range_forward_and_backward() -> Result<()> {
    let table = letters().await?;
    let forward = table.keys(Direction::Forward, least(), most()).await?;
    assert_eq!(forward, ("a b c d e".to_owned(), true));
    let backward = table.keys(Direction::Backward, most(), least()).await?;
    assert_eq!(backward, ("e d c b a".to_owned(), true));
    Ok(())
}

async fn range_start_is_in_and_end_is_out() -> Result<()> {
    let table = letters().await?;
    let forward = table.keys(Direction::Forward, key("b"), key("d")).await?;
    assert_eq!(forward.0, "b c");
    let backward = table.keys(Direction::Backward, key("d"), key("b")).await?;
    assert_eq!(backward.0, "d c");
    Ok(())
}

async fn range_pages_in_both_directions() -> Result<()> {
    let table = letters().await?;
    let forward = table.pages(Direction::Forward, least(), most()).await?;
    assert_eq!(forward, ["a b", "c d", "e"]);
    let backward = table.pages(Direction::Backward, most(), least()).await?;
    assert_eq!(backward, ["e d", "c b", "a"]);
    Ok(())
}

async fn range_without_rows() -> Result<()> {
    let table = letters().await?;
    let answer = table.keys(Direction::Forward, key("f"), key("g")).await?;
    assert_eq!(answer, (String::new(), true));
    Ok(())
}

async fn wrong_ranges_refused() -> Result<()> {
    let table = letters().await?;
    let message = "Begin key must less than end key in FORWARD";
    for (start, end) in [("b", "a"), ("a", "a")] {
        let range = table.range(Direction::Forward, key(start), key(end), None);
        assert_invalid(range.await, message);
    }
    let range = table.range(Direction::Backward, key("a"), key("b"), None);
    assert_invalid(range.await, "Begin key must more than end key in BACKWARD");
    let range = table.range(Direction::Forward, key("a"), key("b"), Some(0));
    assert_invalid(range.await, "The limit must be greater than 0.");
    Ok(())
}
