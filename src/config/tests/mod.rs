//! What the configuration promises: every fault with its message, all of them at once, no secret.

mod services;
mod values;
mod whole;

use super::*;

const LOGHUB: &str = r#"{"endpoint":"https://my-project.cn-hangzhou.log.aliyuncs.com","logstore":"access-log","consumer_group":"shippers"}"#;
const TABLESTORE: &str = r#"{"endpoint":"https://my-instance.cn-hangzhou.ots.aliyuncs.com","instance":"my-instance","target_table":"access","status_table":"status"}"#;
const SECRET: &str = "hush-5up3r-s3cr3t-k3y";

/// The least that must be set.
const LEAST: [(&str, &str); 4] = [
    ("access_key_id", "LTAI-test-id"),
    ("access_key_secret", SECRET),
    ("loghub", LOGHUB),
    ("tablestore", TABLESTORE),
];

fn from_pairs(pairs: &[(&str, &str)]) -> Result<Config, Faults> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_pairs(pairs, "the-host")
}

/// The least, with a few variables more or other values.
fn with(changes: &[(&str, &str)]) -> Result<Config, Faults> {
    let kept = LEAST
        .iter()
        .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    from_pairs(&kept.chain(changes).copied().collect::<Vec<_>>())
}

/// Checks that a variable with each value gives exactly these faults.
#[track_caller]
fn faults(variable: &str, cases: &[(&str, &[&str])]) {
    for (value, expected) in cases {
        let faults = with(&[(variable, value)]).expect_err(value);
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(shown, *expected, "{value}");
        assert!(faults.iter().all(|fault| fault.variable == variable));
    }
}

/// `LOGHUB` or `TABLESTORE` with one key set to another JSON value, or taken out.
fn object(base: &str, key: &str, value: Option<&str>) -> String {
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(base).unwrap();
    match value {
        Some(value) => drop(object.insert(key.into(), serde_json::from_str(value).unwrap())),
        None => drop(object.remove(key)),
    }
    serde_json::to_string(&object).unwrap()
}

/// Checks the faults that a value of a key gives; `None` takes the key out.
#[track_caller]
fn key_faults(variable: &str, base: &str, key: &str, cases: &[(Option<&str>, &str)]) {
    for (value, expected) in cases {
        let text = object(base, key, *value);
        let faults = with(&[(variable, &text)]).expect_err(&text);
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(shown, [*expected], "{text}");
        let fault = faults.iter().next().unwrap();
        assert_eq!(
            (fault.variable.as_str(), fault.key.as_deref()),
            (variable, Some(key))
        );
    }
}

impl PartialEq for Config {
    /// Good enough to compare failures.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}
