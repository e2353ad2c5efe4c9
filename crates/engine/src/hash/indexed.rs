//! The indexed form of a hash: entries in one dense order, found through an index.

use ahash::RandomState;

use crate::hash::index::Index;

/// Entries of a chunk. Chunks bound what one insertion may copy when the entries grow.
const CHUNK_ENTRIES: usize = 1024;
/// Bytes of the length in front of a field that is longer than `SHORT_FIELD_MAX`.
const LONG_LENGTH_BYTES: usize = 5;
const SHORT_FIELD_MAX: usize = 0xfe;

/// A hash of any size: every operation on one field is O(1), and none stalls while it grows.
#[derive(Clone, Debug)]
pub struct IndexedHash {
    index: Index,
    /// The first chunk grows as it needs; those after it are made whole. None is empty.
    chunks: Vec<Vec<Pair>>,
    n_entries: usize,
    /// Memory of the pairs.
    pair_bytes: usize,
    state: RandomState,
}

impl IndexedHash {
    pub(super) fn from_pairs<'a>(
        pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> IndexedHash {
        let mut hash = IndexedHash {
            index: Index::with_capacity(pairs.len() + 1),
            chunks: vec![Vec::with_capacity((pairs.len() + 1).clamp(4, CHUNK_ENTRIES))],
            n_entries: 0,
            pair_bytes: 0,
            state: RandomState::new(),
        };
        for (field, value) in pairs {
            hash.set(field, value);
        }
        hash
    }

    pub(crate) fn len(&self) -> usize {
        self.n_entries
    }

    /// Memory of the whole hash, itself included: what its box costs the keyspace.
    pub(crate) fn heap_bytes(&self) -> usize {
        let chunk_slots = self.chunks.len().saturating_sub(1) * CHUNK_ENTRIES
            + self.chunks.first().map_or(0, Vec::capacity);
        allocated(size_of::<IndexedHash>())
            + self.index.bytes()
            + self.chunks.capacity() * size_of::<Vec<Pair>>()
            + chunk_slots * size_of::<Pair>()
            + self.pair_bytes
    }

    pub(super) fn get(&self, field: &[u8]) -> Option<&[u8]> {
        let number = self.find(self.hash(field), field)?;
        Some(self.pair(number).split().1)
    }

    /// True when the field is new.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = self.hash(field);
        if let Some(number) = self.find(hash, field) {
            let pair = pair_mut(&mut self.chunks, number);
            self.pair_bytes -= allocated(pair.bytes.len());
            pair.set_value(value);
            self.pair_bytes += allocated(pair.bytes.len());
            return false;
        }
        let number = u32::try_from(self.n_entries).expect("a hash has fewer than 2^32 fields");
        self.push(Pair::new(field, value));
        self.index.insert(hash, number);
        true
    }

    /// True when the field was there.
    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let hash = self.hash(field);
        let Some(number) = self.find(hash, field) else { return false };
        self.index.remove(hash, number);
        let mut gone = self.pop();
        if number as usize != self.n_entries {
            // The last entry takes the free place, so that the order stays dense.
            let last = self.hash(gone.split().0);
            self.index.renumber(last, self.n_entries as u32, number);
            std::mem::swap(pair_mut(&mut self.chunks, number), &mut gone);
        }
        self.pair_bytes -= allocated(gone.bytes.len());
        true
    }

    pub(super) fn at(&self, index: usize) -> (&[u8], &[u8]) {
        self.chunks[index / CHUNK_ENTRIES][index % CHUNK_ENTRIES].split()
    }

    pub(super) fn pairs(&self) -> IndexedIter<'_> {
        IndexedIter { hash: self, next: 0 }
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]),
    ) -> u64 {
        self.index.scan(cursor, count, |number| {
            let (field, value) = self.pair(number).split();
            visit(field, value);
        })
    }

    #[inline]
    fn hash(&self, field: &[u8]) -> u32 {
        (self.state.hash_one(field) >> 32) as u32
    }

    #[inline]
    fn find(&self, hash: u32, field: &[u8]) -> Option<u32> {
        self.index.find(hash, |number| self.pair(number).split().0 == field)
    }

    #[inline]
    fn pair(&self, number: u32) -> &Pair {
        let number = number as usize;
        &self.chunks[number / CHUNK_ENTRIES][number % CHUNK_ENTRIES]
    }

    fn push(&mut self, pair: Pair) {
        self.pair_bytes += allocated(pair.bytes.len());
        if self.n_entries == self.chunks.len() * CHUNK_ENTRIES {
            self.chunks.push(Vec::with_capacity(CHUNK_ENTRIES));
        }
        let chunk = self.chunks.last_mut().expect("a chunk was just made sure of");
        if chunk.len() == chunk.capacity() {
            chunk.reserve_exact(chunk.len().max(4).min(CHUNK_ENTRIES - chunk.len()));
        }
        chunk.push(pair);
        self.n_entries += 1;
    }

    /// Takes the last entry off. The hash is not empty.
    fn pop(&mut self) -> Pair {
        let chunk = self.chunks.last_mut().expect("a hash with entries has a chunk");
        let pair = chunk.pop().expect("no chunk is empty");
        self.n_entries -= 1;
        if chunk.is_empty() {
            self.chunks.pop();
        } else if self.chunks.len() == 1 {
            shrink(&mut self.chunks[0]);
        }
        shrink(&mut self.chunks);
        pair
    }
}

