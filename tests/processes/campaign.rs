//! Many worlds, several at a time, and what is told of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::witness::{Cause, Counts};
use crate::world::{self, Cycle, Outcome, Plan};

/// Lines of each container log that are shown of a world that broke something.
const LAST_LINES: usize = 15;

/// What came of some worlds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) worlds: usize,
    pub(crate) cycles: BTreeMap<Cycle, usize>,
    pub(crate) logs: usize,
    pub(crate) skipped: usize,
    pub(crate) counts: Counts,
    /// What is to be told of worlds that broke something.
    pub(crate) failures: Vec<String>,
}

/// Plays worlds, so many at a time; `told` hears after each.
pub(crate) async fn run(
    plans: impl IntoIterator<Item = Plan>,
    at_a_time: usize,
    program: &Path,
    told: impl Fn(&Report),
) -> io::Result<Report> {
    let mut plans = plans.into_iter();
    let mut report = Report::default();
    let mut worlds = JoinSet::new();
    loop {
        while worlds.len() < at_a_time
            && let Some(plan) = plans.next()
        {
            let directory = TempDir::with_prefix(format!("world-{}-", plan.seed))?;
            let program = program.to_owned();
            worlds.spawn(async move {
                let outcome = world::play(&plan, &program, directory.path()).await;
                (outcome, directory)
            });
        }
        let Some(played) = worlds.join_next().await else {
            return Ok(report);
        };
        match played {
            Ok((outcome, directory)) => report.add(&outcome, directory),
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
        told(&report);
    }
}

impl Report {
    fn add(&mut self, outcome: &Outcome, directory: TempDir) {
        self.worlds += 1;
        for cycle in &outcome.plan.cycles {
            *self.cycles.entry(*cycle).or_default() += 1;
        }
        self.logs += outcome.logs;
        self.skipped += outcome.skipped;
        self.counts.add(&outcome.counts);
        if !outcome.violations.is_empty() {
            // Its container logs stay.
            self.failures.push(explain(outcome, &directory.keep()));
        }
    }

    /// How many cycles were played.
    pub(crate) fn cycle_count(&self) -> usize {
        self.cycles.values().sum()
    }

    /// How many logs were written again.
    pub(crate) fn repeated(&self) -> u64 {
        self.counts.repeated.values().sum()
    }

    /// The report as a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![("worlds".to_owned(), self.worlds.to_string())];
        for cycle in Cycle::ALL {
            let count = self.cycles.get(&cycle).copied().unwrap_or_default();
            lines.push((format!("cycles: {cycle}"), count.to_string()));
        }
        lines.push(("logs put".to_owned(), self.logs.to_string()));
        lines.push((
            "logs that cannot become rows".to_owned(),
            self.skipped.to_string(),
        ));
        lines.push(("rows written".to_owned(), self.counts.rows.to_string()));
        for cause in Cause::ALL {
            let count = self
                .counts
                .repeated
                .get(&cause)
                .copied()
                .unwrap_or_default();
            lines.push((format!("logs repeated {cause}"), count.to_string()));
        }
        let oldest = format!("{} ms", self.counts.oldest_repeat.as_millis());
        lines.push(("oldest repeated log, before its crash".to_owned(), oldest));
        lines.push((
            "rows on their way that arrived after the shard was lost".to_owned(),
            self.counts.late_rows.to_string(),
        ));
        lines.push((
            "worlds with violations".to_owned(),
            self.failures.len().to_string(),
        ));
        let mut table = "| | |\n| --- | ---: |\n".to_owned();
        for (what, count) in lines {
            writeln!(table, "| {what} | {count} |").expect("a string takes everything");
        }
        table
    }
}

/// What broke, how to see it again, and the last lines of every container log.
fn explain(outcome: &Outcome, directory: &Path) -> String {
    let Plan {
        seed,
        shippers,
        is_rough,
        cycles,
    } = &outcome.plan;
    let mut text = format!(
        "seed {seed} ({shippers} shippers, services {}):\n",
        if *is_rough { "fail too" } else { "work" }
    );
    for violation in &outcome.violations {
        writeln!(text, "    {violation}").expect("a string takes everything");
    }
    for log in &outcome.container_logs {
        let lines = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<_> = lines.lines().collect();
        let last = lines.len().saturating_sub(LAST_LINES);
        let name = log.file_name().unwrap_or_default().display();
        write!(text, "  {name}:\n    {}\n", lines[last..].join("\n    "))
            .expect("a string takes everything");
    }
    let kind = if cycles.iter().all(|cycle| *cycle == Cycle::Rolling) {
        "rolling"
    } else {
        "kill"
    };
    let count = cycles.len();
    write!(
        text,
        "whole container logs: {}\nsuch a world again: cargo run --release --example endure -- {kind} --seed {seed} --cycles {count} --cycles-per-world {count}\n",
        directory.display()
    ).expect("a string takes everything");
    text
}
