//! A database: its shards behind their locks, and what may be read of them without.
#![expect(unsafe_code, reason = "lends locks that a thread keeps, instead of taking them")]

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::grip;
use crate::index::{Index, SLOT_BYTES, SLOTS};
use crate::key::KeyHash;
use crate::locks::{self, Hold};
use crate::memory::prefetch;
use crate::ready::{Ready, leave_notes};
use crate::shard::Shard;
use crate::shared::Shared;

pub(crate) struct Database {
    cells: Box<[Cell]>,
    /// The shards' tables, close together: looking one up before its shard is locked must not
    /// wait for memory itself.
    tables: Arc<[Table]>,
}

impl Database {
    pub(crate) fn new(shared: &Arc<Shared>, n_shards: usize, first_id: u32) -> Database {
        let tables: Arc<[Table]> = (0..n_shards).map(|_| Table::default()).collect();
        let cell = |i: usize| Cell::new(Arc::clone(shared), first_id, i, Arc::clone(&tables));
        Database { cells: (0..n_shards).map(cell).collect(), tables }
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    #[inline]
    pub(crate) fn cell(&self, hash: KeyHash) -> &Cell {
        &self.cells[hash.shard() & (self.cells.len() - 1)]
    }

    /// Fetches the line of a key's bucket, and what reading it in its shard will touch.
    #[inline]
    pub(crate) fn prefetch_slot(&self, hash: KeyHash) {
        let shard = hash.shard() & (self.cells.len() - 1);
        let table = &self.tables[shard];
        let home = Index::home(hash.slot(), table.n_homes.load(Ordering::Relaxed));
        let start = table.start.load(Ordering::Relaxed);
        prefetch(start.cast::<u8>().wrapping_add(home * SLOTS * SLOT_BYTES));
        prefetch(table.segments.load(Ordering::Relaxed));
        let cell: *const u8 = (&raw const self.cells[shard].shard).cast();
        for line in 0..CELL_LINES {
            prefetch(cell.wrapping_add(line * 64));
        }
    }
}

/// A table's address and size and the address of the list of segments, for prefetching without
/// the lock. Never dereferenced.
#[derive(Default)]
struct Table {
    start: AtomicPtr<u64>,
    n_homes: AtomicUsize,
    segments: AtomicPtr<u8>,
    /// Cache lines of an item, on average when one of the others changed.
    n_item_lines: AtomicUsize,
}

/// Cache lines of a cell that a read touches. It writes to the first.
const CELL_LINES: usize = 2;

/// One shard and its lock, on cache lines of its own.
#[repr(C, align(128))]
pub(crate) struct Cell {
    shard: Mutex<Shard>,
    tables: Arc<[Table]>,
    /// The shard's place in its database.
    place: usize,
    /// No item of the shard expires before this.
    due_ms: AtomicU64,
    /// The shard has something to compact or to shrink.
    wants_care: AtomicBool,
    /// The token of the thread that keeps the lock, 0 when none does; `LENT` is added while a view
    /// of that thread has it. Only the thread itself ever finds its own token here.
    keeper: AtomicUsize,
}

/// Tokens are even.
const LENT: usize = 1;

impl Cell {
    fn new(shared: Arc<Shared>, first_id: u32, place: usize, tables: Arc<[Table]>) -> Cell {
        Cell {
            shard: Mutex::new(Shard::new(shared, first_id + place as u32)),
            tables,
            place,
            due_ms: AtomicU64::new(u64::MAX),
            wants_care: AtomicBool::new(false),
            keeper: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_> {
        let locked = self.lock_more();
        #[cfg(debug_assertions)]
        if !locked.is_kept {
            grip::assert_none();
        }
        locked
    }

    /// Locks the shard, and that is no mistake of a thread with a grip.
    #[inline]
    fn lock_more(&self) -> Locked<'_> {
        let (shard, hold) = locks::lock(&self.shard, || self.lend());
        let (shard, notes) = (ManuallyDrop::new(shard), Notes(ManuallyDrop::new(None)));
        Locked { cell: self, shard, _hold: hold, notes }
    }

    /// The lock, if this thread keeps it.
    #[cold]
    fn lend(&self) -> Option<MutexGuard<'_, Shard>> {
        let token = grip::token();
        let keeper = self.keeper.load(Ordering::Relaxed);
        assert!(keeper != token | LENT, "a command locked a shard twice");
        if keeper != token {
            return None;
        }
        self.keeper.store(token | LENT, Ordering::Relaxed);
        // SAFETY: the shard is locked: `Locked::keep` let go of its guard without unlocking. Of
        // guards like this one there is one at a time, as it takes the token away until it is
        // dropped, and other threads have other tokens.
        Some(unsafe { self.shard.make_guard_unchecked() })
    }

