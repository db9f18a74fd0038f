//! `run`: the daemon.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::connection::{self, Connection, Environment};
use super::exit::{Exit, Failure};
use super::output;
use super::signals::Signals;
use crate::config::Config;
use crate::shipper::{Shipper, StartError};
use crate::status::TotalCounts;
use crate::telemetry;
use crate::transport::error_chain;

/// Ships until a signal comes. Exit code 0 after a hand-over; a second signal ends it at once.
pub(super) async fn run(environment: Environment) -> Result<Exit, Failure> {
    let config = read(environment)?;
    telemetry::init(&config.telemetry)
        .map_err(|error| Failure::new(Exit::Internal, error_chain(&error)))?;
    let outcome = ship(&config).await;
    // From here on the container log is where people look, and where JSON is expected.
    outcome.map_err(|failure| {
        if !failure.message.is_empty() {
            error!("{}", failure.message);
        }
        Failure::silent(failure.exit)
    })
}

fn read(environment: Environment) -> Result<Config, Failure> {
    Config::from_pairs(environment, &connection::system_hostname())
        .map_err(|faults| Failure::new(Exit::Config, faults.to_string()))
}

async fn ship(config: &Config) -> Result<Exit, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    introduce(config);
    let begun = Instant::now();
    let connection = Connection::new(config, &who(config))?;
    let shipper = tokio::select! {
        started = start(config, connection) => started?,
        signal = signals.next() => {
            info!(signal = signal.name(), "stopped while starting: nothing was taken up");
            return Ok(Exit::Ok);
        }
    };
    let totals = shipper.totals();
    let shutdown = CancellationToken::new();
    let mut work = pin!(shipper.run(&shutdown));
    let mut ended = tokio::select! {
        ended = &mut work => Some(ended),
        signal = signals.next() => {
            info!(signal = signal.name(), "asked to stop; a second signal ends the process at once");
            shutdown.cancel();
            None
        }
    };
    if ended.is_none() {
        ended = tokio::select! {
            ended = &mut work => Some(ended),
            signal = signals.next() => {
                warn!(signal = signal.name(), "ended at once: what is not checkpointed will be shipped again");
                return Ok(signal.exit());
            }
        };
    }
    farewell(&totals.counts(), begun.elapsed());
    match ended {
        Some(Err(error)) => Err(Failure::new(Exit::Internal, error_chain(&error))),
        Some(Ok(())) | None => Ok(Exit::Ok),
    }
}

/// Checks everything that the shipper needs, and joins the consumer group.
pub(super) async fn start(config: &Config, connection: Connection) -> Result<Shipper, StartError> {
    let Connection {
        loghub,
        tablestore,
        clock,
    } = connection;
    let (shipper, status) = (config.shipper.clone(), config.status.clone());
    Shipper::start(
        shipper,
        status,
        loghub,
        tablestore,
        clock,
        config.startup_timeout,
    )
    .await
}

/// How we are told apart in the services' own logs.
pub(super) fn who(config: &Config) -> String {
    format!("{} {}", config.shipper.group, config.shipper.consumer)
}

fn introduce(config: &Config) {
    info!(version = env!("CARGO_PKG_VERSION"), "loghub-shipper");
    for (name, value) in config.summary() {
        info!("{name}: {value}");
    }
}

fn farewell(totals: &TotalCounts, elapsed: Duration) {
    info!(
        logs_read = totals.logs_read,
        logs_written = totals.logs_written,
        rows_written = totals.rows_written,
        skipped = totals.skipped,
        refused = totals.refused,
        dead_lettered = totals.dead_lettered,
        bytes_read = totals.bytes_read,
        elapsed = %output::seconds(elapsed),
        "stopped"
    );
}
