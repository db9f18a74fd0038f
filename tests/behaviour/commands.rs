//! The commands beside `run`: what they print, and how they end.

use std::process::{Output, Stdio};
use std::time::Duration;

use loghub_shipper::sandbox::Action;
use loghub_shipper::tablestore::PrimaryKeyType::String as Text;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::rig::{LOGSTORE, PROJECT, Rig, TARGET};

const KEY: [(&str, loghub_shipper::tablestore::PrimaryKeyType); 1] = [("id", Text)];

/// Two logs, and two lines that are none.
const LINES: &str =
    "{\"id\":\"a\",\"__time__\":1,\"n\":1.50}\n[1]\n\nno JSON\n{\"id\":\"b\",\"__time__\":2}\n";

/// How a command ended, and what it wrote to standard output and standard error.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program in the environment of a rig, with this standard input.
async fn command(rig: &Rig, arguments: &[&str], input: &str) -> Ended {
    command_with(rig, &[], arguments, input).await
}

/// The same, with these variables over the usual ones.
pub(crate) async fn command_with(
    rig: &Rig,
    variables: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_loghub-shipper"))
        .args(arguments)
        .env_clear()
        .envs(rig.environment())
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = tokio::time::timeout(Duration::from_secs(40), child.wait_with_output());
    let Output {
        status,
        stdout,
        stderr,
    } = output.await.expect("it ends").unwrap();
    Ended {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// The times of all logs in the logstore.
fn stored(rig: &Rig) -> Vec<u32> {
    let groups = rig.sandbox.loghub().logs(PROJECT, LOGSTORE).unwrap();
    groups
        .iter()
        .flat_map(|stored| &stored.group.logs)
        .map(|log| log.time)
        .collect()
}

#[tokio::test]
async fn put_ends_at_a_line_that_is_no_object_and_names_it() {
    let rig = Rig::new(1, &KEY).await;
    let ended = command(&rig, &["put"], LINES).await;
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert_eq!(
        ended.stderr,
        "loghub-shipper: standard input, line 2: not a JSON object but an array\n"
    );
    assert!(
        ended.stdout.starts_with("1 log stored in "),
        "{}",
        ended.stdout
    );
    assert_eq!(stored(&rig), [1]);
}

#[tokio::test]
async fn put_goes_on_with_skip_bad_and_names_every_bad_line() {
    let rig = Rig::new(1, &KEY).await;
    let ended = command(&rig, &["put", "--skip-bad", "-"], LINES).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stderr,
        "skipped standard input, line 2: not a JSON object but an array\n\
         skipped standard input, line 4: not a JSON object but something else\n"
    );
    assert!(
        ended.stdout.ends_with("; 2 bad lines skipped\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(stored(&rig), [1, 2]);
}

#[tokio::test]
async fn a_log_that_the_service_does_not_take_is_named_by_its_line() {
    let rig = Rig::new(1, &KEY).await;
    let large = format!(
        "{{\"id\":\"a\",\"__time__\":1}}\n{{\"id\":\"{}\"}}\n",
        "x".repeat(11_000_000)
    );
    let ended = command(&rig, &["put"], &large).await;
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .starts_with("loghub-shipper: line 2 is not stored: put_logs of "),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("PostBodyTooLarge"),
        "{}",
        ended.stderr
    );
    assert_eq!(stored(&rig), [1]);
}

#[tokio::test]
async fn rows_shows_what_was_put_and_shipped() {
    let rig = Rig::new(1, &KEY).await;
    let put = command(&rig, &["put", "--skip-bad"], LINES).await;
    assert_eq!(put.code, Some(0), "{}", put.stderr);
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    ship.stop().await;

    let text = command(&rig, &["rows", TARGET, "--limit", "1"], "").await;
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    assert_eq!(
        text.stdout,
        "id  n     __source__  __time__  __topic__\n\
         ──  ────  ──────────  ────────  ─────────\n\
         a   1.50                     1\n"
    );
    assert_eq!(text.stderr, "1 row, and there are more: see --limit\n");

    let all = command(
        &rig,
        &["rows", TARGET, "--format", "jsonl", "--start", "[\"b\"]"],
        "",
    )
    .await;
    assert_eq!(
        all.stdout,
        "{\"id\":\"b\",\"__source__\":\"\",\"__time__\":2,\"__topic__\":\"\"}\n"
    );

    let missing = command(&rig, &["rows", "nowhere"], "").await;
    assert_eq!(missing.code, Some(78));
    assert!(
        missing
            .stderr
            .starts_with("loghub-shipper: there is no table nowhere in that instance: "),
        "{}",
        missing.stderr
    );
}

#[tokio::test]
async fn rows_says_what_it_waits_for() {
    let rig = Rig::new(1, &KEY).await;
    let away = Action::refuse(503, "OTSServerUnavailable", "Server is not available.");
    for operation in ["DescribeTable", "GetRange"] {
        rig.sandbox.faults().next(operation, 1, away.clone());
        let ended = command(&rig, &["rows", TARGET], "").await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        for said in ["OTSServerUnavailable", "not read yet: trying again"] {
            assert!(ended.stderr.contains(said), "{operation}: {}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn the_demo_balances() {
    let rig = Rig::new(1, &KEY).await;
    let demo = command(&rig, &["demo", "--logs", "2000", "--shards", "2"], "").await;
    assert_eq!(demo.code, Some(0), "{}{}", demo.stdout, demo.stderr);
    for promised in [
        "First rows of access_log, as Table Store holds them",
        "status is of type INTEGER by the transform (->int 10 status)",
        "One of 6 logs that had to be skipped",
        "reason  primary key column \"",
        "balanced: 2,000 put = 2,000 read = ",
        "put to row   p50 ",
    ] {
        assert!(
            demo.stdout.contains(promised),
            "{promised}: {}",
            demo.stdout
        );
    }
}

#[tokio::test]
async fn the_demo_balances_with_dead_letters_too() {
    let rig = Rig::new(1, &KEY).await;
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("dead.jsonl");
    let path = path.to_str().unwrap();
    let demo = [
        "demo",
        "--logs",
        "2000",
        "--shards",
        "2",
        "--dead-letters",
        path,
    ];
    for round in 1..=2 {
        let demo = command(&rig, &demo, "").await;
        assert_eq!(demo.code, Some(0), "{}{}", demo.stdout, demo.stderr);
        let kept = "kept as dead letters            6  counted in their file, too";
        assert!(demo.stdout.contains(kept), "{}", demo.stdout);
        assert!(demo.stdout.contains("One of 6 logs that had to be skipped"));
        let letters = std::fs::read_to_string(path).unwrap();
        assert_eq!(letters.lines().count(), round * 6);
    }
}

#[tokio::test]
async fn the_demo_ships_logs_of_ones_own() {
    let rig = Rig::new(1, &KEY).await;
    let input = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"a\"}\n{}\n";
    let arguments = [
        "demo",
        "--input",
        "-",
        "--primary-key",
        "id",
        "--transform",
        "{}",
    ];
    let demo = command(&rig, &arguments, input).await;
    assert_eq!(demo.code, Some(0), "{}{}", demo.stdout, demo.stderr);
    assert!(
        demo.stdout
            .contains("balanced: 4 put = 4 read = 2 + 1 + 1\n"),
        "{}",
        demo.stdout
    );
}
