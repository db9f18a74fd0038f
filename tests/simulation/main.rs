//! The whole system in simulation: shippers, both services and their network in one thread, on
//! virtual time, with faults. One test a fault of the matrix; each seed is a world of its own.
//! `cargo run --release --example simulate` plays as many worlds as one likes.

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

use campaign::Failure;
use plan::{Plan, Row};

/// Worlds that once broke an invariant, by what was wrong.
const REGRESSIONS: [(Row, u64); 6] = [
    // A hand-over waited for rows of a busy partition for as long as it was busy.
    (Row::HotPartition, 10),
    (Row::HotPartition, 15),
    // Stopped and started again within the grace period.
    (Row::Terminate, 7),
    // Letters of large logs came on top of a budget that was used up.
    (Row::Mix, 294),
    (Row::Mix, 1092),
    // Letters of a slow table went one by one, and that one was refused was told when all were through.
    (Row::NoLetters, 121),
];

/// Plays the first worlds of a fault.
fn survives(row: Row, seeds: u64) {
    let report = campaign::run(Some(row), 0..seeds, 1, |_, _| ());
    if let Some(failure) = report.failures.first() {
        explain(failure);
    }
}

fn explain(failure: &Failure) -> ! {
    let violations: Vec<_> = failure.violations.iter().map(ToString::to_string).collect();
    let plan = Plan::new(failure.row, failure.seed);
    let shortest = campaign::shrink(&plan, failure.violations[0].invariant);
    let lines = campaign::lines(&shortest);
    panic!(
        "{}\n{}\nthe shortest way there:\n{}",
        failure.command(),
        violations.join("\n"),
        lines.join("\n")
    );
}

#[test]
fn the_same_seed_plays_the_same_world() {
    for row in Row::ALL.into_iter().filter(|row| *row != Row::LongOutage) {
        for seed in 0..2 {
            let plan = Plan::new(row, seed);
            let (first, second) = (campaign::play(&plan), campaign::play(&plan));
            assert_eq!(first.trace.hash, second.trace.hash, "{row} {seed}");
            assert!(first.trace.events > 50, "{row} {seed}");
        }
    }
}

#[test]
fn worlds_that_once_failed_do_not_any_more() {
    for (row, seed) in REGRESSIONS {
        let report = campaign::run(Some(row), seed..seed + 1, 1, |_, _| ());
        if let Some(failure) = report.failures.first() {
            explain(failure);
        }
    }
}

#[test]
fn nothing_is_lost_when_shippers_are_killed_at_any_moment() {
    survives(Row::Kill, 300);
}

#[test]
fn shippers_that_are_told_to_stop_hand_over_in_time_and_write_nothing_twice() {
    survives(Row::Terminate, 100);
}

#[test]
fn a_shipper_that_was_stopped_beyond_its_lease_writes_nothing_more() {
    survives(Row::Pause, 100);
}

#[test]
fn wrong_and_leaping_clocks_lose_nothing() {
    survives(Row::Skew, 50);
}

#[test]
fn a_storm_of_joining_and_leaving_shippers_writes_nothing_twice() {
    survives(Row::Storm, 100);
}

#[test]
fn order_is_kept_over_splits_and_merges() {
    survives(Row::Reshard, 100);
}

#[test]
fn lost_answers_to_heartbeats_and_checkpoints_lose_nothing() {
    survives(Row::LostAnswers, 100);
}

#[test]
fn nothing_is_lost_on_a_network_that_drops_delays_breaks_and_swallows() {
    survives(Row::Network, 200);
}

#[test]
fn writes_whose_answer_was_lost_are_written_again_in_order() {
    survives(Row::LostWrites, 100);
}

#[test]
fn quotas_server_errors_and_expired_cursors_of_the_source_are_survived() {
    survives(Row::Source, 100);
}

#[test]
fn damaged_answers_are_never_used() {
    survives(Row::Corrupt, 100);
}

#[test]
fn rows_that_are_refused_in_passing_are_written_in_order() {
    survives(Row::BusyRows, 150);
}

#[test]
fn a_busy_partition_holds_up_nobody_else() {
    survives(Row::HotPartition, 100);
}

#[test]
fn refused_requests_are_tried_until_they_are_taken() {
    survives(Row::Refusals, 150);
}

#[test]
fn rows_that_can_never_be_written_are_told_of_and_hold_up_nobody() {
    survives(Row::Poison, 150);
}

#[test]
fn a_dropped_table_and_revoked_permissions_are_waited_out() {
    survives(Row::Revoked, 50);
}

#[test]
fn expired_credentials_are_waited_out() {
    survives(Row::Expired, 50);
}

#[test]
fn a_status_table_that_is_away_holds_up_nothing() {
    survives(Row::NoStatus, 50);
}

#[test]
fn a_checkpoint_waits_for_dead_letters_whose_table_is_away() {
    survives(Row::NoLetters, 100);
}

#[test]
fn an_outage_of_the_table_over_a_thousand_shards_is_survived() {
    let report = campaign::run(Some(Row::LongOutage), 1..3, 1, |_, _| ());
    if let Some(failure) = report.failures.first() {
        explain(failure);
    }
}

#[test]
fn several_faults_at_once_are_survived() {
    survives(Row::Mix, 350);
}

/// Debug builds alone can make mistakes.
#[cfg(debug_assertions)]
#[test]
fn every_planted_mistake_is_found() {
    let mut missed = campaign::MISTAKES.to_vec();
    missed.retain(|mistake| campaign::hunt(*mistake, 2_000).is_none());
    assert!(
        missed.is_empty(),
        "not found within 2,000 seeds: {missed:?}"
    );
}
