//! What a request costs before it is sent: digests and signatures.

mod load;

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loghub_shipper::loghub::sign::{self, Parts};
use loghub_shipper::tablestore;
use md5::{Digest as _, Md5};

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz0123";

/// Body of a batch of 200 rows of the load.
const BATCH_BYTES: usize = 200 * 680;

fn pull(c: &mut Criterion) {
    let query = [
        ("type", "logs"),
        ("cursor", "MTcwMDAwMDAwMDAwMDAwMDA="),
        ("count", "43"),
    ];
    let headers = [
        ("host", "demo-project.cn-hangzhou.log.aliyuncs.com"),
        ("x-log-apiversion", "0.6.0"),
        ("x-log-bodyrawsize", "0"),
        ("x-log-signaturemethod", "hmac-sha1"),
        ("accept", "application/x-protobuf"),
        ("accept-encoding", "lz4"),
        ("date", "Mon, 23 Nov 2026 11:42:58 GMT"),
    ];
    let parts = Parts {
        method: "GET",
        path: "/logstores/access-log/shards/0",
        query: &query,
        headers: &headers,
        body: &[],
    };
    c.bench_function("sign/pull v1", |b| {
        b.iter(|| sign::v1_signature(&sign::v1_string_to_sign(black_box(&parts)), SECRET));
    });
}

fn batch(c: &mut Criterion) {
    let body = load::pull(3);
    let body = body.slice(..BATCH_BYTES);
    let mut group = c.benchmark_group("sign");
    group.throughput(Throughput::Bytes(
        u64::try_from(body.len()).expect("a length fits 64 bits"),
    ));
    group.bench_function("batch v2", |b| {
        b.iter(|| {
            let md5 = STANDARD.encode(Md5::digest(black_box(&body)));
            let headers = [
                ("x-ots-accesskeyid", "LTAI5tAbCdEfGh0123456789"),
                ("x-ots-apiversion", "2015-12-31"),
                ("x-ots-contentmd5", md5.as_str()),
                ("x-ots-date", "2026-11-23T11:42:58.000Z"),
                ("x-ots-instancename", "demo"),
            ];
            let string = tablestore::sign::string_to_sign("BatchWriteRow", &headers);
            tablestore::sign::signature(&string, SECRET)
        });
    });
    group.finish();
}

criterion_group!(benches, pull, batch);
criterion_main!(benches);
