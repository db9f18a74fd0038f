//! Conditions of writes and filters of reads.

use aliyun_tablestore_rs::data::{
    DeleteRowRequest, GetRangeRequest, PutRowRequest, UpdateRowRequest,
};
use aliyun_tablestore_rs::model::{
    Column, ColumnPaginationFilter, CompositeColumnValueFilter, Filter, PrimaryKey,
    SingleColumnValueFilter,
};
use aliyun_tablestore_rs::protos::RowExistenceExpectation;
use aliyun_tablestore_rs::protos::filter::{LogicalOperator, ValueTransferRule, VariantType};
use anyhow::Result;

use super::{Table, assert_refused, key, keys_of, row, texts_of};
use crate::harness::checks;

checks![
    row_existence_expected,
    column_condition_decides_a_write,
    every_comparator_compares,
    filters_combine,
    filter_of_a_missing_column,
    filter_casts_a_part_of_the_text,
    columns_paged,
];

const EXPECT_EXIST: RowExistenceExpectation = RowExistenceExpectation::ExpectExist;
const EXPECT_NOT_EXIST: RowExistenceExpectation = RowExistenceExpectation::ExpectNotExist;

#[track_caller]
fn assert_check_fails<T: std::fmt::Debug>(
    result: Result<T, aliyun_tablestore_rs::error::OtsError>,
) {
    assert_refused(result, "OTSConditionCheckFail", "Condition check failed.");
}

/// A filter that a row without its column does not pass.
fn single() -> SingleColumnValueFilter {
    SingleColumnValueFilter::new().filter_if_missing(true)
}

fn number(value: i64) -> Column {
    Column::from_integer("n", value)
}

fn combined(operator: LogicalOperator, filters: impl IntoIterator<Item = Filter>) -> Filter {
    Filter::Composite(CompositeColumnValueFilter::new(operator).sub_filters(filters))
}

impl Table {
    /// The keys of the rows that pass a filter, in their order.
    async fn passing(&self, filter: Filter) -> Result<String> {
        let request = GetRangeRequest::new(&self.name)
            .start_primary_key(PrimaryKey::new().column_inf_min("pk"))
            .end_primary_key(PrimaryKey::new().column_inf_max("pk"))
            .filter(filter);
        let answer = self.client.get_range(request).send().await?;
        Ok(keys_of(&answer.rows).join(" "))
    }
}

/// Rows `four`, `five` and `six`, by the number in their column `n`, and `none` without it.
async fn numbers() -> Result<Table> {
    let table = Table::new().await?;
    table.put(row("none")).await?;
    for (name, value) in [("four", 4), ("five", 5), ("six", 6)] {
        table.put(row(name).column(number(value))).await?;
    }
    Ok(table)
}

async fn row_existence_expected() -> Result<()> {
    let Table { client, name } = &Table::new().await?;
    let put = async |expectation| {
        let request = PutRowRequest::new(name).row(row("a"));
        client
            .put_row(request.row_condition(expectation))
            .send()
            .await
    };
    assert_check_fails(put(EXPECT_EXIST).await);
    put(EXPECT_NOT_EXIST).await?;
    assert_check_fails(put(EXPECT_NOT_EXIST).await);
    put(EXPECT_EXIST).await?;
    let delete = async || {
        let request = DeleteRowRequest::new(name).primary_key(key("a"));
        client
            .delete_row(request.row_condition(EXPECT_EXIST))
            .send()
            .await
    };
    delete().await?;
    assert_check_fails(delete().await);
    Ok(())
}

async fn column_condition_decides_a_write() -> Result<()> {
    let Table { client, name } = &numbers().await?;
    let update = async |condition| {
        let request = UpdateRowRequest::new(name).row(row("five").column_bool("seen", true));
        let request = request.column_condition(Filter::Single(condition));
        client.update_row(request).send().await
    };
    assert_check_fails(update(single().equal_column(number(6))).await);
    update(single().equal_column(number(5))).await?;
    let missing = || single().equal_column(Column::from_integer("missing", 5));
    assert_check_fails(update(missing()).await);
    update(missing().filter_if_missing(false)).await?;
    Ok(())
}

async fn every_comparator_compares() -> Result<()> {
    let table = numbers().await?;
    let five = || number(5);
    for (filter, expected) in [
        (single().equal_column(five()), "five"),
        (single().not_equal(five()), "four six"),
        (single().greater_than(five()), "six"),
        (single().greater_equal(five()), "five six"),
        (single().less_than(five()), "four"),
        (single().less_equal(five()), "five four"),
        (single().exists(five()), "five four six"),
        (single().not_exists(five()).filter_if_missing(false), "none"),
    ] {
        assert_eq!(table.passing(Filter::Single(filter)).await?, expected);
    }
    Ok(())
}

async fn filters_combine() -> Result<()> {
    let table = numbers().await?;
    let above_four = || Filter::Single(single().greater_than(number(4)));
    let below_six = || Filter::Single(single().less_than(number(6)));
    let both = || combined(LogicalOperator::LoAnd, [above_four(), below_six()]);
    assert_eq!(table.passing(both()).await?, "five");
    let either = combined(LogicalOperator::LoOr, [above_four(), below_six()]);
    assert_eq!(table.passing(either).await?, "five four six");
    let neither = combined(LogicalOperator::LoNot, [both()]);
    assert_eq!(table.passing(neither).await?, "four none six");
    Ok(())
}

async fn filter_of_a_missing_column() -> Result<()> {
    let table = numbers().await?;
    let filter = |skip| Filter::Single(single().equal_column(number(5)).filter_if_missing(skip));
    assert_eq!(table.passing(filter(true)).await?, "five");
    assert_eq!(table.passing(filter(false)).await?, "five none");
    Ok(())
}

async fn filter_casts_a_part_of_the_text() -> Result<()> {
    let table = Table::new().await?;
    for (name, text) in [("nine", "{age:9}"), ("ten", "{age:10}"), ("odd", "no age")] {
        table.put(row(name).column_string("json", text)).await?;
    }
    let rule = ValueTransferRule {
        regex: "age:([0-9]+)".to_owned(),
        cast_type: Some(i32::from(VariantType::VtInteger)),
    };
    let filter = single().greater_than(Column::from_integer("json", 9));
    let filter = Filter::Single(filter.value_transfer_rule(rule));
    assert_eq!(table.passing(filter).await?, "ten");
    Ok(())
}

async fn columns_paged() -> Result<()> {
    let table = Table::new().await?;
    let columns = ["a", "b", "c", "d", "e"].map(|name| Column::from_string(name, name));
    table.put(row("a").columns(columns)).await?;
    for (offset, expected) in [(0, [("a", "a"), ("b", "b")]), (3, [("d", "d"), ("e", "e")])] {
        let request = GetRangeRequest::new(&table.name)
            .start_primary_key(PrimaryKey::new().column_inf_min("pk"))
            .end_primary_key(PrimaryKey::new().column_inf_max("pk"))
            .filter(Filter::Pagination(ColumnPaginationFilter::new(offset, 2)));
        let answer = table.client.get_range(request).send().await?;
        assert_eq!(texts_of(&answer.rows[0]), expected);
    }
    Ok(())
}
