//! `demo`: everything at once. A sandbox behind real HTTP, logs put into it, the very shipper that
//! `run` runs, and at the end a look into the table and a ledger that must balance.

mod expect;
mod generate;
mod ledger;
mod pace;
mod progress;
mod report;
mod work;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::connection::{Connection, Environment};
use super::exit::{Exit, Failure};
use super::feed::{self, BadLines, Feed};
use super::lines::Input;
use super::output::{self, Output};
use super::run;
use super::sandbox::{Scene, Served, export};
use super::signals::Signals;
use super::table_spec::{self, KeySpec, TableSpec};
use crate::config::Config;
use crate::loghub::{Logstore, Project};
use crate::tablestore::TableName;
use crate::telemetry;
use crate::transport::{AccessKey, Clock, Secret, error_chain};

use self::expect::{Expected, KeyNumber};
use self::generate::AccessLogs;
use self::pace::Pace;
use self::progress::Progress;
use self::report::Report;

/// The container log in a demo: only what was not to be expected. Skipped logs are: the report
/// shows one.
const QUIET: &str = "warn,loghub_shipper::shipper::lines=error,loghub_shipper::telemetry=error";
const VERBOSE: &str = "info";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ship your own logs: a file of JSON lines, plain or gzipped; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["logs", "seed"])]
    input: Option<PathBuf>,
    /// Pass over input lines that are not JSON objects; otherwise the first one ends the demo
    #[arg(long, requires = "input")]
    skip_bad: bool,
    /// Access logs to generate
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    logs: u64,
    /// The same seed generates the same logs
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Shards of the logstore
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10))]
    shards: u32,
    /// Primary key of the table; a column without a type is a STRING
    #[arg(long, value_name = "COLUMN:TYPE,...", default_value = "ip,time", value_parser = primary_key)]
    primary_key: KeySpec,
    /// Computed columns, as the variable `transform` has them [default: {"status":"(->int 10 status)"}]
    #[arg(
        long,
        value_name = "JSON",
        default_value = r#"{"status":"(->int 10 status)"}"#,
        hide_default_value = true
    )]
    transform: String,
    /// Keep logs that cannot become rows in this file, as the variable `dead_letters` does
    #[arg(long, value_name = "FILE")]
    dead_letters: Option<PathBuf>,
    /// Put so many logs a second at the most; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    rate: u64,
    /// Put no further while so many logs are on their way to the table; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    ahead: u64,
    /// Keep the sandbox up afterwards and print how to connect
    #[arg(long)]
    keep: bool,
    /// Show the container log of the shipper, as `run` writes it
    #[arg(short, long)]
    verbose: bool,
}

fn primary_key(text: &str) -> Result<KeySpec, String> {
    let key = table_spec::parse_key(text)?;
    if key.0.iter().any(|column| column.auto_increment) {
        return Err(
            "with an AUTO_INCREMENT column every log is a row of its own, and no input says which"
                .to_owned(),
        );
    }
    Ok(key)
}

/// What is known of the input's keys, filled in as logs are read and as they are stored.
type Expectation = Arc<Mutex<Expected>>;

/// Runs the demo. Exit code 0 only if the ledger balances.
pub(super) async fn demo(args: Args) -> Result<Exit, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    let served = scene(&args).serve(key()).await?;
    let config = config(&args, &served)?;
    telemetry::init(&config.telemetry)
        .map_err(|error| Failure::new(Exit::Internal, error_chain(&error)))?;
    let outcome = tokio::select! {
        outcome = Box::pin(play(&args, &served, &config)) => outcome?,
        signal = signals.next() => return Ok(signal.exit()),
    };
    if args.keep {
        invite(&args, &served, &config)?;
        signals.next().await;
    }
    served.running.shutdown().await;
    Ok(outcome)
}

