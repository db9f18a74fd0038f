use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::loghub::proto;

fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/tests/vectors/log-service/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text
        .chars()
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

/// A text of the vectors, or `{"$hex": ..}` for bytes that are not UTF-8.
fn bytes(value: &Value) -> Vec<u8> {
    match value.get("$hex") {
        Some(hex) => unhex(hex.as_str().unwrap()),
        None => value.as_str().unwrap_or_default().as_bytes().to_vec(),
    }
}

fn lossy(value: &Value) -> Vec<u8> {
    String::from_utf8_lossy(&bytes(value))
        .into_owned()
        .into_bytes()
}

/// Every log group that the official SDK wrote is read with the same logs, contents and tags.
#[test]
fn reads_what_the_official_sdk_wrote() {
    let vectors = vectors("loggrouplist.json");
    for case in vectors["cases"].as_array().unwrap() {
        let id = &case["id"];
        let list = LogGroupList::index(unhex(case["hex"].as_str().unwrap()).into()).unwrap();
        let data = list.data();
        let decoded = case["decoded"].as_array().unwrap();
        assert_eq!(list.groups().len(), decoded.len(), "{id}");
        for (group, expected) in list.groups().iter().zip(decoded) {
            assert_eq!(
                group.topic.of(data),
                lossy(&expected["topic"]),
                "{id} topic"
            );
            assert_eq!(
                group.source.of(data),
                lossy(&expected["source"]),
                "{id} source"
            );
            let raw = list.raw_head(group);
            assert_eq!(raw.topic.of(data), bytes(&expected["topic"]), "{id} topic");
            assert_eq!(
                raw.source.of(data),
                bytes(&expected["source"]),
                "{id} source"
            );
            assert_eq!(raw.tags.len(), list.tags(group).len(), "{id} tags");
            let tags: Vec<_> = list
                .tags(group)
                .iter()
                .map(|(k, v)| (k.of(data).to_vec(), v.of(data).to_vec()))
                .collect();
            let expected_tags: Vec<_> = expected["tags"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| (lossy(&t[0]), lossy(&t[1])))
                .collect();
            assert_eq!(tags, expected_tags, "{id} tags");
            let logs = &list.logs()[group.logs.clone()];
            let expected_logs = expected["logs"].as_array().unwrap();
            assert_eq!(logs.len(), expected_logs.len(), "{id}");
            for (log, expected) in logs.iter().zip(expected_logs) {
                let mut contents = Vec::new();
                let time = walk_log(data, *log, |key, value| {
                    contents.push((key.of(data).to_vec(), value.of(data).to_vec()));
                })
                .unwrap();
                let expected_contents: Vec<_> = expected["contents"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|pair| (bytes(&pair[0]), bytes(&pair[1])))
                    .collect();
                assert_eq!(
                    u64::from(time.seconds),
                    expected["time"].as_u64().unwrap_or(0),
                    "{id}"
                );
                assert_eq!(
                    time.nanos.map(u64::from),
                    expected["time_ns"].as_u64(),
                    "{id}"
                );
                assert_eq!(contents, expected_contents, "{id}");
            }
        }
    }
}

/// What the official decoders refuse is refused; what they take with fields missing is taken.
#[test]
fn refuses_what_the_official_decoders_refuse() {
    let vectors = vectors("loggrouplist.json");
    let whole = |hex: &str| {
        let list = LogGroupList::index(unhex(hex).into())?;
        list.logs()
            .iter()
            .try_for_each(|log| walk_log(list.data(), *log, |_, _| ()).map(drop))
    };
    for case in vectors["malformed"].as_array().unwrap() {
        let accepted = case["python_protobuf"] == "accepts";
        let outcome = whole(case["hex"].as_str().unwrap());
        assert_eq!(outcome.is_ok(), accepted, "{case}");
    }
    for case in vectors["missing_required"].as_array().unwrap() {
        assert_eq!(whole(case["hex"].as_str().unwrap()), Ok(()), "{case}");
    }
}

