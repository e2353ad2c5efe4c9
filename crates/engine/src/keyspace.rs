//! The unit that has a memory budget, an eviction policy, statistics and databases.

use crate::error::Error;
use crate::key::{Key, KeyHash};
use crate::options::{KeyspaceOptions, Limits, Policy};
use crate::stats::{DatabaseStats, KeyspaceStats};
use crate::value::Item;
use crate::view::View;

/// A set of databases with one budget, one policy and one set of counters. All methods take
/// `&self` and may be called from any thread.
pub struct Keyspace {
    options: KeyspaceOptions,
}

/// What a turn of `Keyspace::maintain` left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Nothing is due: come back at the next tick.
    Done,
    /// Work is left: come back as soon as clients have had their turn.
    More,
}

impl Keyspace {
    pub fn new(options: KeyspaceOptions) -> Keyspace {
        Keyspace { options }
    }

    pub fn n_databases(&self) -> u32 {
        self.options.n_databases
    }

    pub fn hash(&self, _name: &[u8]) -> KeyHash {
        todo!()
    }

    pub fn key<'k>(&self, db: u32, name: &'k [u8]) -> Key<'k> {
        Key { name, hash: self.hash(name), db }
    }

    /// Budget in bytes; 0 is none.
    pub fn memory_max(&self) -> u64 {
        todo!()
    }

    pub fn set_memory_max(&self, _bytes: u64) {
        todo!()
    }

    pub fn policy(&self) -> Policy {
        todo!()
    }

    pub fn set_policy(&self, _policy: Policy) {
        todo!()
    }

    pub fn limits(&self) -> Limits {
        todo!()
    }

    pub fn set_limits(&self, _limits: Limits) {
        todo!()
    }

    /// Turns the active expiry cycle on or off (DEBUG SET-ACTIVE-EXPIRE). Lazy expiry stays.
    pub fn set_active_expiry(&self, _on: bool) {
        todo!()
    }

    /// First pass over a batch: fetches the table line of a key into the CPU's cache.
    pub fn prefetch_slot(&self, _db: u32, _hash: KeyHash) {}

    /// Second pass over a batch: fetches the item that the key's hash points to.
    pub fn prefetch_item(&self, _db: u32, _hash: KeyHash) {}

    /// Locks the shard of one key.
    pub fn view(&self, _key: Key<'_>, _now_ms: u64) -> View<'_> {
        todo!()
    }

    /// Locks the shards of several keys, in index order.
    pub fn view_many<'k>(
        &self,
        _keys: impl IntoIterator<Item = Key<'k>>,
        _now_ms: u64,
    ) -> View<'_> {
        todo!()
    }

    /// Frees memory before a write when the keyspace is over its budget. Fails under
    /// `Policy::NoEviction`, or when nothing is left to evict. Cheap when there is room.
    pub fn make_room(&self, _now_ms: u64) -> Result<(), Error> {
        todo!()
    }

    /// Keys in a database (expired ones not yet reclaimed included, as DBSIZE counts).
    pub fn len(&self, _db: u32) -> u64 {
        todo!()
    }

    /// Empties one database, atomically.
    pub fn flush(&self, _db: u32) {
        todo!()
    }

    /// Empties every database, atomically.
    pub fn flush_all(&self) {
        todo!()
    }

    /// Exchanges the content of two databases, atomically.
    pub fn swap(&self, _a: u32, _b: u32) {
        todo!()
    }

    /// One step of a scan: visits about `count` items from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A key present throughout a scan is visited at least once.
    /// `visit` runs under a shard lock: it must not call the keyspace.
    pub fn scan(
        &self,
        _db: u32,
        _cursor: u64,
        _count: usize,
        _now_ms: u64,
        _visit: &mut dyn FnMut(Item<'_>),
    ) -> u64 {
        todo!()
    }

    /// Visits every item of a database once, shard by shard (KEYS, DEBUG DIGEST, dumps).
    pub fn for_each(&self, _db: u32, _now_ms: u64, _visit: &mut dyn FnMut(Item<'_>)) {
        todo!()
    }

    /// Some key of a database, near uniformly; `random` picks it.
    pub fn random_key(&self, _db: u32, _random: u64, _now_ms: u64) -> Option<Vec<u8>> {
        todo!()
    }

    /// One turn of background work (active expiry, compaction, returning memory) over part `part` of
    /// `n_parts` of the shards. Asks `keep_going` every few dozen items.
    pub fn maintain(
        &self,
        _part: usize,
        _n_parts: usize,
        _now_ms: u64,
        _keep_going: &mut dyn FnMut() -> bool,
    ) -> Maintenance {
        Maintenance::Done
    }

    pub fn stats(&self) -> KeyspaceStats {
        todo!()
    }

    pub fn database_stats(&self, _db: u32, _now_ms: u64) -> DatabaseStats {
        todo!()
    }

    /// Zeroes the counters of events (hits, evictions, ...) and resets the peak.
    pub fn reset_stats(&self) {
        todo!()
    }
}
