//! Sorted sets: packed while small, a tree with an index when they grow.
//!
//! A packed set is one run of bytes inside a memory segment; a read works on it in place, an edit
//! on a copy. An indexed set lives behind one pointer and is edited where it is. Both keep their
//! members by score, and those of one score by their bytes, so a range of any kind is a range of
//! ranks: `position` turns its ends into them.

mod chunked;
mod leaf;
mod long;
#[cfg(test)]
mod model;
mod node;
mod packed;
mod tree;

use std::ops::Range;

use crate::item::BoxedValue;
use crate::limits::SharedLimits;
use crate::options::PackedLimits;
pub use crate::sorted_set::tree::IndexedSortedSet;
use crate::value::{Kind, Repr, Sealed, Type, Value};

/// A sorted set as a read sees it.
#[derive(Clone, Copy)]
pub enum SortedSetRef<'a> {
    Packed(&'a [u8]),
    Indexed(&'a IndexedSortedSet),
}

/// A place between two members.
#[derive(Clone, Copy, Debug)]
pub enum Cut<'a> {
    /// In front of all members.
    Start,
    /// Behind all members.
    End,
    BeforeScore(f64),
    AfterScore(f64),
    /// In front of where a member is or would be. All members have the same score.
    BeforeMember(&'a [u8]),
    AfterMember(&'a [u8]),
    /// In front of where a member with this score is or would be.
    BeforeEntry(f64, &'a [u8]),
}

impl Cut<'_> {
    /// True when a member with a score lies before the cut.
    #[inline]
    fn is_behind<'m>(self, score: f64, member: impl FnOnce() -> &'m [u8]) -> bool {
        match self {
            Cut::Start => false,
            Cut::End => true,
            Cut::BeforeScore(it) => score < it,
            Cut::AfterScore(it) => score <= it,
            Cut::BeforeMember(it) => member() < it,
            Cut::AfterMember(it) => member() <= it,
            Cut::BeforeEntry(it, wanted) => score < it || (score <= it && member() < wanted),
        }
    }
}

/// In which order the members of a range are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Rising,
    Falling,
}

impl<'a> SortedSetRef<'a> {
    pub fn len(self) -> usize {
        match self {
            SortedSetRef::Packed(bytes) => packed::len(bytes),
            SortedSetRef::Indexed(it) => it.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            SortedSetRef::Packed(bytes) => {
                packed::find(bytes, member).map(|(_, it)| it.score(bytes))
            }
            SortedSetRef::Indexed(it) => it.score(member),
        }
    }

    /// How many members lie before one, and its score.
    pub fn rank(self, member: &[u8]) -> Option<(usize, f64)> {
        match self {
            SortedSetRef::Packed(bytes) => {
                packed::find(bytes, member).map(|(rank, it)| (rank, it.score(bytes)))
            }
            SortedSetRef::Indexed(it) => it.rank(member),
        }
    }

    /// How many members lie before a cut.
    pub fn position(self, cut: Cut<'_>) -> usize {
        match (self, cut) {
            (_, Cut::Start) => 0,
            (_, Cut::End) => self.len(),
            (SortedSetRef::Packed(bytes), _) => packed::position(bytes, cut),
            (SortedSetRef::Indexed(it), _) => it.position(cut),
        }
    }

    /// The ranks between two cuts, or the first `n_max` of them at least.
    pub fn between(self, low: Cut<'_>, high: Cut<'_>, n_max: usize) -> Range<usize> {
        if let SortedSetRef::Packed(bytes) = self {
            return packed::between(bytes, low, high, n_max);
        }
        let start = self.position(low);
        start..self.position(high).max(start)
    }

    /// The member of a rank below `len()`, for random picks.
    pub fn at(self, rank: usize) -> (&'a [u8], f64) {
        match self {
            SortedSetRef::Packed(bytes) => {
                packed::rising(bytes, rank, 1).next().expect("the rank is below the length")
            }
            SortedSetRef::Indexed(it) => it.at(rank),
        }
    }

