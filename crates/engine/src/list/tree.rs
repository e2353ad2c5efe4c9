//! Nodes in order, in a tree that counts: a node is found by its number or by the index of an
//! element, and put in or taken out anywhere, in logarithmic time.

use crate::indexed::allocated;
use crate::list::node::Node;

/// Children of a branch at most. A split moves half of them.
const CHILDREN_MAX: usize = if cfg!(miri) { 4 } else { 32 };

#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    root: Branch,
}

#[derive(Debug, Default)]
struct Branch {
    sum: Sum,
    children: Children,
}

/// What lies below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    n_nodes: usize,
    n_entries: usize,
    heap_bytes: usize,
}

#[derive(Clone, Debug)]
enum Children {
    Nodes(Vec<Node>),
    Branches(Vec<Branch>),
}

impl Default for Children {
    fn default() -> Children {
        Children::Nodes(Vec::new())
    }
}

/// A copy has no room to spare, and takes less memory.
impl Clone for Branch {
    fn clone(&self) -> Branch {
        let mut branch = Branch { sum: Sum::default(), children: self.children.clone() };
        branch.recount();
        branch
    }
}

impl Tree {
    pub(super) fn n_nodes(&self) -> usize {
        self.root.sum.n_nodes
    }

    /// Elements of all nodes.
    pub(super) fn len(&self) -> usize {
        self.root.sum.n_entries
    }

    /// Memory behind the tree.
    pub(super) fn heap_bytes(&self) -> usize {
        self.root.sum.heap_bytes
    }

    /// The node with the element at `index`, which is below `len`, and its place in the node.
    pub(super) fn locate(&self, index: usize) -> (usize, usize) {
        let (mut number, mut offset, mut branch) = (0, index, &self.root);
        loop {
            match &branch.children {
                Children::Nodes(nodes) => {
                    let (at, rest) = pick(nodes, offset, Node::len, branch.sum.n_entries);
                    return (number + at, rest);
                }
                Children::Branches(branches) => {
                    let entries = |it: &Branch| it.sum.n_entries;
                    let (at, rest) = pick(branches, offset, entries, branch.sum.n_entries);
                    number += branches[..at].iter().map(|it| it.sum.n_nodes).sum::<usize>();
                    (offset, branch) = (rest, &branches[at]);
                }
            }
        }
    }

    pub(super) fn get(&self, number: usize) -> Option<&Node> {
        if self.n_nodes() <= number {
            return None;
        }
        let (mut number, mut branch) = (number, &self.root);
        loop {
            match &branch.children {
                Children::Nodes(nodes) => return nodes.get(number),
                Children::Branches(branches) => {
                    let (at, rest) = branch.pick_node(branches, number);
                    (number, branch) = (rest, &branches[at]);
                }
            }
        }
    }

    /// Changes a node, which must not become empty.
    pub(super) fn edit<R>(&mut self, number: usize, change: impl FnOnce(&mut Node) -> R) -> R {
        self.root.edit(number, change)
    }

    pub(super) fn insert(&mut self, number: usize, node: Node) {
        if let Some(right) = self.root.insert(number, node) {
            let left = std::mem::take(&mut self.root);
            self.root.children = Children::Branches(vec![left, right]);
            self.root.recount();
        }
    }

    pub(super) fn remove(&mut self, number: usize) -> Node {
        let node = self.root.remove(number);
        while let Children::Branches(branches) = &mut self.root.children
            && branches.len() == 1
        {
            self.root = branches.pop().expect("there is one");
        }
        node
    }
}

impl Branch {
    /// The child with a node, and the number of the node in it.
    fn pick_node(&self, branches: &[Branch], number: usize) -> (usize, usize) {
        pick(branches, number, |it| it.sum.n_nodes, self.sum.n_nodes)
    }

    fn edit<R>(&mut self, number: usize, change: impl FnOnce(&mut Node) -> R) -> R {
        let n_nodes = self.sum.n_nodes;
        let (before, after, result) = match &mut self.children {
            Children::Nodes(nodes) => {
                let node = &mut nodes[number];
                let before = Sum::of_node(node);
                let result = change(node);
                (before, Sum::of_node(node), result)
            }
            Children::Branches(branches) => {
                let (at, rest) = pick(branches, number, |it| it.sum.n_nodes, n_nodes);
                let branch = &mut branches[at];
                let before = branch.sum;
                let result = branch.edit(rest, change);
                (before, branch.sum, result)
            }
        };
        self.sum.n_entries = self.sum.n_entries - before.n_entries + after.n_entries;
        self.sum.heap_bytes = self.sum.heap_bytes - before.heap_bytes + after.heap_bytes;
        result
    }

