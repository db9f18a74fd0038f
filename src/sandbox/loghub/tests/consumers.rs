//! Consumer groups over the wire.

use super::*;

fn heartbeat(consumer: &str, working: &[u32]) -> Call {
    let target = format!("/logstores/logs/consumergroups/gg?type=heartbeat&consumer={consumer}");
    Call::json("POST", &target, &json!(working))
}

fn save(consumer: &str, shard: u32, checkpoint: &str, force: &str) -> Call {
    let target = format!(
        "/logstores/logs/consumergroups/gg?type=checkpoint&consumer={consumer}&forceSuccess={force}"
    );
    let body = json!({"shard": shard, "checkpoint": checkpoint});
    Call::json("POST", &target, &body)
}

#[tokio::test(start_paused = true)]
async fn a_consumer_group_is_made_shared_and_deleted() {
    let sandbox = sandbox();
    let groups = "/logstores/logs/consumergroups";
    let body = json!({"consumerGroup": "gg", "timeout": 30, "order": true});
    ok(&sandbox, Call::json("POST", groups, &body));
    let again = Call::json("POST", groups, &body);
    assert_eq!(refused(&sandbox, again), "400 ConsumerGroupAlreadyExist");
    let group = "/logstores/logs/consumergroups/gg";
    ok(&sandbox, Call::json("PUT", group, &json!({"timeout": 20})));
    let list = ok(&sandbox, Call::get(groups));
    assert_eq!(list, json!([{"name": "gg", "timeout": 20, "order": true}]));

    assert_eq!(ok(&sandbox, heartbeat("a", &[])), json!([0, 1]));
    let unknown = heartbeat("b", &[1]);
    assert_eq!(refused(&sandbox, unknown), "400 NotExistConsumerWithBody");
    assert_eq!(ok(&sandbox, heartbeat("b", &[])), json!([]));
    assert_eq!(ok(&sandbox, heartbeat("a", &[0])), json!([0]));
    assert_eq!(ok(&sandbox, heartbeat("b", &[])), json!([1]));

    let mark = cursor(&sandbox, "end");
    ok(&sandbox, save("a", 0, &mark, "false"));
    for (call, expected) in [
        (save("a", 1, &mark, "false"), "400 ConsumerNotMatch"),
        (save("c", 0, &mark, "false"), "404 ConsumerNotExist"),
        (save("a", 9, &mark, "false"), "404 ShardNotExist"),
        (
            save("a", 0, "no base64!", "false"),
            "400 InvalidShardCheckPoint",
        ),
        (save("a", 0, "", "false"), "400 InvalidShardCheckPoint"),
        (save("a", 1, &mark, "True"), "200"),
        (save("", 1, &mark, "true"), "200"),
        (save("", 1, &mark, "false"), "404 ConsumerNotExist"),
        (heartbeat("", &[]), "400 ParameterInvalid"),
        (heartbeat("a", &[]).body("{}"), "400 JsonInfoInvalid"),
    ] {
        let what = format!("{call:?}");
        assert_eq!(refused(&sandbox, call), expected, "{what}");
    }
    let list = ok(&sandbox, Call::get(group));
    assert_eq!(
        list[0],
        json!({
            "shard": 0, "checkpoint": mark, "updateTime": 1_700_000_000_000_000_u64, "consumer": "a"
        })
    );
    let one = ok(&sandbox, Call::get(&format!("{group}?shard=1")));
    assert_eq!(
        (one.as_array().unwrap().len(), &one[0]["consumer"]),
        (1, &json!(""))
    );
    assert_eq!(
        ok(&sandbox, Call::get(&format!("{group}?shard=99"))),
        json!([])
    );

    let snapshot = sandbox.loghub().group("pro", "logs", "gg").unwrap();
    assert!(snapshot.consumers.keys().eq(["a", "b"]));
    assert_eq!(
        (snapshot.held_by("a"), snapshot.held_by("b")),
        (vec![0], vec![1])
    );
    sandbox
        .loghub()
        .drop_consumer("pro", "logs", "gg", "a")
        .unwrap();
    assert_eq!(
        refused(&sandbox, heartbeat("a", &[0])),
        "400 NotExistConsumerWithBody"
    );
    ok(&sandbox, Call::new("DELETE", group));
    assert_eq!(
        refused(&sandbox, heartbeat("a", &[])),
        "404 ConsumerGroupNotExist"
    );
}

#[tokio::test(start_paused = true)]
async fn a_consumer_times_out_by_the_sandboxs_clock() {
    let sandbox = sandbox();
    let timeout = Duration::from_secs(20);
    let steer = sandbox.loghub();
    steer
        .create_group("pro", "logs", "gg", timeout, true)
        .unwrap();
    ok(&sandbox, heartbeat("a", &[]));
    tokio::time::advance(Duration::from_secs(19)).await;
    assert_eq!(ok(&sandbox, heartbeat("b", &[])), json!([]));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(ok(&sandbox, heartbeat("b", &[])), json!([0, 1]));
}

#[tokio::test(start_paused = true)]
async fn children_start_when_the_end_of_their_parent_is_saved() {
    let sandbox = sandbox();
    let steer = sandbox.loghub();
    let timeout = Duration::from_secs(20);
    steer
        .create_group("pro", "logs", "gg", timeout, true)
        .unwrap();
    steer.put("pro", "logs", Some(0), &group("x")).unwrap();
    ok(&sandbox, heartbeat("a", &[]));
    assert_eq!(steer.split("pro", "logs", 0).unwrap(), [2, 3]);
    assert_eq!(ok(&sandbox, heartbeat("a", &[0, 1])), json!([0, 1]));
    let before_end = cursor(&sandbox, "begin");
    ok(&sandbox, save("a", 0, &before_end, "false"));
    assert_eq!(ok(&sandbox, heartbeat("a", &[0, 1])), json!([0, 1]));
    assert_eq!(steer.group("pro", "logs", "gg").unwrap().behind(), 1);
    let end = steer.end_cursor("pro", "logs", 0).unwrap();
    ok(&sandbox, save("a", 0, &end, "false"));
    assert_eq!(ok(&sandbox, heartbeat("a", &[0, 1])), json!([1, 2, 3]));
    assert_eq!(steer.merge("pro", "logs", 2).unwrap(), 4);
    assert_eq!(steer.group("pro", "logs", "gg").unwrap().behind(), 0);
}
