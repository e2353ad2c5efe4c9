//! One shard: a table, a log of items, and the accounts of both. Everything here happens under
//! the shard's lock.

use std::sync::Arc;

use crate::classes::{ClassStats, FoundBy, is_active};
use crate::happenings::{Interests, What, Wrote};
use crate::index::{At, Index};
use crate::item::{Attributes, ItemRef, Payload};
use crate::key::{Key, KeyHash};
use crate::layout::{Layout, SECONDS_MASK};
use crate::ready::Ready;
use crate::reclaim::{Compaction, Sweep};
use crate::segment::{Location, Segments};
use crate::shared::{CAS_STEP, Shared};
use crate::waiters::Waiters;
use crate::watched::holds;

/// Where a live item is: its slot and its place in the log.
pub(crate) type Found = (At, Location);

/// Counters of events; they only grow until they are reset.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Events {
    pub(crate) misses: u64,
    pub(crate) evictions: u64,
    pub(crate) evictions_unfetched: u64,
    pub(crate) evictions_expiring: u64,
    pub(crate) evictions_active: u64,
    pub(crate) expirations: u64,
    pub(crate) field_expirations: u64,
    pub(crate) expirations_unfetched: u64,
    pub(crate) sweepings: u64,
    pub(crate) n_swept: u64,
    pub(crate) stores: u64,
}

const LINE_BYTES: usize = 64;

/// A core waits for about as many at a time.
pub(crate) const FETCHED_LINES_MAX: usize = 10;

/// What a shard holds at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) n_expiring: u64,
    /// Hashes with fields that expire.
    pub(crate) n_field_expiring: u64,
    /// Sum of the expiry times of the expiring items, ms since the epoch.
    pub(crate) expire_sum_ms: Sum,
    /// Live items in segments, padding included.
    pub(crate) item_bytes: u64,
    /// Boxed values and keys.
    pub(crate) heap_bytes: u64,
    /// Keys and values alone.
    pub(crate) payload_bytes: u64,
}

/// 128 bits aligned to 64: more would move what lies behind the shard's lock by eight bytes, and
/// its front would no longer fit one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(Rust, packed(8))]
pub(crate) struct Sum(pub(crate) u128);

/// What an item that is overwritten where it lies may change of the accounts.
#[derive(Clone, Copy)]
struct Part {
    expire_at_ms: u64,
    has_field_ends: bool,
    payload_bytes: usize,
}

impl Part {
    #[inline]
    fn of(item: ItemRef<'_>) -> Part {
        Part {
            expire_at_ms: item.expire_at_ms(),
            has_field_ends: item.has_field_ends(),
            payload_bytes: item.payload_bytes(),
        }
    }
}

impl Holdings {
    pub(crate) fn add(&mut self, item: ItemRef<'_>) {
        let expire = item.expire_at_ms();
        self.n_expiring += u64::from(expire != 0);
        self.n_field_expiring += u64::from(item.has_field_ends());
        self.expire_sum_ms = Sum(self.expire_sum_ms.0 + u128::from(expire));
        self.item_bytes += item.size() as u64;
        self.heap_bytes += item.heap_bytes() as u64;
        self.payload_bytes += item.payload_bytes() as u64;
    }

    pub(crate) fn subtract(&mut self, item: ItemRef<'_>) {
        let expire = item.expire_at_ms();
        self.n_expiring -= u64::from(expire != 0);
        self.n_field_expiring -= u64::from(item.has_field_ends());
        self.expire_sum_ms = Sum(self.expire_sum_ms.0 - u128::from(expire));
        self.item_bytes -= item.size() as u64;
        self.heap_bytes -= item.heap_bytes() as u64;
        self.payload_bytes -= item.payload_bytes() as u64;
    }

    /// An item in a segment got another payload and expiry where it lies.
    fn exchange(&mut self, before: Part, after: Part) {
        self.payload_bytes += after.payload_bytes as u64;
        self.payload_bytes -= before.payload_bytes as u64;
        self.n_field_expiring += u64::from(after.has_field_ends);
        self.n_field_expiring -= u64::from(before.has_field_ends);
        if before.expire_at_ms != after.expire_at_ms {
            self.n_expiring += u64::from(after.expire_at_ms != 0);
            self.n_expiring -= u64::from(before.expire_at_ms != 0);
            let sum = self.expire_sum_ms.0 + u128::from(after.expire_at_ms);
            self.expire_sum_ms = Sum(sum - u128::from(before.expire_at_ms));
        }
    }
}

