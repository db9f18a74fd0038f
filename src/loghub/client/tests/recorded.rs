//! Recorded sessions, replayed: for each request of the SDK the client makes the same one, and
//! reads the recorded answer.

use prost::Message as _;
use serde_json::{Value, json};

use super::replay::{self, Replay};
use super::*;
use crate::loghub::client::Saved;
use crate::loghub::compression::{Compression, decompress};
use crate::loghub::error::Error;
use crate::loghub::model::{Checkpoint, CursorPosition, Shard, ShardId, ShardStatus};
use crate::loghub::proto::{LogGroup, LogGroupList};
use crate::loghub::sign::split_target;
use crate::loghub::testing::{headers, hex, vectors};
use crate::transport::{Request, Response};

/// A request of the SDK.
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    query: Vec<(String, String)>,
    /// A body of JSON; null where there is none.
    json: Value,
    /// A body of protobuf, decompressed.
    raw: Vec<u8>,
}

impl<'a> Asked<'a> {
    fn new(method: &'a str, target: &'a str) -> Self {
        let (path, query) = split_target(target);
        Self {
            method,
            path,
            query,
            json: Value::Null,
            raw: Vec::new(),
        }
    }

    fn recorded(request: &'a Value) -> Self {
        let text = |field: &str| request[field].as_str().unwrap();
        let headers = headers(&request["headers"]);
        let header = |name: &str| {
            let found = headers.iter().find(|(header, _)| header == name);
            found.map_or("", |(_, value)| value)
        };
        let body = hex(&request["body_hex"]);
        let mut asked = Self::new(text("method"), text("target"));
        if header("content-type") == "application/x-protobuf" {
            let raw_size = header("x-log-bodyrawsize").parse().unwrap();
            asked.raw = match Compression::parse(header("x-log-compresstype")) {
                Some(kind) => decompress(kind, &body, raw_size).unwrap().to_vec(),
                None => body,
            };
        } else if !body.is_empty() {
            asked.json = serde_json::from_slice(&body).unwrap();
        }
        asked
    }

