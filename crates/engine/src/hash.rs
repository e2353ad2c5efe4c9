//! Hashes: packed while small, indexed when they grow.

use crate::options::Limits;
use crate::value::{Kind, Sealed, Value};

/// A hash as a read sees it.
#[derive(Clone, Copy)]
pub struct HashRef<'a> {
    pub(crate) todo: &'a [u8],
}

/// Fields and values in their stored order.
pub struct HashIter<'a> {
    pub(crate) todo: &'a [u8],
}

impl<'a> Iterator for HashIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        todo!("{:?}", self.todo)
    }
}

impl<'a> HashRef<'a> {
    pub fn len(self) -> usize {
        todo!("{:?}", self.todo)
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn get(self, _field: &[u8]) -> Option<&'a [u8]> {
        todo!()
    }

    pub fn iter(self) -> HashIter<'a> {
        HashIter { todo: self.todo }
    }

    /// The pair at a position in stored order, for random picks: O(1) when indexed, O(n) when
    /// packed. `index` is below `len()`.
    pub fn at(self, _index: usize) -> (&'a [u8], &'a [u8]) {
        todo!()
    }

    /// True while packed (`listpack`), false when indexed (`hashtable`).
    pub fn is_packed(self) -> bool {
        todo!()
    }

    /// One step of a scan: visits about `count` pairs from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A field present throughout a scan is visited at least once,
    /// however much the table grows or shrinks between steps. A packed hash is visited whole.
    pub fn scan(
        self,
        _cursor: u64,
        _count: usize,
        _visit: &mut dyn FnMut(&'a [u8], &'a [u8]),
    ) -> u64 {
        todo!()
    }
}

/// A hash open for editing.
#[derive(Debug)]
pub struct Hash {
    pub(crate) limits: Limits,
}

impl Hash {
    pub fn as_ref(&self) -> HashRef<'_> {
        todo!("{:?}", self.limits)
    }

    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.as_ref().get(field)
    }

    /// Sets one field. True when the field is new.
    pub fn set(&mut self, _field: &[u8], _value: &[u8]) -> bool {
        todo!()
    }

    /// Takes one field out. True when it was there.
    pub fn remove(&mut self, _field: &[u8]) -> bool {
        todo!()
    }
}

impl Sealed for Hash {}
impl Kind for Hash {
    type Ref<'a> = HashRef<'a>;

    fn of(value: Value<'_>) -> Option<HashRef<'_>> {
        if let Value::Hash(it) = value { Some(it) } else { None }
    }
}
