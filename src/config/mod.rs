//! Environment variables into validated settings.
//!
//! Variables come in as pairs, once, and everything is checked before the first request: the
//! outcome is either a whole [`Config`] or all [`Faults`] at once, each with its variable, the key
//! or column, the place inside an expression, and what would be right. No secret is in either's
//! text. [`SETTINGS`] lists what can be set; the README's table and the program's help come from it.

mod credentials;
mod dead_letters;
mod endpoint;
mod fault;
mod json;
mod lease;
mod raw;
mod rules;
mod services;
mod settings;
mod show;
mod summary;
#[cfg(test)]
mod tests;
mod values;

use std::path::PathBuf;
use std::time::Duration;

pub use self::fault::{Fault, Faults};
use self::raw::Raw;
pub use self::settings::{Fallback, Kind, SETTINGS, Setting};
pub use self::show::{markdown, plain};
use crate::transport::{AccessKey, HttpSettings};
use crate::{loghub, shipper, status, tablestore, telemetry};

/// How we name ourselves to both services.
const USER_AGENT: &str = concat!("loghub-shipper/", env!("CARGO_PKG_VERSION"));

/// Everything that the daemon is told, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The key pair that signs requests to both services.
    pub access_key: AccessKey,
    /// Where logs come from.
    pub loghub: loghub::Settings,
    /// Where rows go.
    pub tablestore: tablestore::Settings,
    /// How requests travel.
    pub http: HttpSettings,
    /// What the shipper does.
    pub shipper: shipper::Settings,
    /// What the reporter does.
    pub status: status::Settings,
    /// What the container log looks like.
    pub telemetry: telemetry::Settings,
    /// How long start-up keeps trying a service that does not answer.
    pub startup_timeout: Duration,
}

impl Config {
    /// Reads the environment. `system_hostname` names us where neither `consumer_name` nor
    /// `HOSTNAME` does.
    ///
    /// # Errors
    ///
    /// All faults together.
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
        system_hostname: &str,
    ) -> Result<Self, Faults> {
        Raw::from_pairs(pairs, system_hostname).try_into()
    }
}

impl TryFrom<Raw> for Config {
    type Error = Faults;

    fn try_from(mut raw: Raw) -> Result<Self, Faults> {
        let mut faults = std::mem::take(&mut raw.faults);
        match read(&raw, &mut faults) {
            Some(config) if faults.is_empty() => Ok(config),
            _ => {
                faults.redact(&raw.secrets());
                Err(faults)
            }
        }
    }
}

/// Reads everything, in the order of the settings, before it looks at what failed; `None` means
/// that there are faults.
fn read(raw: &Raw, faults: &mut Faults) -> Option<Config> {
    let access_key = credentials::read(raw, faults);
    let source = services::loghub(raw.loghub.as_deref(), faults);
    let sink = services::tablestore(raw.tablestore.as_deref(), faults);
    let rules = rules::read(raw, faults);
    let region = faults.optional(&settings::REGION, &raw.region, values::region);
    let lease = lease::read(raw, faults);
    let checkpoint_interval = faults.value(
        &settings::CHECKPOINT_INTERVAL,
        &raw.checkpoint_interval,
        values::duration,
    );
    let lost_cursor = faults.value(
        &settings::LOST_CURSOR,
        &raw.lost_cursor,
        values::lost_cursor,
    );
    let dead_letters = dead_letters::read(raw, sink.as_ref(), faults);
    let memory_limit = faults.value(&settings::MEMORY_LIMIT, &raw.memory_limit, values::bytes);
    let max_batches_in_flight = faults.value(
        &settings::MAX_BATCHES_IN_FLIGHT,
        &raw.max_batches_in_flight,
        values::count,
    );
    let durations = [
        (&settings::REQUEST_TIMEOUT, &raw.request_timeout),
        (&settings::STARTUP_TIMEOUT, &raw.startup_timeout),
        (&settings::SHUTDOWN_GRACE, &raw.shutdown_grace),
        (&settings::STATUS_INTERVAL, &raw.status_interval),
    ];
    let [
        request_timeout,
        startup_timeout,
        shutdown_grace,
        status_interval,
    ] = durations.map(|(setting, text)| faults.value(setting, text, values::duration));
    let filter = faults.value(&settings::LOG_LEVEL, &raw.log_level, values::filter);
    let format = faults.value(&settings::LOG_FORMAT, &raw.log_format, values::log_format);

    let (source, sink, lease) = (source?, sink?, lease?);
    let (region, request_timeout) = (region?, request_timeout?);
    Some(Config {
        access_key: access_key?,
        loghub: loghub::Settings {
            endpoint: source.endpoint,
            project: source.project,
            logstore: source.logstore,
            region: region.clone(),
            request_timeout,
        },
        tablestore: tablestore::Settings {
            endpoint: sink.endpoint,
            instance: sink.instance,
            region,
            request_timeout,
        },
        http: HttpSettings {
            user_agent: USER_AGENT.to_owned(),
            extra_roots: raw.tls_roots.as_ref().map(PathBuf::from),
        },
        shipper: shipper::Settings {
            group: source.group,
            consumer: lease.consumer,
            heartbeat_interval: lease.heartbeat_interval,
            group_timeout: lease.group_timeout,
            start: source.start,
            lost_cursor: lost_cursor?,
            target_table: sink.target_table,
            rules: rules?,
            dead_letters: dead_letters?,
            checkpoint_interval: checkpoint_interval?,
            memory_limit_bytes: memory_limit?,
            max_batches_in_flight: max_batches_in_flight?,
            shutdown_grace: shutdown_grace?,
        },
        status: status::Settings {
            table: sink.status_table,
            interval: status_interval?,
        },
        telemetry: telemetry::Settings {
            filter: filter?,
            format: format?,
            no_color: raw.no_color.is_some(),
        },
        startup_timeout: startup_timeout?,
    })
}
