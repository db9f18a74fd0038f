//! Which question a request is.

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::query::Query;
use super::{PREFIX, Refusal};
use crate::sandbox::row_json::Versions;
use crate::tablestore::TableName;

/// Calls that are shown where the request does not say how many.
const CALLS: usize = 100;

/// Every question, as the index shows it.
const INDEX: &[(&str, &str, &str)] = &[
    ("GET", "/", "this list"),
    (
        "GET",
        "/calls?operation=X&limit=N",
        "the latest calls, oldest first",
    ),
    ("DELETE", "/calls", "forget calls and counts"),
    ("GET", "/counts", "calls by operation and error code"),
    ("GET", "/logstores", "projects and logstores"),
    (
        "GET",
        "/logstores/P/L",
        "shards and consumer groups of a logstore",
    ),
    (
        "GET",
        "/logstores/P/L/logs?shard=N",
        "its log groups, JSON lines",
    ),
    (
        "POST",
        "/logstores/P/L/shards/N/split?key=HEX",
        "split a shard",
    ),
    (
        "POST",
        "/logstores/P/L/shards/N/merge",
        "merge a shard with its right neighbour",
    ),
    (
        "POST",
        "/logstores/P/L/shards/N/seal",
        "make a shard read-only",
    ),
    (
        "POST",
        "/logstores/P/L/shards/N/trim?to=X",
        "forget log groups before a cursor",
    ),
    (
        "POST",
        "/logstores/P/L/consumergroups/G/expire?consumer=C",
        "let a consumer time out at once",
    ),
    ("GET", "/tables", "tables"),
    (
        "GET",
        "/tables/T",
        "schema, options and counters of a table",
    ),
    ("GET", "/tables/T/rows?versions=all", "its rows, JSON lines"),
    (
        "GET",
        "/faults",
        "scripted faults, and how often each struck",
    ),
    ("POST", "/faults", "add the lines of a fault script"),
    ("DELETE", "/faults", "forget all faults"),
    ("POST", "/seed", "add what a seed describes"),
    ("POST", "/reset", "empty everything"),
];

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Index,
    Calls {
        operation: Option<String>,
        limit: usize,
    },
    Counts,
    ForgetCalls,
    Logstores,
    Logstore(Place),
    Logs {
        place: Place,
        shard: Option<u32>,
    },
    Shard {
        place: Place,
        shard: u32,
        act: ShardAct,
    },
    Expire {
        place: Place,
        group: String,
        consumer: String,
    },
    Tables,
    Table(TableName),
    Rows {
        table: TableName,
        versions: Versions,
    },
    Faults,
    AddFaults(String),
    ClearFaults,
    Seed(String),
    Reset,
}

/// Which logstore is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) project: String,
    pub(super) logstore: String,
}

/// What becomes of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ShardAct {
    /// Divided at this key, or in the middle.
    Split(Option<String>),
    /// Joined with its right neighbour.
    Merge,
    /// Takes no more logs.
    Seal,
    /// Forgets what is before.
    Trim(TrimTo),
}

/// Where a trimmed shard begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TrimTo {
    /// At this cursor, or at the number that it spells.
    Cursor(String),
    /// After this many of its log groups.
    Groups(usize),
}

/// The index.
pub(super) fn index() -> Value {
    let questions = INDEX.iter().map(|(method, path, what)| {
        json!({ "method": method, "path": format!("{PREFIX}{path}"), "what": what })
    });
    Value::Array(questions.collect())
}

/// Finds the question that a request asks.
pub(super) fn read(request: &http::Request<Bytes>) -> Result<Ask, Refusal> {
    let path = request.uri().path();
    let inside = path.strip_prefix(PREFIX).unwrap_or(path);
    let segments: Vec<_> = inside
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let mut query = Query::of(request.uri());
    let ask = find(request, &segments, &mut query)?.ok_or_else(|| {
        let method = request.method();
        Refusal::not_found(format!("nothing is at {method} {path}: see GET {PREFIX}/"))
    })?;
    query.finish()?;
    Ok(ask)
}

