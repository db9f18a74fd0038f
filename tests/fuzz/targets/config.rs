//! The configuration: environment variables, some of them JSON.
//!
//! Input: lines `NAME=value`, over a configuration that has the least.

use loghub_shipper::config::Config;

const SECRET: &str = "hush-5up3r-s3cr3t-k3y";

const LEAST: [(&str, &str); 4] = [
    ("access_key_id", "LTAI-test-id"),
    ("access_key_secret", SECRET),
    (
        "loghub",
        r#"{"endpoint":"https://my-project.cn-hangzhou.log.aliyuncs.com","logstore":"access-log","consumer_group":"shippers"}"#,
    ),
    (
        "tablestore",
        r#"{"endpoint":"https://my-instance.cn-hangzhou.ots.aliyuncs.com","instance":"my-instance","target_table":"access","status_table":"status"}"#,
    ),
];

/// A configuration or faults that say something; the same again from the same variables, in any
/// order; and the secret in none of it.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let given: Vec<(&str, &str)> = text
        .split('\n')
        .filter_map(|line| line.split_once('='))
        .collect();
    let kept = LEAST
        .iter()
        .filter(|(name, _)| given.iter().all(|(other, _)| other != name));
    let pairs: Vec<(&str, &str)> = kept.chain(&given).copied().collect();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let outcome = Config::from_pairs(pairs.iter().map(own), "the-host");
    let again = Config::from_pairs(pairs.iter().rev().map(own), "the-host");
    assert_eq!(outcome.is_ok(), again.is_ok());
    let shown = match &outcome {
        Ok(config) => {
            assert_eq!(
                config.summary().len(),
                again.expect("as before").summary().len()
            );
            format!("{config:?} {:?}", config.summary())
        }
        Err(faults) => {
            assert!(faults.iter().next().is_some());
            assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
            format!("{faults} {faults:?}")
        }
    };
    // Somebody who writes the secret into another variable as well may see it there.
    if !text.contains(SECRET) {
        assert!(!shown.contains(SECRET), "the secret is shown");
    }
}
