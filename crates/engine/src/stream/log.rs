//! The entries of a stream, and what it remembers of those that are gone.

use std::collections::{BTreeMap, btree_map};
use std::iter::FusedIterator;

use super::heap::{allocated, tree_bytes};
use super::id::StreamId;
use super::node::{Entries, Entry, Field, Node, Placed};
use super::radix;
use super::stored::StoredNode;
use crate::error::Error;
use crate::options::StreamLimits;

/// Where Valkey ends a node whatever the settings say, and the most that one entry may hold.
const NODE_BYTES_MAX: u64 = 1 << 30;

/// What an approximate trim removes at most where nothing else is said: the entries of so many
/// full nodes, or this many when nodes have no such limit.
const TRIM_NODES_MAX: u64 = 100;
const TRIM_ENTRIES_DEFAULT: u64 = 10_000;
const TRIM_ENTRIES_MAX: u64 = 1_000_000;

/// The entries of a stream in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// By the id of their first entry.
    nodes: BTreeMap<StreamId, Node>,
    /// The nodes of a radix tree over these ids, without an empty one's root.
    n_radix_nodes: usize,
    len: u64,
    first_id: StreamId,
    last_id: StreamId,
    max_deleted_id: StreamId,
    n_added: i64,
    /// Memory of the nodes.
    node_bytes: usize,
}

/// Which id a new entry gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// The next one at this time.
    At {
        now_ms: u64,
    },
    /// The next one in this millisecond.
    In {
        ms: u64,
    },
    Is(StreamId),
}

/// What a trim leaves, and how hard it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    pub keep: Keep,
    pub effort: Effort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many of the newest.
    Newest(u64),
    /// Those from an id on.
    From(StreamId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Everything that may go goes.
    Exact,
    /// Whole nodes go, and of entries at most as many as the node's size suggests.
    Nodes,
    /// Whole nodes go, with so many entries at most; 0 for any number.
    NodesUpTo(u64),
}

impl Log {
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id that was given last, whether its entry is still there or not.
    pub fn last_id(&self) -> StreamId {
        self.last_id
    }

    /// The id of the oldest entry, zero without one.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The highest id that was removed by name.
    pub fn max_deleted_id(&self) -> StreamId {
        self.max_deleted_id
    }

