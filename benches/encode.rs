//! From an indexed pull to the request bodies of its rows: fields, expressions, keys, cells.

mod load;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use loghub_shipper::loghub::decode::LogGroupList;
use loghub_shipper::shipper::bench::Batches;
use loghub_shipper::tablestore::TableName;

/// About 2 MB, what the shipper aims at.
const GROUPS: u32 = 43;

fn encode(c: &mut Criterion) {
    let raw = load::pull(GROUPS);
    let bytes = u64::try_from(raw.len()).expect("a length fits 64 bits");
    let list = LogGroupList::index(raw).expect("the pull is well formed");
    let table = TableName::new("access_rows").expect("the name is well formed");
    let mut batches = Batches::new(table, load::rules(), load::schema());
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("map and encode", |b| {
        b.iter_batched(
            || list.clone(),
            |list| batches.run(list),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
