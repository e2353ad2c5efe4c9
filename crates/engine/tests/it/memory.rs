//! The budget holds, and what is removed gives its memory back.

use tandem_engine::{
    End, Error, Expire, Hash, Key, Keyspace, KeyspaceOptions, List, Maintenance, Member, NewId,
    NewValue, Policy, Set, SetOptions, SortedSet, Str, Stream, View,
};

use crate::seeded::{Random, for_seeds};

const NOW_MS: u64 = 1_700_000_000_000;
const N_SHARDS: usize = 8;

fn keyspace(memory_max_bytes: u64, policy: Policy) -> Keyspace {
    Keyspace::new(KeyspaceOptions {
        n_databases: 2,
        n_shards: N_SHARDS,
        memory_max_bytes,
        policy,
        seed: Some(1),
        ..KeyspaceOptions::default()
    })
}

fn settle(keyspace: &Keyspace, now_ms: u64) {
    for _ in 0..2 {
        while keyspace.maintain(0, 1, now_ms, &mut || true) == Maintenance::More {}
    }
}

/// One write of any kind to any of `n_keys` keys: values of all sizes, collections of all forms.
fn write(keyspace: &Keyspace, random: &mut Random, n_keys: usize, len_max: usize) {
    let name = format!("key:{}", random.below(n_keys));
    let key = keyspace.key(random.below(2) as u32, name.as_bytes());
    let mut view = keyspace.view(key, NOW_MS);
    match random.below(8) {
        0 => drop(view.remove(key)),
        1 => {
            let len = random.below(len_max);
            if let Ok(mut open) = view.edit_or_create::<Str>(key) {
                let len = len.min(len_max.saturating_sub(open.len()));
                open.append(&vec![b'a'; len]);
            }
        }
        2 => {
            if let Ok(mut open) = view.edit_or_create::<Hash>(key) {
                for _ in 0..random.below(30) {
                    let field = format!("field:{}", random.below(300));
                    let len = random.below(len_max / 20);
                    open.set(field.as_bytes(), &vec![b'h'; len]);
                    if random.one_in(20) {
                        open.set_end(field.as_bytes(), NOW_MS + 1 + random.below(1000) as u64);
                    }
                }
            }
        }
        3 => (0..random.below(30)).for_each(|_| grow(&mut view, key, random, len_max / 20)),
        _ => {
            let value = vec![b'v'; random.below(len_max)];
            let at_ms = NOW_MS + 1 + random.below(1000) as u64;
            let expire = if random.one_in(4) { Expire::AtMs(at_ms) } else { Expire::Never };
            let options = SetOptions { expire, ..SetOptions::default() };
            view.set(key, NewValue::Copied(&value), options);
        }
    }
}

/// Adds an element to the collection under a key, or makes one of a type that its name says. Big
/// ones lose an element for each that comes.
fn grow(view: &mut View<'_>, key: Key<'_>, random: &mut Random, len_max: usize) {
    const ELEMENTS_MAX: usize = 300;
    let value = vec![b'c'; random.below(len_max + 1)];
    let number = random.below(2 * ELEMENTS_MAX);
    let member = [number.to_string().as_bytes(), &value].concat();
    match key.name.last().map(|it| it % 4) {
        Some(0) => {
            let Ok(mut list) = view.edit_or_create::<List>(key) else { return };
            if list.outgrows(1, value.len()) {
                list.split();
            }
            list.push(&NewValue::Copied(&value), End::Back);
            if ELEMENTS_MAX < list.len() {
                list.pop(End::Front);
            }
        }
        Some(1) => {
            let Ok(mut set) = view.edit_or_create::<Set>(key) else { return };
            set.add(Member::Bytes(&member));
            if ELEMENTS_MAX < set.len() {
                set.pop(&mut fastrand::Rng::with_seed(number as u64), |_| ());
            }
        }
        Some(2) => {
            let Ok(mut set) = view.edit_or_create::<SortedSet>(key) else { return };
            set.insert(&member, number as f64 / 3.0);
            if ELEMENTS_MAX < set.len() {
                set.remove_range(0..1);
            }
        }
        _ => {
            let Ok(mut stream) = view.edit_or_create::<Stream>(key) else { return };
            let id = NewId::At { now_ms: NOW_MS };
            stream.add(id, &[(b"value", &value)]).expect("there are ids enough");
            if ELEMENTS_MAX < stream.log().len() as usize {
                let first_id = stream.log().first_id();
                stream.remove(first_id);
            }
        }
    }
}