/// What a read touches comes first, on two cache lines with the lock before it. A read that hits
/// writes to the first of them alone, which it has to own for the lock anyway: every other line
/// stays good in the caches of all cores that read here.
#[repr(C)]
pub(crate) struct Shard {
    /// Reads that found their key: one of the events.
    pub(crate) hits: u64,
    /// What is read without the lock may be out of date.
    pub(crate) has_changed: bool,
    /// A thread keeps the lock over many commands.
    pub(crate) is_kept: bool,
    pub(crate) index: Index,
    pub(crate) segments: Segments,
    pub(crate) events: Events,
    pub(crate) shared: Arc<Shared>,
    pub(crate) holdings: Holdings,
    pub(crate) waiters: Waiters,
    /// What those who wait should look at once the lock is released.
    pub(crate) notes: Vec<Ready>,
    /// Bytes booked with the keyspace.
    charged: i64,
    pub(crate) scratch: Vec<u8>,
    /// The CAS number to give next, of a step taken from the keyspace.
    next_cas: u64,
    pub(crate) random: fastrand::Rng,
    pub(crate) compaction: Option<Compaction>,
    pub(crate) sweep: Sweep,
    /// No item expires before this (ms since the epoch).
    pub(crate) due_ms: u64,
    /// Tells the shard from all others of its keyspace.
    pub(crate) id: u32,
    /// Events by class of item; empty while there are none.
    pub(crate) by_class: Box<[ClassStats]>,
}

impl Shard {
    pub(crate) fn new(shared: Arc<Shared>, id: u32) -> Shard {
        Shard {
            hits: 0,
            has_changed: true,
            is_kept: false,
            index: Index::new(Arc::clone(&shared.pool)),
            segments: Segments::new(Arc::clone(&shared.pool)),
            events: Events::default(),
            holdings: Holdings::default(),
            waiters: Waiters::new(id),
            notes: Vec::new(),
            charged: 0,
            scratch: Vec::new(),
            next_cas: 0,
            random: fastrand::Rng::with_seed(u64::from(id)),
            compaction: None,
            sweep: Sweep::default(),
            due_ms: u64::MAX,
            id,
            by_class: Box::default(),
            shared,
        }
    }

    /// Cache lines that an item takes on average, as many as are worth fetching ahead.
    pub(crate) fn item_lines(&self) -> usize {
        let bytes = self.holdings.item_bytes as usize / self.index.len().max(1);
        bytes.div_ceil(LINE_BYTES).min(FETCHED_LINES_MAX)
    }

    /// The live item of a key. An expired one is removed on the way, and so are fields of it.
    #[inline]
    pub(crate) fn find(&mut self, key: Key<'_>, now_ms: u64) -> Option<Found> {
        let segments = &self.segments;
        let found = self.index.find(key.hash.slot(), |at| segments.item(at).key_is(key.name))?;
        if self.segments.item(found.1).may_end() {
            return self.find_lasting(key, found, now_ms);
        }
        Some(found)
    }

    /// What has not expired of an item that was found.
    fn find_lasting(&mut self, key: Key<'_>, found: Found, now_ms: u64) -> Option<Found> {
        let item = self.segments.item(found.1);
        if item.is_expired(now_ms) {
            self.expire(found, FoundBy::Client, now_ms);
            return None;
        }
        let field = item.first_field_end_ms();
        if field == 0 || now_ms <= field { Some(found) } else { self.purge(key, found, now_ms) }
    }

    /// Finds an item for a read: counts it and notes the use unless the reader leaves no trace.
    #[inline]
    pub(crate) fn find_read(&mut self, key: Key<'_>, now_ms: u64, notes: bool) -> Option<Found> {
        let found = self.find(key, now_ms);
        match found {
            Some((_, location)) => {
                self.hits += 1;
                if notes {
                    self.segments.item_mut(location).note_use(seconds(now_ms), true);
                }
            }
            None => self.miss(key),
        }
        found
    }

    fn miss(&mut self, key: Key<'_>) {
        self.events.misses += 1;
        self.tell(Interests::MISSES, key.name, What::Missed);
    }

