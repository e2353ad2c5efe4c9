//! INFO: what the server tells about itself, section by section, with Valkey's field names. What
//! a cache cannot have is told as none; what we cannot know is left out.

use std::fmt::{Display, Write};
use std::sync::atomic::Ordering::Relaxed;

use super::info_stats::{commandstats, errorstats, latencystats, stats};
use super::memory::{Memory, difference, ratio};
use crate::dispatch::ClientCtx;
use crate::reply::Answer;
use crate::server::{Server, TANDEM_VERSION, VALKEY_VERSION};
use crate::watch;

/// A section's text in the making.
pub(super) struct Lines {
    text: String,
}

type Section = fn(&Server, u64, &mut Lines);

/// In the order in which they are shown.
const SECTIONS: &[(&str, &str, Shown, Section)] = &[
    ("server", "Server", Shown::ByDefault, server),
    ("clients", "Clients", Shown::ByDefault, clients),
    ("memory", "Memory", Shown::ByDefault, memory),
    ("persistence", "Persistence", Shown::ByDefault, persistence),
    ("stats", "Stats", Shown::ByDefault, stats),
    ("replication", "Replication", Shown::ByDefault, replication),
    ("cpu", "CPU", Shown::ByDefault, cpu),
    ("modules", "Modules", Shown::ByDefault, |_, _, _| {}),
    ("commandstats", "Commandstats", Shown::WhenAsked, commandstats),
    ("errorstats", "Errorstats", Shown::ByDefault, errorstats),
    ("latencystats", "Latencystats", Shown::WhenAsked, latencystats),
    ("cluster", "Cluster", Shown::ByDefault, cluster),
    ("keyspace", "Keyspace", Shown::ByDefault, keyspace),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    ByDefault,
    WhenAsked,
}

pub(super) fn info(cx: &mut ClientCtx<'_>) -> Answer {
    let asked: Vec<&[u8]> = cx.args.rest().iter().collect();
    let asks = |word: &str| asked.iter().any(|it| it.eq_ignore_ascii_case(word.as_bytes()));
    let all = asks("all") || asks("everything");
    let default = asked.is_empty() || asks("default");
    let mut lines = Lines { text: String::new() };
    for (name, title, shown, section) in SECTIONS {
        if all || asks(name) || (default && *shown == Shown::ByDefault) {
            lines.title(title);
            section(cx.server, cx.now_ms, &mut lines);
        }
    }
    Ok(cx.reply.verbatim("txt", &lines.text))
}

impl Lines {
    fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push_str("\r\n");
        }
        self.text.push_str("# ");
        self.text.push_str(title);
        self.text.push_str("\r\n");
    }

    pub(super) fn put(&mut self, name: impl Display, value: impl Display) {
        // Writing into a string cannot fail.
        let _ = write!(self.text, "{name}:{value}\r\n");
    }

    pub(super) fn all<V: Display>(&mut self, fields: &[(&str, V)]) {
        for (name, value) in fields {
            self.put(name, value);
        }
    }

    fn bytes(&mut self, name: &str, bytes: u64) {
        self.put(name, bytes);
        self.put(format_args!("{name}_human"), human(bytes));
    }
}

