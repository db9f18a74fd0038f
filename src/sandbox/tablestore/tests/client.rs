//! Our own client against the store, on virtual time: both versions of the signature.

use super::*;
use crate::sandbox::{InMemory, Sandbox, Settings};
use crate::tablestore::{Client, Error, InstanceName, RowOutcome};

fn client(sandbox: &Sandbox, clock: Clock, region: Option<&str>, secret: &str) -> Client {
    let settings = crate::tablestore::Settings {
        endpoint: "http://127.0.0.1:80".parse().unwrap(),
        instance: InstanceName::new("emulator1").unwrap(),
        region: region.map(str::to_owned),
        request_timeout: Duration::from_secs(10),
    };
    let key = AccessKey {
        id: KEY_ID.to_owned(),
        secret: Secret::new(secret),
        token: None,
    };
    let way = InMemory::new(sandbox.clone(), Service::TableStore);
    Client::new(settings, key, Arc::new(way), clock)
}

fn sandbox(clock: &Clock) -> Sandbox {
    let key = AccessKey {
        id: KEY_ID.to_owned(),
        secret: Secret::new(SECRET),
        token: None,
    };
    Sandbox::new(Settings::new(key, clock.clone()))
}

/// Every call of the client once.
async fn every_call(client: &Client, sandbox: &Sandbox) {
    let table = TableName::new("t").unwrap();
    let key = |pk| vec![integer("pk", pk)];
    let schema = vec![PrimaryKeyColumn {
        name: "pk".to_owned(),
        kind: PrimaryKeyType::Integer,
        auto_increment: false,
    }];
    client.create_table(&table, &schema, -1, 1).await.unwrap();
    assert_eq!(client.list_tables().await.unwrap(), ["t"]);
    let described = client.describe_table(&table).await.unwrap();
    assert_eq!((described.primary_key, described.max_versions), (schema, 1));
    let columns = [string("a", "x"), column("d", Value::Double(0.5))];
    let cost = client
        .update_row(&table, &key(1), &columns, RowExistence::Ignore)
        .await
        .unwrap();
    let missing = client
        .update_row(&table, &key(8), &columns, RowExistence::ExpectExist)
        .await;
    assert_eq!(
        missing.unwrap_err().code(),
        Some(&ErrorCode::ConditionCheckFail)
    );
    assert_eq!((cost.read, cost.write), (0, 1));
    let absent = RowExistence::ExpectNotExist;
    client.put_row(&table, &key(2), &[], absent).await.unwrap();
    let twice = client.put_row(&table, &key(2), &[], absent).await;
    assert_eq!(
        twice.unwrap_err().code(),
        Some(&ErrorCode::ConditionCheckFail)
    );
    let batch = batch_of(vec![
        in_batch(2, puts(key(3), vec![integer("c", 3)]), ignore()),
        in_batch(
            2,
            puts(vec![string("pk", "3")], vec![integer("c", 3)]),
            ignore(),
        ),
    ]);
    let outcome = client
        .batch_write_row(&table, batch.encode_to_vec().into(), 2)
        .await
        .unwrap();
    assert!(matches!(outcome[0], RowOutcome::Written(cost) if cost.write == 1));
    assert!(
        matches!(&outcome[1], RowOutcome::Refused(error) if error.code == ErrorCode::InvalidPk)
    );
    let row = client.get_row(&table, &key(1)).await.unwrap().unwrap();
    assert_eq!(row.cells[0].value, Value::String("x".to_owned()));
    assert_eq!(client.get_row(&table, &key(9)).await.unwrap(), None);
    let (start, end) = ([column("pk", Value::InfMin)], [column("pk", Value::InfMax)]);
    let (rows, next) = client
        .get_range(&table, &start, &end, Some(2))
        .await
        .unwrap();
    assert_eq!(next, Some(key(3)));
    let (rest, next) = client
        .get_range(&table, &next.unwrap(), &end, None)
        .await
        .unwrap();
    assert_eq!(next, None);
    let rows: Vec<Row> = rows.into_iter().chain(rest).collect();
    assert_eq!(sandbox.tablestore().rows(&table), Some(rows.clone()));
    let (mut back, next) = client
        .get_range_backward(&table, &end, &start, Some(2))
        .await
        .unwrap();
    let next = next.unwrap();
    let rest = client.get_range_backward(&table, &next, &start, None);
    back.extend(rest.await.unwrap().0);
    back.reverse();
    assert_eq!(back, rows);
    client.delete_row(&table, &key(1)).await.unwrap();
    assert_eq!(client.get_row(&table, &key(1)).await.unwrap(), None);
    client.delete_row(&table, &key(1)).await.unwrap();
    client.delete_table(&table).await.unwrap();
    assert_eq!(
        client.describe_table(&table).await.unwrap_err().code(),
        Some(&ErrorCode::ObjectNotExist)
    );
}

#[tokio::test(start_paused = true)]
async fn our_client_is_understood_and_understands() {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(RECORDED_AT));
    for region in [None, Some("cn-hangzhou")] {
        let sandbox = sandbox(&clock);
        let client = client(&sandbox, clock.clone(), region, SECRET);
        every_call(&client, &sandbox).await;
    }
}

/// The store's refusals reach the client as what they are, although it cannot check who signed.
#[tokio::test(start_paused = true)]
async fn a_wrong_secret_or_clock_is_told_as_such() {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(RECORDED_AT));
    let late = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(RECORDED_AT + 1200));
    let sandbox = sandbox(&clock);
    for (clock, secret, message) in [
        (clock, "another secret", "Signature mismatch."),
        (late, SECRET, "Mismatch between system time"),
    ] {
        let error = client(&sandbox, clock, None, secret).list_tables().await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::AuthFailed), "{error}");
        assert!(
            matches!(&error, Error::Service { message: found, .. } if found.starts_with(message))
        );
    }
}
