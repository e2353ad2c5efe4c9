//! Changes of the tree: members come and go, leaves and nodes are split and merged.

use std::ops::Range;

use super::{IndexedSortedSet, Place, tag};
use crate::sorted_set::Cut;
use crate::sorted_set::leaf::{Kept, Leaf};
use crate::sorted_set::node::{CHILDREN_MAX, Child, NONE, Node, count};

/// A node with no more children looks for a neighbour.
const SPARSE_CHILDREN: usize = CHILDREN_MAX / 4;
/// Two nodes with no more than this together become one.
const MERGED_CHILDREN_MAX: usize = CHILDREN_MAX / 2;

impl IndexedSortedSet {
    /// Gives a member the score that `decide` makes of the one that it has, if it makes one.
    pub(in crate::sorted_set) fn update<E>(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Result<Option<f64>, E>,
    ) -> Result<(), E> {
        let hash = self.hash(member);
        let found = self.find(hash, member);
        let old = found.map(|it| self.leaves[it.leaf].score(it.at));
        match (found, decide(old)?) {
            (None, Some(score)) => self.add(hash, member, score),
            (Some(place), Some(score)) => self.set_score(hash, place, member, score),
            _ => {}
        }
        Ok(())
    }

    /// Gives a member a score.
    pub(in crate::sorted_set) fn insert(&mut self, member: &[u8], score: f64) {
        let hash = self.hash(member);
        match self.find(hash, member) {
            None => self.add(hash, member, score),
            Some(place) => self.set_score(hash, place, member, score),
        }
    }

    /// True when the member was there.
    pub(in crate::sorted_set) fn remove(&mut self, member: &[u8]) -> bool {
        let hash = self.hash(member);
        let Some(place) = self.find(hash, member) else { return false };
        self.index.remove(hash, place.leaf);
        self.forget_long(place);
        self.take_out(place, 1);
        self.n_members -= 1;
        self.settle(place.leaf);
        true
    }

    /// Takes out the members of these ranks, which are below `len()`.
    pub(in crate::sorted_set) fn remove_range(&mut self, ranks: Range<usize>) {
        if ranks.len() == self.n_members {
            *self = IndexedSortedSet::new();
            return;
        }
        let mut n_left = ranks.len();
        while n_left > 0 {
            let place = self.locate(ranks.start);
            let n = n_left.min(self.leaves[place.leaf].len() - place.at);
            for at in place.at..place.at + n {
                let place = Place { at, ..place };
                self.index.remove(self.hash(self.member(place)), place.leaf);
                self.forget_long(place);
            }
            self.take_out(place, n);
            self.n_members -= n;
            n_left -= n;
            self.settle(place.leaf);
        }
    }

    fn add(&mut self, hash: u32, member: &[u8], score: f64) {
        let kept = if IndexedSortedSet::is_long(member) {
            Kept::Long(self.long.add(member))
        } else {
            Kept::Here(member)
        };
        let leaf = self.put(hash, member, kept, score);
        self.index.insert(hash, leaf);
        self.n_members += 1;
    }

    /// Moves a member to where another score belongs.
    fn set_score(&mut self, hash: u32, place: Place, member: &[u8], score: f64) {
        let leaf = &self.leaves[place.leaf];
        let old = leaf.score(place.at);
        if old <= score && score <= old {
            return;
        }
        if self.stays(place, member, score) {
            return self.leaves[place.leaf].set_score(place.at, score);
        }
        if leaf.len() == 1 {
            self.remove(member);
            return self.add(hash, member, score);
        }
        let kept = match leaf.member(place.at) {
            Kept::Here(_) => Kept::Here(member),
            Kept::Long(number) => Kept::Long(number),
        };
        self.take_out(place, 1);
        let leaf = self.put(hash, member, kept, score);
        if leaf != place.leaf {
            self.index.renumber(hash, place.leaf, leaf);
            self.settle(place.leaf);
        }
    }

