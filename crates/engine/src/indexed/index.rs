//! Finds an entry's number by the 32-bit hash of its key, and walks the numbers in hash order.
//!
//! Extendible hashing: the upper bits of a hash pick a leaf through a directory; a leaf is a small
//! table. A full leaf is split in two by one more bit, two sparse neighbours are merged. So one
//! insertion never rebuilds more than a leaf (`LEAF_SLOTS_MAX` slots, some 30 µs) and now and then
//! doubles the directory (a plain copy: 64 KiB at 10 million fields, 8 MiB at a thousand million).
//!
//! A scan walks in order of the hashes and its cursor is the next hash to visit. Splits, merges
//! and renumberings move slots but never change a hash, so whatever was present throughout is
//! visited: each hash is in some leaf at the moment that the cursor passes it.

use hashbrown::HashTable;

/// Slots of a leaf: what hashbrown holds in 2048 buckets at its highest load.
const LEAF_SLOTS_MAX: usize = 1792;
/// Two neighbours with no more than this together become one leaf. Far below the point where
/// they would split again, so that changing sizes do not flap.
const MERGE_SLOTS_MAX: usize = LEAF_SLOTS_MAX / 4;
/// Most bits the directory uses: 4 million leaves. Beyond it leaves grow instead, so that many
/// equal hashes cannot double the directory forever.
const DEPTH_MAX: u32 = 22;
/// A lone leaf's table is not made smaller than this.
const LEAF_BUCKETS_KEPT: usize = 128;

const HASH_BITS: u32 = u32::BITS;

#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// Upper bits of a hash that pick a place in the directory.
    depth: u32,
    /// Leaf of each place. A leaf of fewer bits than `depth` has several places, side by side.
    directory: Vec<u32>,
    leaves: Vec<Leaf>,
    /// Leaves that use all `depth` bits. When there are none, the directory can halve.
    n_deepest: usize,
    /// Memory of the leaves' tables.
    slot_bytes: usize,
}

#[derive(Clone, Debug)]
struct Leaf {
    slots: HashTable<Slot>,
    /// The leaf holds the hashes that agree with `prefix` in this many upper bits.
    depth: u32,
    /// The lowest hash that belongs here.
    prefix: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    number: u32,
}

impl Index {
    pub(crate) fn with_capacity(n_slots: usize) -> Index {
        let slots = HashTable::with_capacity(n_slots.min(LEAF_SLOTS_MAX));
        let slot_bytes = slots.allocation_size();
        let leaf = Leaf { slots, depth: 0, prefix: 0 };
        Index { depth: 0, directory: vec![0], leaves: vec![leaf], n_deepest: 1, slot_bytes }
    }

