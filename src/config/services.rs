//! The two services: where logs come from and where rows go.

use super::endpoint::Endpoint;
use super::fault::{Faults, quote};
use super::json::Object;
use super::settings::{LOGHUB, TABLESTORE};
use super::values;
use crate::loghub::{ConsumerGroupName, Logstore, Project};
use crate::shipper::StartPosition;
use crate::tablestore::{InstanceName, TableName};

const LOGHUB_KEYS: [&str; 5] = ["endpoint", "logstore", "consumer_group", "project", "start"];
const TABLESTORE_KEYS: [&str; 4] = ["endpoint", "instance", "target_table", "status_table"];

/// What `loghub` holds.
pub(super) struct Source {
    pub(super) endpoint: http::Uri,
    pub(super) project: Project,
    pub(super) logstore: Logstore,
    pub(super) group: ConsumerGroupName,
    pub(super) start: StartPosition,
}

/// What `tablestore` holds.
pub(super) struct Sink {
    pub(super) endpoint: http::Uri,
    pub(super) instance: InstanceName,
    pub(super) target_table: TableName,
    pub(super) status_table: TableName,
}

/// Reads `loghub`; `None` means that there are faults.
pub(super) fn loghub(text: Option<&str>, faults: &mut Faults) -> Option<Source> {
    let variable = LOGHUB.name;
    let Some(text) = text else {
        let message = r#"is not set: set {"endpoint":"https://PROJECT.REGION.log.aliyuncs.com","logstore":"...","consumer_group":"..."}"#;
        faults.report(variable, None, message, None);
        return None;
    };
    let mut object = Object::read(&LOGHUB, text, faults)?;

    let endpoint = object
        .take_text(
            "endpoint",
            "the address, such as https://PROJECT.cn-hangzhou.log.aliyuncs.com",
            faults,
        )
        .and_then(|text| faults.keep(variable, Some("endpoint"), Endpoint::parse(&text)));
    let logstore = object
        .take_text("logstore", "the logstore to read", faults)
        .and_then(|text| {
            let name = Logstore::new(&text).map_err(|error| misnamed(&text, error.fault));
            faults.keep(variable, Some("logstore"), name)
        });
    let group = object
        .take_text("consumer_group", "the consumer group to join", faults)
        .and_then(|text| {
            let name = ConsumerGroupName::new(&text).map_err(|error| misnamed(&text, error.fault));
            faults.keep(variable, Some("consumer_group"), name)
        });
    let address = match object.take("project") {
        None => endpoint.and_then(|endpoint| {
            let project = faults.keep(variable, Some("endpoint"), endpoint.project())?;
            Some((endpoint, project))
        }),
        Some(value) => explicit_project(value, faults).and_then(|project| {
            let endpoint = endpoint?.with_project(&project);
            Some((endpoint, project))
        }),
    };
    let start = match object.take("start") {
        None => Some(StartPosition::Begin),
        Some(value) => faults.keep(variable, Some("start"), values::start(&value)),
    };
    object.finish(&LOGHUB_KEYS, faults);

    let (endpoint, project) = address?;
    let endpoint = faults.keep(variable, Some("endpoint"), endpoint.uri())?;
    Some(Source {
        endpoint,
        project,
        logstore: logstore?,
        group: group?,
        start: start?,
    })
}

fn explicit_project(value: serde_json::Value, faults: &mut Faults) -> Option<Project> {
    let name = super::json::text(value, "the project")
        .and_then(|text| Project::new(&text).map_err(|error| misnamed(&text, error.fault)));
    faults.keep(LOGHUB.name, Some("project"), name)
}

/// Reads `tablestore`; `None` means that there are faults.
pub(super) fn tablestore(text: Option<&str>, faults: &mut Faults) -> Option<Sink> {
    let variable = TABLESTORE.name;
    let Some(text) = text else {
        let message = r#"is not set: set {"endpoint":"https://INSTANCE.REGION.ots.aliyuncs.com","instance":"...","target_table":"...","status_table":"..."}"#;
        faults.report(variable, None, message, None);
        return None;
    };
    let mut object = Object::read(&TABLESTORE, text, faults)?;

    let endpoint = object
        .take_text(
            "endpoint",
            "the address, such as https://INSTANCE.cn-hangzhou.ots.aliyuncs.com",
            faults,
        )
        .and_then(|text| {
            let uri = Endpoint::parse(&text).and_then(|endpoint| endpoint.uri());
            faults.keep(variable, Some("endpoint"), uri)
        });
    let instance = object
        .take_text("instance", "the instance", faults)
        .and_then(|text| {
            let name = InstanceName::new(&text).map_err(|error| misnamed(&text, error.fault));
            faults.keep(variable, Some("instance"), name)
        });
    let mut table = |key: &str, meaning: &str| {
        let text = object.take_text(key, meaning, faults)?;
        let name = TableName::new(&text).map_err(|error| misnamed(&text, error.fault));
        faults.keep(variable, Some(key), name)
    };
    let target_table = table("target_table", "the table that gets the rows");
    let status_table = table("status_table", "the table that gets the status rows");
    object.finish(&TABLESTORE_KEYS, faults);

    let sink = Sink {
        endpoint: endpoint?,
        instance: instance?,
        target_table: target_table?,
        status_table: status_table?,
    };
    if sink.target_table == sink.status_table {
        let message = "is the target table too: status rows need a table of their own";
        faults.report(variable, Some("status_table"), message, None);
        return None;
    }
    Some(sink)
}

pub(super) fn misnamed(name: &str, fault: &str) -> String {
    format!("{} {fault}", quote(name))
}
