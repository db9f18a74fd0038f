//! The variables as they stand in the environment, sorted by setting.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::{Faults, quote};
use super::settings::{Kind, SETTINGS};
use crate::transport::Secret;

/// Variables that are read besides the settings; those of the vendor's own tools.
const VENDOR: [&str; 3] = [
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
];

/// A text per variable; `None` where it is not set, or empty.
#[derive(Default, Deserialize)]
pub(super) struct Raw {
    pub(super) access_key_id: Option<String>,
    pub(super) access_key_secret: Option<String>,
    pub(super) security_token: Option<String>,
    pub(super) alibaba_cloud_access_key_id: Option<String>,
    pub(super) alibaba_cloud_access_key_secret: Option<String>,
    pub(super) alibaba_cloud_security_token: Option<String>,
    pub(super) loghub: Option<String>,
    pub(super) tablestore: Option<String>,
    pub(super) exclusive_columns: Option<String>,
    pub(super) transform: Option<String>,
    pub(super) region: Option<String>,
    pub(super) consumer_name: Option<String>,
    pub(super) heartbeat_interval: Option<String>,
    pub(super) group_timeout: Option<String>,
    pub(super) checkpoint_interval: Option<String>,
    pub(super) lost_cursor: Option<String>,
    pub(super) column_names: Option<String>,
    pub(super) dead_letters: Option<String>,
    pub(super) memory_limit: Option<String>,
    pub(super) max_batches_in_flight: Option<String>,
    pub(super) request_timeout: Option<String>,
    pub(super) startup_timeout: Option<String>,
    pub(super) shutdown_grace: Option<String>,
    pub(super) status_interval: Option<String>,
    pub(super) log_level: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) tls_roots: Option<String>,
    /// The platform's own variables, spelled in capitals.
    pub(super) hostname: Option<String>,
    pub(super) no_color: Option<String>,
    /// What the system calls itself.
    #[serde(skip)]
    pub(super) system_hostname: String,
    /// What was found to be wrong on the way.
    #[serde(skip)]
    pub(super) faults: Faults,
}

impl Raw {
    /// Picks our variables out of an environment. Settings are read in either case of their names,
    /// and a name that occurs in two cases must have one value.
    pub(super) fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
        system_hostname: &str,
    ) -> Self {
        let mut ours: BTreeMap<&'static str, (String, String)> = BTreeMap::new();
        let mut clashes = Vec::new();
        for (name, value) in pairs {
            let Some(known) = known(&name) else { continue };
            let value = if is_secret(known) {
                value
            } else {
                value.trim().to_owned()
            };
            if value.is_empty() {
                continue;
            }
            if let Some((other, first)) = ours.get(known) {
                if *first != value {
                    clashes.push((known, other.clone(), name));
                }
                continue;
            }
            ours.insert(known, (name, value));
        }
        let values = ours
            .iter()
            .map(|(name, (_, value))| ((*name).to_owned(), value.clone()));
        let mut raw: Self =
            envy::from_iter(values).expect("optional texts accept any text, and each occurs once");
        system_hostname.clone_into(&mut raw.system_hostname);
        for (known, one, other) in clashes {
            raw.faults.report(
                known,
                None,
                format!(
                    "is set twice, as {} and as {}, to different values: set it once",
                    quote(&one),
                    quote(&other)
                ),
                None,
            );
        }
        raw
    }
}

impl Raw {
    /// Everything that must not be shown.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let texts = [
            &self.access_key_id,
            &self.access_key_secret,
            &self.security_token,
            &self.alibaba_cloud_access_key_id,
            &self.alibaba_cloud_access_key_secret,
            &self.alibaba_cloud_security_token,
        ];
        texts.into_iter().flatten().map(Secret::new).collect()
    }
}

/// The name under which a variable is documented, if it is one of ours.
fn known(name: &str) -> Option<&'static str> {
    let platform = ["HOSTNAME", "NO_COLOR"]
        .into_iter()
        .find(|known| *known == name);
    let ours = || {
        let settings = SETTINGS.iter().map(|setting| setting.name);
        settings
            .chain(VENDOR)
            .find(|known| known.eq_ignore_ascii_case(name))
    };
    platform.or_else(ours)
}

/// White space in a secret is looked at, not taken away.
fn is_secret(known: &str) -> bool {
    let mut settings = SETTINGS.iter();
    VENDOR.contains(&known)
        || settings.any(|setting| setting.name == known && matches!(setting.kind, Kind::Secret))
}