    fn query(&self, key: &str) -> Option<&str> {
        let found = self.query.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    fn consumer(&self) -> Option<ConsumerName> {
        ConsumerName::new(self.query("consumer")?).ok()
    }

    fn number(&self, field: &str) -> u32 {
        self.json[field].as_u64().unwrap().try_into().unwrap()
    }
}

fn shard_id(text: &str) -> ShardId {
    ShardId(text.parse().unwrap())
}

fn shards(shards: Vec<Shard>) -> Value {
    let shown = |shard: Shard| {
        let status = match shard.status {
            ShardStatus::ReadWrite => "readwrite",
            ShardStatus::ReadOnly => "readonly",
        };
        json!({
            "shardID": shard.id.0,
            "status": status,
            "inclusiveBeginKey": shard.begin_key,
            "exclusiveEndKey": shard.end_key,
        })
    };
    shards.into_iter().map(shown).collect()
}

fn checkpoints(checkpoints: Vec<Checkpoint>) -> Value {
    let shown = |one: Checkpoint| {
        json!({
            "shard": one.shard.0,
            "checkpoint": one.cursor.as_ref().map_or("", Cursor::as_str),
            "updateTime": one.updated_micros,
            "consumer": one.consumer,
        })
    };
    checkpoints.into_iter().map(shown).collect()
}

/// Makes the call that `asked` is, and gives its outcome in the words of the wire (null where a
/// write succeeds); `None` where it is a call that this client does not have.
async fn call(client: &Client, asked: &Asked<'_>) -> Option<Result<Value, Error>> {
    let segments: Vec<_> = asked.path.split('/').skip(1).collect();
    let done = |()| Value::Null;
    Some(match (asked.method, &*segments) {
        ("POST", [""]) => {
            let description = asked.json["description"].as_str().unwrap();
            client.create_project(description).await.map(done)
        }
        ("POST", ["logstores"]) => {
            let (count, ttl) = (asked.number("shardCount"), asked.number("ttl"));
            client.create_logstore(count, ttl).await.map(done)
        }
        (_, ["logstores", "my-store", "shards", rest @ ..]) => {
            return call_shards(client, asked, rest).await;
        }
        (_, ["logstores", "my-store", "consumergroups", rest @ ..]) => {
            return call_groups(client, asked, rest).await;
        }
        _ => return None,
    })
}

async fn call_shards(
    client: &Client,
    asked: &Asked<'_>,
    rest: &[&str],
) -> Option<Result<Value, Error>> {
    let kind = asked.query("type").or(asked.query("action"));
    let at = || Cursor::new(asked.query("cursor").unwrap());
    Some(match (asked.method, rest, kind) {
        ("GET", [], None) => client.list_shards().await.map(shards),
        ("POST", ["lb" | "route"], None) => {
            let group = LogGroup::decode(&*asked.raw).unwrap();
            let put = client.put_logs(&group, asked.query("key"));
            put.await.map(|()| Value::Null)
        }
        ("GET", [shard], Some("cursor")) => {
            let from = match asked.query("from").unwrap() {
                "begin" => CursorPosition::Begin,
                "end" => CursorPosition::End,
                seconds => CursorPosition::Since(seconds.parse().unwrap()),
            };
            let cursor = client.get_cursor(shard_id(shard), from).await;
            cursor.map(|cursor| json!({"cursor": cursor.as_str()}))
        }
        ("GET", [shard], Some("cursor_time")) => {
            let time = client.cursor_time(shard_id(shard), &at()).await;
            time.map(|time| json!({"cursor_time": time}))
        }
        ("GET", [shard], Some("log")) => {
            let count = asked.query("count").unwrap().parse().unwrap();
            let (shard, at) = (shard_id(shard), at());
            let pull = client.pull_logs(shard, &at, count, Compression::Lz4);
            pull.await.map(|pull| {
                let groups = LogGroupList::decode(pull.data.clone()).unwrap().groups;
                json!([
                    pull.next.as_str(),
                    pull.group_count,
                    pull.data.len(),
                    groups.len()
                ])
            })
        }
        ("POST", [shard], Some("split")) => {
            let key = asked.query("key").unwrap();
            client.split_shard(shard_id(shard), key).await.map(shards)
        }
        ("POST", [shard], Some("merge")) => client.merge_shards(shard_id(shard)).await.map(shards),
        _ => return None,
    })
}

async fn call_groups(
    client: &Client,
    asked: &Asked<'_>,
    rest: &[&str],
) -> Option<Result<Value, Error>> {
    let name = |text: &str| ConsumerGroupName::new(text).unwrap();
    let done = |()| Value::Null;
    Some(match (asked.method, rest, asked.query("type")) {
        ("GET", [], None) => client.list_consumer_groups().await.map(|groups| {
            let shown = groups.into_iter().map(|group| {
                json!({"name": group.name, "timeout": group.timeout_seconds, "order": group.order})
            });
            shown.collect()
        }),
        ("POST", [], None) => {
            let group = name(asked.json["consumerGroup"].as_str().unwrap());
            let timeout = Duration::from_secs(asked.number("timeout").into());
            let order = asked.json["order"].as_bool().unwrap();
            client
                .create_consumer_group(&group, timeout, order)
                .await
                .map(done)
        }
        ("DELETE", [group], None) => client.delete_consumer_group(&name(group)).await.map(done),
        ("GET", [group], None) => match asked.query("shard") {
            Some(shard) => {
                let checkpoint = client.get_checkpoint(&name(group), shard_id(shard)).await;
                checkpoint.map(|one| checkpoints(vec![one]))
            }
            None => client.list_checkpoints(&name(group)).await.map(checkpoints),
        },
        ("POST", [group], Some("heartbeat")) => {
            let held: Vec<u32> = serde_json::from_value(asked.json.clone()).unwrap();
            let held: Vec<_> = held.into_iter().map(ShardId).collect();
            let answer = client
                .heartbeat(&name(group), &asked.consumer()?, &held)
                .await;
            answer.map(|shards| shards.into_iter().map(|shard| shard.0).collect())
        }
        ("POST", [group], Some("checkpoint")) => {
            // The SDK can force a checkpoint without a consumer; we never do.
            let consumer = asked.consumer()?;
            let shard = ShardId(asked.number("shard"));
            let cursor = Cursor::new(asked.json["checkpoint"].as_str().unwrap());
            let saved = client
                .update_checkpoint(&name(group), &consumer, shard, &cursor)
                .await;
            saved.map(|saved| match saved {
                Saved::Saved => Value::Null,
                Saved::Fenced(code) => json!({"fenced": code.as_str()}),
            })
        }
        _ => return None,
    })
}

/// Our request is the SDK's, but for what is said here.
fn compare_requests(ours: &Request, asked: &Asked<'_>) {
    assert_eq!(ours.method().as_str(), asked.method);
    let (path, mut query) = split_target(ours.uri().path_and_query().unwrap().as_str());
    assert_eq!(path, asked.path);
    let mut theirs = asked.query.clone();
    // A pull of ours has no end.
    theirs.retain(|(key, _)| key != "end_cursor");
    for (key, value) in &mut theirs {
        // We never force a checkpoint.
        if key == "forceSuccess" && value == "True" {
            *value = "false".to_owned();
        }
    }
    query.sort();
    theirs.sort();
    assert_eq!(query, theirs, "{path}");
}

/// Our body is the SDK's; of an object, we may leave out keys that have defaults.
fn compare_bodies(ours: &Request, asked: &Asked<'_>) {
    if !asked.raw.is_empty() {
        let raw = decompress(Compression::Lz4, ours.body(), asked.raw.len()).unwrap();
        assert_eq!(raw, asked.raw);
        return;
    }
    let json: Value = if ours.body().is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(ours.body()).unwrap()
    };
    let Some(object) = json.as_object() else {
        assert_eq!(json, asked.json);
        return;
    };
    assert!(!object.is_empty());
    for (key, value) in object {
        assert_eq!(*value, asked.json[key], "{} {key}", asked.path);
    }
}

