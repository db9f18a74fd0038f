//! Where the services are: the environment variables of `run`, over which flags win.

use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value};

use super::exit::{Exit, Failure};
use crate::config::Config;
use crate::transport::retry::Policy;
use crate::transport::{Clock, HttpSettings, HttpTransport, Transport, error_chain};
use crate::{loghub, tablestore};

/// Variables that concern both services, and none of the work between them.
const COMMON: [&str; 11] = [
    "access_key_id",
    "access_key_secret",
    "security_token",
    "alibaba_cloud_access_key_id",
    "alibaba_cloud_access_key_secret",
    "alibaba_cloud_security_token",
    "region",
    "request_timeout",
    "startup_timeout",
    "tls_roots",
    "no_color",
];

/// Stands for the service that a command does not speak with, so that one reader of the
/// environment does for all commands. Nothing is ever sent there.
const NO_LOGHUB: &str =
    r#"{"endpoint":"http://localhost","project":"none","logstore":"none","consumer_group":"none"}"#;
const NO_TABLESTORE: &str = r#"{"endpoint":"http://localhost","instance":"none","target_table":"none","status_table":"nothing"}"#;

/// The key pair.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Credentials")]
pub(super) struct KeyArgs {
    /// Access key id [default: the variable `access_key_id`]
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    /// Access key secret [default: the variable `access_key_secret`, which no list of processes shows]
    #[arg(long, value_name = "SECRET")]
    access_key_secret: Option<String>,
}

/// Log Service.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Log Service")]
pub(super) struct LogServiceArgs {
    /// Address of Log Service [default: endpoint of the variable `loghub`]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Project [default: project of the variable `loghub`, else the first label of the endpoint's host]
    #[arg(long)]
    project: Option<String>,
    /// Logstore [default: logstore of the variable `loghub`]
    #[arg(long)]
    logstore: Option<String>,
}

/// Table Store.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Table Store")]
pub(super) struct TableStoreArgs {
    /// Address of Table Store [default: endpoint of the variable `tablestore`]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Instance [default: instance of the variable `tablestore`]
    #[arg(long)]
    instance: Option<String>,
}

/// Variables as the process has them.
pub(super) type Environment = Vec<(String, String)>;

/// The environment of this process, read once. What is not UTF-8 is shown as such, and refused
/// where it matters.
pub(super) fn environment() -> Environment {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// What the system calls itself, where it tells in a file; else empty.
pub(super) fn system_hostname() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

/// All that both clients are made of.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) loghub: loghub::Client,
    pub(super) tablestore: tablestore::Client,
    pub(super) clock: Clock,
}

impl Connection {
    /// Clients over one HTTP transport; `who` follows the program's name in `User-Agent`.
    pub(super) fn new(config: &Config, who: &str) -> Result<Self, Failure> {
        // Names are free text, a header is not.
        let printable = |char: char| {
            if char.is_ascii_graphic() || char == ' ' {
                char
            } else {
                '_'
            }
        };
        let who: String = who.chars().map(printable).collect();
        let http = HttpSettings {
            user_agent: format!("{} ({who})", config.http.user_agent),
            ..config.http.clone()
        };
        let transport = HttpTransport::new(&http)
            .map_err(|error| Failure::new(Exit::Config, error_chain(&error)))?;
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let clock = Clock::system();
        Ok(Self {
            loghub: loghub::Client::new(
                config.loghub.clone(),
                config.access_key.clone(),
                Arc::clone(&transport),
                clock.clone(),
            ),
            tablestore: tablestore::Client::new(
                config.tablestore.clone(),
                config.access_key.clone(),
                transport,
                clock.clone(),
            ),
            clock,
        })
    }
}

impl LogServiceArgs {
    /// Settings for a command that speaks with Log Service alone.
    pub(super) fn config(
        &self,
        key: &KeyArgs,
        environment: &Environment,
    ) -> Result<Config, Failure> {
        let flags = [
            ("endpoint", &self.endpoint),
            ("project", &self.project),
            ("logstore", &self.logstore),
        ];
        let mut pairs = key.pairs(environment);
        if let Some(loghub) = object(environment, "loghub", &flags, &[("consumer_group", "none")]) {
            pairs.push(("loghub".to_owned(), loghub));
        }
        pairs.push(("tablestore".to_owned(), NO_TABLESTORE.to_owned()));
        read(pairs)
    }
}

impl TableStoreArgs {
    /// Settings for a command that speaks with Table Store alone.
    pub(super) fn config(
        &self,
        key: &KeyArgs,
        environment: &Environment,
    ) -> Result<Config, Failure> {
        let flags = [("endpoint", &self.endpoint), ("instance", &self.instance)];
        let unused = [("target_table", "none"), ("status_table", "nothing")];
        let mut pairs = key.pairs(environment);
        if let Some(tablestore) = object(environment, "tablestore", &flags, &unused) {
            pairs.push(("tablestore".to_owned(), tablestore));
        }
        pairs.push(("loghub".to_owned(), NO_LOGHUB.to_owned()));
        read(pairs)
    }
}

