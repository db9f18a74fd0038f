//! What a write may expect: existence, and what stands in columns.

use super::*;

/// Whether a write to the row `pk=a, n=5, s=x` passes `filter`.
fn passes(filter: &proto::Filter) -> bool {
    let host = string_host();
    host.put(puts(key_a(), vec![integer("n", 5), string("s", "x")]))
        .unwrap();
    let outcome = host.update_if(changes(key_a(), vec![put("c", 1)]), conditional(filter));
    if let Err(refusal) = &outcome {
        assert_eq!(refusal.1, "OTSConditionCheckFail");
        assert_eq!(host.shown(key_a()).unwrap(), ["n=5", "s=x"]);
    }
    outcome.is_ok()
}

fn composite(combinator: i32, sub_filters: Vec<proto::Filter>) -> proto::Filter {
    let filter = proto::CompositeColumnValueFilter {
        combinator: Some(combinator),
        sub_filters,
    };
    proto::Filter {
        r#type: Some(2),
        filter: filter.encode_to_vec().into(),
    }
}

#[test]
fn columns_are_compared() {
    let number = |comparator, value| {
        passes(&comparison(
            "n",
            comparator,
            &Value::Integer(value),
            true,
            true,
        ))
    };
    for (comparator, below, equal, above) in [
        (1, false, true, false),
        (2, true, false, true),
        (3, true, false, false),
        (4, true, true, false),
        (5, false, false, true),
        (6, false, true, true),
    ] {
        let found = (
            number(comparator, 4),
            number(comparator, 5),
            number(comparator, 6),
        );
        assert_eq!(found, (below, equal, above), "{comparator}");
    }
    let text = |value: &str| Value::String(value.to_owned());
    assert!(passes(&comparison("s", 1, &text("x"), true, true)));
    assert!(passes(&comparison("pk", 1, &text("a"), true, true)));
    // Values of different types have no order and are not equal.
    assert!(!passes(&comparison("n", 1, &text("5"), true, true)));
    assert!(!passes(&comparison("n", 5, &text("5"), true, true)));
    assert!(passes(&comparison("n", 2, &text("5"), true, true)));
    // A missing column passes unless told otherwise.
    assert!(passes(&comparison("none", 1, &text("x"), false, true)));
    assert!(!passes(&comparison("none", 1, &text("x"), true, true)));
    assert!(passes(&comparison("n", 7, &text(""), true, true)));
    assert!(!passes(&comparison("none", 7, &text(""), false, true)));
    assert!(passes(&comparison("none", 8, &text(""), true, true)));
}

#[test]
fn comparisons_are_combined() {
    let yes = || comparison("n", 1, &Value::Integer(5), true, true);
    let no = || comparison("n", 1, &Value::Integer(6), true, true);
    assert!(!passes(&composite(1, vec![yes()])));
    assert!(passes(&composite(1, vec![no()])));
    assert!(passes(&composite(2, vec![yes(), yes(), yes()])));
    assert!(!passes(&composite(2, vec![yes(), no()])));
    assert!(passes(&composite(3, vec![no(), yes()])));
    assert!(!passes(&composite(3, vec![no(), no()])));
    assert!(passes(&composite(
        3,
        vec![no(), composite(2, vec![yes(), yes()])]
    )));
}

#[test]
fn all_versions_or_the_latest_are_compared() {
    let host = versioned(3);
    for (value, timestamp) in [(1, 100), (2, 200)] {
        host.update(changes(key_a(), vec![put_at("n", value, timestamp)]))
            .unwrap();
    }
    let holds = |value, latest_only| {
        let filter = comparison("n", 1, &Value::Integer(value), true, latest_only);
        host.update_if(changes(key_a(), vec![put("c", 1)]), conditional(&filter))
            .is_ok()
    };
    assert_eq!((holds(2, true), holds(1, true)), (true, false));
    assert_eq!(
        (holds(2, false), holds(1, false), holds(3, false)),
        (true, true, false)
    );
}

