//! What a keyspace should hold, kept in std collections, beside the keyspace itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tandem_engine::{
    Element, Item, Key, Keyspace, KeyspaceOptions, Limits, Maintenance, PackedLimits, Policy,
    SetLimits, StreamId, StreamLimits, StreamRef, Value as EngineValue,
};

use crate::seeded::Random;

pub(crate) const N_DATABASES: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    String(Vec<u8>),
    Hash(Fields),
    List(VecDeque<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    SortedSet(Scores),
    Stream(StreamModel),
}

/// Of each field the value and when it ends, 0 for never.
pub(crate) type Fields = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

/// Of each member its score in quarters, which are exact.
pub(crate) type Scores = BTreeMap<Vec<u8>, i64>;

/// What is asked of a stream here; `streams` has the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamModel {
    pub(crate) entries: Vec<(StreamId, Vec<u8>)>,
    pub(crate) last_id: StreamId,
    /// What the one group has yet to acknowledge.
    pub(crate) pending: BTreeSet<StreamId>,
}

pub(crate) const GROUP: &[u8] = b"group";

impl Value {
    /// True for a collection whose key goes with its last element.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Value::String(_) | Value::Stream(_) => false,
            Value::Hash(it) => it.is_empty(),
            Value::List(it) => it.is_empty(),
            Value::Set(it) => it.is_empty(),
            Value::SortedSet(it) => it.is_empty(),
        }
    }

    /// True when the value can be what time has left of another.
    fn is_left_of(&self, before: &Value) -> bool {
        match (self, before) {
            (Value::Hash(left), Value::Hash(before)) => {
                left.iter().all(|(field, it)| before.get(field) == Some(it))
            }
            _ => self == before,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) expire_at_ms: Option<u64>,
    pub(crate) client_flags: u32,
    pub(crate) marks: u8,
    pub(crate) has_cas: bool,
    pub(crate) edited: bool,
    /// `None` where nothing is promised: after a rename or a copy.
    pub(crate) fetched: Option<bool>,
    pub(crate) used_s: Option<u64>,
}

impl Entry {
    pub(crate) fn new(value: Value, now_ms: u64) -> Entry {
        Entry {
            value,
            expire_at_ms: None,
            client_flags: 0,
            marks: 0,
            has_cas: false,
            edited: false,
            fetched: Some(false),
            used_s: Some(now_ms / 1000),
        }
    }
}

/// A keyspace and the model of it.
pub(crate) struct World {
    pub(crate) keyspace: Keyspace,
    pub(crate) databases: Vec<BTreeMap<Vec<u8>, Entry>>,
    pub(crate) now_ms: u64,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// The value that each CAS number was first seen with: it must never mean another.
    cas_seen: BTreeMap<u64, Value>,
    names: Vec<Vec<u8>>,
}

impl World {
    pub(crate) fn new(random: &mut Random) -> World {
        let keyspace = Keyspace::new(KeyspaceOptions {
            n_databases: N_DATABASES,
            n_shards: 1 << random.below(4),
            memory_max_bytes: 0,
            policy: Policy::NoEviction,
            limits: limits(random),
            seed: Some(random.next()),
        });
        let mut names: Vec<_> = (0..=random.below(100)).map(|_| random.bytes(30)).collect();
        // The longest that lie inline, and some that do not.
        names.extend([0, 255, 4096, 4097, 9000].map(|len| vec![b'k'; len]));
        World {
            keyspace,
            databases: vec![BTreeMap::new(); N_DATABASES as usize],
            now_ms: 1_700_000_000_000,
            hits: 0,
            misses: 0,
            cas_seen: BTreeMap::new(),
            names,
        }
    }

    pub(crate) fn any_name(&self, random: &mut Random) -> Vec<u8> {
        self.names[random.below(self.names.len())].clone()
    }

    pub(crate) fn any_db(random: &mut Random) -> u32 {
        // Most of the traffic in one database, so that keys meet.
        if random.one_in(2) { 0 } else { random.below(N_DATABASES as usize) as u32 }
    }

    /// The live entry of a key.
    pub(crate) fn entry(&mut self, key: Key<'_>) -> Option<&mut Entry> {
        let now_ms = self.now_ms;
        let entry = self.databases[key.db as usize].get_mut(key.name)?;
        entry.expire_at_ms.is_none_or(|at| now_ms <= at).then_some(entry)
    }

