//! Metrics by our own names: the same for both front ends, told apart by a label.

use crate::admin::exposition::{Row, Values, counter, gauge, histogram, sum};
use crate::admin::rates::WINDOWS;
use crate::admin::snapshot::{Front, Snapshot};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    gauge("tandem_build_info", "Always 1; the labels tell the build.",
        |_, to| to.put_with(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)),
    gauge("tandem_uptime_seconds", "Time since the start.", |s, to| to.put(s.uptime_s())),
    counter("tandem_hits_total", "Reads that found their key.",
        |s, to| each(s, to, |it| it.hits as f64)),
    counter("tandem_misses_total", "Reads that did not find their key.",
        |s, to| each(s, to, |it| it.misses as f64)),
    gauge("tandem_hit_ratio", "Share of reads within the window that found their key.",
        hit_ratios),
    counter("tandem_evictions_total", "Items that gave way to others.",
        |s, to| each(s, to, |it| it.stats.evictions as f64)),
    counter("tandem_expirations_total", "Items whose time was over.",
        |s, to| each(s, to, |it| it.stats.expirations as f64)),
    gauge("tandem_memory_used_bytes", "Memory that the budget counts.",
        |s, to| each(s, to, |it| it.stats.used_bytes as f64)),
    gauge("tandem_memory_limit_bytes", "The memory budget; 0 is none.",
        |s, to| each(s, to, |it| it.memory_max as f64)),
    gauge("tandem_memory_peak_bytes", "The most memory that the budget ever counted.",
        |s, to| each(s, to, |it| it.stats.peak_bytes as f64)),
    gauge("tandem_memory_payload_bytes", "Keys and values alone.",
        |s, to| each(s, to, |it| it.stats.payload_bytes as f64)),
    gauge("tandem_memory_dead_bytes", "Memory of removed items that is not yet used again.",
        |s, to| each(s, to, |it| it.stats.dead_bytes as f64)),
    gauge("tandem_memory_freeing_bytes",
        "Memory that has left the budget and is not yet given back: removed values and buffers.",
        |s, to| to.put(s.freeing.pending_bytes as f64)),
    gauge("tandem_items", "Items that are there.",
        |s, to| each(s, to, |it| it.stats.n_items as f64)),
    gauge("tandem_items_expiring", "Items that have a time to live.",
        |s, to| each(s, to, |it| it.stats.n_expiring as f64)),
    gauge("tandem_connections", "Open connections.",
        |s, to| each(s, to, |it| it.n_connections as f64)),
    gauge("tandem_connections_limit", "Most connections at a time.",
        |s, to| each(s, to, |it| it.connections_max as f64)),
    counter("tandem_connections_received_total", "Connections that were accepted.",
        |s, to| each(s, to, |it| it.n_received as f64)),
    counter("tandem_connections_rejected_total", "Connections that were turned away.",
        |s, to| each(s, to, |it| it.n_rejected as f64)),
    counter("tandem_network_receive_bytes_total", "Bytes read from clients.",
        |s, to| each(s, to, |it| it.net_in_bytes as f64)),
    counter("tandem_network_transmit_bytes_total", "Bytes written to clients.",
        |s, to| each(s, to, |it| it.net_out_bytes as f64)),
    counter("tandem_commands_total", "Commands that ran.", |s, to| {
        for (front, it) in commands(s) {
            to.put_with(&[("frontend", front), ("command", it.name)], it.calls);
        }
    }),
    counter("tandem_command_errors_total", "Commands that were refused or answered an error.",
        |s, to| {
            for (front, it) in commands(s) {
                to.put_with(&[("frontend", front), ("command", it.name)], it.errors);
            }
        }),
    histogram("tandem_command_duration_seconds", "Time that commands took to run.", |s, to| {
        for (front, it) in commands(s) {
            let labels = [("frontend", front), ("command", it.name)];
            to.put_histogram(&labels, it.latency.clone());
        }
    }),
    counter("tandem_store_too_large_total",
        "memcached's stores of items above the limit, by the key's prefix.", |s, to| {
            for (prefix, n) in &s.cached.too_large {
                to.put_with(&[("prefix", prefix)], *n);
            }
        }),
    gauge("tandem_item_classes_age_seconds",
        "Time since memcached's items were last counted by class.", |s, to| {
            if let Some(ago_ms) = s.cached.item_classes.counted_ago_ms {
                to.put(ago_ms as f64 / 1000.0);
            }
        }),
    gauge("tandem_memory_fragmentation_ratio", "Resident memory by memory that data uses.",
        |s, to| to.put(s.fragmentation())),
    gauge("process_resident_memory_bytes", "Resident memory of the process.",
        |s, to| to.put(s.rss_bytes)),
    sum("process_cpu_seconds_total", "CPU time of the process.",
        |s, to| to.put((s.cpu.user + s.cpu.system).as_secs_f64())),
    gauge("process_open_fds", "Open files of the process.", |s, to| {
        if let Some(n_files) = s.n_open_files {
            to.put(n_files);
        }
    }),
    gauge("process_start_time_seconds", "Start of the process since the epoch.",
        |s, to| to.put(s.started_at_ms as f64 / 1000.0)),
];

fn each(snapshot: &Snapshot, to: &mut Values, value: fn(&Front) -> f64) {
    for front in snapshot.fronts() {
        to.put_with(&[("frontend", front.name)], value(front));
    }
}

fn hit_ratios(snapshot: &Snapshot, to: &mut Values) {
    for front in snapshot.fronts() {
        for ((window, _), ratio) in WINDOWS.iter().zip(front.hit_ratios) {
            // Without reads there is no ratio; 0 would set off alarms.
            let Some(ratio) = ratio else { continue };
            to.put_with(&[("frontend", front.name), ("window", window)], ratio);
        }
    }
}

fn commands(
    snapshot: &Snapshot,
) -> impl Iterator<Item = (&'static str, &crate::admin::snapshot::Command)> {
    snapshot.fronts().into_iter().flat_map(|front| front.commands.iter().map(|it| (front.name, it)))
}
