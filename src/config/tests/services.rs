//! Where logs come from, where rows go, and with which keys.

use super::*;
use crate::shipper::StartPosition;

#[test]
fn credentials_come_from_one_source() {
    let services = [("loghub", LOGHUB), ("tablestore", TABLESTORE)];
    let vendor = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "vendor-id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "vendor-secret"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "vendor-token"),
    ];
    let read = |more: &[(&'static str, &'static str)]| {
        from_pairs(&[&services[..], &vendor[..], more].concat())
    };
    let key = read(&[]).unwrap().access_key;
    assert_eq!(key.id, "vendor-id");
    assert_eq!(key.secret.expose(), "vendor-secret");
    assert_eq!(key.token.unwrap().expose(), "vendor-token");

    let key = read(&[("access_key_id", "id"), ("access_key_secret", "own")]);
    let key = key.unwrap().access_key;
    assert_eq!((key.id.as_str(), key.secret.expose()), ("id", "own"));
    assert!(key.token.is_none(), "a token of another pair");

    let faults = read(&[("access_key_id", "id"), ("access_key_secret", "")]).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "1 fault in the configuration\n- access_key_secret: is not set, while access_key_id is: set both, from one key pair"
    );
}

#[test]
fn a_broken_credential_is_not_shown() {
    let message = "holds white space or something else that no key has, perhaps a line break at its end: set the bare value (it is not shown here)";
    for name in ["access_key_id", "access_key_secret", "security_token"] {
        let value = format!("{SECRET}\n");
        let shown = with(&[(name, &value)]).unwrap_err().to_string();
        assert_eq!(
            shown,
            format!("1 fault in the configuration\n- {name}: {message}")
        );
    }
}

#[test]
fn json_that_is_none_is_shown_with_its_place() {
    faults(
        "transform",
        &[
            (
                r#"{"a":"x" "b":"y"}"#,
                &[
                    "transform: must be a JSON object, and this is not JSON: expected `,` or `}`\n    {\"a\":\"x\" \"b\":\"y\"}\n             ^",
                ],
            ),
            (
                "{'a':'x'}",
                &[
                    "transform: must be a JSON object, and this is not JSON: key must be a string\n    {'a':'x'}\n     ^",
                ],
            ),
            (
                r#"{"a":"x""#,
                &[
                    "transform: must be a JSON object, and this is not JSON: EOF while parsing an object\n    {\"a\":\"x\"\n            ^",
                ],
            ),
            (
                "{\"a\":\n  x}",
                &[
                    "transform: must be a JSON object, and this is not JSON: expected value\n    {\"a\":\u{fffd}  x}\n            ^",
                ],
            ),
            (
                "a=x",
                &["transform: must be a JSON object, and this is not JSON: expected value"],
            ),
            ("[1]", &["transform: must be a JSON object, found an array"]),
            ("null", &["transform: must be a JSON object, found null"]),
            ("\"x\"", &["transform: must be a JSON object, found a text"]),
        ],
    );
    faults(
        "exclusive_columns",
        &[
            (
                "{}",
                &[
                    "exclusive_columns: must be a JSON array of names such as [\"ip\"], found an object",
                ],
            ),
            (
                "\"ip\"",
                &[
                    "exclusive_columns: must be a JSON array of names such as [\"ip\"], found a text",
                ],
            ),
            (
                r#"["a", 1, "", null]"#,
                &[
                    "exclusive_columns[1]: must be a text, the name of a column, found a number",
                    "exclusive_columns[2]: is empty: set the name of a column",
                    "exclusive_columns[3]: must be a text, the name of a column, found null",
                ],
            ),
            (
                "[a]",
                &[
                    "exclusive_columns: must be a JSON array of names such as [\"ip\"], and this is not JSON: expected value\n    [a]\n     ^",
                ],
            ),
        ],
    );
}

#[test]
fn unknown_and_doubled_keys_are_faults() {
    let unknown = object(LOGHUB, "consumergroup", Some("\"x\""));
    let far = object(LOGHUB, "zone", Some("1"));
    let doubled = LOGHUB.replace("\"logstore\"", "\"logstore\":\"one\",\"logstore\"");
    faults(
        "loghub",
        &[
            (
                &unknown,
                &[
                    "loghub.consumergroup: is not a key of it: use endpoint, logstore, consumer_group, project or start; did you mean \"consumer_group\"?",
                ],
            ),
            (
                &far,
                &[
                    "loghub.zone: is not a key of it: use endpoint, logstore, consumer_group, project or start",
                ],
            ),
            (&doubled, &["loghub.logstore: occurs twice: keep one"]),
        ],
    );
    let unknown = object(TABLESTORE, "table", Some("\"x\""));
    faults(
        "tablestore",
        &[(
            &unknown,
            &[
                "tablestore.table: is not a key of it: use endpoint, instance, target_table or status_table",
            ],
        )],
    );
    faults(
        "transform",
        &[(
            r#"{"a":"x","b":"y","a":"x","a":"z"}"#,
            &["transform.a: occurs twice: keep one"],
        )],
    );
}

