//! Hashes: packed while small, indexed when they grow.
//!
//! A packed hash is one run of bytes inside a memory segment; a read works on it in place, an
//! edit on a copy. An indexed hash lives behind one pointer and is edited where it is. A hash of
//! few fields with a long one stays packed too, though it goes by the name of an indexed one.
//!
//! Fields can expire. A packed hash then has a table of their ends behind its entries; an indexed
//! one keeps them with the fields, and in order. What has expired is taken out before anybody
//! looks: of a packed hash all of it, of an indexed one a few fields at a time, and the others do
//! not show meanwhile.

mod ends;
mod expiring;
mod indexed;
#[cfg(test)]
mod model;
mod read;

use crate::hash::expiring::Expiring;
pub use crate::hash::expiring::FIELD_END_MAX_MS;
pub use crate::hash::indexed::IndexedHash;
pub use crate::hash::read::{HashEncoding, HashIter, HashRef};
use crate::item::BoxedValue;
use crate::limits::SharedLimits;
use crate::options::PackedLimits;
use crate::packed::{self, INDEXED_BY_NAME, OWN_MARK, PackedEntry};
use crate::value::{Kind, Repr, Sealed, Type, Value};

/// Bytes up to which a hash with a long field or value stays packed. Each edit copies it, which
/// costs less than the memory that an index and an allocation for each field would take.
const MARKED_BYTES_MAX: usize = 4 << 10;

/// A hash open for editing.
#[derive(Debug)]
pub struct Hash {
    repr: HashRepr,
    limits: PackedLimits,
}

/// What a working copy leaves behind to be stored.
#[derive(Debug)]
enum HashRepr {
    Packed(Vec<u8>),
    Expiring(Box<Expiring>),
    Indexed(Box<IndexedHash>),
}

impl Hash {
    /// An empty hash, to be put where it is whole.
    pub fn new(limits: PackedLimits) -> Hash {
        Hash::empty(Vec::new(), limits)
    }

    /// An empty hash in the memory of `scratch`, whose content is dropped.
    fn empty(mut scratch: Vec<u8>, limits: PackedLimits) -> Hash {
        packed::clear(&mut scratch);
        Hash { repr: HashRepr::Packed(scratch), limits }
    }

    /// A working copy of a hash that was kept in one run of bytes.
    fn of_bytes(bytes: Vec<u8>, limits: PackedLimits) -> Hash {
        let repr = if packed::has_mark(&bytes, OWN_MARK) {
            HashRepr::Expiring(Box::new(Expiring::open(bytes)))
        } else {
            HashRepr::Packed(bytes)
        };
        Hash { repr, limits }
    }

    /// Fields, those included that have expired and wait to be taken out.
    pub fn len(&self) -> usize {
        match &self.repr {
            HashRepr::Packed(bytes) => packed::len(bytes),
            HashRepr::Expiring(it) => packed::len(&it.entries),
            HashRepr::Indexed(it) => it.len(),
        }
    }

