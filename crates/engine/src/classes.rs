//! What left a keyspace by itself, counted by classes of items. What a class is, a front end says:
//! memcached's tools look at items by size.

use std::ops::AddAssign;

use crate::value::Item;

/// Tells an item's class, a number below the count of classes. Called under a shard's lock.
pub type Classify = Box<dyn Fn(&Item<'_>) -> usize + Send + Sync>;

/// The classes of a keyspace.
pub(crate) struct Classes {
    pub(crate) n_classes: usize,
    pub(crate) classify: Classify,
}

/// The items of one class that nobody removed: they gave way, or their time was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassStats {
    pub evictions: u64,
    /// Evicted items that would have expired by themselves.
    pub evictions_expiring: u64,
    /// Evicted items that no read ever touched.
    pub evictions_unfetched: u64,
    /// Evicted items that had been read within the last minute.
    pub evictions_active: u64,
    pub expirations: u64,
    /// Expired items that no read ever touched.
    pub expirations_unfetched: u64,
    /// Expired items that a sweep found, not a client.
    pub sweepings: u64,
    /// When the last item was evicted, in milliseconds since the epoch, and how many seconds it
    /// had been idle.
    pub last_eviction: (u64, u32),
}

impl AddAssign<&ClassStats> for ClassStats {
    fn add_assign(&mut self, other: &ClassStats) {
        self.evictions += other.evictions;
        self.evictions_expiring += other.evictions_expiring;
        self.evictions_unfetched += other.evictions_unfetched;
        self.evictions_active += other.evictions_active;
        self.expirations += other.expirations;
        self.expirations_unfetched += other.expirations_unfetched;
        self.sweepings += other.sweepings;
        self.last_eviction = self.last_eviction.max(other.last_eviction);
    }
}

/// An evicted item counts as active when it was read at most this long ago: memcached does not
/// note a further read sooner.
const ACTIVE_S: u32 = 60;

/// How an expired item was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoundBy {
    Client,
    Sweep,
}

/// True when an item that is evicted now was still in use.
pub(crate) fn is_active(item: &Item<'_>) -> bool {
    item.fetched() && item.idle_s() < ACTIVE_S
}
