//! The indexed form of a sorted set: a tree of leaves in order, and an index of the members.
//!
//! Members lie in the leaves themselves. A node knows how many members are below each child, so
//! that ranks are found both ways on one path; leaves and nodes know their parent, so that a path
//! can start below. The index leads from a member's hash to its leaf. Splits and merges touch two
//! leaves and the index slots of what they move, some dozens: nothing ever stalls.

mod change;
#[cfg(test)]
mod check;

use ahash::RandomState;

use crate::indexed::allocated;
use crate::indexed::index::Index;
use crate::sorted_set::Cut;
use crate::sorted_set::chunked::Chunked;
use crate::sorted_set::leaf::{Kept, Leaf, MEMBER_BYTES_MAX};
use crate::sorted_set::long::Long;
use crate::sorted_set::node::{Child, NONE, Node};

/// A sorted set of any size: every operation on one member or one rank is O(log n).
#[derive(Debug)]
pub struct IndexedSortedSet {
    index: Index,
    state: RandomState,
    leaves: Chunked<Leaf>,
    nodes: Chunked<Node>,
    long: Long,
    root: u32,
    n_members: usize,
    /// Memory that leaves and nodes point to.
    leaf_bytes: usize,
    node_bytes: usize,
}

/// Where a member lies, or would lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    leaf: u32,
    at: usize,
}

impl IndexedSortedSet {
    pub(super) fn new() -> IndexedSortedSet {
        let child = Child { score: 0.0, number: 0, n_members: 0 };
        let root = Node::new(1, vec![child]);
        let node_bytes = root.heap_bytes();
        IndexedSortedSet {
            index: Index::with_capacity(0),
            state: RandomState::new(),
            leaves: Chunked::new(Leaf::new(0)),
            nodes: Chunked::new(root),
            long: Long::default(),
            root: 0,
            n_members: 0,
            leaf_bytes: 0,
            node_bytes,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.n_members
    }

    /// Memory of the whole set, itself included: what its box costs the keyspace.
    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(size_of::<IndexedSortedSet>())
            + self.index.bytes()
            + self.leaves.heap_bytes()
            + self.nodes.heap_bytes()
            + self.long.heap_bytes()
            + self.leaf_bytes
            + self.node_bytes
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        let place = self.find(self.hash(member), member)?;
        Some(self.leaves[place.leaf].score(place.at))
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let place = self.find(self.hash(member), member)?;
        Some((self.rank_of(place), self.leaves[place.leaf].score(place.at)))
    }

    /// How many members lie before a cut.
    pub(super) fn position(&self, cut: Cut<'_>) -> usize {
        self.rank_of(self.seek(cut))
    }

    /// The member of a rank below `len()`.
    pub(super) fn at(&self, rank: usize) -> (&[u8], f64) {
        let place = self.locate(rank);
        (self.member(place), self.leaves[place.leaf].score(place.at))
    }

    /// Visits about `count` members from `cursor` on, and says where to go on, 0 at the end.
    pub(super) fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        visit: &mut dyn FnMut(&'a [u8], f64),
    ) -> u64 {
        self.index.scan(cursor, count, |hash, leaf| {
            for place in self.tagged(leaf, hash) {
                let member = self.member(place);
                if self.hash(member) == hash {
                    visit(member, self.leaves[leaf].score(place.at));
                }
            }
        })
    }

    #[inline]
    pub(super) fn hash(&self, member: &[u8]) -> u32 {
        (self.state.hash_one(member) >> 32) as u32
    }

    #[inline]
    fn find(&self, hash: u32, member: &[u8]) -> Option<Place> {
        let mut found = None;
        self.index.find(hash, |leaf| {
            found = self.tagged(leaf, hash).find(|place| self.member(*place) == member);
            found.is_some()
        });
        found
    }

