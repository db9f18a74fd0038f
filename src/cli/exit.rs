//! How a command ends: an exit code, and what to say.

use std::fmt;
use std::process::ExitCode;

use crate::shipper::{Obstacle, StartError};
use crate::transport::error_chain;

/// Exit codes, after `sysexits.h`; a signal's is 128 and its number, as shells have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok,
    /// The command line is wrong.
    Usage,
    /// The input is wrong.
    Data,
    /// A service does not answer, or is in trouble.
    Unavailable,
    /// The program is at fault, or a demo that does not balance.
    Internal,
    /// A file or pipe cannot be read or written.
    Io,
    /// Credentials or permissions.
    Permission,
    /// The configuration is wrong, or names what is not there.
    Config,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
}

impl Exit {
    /// The code for the operating system.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Usage => 64,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::Internal => 70,
            Self::Io => 74,
            Self::Permission => 77,
            Self::Config => 78,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that did not do what it was asked to.
#[derive(Debug)]
pub(super) struct Failure {
    /// How the process ends.
    pub(super) exit: Exit,
    /// What to mend, for the person at the terminal; empty where everything is said already.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// An end that needs no words.
    pub(super) fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// An error with its causes, about `what`.
    pub(super) fn of(exit: Exit, what: impl fmt::Display, error: &dyn std::error::Error) -> Self {
        Self::new(exit, format!("{what}: {}", error_chain(error)))
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match error.obstacle() {
            Obstacle::Unavailable => Exit::Unavailable,
            Obstacle::Permission => Exit::Permission,
            Obstacle::Resource => Exit::Config,
        };
        Self::new(exit, error_chain(&error))
    }
}

/// What the standard output refuses. A reader that has seen enough (`| head`) is no fault.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::silent(Exit::Ok)
        } else {
            Self::of(Exit::Io, "cannot write to standard output", &error)
        }
    }
}