    pub fn iter(self) -> SortedSetIter<'a> {
        self.range(0..self.len(), Order::Rising)
    }

    /// The members of these ranks, which are at most `len()`.
    pub fn range(self, ranks: Range<usize>, order: Order) -> SortedSetIter<'a> {
        let n = ranks.len();
        SortedSetIter(match (self, order) {
            (SortedSetRef::Packed(it), Order::Rising) => {
                Iter::PackedRising(packed::rising(it, ranks.start, n))
            }
            (SortedSetRef::Packed(it), Order::Falling) => {
                Iter::PackedFalling(packed::falling(it, ranks.end, n))
            }
            (SortedSetRef::Indexed(it), Order::Rising) => Iter::Rising(it.rising(ranks.start, n)),
            (SortedSetRef::Indexed(it), Order::Falling) => Iter::Falling(it.falling(ranks.end, n)),
        })
    }

    /// True while packed (`listpack`), false when indexed (`skiplist`).
    pub fn is_packed(self) -> bool {
        matches!(self, SortedSetRef::Packed(_))
    }

    /// One step of a scan: visits about `count` members from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A member present throughout a scan is visited at least once,
    /// whatever happens to its score and to the others. A packed set is visited whole.
    pub fn scan(self, cursor: u64, count: usize, visit: &mut dyn FnMut(&'a [u8], f64)) -> u64 {
        match self {
            SortedSetRef::Packed(_) => {
                self.iter().for_each(|(member, score)| visit(member, score));
                0
            }
            SortedSetRef::Indexed(it) => it.scan(cursor, count, visit),
        }
    }
}

impl<'a> IntoIterator for SortedSetRef<'a> {
    type Item = (&'a [u8], f64);
    type IntoIter = SortedSetIter<'a>;

    fn into_iter(self) -> SortedSetIter<'a> {
        self.iter()
    }
}

/// Members with their scores, in order.
#[derive(Clone)]
pub struct SortedSetIter<'a>(Iter<'a>);

#[derive(Clone)]
enum Iter<'a> {
    PackedRising(packed::Rising<'a>),
    PackedFalling(packed::Falling<'a>),
    Rising(tree::Rising<'a>),
    Falling(tree::Falling<'a>),
}

impl<'a> Iterator for SortedSetIter<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Iter::PackedRising(it) => it.next(),
            Iter::PackedFalling(it) => it.next(),
            Iter::Rising(it) => it.next(),
            Iter::Falling(it) => it.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Iter::PackedRising(it) => it.size_hint(),
            Iter::PackedFalling(it) => it.size_hint(),
            Iter::Rising(it) => it.size_hint(),
            Iter::Falling(it) => it.size_hint(),
        }
    }
}

impl ExactSizeIterator for SortedSetIter<'_> {}

/// A sorted set open for editing, or one that is being made. Scores are never NaN.
#[derive(Debug)]
pub struct SortedSet {
    repr: SortedSetRepr,
    limits: PackedLimits,
}

/// What a working copy leaves behind to be stored.
#[derive(Debug)]
enum SortedSetRepr {
    Packed(Vec<u8>),
    Indexed(Box<IndexedSortedSet>),
}

impl SortedSet {
    pub fn new(limits: PackedLimits) -> SortedSet {
        SortedSet::empty(Vec::new(), limits)
    }

    /// An empty set in the memory of `scratch`, whose content is dropped.
    fn empty(mut scratch: Vec<u8>, limits: PackedLimits) -> SortedSet {
        packed::clear(&mut scratch);
        SortedSet { repr: SortedSetRepr::Packed(scratch), limits }
    }