fn server(server: &Server, now_ms: u64, lines: &mut Lines) {
    let it = server.host.identity();
    let uptime_s = now_ms.saturating_sub(server.started_at_ms) / 1000;
    let hz = server.settings.text("hz");
    lines.all(&[
        ("redis_version", REDIS_VERSION),
        ("server_name", "valkey"),
        ("valkey_version", VALKEY_VERSION),
        ("valkey_release_stage", "ga"),
        ("tandem_version", TANDEM_VERSION),
        ("redis_git_sha1", "00000000"),
        ("redis_git_dirty", "0"),
        ("redis_build_id", "0"),
        ("redis_mode", "standalone"),
        ("server_mode", "standalone"),
        ("os", &it.os),
    ]);
    lines.put("arch_bits", usize::BITS);
    lines.put("monotonic_clock", it.monotonic_clock);
    lines.put("multiplexing_api", "epoll");
    lines.put("process_id", it.pid);
    lines.put("process_supervised", it.supervised);
    lines.put("run_id", it.run_id);
    lines.put("tcp_port", it.tcp_port);
    lines.put("server_time_usec", now_ms * 1000);
    lines.put("uptime_in_seconds", uptime_s);
    lines.put("uptime_in_days", uptime_s / 86_400);
    lines.all(&[("hz", &hz), ("configured_hz", &hz), ("clients_hz", &hz)]);
    lines.put("lru_clock", (now_ms / 1000) & LRU_CLOCK_MAX);
    lines.put("executable", it.executable);
    lines.put("config_file", it.config_file);
    lines.put("io_threads_active", 0);
    lines.put("tandem_workers", server.workers.len());
    lines.put("availability_zone", server.settings.text("availability-zone"));
    for (index, listener) in it.listeners.iter().enumerate() {
        lines.put(format_args!("listener{index}"), listener);
    }
}

fn clients(server: &Server, _now_ms: u64, lines: &mut Lines) {
    let all = server.clients.all();
    let most = |bytes: fn(&crate::clients::ClientHandle) -> u64| {
        all.iter().map(|it| bytes(it)).max().unwrap_or_default()
    };
    lines.put("connected_clients", all.len());
    lines.put("cluster_connections", 0);
    lines.put("maxclients", server.settings.live().clients_max());
    lines.put("client_recent_max_input_buffer", most(|it| it.aside.query_bytes.load(Relaxed)));
    lines.put("client_recent_max_output_buffer", most(|it| it.aside.output_bytes.load(Relaxed)));
    lines.put("blocked_clients", all.iter().filter(|it| it.is_blocked()).count());
    lines.put("tracking_clients", server.tracking.counts().clients);
    lines.put("pubsub_clients", server.audience().n_subscribers);
    lines.put("watching_clients", all.iter().filter(|it| watch::state(it).0 > 0).count());
    lines.put("clients_in_timeout_table", 0);
    lines.put("total_watched_keys", server.keyspace.n_watched());
    lines.put("total_blocking_keys", server.keyspace.n_waited_for());
    lines.all(&[
        ("total_blocking_keys_on_nokey", "0"),
        ("paused_reason", "none"),
        ("paused_actions", "none"),
        ("paused_timeout_milliseconds", "0"),
    ]);
}

fn memory(server: &Server, _now_ms: u64, lines: &mut Lines) {
    let memory = Memory::of(server);
    let (keyspace, process) = (&memory.keyspace, &memory.process);
    lines.bytes("used_memory", memory.used_bytes());
    lines.bytes("used_memory_rss", process.rss_bytes);
    lines.bytes("used_memory_peak", memory.peak_bytes());
    lines.put("used_memory_peak_perc", format_args!("{:.2}%", memory.peak_percent()));
    lines.put("used_memory_overhead", memory.overhead_bytes());
    lines.put("used_memory_startup", 0);
    lines.put("used_memory_dataset", keyspace.payload_bytes);
    lines.put("used_memory_dataset_perc", format_args!("{:.2}%", memory.dataset_percent()));
    if process.allocated_bytes > 0 {
        lines.put("allocator_allocated", process.allocated_bytes);
        lines.put("allocator_active", process.allocator_active_bytes);
        lines.put("allocator_resident", process.allocator_resident_bytes);
        lines.put("allocator_muzzy", 0);
    }
    lines.bytes("total_system_memory", server.host.identity().total_system_memory_bytes);
    scripts(server, lines);
    lines.bytes("maxmemory", server.settings.integer("maxmemory") as u64);
    lines.put("maxmemory_policy", server.settings.text("maxmemory-policy"));
    fragmentation(&memory, lines);
    let clients: u64 = server
        .clients
        .all()
        .iter()
        .map(|it| it.aside.query_bytes.load(Relaxed) + it.aside.output_bytes.load(Relaxed))
        .sum();
    lines.all(&[
        ("mem_not_counted_for_evict", 0),
        ("mem_replication_backlog", 0),
        ("mem_total_replication_buffers", 0),
        ("mem_clients_slaves", 0),
        ("mem_clients_normal", clients),
        ("mem_cluster_links", 0),
        ("mem_aof_buffer", 0),
    ]);
    let freeing = tandem_engine::freeing();
    lines.put("mem_allocator", server.host.identity().allocator);
    lines.all(&[
        ("mem_overhead_db_hashtable_rehashing", 0),
        ("active_defrag_running", 0),
        ("lazyfree_pending_objects", freeing.n_pending as u64),
        ("lazyfreed_objects", freeing.n_freed),
        ("tandem_items_bytes", keyspace.item_bytes),
        ("tandem_tables_bytes", keyspace.table_bytes),
        ("tandem_dead_bytes", keyspace.dead_bytes),
    ]);
}

