//! Single values, and expressions.

use super::*;

#[test]
fn faults_of_transforms_point_into_the_expression() {
    let long = format!(r#"{{"{}":"x"}}"#, "a".repeat(256));
    let long_fault = format!(
        "transform.{}: the name has 256 bytes: Table Store takes at most 255",
        "a".repeat(256)
    );
    let refused = |name: &str| {
        format!(
            "transform.{name}: Table Store refuses this name of a column: use letters, digits, '_' and '-', and start with a letter or '_'"
        )
    };
    let cases: Vec<(&str, Vec<String>)> = vec![
        (
            r#"{"status":"(->int 10 status","size":"(crc3 size)","c":"(->int 99 c)","d":"(->bool)"}"#,
            vec![
                "transform.status: the call does not end: close it with `)`\n    (->int 10 status\n    ^".into(),
                "transform.size: unknown function `crc3`: did you mean `crc32`?\n    (crc3 size)\n     ^^^^".into(),
                "transform.c: there is no base 99: use 2 to 36\n    (->int 99 c)\n           ^^".into(),
                "transform.d: `->bool` takes 1 argument, found 0: write `(->bool TEXT)`\n    (->bool)\n    ^^^^^^^^".into(),
            ],
        ),
        (
            r#"{"a":""}"#,
            vec!["transform.a: the expression is empty: write a field, an integer, a \"string\" or a (function call)".into()],
        ),
        (
            r#"{"status":5}"#,
            vec!["transform.status: must be an expression in a text, such as \"(->int 10 status)\", found a number".into()],
        ),
        (
            r#"{"":"x"}"#,
            vec!["transform.: a column has no name: give it one".into()],
        ),
        (r#"{"__tag__:x":"x"}"#, vec![refused("__tag__:x")]),
        (r#"{"1a":"x"}"#, vec![refused("1a")]),
        (r#"{"-a":"x"}"#, vec![refused("-a")]),
        (r#"{"日志":"x"}"#, vec![refused("日志")]),
        (
            r#"{"a b":"(f)"}"#,
            vec![
                refused("a b"),
                "transform.a b: unknown function `f`: there are `->int`, `->bool` or `crc32`\n    (f)\n     ^".into(),
            ],
        ),
        (&long, vec![long_fault]),
    ];
    for mode in ["repair", "drop", "exact"] {
        for (text, expected) in &cases {
            let faults = with(&[("transform", text), ("column_names", mode)]).unwrap_err();
            let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(shown, *expected, "{text}");
        }
    }
    let deep = format!("{{\"a\":\"{}\"}}", "(crc32 ".repeat(10_000));
    let shown = with(&[("transform", &deep)]).unwrap_err().to_string();
    assert!(
        shown.contains("transform.a: calls are nested more than 64 deep") && shown.len() < 1000,
        "{shown}"
    );
}

#[test]
fn faults_of_scalars_say_what_would_be_right() {
    let duration = |value: &str| {
        format!(
            "{value:?} is not a duration: write a number with its unit, such as 250ms, 5s or 2m"
        )
    };
    for (variable, value, message) in [
        ("status_interval", "5", duration("5")),
        ("status_interval", "soon", duration("soon")),
        ("status_interval", "-5s", duration("-5s")),
        ("status_interval", "10ms", "\"10ms\" is out of bounds: use 1s to 1d".into()),
        ("checkpoint_interval", "1h", "\"1h\" is out of bounds: use 100ms to 10m".into()),
        ("heartbeat_interval", "0s", "\"0s\" is out of bounds: use 100ms to 1m".into()),
        ("group_timeout", "2h", "\"2h\" is out of bounds: use 1s to 1h".into()),
        ("group_timeout", "12500ms", "\"12s500ms\" is not in whole seconds, as Log Service counts: use 13s".into()),
        (
            "group_timeout",
            "9s",
            "\"9s\" is less than two heartbeats, and one that is lost would lose the shards: use 10s or more, or a shorter heartbeat_interval".into(),
        ),
        ("request_timeout", "10m", "\"10m\" is out of bounds: use 1s to 5m".into()),
        ("startup_timeout", "2d", "\"2d\" is out of bounds: use 1s to 1h".into()),
        ("shutdown_grace", "0s", "\"0s\" is out of bounds: use 1s to 1h".into()),
        ("memory_limit", "1MiB", "\"1MiB\" is out of bounds: use 16MiB to 1TiB".into()),
        ("memory_limit", "99999999TiB", "\"99999999TiB\" is not a number of bytes: write it plain or with its unit, such as 64MiB or 64MB".into()),
        ("memory_limit", "64 mebi", "\"64 mebi\" is not a number of bytes: write it plain or with its unit, such as 64MiB or 64MB".into()),
        ("memory_limit", "MiB", "\"MiB\" is not a number of bytes: write it plain or with its unit, such as 64MiB or 64MB".into()),
        ("max_batches_in_flight", "0", "\"0\" is not a whole number from 1 to 256".into()),
        ("max_batches_in_flight", "257", "\"257\" is not a whole number from 1 to 256".into()),
        ("max_batches_in_flight", "1.5", "\"1.5\" is not a whole number from 1 to 256".into()),
        ("column_names", "repiar", "\"repiar\" is not a choice: use repair, drop or exact; did you mean \"repair\"?".into()),
        ("lost_cursor", "begin", "\"begin\" is not a choice: use oldest, newest or stop".into()),
        ("log_format", "xml", "\"xml\" is not a choice: use text or json".into()),
        ("log_level", "loud", "\"loud\" is no level: use error, warn, info, debug, trace or off".into()),
        ("log_level", "a=loud", "\"a=loud\" is no filter: use TARGET=LEVEL, such as info,loghub_shipper::loghub=debug".into()),
        ("region", "CN Hangzhou", "\"CN Hangzhou\" is not a region id: use lower-case letters, digits and '-', such as cn-hangzhou".into()),
        ("consumer_name", "a\u{7}b", "\"a\\u{7}b\" must have 1 to 255 bytes and no control characters".into()),
    ] {
        faults(variable, &[(value, &[&format!("{variable}: {message}")])]);
    }
}

#[test]
fn sizes_have_units() {
    let mib = 1024 * 1024;
    for (text, bytes) in [
        ("67108864", 67_108_864),
        ("67108864B", 67_108_864),
        ("64MiB", 64 * mib),
        ("64Mi", 64 * mib),
        ("64 mib", 64 * mib),
        ("64MB", 64_000_000),
        ("64M", 64_000_000),
        ("65536KiB", 64 * mib),
        ("1GiB", 1024 * mib),
    ] {
        let config = with(&[("memory_limit", text)]).unwrap();
        assert_eq!(config.shipper.memory_limit_bytes, bytes, "{text}");
    }
}

#[test]
fn the_consumer_is_named_after_its_container() {
    let name = |pairs: &[(&str, &str)]| {
        let config = with(pairs).unwrap();
        config.shipper.consumer.as_str().to_owned()
    };
    assert_eq!(name(&[]), "the-host");
    assert_eq!(name(&[("HOSTNAME", "pod-0")]), "pod-0");
    assert_eq!(name(&[("HOSTNAME", "pod-0"), ("hostname", "x")]), "pod-0");
    assert_eq!(
        name(&[("HOSTNAME", "pod-0"), ("Consumer_Name", "me")]),
        "me"
    );
    let pairs = LEAST.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let faults = Config::from_pairs(pairs, "").unwrap_err();
    assert_eq!(
        faults.iter().next().unwrap().to_string(),
        "consumer_name: is not set, and the system has no host name: set it"
    );
}

#[test]
fn a_variable_in_two_cases_must_have_one_value() {
    assert!(with(&[("region", "cn-beijing"), ("REGION", "cn-beijing")]).is_ok());
    assert!(with(&[("region", ""), ("REGION", "cn-beijing")]).is_ok());
    let faults = with(&[("region", "cn-beijing"), ("REGION", "cn-hangzhou")]).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "1 fault in the configuration\n- region: is set twice, as \"region\" and as \"REGION\", to different values: set it once"
    );
    let faults = with(&[("ACCESS_KEY_SECRET", "another")]).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "1 fault in the configuration\n- access_key_secret: is set twice, as \"access_key_secret\" and as \"ACCESS_KEY_SECRET\", to different values: set it once"
    );
}

proptest::proptest! {
    #[test]
    fn random_values_never_panic(
        value in proptest::prelude::any::<String>(),
        setting in 0..SETTINGS.len(),
    ) {
        let name = SETTINGS[setting].name;
        let faults = with(&[(name, &value)]);
        proptest::prop_assert!(faults.is_ok() || !faults.unwrap_err().is_empty());
    }

    #[test]
    fn random_json_never_panics(
        value in r#"[\[\]{}":,a0é\\\n-]{0,24}"#,
        key in proptest::sample::select(vec!["endpoint", "logstore", "start", "project"]),
    ) {
        for setting in ["loghub", "transform", "exclusive_columns"] {
            let faults = with(&[(setting, &value)]);
            proptest::prop_assert!(faults.is_ok() || !faults.unwrap_err().is_empty());
        }
        let quoted = serde_json::to_string(&value).unwrap();
        let faults = with(&[("loghub", &object(LOGHUB, key, Some(&quoted)))]);
        proptest::prop_assert!(faults.is_ok() || !faults.unwrap_err().is_empty());
    }
}
