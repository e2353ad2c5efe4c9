//! Random edits of collections of every type, each done to the model too.

use std::collections::{BTreeSet, VecDeque};

use tandem_engine::{
    End, Error, FIELD_END_MAX_MS, Hash, Key, Kind, List, Member, NewId, NewValue, Set, Side,
    SortedSet, Stream, StreamId,
};

use crate::model::{Entry, Fields, GROUP, Scores, StreamModel, Value, World};
use crate::seeded::Random;

/// Edits what is under a key, or makes something of it.
pub(crate) fn edit(world: &mut World, random: &mut Random, key: Key<'_>) {
    let now_ms = world.now_ms;
    let present = world.entry(key).map(|it| it.value.clone());
    // Mostly what the key holds, so that it grows.
    let kind = match present {
        Some(it) if !random.one_in(10) => it,
        _ => any_kind(random),
    };
    match kind {
        Value::String(_) => {}
        Value::Hash(_) => edit_as(world, random, key, hash_in, Value::Hash, |hash, model, it| {
            edit_hash(hash, model, it, now_ms);
        }),
        Value::List(_) => edit_as(world, random, key, list_in, Value::List, edit_list),
        Value::Set(_) => edit_as(world, random, key, set_in, Value::Set, edit_set),
        Value::SortedSet(_) => {
            edit_as(world, random, key, scores_in, Value::SortedSet, edit_sorted_set);
        }
        Value::Stream(_) => edit_as(world, random, key, stream_in, Value::Stream, edit_stream),
    }
}

fn any_kind(random: &mut Random) -> Value {
    match random.below(5) {
        0 => Value::Hash(Fields::new()),
        1 => Value::List(VecDeque::new()),
        2 => Value::Set(BTreeSet::new()),
        3 => Value::SortedSet(Scores::new()),
        _ => Value::Stream(StreamModel::default()),
    }
}

fn hash_in(value: &Value) -> Option<&Fields> {
    if let Value::Hash(it) = value { Some(it) } else { None }
}

fn list_in(value: &Value) -> Option<&VecDeque<Vec<u8>>> {
    if let Value::List(it) = value { Some(it) } else { None }
}

fn set_in(value: &Value) -> Option<&BTreeSet<Vec<u8>>> {
    if let Value::Set(it) = value { Some(it) } else { None }
}

fn scores_in(value: &Value) -> Option<&Scores> {
    if let Value::SortedSet(it) = value { Some(it) } else { None }
}

fn stream_in(value: &Value) -> Option<&StreamModel> {
    if let Value::Stream(it) = value { Some(it) } else { None }
}

/// Opens a key as one type and changes it, unless it holds another or it is left untouched.
fn edit_as<T: Kind, M: Clone + Default>(
    world: &mut World,
    random: &mut Random,
    key: Key<'_>,
    part: fn(&Value) -> Option<&M>,
    whole: fn(M) -> Value,
    change: impl FnOnce(&mut T, &mut M, &mut Random),
) {
    let entry = world.entry(key).cloned();
    let mut view = world.keyspace.view(key, world.now_ms);
    let opened = view.edit_or_create::<T>(key);
    let mut model = match entry.as_ref().map(|it| part(&it.value)) {
        None => M::default(),
        Some(Some(it)) => it.clone(),
        Some(None) => return assert_eq!(opened.map(|_| ()), Err(Error::WrongType)),
    };
    let mut open = opened.unwrap();
    assert_eq!(open.is_new(), entry.is_none());
    if random.one_in(6) {
        return;
    }
    change(&mut open, &mut model, random);
    drop(open);
    drop(view);
    finish(world, key, entry, whole(model));
}

fn finish(world: &mut World, key: Key<'_>, entry: Option<Entry>, value: Value) {
    if value.is_gone() {
        world.take(key);
        return;
    }
    let entry = entry.unwrap_or_else(|| Entry::new(value.clone(), world.now_ms));
    world.put(key, Entry { value, used_s: Some(world.now_ms / 1000), ..entry });
}

/// Sometimes enough to leave the packed forms at once.
fn n_changes(random: &mut Random) -> usize {
    let n_max = if random.one_in(5) { 200 } else { 4 };
    1 + random.below(n_max)
}

