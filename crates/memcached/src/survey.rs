//! What `stats items`, `stats slabs`, `stats sizes` and the metrics tell of items: counted by a
//! walk over all of them when somebody asks, so that no request pays for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tandem_engine::Item;

use crate::classes::CLASSES_MAX;
use crate::server::{DATABASE, Server};
use crate::stats::{bucket_max_ns as bucket_max, bucket_of};
use crate::walk::Progress;

/// Fewer items than this are counted anew by each who asks: that takes a millisecond.
pub(crate) const ITEMS_COUNTED_ANEW: u64 = 10_000;

/// A count of more items is good for this many milliseconds for each hundred of them, which is some
/// fifty times what counting them takes.
const ITEMS_PER_FRESH_MS: u64 = 100;

/// The metrics show a count for so long after that: to see how many items there were an hour ago
/// helps nobody.
const SHOWN_MS: u64 = 10 * 60 * 1000;

/// Items between two locks: some ten microseconds.
pub(crate) const ITEMS_PER_LOCK: usize = 64;

/// Idle times have 24 bits, in buckets of a quarter of a power of two.
const IDLE_BUCKETS: usize = 92;

/// `stats sizes` counts by steps of this many bytes.
const SIZE_STEP_BYTES: usize = 32;

/// Counts of all items, by class.
#[derive(Default)]
pub(crate) struct Survey {
    cursor: u64,
    by_class: Vec<ClassItems>,
    /// Items by the highest number of bytes in their size's step; empty unless sizes are tracked.
    pub(crate) sizes: BTreeMap<usize, u64>,
    taken_at_ms: u64,
    /// Items that expire no later have a list of their own.
    temp_until_ms: Option<u64>,
    n_items: u64,
}

/// The items of one class.
#[derive(Clone, Default)]
pub(crate) struct ClassItems {
    pub(crate) n_items: u64,
    pub(crate) n_chunks: u64,
    /// What memcached would need for them.
    pub(crate) bytes: u64,
    /// Longest time without a use, in seconds.
    pub(crate) idle_s_max: u32,
    /// Those with short lives.
    pub(crate) n_temp: u64,
    /// All others by idle time: those that nobody has read, and the rest. Made with the first item.
    unread: Vec<u32>,
    read: Vec<u32>,
}

/// Limits by which memcached sorts items into its LRU lists (`lru tune`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tuning {
    pub(crate) hot_percent: u32,
    pub(crate) warm_percent: u32,
    pub(crate) hot_factor: f64,
    pub(crate) warm_factor: f64,
    /// Without it all items are cold (`lru mode flat`).
    pub(crate) segmented: bool,
    /// Whether short lives have a list (`lru temp_ttl`), and how long the longest of them are.
    pub(crate) has_temp: bool,
    pub(crate) temp_ttl_s: u32,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning {
            hot_percent: 20,
            warm_percent: 40,
            hot_factor: 0.2,
            warm_factor: 2.0,
            segmented: true,
            has_temp: false,
            temp_ttl_s: 61,
        }
    }
}

/// How many items memcached's lists would hold, and the age of the oldest in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(crate) n_hot: u64,
    pub(crate) n_warm: u64,
    pub(crate) n_cold: u64,
    pub(crate) age_hot_s: u64,
    pub(crate) age_warm_s: u64,
}

impl Survey {
    /// Counts some more items. Those who ask may share the result, see `Surveys`.
    pub(crate) fn step(&mut self, server: &Server, n_items: usize, now_ms: u64) -> Progress {
        if self.by_class.is_empty() {
            self.by_class = vec![ClassItems::default(); CLASSES_MAX];
            self.taken_at_ms = now_ms;
            let Tuning { has_temp, temp_ttl_s, .. } = server.tuning();
            let until_ms = now_ms.saturating_add(u64::from(temp_ttl_s) * 1000);
            self.temp_until_ms = has_temp.then_some(until_ms);
        }
        let cursor = self.cursor;
        self.cursor = server
            .keyspace
            .scan(DATABASE, cursor, n_items, now_ms, &mut |it| self.add(server, &it));
        if self.cursor == 0 { Progress::Done } else { Progress::More }
    }

    fn add(&mut self, server: &Server, item: &Item<'_>) {
        let Some(bytes) = server.classes.bytes_of(item) else { return };
        let class = server.classes.of_bytes(bytes);
        self.n_items += 1;
        if server.settings.track_sizes {
            *self.sizes.entry(bytes.next_multiple_of(SIZE_STEP_BYTES)).or_default() += 1;
        }
        let it = &mut self.by_class[class];
        it.n_items += 1;
        it.n_chunks += server.classes.n_chunks(class, bytes) as u64;
        it.bytes += bytes as u64;
        it.idle_s_max = it.idle_s_max.max(item.idle_s());
        if item.expire_at_ms().zip(self.temp_until_ms).is_some_and(|(at, until)| at <= until) {
            it.n_temp += 1;
            return;
        }
        let buckets = if item.fetched() { &mut it.read } else { &mut it.unread };
        if buckets.is_empty() {
            *buckets = vec![0; IDLE_BUCKETS];
        }
        buckets[bucket_of(u64::from(item.idle_s())).min(IDLE_BUCKETS - 1)] += 1;
    }

