//! Endurance: one shipper in a process of its own, as many logs as it takes, and faults every few
//! seconds. What it holds of memory, files and threads must stay as it is, and nothing may be lost.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastrand::Rng;
use loghub_shipper::loghub::proto::{Content, Log, LogGroup};
use loghub_shipper::sandbox::Service;
use loghub_shipper::tablestore::Value;
use prost::Message as _;

use crate::process::{Process, Signal};
use crate::site::{LOGSTORE, PROJECT, Site};
use crate::world::FAULTS;

/// The consumer group's timeout: longer than anybody is stopped here.
const LEASE: Duration = Duration::from_secs(20);

const SHARDS: u32 = 8;

/// Keys, and the columns of a key's row: a log has one of them, which nobody overwrites for so many
/// logs of its key.
const KEYS: usize = 4_000;
const SLOTS: usize = 16;

/// Logs in a group, about 480 bytes each.
const LOGS_PER_GROUP: usize = 400;
const FILLING: [(&str, usize); 7] = [
    ("url", 120),
    ("referrer", 80),
    ("agent", 110),
    ("host", 24),
    ("method", 4),
    ("status", 3),
    ("bytes", 6),
];

/// Log groups that are put ahead of the checkpoints, over all shards: some 50 MB.
const AHEAD: u64 = 256;

/// Pause between two faults, in milliseconds.
const BETWEEN_FAULTS: std::ops::Range<u64> = 2_000..5_000;

/// How soon everything must be written after the end.
const PATIENCE: Duration = Duration::from_mins(2);

/// Samples in all, at the most.
const SAMPLES: u32 = 900;

/// How much more the last third of the run may hold than the first, after the warm-up: a part of it,
/// and a little for what comes in whole pieces.
const GROWTH: f64 = 0.1;

/// What is looked at, what a little of it is, and how many of it make one that is shown.
const MEASURES: [(&str, f64, f64); 3] = [
    ("resident memory, MiB", 4.0, 1_048_576.0),
    ("file descriptors", 4.0, 1.0),
    ("threads", 1.0, 1.0),
];

/// What a process holds at one moment, in the order of [`MEASURES`].
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    held: [f64; 3],
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    lasted: Duration,
    pub(crate) logs: u64,
    bytes: u64,
    faults: u32,
    /// Logs that the status table tells of.
    told: u64,
    samples: Vec<Sample>,
    pub(crate) violations: Vec<String>,
}

/// Plays it; the container log goes to a file in `directory`. `told` hears a line now and then.
pub(crate) async fn play(
    length: Duration,
    seed: u64,
    program: &Path,
    directory: &Path,
    told: impl Fn(&str),
) -> io::Result<Outcome> {
    let site = Site::open(SHARDS).await;
    let mut environment = site.environment(0, "shipper", LEASE);
    environment.insert("heartbeat_interval", "1s".to_owned());
    environment.insert("checkpoint_interval", "500ms".to_owned());
    let log = directory.join("shipper.log");
    let process = Process::start(program, &environment, &log)?;
    let mut soak = Soak {
        site,
        process,
        rng: Rng::with_seed(seed),
        load: Load::new(),
        away: None,
        stopped: None,
        outcome: Outcome::default(),
    };
    soak.endure(length, told).await?;
    soak.end().await;
    Ok(soak.outcome)
}

struct Soak {
    site: Site,
    process: Process,
    rng: Rng,
    load: Load,
    /// A service that is away, until then.
    away: Option<(Service, Instant)>,
    /// The process is stopped, until then.
    stopped: Option<Instant>,
    outcome: Outcome,
}