fn scripts(server: &Server, lines: &mut Lines) {
    let it = server.scripts.figures();
    lines.put("used_memory_lua", it.vm_bytes);
    lines.put("used_memory_vm_eval", it.vm_bytes);
    lines.put("used_memory_lua_human", human(it.vm_bytes));
    lines.put("used_memory_scripts_eval", it.text_bytes);
    lines.put("number_of_cached_scripts", it.n_scripts);
    let functions = server.scripts.functions.figures();
    lines.put("number_of_functions", functions.n_functions);
    lines.put("number_of_libraries", functions.n_libraries);
    lines.put("used_memory_vm_functions", it.function_vm_bytes);
    lines.bytes("used_memory_vm_total", it.vm_bytes + it.function_vm_bytes);
    lines.put("used_memory_functions", functions.bytes);
    lines.bytes("used_memory_scripts", it.text_bytes + functions.bytes);
}

fn fragmentation(memory: &Memory, lines: &mut Lines) {
    let process = &memory.process;
    let (allocated, active, resident) =
        (process.allocated_bytes, process.allocator_active_bytes, process.allocator_resident_bytes);
    let rss = process.rss_bytes;
    let used = memory.used_bytes();
    // Not every allocator tells what it holds; then only the last of these can be told.
    let n_unknown = if allocated == 0 { 3 } else { 0 };
    let ratios = [
        ("allocator_frag_ratio", "allocator_frag_bytes", active, allocated),
        ("allocator_rss_ratio", "allocator_rss_bytes", resident, active),
        ("rss_overhead_ratio", "rss_overhead_bytes", rss, resident),
        ("mem_fragmentation_ratio", "mem_fragmentation_bytes", rss, used),
    ];
    for (ratio_name, bytes_name, outer, inner) in ratios.into_iter().skip(n_unknown) {
        lines.put(ratio_name, format_args!("{:.2}", ratio(outer, inner)));
        lines.put(bytes_name, difference(outer, inner));
    }
}

