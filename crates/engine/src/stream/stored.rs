//! A stream node by node, deleted entries included: as files and other servers keep it.

use super::id::StreamId;
use super::node::{Entry, Node};
use crate::sequence::Element;

/// A node: entries that lie together and may share the names of their fields.
#[derive(Clone, Copy)]
pub struct StoredNode<'a> {
    pub first_id: StreamId,
    node: &'a Node,
}

/// An entry in its node.
#[derive(Clone, Copy, Debug)]
pub struct StoredEntry<'a> {
    pub entry: Entry<'a>,
    pub is_deleted: bool,
    /// Its fields have the node's names.
    pub shares_names: bool,
}

impl<'a> StoredNode<'a> {
    pub(super) fn new(first_id: StreamId, node: &'a Node) -> StoredNode<'a> {
        StoredNode { first_id, node }
    }

    pub fn n_live(&self) -> u32 {
        self.node.n_live
    }

    pub fn n_deleted(&self) -> u32 {
        self.node.n_deleted()
    }

    /// The names that entries may share.
    pub fn names(&self) -> impl ExactSizeIterator<Item = Element<'a>> {
        self.node.names()
    }

    pub fn entries(&self) -> impl Iterator<Item = StoredEntry<'a>> {
        self.node.entries(self.first_id).map(|it| StoredEntry {
            entry: it.entry,
            is_deleted: it.is_deleted,
            shares_names: !it.entry.has_own_names(),
        })
    }
}
