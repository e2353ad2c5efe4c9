//! Hashes as reads see them.

use crate::hash::expiring::ExpiringRef;
use crate::hash::indexed::{IndexedHash, Pairs};
use crate::packed::{self, INDEXED_BY_NAME, OWN_MARK, PackedIter};

/// The form of a hash as the thresholds make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashEncoding {
    Packed,
    /// Packed, with room for when each field expires.
    PackedExpiring,
    Indexed,
}

/// A hash as a read sees it. Fields that have expired are not there.
#[derive(Clone, Copy)]
pub enum HashRef<'a> {
    Packed(&'a [u8]),
    Expiring(ExpiringRef<'a>),
    Indexed(&'a IndexedHash),
}

impl<'a> HashRef<'a> {
    /// A hash that is kept in one run of bytes.
    #[inline]
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> HashRef<'a> {
        if packed::has_mark(bytes, OWN_MARK) {
            HashRef::Expiring(ExpiringRef::of(bytes))
        } else {
            HashRef::Packed(bytes)
        }
    }

    /// Fields, those included that have expired and wait to be taken out; `iter` tells without.
    pub fn len(self) -> usize {
        match self {
            HashRef::Packed(bytes) => packed::len(bytes),
            HashRef::Expiring(it) => packed::len(it.entries),
            HashRef::Indexed(it) => it.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn get(self, field: &[u8]) -> Option<&'a [u8]> {
        match self {
            HashRef::Packed(bytes) => packed::find(bytes, field).map(|it| it.value(bytes)),
            HashRef::Expiring(it) => {
                packed::find(it.entries, field).map(|entry| entry.value(it.entries))
            }
            HashRef::Indexed(it) => it.get(field),
        }
    }

    /// When a field expires, in ms since the epoch, 0 for never; `None` without the field.
    pub fn end_of(self, field: &[u8]) -> Option<u64> {
        match self {
            HashRef::Packed(bytes) => packed::find(bytes, field).map(|_| 0),
            HashRef::Expiring(it) => it.end_of(field),
            HashRef::Indexed(it) => it.end_of(field),
        }
    }

    /// When the first field expires; 0 for never.
    pub fn first_end(self) -> u64 {
        match self {
            HashRef::Packed(_) => 0,
            HashRef::Expiring(it) => it.first_end(),
            HashRef::Indexed(it) => it.first_end(),
        }
    }

    pub fn iter(self) -> HashIter<'a> {
        HashIter(match self {
            HashRef::Packed(bytes) => Iter::Packed(packed::iter(bytes)),
            HashRef::Expiring(it) => Iter::Packed(packed::iter(it.entries)),
            HashRef::Indexed(it) => Iter::Indexed(it.pairs()),
        })
    }

    /// The pair at a position in stored order, for random picks: O(1) when indexed, O(n) when
    /// packed. `index` is below `len()`, and nothing waits to be taken out.
    pub fn at(self, index: usize) -> (&'a [u8], &'a [u8]) {
        let of_packed = |bytes| {
            let entry = packed::entry_at(bytes, index);
            (entry.field(bytes), entry.value(bytes))
        };
        match self {
            HashRef::Packed(bytes) => of_packed(bytes),
            HashRef::Expiring(it) => of_packed(it.entries),
            HashRef::Indexed(it) => it.at(index),
        }
    }

    pub fn encoding(self) -> HashEncoding {
        match self {
            HashRef::Packed(bytes) if !packed::has_mark(bytes, INDEXED_BY_NAME) => {
                HashEncoding::Packed
            }
            HashRef::Expiring(it) if !packed::has_mark(it.entries, INDEXED_BY_NAME) => {
                HashEncoding::PackedExpiring
            }
            _ => HashEncoding::Indexed,
        }
    }

    /// One step of a scan: visits about `count` pairs from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A field present throughout a scan is visited at least once,
    /// however much the table grows or shrinks between steps. A packed hash is visited whole.
    pub fn scan(self, cursor: u64, count: usize, visit: &mut dyn FnMut(&'a [u8], &'a [u8])) -> u64 {
        if let HashRef::Indexed(it) = self {
            return it.scan(cursor, count, visit);
        }
        self.iter().for_each(|(field, value)| visit(field, value));
        0
    }
}

impl<'a> IntoIterator for HashRef<'a> {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = HashIter<'a>;

    fn into_iter(self) -> HashIter<'a> {
        self.iter()
    }
}

/// Fields and values in their stored order.
#[derive(Clone)]
pub struct HashIter<'a>(Iter<'a>);

#[derive(Clone)]
enum Iter<'a> {
    Packed(PackedIter<'a>),
    Indexed(Pairs<'a>),
}

impl<'a> Iterator for HashIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Iter::Packed(it) => it.next(),
            Iter::Indexed(it) => it.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Iter::Packed(it) => it.size_hint(),
            Iter::Indexed(it) => it.size_hint(),
        }
    }
}

impl ExactSizeIterator for HashIter<'_> {}
