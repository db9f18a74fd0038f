//! `loghub-shipper sandbox` as a tool for one's own tests: the real program, told what to do by
//! flags, files and HTTP.

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

const SEED: &str = r#"{
  "access_keys": [{"id": "seeded-id", "secret": "seeded-secret"}],
  "projects": [{
    "name": "demo",
    "logstores": [{
      "name": "access",
      "shards": 1,
      "logs": [{"__time__": 1700000000, "id": "a", "n": 1}, {"__time__": 1700000001, "id": "b", "n": 2}]
    }]
  }],
  "tables": [
    {
      "name": "target",
      "primary_key": [{"name": "id", "type": "STRING"}],
      "rows": [{"key": {"id": "seeded"}, "columns": {"half": 0.5, "raw": {"binary": "AP8="}}}]
    },
    {
      "name": "status",
      "primary_key": [
        {"name": "project_logstore", "type": "STRING"},
        {"name": "shard", "type": "INTEGER"},
        {"name": "target_table", "type": "STRING"},
        {"name": "timestamp", "type": "INTEGER"}
      ]
    }
  ]
}"#;

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
async fn run(mut command: Command, input: &str) -> (Option<i32>, String, String) {
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
struct Tool {
    child: Child,
    ready: Value,
    http: HttpTransport,
    files: TempDir,
}

impl Tool {
    /// Starts it with these flags; what stands in `files` is written first, and `@NAME` in a flag
    /// is its path.
    async fn start(flags: &[&str], files: &[(&str, &str)]) -> Self {
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

    async fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}{path}", self.ready["admin"].as_str().unwrap());
        let request = http::Request::builder().method(method).uri(url);
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = self.http.exchange(request, PATIENCE).await.unwrap();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        (response.status().as_u16(), body)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, "").await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Asks until the answer fits.
    async fn until(&self, path: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
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
    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
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

    async fn stop(mut self) {
        let id = self.child.id().expect("it was not waited for yet");
        let kill = format!("kill -TERM {id}");
        let killed = Command::new("sh").args(["-c", &kill]).status().await;
        assert!(killed.unwrap().success());
        let ended = timeout(PATIENCE, self.child.wait()).await;
        assert_eq!(ended.expect("it ends").unwrap().code(), Some(0));
        self.files.close().unwrap();
    }
}

fn write(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// `sandbox` on free ports, with `@NAME` in a flag in the place of a file of `folder`.
fn sandbox(flags: &[&str], folder: &TempDir) -> Command {
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

/// How a sandbox ends that does not start: exit code, and what it says.
async fn refused(flags: &[&str], files: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = write(files);
    let (code, stdout, stderr) = run(sandbox(flags, &folder), "").await;
    assert_eq!(stdout, "");
    let folder = format!("{}/", folder.path().display());
    (code, stderr.replace(&folder, ""))
}

#[tokio::test]
async fn one_line_of_json_says_where_it_listens_and_that_it_does() {
    let tool = Tool::start(&["--empty", "--access-key-id", "mine"], &[]).await;
    assert_eq!(tool.ready["access_key_id"], "mine");
    assert_eq!(tool.ready["instance"], "sandbox");
    assert_eq!(tool.get("/logstores").await, json!({}));
    assert_eq!(tool.get("/tables").await, json!([]));
    assert!(tool.get("/").await.as_array().unwrap().len() > 10);
    tool.stop().await;
}

#[tokio::test]
async fn what_the_flags_name_is_there_without_a_seed() {
    let tool = Tool::start(&["--logstore", "app", "--table", "t(id)"], &[]).await;
    assert_eq!(tool.get("/logstores").await, json!({ "demo": ["app"] }));
    assert_eq!(tool.get("/tables").await, json!(["shipper_status", "t"]));
    tool.stop().await;
}

#[tokio::test]
async fn a_seed_is_shipped_and_a_test_in_any_language_can_follow_it() {
    let tool = Tool::start(&["--seed-file", "@seed.json"], &[("seed.json", SEED)]).await;
    let quick = [
        ("consumer_name", "me"),
        ("heartbeat_interval", "100ms"),
        ("checkpoint_interval", "100ms"),
    ];
    let mut shipper = tool.command(&["run"], &quick).spawn().unwrap();

    tool.until("/tables/target", "the logs are rows", |table| {
        table["row_count"] == 3
    })
    .await;
    let is_saved = |logstore: &Value| logstore["consumer_groups"][0]["shards"][0]["behind"] == 0;
    let logstore = tool
        .until(
            "/logstores/demo/access",
            "the checkpoint is saved",
            is_saved,
        )
        .await;
    let shard = &logstore["consumer_groups"][0]["shards"][0];
    assert_eq!(
        (&shard["state"], &shard["holder"]),
        (&json!("already_alloc"), &json!("me"))
    );
    assert_eq!(shard["checkpoint"], logstore["shards"][0]["end"]["cursor"]);

    tool.post("/logstores/demo/access/shards/0/split", "").await;
    let states = |logstore: &Value| {
        let shards = logstore["consumer_groups"][0]["shards"].as_array().unwrap();
        let states = shards
            .iter()
            .map(|shard| shard["state"].as_str().unwrap().to_owned());
        states.collect::<Vec<_>>()
    };
    let is_taken =
        |logstore: &Value| states(logstore) == ["over", "already_alloc", "already_alloc"];
    tool.until("/logstores/demo/access", "the children are taken", is_taken)
        .await;

    let (_, rows) = tool.call("GET", "/tables/target/rows", "").await;
    let lines: Vec<Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["key"], json!({ "id": "a" }));
    assert_eq!(lines[0]["columns"]["n"], "1");
    assert_eq!(
        lines[2],
        json!({ "key": { "id": "seeded" }, "columns": { "half": 0.5, "raw": { "binary": "AP8=" } } })
    );
    shipper.kill().await.unwrap();
    tool.stop().await;
}

#[tokio::test]
async fn faults_come_from_a_file_and_over_http_and_are_counted() {
    let script = "# the first put is refused, the second cut\nnext 1 PutLogs: busy\nnext 1 PutLogs: cut before\n";
    let files = [("seed.json", SEED), ("faults", script)];
    let tool = Tool::start(
        &["--seed-file", "@seed.json", "--fault-file", "@faults"],
        &files,
    )
    .await;
    let put = run(tool.command(&["put"], &[]), "{\"id\":\"c\"}\n").await;
    assert_eq!(put.0, Some(0), "{}", put.2);
    let faults = tool.get("/faults").await;
    let told: Vec<_> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["state"].as_str().unwrap(),
                fault["struck"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("over", 1), ("over", 1)]);
    assert_eq!(
        tool.get("/counts").await["PutLogs"],
        json!({ "": 2, "ServerBusy": 1 }),
        "one that was cut has no code"
    );

    let line = "after 100 BatchWriteRow: partition-key prefix \"a\" busy for 30 s";
    assert_eq!(tool.post("/faults", line).await, json!({ "added": 1 }));
    let (status, error) = tool.call("POST", "/faults", "PutLog: busy").await;
    assert_eq!(status, 400);
    assert!(error.contains("did you mean PutLogs?"), "{error}");
    assert_eq!(
        tool.call("DELETE", "/faults", "").await.1,
        "{\"cleared\":1}\n"
    );
    tool.stop().await;
}

#[tokio::test]
async fn a_seed_can_be_planted_again_after_a_reset() {
    let tool = Tool::start(&["--empty"], &[]).await;
    assert_eq!(tool.post("/seed", SEED).await, json!({}));
    let (status, error) = tool.call("POST", "/seed", SEED).await;
    assert_eq!(status, 400);
    assert!(
        error.contains("there is an access key seeded-id already"),
        "{error}"
    );
    assert_eq!(tool.post("/reset", "").await, json!({}));
    assert_eq!(tool.get("/tables").await, json!([]));
    assert_eq!(tool.post("/seed", SEED).await, json!({}));
    let rows = run(
        tool.command(&["rows", "target", "--format", "jsonl"], &[]),
        "",
    )
    .await;
    assert_eq!(
        rows.1, "{\"id\":\"seeded\",\"half\":0.5,\"raw\":\"AP8=\"}\n",
        "{}",
        rows.2
    );
    tool.stop().await;
}

#[tokio::test]
async fn a_temporary_key_needs_its_token() {
    let flags = ["--key", "STS.id:sts-secret:to:ken"];
    let tool = Tool::start(&flags, &[]).await;
    let put = |token: &'static str| {
        let variables = [
            ("access_key_id", "STS.id"),
            ("access_key_secret", "sts-secret"),
            ("security_token", token),
        ];
        run(tool.command(&["put"], &variables), "{\"id\":\"c\"}\n")
    };
    let (code, _, stderr) = put("to:ken").await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(put("other").await.0, Some(77));
    tool.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_named_by_its_place() {
    let seed = r#"{"tables": [{"name": "t", "primary_key": [{"name": "k", "type": "STRING"}], "rows": [{"key": {}}]}]}"#;
    assert_eq!(
        refused(&["--seed-file", "@seed.json"], &[("seed.json", seed)]).await,
        (
            Some(65),
            "loghub-shipper: seed.json: tables[0].rows[0].key.k: missing, a STRING\n".to_owned()
        )
    );
    let script = "PutLogs: busy\nBatchWriteRow: partition key busy\n";
    assert_eq!(
        refused(&["--fault-file", "@faults"], &[("faults", script)]).await,
        (
            Some(65),
            "loghub-shipper: faults: line 2, column 16: expected what goes wrong: busy, refuse, delay, cut, corrupt, \
             rows or partition-key, found `partition`\n"
                .to_owned()
        )
    );
    let (code, stderr) = refused(&["--seed-file", "@nowhere"], &[]).await;
    assert_eq!(code, Some(74));
    assert!(
        stderr.starts_with("loghub-shipper: cannot read nowhere: "),
        "{stderr}"
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_not_shown() {
    for key in [
        "do-not-show-me",
        "id:do-not-show-me:",
        "sandbox-id:do-not-show-me",
    ] {
        let (code, stderr) = refused(&["--key", key], &[]).await;
        assert_eq!(code, Some(64), "{stderr}");
        assert!(!stderr.contains("do-not-show-me"), "{stderr}");
    }
}

/// The manual.
const PAGE: &str = include_str!("../../docs/sandbox.md");

/// The blocks of the manual in a language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("\n```{language}\n");
    let after = PAGE.split(&opening).skip(1);
    after
        .map(|rest| rest.split_once("\n```").expect("the block ends").0)
        .collect()
}

/// The words of a line of the manual as a shell has them; `$ADMIN` is left out.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().expect("there is one").push(c),
        }
    }
    words
        .iter()
        .map(|word| word.replace("$ADMIN", ""))
        .collect()
}

