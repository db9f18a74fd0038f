//! The `loghub-shipper` program.

use std::process::ExitCode;

use loghub_shipper::cli::{self, Cli};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let cli = match Cli::from_args() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return cli::no_runtime(&error).into(),
    };
    let exit = runtime.block_on(cli.run());
    // Every task was joined by its owner; what may be left is a thread that waits for input.
    runtime.shutdown_background();
    exit.into()
}
