use prost::Message as _;
use serde_json::Value;

use super::*;
use crate::loghub::testing::{bytes, hex, vectors};

fn pair(value: &Value) -> (Bytes, Bytes) {
    (bytes(&value[0]).into(), bytes(&value[1]).into())
}

fn optional(value: &Value) -> Option<Bytes> {
    (!value.is_null()).then(|| bytes(value).into())
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

/// What a recording says is in the list.
fn decoded(case: &Value) -> LogGroupList {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let content = |value: &Value| {
        let (key, value) = pair(value);
        Content { key, value }
    };
    let log = |value: &Value| Log {
        time: number(&value["time"]),
        time_ns: (!value["time_ns"].is_null()).then(|| number(&value["time_ns"])),
        contents: list(&value["contents"]).iter().map(content).collect(),
    };
    let tag = |value: &Value| {
        let (key, value) = pair(value);
        LogTag { key, value }
    };
    let group = |value: &Value| LogGroup {
        logs: list(&value["logs"]).iter().map(log).collect(),
        reserved: optional(&value["reserved"]),
        topic: optional(&value["topic"]),
        source: optional(&value["source"]),
        machine_uuid: optional(&value["machine_uuid"]),
        tags: list(&value["tags"]).iter().map(tag).collect(),
    };
    LogGroupList {
        groups: list(&case["decoded"]).iter().map(group).collect(),
    }
}

#[test]
fn lists_of_the_sdk_are_read_and_written_alike() {
    let vectors = vectors("loggrouplist.json");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let (id, wire, expected) = (&case["id"], hex(&case["hex"]), decoded(case));
        let read = LogGroupList::decode(&*wire).unwrap();
        assert_eq!(read, expected, "{id}");
        assert_eq!(
            Some(read.groups.len()),
            case["group_count"].as_u64().map(|n| n.try_into().unwrap())
        );
        // What a hand wrote has unknown fields or an odd order, on purpose.
        if case["encoded_by"] != "hand" {
            assert_eq!(expected.encode_to_vec(), wire, "{id}");
        }
        assert_eq!(
            LogGroupList::decode(&*read.encode_to_vec()).unwrap(),
            read,
            "{id}"
        );
    }
}

#[test]
fn malformed_lists_are_refused() {
    let vectors = vectors("loggrouplist.json");
    let cases = vectors["malformed"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let outcome = LogGroupList::decode(&*hex(&case["hex"]));
        assert!(outcome.is_err(), "{} gave {outcome:?}", case["id"]);
    }
}

#[test]
fn missing_required_fields_read_as_nothing() {
    let vectors = vectors("loggrouplist.json");
    let cases = vectors["missing_required"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let list = LogGroupList::decode(&*hex(&case["hex"])).unwrap();
        let group = &list.groups[0];
        match case["id"].as_str().unwrap() {
            "missing_time" => assert_eq!(group.logs[0].time, 0),
            "missing_content_value" => assert_eq!(group.logs[0].contents[0].value, ""),
            "missing_tag_value" => assert_eq!(group.tags[0].value, ""),
            other => panic!("{other} has no expectation"),
        }
    }
}
