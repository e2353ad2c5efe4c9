//! A big list: nodes in a tree. Which elements share a node is decided as Valkey decides it, since
//! the name that OBJECT ENCODING answers follows from it, and so does the price of every change.

use crate::indexed::allocated;
use crate::list::listpack::{self, NodeLimit};
use crate::list::node::{Node, NodeIter};
use crate::list::tree::Tree;
use crate::list::{End, Side};
use crate::sequence;
use crate::value::NewValue;

/// A list of any size: no change of one element is worse than logarithmic, beside the few
/// kilobytes of its node.
#[derive(Clone, Debug)]
pub struct Quicklist {
    tree: Tree,
    limit: NodeLimit,
    /// Valkey would still keep it in one listpack, whatever its size here. It is one node then,
    /// which nothing but a conversion splits.
    is_listpack: bool,
}

/// What `list-max-listpack-size` adds to the length of a string in its estimates.
const ENTRY_ESTIMATE_BYTES: usize = 8;

/// What two nodes that become one save.
const MERGE_SAVES_BYTES: usize = 7;

impl Quicklist {
    /// A list of what is in a sequence, in one node.
    pub(super) fn of_run(run: Vec<u8>, limit: NodeLimit, is_listpack: bool) -> Quicklist {
        let mut tree = Tree::default();
        if sequence::len(&run) != 0 {
            tree.insert(0, Node::of_run(run));
        }
        Quicklist { tree, limit, is_listpack }
    }

    pub(crate) fn len(&self) -> usize {
        self.tree.len()
    }

    pub(super) fn is_listpack(&self) -> bool {
        self.is_listpack
    }

