//! How soon a test has its sandbox: from the start of the process `sandbox --json` to its ready
//! line, when both services listen.
//!
//! `cargo bench --bench start -- [--rounds N]`

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Logs, and rows, of the seed.
const SEEDED: usize = 1_000;

fn main() -> Result<()> {
    let mut rounds = 50;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().ok_or("--rounds needs a value")?.parse()?,
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let folder = tempfile::tempdir()?;
    let seed = folder.path().join("seed.json");
    std::fs::write(&seed, seed_text())?;
    println!("start of the process to the ready line, {rounds} rounds\n");
    println!("| sandbox | median | slowest | floor |\n| --- | --- | --- | --- |");
    for (name, seed) in [
        ("empty", None),
        ("seed of 1,000 logs and 1,000 rows", Some(&*seed)),
    ] {
        let mut taken = (0..rounds)
            .map(|_| start(seed))
            .collect::<Result<Vec<_>>>()?;
        taken.sort_unstable();
        let median = taken.get(taken.len() / 2).ok_or("no round")?;
        let slowest = taken.last().ok_or("no round")?;
        println!("| {name} | {median:.1?} | {slowest:.1?} | < 100 ms |");
    }
    Ok(())
}

/// Starts a sandbox, waits for its line, and stops it.
fn start(seed: Option<&Path>) -> Result<Duration> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loghub-shipper"));
    command.args([
        "sandbox",
        "--json",
        "--log-service-port",
        "0",
        "--table-store-port",
        "0",
    ]);
    match seed {
        Some(seed) => command.arg("--seed-file").arg(seed),
        None => command.arg("--empty"),
    };
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let taken = started.elapsed();
    child.kill()?;
    child.wait()?;
    if line.starts_with('{') {
        Ok(taken)
    } else {
        Err(format!("not ready: {line}").into())
    }
}

fn seed_text() -> String {
    let logs = (0..SEEDED).map(|n| json!({ "id": format!("log-{n}"), "status": 200 }));
    let rows =
        (0..SEEDED).map(|n| json!({ "key": { "id": n }, "columns": { "path": "/", "size": n } }));
    let logstore = json!({ "name": "access", "shards": 4, "logs": logs.collect::<Vec<_>>() });
    let seed = json!({
        "projects": [{ "name": "demo", "logstores": [logstore] }],
        "tables": [{
            "name": "rows",
            "primary_key": [{ "name": "id", "type": "INTEGER" }],
            "rows": rows.collect::<Vec<_>>(),
        }],
    });
    seed.to_string()
}