    /// True when a member with this score still belongs between its two neighbours in the leaf.
    fn stays(&self, place: Place, member: &[u8], score: f64) -> bool {
        let Place { leaf, at } = place;
        let cut = Cut::BeforeEntry(score, member);
        let lies_before = |at: usize| {
            cut.is_behind(self.leaves[leaf].score(at), || self.member(Place { leaf, at }))
        };
        at > 0 && at + 1 < self.leaves[leaf].len() && lies_before(at - 1) && !lies_before(at + 1)
    }

    /// Puts a member where it belongs and tells the leaf.
    fn put(&mut self, hash: u32, member: &[u8], kept: Kept<'_>, score: f64) -> u32 {
        let mut place = self.seek(Cut::BeforeEntry(score, member));
        if self.leaves[place.leaf].is_full(kept) {
            place = self.split_leaf(place, score);
        }
        let Place { leaf, at } = place;
        self.change_leaf(leaf, |it| it.insert(at, score, tag(hash), kept));
        self.recount(leaf, 1);
        leaf
    }

    /// Takes members out of their leaf and the counts. What the index says stays.
    fn take_out(&mut self, place: Place, n: usize) {
        self.change_leaf(place.leaf, |it| it.remove(place.at, n));
        self.recount(place.leaf, -(n as i32));
    }

    fn forget_long(&mut self, place: Place) {
        if let Kept::Long(number) = self.leaves[place.leaf].member(place.at) {
            self.long.remove(number);
        }
    }

    /// Changes a leaf and keeps the books of its memory.
    fn change_leaf<T>(&mut self, number: u32, change: impl FnOnce(&mut Leaf) -> T) -> T {
        let leaf = &mut self.leaves[number];
        self.leaf_bytes -= leaf.heap_bytes();
        let changed = change(leaf);
        self.leaf_bytes += leaf.heap_bytes();
        changed
    }

    /// The same for the children of a node.
    fn change_children<T>(&mut self, number: u32, change: impl FnOnce(&mut Vec<Child>) -> T) -> T {
        let node = &mut self.nodes[number];
        self.node_bytes -= node.heap_bytes();
        let changed = change(&mut node.children);
        self.node_bytes += node.heap_bytes();
        changed
    }

    /// Brings all counts and first scores above a leaf in step after `delta` members came.
    fn recount(&mut self, leaf: u32, delta: i32) {
        let mut first = self.leaves[leaf].first_score();
        let (mut child, mut above) = (leaf, self.leaves[leaf].parent);
        while above != NONE {
            let node = &mut self.nodes[above];
            let at = node.place_of(child);
            let it = &mut node.children[at];
            it.n_members = it.n_members.wrapping_add_signed(delta);
            it.score = first.unwrap_or(it.score);
            first = Some(node.children[0].score);
            (child, above) = (above, node.parent);
        }
    }

    /// Splits a full leaf for a member of this score at a place, and tells the place it has then.
    fn split_leaf(&mut self, place: Place, score: f64) -> Place {
        let Place { leaf, at } = place;
        let len = self.leaves[leaf].len();
        // Members that come in order fill their leaves: only the new one moves on.
        let middle = if at == len { len } else { len.div_ceil(2) };
        let upper = self.change_leaf(leaf, |it| it.split_off(middle));
        self.leaf_bytes += upper.heap_bytes();
        let child = Child {
            score: upper.first_score().unwrap_or(score),
            number: self.leaves.len(),
            n_members: upper.len() as u32,
        };
        let parent = upper.parent;
        let number = self.leaves.push(upper);
        self.renumber_members(number, 0..len - middle, leaf);
        self.add_child(parent, leaf, child);
        if at <= middle && middle < len { place } else { Place { leaf: number, at: at - middle } }
    }

    /// Tells the index that members of a leaf come from another one.
    fn renumber_members(&mut self, leaf: u32, places: Range<usize>, from: u32) {
        for at in places {
            let hash = self.hash(self.member(Place { leaf, at }));
            self.index.renumber(hash, from, leaf);
        }
    }

