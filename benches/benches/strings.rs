//! Strings in the engine, one call at a time.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tandem_engine::{Expire, Keyspace, KeyspaceOptions, NewValue, SetOptions, Str};

const N_KEYS: u64 = 1_000_000;
const NOW_MS: u64 = 1_700_000_000_000;

fn name(index: u64) -> Vec<u8> {
    format!("key:{index:012}").into_bytes()
}

/// Names in an order that caches cannot foresee.
fn names() -> impl Iterator<Item = Vec<u8>> {
    let scattered = (0..1 << 16).map(|it: u64| name(it.wrapping_mul(2_654_435_761) % N_KEYS));
    scattered.collect::<Vec<_>>().into_iter().cycle()
}

fn filled(value: &[u8]) -> Keyspace {
    let keyspace = Keyspace::new(KeyspaceOptions::default());
    for index in 0..N_KEYS {
        let name = name(index);
        let key = keyspace.key(0, &name);
        keyspace.view(key, NOW_MS).set(key, NewValue::Copied(value), SetOptions::default());
    }
    keyspace
}

fn strings(criterion: &mut Criterion) {
    for value_bytes in [64, 4096] {
        let value = vec![b'v'; value_bytes];
        let keyspace = filled(&value);
        let mut group = criterion.benchmark_group(format!("strings of {value_bytes} bytes"));
        let mut keys = names();
        group.bench_function("get", |it| {
            it.iter(|| {
                let name = keys.next().expect("the names go round");
                let key = keyspace.key(0, &name);
                let mut view = keyspace.view(key, NOW_MS);
                let found = view.get::<Str>(key).expect("a string");
                black_box(found.map(|it| it.as_slice()[0]))
            });
        });
        for (what, expire) in
            [("set", Expire::Never), ("set with expiry", Expire::AtMs(NOW_MS + 3_600_000))]
        {
            let options = SetOptions { expire, ..SetOptions::default() };
            group.bench_function(what, |it| {
                it.iter(|| {
                    let name = keys.next().expect("the names go round");
                    let key = keyspace.key(0, &name);
                    keyspace.view(key, NOW_MS).set(key, NewValue::Copied(&value), options)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, strings);
criterion_main!(benches);