    /// Memory on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.slot_bytes
            + self.directory.capacity() * size_of::<u32>()
            + self.leaves.capacity() * size_of::<Leaf>()
    }

    /// The number under `hash` for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let slots = &self.leaves[self.leaf_of(hash)].slots;
        let found = slots.find(spread(hash), |it| it.hash == hash && is_it(it.number));
        found.map(|it| it.number)
    }

    /// Adds a number that is not in the index yet.
    pub(crate) fn insert(&mut self, hash: u32, number: u32) {
        let mut leaf = self.leaf_of(hash);
        // Each turn gives the leaf one more bit, so there are at most `DEPTH_MAX` turns; with
        // hashes that are spread, a second one is unheard of.
        while self.leaves[leaf].slots.len() >= LEAF_SLOTS_MAX && self.leaves[leaf].depth < DEPTH_MAX
        {
            self.split(leaf);
            leaf = self.leaf_of(hash);
        }
        self.change_slots(leaf, |slots| {
            slots.insert_unique(spread(hash), Slot { hash, number }, |it| spread(it.hash));
        });
    }

    pub(crate) fn remove(&mut self, hash: u32, number: u32) {
        let leaf = self.leaf_of(hash);
        let slots = &mut self.leaves[leaf].slots;
        let is_it = |it: &Slot| it.hash == hash && it.number == number;
        if let Ok(found) = slots.find_entry(spread(hash), is_it) {
            found.remove();
        }
        if slots.len() <= MERGE_SLOTS_MAX {
            self.shrink(leaf);
        }
    }

    /// The entry under `hash` that had the number `old` is now `new`.
    pub(crate) fn renumber(&mut self, hash: u32, old: u32, new: u32) {
        let leaf = self.leaf_of(hash);
        let slots = &mut self.leaves[leaf].slots;
        let found = slots.find_mut(spread(hash), |it| it.hash == hash && it.number == old);
        found.expect("every entry has its slot").number = new;
    }

    /// Visits at least `count` hashes with their numbers (or all that are left) in order of the
    /// hashes, from the hash `cursor` on. Returns the hash to go on from, 0 at the end.
    pub(crate) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(u32, u32)) -> u64 {
        let Ok(mut from) = u32::try_from(cursor) else { return 0 };
        let mut n_left = count.max(1);
        let mut slots = Vec::new();
        loop {
            let leaf = &self.leaves[self.leaf_of(from)];
            slots.clear();
            slots.extend(leaf.slots.iter().filter(|it| it.hash >= from));
            let last = leaf.take_first(&mut slots, n_left);
            for slot in &slots {
                visit(slot.hash, slot.number);
            }
            let Some(next) = last.checked_add(1) else { return 0 };
            // An empty leaf counts as one: the work of a step stays in bounds.
            n_left = n_left.saturating_sub(slots.len().max(1));
            if n_left == 0 {
                return u64::from(next);
            }
            from = next;
        }
    }

    #[inline]
    fn leaf_of(&self, hash: u32) -> usize {
        self.directory[place(hash, self.depth)] as usize
    }

    /// Changes the slots of a leaf and keeps the books of their memory.
    fn change_slots(&mut self, leaf: usize, change: impl FnOnce(&mut HashTable<Slot>)) {
        let slots = &mut self.leaves[leaf].slots;
        let before = slots.allocation_size();
        change(slots);
        self.slot_bytes = self.slot_bytes - before + slots.allocation_size();
    }

    /// Gives a leaf one more bit; what has it set goes to a new leaf.
    fn split(&mut self, leaf: usize) {
        if self.leaves[leaf].depth == self.depth {
            self.directory = self.directory.iter().flat_map(|&it| [it, it]).collect();
            self.depth += 1;
            self.n_deepest = 0;
        }
        let lower = &mut self.leaves[leaf];
        lower.depth += 1;
        let (depth, prefix) = (lower.depth, lower.prefix | low_bit(lower.depth));
        let old = std::mem::take(&mut lower.slots);
        let n_upper = old.iter().filter(|it| it.hash >= prefix).count();
        let mut upper = Leaf { slots: HashTable::with_capacity(n_upper), depth, prefix };
        self.slot_bytes -= old.allocation_size();
        lower.slots = HashTable::with_capacity(old.len() - n_upper);
        for slot in old {
            let half = if slot.hash >= prefix { &mut upper } else { &mut *lower };
            half.slots.insert_unique(spread(slot.hash), slot, |it| spread(it.hash));
        }
        self.slot_bytes += lower.slots.allocation_size() + upper.slots.allocation_size();
        self.n_deepest += if depth == self.depth { 2 } else { 0 };
        self.leaves.push(upper);
        self.point_to(self.leaves.len() - 1);
    }

    /// Gives back memory of a leaf that few slots are left in: merges it with its neighbour, or
    /// shrinks its table when it is alone.
    fn shrink(&mut self, leaf: usize) {
        let Leaf { ref slots, depth, prefix } = self.leaves[leaf];
        if depth == 0 {
            // Not by `capacity()`: that is lower while marks of removed slots are about.
            if slots.num_buckets() > LEAF_BUCKETS_KEPT.max(8 * slots.len()) {
                self.change_slots(leaf, |it| it.shrink_to(2 * it.len(), |it| spread(it.hash)));
            }
            return;
        }
        let other = self.leaf_of(prefix ^ low_bit(depth));
        let n_together = slots.len() + self.leaves[other].slots.len();
        if self.leaves[other].depth == depth && n_together <= MERGE_SLOTS_MAX {
            let (lower, upper) =
                if prefix & low_bit(depth) == 0 { (leaf, other) } else { (other, leaf) };
            self.merge(lower, upper);
        }
    }

    fn merge(&mut self, lower: usize, upper: usize) {
        let gone = std::mem::take(&mut self.leaves[upper].slots);
        self.slot_bytes -= gone.allocation_size();
        self.change_slots(lower, |slots| {
            for slot in gone {
                slots.insert_unique(spread(slot.hash), slot, |it| spread(it.hash));
            }
        });
        if self.leaves[lower].depth == self.depth {
            self.n_deepest -= 2;
        }
        self.leaves[lower].depth -= 1;
        self.point_to(lower);
        self.leaves.swap_remove(upper);
        if upper < self.leaves.len() {
            self.point_to(upper);
        }
        if self.leaves.len() < self.leaves.capacity() / 4 {
            self.leaves.shrink_to(2 * self.leaves.len());
        }
        if self.n_deepest == 0 {
            self.halve_directory();
        }
    }

    fn halve_directory(&mut self) {
        self.directory = self.directory.iter().step_by(2).copied().collect();
        self.depth -= 1;
        self.n_deepest = self.leaves.iter().filter(|it| it.depth == self.depth).count();
    }

    /// Lets all places of a leaf in the directory lead to it.
    fn point_to(&mut self, leaf: usize) {
        let Leaf { depth, prefix, .. } = self.leaves[leaf];
        let first = place(prefix, self.depth);
        let n_places = 1 << (self.depth - depth);
        self.directory[first..first + n_places].fill(leaf as u32);
    }
}

