//! What to mend when a service refuses to let us start, in words.

use crate::loghub::{self, ErrorCode as LogCode};
use crate::tablestore::{Error, ErrorCode as TableCode, TableName, Verdict};

/// What to mend when Log Service refuses.
pub(super) fn log_hint(error: &loghub::Error) -> String {
    match error.code() {
        Some(LogCode::SignatureNotMatch) => {
            "Log Service refuses the signature: check access_key_secret".to_owned()
        }
        Some(LogCode::InvalidAccessKeyId) => {
            "Log Service does not know the access key: check access_key_id, and security_token if the key is a temporary one".to_owned()
        }
        Some(LogCode::Unauthorized | LogCode::ProjectForbidden) => {
            "Log Service denies access: give the access key's user the permissions that the README lists".to_owned()
        }
        Some(LogCode::RequestTimeExpired) => {
            "the clock of this machine is more than 15 minutes off: set it right".to_owned()
        }
        Some(LogCode::ProjectNotExist) => {
            "the project does not exist: check loghub.endpoint (its first label names the project) or loghub.project".to_owned()
        }
        Some(LogCode::LogStoreNotExist) => {
            "the logstore does not exist: check loghub.logstore, or create it".to_owned()
        }
        Some(_) => "Log Service refuses to let us start".to_owned(),
        None => "Log Service cannot be reached: check loghub.endpoint and the network".to_owned(),
    }
}

/// What to mend when Table Store refuses.
pub(super) fn table_hint(error: &Error, table: &TableName, setting: &str) -> String {
    match error.code() {
        Some(TableCode::AuthFailed) if clock_is_off(error) => {
            "the clock of this machine is more than 15 minutes off: set it right".to_owned()
        }
        Some(TableCode::AuthFailed) => {
            "Table Store refuses the credentials: check access_key_id, access_key_secret and security_token".to_owned()
        }
        Some(TableCode::NoPermissionAccess) => format!(
            "Table Store denies access to table {table}: give the access key's user the permissions that the README lists"
        ),
        Some(TableCode::ObjectNotExist) => format!(
            "table {table} does not exist: check {setting} and tablestore.instance, or create the table"
        ),
        Some(_) if error.verdict() == Verdict::BadRow => {
            format!("Table Store refuses to describe table {table}: check tablestore.instance and {setting}")
        }
        Some(_) => format!("Table Store does not serve table {table}"),
        None => "Table Store cannot be reached: check tablestore.endpoint and the network".to_owned(),
    }
}

fn clock_is_off(error: &Error) -> bool {
    matches!(error, Error::Service { message, .. } if message.contains("system time"))
}
