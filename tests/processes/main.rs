//! Real processes on a real sandbox: killed, stopped and restarted at random moments, and kept under
//! load.
//! `cargo run --release --example endure` does so for as long as one likes.

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
#[expect(dead_code, reason = "within seconds, nothing can be seen to grow")]
mod soak;
mod witness;
mod world;

use std::path::Path;
use std::time::Duration;

use campaign::Report;
use world::{Cycle, Plan};

const PROGRAM: &str = env!("CARGO_BIN_EXE_loghub-shipper");

async fn run(plans: impl IntoIterator<Item = Plan>) -> Report {
    let report = campaign::run(plans, 5, Path::new(PROGRAM), |_| ()).await;
    let report = report.expect("container logs can be kept");
    assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_fifty_kills_stops_and_restarts() {
    let report = run((0..5).map(|seed| Plan::any(seed, 10))).await;
    assert_eq!(report.cycle_count(), 50);
    assert!(
        Cycle::ALL
            .iter()
            .all(|cycle| report.cycles.contains_key(cycle)),
        "{}",
        report.table()
    );
    assert!(
        report.repeated() > 0,
        "nobody was hit at work:\n{}",
        report.table()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_under_load_write_nothing_twice() {
    let report = run([Plan::rolling(0, 4)]).await;
    assert!(report.logs > 1_000, "{}", report.table());
    assert_eq!(report.repeated(), 0, "{}", report.table());
}

/// The long one is `cargo run --release --example endure -- soak`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_of_many_logs_while_services_fail() {
    let directory = tempfile::tempdir().unwrap();
    let length = Duration::from_secs(10);
    let outcome = soak::play(length, 0, Path::new(PROGRAM), directory.path(), |_| ());
    let outcome = outcome.await.unwrap();
    let (violations, table) = (&outcome.violations, outcome.table());
    assert!(violations.is_empty(), "{violations:?}\n{table}");
    assert!(outcome.logs > 10_000, "{table}");
}
