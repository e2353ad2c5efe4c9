//! The indexed form of a hash.

use crate::hash::ends::Ends;
use crate::indexed::{Entry, Indexed, IndexedIter, allocated};

/// Bytes of the length in front of a field that is longer than `SHORT_FIELD_MAX`.
const LONG_LENGTH_BYTES: usize = 5;
const SHORT_FIELD_MAX: usize = 0xfd;
/// Bytes in front of a field that ends: a mark, and when.
const END_BYTES: usize = 7;

/// A hash of any size: every operation on one field is O(1), and none stalls while it grows. Only
/// one with fields that expire keeps those in order, which is O(log n).
#[derive(Clone, Debug)]
pub struct IndexedHash {
    pairs: Indexed<Pair>,
    ends: Option<Box<Ends>>,
}

impl IndexedHash {
    pub(super) fn from_pairs<'a>(
        pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> IndexedHash {
        let mut hash = IndexedHash { pairs: Indexed::with_capacity(pairs.len() + 1), ends: None };
        for (field, value) in pairs {
            hash.set(field, value);
        }
        hash
    }

    /// All fields, with those that have ended and wait to be taken out.
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Fields that are there for those who read.
    pub(super) fn n_lasting(&self) -> usize {
        self.pairs.len() - self.ends.as_ref().map_or(0, |it| it.n_ended())
    }

    /// True when no field is there for those who read.
    pub(super) fn is_gone(&self) -> bool {
        match &self.ends {
            Some(ends) => ends.have_all_ended(self.pairs.len()),
            None => self.pairs.len() == 0,
        }
    }

    /// Memory of the whole hash, itself included: what its box costs the keyspace.
    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(size_of::<IndexedHash>())
            + self.pairs.heap_bytes()
            + self.ends.as_ref().map_or(0, |it| it.heap_bytes())
    }

    /// False for a field that has ended and waits to be taken out.
    #[inline]
    fn is_there(&self, pair: &Pair) -> bool {
        self.ends.as_ref().is_none_or(|it| !it.has_ended(pair.end_ms()))
    }

    pub(super) fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.pairs.get(field).filter(|it| self.is_there(it)).map(|it| it.split().1)
    }

    /// When a field ends, 0 for never; `None` without the field.
    pub(super) fn end_of(&self, field: &[u8]) -> Option<u64> {
        self.pairs.get(field).filter(|it| self.is_there(it)).map(Pair::end_ms)
    }

    /// When the first field ends; 0 for never.
    pub(super) fn first_end(&self) -> u64 {
        self.ends.as_ref().map_or(0, |it| it.first())
    }

    /// Sets one field; its end stays. True when the field is new.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        match self.pairs.find(field) {
            Ok(number) if self.is_there(self.pairs.at(number)) => {
                self.pairs.change(number, |it| it.set_value(value));
                false
            }
            Ok(number) => {
                self.set_end_at(number, 0);
                self.pairs.change(number, |it| it.set_value(value));
                true
            }
            Err(place) => {
                self.pairs.insert(place, Pair::new(field, value));
                true
            }
        }
    }

    /// Lets a field end at a time, or never.
    pub(super) fn set_end(&mut self, field: &[u8], end_ms: u64) {
        if let Ok(number) = self.pairs.find(field) {
            self.set_end_at(number, end_ms);
        }
    }

    fn set_end_at(&mut self, number: u32, end_ms: u64) {
        let old = self.pairs.at(number).end_ms();
        if old == end_ms {
            return;
        }
        self.ends.get_or_insert_default().change(number, old, end_ms);
        self.pairs.change(number, |it| it.set_end(end_ms));
        if self.ends.as_ref().is_some_and(|it| it.is_empty()) {
            self.ends = None;
        }
    }

    /// True when the field was there.
    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let Ok(number) = self.pairs.find(field) else { return false };
        let was_there = self.is_there(self.pairs.at(number));
        self.remove_at(number);
        was_there
    }

    fn remove_at(&mut self, number: u32) {
        let Some(ends) = &mut self.ends else {
            self.pairs.remove(number);
            return;
        };
        ends.change(number, self.pairs.at(number).end_ms(), 0);
        let last = self.pairs.len() as u32 - 1;
        if number != last {
            ends.renumber(self.pairs.at(last).end_ms(), last, number);
        }
        if ends.is_empty() {
            self.ends = None;
        }
        self.pairs.remove(number);
    }

    /// Takes out up to `n_max` fields that have ended and says how many. From now on the others
    /// that have are not there for those who read.
    pub(super) fn purge(&mut self, now_ms: u64, n_max: usize) -> usize {
        if let Some(ends) = &mut self.ends {
            ends.look_at(now_ms);
        }
        for n_purged in 0..n_max {
            let Some(number) = self.ends.as_ref().and_then(|it| it.first_ended()) else {
                return n_purged;
            };
            self.remove_at(number);
        }
        n_max
    }

    /// The pair at a place below `len`, be it there for those who read or not.
    pub(super) fn at(&self, index: usize) -> (&[u8], &[u8]) {
        self.pairs.at(index as u32).split()
    }

    pub(super) fn pairs(&self) -> Pairs<'_> {
        Pairs { hash: self, rest: self.pairs.iter(), n_left: self.n_lasting() }
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]),
    ) -> u64 {
        self.pairs.scan(cursor, count, |pair| {
            if self.is_there(pair) {
                let (field, value) = pair.split();
                visit(field, value);
            }
        })
    }

    #[cfg(test)]
    pub(super) fn check_books(&self) {
        self.pairs.check_books();
        let with_end = (0..self.pairs.len() as u32).map(|it| (self.pairs.at(it).end_ms(), it));
        let mut expected = Ends::default();
        with_end.for_each(|(end, number)| expected.change(number, 0, end));
        match &self.ends {
            Some(ends) => ends.check_same(&expected),
            None => assert!(expected.is_empty()),
        }
    }
}

