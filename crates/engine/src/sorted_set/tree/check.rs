//! What has to be true of a tree between two operations.

use super::IndexedSortedSet;
use crate::sorted_set::leaf::{BYTES_MAX, MEMBER_BYTES_MAX, MEMBERS_MAX};
use crate::sorted_set::node::{CHILDREN_MAX, NONE, count};

impl IndexedSortedSet {
    pub(in crate::sorted_set) fn check(&self) {
        assert_eq!(self.nodes[self.root].parent, NONE);
        let (n_leaves, n_nodes) = self.check_node(self.root);
        assert_eq!((n_leaves, n_nodes), (self.leaves.len(), self.nodes.len()));
        assert_eq!(count(&self.nodes[self.root].children) as usize, self.n_members);
        let leaf_bytes: usize = (0..n_leaves).map(|it| self.leaves[it].heap_bytes()).sum();
        let node_bytes: usize = (0..n_nodes).map(|it| self.nodes[it].heap_bytes()).sum();
        assert_eq!((leaf_bytes, node_bytes), (self.leaf_bytes, self.node_bytes));
        // Each step merges what is sparse, so that few leaves are left when members are few.
        assert!(n_leaves as usize <= 1 + self.n_members, "{n_leaves} of {}", self.n_members);
    }

    /// Counts the leaves and nodes from one downwards.
    fn check_node(&self, number: u32) -> (u32, u32) {
        let node = &self.nodes[number];
        assert!((1..=CHILDREN_MAX).contains(&node.children.len()));
        let (mut n_leaves, mut n_nodes) = (0, 1);
        for child in &node.children {
            if node.level == 1 {
                n_leaves += 1;
                let leaf = &self.leaves[child.number];
                assert_eq!(leaf.parent, number);
                self.check_leaf(child.number);
                assert_eq!(leaf.len(), child.n_members as usize);
                assert_eq!(
                    leaf.first_score().unwrap_or(child.score).to_bits(),
                    child.score.to_bits()
                );
            } else {
                let below = &self.nodes[child.number];
                assert_eq!((below.parent, below.level), (number, node.level - 1));
                assert_eq!(count(&below.children), child.n_members);
                assert_eq!(below.children[0].score.to_bits(), child.score.to_bits());
                let (leaves, nodes) = self.check_node(child.number);
                (n_leaves, n_nodes) = (n_leaves + leaves, n_nodes + nodes);
            }
        }
        (n_leaves, n_nodes)
    }

    fn check_leaf(&self, number: u32) {
        let leaf = &self.leaves[number];
        assert!(leaf.len() <= MEMBERS_MAX && (leaf.len() > 0 || self.n_members == 0));
        let mut n_bytes = 0;
        for at in 0..leaf.len() {
            let member = self.member(super::Place { leaf: number, at });
            n_bytes += if IndexedSortedSet::is_long(member) { 4 } else { member.len() };
            let found = self.find(self.hash(member), member);
            assert_eq!(found, Some(super::Place { leaf: number, at }));
        }
        assert!(n_bytes <= BYTES_MAX + MEMBER_BYTES_MAX);
    }
}
