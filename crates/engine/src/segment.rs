//! A shard's log of items: segments that fill from the front and die from anywhere.
#![expect(unsafe_code, reason = "turns locations into items")]

use std::ptr::NonNull;
use std::sync::Arc;

use crate::item::{INLINE_BYTES_MAX, ItemMut, ItemRef};
use crate::pool::{BLOCK_MAX, BLOCK_MIN, Pool};

/// Bits of a location that say where in its segment an item starts, in units of 8 bytes.
const OFFSET_BITS: u32 = (BLOCK_MAX / 8).trailing_zeros();
const OFFSET_MASK: u32 = (1 << OFFSET_BITS) - 1;

/// Segments per shard: 32 GiB of items.
const SEGMENTS_MAX: usize = 1 << (32 - OFFSET_BITS);

/// A shard's segments are about this fraction of what it holds, so that a small cache is not
/// eaten by half-filled ones.
const SEGMENT_SHARE: usize = 8;

/// A new segment has room for this many items like the one it is opened for, so that the tail
/// that stays empty is an eighth at most.
const ITEMS_MIN: usize = 8;

/// Items whose tail waste is small enough: half an item in a few hundred.
const ITEMS_ENOUGH: usize = 512;

/// A shard with more segments than this takes larger ones, whatever its items, so that it never
/// runs out of segments.
const SEGMENTS_ENOUGH: usize = 1024;

/// Where an item lies: its segment and its offset there in units of 8 bytes. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location(pub(crate) u32);

impl Location {
    fn new(segment: usize, offset: usize) -> Location {
        Location((segment as u32) << OFFSET_BITS | (offset / 8) as u32)
    }

    pub(crate) fn segment(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize
    }

    fn offset(self) -> usize {
        (self.0 & OFFSET_MASK) as usize * 8
    }
}

pub(crate) struct Segment {
    pub(crate) size: u32,
    /// Bytes filled, from the front.
    pub(crate) used: u32,
    /// Bytes of dead items among them.
    pub(crate) dead: u32,
    /// No live item here, and no field of one, expires before this (ms since the epoch);
    /// `u64::MAX` for never.
    pub(crate) expire_min_ms: u64,
}

impl Segment {
    const FREE: Segment = Segment { size: 0, used: 0, dead: 0, expire_min_ms: u64::MAX };
}

/// The segments of one shard. What a read touches comes first.
#[repr(C)]
pub(crate) struct Segments {
    /// Where each segment is in memory, apart from the rest: reads need nothing else, and eight
    /// share a cache line.
    starts: Vec<Option<NonNull<u8>>>,
    list: Vec<Segment>,
    pool: Arc<Pool>,
    free_ids: Vec<u32>,
    /// The segment that new items go to.
    active: usize,
    /// Bytes of all segments, and of the dead items in them.
    pub(crate) bytes: usize,
    pub(crate) dead_bytes: usize,
    pub(crate) n_boxed: usize,
}

// SAFETY: segments are plain memory owned by this value; access is through `&self`/`&mut self`.
unsafe impl Send for Segments {}

impl Segments {
    /// Bytes at the front that a read touches: the address and length of the starts.
    #[cfg(test)]
    pub(crate) const READ_BYTES: usize = size_of::<Vec<Option<NonNull<u8>>>>();

    pub(crate) fn new(pool: Arc<Pool>) -> Segments {
        Segments {
            pool,
            starts: Vec::new(),
            list: Vec::new(),
            free_ids: Vec::new(),
            active: 0,
            bytes: 0,
            dead_bytes: 0,
            n_boxed: 0,
        }
    }

    /// Room for `size` bytes at the head of the log: a location not yet written. Ends the process
    /// when the system has no memory left, as any allocation does.
    pub(crate) fn append(&mut self, size: usize) -> Location {
        debug_assert!(size.is_multiple_of(8));
        let has_room = self
            .list
            .get(self.active)
            .is_some_and(|it| it.used as usize + size <= it.size as usize);
        if !has_room {
            self.open_segment(size);
        }
        let segment = &mut self.list[self.active];
        let location = Location::new(self.active, segment.used as usize);
        segment.used += size as u32;
        location
    }

    fn open_segment(&mut self, item_size: usize) {
        if let Some(last) = self.list.get_mut(self.active) {
            // The tail that stays empty counts as dead: compaction gets it back.
            let rest = last.size - last.used;
            last.dead += rest;
            self.dead_bytes += rest as usize;
        }
        // The first segment starts with 8 bytes that no item has: location 0 means none.
        let size = self.next_size(item_size);
        let id = self.free_ids.pop().map_or_else(
            || {
                self.starts.push(None);
                self.list.push(Segment::FREE);
                self.list.len() - 1
            },
            |id| id as usize,
        );
        assert!(id < SEGMENTS_MAX, "a shard holds less than 32 GiB");
        self.starts[id] = Some(self.pool.take(size));
        let used = if id == 0 { 8 } else { 0 };
        self.list[id] = Segment { size: size as u32, used, ..Segment::FREE };
        self.bytes += size;
        self.active = id;
    }

    /// How large a segment to open for items of about this size. Large ones waste less at their
    /// tails, small ones are emptied sooner and suit small shards.
    fn next_size(&self, item_size: usize) -> usize {
        let enough = (item_size * ITEMS_ENOUGH).max(self.bytes / SEGMENTS_ENOUGH);
        let wanted = (self.bytes / SEGMENT_SHARE).min(enough).max(item_size * ITEMS_MIN);
        wanted.next_power_of_two().clamp(BLOCK_MIN, BLOCK_MAX)
    }

