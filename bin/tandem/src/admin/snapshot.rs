//! Everything that the metrics are made of, added up once for a scrape.

use tandem_engine::{DatabaseStats, Freeing, KeyspaceStats};
use tandem_memcached::{COMMANDS, HistogramSnapshot, bucket_max_ns};
use tandem_resp::Host;

use crate::admin::Admin;
use crate::admin::exposition::Distribution;
use crate::admin::rates::{HitRates, WINDOWS};
use crate::process::{self, Cpu};
use crate::protocol::FrontEnd;
use crate::{clock, front};

pub(crate) struct Snapshot {
    pub(crate) now_ms: u64,
    pub(crate) started_at_ms: u64,
    pub(crate) rss_bytes: u64,
    pub(crate) cpu: Cpu,
    pub(crate) n_open_files: Option<u64>,
    pub(crate) freeing: Freeing,
    pub(crate) resp: Front,
    pub(crate) memcached: Front,
    pub(crate) redis: Redis,
    pub(crate) cached: Cached,
}

/// What both front ends have.
pub(crate) struct Front {
    pub(crate) name: &'static str,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// For each of `WINDOWS`.
    pub(crate) hit_ratios: [Option<f64>; WINDOWS.len()],
    pub(crate) stats: KeyspaceStats,
    pub(crate) memory_max: u64,
    pub(crate) n_connections: usize,
    pub(crate) connections_max: usize,
    pub(crate) n_received: u64,
    pub(crate) n_rejected: u64,
    pub(crate) net_in_bytes: u64,
    pub(crate) net_out_bytes: u64,
    /// Those that were ever called, by name.
    pub(crate) commands: Vec<Command>,
}

pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) calls: u64,
    /// Failed and refused calls.
    pub(crate) errors: u64,
    pub(crate) failed: u64,
    pub(crate) rejected: u64,
    pub(crate) seconds: f64,
    pub(crate) latency: Distribution,
    /// Median, p99 and p99.9 in seconds.
    pub(crate) percentiles: [f64; 3],
}

/// What only RESP has.
pub(crate) struct Redis {
    pub(crate) identity: tandem_resp::Identity,
    pub(crate) policy: String,
    pub(crate) databases: Vec<DatabaseStats>,
    pub(crate) n_blocked: usize,
    pub(crate) audience: tandem_resp::Audience,
    pub(crate) n_cut_by_output: u64,
    pub(crate) n_commands: u64,
    pub(crate) errors: Vec<(String, u64)>,
    pub(crate) error_replies: u64,
}

/// What only memcached has.
pub(crate) struct Cached {
    pub(crate) totals: tandem_memcached::Totals,
    pub(crate) config_sets: u64,
    pub(crate) is_accepting: bool,
    /// Stores of items that were too large, by the prefix of their key.
    pub(crate) too_large: Vec<(String, u64)>,
    pub(crate) item_classes: tandem_memcached::ItemClasses,
}

impl Snapshot {
    pub(crate) fn take(admin: &Admin) -> Snapshot {
        let now_ms = clock::now_ms();
        Snapshot {
            now_ms,
            started_at_ms: admin.process.started_at_ms,
            rss_bytes: process::rss_bytes(),
            cpu: process::cpu(),
            n_open_files: process::n_open_files(),
            freeing: tandem_engine::freeing(),
            resp: resp(admin, now_ms),
            memcached: memcached(admin, now_ms),
            redis: redis(admin, now_ms),
            cached: Cached {
                totals: admin.shop.memcached.server.totals(),
                config_sets: admin.shop.memcached.server.cluster.n_sets(),
                is_accepting: !admin.process.stop.is_draining(),
                too_large: admin.shop.memcached.server.too_large_by_prefix(),
                item_classes: admin.shop.memcached.server.item_classes(now_ms),
            },
        }
    }

    pub(crate) fn fronts(&self) -> [&Front; 2] {
        [&self.resp, &self.memcached]
    }

    pub(crate) fn uptime_s(&self) -> u64 {
        self.now_ms.saturating_sub(self.started_at_ms) / 1000
    }

    /// Memory in RAM by memory that data uses; 1 while there is no data.
    pub(crate) fn fragmentation(&self) -> f64 {
        let used = self.resp.stats.used_bytes + self.memcached.stats.used_bytes;
        if used == 0 { 1.0 } else { self.rss_bytes as f64 / used as f64 }
    }
}

fn resp(admin: &Admin, now_ms: u64) -> Front {
    let front = &admin.shop.resp;
    let server = &front.server;
    let totals = server.totals_ever();
    let stats = server.keyspace.stats();
    Front {
        name: front::resp::Resp::NAME,
        hits: stats.hits,
        misses: stats.misses,
        hit_ratios: ratios(&admin.resp_rates.lock(), now_ms, (stats.hits, stats.misses)),
        stats,
        memory_max: server.keyspace.memory_max(),
        n_connections: server.clients.len(),
        connections_max: front.connections_max(),
        n_received: server.clients.n_received(),
        n_rejected: server.clients.n_rejected(),
        net_in_bytes: totals.net_in_bytes,
        net_out_bytes: totals.net_out_bytes,
        commands: resp_commands(&totals),
    }
}