#[test]
fn faults_of_loghub_say_what_would_be_right() {
    let name = |what: &str| {
        format!(
            "loghub.{what}: \"Access\" must have 2 to 63 lower-case letters, digits, '-' or '_', and start and end with a letter or digit"
        )
    };
    key_faults(
        "loghub",
        LOGHUB,
        "logstore",
        &[
            (
                None,
                "loghub.logstore: is missing: set the logstore to read",
            ),
            (
                Some("\"\""),
                "loghub.logstore: is empty: set the logstore to read",
            ),
            (
                Some("7"),
                "loghub.logstore: must be a text, the logstore to read, found a number",
            ),
            (
                Some("null"),
                "loghub.logstore: must be a text, the logstore to read, found null",
            ),
            (Some("\"Access\""), &name("logstore")),
        ],
    );
    key_faults(
        "loghub",
        LOGHUB,
        "consumer_group",
        &[
            (
                None,
                "loghub.consumer_group: is missing: set the consumer group to join",
            ),
            (
                Some("[]"),
                "loghub.consumer_group: must be a text, the consumer group to join, found an array",
            ),
            (Some("\"Access\""), &name("consumer_group")),
        ],
    );
    key_faults(
        "loghub",
        LOGHUB,
        "project",
        &[
            (Some("\"\""), "loghub.project: is empty: set the project"),
            (
                Some("true"),
                "loghub.project: must be a text, the project, found a boolean",
            ),
            (
                Some("\"A\""),
                "loghub.project: \"A\" must have 3 to 63 lower-case letters, digits or '-', and start and end with a letter or digit",
            ),
        ],
    );
    key_faults(
        "loghub",
        LOGHUB,
        "endpoint",
        &[
            (
                None,
                "loghub.endpoint: is missing: set the address, such as https://PROJECT.cn-hangzhou.log.aliyuncs.com",
            ),
            (
                Some("\"my-project.cn-hangzhou.log.aliyuncs.com\""),
                "loghub.endpoint: \"my-project.cn-hangzhou.log.aliyuncs.com\" has no scheme: write https://HOST",
            ),
            (
                Some("\"http://127.0.0.1:8080\""),
                "loghub.endpoint: \"127.0.0.1\" names no project: add the key \"project\"",
            ),
            (
                Some("\"http://localhost\""),
                "loghub.endpoint: \"localhost\" names no project: add the key \"project\"",
            ),
        ],
    );
}

#[test]
fn a_start_that_is_none_says_what_would_be_right() {
    let right =
        "use \"begin\", \"end\", Unix seconds, or RFC 3339 such as \"2026-11-23T18:00:00Z\"";
    let start = |message: &str| format!("loghub.start: {message}{right}");
    key_faults(
        "loghub",
        LOGHUB,
        "start",
        &[
            (Some("\"now\""), &start("\"now\" is not a start: ")),
            (Some("-1"), &start("-1 is not a start: ")),
            (Some("1.5"), &start("1.5 is not a start: ")),
            (
                Some("\"1969-01-01T00:00:00Z\""),
                &start("\"1969-01-01T00:00:00Z\" is not a start: "),
            ),
            (
                Some("1469102565000"),
                &start("1469102565000 is too far ahead for Unix seconds; are these milliseconds? "),
            ),
            (
                Some("\"99999999999999999999\""),
                &start(
                    "\"99999999999999999999\" is too far ahead for Unix seconds; are these milliseconds? ",
                ),
            ),
            (
                Some("null"),
                &format!("loghub.start: must be a text or a number, found null: {right}"),
            ),
        ],
    );
}

