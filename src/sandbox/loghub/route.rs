//! Which call a request is.

use super::incoming::Incoming;
use super::refused::Refused;
use crate::sandbox::operations::operations;

operations! {
    CreateProject,
    GetProject,
    ListProject,
    UpdateProject,
    DeleteProject,
    CreateLogStore,
    GetLogStore,
    ListLogStore,
    UpdateLogStore,
    DeleteLogStore,
    GetLogs,
    GetHistograms,
    GetIndex,
    CreateIndex,
    UpdateIndex,
    DeleteIndex,
    ListShards,
    SplitShard,
    MergeShards,
    DeleteShard,
    GetCursor,
    GetCursorTime,
    PullLogs,
    PutLogs,
    CreateConsumerGroup,
    ListConsumerGroup,
    UpdateConsumerGroup,
    DeleteConsumerGroup,
    HeartBeat,
    UpdateCheckPoint,
    GetCheckPoint,
}

/// A call with what its path names; what a call does not name is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) logstore: String,
    /// Number, `lb` or `route`.
    pub(super) shard: String,
    pub(super) group: String,
}

impl Route {
    /// The shard's number.
    pub(super) fn shard_id(&self) -> Result<u32, Refused> {
        self.shard
            .parse()
            .map_err(|_malformed| Refused::parameter(format!("invalid shard id: {}", self.shard)))
    }
}

/// Finds the call of a request, by method, path and the parameters that tell calls apart.
pub(super) fn find(incoming: &Incoming<'_>) -> Result<Route, Refused> {
    use Operation as O;
    let segments = incoming.segments();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let method = incoming.method();
    let mut route = Route {
        operation: O::GetProject,
        logstore: String::new(),
        shard: String::new(),
        group: String::new(),
    };
    route.operation = match segments[..] {
        [""] => root(incoming)?,
        ["logstores"] | ["logstores", ""] => match method {
            "POST" => O::CreateLogStore,
            "GET" => O::ListLogStore,
            _ => return Err(invalid_method(method)),
        },
        ["logstores", logstore] => {
            logstore.clone_into(&mut route.logstore);
            match (method, incoming.param("type")) {
                ("GET", Some("log")) => O::GetLogs,
                ("GET", Some("histogram")) => O::GetHistograms,
                ("GET", _) => O::GetLogStore,
                ("PUT", _) => O::UpdateLogStore,
                ("DELETE", _) => O::DeleteLogStore,
                ("POST", _) => O::PutLogs,
                _ => return Err(invalid_method(method)),
            }
        }
        // The second version of the query: its parameters are in the body.
        ["logstores", logstore, "logs"] => {
            logstore.clone_into(&mut route.logstore);
            match method {
                "POST" => O::GetLogs,
                _ => return Err(invalid_method(method)),
            }
        }
        ["logstores", logstore, "index"] => {
            logstore.clone_into(&mut route.logstore);
            match (method, incoming.param("type")) {
                // The Java SDK asks here.
                ("GET", Some("histogram")) => O::GetHistograms,
                ("GET", _) => O::GetIndex,
                ("POST", _) => O::CreateIndex,
                ("PUT", _) => O::UpdateIndex,
                ("DELETE", _) => O::DeleteIndex,
                _ => return Err(invalid_method(method)),
            }
        }
        ["logstores", logstore, "shards"] => {
            logstore.clone_into(&mut route.logstore);
            match method {
                "GET" => O::ListShards,
                _ => return Err(invalid_method(method)),
            }
        }
        ["logstores", logstore, "shards", shard] => {
            logstore.clone_into(&mut route.logstore);
            shard.clone_into(&mut route.shard);
            of_shard(incoming, shard)?
        }
        ["logstores", logstore, "consumergroups"] => {
            logstore.clone_into(&mut route.logstore);
            match method {
                "POST" => O::CreateConsumerGroup,
                "GET" => O::ListConsumerGroup,
                _ => return Err(invalid_method(method)),
            }
        }
        // An empty group name falls through to the refusal that the service gives it.
        ["logstores", _, "consumergroups", ""] => return Err(invalid_method(method)),
        ["logstores", logstore, "consumergroups", group] => {
            logstore.clone_into(&mut route.logstore);
            group.clone_into(&mut route.group);
            of_group(incoming)?
        }
        _ => {
            let message = format!("nothing is at {}", incoming.path());
            return Err(Refused::new(404, "NotFound", message));
        }
    };
    Ok(route)
}

/// At the root one path serves a project and the list of them; the parameters tell which.
fn root(incoming: &Incoming<'_>) -> Result<Operation, Refused> {
    let lists = ["offset", "size", "resourceGroupId"]
        .iter()
        .any(|name| incoming.param(name).is_some());
    match incoming.method() {
        "POST" => Ok(Operation::CreateProject),
        "GET" if lists || incoming.project().is_none() => Ok(Operation::ListProject),
        "GET" => Ok(Operation::GetProject),
        "PUT" => Ok(Operation::UpdateProject),
        "DELETE" => Ok(Operation::DeleteProject),
        method => Err(invalid_method(method)),
    }
}

