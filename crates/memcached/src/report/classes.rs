//! `stats items`, `stats slabs` and `stats sizes`: by the classes that memcached would have. What
//! only slabs can have is 0.

use tandem_engine::ClassStats;

use crate::reply::stat;
use crate::report::Topic;
use crate::run::Cx;
use crate::stats::{ClassEvent, ClassTotals};
use crate::survey::{ClassItems, Survey};

pub(super) fn put(cx: &mut Cx<'_>, topic: Topic, survey: &Survey) {
    match topic {
        Topic::Items => items(cx, survey),
        Topic::Slabs => slabs(cx, survey),
        Topic::Sizes => {
            for (bytes, n_items) in &survey.sizes {
                stat(&mut cx.out.buf, &bytes.to_string(), n_items);
            }
        }
    }
}

fn items(cx: &mut Cx<'_>, survey: &Survey) {
    let events = cx.server.keyspace.class_stats();
    let totals = cx.server.class_totals_since_reset();
    for (class, items) in survey.classes() {
        let none = ClassStats::default();
        let events = events.get(class).unwrap_or(&none);
        put_items(cx, class, items, events, &totals[class]);
    }
}

fn put_items(
    cx: &mut Cx<'_>,
    class: usize,
    items: &ClassItems,
    events: &ClassStats,
    totals: &ClassTotals,
) {
    put_lists(cx, class, items);
    let evicted_idle_s = if events.evictions == 0 { 0 } else { events.last_eviction.1 };
    for (name, value) in [
        ("age", u64::from(items.idle_s_max)),
        ("mem_requested", items.bytes),
        ("evicted", events.evictions),
        ("evicted_nonzero", events.evictions_expiring),
        ("evicted_time", u64::from(evicted_idle_s)),
        ("outofmemory", totals.of(ClassEvent::NoMemory)),
        ("tailrepairs", 0),
        ("reclaimed", events.expirations),
        ("expired_unfetched", events.expirations_unfetched),
        ("evicted_unfetched", events.evictions_unfetched),
        ("evicted_active", events.evictions_active),
        ("crawler_reclaimed", events.sweepings),
        ("crawler_items_checked", 0),
        ("lrutail_reflocked", 0),
        ("moves_to_cold", 0),
        ("moves_to_warm", 0),
        ("moves_within_lru", 0),
        ("direct_reclaims", events.evictions),
        // Hot is what nobody had read before.
        ("hits_to_hot", totals.of(ClassEvent::Get)),
        ("hits_to_warm", totals.of(ClassEvent::GetAgain)),
        ("hits_to_cold", 0),
        ("hits_to_temp", 0),
    ] {
        stat(&mut cx.out.buf, &format!("items:{class}:{name}"), value);
    }
}

/// The items as memcached's lists would have them; without its maintainer there are none.
fn put_lists(cx: &mut Cx<'_>, class: usize, items: &ClassItems) {
    let (tuning, has_lists) = (cx.server.tuning(), cx.server.settings.lru_maintainer);
    let lists = items.lists(tuning);
    for (name, value, is_told) in [
        ("number", items.n_items, true),
        ("number_hot", lists.n_hot, has_lists),
        ("number_warm", lists.n_warm, has_lists),
        ("number_cold", lists.n_cold, has_lists),
        ("number_temp", items.n_temp, tuning.has_temp),
        ("age_hot", lists.age_hot_s, has_lists),
        ("age_warm", lists.age_warm_s, has_lists),
    ] {
        if is_told {
            stat(&mut cx.out.buf, &format!("items:{class}:{name}"), value);
        }
    }
}

/// Chunks are those that memcached would need. None are free: an item takes memory of its own.
fn slabs(cx: &mut Cx<'_>, survey: &Survey) {
    let totals = cx.server.class_totals_since_reset();
    let none = ClassItems::default();
    let mut n_active = 0_u64;
    for (class, totals) in totals.iter().enumerate().skip(1) {
        let items = survey.class(class).unwrap_or(&none);
        if items.n_items > 0 || *totals != ClassTotals::default() {
            put_slab(cx, class, items.n_chunks, totals);
            n_active += 1;
        }
    }
    stat(&mut cx.out.buf, "active_slabs", n_active);
    stat(&mut cx.out.buf, "total_malloced", cx.server.keyspace.used_bytes());
}

fn put_slab(cx: &mut Cx<'_>, class: usize, n_chunks: u64, totals: &ClassTotals) {
    let classes = &cx.server.classes;
    for (name, value) in [
        ("chunk_size", classes.chunk_bytes(class) as u64),
        ("chunks_per_page", classes.chunks_per_page(class)),
        ("total_pages", classes.n_pages(class, n_chunks)),
        ("total_chunks", n_chunks),
        ("used_chunks", n_chunks),
        ("free_chunks", 0),
        ("free_chunks_end", 0),
        ("get_hits", totals.get_hits()),
        ("cmd_set", totals.of(ClassEvent::Set)),
        ("delete_hits", totals.of(ClassEvent::Delete)),
        ("incr_hits", totals.of(ClassEvent::Incr)),
        ("decr_hits", totals.of(ClassEvent::Decr)),
        ("cas_hits", totals.of(ClassEvent::Cas)),
        ("cas_badval", totals.of(ClassEvent::CasBadval)),
        ("touch_hits", totals.of(ClassEvent::Touch)),
    ] {
        stat(&mut cx.out.buf, &format!("{class}:{name}"), value);
    }
}
