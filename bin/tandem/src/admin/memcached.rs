//! The names of the memcached exporter that dashboards and alerts use, with its labels. There are
//! no slabs here: a slab is the class in which memcached would have an item, as in `stats slabs`.

use tandem_memcached::{CountedItems, ItemClass};

use crate::admin::exposition::{Row, Values, counter, gauge, sum};
use crate::admin::snapshot::Snapshot;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    gauge("memcached_up", "Always 1: the server answers for itself.", |_, to| to.put(1.0)),
    gauge("memcached_version", "Always 1; the label tells the version.",
        |_, to| to.put_with(&[("version", tandem_memcached::COMPATIBLE_VERSION)], 1.0)),
    counter("memcached_uptime_seconds", "Time since the start.",
        |s, to| to.put(s.uptime_s())),
    gauge("memcached_time_seconds", "The server's clock.", |s, to| to.put(s.now_ms / 1000)),
    counter("memcached_commands_total", "Requests by command and outcome.", commands),
    gauge("memcached_current_connections", "Open connections.",
        |s, to| to.put(s.memcached.n_connections)),
    gauge("memcached_max_connections", "Most connections at a time.",
        |s, to| to.put(s.memcached.connections_max)),
    counter("memcached_connections_total", "Connections that were accepted.",
        |s, to| to.put(s.memcached.n_received)),
    counter("memcached_connections_rejected_total", "Connections that were turned away.",
        |s, to| to.put(s.memcached.n_rejected)),
    counter("memcached_connections_yielded_total", "Connections that let others go first.",
        |s, to| to.put(s.cached.totals.yields)),
    counter("memcached_connections_listener_disabled_total",
        "Times that accepting stopped at the connection limit.", |_, to| to.put(0.0)),
    gauge("memcached_accepting_connections", "1 while connections are accepted.",
        |s, to| to.put(f64::from(u8::from(s.cached.is_accepting)))),
    gauge("memcached_current_bytes", "Memory of items.",
        |s, to| to.put(s.memcached.stats.item_bytes)),
    gauge("memcached_limit_bytes", "The memory budget.", |s, to| to.put(s.memcached.memory_max)),
    gauge("memcached_malloced_bytes", "Memory that the budget counts.",
        |s, to| to.put(s.memcached.stats.used_bytes)),
    gauge("memcached_current_items", "Items that are there.",
        |s, to| to.put(s.memcached.stats.n_items)),
    counter("memcached_items_total", "Items that were ever stored.",
        |s, to| to.put(s.memcached.stats.stores)),
    counter("memcached_items_evicted_total", "Items that gave way to others.",
        |s, to| to.put(s.memcached.stats.evictions)),
    counter("memcached_items_reclaimed_total", "Expired items whose memory was taken back.",
        |s, to| to.put(s.memcached.stats.expirations)),
    counter("memcached_item_too_large_total", "Stores of items that are too large.",
        |s, to| to.put(s.cached.totals.store_too_large)),
    counter("memcached_item_no_memory_total", "Stores that found no memory.",
        |s, to| to.put(s.cached.totals.store_no_memory)),
    counter("memcached_direct_reclaims_total", "Stores that had to evict by themselves.",
        |s, to| to.put(s.memcached.stats.evictions)),
    counter("memcached_read_bytes_total", "Bytes read from clients.",
        |s, to| to.put(s.memcached.net_in_bytes)),
    counter("memcached_written_bytes_total", "Bytes written to clients.",
        |s, to| to.put(s.memcached.net_out_bytes)),
    sum("memcached_process_user_cpu_seconds_total", "CPU time of the process in user mode.",
        |s, to| to.put(s.cpu.user.as_secs_f64())),
    sum("memcached_process_system_cpu_seconds_total", "CPU time of the process in the kernel.",
        |s, to| to.put(s.cpu.system.as_secs_f64())),
    counter("memcached_config_gets_total", "Questions for the list of nodes (CmdConfigGet).",
        |s, to| to.put(s.cached.totals.config_gets)),
    counter("memcached_config_sets_total", "Changes of the list of nodes (CmdConfigSet).",
        |s, to| to.put(s.cached.config_sets)),
    gauge("memcached_current_configs", "Always 1: the list of nodes (CurrConfig).",
        |_, to| to.put(1.0)),
    gauge("memcached_lru_crawler_enabled", "Always 1: expired items are looked for.",
        |_, to| to.put(1.0)),
    counter("memcached_slab_items_outofmemory_total", "Stores that found no memory.",
        |s, to| slabs(s, to, |it| it.no_memory)),
    gauge("memcached_slab_current_items", "Items that are there.",
        |s, to| counted(s, to, |it| it.n_items)),
    gauge("memcached_slab_items_age_seconds", "Longest time without a use.",
        |s, to| counted(s, to, |it| it.age_s)),
    counter("memcached_slab_items_evicted_total", "Items that gave way to others.",
        |s, to| slabs(s, to, |it| it.evictions)),
    counter("memcached_slab_items_evicted_nonzero_total",
        "Items with a time to live that gave way to others.",
        |s, to| slabs(s, to, |it| it.evictions_expiring)),
    counter("memcached_slab_items_evicted_unfetched_total",
        "Items that gave way to others before anybody read them.",
        |s, to| slabs(s, to, |it| it.evictions_unfetched)),
    counter("memcached_slab_items_expired_unfetched_total",
        "Items whose time was over before anybody read them.",
        |s, to| slabs(s, to, |it| it.expirations_unfetched)),
    counter("memcached_slab_items_reclaimed_total", "Expired items whose memory was taken back.",
        |s, to| slabs(s, to, |it| it.expirations)),
    gauge("memcached_slab_mem_requested_bytes", "Memory that items would take in memcached.",
        |s, to| counted(s, to, |it| it.bytes)),
    gauge("memcached_slab_chunk_size_bytes", "The biggest item that memcached has in one piece.",
        |s, to| slabs(s, to, |it| it.chunk_bytes)),
    gauge("memcached_slab_chunks_used", "Chunks that items would take in memcached.",
        |s, to| counted(s, to, |it| it.n_chunks)),
    gauge("memcached_slab_chunks_free", "Always 0: items take what they need.",
        |s, to| slabs(s, to, |_| 0)),
    gauge("memcached_slab_current_pages", "Pages that items would take in memcached.",
        |s, to| counted(s, to, |it| it.n_pages)),
    counter("memcached_slab_commands_total", "Requests by command and outcome.", slab_commands),
];

