//! Consumer groups: what was delivered to whom and is not acknowledged yet.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::heap::{allocated, tree_bytes};
use super::id::StreamId;
use super::log::Log;

/// Counts in front of a shared name.
const ARC_OWN_BYTES: usize = 16;

/// Consumers that share the work on a stream.
#[derive(Clone, Debug)]
pub struct Group {
    /// The newest entry that was delivered.
    pub last_id: StreamId,
    /// How many entries of the stream lie up to `last_id`, where that is known.
    pub n_read: Option<i64>,
    pending: BTreeMap<StreamId, Pending>,
    consumers: BTreeMap<Arc<[u8]>, Consumer>,
    /// Memory of the consumers' names.
    name_bytes: usize,
}

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Debug)]
pub struct Pending {
    pub delivered_ms: u64,
    pub n_deliveries: u64,
    consumer: Arc<[u8]>,
}

#[derive(Clone, Debug)]
pub struct Consumer {
    /// When it last asked for something.
    pub seen_ms: u64,
    /// When it last got something.
    pub active_ms: Option<u64>,
    pending: BTreeSet<StreamId>,
}

/// How an entry changes hands.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// What was delivered later than this stays where it is.
    pub min_idle_ms: i64,
    /// When it counts as delivered from now on.
    pub delivered_ms: u64,
    pub deliveries: Deliveries,
    /// What nobody has is claimed too.
    pub forced: bool,
}

/// The count of deliveries of a claimed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deliveries {
    OneMore,
    Kept,
    Are(u64),
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    Yes,
    /// Nobody has the entry, or it was delivered too late.
    No,
    /// The entry is not in the stream any more. Nobody has it from now on.
    Gone,
}

impl Pending {
    pub fn consumer(&self) -> &[u8] {
        &self.consumer
    }

    /// Milliseconds since the delivery; negative when the clock was set back.
    pub fn idle_ms(&self, now_ms: u64) -> i64 {
        now_ms.wrapping_sub(self.delivered_ms) as i64
    }
}

impl Consumer {
    pub fn n_pending(&self) -> usize {
        self.pending.len()
    }

    /// The entries that it has not acknowledged, from an id on.
    pub fn pending_from(&self, from: StreamId) -> impl Iterator<Item = StreamId> + Clone {
        self.pending.range(from..).copied()
    }
}

impl Group {
    fn new(last_id: StreamId, n_read: Option<i64>) -> Group {
        let (pending, consumers) = (BTreeMap::new(), BTreeMap::new());
        Group { last_id, n_read, pending, consumers, name_bytes: 0 }
    }

    pub fn n_pending(&self) -> usize {
        self.pending.len()
    }

    pub fn n_consumers(&self) -> usize {
        self.consumers.len()
    }

    /// The entries that nobody has acknowledged, from an id on.
    pub fn pending_from(
        &self,
        from: StreamId,
    ) -> impl DoubleEndedIterator<Item = (StreamId, &Pending)> + Clone {
        self.pending.range(from..).map(|(id, it)| (*id, it))
    }

    pub fn pending(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get(&id)
    }

    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name)
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> impl Iterator<Item = (&[u8], &Consumer)> + Clone {
        self.consumers.iter().map(|(name, it)| (&**name, it))
    }

    /// Adds a consumer. False when there is one of that name.
    pub fn add_consumer(&mut self, name: &[u8], now_ms: u64) -> bool {
        if self.consumers.contains_key(name) {
            return false;
        }
        let name: Arc<[u8]> = name.into();
        self.name_bytes += allocated(name.len() + ARC_OWN_BYTES);
        let new = Consumer { seen_ms: now_ms, active_ms: None, pending: BTreeSet::new() };
        self.consumers.insert(name, new);
        true
    }

    /// Adds a consumer with its past. False when there is one of that name.
    pub fn restore_consumer(&mut self, name: &[u8], seen_ms: u64, active_ms: Option<u64>) -> bool {
        let is_new = self.add_consumer(name, seen_ms);
        self.consumer_mut(name).active_ms = active_ms;
        is_new
    }

    /// Gives an entry that nobody has to a consumer that is there, as it was delivered once.
    /// False when somebody has it.
    pub fn restore_pending(
        &mut self,
        id: StreamId,
        to: &[u8],
        delivered_ms: u64,
        n_deliveries: u64,
    ) -> bool {
        if self.pending.contains_key(&id) {
            return false;
        }
        let active_ms = self.consumer_mut(to).active_ms;
        self.give(id, to, delivered_ms);
        self.consumer_mut(to).active_ms = active_ms;
        let pending = self.pending.get_mut(&id).expect("the entry was just given");
        pending.n_deliveries = n_deliveries;
        true
    }

    /// Notes that a consumer asks for something, and adds it when it is new.
    pub fn see(&mut self, name: &[u8], now_ms: u64) -> bool {
        let is_new = self.add_consumer(name, now_ms);
        self.consumer_mut(name).seen_ms = now_ms;
        is_new
    }

    /// Removes a consumer with all that it has, and tells how much that was.
    pub fn remove_consumer(&mut self, name: &[u8]) -> usize {
        let Some((name, gone)) = self.consumers.remove_entry(name) else { return 0 };
        self.name_bytes -= allocated(name.len() + ARC_OWN_BYTES);
        for id in &gone.pending {
            self.pending.remove(id);
        }
        gone.n_pending()
    }

    fn consumer_mut(&mut self, name: &[u8]) -> &mut Consumer {
        self.consumers.get_mut(name).expect("pending entries belong to a consumer that is there")
    }

    /// Takes an entry off the pending ones. False when it was not among them.
    pub fn acknowledge(&mut self, id: StreamId) -> bool {
        let Some(gone) = self.pending.remove(&id) else { return false };
        self.consumer_mut(&gone.consumer).pending.remove(&id);
        true
    }

    /// Gives an entry to a consumer that is there, whoever had it.
    pub fn deliver(&mut self, id: StreamId, to: &[u8], now_ms: u64) {
        self.give(id, to, now_ms);
        let pending = self.pending.get_mut(&id).expect("the entry was just given");
        (pending.delivered_ms, pending.n_deliveries) = (now_ms, 1);
    }

    /// Notes that the consumer that has an entry was told of it again.
    pub fn redeliver(&mut self, id: StreamId, now_ms: u64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.delivered_ms = now_ms;
            pending.n_deliveries = pending.n_deliveries.wrapping_add(1);
        }
    }

    fn give(&mut self, id: StreamId, to: &[u8], now_ms: u64) {
        let (name, _) = self.consumers.get_key_value(to).expect("the consumer was seen before");
        let name = Arc::clone(name);
        let before = match self.pending.entry(id) {
            Slot::Occupied(mut slot) => Some(std::mem::replace(&mut slot.get_mut().consumer, name)),
            Slot::Vacant(slot) => {
                slot.insert(Pending { delivered_ms: now_ms, n_deliveries: 1, consumer: name });
                None
            }
        };
        if let Some(before) = before.filter(|it| **it != *to) {
            self.consumer_mut(&before).pending.remove(&id);
        }
        let consumer = self.consumer_mut(to);
        consumer.pending.insert(id);
        consumer.active_ms = Some(now_ms);
    }

    fn heap_bytes(&self) -> usize {
        let n_pending = self.pending.len();
        let n_consumers = self.consumers.len();
        self.name_bytes
            + tree_bytes::<Arc<[u8]>, Consumer>(n_consumers)
            + tree_bytes::<StreamId, Pending>(n_pending)
            + tree_bytes::<StreamId, ()>(n_pending)
            // Each consumer has a leaf of its own that may be half empty.
            + n_consumers.min(n_pending) * tree_bytes::<StreamId, ()>(1)
    }
}

