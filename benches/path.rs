//! The whole path in one process: Log Service to table, in memory, without sockets. The sandbox's
//! own work, which is the larger part, is in the time.

mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loghub_shipper::loghub::{ConsumerGroupName, ConsumerName, Logstore, Project};
use loghub_shipper::sandbox::{self, InMemory, Sandbox, Service, TableSpec};
use loghub_shipper::shipper::{self, LostCursor, STATUS_KEY, Shipper, StartPosition};
use loghub_shipper::tablestore::{InstanceName, PrimaryKeyColumn, TableName};
use loghub_shipper::transport::{AccessKey, Clock, Secret};
use loghub_shipper::{loghub, status, tablestore};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const PROJECT: &str = "demo-project";
const LOGSTORE: &str = "access-log";
const GROUPS: u32 = 400;
const TIMEOUT: Duration = Duration::from_secs(30);

/// A sandbox with the groups in one shard, and both tables.
fn sandbox(groups: &[Bytes]) -> Sandbox {
    let sandbox = Sandbox::new(sandbox::Settings::new(key(), Clock::system()));
    let loghub = sandbox.loghub();
    loghub
        .create_project(PROJECT)
        .expect("the sandbox is empty");
    loghub
        .create_logstore(PROJECT, LOGSTORE, 1)
        .expect("the project is empty");
    for group in groups {
        let put = loghub.put_encoded(PROJECT, LOGSTORE, Some(0), group.clone());
        put.expect("the shard takes every group");
    }
    let status = STATUS_KEY.map(|(name, kind)| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment: false,
    });
    for (name, columns) in [
        (target(), load::schema().to_vec()),
        (status_table(), status.to_vec()),
    ] {
        let created = sandbox
            .tablestore()
            .create_table(TableSpec::new(name, columns));
        created.expect("the table is new");
    }
    sandbox
}

fn key() -> AccessKey {
    AccessKey {
        id: "test-id".to_owned(),
        secret: Secret::new("test-secret"),
        token: None,
    }
}

fn target() -> TableName {
    TableName::new("access_rows").expect("the name is well formed")
}

fn status_table() -> TableName {
    TableName::new("status_rows").expect("the name is well formed")
}

async fn start(sandbox: &Sandbox) -> Shipper {
    let way = |service| Arc::new(InMemory::new(sandbox.clone(), service));
    let loghub = loghub::Settings {
        endpoint: http::Uri::from_static("http://127.0.0.1:1"),
        project: Project::new(PROJECT).expect("the name is well formed"),
        logstore: Logstore::new(LOGSTORE).expect("the name is well formed"),
        region: None,
        request_timeout: TIMEOUT,
    };
    let tablestore = tablestore::Settings {
        endpoint: http::Uri::from_static("http://127.0.0.1:2"),
        instance: InstanceName::new("demo").expect("the name is well formed"),
        region: None,
        request_timeout: TIMEOUT,
    };
    let settings = shipper::Settings {
        group: ConsumerGroupName::new("shippers").expect("the name is well formed"),
        consumer: ConsumerName::new("shipper-1").expect("the name is well formed"),
        heartbeat_interval: Duration::from_secs(5),
        group_timeout: Duration::from_secs(30),
        start: StartPosition::Begin,
        lost_cursor: LostCursor::Oldest,
        target_table: target(),
        rules: load::rules(),
        checkpoint_interval: Duration::from_secs(5),
        memory_limit_bytes: 64 << 20,
        dead_letters: None,
        max_batches_in_flight: 32,
        shutdown_grace: TIMEOUT,
    };
    let status = status::Settings {
        table: status_table(),
        interval: Duration::from_mins(5),
    };
    let clock = Clock::system();
    Shipper::start(
        settings,
        status,
        loghub::Client::new(loghub, key(), way(Service::LogService), clock.clone()),
        tablestore::Client::new(tablestore, key(), way(Service::TableStore), clock.clone()),
        clock,
        TIMEOUT,
    )
    .await
    .expect("the sandbox has all that the shipper needs")
}

/// Ships everything; how long it took until the last row was acknowledged.
async fn ship(sandbox: &Sandbox, logs: u64) -> Duration {
    let shipper = start(sandbox).await;
    let (totals, shutdown) = (shipper.totals(), CancellationToken::new());
    let begun = Instant::now();
    let watch = async {
        while totals.counts().logs_written < logs {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        shutdown.cancel();
        begun.elapsed()
    };
    let (ended, elapsed) = tokio::join!(shipper.run(&shutdown), watch);
    ended.expect("the shards are handed over");
    elapsed
}

fn path(c: &mut Criterion) {
    let runtime = Runtime::new().expect("threads can be started");
    let groups = load::groups(0..GROUPS);
    let logs = u64::try_from(groups.len() * load::GROUP_LOGS).expect("a number fits 64 bits");
    let bytes = groups.iter().map(Bytes::len).sum::<usize>();
    let mut group = c.benchmark_group("path");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(
        u64::try_from(bytes).expect("a length fits 64 bits"),
    ));
    group.bench_function("in memory", |b| {
        b.iter_custom(|iterations| {
            (0..iterations)
                .map(|_| runtime.block_on(ship(&sandbox(&groups), logs)))
                .sum()
        });
    });
    group.finish();
}

criterion_group!(benches, path);
criterion_main!(benches);
