//! `stats` without an argument. Names and order are memcached's; what does not exist here is 0.

use std::fmt::Display;
use std::time::Duration;

use tandem_engine::KeyspaceStats;

use crate::COMPATIBLE_VERSION;
use crate::host::Connections;
use crate::reply::stat;
use crate::run::Cx;
use crate::stats::Totals;
use crate::watch::Counts;

pub(super) fn put(cx: &mut Cx<'_>) {
    let totals = cx.server.totals_since_reset();
    let engine = cx.server.keyspace.stats();
    let connections = cx.server.host.connections();
    put_process(cx, connections);
    put_commands(&mut cx.out.buf, &totals);
    put_discovery(cx, &totals);
    put_server(cx, connections, &totals, &engine);
    put_items(&mut cx.out.buf, &engine);
}

fn put_process(cx: &mut Cx<'_>, connections: Connections) {
    let n_clients = cx.server.clients.len();
    let host = &cx.server.host;
    let cpu = host.cpu_times();
    let lines: [(&str, &dyn Display); 21] = [
        ("pid", &host.pid()),
        ("uptime", &host.uptime_s()),
        ("time", &(cx.now_ms / 1000)),
        ("version", &COMPATIBLE_VERSION),
        ("libevent", &"none"),
        ("pointer_size", &usize::BITS),
        ("rusage_user", &seconds(cpu.user)),
        ("rusage_system", &seconds(cpu.system)),
        ("max_connections", &connections.max),
        ("curr_connections", &n_clients),
        ("total_connections", &connections.accepted),
        ("rejected_connections", &connections.rejected),
        ("connection_structures", &n_clients),
        ("response_obj_oom", &0),
        ("response_obj_count", &0),
        ("response_obj_bytes", &0),
        ("read_buf_count", &0),
        ("read_buf_bytes", &0),
        ("read_buf_bytes_free", &0),
        ("read_buf_oom", &0),
        ("reserved_fds", &0),
    ];
    for (name, value) in lines {
        stat(&mut cx.out.buf, name, value);
    }
}

fn put_commands(buf: &mut Vec<u8>, totals: &Totals) {
    for (name, value) in [
        ("cmd_get", totals.get_hits + totals.get_misses),
        ("cmd_set", totals.stores),
        ("cmd_flush", totals.flushes),
        ("cmd_touch", totals.touch_hits + totals.touch_misses),
        ("cmd_meta", totals.meta_debugs),
        ("get_hits", totals.get_hits),
        ("get_misses", totals.get_misses),
        ("get_expired", 0),
        ("get_flushed", 0),
        ("delete_misses", totals.delete_misses),
        ("delete_hits", totals.delete_hits),
        ("incr_misses", totals.incr_misses),
        ("incr_hits", totals.incr_hits),
        ("decr_misses", totals.decr_misses),
        ("decr_hits", totals.decr_hits),
        ("cas_misses", totals.cas_misses),
        ("cas_hits", totals.cas_hits),
        ("cas_badval", totals.cas_badval),
        ("touch_hits", totals.touch_hits),
        ("touch_misses", totals.touch_misses),
        ("store_too_large", totals.store_too_large),
        ("store_no_memory", totals.store_no_memory),
        ("auth_cmds", totals.auth_cmds),
        ("auth_errors", totals.auth_errors),
    ] {
        stat(buf, name, value);
    }
}

/// ElastiCache's own: `CmdConfigGet`, `CmdConfigSet` and `CurrConfig` of its metrics.
fn put_discovery(cx: &mut Cx<'_>, totals: &Totals) {
    let n_sets = cx.server.cluster.n_sets();
    let lines =
        [("cmd_config_get", totals.config_gets), ("cmd_config_set", n_sets), ("curr_config", 1)];
    for (name, value) in lines {
        stat(&mut cx.out.buf, name, value);
    }
}

fn put_server(cx: &mut Cx<'_>, connections: Connections, totals: &Totals, engine: &KeyspaceStats) {
    let buf = &mut cx.out.buf;
    if cx.server.settings.idle_timeout_s > 0 {
        stat(buf, "idle_kicks", connections.idle_kicks);
    }
    // The table's lines of 64 bytes hold eight items each.
    let hash_power = (engine.table_bytes / 8).max(1).ilog2();
    for (name, value) in [
        ("bytes_read", totals.bytes_read),
        ("bytes_written", totals.bytes_written),
        ("limit_maxbytes", cx.server.keyspace.memory_max()),
        ("accepting_conns", u64::from(connections.accepting)),
        ("listen_disabled_num", 0),
        ("time_in_listen_disabled_us", 0),
        ("threads", cx.server.host.n_threads() as u64),
        ("conn_yields", totals.yields),
        ("hash_power_level", u64::from(hash_power)),
        ("hash_bytes", engine.table_bytes),
        ("hash_is_expanding", 0),
    ] {
        stat(buf, name, value);
    }
    for name in SLAB_MOVER {
        stat(buf, name, 0);
    }
    stat(buf, "lru_crawler_running", u64::from(cx.server.crawler.is_busy()));
    stat(buf, "lru_crawler_starts", cx.server.crawler.n_starts());
    for name in NOT_HERE {
        stat(buf, name, 0);
    }
    let Counts { written, skipped, sent } = cx.server.hub.counts();
    for (name, value) in [
        // Every event reaches the watchers' buffers at once.
        ("log_worker_dropped", 0),
        ("log_worker_written", written),
        ("log_watcher_skipped", skipped),
        ("log_watcher_sent", sent),
        ("log_watchers", cx.server.hub.n_watchers() as u64),
        // The kernel does not poll for us.
        ("unexpected_napi_ids", 0),
        ("round_robin_fallback", 0),
    ] {
        stat(buf, name, value);
    }
}

/// There are no slabs to move.
const SLAB_MOVER: &[&str] = &[
    "slab_reassign_rescues",
    "slab_reassign_chunk_rescues",
    "slab_reassign_inline_reclaim",
    "slab_reassign_busy_items",
    "slab_reassign_busy_deletes",
    "slab_reassign_busy_nomem",
    "slab_reassign_running",
    "slabs_moved",
];

/// What memcached's LRU lists and its allocator count.
const NOT_HERE: &[&str] = &["lru_maintainer_juggles", "malloc_fails"];

fn put_items(buf: &mut Vec<u8>, engine: &KeyspaceStats) {
    for (name, value) in [
        ("bytes", engine.item_bytes),
        ("curr_items", engine.n_items),
        ("total_items", engine.stores),
        ("slab_global_page_pool", 0),
        ("expired_unfetched", engine.expirations_unfetched),
        ("evicted_unfetched", engine.evictions_unfetched),
        ("evicted_active", engine.evictions_active),
        ("evictions", engine.evictions),
        ("reclaimed", engine.expirations),
        ("crawler_reclaimed", engine.sweepings),
        ("crawler_items_checked", engine.n_swept),
        ("lrutail_reflocked", 0),
        ("moves_to_cold", 0),
        ("moves_to_warm", 0),
        ("moves_within_lru", 0),
        ("direct_reclaims", engine.evictions),
        ("lru_bumps_dropped", 0),
    ] {
        stat(buf, name, value);
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}