    /// Stores an item over the one found under its key, or as a new one.
    pub(crate) fn store(
        &mut self,
        key: Key<'_>,
        old: Option<Found>,
        payload: Payload<'_>,
        attributes: &Attributes,
    ) {
        self.events.stores += 1;
        let layout = Layout::of(key.name, &payload, attributes);
        let is_boxed = matches!(payload, Payload::Boxed(_));
        if let Some((_, location)) = old
            && !is_boxed
            && self.overwrites(location, layout)
        {
            let mut item = self.segments.item_mut(location);
            let before = Part::of(*item);
            item.overwrite(layout, payload, attributes);
            let after = Part::of(*item);
            self.holdings.exchange(before, after);
            return self.note_expire(location, after.expire_at_ms);
        }
        self.has_changed = true;
        let location = self.segments.append(layout.size());
        self.segments.item_mut(location).write(layout, key.name, payload, attributes);
        self.segments.n_boxed += usize::from(is_boxed);
        self.enter(location);
        match old {
            Some((at, before)) => {
                self.bury(before);
                self.index.set_location(at, location);
            }
            None => self.index.insert(key.hash.slot(), location),
        }
    }

    fn overwrites(&self, location: Location, layout: Layout) -> bool {
        let item = self.segments.item(location);
        !item.is_boxed() && layout.fits_over(item.layout())
    }

    /// Takes an item that has just been written into the accounts.
    pub(crate) fn enter(&mut self, location: Location) {
        let item = self.segments.item(location);
        self.holdings.add(item);
        let end = item.first_end_ms();
        self.note_expire(location, end);
    }

    fn note_expire(&mut self, location: Location, at_ms: u64) {
        self.segments.note_expire(location, at_ms);
        if at_ms != 0 && at_ms < self.due_ms {
            self.due_ms = at_ms;
            self.has_changed = true;
        }
    }

    /// Takes an item out of the accounts and marks it as dead.
    fn bury(&mut self, location: Location) {
        self.has_changed = true;
        self.holdings.subtract(self.segments.item(location));
        self.segments.kill(location);
        self.release_if_dead(location.segment());
    }

    pub(crate) fn remove(&mut self, (at, location): Found) {
        self.index.remove(at);
        self.bury(location);
    }

    fn expire(&mut self, found: Found, by: FoundBy, now_ms: u64) {
        let is_unfetched = u64::from(!self.segments.item(found.1).fetched());
        let is_swept = u64::from(by == FoundBy::Sweep);
        self.events.expirations += 1;
        self.events.expirations_unfetched += is_unfetched;
        self.events.sweepings += is_swept;
        if let Some(it) = self.class_of(found.1, now_ms) {
            it.expirations += 1;
            it.expirations_unfetched += is_unfetched;
            it.sweepings += is_swept;
        }
        self.tell(Interests::ENDS, self.segments.item(found.1).key(), What::Expired);
        self.tell_watchers(found.1);
        self.remove(found);
    }

    /// Counts an item that gives way to others; its removal follows.
    pub(crate) fn count_eviction(&mut self, location: Location, now_ms: u64) {
        let item = self.item(location, now_ms);
        let idle_s = item.idle_s();
        let is_unfetched = u64::from(!item.fetched());
        let is_expiring = u64::from(item.expire_at_ms().is_some());
        let is_active = u64::from(is_active(&item));
        self.events.evictions += 1;
        self.events.evictions_unfetched += is_unfetched;
        self.events.evictions_expiring += is_expiring;
        self.events.evictions_active += is_active;
        if let Some(it) = self.class_of(location, now_ms) {
            it.evictions += 1;
            it.evictions_unfetched += is_unfetched;
            it.evictions_expiring += is_expiring;
            it.evictions_active += is_active;
            it.last_eviction = (now_ms, idle_s);
        }
    }

    /// Where events of an item's class are counted, if they are.
    fn class_of(&mut self, location: Location, now_ms: u64) -> Option<&mut ClassStats> {
        let classes = self.shared.classes.get()?;
        let class = (classes.classify)(&self.item(location, now_ms));
        if self.by_class.is_empty() {
            self.by_class = vec![ClassStats::default(); classes.n_classes].into();
        }
        self.by_class.get_mut(class)
    }

    /// Removes an expired item that a sweep met in the log.
    pub(crate) fn expire_location(&mut self, location: Location, now_ms: u64) {
        let found = self.found_at(location);
        self.expire(found, FoundBy::Sweep, now_ms);
    }