    /// Gives a segment's memory back. No live item is in it.
    pub(crate) fn release(&mut self, id: usize) {
        let segment = std::mem::replace(&mut self.list[id], Segment::FREE);
        let Some(start) = self.starts[id].take() else { return };
        self.bytes -= segment.size as usize;
        self.dead_bytes -= segment.dead as usize;
        self.pool.give(start, segment.size as usize);
        self.free_ids.push(id as u32);
    }

    /// True when nothing lives in a segment. What the active one has left is free, not dead.
    pub(crate) fn is_dead(&self, id: usize) -> bool {
        let it = &self.list[id];
        let end = if self.is_active(id) { it.used } else { it.size };
        // Segment 0 starts with 8 bytes that belong to no item.
        it.dead as usize + Segments::first_offset(id) == end as usize
    }

    /// Gives a dead segment's memory back. A small active one starts over where it is, so that a
    /// key that comes and goes alone does not ask the pool each time.
    pub(crate) fn reclaim(&mut self, id: usize) {
        if !self.is_active(id) || self.list[id].size as usize != BLOCK_MIN {
            return self.release(id);
        }
        let it = &mut self.list[id];
        self.dead_bytes -= it.dead as usize;
        it.used = Segments::first_offset(id) as u32;
        it.dead = 0;
        it.expire_min_ms = u64::MAX;
    }

    pub(crate) fn get(&self, id: usize) -> &Segment {
        &self.list[id]
    }

    pub(crate) fn get_mut(&mut self, id: usize) -> &mut Segment {
        &mut self.list[id]
    }

    /// Ids run from 0 up to this; some are free.
    pub(crate) fn n_ids(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_active(&self, id: usize) -> bool {
        self.active == id
    }

    #[inline]
    fn address(&self, location: Location) -> *mut u8 {
        let start = self.starts[location.segment()].expect("a location lies in a live segment");
        debug_assert!(location.offset() < self.list[location.segment()].used as usize);
        // SAFETY: the offset is inside the segment.
        unsafe { start.add(location.offset()).as_ptr() }
    }

    /// Where the segments' addresses are, for prefetching without the lock.
    pub(crate) fn base(&self) -> *const u8 {
        self.starts.as_ptr().cast()
    }

    /// The address of an item, to be prefetched.
    #[inline]
    pub(crate) fn hint(&self, location: Location) -> *const u8 {
        self.address(location)
    }

    #[inline]
    pub(crate) fn item(&self, location: Location) -> ItemRef<'_> {
        // SAFETY: locations are made by `append` and kept only while their item is there.
        unsafe { ItemRef::new(self.address(location)) }
    }

    #[inline]
    pub(crate) fn item_mut(&mut self, location: Location) -> ItemMut<'_> {
        // SAFETY: as above, and `self` is borrowed exclusively.
        unsafe { ItemMut::new(self.address(location)) }
    }

    /// Marks an item as dead and drops its box. Its bytes stay until the segment is compacted.
    pub(crate) fn kill(&mut self, location: Location) {
        let mut item = self.item_mut(location);
        let size = item.size();
        if item.is_boxed() {
            drop(item.take_box());
            self.n_boxed -= 1;
        }
        self.item_mut(location).mark_dead();
        self.count_dead(location, size);
    }

    fn count_dead(&mut self, location: Location, size: usize) {
        self.list[location.segment()].dead += size as u32;
        self.dead_bytes += size;
    }

    /// Moves an item to the head of the log. A box moves with its pointer.
    pub(crate) fn relocate(&mut self, from: Location) -> Location {
        let size = self.item(from).size();
        let to = self.append(size);
        let (source, target) = (self.address(from), self.address(to));
        // SAFETY: two items of `size` bytes that do not overlap: `to` was free.
        unsafe { std::ptr::copy_nonoverlapping(source, target, size) };
        let end = self.item(to).first_end_ms();
        self.note_expire(to, end);
        self.item_mut(from).mark_dead();
        self.count_dead(from, size);
        to
    }

    /// Keeps the segment's earliest expiry in step with an item's.
    pub(crate) fn note_expire(&mut self, location: Location, at_ms: u64) {
        if at_ms != 0 {
            let segment = &mut self.list[location.segment()];
            segment.expire_min_ms = segment.expire_min_ms.min(at_ms);
        }
    }

    /// The first place in a segment where an item can be.
    pub(crate) fn first_offset(id: usize) -> usize {
        if id == 0 { 8 } else { 0 }
    }

    /// The item at `offset` of a segment, if the log reaches that far.
    pub(crate) fn item_at(&self, id: usize, offset: usize) -> Option<Location> {
        (offset < self.list[id].used as usize).then(|| Location::new(id, offset))
    }

    /// Bytes that were written to, dead ones included, and the list itself. What is still free of
    /// the active segment has no pages yet.
    pub(crate) fn total_bytes(&self) -> usize {
        let free = self.list.get(self.active).map_or(0, |it| it.size - it.used) as usize;
        let lists = self.list.capacity() * size_of::<Segment>()
            + self.starts.capacity() * size_of::<Option<NonNull<u8>>>();
        self.bytes - free + lists
    }

    /// Drops every box. Only the memory is left to give back.
    fn drop_boxes(&mut self) {
        for id in 0..self.list.len() {
            let mut offset = Segments::first_offset(id);
            while let Some(location) = self.item_at(id, offset) {
                let item = self.item(location);
                offset += item.size();
                if item.is_boxed() && !item.is_dead() {
                    self.kill(location);
                }
            }
        }
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        if 0 < self.n_boxed {
            self.drop_boxes();
        }
        for id in 0..self.list.len() {
            self.release(id);
        }
    }
}

const _: () = assert!(INLINE_BYTES_MAX * 4 < BLOCK_MAX, "a segment holds several items");
