//! Random operations on a hash against a `BTreeMap`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::seeded::{Random, for_seeds};

fn limits(entries_max: usize, value_max: usize) -> PackedLimits {
    PackedLimits { entries_max, value_max }
}

impl Hash {
    /// The hash as a read would see it.
    fn see<T>(&self, look: impl FnOnce(HashRef<'_>) -> T) -> T {
        match &self.repr {
            HashRepr::Packed(bytes) => look(HashRef::of_bytes(bytes)),
            HashRepr::Expiring(it) => look(HashRef::of_bytes(&it.clone().close())),
            HashRepr::Indexed(it) => look(HashRef::Indexed(it)),
        }
    }

    fn is_packed(&self) -> bool {
        self.see(|it| it.encoding() != HashEncoding::Indexed)
    }
}

/// Fields, and for each its value and when it ends.
type Model = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

fn check(hash: &Hash, model: &Model) {
    hash.see(|it| check_reads(it, model));
    assert_eq!(hash.is_empty(), model.is_empty());
    for (field, (value, end)) in model {
        assert_eq!(hash.get(field), Some(value.as_slice()));
        assert_eq!(hash.end_of(field), Some(*end));
    }
    if let HashRepr::Indexed(it) = &hash.repr {
        it.check_books();
    }
}

fn check_reads(hash: HashRef<'_>, model: &Model) {
    assert!(model.len() <= hash.len());
    let pairs: Vec<_> = hash.iter().collect();
    assert_eq!(pairs.len(), hash.iter().len());
    if pairs.len() == hash.len() {
        for (index, &pair) in pairs.iter().enumerate() {
            assert_eq!(hash.at(index), pair);
        }
    }
    let end = |field: &[u8]| hash.end_of(field).unwrap();
    let found: Model = pairs.iter().map(|&(f, v)| (f.to_vec(), (v.to_vec(), end(f)))).collect();
    assert_eq!(&found, model);
    let mut scanned = 0;
    hash.scan(0, usize::MAX, &mut |field, value| {
        assert_eq!(&model[field].0, value);
        scanned += 1;
    });
    assert_eq!(scanned, model.len());
    let ends = model.values().map(|it| it.1).filter(|it| *it != 0);
    if pairs.len() == hash.len() {
        assert_eq!(hash.first_end(), ends.min().unwrap_or(0));
    }
}

/// Stores the working copy and opens it again, as the engine does between commands.
fn reopen(hash: Hash, limits: PackedLimits) -> Hash {
    let (repr, mark) = hash.close();
    Hash::open(repr, mark, limits)
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

fn run(
    random: &mut Random,
    limits: PackedLimits,
    fields: &[Vec<u8>],
    len_max: usize,
    n_steps: usize,
) {
    let mut hash = Hash::empty(vec![7; 9], limits);
    let mut model = Model::new();
    let mut was_packed = true;
    let expires = random.one_in(2);
    let mut now_ms = 1000;
    for step in 0..n_steps {
        // Phases of growth and of decline.
        let is_growing = (step * 3 / n_steps).is_multiple_of(2);
        let field = &fields[random.below(fields.len())];
        if expires && random.one_in(4) {
            let end = if random.one_in(4) { 0 } else { now_ms + random.below(2000) as u64 };
            if let Some(it) = model.get_mut(field) {
                hash.set_end(field, end);
                it.1 = end;
            }
        } else if random.one_in(3) == is_growing {
            assert_eq!(hash.remove(field), model.remove(field).is_some());
        } else {
            let value = random.bytes(len_max);
            let old = model.get(field).map(|it| it.1);
            let is_new = if random.one_in(2) {
                model.insert(field.clone(), (value.clone(), 0));
                hash.set(field, &value)
            } else {
                model.insert(field.clone(), (value.clone(), old.unwrap_or(0)));
                hash.update(field, &value)
            };
            assert_eq!(is_new, old.is_none());
        }
        assert!(was_packed || !hash.is_packed(), "an indexed hash stays indexed");
        was_packed = hash.is_packed();
        if expires {
            now_ms += random.below(5) as u64;
            model.retain(|_, (_, end)| *end == 0 || now_ms <= *end);
            hash.purge(now_ms, random.below(4));
        }
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
        assert!(hash.is_packed());
    }
    assert!(!hash.set(b"c", b"again") && hash.is_packed());
    assert!(hash.set(b"d", b"") && !hash.is_packed());
    assert!(hash.remove(b"d") && !hash.is_packed());

    let mut hash = open();
    assert!(hash.set(b"12345", b"12345") && hash.is_packed());
    assert!(!hash.set(b"12345", b"123456") && !hash.is_packed());
    assert_eq!(hash.get(b"12345"), Some(&b"123456"[..]));
    let mut hash = open();
    assert!(hash.set(b"123456", b"") && !hash.is_packed());
}

#[test]
fn a_packed_hash_never_passes_its_byte_limit() {
    let limits = limits(usize::MAX, usize::MAX);
    let mut hash = Hash::empty(Vec::new(), limits);
    assert!(hash.set(b"long", &vec![0; 59_990]) && hash.is_packed());
    // 2 + (1 + 3 + 4 + 59,990) = 60,000
    assert!(hash.set(b"x", b"") && !hash.is_packed());
    let mut hash = Hash::empty(Vec::new(), limits);
    assert!(hash.set(b"long", &vec![0; 59_991]) && !hash.is_packed());
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
            let mut visit = |field: &[u8], _: &[u8]| {
                visited.insert(String::from_utf8(field.to_vec()).unwrap());
            };
            cursor = hash.see(|it| it.scan(cursor, count, &mut visit));
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
        let mut visit = |field: &[u8], _: &[u8]| visited.push(field.to_vec());
        cursor = hash.see(|it| it.scan(cursor, 10, &mut visit));
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

#[test]
fn a_hash_with_one_long_value_stays_packed_under_another_name() {
    let limits = limits(128, 64);
    let mut hash = Hash::empty(Vec::new(), limits);
    hash.set(b"name", b"a lamp");
    assert!(hash.is_packed());
    hash.set(b"description", &[b'x'; 200]);
    assert!(!hash.is_packed() && matches!(hash.repr, HashRepr::Packed(_)));
    hash.remove(b"description");
    let mut hash = reopen(hash, limits);
    assert!(!hash.is_packed() && hash.len() == 1);
    hash.set_end(b"name", 5);
    hash.set(b"description", &[b'x'; 200]);
    assert!(!hash.is_packed() && matches!(hash.repr, HashRepr::Expiring(_)));
    hash.set(b"story", &[b'x'; 4000]);
    assert!(!hash.is_packed() && matches!(hash.repr, HashRepr::Indexed(_)));
    assert_eq!((hash.end_of(b"name"), hash.end_of(b"story")), (Some(5), Some(0)));
}

/// Fields that have expired do not show, however many of them wait to be taken out.
#[test]
fn expired_fields_do_not_show_while_they_are_taken_out() {
    let mut hash = Hash::empty(Vec::new(), limits(0, 64));
    for number in 0..1000 {
        let field = format!("{number}");
        hash.set(field.as_bytes(), b"x");
        hash.set_end(field.as_bytes(), if number % 10 == 0 { 0 } else { 100 });
    }
    assert_eq!(hash.purge(100, 10), 0, "the last millisecond counts");
    assert_eq!(hash.purge(101, 10), 10);
    assert_eq!(hash.see(|it| (it.len(), it.iter().len(), it.iter().count())), (990, 100, 100));
    assert!(hash.get(b"1").is_none() && hash.get(b"10").is_some());
    let waiting = hash.see(|it| match it {
        HashRef::Indexed(it) => (0..it.len()).map(|at| it.at(at).0.to_vec()).next_back(),
        _ => None,
    });
    let waiting = waiting.unwrap();
    assert_eq!(hash.end_of(&waiting), None);
    assert!(hash.set(&waiting, b"new") && hash.end_of(&waiting) == Some(0));
    while hash.has_expired(101) {
        hash.purge(101, 10);
    }
    assert_eq!(hash.len(), 101);
}
