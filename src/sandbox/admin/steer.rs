//! What changes a sandbox.

use serde_json::{Value, json};

use super::Refusal;
use super::ask::{Place, ShardAct, TrimTo};
use crate::sandbox::{Sandbox, Seed};

/// Splits, merges, seals or trims a shard.
pub(super) fn shard(
    sandbox: &Sandbox,
    place: &Place,
    shard: u32,
    act: ShardAct,
) -> Result<Value, Refusal> {
    let loghub = sandbox.loghub();
    let (project, logstore) = (place.project.as_str(), place.logstore.as_str());
    let done = match act {
        ShardAct::Split(key) => {
            let children = loghub.split_at(project, logstore, shard, key.as_deref())?;
            json!({ "shards": children })
        }
        ShardAct::Merge => json!({ "shards": [loghub.merge(project, logstore, shard)?] }),
        ShardAct::Seal => {
            loghub.seal(project, logstore, shard)?;
            json!({})
        }
        ShardAct::Trim(to) => json!({ "forgotten": trim(sandbox, place, shard, to)? }),
    };
    Ok(done)
}

fn trim(sandbox: &Sandbox, place: &Place, shard: u32, to: TrimTo) -> Result<usize, Refusal> {
    let loghub = sandbox.loghub();
    let (project, logstore) = (place.project.as_str(), place.logstore.as_str());
    match to {
        TrimTo::Groups(groups) => Ok(loghub.trim(project, logstore, shard, groups)?),
        TrimTo::Cursor(cursor) => Ok(loghub.trim_to(project, logstore, shard, &cursor)?),
    }
}

/// Lets a consumer time out.
pub(super) fn expire(
    sandbox: &Sandbox,
    place: &Place,
    group: &str,
    consumer: &str,
) -> Result<Value, Refusal> {
    let loghub = sandbox.loghub();
    if loghub.drop_consumer(&place.project, &place.logstore, group, consumer)? {
        return Ok(json!({}));
    }
    let known = loghub.group(&place.project, &place.logstore, group)?;
    let known: Vec<_> = known.consumers.into_keys().collect();
    let known = match known.as_slice() {
        [] => "it has none".to_owned(),
        known => format!("it has {}", known.join(", ")),
    };
    let error = format!("consumer group {group} has no consumer {consumer}; {known}");
    Err(Refusal::not_found(error))
}

/// Adds the lines of a fault script.
pub(super) fn add_faults(sandbox: &Sandbox, script: &str) -> Result<Value, Refusal> {
    match sandbox.faults().load(script) {
        Ok(count) => Ok(json!({ "added": count })),
        Err(fault) => Err(Refusal::bad(fault.to_string())),
    }
}

/// Forgets all faults.
pub(super) fn clear_faults(sandbox: &Sandbox) -> Value {
    json!({ "cleared": sandbox.faults().clear() })
}

/// Forgets calls and counts.
pub(super) fn forget_calls(sandbox: &Sandbox) -> Value {
    sandbox.forget_calls();
    json!({})
}

/// Adds what a seed describes.
pub(super) fn seed(sandbox: &Sandbox, text: &str) -> Result<Value, Refusal> {
    let planted = Seed::parse(text).and_then(|seed| sandbox.plant(&seed));
    planted.map_err(|fault| Refusal::bad(fault.to_string()))?;
    Ok(json!({}))
}

/// Empties everything.
pub(super) fn reset(sandbox: &Sandbox) -> Value {
    sandbox.reset();
    json!({})
}
