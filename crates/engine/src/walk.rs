//! Going through a keyspace as a whole: scans, counts, background work.

use std::sync::atomic::Ordering;

use crate::classes::{ClassStats, Classes, Classify};
use crate::database::{Cell, Database};
use crate::index::Index;
use crate::keyspace::{Keyspace, PARTS_MAX};
use crate::options::Policy;
use crate::reclaim::{ITEMS_SWEPT_PER_LOOK, Swept};
use crate::shard::Shard;
use crate::stats::{DatabaseStats, KeyspaceStats};
use crate::value::Item;

/// Buckets that one step of a scan looks at for each item it was asked for, so that a sparse
/// table cannot hold a step up.
const BUCKETS_PER_ITEM_MAX: usize = 10;

/// Items that `for_each` visits between two locks.
const ITEMS_PER_LOCK: usize = 1024;

/// Shards that `random_key` looks into for a key that has not expired.
const RANDOM_TRIES_MAX: u64 = 128;

/// Items moved at a time by background compaction.
const ITEMS_PER_COMPACTION: usize = 64;

/// A turn of background expiry goes on at once when at least one in this many items it looked at
/// had expired: below that the looking costs more than it brings.
const EXPIRED_SHARE_MIN: usize = 32;

/// What a step of `Keyspace::crawl` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crawled {
    /// Where the next step goes on; `None` at the end.
    pub next: Option<usize>,
    /// Items looked at.
    pub n_examined: usize,
}

/// What a turn of `Keyspace::maintain` left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Nothing is due: come back at the next tick.
    Done,
    /// Work is left: come back as soon as clients have had their turn.
    More,
}

impl Keyspace {
    /// Keys in a database (expired ones not yet reclaimed included, as DBSIZE counts).
    pub fn len(&self, db: u32) -> u64 {
        self.shards(db).map(|it| it.lock().index.len() as u64).sum()
    }

    /// True when a database holds no keys.
    pub fn is_empty(&self, db: u32) -> bool {
        self.shards(db).all(|it| it.lock().index.len() == 0)
    }

    fn shards(&self, db: u32) -> impl Iterator<Item = &Cell> {
        let database = self.used_database(db);
        database.into_iter().flat_map(Database::cells).filter(|it| it.has_table())
    }

