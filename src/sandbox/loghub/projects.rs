//! Calls about projects and logstores.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::incoming::Incoming;
use super::logstore::{Logstore, MAX_SHARDS};
use super::refused::Refused;
use super::route::Route;
use super::state::{ProjectState, addressed};
use super::{Done, JSON, LogHub, PROTOBUF};
use crate::loghub;

/// Entries that a page of a list has where the request does not say.
const PAGE: usize = 100;

/// Longest time to live of logs, in days: for ever.
const TTL_FOREVER: u64 = 3650;

#[derive(Deserialize)]
struct ProjectBody {
    #[serde(rename = "projectName")]
    name: Option<String>,
    #[serde(default)]
    description: String,
}

/// The body of a call as JSON, or a refusal with `code`. It may be labelled protobuf: the Java SDK
/// labels every body so where it does not say otherwise, that of `updateProject` for one.
pub(super) fn json_body<T: DeserializeOwned>(
    incoming: &Incoming<'_>,
    code: &'static str,
) -> Result<T, Refused> {
    match incoming.header("content-type") {
        Some(given) if given.starts_with(JSON) || given == PROTOBUF => {}
        Some(other) => {
            let message = format!("Content-Type {other} is unsupported.");
            return Err(Refused::new(415, "InvalidContentType", message));
        }
        None => return Err(missing_content_type()),
    }
    serde_json::from_slice(incoming.body())
        .map_err(|malformed| Refused::bad(code, format!("The body is not valid: {malformed}")))
}

pub(super) fn missing_content_type() -> Refused {
    let message = "Content-Type does not exist in http header when body is not empty.";
    Refused::bad("MissingContentType", message)
}

impl LogHub {
    /// The name in the body wins: a call to the bare endpoint has no project in its host.
    pub(super) fn create_project_call(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let body: ProjectBody = json_body(incoming, "ParameterInvalid")?;
        let name = match &body.name {
            Some(name) => name,
            None => addressed(incoming)?,
        };
        self.add_project(name, &body.description)?;
        Ok(Done::empty())
    }

    pub(super) fn add_project(&self, name: &str, description: &str) -> Result<(), Refused> {
        loghub::Project::new(name).map_err(|fault| Refused::parameter(fault.to_string()))?;
        let now = self.now();
        let mut state = self.lock();
        if state.projects.contains_key(name) {
            let message = format!("The project already exist : {name}");
            return Err(Refused::bad("ProjectAlreadyExist", message));
        }
        let project = ProjectState {
            description: description.to_owned(),
            created: now,
            modified: now,
            logstores: std::collections::BTreeMap::new(),
        };
        state.projects.insert(name.to_owned(), project);
        Ok(())
    }

    pub(super) fn get_project(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let name = addressed(incoming)?;
        let state = self.lock();
        Ok(Done::json(&project_json(name, state.project(name)?)))
    }

    pub(super) fn list_project(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let wanted = incoming.param("projectName").unwrap_or_default();
        let state = self.lock();
        let found: Vec<Value> = state
            .projects
            .iter()
            .filter(|(name, _)| name.contains(wanted))
            .map(|(name, project)| project_json(name, project))
            .collect();
        page(incoming, "projects", found)
    }

    pub(super) fn update_project(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let body: ProjectBody = json_body(incoming, "ParameterInvalid")?;
        let now = self.now();
        let mut state = self.lock();
        let project = state.project_mut(addressed(incoming)?)?;
        project.description = body.description;
        project.modified = now;
        Ok(Done::empty())
    }

    pub(super) fn delete_project(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let name = addressed(incoming)?;
        let removed = self.lock().projects.remove(name);
        removed
            .map(|_project| Done::empty())
            .ok_or_else(|| Refused::project(name))
    }

    pub(super) fn create_logstore_call(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let body: Map<String, Value> = json_body(incoming, "LogStoreInfoInvalid")?;
        self.add_logstore(addressed(incoming)?, body)?;
        Ok(Done::empty())
    }