/// What `curl ARGUMENT...` sends: method, path, body.
fn curl(arguments: &[String], seed: &str) -> (String, String, String) {
    let (mut method, mut body) = ("GET", String::new());
    let mut rest = arguments;
    loop {
        rest = match rest {
            [flag, value, rest @ ..] if flag == "-X" => {
                method = value;
                rest
            }
            [flag, value, rest @ ..] if flag == "--data-binary" => {
                method = "POST";
                body = value.replace("@seed.json", seed);
                rest
            }
            [path] => return (method.to_owned(), path.clone(), body),
            other => panic!("not an example of this page: {other:?}"),
        };
    }
}

#[tokio::test]
async fn the_examples_of_the_manual_do_what_it_says() {
    let tool = Tool::start(&[], &[]).await;
    let put = "{\"id\":\"a\"}\n{\"id\":\"b\",\"__topic__\":\"t\"}\n";
    let variables = [
        ("access_key_id", "sandbox-id"),
        ("access_key_secret", "sandbox-secret"),
    ];
    let (code, _, stderr) = run(tool.command(&["put"], &variables), put).await;
    assert_eq!(code, Some(0), "{stderr}");

    let ready: Value = serde_json::from_str(blocks("json")[0]).unwrap();
    let members = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&ready), members(&tool.ready));

    let lines = blocks("sh").into_iter().flat_map(str::lines);
    let lines: Vec<_> = lines.filter(|line| line.starts_with("curl ")).collect();
    let mut asked = Vec::new();
    for line in lines {
        let (method, path, body) = curl(&words(line)[1..], blocks("json")[1]);
        let (status, answer) = tool.call(&method, &path, &body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        asked.push((method, path));
    }
    assert!(asked.len() > 15, "{asked:?}");
    tool.stop().await;
}

#[tokio::test]
async fn the_manual_lists_every_question_and_its_fault_script_is_one() {
    let tool = Tool::start(&["--empty"], &[]).await;
    for question in tool.get("/").await.as_array().unwrap() {
        let text = |name: &str| question[name].as_str().unwrap().to_owned();
        let path = text("path")
            .replace("/__admin", "")
            .replace("shards/0", "shards/N");
        let listed = format!("`{} {path}`", text("method"));
        assert!(PAGE.contains(&listed), "{listed}");
    }
    let script = blocks("text")[0];
    let lines = script.lines().count();
    assert_eq!(
        tool.post("/faults", script).await,
        json!({ "added": lines })
    );
    tool.stop().await;
}
