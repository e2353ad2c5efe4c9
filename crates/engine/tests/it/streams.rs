//! Random operations on a stream against vectors and maps of the standard library.

use std::collections::BTreeMap;

use tandem_engine::{
    Claim, Claimed, Deliveries, Edit, Effort, Entry, Keep, Key, Keyspace, KeyspaceOptions, Limits,
    Log, NewId, Stream, StreamId, StreamLimits, Trim,
};

use crate::seeded::Random;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Default)]
struct Group {
    last_id: StreamId,
    /// Who has an entry, since when, and how often it was delivered.
    pending: BTreeMap<StreamId, (Vec<u8>, u64, u64)>,
    consumers: BTreeMap<Vec<u8>, u64>,
}

/// A stream in a keyspace, and the model of it.
pub(crate) struct World {
    keyspace: Keyspace,
    now_ms: u64,
    entries: Vec<(StreamId, Fields)>,
    last_id: StreamId,
    max_deleted_id: StreamId,
    n_added: i64,
    groups: BTreeMap<Vec<u8>, Group>,
    /// Ids of removed entries were given again: they lie before lower ones, where a trim to an id
    /// stops early, as Valkey's does.
    went_back: bool,
}

const NAME: &[u8] = b"stream";
const NODE_ENTRIES: [u32; 5] = [0, 1, 3, 20, 100];
const NODE_BYTES: [u32; 4] = [0, 90, 400, 4096];

impl World {
    pub(crate) fn new(random: &mut Random) -> World {
        let limits = Limits {
            stream: StreamLimits {
                node_entries_max: NODE_ENTRIES[random.below(NODE_ENTRIES.len())],
                node_bytes_max: NODE_BYTES[random.below(NODE_BYTES.len())],
            },
            ..Limits::default()
        };
        let options = KeyspaceOptions { n_shards: 1, limits, ..KeyspaceOptions::default() };
        World {
            keyspace: Keyspace::new(options),
            now_ms: 1000,
            entries: Vec::new(),
            last_id: StreamId::MIN,
            max_deleted_id: StreamId::MIN,
            n_added: 0,
            groups: BTreeMap::new(),
            went_back: false,
        }
    }

    fn key(&self) -> Key<'static> {
        self.keyspace.key(0, NAME)
    }

    /// Opens the stream for one operation.
    fn edit<T>(&self, change: impl FnOnce(&mut Edit<'_, Stream>) -> T) -> T {
        let mut view = self.keyspace.view(self.key(), self.now_ms);
        let mut stream = view.edit_or_create::<Stream>(self.key()).unwrap();
        change(&mut stream)
    }

    fn read<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        self.edit(|stream| look(stream.log()))
    }
}

pub(crate) fn step(world: &mut World, random: &mut Random) {
    world.now_ms += random.below(3) as u64;
    match random.below(16) {
        0..6 => add(world, random),
        6..8 => remove(world, random),
        8 => trim(world, random),
        9 if random.one_in(4) => set_past(world, random),
        9 | 10 => look(world, random),
        _ => group_step(world, random),
    }
}

fn near(id: StreamId, random: &mut Random) -> StreamId {
    let ms = (id.ms + random.below(4) as u64).saturating_sub(1);
    StreamId::new(ms, [0, 1, 2, id.seq, id.seq + 1, id.seq + 200][random.below(6)])
}

fn any_id(world: &World, random: &mut Random) -> StreamId {
    match world.entries.len() {
        0 => near(world.last_id, random),
        _ if random.one_in(3) => near(world.last_id, random),
        n => world.entries[random.below(n)].0,
    }
}

fn fields(random: &mut Random) -> Fields {
    let names: [&[u8]; 4] = [b"name", b"other", b"17", b""];
    let mut fields = vec![(b"name".to_vec(), random.below(1 << 20).to_string().into_bytes())];
    if random.one_in(3) {
        for _ in 0..random.below(4) {
            fields.push((names[random.below(4)].to_vec(), random.bytes(300)));
        }
    }
    fields
}

fn add(world: &mut World, random: &mut Random) {
    let wanted = match random.below(4) {
        0 => NewId::At { now_ms: world.now_ms },
        1 => NewId::In { ms: near(world.last_id, random).ms },
        _ => NewId::Is(near(world.last_id, random)),
    };
    let fields = fields(random);
    let pairs: Vec<(&[u8], &[u8])> = fields.iter().map(|(n, v)| (&n[..], &v[..])).collect();
    let added = world.edit(|stream| stream.add(wanted, &pairs));
    let last = world.last_id;
    let expected = match wanted {
        NewId::At { now_ms } if last.ms < now_ms => StreamId::new(now_ms, 0),
        NewId::At { .. } => StreamId::new(last.ms, last.seq + 1),
        NewId::In { ms } if ms == last.ms => StreamId::new(ms, last.seq + 1),
        NewId::In { ms } => StreamId::new(ms, 0),
        NewId::Is(id) => id,
    };
    assert_eq!(added.ok(), Some(expected).filter(|it| last < *it));
    if let Ok(id) = added {
        world.entries.push((id, fields));
        world.last_id = id;
        world.n_added += 1;
    }
}

