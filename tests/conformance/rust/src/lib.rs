//! Clients of the two SDKs, configured from the environment that the runner of the suites sets.

use std::env;

use aliyun_log_rust_sdk::{Client, Config, ConfigBuilder, ConfigError, FromConfig};
use aliyun_tablestore_rs::error::OtsError;
use aliyun_tablestore_rs::{OtsClient, OtsClientBuilder, OtsOp, RetryPolicy};

/// The value of an environment variable that the runner sets.
///
/// # Panics
///
/// Without it: then this was not started by the runner.
pub fn required(name: &str) -> String {
    env::var(name).unwrap_or_else(|_missing| panic!("{name} is not set"))
}

/// A client of Log Service with the plain key pair. The endpoint is a name that does not resolve:
/// requests find the sandbox through `http_proxy`.
///
/// # Errors
///
/// What the SDK refuses of the settings.
pub fn log_service() -> Result<Client, ConfigError> {
    let (id, secret) = (required("ACCESS_KEY_ID"), required("ACCESS_KEY_SECRET"));
    log_service_with(|config| config.access_key(id, secret))
}

/// A client of Log Service whose credentials `sign` sets.
///
/// # Errors
///
/// What the SDK refuses of the settings.
pub fn log_service_with(
    sign: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
) -> Result<Client, ConfigError> {
    let endpoint = format!("http://{}", required("LOG_SERVICE_ENDPOINT"));
    let config = Config::builder().endpoint(endpoint).max_retry(0);
    Client::from_config(sign(config).build()?)
}

/// A client of Table Store with the plain key pair, that sends everything once.
pub fn table_store() -> OtsClient {
    let (id, secret) = (required("ACCESS_KEY_ID"), required("ACCESS_KEY_SECRET"));
    table_store_with(OtsClient::builder(id, secret).rety_policy(Box::new(Once)))
}

/// A client of Table Store with the credentials and the retry policy that `builder` has.
pub fn table_store_with(builder: OtsClientBuilder) -> OtsClient {
    builder
        .endpoint(required("TABLE_STORE_ENDPOINT"))
        .instance_name(required("INSTANCE"))
        .region("cn-sandbox")
        .build()
}

/// No second attempt: the SDK's own policy pauses for ten seconds.
#[derive(Debug)]
struct Once;

impl RetryPolicy for Once {
    fn should_retry(&self, _retried: u32, _operation: OtsOp, _error: &OtsError) -> bool {
        false
    }

    fn delay_ms(&self) -> u32 {
        0
    }

    fn clone_box(&self) -> Box<dyn RetryPolicy> {
        Box::new(Self)
    }
}
