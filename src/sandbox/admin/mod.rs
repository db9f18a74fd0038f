//! `/__admin/`: looks into a sandbox and steers it, over the same HTTP, without a signature.
//!
//! For tests in any language. A request goes [`ask`] (which question is it?) → [`steer`] or
//! [`show`] → JSON, one function each; no socket is needed. Nothing here is recorded as a call or
//! meets a scripted fault. The real services have nothing of the kind: `docs/sandbox.md` is its
//! reference.

mod ask;
mod logs;
mod query;
mod show;
mod steer;

use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use self::ask::Ask;
use super::{Error, Sandbox};

/// What the paths of the admin interface start with, on the ports of both services.
pub const PREFIX: &str = "/__admin";

/// Whether a request is for here rather than for a service.
pub(super) fn is_for_admin(request: &http::Request<Bytes>) -> bool {
    let rest = request.uri().path().strip_prefix(PREFIX);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers one request.
pub(super) fn respond(sandbox: &Sandbox, request: &http::Request<Bytes>) -> http::Response<Bytes> {
    let answer = ask::read(request).and_then(|ask| answer(sandbox, ask));
    match answer {
        Ok(Answer::Json(value)) => response(StatusCode::OK, "application/json", &[value]),
        Ok(Answer::Lines(values)) => response(StatusCode::OK, "application/jsonl", &values),
        Err(Refusal { status, error }) => {
            response(status, "application/json", &[json!({ "error": error })])
        }
    }
}

/// What a question brings.
#[derive(Debug, PartialEq)]
enum Answer {
    /// One value.
    Json(Value),
    /// Any number of values, a line each.
    Lines(Vec<Value>),
}

/// A question that makes no sense here.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    /// What is wrong, and what would be right.
    error: String,
}

impl Refusal {
    fn bad(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: error.into(),
        }
    }

    fn not_found(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            error: error.into(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused { code, .. } if code.ends_with("NotExist") => {
                Self::not_found(error.to_string())
            }
            _ => Self::bad(error.to_string()),
        }
    }
}

fn answer(sandbox: &Sandbox, ask: Ask) -> Result<Answer, Refusal> {
    let value = match ask {
        Ask::Index => ask::index(),
        Ask::Calls { operation, limit } => show::calls(sandbox, operation.as_deref(), limit),
        Ask::Counts => show::counts(sandbox),
        Ask::ForgetCalls => steer::forget_calls(sandbox),
        Ask::Logstores => show::logstores(sandbox),
        Ask::Logstore(place) => show::logstore(sandbox, &place)?,
        Ask::Logs { place, shard } => {
            return show::logs(sandbox, &place, shard).map(Answer::Lines);
        }
        Ask::Shard { place, shard, act } => steer::shard(sandbox, &place, shard, act)?,
        Ask::Expire {
            place,
            group,
            consumer,
        } => steer::expire(sandbox, &place, &group, &consumer)?,
        Ask::Tables => show::tables(sandbox),
        Ask::Table(table) => show::table(sandbox, &table)?,
        Ask::Rows { table, versions } => {
            return show::rows(sandbox, &table, versions).map(Answer::Lines);
        }
        Ask::Faults => show::faults(sandbox),
        Ask::AddFaults(script) => steer::add_faults(sandbox, &script)?,
        Ask::ClearFaults => steer::clear_faults(sandbox),
        Ask::Seed(text) => steer::seed(sandbox, &text)?,
        Ask::Reset => steer::reset(sandbox),
    };
    Ok(Answer::Json(value))
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    lines: &[Value],
) -> http::Response<Bytes> {
    let mut body = String::new();
    for line in lines {
        writeln!(body, "{line}").expect("a string takes any text");
    }
    let mut response = http::Response::new(body.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests;
