//! The table of a shard: 64-byte buckets of eight slots, a slot being an item's location and 32
//! bits of its key's hash.
//!
//! A key's home bucket is its hash scaled to the number of buckets, so the buckets are in hash
//! order: the table can have any size, growing it is one ordered pass that touches no item, and
//! a scan goes by hash, whatever the table's size is at each step. An item that finds its home
//! full goes to the next bucket with room; buckets fill from the front, so a search ends at the
//! first bucket with a free slot. (Bucketized linear probing, Knuth 6.4; the layout follows
//! `MemC3`, NSDI'13, and Segcache, NSDI'21.)

use std::sync::Arc;

use crate::memory::Words;
use crate::pool::Pool;
use crate::segment::Location;
use crate::simd::equal_upper_halves;

pub(crate) const SLOTS: usize = 8;
pub(crate) const SLOT_BYTES: usize = 8;

/// The table grows when more than this share of its slots is taken (in 1/64).
const LOAD_MAX_64THS: usize = 53;

/// Buckets behind the last home, for what overflows from it.
const SPILL_BUCKETS: usize = 4;

/// A location and the hash it was stored under; 0 is an empty slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u64);

impl Slot {
    fn new(hash: u32, location: Location) -> Slot {
        Slot(u64::from(hash) << 32 | u64::from(location.0))
    }

