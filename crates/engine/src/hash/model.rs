//! Random operations on a hash against a `BTreeMap`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::seeded::{Random, for_seeds};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn limits(entries_max: usize, value_max: usize) -> Limits {
    Limits {
        hash_packed_entries_max: entries_max,
        hash_packed_value_max: value_max,
        ..Limits::default()
    }
}

fn check(hash: &Hash, model: &Model) {
    assert_eq!(hash.len(), model.len());
    assert_eq!(hash.is_empty(), model.is_empty());
    let pairs: Vec<_> = hash.as_ref().iter().collect();
    assert_eq!(pairs.len(), hash.as_ref().iter().len());
    for (index, &pair) in pairs.iter().enumerate() {
        assert_eq!(hash.as_ref().at(index), pair);
    }
    let found: Model = pairs.iter().map(|&(f, v)| (f.to_vec(), v.to_vec())).collect();
    assert_eq!(&found, model);
    for (field, value) in model {
        assert_eq!(hash.get(field), Some(value.as_slice()));
    }
    if let HashRef::Indexed(it) = hash.as_ref() {
        it.check_books();
    }
}

/// Stores the working copy and opens it again, as the engine does between commands.
fn reopen(hash: Hash, limits: Limits) -> Hash {
    match hash.into_repr() {
        HashRepr::Packed(bytes) => Hash::from_packed(bytes, limits),
        HashRepr::Indexed(it) => Hash::from_indexed(it, limits),
    }
}

#[test]
fn a_hash_is_a_map() {
    for_seeds(60, |random| {
        let limits =
            limits([0, 5, 128, 100_000][random.below(4)], [0, 8, 64, 70_000][random.below(4)]);
        let n_fields_max = if random.one_in(4) { 4000 } else { 150 };
        let n_fields = 1 + random.below(n_fields_max);
        let len_max = [3, 20, 90, 300][random.below(4)];
        let fields: Vec<_> = (0..n_fields).map(|_| random.bytes(len_max)).collect();
        let n_steps = if cfg!(miri) { 100 } else { 4000 };
        run(random, limits, &fields, len_max, n_steps);
    });
}

fn run(random: &mut Random, limits: Limits, fields: &[Vec<u8>], len_max: usize, n_steps: usize) {
    let mut hash = Hash::empty(vec![7; 9], limits);
    let mut model = Model::new();
    let mut was_packed = true;
    for step in 0..n_steps {
        // Phases of growth and of decline.
        let is_growing = (step * 3 / n_steps).is_multiple_of(2);
        let field = &fields[random.below(fields.len())];
        if random.one_in(3) == is_growing {
            assert_eq!(hash.remove(field), model.remove(field).is_some());
        } else {
            let value = random.bytes(len_max);
            assert_eq!(hash.set(field, &value), model.insert(field.clone(), value).is_none());
        }
        assert!(was_packed || !hash.as_ref().is_packed(), "an indexed hash stays indexed");
        was_packed = hash.as_ref().is_packed();
        hash = reopen(hash, limits);
        if step % 500 == 0 {
            check(&hash, &model);
        }
    }
    check(&hash, &model);
    for field in fields {
        assert_eq!(hash.remove(field), model.remove(field).is_some());
    }
    check(&hash, &model);
    assert!(hash.is_empty());
}

#[test]
fn each_threshold_turns_a_packed_hash_into_an_indexed_one() {
    let open = || Hash::empty(Vec::new(), limits(3, 5));
    let mut hash = open();
    for field in [b"a", b"b", b"c"] {
        assert!(hash.set(field, b"12345"));
        assert!(hash.as_ref().is_packed());
    }
    assert!(!hash.set(b"c", b"again") && hash.as_ref().is_packed());
    assert!(hash.set(b"d", b"") && !hash.as_ref().is_packed());
    assert!(hash.remove(b"d") && !hash.as_ref().is_packed());

    let mut hash = open();
    assert!(hash.set(b"12345", b"12345") && hash.as_ref().is_packed());
    assert!(!hash.set(b"12345", b"123456") && !hash.as_ref().is_packed());
    assert_eq!(hash.get(b"12345"), Some(&b"123456"[..]));
    let mut hash = open();
    assert!(hash.set(b"123456", b"") && !hash.as_ref().is_packed());
}