/// Halves a vector that is less than a quarter full.
fn shrink<T>(items: &mut Vec<T>) {
    if items.len() < items.capacity() / 4 {
        items.shrink_to(items.capacity() / 2);
    }
}

fn pair_mut(chunks: &mut [Vec<Pair>], number: u32) -> &mut Pair {
    let number = number as usize;
    &mut chunks[number / CHUNK_ENTRIES][number % CHUNK_ENTRIES]
}

/// What an allocation of `len` bytes takes: a header of 8 bytes, rounded up to 16, at least 32.
fn allocated(len: usize) -> usize {
    (len + 8).next_multiple_of(16).max(32)
}

#[derive(Clone)]
pub(super) struct IndexedIter<'a> {
    hash: &'a IndexedHash,
    next: usize,
}

impl<'a> Iterator for IndexedIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.hash.n_entries {
            return None;
        }
        self.next += 1;
        Some(self.hash.at(self.next - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n_left = self.hash.n_entries - self.next;
        (n_left, Some(n_left))
    }
}

/// A field and its value in one allocation: `[field length][field][value]`. The length is one
/// byte up to `SHORT_FIELD_MAX`; else 0xff and four bytes, little endian.
#[derive(Clone, Debug)]
struct Pair {
    bytes: Box<[u8]>,
}

impl Pair {
    fn new(field: &[u8], value: &[u8]) -> Pair {
        let is_short = field.len() <= SHORT_FIELD_MAX;
        let length_bytes = if is_short { 1 } else { LONG_LENGTH_BYTES };
        let mut bytes = Vec::with_capacity(length_bytes + field.len() + value.len());
        if is_short {
            bytes.push(field.len() as u8);
        } else {
            let len = u32::try_from(field.len()).expect("a field is shorter than 4 GiB");
            bytes.push(0xff);
            bytes.extend_from_slice(&len.to_le_bytes());
        }
        bytes.extend_from_slice(field);
        bytes.extend_from_slice(value);
        Pair { bytes: bytes.into_boxed_slice() }
    }

    #[inline]
    fn value_start(&self) -> (usize, usize) {
        match self.bytes[0] {
            0xff => {
                let len = [self.bytes[1], self.bytes[2], self.bytes[3], self.bytes[4]];
                let len = u32::from_le_bytes(len) as usize;
                (LONG_LENGTH_BYTES, LONG_LENGTH_BYTES + len)
            }
            len => (1, 1 + usize::from(len)),
        }
    }

    #[inline]
    fn split(&self) -> (&[u8], &[u8]) {
        let (field_start, value_start) = self.value_start();
        (&self.bytes[field_start..value_start], &self.bytes[value_start..])
    }

    fn set_value(&mut self, value: &[u8]) {
        let (_, value_start) = self.value_start();
        if self.bytes.len() - value_start == value.len() {
            self.bytes[value_start..].copy_from_slice(value);
            return;
        }
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        bytes.truncate(value_start);
        bytes.reserve_exact(value.len());
        bytes.extend_from_slice(value);
        self.bytes = bytes.into_boxed_slice();
    }
}

#[cfg(test)]
impl IndexedHash {
    /// The running totals agree with what they count.
    pub(super) fn check_books(&self) {
        let pairs = self.chunks.iter().flatten();
        let pair_bytes: usize = pairs.clone().map(|it| allocated(it.bytes.len())).sum();
        assert_eq!((self.n_entries, self.pair_bytes), (pairs.count(), pair_bytes));
        let slots: usize = self.chunks.iter().map(Vec::capacity).sum();
        let slot_bytes = slots * size_of::<Pair>();
        let vector_bytes = self.chunks.capacity() * size_of::<Vec<Pair>>();
        let own_bytes = allocated(size_of::<IndexedHash>());
        let expected = own_bytes + vector_bytes + slot_bytes + pair_bytes + self.index.bytes();
        assert_eq!(self.heap_bytes(), expected);
    }
}