impl KeyArgs {
    /// The common variables; a key pair from flags takes the place of all others.
    fn pairs(&self, environment: &Environment) -> Environment {
        let flags = [
            ("access_key_id", &self.access_key_id),
            ("access_key_secret", &self.access_key_secret),
        ];
        let is_set = |name: &str| {
            let mut flags = flags.iter();
            flags.any(|(flag, value)| value.is_some() && flag.eq_ignore_ascii_case(name))
        };
        let is_common = |name: &str| {
            COMMON
                .iter()
                .any(|common| common.eq_ignore_ascii_case(name))
        };
        let inherited = environment
            .iter()
            .filter(|(name, _)| is_common(name) && !is_set(name));
        let given = flags
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), (*value).clone()?)));
        inherited.cloned().chain(given).collect()
    }
}

/// A variable's JSON object with flags put over its members, and with what the command does not
/// use filled in. `None` where there is neither; text that is no object stays as it is, for the
/// configuration to refuse.
fn object(
    environment: &Environment,
    variable: &str,
    flags: &[(&str, &Option<String>)],
    unused: &[(&str, &str)],
) -> Option<String> {
    let set = environment
        .iter()
        .find(|(name, value)| name.eq_ignore_ascii_case(variable) && !value.trim().is_empty());
    let set = set.map(|(_, value)| value.clone());
    let is_flagged = flags.iter().any(|(_, value)| value.is_some());
    if set.is_none() && !is_flagged {
        return None;
    }
    let text = set.unwrap_or_else(|| "{}".to_owned());
    let Ok(mut members) = serde_json::from_str::<Map<String, Value>>(&text) else {
        return Some(text);
    };
    for (key, value) in flags {
        if let Some(value) = value {
            members.insert((*key).to_owned(), Value::from(value.as_str()));
        }
    }
    for (key, value) in unused {
        members.entry(*key).or_insert_with(|| Value::from(*value));
    }
    Some(Value::Object(members).to_string())
}

fn read(pairs: Environment) -> Result<Config, Failure> {
    Config::from_pairs(pairs, "none")
        .map_err(|faults| Failure::new(Exit::Config, faults.to_string()))
}

/// How long commands at a terminal keep trying.
pub(super) fn patience(config: &Config) -> Policy {
    use std::time::Duration;
    Policy {
        first: Duration::from_millis(100),
        longest: Duration::from_secs(2),
        total: Some(config.startup_timeout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    const LOGHUB: &str = r#"{"endpoint":"http://localhost:1","project":"from-env","logstore":"from-env","consumer_group":"group"}"#;

    #[test]
    fn the_environment_of_run_will_do_and_flags_win() {
        let set = environment(&[
            ("ACCESS_KEY_ID", "id"),
            ("access_key_secret", "secret"),
            ("LOGHUB", LOGHUB),
            ("tablestore", "not even JSON"),
            ("transform", "nor this"),
        ]);
        let args = LogServiceArgs::default();
        let config = args.config(&KeyArgs::default(), &set).unwrap();
        assert_eq!(config.loghub.logstore.as_str(), "from-env");
        assert_eq!(config.access_key.id, "id");

        let args = LogServiceArgs {
            logstore: Some("from-flag".to_owned()),
            ..LogServiceArgs::default()
        };
        let key = KeyArgs {
            access_key_id: Some("other".to_owned()),
            access_key_secret: None,
        };
        let config = args.config(&key, &set).unwrap();
        assert_eq!(config.loghub.logstore.as_str(), "from-flag");
        assert_eq!(config.loghub.project.as_str(), "from-env");
        assert_eq!(config.access_key.id, "other");
    }

    #[test]
    fn flags_alone_will_do() {
        let key = KeyArgs {
            access_key_id: Some("id".to_owned()),
            access_key_secret: Some("secret".to_owned()),
        };
        let args = TableStoreArgs {
            endpoint: Some("http://localhost:2".to_owned()),
            instance: Some("instance".to_owned()),
        };
        let config = args.config(&key, &Environment::new()).unwrap();
        assert_eq!(config.tablestore.instance.as_str(), "instance");
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_else() {
        let failure = LogServiceArgs::default()
            .config(&KeyArgs::default(), &Environment::new())
            .unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        let named = |name: &str| failure.message.contains(name);
        assert!(
            named("access_key_id") && named("access_key_secret") && named("loghub"),
            "{}",
            failure.message
        );
        assert!(!named("tablestore"), "{}", failure.message);
    }
}