fn of_shard(incoming: &Incoming<'_>, shard: &str) -> Result<Operation, Refused> {
    let method = incoming.method();
    match (method, incoming.param("type"), incoming.param("action")) {
        ("POST", _, _) if matches!(shard, "lb" | "route") => Ok(Operation::PutLogs),
        ("POST", _, Some("split")) => Ok(Operation::SplitShard),
        ("POST", _, Some("merge")) => Ok(Operation::MergeShards),
        ("DELETE", _, _) => Ok(Operation::DeleteShard),
        ("GET", Some("cursor"), _) => Ok(Operation::GetCursor),
        ("GET", Some("cursor_time"), _) => Ok(Operation::GetCursorTime),
        // The help page has `log`, Go and Rust send `logs`.
        ("GET" | "HEAD", Some("log" | "logs"), _) => Ok(Operation::PullLogs),
        ("POST", _, _) => Err(Refused::parameter("Parameter action is not valid")),
        ("GET" | "HEAD", _, _) => Err(Refused::parameter("Parameter type is not valid")),
        _ => Err(invalid_method(method)),
    }
}

fn of_group(incoming: &Incoming<'_>) -> Result<Operation, Refused> {
    let method = incoming.method();
    match (method, incoming.param("type")) {
        ("POST", Some("heartbeat")) => Ok(Operation::HeartBeat),
        ("POST", Some("checkpoint")) => Ok(Operation::UpdateCheckPoint),
        ("POST", _) => Err(Refused::parameter("Parameter type is not valid")),
        ("GET", _) => Ok(Operation::GetCheckPoint),
        ("PUT", _) => Ok(Operation::UpdateConsumerGroup),
        ("DELETE", _) => Ok(Operation::DeleteConsumerGroup),
        _ => Err(invalid_method(method)),
    }
}

fn invalid_method(method: &str) -> Refused {
    let message = format!("The method {method} is not allowed here");
    Refused::new(405, "InvalidMethod", message)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn name(method: &str, target: &str) -> String {
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("host", "my-project.sls.test")
            .body(Bytes::new())
            .unwrap();
        match find(&Incoming::new(&request)) {
            Ok(route) => route.operation.name().to_owned(),
            Err(refused) => format!("{} {}", refused.status, refused.code),
        }
    }

    #[test]
    fn every_call_is_told_by_method_path_and_parameters() {
        for (method, target, expected) in [
            ("POST", "/", "CreateProject"),
            ("GET", "/", "GetProject"),
            ("GET", "/?offset=0&size=100&resourceGroupId=", "ListProject"),
            ("PUT", "/", "UpdateProject"),
            ("DELETE", "/", "DeleteProject"),
            ("POST", "/logstores", "CreateLogStore"),
            ("GET", "/logstores?offset=0", "ListLogStore"),
            ("GET", "/logstores/a", "GetLogStore"),
            ("GET", "/logstores/a?type=log&from=1&to=2", "GetLogs"),
            ("GET", "/logstores/a?type=histogram", "GetHistograms"),
            ("POST", "/logstores/a/logs", "GetLogs"),
            ("GET", "/logstores/a/index", "GetIndex"),
            ("GET", "/logstores/a/index?type=histogram", "GetHistograms"),
            ("POST", "/logstores/a/index", "CreateIndex"),
            ("PUT", "/logstores/a/index", "UpdateIndex"),
            ("DELETE", "/logstores/a/index", "DeleteIndex"),
            ("PATCH", "/logstores/a/index", "405 InvalidMethod"),
            ("POST", "/logstores/a", "PutLogs"),
            ("POST", "/logstores/a/shards/lb", "PutLogs"),
            ("POST", "/logstores/a/shards/route?key=00", "PutLogs"),
            ("GET", "/logstores/a/shards", "ListShards"),
            (
                "GET",
                "/logstores/a/shards/0?type=cursor&from=end",
                "GetCursor",
            ),
            (
                "GET",
                "/logstores/a/shards/0?type=cursor_time",
                "GetCursorTime",
            ),
            ("GET", "/logstores/a/shards/0?type=log", "PullLogs"),
            ("GET", "/logstores/a/shards/0?type=logs", "PullLogs"),
            ("HEAD", "/logstores/a/shards/0?type=log", "PullLogs"),
            (
                "GET",
                "/logstores/a/shards/0?type=x",
                "400 ParameterInvalid",
            ),
            ("POST", "/logstores/a/shards/0?action=split", "SplitShard"),
            ("POST", "/logstores/a/shards/0?action=merge", "MergeShards"),
            ("DELETE", "/logstores/a/shards/0", "DeleteShard"),
            ("POST", "/logstores/a/consumergroups", "CreateConsumerGroup"),
            ("GET", "/logstores/a/consumergroups", "ListConsumerGroup"),
            (
                "PUT",
                "/logstores/a/consumergroups/g",
                "UpdateConsumerGroup",
            ),
            (
                "DELETE",
                "/logstores/a/consumergroups/g",
                "DeleteConsumerGroup",
            ),
            (
                "GET",
                "/logstores/a/consumergroups/g?shard=0",
                "GetCheckPoint",
            ),
            (
                "POST",
                "/logstores/a/consumergroups/g?type=heartbeat",
                "HeartBeat",
            ),
            (
                "POST",
                "/logstores/a/consumergroups/g?type=checkpoint",
                "UpdateCheckPoint",
            ),
            ("POST", "/logstores/a/consumergroups/", "405 InvalidMethod"),
            ("PATCH", "/logstores/a", "405 InvalidMethod"),
            ("GET", "/nowhere", "404 NotFound"),
        ] {
            assert_eq!(name(method, target), expected, "{method} {target}");
        }
    }
}