/// A group open for changes, beside the entries of its stream.
pub struct OpenGroup<'a> {
    log: &'a Log,
    group: &'a mut Group,
    /// Of all groups, which closing brings up to date.
    heap_bytes: &'a mut usize,
    heap_bytes_before: usize,
}

impl<'a> OpenGroup<'a> {
    pub fn log(&self) -> &'a Log {
        self.log
    }

    /// Notes that an entry was read: the group goes on behind it.
    pub fn pass(&mut self, id: StreamId) {
        if id <= self.last_id {
            return;
        }
        let is_counted =
            self.log.first_id() <= self.last_id && !self.log.has_gaps_from(self.last_id);
        self.n_read = match self.n_read {
            Some(n) if is_counted => Some(n.wrapping_add(1)),
            n if self.log.n_added() == 0 => n,
            _ => self.log.n_added_up_to(id),
        };
        self.last_id = id;
    }

    /// Gives an entry to a consumer that was seen, as far as the claim goes.
    pub fn claim(&mut self, id: StreamId, to: &[u8], claim: &Claim, now_ms: u64) -> Claimed {
        if self.log.get(id).is_none() {
            self.acknowledge(id);
            return Claimed::Gone;
        }
        let stays = match self.pending(id) {
            None => !claim.forced,
            Some(it) => 0 < claim.min_idle_ms && it.idle_ms(now_ms) < claim.min_idle_ms,
        };
        if stays {
            return Claimed::No;
        }
        self.give(id, to, now_ms);
        let pending = self.pending.get_mut(&id).expect("the entry was just given");
        pending.delivered_ms = claim.delivered_ms;
        pending.n_deliveries = match claim.deliveries {
            Deliveries::Kept => pending.n_deliveries,
            Deliveries::OneMore => pending.n_deliveries.wrapping_add(1),
            Deliveries::Are(n) => n,
        };
        Claimed::Yes
    }
}

impl Deref for OpenGroup<'_> {
    type Target = Group;

    fn deref(&self) -> &Group {
        self.group
    }
}

impl DerefMut for OpenGroup<'_> {
    fn deref_mut(&mut self) -> &mut Group {
        self.group
    }
}

impl Drop for OpenGroup<'_> {
    fn drop(&mut self) {
        *self.heap_bytes += self.group.heap_bytes();
        *self.heap_bytes -= self.heap_bytes_before;
    }
}

/// The groups of a stream by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    by_name: BTreeMap<Box<[u8]>, Group>,
    /// Memory of names and groups' insides.
    heap_bytes: usize,
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&Group> {
        self.by_name.get(name)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.by_name.iter().map(|(name, it)| (&**name, it))
    }

    pub(super) fn open<'a>(&'a mut self, name: &[u8], log: &'a Log) -> Option<OpenGroup<'a>> {
        let group = self.by_name.get_mut(name)?;
        let heap_bytes_before = group.heap_bytes();
        Some(OpenGroup { log, group, heap_bytes: &mut self.heap_bytes, heap_bytes_before })
    }

    pub(super) fn add(&mut self, name: &[u8], last_id: StreamId, n_read: Option<i64>) -> bool {
        if self.by_name.contains_key(name) {
            return false;
        }
        self.heap_bytes += allocated(name.len());
        self.by_name.insert(name.into(), Group::new(last_id, n_read));
        true
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let Some(gone) = self.by_name.remove(name) else { return false };
        self.heap_bytes -= allocated(name.len()) + gone.heap_bytes();
        true
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.heap_bytes + tree_bytes::<Box<[u8]>, Group>(self.by_name.len())
    }
}