/// Nothing is saved yet: what INFO says is what a Valkey with saving switched off says.
fn persistence(server: &Server, _now_ms: u64, lines: &mut Lines) {
    lines.all(&[
        ("loading", "0"),
        ("async_loading", "0"),
        ("current_cow_peak", "0"),
        ("current_cow_size", "0"),
        ("current_cow_size_age", "0"),
        ("current_fork_perc", "0.00"),
        ("current_save_keys_processed", "0"),
        ("current_save_keys_total", "0"),
    ]);
    lines.put("rdb_changes_since_last_save", server.n_stores());
    lines.put("rdb_bgsave_in_progress", 0);
    lines.put("rdb_last_save_time", server.started_at_ms / 1000);
    lines.all(&[
        ("rdb_last_bgsave_status", "ok"),
        ("rdb_last_bgsave_time_sec", "-1"),
        ("rdb_current_bgsave_time_sec", "-1"),
        ("rdb_saves", "0"),
        ("rdb_last_cow_size", "0"),
        ("rdb_last_load_keys_expired", "0"),
        ("rdb_last_load_keys_loaded", "0"),
        ("aof_enabled", "0"),
        ("aof_rewrite_in_progress", "0"),
        ("aof_rewrite_scheduled", "0"),
        ("aof_last_rewrite_time_sec", "-1"),
        ("aof_current_rewrite_time_sec", "-1"),
        ("aof_last_bgrewrite_status", "ok"),
        ("aof_rewrites", "0"),
        ("aof_rewrites_consecutive_failures", "0"),
        ("aof_last_write_status", "ok"),
        ("aof_last_cow_size", "0"),
        ("module_fork_in_progress", "0"),
        ("module_fork_last_cow_size", "0"),
    ]);
}

fn replication(server: &Server, _now_ms: u64, lines: &mut Lines) {
    lines.all(&[
        ("role", "master"),
        ("connected_slaves", "0"),
        ("replicas_waiting_psync", "0"),
        ("master_failover_state", "no-failover"),
    ]);
    lines.put("master_replid", server.replication_id.lock());
    lines.put("master_replid2", "0".repeat(40));
    lines.all(&[
        ("master_repl_offset", "0"),
        ("second_repl_offset", "-1"),
        ("repl_backlog_active", "0"),
    ]);
    lines.put("repl_backlog_size", server.settings.text("repl-backlog-size"));
    lines.all(&[("repl_backlog_first_byte_offset", "0"), ("repl_backlog_histlen", "0")]);
}

fn cpu(server: &Server, _now_ms: u64, lines: &mut Lines) {
    let usage = server.host.usage();
    for (name, micros) in [
        ("used_cpu_sys", usage.cpu_sys_us),
        ("used_cpu_user", usage.cpu_user_us),
        ("used_cpu_sys_children", usage.cpu_sys_children_us),
        ("used_cpu_user_children", usage.cpu_user_children_us),
        ("used_cpu_sys_main_thread", usage.cpu_sys_main_thread_us),
        ("used_cpu_user_main_thread", usage.cpu_user_main_thread_us),
    ] {
        lines.put(name, format_args!("{}.{:06}", micros / 1_000_000, micros % 1_000_000));
    }
}

fn cluster(_server: &Server, _now_ms: u64, lines: &mut Lines) {
    lines.put("cluster_enabled", 0);
}

fn keyspace(server: &Server, now_ms: u64, lines: &mut Lines) {
    for db in 0..server.keyspace.n_databases() {
        let it = server.keyspace.database_stats(db, now_ms);
        if it.n_items > 0 {
            // A word of Redis's, which Valkey does not say.
            let subexpiry = match it.n_field_expiring {
                0 => String::new(),
                n => format!(",subexpiry={n}"),
            };
            lines.put(
                format_args!("db{db}"),
                format_args!(
                    "keys={},expires={},avg_ttl={}{subexpiry}",
                    it.n_items, it.n_expiring, it.ttl_mean_ms
                ),
            );
        }
    }
}

/// Bytes in the largest unit that they fill, as INFO's `_human` fields show them.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let power = (bytes.ilog2() / 10).min(UNITS.len() as u32);
    let value = bytes as f64 / (1_u64 << (10 * power)) as f64;
    format!("{value:.2}{}", UNITS[power as usize - 1])
}

/// What clients that ask for Redis's version may rely on.
const REDIS_VERSION: &str = "7.2.4";

/// The clock of LRU ages has 24 bits, in seconds.
const LRU_CLOCK_MAX: u64 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn human_bytes() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (1_034_912, "1010.66K"),
            (25_276_514_304, "23.54G"),
            (1 << 50, "1.00P"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