    pub fn as_ref(&self) -> SortedSetRef<'_> {
        match &self.repr {
            SortedSetRepr::Packed(bytes) => SortedSetRef::Packed(bytes),
            SortedSetRepr::Indexed(it) => SortedSetRef::Indexed(it),
        }
    }

    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says what is about to come: so many members, the first of them so long. A packed set that
    /// could not take them stops being one at once.
    pub fn expect(&mut self, n_members: usize, member_bytes: usize) {
        let PackedLimits { entries_max, value_max } = self.limits;
        if n_members > entries_max || member_bytes > value_max {
            self.make_indexed();
        }
    }

    /// Gives a member a score. Tells the one that it had.
    pub fn insert(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let mut old = None;
        let decided: Result<(), std::convert::Infallible> = self.update(member, |it| {
            old = it;
            Ok(Some(score))
        });
        let Ok(()) = decided;
        old
    }

    /// Gives a member the score that `decide` makes of the one that it has (`None` when it is
    /// new), if it makes one.
    pub fn update<E>(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Result<Option<f64>, E>,
    ) -> Result<(), E> {
        let bytes = match &mut self.repr {
            SortedSetRepr::Packed(bytes) => bytes,
            SortedSetRepr::Indexed(it) => return it.update(member, decide),
        };
        let found = packed::find(bytes, member).map(|(_, it)| it);
        let old = found.map(|it| it.score(bytes));
        let Some(score) = decide(old)? else { return Ok(()) };
        debug_assert!(!score.is_nan());
        if old.is_some_and(|it| it <= score && score <= it) {
            return Ok(());
        }
        // A new score needs no more than what the thresholds once allowed.
        let fits = match found {
            Some(found) => {
                packed::remove(bytes, found);
                packed::len_bytes_with(bytes, member, score) <= packed::BYTES_MAX
            }
            None => fits(bytes, member, score, &self.limits),
        };
        if fits {
            // As in Valkey, where it is kept as an integer, a zero loses its sign.
            packed::insert(bytes, member, score + 0.0);
        } else {
            self.make_indexed().insert(member, score);
        }
        Ok(())
    }

    /// Takes one member out. True when it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.repr {
            SortedSetRepr::Packed(bytes) => {
                let found = packed::find(bytes, member);
                found.map(|(_, it)| packed::remove(bytes, it)).is_some()
            }
            SortedSetRepr::Indexed(it) => it.remove(member),
        }
    }

    /// Takes out the members of these ranks, which are at most `len()`.
    pub fn remove_range(&mut self, ranks: Range<usize>) {
        match &mut self.repr {
            SortedSetRepr::Packed(bytes) => packed::remove_range(bytes, ranks),
            SortedSetRepr::Indexed(it) => it.remove_range(ranks),
        }
    }

    fn make_indexed(&mut self) -> &mut IndexedSortedSet {
        if let SortedSetRepr::Packed(_) = self.repr {
            let mut indexed = IndexedSortedSet::new();
            for (member, score) in self.as_ref() {
                indexed.insert(member, score);
            }
            self.repr = SortedSetRepr::Indexed(Box::new(indexed));
        }
        match &mut self.repr {
            SortedSetRepr::Indexed(it) => it,
            SortedSetRepr::Packed(_) => unreachable!("it has just been made an indexed one"),
        }
    }
}

/// Whether a packed set stays packed with one more member.
fn fits(bytes: &[u8], member: &[u8], score: f64, limits: &PackedLimits) -> bool {
    member.len() <= limits.value_max
        && packed::len(bytes) < limits.entries_max
        && packed::len_bytes_with(bytes, member, score) <= packed::BYTES_MAX
}

#[expect(private_interfaces, reason = "sealed: only the engine calls it")]
impl Sealed for SortedSet {
    const TYPE: Type = Type::SortedSet;
    type Limits = PackedLimits;

    fn limits(shared: &SharedLimits) -> PackedLimits {
        shared.of_sorted_sets()
    }

    fn open(repr: Repr, _: bool, limits: PackedLimits) -> SortedSet {
        let repr = match repr {
            Repr::Small(it) if it.is_empty() => return SortedSet::empty(it, limits),
            Repr::Small(it) | Repr::Boxed(BoxedValue::Packed(_, it)) => SortedSetRepr::Packed(it),
            Repr::Boxed(BoxedValue::SortedSet(it)) => SortedSetRepr::Indexed(it),
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        };
        SortedSet { repr, limits }
    }

    fn close(self) -> (Repr, bool) {
        let repr = match self.repr {
            SortedSetRepr::Packed(it) => Repr::Small(it),
            SortedSetRepr::Indexed(it) => Repr::Boxed(BoxedValue::SortedSet(it)),
        };
        (repr, false)
    }

    fn is_gone(&self) -> bool {
        self.is_empty()
    }
}

impl Kind for SortedSet {
    type Ref<'a> = SortedSetRef<'a>;

    fn of(value: Value<'_>) -> Option<SortedSetRef<'_>> {
        if let Value::SortedSet(it) = value { Some(it) } else { None }
    }
}