#[test]
fn faults_of_tablestore_say_what_would_be_right() {
    let table = "must have 1 to 255 letters, digits or '_', and not start with a digit";
    key_faults(
        "tablestore",
        TABLESTORE,
        "instance",
        &[
            (None, "tablestore.instance: is missing: set the instance"),
            (
                Some("\"a\""),
                "tablestore.instance: \"a\" must have 3 to 16 letters, digits or '-', start with a letter and not end with '-'",
            ),
        ],
    );
    key_faults(
        "tablestore",
        TABLESTORE,
        "target_table",
        &[
            (
                None,
                "tablestore.target_table: is missing: set the table that gets the rows",
            ),
            (
                Some("\"a-b\""),
                &format!("tablestore.target_table: \"a-b\" {table}"),
            ),
        ],
    );
    key_faults(
        "tablestore",
        TABLESTORE,
        "status_table",
        &[
            (
                None,
                "tablestore.status_table: is missing: set the table that gets the status rows",
            ),
            (
                Some("\"1\""),
                &format!("tablestore.status_table: \"1\" {table}"),
            ),
            (
                Some("\"access\""),
                "tablestore.status_table: is the target table too: status rows need a table of their own",
            ),
        ],
    );
    key_faults(
        "tablestore",
        TABLESTORE,
        "endpoint",
        &[
            (
                None,
                "tablestore.endpoint: is missing: set the address, such as https://INSTANCE.cn-hangzhou.ots.aliyuncs.com",
            ),
            (
                Some("\"ots:80\""),
                "tablestore.endpoint: \"ots:80\" has no scheme: write https://HOST",
            ),
        ],
    );
}

#[test]
fn starts_are_words_seconds_or_dates() {
    for (text, start) in [
        ("\"begin\"", StartPosition::Begin),
        ("\"end\"", StartPosition::End),
        ("1469102565", StartPosition::Since(1_469_102_565)),
        ("\"1469102565\"", StartPosition::Since(1_469_102_565)),
        ("0", StartPosition::Since(0)),
        (
            "\"2016-07-21T12:02:45Z\"",
            StartPosition::Since(1_469_102_565),
        ),
        (
            "\"2016-07-21T20:02:45.9+08:00\"",
            StartPosition::Since(1_469_102_565),
        ),
    ] {
        let config = with(&[("loghub", &object(LOGHUB, "start", Some(text)))]).unwrap();
        assert_eq!(config.shipper.start, start, "{text}");
    }
}

#[test]
fn an_explicit_project_serves_an_address() {
    let loghub = r#"{"endpoint":"http://127.0.0.1:8080","project":"demo","logstore":"access-log","consumer_group":"shippers"}"#;
    let config = with(&[("loghub", loghub)]).unwrap();
    assert_eq!(config.loghub.project.as_str(), "demo");
    assert_eq!(config.loghub.endpoint, "http://127.0.0.1:8080/");
    let text = object(LOGHUB, "project", Some("\"other\""));
    let config = with(&[("loghub", &text)]).unwrap();
    assert_eq!(config.loghub.project.as_str(), "other");
    assert_eq!(
        config.loghub.endpoint,
        "https://other.cn-hangzhou.log.aliyuncs.com/"
    );
}

#[test]
fn dead_letters_have_one_place() {
    let table = |name: &str| format!("{{\"table\":\"{name}\"}}");
    faults(
        "dead_letters",
        &[
            (
                "{}",
                &[r#"dead_letters: names no place: set {"table":"NAME"} or {"file":"PATH"}"#],
            ),
            (
                r#"{"table":"t","file":"f"}"#,
                &["dead_letters: has a table and a file: choose one"],
            ),
            (
                &table("access"),
                &[
                    "dead_letters.table: is the target table too: dead letters need a table of their own",
                ],
            ),
            (
                &table("status"),
                &[
                    "dead_letters.table: is the status table too: dead letters need a table of their own",
                ],
            ),
            (
                &table("1st"),
                &[
                    r#"dead_letters.table: "1st" must have 1 to 255 letters, digits or '_', and not start with a digit"#,
                ],
            ),
            (
                r#"{"file":""}"#,
                &["dead_letters.file: is empty: set the path of a file"],
            ),
            (
                r#"{"file":"/var/lib/"}"#,
                &["dead_letters.file: names a folder: add the name of a file"],
            ),
            (
                r#"{"file":7}"#,
                &["dead_letters.file: must be a text, the path of a file, found a number"],
            ),
            (
                r#"{"file":"f","tabel":"t"}"#,
                &[
                    r#"dead_letters.tabel: is not a key of it: use table or file; did you mean "table"?"#,
                ],
            ),
            (
                "dead.jsonl",
                &["dead_letters: must be a JSON object, and this is not JSON: expected value"],
            ),
        ],
    );
}
