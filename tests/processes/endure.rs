//! `cargo run --release --example endure -- kill --cycles 1000`: real processes on a real sandbox, for
//! as long as asked for.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

#[path = "../simulation/calls.rs"]
#[expect(dead_code, reason = "the simulation asks for more")]
mod calls;
mod campaign;
#[path = "../simulation/logs.rs"]
#[expect(dead_code, reason = "the simulation asks for more")]
mod logs;
#[path = "../simulation/oracle.rs"]
#[expect(dead_code, reason = "the simulation asks for more")]
mod oracle;
mod process;
mod site;
mod soak;
mod witness;
mod world;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use world::Plan;

/// Real shippers in processes of their own, and what they endure.
#[derive(Debug, Parser)]
struct Arguments {
    /// The shipper's program; else the one beside this program
    #[arg(long, global = true)]
    shipper: Option<PathBuf>,
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Debug, Subcommand)]
enum Trial {
    /// Processes are killed, stopped and restarted at random moments
    Kill(Worlds),
    /// Processes are restarted one after the other; nothing may be written twice
    Rolling(Worlds),
    /// One process ships as many logs as it can for long, while services fail now and then
    Soak(Length),
}

#[derive(Debug, Args)]
struct Length {
    /// How long
    #[arg(long, default_value_t = 30)]
    minutes: u32,
    /// What the faults follow from
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Args)]
struct Worlds {
    /// How often something happens, over all worlds
    #[arg(long, default_value_t = 50)]
    cycles: usize,
    /// The seed of the first world
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often something happens in one world
    #[arg(long, default_value_t = 10)]
    cycles_per_world: usize,
    /// Worlds at a time
    #[arg(long, default_value_t = 5)]
    at_a_time: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let program = match program(arguments.shipper) {
        Ok(program) => program,
        Err(message) => {
            println!("{message}");
            return ExitCode::FAILURE;
        }
    };
    // Processes are killed where their owner is dropped: also where this one is told to stop.
    tokio::select! {
        code = endure(arguments.trial, &program) => code,
        () = told_to_stop() => {
            println!("stopped");
            ExitCode::FAILURE
        }
    }
}

async fn endure(trial: Trial, program: &Path) -> ExitCode {
    match trial {
        Trial::Kill(worlds) => play(&worlds, Plan::any, program).await,
        Trial::Rolling(worlds) => play(&worlds, Plan::rolling, program).await,
        Trial::Soak(length) => match soak(&length, program).await {
            Ok(code) => code,
            Err(error) => {
                println!("the shipper cannot be watched: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn soak(length: &Length, program: &Path) -> io::Result<ExitCode> {
    let directory = tempfile::TempDir::with_prefix("soak-")?;
    let minutes = Duration::from_mins(1) * length.minutes;
    let line = |line: &str| println!("{line}");
    let mut outcome = soak::play(minutes, length.seed, program, directory.path(), line).await?;
    outcome.find_growth();
    println!("\n{}", outcome.table());
    if outcome.violations.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", outcome.violations.join("\n"));
    println!("container log: {}", directory.keep().display());
    Ok(ExitCode::FAILURE)
}

/// `cargo run --example` does not build it.
fn program(given: Option<PathBuf>) -> Result<PathBuf, String> {
    let beside = || {
        let own = std::env::current_exe().ok()?;
        Some(own.parent()?.parent()?.join("loghub-shipper"))
    };
    let program = given.or_else(beside).unwrap_or_default();
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "{} is not there: cargo build --release (without --release for a debug build), or --shipper PATH",
        program.display()
    ))
}

async fn told_to_stop() {
    let listen = |kind| signal(kind).expect("signals can be listened to");
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate()),
        listen(SignalKind::interrupt()),
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn play(worlds: &Worlds, plan: fn(u64, usize) -> Plan, program: &Path) -> ExitCode {
    let (total, each) = (worlds.cycles, worlds.cycles_per_world.max(1));
    let begins = (0..total).step_by(each);
    let plans = (worlds.seed..)
        .zip(begins)
        .map(|(seed, begin)| plan(seed, each.min(total - begin)));
    let start = Instant::now();
    let report = campaign::run(plans, worlds.at_a_time.max(1), program, |report| {
        println!(
            "{} of {total} cycles, {} logs, {} of them repeated, {} worlds with violations, {:.0?}",
            report.cycle_count(),
            report.logs,
            report.repeated(),
            report.failures.len(),
            start.elapsed()
        );
    });
    let report = match report.await {
        Ok(report) => report,
        Err(error) => {
            println!("container logs cannot be kept: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("\n{}", report.table());
    for failure in &report.failures {
        println!("{failure}");
    }
    if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