fn value(random: &mut Random) -> Vec<u8> {
    let len_max = if random.one_in(30) { 9000 } else { 20 };
    random.bytes(len_max)
}

/// A name among few or many, as text or as an integer.
fn name(random: &mut Random) -> Vec<u8> {
    let n_names = [5, 100, 1000][random.below(3)];
    let number = random.below(n_names);
    let spelled = if random.one_in(2) { number.to_string() } else { format!("name:{number}") };
    spelled.into_bytes()
}

fn edit_hash(hash: &mut Hash, model: &mut Fields, random: &mut Random, now_ms: u64) {
    let may_end = random.one_in(3);
    for _ in 0..n_changes(random) {
        let field = name(random);
        match random.below(6) {
            0 | 1 => assert_eq!(hash.remove(&field), model.remove(&field).is_some()),
            2 if may_end => {
                let ends = [0, FIELD_END_MAX_MS, now_ms + random.below(3000) as u64];
                let end_ms = ends[random.below(3)];
                hash.set_end(&field, end_ms);
                if let Some(it) = model.get_mut(&field) {
                    it.1 = end_ms;
                }
            }
            3 => {
                let value = value(random);
                let old = model.get(&field).map(|it| it.1);
                assert_eq!(hash.update(&field, &value), old.is_none());
                model.insert(field, (value, old.unwrap_or(0)));
            }
            _ => {
                let value = value(random);
                let is_new = model.insert(field.clone(), (value.clone(), 0)).is_none();
                assert_eq!(hash.set(&field, &value), is_new);
                assert_eq!(hash.get(&field), Some(value.as_slice()));
            }
        }
        assert_eq!(hash.end_of(&field_of(model)), model.values().next().map(|it| it.1));
    }
}

/// The first field, or one that nobody sets.
fn field_of(model: &Fields) -> Vec<u8> {
    model.keys().next().cloned().unwrap_or_default()
}

fn edit_list(list: &mut List, model: &mut VecDeque<Vec<u8>>, random: &mut Random) {
    for _ in 0..n_changes(random) {
        let bytes = if random.one_in(3) { name(random) } else { value(random) };
        let value = NewValue::Copied(&bytes);
        let index = random.below(model.len() + 1);
        if list.outgrows(1, bytes.len()) {
            list.split();
        }
        match random.below(9) {
            0..3 => {
                list.push(&value, End::Back);
                model.push_back(bytes);
            }
            3 => {
                list.push(&value, End::Front);
                model.push_front(bytes);
            }
            4 if index < model.len() => {
                list.insert(index, Side::Before, &value);
                model.insert(index, bytes);
            }
            5 if index < model.len() => {
                list.set(index, &value);
                model[index] = bytes;
            }
            6 => {
                let n = random.below(20).min(model.len() - index);
                list.remove(index, n);
                model.drain(index..index + n);
            }
            7 => {
                let popped = list.rotate(End::Front, End::Back);
                let expected = model.pop_front();
                assert_eq!(popped.map(|it| it.bytes.to_vec()), expected);
                model.extend(expected);
            }
            _ => {
                let popped = list.pop(End::Front);
                assert_eq!(popped.map(|it| it.bytes.to_vec()), model.pop_front());
            }
        }
    }
}

fn edit_set(set: &mut Set, model: &mut BTreeSet<Vec<u8>>, random: &mut Random) {
    let of_integers = random.one_in(2);
    for _ in 0..n_changes(random) {
        let member = if of_integers { random.below(500).to_string().into() } else { name(random) };
        if random.one_in(3) {
            assert_eq!(set.remove(Member::Bytes(&member)), model.remove(&member));
        } else {
            assert_eq!(set.add(Member::Bytes(&member)), model.insert(member.clone()));
            assert!(set.as_ref().contains(&member));
        }
    }
}

