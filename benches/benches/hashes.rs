//! Hashes in the engine: packed ones (a cart of 20 fields) and indexed ones (10,000 fields).

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tandem_engine::{Hash, Keyspace, KeyspaceOptions};

const NOW_MS: u64 = 1_700_000_000_000;

fn filled(n_fields: u32) -> Keyspace {
    let keyspace = Keyspace::new(KeyspaceOptions::default());
    let key = keyspace.key(0, b"cart:1");
    let mut view = keyspace.view(key, NOW_MS);
    let mut hash = view.edit_or_create::<Hash>(key).expect("an absent key");
    for field in 0..n_fields {
        hash.set(format!("item:{field:05}").as_bytes(), b"1");
    }
    drop(hash);
    drop(view);
    keyspace
}

fn hashes(criterion: &mut Criterion) {
    for n_fields in [20, 10_000] {
        let keyspace = filled(n_fields);
        let key = keyspace.key(0, b"cart:1");
        let field = format!("item:{:05}", n_fields / 2);
        let mut group = criterion.benchmark_group(format!("hashes of {n_fields} fields"));
        group.bench_function("get", |it| {
            it.iter(|| {
                let mut view = keyspace.view(key, NOW_MS);
                let hash = view.get::<Hash>(key).expect("a hash");
                black_box(hash.and_then(|it| it.get(field.as_bytes())).map(<[u8]>::len))
            });
        });
        let mut n: u64 = 0;
        group.bench_function("set", |it| {
            it.iter(|| {
                n += 1;
                let mut view = keyspace.view(key, NOW_MS);
                let edit = view.edit::<Hash>(key).expect("a hash");
                edit.expect("the hash is there").set(field.as_bytes(), n.to_string().as_bytes())
            });
        });
        group.bench_function("read all", |it| {
            it.iter(|| {
                let mut view = keyspace.view(key, NOW_MS);
                let hash = view.get::<Hash>(key).expect("a hash");
                black_box(hash.map_or(0, |it| it.iter().map(|(a, b)| a.len() + b.len()).sum()))
            });
        });
        group.finish();
    }
}

criterion_group!(benches, hashes);
criterion_main!(benches);