fn resp_commands(totals: &tandem_resp::Totals) -> Vec<Command> {
    let rows = tandem_resp::Table::get().docs().zip(&totals.commands);
    let used = rows.filter(|(_, it)| it.calls + it.rejected + it.failed > 0);
    let command = |(doc, it): (tandem_resp::Doc<'static>, &tandem_resp::CommandTotals)| {
        let seconds = |percent| it.latency.percentile_ns(percent) as f64 / NS;
        let buckets = it.latency.cumulative().map(|(ns, count)| (ns as f64 / NS, count));
        let total = it.nanos as f64 / NS;
        Command {
            name: doc.name,
            calls: it.calls,
            errors: it.failed + it.rejected,
            failed: it.failed,
            rejected: it.rejected,
            seconds: total,
            latency: Distribution { buckets: trimmed(buckets), sum: total },
            percentiles: [seconds(50.0), seconds(99.0), seconds(99.9)],
        }
    };
    used.map(command).collect()
}

fn memcached(admin: &Admin, now_ms: u64) -> Front {
    let front = &admin.shop.memcached;
    let server = &front.server;
    let totals = server.totals();
    let connections = tandem_memcached::Host::connections(&*admin.process);
    let (hits, misses) = (totals.get_hits, totals.get_misses);
    Front {
        name: front::memcached::Memcached::NAME,
        hits,
        misses,
        hit_ratios: ratios(&admin.memcached_rates.lock(), now_ms, (hits, misses)),
        stats: server.keyspace.stats(),
        memory_max: server.keyspace.memory_max(),
        n_connections: server.clients.len(),
        connections_max: front.connections_max(),
        n_received: connections.accepted,
        n_rejected: connections.rejected,
        net_in_bytes: totals.bytes_read,
        net_out_bytes: totals.bytes_written,
        commands: memcached_commands(&front.server),
    }
}

fn memcached_commands(server: &tandem_memcached::Server) -> Vec<Command> {
    let mut commands = Vec::new();
    for (index, row) in COMMANDS.iter().enumerate() {
        let (mut calls, mut errors) = (0, 0);
        let mut latency = HistogramSnapshot::default();
        for worker in server.workers() {
            let stats = &worker.commands()[index];
            calls += stats.calls.get();
            errors += stats.errors.get();
            stats.latency.add_to(&mut latency);
        }
        if calls + errors == 0 {
            continue;
        }
        let mut seen = 0;
        let powers = latency.buckets.chunks(QUARTERS).enumerate().map(|(power, counts)| {
            seen += counts.iter().sum::<u64>();
            (bucket_max_ns(power * QUARTERS + QUARTERS - 1) as f64 / NS, seen)
        });
        let seconds = |quantile| latency.quantile_ns(quantile) as f64 / NS;
        let total = latency.sum_ns as f64 / NS;
        commands.push(Command {
            name: row.name,
            calls,
            errors,
            failed: errors,
            rejected: 0,
            seconds: total,
            latency: Distribution { buckets: trimmed(powers), sum: total },
            percentiles: [seconds(0.5), seconds(0.99), seconds(0.999)],
        });
    }
    commands
}

/// Bounds from a quarter of a microsecond to about a second: what is outside is seldom, and every
/// bound is a series for each command.
fn trimmed(buckets: impl Iterator<Item = (f64, u64)>) -> Vec<(f64, u64)> {
    buckets.filter(|it| it.0 > 200.0 / NS && it.0 < 1.2e9 / NS).collect()
}

fn redis(admin: &Admin, now_ms: u64) -> Redis {
    let server = &admin.shop.resp.server;
    let totals = server.totals_ever();
    let databases = 0..server.keyspace.n_databases();
    Redis {
        identity: admin.process.identity(),
        policy: server.settings.text("maxmemory-policy"),
        databases: databases.map(|db| server.keyspace.database_stats(db, now_ms)).collect(),
        audience: server.audience(),
        n_cut_by_output: server.clients.n_cut_by_output(),
        n_blocked: server.clients.all().iter().filter(|it| it.is_blocked()).count(),
        n_commands: totals.n_commands,
        errors: totals.errors.into_iter().collect(),
        error_replies: totals.error_replies,
    }
}

fn ratios(rates: &HitRates, now_ms: u64, now: (u64, u64)) -> [Option<f64>; WINDOWS.len()] {
    WINDOWS.map(|(_, window_ms)| rates.ratio(window_ms, now_ms, now))
}

/// Nanoseconds in a second.
const NS: f64 = 1e9;

/// Buckets of a power of two in memcached's histograms.
const QUARTERS: usize = 4;