    /// The slot of a live item that was met in the log.
    pub(crate) fn found_at(&self, location: Location) -> Found {
        let hash = self.shared.hash(self.segments.item(location).key());
        self.index.find(hash.slot(), |it| it == location).expect("a live item has a slot")
    }

    /// Moves the expiry of an item (0 clears it).
    pub(crate) fn set_expire(&mut self, key: Key<'_>, found: Found, at_ms: u64) {
        let location = found.1;
        self.holdings.subtract(self.segments.item(location));
        let in_place = self.segments.item_mut(location).set_expire(at_ms);
        self.holdings.add(self.segments.item(location));
        if in_place {
            return self.note_expire(location, at_ms);
        }
        if at_ms != 0 {
            self.reattribute(key, found, |it| it.expire_at_ms = at_ms);
        }
    }

    /// The CAS number of an item, given to it now when it has none.
    pub(crate) fn cas(&mut self, key: Key<'_>, found: Found) -> u64 {
        match self.segments.item(found.1).cas() {
            0 => {
                let cas = self.next_cas();
                self.reattribute(key, found, |it| it.cas = cas);
                cas
            }
            cas => cas,
        }
    }

    /// A number that no other write of the keyspace gets, higher than any before it here.
    pub(crate) fn next_cas(&mut self) -> u64 {
        if self.next_cas.is_multiple_of(CAS_STEP) {
            self.next_cas = self.shared.take_cas_step();
        }
        self.next_cas += 1;
        self.next_cas - 1
    }

    /// The one place where every write to a key ends, whatever it was: those who wait are told, the
    /// keyspace's books are brought in step and a bounded step of compaction is paid. The
    /// journal joins here.
    pub(crate) fn written(&mut self, key: Key<'_>, wrote: Wrote) {
        if !self.waiters.is_empty() {
            self.has_changed = true;
            self.waiters.note(key, &mut self.notes);
        }
        self.report(key, wrote);
        self.settle();
    }

    /// What a write owes that is nothing to those who wait.
    pub(crate) fn settle(&mut self) {
        if self.wants_compaction() {
            self.has_changed = true;
            self.compact(ITEMS_PER_WRITE);
        }
        self.charge();
    }

    /// Brings the keyspace's count of used bytes in step.
    pub(crate) fn book(&mut self) {
        self.has_changed = true;
        self.charge();
    }

    #[inline]
    fn charge(&mut self) {
        let used = self.used_bytes() as i64;
        let step = self.shared.charge_step_bytes();
        if step <= (used - self.charged).unsigned_abs() || used == 0 {
            self.shared.charge(used - self.charged);
            self.charged = used;
        }
    }

    /// Background work would give memory back.
    pub(crate) fn wants_care(&self) -> bool {
        self.wants_compaction() || self.index.is_sparse()
    }

    /// Empties the shard; the caller drops what it held, after the lock.
    pub(crate) fn take_contents(&mut self) -> (Index, Segments) {
        self.compaction = None;
        self.sweep = Sweep::default();
        self.holdings = Holdings::default();
        self.due_ms = u64::MAX;
        self.has_changed = true;
        self.waiters.note_all(&mut self.notes);
        if !self.waiters.is_empty() {
            let (index, segments) = (&self.index, &self.segments);
            self.waiters.ring_where(|key| holds(index, segments, key));
        }
        let pool = &self.shared.pool;
        let contents = (
            std::mem::replace(&mut self.index, Index::new(Arc::clone(pool))),
            std::mem::replace(&mut self.segments, Segments::new(Arc::clone(pool))),
        );
        self.book();
        contents
    }

    /// Sends all away who wait for a key here; they look for it anew.
    pub(crate) fn dismiss_waiters(&mut self) {
        self.has_changed = true;
        self.waiters.dismiss(&mut self.notes);
    }
}

/// Items that one write moves at most while the log is being compacted. Dead bytes are let grow
/// to an eighth, so a victim is usually a quarter dead: four moves pay for one write, and twice
/// that catches up.
const ITEMS_PER_WRITE: usize = 8;

/// The clock of `used_s`.
#[inline]
pub(crate) fn seconds(now_ms: u64) -> u32 {
    (now_ms / 1000) as u32 & SECONDS_MASK
}

impl KeyHash {
    /// The bits that pick the shard: the upper ones, as the lower ones place it inside.
    #[inline]
    pub(crate) fn shard(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// The bits that a slot keeps.
    #[inline]
    pub(crate) fn slot(self) -> u32 {
        self.0 as u32
    }
}