impl Leaf {
    /// Cuts `slots` (the ones of this leaf that are still to be visited) down to those of the
    /// `count` lowest hashes and returns the last hash that is done with them. Equal hashes stay
    /// together, for a cursor cannot stand between them.
    fn take_first(&self, slots: &mut Vec<Slot>, count: usize) -> u32 {
        if slots.len() <= count {
            return self.prefix + (u32::MAX >> self.depth);
        }
        let (_, last, _) = slots.select_nth_unstable_by_key(count - 1, |it| it.hash);
        let last = last.hash;
        slots.retain(|it| it.hash <= last);
        last
    }
}

/// The place of a hash in a directory of `depth` bits.
#[inline]
fn place(hash: u32, depth: u32) -> usize {
    (u64::from(hash) >> (HASH_BITS - depth)) as usize
}

/// The lowest of the upper `depth` bits.
fn low_bit(depth: u32) -> u32 {
    1 << (HASH_BITS - depth)
}

/// hashbrown takes the bucket from the lower bits of its hash and a tag from the upper seven.
/// Leaves share their upper bits, so these are mixed with the lower ones.
#[inline]
fn spread(hash: u32) -> u64 {
    // 2^64 divided by the golden ratio: an odd number without a pattern.
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Random;

    impl Index {
        fn check(&self) {
            assert_eq!(self.directory.len(), 1 << self.depth);
            let n_deepest = self.leaves.iter().filter(|it| it.depth == self.depth).count();
            assert_eq!(self.n_deepest, n_deepest);
            for (place_index, &leaf) in self.directory.iter().enumerate() {
                let leaf = &self.leaves[leaf as usize];
                let first = place(leaf.prefix, self.depth);
                assert!((first..first + (1 << (self.depth - leaf.depth))).contains(&place_index));
                assert!(leaf.slots.capacity() <= 2 * LEAF_SLOTS_MAX || leaf.depth == DEPTH_MAX);
                for slot in &leaf.slots {
                    assert_eq!(place(slot.hash, leaf.depth), place(leaf.prefix, leaf.depth));
                }
            }
            let slot_bytes: usize = self.leaves.iter().map(|it| it.slots.allocation_size()).sum();
            assert_eq!(self.slot_bytes, slot_bytes);
        }
    }

    /// Hashes that are spread over all 32 bits: multiplication by an odd number is a bijection.
    fn hash_of(number: u32) -> u32 {
        number.wrapping_mul(0x9e37_79b1)
    }

    /// Two histories that end with a table of a thousand buckets full of the marks of removed
    /// slots, whose `capacity()` is a tenth of that.
    #[test]
    #[cfg_attr(miri, ignore = "takes too long")]
    fn an_emptied_index_is_small() {
        for seed in [57, 395] {
            let mut random = Random::new(seed);
            let mut index = Index::with_capacity(0);
            let hashes: Vec<u32> = (0..60_000).map(|_| random.next() as u32).collect();
            for hash in &hashes {
                index.insert(*hash, 0);
            }
            for hash in &hashes {
                index.remove(*hash, 0);
            }
            index.check();
            assert!(index.bytes() < 2048, "{} bytes are left", index.bytes());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes too long")]
    fn leaves_split_and_merge_and_lose_nothing() {
        let n_slots = 50_000;
        let mut index = Index::with_capacity(0);
        let bytes_empty = index.bytes();
        for number in 0..n_slots {
            index.insert(hash_of(number), number);
        }
        index.check();
        assert!(index.leaves.len() as u32 > n_slots / 2000, "it must have split");
        for number in 0..n_slots {
            assert_eq!(index.find(hash_of(number), |it| it == number), Some(number));
            index.renumber(hash_of(number), number, number + n_slots);
        }
        for number in 0..n_slots {
            index.remove(hash_of(number), number + n_slots);
        }
        index.check();
        assert_eq!((index.leaves.len(), index.depth), (1, 0));
        assert!(index.bytes() < bytes_empty + 4096, "{} bytes are left", index.bytes());
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes too long")]
    fn equal_hashes_neither_loop_nor_split_a_scan() {
        let n_slots = 5_000;
        let mut index = Index::with_capacity(0);
        for number in 0..n_slots {
            index.insert(u32::MAX, number);
        }
        index.check();
        let mut n_visited = 0;
        // Each of the empty leaves in front of the full one counts as one.
        let cursor = index.scan(0, 10, |_, _| n_visited += 1);
        assert!(cursor != 0 && n_visited == 0);
        let cursor = index.scan(cursor, 30, |_, _| n_visited += 1);
        assert_eq!((cursor, n_visited), (0, n_slots));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes too long")]
    fn no_hash_falls_between_two_steps() {
        let mut index = Index::with_capacity(0);
        let n_slots = 20_000;
        let mut hashes: Vec<_> = (0..n_slots).map(hash_of).collect();
        hashes.iter().zip(0..).for_each(|(&hash, number)| index.insert(hash, number));
        // The first and the last hash of each leaf, and neighbours to stop between.
        let firsts: Vec<_> = index.leaves.iter().map(|it| it.prefix).collect();
        for first in firsts {
            for hash in [first.wrapping_sub(1), first, first + 1] {
                index.insert(hash, hashes.len() as u32);
                hashes.push(hash);
            }
        }
        let (mut visited, mut cursor) = (Vec::new(), 0);
        loop {
            cursor = index.scan(cursor, 1, |_, number| visited.push(number));
            if cursor == 0 {
                break;
            }
        }
        visited.sort_unstable();
        assert!(visited.into_iter().eq(0..hashes.len() as u32));
    }

    #[test]
    fn a_cursor_from_nowhere_ends_the_scan() {
        let index = Index::with_capacity(0);
        assert_eq!(index.scan(u64::MAX, 10, |_, _| {}), 0);
        assert_eq!(index.scan(1 << 32, 10, |_, _| {}), 0);
    }
}
