//! Versions of cells: how many are kept, which are shown, which are deleted.

use std::time::{SystemTime, UNIX_EPOCH};

use aliyun_tablestore_rs::data::GetRowRequest;
use anyhow::{Context as _, Result};

use super::{Table, assert_invalid, key, row, texts_of, versioned};
use crate::harness::checks;

checks![
    versions_come_newest_first,
    oldest_versions_dropped,
    one_version_deleted,
    versions_chosen_by_time,
    server_time_is_the_version,
    far_timestamps_refused,
];

fn now_millis() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_millis())?)
}

/// A row with the versions `v1`, `v2`... of the column `c`, a second apart, and the time of `v0`.
async fn versions(max_versions: i32, count: u64) -> Result<(Table, u64)> {
    let table = Table::of_versions(max_versions).await?;
    let start = now_millis()?;
    for number in 1..=count {
        let cell = versioned("c", &format!("v{number}"), start + number * 1000);
        table.update(row("a").column(cell)).await?;
    }
    Ok((table, start))
}

/// The values of `c` that a read shows.
async fn shown(
    table: &Table,
    ask: impl FnOnce(GetRowRequest) -> GetRowRequest,
) -> Result<Vec<String>> {
    let read = table.get_with(key("a"), ask).await?.unwrap_or_default();
    Ok(texts_of(&read)
        .into_iter()
        .map(|(_, text)| text.to_owned())
        .collect())
}

async fn versions_come_newest_first() -> Result<()> {
    let (table, start) = versions(5, 3).await?;
    assert_eq!(
        shown(&table, |get| get.max_versions(9)).await?,
        ["v3", "v2", "v1"]
    );
    assert_eq!(shown(&table, |get| get.max_versions(1)).await?, ["v3"]);
    let read = table.get_with(key("a"), |get| get.max_versions(9)).await?;
    let read = read.context("no row")?;
    let times: Vec<_> = read.columns.iter().map(|column| column.timestamp).collect();
    assert_eq!(times, [start + 3000, start + 2000, start + 1000].map(Some));
    Ok(())
}

async fn oldest_versions_dropped() -> Result<()> {
    let (table, start) = versions(2, 4).await?;
    assert_eq!(
        shown(&table, |get| get.max_versions(9)).await?,
        ["v4", "v3"]
    );
    table
        .update(row("a").column(versioned("c", "late", start)))
        .await?;
    assert_eq!(
        shown(&table, |get| get.max_versions(9)).await?,
        ["v4", "v3"]
    );
    Ok(())
}

async fn one_version_deleted() -> Result<()> {
    let (table, start) = versions(5, 3).await?;
    table
        .update(row("a").column_to_delete("c", start + 2000))
        .await?;
    assert_eq!(
        shown(&table, |get| get.max_versions(9)).await?,
        ["v3", "v1"]
    );
    Ok(())
}

async fn versions_chosen_by_time() -> Result<()> {
    let (table, start) = versions(5, 4).await?;
    let start = i64::try_from(start)?;
    let range = shown(&table, |get| get.time_range(start + 2000, start + 4000));
    assert_eq!(range.await?, ["v3", "v2"]);
    let exactly = shown(&table, |get| get.specific_time_ms(start + 1000));
    assert_eq!(exactly.await?, ["v1"]);
    Ok(())
}

async fn server_time_is_the_version() -> Result<()> {
    let table = Table::new().await?;
    table.put(row("a").column_bool("c", true)).await?;
    let read = table.get(key("a")).await?.context("no row")?;
    let time = read.columns[0].timestamp.context("no timestamp")?;
    assert!(time.abs_diff(now_millis()?) < 60_000, "version {time}");
    Ok(())
}

async fn far_timestamps_refused() -> Result<()> {
    let table = Table::of_versions(2).await?;
    let (now, two_days) = (now_millis()?, 2 * 86_400_000);
    for time in [now + two_days, now - two_days] {
        let update = table
            .update(row("a").column(versioned("c", "x", time)))
            .await;
        assert_invalid(update, "Invalid timestamp. Cell:c");
    }
    let update = table
        .update(row("a").column(versioned("c", "x", u64::MAX)))
        .await;
    assert_invalid(update, "Timestamp must be in range [0, INT64_MAX/1000).");
    Ok(())
}
