//! Lists: packed while small, nodes in a tree when they grow.
//!
//! A packed list is one sequence inside a memory segment; a read works on it in place, an edit on
//! a copy. A big one lies behind one pointer and is edited where it is.

mod listpack;
#[cfg(test)]
mod model;
mod node;
mod quicklist;
mod tree;

use bytes::Bytes;

use crate::item::BoxedValue;
use crate::limits::SharedLimits;
use crate::list::listpack::NodeLimit;
use crate::list::node::NodeIter;
pub use crate::list::quicklist::Quicklist;
use crate::options::Limits;
use crate::sequence::{self, Coded, Element};
use crate::value::{Kind, NewValue, Repr, Sealed, Type, Value};

/// Largest packed list: every edit copies it.
const PACKED_BYTES_MAX: usize = 4 << 10;

/// A big list that has shrunk to this is packed again.
const PACKED_AGAIN_BYTES: usize = PACKED_BYTES_MAX / 2;

/// One of the two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Front,
    Back,
}

/// On which side of an element another one goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// A list as a read sees it.
#[derive(Clone, Copy)]
pub enum ListRef<'a> {
    Packed(&'a [u8]),
    Quick(&'a Quicklist),
}

impl<'a> ListRef<'a> {
    pub fn len(self) -> usize {
        match self {
            ListRef::Packed(run) => sequence::len(run),
            ListRef::Quick(it) => it.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether Valkey would keep the list in one listpack (`listpack`), or in many (`quicklist`).
    pub fn is_listpack(self) -> bool {
        match self {
            ListRef::Packed(_) => true,
            ListRef::Quick(it) => it.is_listpack(),
        }
    }

    pub fn get(self, index: usize) -> Option<Element<'a>> {
        (index < self.len()).then(|| self.iter_from(index, End::Back).next()).flatten()
    }

    pub fn iter(self) -> ListIter<'a> {
        self.iter_from(0, End::Back)
    }

    /// The elements from one of them on, towards an end. There are none when the index lies
    /// outside of the list.
    pub fn iter_from(self, index: usize, towards: End) -> ListIter<'a> {
        let len = self.len();
        let n_left = match towards {
            _ if len <= index => {
                return ListIter {
                    list: self,
                    number: 0,
                    node: NodeIter::Alone(None),
                    towards,
                    n_left: 0,
                };
            }
            End::Back => len - index,
            End::Front => index + 1,
        };
        let (number, node) = match self {
            ListRef::Quick(it) => it.seek(index, towards),
            ListRef::Packed(run) => (
                0,
                NodeIter::Run(match towards {
                    End::Back => sequence::iter_from(run, sequence::seek(run, index)),
                    End::Front => sequence::iter_to(run, sequence::seek(run, index + 1)),
                }),
            ),
        };
        ListIter { list: self, number, node, towards, n_left }
    }
}

impl<'a> IntoIterator for ListRef<'a> {
    type Item = Element<'a>;
    type IntoIter = ListIter<'a>;

    fn into_iter(self) -> ListIter<'a> {
        self.iter()
    }
}

/// Elements of a list, one behind the other or from its back.
#[derive(Clone)]
pub struct ListIter<'a> {
    list: ListRef<'a>,
    /// The node that is being walked.
    number: usize,
    node: NodeIter<'a>,
    towards: End,
    n_left: usize,
}

