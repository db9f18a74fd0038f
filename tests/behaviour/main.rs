//! What a user of loghub-shipper sees, promise by promise, against the sandbox over real HTTP.
//!
//! Each test has a sandbox of its own on free ports of 127.0.0.1. Time is real: waits are bounded
//! and end as soon as what is waited for is there.

#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a test that cannot go on says so by panicking, one that is skipped says so aloud"
)]

mod access_log;
mod bad_pulls;
mod bad_rows;
mod commands;
mod dead_letters;
mod delivery;
mod disks;
mod processes;
mod rig;
mod sandbox_manual;
mod sandbox_tool;
mod shards;
mod start;
mod tool;
mod trouble;