    /// The classes that have items, by number.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (usize, &ClassItems)> {
        self.by_class.iter().enumerate().filter(|(_, it)| it.n_items > 0)
    }

    pub(crate) fn class(&self, class: usize) -> Option<&ClassItems> {
        self.by_class.get(class)
    }

    /// When it was begun, in milliseconds since the epoch.
    pub(crate) fn taken_at_ms(&self) -> u64 {
        self.taken_at_ms
    }

    fn is_fresh(&self, now_ms: u64) -> bool {
        ITEMS_COUNTED_ANEW <= self.n_items && self.age_ms(now_ms) < self.fresh_ms()
    }

    fn is_recent(&self, now_ms: u64) -> bool {
        self.age_ms(now_ms) < self.fresh_ms() + SHOWN_MS
    }

    fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.taken_at_ms)
    }

    fn fresh_ms(&self) -> u64 {
        self.n_items / ITEMS_PER_FRESH_MS
    }
}

impl ClassItems {
    /// Sorts the items as memcached's limits would have it. There is one order of use here, by
    /// which items give way; its lists are this order cut in three. Hot are items that nobody has
    /// read, warm are those that somebody has, both as far as they were used lately and the
    /// lists' shares go; all others are cold.
    pub(crate) fn lists(&self, tuning: Tuning) -> Lists {
        let oldest_s = f64::from(self.idle_s_max);
        let n_sorted = if tuning.segmented { self.n_items } else { 0 };
        let share = |percent: u32| n_sorted * u64::from(percent) / 100;
        let hot = latest(&self.unread, oldest_s * tuning.hot_factor, share(tuning.hot_percent));
        let warm = latest(&self.read, oldest_s * tuning.warm_factor, share(tuning.warm_percent));
        let age = |bucket: usize| bucket_max(bucket).min(u64::from(self.idle_s_max));
        Lists {
            n_hot: hot.0,
            n_warm: warm.0,
            n_cold: self.n_items - self.n_temp - hot.0 - warm.0,
            age_hot_s: age(hot.1),
            age_warm_s: age(warm.1),
        }
    }
}

/// How many items were used within so many seconds, `n_max` at most, and the last bucket of them.
fn latest(buckets: &[u32], within_s: f64, n_max: u64) -> (u64, usize) {
    let (mut n, mut last) = (0, 0);
    for (index, n_here) in buckets.iter().enumerate() {
        if within_s < bucket_max(index) as f64 || n_max <= n {
            break;
        }
        if *n_here > 0 {
            n += u64::from(*n_here);
            last = index;
        }
    }
    (n.min(n_max), last)
}

/// The last count, for all who ask while it is fresh.
#[derive(Default)]
pub(crate) struct Surveys {
    last: Mutex<Option<Arc<Survey>>>,
    /// One that nobody waits for.
    under_way: Mutex<Option<Survey>>,
}

impl Surveys {
    pub(crate) fn fresh(&self, now_ms: u64) -> Option<Arc<Survey>> {
        self.last.lock().clone().filter(|it| it.is_fresh(now_ms))
    }

    /// The last one even where it is not fresh, unless it is old.
    pub(crate) fn recent(&self, now_ms: u64) -> Option<Arc<Survey>> {
        self.last.lock().clone().filter(|it| it.is_recent(now_ms))
    }

    /// The one that was put aside, or a new one.
    pub(crate) fn take_up(&self) -> Survey {
        self.under_way.lock().take().unwrap_or_default()
    }

    pub(crate) fn put_aside(&self, survey: Survey) {
        *self.under_way.lock() = Some(survey);
    }

    pub(crate) fn keep(&self, survey: &Arc<Survey>) {
        *self.last.lock() = Some(Arc::clone(survey));
    }

    /// Nothing that was counted holds any more.
    pub(crate) fn forget(&self) {
        *self.last.lock() = None;
        *self.under_way.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(unread: &[(u32, u32)], read: &[(u32, u32)]) -> ClassItems {
        let mut it = ClassItems::default();
        for (given, to) in [(unread, &mut it.unread), (read, &mut it.read)] {
            *to = vec![0; IDLE_BUCKETS];
            for (idle_s, n) in given {
                to[bucket_of(u64::from(*idle_s))] += n;
                it.n_items += u64::from(*n);
                it.idle_s_max = it.idle_s_max.max(*idle_s);
            }
        }
        it
    }

    #[test]
    fn lists_are_cut_by_age_and_by_share() {
        let tuning = Tuning::default();
        let it = class(&[(0, 10), (150, 5), (900, 50), (1000, 5)], &[(1, 20), (700, 30)]);
        let lists = it.lists(tuning);
        // Up to 200 s of 1000: 15 items; their share of 120 would be 24.
        assert_eq!((lists.n_hot, lists.age_hot_s), (15, 159));
        // Any age will do, but 40 % of 120 are 48.
        assert_eq!((lists.n_warm, lists.n_cold), (48, 120 - 15 - 48));
        assert!((700..1000).contains(&lists.age_warm_s));
        let none = Tuning { hot_percent: 0, warm_percent: 0, ..tuning };
        assert_eq!(it.lists(none), Lists { n_cold: 120, ..Lists::default() });
        let flat = Tuning { segmented: false, ..tuning };
        assert_eq!(it.lists(flat), it.lists(none));
        assert_eq!(ClassItems::default().lists(tuning), Lists::default());
    }

    #[test]
    fn the_longest_idle_time_has_a_bucket() {
        assert_eq!(bucket_of((1 << 24) - 1) + 1, IDLE_BUCKETS);
    }
}
