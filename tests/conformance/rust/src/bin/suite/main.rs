//! The checks of the Rust SDKs, in the order of checks.tsv.

mod admin;
mod documentation;
mod faults;
mod harness;
mod log_service;
mod table_store;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let checks = [
        log_service::projects::checks(),
        log_service::logs::checks(),
        log_service::consumer_groups::checks(),
        log_service::access::checks(),
        table_store::tables::checks(),
        table_store::rows::checks(),
        table_store::versions::checks(),
        table_store::conditions::checks(),
        table_store::ranges::checks(),
        table_store::batches::checks(),
        table_store::access::checks(),
        faults::checks(),
        documentation::checks(),
    ];
    harness::run("rust", checks.into_iter().flatten()).await
}
