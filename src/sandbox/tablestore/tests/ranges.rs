//! `GetRange`: bounds, pages, caps.

use super::*;

fn key(pk: i64) -> Vec<Column> {
    vec![integer("pk", pk)]
}

fn range(start: Value, end: Value, direction: i32) -> proto::GetRangeRequest {
    proto::GetRangeRequest {
        table_name: "t".to_owned(),
        direction,
        inclusive_start_primary_key: encoded_key(vec![column("pk", start)]),
        exclusive_end_primary_key: encoded_key(vec![column("pk", end)]),
        max_versions: Some(1),
        ..Default::default()
    }
}

fn numbered(count: i64) -> Host {
    let host = Host::with_table(&[("pk", PrimaryKeyType::Integer)]);
    let rows: Vec<_> = (0..count)
        .map(|n| puts(key(n), vec![integer("c", n)]))
        .collect();
    for rows in rows.chunks(200) {
        assert!(
            host.batch(rows.to_vec())
                .unwrap()
                .iter()
                .all(|row| row.is_ok)
        );
    }
    host
}

/// One page: the keys on it, and the key it goes on with.
fn read_page(host: &Host, request: &proto::GetRangeRequest) -> (Vec<i64>, Option<i64>) {
    let answer: proto::GetRangeResponse = host.call("GetRange", request).unwrap();
    let rows = if answer.rows.is_empty() {
        Vec::new()
    } else {
        plainbuffer::read_rows(&answer.rows).unwrap()
    };
    let number = |key: &[Column]| match key[0].value {
        Value::Integer(value) => value,
        ref other => panic!("{other:?}"),
    };
    let next = answer.next_start_primary_key;
    (
        rows.iter().map(|row| number(&row.primary_key)).collect(),
        next.map(|bytes| number(&plainbuffer::read_primary_key(&bytes).unwrap())),
    )
}

#[test]
fn ranges_run_both_ways_from_inclusive_to_exclusive() {
    let host = numbered(10);
    let read = |start, end, direction| read_page(&host, &range(start, end, direction));
    let number = Value::Integer;
    assert_eq!(read(number(2), number(5), 0), (vec![2, 3, 4], None));
    assert_eq!(read(number(5), number(2), 1), (vec![5, 4, 3], None));
    assert_eq!(read(Value::InfMin, number(2), 0), (vec![0, 1], None));
    assert_eq!(read(Value::InfMax, number(7), 1), (vec![9, 8], None));
    assert_eq!(read(number(100), Value::InfMax, 0), (vec![], None));
    let limited = |limit| proto::GetRangeRequest {
        limit: Some(limit),
        ..range(Value::InfMin, Value::InfMax, 0)
    };
    assert_eq!(read_page(&host, &limited(3)), (vec![0, 1, 2], Some(3)));
    assert_eq!(read_page(&host, &limited(10)).1, None);
    let refusal = |request: proto::GetRangeRequest| {
        let answer: Result<proto::GetRangeResponse, _> = host.call("GetRange", &request);
        answer.unwrap_err()
    };
    for bad in [0, -1] {
        assert_eq!(
            refusal(limited(bad)),
            invalid("The limit must be greater than 0.")
        );
    }
    for (start, end) in [(2, 2), (3, 2)] {
        assert_eq!(
            refusal(range(number(start), number(end), 0)),
            invalid("Begin key must less than end key in FORWARD")
        );
        assert_eq!(
            refusal(range(number(end), number(start), 1)),
            invalid("Begin key must more than end key in BACKWARD")
        );
    }
    assert_eq!(
        refusal(range(Value::String("x".to_owned()), Value::InfMax, 0)),
        refused(
            400,
            "OTSInvalidPK",
            "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER."
        )
    );
}

#[test]
fn an_answer_has_5000_rows_and_says_whether_there_are_more() {
    let host = numbered(5000);
    let everything = range(Value::InfMin, Value::InfMax, 0);
    let (rows, next) = read_page(&host, &everything);
    assert_eq!((rows.len(), next), (5000, None));
    host.put(puts(key(5000), vec![])).unwrap();
    let (rows, next) = read_page(&host, &everything);
    assert_eq!((rows.len(), next), (5000, Some(5000)));
    let back = range(Value::InfMax, Value::InfMin, 1);
    assert_eq!(read_page(&host, &back).1, Some(0));
    // Rows that a filter leaves out count towards the cap, not towards a limit.
    let filtered = proto::GetRangeRequest {
        filter: Some(equal("c", 4999)),
        limit: Some(1),
        ..everything.clone()
    };
    assert_eq!(read_page(&host, &filtered), (vec![4999], Some(5000)));
    let none = proto::GetRangeRequest {
        filter: Some(equal("c", -1)),
        ..everything
    };
    assert_eq!(read_page(&host, &none), (vec![], Some(5000)));
}

#[test]
fn an_answer_has_four_mebibytes() {
    let host = Host::with_table(&[("pk", PrimaryKeyType::Integer)]);
    let mebi = "v".repeat(1024 * 1024);
    for n in 0..6 {
        host.put(puts(key(n), vec![string("c", &mebi)])).unwrap();
    }
    let everything = range(Value::InfMin, Value::InfMax, 0);
    assert_eq!(read_page(&host, &everything), (vec![0, 1, 2], Some(3)));
    let rest = range(Value::Integer(3), Value::InfMax, 0);
    assert_eq!(read_page(&host, &rest), (vec![3, 4, 5], None));
}

#[test]
fn the_cost_of_a_range_is_rounded_once() {
    let host = Host::with_table(&[("pk", PrimaryKeyType::Integer)]);
    for n in 0..2 {
        host.put(puts(key(n), vec![string("c", &"v".repeat(12 * 1024))]))
            .unwrap();
    }
    let consumed = |request: &proto::GetRangeRequest| {
        let answer: proto::GetRangeResponse = host.call("GetRange", request).unwrap();
        cost(answer.consumed)
    };
    assert_eq!(consumed(&range(Value::InfMin, Value::InfMax, 0)), (7, 0));
    assert_eq!(
        consumed(&range(Value::Integer(9), Value::InfMax, 0)),
        (1, 0)
    );
}
