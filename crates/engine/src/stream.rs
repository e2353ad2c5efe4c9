//! Streams: entries under rising ids, and groups of consumers that share the work on them.
//!
//! A stream lies behind one pointer from the start and is edited where it is. Its entries are
//! packed in nodes (`node`), which lie in a tree by their first ids (`log`). An emptied stream
//! stays: it remembers the last id that it gave, and its groups.

mod group;
mod heap;
mod id;
mod listpack;
mod log;
mod node;
mod radix;
mod stored;
mod word;

pub use self::group::{Claim, Claimed, Consumer, Deliveries, Group, OpenGroup, Pending};
pub use self::id::StreamId;
pub use self::log::{Effort, Keep, Log, NewId, Range, RangeBack, Trim};
pub use self::node::{Entry, Field, Fields};
pub use self::stored::{StoredEntry, StoredNode};
use crate::error::Error;
use crate::item::BoxedValue;
use crate::limits::SharedLimits;
use crate::options::StreamLimits;
use crate::value::{Kind, Repr, Sealed, Type, Value};

/// All that a stream is.
#[derive(Clone, Debug, Default)]
pub struct StreamData {
    log: Log,
    groups: group::Groups,
}

impl StreamData {
    /// The entries.
    pub fn log(&self) -> &Log {
        &self.log
    }

    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// The groups in the order of their names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter()
    }

    /// How many entries a group has yet to read, where that is known.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        let n_added = self.log.n_added();
        if n_added == 0 {
            return Some(0);
        }
        let counted = group.n_read.filter(|_| !self.log.has_gaps_from(group.last_id));
        let n_read = counted.or_else(|| self.log.n_added_up_to(group.last_id))?;
        Some(n_added.wrapping_sub(n_read))
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        heap::allocated(size_of::<StreamData>()) + self.log.heap_bytes() + self.groups.heap_bytes()
    }
}

/// A stream as a read sees it.
pub type StreamRef<'a> = &'a StreamData;

/// A stream open for editing.
#[derive(Debug)]
pub struct Stream {
    data: Box<StreamData>,
    limits: StreamLimits,
}

impl Stream {
    /// An empty stream, to be put where it is whole.
    pub fn new(limits: StreamLimits) -> Stream {
        Stream { data: Box::default(), limits }
    }

    /// Adds an entry and tells its id.
    pub fn add(&mut self, id: NewId, fields: &[Field<'_>]) -> Result<StreamId, Error> {
        self.data.log.add(id, fields, self.limits)
    }

    /// Begins a node as it once was, behind all entries. Those that it had must follow, one of
    /// them not deleted. False when that cannot be.
    pub fn restore_node(&mut self, first_id: StreamId, names: &[Field<'_>]) -> bool {
        self.data.log.restore_node(first_id, names)
    }

    /// Adds an entry to the node that was begun last. False when its id cannot be.
    pub fn restore_entry(&mut self, id: StreamId, fields: &[Field<'_>], is_deleted: bool) -> bool {
        self.data.log.restore_entry(id, fields, is_deleted)
    }

    /// Removes one entry. False when it is not there.
    pub fn remove(&mut self, id: StreamId) -> bool {
        self.data.log.remove(id)
    }

    /// Removes the oldest entries and tells how many.
    pub fn trim(&mut self, trim: Trim) -> u64 {
        self.data.log.trim(trim, self.limits)
    }

    /// Sets the last id that was given, how many entries there ever were, and the highest id that
    /// was removed (zero leaves it). The caller has checked that they go together.
    pub fn set_past(&mut self, last_id: StreamId, n_added: Option<i64>, max_deleted_id: StreamId) {
        self.data.log.set_past(last_id, n_added, max_deleted_id);
    }

    /// Adds a group that goes on behind `last_id`. False when there is one of that name.
    pub fn add_group(&mut self, name: &[u8], last_id: StreamId, n_read: Option<i64>) -> bool {
        self.data.groups.add(name, last_id, n_read)
    }

    /// Removes a group. False when it is not there.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.data.groups.remove(name)
    }

    pub fn open_group(&mut self, name: &[u8]) -> Option<OpenGroup<'_>> {
        let StreamData { log, groups } = &mut *self.data;
        groups.open(name, log)
    }
}

impl std::ops::Deref for Stream {
    type Target = StreamData;

    fn deref(&self) -> &StreamData {
        &self.data
    }
}

#[expect(private_interfaces, reason = "sealed: only the engine calls it")]
impl Sealed for Stream {
    const TYPE: Type = Type::Stream;
    type Limits = StreamLimits;

    fn limits(shared: &SharedLimits) -> StreamLimits {
        shared.of_streams()
    }

    fn open(repr: Repr, _: bool, limits: StreamLimits) -> Stream {
        let data = match repr {
            Repr::Small(_) => Box::default(),
            Repr::Boxed(BoxedValue::Stream(it)) => it,
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        };
        Stream { data, limits }
    }

    fn close(self) -> (Repr, bool) {
        (Repr::Boxed(BoxedValue::Stream(self.data)), false)
    }

    /// Never: an emptied stream goes on counting.
    fn is_gone(&self) -> bool {
        false
    }
}

impl Kind for Stream {
    type Ref<'a> = StreamRef<'a>;

    fn of(value: Value<'_>) -> Option<StreamRef<'_>> {
        if let Value::Stream(it) = value { Some(it) } else { None }
    }
}
