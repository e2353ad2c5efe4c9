//! The unit that has a memory budget, an eviction policy, statistics and databases.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crossbeam_utils::CachePadded;
use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;

use crate::database::{Cell, Database, Locked};
use crate::error::Error;
use crate::freeing::{Load, let_go_shards};
use crate::grip::token;
use crate::key::{Key, KeyHash};
use crate::observer::Observer;
use crate::options::{KeyspaceOptions, Limits, Policy};
use crate::shared::Shared;
use crate::view::{Held, Several, View};
use crate::waiters::Ticket;

/// A set of databases with one budget, one policy and one set of counters. All methods take
/// `&self` and may be called from any thread.
pub struct Keyspace {
    pub(crate) shared: Arc<Shared>,
    /// Made when they are first used: a database costs a few hundred bytes a shard.
    databases: Box<[OnceLock<Database>]>,
    /// Taken to make one. Whoever takes it holds no shard, and may wait for all of them.
    making: Mutex<()>,
    /// The token of the thread that has `making` for its grip, or 0.
    maker: AtomicUsize,
    n_shards: usize,
    /// The physical database behind each logical one; SWAPDB exchanges two.
    places: Box<[AtomicU32]>,
    /// Where the next look for something to evict starts.
    next_victim: CachePadded<AtomicU64>,
    /// Where each part's background work goes on.
    pub(crate) turns: CachePadded<[AtomicUsize; PARTS_MAX]>,
}

/// Parts that background work can be split into: more workers than this share turns.
pub(crate) const PARTS_MAX: usize = 64;

/// A shard among all of a keyspace's, in locking order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShardId {
    database: u32,
    shard: u32,
}

/// Shards looked at for something to evict before a write is refused.
const EVICTION_TRIES_MAX: usize = 64;

/// One write evicts at most this much beyond what it takes to get under the budget.
const EVICTION_STEP_BYTES: u64 = 64 << 10;

impl Keyspace {
    /// Panics when the number of shards is no power of two or there are no databases.
    pub fn new(options: KeyspaceOptions) -> Keyspace {
        assert!(options.n_shards.is_power_of_two(), "the number of shards is a power of two");
        assert!(0 < options.n_databases, "a keyspace has a database");
        let shared = Arc::new(Shared::new(&options));
        Keyspace {
            databases: (0..options.n_databases).map(|_| OnceLock::new()).collect(),
            making: Mutex::new(()),
            maker: AtomicUsize::new(0),
            n_shards: options.n_shards,
            places: (0..options.n_databases).map(AtomicU32::new).collect(),
            next_victim: CachePadded::default(),
            turns: CachePadded::new(std::array::from_fn(|_| AtomicUsize::new(0))),
            shared,
        }
    }

    pub fn n_databases(&self) -> u32 {
        self.databases.len() as u32
    }

    /// Shards of each database.
    pub fn n_shards(&self) -> usize {
        self.n_shards
    }

    #[inline]
    pub fn hash(&self, name: &[u8]) -> KeyHash {
        self.shared.hash(name)
    }

