//! What a keyspace should hold, kept in std collections, beside the keyspace itself.

use std::collections::BTreeMap;

use tandem_engine::{
    Item, Key, Keyspace, KeyspaceOptions, Limits, Maintenance, Policy, Value as EngineValue,
};

use crate::seeded::Random;

pub(crate) const N_DATABASES: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    String(Vec<u8>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
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
        hash_packed_entries_max: [4, 128, 1000][random.below(3)],
        hash_packed_value_max: [8, 64, 20_000][random.below(3)],
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
    assert_eq!(item.edited(), entry.edited);
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
        assert!(*first == value, "CAS number {cas} stands for two values");
    }
}

pub(crate) fn value_of(value: EngineValue<'_>) -> Value {
    match value {
        EngineValue::String(it) => Value::String(it.as_slice().to_vec()),
        EngineValue::Hash(it) => {
            let pairs: BTreeMap<_, _> = it.iter().map(|(f, v)| (f.to_vec(), v.to_vec())).collect();
            assert_eq!(pairs.len(), it.len());
            Value::Hash(pairs)
        }
        EngineValue::List(_)
        | EngineValue::Set(_)
        | EngineValue::SortedSet(_)
        | EngineValue::Stream(_) => {
            unreachable!("the operations make strings and hashes")
        }
    }
}

fn payload_of(value: &Value) -> usize {
    match value {
        Value::String(it) => it.len(),
        Value::Hash(it) => it.iter().map(|(field, value)| field.len() + value.len()).sum(),
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
    }
}
