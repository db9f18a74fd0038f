//! The program's commands: what they read, what they print, how they end.
//!
//! This is the only room that prints, and the one that reads the environment, once. Results go to
//! standard output; progress, faults and the container log to standard error. How a command ends is
//! an [`Exit`].

mod connection;
mod demo;
mod exit;
mod feed;
mod lines;
mod output;
mod packer;
mod put;
mod replay;
mod rows;
mod run;
mod sandbox;
mod signals;
mod table_spec;
mod text_table;
mod upload;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

pub use self::exit::Exit;
use self::exit::Failure;
use crate::config;

const ABOUT: &str =
    "Ships logs from Alibaba Cloud Log Service (SLS) into Table Store (OTS), losing nothing.

Without a command it runs the shipper, configured by environment variables. To see it work without
an account: loghub-shipper demo";

const EXIT_CODES: &str = "Exit codes: 0 all is well, 64 usage, 65 bad input, 69 a service does not answer, 70 internal, 74 input or output,
77 credentials or permissions, 78 configuration; 130 and 143 after a second SIGINT or SIGTERM.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "loghub-shipper", version, about = ABOUT, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ship logs until SIGTERM or SIGINT (this is what happens without a command)
    ///
    /// Configured by environment variables, in either case of their names. A first signal hands
    /// all shards over and ends with exit code 0; a second one ends at once.
    #[command(verbatim_doc_comment, after_long_help = settings())]
    Run,
    /// See it work: sandbox, generated access logs, shipper and table in one process
    ///
    /// Starts both services in memory behind real HTTP on free ports of 127.0.0.1, puts access logs
    /// into a logstore while the same shipper that `run` runs carries them into a table, and shows
    /// what became of them. No account and no set-up is needed. Exit code 0 means that every log is
    /// accounted for.
    #[command(verbatim_doc_comment)]
    Demo(demo::Args),
    /// Serve both services in memory, for trying things out
    ///
    /// Log Service and Table Store as the vendor's SDKs know them, signatures, limits and all. Nothing
    /// is kept on disk. Prints the environment for `run`, `put` and `rows`, then serves until SIGTERM
    /// or SIGINT.
    #[command(verbatim_doc_comment)]
    Sandbox(sandbox::Args),
    /// Put JSON lines into a logstore
    ///
    /// Each line is one JSON object and becomes one log. `__time__` is its time (Unix seconds; without
    /// it: now), `__time_ns_part__` the nanoseconds, `__topic__`, `__source__` and `__tag__:KEY` belong
    /// to its log group, every other member is a content: a string as it is, anything else as its JSON
    /// text. What Log Service does not answer is sent again, so a log may be stored twice.
    ///
    /// The logstore is found by the same environment variables that `run` uses, or by flags.
    #[command(verbatim_doc_comment)]
    Put(put::Args),
    /// Ship dead letters again, after their cause was mended
    ///
    /// Reads the letters of this logstore and consumer group from where the variable `dead_letters`
    /// says, the newest first, ships each by the present configuration, and removes those that went
    /// through. The others stay, with the reason of now. May be interrupted at any moment, and run
    /// while shippers run. Exit code 65 means that some letters are still failing.
    ///
    /// Configured by the same environment variables as `run`.
    #[command(verbatim_doc_comment)]
    ReplayDeadLetters(replay::Args),
    /// Print rows of a table, as aligned text or as JSON lines
    ///
    /// The instance is found by the same environment variables that `run` uses, or by flags.
    #[command(verbatim_doc_comment)]
    Rows(rows::Args),
}

impl Cli {
    /// Reads the command line of this process. What is no command line is explained, and the exit
    /// code returned.
    pub fn from_args() -> Result<Self, Exit> {
        Self::try_parse().map_err(|refused| explain(&refused))
    }

    /// Does what the command line asks for, and says how it went.
    pub async fn run(self) -> Exit {
        let environment = connection::environment();
        let outcome = match self.command.unwrap_or(Command::Run) {
            Command::Run => run::run(environment).await,
            Command::Demo(args) => Box::pin(demo::demo(args)).await,
            Command::Sandbox(args) => sandbox::sandbox(args).await,
            Command::Put(args) => put::put(args, &environment).await,
            Command::ReplayDeadLetters(args) => Box::pin(replay::replay(args, environment)).await,
            Command::Rows(args) => rows::rows(args, &environment).await,
        };
        outcome.unwrap_or_else(|failure| tell(&failure))
    }
}

/// The operating system gives no runtime: no threads, no descriptors.
pub fn no_runtime(error: &std::io::Error) -> Exit {
    tell(&Failure::of(Exit::Internal, "cannot start", error))
}

fn tell(failure: &Failure) -> Exit {
    if !failure.message.is_empty() {
        output::note(&format!("loghub-shipper: {}", failure.message));
    }
    failure.exit
}

/// Help and version are asked for; anything else is a fault of usage.
fn explain(refused: &clap::Error) -> Exit {
    let is_asked_for = matches!(
        refused.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    match refused.print() {
        Ok(()) if is_asked_for => Exit::Ok,
        Ok(()) => Exit::Usage,
        Err(_unwritable) => Exit::Io,
    }
}

fn settings() -> String {
    format!("Environment variables:\n\n{}", config::plain())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_the_shipper_runs() {
        let cli = Cli::try_parse_from(["loghub-shipper"]).unwrap();
        assert!(cli.command.is_none());
    }
}
