//! Random operations on a keyspace, each done to the model too. The fuzzer shares them.

use std::collections::BTreeMap;

use bytes::Bytes;
use tandem_engine::{
    Error, Expire, Hash, Key, List, Maintenance, NewValue, Set, SetOptions, SetOutcome, SortedSet,
    Str, Stream, Value as EngineValue, When,
};

use crate::collections;
use crate::model::{Entry, N_DATABASES, Value, World, limits, value_of};
use crate::seeded::Random;

/// Does one operation on some key and compares what is left under it.
pub(crate) fn step(world: &mut World, random: &mut Random) {
    let (db, name) = (World::any_db(random), world.any_name(random));
    let key = world.keyspace.key(db, &name);

    match random.below(40) {
        0..8 => set(world, random, key),
        8..12 => edit_string(world, random, key),
        12..18 => collections::edit(world, random, key),
        18..21 => get(world, random, key),
        21..23 => remove(world, key),
        23..26 => set_expire(world, random, key),
        26 => touch(world, key),
        27 => cas(world, key),
        28 => mark(world, random, key),
        29..31 => move_or_copy(world, random, key),
        31 => look_without_a_trace(world, key),
        32 => random_key(world, random, db),
        33 => scan(world, random, db),
        34 => world.pass(random.below(3000) as u64),
        35 => maintain(world, random),
        36 => collections::drain(world, random, db),
        37 => world.keyspace.set_limits(limits(random)),
        38 if random.one_in(10) => swap(world, random, db),
        39 if random.one_in(20) => flush(world, random, db),
        _ => {}
    }
    let key = world.keyspace.key(db, &name);
    world.check_key(key);
}

/// Mostly short; sometimes around the largest inline size, sometimes long.
fn any_bytes(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0 => vec![b'v'; 8150 + random.below(80)],
        1 => random.bytes(if cfg!(miri) { 9000 } else { 60_000 }),
        2..5 => random.bytes(1500),
        _ => random.bytes(60),
    }
}

fn any_time(world: &World, random: &mut Random) -> u64 {
    (world.now_ms + random.below(5000) as u64).saturating_sub(random.below(500) as u64)
}

fn set(world: &mut World, random: &mut Random, key: Key<'_>) {
    let bytes = any_bytes(random);
    let now_ms = world.now_ms;
    let old = world.entry(key).cloned();
    let has_cas = old.as_ref().is_some_and(|it| it.has_cas);
    let (when, expected) = any_condition(world, random, key, old.as_ref());
    let expire = match random.below(4) {
        0 => Expire::Keep,
        1 => Expire::AtMs(any_time(world, random)),
        _ => Expire::Never,
    };
    let client_flags = if random.one_in(3) { random.next() as u32 } else { 0 };
    let value = if random.one_in(2) {
        NewValue::Copied(&bytes)
    } else {
        NewValue::Shared(Bytes::from(bytes.clone()))
    };
    let mut view = world.keyspace.view(key, now_ms);
    let cas = random.one_in(4).then(|| view.new_cas(key));
    let marks = if random.one_in(3) { random.below(8) as u8 } else { 0 };
    let options = SetOptions { when, expire, client_flags, cas, marks };
    let outcome = view.set(key, value, options);
    assert_eq!(outcome, expected);
    if outcome != SetOutcome::Stored {
        return;
    }
    if cas.is_some() {
        assert_eq!(view.peek(key).map_or(cas, |it| it.cas()), cas, "the number that was given");
    }
    drop(view);
    let has_cas = has_cas || cas.is_some();
    let expire_at_ms = match expire {
        Expire::Never => None,
        Expire::Keep => old.and_then(|it| it.expire_at_ms),
        Expire::AtMs(at) if at <= now_ms => {
            world.take(key);
            return;
        }
        Expire::AtMs(at) => Some(at),
    };
    let entry = Entry::new(Value::String(bytes), now_ms);
    world.put(key, Entry { expire_at_ms, client_flags, marks, has_cas, ..entry });
}