#[test]
fn a_packed_hash_never_passes_its_byte_limit() {
    let limits = limits(usize::MAX, usize::MAX);
    let mut hash = Hash::empty(Vec::new(), limits);
    assert!(hash.set(b"long", &vec![0; 59_990]) && hash.as_ref().is_packed());
    // 2 + (1 + 3 + 4 + 59,990) = 60,000
    assert!(hash.set(b"x", b"") && !hash.as_ref().is_packed());
    let mut hash = Hash::empty(Vec::new(), limits);
    assert!(hash.set(b"long", &vec![0; 59_991]) && !hash.as_ref().is_packed());
    // Many entries of two bytes and a little: the count stays within its 16 bits.
    let mut hash = Hash::empty(Vec::new(), limits);
    for number in 0..if cfg!(miri) { 100_u32 } else { 20_000 } {
        hash.set(&number.to_le_bytes()[..2], b"");
    }
    assert_eq!(hash.len(), if cfg!(miri) { 100 } else { 20_000 });
}

/// Whatever is present from the first step to the last is visited, while a random crowd comes
/// and goes between the steps, enough of it to split and merge leaves.
#[test]
fn a_scan_misses_nothing_that_stays() {
    for_seeds(30, |random| {
        let mut hash = Hash::empty(Vec::new(), limits(0, 0));
        let n_staying = if cfg!(miri) { 50 } else { 3000 };
        let staying: BTreeSet<_> = (0..n_staying).map(|it| format!("stays:{it}")).collect();
        let crowd: Vec<_> = (0..random.below(20_000)).map(|it| format!("comes:{it}")).collect();
        for field in &staying {
            assert!(hash.set(field.as_bytes(), b""));
        }
        if random.one_in(2) {
            for field in &crowd {
                assert!(hash.set(field.as_bytes(), b""));
            }
        }
        let mut visited = BTreeSet::new();
        let mut cursor = 0;
        let mut n_steps = 0;
        loop {
            let count = 1 + random.below(400);
            cursor = hash.as_ref().scan(cursor, count, &mut |field, _| {
                visited.insert(String::from_utf8(field.to_vec()).unwrap());
            });
            n_steps += 1;
            assert!(n_steps < 1_000_000, "the scan ends");
            if cursor == 0 {
                break;
            }
            disturb(random, &mut hash, &crowd);
        }
        assert!(staying.is_subset(&visited));
    });
}

fn disturb(random: &mut Random, hash: &mut Hash, crowd: &[String]) {
    let Some(n_changes) = crowd.len().checked_sub(1) else { return };
    let is_growing = random.one_in(2);
    for _ in 0..random.below(n_changes / 4 + 1) {
        let field = crowd[random.below(crowd.len())].as_bytes();
        if is_growing {
            hash.set(field, b"");
        } else {
            hash.remove(field);
        }
    }
}

#[test]
fn a_quiet_scan_visits_each_field_once_in_steps_of_about_the_asked_size() {
    let mut hash = Hash::empty(Vec::new(), limits(0, 0));
    let n_fields = if cfg!(miri) { 300 } else { 10_000 };
    (0..n_fields).for_each(|it| assert!(hash.set(format!("{it}").as_bytes(), b"")));
    let (mut visited, mut cursor) = (Vec::new(), 0);
    loop {
        let before = visited.len();
        cursor = hash.as_ref().scan(cursor, 10, &mut |field, _| visited.push(field.to_vec()));
        assert!(visited.len() - before <= 12, "only fields of one hash come on top");
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(visited.len(), n_fields);
    visited.sort();
    visited.dedup();
    assert_eq!(visited.len(), n_fields);
}