/// The outcome that an answer of 200 must have, in the words of the wire.
fn expected(asked: &Asked<'_>, answer: &Response) -> Value {
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    if let Some(count) = header("x-log-count") {
        let count: u32 = count.parse().unwrap();
        let size: u64 = header("x-log-bodyrawsize").unwrap().parse().unwrap();
        return json!([header("x-log-cursor").unwrap(), count, size, count]);
    }
    if answer.body().is_empty() {
        return Value::Null;
    }
    let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
    for one in body.as_array_mut().into_iter().flatten() {
        if let Some(object) = one.as_object_mut() {
            object.remove("createTime");
        }
    }
    match asked.query("shard") {
        Some(shard) if body == json!([]) => {
            let shard: u32 = shard.parse().unwrap();
            json!([{"shard": shard, "checkpoint": "", "updateTime": 0, "consumer": ""}])
        }
        _ => body,
    }
}

/// Makes the call again and compares; false where the client does not have it.
async fn replay_exchange(exchange: &Value) -> bool {
    let asked = Asked::recorded(&exchange["request"]);
    let answer = replay::recorded(&exchange["response"]);
    let transport = Replay::once(answer.clone());
    let client = client(&transport);
    let Some(outcome) = call(&client, &asked).await else {
        return false;
    };
    let ours = transport.only_request();
    compare_requests(&ours, &asked);
    compare_bodies(&ours, &asked);
    if answer.status() == 200 {
        assert_eq!(
            outcome.unwrap(),
            expected(&asked, &answer),
            "{}",
            asked.path
        );
        return true;
    }
    let said: Value = serde_json::from_slice(answer.body()).unwrap();
    match outcome {
        Ok(outcome) => assert_eq!(outcome, json!({"fenced": said["errorCode"]})),
        Err(Error::Service {
            status,
            code,
            message,
            request_id,
            ..
        }) => {
            assert_eq!(status, answer.status().as_u16());
            assert_eq!(
                (code.as_str(), &*message),
                (
                    said["errorCode"].as_str().unwrap(),
                    said["errorMessage"].as_str().unwrap()
                )
            );
            assert_eq!(answer.headers()["x-log-requestid"], *request_id);
        }
        Err(error) => panic!("{error:?}"),
    }
    true
}

