//! The configuration as a whole: what the least gives, all faults at once, no secret, what is shown.

use std::time::Duration;

use super::*;
use crate::shipper::{ColumnNames, LostCursor, StartPosition};
use crate::telemetry::Format;
use crate::transform::{Fields, Value};

#[test]
fn the_least_gets_production_defaults() {
    let config = with(&[]).unwrap();
    assert_eq!(config.access_key.id, "LTAI-test-id");
    assert_eq!(config.access_key.secret.expose(), SECRET);
    assert!(config.access_key.token.is_none());
    assert_eq!(config.loghub.project.as_str(), "my-project");
    assert_eq!(config.loghub.logstore.as_str(), "access-log");
    assert_eq!(
        config.loghub.endpoint.host(),
        Some("my-project.cn-hangzhou.log.aliyuncs.com")
    );
    assert_eq!(config.loghub.region, None);
    assert_eq!(config.loghub.request_timeout, Duration::from_secs(30));
    assert_eq!(config.tablestore.instance.as_str(), "my-instance");
    let shipper = &config.shipper;
    assert_eq!(shipper.group.as_str(), "shippers");
    assert_eq!(shipper.consumer.as_str(), "the-host");
    assert_eq!(shipper.heartbeat_interval, Duration::from_secs(5));
    assert_eq!(shipper.group_timeout, Duration::from_secs(30));
    assert_eq!(shipper.start, StartPosition::Begin);
    assert_eq!(shipper.lost_cursor, LostCursor::Oldest);
    assert_eq!(shipper.target_table.as_str(), "access");
    assert_eq!(shipper.dead_letters, None);
    assert_eq!(shipper.checkpoint_interval, Duration::from_secs(3));
    assert_eq!(shipper.memory_limit_bytes, 64 << 20);
    assert_eq!(shipper.max_batches_in_flight, 16);
    assert_eq!(shipper.shutdown_grace, Duration::from_secs(25));
    assert_eq!(shipper.rules.column_names, ColumnNames::Repair);
    assert!(shipper.rules.transforms.is_empty() && shipper.rules.exclusive_columns.is_empty());
    assert_eq!(config.status.table.as_str(), "status");
    assert_eq!(config.status.interval, Duration::from_mins(5));
    assert_eq!(config.telemetry, telemetry::Settings::default());
    assert_eq!(config.startup_timeout, Duration::from_mins(2));
    assert_eq!(config.http.extra_roots, None);
}

