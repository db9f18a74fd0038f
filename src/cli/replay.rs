//! `replay-dead-letters`: dead letters, shipped again.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::connection::{self, Connection, Environment};
use super::exit::{Exit, Failure};
use super::output::{self, Output, counted};
use super::signals::Signals;
use crate::config::Config;
use crate::deadletters::{Destination, Origin, Sink, SinkError};
use crate::shipper::{Replay, ReplayError, ReplayReport, ReplaySettings, StartError};
use crate::telemetry;
use crate::transport::error_chain;

/// The container log of a replay: what happens to single logs is in the summary.
const QUIET: &str = "warn,loghub_shipper::shipper::lines=off,loghub_shipper::telemetry=off";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write and remove nothing: which letters would become rows?
    ///
    /// What Table Store itself would say of a row is not known before it is written.
    #[arg(long)]
    dry_run: bool,
    /// Letters tried at the most
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Write over values that were written after a log was parked
    ///
    /// Without this, such values stay: a row ends as if the log had gone through in its turn. (Each
    /// row is read before it is written, which this saves.) With it, the oldest letter goes first.
    #[arg(long)]
    overwrite: bool,
}

/// Ships letters again. Exit code 0 only if no letter that was tried is left.
pub(super) async fn replay(args: Args, environment: Environment) -> Result<Exit, Failure> {
    let config = Config::from_pairs(environment, &connection::system_hostname())
        .map_err(|faults| Failure::new(Exit::Config, faults.to_string()))?;
    let Some(destination) = config.shipper.dead_letters.clone() else {
        return Err(Failure::new(
            Exit::Config,
            "dead_letters is not set: set it as the shipper has it that parked them",
        ));
    };
    telemetry::init(&telemetry::Settings {
        filter: QUIET.to_owned(),
        ..config.telemetry.clone()
    })
    .map_err(|error| Failure::of(Exit::Internal, "no container log", &error))?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    let replay = tokio::select! {
        replay = prepare(&args, &config, destination.clone()) => replay?,
        signal = signals.next() => return Ok(signal.exit()),
    };

    let stop = CancellationToken::new();
    let mut work = std::pin::pin!(replay.run(&stop));
    let mut asked = None;
    let (report, outcome) = loop {
        tokio::select! {
            ended = &mut work => break ended,
            signal = signals.next() => match asked {
                None => {
                    output::note("finishing what is under way; a second signal ends it at once");
                    asked = Some(signal);
                    stop.cancel();
                }
                Some(_) => return Ok(signal.exit()),
            }
        }
    };
    print(&args, &destination, &report)?;
    outcome.map_err(|error| failure(error, &config, &destination))?;
    Ok(match asked.filter(|_| report.is_cut_short) {
        Some(signal) => signal.exit(),
        None if report.has_failures() => Exit::Data,
        None => Exit::Ok,
    })
}

async fn prepare(
    args: &Args,
    config: &Config,
    destination: Destination,
) -> Result<Replay, Failure> {
    let Connection {
        tablestore, clock, ..
    } = Connection::new(config, "replay-dead-letters")?;
    let client = Arc::new(tablestore);
    let sink = Sink::new(destination, &client);
    let origin = Origin::of(&config.loghub, &config.shipper.group);
    let settings = ReplaySettings {
        is_dry_run: args.dry_run,
        overwrites: args.overwrite,
        limit: args.limit,
    };
    let shipper = config.shipper.clone();
    let policy = connection::patience(config);
    let replay = Replay::prepare(shipper, settings, &sink, origin, client, clock, policy);
    Ok(replay.await?)
}

fn failure(error: ReplayError, config: &Config, destination: &Destination) -> Failure {
    let (error, table, setting) = match (error, destination) {
        (ReplayError::Target(error), _) => (
            error,
            &config.shipper.target_table,
            "tablestore.target_table",
        ),
        (ReplayError::Letters(SinkError::Table(error)), Destination::Table(table)) => {
            (error, table, "dead_letters.table")
        }
        (ReplayError::Letters(error), _) if error.is_permission() => {
            return Failure::new(Exit::Permission, error_chain(&error));
        }
        (ReplayError::Letters(error), _) => return Failure::new(Exit::Io, error_chain(&error)),
        (error, _) => return Failure::new(Exit::Unavailable, error_chain(&error)),
    };
    StartError::table_store(error, table, setting).into()
}

/// The summary: what went where, and what to look at.
fn print(args: &Args, destination: &Destination, report: &ReplayReport) -> Result<(), Failure> {
    let mut out = Output::new();
    let (shipped, failing) = if args.dry_run {
        ("would be shipped", "would fail")
    } else {
        ("shipped", "still failing")
    };
    out.line(format_args!("dead letters in {destination}"))?;
    out.line(format_args!(
        "  {shipped:<16}  {}",
        output::count(report.shipped)
    ))?;
    if report.kept_newer > 0 {
        out.line(format_args!(
            "                    of {} some columns stayed as they are, since they are newer",
            output::count(report.kept_newer)
        ))?;
    }
    out.line(format_args!(
        "  {failing:<16}  {}",
        output::count(report.failed())
    ))?;
    for (code, failing) in &report.failing {
        out.line(format_args!(
            "    {code}  {}, the last: {}",
            output::count(failing.letters),
            failing.message
        ))?;
    }
    if report.unchanged > 0 {
        out.line(format_args!(
            "    {} parked or last tried under this very configuration",
            counted(report.unchanged, "letter")
        ))?;
    }
    if report.unreadable > 0 {
        out.line(format_args!(
            "  {:<16}  {}",
            "unreadable",
            output::count(report.unreadable)
        ))?;
        for (place, fault) in &report.unreadable_places {
            out.line(format_args!("    {place}: {fault}"))?;
        }
    }
    let stays = if args.dry_run { report.shipped } else { 0 };
    let left = report.failed() + report.unreadable + stays;
    let more = match (report.is_cut_short, report.has_more) {
        (true, _) => ", and those that were not reached",
        (false, true) => ", and those behind the limit",
        (false, false) => "",
    };
    out.line(format_args!(
        "  {:<16}  {}{more}",
        "left",
        output::count(left)
    ))?;
    Ok(out.flush()?)
}