fn any_condition(
    world: &mut World,
    random: &mut Random,
    key: Key<'_>,
    old: Option<&Entry>,
) -> (When, SetOutcome) {
    let stored_if = |it| if it { SetOutcome::Stored } else { SetOutcome::NotStored };
    match random.below(8) {
        0 => (When::Absent, stored_if(old.is_none())),
        1 => (When::Present, stored_if(old.is_some())),
        2 => {
            let now = world.keyspace.view(key, world.now_ms).peek(key).and_then(|it| it.cas());
            let asked = now.filter(|_| random.one_in(2)).unwrap_or(random.below(100) as u64);
            let outcome = match (old, now) {
                (None, _) => SetOutcome::Missing,
                (_, Some(now)) if now == asked => SetOutcome::Stored,
                _ => SetOutcome::CasMismatch,
            };
            (When::CasIs(asked), outcome)
        }
        _ => (When::Always, SetOutcome::Stored),
    }
}

fn edit_string(world: &mut World, random: &mut Random, key: Key<'_>) {
    let now_ms = world.now_ms;
    let creates = random.one_in(2);
    let entry = world.entry(key).cloned();
    let mut view = world.keyspace.view(key, now_ms);
    let cas = random.one_in(6).then(|| view.new_cas(key));
    let opened =
        if creates { view.edit_or_create::<Str>(key).map(Some) } else { view.edit::<Str>(key) };
    let mut model = match &entry {
        Some(Entry { value: Value::String(it), .. }) => it.clone(),
        Some(_) => {
            assert_eq!(opened.map(|_| ()), Err(Error::WrongType));
            return;
        }
        None if creates => Vec::new(),
        None => return assert!(opened.unwrap().is_none()),
    };
    let mut open = opened.unwrap().unwrap();
    assert_eq!((open.is_new(), &**open), (entry.is_none(), &*model));
    if random.one_in(6) {
        return; // untouched: nothing happens
    }
    let mut edited = true;
    for _ in 0..=random.below(3) {
        let bytes = any_bytes(random);
        edited = edit_once(&mut open, &mut model, random, bytes);
    }
    let mut entry = entry.unwrap_or_else(|| Entry::new(Value::String(Vec::new()), now_ms));
    if random.one_in(8) {
        let at = Some(now_ms + 1 + random.below(2000) as u64).filter(|_| random.one_in(2));
        open.set_expire(at);
        entry.expire_at_ms = at;
    }
    if random.one_in(6) {
        open.renew();
        (entry.fetched, entry.marks) = (Some(false), 0);
    }
    if let Some(cas) = cas {
        open.set_cas(cas);
        entry.has_cas = true;
    }
    drop(open);
    if cas.is_some() {
        assert_eq!(view.peek(key).map(|it| it.cas()), Some(cas), "the number that was given");
    }
    drop(view);
    entry = Entry { value: Value::String(model), edited, used_s: Some(now_ms / 1000), ..entry };
    world.put(key, entry);
}