#[derive(Clone)]
pub(super) struct Pairs<'a> {
    hash: &'a IndexedHash,
    rest: IndexedIter<'a, Pair>,
    n_left: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.n_left = self.n_left.checked_sub(1)?;
        let hash = self.hash;
        self.rest.find(|it| hash.is_there(it)).map(Pair::split)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

/// A field and its value in one allocation: `[field length][field][value]`. The length is one
/// byte up to `SHORT_FIELD_MAX`; else 0xff and four bytes, little endian. In front of it may be
/// 0xfe and six bytes: when the field ends, in ms since the epoch.
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
            len @ 0..=0xfd => (1, 1 + usize::from(len)),
            _ => self.long_start(),
        }
    }

    #[cold]
    fn long_start(&self) -> (usize, usize) {
        let at = if self.bytes[0] == 0xfe { END_BYTES } else { 0 };
        match self.bytes[at..] {
            [0xff, a, b, c, d, ..] => {
                let field_start = at + LONG_LENGTH_BYTES;
                (field_start, field_start + u32::from_le_bytes([a, b, c, d]) as usize)
            }
            [len, ..] => (at + 1, at + 1 + usize::from(len)),
            [] => unreachable!("a field's length is always there"),
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

    /// When the field ends; 0 for never.
    fn end_ms(&self) -> u64 {
        if self.bytes[0] != 0xfe {
            return 0;
        }
        let mut end = [0; 8];
        end[..END_BYTES - 1].copy_from_slice(&self.bytes[1..END_BYTES]);
        u64::from_le_bytes(end)
    }

    fn set_end(&mut self, end_ms: u64) {
        let has_end = self.bytes[0] == 0xfe;
        let rest = if has_end { &self.bytes[END_BYTES..] } else { &self.bytes[..] };
        let end = end_ms.to_le_bytes();
        let mut bytes = Vec::with_capacity(END_BYTES + rest.len());
        if end_ms != 0 {
            bytes.push(0xfe);
            bytes.extend_from_slice(&end[..END_BYTES - 1]);
        }
        bytes.extend_from_slice(rest);
        self.bytes = bytes.into_boxed_slice();
    }
}