    /// One step of a scan: visits about `count` items from `cursor` (0 starts) and returns the
    /// next cursor, 0 at the end. A key present throughout a scan is visited at least once.
    /// `visit` runs under a shard lock: it must not call the keyspace.
    ///
    /// The cursor is a shard and a hash in it: tables are in hash order, so it stays good
    /// however they grow.
    pub fn scan(
        &self,
        db: u32,
        cursor: u64,
        count: usize,
        now_ms: u64,
        visit: &mut dyn FnMut(Item<'_>),
    ) -> u64 {
        let Some(cells) = self.used_database(db).map(Database::cells) else { return 0 };
        let mut left = Budget { items: count, buckets: count.saturating_mul(BUCKETS_PER_ITEM_MAX) };
        let mut shard = (cursor >> 32) as usize;
        let mut hash = cursor & u64::from(u32::MAX);
        while shard < cells.len() {
            if cells[shard].has_table()
                && let Some(next) = cells[shard].lock().scan(hash, now_ms, &mut left, visit)
            {
                return (shard as u64) << 32 | next;
            }
            shard += 1;
            hash = 0;
            if left.is_spent() && shard < cells.len() {
                return (shard as u64) << 32;
            }
        }
        0
    }

    /// Visits every item of a database once, shard by shard (KEYS, DEBUG DIGEST, dumps).
    pub fn for_each(&self, db: u32, now_ms: u64, visit: &mut dyn FnMut(Item<'_>)) {
        let mut cursor = 0;
        loop {
            cursor = self.scan(db, cursor, ITEMS_PER_LOCK, now_ms, visit);
            if cursor == 0 {
                return;
            }
        }
    }

    /// Some key of a database, near uniformly; `random` picks it.
    pub fn random_key(&self, db: u32, random: u64, now_ms: u64) -> Option<Vec<u8>> {
        let cells: Vec<&Cell> = self.shards(db).collect();
        let mut random = random;
        for _ in 0..RANDOM_TRIES_MAX.min(cells.len() as u64 * 4) {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let mut shard = cells[(random >> 33) as usize % cells.len()].lock();
            if let Some(key) = shard.random_key(random, now_ms) {
                return Some(key);
            }
        }
        cells.iter().find_map(|it| it.lock().random_key(random, now_ms))
    }

    /// One turn of background work (active expiry, compaction, returning memory, eviction after the
    /// budget was lowered) over part `part` of `n_parts` of the shards. Asks `keep_going` every few
    /// dozen items or pages.
    pub fn maintain(
        &self,
        part: usize,
        n_parts: usize,
        now_ms: u64,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Maintenance {
        if self.policy() != Policy::NoEviction {
            while self.shared.excess_bytes() != 0 && self.make_room(now_ms).is_ok() {
                if !keep_going() {
                    return Maintenance::More;
                }
            }
        }
        if !self.shared.pool.discard(keep_going) {
            return Maintenance::More;
        }
        let n_turns = self.n_shards().div_ceil(n_parts);
        let turn = &self.turns[part % PARTS_MAX];
        let start = turn.load(Ordering::Relaxed);
        let mut swept = Swept::default();
        for step in 0..n_turns {
            let at = (start + step) % n_turns;
            self.maintain_shard(at * n_parts + part, now_ms, &mut swept, keep_going);
            if swept.more || !keep_going() {
                turn.store(at, Ordering::Relaxed);
                return swept.verdict();
            }
        }
        Maintenance::Done
    }

    /// Looks after one shard of every database.
    fn maintain_shard(
        &self,
        shard: usize,
        now_ms: u64,
        swept: &mut Swept,
        keep_going: &mut dyn FnMut() -> bool,
    ) {
        let expires = self.shared.active_expiry.load(Ordering::Relaxed);
        for cell in self.databases().filter_map(|it| it.cells().get(shard)) {
            let is_due = expires && cell.is_due(now_ms);
            if !is_due && !cell.wants_care() {
                continue;
            }
            let mut shard = cell.lock();
            if is_due {
                swept.add(shard.sweep(now_ms, keep_going));
            }
            shard.tidy(keep_going);
        }
    }

    /// One step of removing every expired item of a database now: looks at one shard, at about
    /// `n_items` items of it at most. `from` is 0 at first and then where the last step ended.
    pub fn crawl(&self, db: u32, from: usize, n_items: usize, now_ms: u64) -> Crawled {
        let cells = self.used_database(db).map_or(&[][..], Database::cells);
        let Some(at) = (from..cells.len()).find(|at| cells[*at].is_due(now_ms)) else {
            return Crawled { next: None, n_examined: 0 };
        };
        let mut looks = n_items.div_ceil(ITEMS_SWEPT_PER_LOOK);
        let mut shard = cells[at].lock();
        let swept = shard.sweep(now_ms, &mut || {
            looks = looks.saturating_sub(1);
            looks != 0
        });
        shard.book();
        let next = if swept.more { at } else { at + 1 };
        Crawled { next: (next < cells.len()).then_some(next), n_examined: swept.n_examined }
    }

    pub fn stats(&self) -> KeyspaceStats {
        let mut stats = KeyspaceStats::default();
        for cell in self.databases().flat_map(Database::cells) {
            cell.lock().add_to(&mut stats);
        }
        stats.peak_bytes = self.shared.peak_bytes().max(stats.used_bytes);
        stats
    }

    /// Counts what leaves by itself in `n_classes` classes from now on. The first call decides.
    pub fn count_by_class(&self, n_classes: usize, classify: Classify) {
        let _ = self.shared.classes.set(Classes { n_classes, classify });
    }

    /// What `count_by_class` asked for, since the last `reset_stats`.
    pub fn class_stats(&self) -> Vec<ClassStats> {
        let n_classes = self.shared.classes.get().map_or(0, |it| it.n_classes);
        let mut sum = vec![ClassStats::default(); n_classes];
        for cell in self.databases().flat_map(Database::cells) {
            for (to, from) in sum.iter_mut().zip(&cell.lock().by_class) {
                *to += from;
            }
        }
        sum
    }

    pub fn database_stats(&self, db: u32, now_ms: u64) -> DatabaseStats {
        let (mut stats, mut sum_ms) = (DatabaseStats::default(), 0);
        for cell in self.shards(db) {
            let shard = cell.lock();
            stats.n_items += shard.index.len() as u64;
            stats.n_expiring += shard.holdings.n_expiring;
            stats.n_field_expiring += shard.holdings.n_field_expiring;
            sum_ms += shard.holdings.expire_sum_ms.0;
        }
        let mean = sum_ms.checked_div(u128::from(stats.n_expiring)).unwrap_or(0) as u64;
        stats.ttl_mean_ms = mean.saturating_sub(now_ms);
        stats
    }

    /// Zeroes the counters of events (hits, evictions, ...) and resets the peak.
    pub fn reset_stats(&self) {
        for cell in self.databases().flat_map(Database::cells) {
            let mut shard = cell.lock();
            (shard.hits, shard.events) = (0, crate::shard::Events::default());
            shard.by_class = Box::default();
        }
        self.shared.reset_peak();
    }
}

/// What a step of a scan may still do.
struct Budget {
    items: usize,
    buckets: usize,
}

impl Budget {
    fn is_spent(&self) -> bool {
        self.items == 0 || self.buckets == 0
    }
}

impl Swept {
    fn add(&mut self, other: Swept) {
        self.n_examined += other.n_examined;
        self.n_expired += other.n_expired;
        self.more |= other.more;
    }

    /// Whether to go on at once after running out of time.
    fn verdict(self) -> Maintenance {
        if self.n_expired != 0 && self.n_examined <= self.n_expired * EXPIRED_SHARE_MIN {
            Maintenance::More
        } else {
            Maintenance::Done
        }
    }
}

impl Shard {
    /// Visits the items from `hash` on. The hash to go on with, or `None` at the shard's end.
    fn scan(
        &mut self,
        hash: u64,
        now_ms: u64,
        left: &mut Budget,
        visit: &mut dyn FnMut(Item<'_>),
    ) -> Option<u64> {
        let n_homes = self.index.n_homes();
        let from = hash as u32;
        for bucket in Index::home(from, n_homes)..n_homes {
            if left.is_spent() {
                return Some(Index::first_hash(bucket, n_homes).max(hash));
            }
            left.buckets -= 1;
            for slot in self.index.slots_of_home(bucket).filter(|it| from <= it.hash()) {
                let location = slot.location();
                if !self.segments.item(location).is_expired(now_ms) {
                    left.items = left.items.saturating_sub(1);
                    visit(self.item(location, now_ms));
                }
            }
        }
        None
    }

    fn random_key(&mut self, random: u64, now_ms: u64) -> Option<Vec<u8>> {
        let fresh = |it: &crate::index::Slot| !self.segments.item(it.location()).is_expired(now_ms);
        // Of a few neighbours the first would favour keys behind gaps.
        let near: Vec<_> =
            self.index.samples(random, 8).map(|(_, slot)| slot).filter(fresh).collect();
        let pick = near.get((random >> 7) as usize % near.len().max(1))?;
        Some(self.segments.item(pick.location()).key().to_vec())
    }

    /// Compacts and shrinks what has become too large, and brings the books in step.
    fn tidy(&mut self, keep_going: &mut dyn FnMut() -> bool) {
        while self.wants_compaction() && keep_going() {
            let freed = self.compact(ITEMS_PER_COMPACTION);
            if !freed && self.compaction.is_none() {
                break;
            }
        }
        if self.index.is_sparse() {
            self.index.shrink();
        }
        self.book();
    }

    fn add_to(&self, stats: &mut KeyspaceStats) {
        stats.used_bytes += self.used_bytes();
        stats.n_items += self.index.len() as u64;
        stats.n_expiring += self.holdings.n_expiring;
        stats.hits += self.hits;
        stats.misses += self.events.misses;
        stats.evictions += self.events.evictions;
        stats.evictions_unfetched += self.events.evictions_unfetched;
        stats.evictions_expiring += self.events.evictions_expiring;
        stats.evictions_active += self.events.evictions_active;
        stats.expirations += self.events.expirations;
        stats.field_expirations += self.events.field_expirations;
        stats.expirations_unfetched += self.events.expirations_unfetched;
        stats.sweepings += self.events.sweepings;
        stats.n_swept += self.events.n_swept;
        stats.stores += self.events.stores;
        stats.item_bytes += self.holdings.item_bytes + self.holdings.heap_bytes;
        stats.payload_bytes += self.holdings.payload_bytes;
        stats.table_bytes += self.index.bytes() as u64;
        stats.dead_bytes += self.segments.dead_bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Expire, KeyspaceOptions, SetOptions};
    use crate::value::NewValue;

    #[test]
    fn a_crawl_removes_all_that_has_expired_in_bounded_steps() {
        let keyspace = Keyspace::new(KeyspaceOptions { n_shards: 4, ..KeyspaceOptions::default() });
        keyspace.count_by_class(2, Box::new(|it| usize::from(it.key().starts_with(b"long:"))));
        for index in 0..2000 {
            let start = if index % 4 == 0 { "long:" } else { "" };
            let name = format!("{start}{index}");
            let key = keyspace.key(0, name.as_bytes());
            let expire = Expire::AtMs(if index < 1500 { 10 } else { 1000 });
            let options = SetOptions { expire, ..SetOptions::default() };
            keyspace.view(key, 1).set(key, NewValue::Copied(b"x"), options);
        }
        let (mut from, mut n_steps) = (Some(0), 0);
        while let Some(at) = from {
            let crawled = keyspace.crawl(0, at, 64, 11);
            assert!(crawled.n_examined <= 64, "{crawled:?}");
            from = crawled.next;
            n_steps += 1;
        }
        let stats = keyspace.stats();
        assert_eq!((stats.n_items, stats.sweepings, stats.expirations), (500, 1500, 1500));
        assert!(stats.n_swept >= 1500 && n_steps >= 1500 / 64, "{n_steps} steps");
        let by_class: Vec<u64> = keyspace.class_stats().iter().map(|it| it.sweepings).collect();
        assert_eq!(by_class, [1125, 375]);
        assert_eq!(keyspace.crawl(0, 0, 64, 11), Crawled { next: None, n_examined: 0 });
        keyspace.reset_stats();
        assert_eq!(keyspace.class_stats(), [ClassStats::default(); 2]);
    }

    #[test]
    fn looking_at_a_database_makes_none() {
        let keyspace = Keyspace::new(KeyspaceOptions::default());
        for db in 0..keyspace.n_databases() {
            keyspace.database_stats(db, 0);
            assert_eq!(keyspace.scan(db, 0, 10, 0, &mut |_| {}), 0);
            assert_eq!((keyspace.len(db), keyspace.random_key(db, 7, 0)), (0, None));
            keyspace.flush(db);
        }
        assert_eq!(keyspace.databases().count(), 0);
    }
}
