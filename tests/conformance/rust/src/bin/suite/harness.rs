//! Runs checks one after the other and says of each whether it holds.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::process::{ExitCode, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::table_store;

/// Longest that one check may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One thing that the SDKs and the sandbox have to agree on. It fails by an error or a panic.
pub struct Check {
    name: &'static str,
    run: fn() -> BoxFuture<'static, Result<()>>,
}

impl Check {
    pub fn new(name: &'static str, run: fn() -> BoxFuture<'static, Result<()>>) -> Self {
        Self { name, run }
    }
}

/// The checks that functions of these names are.
macro_rules! checks {
    ($($name:ident),+ $(,)?) => {
        pub fn checks() -> Vec<crate::harness::Check> {
            vec![$(crate::harness::Check::new(stringify!($name), || Box::pin($name()))),+]
        }
    };
}
pub(crate) use checks;

/// Runs the checks and prints a line for each.
pub async fn run(suite: &str, checks: impl Iterator<Item = Check>) -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for check in checks {
        let outcome = outcome(check.run).await;
        // An instance has 64 tables at most.
        let cleaned = table_store::delete_tables().await.map_err(one_line);
        match outcome.and(cleaned) {
            Ok(()) => println!("{suite}/{}: ok", check.name),
            Err(why) => {
                println!("{suite}/{}: FAIL {why}", check.name);
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}

async fn outcome(check: fn() -> BoxFuture<'static, Result<()>>) -> Result<(), String> {
    let held = AssertUnwindSafe(check()).catch_unwind();
    match tokio::time::timeout(PATIENCE, held).await {
        Ok(Ok(result)) => result.map_err(one_line),
        Ok(Err(panic)) => Err(said_by(panic.as_ref())),
        Err(_elapsed) => Err(format!("no end after {} s", PATIENCE.as_secs())),
    }
}

/// Errors of both SDKs name their sources themselves.
fn one_line(error: anyhow::Error) -> String {
    words(&error.to_string())
}

fn said_by(panic: &dyn Any) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    words(text.unwrap_or("a panic without a message"))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that no other check uses.
pub fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}{}x{count}", id())
}