    /// Locks the shard until `let_go`: this thread alone can open views of it meanwhile.
    pub(crate) fn keep(&self) {
        self.lock_more().keep();
    }

    /// Ends what `keep` began.
    pub(crate) fn let_go(&self) {
        let mut locked = self.lock();
        debug_assert!(locked.is_kept, "a shard is let go of by the thread that keeps it");
        locked.is_kept = false;
        self.keeper.store(0, Ordering::Relaxed);
    }

    /// False while the shard holds nothing. Read without the lock.
    pub(crate) fn has_table(&self) -> bool {
        self.table().n_homes.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn wants_care(&self) -> bool {
        self.wants_care.load(Ordering::Relaxed)
    }

    /// Tells those who look without the lock what has changed under it.
    fn publish(&self, shard: &Shard) {
        let (index, table) = (&shard.index, self.table());
        // Written only on a change: shards share these lines, and upkeep reads the others.
        if table.start.load(Ordering::Relaxed).cast_const() != index.base()
            || table.n_homes.load(Ordering::Relaxed) != index.n_homes()
        {
            table.start.store(index.base().cast_mut(), Ordering::Relaxed);
            table.n_homes.store(index.n_homes(), Ordering::Relaxed);
            table.n_item_lines.store(shard.item_lines(), Ordering::Relaxed);
        }
        if table.segments.load(Ordering::Relaxed).cast_const() != shard.segments.base() {
            table.segments.store(shard.segments.base().cast_mut(), Ordering::Relaxed);
        }
        if self.due_ms.load(Ordering::Relaxed) != shard.due_ms {
            self.due_ms.store(shard.due_ms, Ordering::Relaxed);
        }
        if self.wants_care() != shard.wants_care() {
            self.wants_care.store(shard.wants_care(), Ordering::Relaxed);
        }
    }

    /// True when those who look without the lock know all that they may.
    fn has_told(&self, shard: &Shard) -> bool {
        let (index, table) = (&shard.index, self.table());
        table.start.load(Ordering::Relaxed).cast_const() == index.base()
            && table.n_homes.load(Ordering::Relaxed) == index.n_homes()
            && table.segments.load(Ordering::Relaxed).cast_const() == shard.segments.base()
            && self.due_ms.load(Ordering::Relaxed) == shard.due_ms
            && self.wants_care() == shard.wants_care()
            && shard.notes.is_empty()
    }

    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.due_ms.load(Ordering::Relaxed) < now_ms
    }

    fn table(&self) -> &Table {
        &self.tables[self.place]
    }

    #[inline]
    pub(crate) fn prefetch_item(&self, hash: KeyHash) {
        // Whoever holds the lock is at work on these lines already.
        let Some((shard, _hold)) = locks::try_lock(&self.shard) else { return };
        for location in shard.index.candidates(hash.slot()) {
            let item = shard.segments.hint(location);
            prefetch(item);
            prefetch(item.wrapping_add(64));
            for line in 2..self.table().n_item_lines.load(Ordering::Relaxed) {
                prefetch(item.wrapping_add(line * 64));
            }
        }
    }
}

/// A locked shard. Unlocking publishes what may be read without the lock.
pub(crate) struct Locked<'a> {
    cell: &'a Cell,
    /// Dropped by `drop`, unless the lock is lent.
    shard: ManuallyDrop<MutexGuard<'a, Shard>>,
    // Behind the lock: what is left with the thread is nothing to look at while that is held.
    _hold: Hold,
    notes: Notes,
}

