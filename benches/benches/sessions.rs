//! Whole requests through the front ends, without sockets: parsing, dispatch, engine, reply.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tandem_benches::{Kind, MADE, Script, Size};

fn sessions(criterion: &mut Criterion) {
    let kinds = [
        ("resp/get", Kind::RespGet),
        ("resp/set", Kind::RespSet),
        ("resp/hincrby", Kind::RespHincrby),
        ("resp/hgetall", Kind::RespHgetall),
        ("resp/mset", Kind::RespMset),
        ("memcached/get", Kind::MemcachedGet),
        ("memcached/set", Kind::MemcachedSet),
        ("memcached/multi-get", Kind::MemcachedMultiGet),
    ];
    for (name, kind) in kinds {
        let mut group = criterion.benchmark_group(name);
        for pipeline in [1, 16, 100] {
            let size = Size { pipeline, keys: 100_000, value_bytes: 64, made: MADE };
            let mut script = Script::new(kind, size).expect("the session answers rightly");
            group.throughput(Throughput::Elements(pipeline as u64));
            group
                .bench_function(format!("pipeline {pipeline}"), |it| it.iter(|| script.measured()));
        }
        group.finish();
    }
}

criterion_group!(benches, sessions);
criterion_main!(benches);