fn remove(world: &mut World, random: &mut Random) {
    let id = any_id(world, random);
    let found = world.entries.iter().position(|(it, _)| *it == id);
    assert_eq!(world.edit(|stream| stream.remove(id)), found.is_some());
    if let Some(at) = found {
        world.entries.remove(at);
        world.max_deleted_id = world.max_deleted_id.max(id);
    }
}

fn trim(world: &mut World, random: &mut Random) {
    let n_max = random.below(30) as u64;
    let effort = [Effort::Exact, Effort::Nodes, Effort::NodesUpTo(n_max)][random.below(3)];
    let keep = if random.one_in(2) {
        Keep::Newest(random.below(world.entries.len() + 2) as u64)
    } else {
        Keep::From(any_id(world, random))
    };
    let may_go = match keep {
        Keep::Newest(n) => world.entries.len().saturating_sub(n as usize),
        Keep::From(id) => world.entries.iter().filter(|(it, _)| *it < id).count(),
    };
    let n_removed = world.edit(|stream| stream.trim(Trim { keep, effort })) as usize;
    match effort {
        Effort::Exact if world.went_back => assert!(n_removed <= may_go),
        Effort::Exact => assert_eq!(n_removed, may_go),
        Effort::NodesUpTo(n @ 1..) => assert!(n_removed <= may_go.min(n as usize)),
        _ => assert!(n_removed <= may_go),
    }
    world.entries.drain(..n_removed);
}

/// The last id may go back to where removed entries were, and their ids be given again.
fn set_past(world: &mut World, random: &mut Random) {
    let newest = world.entries.last().map_or(StreamId::MIN, |(id, _)| *id);
    world.last_id = near(newest, random).max(newest).max(StreamId::new(0, 1));
    world.max_deleted_id = StreamId::new(0, 1);
    world.n_added = world.entries.len() as i64 + random.below(5) as i64;
    world.went_back = true;
    world.edit(|stream| {
        stream.set_past(world.last_id, Some(world.n_added), world.max_deleted_id);
    });
}

fn same(found: &Entry<'_>, expected: &(StreamId, Fields)) {
    let fields = found.fields().map(|(name, value)| (name.to_vec(), value.to_vec()));
    assert_eq!(found.id, expected.0);
    assert_eq!(fields.collect::<Fields>(), expected.1);
}

fn look(world: &World, random: &mut Random) {
    let ends = [any_id(world, random), any_id(world, random)];
    let (from, to) = (ends[0], ends[1]);
    let is_between = |it: &&(StreamId, Fields)| from <= it.0 && it.0 <= to;
    let expected: Vec<_> = world.entries.iter().filter(is_between).collect();
    world.read(|log| {
        let found: Vec<Entry<'_>> = log.range(from, to).collect();
        assert_eq!(found.len(), expected.len());
        found.iter().zip(&expected).for_each(|(it, expected)| same(it, expected));
        let mut found: Vec<Entry<'_>> = log.range_back(from, to).collect();
        assert_eq!(found.len(), expected.len());
        found.reverse();
        found.iter().zip(&expected).for_each(|(it, expected)| same(it, expected));
        let entry = world.entries.iter().find(|(id, _)| *id == from);
        assert_eq!(log.get(from).is_some(), entry.is_some());
        assert_eq!(log.newest_id(), world.entries.last().map(|(id, _)| *id));
    });
}

impl World {
    pub(crate) fn check_all(&self) {
        self.edit(|stream| {
            let log = stream.log();
            assert_eq!(log.len(), self.entries.len() as u64);
            assert_eq!(log.last_id(), self.last_id);
            assert_eq!(log.n_added(), self.n_added);
            assert_eq!(log.max_deleted_id(), self.max_deleted_id);
            let first_id = self.entries.first().map_or(StreamId::MIN, |(id, _)| *id);
            assert_eq!(log.first_id(), first_id);
            let entries = log.range(StreamId::MIN, StreamId::MAX);
            assert_eq!(entries.clone().count(), self.entries.len());
            entries.zip(&self.entries).for_each(|(it, expected)| same(&it, expected));
            assert_eq!(stream.n_groups(), self.groups.len());
            for ((name, found), (expected_name, expected)) in stream.groups().zip(&self.groups) {
                assert_eq!(name, expected_name);
                check_group(found, expected);
            }
        });
    }

    /// Nothing is left behind by a stream that goes.
    pub(crate) fn settle(self) {
        self.keyspace.view(self.key(), self.now_ms).remove(self.key());
        self.keyspace.flush(0);
        assert_eq!(self.keyspace.used_bytes(), 0);
    }
}

