//! `put`: JSON lines into a logstore.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{self, Connection, Environment, KeyArgs, LogServiceArgs};
use super::exit::{Exit, Failure};
use super::feed::{self, BadLines, Fed, Feed};
use super::lines::Input;
use super::output::{self, Output};
use super::packer::Parcel;
use super::signals::Signals;
use super::upload::{Refused, Routes, Uploader};
use crate::loghub::entry::Entry;
use crate::loghub::{Error, ErrorCode};
use crate::shipper::StartError;
use crate::telemetry;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File of JSON lines, plain or gzipped; - is standard input
    #[arg(default_value = "-", hide_default_value = true)]
    file: PathBuf,
    /// Route each log by the MD5 of this member: logs of one value go to one shard and keep their order
    ///
    /// Without it, the service spreads log groups over the shards. A log without the member goes where the
    /// empty value goes.
    #[arg(long, value_name = "NAME")]
    shard_key_field: Option<String>,
    /// Log groups in flight at once [default: one for each shard, so that a single shard keeps the
    /// order of the input; with --shard-key-field always one for each shard]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16), conflicts_with = "shard_key_field")]
    in_flight: Option<u8>,
    /// Name lines that are not JSON objects on standard error and go on; otherwise the first one ends it
    #[arg(long)]
    skip_bad: bool,
    /// Print nothing but faults
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    service: LogServiceArgs,
    #[command(flatten)]
    key: KeyArgs,
}

/// What was stored.
#[derive(Clone, Copy, Debug, Default)]
struct Stored {
    logs: u64,
    groups: u64,
    /// Encoded, before compression.
    bytes: u64,
}

/// Puts every line. What was stored is told even where it ends early.
pub(super) async fn put(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let config = args.service.config(&args.key, environment)?;
    telemetry::init(&telemetry::Settings {
        filter: "warn".to_owned(),
        ..config.telemetry.clone()
    })
    .map_err(|error| Failure::of(Exit::Internal, "no container log", &error))?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    let connection = Connection::new(&config, "put")?;
    let bad_lines = if args.skip_bad {
        BadLines::Skip
    } else {
        BadLines::Stop
    };
    let input = Input::from(Path::new(&args.file));
    let Feed { chunks, thread } =
        feed::lines(&input, bad_lines, connection.clock, |_, number| number)?;

    let client = Arc::new(connection.loghub);
    let policy = connection::patience(&config);
    let by_key = args.shard_key_field.is_some();
    let routes = tokio::select! {
        routes = Routes::plan(&client, &policy, by_key, args.in_flight.map(usize::from)) => {
            routes.map_err(StartError::log_service)?
        }
        signal = signals.next() => {
            return Err(Failure::new(signal.exit(), format!("{}: nothing was stored", signal.name())));
        }
    };
    let mut stored = Stored::default();
    let begun = Instant::now();
    let uploader = Uploader::new(client, routes, policy);
    let field = args.shard_key_field.as_deref();
    let upload = uploader.run(
        chunks,
        |entry, _| key_of(entry, field),
        |parcel| stored.add(&parcel),
    );
    let outcome = tokio::select! {
        outcome = upload => outcome.map_err(refused),
        signal = signals.next() => {
            let said = format!("{} while {input} was read: what was in flight may be stored or not", signal.name());
            Err(Failure::new(signal.exit(), said))
        }
    };
    // Where the upload ended early, the thread may be waiting for input for ever.
    let outcome = match outcome {
        Ok(()) => feed::join(thread),
        Err(failure) => Err(failure),
    };
    if !args.quiet {
        report(&stored, outcome.as_ref().ok(), begun.elapsed())?;
    }
    outcome.map(|_fed| Exit::Ok)
}

impl Stored {
    fn add<N>(&mut self, parcel: &Parcel<N>) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.groups += 1;
        self.logs += count(parcel.notes.len());
        self.bytes += count(parcel.bytes);
    }
}

/// The value that routes a log: of its last content of that name, as readers will see it.
fn key_of(entry: &Entry, field: Option<&str>) -> Vec<u8> {
    let Some(field) = field else {
        return Vec::new();
    };
    let contents = entry.log.contents.iter().rev();
    contents
        .filter(|content| content.key == field.as_bytes())
        .map(|content| content.value.to_vec())
        .next()
        .unwrap_or_default()
}

/// Names the lines that a refusal is about.
fn refused(refused: Refused<u64>) -> Failure {
    let Refused { error, notes } = refused;
    let lines = match (notes.first(), notes.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("lines {first} to {last} are not stored")
        }
        (Some(line), _) => format!("line {line} is not stored"),
        (None, _) => "nothing is stored".to_owned(),
    };
    let is_data = is_about_the_logs(&error);
    if is_data {
        return Failure::of(Exit::Data, lines, &error);
    }
    let Failure { exit, message } = StartError::log_service(error).into();
    Failure::new(exit, format!("{lines}: {message}"))
}

/// Whether the service refuses the logs themselves: too large, or with a shape that it does not
/// take.
fn is_about_the_logs(error: &Error) -> bool {
    use ErrorCode as C;
    matches!(
        error.code(),
        Some(
            C::InvalidEncoding
                | C::InvalidKey
                | C::InvalidTimestamp
                | C::PostBodyInvalid
                | C::PostBodyTooLarge
                | C::PostBodyUncompressError
        )
    )
}

fn report(stored: &Stored, fed: Option<&Fed>, elapsed: Duration) -> Result<(), Failure> {
    let Stored {
        logs,
        groups,
        bytes,
    } = *stored;
    let bad = fed.map_or(0, |fed| fed.bad);
    let skipped = if bad == 0 {
        String::new()
    } else {
        format!("; {} skipped", output::counted(bad, "bad line"))
    };
    let mut out = Output::new();
    out.line(format_args!(
        "{} stored in {}, in {}: {} logs/s, {}/s of {}{skipped}",
        output::counted(logs, "log"),
        output::seconds(elapsed),
        output::counted(groups, "log group"),
        output::count(output::per_second(logs, elapsed)),
        output::bytes(output::per_second(bytes, elapsed)),
        output::bytes(bytes),
    ))?;
    Ok(out.flush()?)
}
