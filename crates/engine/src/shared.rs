//! What the shards of a keyspace share: the budget, the settings, the block pool, the hasher.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use ahash::RandomState;

use crate::key::KeyHash;
use crate::options::{KeyspaceOptions, Limits, Policy};
use crate::pool::Pool;

pub(crate) struct Shared {
    pub(crate) pool: Arc<Pool>,
    hasher: RandomState,
    /// Budget in bytes; 0 for none.
    memory_max: AtomicU64,
    used_bytes: AtomicU64,
    peak_bytes: AtomicU64,
    evicts: AtomicBool,
    pub(crate) active_expiry: AtomicBool,
    next_cas: AtomicU64,
    hash_packed_entries_max: AtomicUsize,
    hash_packed_value_max: AtomicUsize,
    string_bytes_max: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(options: &KeyspaceOptions) -> Shared {
        let hasher = match options.seed {
            Some(seed) => RandomState::with_seeds(seed, !seed, seed.rotate_left(32), 7),
            None => RandomState::new(),
        };
        let shared = Shared {
            pool: Arc::new(Pool::new()),
            hasher,
            memory_max: AtomicU64::new(options.memory_max_bytes),
            used_bytes: AtomicU64::new(0),
            peak_bytes: AtomicU64::new(0),
            evicts: AtomicBool::new(false),
            active_expiry: AtomicBool::new(true),
            next_cas: AtomicU64::new(1),
            hash_packed_entries_max: AtomicUsize::new(0),
            hash_packed_value_max: AtomicUsize::new(0),
            string_bytes_max: AtomicUsize::new(0),
        };
        shared.set_limits(options.limits);
        shared.set_policy(options.policy);
        shared
    }

    #[inline]
    pub(crate) fn hash(&self, name: &[u8]) -> KeyHash {
        KeyHash(self.hasher.hash_one(name))
    }

    pub(crate) fn next_cas(&self) -> u64 {
        self.next_cas.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn memory_max(&self) -> u64 {
        self.memory_max.load(Ordering::Relaxed)
    }

    pub(crate) fn set_memory_max(&self, bytes: u64) {
        self.memory_max.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes.load(Ordering::Relaxed).max(self.used_bytes())
    }

    pub(crate) fn reset_peak(&self) {
        self.peak_bytes.store(self.used_bytes(), Ordering::Relaxed);
    }

    /// Books bytes taken from the system, or given back.
    pub(crate) fn charge(&self, delta: i64) {
        let before = self.used_bytes.fetch_add(delta as u64, Ordering::Relaxed);
        if 0 < delta {
            let now = before.wrapping_add(delta as u64);
            self.peak_bytes.fetch_max(now, Ordering::Relaxed);
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

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            hash_packed_entries_max: self.hash_packed_entries_max.load(Ordering::Relaxed),
            hash_packed_value_max: self.hash_packed_value_max.load(Ordering::Relaxed),
            string_bytes_max: self.string_bytes_max.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        self.hash_packed_entries_max.store(limits.hash_packed_entries_max, Ordering::Relaxed);
        self.hash_packed_value_max.store(limits.hash_packed_value_max, Ordering::Relaxed);
        self.string_bytes_max.store(limits.string_bytes_max, Ordering::Relaxed);
    }
}
