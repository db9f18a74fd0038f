//! The real thing: the shipper's process against a sandbox in another process, over loopback HTTP.
//!
//! Each round has a fresh sandbox (in the process of the bench) and a fresh shipper, with one
//! shard. First everything is there already, and the shipper is as busy as it can be: that gives
//! bytes per CPU-second (user and system time of the shipper's process alone, start included), rows
//! per second and memory. Then the load comes at half of that rate: that gives latency, from
//! the moment a put is acknowledged to the version of its rows in the table.
//!
//! `cargo bench --bench end_to_end -- [--rounds N] [--groups N] [--shipper PATH]...`
//!
//! With several `--shipper`, rounds take turns, so that two builds can be compared on a machine
//! that is not quiet; without, the program of this build is measured.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod load;

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use loghub_shipper::sandbox::{self, Listen, Running, Sandbox, TableSpec};
use loghub_shipper::shipper::STATUS_KEY;
use loghub_shipper::tablestore::{PrimaryKeyColumn, TableName, Value};
use loghub_shipper::transport::{AccessKey, Clock, Secret};
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PROJECT: &str = "demo-project";
const LOGSTORE: &str = "access-log";
const TARGET: &str = "access_rows";
const STATUS: &str = "status_rows";

/// How long a round may take: far more than it does.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long the load at half rate lasts.
const HALF_LOAD: Duration = Duration::from_secs(4);

/// What one round measured.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// From the start of the process to the first row in the table, in milliseconds.
    first_row: f64,
    megabytes_per_cpu_second: f64,
    rows_per_second: f64,
    /// Peak of the resident memory, in MiB.
    memory: f64,
    /// Latencies at half load, in milliseconds.
    p50: f64,
    p99: f64,
}