/// Ships, looks at what is there, and reports.
async fn play(args: &Args, served: &Served, config: &Config) -> Result<Exit, Failure> {
    let expected = Expected::new(
        args.primary_key.0.clone(),
        config.shipper.rules.transforms.clone(),
    );
    let expected = Arc::new(Mutex::new(expected));
    let feed = feed(args, &expected)?;
    let connection = Connection::new(config, &run::who(config))?;
    let readers = Connection::new(config, "demo")?;
    let shipper = run::start(config, connection).await?;
    let (title, total) = title(args);
    let mut out = Output::new();
    report::introduce(&mut out, &title, served, args)?;
    out.flush()?;

    let progress = Progress::new(total, args.verbose);
    let pace = Pace {
        logs_per_second: args.rate,
        ahead: args.ahead,
    };
    let work = work::Work {
        shipper,
        client: Arc::new(readers.loghub),
        feed,
        expected: Arc::clone(&expected),
        pace,
        progress,
        clock: readers.clock,
        policy: super::connection::patience(config),
    };
    let done = work.run().await?;
    let mut report =
        Report::gather(&done, &Arc::new(readers.tablestore), config, &expected).await?;
    report.print(&mut out, config)?;
    out.flush()?;
    Ok(if report.is_balanced() {
        Exit::Ok
    } else {
        Exit::Internal
    })
}

/// Logs of the input, each with the number of its key.
fn feed(args: &Args, expected: &Expectation) -> Result<Feed<Option<KeyNumber>>, Failure> {
    let expected = Arc::clone(expected);
    let count = move |entry: &_| work::lock(&expected).count(entry);
    let Some(path) = &args.input else {
        let logs = usize::try_from(args.logs).unwrap_or(usize::MAX);
        let entries = AccessLogs::new(args.seed).take(logs).map(move |entry| {
            let key = count(&entry);
            (entry, key)
        });
        return feed::made(entries);
    };
    let input = Input::from(Path::new(path));
    let bad_lines = if args.skip_bad {
        BadLines::Skip
    } else {
        BadLines::Stop
    };
    feed::lines(&input, bad_lines, Clock::system(), move |entry, _number| {
        count(entry)
    })
}

/// What is shipped, and how many logs that is, where it is known.
fn title(args: &Args) -> (String, Option<u64>) {
    if let Some(path) = &args.input {
        return (format!("logs from {}", Input::from(Path::new(path))), None);
    }
    let logs = output::counted(args.logs, "generated access log");
    (format!("{logs} (seed {})", args.seed), Some(args.logs))
}

fn key() -> AccessKey {
    AccessKey {
        id: "demo-id".to_owned(),
        secret: Secret::new("demo-secret"),
        token: None,
    }
}

fn scene(args: &Args) -> Scene {
    let name = |name| TableName::new(name).expect("a good name");
    Scene {
        project: Project::new("demo").expect("a good name"),
        logstore: Logstore::new("access").expect("a good name"),
        shards: args.shards,
        tables: vec![TableSpec {
            name: name("access_log"),
            primary_key: args.primary_key.0.clone(),
        }],
        status_table: name("shipper_status"),
    }
}

/// Settings besides those of the services. With the same consumer name a later `run` takes up
/// the shards at once.
fn own_settings(args: &Args) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("transform", args.transform.clone()),
        ("consumer_name", "demo".to_owned()),
    ];
    if let Some(path) = &args.dead_letters {
        let file = serde_json::json!({ "file": path.to_string_lossy() });
        settings.push(("dead_letters", file.to_string()));
    }
    settings
}

/// What `run` would read from its environment.
fn config(args: &Args, served: &Served) -> Result<Config, Failure> {
    let target = served
        .scene
        .tables
        .first()
        .map(|table| &table.name)
        .expect("the scene has a table");
    let level = if args.verbose { VERBOSE } else { QUIET };
    let own = own_settings(args)
        .into_iter()
        .chain([("log_level", level.to_owned())]);
    let pairs = served.environment(target).into_iter().chain(own);
    let pairs: Environment = pairs
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Config::from_pairs(pairs, "demo")
        .map_err(|faults| Failure::new(Exit::Config, faults.to_string()))
}

/// How to connect to what stays up.
fn invite(args: &Args, served: &Served, config: &Config) -> Result<(), Failure> {
    let mut out = Output::new();
    out.line("\nThe sandbox stays up until Ctrl-C. In another shell:\n")?;
    for line in served.exports(&config.shipper.target_table) {
        out.line(format_args!("  {line}"))?;
    }
    for (name, value) in own_settings(args) {
        out.line(format_args!("  {}", export(name, &value)))?;
    }
    out.line(format_args!(
        "  loghub-shipper rows {}",
        config.shipper.target_table
    ))?;
    out.line(format_args!(
        "  loghub-shipper rows {}",
        config.status.table
    ))?;
    out.line("  loghub-shipper put FILE      # JSON lines")?;
    out.line("  loghub-shipper run           # ships what you put")?;
    Ok(out.flush()?)
}
