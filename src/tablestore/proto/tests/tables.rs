//! Requests about tables, and filters: built from what they do.

use super::*;
use crate::tablestore::Value;
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::vectors::{self, hex, row};

fn recorded(name: &str) -> (Json, Vec<u8>) {
    let file = vectors::load("requests.json");
    let found = array(&file["requests"]).iter().find(|r| r["name"] == name);
    let found = found.unwrap();
    (found["logical"].clone(), hex(&found["body_hex"]))
}

fn variant(value: &Value) -> Bytes {
    let mut out = Vec::new();
    plainbuffer::write_variant(&mut out, &CellValue::from(value));
    out.into()
}

fn created(logical: &Json) -> CreateTableRequest {
    let points = logical["split_points"].as_array().into_iter().flatten();
    let points = points.map(|point| Value::Integer(point.as_i64().unwrap()));
    let mut bounds = vec![Value::InfMin];
    bounds.extend(points);
    bounds.push(Value::InfMax);
    let ranges = bounds.windows(2).map(|pair| PartitionRange {
        begin: variant(&pair[0]),
        end: variant(&pair[1]),
    });
    CreateTableRequest {
        table_meta: Some(TableMeta {
            table_name: text(&logical["table_name"]).to_owned(),
            primary_key: key_schema(&logical["primary_key"]),
            defined_column: defined_columns(&logical["defined_columns"]),
            index_meta: Vec::new(),
        }),
        reserved_throughput: Some(ReservedThroughput {
            capacity_unit: Some(capacity_unit(0, 0)),
        }),
        table_options: Some(table_options(logical)),
        partitions: if bounds.len() > 2 {
            ranges.collect()
        } else {
            Vec::new()
        },
        ..CreateTableRequest::default()
    }
}

#[test]
fn recorded_requests_about_tables_are_built_from_what_they_do() {
    for name in [
        "create_table_full",
        "create_table_minimal",
        "create_table_split_points",
    ] {
        let (logical, body) = recorded(name);
        let request = created(&logical);
        assert_eq!(
            CreateTableRequest::decode(&body[..]).as_ref(),
            Ok(&request),
            "{name}"
        );
        assert_eq!(request.encode_to_vec(), body, "{name}");
    }
    let (logical, body) = recorded("update_table");
    let request = UpdateTableRequest {
        table_name: text(&logical["table_name"]).to_owned(),
        table_options: Some(table_options(&logical)),
        ..UpdateTableRequest::default()
    };
    assert_eq!(request.encode_to_vec(), body);
    let table_name = "orders".to_owned();
    let (_, body) = recorded("delete_table");
    assert_eq!(
        DeleteTableRequest {
            table_name: table_name.clone()
        }
        .encode_to_vec(),
        body
    );
    let (_, body) = recorded("describe_table");
    assert_eq!(DescribeTableRequest { table_name }.encode_to_vec(), body);
    let (_, body) = recorded("list_table");
    assert_eq!(ListTableRequest {}.encode_to_vec(), body);
}

fn single(
    column: &str,
    comparator: ComparatorType,
    value: &Value,
    pass: bool,
    latest: bool,
) -> Filter {
    let filter = SingleColumnValueFilter {
        comparator: Some(comparator.into()),
        column_name: column.to_owned(),
        column_value: variant(value),
        filter_if_missing: !pass,
        latest_version_only: latest,
        value_trans_rule: None,
    };
    Filter {
        r#type: Some(FilterType::SingleColumnValue.into()),
        filter: filter.encode_to_vec().into(),
    }
}

fn conditional(logical: &Json, existence: RowExistenceExpectation, filter: &Filter) -> Vec<u8> {
    UpdateRowRequest {
        table_name: text(&logical["table_name"]).to_owned(),
        row_change: plainbuffer::encode(&row(logical)).into(),
        condition: Some(Condition {
            row_existence: existence.into(),
            column_condition: Some(filter.encode_to_vec().into()),
        }),
        return_content: None,
        transaction_id: None,
    }
    .encode_to_vec()
}

#[test]
fn recorded_conditions_are_built_from_what_they_ask() {
    let three = Value::Integer(3);
    let (logical, body) = recorded("update_row_column_condition");
    let filter = single("ver", ComparatorType::LessThan, &three, true, true);
    let request = conditional(&logical, RowExistenceExpectation::Ignore, &filter);
    assert_eq!(request, body);

    let (logical, body) = recorded("update_row_composite_condition");
    let x = Value::String("x".to_owned());
    let composite = CompositeColumnValueFilter {
        combinator: Some(LogicalOperator::And.into()),
        sub_filters: vec![
            single("ver", ComparatorType::Equal, &three, true, true),
            single("s", ComparatorType::NotEqual, &x, false, false),
        ],
    };
    let filter = Filter {
        r#type: Some(FilterType::CompositeColumnValue.into()),
        filter: composite.encode_to_vec().into(),
    };
    let request = conditional(&logical, RowExistenceExpectation::ExpectExist, &filter);
    assert_eq!(request, body);
}

#[test]
fn recorded_batch_of_reads_is_built_from_what_it_asks() {
    let (logical, body) = recorded("batch_get_row");
    let keys = array(&logical["primary_keys"]).iter().map(|json| {
        let mut out = Vec::new();
        plainbuffer::write_primary_key(&mut out, &vectors::key(json));
        Bytes::from(out)
    });
    let table = TableInBatchGetRowRequest {
        table_name: text(&logical["table_name"]).to_owned(),
        primary_key: keys.collect(),
        columns_to_get: vec!["c".to_owned()],
        max_versions: Some(1),
        ..TableInBatchGetRowRequest::default()
    };
    let request = BatchGetRowRequest {
        tables: vec![table],
    };
    assert_eq!(BatchGetRowRequest::decode(&body[..]).as_ref(), Ok(&request));
    assert_eq!(request.encode_to_vec(), body);
}
