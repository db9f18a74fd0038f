//! Projects, logstores and shards come and go.

use super::*;

#[tokio::test(start_paused = true)]
async fn projects_and_logstores_live_and_die() {
    let sandbox = sandbox();
    let bare = |call: Call| call.with("host", "sls.test");
    let project = json!({"projectName": "second-project", "description": "d"});
    ok(&sandbox, bare(Call::json("POST", "/", &project)));
    let again = bare(Call::json("POST", "/", &project));
    assert_eq!(refused(&sandbox, again), "400 ProjectAlreadyExist");
    let list = ok(&sandbox, bare(Call::get("/?offset=1&size=100")));
    assert_eq!((&list["count"], &list["total"]), (&json!(1), &json!(2)));
    assert_eq!(list["projects"][0]["projectName"], "second-project");
    let at_second = |call: Call| call.with("host", "second-project.127.0.0.1:8080");
    let changed = json!({"description": "changed"});
    ok(&sandbox, at_second(Call::json("PUT", "/", &changed)));
    let shown = ok(&sandbox, at_second(Call::get("/")));
    assert_eq!(shown["description"], "changed");
    assert_eq!(shown["createTime"], "1700000000");
    // The Rust SDK wants it, and the mode of a logstore.
    assert_eq!(shown["dataRedundancyType"], "LRS");
    // As the Java SDK sends it.
    let labelled = Call::json("PUT", "/", &json!({"description": "from Java"}))
        .with("content-type", "application/x-protobuf");
    ok(&sandbox, at_second(labelled));
    let shown = ok(&sandbox, at_second(Call::get("/")));
    assert_eq!(shown["description"], "from Java");

    let logstore = json!({"logstoreName": "store", "ttl": 3, "shardCount": 3});
    let create = || at_second(Call::json("POST", "/logstores", &logstore));
    ok(&sandbox, create());
    assert_eq!(refused(&sandbox, create()), "400 LogStoreAlreadyExist");
    let shown = ok(&sandbox, at_second(Call::get("/logstores/store")));
    for name in [
        "enable_tracking",
        "appendMeta",
        "autoSplit",
        "maxSplitShard",
        "mode",
    ] {
        assert!(shown.get(name).is_some(), "{name}");
    }
    let update = Call::json(
        "PUT",
        "/logstores/store",
        &json!({"ttl": 7, "shardCount": 9}),
    );
    ok(&sandbox, at_second(update));
    let shown = ok(&sandbox, at_second(Call::get("/logstores/store")));
    assert_eq!(
        (&shown["ttl"], &shown["shardCount"]),
        (&json!(7), &json!(3))
    );
    let list = ok(
        &sandbox,
        at_second(Call::get("/logstores?offset=0&size=10")),
    );
    assert_eq!(
        list,
        json!({"count": 1, "total": 1, "logstores": ["store"]})
    );
    for bad in [
        json!({"logstoreName": "x", "ttl": 3, "shardCount": 1}),
        json!({"logstoreName": "other", "ttl": 0, "shardCount": 1}),
        json!({"logstoreName": "other", "ttl": 3, "shardCount": 0}),
    ] {
        let call = at_second(Call::json("POST", "/logstores", &bad));
        assert_eq!(refused(&sandbox, call), "400 LogStoreInfoInvalid", "{bad}");
    }
    ok(&sandbox, at_second(Call::new("DELETE", "/logstores/store")));
    ok(&sandbox, at_second(Call::new("DELETE", "/")));
    let gone = at_second(Call::get("/"));
    assert_eq!(refused(&sandbox, gone), "404 ProjectNotExist");
}

#[tokio::test(start_paused = true)]
async fn shards_are_split_merged_and_deleted() {
    let sandbox = sandbox();
    let ids = |value: &Value| -> Vec<(u64, String)> {
        let list = value.as_array().unwrap().iter();
        list.map(|shard| {
            let status = shard["status"].as_str().unwrap().to_owned();
            (shard["shardID"].as_u64().unwrap(), status)
        })
        .collect()
    };
    let named = |list: &[(u64, &str)]| -> Vec<(u64, String)> {
        list.iter().map(|(id, s)| (*id, (*s).to_owned())).collect()
    };
    let key = format!("4{}", "0".repeat(31));
    let split = Call::new(
        "POST",
        &format!("/logstores/logs/shards/0?action=split&key={key}"),
    );
    let answer = ok(&sandbox, split.clone());
    assert_eq!(
        ids(&answer),
        named(&[(0, "readonly"), (2, "readwrite"), (3, "readwrite")])
    );
    assert_eq!(answer[2]["inclusiveBeginKey"], json!(key));
    assert_eq!(
        answer[2]["exclusiveEndKey"],
        json!(format!("8{}", "0".repeat(31)))
    );
    assert_eq!(refused(&sandbox, split), "400 ParameterInvalid");
    let merge = Call::new("POST", "/logstores/logs/shards/3?action=merge");
    assert_eq!(
        ids(&ok(&sandbox, merge)),
        named(&[(3, "readonly"), (1, "readonly"), (4, "readwrite")])
    );
    let even = Call::new("POST", "/logstores/logs/shards/2?action=split&shardCount=3");
    assert_eq!(ids(&ok(&sandbox, even)).len(), 4);
    let delete = |id: u32| Call::new("DELETE", &format!("/logstores/logs/shards/{id}"));
    assert_eq!(refused(&sandbox, delete(4)), "400 ParameterInvalid");
    ok(&sandbox, delete(0));
    let left: Vec<u64> = ids(&ok(&sandbox, Call::get("/logstores/logs/shards")))
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(left, [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_parameter_is_as_good_as_none() {
    let sandbox = sandbox();
    let list = ok(
        &sandbox,
        Call::get("/logstores?logstoreName=&offset=&size="),
    );
    assert_eq!(list, json!({"count": 1, "total": 1, "logstores": ["logs"]}));
    let malformed = Call::get("/logstores?offset=x");
    assert_eq!(refused(&sandbox, malformed), "400 ParameterInvalid");
}

#[tokio::test(start_paused = true)]
async fn a_logstore_has_no_index_to_query_by() {
    let sandbox = sandbox();
    let empty = json!({});
    for (call, expected) in [
        (
            Call::get("/logstores/logs?type=log&from=1&to=2"),
            "400 IndexConfigNotExist",
        ),
        (
            Call::get("/logstores/logs?type=histogram&from=1&to=2"),
            "400 IndexConfigNotExist",
        ),
        (
            Call::json("POST", "/logstores/logs/logs", &empty),
            "400 IndexConfigNotExist",
        ),
        (
            Call::get("/logstores/logs/index"),
            "404 IndexConfigNotExist",
        ),
        (
            Call::json("POST", "/logstores/logs/index", &empty),
            "400 ParameterInvalid",
        ),
        (
            Call::get("/logstores/none?type=log&from=1&to=2"),
            "404 LogStoreNotExist",
        ),
    ] {
        assert_eq!(refused(&sandbox, call), expected);
    }
}
