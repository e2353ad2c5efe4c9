//! Hashes: packed while small, indexed when they grow.
//!
//! A packed hash is one run of bytes inside a memory segment; a read works on it in place, an
//! edit on a copy. An indexed hash lives behind one pointer and is edited where it is.

mod indexed;
#[cfg(test)]
mod model;

pub use crate::hash::indexed::IndexedHash;
use crate::hash::indexed::Pairs;
use crate::item::BoxedValue;
use crate::options::Limits;
use crate::packed::{self, PackedEntry, PackedIter};
use crate::value::{Kind, Repr, Sealed, Type, Value};

/// A hash as a read sees it.
#[derive(Clone, Copy)]
pub enum HashRef<'a> {
    Packed(&'a [u8]),
    Indexed(&'a IndexedHash),
}

impl<'a> HashRef<'a> {
    pub fn len(self) -> usize {
        match self {
            HashRef::Packed(bytes) => packed::len(bytes),
            HashRef::Indexed(it) => it.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn get(self, field: &[u8]) -> Option<&'a [u8]> {
        match self {
            HashRef::Packed(bytes) => packed::find(bytes, field).map(|it| it.value(bytes)),
            HashRef::Indexed(it) => it.get(field),
        }
    }

    pub fn iter(self) -> HashIter<'a> {
        HashIter(match self {
            HashRef::Packed(bytes) => Iter::Packed(packed::iter(bytes)),
            HashRef::Indexed(it) => Iter::Indexed(it.pairs()),
        })
    }

    /// The pair at a position in stored order, for random picks: O(1) when indexed, O(n) when
    /// packed. `index` is below `len()`.
    pub fn at(self, index: usize) -> (&'a [u8], &'a [u8]) {
        match self {
            HashRef::Packed(bytes) => {
                packed::iter(bytes).nth(index).expect("the index is below the length")
            }
            HashRef::Indexed(it) => it.at(index),
        }
    }

    /// True while packed (`listpack`), false when indexed (`hashtable`).
    pub fn is_packed(self) -> bool {
        matches!(self, HashRef::Packed(_))
    }

    /// One step of a scan: visits about `count` pairs from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A field present throughout a scan is visited at least once,
    /// however much the table grows or shrinks between steps. A packed hash is visited whole.
    pub fn scan(self, cursor: u64, count: usize, visit: &mut dyn FnMut(&'a [u8], &'a [u8])) -> u64 {
        match self {
            HashRef::Packed(bytes) => {
                packed::iter(bytes).for_each(|(field, value)| visit(field, value));
                0
            }
            HashRef::Indexed(it) => it.scan(cursor, count, visit),
        }
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

/// A hash open for editing.
#[derive(Debug)]
pub struct Hash {
    repr: HashRepr,
    limits: Limits,
}

/// What a working copy leaves behind to be stored.
#[derive(Debug)]
pub(crate) enum HashRepr {
    Packed(Vec<u8>),
    Indexed(Box<IndexedHash>),
}

impl Hash {
    /// An empty hash in the memory of `scratch`, whose content is dropped.
    pub(crate) fn empty(mut scratch: Vec<u8>, limits: Limits) -> Hash {
        packed::clear(&mut scratch);
        Hash { repr: HashRepr::Packed(scratch), limits }
    }

    /// A working copy of a packed hash: `bytes` is what `into_repr` once gave.
    pub(crate) fn from_packed(bytes: Vec<u8>, limits: Limits) -> Hash {
        Hash { repr: HashRepr::Packed(bytes), limits }
    }

    pub(crate) fn from_indexed(indexed: Box<IndexedHash>, limits: Limits) -> Hash {
        Hash { repr: HashRepr::Indexed(indexed), limits }
    }

    pub(crate) fn into_repr(self) -> HashRepr {
        self.repr
    }

    pub fn as_ref(&self) -> HashRef<'_> {
        match &self.repr {
            HashRepr::Packed(bytes) => HashRef::Packed(bytes),
            HashRepr::Indexed(it) => HashRef::Indexed(it),
        }
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
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        match &mut self.repr {
            HashRepr::Packed(bytes) => {
                let old = packed::find(bytes, field);
                if fits(bytes, old.as_ref(), field, value, &self.limits) {
                    return set_packed(bytes, old, field, value);
                }
                let mut indexed = IndexedHash::from_pairs(packed::iter(bytes));
                let is_new = indexed.set(field, value);
                self.repr = HashRepr::Indexed(Box::new(indexed));
                is_new
            }
            HashRepr::Indexed(it) => it.set(field, value),
        }
    }

    /// Takes one field out. True when it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.repr {
            HashRepr::Packed(bytes) => {
                let found = packed::find(bytes, field);
                found.map(|it| packed::remove(bytes, it)).is_some()
            }
            HashRepr::Indexed(it) => it.remove(field),
        }
    }
}

/// Whether a packed hash stays packed with `field` set to `value`.
fn fits(
    bytes: &[u8],
    old: Option<&PackedEntry>,
    field: &[u8],
    value: &[u8],
    limits: &Limits,
) -> bool {
    let n_entries = packed::len(bytes) + usize::from(old.is_none());
    let n_bytes = packed::len_bytes_with(bytes, old, field, value);
    value.len() <= limits.hash_packed_value_max
        && field.len() <= limits.hash_packed_value_max
        && n_entries <= limits.hash_packed_entries_max
        && n_bytes <= packed::BYTES_MAX
}

fn set_packed(bytes: &mut Vec<u8>, old: Option<PackedEntry>, field: &[u8], value: &[u8]) -> bool {
    let is_new = old.is_none();
    match old {
        Some(old) => packed::replace(bytes, old, value),
        None => packed::push(bytes, field, value),
    }
    is_new
}

#[expect(private_interfaces, reason = "sealed: only the engine calls it")]
impl Sealed for Hash {
    const TYPE: Type = Type::Hash;

    fn open(repr: Repr, _: bool, limits: Limits) -> Hash {
        match repr {
            Repr::Small(it) if it.is_empty() => Hash::empty(it, limits),
            Repr::Small(it) | Repr::Boxed(BoxedValue::Packed(_, it)) => {
                Hash::from_packed(it, limits)
            }
            Repr::Boxed(BoxedValue::Hash(it)) => Hash::from_indexed(it, limits),
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        }
    }

    fn close(self) -> (Repr, bool) {
        let repr = match self.into_repr() {
            HashRepr::Packed(it) => Repr::Small(it),
            HashRepr::Indexed(it) => Repr::Boxed(BoxedValue::Hash(it)),
        };
        (repr, false)
    }

    fn is_gone(&self) -> bool {
        self.is_empty()
    }
}

impl Kind for Hash {
    type Ref<'a> = HashRef<'a>;

    fn of(value: Value<'_>) -> Option<HashRef<'_>> {
        if let Value::Hash(it) = value { Some(it) } else { None }
    }
}