/// What little an empty keyspace keeps: lists of segments and what is not booked yet, per shard.
/// Each shard books what it takes in steps of this many bytes.
const BOOKING_STEP: u64 = 4 << 10;

const LEFT_PER_SHARD_MAX: u64 = 16 << 10;

fn check_nearly_empty(keyspace: &Keyspace) {
    settle(keyspace, NOW_MS + 2000);
    let stats = keyspace.stats();
    assert_eq!((stats.n_items, stats.n_expiring), (0, 0));
    assert_eq!((stats.item_bytes, stats.payload_bytes), (0, 0));
    let left_max = LEFT_PER_SHARD_MAX * 2 * N_SHARDS as u64;
    assert!(stats.used_bytes <= left_max, "{} bytes are left: {stats:?}", stats.used_bytes);
}

#[test]
#[cfg_attr(miri, ignore = "needs many keys")]
fn memory_comes_back_when_everything_is_removed() {
    for_seeds(8, |random| {
        let keyspace = keyspace(0, Policy::NoEviction);
        let n_writes = 20_000;
        let n_keys = 1 + random.below(n_writes / 2);
        let len_max = [100, 1000, 30_000][random.below(3)];
        (0..n_writes).for_each(|_| write(&keyspace, random, n_keys, len_max));
        // The keyspace's own count follows its shards' in steps.
        let (used, exact) = (keyspace.used_bytes(), keyspace.stats().used_bytes);
        assert!(used > 0 && used.abs_diff(exact) <= BOOKING_STEP * 2 * N_SHARDS as u64);
        for number in 0..n_keys {
            let name = format!("key:{number}");
            for db in 0..2 {
                let key = keyspace.key(db, name.as_bytes());
                keyspace.view(key, NOW_MS).remove(key);
            }
        }
        check_nearly_empty(&keyspace);
        (0..n_writes).for_each(|_| write(&keyspace, random, n_keys, len_max));
        keyspace.flush_all();
        assert_eq!(keyspace.used_bytes(), 0);
    });
}

#[test]
#[cfg_attr(miri, ignore = "needs many keys")]
fn memory_comes_back_when_everything_expires() {
    for_seeds(4, |random| {
        let keyspace = keyspace(0, Policy::NoEviction);
        let n_keys = 10_000;
        for number in 0..n_keys {
            let name = format!("key:{number}");
            let key = keyspace.key(0, name.as_bytes());
            let value = vec![b'v'; random.below(3000)];
            let expire = Expire::AtMs(NOW_MS + 1 + random.below(1000) as u64);
            let options = SetOptions { expire, ..SetOptions::default() };
            keyspace.view(key, NOW_MS).set(key, NewValue::Copied(&value), options);
            if random.one_in(3) {
                keyspace.view(key, NOW_MS).edit::<Str>(key).unwrap().unwrap().append(b"more");
            }
        }
        // Some are met by readers before the background work comes along.
        for number in 0..n_keys / 2 {
            let name = format!("key:{number}");
            let key = keyspace.key(0, name.as_bytes());
            assert!(keyspace.view(key, NOW_MS + 1500).get::<Str>(key).unwrap().is_none());
        }
        check_nearly_empty(&keyspace);
        assert_eq!(keyspace.stats().expirations, n_keys as u64);
    });
}

#[test]
#[cfg_attr(miri, ignore = "needs many keys")]
fn the_budget_holds_through_any_churn_of_sizes() {
    for_seeds(6, |random| {
        let max: u64 = 4 << 20;
        let keyspace = keyspace(max, Policy::AllKeysLru);
        let n_writes = 30_000;
        let mut len_max = 500;
        // One write may pass the budget by its own size, a segment and a larger table; and each
        // shard keeps a little to itself.
        let slack = 1 << 20;
        for step in 0..n_writes {
            if step % 5000 == 0 {
                len_max = [100, 500, 5000, 60_000][random.below(4)];
            }
            keyspace.make_room(NOW_MS).unwrap();
            write(&keyspace, random, 20_000, len_max);
            assert!(keyspace.used_bytes() <= max + slack, "{}", keyspace.used_bytes());
        }
        let stats = keyspace.stats();
        assert!(stats.evictions > 0);
        assert!(stats.peak_bytes <= max + slack);
        // The memory is used: a keyspace that is always full holds mostly items.
        assert!(stats.item_bytes > max / 2, "{stats:?}");
    });
}

