//! An inner node of the indexed form.

use crate::indexed::allocated;

/// Most children of a node.
pub(super) const CHILDREN_MAX: usize = 64;

/// No node: what is above the root.
pub(super) const NONE: u32 = u32::MAX;

/// A leaf or a node, as the node above sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    /// Of its first member.
    pub(super) score: f64,
    pub(super) number: u32,
    /// Members in it and below it.
    pub(super) n_members: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) children: Vec<Child>,
    pub(super) parent: u32,
    /// The children of a node of level 1 are leaves.
    pub(super) level: u32,
}

impl Node {
    pub(super) fn new(level: u32, children: Vec<Child>) -> Node {
        Node { children, parent: NONE, level }
    }

    /// Memory on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        allocated(self.children.capacity() * size_of::<Child>())
    }

    /// The place of a child.
    #[inline]
    pub(super) fn place_of(&self, number: u32) -> usize {
        let found = self.children.iter().position(|it| it.number == number);
        found.expect("a child and its parent know each other")
    }

    /// Members below the children in front of a place.
    pub(super) fn n_before(&self, place: usize) -> u32 {
        count(&self.children[..place])
    }
}

/// Members below children.
pub(super) fn count(children: &[Child]) -> u32 {
    children.iter().map(|it| it.n_members).sum()
}
