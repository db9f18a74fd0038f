//! Membership in the consumer group: our name, and how long shards stay ours.

use std::time::Duration;

use super::fault::{Faults, quote};
use super::raw::Raw;
use super::settings::{CONSUMER_NAME, GROUP_TIMEOUT, HEARTBEAT_INTERVAL};
use super::show::show_duration;
use super::values;
use crate::loghub::ConsumerName;

/// What the consumer group is told.
pub(super) struct Lease {
    pub(super) consumer: ConsumerName,
    pub(super) heartbeat_interval: Duration,
    pub(super) group_timeout: Duration,
}

/// Reads all three; `None` means that there are faults.
pub(super) fn read(raw: &Raw, faults: &mut Faults) -> Option<Lease> {
    let consumer = faults.keep(CONSUMER_NAME.name, None, consumer(raw));
    let heartbeat_interval = faults.value(
        &HEARTBEAT_INTERVAL,
        &raw.heartbeat_interval,
        values::duration,
    );
    let group_timeout = faults.value(&GROUP_TIMEOUT, &raw.group_timeout, values::duration);
    let group_timeout = group_timeout.and_then(|timeout| {
        let timeout = check_timeout(timeout, heartbeat_interval);
        faults.keep(GROUP_TIMEOUT.name, None, timeout)
    });
    Some(Lease {
        consumer: consumer?,
        heartbeat_interval: heartbeat_interval?,
        group_timeout: group_timeout?,
    })
}

fn consumer(raw: &Raw) -> Result<ConsumerName, String> {
    if let Some(name) = &raw.consumer_name {
        return ConsumerName::new(name).map_err(|error| format!("{} {}", quote(name), error.fault));
    }
    let host = raw.hostname.as_deref().unwrap_or(&raw.system_hostname);
    if host.is_empty() {
        return Err("is not set, and the system has no host name: set it".to_owned());
    }
    ConsumerName::new(host).map_err(|error| {
        format!(
            "is not set, and the host name {} {}: set it",
            quote(host),
            error.fault
        )
    })
}

/// Whole seconds, as Log Service counts them, and at least two heartbeats.
fn check_timeout(timeout: Duration, heartbeat: Option<Duration>) -> Result<Duration, String> {
    if timeout.subsec_nanos() != 0 {
        return Err(format!(
            "{} is not in whole seconds, as Log Service counts: use {}s",
            quote(&show_duration(timeout)),
            timeout.as_secs() + 1
        ));
    }
    match heartbeat {
        Some(heartbeat) if timeout < 2 * heartbeat => {
            let least = (2 * heartbeat + Duration::from_nanos(999_999_999)).as_secs();
            Err(format!(
                "{} is less than two heartbeats, and one that is lost would lose the shards: use {} or more, or a shorter heartbeat_interval",
                quote(&show_duration(timeout)),
                show_duration(Duration::from_secs(least)),
            ))
        }
        _ => Ok(timeout),
    }
}
