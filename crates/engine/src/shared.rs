//! What the shards of a keyspace share: the budget, the settings, the block pool, the hasher.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use ahash::RandomState;
use crossbeam_utils::CachePadded;

use crate::classes::Classes;
use crate::happenings::Happenings;
use crate::key::KeyHash;
use crate::limits::SharedLimits;
use crate::observer::Observed;
use crate::options::{KeyspaceOptions, Policy};
use crate::pool::Pool;

/// Every command on every core reads the first part, so what is written while commands run lies on
/// lines of its own.
pub(crate) struct Shared {
    pub(crate) pool: Arc<Pool>,
    hasher: RandomState,
    /// Budget in bytes; 0 for none.
    memory_max: AtomicU64,
    /// How far a shard's share may be from what is booked of it.
    charge_step_bytes: AtomicU64,
    pub(crate) n_shards: u64,
    evicts: AtomicBool,
    pub(crate) active_expiry: AtomicBool,
    pub(crate) limits: SharedLimits,
    pub(crate) observed: Observed,
    pub(crate) happenings: Happenings,
    /// By what its events are counted, if somebody asked for it.
    pub(crate) classes: OnceLock<Classes>,
    books: CachePadded<Books>,
    next_cas: CachePadded<AtomicU64>,
}

/// What shards write when their share of the memory has changed by a step.
#[derive(Default)]
struct Books {
    used_bytes: AtomicU64,
    peak_bytes: AtomicU64,
}

/// A shard books its share in steps of this many bytes at least. Small edits must not fight over
/// one counter.
const CHARGE_STEP_MIN: u64 = 4 << 10;

/// Under a big budget the steps are longer, as every store looks at the counter then: all that is
/// not booked is this fraction of the budget at most.
const CHARGE_STEP_SHARE: u64 = 64;
const CHARGE_STEP_MAX: u64 = 64 << 10;

/// CAS numbers that a shard takes at a time.
pub(crate) const CAS_STEP: u64 = 256;

impl Shared {
    pub(crate) fn new(options: &KeyspaceOptions) -> Shared {
        let hasher = match options.seed {
            Some(seed) => RandomState::with_seeds(seed, !seed, seed.rotate_left(32), 7),
            None => RandomState::new(),
        };
        let shared = Shared {
            pool: Arc::new(Pool::new()),
            hasher,
            memory_max: AtomicU64::new(0),
            charge_step_bytes: AtomicU64::new(CHARGE_STEP_MIN),
            n_shards: options.n_shards as u64,
            evicts: AtomicBool::new(false),
            active_expiry: AtomicBool::new(true),
            limits: SharedLimits::default(),
            observed: Observed::default(),
            happenings: Happenings::default(),
            classes: OnceLock::new(),
            books: CachePadded::default(),
            next_cas: CachePadded::default(),
        };
        shared.set_memory_max(options.memory_max_bytes);
        shared.limits.set(options.limits);
        shared.set_policy(options.policy);
        shared
    }

    #[inline]
    pub(crate) fn hash(&self, name: &[u8]) -> KeyHash {
        KeyHash(self.hasher.hash_one(name))
    }

    /// The first of the numbers up to the next multiple of `CAS_STEP` that nobody else is given.
    /// 0 is no number.
    pub(crate) fn take_cas_step(&self) -> u64 {
        self.next_cas.fetch_add(CAS_STEP, Ordering::Relaxed).max(1)
    }

    pub(crate) fn memory_max(&self) -> u64 {
        self.memory_max.load(Ordering::Relaxed)
    }

    pub(crate) fn set_memory_max(&self, bytes: u64) {
        self.memory_max.store(bytes, Ordering::Relaxed);
        let step = bytes / self.n_shards / CHARGE_STEP_SHARE;
        self.charge_step_bytes
            .store(step.clamp(CHARGE_STEP_MIN, CHARGE_STEP_MAX), Ordering::Relaxed);
    }

    pub(crate) fn charge_step_bytes(&self) -> u64 {
        self.charge_step_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.books.used_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        self.books.peak_bytes.load(Ordering::Relaxed).max(self.used_bytes())
    }

    pub(crate) fn reset_peak(&self) {
        self.books.peak_bytes.store(self.used_bytes(), Ordering::Relaxed);
    }

    /// Books bytes taken from the system, or given back.
    pub(crate) fn charge(&self, delta: i64) {
        let books = &*self.books;
        let before = books.used_bytes.fetch_add(delta as u64, Ordering::Relaxed);
        let now = before.wrapping_add(delta as u64);
        if 0 < delta && books.peak_bytes.load(Ordering::Relaxed) < now {
            books.peak_bytes.fetch_max(now, Ordering::Relaxed);
        }
    }

    /// Bytes above the budget; 0 when within it or without one.
    #[inline]
    pub(crate) fn excess_bytes(&self) -> u64 {
        match self.memory_max() {
            0 => 0,
            max => self.used_bytes().saturating_sub(max),
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        if self.evicts.load(Ordering::Relaxed) { Policy::AllKeysLru } else { Policy::NoEviction }
    }

    pub(crate) fn set_policy(&self, policy: Policy) {
        self.evicts.store(policy == Policy::AllKeysLru, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn what_commands_write_lies_apart_from_what_all_read() {
        assert!(128 <= align_of::<CachePadded<Books>>());
        let line = |offset: usize| offset / 128;
        let written = [line(offset_of!(Shared, books)), line(offset_of!(Shared, next_cas))];
        assert_ne!(written[0], written[1]);
        let read = [
            offset_of!(Shared, pool),
            offset_of!(Shared, hasher),
            offset_of!(Shared, memory_max),
            offset_of!(Shared, charge_step_bytes),
            offset_of!(Shared, evicts),
            offset_of!(Shared, limits),
            offset_of!(Shared, limits) + size_of::<SharedLimits>() - 1,
            offset_of!(Shared, classes),
        ];
        assert!(read.iter().all(|it| !written.contains(&line(*it))));
    }

    #[test]
    fn steps_of_booking_follow_the_budget() {
        let shared = Shared::new(&KeyspaceOptions { n_shards: 64, ..KeyspaceOptions::default() });
        let cases = [(0, 4 << 10), (1 << 20, 4 << 10), (32 << 20, 8 << 10), (1 << 40, 64 << 10)];
        for (budget, step) in cases {
            shared.set_memory_max(budget);
            assert_eq!(shared.charge_step_bytes(), step, "of {budget} bytes");
        }
    }
}
