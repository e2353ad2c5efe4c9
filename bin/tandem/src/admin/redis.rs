//! The names of the Redis exporter that dashboards and alerts use, with its labels. What does not
//! exist here shows what a server shows that has it switched off, or has no series.

use crate::admin::exposition::{Row, Values, counter, gauge, histogram, sum};
use crate::admin::snapshot::{Command, Snapshot};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    gauge("redis_up", "Always 1: the server answers for itself.", |_, to| to.put(1.0)),
    gauge("redis_exporter_last_scrape_error", "Always 0: the server answers for itself.",
        |_, to| to.put_with(&[("err", "")], 0.0)),
    gauge("redis_instance_info", "Always 1; the labels tell the instance.", instance_info),
    gauge("redis_uptime_in_seconds", "Time since the start.", |s, to| to.put(s.uptime_s())),
    gauge("redis_start_time_seconds", "Start of the process since the epoch.",
        |s, to| to.put(s.started_at_ms / 1000)),
    gauge("redis_connected_clients", "Open connections.",
        |s, to| to.put(s.resp.n_connections)),
    gauge("redis_blocked_clients", "Connections that wait in a blocking command.",
        |s, to| to.put(s.redis.n_blocked)),
    gauge("redis_pubsub_clients", "Connections that listen to channels or patterns.",
        |s, to| to.put(s.redis.audience.n_subscribers as f64)),
    gauge("redis_pubsub_channels", "Channels that somebody listens to.",
        |s, to| to.put(s.redis.audience.n_channels as f64)),
    gauge("redis_pubsub_patterns", "Patterns that somebody listens to.",
        |s, to| to.put(s.redis.audience.n_patterns as f64)),
    gauge("redis_pubsubshard_channels", "Shard channels that somebody listens to.",
        |s, to| to.put(s.redis.audience.n_shard_channels as f64)),
    counter("redis_client_output_buffer_limit_disconnections_total",
        "Connections closed for what they did not read.",
        |s, to| to.put(s.redis.n_cut_by_output)),
    gauge("redis_config_maxclients", "Most connections at a time.",
        |s, to| to.put(s.resp.connections_max)),
    counter("redis_connections_received_total", "Connections that were accepted.",
        |s, to| to.put(s.resp.n_received)),
    counter("redis_rejected_connections_total", "Connections that were turned away.",
        |s, to| to.put(s.resp.n_rejected)),
    gauge("redis_memory_used_bytes", "Memory that maxmemory counts.",
        |s, to| to.put(s.resp.stats.used_bytes)),
    gauge("redis_memory_used_dataset_bytes", "Keys and values with their headers.",
        |s, to| to.put(s.resp.stats.item_bytes)),
    gauge("redis_memory_max_bytes", "maxmemory; 0 is no limit.",
        |s, to| to.put(s.resp.memory_max)),
    gauge("redis_config_maxmemory", "maxmemory; 0 is no limit.",
        |s, to| to.put(s.resp.memory_max)),
    gauge("redis_memory_used_rss_bytes", "Resident memory of the whole process.",
        |s, to| to.put(s.rss_bytes)),
    gauge("redis_memory_used_peak_bytes", "The most memory that maxmemory ever counted.",
        |s, to| to.put(s.resp.stats.peak_bytes)),
    gauge("redis_mem_fragmentation_ratio", "Resident memory by memory that data uses.",
        |s, to| to.put(s.fragmentation())),
    gauge("redis_total_system_memory_bytes", "Memory of the machine.",
        |s, to| to.put(s.redis.identity.total_system_memory_bytes)),
    gauge("redis_lazyfree_pending_objects", "Removed values that wait to be freed.",
        |s, to| to.put(s.freeing.n_pending as f64)),
    counter("redis_lazyfreed_objects_total", "Removed values that were freed beside the workers.",
        |s, to| to.put(s.freeing.n_freed)),
    counter("redis_commands_total", "Calls by command.",
        |s, to| each(s, to, |it| it.calls as f64)),
    sum("redis_commands_duration_seconds_total", "Time in commands.",
        |s, to| each(s, to, |it| it.seconds)),
    counter("redis_commands_failed_calls_total", "Calls that answered an error.",
        |s, to| each(s, to, |it| it.failed as f64)),
    counter("redis_commands_rejected_calls_total", "Calls that were refused before they ran.",
        |s, to| each(s, to, |it| it.rejected as f64)),
    histogram("redis_commands_latencies_usec", "Time of commands in microseconds.", latencies),
    gauge("redis_latency_percentiles_usec", "Percentiles of commands' times in microseconds.",
        percentiles),
    counter("redis_commands_processed_total", "Commands that ran.",
        |s, to| to.put(s.redis.n_commands)),
    counter("redis_errors_total", "Error replies by their first word.", |s, to| {
        for (word, count) in &s.redis.errors {
            to.put_with(&[("err", word)], *count);
        }
    }),
    counter("redis_total_error_replies", "Error replies.",
        |s, to| to.put(s.redis.error_replies)),
    counter("redis_keyspace_hits_total", "Reads that found their key.",
        |s, to| to.put(s.resp.hits)),
    counter("redis_keyspace_misses_total", "Reads that did not find their key.",
        |s, to| to.put(s.resp.misses)),
    counter("redis_evicted_keys_total", "Keys that gave way to others.",
        |s, to| to.put(s.resp.stats.evictions)),
    counter("redis_expired_keys_total", "Keys whose time was over.",
        |s, to| to.put(s.resp.stats.expirations)),
    gauge("redis_db_keys", "Keys by database.", |s, to| {
        databases(s, to, |it| Some(it.n_items as f64));
    }),
    gauge("redis_db_keys_expiring", "Keys with a time to live by database.", |s, to| {
        databases(s, to, |it| Some(it.n_expiring as f64));
    }),
    gauge("redis_db_avg_ttl_seconds", "Mean time to live by database.", |s, to| {
        databases(s, to, |it| (it.n_expiring > 0).then(|| it.ttl_mean_ms as f64 / 1000.0));
    }),
    counter("redis_net_input_bytes_total", "Bytes read from clients.",
        |s, to| to.put(s.resp.net_in_bytes)),
    counter("redis_net_output_bytes_total", "Bytes written to clients.",
        |s, to| to.put(s.resp.net_out_bytes)),
    gauge("redis_rdb_last_save_timestamp_seconds",
        "Start of the process, as LASTSAVE answers where nothing was ever saved.",
        |s, to| to.put(s.started_at_ms / 1000)),
    gauge("redis_rdb_changes_since_last_save", "Writes since the start: nothing is saved.",
        |s, to| to.put(s.resp.stats.stores)),
    gauge("redis_slowlog_length", "Always 0: there is no slow log.", |_, to| to.put(0.0)),
    gauge("redis_connected_slaves", "Replicas.", |_, to| to.put(0.0)),
    gauge("redis_aof_enabled", "1 when a journal is written.", |_, to| to.put(0.0)),
    gauge("redis_loading_dump_file", "1 while data is loaded.", |_, to| to.put(0.0)),
    sum("redis_cpu_user_seconds_total", "CPU time of the process in user mode.",
        |s, to| to.put(s.cpu.user.as_secs_f64())),
    sum("redis_cpu_sys_seconds_total", "CPU time of the process in the kernel.",
        |s, to| to.put(s.cpu.system.as_secs_f64())),
];