    /// True when there is no field that has not expired.
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            HashRepr::Indexed(it) => it.is_gone(),
            _ => self.len() == 0,
        }
    }

    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        let of_packed = |bytes| packed::find(bytes, field).map(|it| it.value(bytes));
        match &self.repr {
            HashRepr::Packed(bytes) => of_packed(bytes),
            HashRepr::Expiring(it) => of_packed(&it.entries),
            HashRepr::Indexed(it) => it.get(field),
        }
    }

    /// When a field expires, in ms since the epoch, 0 for never; `None` without the field.
    pub fn end_of(&self, field: &[u8]) -> Option<u64> {
        match &self.repr {
            HashRepr::Packed(bytes) => packed::find(bytes, field).map(|_| 0),
            HashRepr::Expiring(it) => it.end_of(field),
            HashRepr::Indexed(it) => it.end_of(field),
        }
    }

    /// Sets one field, which does not expire from now on. True when the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let is_new = self.update(field, value);
        match &mut self.repr {
            HashRepr::Expiring(it) => it.set_end(field, 0),
            HashRepr::Indexed(it) if it.first_end() != 0 => it.set_end(field, 0),
            HashRepr::Packed(_) | HashRepr::Indexed(_) => {}
        }
        is_new
    }

    /// Sets one field and leaves it its end. True when the field is new.
    pub fn update(&mut self, field: &[u8], value: &[u8]) -> bool {
        let new = New { field, value };
        match &mut self.repr {
            HashRepr::Packed(bytes) => {
                let old = packed::find(bytes, field);
                if stays_packed(bytes, old.as_ref(), 0, new, &self.limits) {
                    return set_packed(bytes, old, field, value);
                }
            }
            HashRepr::Expiring(it) => {
                let old = packed::find(&it.entries, field);
                let n_bytes = it.ends_bytes();
                if stays_packed(&mut it.entries, old.as_ref(), n_bytes, new, &self.limits) {
                    return it.set(field, value);
                }
            }
            HashRepr::Indexed(it) => return it.set(field, value),
        }
        self.index();
        self.update(field, value)
    }

    fn index(&mut self) {
        let indexed = match &self.repr {
            HashRepr::Packed(bytes) => IndexedHash::from_pairs(packed::iter(bytes)),
            HashRepr::Expiring(it) => {
                let mut indexed = IndexedHash::from_pairs(packed::iter(&it.entries));
                for (field, _, end) in it.iter() {
                    indexed.set_end(field, end);
                }
                indexed
            }
            HashRepr::Indexed(_) => return,
        };
        self.repr = HashRepr::Indexed(Box::new(indexed));
    }

    /// Makes room for the ends of fields. A packed hash keeps it, whether it is used or not.
    pub fn start_expiring(&mut self) {
        let HashRepr::Packed(bytes) = &mut self.repr else { return };
        let expiring = Expiring::of_lasting(std::mem::take(bytes));
        let is_too_big = packed::BYTES_MAX < expiring.entries.len() + expiring.ends_bytes();
        self.repr = HashRepr::Expiring(Box::new(expiring));
        if is_too_big {
            self.index();
        }
    }

    /// Lets a field expire at a time in ms since the epoch, up to `FIELD_END_MAX_MS`, or never if
    /// it is 0.
    pub fn set_end(&mut self, field: &[u8], end_ms: u64) {
        debug_assert!(end_ms <= FIELD_END_MAX_MS);
        self.start_expiring();
        match &mut self.repr {
            HashRepr::Packed(_) => {}
            HashRepr::Expiring(it) => it.set_end(field, end_ms),
            HashRepr::Indexed(it) => it.set_end(field, end_ms),
        }
    }

    /// Takes out fields that have expired, of an indexed hash up to `n_max`, and says how many.
    pub(crate) fn purge(&mut self, now_ms: u64, n_max: usize) -> usize {
        match &mut self.repr {
            HashRepr::Packed(_) => 0,
            HashRepr::Expiring(it) => it.purge(now_ms),
            HashRepr::Indexed(it) => it.purge(now_ms, n_max),
        }
    }

    /// True when there are expired fields left to take out.
    pub(crate) fn has_expired(&self, now_ms: u64) -> bool {
        match &self.repr {
            HashRepr::Indexed(it) => it.first_end() != 0 && it.first_end() < now_ms,
            _ => false,
        }
    }

    /// Takes one field out. True when it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.repr {
            HashRepr::Packed(bytes) => {
                let found = packed::find(bytes, field);
                found.map(|it| packed::remove(bytes, it)).is_some()
            }
            HashRepr::Expiring(it) => it.remove(field),
            HashRepr::Indexed(it) => it.remove(field),
        }
    }
}

#[derive(Clone, Copy)]
struct New<'a> {
    field: &'a [u8],
    value: &'a [u8],
}

/// Whether entries stay packed with a field set over `old` and `n_more` bytes behind them. Those
/// that go by the name of an indexed hash from then on are marked.
fn stays_packed(
    bytes: &mut [u8],
    old: Option<&PackedEntry>,
    n_more: usize,
    new: New<'_>,
    limits: &PackedLimits,
) -> bool {
    let n_entries = packed::len(bytes) + usize::from(old.is_none());
    let n_bytes = packed::len_bytes_with(bytes, old, new.field, new.value) + n_more;
    let entries_max = limits.entries_max.min(packed::ENTRIES_MAX);
    if entries_max < n_entries || packed::BYTES_MAX < n_bytes {
        return false;
    }
    let is_short = new.value.len().max(new.field.len()) <= limits.value_max;
    if is_short && !packed::has_mark(bytes, INDEXED_BY_NAME) {
        return true;
    }
    if MARKED_BYTES_MAX < n_bytes {
        return false;
    }
    packed::set_mark(bytes, INDEXED_BY_NAME);
    true
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
    type Limits = PackedLimits;

    fn limits(shared: &SharedLimits) -> PackedLimits {
        shared.of_hashes()
    }

    fn open(repr: Repr, _: bool, limits: PackedLimits) -> Hash {
        match repr {
            Repr::Small(it) if it.is_empty() => Hash::empty(it, limits),
            Repr::Small(it) | Repr::Boxed(BoxedValue::Packed(_, it)) => Hash::of_bytes(it, limits),
            Repr::Boxed(BoxedValue::Hash(it)) => Hash { repr: HashRepr::Indexed(it), limits },
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        }
    }

    /// The mark says that fields expire.
    fn close(self) -> (Repr, bool) {
        match self.repr {
            HashRepr::Packed(it) => (Repr::Small(it), false),
            HashRepr::Expiring(it) => {
                let has_ends = it.has_ends();
                (Repr::Small(it.close()), has_ends)
            }
            HashRepr::Indexed(it) => {
                let has_ends = it.first_end() != 0;
                (Repr::Boxed(BoxedValue::Hash(it)), has_ends)
            }
        }
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