/// Name, unit, the floor if there is one, and where to find it.
type Measure = (&'static str, &'static str, &'static str, fn(&Round) -> f64);

/// What is measured.
const MEASURES: [Measure; 6] = [
    (
        "raw log per CPU-second of the shipper",
        "MB",
        ">= 60",
        |round| round.megabytes_per_cpu_second,
    ),
    ("rows per second", "rows", "", |round| round.rows_per_second),
    (
        "peak resident memory, one busy shard",
        "MiB",
        "< 64",
        |round| round.memory,
    ),
    ("first row after start", "ms", "< 1000", |round| {
        round.first_row
    }),
    ("put to row at half load, p50", "ms", "< 100", |round| {
        round.p50
    }),
    ("put to row at half load, p99", "ms", "< 800", |round| {
        round.p99
    }),
];

#[tokio::main]
async fn main() -> Result<()> {
    let (mut rounds, mut groups, mut shippers) = (5, 2_000, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--rounds" => rounds = value()?.parse()?,
            "--groups" => groups = value()?.parse()?,
            "--shipper" => shippers.push(PathBuf::from(value()?)),
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    if shippers.is_empty() {
        shippers.push(env!("CARGO_BIN_EXE_loghub-shipper").into());
    }
    let loads = load::groups(0..groups);
    let mut measured = vec![Vec::new(); shippers.len()];
    for number in 1..=rounds {
        for (shipper, measured) in shippers.iter().zip(&mut measured) {
            let round = round(shipper, &loads).await?;
            println!("round {number}, {}: {round:.1?}", shipper.display());
            measured.push(round);
        }
    }
    println!(
        "\nmedians of {rounds} rounds, logs of {} bytes, groups of {}",
        load::LOG_BYTES,
        load::GROUP_LOGS
    );
    for (name, unit, floor, value) in MEASURES {
        print!("{name:40} {unit:5} {floor:7}");
        for rounds in &measured {
            print!(" {:>10.1}", median(rounds.iter().map(value)));
        }
        for rounds in measured.iter().skip(1) {
            // Pair by pair, since the machine has good and bad moments.
            let pairs = rounds.iter().zip(&measured[0]);
            print!(
                "   x{:.3}",
                median(pairs.map(|(new, old)| value(new) / value(old)))
            );
        }
        println!();
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn round(shipper: &PathBuf, loads: &[Bytes]) -> Result<Round> {
    let bench = Bench::new().await?;
    for load in loads {
        bench.put(load)?;
    }
    let bytes: f64 = loads.iter().map(|load| float(load.len())).sum();
    let rows = u64::try_from(loads.len() * load::GROUP_LOGS)?;
    let begun = Instant::now();
    let process = Process::start(shipper, &bench.running)?;
    bench.until_rows(1).await?;
    let first = begun.elapsed();
    bench.until_rows(rows).await?;
    let busy = begun.elapsed().saturating_sub(first);
    let (cpu, memory) = (process.cpu()?, process.peak_memory()?);
    drop(process);
    bench.end().await;

    let bench = Bench::new().await?;
    let pause = busy.div_f64(float(loads.len())) * 2;
    let process = Process::start(shipper, &bench.running)?;
    let (p50, p99) = bench.latency(loads, pause).await?;
    drop(process);
    bench.end().await;
    Ok(Round {
        first_row: first.as_secs_f64() * 1e3,
        megabytes_per_cpu_second: bytes / 1e6 / cpu.as_secs_f64(),
        rows_per_second: float(usize::try_from(rows)?) / busy.as_secs_f64(),
        memory,
        p50,
        p99,
    })
}

/// A count as a number to divide.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

/// A sandbox behind HTTP, with one shard and two tables.
struct Bench {
    sandbox: Sandbox,
    running: Running,
    target: TableName,
    clock: Clock,
}

impl Bench {
    async fn new() -> Result<Self> {
        let key = AccessKey {
            id: "test-id".to_owned(),
            secret: Secret::new("test-secret"),
            token: None,
        };
        let clock = Clock::system();
        let sandbox = Sandbox::new(sandbox::Settings::new(key, clock.clone()));
        sandbox.loghub().create_project(PROJECT)?;
        sandbox.loghub().create_logstore(PROJECT, LOGSTORE, 1)?;
        let status = STATUS_KEY.map(|(name, kind)| PrimaryKeyColumn {
            name: name.to_owned(),
            kind,
            auto_increment: false,
        });
        let target = TableName::new(TARGET)?;
        for (name, columns) in [
            (target.clone(), load::schema().to_vec()),
            (TableName::new(STATUS)?, status.into()),
        ] {
            let created = sandbox
                .tablestore()
                .create_table(TableSpec::new(name, columns));
            created.map_err(|refused| refused.to_string())?;
        }
        let running = sandbox.serve(Listen::default()).await?;
        Ok(Self {
            sandbox,
            running,
            target,
            clock,
        })
    }

    /// Frees everything now, rather than in the time of the next measurement.
    async fn end(self) {
        self.running.shutdown().await;
    }

    fn put(&self, group: &Bytes) -> Result<()> {
        self.sandbox
            .loghub()
            .put_encoded(PROJECT, LOGSTORE, Some(0), group.clone())?;
        Ok(())
    }

    fn rows_written(&self) -> u64 {
        let counters = self.sandbox.tablestore().counters(&self.target);
        counters.map_or(0, |counters| counters.rows_written)
    }

    async fn until_rows(&self, rows: u64) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.rows_written() < rows {
            if Instant::now() > deadline {
                return Err(format!("only {} of {rows} rows came", self.rows_written()).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Puts a group every `pause`; half and 99th percentile of the latencies of the rows, in
    /// milliseconds. The first row of all is awaited before, since starting is measured elsewhere.
    async fn latency(&self, loads: &[Bytes], pause: Duration) -> Result<(f64, f64)> {
        let mut put = HashMap::new();
        let mut tick = tokio::time::interval(pause);
        let begun = Instant::now();
        let mut count = 0;
        for (number, load) in (0u32..).zip(loads) {
            if number == 1 {
                self.until_rows(1).await?;
                tick.reset();
            }
            if begun.elapsed() > HALF_LOAD {
                break;
            }
            tick.tick().await;
            self.put(load)?;
            put.insert(number, self.clock.unix_millis());
            count += u64::try_from(load::GROUP_LOGS)?;
        }
        self.until_rows(count).await?;
        let rows = self
            .sandbox
            .tablestore()
            .rows(&self.target)
            .ok_or("the table is gone")?;
        let mut latencies = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(Value::String(request_id)) =
                row.primary_key.last().map(|column| &column.value)
            else {
                return Err("a row has no request id".into());
            };
            let group = load::group_of(request_id).ok_or("a request id names no group")?;
            let cell = row.cells.first().ok_or("a row has no cells")?;
            if group > 0 {
                latencies.push(cell.timestamp_millis - put[&group]);
            }
        }
        latencies.sort_unstable();
        let percentile = |percent: usize| -> Result<f64> {
            let place = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
            let millis = latencies.get(place).ok_or("no rows came")?;
            Ok(f64::from(i32::try_from(*millis)?))
        };
        Ok((percentile(50)?, percentile(99)?))
    }
}

/// The shipper's process; killed on drop.
struct Process(Child);

impl Process {
    fn start(shipper: &PathBuf, services: &Running) -> Result<Self> {
        let loghub = json!({
            "endpoint": services.loghub_url(),
            "project": PROJECT,
            "logstore": LOGSTORE,
            "consumer_group": "shippers",
        });
        let tablestore = json!({
            "endpoint": services.tablestore_url(),
            "instance": "demo",
            "target_table": TARGET,
            "status_table": STATUS,
        });
        let transform: serde_json::Map<_, _> = load::TRANSFORMS
            .map(|(name, text)| (name.to_owned(), text.into()))
            .into_iter()
            .collect();
        let child = Command::new(shipper)
            .arg("run")
            .env_clear()
            .env("access_key_id", "test-id")
            .env("access_key_secret", "test-secret")
            .env("loghub", loghub.to_string())
            .env("tablestore", tablestore.to_string())
            .env("transform", serde_json::Value::from(transform).to_string())
            .env("log_level", "warn")
            .stdin(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    /// User and system time so far.
    fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The name, in parentheses, may hold spaces; user and system time are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').ok_or("the process has no name")?;
        let ticks: Vec<u32> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        // A tick is 10 ms wherever Linux runs.
        Ok(Duration::from_millis(10) * ticks.iter().sum())
    }

    /// The most memory that was ever resident, in MiB.
    fn peak_memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u32 = line
            .and_then(|line| line.split_whitespace().next())
            .ok_or("the system tells no peak of memory")?
            .parse()?;
        Ok(f64::from(kib) / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for outcome in [self.0.kill(), self.0.wait().map(drop)] {
            if let Err(error) = outcome {
                println!("the shipper cannot be ended: {error}");
            }
        }
    }
}
