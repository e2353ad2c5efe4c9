//! A database: its shards behind their locks, and what may be read of them without.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::{Mutex, MutexGuard};

use crate::index::{Index, SLOT_BYTES, SLOTS};
use crate::key::KeyHash;
use crate::memory::prefetch;
use crate::shard::Shard;
use crate::shared::Shared;

pub(crate) struct Database {
    cells: Box<[Cell]>,
    /// True once a key was ever stored: background work passes unused databases by.
    is_used: Arc<AtomicBool>,
}

impl Database {
    pub(crate) fn new(shared: &Arc<Shared>, n_shards: usize, id: u64) -> Database {
        let is_used = Arc::new(AtomicBool::new(false));
        let cell = |i: usize| Cell::new(Arc::clone(shared), seed_of(id, i as u64), &is_used);
        Database { cells: (0..n_shards).map(cell).collect(), is_used }
    }

    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    #[inline]
    pub(crate) fn cell(&self, hash: KeyHash) -> &Cell {
        &self.cells[self.index_of(hash)]
    }

    /// The shard of a key: upper bits of its hash, as the lower ones place it inside.
    #[inline]
    pub(crate) fn index_of(&self, hash: KeyHash) -> usize {
        (hash.0 >> 32) as usize & (self.cells.len() - 1)
    }
}

/// A start value for a shard's random numbers: distinct, never 0.
fn seed_of(database: u64, shard: u64) -> u64 {
    (database << 32 | (shard + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// One shard and its lock, on cache lines of its own.
#[repr(align(128))]
pub(crate) struct Cell {
    shard: Mutex<Shard>,
    /// The table's address and size, for prefetching without the lock. Never dereferenced.
    table: AtomicPtr<u64>,
    n_homes: AtomicUsize,
    /// No item of the shard expires before this.
    due_ms: AtomicU64,
    /// The shard has something to compact or to shrink.
    wants_care: AtomicBool,
    database_is_used: Arc<AtomicBool>,
}

impl Cell {
    fn new(shared: Arc<Shared>, random: u64, is_used: &Arc<AtomicBool>) -> Cell {
        Cell {
            shard: Mutex::new(Shard::new(shared, random)),
            table: AtomicPtr::default(),
            n_homes: AtomicUsize::new(0),
            due_ms: AtomicU64::new(u64::MAX),
            wants_care: AtomicBool::new(false),
            database_is_used: Arc::clone(is_used),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_> {
        Locked { cell: self, shard: self.shard.lock(), wakers: Wakers(Vec::new()) }
    }

    /// False while the shard holds nothing. Read without the lock.
    pub(crate) fn has_table(&self) -> bool {
        self.n_homes.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn wants_care(&self) -> bool {
        self.wants_care.load(Ordering::Relaxed)
    }

    /// Tells those who look without the lock what has changed under it.
    fn publish(&self, shard: &Shard) {
        let index = &shard.index;
        if self.n_homes.load(Ordering::Relaxed) != index.n_homes() {
            self.table.store(index.base().cast_mut(), Ordering::Relaxed);
            self.n_homes.store(index.n_homes(), Ordering::Relaxed);
            self.database_is_used.store(true, Ordering::Relaxed);
        }
        self.due_ms.store(shard.due_ms, Ordering::Relaxed);
        self.wants_care.store(shard.wants_care(), Ordering::Relaxed);
    }

    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.due_ms.load(Ordering::Relaxed) < now_ms
    }

    #[inline]
    pub(crate) fn prefetch_slot(&self, hash: KeyHash) {
        let home = Index::home(hash.slot(), self.n_homes.load(Ordering::Relaxed));
        let table = self.table.load(Ordering::Relaxed);
        prefetch(table.cast::<u8>().wrapping_add(home * SLOTS * SLOT_BYTES));
        prefetch(self.shard.data_ptr().cast());
    }

    #[inline]
    pub(crate) fn prefetch_item(&self, hash: KeyHash) {
        // Whoever holds the lock is at work on these lines already.
        let Some(shard) = self.shard.try_lock() else { return };
        for location in shard.index.candidates(hash.slot()) {
            let item = shard.segments.hint(location);
            prefetch(item);
            prefetch(item.wrapping_add(64));
        }
    }
}

/// A locked shard. Unlocking publishes what may be read without the lock.
pub(crate) struct Locked<'a> {
    cell: &'a Cell,
    // Dropped in this order: sleepers are woken after the lock is released, as that can be a
    // system call.
    shard: MutexGuard<'a, Shard>,
    wakers: Wakers,
}

/// Sleepers to wake.
struct Wakers(Vec<Waker>);

impl Drop for Wakers {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

impl Deref for Locked<'_> {
    type Target = Shard;

    #[inline]
    fn deref(&self) -> &Shard {
        &self.shard
    }
}

impl DerefMut for Locked<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard {
        &mut self.shard
    }
}

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        if std::mem::take(&mut self.shard.has_changed) {
            self.cell.publish(&self.shard);
            self.wakers.0 = std::mem::take(&mut self.shard.wakers);
        }
    }
}
