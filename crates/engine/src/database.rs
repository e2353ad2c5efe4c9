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
}

impl Database {
    pub(crate) fn new(shared: &Arc<Shared>, n_shards: usize, first_id: u32) -> Database {
        let cell = |i: usize| Cell::new(Arc::clone(shared), first_id + i as u32);
        Database { cells: (0..n_shards).map(cell).collect() }
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    #[inline]
    pub(crate) fn cell(&self, hash: KeyHash) -> &Cell {
        &self.cells[hash.shard() & (self.cells.len() - 1)]
    }
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
}

impl Cell {
    fn new(shared: Arc<Shared>, id: u32) -> Cell {
        Cell {
            shard: Mutex::new(Shard::new(shared, id)),
            table: AtomicPtr::default(),
            n_homes: AtomicUsize::new(0),
            due_ms: AtomicU64::new(u64::MAX),
            wants_care: AtomicBool::new(false),
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

impl Wakers {
    #[cold]
    fn wake(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

impl Drop for Wakers {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.wake();
        }
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