    #[inline]
    pub fn key<'k>(&self, db: u32, name: &'k [u8]) -> Key<'k> {
        Key { name, hash: self.hash(name), db }
    }

    /// Budget in bytes; 0 is none.
    pub fn memory_max(&self) -> u64 {
        self.shared.memory_max()
    }

    pub fn set_memory_max(&self, bytes: u64) {
        self.shared.set_memory_max(bytes);
    }

    /// Bytes taken from the system: what the budget compares. Each shard books its share in steps
    /// of 4 KiB and more; `stats` adds them up exactly.
    pub fn used_bytes(&self) -> u64 {
        self.shared.used_bytes()
    }

    pub fn policy(&self) -> Policy {
        self.shared.policy()
    }

    pub fn set_policy(&self, policy: Policy) {
        self.shared.set_policy(policy);
    }

    pub fn limits(&self) -> Limits {
        self.shared.limits.all()
    }

    pub fn set_limits(&self, limits: Limits) {
        self.shared.limits.set(limits);
    }

    /// Turns the active expiry cycle on or off (DEBUG SET-ACTIVE-EXPIRE). Lazy expiry stays.
    pub fn set_active_expiry(&self, on: bool) {
        self.shared.active_expiry.store(on, Ordering::Relaxed);
    }

    /// Names who is to hear of this keyspace's items, once for all; `listen` says when. False when
    /// somebody is named already.
    pub fn set_observer(&self, observer: Box<dyn Observer>) -> bool {
        self.shared.observed.set(observer)
    }

    /// Whether the observer is told anything. While not, an eviction costs one look at a flag.
    pub fn listen(&self, on: bool) {
        self.shared.observed.listen(on);
    }

    pub fn active_expiry(&self) -> bool {
        self.shared.active_expiry.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn database(&self, db: u32) -> &Database {
        self.database_at(self.places[db as usize].load(Ordering::Acquire))
    }

    /// The database at a physical place.
    #[inline]
    fn database_at(&self, place: u32) -> &Database {
        match self.databases[place as usize].get() {
            Some(database) => database,
            None => self.make_database(place),
        }
    }

    /// A thread that has a grip on all has one on what it makes, too.
    #[cold]
    fn make_database(&self, place: u32) -> &Database {
        let is_maker = self.maker.load(Ordering::Relaxed) == token();
        let _making = (!is_maker).then(|| self.making.lock());
        self.databases[place as usize].get_or_init(|| {
            let first_id = place * self.n_shards as u32;
            let database = Database::new(&self.shared, self.n_shards, first_id);
            if is_maker {
                database.cells().iter().for_each(Cell::keep);
            }
            database
        })
    }

    /// The database that is at a physical place now.
    pub(crate) fn db_at(&self, place: u32) -> u32 {
        let found = self.places.iter().position(|it| it.load(Ordering::Acquire) == place);
        // A swap has come between.
        found.map_or(place, |it| it as u32)
    }

    /// From now on this thread alone makes databases, until `end_making`.
    pub(crate) fn start_making(&self) -> MutexGuard<'_, ()> {
        let making = self.making.lock();
        self.maker.store(token(), Ordering::Relaxed);
        making
    }

    pub(crate) fn end_making(&self) {
        self.maker.store(0, Ordering::Relaxed);
    }

    /// A database if it was ever used. Who only looks must not make one.
    pub(crate) fn used_database(&self, db: u32) -> Option<&Database> {
        self.databases[self.places[db as usize].load(Ordering::Acquire) as usize].get()
    }

    /// The databases in use, in locking order.
    pub(crate) fn databases(&self) -> impl Iterator<Item = &Database> {
        self.databases.iter().filter_map(OnceLock::get)
    }

    #[inline]
    pub(crate) fn shard_id(&self, key: Key<'_>) -> ShardId {
        self.shard_at(key.db, key.hash)
    }

    #[inline]
    fn shard_at(&self, db: u32, hash: KeyHash) -> ShardId {
        let database = self.places[db as usize].load(Ordering::Acquire);
        ShardId { database, shard: self.shard_of(hash) as u32 }
    }

    /// The shard of a key in its database.
    #[inline]
    pub(crate) fn shard_of(&self, hash: KeyHash) -> usize {
        hash.shard() & (self.n_shards - 1)
    }

    pub(crate) fn cell(&self, id: ShardId) -> &Cell {
        &self.database_at(id.database).cells()[id.shard as usize]
    }

    /// First pass over a batch: fetches the table line of a key into the CPU's cache.
    #[inline]
    pub fn prefetch_slot(&self, db: u32, hash: KeyHash) {
        self.database(db).prefetch_slot(hash);
    }

    /// Second pass over a batch: fetches the item that the key's hash points to.
    #[inline]
    pub fn prefetch_item(&self, db: u32, hash: KeyHash) {
        self.database(db).cell(hash).prefetch_item(hash);
    }

    /// Locks the shard of one key.
    #[inline]
    pub fn view(&self, key: Key<'_>, now_ms: u64) -> View<'_> {
        let (place, shard) = (&self.places[key.db as usize], self.shard_of(key.hash));
        loop {
            let was_at = place.load(Ordering::Acquire);
            let locked = self.database_at(was_at).cells()[shard].lock();
            // A swap of databases may have come between the look and the lock.
            if place.load(Ordering::Acquire) == was_at {
                let held = Held::One { db: key.db, shard, locked };
                return View::new(self, held, now_ms);
            }
        }
    }

    /// Locks the shards of several keys, in index order.
    pub fn view_many<'k>(
        &self,
        keys: impl IntoIterator<Item = Key<'k>, IntoIter: Clone>,
        now_ms: u64,
    ) -> View<'_> {
        let held = self.lock_shards(keys.into_iter().map(|key| (key.db, key.hash)));
        View::new(self, Held::Many(Several::new(held)), now_ms)
    }

    /// Locks the shards of several keys, each given by its database and its hash.
    #[inline]
    pub(crate) fn lock_shards(
        &self,
        keys: impl Iterator<Item = (u32, KeyHash)> + Clone,
    ) -> Vec<(ShardId, Locked<'_>)> {
        let at = |(db, hash)| self.shard_at(db, hash);
        loop {
            let mut ids: SmallVec<[ShardId; 16]> = keys.clone().map(at).collect();
            ids.sort_unstable();
            ids.dedup();
            for id in &ids {
                self.database_at(id.database);
            }
            // Shards are locked in index order, so that no two callers can wait for each other
            // in a ring.
            let held: Vec<_> = ids.iter().map(|id| (*id, self.cell(*id).lock())).collect();
            if keys.clone().all(|key| ids.binary_search(&at(key)).is_ok()) {
                return held;
            }
        }
    }

    /// Locks all shards of a database, for who has to look at keys before it knows which others it
    /// needs.
    pub fn view_database(&self, db: u32, now_ms: u64) -> View<'_> {
        let place = &self.places[db as usize];
        loop {
            let database = place.load(Ordering::Acquire);
            let ids = (0..self.n_shards as u32).map(|shard| ShardId { database, shard });
            let held: Vec<_> = ids.map(|id| (id, self.cell(id).lock())).collect();
            if place.load(Ordering::Acquire) == database {
                return View::new(self, Held::Many(Several::new(held)), now_ms);
            }
        }
    }

    /// Frees memory before a write when the keyspace is over its budget. Fails under
    /// `Policy::NoEviction`, or when nothing is left to evict. Cheap when there is room.
    #[inline]
    pub fn make_room(&self, now_ms: u64) -> Result<(), Error> {
        match self.shared.excess_bytes() {
            0 => Ok(()),
            excess => self.evict(excess, now_ms),
        }
    }

    #[cold]
    fn evict(&self, excess: u64, now_ms: u64) -> Result<(), Error> {
        if self.policy() == Policy::NoEviction {
            return Err(Error::OutOfMemory);
        }
        let want = excess.min(EVICTION_STEP_BYTES);
        let mut freed = 0;
        let mut n_tries = 0;
        while freed < want && self.shared.excess_bytes() != 0 {
            if EVICTION_TRIES_MAX <= n_tries {
                return Err(Error::OutOfMemory);
            }
            let got = self.next_victim_cell().map_or(0, |it| it.lock().evict(want, now_ms));
            freed += got;
            n_tries = if got == 0 { n_tries + 1 } else { 0 };
        }
        Ok(())
    }

    /// The next shard with something in it, going around all databases.
    fn next_victim_cell(&self) -> Option<&Cell> {
        let n_shards = self.n_shards();
        let n = n_shards * self.databases.len();
        (0..n).find_map(|_| {
            let i = self.next_victim.fetch_add(1, Ordering::Relaxed) as usize % n;
            let cell = &self.databases[i / n_shards].get()?.cells()[i % n_shards];
            cell.has_table().then_some(cell)
        })
    }

    /// The first who waits for a key, or the first whose turn comes behind `behind`: his turn, and
    /// the number that he gave.
    pub fn next_waiter(&self, key: Key<'_>, behind: Option<u64>) -> Option<(u64, u64)> {
        self.database(key.db).cell(key.hash).lock().waiters.next(key, behind)
    }

    /// Whoever joins the queue of this key from now on has this turn or a later one.
    pub fn next_turn(&self, key: Key<'_>) -> u64 {
        self.database(key.db).cell(key.hash).lock().waiters.next_turn()
    }

    /// Leaves a queue.
    pub fn stop_waiting(&self, key: Key<'_>, ticket: Ticket) {
        self.database(key.db).cell(key.hash).lock().waiters.leave(ticket);
    }

    /// Keys that somebody waits for.
    pub fn n_waited_for(&self) -> usize {
        self.databases().flat_map(Database::cells).map(|it| it.lock().waiters.n_keys()).sum()
    }

    /// Keys that somebody watches.
    pub fn n_watched(&self) -> usize {
        self.databases().flat_map(Database::cells).map(|it| it.lock().waiters.n_watched()).sum()
    }

    /// Empties one database, atomically.
    pub fn flush(&self, db: u32) {
        if let Some(database) = self.used_database(db) {
            empty(Keyspace::lock_whole(database));
        }
        self.shared.happenings.note_flush();
    }

    /// Empties every database, atomically.
    pub fn flush_all(&self) {
        let held = self.databases().flat_map(Keyspace::lock_whole).collect();
        empty(held);
        self.shared.happenings.note_flush();
    }

    fn lock_whole(database: &Database) -> Vec<Locked<'_>> {
        database.cells().iter().map(Cell::lock).collect()
    }

    /// Exchanges the content of two databases, atomically.
    pub fn swap(&self, a: u32, b: u32) {
        if a == b {
            return;
        }
        let _made = (self.database(a), self.database(b));
        // All shards of all databases, in order: swaps are rare, and no mapping can move twice.
        let used = self.databases.iter().filter_map(OnceLock::get);
        let mut held: Vec<_> = used.map(Keyspace::lock_whole).collect();
        for shard in held.iter_mut().flatten() {
            shard.dismiss_waiters();
        }
        let at = [a, b].map(|it| self.places[it as usize].load(Ordering::Acquire));
        let nth =
            at.map(|it| self.databases[..it as usize].iter().filter_map(OnceLock::get).count());
        if let Ok([a, b]) = held.get_disjoint_mut(nth) {
            a.iter_mut().zip(b).for_each(|(a, b)| a.exchange_watchers(b));
        }
        self.places[a as usize].store(at[1], Ordering::Release);
        self.places[b as usize].store(at[0], Ordering::Release);
        drop(held);
    }
}

/// Takes everything out of locked shards; the contents are let go of after the locks.
fn empty(mut held: Vec<Locked<'_>>) {
    let load = Load {
        n_bytes: held.iter().map(|it| it.used_bytes() as usize).sum(),
        n_objects: held.iter().map(|it| it.index.len()).sum(),
    };
    let contents = held.iter_mut().map(|it| it.take_contents()).collect();
    drop(held);
    let_go_shards(contents, load);
}