impl<'a> Iterator for ListIter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        self.n_left = self.n_left.checked_sub(1)?;
        loop {
            let next = match self.towards {
                End::Back => self.node.next(),
                End::Front => self.node.next_back(),
            };
            if next.is_some() {
                return next;
            }
            let ListRef::Quick(list) = self.list else { return None };
            self.number = match self.towards {
                End::Back => self.number + 1,
                End::Front => self.number.checked_sub(1)?,
            };
            self.node = list.node_iter(self.number)?;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

impl ExactSizeIterator for ListIter<'_> {}

/// A list open for editing.
#[derive(Debug)]
pub struct List {
    repr: ListRepr,
    limit: NodeLimit,
}

#[derive(Debug)]
enum ListRepr {
    Packed(Vec<u8>),
    Quick(Box<Quicklist>),
}

/// An element that was taken out of a list.
#[derive(Clone, Debug)]
pub struct Popped {
    pub bytes: Bytes,
    is_integer: bool,
}

impl Popped {
    /// What Valkey takes the element for when it goes into another list.
    pub fn room_bytes(&self) -> usize {
        if self.is_integer { 0 } else { self.bytes.len() }
    }
}

impl List {
    pub fn new(limits: Limits) -> List {
        List::open(Repr::Small(Vec::new()), false, limits.list_node_max)
    }

    pub fn as_ref(&self) -> ListRef<'_> {
        match &self.repr {
            ListRepr::Packed(run) => ListRef::Packed(run),
            ListRepr::Quick(it) => ListRef::Quick(it),
        }
    }

    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether so many more elements, of so many bytes together, are too much for one listpack.
    /// Then `split` comes before they do.
    pub fn outgrows(&self, n_elements: usize, n_bytes: usize) -> bool {
        let n_elements = self.len() + n_elements;
        let is_exceeded = |have: usize| self.limit.is_exceeded(have + n_bytes, n_elements);
        match &self.repr {
            ListRepr::Packed(run) => {
                is_exceeded(listpack::bytes_max_of(run)) && is_exceeded(listpack::bytes_of(run))
            }
            ListRepr::Quick(it) => it.is_listpack() && is_exceeded(it.listpack_bytes()),
        }
    }

    /// Becomes a list of several nodes, if it is not one yet.
    pub fn split(&mut self) {
        match &mut self.repr {
            ListRepr::Packed(run) => {
                let run = run.as_slice().to_vec();
                self.repr = ListRepr::Quick(Box::new(Quicklist::of_run(run, self.limit, false)));
            }
            ListRepr::Quick(it) if it.is_listpack() => it.leave_listpack(self.limit),
            ListRepr::Quick(_) => {}
        }
    }

    /// Becomes one listpack again if it fits, having come to its content by pushes alone.
    pub fn join(&mut self) {
        self.settle(1);
    }

    pub fn push(&mut self, value: &NewValue<'_>, end: End) {
        if let ListRepr::Packed(run) = &mut self.repr {
            let coded = Coded::of(value.as_slice());
            if run.len() + sequence::growth(run, &coded) <= PACKED_BYTES_MAX {
                return match end {
                    End::Front => sequence::push_front(run, &coded),
                    End::Back => sequence::push_back(run, &coded),
                };
            }
        }
        self.unpacked().push(value, end);
    }

    /// Puts a value next to the element at an index.
    pub fn insert(&mut self, index: usize, side: Side, value: &NewValue<'_>) {
        if let ListRepr::Packed(run) = &mut self.repr {
            let coded = Coded::of(value.as_slice());
            if run.len() + sequence::growth(run, &coded) <= PACKED_BYTES_MAX {
                let gap = sequence::seek(run, index + usize::from(side == Side::After));
                return sequence::insert(run, gap, &coded);
            }
        }
        self.unpacked().insert(index, side, value);
    }

    /// Gives the element at an index another value.
    pub fn set(&mut self, index: usize, value: &NewValue<'_>) {
        if let ListRepr::Packed(run) = &mut self.repr {
            let coded = Coded::of(value.as_slice());
            if run.len() + sequence::growth(run, &coded) <= PACKED_BYTES_MAX {
                let gap = sequence::seek(run, index);
                return sequence::replace(run, gap, &coded);
            }
        }
        self.unpacked().replace(index, value);
        self.settle(SHRINKING);
    }

    /// Takes one element from an end.
    pub fn pop(&mut self, end: End) -> Option<Popped> {
        let popped = self.take(end);
        self.settle(SHRINKING);
        popped
    }

    /// Takes one element from an end and puts it to another of the same list.
    pub fn rotate(&mut self, from: End, to: End) -> Option<Popped> {
        let popped = self.take(from)?;
        if self.outgrows(1, popped.room_bytes()) {
            self.split();
        }
        self.push(&NewValue::Shared(popped.bytes.clone()), to);
        self.settle(SHRINKING);
        Some(popped)
    }

    fn take(&mut self, end: End) -> Option<Popped> {
        let index = if end == End::Front { 0 } else { self.len().checked_sub(1)? };
        let element = self.as_ref().get(index)?;
        let bytes = match element {
            Element::Shared(it) => it.clone(),
            other => Bytes::copy_from_slice(other.text(&mut itoa::Buffer::new())),
        };
        let is_integer = matches!(element, Element::Int(_));
        self.cut(index, 1);
        Some(Popped { bytes, is_integer })
    }

    /// Takes out so many elements from an index on, as far as there are.
    pub fn remove(&mut self, index: usize, n_elements: usize) {
        self.cut(index, n_elements);
        self.settle(SHRINKING);
    }

    fn cut(&mut self, index: usize, n_elements: usize) {
        let n_elements = n_elements.min(self.len().saturating_sub(index));
        match &mut self.repr {
            _ if n_elements == 0 => {}
            ListRepr::Packed(run) => {
                let gap = sequence::seek(run, index);
                sequence::remove(run, gap, n_elements);
            }
            ListRepr::Quick(it) => it.remove(index, n_elements),
        }
    }

    /// Takes out `n_max` elements that equal a value, from one end on. How many they were.
    pub fn remove_equal(&mut self, wanted: &[u8], n_max: usize, from: End) -> usize {
        let n_gone = match &mut self.repr {
            ListRepr::Packed(run) => node::remove_equal(run, wanted, n_max, from),
            ListRepr::Quick(it) => it.remove_equal(wanted, n_max, from),
        };
        self.settle(SHRINKING);
        n_gone
    }

    /// The list in the form that has no limit.
    fn unpacked(&mut self) -> &mut Quicklist {
        if let ListRepr::Packed(run) = &mut self.repr {
            let run = run.as_slice().to_vec();
            self.repr = ListRepr::Quick(Box::new(Quicklist::of_run(run, self.limit, true)));
        }
        match &mut self.repr {
            ListRepr::Quick(it) => it,
            ListRepr::Packed(_) => unreachable!("it was just unpacked"),
        }
    }

    /// Takes a smaller form where the list has become small enough for it.
    fn settle(&mut self, divisor: usize) {
        let ListRepr::Quick(list) = &mut self.repr else { return };
        list.enter_listpack(self.limit, divisor);
        if let Some(run) = list.take_run(PACKED_AGAIN_BYTES) {
            self.repr = ListRepr::Packed(run);
        }
    }
}

