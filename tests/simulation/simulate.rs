//! `cargo run --release --example simulate -- --seeds A..B`: the whole system in simulation, as many
//! worlds as asked for.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

mod calls;
mod campaign;
mod host;
mod judge;
mod letters;
mod logs;
mod oracle;
mod plan;
mod trace;
mod wire;
mod world;

use std::io::Write as _;
use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;

use campaign::Failure;
use plan::{Plan, Row};

/// Plays worlds of shippers, both services and faults, each from its seed, and judges them.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Args {
    /// Seeds, as A..B, or one
    #[arg(long, default_value = "0..1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// One fault alone; else each seed has its own, by the shares of the fault matrix
    #[arg(long, value_parser = row)]
    fault: Option<Row>,
    /// Threads; a world is played by one
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Write all that happened, not only where something went wrong
    #[arg(long)]
    trace: bool,
    /// Play each world twice and compare
    #[arg(long)]
    twice: bool,
    /// Plant mistakes, one after the other, and tell how many seeds it takes to find each; debug builds only
    #[arg(long)]
    mistakes: bool,
    /// Print the scores as a Markdown table
    #[arg(long)]
    table: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        let parsed = text.trim().parse::<u64>();
        parsed.map_err(|error| format!("{text:?}: {error}"))
    };
    let seeds = match text.split_once("..") {
        Some((from, to)) => number(from)?..number(to)?,
        None => number(text).map(|seed| seed..seed.saturating_add(1))?,
    };
    if seeds.is_empty() {
        return Err(format!(
            "there are no seeds in {text}: A..B is from A to before B"
        ));
    }
    Ok(seeds)
}

fn row(text: &str) -> Result<Row, String> {
    Row::named(text).ok_or_else(|| {
        let names: Vec<_> = Row::ALL.iter().map(ToString::to_string).collect();
        format!("not one of {}", names.join(", "))
    })
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.trace || args.twice {
        return again(&args);
    }
    if args.mistakes {
        #[cfg(debug_assertions)]
        return hunt(args.seeds.end);
        #[cfg(not(debug_assertions))]
        {
            println!("mistakes can be planted in debug builds only: leave out --release");
            return ExitCode::FAILURE;
        }
    }
    let total = args.seeds.end.saturating_sub(args.seeds.start);
    let start = std::time::Instant::now();
    let report = campaign::run(
        args.fault,
        args.seeds.clone(),
        args.threads,
        |done, failure| {
            if let Some(failure) = failure {
                println!("{failure}");
            }
            if done.is_multiple_of(1000) {
                println!("{done} of {total} worlds, {:.0?}", start.elapsed());
                std::io::stdout().flush().unwrap_or_default();
            }
        },
    );
    if args.table {
        println!(
            "| fault | seeds | logs | calls | virtual time | repeated logs | fullest | violations |"
        );
        println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    }
    let mut sum = campaign::Score::default();
    for (row, score) in &report.scores {
        show(&row.to_string(), score, args.table);
        sum.seeds += score.seeds;
        sum.failed += score.failed;
        sum.logs += score.logs;
        sum.repeated += score.repeated;
        sum.events += score.events;
        sum.millis += score.millis;
        sum.fullest = sum.fullest.max(score.fullest);
    }
    show("all", &sum, args.table);
    println!("{:.1?} of real time", start.elapsed());
    match report.failures.first() {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            explain(failure);
            ExitCode::FAILURE
        }
    }
}

fn show(name: &str, score: &campaign::Score, as_table: bool) {
    let campaign::Score {
        seeds,
        failed,
        logs,
        repeated,
        events,
        millis,
        fullest,
    } = score;
    let hours = std::time::Duration::from_secs(millis / 1000);
    let hours = humantime::format_duration(hours);
    if as_table {
        println!(
            "| {name} | {seeds} | {logs} | {events} | {hours} | {repeated} | {fullest} % | {failed} |"
        );
    } else {
        println!(
            "{name:>14}: {seeds} seeds, {logs} logs, {events} calls, {hours}, {repeated} repeated, memory to {fullest} %, {failed} violated"
        );
    }
}

/// The shortest world that breaks the same invariant, step by step.
fn explain(failure: &Failure) {
    let Some(violation) = failure.violations.first() else {
        return;
    };
    let plan = Plan::new(failure.row, failure.seed);
    let shortest = campaign::shrink(&plan, violation.invariant);
    println!(
        "\nthe shortest world found that breaks {} ({} acts of {}):",
        violation.invariant,
        shortest.acts.len(),
        plan.acts.len()
    );
    for line in campaign::lines(&shortest) {
        println!("{line}");
    }
    println!("again: {}", failure.command());
}

/// Worlds one after the other: with their lines, or twice.
fn again(args: &Args) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for seed in args.seeds.clone() {
        let plan = Plan::new(args.fault.unwrap_or_else(|| Row::of_seed(seed)), seed);
        let outcome = campaign::play(&plan);
        let second = campaign::play(&plan);
        if args.trace {
            for line in campaign::lines(&plan) {
                println!("{line}");
            }
        }
        println!(
            "fault {}, seed {seed}: trace {:016x}",
            plan.row, outcome.trace.hash
        );
        if outcome.trace.hash != second.trace.hash {
            println!("played again: trace {:016x}", second.trace.hash);
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// The table of planted mistakes.
#[cfg(debug_assertions)]
fn hunt(limit: u64) -> ExitCode {
    std::panic::set_hook(Box::new(|_| ()));
    let mut code = ExitCode::SUCCESS;
    println!("| mistake | seeds | fault | what was found |");
    println!("| --- | ---: | --- | --- |");
    for mistake in campaign::MISTAKES {
        if let Some((seeds, row, found)) = campaign::hunt(*mistake, limit) {
            println!("| {mistake:?} | {seeds} | {row} | {found} |");
        } else {
            println!("| {mistake:?} | not within {limit} | | |");
            code = ExitCode::FAILURE;
        }
    }
    code
}