fn edit_sorted_set(set: &mut SortedSet, model: &mut Scores, random: &mut Random) {
    for _ in 0..n_changes(random) {
        let member = if random.one_in(30) { value(random) } else { name(random) };
        match random.below(8) {
            0 | 1 => assert_eq!(set.remove(&member), model.remove(&member).is_some()),
            2 => {
                let from = random.below(model.len() + 1);
                let to = (from + random.below(10)).min(model.len());
                let mut order: Vec<_> = model.iter().map(|(it, score)| (*score, it)).collect();
                order.sort_unstable();
                let gone: Vec<_> = order[from..to].iter().map(|(_, it)| (*it).clone()).collect();
                set.remove_range(from..to);
                model.retain(|it, _| !gone.contains(it));
            }
            _ => {
                // Few scores, so that members share them; integers and fractions.
                let quarters = random.below(100) as i64 - 50;
                let old = set.insert(&member, quarters as f64 / 4.0);
                let expected = model.insert(member.clone(), quarters);
                assert_eq!(old.map(|it| (it * 4.0) as i64), expected);
                let lower = model.iter().filter(|it| (it.1, it.0) < (&quarters, &member));
                assert_eq!(set.as_ref().rank(&member).map(|it| it.0), Some(lower.count()));
            }
        }
    }
}

fn edit_stream(stream: &mut Stream, model: &mut StreamModel, random: &mut Random) {
    stream.add_group(GROUP, StreamId::MIN, None);
    for _ in 0..n_changes(random) {
        let any = model.entries.get(random.below(model.entries.len() + 1)).map(|it| it.0);
        match (random.below(8), any) {
            (0, Some(id)) => {
                assert!(stream.remove(id));
                model.entries.retain(|it| it.0 != id);
            }
            (1, Some(id)) => {
                let mut group = stream.open_group(GROUP).expect("it was added");
                group.see(b"consumer", 0);
                group.deliver(id, b"consumer", 0);
                model.pending.insert(id);
            }
            (2, _) => {
                let Some(id) = model.pending.pop_first() else { continue };
                let mut group = stream.open_group(GROUP).expect("it was added");
                assert!(group.acknowledge(id));
            }
            _ => {
                let value = value(random);
                let id = NewId::In { ms: model.last_id.ms + random.below(2) as u64 };
                model.last_id = stream.add(id, &[(b"name", &value)]).expect("the id is higher");
                model.entries.push((model.last_id, value));
            }
        }
    }
}

/// Takes a collection apart element by element: the last one takes the key with it.
pub(crate) fn drain(world: &mut World, random: &mut Random, db: u32) {
    let entries = world.databases[db as usize].iter();
    let collections: Vec<_> = entries.filter(|(_, it)| is_drained(&it.value)).collect();
    let Some((name, _)) = collections.get(random.below(collections.len() + 1)) else { return };
    let name = (*name).clone();
    let key = world.keyspace.key(db, &name);
    let Some(entry) = world.entry(key).cloned() else { return };
    let n_kept = random.below(2);
    match entry.value {
        Value::Hash(_) => {
            edit_as(world, random, key, hash_in, Value::Hash, |it: &mut Hash, m, _| {
                while n_kept < m.len() {
                    let (field, _) = m.pop_last().expect("it has more than are kept");
                    assert!(it.remove(&field));
                }
            });
        }
        Value::List(_) => {
            edit_as(world, random, key, list_in, Value::List, |it: &mut List, m, _| {
                while n_kept < m.len() {
                    assert_eq!(it.pop(End::Back).map(|it| it.bytes.to_vec()), m.pop_back());
                }
            });
        }
        Value::Set(_) => edit_as(world, random, key, set_in, Value::Set, |it: &mut Set, m, _| {
            while n_kept < m.len() {
                let member = m.pop_last().expect("it has more than are kept");
                assert!(it.remove(Member::Bytes(&member)));
            }
        }),
        Value::SortedSet(_) => {
            edit_as(world, random, key, scores_in, Value::SortedSet, |it: &mut SortedSet, m, _| {
                while n_kept < m.len() {
                    let (member, _) = m.pop_last().expect("it has more than are kept");
                    assert!(it.remove(&member));
                }
            });
        }
        Value::String(_) | Value::Stream(_) => {}
    }
}

fn is_drained(value: &Value) -> bool {
    !matches!(value, Value::String(_) | Value::Stream(_))
}
