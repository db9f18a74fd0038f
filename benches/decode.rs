//! From the body of a pull to the fields of its logs.

mod load;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use loghub_shipper::loghub::compression::{Compression, compress, decompress};
use loghub_shipper::loghub::decode::{LogGroupList, walk_log};

/// About 2 MB, what the shipper aims at.
const GROUPS: u32 = 43;

fn decode(c: &mut Criterion) {
    let raw = load::pull(GROUPS);
    let bytes = u64::try_from(raw.len()).expect("a length fits 64 bits");
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Bytes(bytes));
    for kind in [Compression::Lz4, Compression::Zstd] {
        let body = compress(kind, &raw);
        group.bench_function(kind.as_str(), |b| {
            b.iter(|| decompress(kind, black_box(&body), raw.len()));
        });
    }
    group.bench_function("index", |b| {
        b.iter_batched(|| raw.clone(), LogGroupList::index, BatchSize::SmallInput);
    });
    let list = LogGroupList::index(raw).expect("the pull is well formed");
    group.bench_function("walk", |b| {
        b.iter(|| {
            let mut contents = 0;
            for log in list.logs() {
                let time = walk_log(list.data(), *log, |key, value| {
                    contents += key.len() + value.len();
                });
                black_box(time).expect("the logs are well formed");
            }
            contents
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