impl Soak {
    async fn endure(&mut self, length: Duration, told: impl Fn(&str)) -> io::Result<()> {
        let start = Instant::now();
        let pause = (length / SAMPLES).max(Duration::from_millis(250));
        let (mut sample_due, mut fault_due) = (start, start + Duration::from_secs(1));
        let mut line_due = start + length / 30;
        while start.elapsed() < length {
            let now = Instant::now();
            self.put();
            self.relieve(now).await;
            if now >= sample_due {
                sample_due = now + pause;
                let held = hold(&self.process)?;
                let at = start.elapsed();
                self.outcome.samples.push(Sample { at, held });
            }
            if now >= fault_due {
                fault_due = now + Duration::from_millis(self.rng.u64(BETWEEN_FAULTS));
                self.fail(now).await;
            }
            if now >= line_due {
                line_due = now + length / 30;
                told(&self.line(start.elapsed()));
            }
            if self.process.ended().is_some() {
                self.outcome
                    .violations
                    .push("the shipper ended by itself".to_owned());
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.outcome.lasted = start.elapsed();
        Ok(())
    }

    /// Puts what fits ahead of the checkpoints, and lets the sandbox forget what is behind them.
    fn put(&mut self) {
        let Some(behind) = self.site.behind() else {
            return;
        };
        let loghub = self.site.sandbox.loghub();
        // A few at a time: others have their turn too.
        for _ in 0..AHEAD.saturating_sub(behind).min(8) {
            let (shard, bytes) = self.load.next(&mut self.rng);
            self.outcome.bytes += u64::try_from(bytes.len()).expect("groups are small");
            let put = loghub.put_encoded_by_hash(PROJECT, LOGSTORE, hash(shard), bytes);
            put.expect("some shard takes it");
        }
        self.outcome.logs = self.load.count;
        for (shard, checkpoint) in self.site.checkpoints() {
            if !checkpoint.is_empty() {
                let trimmed = loghub.trim_to(PROJECT, LOGSTORE, shard, &checkpoint);
                trimmed.expect("checkpoints are cursors");
            }
        }
    }

    /// Something fails, or everything stands still for a moment.
    async fn fail(&mut self, now: Instant) {
        self.outcome.faults += 1;
        match self.rng.u8(0..10) {
            0 if self.stopped.is_none() => {
                self.process.signal(Signal::STOP);
                self.stopped = Some(now + Duration::from_millis(self.rng.u64(50..1_500)));
            }
            1 if self.away.is_none() => {
                let services = [Service::LogService, Service::TableStore];
                let service = *self.rng.choice(&services).expect("there are two");
                self.site.running.pause(service).await;
                self.away = Some((
                    service,
                    now + Duration::from_millis(self.rng.u64(50..1_500)),
                ));
            }
            _ => {
                let fault = self.rng.choice(FAULTS).expect("there are some");
                let loaded = self.site.sandbox.faults().load(fault);
                loaded.expect("a good script");
            }
        }
    }

    /// Brings back what was away for long enough.
    async fn relieve(&mut self, now: Instant) {
        if self.stopped.is_some_and(|until| until <= now) {
            self.process.signal(Signal::CONT);
            self.stopped = None;
        }
        if let Some((service, until)) = self.away
            && until <= now
        {
            let resumed = self.site.running.resume(service).await;
            resumed.expect("its port is still free");
            self.away = None;
        }
    }

    fn line(&self, lasted: Duration) -> String {
        let held = self.outcome.samples.last().map(|sample| sample.held);
        let mut line = format!(
            "{:.1} min, {} logs, {:.0} MB/s, {} faults",
            lasted.as_secs_f64() / 60.0,
            self.outcome.logs,
            megabytes(self.outcome.bytes) / lasted.as_secs_f64(),
            self.outcome.faults,
        );
        for ((what, _, unit), held) in MEASURES.into_iter().zip(held.unwrap_or_default()) {
            write!(line, ", {what} {:.0}", held / unit).expect("a string takes everything");
        }
        line
    }

    /// Everything works again: everything is written, and the shipper goes when it is told to.
    async fn end(&mut self) {
        self.site.sandbox.faults().clear();
        let long_after = Instant::now() + Duration::from_mins(1);
        self.relieve(long_after).await;
        let deadline = Instant::now() + PATIENCE;
        while self.site.behind() != Some(0) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.process.signal(Signal::TERM);
        let ended = loop {
            match self.process.ended() {
                None if Instant::now() < deadline + LEASE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                ended => break ended,
            }
        };
        let violations = &mut self.outcome.violations;
        if ended.is_none_or(|status| status.code() != Some(0)) {
            violations.push(format!("told to stop, the shipper ended with {ended:?}"));
        }
        let behind = self.site.behind();
        if behind != Some(0) {
            violations.push(format!("checkpoints are behind by {behind:?} log groups"));
        }
        let wrong = self.load.count_wrong(&self.site);
        if wrong > 0 {
            violations.push(format!("{wrong} values of the table are wrong"));
        }
        self.outcome.told = self.site.told("row_count");
        if self.outcome.told < self.outcome.logs {
            violations.push(format!(
                "the status table tells of {} logs of {}",
                self.outcome.told, self.outcome.logs
            ));
        }
    }
}

/// What is put: logs with rising numbers, each in one column of its key's row.
struct Load {
    count: u64,
    /// The last number of each key and slot; 0 is none.
    last: Vec<[u64; SLOTS]>,
    /// Turns of each key.
    turns: Vec<usize>,
    filling: Bytes,
}

impl Load {
    fn new() -> Self {
        Self {
            count: 0,
            last: vec![[0; SLOTS]; KEYS],
            turns: vec![0; KEYS],
            filling: "abcdefghijklmnopqrstuvwxyz /?&=.;:0123456789-_()"
                .repeat(4)
                .into(),
        }
    }

    /// The next log group, and the shard of its keys.
    fn next(&mut self, rng: &mut Rng) -> (u32, Bytes) {
        let shard = rng.u32(0..SHARDS);
        let step = usize::try_from(SHARDS).expect("a few");
        let first = usize::try_from(shard).expect("a few");
        let logs = (0..LOGS_PER_GROUP).map(|_| {
            let key = first + step * rng.usize(0..KEYS / step);
            self.count += 1;
            let slot = self.turns[key] % SLOTS;
            self.turns[key] += 1;
            self.last[key][slot] = self.count;
            let numbers = [
                content("k", format!("{key:05}")),
                content("seq", self.count.to_string()),
                content(&format!("n{slot}"), self.count.to_string()),
            ];
            let filling = FILLING.map(|(name, length)| {
                let from = rng.usize(0..self.filling.len() - length);
                content(name, self.filling.slice(from..from + length))
            });
            Log {
                time: 1_700_000_000,
                contents: numbers.into_iter().chain(filling).collect(),
                time_ns: None,
            }
        });
        let group = LogGroup {
            logs: logs.collect(),
            ..LogGroup::default()
        };
        (shard, group.encode_to_vec().into())
    }

    /// Values that are not the last that were put.
    fn count_wrong(&self, site: &Site) -> usize {
        let mut wanted: std::collections::BTreeMap<(String, String), String> = self
            .last
            .iter()
            .enumerate()
            .flat_map(|(key, slots)| {
                let put = slots.iter().enumerate().filter(|(_, last)| **last > 0);
                put.map(move |(slot, last)| {
                    ((format!("{key:05}"), format!("n{slot}")), last.to_string())
                })
            })
            .collect();
        let mut wrong = 0;
        for row in site.rows() {
            let Some(Value::String(key)) = row.primary_key.first().map(|column| &column.value)
            else {
                wrong += 1;
                continue;
            };
            for cell in row.cells.iter().filter(|cell| cell.name.starts_with('n')) {
                let expected = wanted.remove(&(key.clone(), cell.name.clone()));
                let is_right = matches!((&cell.value, expected), (Value::String(found), Some(expected)) if *found == expected);
                wrong += usize::from(!is_right);
            }
        }
        wrong + wanted.len()
    }
}

fn content(key: &str, value: impl Into<Bytes>) -> Content {
    Content {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: value.into(),
    }
}

/// A hash key in the middle of a shard's range.
fn hash(shard: u32) -> u128 {
    u128::MAX / u128::from(SHARDS) * u128::from(shard) + u128::from(u64::MAX)
}

/// What a process holds, as the kernel tells.
fn hold(process: &Process) -> io::Result<[f64; 3]> {
    let directory = format!("/proc/{}", process.id());
    let status = std::fs::read_to_string(format!("{directory}/status"))?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or_default()
    };
    let files = std::fs::read_dir(format!("{directory}/fd"))?.count();
    let files = u32::try_from(files).unwrap_or(u32::MAX);
    let kibibytes: f64 = number("VmRSS:");
    Ok([kibibytes * 1024.0, files.into(), number("Threads:")])
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1_000_000).unwrap_or(u32::MAX))
}