    /// Lets time go by. Fields that end go, and a hash with its last one.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let now_ms = self.now_ms;
        for database in &mut self.databases {
            database.retain(|_, it| {
                if let Value::Hash(fields) = &mut it.value {
                    fields.retain(|_, (_, end_ms)| *end_ms == 0 || now_ms <= *end_ms);
                }
                !it.value.is_gone()
            });
        }
    }

    pub(crate) fn put(&mut self, key: Key<'_>, entry: Entry) {
        self.databases[key.db as usize].insert(key.name.to_vec(), entry);
    }

    /// Removes a key. True when it was there and alive.
    pub(crate) fn take(&mut self, key: Key<'_>) -> bool {
        let was_alive = self.entry(key).is_some();
        self.databases[key.db as usize].remove(key.name);
        was_alive
    }

    /// Compares one key, without a trace.
    pub(crate) fn check_key(&mut self, key: Key<'_>) {
        let now_ms = self.now_ms;
        let entry = self.entry(key).cloned();
        let mut view = self.keyspace.view(key, now_ms);
        match (view.peek(key), entry) {
            (None, None) => {}
            (Some(item), Some(entry)) => check_item(&item, &entry, now_ms, &mut self.cas_seen),
            (item, entry) => panic!(
                "{} in database {}: found {}, expected {}",
                Short(key.name),
                key.db,
                item.map_or("nothing".into(), |it| brief(&value_of(it.value()))),
                entry.map_or("nothing".into(), |it| brief(&it.value))
            ),
        }
    }

    /// Compares everything: by key, by a scan, and the totals.
    pub(crate) fn check_all(&mut self) {
        let now_ms = self.now_ms;
        for db in 0..N_DATABASES {
            let names: Vec<_> = self.databases[db as usize].keys().cloned().collect();
            for name in &names {
                let key = self.keyspace.key(db, name);
                self.check_key(key);
            }
            let alive = |it: &Entry| it.expire_at_ms.is_none_or(|at| now_ms <= at);
            let expected: Vec<_> =
                self.databases[db as usize].iter().filter(|(_, it)| alive(it)).collect();
            let mut found = Vec::new();
            self.keyspace.for_each(db, now_ms, &mut |item| found.push(item.key().to_vec()));
            found.sort();
            assert!(found.iter().eq(expected.iter().map(|(name, _)| *name)), "database {db}");
            assert!(self.keyspace.len(db) >= expected.len() as u64);
        }
        let stats = self.keyspace.stats();
        assert_eq!((stats.hits, stats.misses), (self.hits, self.misses));
    }

    /// Lets the background work finish; after it nothing expired is left and the totals are
    /// exact.
    pub(crate) fn settle(&mut self) {
        let now_ms = self.now_ms;
        // A second tick, for what the first left alone as it was just being moved.
        for _ in 0..2 {
            while self.keyspace.maintain(0, 1, now_ms, &mut || true) == Maintenance::More {}
        }
        let (mut n_items, mut n_expiring, mut total_bytes) = (0, 0, 0);
        for db in 0..N_DATABASES {
            let database = &mut self.databases[db as usize];
            database.retain(|_, it| it.expire_at_ms.is_none_or(|at| now_ms <= at));
            let expiring = database.values().filter_map(|it| it.expire_at_ms);
            let (count, sum) = expiring.fold((0, 0), |(n, sum), at| (n + 1, sum + u128::from(at)));
            let stats = self.keyspace.database_stats(db, now_ms);
            assert_eq!((stats.n_items, stats.n_expiring), (database.len() as u64, count));
            let mean = sum.checked_div(u128::from(count)).unwrap_or(0) as u64;
            assert_eq!(stats.ttl_mean_ms, mean.saturating_sub(now_ms));
            assert_eq!(self.keyspace.is_empty(db), database.is_empty());
            n_items += stats.n_items;
            n_expiring += count;
            self.keyspace
                .for_each(db, now_ms, &mut |item| total_bytes += item.total_bytes() as u64);
        }
        let stats = self.keyspace.stats();
        assert_eq!((stats.n_items, stats.n_expiring), (n_items, n_expiring));
        // What items say they cost is what the keyspace counts, but for their slots of 8 bytes.
        assert_eq!(stats.item_bytes + 8 * n_items, total_bytes);
        assert!(stats.payload_bytes <= stats.item_bytes);
        assert!(stats.used_bytes <= stats.peak_bytes);
    }
}

/// Thresholds that short tests reach.
pub(crate) fn limits(random: &mut Random) -> Limits {
    Limits {
        hash: PackedLimits {
            entries_max: [4, 128, 1000][random.below(3)],
            value_max: [8, 64, 20_000][random.below(3)],
        },
        list_node_max: [-2, 1, 5, 1000][random.below(4)],
        set: SetLimits {
            integers_max: [0, 10, 512][random.below(3)],
            entries_max: [4, 128, 1000][random.below(3)],
            value_max: [8, 64, 20_000][random.below(3)],
        },
        stream: StreamLimits {
            node_bytes_max: [0, 200, 4096][random.below(3)],
            node_entries_max: [0, 3, 100][random.below(3)],
        },
        sorted_set: PackedLimits {
            entries_max: [4, 128, 1000][random.below(3)],
            value_max: [8, 64, 20_000][random.below(3)],
        },
        ..Limits::default()
    }
}