#[test]
fn filters_without_sense_are_refused() {
    let refusal = |filter: proto::Filter| {
        let row = changes(key_a(), vec![put("c", 1)]);
        string_host()
            .update_if(row, conditional(&filter))
            .unwrap_err()
    };
    let good = || comparison("n", 1, &Value::Integer(5), true, true);
    assert_eq!(
        refusal(composite(1, vec![good(), good()])),
        invalid("Invalid NOT operator: the number of sub-filters must be 1.")
    );
    assert_eq!(
        refusal(composite(2, vec![good()])),
        invalid("Invalid AND/OR operator: the number of sub-filters must be 2.")
    );
    assert_eq!(
        refusal(comparison("n", 9, &Value::Integer(5), true, true)),
        invalid("Invalid relation operator: 9.")
    );
    assert!(passes(&composite(3, (0..31).map(|_| good()).collect())));
    assert_eq!(
        refusal(composite(3, (0..32).map(|_| good()).collect())),
        invalid("The count of filter exceeds the max:32.")
    );
    let deep = (0..10_000).fold(good(), |inner, _| composite(1, vec![inner]));
    assert_eq!(
        refusal(deep),
        invalid("The count of filter exceeds the max:32.")
    );
    let typed = proto::Filter {
        r#type: Some(9),
        ..good()
    };
    assert_eq!(refusal(typed), invalid("Invalid type of filter: 9."));
    let cut = proto::Filter {
        filter: Bytes::from_static(b"\xff"),
        ..good()
    };
    assert_eq!(refusal(cut), invalid("Deserialize relation filter failed."));
}

type Write = fn(&Host, RowChange, proto::Condition) -> Result<(), Refused>;

#[test]
fn existence_is_checked_for_every_kind_of_write() {
    use RowExistence::{ExpectExist, ExpectNotExist, Ignore};
    let failed = Err(refused(
        403,
        "OTSConditionCheckFail",
        "Condition check failed.",
    ));
    let row = || puts(key_a(), vec![integer("c", 1)]);
    for (existence, absent, present) in [
        (Ignore, Ok(()), Ok(())),
        (ExpectExist, failed.clone(), Ok(())),
        (ExpectNotExist, Ok(()), failed.clone()),
    ] {
        let writes: [Write; 3] = [
            |host, row, condition| host.put_if(row, condition).map(drop),
            |host, row, condition| host.update_if(row, condition).map(drop),
            |host, row, condition| host.delete_if(row.primary_key, condition).map(drop),
        ];
        for write in writes {
            let host = string_host();
            assert_eq!(
                write(&host, row(), expecting(existence)),
                absent,
                "{existence:?}"
            );
            host.put(row()).unwrap();
            assert_eq!(
                write(&host, row(), expecting(existence)),
                present,
                "{existence:?}"
            );
        }
    }
}

/// The page of the rule: `1[a-z]+5` finds `1aaa5` in `1aaa51bbb5`, `1([a-z]+)5` finds `aaa`.
#[test]
fn a_piece_of_a_text_is_compared() {
    let host = string_host();
    host.put(puts(
        key_a(),
        vec![
            string("s", "1aaa51bbb5"),
            string("j", "{cluster:17.5}"),
            integer("n", 5),
        ],
    ))
    .unwrap();
    let send = |name: &str, regex: &str, cast_type, value: Value| {
        let plain = comparison(name, 1, &value, true, true);
        let rule = proto::ValueTransferRule {
            regex: regex.to_owned(),
            cast_type,
        };
        let filter = proto::SingleColumnValueFilter {
            value_trans_rule: Some(rule),
            ..proto::SingleColumnValueFilter::decode(plain.filter).unwrap()
        };
        let filter = proto::Filter {
            r#type: Some(1),
            filter: filter.encode_to_vec().into(),
        };
        let outcome = host.update_if(changes(key_a(), vec![put("c", 1)]), conditional(&filter));
        outcome.map(drop).map_err(|refusal| refusal.2)
    };
    let text = |text: &str| Value::String(text.to_owned());
    let failed = Err("Condition check failed.".to_owned());
    assert_eq!(send("s", "1[a-z]+5", Some(3), text("1aaa5")), Ok(()));
    assert_eq!(send("s", "1([a-z]+)5", None, text("aaa")), Ok(()));
    assert_eq!(send("s", "1([a-z]+)5", None, text("bbb")), failed);
    assert_eq!(
        send("s", r"1aaa(\d+)bbb5", Some(0), Value::Integer(51)),
        Ok(())
    );
    assert_eq!(
        send("j", r"cluster:([\d.]+)", Some(1), Value::Double(17.5)),
        Ok(())
    );
    assert_eq!(
        send("j", r"cluster:([\d.]+)", Some(0), Value::Integer(17)),
        failed
    );
    assert_eq!(send("s", "nothing", Some(3), text("")), failed);
    assert_eq!(send("n", "5", Some(3), text("5")), failed);
    for bad in ["", "(", "((a{99}){99}){99}", &"a".repeat(257)] {
        let message = format!("Invalid regex: '{bad}'.");
        assert_eq!(send("s", bad, Some(3), text("")), Err(message));
    }
}