fn instance_info(snapshot: &Snapshot, to: &mut Values) {
    let identity = &snapshot.redis.identity;
    let (port, pid) = (identity.tcp_port.to_string(), identity.pid.to_string());
    let labels = [
        ("role", "master"),
        ("redis_version", REDIS_VERSION),
        ("redis_mode", "standalone"),
        ("os", identity.os.as_str()),
        ("maxmemory_policy", snapshot.redis.policy.as_str()),
        ("tcp_port", port.as_str()),
        ("run_id", identity.run_id.as_str()),
        ("process_id", pid.as_str()),
    ];
    to.put_with(&labels, 1.0);
}

fn each(snapshot: &Snapshot, to: &mut Values, value: fn(&Command) -> f64) {
    for command in &snapshot.resp.commands {
        to.put_with(&[("cmd", command.name)], value(command));
    }
}

fn databases(
    snapshot: &Snapshot,
    to: &mut Values,
    value: fn(&tandem_engine::DatabaseStats) -> Option<f64>,
) {
    for (index, database) in snapshot.redis.databases.iter().enumerate() {
        let Some(value) = value(database) else { continue };
        to.put_with(&[("db", &format!("db{index}"))], value);
    }
}

fn latencies(snapshot: &Snapshot, to: &mut Values) {
    for command in &snapshot.resp.commands {
        let mut latency = command.latency.clone();
        latency.buckets.iter_mut().for_each(|it| it.0 *= MICROSECONDS);
        latency.sum *= MICROSECONDS;
        to.put_histogram(&[("cmd", command.name)], latency);
    }
}

fn percentiles(snapshot: &Snapshot, to: &mut Values) {
    for command in &snapshot.resp.commands {
        for (name, seconds) in ["0.5", "0.99", "0.999"].into_iter().zip(command.percentiles) {
            let labels = [("cmd", command.name), ("quantile", name)];
            to.put_with(&labels, seconds * MICROSECONDS);
        }
    }
}

/// The version that INFO reports: the last one whose behaviour Valkey declares to have.
const REDIS_VERSION: &str = "7.2.4";

const MICROSECONDS: f64 = 1e6;
