//! The client against recorded and made-up answers.

mod answers;
mod recorded;
mod refusals;
mod replay;
mod signing;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use super::{Client, Settings};
use crate::loghub::model::{ConsumerGroupName, ConsumerName, Cursor, Logstore, Project};
use crate::transport::{AccessKey, Clock, Secret};

use self::replay::Replay;

/// The moment at which the requests of the signature files were recorded.
const RECORDED_AT: u64 = 1_795_336_427;

fn key() -> AccessKey {
    AccessKey {
        id: "testAccessKeyId".into(),
        secret: Secret::new("testAccessKeySecret"),
        token: None,
    }
}

fn settings() -> Settings {
    Settings {
        endpoint: "https://cn-hangzhou.log.aliyuncs.com".parse().unwrap(),
        project: Project::new("my-project").unwrap(),
        logstore: Logstore::new("my-store").unwrap(),
        region: None,
        request_timeout: Duration::from_secs(7),
    }
}

/// A client at the moment of the recordings.
fn client_with(settings: Settings, key: AccessKey, transport: &Arc<Replay>) -> Client {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(RECORDED_AT);
    let transport = Arc::clone(transport);
    Client::new(settings, key, transport, Clock::starting_at(time))
}

fn client(transport: &Arc<Replay>) -> Client {
    client_with(settings(), key(), transport)
}

fn group() -> &'static ConsumerGroupName {
    static GROUP: LazyLock<ConsumerGroupName> =
        LazyLock::new(|| ConsumerGroupName::new("my-group").unwrap());
    &GROUP
}

fn consumer() -> &'static ConsumerName {
    static CONSUMER: LazyLock<ConsumerName> =
        LazyLock::new(|| ConsumerName::new("consumer-1").unwrap());
    &CONSUMER
}

/// Some cursor, as in most recordings.
fn cursor() -> &'static Cursor {
    static CURSOR: LazyLock<Cursor> = LazyLock::new(|| Cursor::new("MTQ0NzMyOTQwMTEwMjEzMDkwNA=="));
    &CURSOR
}
