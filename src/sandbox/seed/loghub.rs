//! Projects of a seed.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::file::{Logstore, Project};
use super::{About as _, SeedFault};
use crate::loghub::entry::{Entry, Head};
use crate::loghub::proto::{LogGroup, LogTag};
use crate::sandbox::Sandbox;

/// The member that says to which shard a log goes.
const SHARD: &str = "__shard__";

/// Logs of one log group at the most, as `loghub-shipper put` has it.
const MAX_LOGS: usize = 500;

/// Plants the projects with their logstores and logs.
pub(super) fn plant(nursery: &Sandbox, projects: &[Project]) -> Result<(), SeedFault> {
    for (at, project) in projects.iter().enumerate() {
        let path = format!("projects[{at}]");
        let planted = nursery
            .loghub()
            .seed_project(&project.name, &project.description);
        planted.about(|| path.clone())?;
        for (at, logstore) in project.logstores.iter().enumerate() {
            let path = format!("{path}.logstores[{at}]");
            plant_logstore(nursery, &project.name, logstore, &path)?;
        }
    }
    Ok(())
}

fn plant_logstore(
    nursery: &Sandbox,
    project: &str,
    logstore: &Logstore,
    path: &str,
) -> Result<(), SeedFault> {
    let loghub = nursery.loghub();
    let place = (project, logstore.name.as_str());
    loghub
        .seed_logstore(project, &logstore.name, logstore.shards, logstore.ttl)
        .about(|| path.to_owned())?;
    for (at, group) in logstore.consumer_groups.iter().enumerate() {
        loghub
            .seed_group(place, &group.name, group.timeout, group.order)
            .about(|| format!("{path}.consumer_groups[{at}]"))?;
    }
    let now = nursery.unix_seconds();
    let mut open = Bundle::default();
    for (at, log) in logstore.logs.iter().enumerate() {
        let seed = LogSeed::read(log, now).about(|| format!("{path}.logs[{at}]"))?;
        if !open.takes(&seed) {
            open.put(nursery, place, path)?;
            open = Bundle {
                first: at,
                ..Bundle::default()
            };
        }
        open.seeds.push(seed);
    }
    open.put(nursery, place, path)
}

/// One log, and where it goes.
#[derive(Debug)]
struct LogSeed {
    entry: Entry,
    shard: Option<u32>,
}

impl LogSeed {
    fn read(json: &RawValue, now: u32) -> Result<Self, String> {
        let mut entry = Entry::parse(json.get().as_bytes(), now)?;
        let contents = &mut entry.log.contents;
        let place = contents.iter().rposition(|content| content.key == SHARD);
        let shard = place.map(|place| number(&contents.remove(place).value));
        Ok(Self {
            entry,
            shard: shard.transpose()?,
        })
    }
}

fn number(text: &Bytes) -> Result<u32, String> {
    let text = String::from_utf8_lossy(text);
    text.parse()
        .map_err(|_malformed| format!("{SHARD} must be the number of a shard, found {text}"))
}

/// Logs that will be one log group: neighbours that share their head and their shard.
#[derive(Debug, Default)]
struct Bundle {
    /// Place of the first one in the seed.
    first: usize,
    seeds: Vec<LogSeed>,
}

impl Bundle {
    fn takes(&self, seed: &LogSeed) -> bool {
        self.seeds.len() < MAX_LOGS
            && self
                .seeds
                .last()
                .is_none_or(|last| last.shard == seed.shard && last.entry.head == seed.entry.head)
    }

    fn put(&self, nursery: &Sandbox, place: (&str, &str), path: &str) -> Result<(), SeedFault> {
        let Some(first) = self.seeds.first() else {
            return Ok(());
        };
        let logs = self.seeds.iter().map(|seed| seed.entry.log.clone());
        let group = log_group(&first.entry.head, logs.collect());
        let put = nursery.loghub().seed_logs(place, first.shard, &group);
        put.about(|| format!("{path}.logs[{}]", self.first))
    }
}

fn log_group(head: &Head, logs: Vec<crate::loghub::proto::Log>) -> LogGroup {
    let tags = head.tags.iter().map(|(key, value)| LogTag {
        key: key.clone(),
        value: value.clone(),
    });
    LogGroup {
        logs,
        topic: head.topic.clone(),
        source: head.source.clone(),
        tags: tags.collect(),
        ..LogGroup::default()
    }
}
