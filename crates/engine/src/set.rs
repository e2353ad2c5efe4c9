//! Sets: sorted integers or packed members while small, indexed when they grow.
//!
//! What a set answers for its encoding changes where Valkey's does; what it is kept in may be
//! smaller than that. A set of integers or of few members stays packed beyond the thresholds, with
//! a mark that it goes by the name of an indexed one.

mod indexed;
mod integers;
#[cfg(test)]
mod model;
mod read;

use crate::item::BoxedValue;
use crate::limits::SharedLimits;
use crate::number;
use crate::options::SetLimits;
use crate::packed::{self, INDEXED_BY_NAME, OWN_MARK};
pub use crate::set::indexed::IndexedSet;
pub use crate::set::read::{Member, SetEncoding, SetIter, SetRef};
use crate::value::{Kind, Repr, Sealed, Type, Value};

/// Bytes up to which a set that goes by the name of an indexed one stays packed: integers, which
/// are found by halves, and other members, which are walked.
const INTEGER_BYTES_MAX: usize = 16 << 10;
const MARKED_BYTES_MAX: usize = 2 << 10;

/// An integer of 64 bits as a packed member.
const INTEGER_TEXT_BYTES_MAX: usize = 22;

/// A set open for editing, or one that is being made.
#[derive(Debug)]
pub struct Set {
    repr: SetRepr,
    limits: SetLimits,
}

#[derive(Debug)]
enum SetRepr {
    Integers(Vec<u8>),
    Packed(Vec<u8>),
    Indexed(Box<IndexedSet>),
}

impl Set {
    /// An empty set, of integers as long as nothing else comes.
    pub fn new(limits: SetLimits) -> Set {
        Set::empty(Vec::new(), limits)
    }

    /// An empty set that takes its members for bytes from the first on.
    pub fn new_packed(limits: SetLimits) -> Set {
        let mut bytes = Vec::new();
        packed::clear(&mut bytes);
        Set { repr: SetRepr::Packed(bytes), limits }
    }

    /// An empty indexed set.
    pub fn new_indexed(limits: SetLimits) -> Set {
        Set { repr: SetRepr::Indexed(Box::new(IndexedSet::with_capacity(1))), limits }
    }

    /// An empty set in the memory of `scratch`, whose content is dropped.
    fn empty(mut scratch: Vec<u8>, limits: SetLimits) -> Set {
        integers::clear(&mut scratch);
        Set { repr: SetRepr::Integers(scratch), limits }
    }

