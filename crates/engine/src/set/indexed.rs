//! The indexed form of a set.

use smallvec::SmallVec;

use crate::indexed::{Entry, Indexed, IndexedIter, allocated};

/// Members of up to this many bytes lie in the set's own memory.
const INLINE_BYTES: usize = 16;

/// A set of any size: every operation on one member is O(1), and none stalls while it grows.
#[derive(Clone, Debug)]
pub struct IndexedSet {
    members: Indexed<Stored>,
}

impl IndexedSet {
    pub(super) fn with_capacity(n_members: usize) -> IndexedSet {
        IndexedSet { members: Indexed::with_capacity(n_members) }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Memory of the whole set, itself included: what its box costs the keyspace.
    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(size_of::<IndexedSet>()) + self.members.heap_bytes()
    }

    pub(super) fn contains(&self, member: &[u8]) -> bool {
        self.members.find(member).is_ok()
    }

    /// True when the member is new.
    pub(super) fn add(&mut self, member: &[u8]) -> bool {
        let Err(place) = self.members.find(member) else { return false };
        self.members.insert(place, Stored(SmallVec::from_slice(member)));
        true
    }

    /// True when the member was there.
    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let found = self.members.find(member);
        found.map(|number| self.members.remove(number)).is_ok()
    }

    pub(super) fn at(&self, index: usize) -> &[u8] {
        &self.members.at(index as u32).0
    }

    pub(super) fn remove_at(&mut self, index: usize) {
        self.members.remove(index as u32);
    }

    pub(super) fn members(&self) -> Members<'_> {
        Members(self.members.iter())
    }

    pub(super) fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&'a [u8]),
    ) -> u64 {
        self.members.scan(cursor, count, |it| visit(&it.0))
    }

    #[cfg(test)]
    pub(super) fn check_books(&self) {
        self.members.check_books();
    }
}

#[derive(Clone)]
pub(super) struct Members<'a>(IndexedIter<'a, Stored>);

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.next().map(|it| &it.0[..])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[derive(Clone, Debug)]
struct Stored(SmallVec<[u8; INLINE_BYTES]>);

impl Entry for Stored {
    #[inline]
    fn key(&self) -> &[u8] {
        &self.0
    }

    fn heap_bytes(&self) -> usize {
        if self.0.spilled() { allocated(self.0.capacity()) } else { 0 }
    }
}
