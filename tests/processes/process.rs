//! A shipper in a process of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, kill_process};

pub(crate) use rustix::process::Signal;

/// A running shipper, killed and waited for when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// Starts `loghub-shipper run` with this environment alone.
    pub(crate) fn start(
        program: &Path,
        environment: &BTreeMap<&str, String>,
        log: &Path,
    ) -> io::Result<Self> {
        let lines = File::create(log)?;
        let child = Command::new(program)
            .arg("run")
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(lines)
            .spawn()?;
        let pid = Pid::from_child(&child);
        Ok(Self { child, pid })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal. The process was not waited for, so its number is still its own.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("a child takes signals until it was waited for");
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails where the process has ended, and then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
