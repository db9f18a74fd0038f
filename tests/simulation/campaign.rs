//! Many worlds: which, on how many threads, and what is told of one that fails.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

#[cfg(debug_assertions)]
use loghub_shipper::mistakes::{Mistake, plant};

use crate::judge::Violation;
use crate::plan::{Act, Plan, Row};
use crate::trace;
use crate::world::{Outcome, World};

/// Plays one world.
pub(crate) fn play(plan: &Plan) -> Outcome {
    World::new(plan).play()
}

/// A world that broke an invariant.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) row: Row,
    pub(crate) seed: u64,
    pub(crate) violations: Vec<Violation>,
}

impl Failure {
    /// How to see it again.
    pub(crate) fn command(&self) -> String {
        let Self { row, seed, .. } = self;
        format!("cargo run --release --example simulate -- --fault {row} --seeds {seed}")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            row,
            seed,
            violations,
        } = self;
        write!(f, "fault {row}, seed {seed}: {}", self.command())?;
        violations
            .iter()
            .try_for_each(|violation| write!(f, "\n    {violation}"))
    }
}

/// What came of the worlds of one fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    pub(crate) seeds: u64,
    pub(crate) failed: u64,
    pub(crate) logs: u64,
    pub(crate) repeated: u64,
    pub(crate) events: u64,
    pub(crate) millis: u64,
    pub(crate) fullest: usize,
}

/// What came of a campaign.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) scores: BTreeMap<Row, Score>,
    pub(crate) failures: Vec<Failure>,
}

impl Report {
    /// Takes an outcome; the failure, if it is one.
    fn add(&mut self, plan: &Plan, outcome: Outcome) -> Option<&Failure> {
        let score = self.scores.entry(plan.row).or_default();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        score.seeds += 1;
        score.logs += count(outcome.logs);
        score.repeated += count(outcome.repeated);
        score.events += outcome.trace.events;
        score.millis += outcome.millis;
        score.fullest = score.fullest.max(outcome.fullest);
        if outcome.violations.is_empty() {
            return None;
        }
        score.failed += 1;
        self.failures.push(Failure {
            row: plan.row,
            seed: plan.seed,
            violations: outcome.violations,
        });
        self.failures.last()
    }

    /// How many worlds there were.
    fn seeds(&self) -> u64 {
        self.scores.values().map(|score| score.seeds).sum()
    }
}

/// Plays the worlds of these seeds, on so many threads; `told` hears how many are done, and of each
/// that fails.
pub(crate) fn run(
    row: Option<Row>,
    seeds: Range<u64>,
    threads: usize,
    told: impl Fn(u64, Option<&Failure>) + Sync,
) -> Report {
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let plan = Plan::new(row.unwrap_or_else(|| Row::of_seed(seed)), seed);
                    let outcome = play(&plan);
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    let done = report.seeds() + 1;
                    told(done, report.add(&plan, outcome));
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report
        .failures
        .sort_by_key(|failure| (failure.row, failure.seed));
    report
}

/// The smallest plan that still breaks the same invariant: acts are left out one by one, logs put
/// by halves.
pub(crate) fn shrink(plan: &Plan, invariant: char) -> Plan {
    let fails = |plan: &Plan| {
        let outcome = play(plan);
        let mut found = outcome.violations.iter();
        found.any(|violation| violation.invariant == invariant)
    };
    let mut smallest = plan.clone();
    let mut chunk = smallest.acts.len() / 2;
    while chunk > 0 {
        let mut from = 0;
        while from < smallest.acts.len() {
            let mut smaller = smallest.clone();
            let end = (from + chunk).min(smaller.acts.len());
            // A fault that begins must end, and somebody must be there.
            let keeps = |act: &Act| matches!(act, Act::Relief(_) | Act::MakeTable | Act::Start(_));
            let mut place = 0;
            smaller.acts.retain(|(_, act)| {
                let is_in = (from..end).contains(&place);
                place += 1;
                !is_in || keeps(act)
            });
            if smaller.acts.len() < smallest.acts.len() && fails(&smaller) {
                smallest = smaller;
            } else {
                from = end;
            }
        }
        chunk /= 2;
    }
    smallest
}

/// The lines of a world, as it is played again.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    trace::keep_lines(true);
    let outcome = play(plan);
    trace::keep_lines(false);
    let mut lines = outcome.trace.lines().to_vec();
    lines.extend(
        outcome
            .violations
            .iter()
            .map(|violation| format!("!! {violation}")),
    );
    lines
}

/// Mistakes that the simulation has to find; the others are for models of single pieces.
#[cfg(debug_assertions)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake::CheckpointOfWhatWasRead,
    Mistake::LeaseIgnored,
    Mistake::LastBatchDropped,
    Mistake::NoLastCheckpoint,
    Mistake::OffTheListTooEarly,
    Mistake::LaterShardsIgnored,
    Mistake::SlotLeaks,
    Mistake::KeyFreedEarly,
    Mistake::KeysNotHeld,
    Mistake::EarlierColumnsForgotten,
    Mistake::EarlierValuesWin,
    Mistake::BusyRowIsDone,
    Mistake::BadRowIsTriedForEver,
    Mistake::FailedRequestIsDone,
    Mistake::ForbiddenIsDone,
    Mistake::SilenceIsDone,
    Mistake::TriesRunOut,
    Mistake::OneRowTriedAgain,
    Mistake::AnswersMixedUp,
    Mistake::HalfIsLost,
    Mistake::WaitingNotWoken,
    Mistake::WaitingCountsAsWritten,
    Mistake::CountedTwice,
    Mistake::StatusToldTwice,
    Mistake::StatusForgotten,
    Mistake::FaultSkipsAhead,
    Mistake::LostCursorSkipsAhead,
    Mistake::StartsAtTheEnd,
    Mistake::CheckpointNotRead,
    Mistake::IdleShardGivenUp,
    Mistake::WindowPassesUndecided,
    Mistake::ShareNotGrown,
    Mistake::ShareFreedEarly,
    Mistake::CheckpointPassesParked,
    Mistake::RefusedLetterIsDone,
];

/// How many seeds, from 0 on, it takes to find a mistake: the first violation, and in which world.
/// A world in which the work panics is found as well.
#[cfg(debug_assertions)]
pub(crate) fn hunt(mistake: Mistake, limit: u64) -> Option<(u64, Row, String)> {
    (0..limit).find_map(|seed| {
        let plan = Plan::new(Row::of_seed(seed), seed);
        if plan.row == Row::LongOutage {
            return None;
        }
        plant(Some(mistake));
        let outcome = std::panic::catch_unwind(|| play(&plan));
        plant(None);
        let found = match outcome {
            Ok(outcome) => outcome.violations.first()?.to_string(),
            Err(_panic) => "panic".to_owned(),
        };
        Some((seed + 1, plan.row, found))
    })
}
