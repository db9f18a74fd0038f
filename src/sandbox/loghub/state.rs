//! Everything that is kept: projects with their logstores.

use std::collections::BTreeMap;
use std::time::Duration;

use super::incoming::Incoming;
use super::logstore::Logstore;
use super::refused::Refused;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) projects: BTreeMap<String, ProjectState>,
    /// Logstores created so far.
    pub(super) serial: u64,
}

#[derive(Debug)]
pub(super) struct ProjectState {
    pub(super) description: String,
    pub(super) created: Duration,
    pub(super) modified: Duration,
    pub(super) logstores: BTreeMap<String, Logstore>,
}

impl State {
    pub(super) fn project(&self, name: &str) -> Result<&ProjectState, Refused> {
        self.projects
            .get(name)
            .ok_or_else(|| Refused::project(name))
    }

    pub(super) fn project_mut(&mut self, name: &str) -> Result<&mut ProjectState, Refused> {
        self.projects
            .get_mut(name)
            .ok_or_else(|| Refused::project(name))
    }

    pub(super) fn logstore(&self, project: &str, name: &str) -> Result<&Logstore, Refused> {
        self.project(project)?
            .logstores
            .get(name)
            .ok_or_else(|| Refused::logstore(name))
    }

    pub(super) fn logstore_mut(
        &mut self,
        project: &str,
        name: &str,
    ) -> Result<&mut Logstore, Refused> {
        self.project_mut(project)?
            .logstores
            .get_mut(name)
            .ok_or_else(|| Refused::logstore(name))
    }
}

/// The project that a request is addressed to.
pub(super) fn addressed<'a>(incoming: &Incoming<'a>) -> Result<&'a str, Refused> {
    incoming
        .project()
        .ok_or_else(|| Refused::project(incoming.host().unwrap_or_default()))
}
