//! Sets as reads see them.

use crate::number;
use crate::packed::{self, INDEXED_BY_NAME, OWN_MARK, PackedIter};
use crate::set::indexed::{IndexedSet, Members};
use crate::set::integers;

/// The form of a set as the thresholds make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetEncoding {
    Integers,
    Packed,
    Indexed,
}

/// A member as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    Bytes(&'a [u8]),
    Integer(i64),
}

impl Member<'_> {
    /// The member as bytes.
    #[inline]
    pub fn with<T>(self, see: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Member::Bytes(it) => see(it),
            Member::Integer(it) => see(itoa::Buffer::new().format(it).as_bytes()),
        }
    }

    /// The integer that the member is, in its one spelling.
    pub fn integer(self) -> Option<i64> {
        match self {
            Member::Bytes(it) => number::integer(it),
            Member::Integer(it) => Some(it),
        }
    }
}

/// A set as a read sees it.
#[derive(Clone, Copy)]
pub enum SetRef<'a> {
    Integers(&'a [u8]),
    Packed(&'a [u8]),
    Indexed(&'a IndexedSet),
}

impl<'a> SetRef<'a> {
    /// A set that is kept in one run of bytes.
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> SetRef<'a> {
        if packed::has_mark(bytes, OWN_MARK) {
            SetRef::Integers(bytes)
        } else {
            SetRef::Packed(bytes)
        }
    }

    pub fn len(self) -> usize {
        match self {
            SetRef::Integers(bytes) => integers::len(bytes),
            SetRef::Packed(bytes) => packed::len(bytes),
            SetRef::Indexed(it) => it.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn encoding(self) -> SetEncoding {
        match self {
            SetRef::Integers(it) | SetRef::Packed(it) if packed::has_mark(it, INDEXED_BY_NAME) => {
                SetEncoding::Indexed
            }
            SetRef::Integers(_) => SetEncoding::Integers,
            SetRef::Packed(_) => SetEncoding::Packed,
            SetRef::Indexed(_) => SetEncoding::Indexed,
        }
    }

    pub fn contains(self, member: &[u8]) -> bool {
        match self {
            SetRef::Integers(bytes) => {
                number::integer(member).is_some_and(|it| integers::find(bytes, it).is_ok())
            }
            SetRef::Packed(bytes) => packed::find(bytes, member).is_some(),
            SetRef::Indexed(it) => it.contains(member),
        }
    }

    /// Whether a member of another set is one of this too.
    pub fn has(self, member: Member<'_>) -> bool {
        match (self, member) {
            (SetRef::Integers(bytes), Member::Integer(it)) => integers::find(bytes, it).is_ok(),
            (set, member) => member.with(|it| set.contains(it)),
        }
    }

    pub fn iter(self) -> SetIter<'a> {
        SetIter(match self {
            SetRef::Integers(bytes) => Iter::Integers(bytes, 0),
            SetRef::Packed(bytes) => Iter::Packed(packed::iter(bytes)),
            SetRef::Indexed(it) => Iter::Indexed(it.members()),
        })
    }

    /// The member at a position in stored order, for random picks: O(n) when packed, else O(1).
    /// `index` is below `len()`.
    pub fn at(self, index: usize) -> Member<'a> {
        match self {
            SetRef::Integers(bytes) => Member::Integer(integers::at(bytes, index)),
            SetRef::Packed(bytes) => Member::Bytes(packed::entry_at(bytes, index).field(bytes)),
            SetRef::Indexed(it) => Member::Bytes(it.at(index)),
        }
    }

    /// One step of a scan: visits about `count` members from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A member present throughout a scan is visited at least once,
    /// however much the set grows or shrinks between steps. A small set is visited whole.
    pub fn scan(self, cursor: u64, count: usize, visit: &mut dyn FnMut(Member<'a>)) -> u64 {
        if let SetRef::Indexed(it) = self {
            return it.scan(cursor, count, |member| visit(Member::Bytes(member)));
        }
        self.iter().for_each(visit);
        0
    }
}

impl<'a> IntoIterator for SetRef<'a> {
    type Item = Member<'a>;
    type IntoIter = SetIter<'a>;

    fn into_iter(self) -> SetIter<'a> {
        self.iter()
    }
}

/// Members in their stored order: integers in ascending order, packed ones as they came.
#[derive(Clone)]
pub struct SetIter<'a>(Iter<'a>);

#[derive(Clone)]
enum Iter<'a> {
    Integers(&'a [u8], usize),
    Packed(PackedIter<'a>),
    Indexed(Members<'a>),
}

impl<'a> Iterator for SetIter<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        match &mut self.0 {
            Iter::Integers(bytes, next) => {
                let at = *next;
                *next += 1;
                (at < integers::len(bytes)).then(|| Member::Integer(integers::at(bytes, at)))
            }
            Iter::Packed(it) => it.next().map(|(member, _)| Member::Bytes(member)),
            Iter::Indexed(it) => it.next().map(Member::Bytes),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Iter::Integers(bytes, next) => {
                let n_left = integers::len(bytes).saturating_sub(*next);
                (n_left, Some(n_left))
            }
            Iter::Packed(it) => it.size_hint(),
            Iter::Indexed(it) => it.size_hint(),
        }
    }
}

impl ExactSizeIterator for SetIter<'_> {}