    /// Places of a leaf whose members can have this hash.
    #[inline]
    fn tagged(&self, leaf: u32, hash: u32) -> impl Iterator<Item = Place> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let at = self.leaves[leaf].find_tag(from, tag(hash))?;
            from = at + 1;
            Some(Place { leaf, at })
        })
    }

    #[inline]
    fn member(&self, place: Place) -> &[u8] {
        match self.leaves[place.leaf].member(place.at) {
            Kept::Here(it) => it,
            Kept::Long(number) => self.long.get(number),
        }
    }

    /// The place of a rank; one behind the last member's for `len()`.
    fn locate(&self, rank: usize) -> Place {
        let mut n_left = rank as u32;
        let mut node = &self.nodes[self.root];
        loop {
            let mut children = node.children.iter();
            let mut child = children.next().expect("no node is empty");
            while child.n_members <= n_left {
                let Some(next) = children.next() else { break };
                n_left -= child.n_members;
                child = next;
            }
            if node.level == 1 {
                return Place { leaf: child.number, at: n_left as usize };
            }
            node = &self.nodes[child.number];
        }
    }

    /// Members in front of a place.
    fn rank_of(&self, place: Place) -> usize {
        let mut n_before = place.at;
        let mut child = place.leaf;
        let mut above = self.leaves[place.leaf].parent;
        while above != NONE {
            let node = &self.nodes[above];
            n_before += node.n_before(node.place_of(child)) as usize;
            child = above;
            above = node.parent;
        }
        n_before
    }

    /// The place where a cut goes through the order: behind all that lies before it, in the leaf
    /// where the last of it lies.
    fn seek(&self, cut: Cut<'_>) -> Place {
        let mut node = &self.nodes[self.root];
        loop {
            // What lies before the first child lies nowhere else.
            let behind = &node.children[1..];
            let nth = behind.partition_point(|child| {
                cut.is_behind(child.score, || self.first_member(node.level, child.number))
            });
            let number = node.children[nth].number;
            if node.level == 1 {
                let at = self.leaves[number].partition(|at, score| {
                    cut.is_behind(score, || self.member(Place { leaf: number, at }))
                });
                return Place { leaf: number, at };
            }
            node = &self.nodes[number];
        }
    }

    /// The first member of a child of a node.
    fn first_member(&self, mut level: u32, mut number: u32) -> &[u8] {
        while level > 1 {
            let node = &self.nodes[number];
            number = node.children[0].number;
            level = node.level;
        }
        self.member(Place { leaf: number, at: 0 })
    }

    /// The leaf behind another, or in front of it.
    fn neighbour(&self, leaf: u32, side: Side) -> Option<u32> {
        let (mut child, mut above) = (leaf, self.leaves[leaf].parent);
        loop {
            if above == NONE {
                return None;
            }
            let node = &self.nodes[above];
            let at = node.place_of(child);
            let beside = match side {
                Side::Behind => node.children.get(at + 1),
                Side::Before => at.checked_sub(1).map(|it| &node.children[it]),
            };
            if let Some(beside) = beside {
                return Some(self.edge(node.level, beside.number, side));
            }
            (child, above) = (above, node.parent);
        }
    }

    /// The leaf of a node's child that is met first when one comes from the other side.
    fn edge(&self, mut level: u32, mut number: u32, side: Side) -> u32 {
        while level > 1 {
            let node = &self.nodes[number];
            let child = match side {
                Side::Behind => node.children.first(),
                Side::Before => node.children.last(),
            };
            number = child.expect("no node is empty").number;
            level = node.level;
        }
        number
    }

    /// `n` members from a rank on.
    pub(super) fn rising(&self, rank: usize, n: usize) -> Rising<'_> {
        let place = self.locate(rank);
        Rising { set: self, leaf: &self.leaves[place.leaf], place, n_left: n }
    }

    /// `n` members from the one in front of a rank downwards.
    pub(super) fn falling(&self, end: usize, n: usize) -> Falling<'_> {
        let place = self.locate(end);
        Falling { set: self, leaf: &self.leaves[place.leaf], place, n_left: n }
    }
}

impl Clone for IndexedSortedSet {
    fn clone(&self) -> IndexedSortedSet {
        let (leaves, nodes) = (self.leaves.clone(), self.nodes.clone());
        // A copy has no room to spare, and its memory is another.
        let leaf_bytes = (0..leaves.len()).map(|it| leaves[it].heap_bytes()).sum();
        let node_bytes = (0..nodes.len()).map(|it| nodes[it].heap_bytes()).sum();
        IndexedSortedSet {
            index: self.index.clone(),
            state: self.state.clone(),
            leaves,
            nodes,
            long: self.long.clone(),
            leaf_bytes,
            node_bytes,
            ..*self
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    Behind,
}

/// The bits of a hash that a leaf keeps.
fn tag(hash: u32) -> u16 {
    hash as u16
}

/// Members in order.
#[derive(Clone)]
pub(super) struct Rising<'a> {
    set: &'a IndexedSortedSet,
    leaf: &'a Leaf,
    /// Of the next member.
    place: Place,
    n_left: usize,
}

impl<'a> Iterator for Rising<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.n_left = self.n_left.checked_sub(1)?;
        if self.place.at == self.leaf.len() {
            let next = self.set.neighbour(self.place.leaf, Side::Behind);
            self.place = Place { leaf: next.expect("there are as many as were asked for"), at: 0 };
            self.leaf = &self.set.leaves[self.place.leaf];
        }
        let at = self.place.at;
        self.place.at += 1;
        Some((self.set.kept(self.leaf, at), self.leaf.score(at)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

/// Members in falling order.
#[derive(Clone)]
pub(super) struct Falling<'a> {
    set: &'a IndexedSortedSet,
    leaf: &'a Leaf,
    /// Behind the next member.
    place: Place,
    n_left: usize,
}

impl<'a> Iterator for Falling<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.n_left = self.n_left.checked_sub(1)?;
        if self.place.at == 0 {
            let next = self.set.neighbour(self.place.leaf, Side::Before);
            let leaf = next.expect("there are as many as were asked for");
            self.leaf = &self.set.leaves[leaf];
            self.place = Place { leaf, at: self.leaf.len() };
        }
        self.place.at -= 1;
        let at = self.place.at;
        Some((self.set.kept(self.leaf, at), self.leaf.score(at)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

impl IndexedSortedSet {
    #[inline]
    fn kept<'a>(&'a self, leaf: &'a Leaf, at: usize) -> &'a [u8] {
        match leaf.member(at) {
            Kept::Here(it) => it,
            Kept::Long(number) => self.long.get(number),
        }
    }

    fn is_long(member: &[u8]) -> bool {
        MEMBER_BYTES_MAX < member.len()
    }
}