/// What those who wait should look at. There is nothing behind nearly every lock, so looking for it
/// in the list to drop it, after `leave` has taken it, would cost more than all else here.
#[expect(clippy::box_collection, reason = "one word instead of three in every lock")]
struct Notes(ManuallyDrop<Option<Box<Vec<Ready>>>>);

impl Notes {
    #[cold]
    fn leave(&mut self) {
        if let Some(mut notes) = self.0.take() {
            leave_notes(&mut notes);
        }
    }
}

impl Drop for Notes {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.leave();
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

/// What closing a view does with the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Unlocks,
    Returns,
}

impl Locked<'_> {
    /// Leaves the shard locked, as `Cell::keep` says.
    pub(crate) fn keep(mut self) {
        self.shard.is_kept = true;
        self.shard.has_changed = true;
    }

    /// Apart from `drop`, which is a few instructions in every command without it.
    #[inline(never)]
    fn tell_changes(&mut self) -> Closing {
        self.cell.publish(&self.shard);
        if self.shard.is_kept {
            // In the order of the writes, whichever shards they are in.
            leave_notes(&mut self.shard.notes);
            self.cell.keeper.store(grip::token(), Ordering::Relaxed);
            return Closing::Returns;
        }
        self.shard.has_changed = false;
        if !self.shard.notes.is_empty() {
            *self.notes.0 = Some(Box::new(std::mem::take(&mut self.shard.notes)));
        }
        Closing::Unlocks
    }
}

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        // What is kept counts as changed all the time.
        if self.shard.has_changed && self.tell_changes() == Closing::Returns {
            return;
        }
        debug_assert!(self.cell.has_told(&self.shard), "a change was not marked as one");
        // SAFETY: nobody uses the guard behind this, which happens once.
        unsafe { ManuallyDrop::drop(&mut self.shard) };
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::options::KeyspaceOptions;
    use crate::segment::Segments;
    use crate::shard::FETCHED_LINES_MAX;
    use crate::{Keyspace, NewValue, SetOptions};

    /// The lock, the counter of hits and the table's address share the one line that a hit writes;
    /// the list of segments is on the next, which it reads.
    #[test]
    fn a_read_that_hits_writes_one_line_of_its_cell() {
        let shared = Arc::new(Shared::new(&KeyspaceOptions::default()));
        let database = Database::new(&shared, 2, 0);
        let [first, second] = database.cells() else { panic!("two shards were asked for") };
        let at = |it: &Cell| std::ptr::from_ref(it).addr();
        assert!(at(first) % 128 == 0 && 0 < (at(second) - at(first)) / 128);
        let start = first.shard.data_ptr().addr() - at(first);
        assert!(start + offset_of!(Shard, hits) + size_of::<u64>() <= 64);
        assert!(start + offset_of!(Shard, has_changed) < 64);
        assert!(start + offset_of!(Shard, index) + size_of::<Index>() <= 64);
        let segments = start + offset_of!(Shard, segments);
        assert!(64 <= segments && segments + Segments::READ_BYTES <= CELL_LINES * 64);
    }

    #[test]
    fn as_many_lines_are_fetched_as_items_take() {
        let lines = |value_bytes: usize| {
            let options = KeyspaceOptions { n_shards: 1, ..KeyspaceOptions::default() };
            let keyspace = Keyspace::new(options);
            for number in 0..1000 {
                let name = format!("key:{number:012}");
                let key = keyspace.key(0, name.as_bytes());
                let value = vec![b'x'; value_bytes];
                keyspace.view(key, 0).set(key, NewValue::Copied(&value), SetOptions::default());
            }
            let table = keyspace.database(0).cells()[0].table();
            table.n_item_lines.load(Ordering::Relaxed)
        };
        assert_eq!([1, 64, 512, 4096].map(lines), [1, 2, 9, FETCHED_LINES_MAX]);
    }
}