/// One change to an open string and to the model. True when it was in place.
fn edit_once(open: &mut Str, model: &mut Vec<u8>, random: &mut Random, bytes: Vec<u8>) -> bool {
    match random.below(4) {
        0 => {
            open.replace(&bytes);
            *model = bytes;
            return false;
        }
        1 => {
            open.append(&bytes);
            model.extend_from_slice(&bytes);
        }
        2 => {
            open.prepend(&bytes);
            model.splice(..0, bytes);
        }
        _ => {
            let offset = random.below(model.len() + 100);
            open.write_at(offset, &bytes);
            model.resize(model.len().max(offset + bytes.len()), 0);
            model[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
    }
    true
}

fn get(world: &mut World, random: &mut Random, key: Key<'_>) {
    let now_ms = world.now_ms;
    let entry = world.entry(key).cloned();
    let mut view = world.keyspace.view(key, now_ms);
    let expected = entry.as_ref().map(|it| it.value.clone());
    match random.below(9) {
        0 => check_get(view.get::<Str>(key), EngineValue::String, expected.as_ref()),
        1 => check_get(view.get::<Hash>(key), EngineValue::Hash, expected.as_ref()),
        2 => check_get(view.get::<List>(key), EngineValue::List, expected.as_ref()),
        3 => check_get(view.get::<Set>(key), EngineValue::Set, expected.as_ref()),
        4 => check_get(view.get::<SortedSet>(key), EngineValue::SortedSet, expected.as_ref()),
        5 => check_get(view.get::<Stream>(key), EngineValue::Stream, expected.as_ref()),
        _ => {
            let item = view.read(key);
            if let (Some(item), Some(entry)) = (&item, &entry) {
                let before = (item.fetched(), u64::from(item.idle_s()));
                let fetched = entry.fetched.unwrap_or(before.0);
                let idle_s = entry.used_s.map_or(before.1, |it| (now_ms / 1000 - it) & 0xff_ffff);
                assert_eq!(before, (fetched, idle_s), "a read says how it was before");
            }
            assert!(item.map(|it| value_of(it.value())) == expected);
        }
    }
    drop(view);
    match world.entry(key) {
        Some(entry) => {
            (entry.fetched, entry.used_s) = (Some(true), Some(now_ms / 1000));
            world.hits += 1;
        }
        None => world.misses += 1,
    }
}

/// A read as one type finds that type, or nothing where nothing is.
fn check_get<'v, T>(
    found: Result<Option<T>, Error>,
    whole: impl FnOnce(T) -> EngineValue<'v>,
    expected: Option<&Value>,
) {
    match found {
        Ok(found) => assert!(found.map(|it| value_of(whole(it))).as_ref() == expected),
        Err(error) => {
            assert_eq!(error, Error::WrongType);
            assert!(expected.is_some());
        }
    }
}

/// `check_key` compares afterwards that nothing changed.
fn look_without_a_trace(world: &mut World, key: Key<'_>) {
    let is_there = world.entry(key).is_some();
    let mut view = world.keyspace.view(key, world.now_ms);
    assert_eq!(view.peek(key).is_some(), is_there);
    assert_eq!(view.now_ms(), world.now_ms);
}

fn remove(world: &mut World, key: Key<'_>) {
    let removed = world.keyspace.view(key, world.now_ms).remove(key);
    assert_eq!(removed, world.take(key));
}

fn set_expire(world: &mut World, random: &mut Random, key: Key<'_>) {
    let at_ms = Some(any_time(world, random)).filter(|_| !random.one_in(4));
    let now_ms = world.now_ms;
    let done = world.keyspace.view(key, now_ms).set_expire(key, at_ms);
    assert_eq!(done, world.entry(key).is_some());
    if at_ms.is_some_and(|at| at <= now_ms) {
        world.take(key);
    } else if let Some(entry) = world.entry(key) {
        entry.expire_at_ms = at_ms;
    }
}

fn touch(world: &mut World, key: Key<'_>) {
    let now_ms = world.now_ms;
    let done = world.keyspace.view(key, now_ms).touch(key);
    assert_eq!(done, world.entry(key).is_some());
    if let Some(entry) = world.entry(key) {
        (entry.fetched, entry.used_s) = (Some(true), Some(now_ms / 1000));
    }
}

/// Marks and CAS numbers are set without a write to the value.
fn mark(world: &mut World, random: &mut Random, key: Key<'_>) {
    let marks = random.below(8) as u8;
    let mut view = world.keyspace.view(key, world.now_ms);
    let done = view.set_marks(key, marks);
    let cas = view.new_cas(key);
    let sets_cas = random.one_in(2);
    if sets_cas {
        assert_eq!(view.set_cas(key, cas), done);
        assert_eq!(view.peek(key).map(|it| it.cas()), done.then_some(Some(cas)));
    }
    drop(view);
    assert_eq!(done, world.entry(key).is_some());
    if let Some(entry) = world.entry(key) {
        entry.marks = marks;
        entry.has_cas |= sets_cas;
    }
}

fn cas(world: &mut World, key: Key<'_>) {
    let mut view = world.keyspace.view(key, world.now_ms);
    let cas = view.cas(key);
    assert_eq!(view.cas(key), cas, "asking changes nothing");
    drop(view);
    assert_eq!(cas.is_some(), world.entry(key).is_some());
    if let Some(entry) = world.entry(key) {
        entry.has_cas = true;
    }
}

fn move_or_copy(world: &mut World, random: &mut Random, from: Key<'_>) {
    let (db, name) = (World::any_db(random), world.any_name(random));
    let to = world.keyspace.key(db, &name);
    let is_same = (from.name, from.db) == (to.name, to.db);
    let moves = random.one_in(2) || is_same;
    let mut view = world.keyspace.view_many([from, to], world.now_ms);
    let done = if moves { view.rename(from, to) } else { view.copy(from, to) };
    drop(view);
    assert_eq!(done, world.entry(from).is_some());
    let Some(entry) = world.entry(from).cloned() else { return };
    if is_same {
        return;
    }
    if moves {
        world.take(from);
    }
    world.put(to, Entry { has_cas: false, fetched: None, used_s: None, ..entry });
    world.check_key(to);
}

fn random_key(world: &mut World, random: &mut Random, db: u32) {
    let now_ms = world.now_ms;
    let Some(name) = world.keyspace.random_key(db, random.next(), now_ms) else {
        let mut entries = world.databases[db as usize].values();
        assert!(entries.all(|it| it.expire_at_ms.is_some_and(|at| at < now_ms)));
        return;
    };
    let key = world.keyspace.key(db, &name);
    assert!(world.entry(key).is_some(), "a random key is a live one");
}

/// A whole scan with writes between its steps: what stays throughout is met.
fn scan(world: &mut World, random: &mut Random, db: u32) {
    let now_ms = world.now_ms;
    let alive = |it: &Entry| it.expire_at_ms.is_none_or(|at| now_ms <= at);
    let staying: Vec<_> = world.databases[db as usize]
        .iter()
        .filter(|(_, it)| alive(it))
        .map(|(name, _)| name.clone())
        .collect();
    let n_new = if random.one_in(4) && !cfg!(miri) { 300 } else { 3 };
    let (mut cursor, mut met, mut added) = (0, Vec::new(), Vec::new());
    loop {
        let count = 1 + random.below(20);
        let mut visit = |item: tandem_engine::Item<'_>| met.push(item.key().to_vec());
        cursor = world.keyspace.scan(db, cursor, count, now_ms, &mut visit);
        if cursor == 0 {
            break;
        }
        // Were it always this many, the table would grow faster than the scan goes through it.
        let n_adding = if added.len() < 2000 { random.below(n_new) } else { 0 };
        for _ in 0..n_adding {
            let name = format!("new:{}", added.len()).into_bytes();
            let key = world.keyspace.key(db, &name);
            let value = NewValue::Copied(b"new");
            world.keyspace.view(key, now_ms).set(key, value, SetOptions::default());
            added.push(name);
        }
    }
    met.sort();
    assert!(staying.iter().all(|it| met.binary_search(it).is_ok()));
    for name in added {
        let key = world.keyspace.key(db, &name);
        assert!(world.keyspace.view(key, now_ms).remove(key));
    }
}

/// Background work, cut short at random.
fn maintain(world: &mut World, random: &mut Random) {
    let n_parts = 1 + random.below(3);
    let mut turns_left = random.below(10);
    let mut keep_going = || {
        turns_left = turns_left.saturating_sub(1);
        turns_left != 0
    };
    let part = random.below(n_parts);
    let db = World::any_db(random);
    let from = random.below(world.keyspace.n_shards());
    world.keyspace.crawl(db, from, random.below(100), world.now_ms);
    let _: Maintenance = world.keyspace.maintain(part, n_parts, world.now_ms, &mut keep_going);
}

fn swap(world: &mut World, random: &mut Random, db: u32) {
    let other = random.below(N_DATABASES as usize) as u32;
    world.keyspace.swap(db, other);
    world.databases.swap(db as usize, other as usize);
}

fn flush(world: &mut World, random: &mut Random, db: u32) {
    if random.one_in(4) {
        world.keyspace.flush_all();
        world.databases.iter_mut().for_each(BTreeMap::clear);
        assert_eq!(world.keyspace.used_bytes(), 0);
    } else {
        world.keyspace.flush(db);
        world.databases[db as usize].clear();
    }
}