    /// How many entries there ever were.
    pub fn n_added(&self) -> i64 {
        self.n_added
    }

    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes, from the oldest entries on.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = StoredNode<'_>> {
        self.nodes.iter().map(|(first_id, node)| StoredNode::new(*first_id, node))
    }

    /// The nodes that a radix tree over our nodes' first ids would have.
    pub fn n_radix_nodes(&self) -> usize {
        self.n_radix_nodes.max(1)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.node_bytes + tree_bytes::<StreamId, Node>(self.nodes.len())
    }

    /// The entries between two ids, both included.
    pub fn range(&self, from: StreamId, to: StreamId) -> Range<'_> {
        let start = self.nodes.range(..=from).next_back().map_or(from, |(id, _)| *id);
        let nodes = if start <= to { Some(self.nodes.range(start..=to)) } else { None };
        Range { nodes, entries: None, from, to }
    }

    /// The entries between two ids, both included, from the newest to the oldest.
    pub fn range_back(&self, from: StreamId, to: StreamId) -> RangeBack<'_> {
        let start = self.nodes.range(..=from).next_back().map_or(from, |(id, _)| *id);
        let nodes = if start <= to { Some(self.nodes.range(start..=to)) } else { None };
        RangeBack { nodes, found: Vec::new(), from, to }
    }

    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.range(id, id).next()
    }

    /// The id of the newest entry that is there.
    pub fn newest_id(&self) -> Option<StreamId> {
        let known = self.nodes.last_key_value().and_then(|(_, node)| node.last_live_id());
        known.or_else(|| self.range_back(StreamId::MIN, StreamId::MAX).next().map(|it| it.id))
    }

    /// Adds an entry and tells its id.
    pub fn add(
        &mut self,
        id: NewId,
        fields: &[Field<'_>],
        limits: StreamLimits,
    ) -> Result<StreamId, Error> {
        let id = self.new_id(id)?;
        let n_bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let n_bytes = n_bytes as u64;
        if NODE_BYTES_MAX < n_bytes {
            return Err(Error::TooLong);
        }
        let bytes_max = match u64::from(limits.node_bytes_max) {
            0 => NODE_BYTES_MAX,
            max => max.min(NODE_BYTES_MAX),
        };
        let entries_max = u64::from(limits.node_entries_max);
        match self.nodes.last_entry() {
            Some(mut last) if last.get().has_room(n_bytes, bytes_max, entries_max) => {
                let first_id = *last.key();
                let node = last.get_mut();
                self.node_bytes -= allocated(node.capacity());
                node.push(first_id, id, fields);
                self.node_bytes += allocated(node.capacity());
            }
            full => {
                if let Some(mut full) = full {
                    let node = full.get_mut();
                    self.node_bytes -= allocated(node.capacity());
                    node.shrink();
                    self.node_bytes += allocated(node.capacity());
                }
                self.add_node(id, fields);
            }
        }
        self.len += 1;
        self.n_added = self.n_added.wrapping_add(1);
        self.last_id = id;
        if self.len == 1 {
            self.first_id = id;
        }
        Ok(id)
    }

    fn add_node(&mut self, id: StreamId, fields: &[Field<'_>]) {
        let mut node = Node::new(id, fields);
        node.push(id, id, fields);
        self.node_bytes += allocated(node.capacity());
        // There can be one of deleted entries alone under an id that is given a second time.
        if self.nodes.contains_key(&id) {
            self.remove_node(id);
        }
        self.n_radix_nodes += radix::n_nodes_of(id, &self.nodes);
        self.nodes.insert(id, node);
    }

    /// Begins a node as it once was, behind all entries; those that it had must follow. False when
    /// that cannot be.
    pub(super) fn restore_node(&mut self, first_id: StreamId, names: &[Field<'_>]) -> bool {
        if first_id <= self.last_id {
            return false;
        }
        let node = Node::new(first_id, names);
        self.node_bytes += allocated(node.capacity());
        self.n_radix_nodes += radix::n_nodes_of(first_id, &self.nodes);
        self.nodes.insert(first_id, node);
        true
    }

    /// Adds an entry to the node that was begun last. False when its id cannot be.
    pub(super) fn restore_entry(
        &mut self,
        id: StreamId,
        fields: &[Field<'_>],
        is_deleted: bool,
    ) -> bool {
        let Some(mut last) = self.nodes.last_entry() else { return false };
        if id <= self.last_id || id < *last.key() {
            return false;
        }
        let first_id = *last.key();
        let node = last.get_mut();
        self.node_bytes -= allocated(node.capacity());
        node.push(first_id, id, fields);
        self.node_bytes += allocated(node.capacity());
        self.last_id = id;
        if is_deleted {
            node.delete_last();
            return true;
        }
        self.len += 1;
        if self.len == 1 {
            self.first_id = id;
        }
        true
    }

    fn new_id(&self, wanted: NewId) -> Result<StreamId, Error> {
        if self.last_id == StreamId::MAX {
            return Err(Error::IdsUsedUp);
        }
        let id = match wanted {
            NewId::At { now_ms } if self.last_id.ms < now_ms => Some(StreamId::new(now_ms, 0)),
            NewId::At { .. } => self.last_id.next(),
            NewId::In { ms } if ms == self.last_id.ms => {
                self.last_id.seq.checked_add(1).map(|seq| StreamId { ms, seq })
            }
            NewId::In { ms } => Some(StreamId::new(ms, 0)),
            NewId::Is(id) => Some(id),
        };
        id.filter(|it| self.last_id < *it).ok_or(Error::IdTooLow)
    }

    /// Removes one entry. False when it is not there.
    pub fn remove(&mut self, id: StreamId) -> bool {
        let Some((first_id, node)) = self.nodes.range_mut(..=id).next_back() else { return false };
        let first_id = *first_id;
        let found = node.entries(first_id).find(|it| it.entry.id == id && !it.is_deleted);
        let Some(Placed { at, .. }) = found else { return false };
        node.delete(at);
        if node.n_live == 0 {
            self.remove_node(first_id);
        }
        self.len -= 1;
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id {
            self.find_first();
        }
        true
    }

    fn remove_node(&mut self, first_id: StreamId) {
        let node = self.nodes.remove(&first_id).expect("the node was just found");
        self.node_bytes -= allocated(node.capacity());
        self.n_radix_nodes -= radix::n_nodes_of(first_id, &self.nodes);
    }

    fn find_first(&mut self) {
        let first = self.range(StreamId::MIN, StreamId::MAX).next();
        self.first_id = first.map_or(StreamId::MIN, |it| it.id);
    }

    /// Removes the oldest entries and tells how many.
    pub fn trim(&mut self, trim: Trim, limits: StreamLimits) -> u64 {
        let is_exact = trim.effort == Effort::Exact;
        let n_max = trim.effort.entries_max(limits);
        let len_before = self.len;
        while let Some(mut oldest) = self.nodes.first_entry() {
            let first_id = *oldest.key();
            let node = oldest.get_mut();
            let n_live = u64::from(node.n_live);
            let n_removed = len_before - self.len;
            let is_enough = matches!(trim.keep, Keep::Newest(n) if self.len <= n);
            if is_enough || n_removed.checked_add(n_live).is_none_or(|it| n_max < it) {
                break;
            }
            let goes_whole = match trim.keep {
                Keep::Newest(n) => n <= self.len - n_live,
                Keep::From(id) => node.last_id < id,
            };
            if goes_whole {
                self.len -= n_live;
                self.remove_node(first_id);
                continue;
            }
            if is_exact {
                self.len -= trim_node(first_id, node, trim.keep, self.len);
            }
            break;
        }
        let n_removed = len_before - self.len;
        if n_removed > 0 || self.len == 0 {
            self.find_first();
        }
        n_removed
    }

    /// Sets what the stream says of its past. The caller has checked that it can be so.
    pub fn set_past(&mut self, last_id: StreamId, n_added: Option<i64>, max_deleted_id: StreamId) {
        self.last_id = last_id;
        self.n_added = n_added.unwrap_or(self.n_added);
        if max_deleted_id != StreamId::MIN {
            self.max_deleted_id = max_deleted_id;
        }
    }

    /// Whether an entry may have been removed by name from `start` on.
    pub(super) fn has_gaps_from(&self, start: StreamId) -> bool {
        self.len > 0 && self.max_deleted_id != StreamId::MIN && start <= self.max_deleted_id
    }

    /// How many entries were ever added up to an id, where that can be known.
    pub fn n_added_up_to(&self, id: StreamId) -> Option<i64> {
        if self.n_added == 0 {
            return Some(0);
        }
        if self.len == 0 && id <= self.last_id {
            return Some(self.n_added);
        }
        if id != StreamId::MIN && id < self.max_deleted_id {
            return None;
        }
        if self.last_id <= id {
            return (id == self.last_id).then_some(self.n_added);
        }
        let is_whole = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id;
        let n_before = self.n_added.wrapping_sub(self.len as i64);
        match id.cmp(&self.first_id) {
            _ if !is_whole => None,
            std::cmp::Ordering::Less => Some(n_before),
            std::cmp::Ordering::Equal => Some(n_before.wrapping_add(1)),
            std::cmp::Ordering::Greater => None,
        }
    }
}

impl Effort {
    fn entries_max(self, limits: StreamLimits) -> u64 {
        match self {
            Effort::Exact | Effort::NodesUpTo(0) => u64::MAX,
            Effort::NodesUpTo(n) => n,
            Effort::Nodes => match u64::from(limits.node_entries_max) * TRIM_NODES_MAX {
                0 => TRIM_ENTRIES_DEFAULT,
                n => n.min(TRIM_ENTRIES_MAX),
            },
        }
    }
}

/// Marks the oldest entries of a node as deleted and tells how many. `len` is the stream's.
fn trim_node(first_id: StreamId, node: &mut Node, keep: Keep, len: u64) -> u64 {
    let (n_max, end) = match keep {
        Keep::Newest(n) => ((len - n) as usize, StreamId::MAX),
        Keep::From(id) => (usize::MAX, id),
    };
    let old = node.entries(first_id).take_while(|it| it.entry.id < end);
    let live = old.filter(|it| !it.is_deleted).map(|it| it.at);
    let going: Vec<usize> = live.take(n_max).collect();
    for at in &going {
        node.delete(*at);
    }
    going.len() as u64
}

/// Entries between two ids, from the oldest on.
#[derive(Clone)]
pub struct Range<'a> {
    nodes: Option<btree_map::Range<'a, StreamId, Node>>,
    entries: Option<Entries<'a>>,
    from: StreamId,
    to: StreamId,
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            while let Some(it) = self.entries.as_mut().and_then(Iterator::next) {
                if it.is_deleted || it.entry.id < self.from {
                    continue;
                }
                if self.to < it.entry.id {
                    (self.nodes, self.entries) = (None, None);
                    return None;
                }
                return Some(it.entry);
            }
            let (first_id, node) = self.nodes.as_mut()?.next()?;
            self.entries = Some(node.entries(*first_id));
        }
    }
}

