//! Seeds: what a sandbox holds from the start, or is given later, as JSON.
//!
//! A seed is read ([`Seed::parse`]), then planted in a sandbox of its own, where the services judge
//! every part of it as they judge requests, and only then taken over: all of it or nothing. What is
//! wrong is named by its path: `projects[0].logstores[1].logs[3]: not a JSON object but a number`.
//! `docs/sandbox.md` is the reference of the format.

mod file;
mod loghub;
mod tablestore;

use std::fmt;

use self::file::File;
use super::Sandbox;
use crate::transport::AccessKey;

/// What a sandbox is to hold.
#[derive(Debug)]
pub struct Seed(File);

/// Why a seed is not planted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SeedFault {
    /// Where: `tables[0].rows[2]`; `.` is the whole.
    pub path: String,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl Seed {
    /// Reads a seed. Its names, sizes and values are judged when it is planted.
    pub fn parse(text: &str) -> Result<Self, SeedFault> {
        let mut json = serde_json::Deserializer::from_str(text);
        let file = serde_path_to_error::deserialize(&mut json)
            .map_err(|fault| SeedFault::at(fault.path(), fault.inner()))?;
        json.end().map_err(|fault| SeedFault::at(".", fault))?;
        Ok(Self(file))
    }
}

impl SeedFault {
    fn at(path: impl fmt::Display, message: impl fmt::Display) -> Self {
        let path = path.to_string();
        Self {
            // A member at the top may have the empty name.
            path: if path.is_empty() {
                ".".to_owned()
            } else {
                path
            },
            message: message.to_string(),
        }
    }
}

/// Plants a seed.
pub(super) fn plant(sandbox: &Sandbox, Seed(file): &Seed) -> Result<(), SeedFault> {
    let keys = keys(sandbox, &file.access_keys)?;
    let nursery = Sandbox::new(sandbox.inner.settings.clone());
    loghub::plant(&nursery, &file.projects)?;
    tablestore::plant(&nursery, &file.tables)?;
    let (inner, new) = (&sandbox.inner, &nursery.inner);
    let projects = inner.loghub.receive(&new.loghub);
    let projects = projects.map_err(|taken| SeedFault::at("projects", taken))?;
    let tables = inner.tablestore.receive(&new.tablestore);
    let tables = tables.map_err(|taken| SeedFault::at("tables", taken))?;
    projects.commit();
    tables.commit();
    inner.keys.add(keys);
    Ok(())
}

fn keys(sandbox: &Sandbox, seeds: &[file::Key]) -> Result<Vec<AccessKey>, SeedFault> {
    let mut keys: Vec<AccessKey> = Vec::new();
    for (at, seed) in seeds.iter().enumerate() {
        let path = format!("access_keys[{at}].id");
        if seed.id.is_empty() {
            return Err(SeedFault::at(path, "an access key id is not empty"));
        }
        let is_known = sandbox.inner.keys.find(&seed.id).is_some();
        if is_known || keys.iter().any(|key| key.id == seed.id) {
            let message = format!("there is an access key {} already", seed.id);
            return Err(SeedFault::at(path, message));
        }
        keys.push(AccessKey {
            id: seed.id.clone(),
            secret: seed.secret.0.clone(),
            token: seed.token.as_ref().map(|token| token.0.clone()),
        });
    }
    Ok(keys)
}

/// A fault, said of the part of a seed at a path.
trait About<T> {
    fn about(self, path: impl FnOnce() -> String) -> Result<T, SeedFault>;
}

impl<T, E: fmt::Display> About<T> for Result<T, E> {
    fn about(self, path: impl FnOnce() -> String) -> Result<T, SeedFault> {
        self.map_err(|fault| SeedFault::at(path(), fault))
    }
}

#[cfg(test)]
mod tests;