#[test]
#[cfg_attr(miri, ignore = "needs many keys")]
fn a_smaller_budget_is_reached_and_none_refuses_nothing() {
    let keyspace = keyspace(0, Policy::AllKeysLru);
    let n_keys = 5000;
    let put = |number: usize| {
        let name = format!("key:{number}");
        let key = keyspace.key(0, name.as_bytes());
        keyspace.view(key, NOW_MS).set(key, NewValue::Copied(&[b'v'; 500]), SetOptions::default());
    };
    (0..n_keys).for_each(put);
    let max = keyspace.used_bytes() / 4;
    keyspace.set_memory_max(max);
    let mut n_turns = 0;
    while keyspace.used_bytes() > max {
        keyspace.make_room(NOW_MS).unwrap();
        n_turns += 1;
        assert!(n_turns < 10_000, "{} of {max}", keyspace.used_bytes());
    }
    assert!(keyspace.len(0) > 0);
    keyspace.set_policy(Policy::NoEviction);
    (0..n_keys).for_each(put);
    let n_items = keyspace.len(0);
    assert_eq!(keyspace.make_room(NOW_MS), Err(Error::OutOfMemory));
    assert_eq!(keyspace.len(0), n_items, "a refusal costs nobody anything");
    keyspace.set_memory_max(0);
    assert_eq!(keyspace.make_room(NOW_MS), Ok(()));
}

#[test]
#[cfg_attr(miri, ignore = "needs many fields")]
fn a_renamed_hash_moves_without_a_copy() {
    let keyspace = keyspace(0, Policy::NoEviction);
    let (from, to) = (keyspace.key(0, b"from"), keyspace.key(1, b"to"));
    let mut view = keyspace.view_many([from, to], NOW_MS);
    let mut hash = view.edit_or_create::<Hash>(from).unwrap();
    for field in 0..100_000_u32 {
        hash.set(&field.to_le_bytes(), b"value");
    }
    drop(hash);
    let before = keyspace.used_bytes();
    assert!(view.rename(from, to));
    assert_eq!(view.get::<Hash>(to).unwrap().unwrap().len(), 100_000);
    assert!(view.peek(from).is_none());
    drop(view);
    let peak = keyspace.stats().peak_bytes;
    assert!(peak < before + before / 4, "{before} bytes became {peak} at the peak");
}

/// Sampling is not exact, but what was just read outlives what was not by far.
#[test]
#[cfg_attr(miri, ignore = "needs many keys")]
fn the_least_recently_used_go_first() {
    let keyspace = keyspace(4 << 20, Policy::AllKeysLru);
    let n_hot = 1000;
    let name_of = |number: usize| format!("key:{number}");
    for number in 0..40_000 {
        let now_ms = NOW_MS + number as u64 * 10;
        keyspace.make_room(now_ms).unwrap();
        let name = name_of(number);
        let key = keyspace.key(0, name.as_bytes());
        keyspace.view(key, now_ms).set(key, NewValue::Copied(&[b'v'; 200]), SetOptions::default());
        // Each hot key is read once in 10 seconds, that is in 1000 writes of some 15,000 that fit.
        let name = name_of(number % n_hot);
        let key = keyspace.key(0, name.as_bytes());
        keyspace.view(key, now_ms).touch(key);
    }
    let n_left = (0..n_hot)
        .filter(|it| {
            let name = name_of(*it);
            let key = keyspace.key(0, name.as_bytes());
            keyspace.view(key, NOW_MS).peek(key).is_some()
        })
        .count();
    assert!(n_left > n_hot * 95 / 100, "{n_left} of {n_hot} hot keys are left");
    assert!(keyspace.stats().evictions > 10_000);
}
