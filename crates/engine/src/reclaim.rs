//! Getting memory back: compaction of segments, the sweep for expired items, eviction.

use crate::happenings::{Interests, What};
use crate::index::{At, Slot};
use crate::layout::SECONDS_MASK;
use crate::pool::BLOCK_MIN;
use crate::purge::Purged;
use crate::segment::{Location, Segments};
use crate::shard::{Shard, seconds};

/// Items compared before one is evicted. Redis samples 5 by default; more cost little here, as
/// neighbouring slots share a cache line.
const EVICTION_SAMPLES: usize = 10;

/// Items moved or examined between two looks at the caller's patience.
const ITEMS_PER_LOOK: usize = 64;

/// Items that a sweep examines between two looks: removing one costs about 0.2 microseconds.
pub(crate) const ITEMS_SWEPT_PER_LOOK: usize = 16;

/// A segment being emptied: its id and how far it has been walked.
#[derive(Clone, Copy)]
pub(crate) struct Compaction {
    id: usize,
    offset: usize,
}

/// A walk through the segments in search of expired items.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sweep {
    /// The segment being walked and how far.
    at: Option<(usize, usize)>,
    /// Where the next search for a segment starts.
    next_id: usize,
}

/// What a part of a sweep met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Swept {
    pub(crate) n_examined: usize,
    pub(crate) n_expired: usize,
    /// Segments that may hold expired items remain.
    pub(crate) more: bool,
}

impl Shard {
    /// Dead bytes are let grow to an eighth of the log before moving live ones pays.
    pub(crate) fn wants_compaction(&self) -> bool {
        let segments = &self.segments;
        self.compaction.is_some() || segments.bytes / 8 + BLOCK_MIN < segments.dead_bytes
    }

    /// Moves up to `n_items` live items out of the deadest segment. True when one was freed.
    pub(crate) fn compact(&mut self, n_items: usize) -> bool {
        let Some(mut walk) = self.compaction.or_else(|| self.choose_victim()) else {
            return false;
        };
        for _ in 0..n_items {
            let Some(location) = self.segments.item_at(walk.id, walk.offset) else {
                self.segments.release(walk.id);
                self.compaction = None;
                return true;
            };
            let item = self.segments.item(location);
            walk.offset += item.size();
            if !item.is_dead() {
                let (at, _) = self.found_at(location);
                let moved = self.segments.relocate(location);
                self.index.set_location(at, moved);
            }
        }
        self.compaction = Some(walk);
        false
    }

    /// The segment with the largest dead share, if that is worth the walk.
    fn choose_victim(&self) -> Option<Compaction> {
        let share = |id: usize| {
            let it = self.segments.get(id);
            if it.size == 0 { 0 } else { u64::from(it.dead) * 1024 / u64::from(it.size) }
        };
        (0..self.segments.n_ids())
            .filter(|id| !self.segments.is_active(*id) && !self.sweep.is_in(*id))
            .max_by_key(|id| share(*id))
            .filter(|id| VICTIM_DEAD_1024THS <= share(*id))
            .map(|id| Compaction { id, offset: Segments::first_offset(id) })
    }

    /// Frees a segment in which nothing lives any more.
    pub(crate) fn release_if_dead(&mut self, id: usize) {
        let walked = self.sweep.is_in(id) || self.compaction.is_some_and(|it| it.id == id);
        if !walked && self.segments.is_dead(id) {
            self.segments.reclaim(id);
        }
    }

    /// Walks segments that may hold expired items, removing those, until none is left or
    /// `keep_going` says no.
    pub(crate) fn sweep(&mut self, now_ms: u64, keep_going: &mut dyn FnMut() -> bool) -> Swept {
        let mut swept = Swept::default();
        loop {
            let Some((id, offset)) = self.sweep.at.or_else(|| self.next_to_sweep(now_ms)) else {
                self.due_ms = self.earliest_expiry();
                return swept;
            };
            self.sweep_items(id, offset, now_ms, &mut swept);
            if !keep_going() {
                swept.more = true;
                return swept;
            }
        }
    }