impl FusedIterator for Range<'_> {}

/// Entries between two ids, from the newest on.
#[derive(Clone)]
pub struct RangeBack<'a> {
    nodes: Option<btree_map::Range<'a, StreamId, Node>>,
    /// What is left of the node under way: a node can only be read forwards.
    found: Vec<Entry<'a>>,
    from: StreamId,
    to: StreamId,
}

impl<'a> Iterator for RangeBack<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some(entry) = self.found.pop() {
                return Some(entry);
            }
            let (first_id, node) = self.nodes.as_mut()?.next_back()?;
            let is_wanted = |it: &Placed<'_>| {
                !it.is_deleted && self.from <= it.entry.id && it.entry.id <= self.to
            };
            self.found.extend(node.entries(*first_id).filter(is_wanted).map(|it| it.entry));
        }
    }
}

impl FusedIterator for RangeBack<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::for_seeds;

    #[test]
    fn what_is_counted_of_nodes_is_right() {
        for_seeds(20, |random| {
            let limits = StreamLimits { node_entries_max: 7, node_bytes_max: 4096 };
            let mut log = Log::default();
            for step in 0..500 {
                let value = random.bytes(400);
                match random.below(8) {
                    0 => drop(log.remove(StreamId::new(random.below(500) as u64, 0))),
                    1 => {
                        let keep = Keep::Newest(random.below(60) as u64);
                        let effort = if random.one_in(2) { Effort::Exact } else { Effort::Nodes };
                        log.trim(Trim { keep, effort }, limits);
                    }
                    _ => {
                        let id = NewId::Is(StreamId::new(step + 1, 0));
                        log.add(id, &[(b"name", &value)], limits).unwrap();
                    }
                }
                let nodes = log.nodes.values().map(|it| allocated(it.capacity()));
                assert_eq!(log.node_bytes, nodes.sum::<usize>());
                let n_live: u32 = log.nodes.values().map(|it| it.n_live).sum();
                assert_eq!(log.len, u64::from(n_live));
                let (mut others, mut n_radix_nodes) = (BTreeMap::new(), 0);
                for id in log.nodes.keys() {
                    n_radix_nodes += radix::n_nodes_of(*id, &others);
                    others.insert(*id, 0_u8);
                }
                assert_eq!(log.n_radix_nodes, n_radix_nodes);
            }
        });
    }
}
