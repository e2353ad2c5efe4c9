//! What the trees of a stream take.

pub(super) use crate::indexed::allocated;

/// Entries of a full leaf of the standard library's tree, and a leaf's own fields.
const LEAF_ENTRIES: usize = 11;
const LEAF_OWN_BYTES: usize = 16;
/// An inner node has one child more than entries.
const CHILDREN_BYTES: usize = (LEAF_ENTRIES + 1) * size_of::<usize>();

/// Entries of a leaf that was filled in order and split, with the one above it.
const ENTRIES_A_LEAF: usize = 7;

/// The memory of a tree of `n` entries that were added in order, as ids are.
pub(super) fn tree_bytes<K, V>(n: usize) -> usize {
    let leaf = LEAF_OWN_BYTES + LEAF_ENTRIES * (size_of::<K>() + size_of::<V>());
    if n <= LEAF_ENTRIES {
        return if n == 0 { 0 } else { allocated(leaf) };
    }
    let n_leaves = n.div_ceil(ENTRIES_A_LEAF);
    let n_inner = n_leaves.div_ceil(ENTRIES_A_LEAF - 1);
    n_leaves * allocated(leaf) + n_inner * allocated(leaf + CHILDREN_BYTES)
}