#[test]
fn everything_can_be_set() {
    let config = from_pairs(&[
        ("ACCESS_KEY_ID", "id"),
        ("Access_Key_Secret", SECRET),
        ("SECURITY_TOKEN", "token"),
        ("LOGHUB", &object(LOGHUB, "start", Some("\"end\""))),
        ("TABLESTORE", TABLESTORE),
        ("EXCLUSIVE_COLUMNS", r#"["__source__"]"#),
        ("TRANSFORM", r#"{"user-agent":"(crc32 ua)"}"#),
        ("REGION", "cn-hangzhou"),
        ("CONSUMER_NAME", "me"),
        ("HEARTBEAT_INTERVAL", "250ms"),
        ("GROUP_TIMEOUT", "1m"),
        ("CHECKPOINT_INTERVAL", "1s"),
        ("LOST_CURSOR", "stop"),
        ("COLUMN_NAMES", "drop"),
        ("DEAD_LETTERS", r#"{"table":"letters"}"#),
        ("MEMORY_LIMIT", " 128MB\n"),
        ("MAX_BATCHES_IN_FLIGHT", "256"),
        ("REQUEST_TIMEOUT", "5s"),
        ("STARTUP_TIMEOUT", "1h"),
        ("SHUTDOWN_GRACE", "1m 30s"),
        ("STATUS_INTERVAL", "1s"),
        ("LOG_LEVEL", "warn,loghub_shipper::loghub=trace"),
        ("LOG_FORMAT", "json"),
        ("TLS_ROOTS", "/etc/roots.pem"),
        ("HOSTNAME", "container"),
        ("NO_COLOR", "1"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(config.access_key.token.unwrap().expose(), "token");
    assert_eq!(config.loghub.region.as_deref(), Some("cn-hangzhou"));
    assert_eq!(config.tablestore.region.as_deref(), Some("cn-hangzhou"));
    let shipper = &config.shipper;
    assert_eq!(shipper.start, StartPosition::End);
    assert_eq!(shipper.consumer.as_str(), "me");
    assert_eq!(shipper.heartbeat_interval, Duration::from_millis(250));
    assert_eq!(shipper.group_timeout, Duration::from_mins(1));
    assert_eq!(shipper.lost_cursor, LostCursor::Stop);
    assert_eq!(shipper.memory_limit_bytes, 128_000_000);
    assert_eq!(shipper.max_batches_in_flight, 256);
    assert_eq!(shipper.shutdown_grace, Duration::from_secs(90));
    assert_eq!(shipper.rules.column_names, ColumnNames::Drop);
    assert_eq!(shipper.rules.exclusive_columns, ["__source__"]);
    assert_eq!(shipper.rules.transforms[0].name, "user-agent");
    let letters = shipper.dead_letters.as_ref().map(ToString::to_string);
    assert_eq!(letters.as_deref(), Some("table letters"));
    assert_eq!(config.startup_timeout, Duration::from_hours(1));
    assert_eq!(config.telemetry.format, Format::Json);
    assert!(config.telemetry.no_color);
    assert_eq!(
        config.http.extra_roots,
        Some(PathBuf::from("/etc/roots.pem"))
    );
    assert!(config.http.user_agent.starts_with("loghub-shipper/"));
}

/// The log of the worked example, whose fields are texts.
struct Log<'a>(Vec<Option<Value<'a>>>);

impl<'a> Fields<'a> for Log<'a> {
    fn get(&self, index: usize) -> Option<Value<'a>> {
        self.0[index]
    }
}

#[test]
fn the_worked_example_reads() {
    let config = with(&[
        ("exclusive_columns", r#"["__source__","__time__"]"#),
        (
            "transform",
            r#"{"rename":"original","trans-pkey":"(->int 10 original)"}"#,
        ),
    ])
    .unwrap();
    let rules = &config.shipper.rules;
    assert_eq!(rules.exclusive_columns, ["__source__", "__time__"]);
    let names: Vec<_> = rules
        .transforms
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["rename", "trans-pkey"]);
    let eval = |column: usize, original| {
        let expression = &rules.transforms[column].expression;
        assert_eq!(expression.fields().collect::<Vec<_>>(), ["original"]);
        expression.eval(&Log(vec![Some(Value::Text(original))]))
    };
    assert_eq!(eval(0, "12345"), Ok(Some(Value::Text("12345"))));
    assert_eq!(eval(1, "12345"), Ok(Some(Value::Integer(12345))));
    assert_eq!(
        eval(1, "abcd").unwrap_err().to_string(),
        "abcd is not 10-based int"
    );
}

#[test]
fn nothing_set_names_everything_that_must_be() {
    assert_eq!(
        from_pairs(&[]).unwrap_err().to_string(),
        r#"4 faults in the configuration
- access_key_id: is not set: set it, or ALIBABA_CLOUD_ACCESS_KEY_ID
- access_key_secret: is not set: set it, or ALIBABA_CLOUD_ACCESS_KEY_SECRET
- loghub: is not set: set {"endpoint":"https://PROJECT.REGION.log.aliyuncs.com","logstore":"...","consumer_group":"..."}
- tablestore: is not set: set {"endpoint":"https://INSTANCE.REGION.ots.aliyuncs.com","instance":"...","target_table":"...","status_table":"..."}"#
    );
    let empty: Vec<_> = LEAST.iter().map(|(name, _)| (*name, "")).collect();
    assert_eq!(from_pairs(&empty), from_pairs(&[]), "empty is not set");
}

#[test]
fn all_faults_come_at_once_and_in_order() {
    let faults = from_pairs(&[
        ("access_key_id", "id"),
        (
            "loghub",
            r#"{"endpoint":"localhost","logstore":"","start":"now","shard":1}"#,
        ),
        (
            "tablestore",
            r#"{"endpoint":"http://localhost:1","instance":"i","target_table":"t"}"#,
        ),
        ("exclusive_columns", "[7]"),
        ("transform", r#"{"a b":"(->int 10 x","c":"(->int 10)"}"#),
        ("column_names", "fix"),
        ("status_interval", "5"),
        ("memory_limit", "1"),
        ("log_level", "inof"),
    ])
    .unwrap_err();
    let places: Vec<_> = faults
        .iter()
        .map(|fault| (fault.variable.as_str(), fault.key.as_deref()))
        .collect();
    assert_eq!(
        places,
        [
            ("access_key_secret", None),
            ("loghub", Some("endpoint")),
            ("loghub", Some("logstore")),
            ("loghub", Some("consumer_group")),
            ("loghub", Some("start")),
            ("loghub", Some("shard")),
            ("tablestore", Some("instance")),
            ("tablestore", Some("status_table")),
            ("exclusive_columns", Some("[0]")),
            ("transform", Some("a b")),
            ("transform", Some("a b")),
            ("transform", Some("c")),
            ("column_names", None),
            ("memory_limit", None),
            ("status_interval", None),
            ("log_level", None),
        ]
    );
    let shown = faults.to_string();
    assert!(shown.starts_with("16 faults in the configuration\n- access_key_secret: "));
    assert!(
        shown.contains("\n- transform.c: `->int` takes 2 arguments, found 1: write `(->int BASE TEXT)`\n      (->int 10)\n      ^^^^^^^^^^\n- column_names: "),
        "{shown}"
    );
}

#[test]
fn no_secret_is_shown_wherever_it_was_put() {
    let token = "t0k3n".repeat(60);
    let inside = object(LOGHUB, "access_key_secret", Some(&format!("{SECRET:?}")));
    let named = object(LOGHUB, "logstore", Some(&format!("\"{SECRET}!\"")));
    let address = object(
        LOGHUB,
        "endpoint",
        Some(&format!("\"https://x:{SECRET}@host\"")),
    );
    let cut = format!("{{\"a\":\"{}{SECRET}\" x}}", "-".repeat(35));
    let long = format!("{{\"a\":\"({token})\"}}");
    for change in [
        ("loghub", inside.as_str()),
        ("loghub", named.as_str()),
        ("loghub", address.as_str()),
        ("loghub", SECRET),
        ("transform", cut.as_str()),
        ("transform", long.as_str()),
        ("transform", token.as_str()),
        ("exclusive_columns", SECRET),
        ("region", token.as_str()),
        ("region", SECRET),
        ("log_level", SECRET),
        ("consumer_name", &format!("{SECRET}\u{1}")),
        ("memory_limit", SECRET),
        (SECRET, SECRET),
    ] {
        // The last one is no fault by itself.
        let broken = ("max_batches_in_flight", "0");
        let faults = with(&[change, broken, ("security_token", &token)]).unwrap_err();
        for shown in [faults.to_string(), format!("{faults:?}")] {
            assert!(!shown.contains("5up3r"), "{shown}");
            assert!(!shown.contains("k3nt0"), "{shown}");
        }
    }
    let config = with(&[("security_token", &token)]).unwrap();
    for shown in [format!("{config:?}"), format!("{:?}", config.summary())] {
        assert!(
            !shown.contains("5up3r") && !shown.contains("k3nt0"),
            "{shown}"
        );
    }
}

#[test]
fn the_summary_is_a_few_lines() {
    let config = with(&[
        ("transform", r#"{"status":"(-> int 10 status)","ip":"ip"}"#),
        ("exclusive_columns", r#"["__source__"]"#),
        ("region", "cn-hangzhou"),
        ("tls_roots", "/roots.pem"),
        ("dead_letters", r#"{"file":"/var/lib/dead.jsonl"}"#),
    ])
    .unwrap();
    let shown: Vec<String> = config
        .summary()
        .iter()
        .map(|(what, value)| format!("{what}: {value}"))
        .collect();
    assert_eq!(
        shown,
        [
            "source: project my-project, logstore access-log, at https://my-project.cn-hangzhou.log.aliyuncs.com, start begin",
            "target: instance my-instance, target table access, status table status, at https://my-instance.cn-hangzhou.ots.aliyuncs.com",
            "group: shippers, consumer the-host, heartbeat_interval 5s, group_timeout 30s",
            "transform: status = (->int 10 status), ip = ip",
            "exclusive_columns: __source__",
            "rules: column_names repair, lost_cursor oldest",
            "dead letters: file /var/lib/dead.jsonl",
            "limits: memory_limit 64MiB, max_batches_in_flight 16",
            "intervals: checkpoint_interval 3s, status_interval 5m, startup_timeout 2m, shutdown_grace 25s",
            "container log: log_level info, log_format text",
            "requests: key pair, signature version 4 for cn-hangzhou, request_timeout 30s, tls_roots /roots.pem",
        ]
    );
}

#[test]
fn every_setting_is_read() {
    // A value that no setting of its kind takes gives a fault under the setting's name.
    for setting in SETTINGS {
        let bad = match setting.kind {
            Kind::File => continue,
            Kind::Text => "\u{1}\u{e9}",
            Kind::Secret => "a b",
            _ => "?!",
        };
        let faults = with(&[(setting.name, bad)]).expect_err(setting.name);
        assert_eq!(faults.len(), 1, "{faults}");
        assert_eq!(faults.iter().next().unwrap().variable, setting.name);
    }
}

#[test]
fn the_readme_shows_the_settings() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let shown = readme
        .split_once("<!-- settings -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- /settings -->"))
        .map(|(table, _)| table.trim());
    assert_eq!(
        shown,
        Some(markdown().trim()),
        "replace what stands between the two comments by:\n{}",
        markdown()
    );
}

#[test]
fn the_help_shows_the_settings() {
    let help = plain();
    assert!(help.contains(
        "memory_limit (bytes, 16MiB to 1TiB; default: 64MiB)\n    Logs and rows held between pull"
    ));
    assert!(help.contains("loghub (JSON object; required)\n"));
    assert!(!help.contains('`'));
}