#[test]
fn text_that_is_not_utf8_is_replaced_and_counted() {
    // One group: topic `a\xff`, a tag `k` = `\xfe`, no logs.
    let list = LogGroupList::index(unhex("0a0c1a0261ff32060a016b1201fe").into()).unwrap();
    let group = &list.groups()[0];
    assert_eq!(group.topic.of(list.data()), "a\u{fffd}".as_bytes());
    assert_eq!(list.tags(group)[0].1.of(list.data()), "\u{fffd}".as_bytes());
    assert_eq!(list.replaced(), 2);
}

/// Lengths on both sides of every step of their encoding, and pairs in an unusual order.
#[test]
fn long_and_short_texts_are_read_alike() {
    for len in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
        let text = Bytes::from("x".repeat(len));
        let log = proto::Log {
            time: 7,
            contents: vec![
                proto::Content::new(text.clone(), "value"),
                proto::Content::new("key", text.clone()),
            ],
            time_ns: None,
        };
        let group = proto::LogGroup {
            logs: vec![log.clone(), log],
            ..proto::LogGroup::default()
        };
        let groups = vec![group];
        let raw = proto::LogGroupList { groups }.encode_to_vec();
        let list = LogGroupList::index(raw.into()).unwrap();
        assert_eq!(list.logs().len(), 2);
        for log in list.logs() {
            let mut read = Vec::new();
            let data = list.data();
            walk_log(data, *log, |key, value| {
                read.push((key.of(data), value.of(data)));
            })
            .unwrap();
            let expected: [(&[u8], &[u8]); 2] = [(&text, b"value"), (b"key", &text)];
            assert_eq!(read, expected, "{len}");
        }
    }
    // value before key; a key alone; an unknown field behind; the key twice
    for (pair, key, value) in [
        (&b"\x12\x01v\x0a\x01k"[..], "k", "v"),
        (b"\x0a\x01k", "k", ""),
        (b"\x0a\x01k\x12\x01v\x18\x05", "k", "v"),
        (b"\x0a\x01a\x0a\x01k\x12\x01v", "k", "v"),
    ] {
        let head = [0x12, u8::try_from(pair.len()).unwrap()];
        let log = [&head, pair].concat();
        let mut read = Vec::new();
        walk_log(&log, Span::whole(&log), |key, value| {
            read.push((key.of(&log).to_vec(), value.of(&log).to_vec()));
        })
        .unwrap();
        assert_eq!(read, [(key.into(), value.into())]);
    }
}

/// A known field of another wire type is an unknown field, as in the official decoders.
#[test]
fn a_field_of_another_wire_type_is_skipped() {
    // Time = 7; then Time as four and as eight bytes, Time_ns and Contents as variable ones.
    let log = unhex("08070d0100000009020000000000000020031004");
    let time = walk_log(&log, Span::whole(&log), |_, _| panic!("no content"));
    let expected = LogTime {
        seconds: 7,
        nanos: None,
    };
    assert_eq!(time, Ok(expected));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..256)) {
        if let Ok(list) = LogGroupList::index(data.into()) {
            for log in list.logs() {
                let _outcome = walk_log(list.data(), *log, |_, _| ());
            }
        }
    }

    /// A cut anywhere inside the one group is noticed.
    #[test]
    fn a_cut_is_noticed(cut in 1usize..24) {
        let whole = unhex("0a160a0e0880e2cfaa0612060a016b1201761a0174220173");
        prop_assert!(LogGroupList::index(whole.clone().into()).is_ok());
        prop_assert!(LogGroupList::index(whole[..cut].to_vec().into()).is_err());
    }
}

/// Hostile nesting would cost eight bytes of memory a byte.
#[test]
fn groups_are_nested_a_hundred_deep_at_the_most() {
    let nested = |depth| [vec![0x2b; depth], vec![0x2c; depth]].concat();
    assert!(LogGroupList::index(Bytes::from(nested(100))).is_ok());
    let error = LogGroupList::index(Bytes::from(nested(101))).unwrap_err();
    assert!(error.to_string().contains("nested too deep"), "{error}");
}