fn check_item(item: &Item<'_>, entry: &Entry, now_ms: u64, cas_seen: &mut BTreeMap<u64, Value>) {
    let value = value_of(item.value());
    assert!(
        value == entry.value,
        "{}: {}, expected {}",
        Short(item.key()),
        brief(&value),
        brief(&entry.value)
    );
    assert_eq!(item.expire_at_ms(), entry.expire_at_ms);
    assert_eq!((item.client_flags(), item.marks()), (entry.client_flags, entry.marks));
    match &value {
        // The mark says that fields end; until all that have ended are taken out, it may stay.
        Value::Hash(it) => assert!(item.edited() || it.values().all(|(_, end_ms)| *end_ms == 0)),
        _ => assert_eq!(item.edited(), entry.edited),
    }
    assert_eq!(item.cas().is_some(), entry.has_cas);
    if let Some(fetched) = entry.fetched {
        assert_eq!(item.fetched(), fetched);
    }
    if let Some(used_s) = entry.used_s {
        assert_eq!(u64::from(item.idle_s()), (now_ms / 1000 - used_s) & 0xff_ffff);
    }
    let payload = item.key().len() + payload_of(&value);
    assert!(payload < item.total_bytes());
    if let Some(cas) = item.cas() {
        let first = cas_seen.entry(cas).or_insert_with(|| value.clone());
        assert!(value.is_left_of(first), "CAS number {cas} stands for two values");
    }
}

pub(crate) fn value_of(value: EngineValue<'_>) -> Value {
    match value {
        EngineValue::String(it) => Value::String(it.as_slice().to_vec()),
        EngineValue::Hash(it) => {
            let end = |field: &[u8]| it.end_of(field).expect("the field is there");
            let pairs: Fields =
                it.iter().map(|(f, v)| (f.to_vec(), (v.to_vec(), end(f)))).collect();
            assert!(pairs.len() <= it.len(), "fields that have ended may wait to be taken out");
            Value::Hash(pairs)
        }
        EngineValue::List(it) => {
            let elements: VecDeque<_> = it.iter().map(Element::to_vec).collect();
            assert_eq!(elements.len(), it.len());
            Value::List(elements)
        }
        EngineValue::Set(it) => {
            let members: BTreeSet<_> = it.iter().map(|it| it.with(<[u8]>::to_vec)).collect();
            assert_eq!(members.len(), it.len());
            Value::Set(members)
        }
        EngineValue::SortedSet(it) => {
            let in_order: Vec<_> = it.iter().map(|(member, score)| (score, member)).collect();
            assert!(in_order.is_sorted_by(|a, b| a < b));
            assert_eq!(in_order.len(), it.len());
            let quarters = |score: f64| (score * 4.0) as i64;
            let scores = in_order.iter().map(|(score, it)| (it.to_vec(), quarters(*score)));
            Value::SortedSet(scores.collect())
        }
        EngineValue::Stream(it) => Value::Stream(stream_of(it)),
    }
}

fn stream_of(stream: StreamRef<'_>) -> StreamModel {
    let log = stream.log();
    let value = |mut fields: tandem_engine::Fields<'_>| fields.next().map(|(_, it)| it.to_vec());
    let entries = log.range(StreamId::MIN, StreamId::MAX);
    let entries: Vec<_> =
        entries.map(|it| (it.id, value(it.fields()).expect("an entry has a field"))).collect();
    assert_eq!(entries.len() as u64, log.len());
    let pending = stream.group(GROUP).into_iter().flat_map(|it| it.pending_from(StreamId::MIN));
    StreamModel { pending: pending.map(|(id, _)| id).collect(), entries, last_id: log.last_id() }
}

/// The least that a value takes. Integers take less than their digits.
fn payload_of(value: &Value) -> usize {
    match value {
        Value::String(it) => it.len(),
        Value::Hash(it) => it.iter().map(|(field, (value, _))| field.len() + value.len()).sum(),
        Value::SortedSet(it) => it.keys().map(Vec::len).sum(),
        Value::List(it) => it.len(),
        Value::Set(it) => it.len(),
        Value::Stream(it) => it.entries.len(),
    }
}

/// The beginning of some bytes, and their length when that is not all.
struct Short<'a>(&'a [u8]);

impl std::fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [.., _] if self.0.len() <= 40 => write!(f, "\"{}\"", self.0.escape_ascii()),
            it => write!(f, "\"{}\" ({} bytes)", it[..it.len().min(40)].escape_ascii(), it.len()),
        }
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::String(it) => Short(it).to_string(),
        Value::Hash(it) => format!("a hash of {} fields", it.len()),
        Value::List(it) => format!("a list of {} elements", it.len()),
        Value::Set(it) => format!("a set of {} members", it.len()),
        Value::SortedSet(it) => format!("a sorted set of {} members", it.len()),
        Value::Stream(it) => format!("a stream of {} entries", it.entries.len()),
    }
}