/// A list that has lost elements becomes a listpack again at half of the limit, so that it does
/// not change back and forth.
const SHRINKING: usize = 2;

#[expect(private_interfaces, reason = "sealed: only the engine calls it")]
impl Sealed for List {
    const TYPE: Type = Type::List;
    type Limits = i32;

    fn limits(shared: &SharedLimits) -> i32 {
        shared.of_lists()
    }

    fn open(repr: Repr, _: bool, node_max: i32) -> List {
        let repr = match repr {
            Repr::Small(mut it) if it.is_empty() => {
                sequence::clear(&mut it);
                ListRepr::Packed(it)
            }
            Repr::Small(it) | Repr::Boxed(BoxedValue::Packed(_, it)) => {
                debug_assert!(sequence::check(&it));
                ListRepr::Packed(it)
            }
            Repr::Boxed(BoxedValue::List(it)) => ListRepr::Quick(it),
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        };
        List { repr, limit: NodeLimit::of_setting(node_max) }
    }

    fn close(self) -> (Repr, bool) {
        let repr = match self.repr {
            ListRepr::Packed(it) => Repr::Small(it),
            ListRepr::Quick(it) => Repr::Boxed(BoxedValue::List(it)),
        };
        (repr, false)
    }

    fn is_gone(&self) -> bool {
        self.is_empty()
    }
}

impl Kind for List {
    type Ref<'a> = ListRef<'a>;

    fn of(value: Value<'_>) -> Option<ListRef<'_>> {
        if let Value::List(it) = value { Some(it) } else { None }
    }
}
