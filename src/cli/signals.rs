//! SIGINT and SIGTERM, and one that must do no harm.
//!
//! A process with the id 1, as containers start theirs, gets only signals that it asked for: so
//! every command that may take long asks.
//!
//! A write beyond a limit on file sizes (`ulimit -f`) sends SIGXFSZ, which ends a process that did
//! not ask for it. The file of dead letters is to be like a full disk then: the write fails, the
//! letters wait, and rows go on.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Exit;

/// SIGXFSZ, by the number that Linux, macOS and the BSDs have for it.
const FILE_SIZE: i32 = 25;

/// These signals, from now on.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Never looked at: the write that it is about fails, and says so.
    _file_size: Signal,
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// SIGINT: somebody at a terminal.
    Interrupt,
    /// SIGTERM: whoever started us.
    Terminate,
}

impl Signals {
    /// Takes over the signals; they no longer end the process by themselves.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE))?,
        })
    }

    /// The next signal. Cancel safe.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

impl Asked {
    /// The signal's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// How a process ends that ends because of it.
    pub(super) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }
}