    /// Creates a logstore from the keys of the call: `logstoreName`, `ttl` and `shardCount` have to
    /// be there, the others are kept and shown again.
    pub(super) fn add_logstore(
        &self,
        project: &str,
        mut settings: Map<String, Value>,
    ) -> Result<(), Refused> {
        let invalid = |what: String| Refused::bad("LogStoreInfoInvalid", what);
        let name = settings
            .get("logstoreName")
            .and_then(Value::as_str)
            .ok_or_else(|| invalid("logstoreName is missing".to_owned()))?
            .to_owned();
        loghub::Logstore::new(&name).map_err(|fault| invalid(fault.to_string()))?;
        check_ttl(&settings)?;
        let shards = settings
            .get("shardCount")
            .and_then(Value::as_u64)
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| (1..=MAX_SHARDS).contains(count))
            .ok_or_else(|| invalid(format!("shardCount must be 1 to {MAX_SHARDS}")))?;
        for (key, default) in [
            ("enable_tracking", json!(false)),
            ("autoSplit", json!(false)),
            ("maxSplitShard", json!(64)),
            ("appendMeta", json!(false)),
            ("telemetryType", json!("")),
            ("mode", json!("standard")),
        ] {
            settings.entry(key).or_insert(default);
        }
        let now = self.now();
        let mut state = self.lock();
        state.serial += 1;
        let serial = state.serial;
        let project = state.project_mut(project)?;
        if project.logstores.contains_key(&name) {
            let message = format!("logstore {name} already exists");
            return Err(Refused::bad("LogStoreAlreadyExist", message));
        }
        let logstore = Logstore::new(settings, shards, serial, now);
        project.logstores.insert(name, logstore);
        Ok(())
    }

    pub(super) fn get_logstore(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let state = self.lock();
        let logstore = state.logstore(addressed(incoming)?, &route.logstore)?;
        let mut shown = logstore.settings.clone();
        let seconds = |time: Duration| Value::from(time.as_secs());
        shown.insert("createTime".to_owned(), seconds(logstore.created));
        shown.insert("lastModifyTime".to_owned(), seconds(logstore.modified));
        Ok(Done::json(&Value::Object(shown)))
    }

    pub(super) fn list_logstore(&self, incoming: &Incoming<'_>) -> Result<Done, Refused> {
        let wanted = incoming.param("logstoreName").unwrap_or_default();
        let state = self.lock();
        let found = state
            .project(addressed(incoming)?)?
            .logstores
            .keys()
            .filter(|name| name.contains(wanted))
            .map(|name| json!(name))
            .collect();
        page(incoming, "logstores", found)
    }

    /// Changes what the body names; the number of shards changes by split and merge alone.
    pub(super) fn update_logstore(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let body: Map<String, Value> = json_body(incoming, "LogStoreInfoInvalid")?;
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(addressed(incoming)?, &route.logstore)?;
        if body.contains_key("ttl") {
            check_ttl(&body)?;
        }
        let fixed = |key: &String| matches!(key.as_str(), "logstoreName" | "shardCount");
        let changed = body.into_iter().filter(|(key, _)| !fixed(key));
        logstore.settings.extend(changed);
        logstore.modified = now;
        Ok(Done::empty())
    }

    pub(super) fn delete_logstore(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        let mut state = self.lock();
        let project = state.project_mut(addressed(incoming)?)?;
        let removed = project.logstores.remove(&route.logstore);
        removed
            .map(|_logstore| Done::empty())
            .ok_or_else(|| Refused::logstore(&route.logstore))
    }
}

fn check_ttl(settings: &Map<String, Value>) -> Result<(), Refused> {
    let ttl = settings.get("ttl").and_then(Value::as_u64);
    if ttl.is_some_and(|days| (1..=TTL_FOREVER).contains(&days)) {
        return Ok(());
    }
    let message = format!("ttl must be 1 to {TTL_FOREVER} days");
    Err(Refused::bad("LogStoreInfoInvalid", message))
}

/// The SDKs want all of these, the times as text.
fn project_json(name: &str, project: &ProjectState) -> Value {
    json!({
        "projectName": name,
        "description": project.description,
        "status": "Normal",
        "region": "sandbox",
        "owner": "",
        "dataRedundancyType": "LRS",
        "createTime": project.created.as_secs().to_string(),
        "lastModifyTime": project.modified.as_secs().to_string(),
    })
}

/// The page of `found` that `offset` and `size` choose, under the name `what`.
fn page(incoming: &Incoming<'_>, what: &str, found: Vec<Value>) -> Result<Done, Refused> {
    // The Node SDK sends what its caller leaves out as an empty parameter.
    let number = |name: &str, default: usize| match incoming.param(name) {
        None | Some("") => Ok(default),
        Some(_) => incoming.number(name),
    };
    let (offset, size) = (number("offset", 0)?, number("size", PAGE)?);
    let total = found.len();
    let shown: Vec<Value> = found.into_iter().skip(offset).take(size).collect();
    Ok(Done::json(
        &json!({ "count": shown.len(), "total": total, what: shown }),
    ))
}