    fn next_to_sweep(&mut self, now_ms: u64) -> Option<(usize, usize)> {
        let n = self.segments.n_ids();
        let start = self.sweep.next_id.min(n);
        let compacted = self.compaction.map(|it| it.id);
        let id = (start..n)
            .chain(0..start)
            .find(|id| self.segments.get(*id).expire_min_ms < now_ms && Some(*id) != compacted)?;
        // Rebuilt from the items met on the way and those written meanwhile.
        self.segments.get_mut(id).expire_min_ms = u64::MAX;
        self.sweep.next_id = id + 1;
        Some((id, Segments::first_offset(id)))
    }

    fn sweep_items(&mut self, id: usize, offset: usize, now_ms: u64, swept: &mut Swept) {
        let mut offset = offset;
        for _ in 0..ITEMS_SWEPT_PER_LOOK {
            let Some(location) = self.segments.item_at(id, offset) else {
                self.sweep.at = None;
                return self.release_if_dead(id);
            };
            let item = self.segments.item(location);
            offset += item.size();
            swept.n_examined += 1;
            self.events.n_swept += 1;
            if item.is_dead() {
                continue;
            }
            let end = item.first_end_ms();
            if end == 0 || now_ms <= end {
                self.segments.note_expire(location, end);
                continue;
            }
            swept.n_expired += 1;
            // Noted before the removal, which must not free the segment underfoot.
            self.sweep.at = Some((id, offset));
            if item.is_expired(now_ms) {
                self.expire_location(location, now_ms);
            } else if self.purge_location(location, now_ms) == Purged::InPart {
                // There is more to take out of it.
                offset -= self.segments.item(location).size();
            }
        }
        self.sweep.at = Some((id, offset));
    }

    fn earliest_expiry(&self) -> u64 {
        let ids = 0..self.segments.n_ids();
        ids.map(|id| self.segments.get(id).expire_min_ms).min().unwrap_or(u64::MAX)
    }

    /// Evicts the least recently used items of this shard until `want_bytes` went back to the
    /// keyspace or nothing is left. Returns the bytes given back.
    pub(crate) fn evict(&mut self, want_bytes: u64, now_ms: u64) -> u64 {
        let before = self.used_bytes();
        while before.saturating_sub(self.used_bytes()) < want_bytes {
            if self.wants_compaction() && self.choose_or_going() {
                self.compact(ITEMS_PER_LOOK);
                continue;
            }
            let Some((at, location)) = self.least_recently_used(now_ms) else { break };
            self.tell_eviction(location, now_ms);
            self.count_eviction(location, now_ms);
            self.tell(Interests::ENDS, self.segments.item(location).key(), What::Evicted);
            self.tell_watchers(location);
            self.remove((at, location));
        }
        if self.index.is_sparse() {
            self.index.shrink();
        }
        self.book();
        before.saturating_sub(self.used_bytes())
    }

    fn choose_or_going(&self) -> bool {
        self.compaction.is_some() || self.choose_victim().is_some()
    }

    fn least_recently_used(&mut self, now_ms: u64) -> Option<(At, Location)> {
        let random = self.random.u64(..);
        let clock = seconds(now_ms);
        let idle = |slot: Slot| {
            let used = self.segments.item(slot.location()).used_s();
            clock.wrapping_sub(used) & SECONDS_MASK
        };
        self.index
            .samples(random, EVICTION_SAMPLES)
            .max_by_key(|(_, slot)| idle(*slot))
            .map(|(at, slot)| (at, slot.location()))
    }
}

impl Sweep {
    fn is_in(&self, id: usize) -> bool {
        self.at.is_some_and(|(at, _)| at == id)
    }
}

/// A segment less dead than this (in 1/1024) is not worth compacting: a sixteenth.
const VICTIM_DEAD_1024THS: u64 = 64;
