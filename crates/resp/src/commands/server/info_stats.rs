//! INFO's counters: in all, by command, by error, and how long commands took.

use std::sync::atomic::Ordering::Relaxed;

use super::info::Lines;
use crate::server::Server;
use crate::table::Table;

pub(super) fn stats(server: &Server, _now_ms: u64, lines: &mut Lines) {
    let totals = server.totals();
    let keyspace = server.keyspace.stats();
    lines.put("total_connections_received", server.clients.n_received());
    lines.put("total_commands_processed", totals.n_commands);
    let (ops, net_in, net_out) = server
        .with_rates(|it| (it.commands_per_s(), it.net_in_bytes_per_s(), it.net_out_bytes_per_s()));
    let kilobytes = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0);
    lines.put("instantaneous_ops_per_sec", ops);
    lines.put("total_net_input_bytes", totals.net_in_bytes);
    lines.put("total_net_output_bytes", totals.net_out_bytes);
    lines.all(&[("total_net_repl_input_bytes", 0), ("total_net_repl_output_bytes", 0)]);
    lines.put("instantaneous_input_kbps", kilobytes(net_in));
    lines.put("instantaneous_output_kbps", kilobytes(net_out));
    lines.all(&[
        ("instantaneous_input_repl_kbps", "0.00"),
        ("instantaneous_output_repl_kbps", "0.00"),
    ]);
    lines.put("rejected_connections", server.clients.n_rejected());
    lines.all(&[("sync_full", 0), ("sync_partial_ok", 0), ("sync_partial_err", 0)]);
    lines.put("expired_subkeys", keyspace.field_expirations);
    lines.put("expired_keys", keyspace.expirations);
    lines.put("evicted_keys", keyspace.evictions);
    lines.all(&[
        ("evicted_clients", 0),
        ("evicted_scripts", server.scripts.figures().n_evicted),
        ("total_eviction_exceeded_time", 0),
        ("current_eviction_exceeded_time", 0),
    ]);
    lines.put("keyspace_hits", keyspace.hits);
    lines.put("keyspace_misses", keyspace.misses);
    let audience = server.audience();
    lines.put("pubsub_channels", audience.n_channels);
    lines.put("pubsub_patterns", audience.n_patterns);
    lines.put("pubsubshard_channels", audience.n_shard_channels);
    absent(server, lines);
    lines.put("total_error_replies", totals.error_replies);
    lines.put("dump_payload_sanitizations", 0);
    lines.put("total_reads_processed", totals.reads);
    lines.put("total_writes_processed", totals.writes);
    threads(lines);
    let (query, output) = server.clients.n_cut();
    lines.put("client_query_buffer_limit_disconnections", query);
    lines.put("client_output_buffer_limit_disconnections", output);
    let [commands, keys, channels] = server.acl.n_denied();
    lines.put("acl_access_denied_auth", server.auth_denied.load(Relaxed));
    lines.all(&[
        ("acl_access_denied_cmd", commands),
        ("acl_access_denied_key", keys),
        ("acl_access_denied_channel", channels),
    ]);
}

/// Counters of what mostly does not exist here yet.
fn absent(server: &Server, lines: &mut Lines) {
    lines.all(&[
        ("latest_fork_usec", 0),
        ("total_forks", 0),
        ("migrate_cached_sockets", 0),
        ("slave_expires_tracked_keys", 0),
        ("active_defrag_hits", 0),
        ("active_defrag_misses", 0),
        ("active_defrag_key_hits", 0),
        ("active_defrag_key_misses", 0),
        ("total_active_defrag_time", 0),
        ("current_active_defrag_time", 0),
    ]);
    let tracked = server.tracking.counts();
    lines.all(&[
        ("tracking_total_keys", tracked.keys),
        ("tracking_total_items", tracked.items),
        ("tracking_total_prefixes", tracked.prefixes),
        ("unexpected_error_replies", 0),
    ]);
}

/// Every worker reads, runs and writes for itself: nothing is handed to I/O threads.
fn threads(lines: &mut Lines) {
    lines.all(&[
        ("io_threaded_reads_processed", 0),
        ("io_threaded_writes_processed", 0),
        ("io_threaded_freed_objects", 0),
        ("io_threaded_accept_processed", 0),
        ("io_threaded_poll_processed", 0),
        ("io_threaded_total_prefetch_batches", 0),
        ("io_threaded_total_prefetch_entries", 0),
    ]);
}

pub(super) fn commandstats(server: &Server, _now_ms: u64, lines: &mut Lines) {
    let totals = server.totals();
    for (command, it) in Table::get().iter().zip(&totals.commands) {
        if it.calls + it.rejected + it.failed == 0 {
            continue;
        }
        let usec = it.nanos / 1000;
        let per_call = if it.calls == 0 { 0.0 } else { usec as f64 / it.calls as f64 };
        lines.put(
            format_args!("cmdstat_{}", command.full_name),
            format_args!(
                "calls={},usec={usec},usec_per_call={per_call:.2},rejected_calls={},\
                 failed_calls={}",
                it.calls, it.rejected, it.failed
            ),
        );
    }
}

pub(super) fn errorstats(server: &Server, _now_ms: u64, lines: &mut Lines) {
    for (word, count) in server.totals().errors {
        lines.put(format_args!("errorstat_{word}"), format_args!("count={count}"));
    }
}

pub(super) fn latencystats(server: &Server, _now_ms: u64, lines: &mut Lines) {
    if !server.settings.live().latency_tracking() {
        return;
    }
    let percentiles = server.settings.text("latency-tracking-info-percentiles");
    let totals = server.totals();
    for (command, it) in Table::get().iter().zip(&totals.commands) {
        if it.latency.is_empty() {
            continue;
        }
        let figures: Vec<String> = percentiles
            .split_ascii_whitespace()
            .map(|percent| {
                let nanos = it.latency.percentile_ns(percent.parse().unwrap_or_default());
                format!("p{percent}={:.3}", nanos as f64 / 1000.0)
            })
            .collect();
        lines
            .put(format_args!("latency_percentiles_usec_{}", command.full_name), figures.join(","));
    }
}
