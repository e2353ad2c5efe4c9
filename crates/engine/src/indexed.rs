//! The indexed form of a collection: entries in one dense order, found by a key through an index.

pub(crate) mod index;

use ahash::RandomState;

use crate::indexed::index::Index;

/// Entries of a chunk. Chunks bound what one insertion may copy when the entries grow.
const CHUNK_ENTRIES: usize = 1024;

/// Something that is found by a key which is part of it.
pub(crate) trait Entry: Clone {
    fn key(&self) -> &[u8];

    /// Memory of the entry outside of itself.
    fn heap_bytes(&self) -> usize;
}

/// Entries of any number: every operation on one of them is O(1), and none stalls while it grows.
#[derive(Clone, Debug)]
pub(crate) struct Indexed<E> {
    index: Index,
    /// The first chunk grows as it needs; those after it are made whole. None is empty.
    chunks: Vec<Vec<E>>,
    n_entries: usize,
    /// Memory of the entries outside of the chunks.
    entry_bytes: usize,
    state: RandomState,
}

/// The place of a key that no entry has.
#[derive(Clone, Copy)]
pub(crate) struct Vacant {
    hash: u32,
}

impl<E: Entry> Indexed<E> {
    pub(crate) fn with_capacity(n_entries: usize) -> Indexed<E> {
        Indexed {
            index: Index::with_capacity(n_entries),
            chunks: vec![Vec::with_capacity(n_entries.clamp(4, CHUNK_ENTRIES))],
            n_entries: 0,
            entry_bytes: 0,
            state: RandomState::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.n_entries
    }

    /// Memory on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let chunk_slots = self.chunks.len().saturating_sub(1) * CHUNK_ENTRIES
            + self.chunks.first().map_or(0, Vec::capacity);
        self.index.bytes()
            + self.chunks.capacity() * size_of::<Vec<E>>()
            + chunk_slots * size_of::<E>()
            + self.entry_bytes
    }

    /// The number of the entry with a key. It is good until the next insertion or removal.
    #[inline]
    pub(crate) fn find(&self, key: &[u8]) -> Result<u32, Vacant> {
        let hash = self.hash(key);
        self.index.find(hash, |number| self.at(number).key() == key).ok_or(Vacant { hash })
    }

    #[inline]
    pub(crate) fn get(&self, key: &[u8]) -> Option<&E> {
        self.find(key).ok().map(|number| self.at(number))
    }

    #[inline]
    pub(crate) fn at(&self, number: u32) -> &E {
        let number = number as usize;
        &self.chunks[number / CHUNK_ENTRIES][number % CHUNK_ENTRIES]
    }

    /// Changes an entry, all of it but its key.
    pub(crate) fn change(&mut self, number: u32, change: impl FnOnce(&mut E)) {
        let entry = entry_mut(&mut self.chunks, number);
        self.entry_bytes -= entry.heap_bytes();
        change(entry);
        self.entry_bytes += entry.heap_bytes();
    }

    /// Adds an entry where `find` found none with its key.
    pub(crate) fn insert(&mut self, place: Vacant, entry: E) {
        debug_assert!(place.hash == self.hash(entry.key()));
        let number = u32::try_from(self.n_entries).expect("there are fewer than 2^32 entries");
        self.push(entry);
        self.index.insert(place.hash, number);
    }

    /// Takes an entry out. The last entry takes its number, so that the order stays dense.
    pub(crate) fn remove(&mut self, number: u32) -> E {
        let hash = self.hash(self.at(number).key());
        self.index.remove(hash, number);
        let mut gone = self.pop();
        if number as usize != self.n_entries {
            let last = self.hash(gone.key());
            self.index.renumber(last, self.n_entries as u32, number);
            std::mem::swap(entry_mut(&mut self.chunks, number), &mut gone);
        }
        self.entry_bytes -= gone.heap_bytes();
        gone
    }

    pub(crate) fn iter(&self) -> IndexedIter<'_, E> {
        IndexedIter { entries: self, next: 0 }
    }

    /// Visits about `count` entries from `cursor` on, and says where to go on, 0 at the end.
    pub(crate) fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&'a E),
    ) -> u64 {
        self.index.scan(cursor, count, |_, number| visit(self.at(number)))
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u32 {
        (self.state.hash_one(key) >> 32) as u32
    }

    fn push(&mut self, entry: E) {
        self.entry_bytes += entry.heap_bytes();
        if self.n_entries == self.chunks.len() * CHUNK_ENTRIES {
            self.chunks.push(Vec::with_capacity(CHUNK_ENTRIES));
        }
        let chunk = self.chunks.last_mut().expect("a chunk was just made sure of");
        if chunk.len() == chunk.capacity() {
            chunk.reserve_exact(chunk.len().max(4).min(CHUNK_ENTRIES - chunk.len()));
        }
        chunk.push(entry);
        self.n_entries += 1;
    }

    /// Takes the last entry off. There is one.
    fn pop(&mut self) -> E {
        let chunk = self.chunks.last_mut().expect("where there are entries is a chunk");
        let entry = chunk.pop().expect("no chunk is empty");
        self.n_entries -= 1;
        if chunk.is_empty() {
            self.chunks.pop();
        } else if self.chunks.len() == 1 {
            shrink(&mut self.chunks[0]);
        }
        shrink(&mut self.chunks);
        entry
    }
}

/// Halves a vector that is less than a quarter full.
fn shrink<T>(items: &mut Vec<T>) {
    if items.len() < items.capacity() / 4 {
        items.shrink_to(items.capacity() / 2);
    }
}

fn entry_mut<E>(chunks: &mut [Vec<E>], number: u32) -> &mut E {
    let number = number as usize;
    &mut chunks[number / CHUNK_ENTRIES][number % CHUNK_ENTRIES]
}

/// What an allocation of `len` bytes takes: a header of 8 bytes, rounded up to 16, at least 32.
/// Nothing is allocated for nothing.
pub(crate) fn allocated(len: usize) -> usize {
    if len == 0 {
        return 0;
    }
    (len + 8).next_multiple_of(16).max(32)
}

/// Entries in their dense order.
#[derive(Clone)]
pub(crate) struct IndexedIter<'a, E> {
    entries: &'a Indexed<E>,
    next: usize,
}

impl<'a, E: Entry> Iterator for IndexedIter<'a, E> {
    type Item = &'a E;

    #[inline]
    fn next(&mut self) -> Option<&'a E> {
        if self.next == self.entries.n_entries {
            return None;
        }
        self.next += 1;
        Some(self.entries.at(self.next as u32 - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n_left = self.entries.n_entries - self.next;
        (n_left, Some(n_left))
    }
}

impl<E: Entry> ExactSizeIterator for IndexedIter<'_, E> {}

#[cfg(test)]
impl<E: Entry> Indexed<E> {
    /// The running totals agree with what they count.
    pub(crate) fn check_books(&self) {
        let entries = self.chunks.iter().flatten();
        let entry_bytes: usize = entries.clone().map(Entry::heap_bytes).sum();
        assert_eq!((self.n_entries, self.entry_bytes), (entries.count(), entry_bytes));
        let slots: usize = self.chunks.iter().map(Vec::capacity).sum();
        let vector_bytes = self.chunks.capacity() * size_of::<Vec<E>>();
        let expected = vector_bytes + slots * size_of::<E>() + entry_bytes + self.index.bytes();
        assert_eq!(self.heap_bytes(), expected);
    }
}