/// A value for each class of items.
fn slabs(snapshot: &Snapshot, to: &mut Values, value: fn(&ItemClass) -> u64) {
    for it in &snapshot.cached.item_classes.classes {
        to.put_with(&[("slab", &it.number.to_string())], value(it));
    }
}

/// The same of what is only known once items have been counted.
fn counted(snapshot: &Snapshot, to: &mut Values, value: fn(&CountedItems) -> u64) {
    for it in &snapshot.cached.item_classes.classes {
        if let Some(counted) = &it.counted {
            to.put_with(&[("slab", &it.number.to_string())], value(counted));
        }
    }
}

fn commands(snapshot: &Snapshot, to: &mut Values) {
    let it = &snapshot.cached.totals;
    // memcached counts a `cas` among the stores too.
    let sets = it.stores.saturating_sub(it.cas_hits + it.cas_misses + it.cas_badval);
    for (command, status, count) in [
        ("get", "hit", it.get_hits),
        ("get", "miss", it.get_misses),
        ("set", "hit", sets),
        ("delete", "hit", it.delete_hits),
        ("delete", "miss", it.delete_misses),
        ("incr", "hit", it.incr_hits),
        ("incr", "miss", it.incr_misses),
        ("decr", "hit", it.decr_hits),
        ("decr", "miss", it.decr_misses),
        ("cas", "hit", it.cas_hits),
        ("cas", "miss", it.cas_misses),
        ("cas", "badval", it.cas_badval),
        ("touch", "hit", it.touch_hits),
        ("touch", "miss", it.touch_misses),
        ("flush", "hit", it.flushes),
    ] {
        to.put_with(&[("command", command), ("status", status)], count);
    }
}

/// A miss has no item, hence no slab.
fn slab_commands(snapshot: &Snapshot, to: &mut Values) {
    for it in &snapshot.cached.item_classes.classes {
        let slab = it.number.to_string();
        for (command, status, count) in [
            ("get", "hit", it.get_hits),
            ("set", "hit", it.sets.saturating_sub(it.cas_hits + it.cas_badval)),
            ("delete", "hit", it.delete_hits),
            ("incr", "hit", it.incr_hits),
            ("decr", "hit", it.decr_hits),
            ("cas", "hit", it.cas_hits),
            ("cas", "badval", it.cas_badval),
            ("touch", "hit", it.touch_hits),
        ] {
            to.put_with(&[("slab", &slab), ("command", command), ("status", status)], count);
        }
    }
}