    pub(crate) fn hash(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(crate) fn location(self) -> Location {
        Location(self.0 as u32)
    }
}

/// Where a slot is in the table. Valid until the next insertion or removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(usize);

pub(crate) struct Index {
    words: Words,
    n_homes: usize,
    len: usize,
}

impl Index {
    pub(crate) fn new(pool: Arc<Pool>) -> Index {
        Index { words: Words::empty(pool), n_homes: 0, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn n_homes(&self) -> usize {
        self.n_homes
    }

    pub(crate) fn bytes(&self) -> usize {
        self.words.bytes()
    }

    /// Where the table starts, for prefetching without the lock.
    pub(crate) fn base(&self) -> *const u64 {
        self.words.as_slice().as_ptr()
    }

    /// The bucket that a hash belongs to.
    #[inline]
    pub(crate) fn home(hash: u32, n_homes: usize) -> usize {
        ((u64::from(hash) * n_homes as u64) >> 32) as usize
    }

    /// The lowest hash whose home is `bucket`.
    pub(crate) fn first_hash(bucket: usize, n_homes: usize) -> u64 {
        ((bucket as u64) << 32).div_ceil(n_homes as u64)
    }

    #[inline]
    fn bucket(&self, bucket: usize) -> Option<&[u64; SLOTS]> {
        self.words.as_slice().as_chunks::<SLOTS>().0.get(bucket)
    }

    /// The slot of a hash for whose location `is_it` holds.
    #[inline]
    pub(crate) fn find(
        &self,
        hash: u32,
        mut is_it: impl FnMut(Location) -> bool,
    ) -> Option<(At, Location)> {
        let home = Index::home(hash, self.n_homes);
        let slots = self.bucket(home)?;
        // Nearly always the first slot with the hash is the one, or there is none.
        match matches(slots, hash).next() {
            Some(i) => {
                let location = Slot(slots[i]).location();
                if is_it(location) {
                    return Some((At(home * SLOTS + i), location));
                }
            }
            None if slots[SLOTS - 1] == 0 => return None,
            None => {}
        }
        self.find_from(home, hash, is_it)
    }

    /// Searches from a bucket on.
    #[inline(never)]
    fn find_from(
        &self,
        bucket: usize,
        hash: u32,
        mut is_it: impl FnMut(Location) -> bool,
    ) -> Option<(At, Location)> {
        let mut bucket = bucket;
        while let Some(slots) = self.bucket(bucket) {
            for i in matches(slots, hash) {
                let location = Slot(slots[i]).location();
                if is_it(location) {
                    return Some((At(bucket * SLOTS + i), location));
                }
            }
            if slots[SLOTS - 1] == 0 {
                return None;
            }
            bucket += 1;
        }
        None
    }

    pub(crate) fn slot(&self, at: At) -> Slot {
        Slot(self.words.as_slice()[at.0])
    }

    /// Points a slot to where its item has moved.
    pub(crate) fn set_location(&mut self, at: At, location: Location) {
        let hash = self.slot(at).hash();
        self.words.as_mut_slice()[at.0] = Slot::new(hash, location).0;
    }

    /// Adds a slot for a key that has none. The table may move.
    pub(crate) fn insert(&mut self, hash: u32, location: Location) {
        if self.n_homes * SLOTS * LOAD_MAX_64THS <= self.len * 64 {
            self.grow(hash);
        }
        while !self.place(Slot::new(hash, location)) {
            self.rebuild(self.n_homes + self.n_homes / 4 + 1);
        }
        self.len += 1;
    }

    /// Puts a slot into the first bucket with room from its home on. False when there is none.
    fn place(&mut self, slot: Slot) -> bool {
        let home = Index::home(slot.hash(), self.n_homes);
        let buckets = self.words.as_mut_slice().as_chunks_mut::<SLOTS>().0;
        for slots in buckets.iter_mut().skip(home) {
            if slots[SLOTS - 1] != 0 {
                continue;
            }
            let free = slots.iter_mut().find(|it| **it == 0).expect("the last slot is free");
            *free = slot.0;
            return true;
        }
        false
    }

    /// Makes the table larger by an eighth to three eighths, as `random` has it: shards fill at
    /// the same pace, and if they grew alike they would all grow at once.
    fn grow(&mut self, random: u32) {
        let full = Index::homes_for(self.len + 1);
        let more_2048ths = 256 + (random % 512) as usize;
        self.rebuild(full + full * more_2048ths / 2048 + 1);
    }

    /// Homes that so many slots fill to the limit.
    fn homes_for(len: usize) -> usize {
        (len * 64).div_ceil(LOAD_MAX_64THS * SLOTS)
    }

    /// True when the table holds less than a quarter of what it has room for.
    pub(crate) fn is_sparse(&self) -> bool {
        16 < self.n_homes && self.len * 4 < self.n_homes * SLOTS * LOAD_MAX_64THS / 64
    }

    /// Makes the table a quarter larger than it must be.
    pub(crate) fn shrink(&mut self) {
        let full = Index::homes_for(self.len);
        self.rebuild(full + full / 4 + 1);
    }

    fn rebuild(&mut self, n_homes: usize) {
        let mut n_homes = n_homes;
        loop {
            let mut words = Words::zeroed((n_homes + SPILL_BUCKETS) * SLOTS, self.words.pool());
            if self.copy_into(words.as_mut_slice(), n_homes) {
                self.words = words;
                self.n_homes = n_homes;
                return;
            }
            n_homes += n_homes / 4 + 1;
        }
    }

    /// Places every slot in an empty table of `n_homes`. False when they do not fit.
    fn copy_into(&self, words: &mut [u64], n_homes: usize) -> bool {
        let buckets = words.as_chunks_mut::<SLOTS>().0;
        // Kept apart from the buckets, so that nothing waits for what was just written there.
        let mut n_taken = vec![0_u8; buckets.len()];
        for word in self.words.as_slice().iter().filter(|it| **it != 0) {
            let mut bucket = Index::home(Slot(*word).hash(), n_homes);
            while n_taken.get(bucket).is_some_and(|it| usize::from(*it) == SLOTS) {
                bucket += 1;
            }
            let Some(n) = n_taken.get_mut(bucket) else { return false };
            buckets[bucket][usize::from(*n)] = *word;
            *n += 1;
        }
        true
    }

    /// Frees a slot, and moves later ones up so that searches still end at a free slot.
    pub(crate) fn remove(&mut self, at: At) {
        self.len -= 1;
        let n_homes = self.n_homes;
        let buckets = self.words.as_mut_slice().as_chunks_mut::<SLOTS>().0;
        let (mut hole, i) = (at.0 / SLOTS, at.0 % SLOTS);
        let mut was_full = free(&mut buckets[hole], i);
        let mut next = hole + 1;
        while was_full && next < buckets.len() {
            let movable = buckets[next]
                .iter()
                .position(|it| *it != 0 && Index::home(Slot(*it).hash(), n_homes) <= hole);
            if let Some(i) = movable {
                buckets[hole][SLOTS - 1] = buckets[next][i];
                was_full = free(&mut buckets[next], i);
                hole = next;
            } else {
                was_full = buckets[next][SLOTS - 1] != 0;
            }
            next += 1;
        }
    }

    /// Every slot whose home is `bucket`, in no order.
    pub(crate) fn slots_of_home(&self, bucket: usize) -> impl Iterator<Item = Slot> + '_ {
        let buckets = self.words.as_slice().as_chunks::<SLOTS>().0;
        let n_homes = self.n_homes;
        let mut ended = false;
        buckets[bucket..]
            .iter()
            .take_while(move |slots| {
                let go_on = !ended;
                ended = slots[SLOTS - 1] == 0;
                go_on
            })
            .flatten()
            .map(|word| Slot(*word))
            .filter(move |it| it.0 != 0 && Index::home(it.hash(), n_homes) == bucket)
    }

    /// The slots of a bucket whose hash matches, to be prefetched.
    pub(crate) fn candidates(&self, hash: u32) -> impl Iterator<Item = Location> + '_ {
        let bucket = self.bucket(Index::home(hash, self.n_homes));
        bucket
            .into_iter()
            .flat_map(move |slots| matches(slots, hash).map(|i| Slot(slots[i]).location()))
    }