fn check_group(found: &tandem_engine::Group, expected: &Group) {
    assert_eq!(found.last_id, expected.last_id);
    let pending = found
        .pending_from(StreamId::MIN)
        .map(|(id, it)| (id, (it.consumer().to_vec(), it.delivered_ms, it.n_deliveries)));
    assert_eq!(pending.collect::<BTreeMap<_, _>>(), expected.pending);
    let consumers = found.consumers().map(|(name, it)| (name.to_vec(), it.seen_ms));
    assert_eq!(consumers.collect::<BTreeMap<_, _>>(), expected.consumers);
    for (name, consumer) in found.consumers() {
        let own = expected.pending.iter().filter(|(_, it)| it.0 == name).map(|(id, _)| *id);
        let found: Vec<StreamId> = consumer.pending_from(StreamId::MIN).collect();
        assert_eq!(found, own.collect::<Vec<_>>());
    }
}

fn group_step(world: &mut World, random: &mut Random) {
    let name = [&b"g1"[..], b"g2", b"g3"][random.below(3)];
    let consumer = [&b"one"[..], b"two", b"three"][random.below(3)];
    let Some(mut model) = world.groups.remove(name) else {
        let last_id = any_id(world, random);
        assert!(world.edit(|stream| stream.add_group(name, last_id, None)));
        world.groups.insert(name.to_vec(), Group { last_id, ..Group::default() });
        return;
    };
    match random.below(12) {
        0 => {
            assert!(world.edit(|stream| stream.remove_group(name)));
            return;
        }
        1 => {
            let expected = model.pending.len();
            model.pending.retain(|_, it| it.0 != consumer);
            model.consumers.remove(consumer);
            let expected = expected - model.pending.len();
            let removed = world
                .edit(|stream| stream.open_group(name).map(|mut it| it.remove_consumer(consumer)));
            assert_eq!(removed, Some(expected));
        }
        2..6 => deliver(world, &mut model, name, consumer, 1 + random.below(20)),
        6..9 => {
            let id = any_pending(&model, random).unwrap_or(world.last_id);
            let expected = model.pending.remove(&id).is_some();
            let acknowledged =
                world.edit(|stream| stream.open_group(name).map(|mut it| it.acknowledge(id)));
            assert_eq!(acknowledged, Some(expected));
        }
        _ => {
            let pending = any_pending(&model, random).filter(|_| random.one_in(2));
            let id = pending.unwrap_or_else(|| any_id(world, random));
            claim(world, &mut model, name, consumer, id, random);
        }
    }
    world.groups.insert(name.to_vec(), model);
}

fn any_pending(model: &Group, random: &mut Random) -> Option<StreamId> {
    let n = model.pending.len();
    if n == 0 { None } else { model.pending.keys().nth(random.below(n)).copied() }
}

fn deliver(world: &World, model: &mut Group, name: &[u8], consumer: &[u8], n_max: usize) {
    let now_ms = world.now_ms;
    let new = world.entries.iter().map(|(id, _)| *id).filter(|id| model.last_id < *id);
    let expected: Vec<StreamId> = new.take(n_max).collect();
    let delivered = world.edit(|stream| {
        let mut group = stream.open_group(name).unwrap();
        group.see(consumer, now_ms);
        let from = group.last_id.next().unwrap();
        let entries = group.log().range(from, StreamId::MAX).take(n_max);
        let ids: Vec<StreamId> = entries.map(|it| it.id).collect();
        for id in &ids {
            group.pass(*id);
            group.deliver(*id, consumer, now_ms);
        }
        ids
    });
    assert_eq!(delivered, expected);
    model.consumers.insert(consumer.to_vec(), now_ms);
    for id in expected {
        model.last_id = id;
        model.pending.insert(id, (consumer.to_vec(), now_ms, 1));
    }
}

fn claim(
    world: &World,
    model: &mut Group,
    name: &[u8],
    consumer: &[u8],
    id: StreamId,
    random: &mut Random,
) {
    let now_ms = world.now_ms;
    let deliveries = [Deliveries::OneMore, Deliveries::Kept, Deliveries::Are(9)][random.below(3)];
    let claim = Claim {
        min_idle_ms: [0, 0, 20][random.below(3)],
        delivered_ms: now_ms - random.below(30) as u64,
        deliveries,
        forced: random.one_in(3),
    };
    let claimed = world.edit(|stream| {
        let mut group = stream.open_group(name).unwrap();
        group.see(consumer, now_ms);
        group.claim(id, consumer, &claim, now_ms)
    });
    model.consumers.insert(consumer.to_vec(), now_ms);
    if !world.entries.iter().any(|(it, _)| *it == id) {
        assert_eq!(claimed, Claimed::Gone);
        model.pending.remove(&id);
        return;
    }
    let n_before = match model.pending.get(&id) {
        None if claim.forced => Some(1),
        None => None,
        Some((_, since_ms, n)) => {
            let idle_ms = now_ms as i64 - *since_ms as i64;
            (claim.min_idle_ms == 0 || claim.min_idle_ms <= idle_ms).then_some(*n)
        }
    };
    assert_eq!(claimed == Claimed::Yes, n_before.is_some());
    if let Some(n_before) = n_before {
        let n = match deliveries {
            Deliveries::OneMore => n_before + 1,
            Deliveries::Kept => n_before,
            Deliveries::Are(n) => n,
        };
        model.pending.insert(id, (consumer.to_vec(), claim.delivered_ms, n));
    }
}