impl Outcome {
    /// What was measured, without the warm-up: hours and amount.
    fn points(&self, which: usize, unit: f64) -> Vec<(f64, f64)> {
        let warm = self.lasted / 6;
        let samples = self.samples.iter().filter(|sample| sample.at >= warm);
        samples
            .map(|sample| (sample.at.as_secs_f64() / 3600.0, sample.held[which] / unit))
            .collect()
    }

    /// Adds what grew to the violations.
    pub(crate) fn find_growth(&mut self) {
        for (which, (what, little, unit)) in MEASURES.into_iter().enumerate() {
            let points = self.points(which, unit);
            let third = points.len() / 3;
            let (first, last) = (
                mean(&points[..third]),
                mean(&points[points.len() - third..]),
            );
            if last > first * (1.0 + GROWTH) + little {
                let violation = format!("{what} grew from {first:.1} to {last:.1}");
                self.violations.push(violation);
            }
        }
    }

    /// The report as Markdown tables.
    pub(crate) fn table(&self) -> String {
        let lines = [
            (
                "minutes",
                format!("{:.1}", self.lasted.as_secs_f64() / 60.0),
            ),
            ("logs", self.logs.to_string()),
            (
                "raw MB/s",
                format!("{:.1}", megabytes(self.bytes) / self.lasted.as_secs_f64()),
            ),
            ("faults", self.faults.to_string()),
            ("logs that the status table tells of", self.told.to_string()),
            ("violations", self.violations.len().to_string()),
        ];
        let lines = lines.map(|(what, count)| format!("| {what} | {count} |\n"));
        let mut text = format!("| | |\n| --- | ---: |\n{}\n", lines.concat());
        text.push_str("| | least | mean | most | slope per hour |\n");
        text.push_str("| --- | ---: | ---: | ---: | ---: |\n");
        for (which, (what, _, unit)) in MEASURES.into_iter().enumerate() {
            let points = self.points(which, unit);
            let held = points.iter().map(|(_, held)| *held);
            writeln!(
                text,
                "| {what} | {:.1} | {:.1} | {:.1} | {:+.2} |",
                held.clone().fold(f64::INFINITY, f64::min),
                mean(&points),
                held.fold(0.0, f64::max),
                slope(&points),
            )
            .expect("a string takes everything");
        }
        text
    }
}

fn mean(points: &[(f64, f64)]) -> f64 {
    let number = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    points.iter().map(|(_, held)| held).sum::<f64>() / number
}

/// The slope of the line that is nearest to all points, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let number = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    let middle_x = points.iter().map(|(x, _)| x).sum::<f64>() / number;
    let middle_y = mean(points);
    let together: f64 = points
        .iter()
        .map(|(x, y)| (x - middle_x) * (y - middle_y))
        .sum();
    let alone: f64 = points.iter().map(|(x, _)| (x - middle_x).powi(2)).sum();
    together / alone
}
