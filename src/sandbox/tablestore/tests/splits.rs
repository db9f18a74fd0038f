//! `ComputeSplitPointsBySize`.

use super::*;

fn request(split_size: i64) -> proto::ComputeSplitPointsBySizeRequest {
    proto::ComputeSplitPointsBySizeRequest {
        table_name: "t".to_owned(),
        split_size,
        split_size_unit_in_byte: Some(1),
        split_point_limit: None,
    }
}

/// Partitions `a`, `b`, `c` and `d` of two rows each, a row of 100 bytes.
fn host() -> Host {
    let host = Host::with_table(&[
        ("pk", PrimaryKeyType::String),
        ("n", PrimaryKeyType::Integer),
    ]);
    let text = "x".repeat(100 - "pk".len() - 1 - "n".len() - 8 - "v".len());
    for name in ["a", "b", "c", "d"] {
        for number in [1, 2] {
            let key = vec![string("pk", name), integer("n", number)];
            host.put(puts(key, vec![string("v", &text)])).unwrap();
        }
    }
    host
}

type Answer = Result<proto::ComputeSplitPointsBySizeResponse, Refused>;

/// The points of a request, and the number of parts that have a place.
fn split(host: &Host, request: &proto::ComputeSplitPointsBySizeRequest) -> (Vec<String>, i64) {
    let answer: Answer = host.call("ComputeSplitPointsBySize", request);
    let answer = answer.unwrap();
    assert_eq!(answer.schema.len(), 2);
    let points = answer.split_points.iter().map(|point| {
        let key = plainbuffer::read_primary_key(point).unwrap();
        match &key[..] {
            [
                Column {
                    name,
                    value: Value::String(text),
                },
            ] if name == "pk" => text.clone(),
            other => panic!("{other:?}"),
        }
    });
    (points.collect(), answer.locations[0].repeat)
}

#[test]
fn a_table_is_cut_between_partition_keys() {
    let host = host();
    let points = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(split(&host, &request(1)), (points(&["b", "c", "d"]), 4));
    assert_eq!(split(&host, &request(200)), (points(&["b", "c", "d"]), 4));
    assert_eq!(split(&host, &request(201)), (points(&["c"]), 2));
    assert_eq!(split(&host, &request(10_000)), (points(&[]), 1));
    let limited = proto::ComputeSplitPointsBySizeRequest {
        split_point_limit: Some(1),
        ..request(1)
    };
    assert_eq!(split(&host, &limited), (points(&["b"]), 2));
    let in_hundreds_of_megabytes = proto::ComputeSplitPointsBySizeRequest {
        split_size_unit_in_byte: None,
        ..request(1)
    };
    assert_eq!(split(&host, &in_hundreds_of_megabytes), (points(&[]), 1));
}

#[test]
fn splits_that_make_no_sense_are_refused() {
    let host = host();
    for size in [0, -1] {
        let answer: Answer = host.call("ComputeSplitPointsBySize", &request(size));
        let message = "The split size must be greater than 0.";
        assert_eq!(answer.unwrap_err(), invalid(message));
    }
    let missing = proto::ComputeSplitPointsBySizeRequest {
        table_name: "nowhere".to_owned(),
        ..request(1)
    };
    let answer: Answer = host.call("ComputeSplitPointsBySize", &missing);
    let refusal = refused(404, "OTSObjectNotExist", "Requested table does not exist.");
    assert_eq!(answer.unwrap_err(), refusal);
}