    /// Up to `n` taken slots from a random place on, going around.
    pub(crate) fn samples(&self, random: u64, n: usize) -> impl Iterator<Item = (At, Slot)> + '_ {
        let words = self.words.as_slice();
        let start = ((u128::from(random) * words.len() as u128) >> 64) as usize;
        (start..words.len())
            .chain(0..start)
            .filter(|i| words[*i] != 0)
            .map(|i| (At(i), Slot(words[i])))
            .take(n)
    }
}

/// The taken slots of a bucket that keep this hash.
#[inline]
fn matches(slots: &[u64; SLOTS], hash: u32) -> Matches {
    let mut bits = equal_upper_halves(slots, hash);
    if hash == 0 {
        // An empty slot looks like one that keeps hash 0.
        bits &= taken(slots);
    }
    Matches(bits)
}

#[cold]
fn taken(slots: &[u64; SLOTS]) -> u32 {
    (0..SLOTS).map(|i| u32::from(slots[i] != 0) << i).sum()
}

/// Positions in a bucket, as bits.
struct Matches(u32);

impl Iterator for Matches {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let i = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(i)
    }
}

/// Empties slot `i` and fills it with the last one of its bucket. True when the bucket was full.
fn free(slots: &mut [u64; SLOTS], i: usize) -> bool {
    let was_full = slots[SLOTS - 1] != 0;
    let last = slots.iter().rposition(|it| *it != 0).expect("slot i is taken");
    slots[i] = slots[last];
    slots[last] = 0;
    was_full
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Mixes a counter into a hash.
    fn mix(n: u64) -> u64 {
        fastrand::Rng::with_seed(n).u64(..)
    }

    fn get(index: &Index, hash: u32, location: Location) -> Option<At> {
        index.find(hash, |it| it == location).map(|(at, _)| at)
    }

    #[test]
    fn random_insertions_and_removals_agree_with_a_map() {
        let n = if cfg!(miri) { 300 } else { 20_000 };
        let mut index = Index::new(Arc::new(Pool::new()));
        let mut model: BTreeMap<u32, u32> = BTreeMap::new();
        for i in 1..n {
            // Few distinct hashes: buckets overflow and collide.
            let hash = (mix(i) as u32) & 0xfff0_00ff;
            index.insert(hash, Location(i as u32));
            model.insert(i as u32, hash);
            if mix(i ^ 0xff).is_multiple_of(3) {
                let victim = *model.range(mix(i) as u32 % i as u32..).next().unwrap().0;
                let hash = model.remove(&victim).unwrap();
                index.remove(get(&index, hash, Location(victim)).unwrap());
            }
            if i % 64 == 0 {
                for (location, hash) in &model {
                    assert!(get(&index, *hash, Location(*location)).is_some());
                }
            }
        }
        assert_eq!(index.len(), model.len());
        while let Some((location, hash)) = model.pop_first() {
            index.remove(get(&index, hash, Location(location)).unwrap());
            if index.is_sparse() {
                index.shrink();
            }
        }
        assert_eq!(index.len(), 0);
        assert!(index.n_homes() < 64, "an emptied table is small");
    }

    #[test]
    fn matches_are_the_taken_slots_with_the_hash() {
        let slot = |hash: u32, location: u32| Slot::new(hash, Location(location)).0;
        let slots = [slot(7, 1), slot(0, 2), 0, slot(u32::MAX, 3), slot(7, 4), 0, 0, slot(7, 7)];
        let found = |hash| matches(&slots, hash).collect::<Vec<_>>();
        assert_eq!(found(7), [0, 4, 7]);
        assert_eq!(found(0), [1]);
        assert_eq!(found(u32::MAX), [3]);
        assert_eq!(found(8), [0; 0]);
    }

    #[test]
    fn homes_follow_the_order_of_hashes() {
        for n_homes in [1, 2, 3, 7, 1000, 54_321] {
            for bucket in 0..n_homes {
                let first = Index::first_hash(bucket, n_homes);
                assert_eq!(Index::home(first as u32, n_homes), bucket);
                assert!(first == 0 || Index::home(first as u32 - 1, n_homes) + 1 == bucket);
            }
        }
    }
}
