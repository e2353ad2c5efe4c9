//! The indexed form of a hash.

use crate::indexed::{Entry, Indexed, IndexedIter, allocated};

/// Bytes of the length in front of a field that is longer than `SHORT_FIELD_MAX`.
const LONG_LENGTH_BYTES: usize = 5;
const SHORT_FIELD_MAX: usize = 0xfe;

/// A hash of any size: every operation on one field is O(1), and none stalls while it grows.
#[derive(Clone, Debug)]
pub struct IndexedHash {
    pairs: Indexed<Pair>,
}

impl IndexedHash {
    pub(super) fn from_pairs<'a>(
        pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> IndexedHash {
        let mut hash = IndexedHash { pairs: Indexed::with_capacity(pairs.len() + 1) };
        for (field, value) in pairs {
            hash.set(field, value);
        }
        hash
    }

    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Memory of the whole hash, itself included: what its box costs the keyspace.
    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(size_of::<IndexedHash>()) + self.pairs.heap_bytes()
    }

    pub(super) fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.pairs.get(field).map(|it| it.split().1)
    }

    /// True when the field is new.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        match self.pairs.find(field) {
            Ok(number) => {
                self.pairs.change(number, |it| it.set_value(value));
                false
            }
            Err(place) => {
                self.pairs.insert(place, Pair::new(field, value));
                true
            }
        }
    }

    /// True when the field was there.
    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let found = self.pairs.find(field);
        found.map(|number| self.pairs.remove(number)).is_ok()
    }

    pub(super) fn at(&self, index: usize) -> (&[u8], &[u8]) {
        self.pairs.at(index as u32).split()
    }

    pub(super) fn pairs(&self) -> Pairs<'_> {
        Pairs(self.pairs.iter())
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]),
    ) -> u64 {
        self.pairs.scan(cursor, count, |pair| {
            let (field, value) = pair.split();
            visit(field, value);
        })
    }

    #[cfg(test)]
    pub(super) fn check_books(&self) {
        self.pairs.check_books();
    }
}

#[derive(Clone)]
pub(super) struct Pairs<'a>(IndexedIter<'a, Pair>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Pair::split)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// A field and its value in one allocation: `[field length][field][value]`. The length is one
/// byte up to `SHORT_FIELD_MAX`; else 0xff and four bytes, little endian.
#[derive(Clone, Debug)]
struct Pair {
    bytes: Box<[u8]>,
}

impl Entry for Pair {
    #[inline]
    fn key(&self) -> &[u8] {
        self.split().0
    }

    fn heap_bytes(&self) -> usize {
        allocated(self.bytes.len())
    }
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