    /// Enters a child into a node behind the one that it was split from.
    fn add_child(&mut self, parent: u32, from: u32, child: Child) {
        let at = self.nodes[parent].place_of(from);
        self.change_children(parent, |it| {
            it[at].n_members -= child.n_members;
            it.insert(at + 1, child);
        });
        if self.nodes[parent].children.len() > CHILDREN_MAX {
            self.split_node(parent);
        }
    }

    fn split_node(&mut self, number: u32) {
        let upper = self.change_children(number, |it| it.split_off(CHILDREN_MAX / 2));
        let Node { level, parent, .. } = self.nodes[number];
        if parent == NONE {
            self.grow_root(number, count(&upper));
        }
        let parent = self.nodes[number].parent;
        let child =
            Child { score: upper[0].score, number: self.nodes.len(), n_members: count(&upper) };
        self.push_node(Node { parent, ..Node::new(level, upper) });
        self.add_child(parent, number, child);
    }

    fn push_node(&mut self, node: Node) -> u32 {
        self.node_bytes += node.heap_bytes();
        let number = self.nodes.push(node);
        self.adopt(number);
        number
    }

    /// Puts a root above the root, of which `n_members` are about to go to a neighbour.
    fn grow_root(&mut self, old: u32, n_members: u32) {
        let Node { level, ref children, .. } = self.nodes[old];
        let n_members = count(children) + n_members;
        let child = Child { score: children[0].score, number: old, n_members };
        self.root = self.push_node(Node::new(level + 1, vec![child]));
    }

    /// Tells the children of a node that it is their parent.
    fn adopt(&mut self, number: u32) {
        let level = self.nodes[number].level;
        for at in 0..self.nodes[number].children.len() {
            let child = self.nodes[number].children[at].number;
            self.set_parent(level, child, number);
        }
    }

    fn set_parent(&mut self, level: u32, child: u32, parent: u32) {
        if level == 1 {
            self.leaves[child].parent = parent;
        } else {
            self.nodes[child].parent = parent;
        }
    }

    /// Looks after a leaf that members were taken from: an empty one goes, a sparse one is merged
    /// with a neighbour.
    fn settle(&mut self, leaf: u32) {
        if !self.leaves[leaf].is_sparse() {
            return;
        }
        let parent = self.leaves[leaf].parent;
        if self.leaves[leaf].len() == 0 {
            // A set without members keeps one leaf.
            if self.n_members > 0 {
                self.drop_leaf(leaf);
            }
            return;
        }
        let pair = self
            .pair(parent, leaf, |set, one, other| set.leaves[one].fits_with(&set.leaves[other]));
        if let Some((lower, upper)) = pair {
            self.merge_leaves(parent, lower, upper);
        }
    }

    /// A child and the neighbour that fits with it, in their order.
    fn pair(
        &self,
        parent: u32,
        child: u32,
        fit: impl Fn(&IndexedSortedSet, u32, u32) -> bool,
    ) -> Option<(u32, u32)> {
        let children = &self.nodes[parent].children;
        let at = self.nodes[parent].place_of(child);
        let before = at.checked_sub(1).map(|it| (children[it].number, child));
        let behind = children.get(at + 1).map(|it| (child, it.number));
        [behind, before].into_iter().flatten().find(|(lower, upper)| fit(self, *lower, *upper))
    }

    fn merge_leaves(&mut self, parent: u32, lower: u32, upper: u32) {
        let gone = self.change_leaf(upper, |it| std::mem::replace(it, Leaf::new(parent)));
        let len = self.leaves[lower].len();
        self.change_leaf(lower, |it| it.append(&gone));
        self.renumber_members(lower, len..len + gone.len(), upper);
        self.hand_over(parent, lower, upper);
        self.drop_leaf(upper);
    }