    /// Memory of the whole list, itself included.
    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(size_of::<Quicklist>()) + self.tree.heap_bytes()
    }

    /// The elements of a node; none behind the last.
    pub(super) fn node_iter(&self, number: usize) -> Option<NodeIter<'_>> {
        self.tree.get(number).map(|it| it.iter_from(0))
    }

    /// The node with an element, and its elements from this one on, or up to it.
    pub(super) fn seek(&self, index: usize, towards: End) -> (usize, NodeIter<'_>) {
        let (number, offset) = self.tree.locate(index);
        let node = self.node(number);
        match towards {
            End::Back => (number, node.iter_from(offset)),
            End::Front => (number, node.iter_to(offset + 1)),
        }
    }

    fn node(&self, number: usize) -> &Node {
        self.tree.get(number).expect("a node that was just located")
    }

    /// Bytes of the listpack, of a list that Valkey keeps in one.
    pub(super) fn listpack_bytes(&self) -> usize {
        self.tree.get(0).map_or(listpack::HEAD_BYTES, Node::listpack_bytes)
    }

    /// From now on nodes have a limit.
    pub(super) fn leave_listpack(&mut self, limit: NodeLimit) {
        self.is_listpack = false;
        self.limit = limit;
    }

    /// Becomes a listpack again when it is one node within a part of the limit.
    pub(super) fn enter_listpack(&mut self, limit: NodeLimit, divisor: usize) {
        let Some(node) = self.tree.get(0) else { return };
        let is_one = self.tree.n_nodes() == 1 && !node.is_alone();
        self.is_listpack |= is_one && limit.is_met(divisor, node.listpack_bytes(), node.len());
    }

    /// The one run of a listpack that is small enough to be packed.
    pub(super) fn take_run(&mut self, len_max: usize) -> Option<Vec<u8>> {
        if !self.is_listpack || len_max < self.tree.get(0)?.run_len() {
            return None;
        }
        self.tree.remove(0).into_run()
    }

    pub(super) fn push(&mut self, value: &NewValue<'_>, end: End) {
        let n_nodes = self.tree.n_nodes();
        let number = if end == End::Front { 0 } else { n_nodes.saturating_sub(1) };
        if self.has_room(Some(number), value) {
            return self.tree.edit(number, |node| {
                let offset = if end == End::Front { 0 } else { node.len() };
                node.insert(offset, value);
            });
        }
        if n_nodes != 0 {
            self.tree.edit(number, Node::finish);
        }
        let number = if end == End::Front { 0 } else { n_nodes };
        self.tree.insert(number, self.new_node(value));
    }

    /// A node of one element.
    fn new_node(&self, value: &NewValue<'_>) -> Node {
        if self.is_large(value) { Node::alone(value) } else { Node::of_one(value) }
    }

    fn is_large(&self, value: &NewValue<'_>) -> bool {
        !self.is_listpack && self.limit.is_large(value.as_slice().len())
    }

    /// Whether a node takes one more. One that is not there does not.
    fn has_room(&self, number: Option<usize>, value: &NewValue<'_>) -> bool {
        let Some(node) = number.and_then(|it| self.tree.get(it)) else { return false };
        if self.is_listpack {
            return true;
        }
        let n_bytes = node.listpack_bytes() + value.as_slice().len() + ENTRY_ESTIMATE_BYTES;
        !node.is_alone()
            && !self.is_large(value)
            && !self.limit.is_exceeded(n_bytes, node.len() + 1)
    }

    /// Puts a value next to the element at an index.
    pub(super) fn insert(&mut self, index: usize, side: Side, value: &NewValue<'_>) {
        let (number, offset) = self.tree.locate(index);
        self.insert_at(number, offset, side, value);
    }

    fn insert_at(&mut self, number: usize, offset: usize, side: Side, value: &NewValue<'_>) {
        let is_after = side == Side::After;
        let place = offset + usize::from(is_after);
        if self.has_room(Some(number), value) {
            return self.tree.edit(number, |node| node.insert(place, value));
        }
        let at_end = place == if is_after { self.node(number).len() } else { 0 };
        if !at_end {
            return self.insert_into_full(number, place, side, value);
        }
        let neighbour = if is_after { Some(number + 1) } else { number.checked_sub(1) };
        match neighbour {
            Some(it) if self.has_room(neighbour, value) => self.tree.edit(it, |node| {
                let place = if is_after { 0 } else { node.len() };
                node.insert(place, value);
            }),
            _ => self.tree.insert(number + usize::from(is_after), self.new_node(value)),
        }
    }

    /// Puts a value into the middle of a node that has no room for it.
    fn insert_into_full(&mut self, number: usize, place: usize, side: Side, value: &NewValue<'_>) {
        let mut rest = self.tree.edit(number, |node| node.split_off(place));
        if self.is_large(value) {
            self.tree.insert(number + 1, rest);
            return self.tree.insert(number + 1, Node::alone(value));
        }
        // The part with the element that the new one stands next to stays as it is.
        let center = match side {
            Side::After => {
                rest.insert(0, value);
                number
            }
            Side::Before => {
                self.tree.edit(number, |node| node.insert(node.len(), value));
                number + 1
            }
        };
        self.tree.insert(number + 1, rest);
        self.merge_around(center);
    }

    /// Gives the element at an index another value.
    pub(super) fn replace(&mut self, index: usize, value: &NewValue<'_>) {
        let (number, offset) = self.tree.locate(index);
        let (is_alone, n_entries) = (self.node(number).is_alone(), self.node(number).len());
        match (is_alone, self.is_large(value)) {
            (false, false) => self.tree.edit(number, |node| node.replace(offset, value)),
            (true, true) => self.tree.edit(number, |node| *node = Node::alone(value)),
            (true, false) => {
                self.insert_at(number, 0, Side::After, value);
                self.tree.remove(number);
            }
            (false, true) if n_entries == 1 => {
                self.tree.edit(number, |node| *node = Node::alone(value));
            }
            (false, true) => self.replace_with_large(number, offset, value),
        }
    }

    fn replace_with_large(&mut self, number: usize, offset: usize, value: &NewValue<'_>) {
        let n_entries = self.node(number).len();
        if offset + 1 != n_entries {
            let rest = self.tree.edit(number, |node| node.split_off(offset + 1));
            self.tree.insert(number + 1, rest);
        }
        self.tree.insert(number + 1, Node::alone(value));
        if offset == 0 {
            self.tree.remove(number);
        } else {
            self.tree.edit(number, |node| node.remove(offset, 1));
            self.merge_around(number + 1);
        }
    }

    /// Merges the nodes around one where their limit allows it: the two before it, the two behind
    /// it, then itself with its neighbours.
    fn merge_around(&mut self, center: usize) {
        let mut center = center;
        if 2 <= center && self.merge(center - 2) {
            center -= 1;
        }
        self.merge(center + 1);
        if 1 <= center && self.merge(center - 1) {
            center -= 1;
        }
        self.merge(center);
    }

    /// Merges a node with the next, if there is one and both fit into one.
    fn merge(&mut self, number: usize) -> bool {
        let (Some(left), Some(right)) = (self.tree.get(number), self.tree.get(number + 1)) else {
            return false;
        };
        let n_bytes = left.listpack_bytes() + right.listpack_bytes();
        if left.is_alone()
            || right.is_alone()
            || self.limit.is_exceeded(n_bytes - MERGE_SAVES_BYTES, left.len() + right.len())
        {
            return false;
        }
        let right = self.tree.remove(number + 1);
        self.tree.edit(number, |node| node.append(right));
        true
    }

    /// Takes out so many elements from an index on.
    pub(super) fn remove(&mut self, index: usize, n_elements: usize) {
        let mut n_left = n_elements.min(self.len() - index);
        while n_left != 0 {
            let (number, offset) = self.tree.locate(index);
            let n_behind = self.node(number).len() - offset;
            let n_gone = n_left.min(n_behind);
            if offset == 0 && n_gone == n_behind {
                self.tree.remove(number);
            } else {
                self.tree.edit(number, |node| node.remove(offset, n_gone));
            }
            n_left -= n_gone;
        }
    }

    /// Takes out `n_max` elements that equal a value, from one end on. How many they were.
    pub(super) fn remove_equal(&mut self, wanted: &[u8], n_max: usize, from: End) -> usize {
        let mut n_gone = 0;
        let mut number = if from == End::Front { 0 } else { self.tree.n_nodes().wrapping_sub(1) };
        while n_gone < n_max
            && let Some(node) = self.tree.get(number)
        {
            let is_alone = node.is_alone();
            let n_here =
                self.tree.edit(number, |node| node.remove_equal(wanted, n_max - n_gone, from));
            n_gone += n_here;
            let is_empty = self.node(number).len() == if is_alone { n_here } else { 0 };
            if is_empty {
                self.tree.remove(number);
            }
            number = match from {
                End::Front if is_empty => number,
                End::Front => number + 1,
                // There is no node of the number that this comes to in front of the first.
                End::Back => number.wrapping_sub(1),
            };
        }
        n_gone
    }
}

#[cfg(test)]
impl Quicklist {
    pub(super) fn check_books(&self) {
        self.tree.check_books();
        assert!(!self.is_listpack || self.tree.n_nodes() == 1);
    }
}