#[tokio::test(start_paused = true)]
async fn calls_of_the_sdk_are_made_alike_and_their_answers_read() {
    let vectors = vectors("exchanges-api.json");
    let exchanges = vectors["exchanges"].as_array().unwrap();
    let mut others = Vec::new();
    for exchange in exchanges {
        if !replay_exchange(exchange).await {
            let request = &exchange["request"];
            others.push(format!("{} {}", request["method"], request["target"]).replace('"', ""));
        }
    }
    // What a shipper has no use for.
    let expected = [
        "GET /",
        "GET /?offset=0&size=100&resourceGroupId=",
        "GET /logstores/my-store",
        "GET /logstores?offset=0&size=100",
        "GET /logstores/my-store",
        "PUT /logstores/my-store",
        "PUT /logstores/my-store/consumergroups/my-group",
        "POST /logstores/my-store/consumergroups/my-group?type=checkpoint&consumer=&forceSuccess=True",
        "DELETE /logstores/my-store",
        "DELETE /",
    ];
    assert_eq!(others, expected);
}

#[tokio::test(start_paused = true)]
async fn sessions_of_the_consumer_library_are_made_alike() {
    let vectors = vectors("exchanges-consumer.json");
    let (mut replayed, mut others) = (0, Vec::new());
    for scenario in vectors["scenarios"].as_array().unwrap() {
        for exchange in scenario["exchanges"].as_array().unwrap() {
            if replay_exchange(exchange).await {
                replayed += 1;
            } else {
                others.push(exchange["request"]["method"].clone());
            }
        }
    }
    // An existing group is used as it is, where the library changes it.
    assert!(others.iter().all(|method| method == "PUT"), "{others:?}");
    assert_eq!((replayed, others.len()), (130, 2));
}

/// The value of `--NAME=` in the arguments of a command.
fn argument<'a>(args: &'a [Value], names: &[&str]) -> Option<&'a str> {
    args.iter().filter_map(Value::as_str).find_map(|arg| {
        let (name, value) = arg.strip_prefix("--")?.split_once('=')?;
        names.contains(&name).then_some(value)
    })
}

#[tokio::test(start_paused = true)]
async fn commands_of_the_command_line_tool_are_calls_of_ours() {
    let vectors = vectors("cli.json");
    let commands = vectors["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 8);
    for command in commands {
        let args = command["args"].as_array().unwrap();
        let requests = command["requests"].as_array().unwrap();
        assert_eq!(
            (requests.len(), &command["exit"]),
            (1, &json!(0)),
            "{args:?}"
        );
        let text = |part: usize| requests[0][part].as_str().unwrap();
        let mut asked = Asked::new(text(0), text(1));
        let number =
            |names: &[&str]| argument(args, names).map(|text| text.parse::<u32>().unwrap());
        asked.json = json!({
            "description": argument(args, &["project_des"]),
            "shardCount": number(&["shard_count"]),
            "ttl": 30,
            "consumerGroup": argument(args, &["consumer_group"]),
            "timeout": number(&["timeout"]),
            "order": false,
        });
        let stdout = command["stdout"].as_str().unwrap();
        let answer = if asked.query("type") == Some("log") {
            // What it prints are logs, one by one, not the answer.
            let headers = [
                ("x-log-cursor", "a"),
                ("x-log-count", "0"),
                ("x-log-bodyrawsize", "0"),
            ];
            replay::response(200, headers, "")
        } else {
            replay::json(stdout.to_owned())
        };
        let transport = Replay::once(answer.clone());
        let outcome = call(&client(&transport), &asked).await;
        let outcome = outcome.unwrap_or_else(|| panic!("{} {}", text(0), text(1)));
        compare_requests(&transport.only_request(), &asked);
        assert_eq!(outcome.unwrap(), expected(&asked, &answer), "{args:?}");
    }
}