    /// Counts the members of a child as those of the one before it.
    fn hand_over(&mut self, parent: u32, lower: u32, upper: u32) {
        let node = &mut self.nodes[parent];
        let (lower, upper) = (node.place_of(lower), node.place_of(upper));
        let n_members = std::mem::take(&mut node.children[upper].n_members);
        node.children[lower].n_members += n_members;
    }

    /// Takes an empty leaf out of the tree. The last leaf gets its number.
    fn drop_leaf(&mut self, number: u32) {
        let parent = self.leaves[number].parent;
        self.detach(parent, number);
        let gone = self.leaves.swap_remove(number);
        self.leaf_bytes -= gone.heap_bytes();
        let moved = self.leaves.len();
        if moved != number {
            self.rename_child(self.leaves[number].parent, moved, number);
            self.renumber_members(number, 0..self.leaves[number].len(), moved);
        }
        self.settle_node(parent);
    }

    /// Takes a node out of the tree whose children are gone. The last node gets its number.
    fn drop_node(&mut self, number: u32) {
        let parent = self.nodes[number].parent;
        self.detach(parent, number);
        let parent = self.forget_node(number, parent);
        self.settle_node(parent);
    }

    /// Gives the number of a node that nothing leads to any more to the last one. Tells what
    /// `other` is called now.
    fn forget_node(&mut self, number: u32, other: u32) -> u32 {
        let gone = self.nodes.swap_remove(number);
        self.node_bytes -= gone.heap_bytes();
        let moved = self.nodes.len();
        if moved == number {
            return other;
        }
        match self.nodes[number].parent {
            NONE => self.root = number,
            parent => self.rename_child(parent, moved, number),
        }
        self.adopt(number);
        if other == moved { number } else { other }
    }

    fn rename_child(&mut self, parent: u32, old: u32, new: u32) {
        let node = &mut self.nodes[parent];
        let at = node.place_of(old);
        node.children[at].number = new;
    }

    /// Takes a child without members out of its node.
    fn detach(&mut self, parent: u32, child: u32) {
        let at = self.nodes[parent].place_of(child);
        self.change_children(parent, |it| it.remove(at));
        if at == 0 {
            self.rescore(parent);
        }
    }

    /// Tells the nodes above that the first child of a node is another one now.
    fn rescore(&mut self, mut number: u32) {
        let Some(first) = self.nodes[number].children.first() else { return };
        let score = first.score;
        loop {
            let parent = self.nodes[number].parent;
            if parent == NONE {
                return;
            }
            let node = &mut self.nodes[parent];
            let at = node.place_of(number);
            node.children[at].score = score;
            if at > 0 {
                return;
            }
            number = parent;
        }
    }

    /// Looks after a node that lost a child: as with leaves, and the root goes when one child
    /// could be it.
    fn settle_node(&mut self, number: u32) {
        let Node { parent, level, ref children, .. } = self.nodes[number];
        match children.len() {
            0 => self.drop_node(number),
            1 if parent == NONE && level > 1 => self.shrink_root(),
            len if len <= SPARSE_CHILDREN && parent != NONE => self.merge_node(number),
            _ => {}
        }
    }

    /// Merges a node with few children with a neighbour that has few, too.
    fn merge_node(&mut self, number: u32) {
        let parent = self.nodes[number].parent;
        let pair = self.pair(parent, number, |set, one, other| {
            let n_children = |it: u32| set.nodes[it].children.len();
            n_children(one) + n_children(other) <= MERGED_CHILDREN_MAX
        });
        let Some((lower, upper)) = pair else { return };
        let moved = self.change_children(upper, std::mem::take);
        self.change_children(lower, |it| it.extend_from_slice(&moved));
        self.adopt(lower);
        self.hand_over(parent, lower, upper);
        self.drop_node(upper);
    }

    /// Makes the root's only child the root, and its only child in turn.
    fn shrink_root(&mut self) {
        let old = self.root;
        self.root = self.nodes[old].children[0].number;
        self.nodes[self.root].parent = NONE;
        let root = self.forget_node(old, self.root);
        self.settle_node(root);
    }
}
