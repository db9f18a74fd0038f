//! The real program, in processes of its own: killed, stopped, restarted, misconfigured.

use std::collections::BTreeMap;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use loghub_shipper::sandbox::Service;
use loghub_shipper::tablestore::PrimaryKeyType::String as Text;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::rig::{GROUP, LOGSTORE, PROJECT, Rig, Rows, group, log, text};

const KEY: [(&str, loghub_shipper::tablestore::PrimaryKeyType); 1] = [("id", Text)];

/// A shipper in a process of its own, killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    fn start(rig: &Rig, variables: &[(&str, &str)]) -> Self {
        Self::command(rig, variables, &[])
    }

    /// Any command.
    pub(crate) fn command(rig: &Rig, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut environment = rig.environment();
        environment.extend(
            variables
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        Self(command(environment).args(arguments).spawn().unwrap())
    }

    /// A shipper started by another program, which gets its path as the last argument.
    pub(crate) fn within(rig: &Rig, variables: &[(&str, &str)], wrapper: &[&str]) -> Self {
        let Some((program, arguments)) = wrapper.split_first() else {
            return Self::start(rig, variables);
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(env!("CARGO_BIN_EXE_loghub-shipper"))
            .env_clear()
            .env("PATH", path)
            .envs(rig.environment())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self(command.spawn().unwrap())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().expect("the process was not waited for yet");
        let kill = format!("kill -{name} {id}");
        let status = std::process::Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end; how it ended and what it wrote to standard error.
    pub(crate) async fn end(self) -> (ExitStatus, String) {
        let output = timeout(Duration::from_secs(40), self.0.wait_with_output());
        let Output { status, stderr, .. } = output.await.expect("it ends").unwrap();
        (status, String::from_utf8(stderr).unwrap())
    }

    pub(crate) async fn stop(self) {
        self.signal("TERM");
        let (status, stderr) = self.end().await;
        assert_eq!(status.code(), Some(0), "{stderr}");
    }
}

fn command(environment: BTreeMap<String, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loghub-shipper"));
    command.env_clear().envs(environment).stdin(Stdio::null());
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Puts logs `from..to`, ten a group, each with a key and a value of its own.
fn put(rig: &Rig, numbers: std::ops::Range<u32>, shards: u32) {
    for first in numbers.step_by(10) {
        let logs = (first..first + 10).map(|number| {
            let (id, value) = (format!("id-{number:06}"), format!("value {number}"));
            log(1_700_000_000 + number, &[("id", &id), ("value", &value)])
        });
        rig.put(Some(first / 10 % shards), &group(logs.collect()));
    }
}

/// Whether the rows of the logs `0..end` are there, and no others.
fn has_rows(rows: &Rows, end: u32) -> bool {
    rows.len() == usize::try_from(end).unwrap()
        && (0..end).all(|number| {
            let row = rows.get(&vec![text(&format!("id-{number:06}"))]);
            row.is_some_and(|row| row.get("value") == Some(&text(&format!("value {number}"))))
        })
}

fn held(rig: &Rig, consumer: &str) -> usize {
    let group = rig.sandbox.loghub().group(PROJECT, LOGSTORE, GROUP);
    group.map_or(0, |group| group.held_by(consumer).len())
}

fn row_count(rig: &Rig) -> usize {
    rig.rows().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_process_is_killed() {
    let rig = Rig::new(2, &KEY).await;
    let mut end = 0;
    for _ in 0..4 {
        let process = Process::start(&rig, &[]);
        put(&rig, end..end + 2_000, 2);
        let before = row_count(&rig);
        rig.until("some rows are written", || row_count(&rig) > before + 300)
            .await;
        end += 2_000;
        process.signal("KILL");
        let (status, _) = process.end().await;
        assert_eq!(status.code(), None);
    }
    let process = Process::start(&rig, &[]);
    rig.until("all rows are there", || has_rows(&rig.rows(), end))
        .await;
    rig.until_done().await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_shards_and_hand_over_without_repeating() {
    let rig = Rig::new(4, &KEY).await;
    let first = Process::start(&rig, &[]);
    rig.until("the first holds all shards", || {
        held(&rig, "shipper-1") == 4
    })
    .await;
    put(&rig, 0..1_000, 4);
    let second = Process::start(&rig, &[("consumer_name", "shipper-2")]);
    put(&rig, 1_000..2_000, 4);
    rig.until("they share", || {
        held(&rig, "shipper-1") == 2 && held(&rig, "shipper-2") == 2
    })
    .await;
    put(&rig, 2_000..3_000, 4);
    first.stop().await;
    put(&rig, 3_000..4_000, 4);
    rig.until("the second has taken over", || held(&rig, "shipper-2") == 4)
        .await;
    rig.until("all rows are there", || has_rows(&rig.rows(), 4_000))
        .await;
    rig.until_done().await;
    second.stop().await;
    assert_eq!(
        rig.status_sum("row_count"),
        4_000,
        "every log was shipped once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_hands_over_what_was_read() {
    let rig = Rig::new(2, &KEY).await;
    let process = Process::start(&rig, &[]);
    put(&rig, 0..20_000, 2);
    rig.until("it is busy", || row_count(&rig) > 500).await;
    process.stop().await;
    let written = row_count(&rig);
    let process = Process::start(&rig, &[("consumer_name", "shipper-1")]);
    rig.until("all rows are there", || row_count(&rig) == 20_000)
        .await;
    rig.until_done().await;
    process.stop().await;
    assert!(written < 20_000, "it was stopped on the way");
    assert_eq!(
        rig.status_sum("row_count"),
        20_000,
        "every log was shipped once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_within_the_grace_period_while_table_store_is_away() {
    let mut rig = Rig::new(1, &KEY).await;
    let process = Process::start(&rig, &[("shutdown_grace", "1s")]);
    rig.until("it holds the shard", || held(&rig, "shipper-1") == 1)
        .await;
    rig.running.pause(Service::TableStore).await;
    put(&rig, 0..100, 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    process.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(6),
        "{:?}",
        asked.elapsed()
    );
    rig.running.resume(Service::TableStore).await.unwrap();
    let process = Process::start(&rig, &[]);
    rig.until("nothing was lost", || has_rows(&rig.rows(), 100))
        .await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_at_once() {
    let mut rig = Rig::new(1, &KEY).await;
    let process = Process::start(&rig, &[("shutdown_grace", "1m")]);
    rig.until("it holds the shard", || held(&rig, "shipper-1") == 1)
        .await;
    rig.running.pause(Service::TableStore).await;
    put(&rig, 0..100, 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    process.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    process.signal("TERM");
    let (status, _) = process.end().await;
    assert_eq!(status.code(), Some(143));
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_the_same_name_takes_up_its_shards_at_once() {
    let rig = Rig::new(2, &KEY).await;
    let slow = [("group_timeout", "10m"), ("heartbeat_interval", "1m")];
    let process = Process::start(&rig, &slow);
    put(&rig, 0..100, 2);
    rig.until("rows are there", || has_rows(&rig.rows(), 100))
        .await;
    process.stop().await;
    let process = Process::start(&rig, &slow);
    put(&rig, 100..200, 2);
    let started = Instant::now();
    rig.until("rows are there", || has_rows(&rig.rows(), 200))
        .await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mistake_is_named_before_the_first_request() {
    let rig = Rig::new(1, &KEY).await;
    let process = Process::start(
        &rig,
        &[
            ("access_key_secret", "do-not-show-me"),
            ("exclusive_columns", "{}"),
            (
                "transform",
                r#"{"status":"(->int 10 status","size":"(->int 99 size)"}"#,
            ),
            ("status_interval", "soon"),
        ],
    );
    let (status, stderr) = process.end().await;
    assert_eq!(status.code(), Some(78), "{stderr}");
    for named in [
        "exclusive_columns",
        "status",
        "size",
        "99",
        "status_interval",
        "soon",
        "^",
    ] {
        assert!(stderr.contains(named), "{named} is not in:\n{stderr}");
    }
    assert!(!stderr.contains("do-not-show-me"));
    assert!(
        rig.sandbox.recent_calls().is_empty(),
        "nothing goes on the network"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_is_one_clear_line_and_exit_77() {
    let rig = Rig::new(1, &KEY).await;
    let process = Process::start(&rig, &[("access_key_secret", "not-the-right-one")]);
    let (status, stderr) = process.end().await;
    assert_eq!(status.code(), Some(77), "{stderr}");
    assert!(stderr.contains("access_key_secret"), "{stderr}");
    assert!(!stderr.contains("not-the-right-one"), "{stderr}");
}