fn find(
    request: &http::Request<Bytes>,
    path: &[&str],
    query: &mut Query,
) -> Result<Option<Ask>, Refusal> {
    let place = |project: &str, logstore: &str| Place {
        project: project.to_owned(),
        logstore: logstore.to_owned(),
    };
    Ok(Some(match (request.method().as_str(), path) {
        ("GET", []) => Ask::Index,
        ("GET", ["calls"]) => Ask::Calls {
            operation: query.take("operation"),
            limit: query.number("limit")?.unwrap_or(CALLS),
        },
        ("DELETE", ["calls"]) => Ask::ForgetCalls,
        ("GET", ["counts"]) => Ask::Counts,
        ("GET", ["logstores"]) => Ask::Logstores,
        ("GET", ["logstores", project, logstore]) => Ask::Logstore(place(project, logstore)),
        ("GET", ["logstores", project, logstore, "logs"]) => Ask::Logs {
            place: place(project, logstore),
            shard: query.number("shard")?,
        },
        ("POST", ["logstores", project, logstore, "shards", shard, act]) => {
            let Some(act) = shard_act(act, query)? else {
                return Ok(None);
            };
            let shard = shard
                .parse()
                .map_err(|_malformed| Refusal::bad(format!("{shard:?} is no number of a shard")))?;
            let place = place(project, logstore);
            Ask::Shard { place, shard, act }
        }
        (
            "POST",
            [
                "logstores",
                project,
                logstore,
                "consumergroups",
                group,
                "expire",
            ],
        ) => Ask::Expire {
            place: place(project, logstore),
            group: (*group).to_owned(),
            consumer: query.need("consumer")?,
        },
        ("GET", ["tables"]) => Ask::Tables,
        ("GET", ["tables", table]) => Ask::Table(table_name(table)?),
        ("GET", ["tables", table, "rows"]) => Ask::Rows {
            table: table_name(table)?,
            versions: versions(query)?,
        },
        ("GET", ["faults"]) => Ask::Faults,
        ("POST", ["faults"]) => Ask::AddFaults(text(request.body())?),
        ("DELETE", ["faults"]) => Ask::ClearFaults,
        ("POST", ["seed"]) => Ask::Seed(text(request.body())?),
        ("POST", ["reset"]) => Ask::Reset,
        _ => return Ok(None),
    }))
}

fn shard_act(name: &str, query: &mut Query) -> Result<Option<ShardAct>, Refusal> {
    Ok(Some(match name {
        "split" => ShardAct::Split(query.take("key")),
        "merge" => ShardAct::Merge,
        "seal" => ShardAct::Seal,
        "trim" => ShardAct::Trim(match (query.take("to"), query.number("groups")?) {
            (Some(cursor), None) => TrimTo::Cursor(cursor),
            (None, Some(groups)) => TrimTo::Groups(groups),
            _ => {
                let error = "trim takes one of to=CURSOR and groups=COUNT";
                return Err(Refusal::bad(error));
            }
        }),
        _ => return Ok(None),
    }))
}

fn text(body: &Bytes) -> Result<String, Refusal> {
    let text = str::from_utf8(body);
    let text = text.map_err(|_malformed| Refusal::bad("the body is not UTF-8"))?;
    Ok(text.to_owned())
}

fn table_name(name: &str) -> Result<TableName, Refusal> {
    TableName::new(name).map_err(|error| Refusal::bad(error.to_string()))
}

fn versions(query: &mut Query) -> Result<Versions, Refusal> {
    match query.take("versions").as_deref() {
        None | Some("newest") => Ok(Versions::Newest),
        Some("all") => Ok(Versions::All),
        Some(other) => Err(Refusal::bad(format!(
            "versions={other} is not known: newest or all"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, target: &str) -> Result<Ask, Refusal> {
        let request = http::Request::builder().method(method).uri(target);
        read(&request.body(Bytes::new()).unwrap())
    }

    #[test]
    fn what_the_index_lists_is_there() {
        for (method, path, what) in INDEX {
            let target = format!("{PREFIX}{}", path.replace("=N", "=7").replace("/N/", "/7/"));
            assert!(ask(method, &target).is_ok(), "{what}: {target}");
        }
    }

    #[test]
    fn names_are_decoded_and_targets_may_be_absolute() {
        let target = "http://p.sls.test:80/__admin/logstores/p%2Dq/l/shards/3/trim?to=12";
        let place = Place {
            project: "p-q".to_owned(),
            logstore: "l".to_owned(),
        };
        assert_eq!(
            ask("POST", target),
            Ok(Ask::Shard {
                place,
                shard: 3,
                act: ShardAct::Trim(TrimTo::Cursor("12".to_owned()))
            })
        );
    }

    #[test]
    fn typos_are_refused_and_say_what_would_be_right() {
        for (method, target, status, error) in [
            (
                "GET",
                "/__admin/call",
                404,
                "nothing is at GET /__admin/call: see GET /__admin/",
            ),
            (
                "PUT",
                "/__admin/calls",
                404,
                "nothing is at PUT /__admin/calls: see GET /__admin/",
            ),
            (
                "GET",
                "/__admin/calls?op=X",
                400,
                "unknown parameter \"op\"; known here: operation, limit",
            ),
            (
                "GET",
                "/__admin/counts?x=1",
                400,
                "unknown parameter \"x\"; none is taken here",
            ),
            (
                "GET",
                "/__admin/calls?limit=x",
                400,
                "limit=x is no fitting number",
            ),
            (
                "GET",
                "/__admin/tables/t/rows?versions=2",
                400,
                "versions=2 is not known: newest or all",
            ),
            (
                "POST",
                "/__admin/logstores/p/l/shards/x/merge",
                400,
                "\"x\" is no number of a shard",
            ),
            (
                "POST",
                "/__admin/logstores/p/l/shards/0/trim",
                400,
                "trim takes one of to=CURSOR and groups=COUNT",
            ),
            (
                "POST",
                "/__admin/logstores/p/l/consumergroups/g/expire",
                400,
                "the parameter consumer is missing",
            ),
        ] {
            let refusal = ask(method, target).unwrap_err();
            assert_eq!(
                (refusal.status.as_u16(), refusal.error.as_str()),
                (status, error)
            );
        }
    }
}