    pub fn as_ref(&self) -> SetRef<'_> {
        match &self.repr {
            SetRepr::Integers(bytes) => SetRef::Integers(bytes),
            SetRepr::Packed(bytes) => SetRef::Packed(bytes),
            SetRepr::Indexed(it) => SetRef::Indexed(it),
        }
    }

    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says that up to `n` members follow, of which `first` is the first: a set may turn into an
    /// indexed one for it.
    pub fn expect(&mut self, first: &[u8], n: usize) {
        let SetLimits { integers_max, entries_max, .. } = self.limits;
        if self.is_empty() {
            let is_integer = number::integer(first).is_some();
            if is_integer && n <= integers_max {
                return;
            }
            if n <= entries_max {
                *self = Set::new_packed(self.limits);
            } else if !is_integer {
                *self = Set::new_indexed(self.limits);
            }
        }
        match &mut self.repr {
            SetRepr::Integers(bytes) if integers_max < n => {
                packed::set_mark(bytes, INDEXED_BY_NAME);
            }
            SetRepr::Packed(bytes) if entries_max < n => {
                packed::set_mark(bytes, INDEXED_BY_NAME);
            }
            _ => {}
        }
    }

    /// Adds a member. True when it is new.
    pub fn add(&mut self, member: Member<'_>) -> bool {
        match (&mut self.repr, member) {
            (SetRepr::Indexed(it), member) => member.with(|member| it.add(member)),
            (SetRepr::Integers(_), member) => match member.integer() {
                Some(value) => self.add_integer(value),
                None => member.with(|it| self.end_integers(it)),
            },
            (SetRepr::Packed(_), member) => member.with(|it| self.add_packed(it)),
        }
    }

    fn add_integer(&mut self, value: i64) -> bool {
        let SetRepr::Integers(bytes) = &mut self.repr else { unreachable!("the caller looked") };
        let Err(place) = integers::find(bytes, value) else { return false };
        let is_marked = packed::has_mark(bytes, INDEXED_BY_NAME);
        let is_over = is_marked || self.limits.integers_max <= integers::len(bytes);
        if is_over && integers::len_bytes_with(bytes, value) > INTEGER_BYTES_MAX {
            self.index();
            return self.add(Member::Integer(value));
        }
        integers::insert(bytes, place, value);
        if is_over {
            packed::set_mark(bytes, INDEXED_BY_NAME);
        }
        true
    }

    /// Adds the first member that is no integer.
    fn end_integers(&mut self, member: &[u8]) -> bool {
        let set = self.as_ref();
        let SetLimits { entries_max, value_max, .. } = self.limits;
        let fits = set.encoding() == SetEncoding::Integers
            && set.len() < entries_max
            && member.len() <= value_max
            && set.iter().all(|it| it.with(<[u8]>::len) <= value_max);
        if !fits && set.len() * INTEGER_TEXT_BYTES_MAX > MARKED_BYTES_MAX {
            self.index();
            return self.add(Member::Bytes(member));
        }
        let mut bytes = Vec::new();
        packed::clear(&mut bytes);
        for it in set {
            it.with(|it| packed::push(&mut bytes, it, b""));
        }
        if !fits {
            packed::set_mark(&mut bytes, INDEXED_BY_NAME);
        }
        self.repr = SetRepr::Packed(bytes);
        self.add_packed(member)
    }

    fn add_packed(&mut self, member: &[u8]) -> bool {
        let SetRepr::Packed(bytes) = &mut self.repr else { unreachable!("the caller looked") };
        if packed::find(bytes, member).is_some() {
            return false;
        }
        let SetLimits { entries_max, value_max, .. } = self.limits;
        let n_bytes = packed::len_bytes_with(bytes, None, member, b"");
        let is_named = !packed::has_mark(bytes, INDEXED_BY_NAME)
            && packed::len(bytes) < entries_max
            && member.len() <= value_max;
        let n_bytes_max = if is_named { packed::BYTES_MAX } else { MARKED_BYTES_MAX };
        if n_bytes > n_bytes_max || packed::len(bytes) == packed::ENTRIES_MAX {
            self.index();
            return self.add(Member::Bytes(member));
        }
        packed::push(bytes, member, b"");
        if !is_named {
            packed::set_mark(bytes, INDEXED_BY_NAME);
        }
        true
    }

    fn index(&mut self) {
        let mut indexed = IndexedSet::with_capacity(self.len() + 1);
        for member in self.as_ref() {
            member.with(|it| indexed.add(it));
        }
        self.repr = SetRepr::Indexed(Box::new(indexed));
    }

    /// Takes a member out. True when it was there.
    pub fn remove(&mut self, member: Member<'_>) -> bool {
        match &mut self.repr {
            SetRepr::Integers(bytes) => {
                let found = member.integer().and_then(|it| integers::find(bytes, it).ok());
                found.map(|index| integers::remove(bytes, index)).is_some()
            }
            SetRepr::Packed(bytes) => {
                let found = member.with(|it| packed::find(bytes, it));
                found.map(|it| packed::remove(bytes, it)).is_some()
            }
            SetRepr::Indexed(it) => member.with(|member| it.remove(member)),
        }
    }

    /// Takes out a random member after it was looked at. The set is not empty.
    pub fn pop(&mut self, random: &mut fastrand::Rng, look: impl FnOnce(Member<'_>)) {
        let index = random.usize(..self.len());
        let member = self.as_ref().at(index);
        look(member);
        match &mut self.repr {
            SetRepr::Integers(bytes) => integers::remove(bytes, index),
            SetRepr::Packed(bytes) => {
                let entry = packed::entry_at(bytes, index);
                packed::remove(bytes, entry);
            }
            SetRepr::Indexed(it) => it.remove_at(index),
        }
    }

    /// Takes out `n` random members, fewer than there are, after each was looked at. Members that
    /// lie in one run of bytes are gone through once.
    pub fn pop_many(
        &mut self,
        n: usize,
        random: &mut fastrand::Rng,
        mut look: impl FnMut(Member<'_>),
    ) {
        if let SetRepr::Indexed(_) = self.repr {
            (0..n).for_each(|_| self.pop(random, &mut look));
            return;
        }
        let is_marked = self.as_ref().encoding() == SetEncoding::Indexed;
        let (mut kept, mut n_left) = (Vec::new(), n);
        let total = self.len();
        let is_integers = matches!(self.repr, SetRepr::Integers(_));
        if is_integers {
            integers::clear(&mut kept);
        } else {
            packed::clear(&mut kept);
        }
        for (at, member) in self.as_ref().iter().enumerate() {
            // Of those that are still to come, each is as likely as any other.
            if random.usize(..total - at) < n_left {
                n_left -= 1;
                look(member);
                continue;
            }
            match member {
                Member::Integer(it) => integers::push(&mut kept, it),
                Member::Bytes(it) => packed::push(&mut kept, it, b""),
            }
        }
        if is_marked {
            packed::set_mark(&mut kept, INDEXED_BY_NAME);
        }
        self.repr = if is_integers { SetRepr::Integers(kept) } else { SetRepr::Packed(kept) };
    }

    /// Makes the set anew of its members, as if they had come as bytes: an indexed one may be
    /// small again.
    pub fn remake(&mut self) {
        if self.as_ref().encoding() == SetEncoding::Indexed {
            let mut set = Set::new_packed(self.limits);
            for member in self.as_ref() {
                set.add(member);
            }
            *self = set;
        }
    }

    /// Turns a set of nothing but integers into the form that it has for them, if they are few
    /// enough.
    pub fn settle_integers(&mut self) {
        let is_done = matches!(self.as_ref().encoding(), SetEncoding::Integers);
        let is_few = self.len() <= self.limits.integers_max;
        if is_done || !is_few || self.as_ref().iter().any(|it| it.integer().is_none()) {
            return;
        }
        let mut set = Set::new(self.limits);
        for member in self.as_ref() {
            set.add(member);
        }
        *self = set;
    }
}

#[expect(private_interfaces, reason = "sealed: only the engine calls it")]
impl Sealed for Set {
    const TYPE: Type = Type::Set;
    type Limits = SetLimits;

    fn limits(shared: &SharedLimits) -> SetLimits {
        shared.of_sets()
    }

    fn open(repr: Repr, _: bool, limits: SetLimits) -> Set {
        let repr = match repr {
            Repr::Small(it) if it.is_empty() => return Set::empty(it, limits),
            Repr::Small(it) | Repr::Boxed(BoxedValue::Packed(_, it)) => {
                if packed::has_mark(&it, OWN_MARK) {
                    SetRepr::Integers(it)
                } else {
                    SetRepr::Packed(it)
                }
            }
            Repr::Boxed(BoxedValue::Set(it)) => SetRepr::Indexed(it),
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        };
        Set { repr, limits }
    }

    fn close(self) -> (Repr, bool) {
        let repr = match self.repr {
            SetRepr::Integers(it) | SetRepr::Packed(it) => Repr::Small(it),
            SetRepr::Indexed(it) => Repr::Boxed(BoxedValue::Set(it)),
        };
        (repr, false)
    }

    fn is_gone(&self) -> bool {
        self.is_empty()
    }
}

impl Kind for Set {
    type Ref<'a> = SetRef<'a>;

    fn of(value: Value<'_>) -> Option<SetRef<'_>> {
        if let Value::Set(it) = value { Some(it) } else { None }
    }
}