    /// Returns the right half of a branch that had to be split.
    fn insert(&mut self, number: usize, node: Node) -> Option<Branch> {
        let n_nodes = self.sum.n_nodes;
        let right = match &mut self.children {
            Children::Nodes(nodes) => {
                put(nodes, number, node);
                split(nodes, number).map(Children::Nodes)
            }
            Children::Branches(branches) => {
                // Behind the last node is a place too.
                let (at, rest) = if number == n_nodes {
                    let last = branches.len() - 1;
                    (last, branches[last].sum.n_nodes)
                } else {
                    pick(branches, number, |it| it.sum.n_nodes, n_nodes)
                };
                match branches[at].insert(rest, node) {
                    Some(right) => {
                        put(branches, at + 1, right);
                        split(branches, at + 1).map(Children::Branches)
                    }
                    None => None,
                }
            }
        };
        self.recount();
        let mut right = Branch { sum: Sum::default(), children: right? };
        right.recount();
        Some(right)
    }

    fn remove(&mut self, number: usize) -> Node {
        let n_nodes = self.sum.n_nodes;
        let node = match &mut self.children {
            Children::Nodes(nodes) => take(nodes, number),
            Children::Branches(branches) => {
                let (at, rest) = pick(branches, number, |it| it.sum.n_nodes, n_nodes);
                let node = branches[at].remove(rest);
                if branches[at].sum.n_nodes == 0 {
                    take(branches, at);
                }
                node
            }
        };
        self.recount();
        node
    }

    fn recount(&mut self) {
        self.sum = match &self.children {
            Children::Nodes(nodes) => Sum::of_all(nodes, Sum::of_node),
            Children::Branches(branches) => Sum::of_all(branches, |it| it.sum),
        };
    }
}

impl Sum {
    fn of_node(node: &Node) -> Sum {
        Sum { n_nodes: 1, n_entries: node.len(), heap_bytes: node.heap_bytes() }
    }

    fn of_all<T>(children: &Vec<T>, each: impl Fn(&T) -> Sum) -> Sum {
        let heap_bytes = match children.capacity() {
            0 => 0,
            n => allocated(n * size_of::<T>()),
        };
        let mut sum = Sum { heap_bytes, ..Sum::default() };
        for child in children {
            let child = each(child);
            sum.n_nodes += child.n_nodes;
            sum.n_entries += child.n_entries;
            sum.heap_bytes += child.heap_bytes;
        }
        sum
    }
}

/// The child in which the `wanted`th of `total` things lies, and its place there. Looks from the
/// nearer end: most changes are at one.
fn pick<T>(
    children: &[T],
    wanted: usize,
    count: impl Fn(&T) -> usize,
    total: usize,
) -> (usize, usize) {
    debug_assert!(wanted < total);
    if wanted < total / 2 {
        let mut rest = wanted;
        let mut at = 0;
        while count(&children[at]) <= rest {
            rest -= count(&children[at]);
            at += 1;
        }
        return (at, rest);
    }
    let mut start = total;
    let mut at = children.len();
    while wanted < start {
        at -= 1;
        start -= count(&children[at]);
    }
    (at, wanted - start)
}

/// Inserts with little room to spare: a list of a few nodes is mostly those.
fn put<T>(children: &mut Vec<T>, at: usize, child: T) {
    if children.len() == children.capacity() {
        children.reserve_exact((children.len() / 2).max(1));
    }
    children.insert(at, child);
}

fn take<T>(children: &mut Vec<T>, at: usize) -> T {
    let child = children.remove(at);
    if children.len() < children.capacity() / 4 {
        children.shrink_to(children.len() * 2);
    }
    child
}

/// The right part of children that have become too many. What grows at its end is left full.
fn split<T>(children: &mut Vec<T>, inserted: usize) -> Option<Vec<T>> {
    if children.len() <= CHILDREN_MAX {
        return None;
    }
    let is_last = inserted + 1 == children.len();
    let mut right = Vec::new();
    let kept = if is_last { inserted } else { children.len() / 2 };
    right.extend(children.drain(kept..));
    Some(right)
}

#[cfg(test)]
impl Tree {
    /// The sums agree with what they count.
    pub(super) fn check_books(&self) {
        self.root.check_books();
    }
}

#[cfg(test)]
impl Branch {
    fn check_books(&self) {
        let own = match &self.children {
            Children::Nodes(nodes) => {
                assert!(nodes.iter().all(|it| it.len() != 0) && nodes.len() <= CHILDREN_MAX);
                Sum::of_all(nodes, Sum::of_node)
            }
            Children::Branches(branches) => {
                branches.iter().for_each(Branch::check_books);
                assert!(branches.len() <= CHILDREN_MAX);
                Sum::of_all(branches, |it| it.sum)
            }
        };
        assert_eq!(own, self.sum);
    }
}
