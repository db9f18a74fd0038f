//! The sandbox in a process of its own, started and asked as a script would.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use loghub_shipper::transport::{HttpSettings, HttpTransport, Transport as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loghub-shipper"));
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs to the end: exit code, standard output, standard error.
pub(crate) async fn run(mut command: Command, input: &str) -> (Option<i32>, String, String) {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = timeout(PATIENCE, child.wait_with_output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("it ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A sandbox in a process of its own, as a script would have it.
pub(crate) struct Tool {
    child: Child,
    /// Its line of JSON.
    pub(crate) ready: Value,
    http: HttpTransport,
    files: TempDir,
}

impl Tool {
    /// Starts it with these flags; what stands in `files` is written first, and `@NAME` in a flag
    /// is its path.
    pub(crate) async fn start(flags: &[&str], files: &[(&str, &str)]) -> Self {
        let folder = write(files);
        let mut child = sandbox(flags, &folder).spawn().unwrap();
        let stdout = child.stdout.take().expect("it is a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .expect("it gets ready");
        let ready = serde_json::from_str(&line.unwrap().expect("it says where")).unwrap();
        let settings = HttpSettings {
            user_agent: "test".to_owned(),
            extra_roots: None,
        };
        Self {
            child,
            ready,
            http: HttpTransport::new(&settings).unwrap(),
            files: folder,
        }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}{path}", self.ready["admin"].as_str().unwrap());
        let request = http::Request::builder().method(method).uri(url);
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = self.http.exchange(request, PATIENCE).await.unwrap();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        (response.status().as_u16(), body)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, "").await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Asks until the answer fits.
    pub(crate) async fn until(
        &self,
        path: &str,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let asked = Instant::now();
        loop {
            let answer = self.get(path).await;
            if fits(&answer) {
                return answer;
            }
            assert!(asked.elapsed() < PATIENCE, "{what}: {answer:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Another command of the program, with the services of this one.
    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let loghub = json!({
            "endpoint": self.ready["log_service"], "project": "demo", "logstore": "access",
            "consumer_group": "shippers",
        });
        let tablestore = json!({
            "endpoint": self.ready["table_store"], "instance": self.ready["instance"],
            "target_table": "target", "status_table": "status",
        });
        let mut command = program(arguments);
        command
            .env("loghub", loghub.to_string())
            .env("tablestore", tablestore.to_string())
            .env("access_key_id", "seeded-id")
            .env("access_key_secret", "seeded-secret")
            .envs(variables.iter().copied());
        command
    }

    pub(crate) async fn stop(mut self) {
        let id = self.child.id().expect("it was not waited for yet");
        let kill = format!("kill -TERM {id}");
        let killed = Command::new("sh").args(["-c", &kill]).status().await;
        assert!(killed.unwrap().success());
        let ended = timeout(PATIENCE, self.child.wait()).await;
        assert_eq!(ended.expect("it ends").unwrap().code(), Some(0));
        self.files.close().unwrap();
    }
}

pub(crate) fn write(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// `sandbox` on free ports, with `@NAME` in a flag in the place of a file of `folder`.
pub(crate) fn sandbox(flags: &[&str], folder: &TempDir) -> Command {
    let mut command = program(&[
        "sandbox",
        "--log-service-port",
        "0",
        "--table-store-port",
        "0",
    ]);
    command.arg("--json");
    for flag in flags {
        match flag.strip_prefix('@') {
            Some(name) => command.arg(path(folder, name)),
            None => command.arg(flag),
        };
    }
    command
}

fn path(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}
