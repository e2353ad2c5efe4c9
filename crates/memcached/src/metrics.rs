//! What the metrics tell by class of item: what `stats items` and `stats slabs` tell, but counted
//! since the start, and from a count of items that may be a little old.

use std::sync::Arc;

use tandem_engine::ClassStats;

use crate::server::Server;
use crate::stats::{ClassEvent, ClassTotals};
use crate::survey::{ClassItems, ITEMS_COUNTED_ANEW, ITEMS_PER_LOCK, Survey};
use crate::walk::Progress;

/// A class of items that has, or once had, some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemClass {
    pub number: usize,
    /// The biggest item, as memcached would keep it in one piece.
    pub chunk_bytes: u64,
    /// `None` while the items of a big cache are counted for the first time.
    pub counted: Option<CountedItems>,
    pub evictions: u64,
    pub evictions_expiring: u64,
    pub evictions_unfetched: u64,
    pub expirations: u64,
    pub expirations_unfetched: u64,
    pub no_memory: u64,
    pub get_hits: u64,
    /// Stores, `cas` among them.
    pub sets: u64,
    pub delete_hits: u64,
    pub incr_hits: u64,
    pub decr_hits: u64,
    pub cas_hits: u64,
    pub cas_badval: u64,
    pub touch_hits: u64,
}

/// The items of a class that were there at the last count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedItems {
    pub n_items: u64,
    /// What memcached would need for them.
    pub bytes: u64,
    pub n_chunks: u64,
    pub n_pages: u64,
    /// Longest time without a use.
    pub age_s: u64,
}

/// All classes, and how long ago their items were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemClasses {
    pub classes: Vec<ItemClass>,
    pub counted_ago_ms: Option<u64>,
}

impl Server {
    /// The classes of items that are or were there. Few items are counted at once; many by
    /// `count_items`, which is to be called afterwards.
    pub fn item_classes(&self, now_ms: u64) -> ItemClasses {
        let survey = self.recent_survey(now_ms);
        let (totals, events) = (self.class_totals(), self.keyspace.class_stats());
        let mut classes = Vec::new();
        for (number, totals) in totals.iter().enumerate().skip(1) {
            let none = ClassStats::default();
            let events = events.get(number).unwrap_or(&none);
            let items = survey.as_ref().map(|it| it.class(number).cloned().unwrap_or_default());
            let has_items = items.as_ref().is_some_and(|it| it.n_items > 0);
            if has_items || *totals != ClassTotals::default() || *events != none {
                classes.push(self.item_class(number, items.as_ref(), events, totals));
            }
        }
        let counted_ago_ms = survey.map(|it| now_ms.saturating_sub(it.taken_at_ms()));
        ItemClasses { classes, counted_ago_ms }
    }

    fn recent_survey(&self, now_ms: u64) -> Option<Arc<Survey>> {
        if !self.has_few_items() {
            return self.surveys.recent(now_ms);
        }
        let mut survey = Survey::default();
        while survey.step(self, ITEMS_PER_LOCK, now_ms) == Progress::More {}
        Some(Arc::new(survey))
    }

    fn has_few_items(&self) -> bool {
        self.keyspace.stats().n_items < ITEMS_COUNTED_ANEW
    }

    fn item_class(
        &self,
        number: usize,
        items: Option<&ClassItems>,
        events: &ClassStats,
        totals: &ClassTotals,
    ) -> ItemClass {
        let counted = items.map(|it| CountedItems {
            n_items: it.n_items,
            bytes: it.bytes,
            n_chunks: it.n_chunks,
            n_pages: self.classes.n_pages(number, it.n_chunks),
            age_s: u64::from(it.idle_s_max),
        });
        ItemClass {
            number,
            chunk_bytes: self.classes.chunk_bytes(number) as u64,
            counted,
            evictions: events.evictions,
            evictions_expiring: events.evictions_expiring,
            evictions_unfetched: events.evictions_unfetched,
            expirations: events.expirations,
            expirations_unfetched: events.expirations_unfetched,
            no_memory: totals.of(ClassEvent::NoMemory),
            get_hits: totals.get_hits(),
            sets: totals.of(ClassEvent::Set),
            delete_hits: totals.of(ClassEvent::Delete),
            incr_hits: totals.of(ClassEvent::Incr),
            decr_hits: totals.of(ClassEvent::Decr),
            cas_hits: totals.of(ClassEvent::Cas),
            cas_badval: totals.of(ClassEvent::CasBadval),
            touch_hits: totals.of(ClassEvent::Touch),
        }
    }

    /// Counts some more items where many are there and the last count is no longer good. True
    /// while there is more to do: then others should have a turn first. For one caller at a time.
    pub fn count_items(&self, now_ms: u64) -> bool {
        if self.has_few_items() || self.surveys.fresh(now_ms).is_some() {
            return false;
        }
        let mut survey = self.surveys.take_up();
        for _ in 0..LOCKS_PER_TURN {
            if survey.step(self, ITEMS_PER_LOCK, now_ms) == Progress::Done {
                self.surveys.keep(&Arc::new(survey));
                return false;
            }
        }
        self.surveys.put_aside(survey);
        true
    }
}

/// Locks of one turn of a count that nobody waits for: some hundred microseconds.
const LOCKS_PER_TURN: usize = 32;
