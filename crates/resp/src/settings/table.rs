//! Every parameter that CONFIG shows, by name. Names, defaults and ranges are Valkey 8.1's, so that
//! tools find what they expect; where a default differs, the row says why.

use std::sync::LazyLock;

use hashbrown::HashMap;

use super::kind::{AddressFamily, Kind};

/// One row: what a setting is called, what it accepts and what it does here.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// An older name with the same meaning.
    pub(super) alias: Option<&'static str>,
    pub(super) default: &'static str,
    pub(super) kind: Kind,
    pub(super) change: Change,
    pub(super) support: Support,
}

/// When a setting may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Anytime,
    AtStart,
    /// At run time only where `enable-protected-configs` allows it.
    Protected,
}

/// What Tandem does with a value.
#[derive(Clone, Copy)]
pub(super) enum Support {
    /// It is kept and shown; what it would tune does not exist here.
    Kept,
    /// It acts, at once when it is set.
    Used,
    /// The process acts on it: `Host::apply`.
    Host,
    /// Only these values are true here: others would switch on what does not exist.
    Only {
        values: &'static [&'static str],
        /// At start, some other values are taken for these with a warning instead of refused.
        or_else: &'static [Instead],
    },
}

/// What stands in for values that begin with the prefix, and what the log says about it.
#[derive(Clone, Copy)]
pub(super) struct Instead {
    pub(super) prefix: &'static str,
    pub(super) value: &'static str,
    pub(super) effect: &'static str,
}

/// Index of a parameter by its name or alias in lower case.
pub(super) fn find(name: &str) -> Option<usize> {
    static BY_NAME: LazyLock<HashMap<&str, usize, ahash::RandomState>> = LazyLock::new(|| {
        let names = |(index, it): (usize, &'static Parameter)| it.names().map(move |n| (n, index));
        PARAMETERS.iter().enumerate().flat_map(names).collect()
    });
    BY_NAME.get(name).copied()
}

impl Parameter {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.alias)
    }
}

#[rustfmt::skip]
pub(crate) const PARAMETERS: &[Parameter] = &[
    choice("acl-pubsub-default", "resetchannels", &["allchannels", "resetchannels"]).used(),
    text("aclfile", "").immutable().only(&[""]),
    integer("acllog-max-len", "128", 0, MAX).used(),
    integer("active-defrag-cycle-max", "25", 1, 99),
    integer("active-defrag-cycle-min", "1", 1, 99),
    integer("active-defrag-cycle-us", "500", 0, 100_000),
    memory("active-defrag-ignore-bytes", "104857600", 1),
    integer("active-defrag-max-scan-fields", "1000", 1, MAX),
    integer("active-defrag-threshold-lower", "10", 0, 1000),
    integer("active-defrag-threshold-upper", "100", 0, 1000),
    integer("active-expire-effort", "1", 1, 10),
    boolean("activedefrag", "no").only(&["no"]),
    boolean("activerehashing", "yes"),
    boolean("always-show-logo", "no").immutable(),
    boolean("aof-load-truncated", "yes"),
    text("aof-rewrite-cpulist", "").immutable().only(&[""]).alias("aof_rewrite_cpulist"),
    boolean("aof-rewrite-incremental-fsync", "yes"),
    boolean("aof-timestamp-enabled", "no").only(&["no"]),
    boolean("aof-use-rdb-preamble", "yes"),
    text("appenddirname", "appendonlydir").immutable(),
    text("appendfilename", "appendonly.aof").immutable(),
    choice("appendfsync", "everysec", &["everysec", "always", "no"]),
    boolean("appendonly", "no").only(&["no"]).or_else(&[any("no", NOT_YET)]),
    memory("auto-aof-rewrite-min-size", "67108864", 0),
    integer("auto-aof-rewrite-percentage", "100", 0, 2_147_483_647),
    text("availability-zone", ""),
    text("bgsave-cpulist", "").immutable().only(&[""]).alias("bgsave_cpulist"),
    text("bind", "* -::*").host(),
    text("bind-source-addr", "").only(&[""]),
    text("bio-cpulist", "").immutable().only(&[""]).alias("bio_cpulist"),
    integer("busy-reply-threshold", "5000", 0, MAX).alias("lua-time-limit"),
    special("client-output-buffer-limit", OUTPUT_LIMITS, Kind::OutputLimits).used(),
    memory("client-query-buffer-limit", "1073741824", 1_048_576).used(),
    boolean("cluster-allow-pubsubshard-when-down", "yes"),
    boolean("cluster-allow-reads-when-down", "no"),
    boolean("cluster-allow-replica-migration", "yes"),
    integer("cluster-announce-bus-port", "0", 0, 65_535),
    special("cluster-announce-client-ipv4", "", Kind::Address(AddressFamily::V4)),
    special("cluster-announce-client-ipv6", "", Kind::Address(AddressFamily::V6)),
    text("cluster-announce-hostname", ""),
    text("cluster-announce-human-nodename", ""),
    text("cluster-announce-ip", ""),
    integer("cluster-announce-port", "0", 0, 65_535),
    integer("cluster-announce-tls-port", "0", 0, 65_535),
    integer("cluster-blacklist-ttl", "60", MIN, MAX),
    text("cluster-config-file", "nodes.conf").immutable(),
    boolean("cluster-enabled", "no").immutable().only(&["no"]),
    memory_any("cluster-link-sendbuf-limit", "0"),
    integer("cluster-manual-failover-timeout", "5000", 1, 2_147_483_647),
    integer("cluster-migration-barrier", "1", 0, 2_147_483_647),
    integer("cluster-node-timeout", "15000", 0, MAX),
    integer("cluster-port", "0", 0, 65_535).immutable(),
    choice("cluster-preferred-endpoint-type", "ip", &["ip", "hostname", "unknown-endpoint"]),
    boolean("cluster-replica-no-failover", "no").alias("cluster-slave-no-failover"),
    integer("cluster-replica-validity-factor", "10", 0, 2_147_483_647)
        .alias("cluster-slave-validity-factor"),
    boolean("cluster-require-full-coverage", "yes"),
    boolean("cluster-slot-stats-enabled", "no").only(&["no"]),
    integer("commandlog-execution-slower-than", "10000", -1, MAX).alias("slowlog-log-slower-than"),
    integer("commandlog-large-reply-max-len", "128", 0, MAX),
    integer("commandlog-large-request-max-len", "128", 0, MAX),
    integer("commandlog-reply-larger-than", "1048576", -1, MAX),
    integer("commandlog-request-larger-than", "1048576", -1, MAX),
    integer("commandlog-slow-execution-max-len", "128", 0, MAX).alias("slowlog-max-len"),
    boolean("crash-log-enabled", "yes"),
    boolean("crash-memcheck-enabled", "yes"),
    boolean("daemonize", "no").immutable().only(&["no"]).or_else(&[any("no", FOREGROUND)]),
    integer("databases", "16", 1, 2_147_483_647).immutable().used(),
    text("dbfilename", "dump.rdb").protected(),
    text("dir", ".").protected().host(),
    boolean("disable-thp", "yes").immutable(),
    boolean("dual-channel-replication-enabled", "no").only(&["no"]),
    choice("enable-debug-command", "no", &["no", "yes", "local"]).immutable().used(),
    choice("enable-module-command", "no", &["no", "yes", "local"]).immutable().only(&["no"]),
    choice("enable-protected-configs", "no", &["no", "yes", "local"]).immutable().used(),
    boolean("extended-redis-compatibility", "no"),
    integer("hash-max-listpack-entries", "512", 0, MAX).used().alias("hash-max-ziplist-entries"),
    memory("hash-max-listpack-value", "64", 0).used().alias("hash-max-ziplist-value"),
    boolean("hide-user-data-from-log", "yes"),
    memory("hll-sparse-max-bytes", "3000", 0).used(),
    special("hz", "10", Kind::Clamped { min: 1, max: 500 }),
    text("ignore-warnings", ""),
    boolean("import-mode", "no").only(&["no"]),
    integer("io-threads", "1", 1, 256).immutable(),
    boolean("jemalloc-bg-thread", "yes"),
    integer("latency-monitor-threshold", "0", 0, MAX).only(&["0"]),
    boolean("latency-tracking", "yes").used(),
    special("latency-tracking-info-percentiles", "50 99 99.9", Kind::Percentiles).used(),
    boolean("lazyfree-lazy-eviction", "yes"),
    boolean("lazyfree-lazy-expire", "yes"),
    boolean("lazyfree-lazy-server-del", "yes"),
    boolean("lazyfree-lazy-user-del", "yes"),
    boolean("lazyfree-lazy-user-flush", "yes"),
    integer("lfu-decay-time", "1", 0, 2_147_483_647),
    integer("lfu-log-factor", "10", 0, 2_147_483_647),
    integer("list-compress-depth", "0", 0, 2_147_483_647),
    integer("list-max-listpack-size", "-2", -2_147_483_648, 2_147_483_647)
        .used()
        .alias("list-max-ziplist-size"),
    text("locale-collate", "").only(&["", "C", "POSIX"]),
    choice("log-format", "legacy", &["legacy", "logfmt"]),
    choice("log-timestamp-format", "legacy", &["legacy", "iso8601", "milliseconds"]),
    text("logfile", "").immutable().host(),
    choice("loglevel", "notice", &["debug", "verbose", "notice", "warning", "nothing"]).host(),
    integer("max-new-connections-per-cycle", "10", 1, 1000),
    integer("max-new-tls-connections-per-cycle", "1", 1, 1000),
    integer("maxclients", "10000", 1, 4_294_967_295).used(),
    memory_any("maxmemory", "0").used(),
    percent("maxmemory-clients", "0").only(&["0"]),
    integer("maxmemory-eviction-tenacity", "10", 0, 100),
    choice("maxmemory-policy", "noeviction", POLICIES)
        .only(&["noeviction", "allkeys-lru"]).or_else(POLICIES_INSTEAD),
    integer("maxmemory-samples", "5", 1, 64),
    integer("min-replicas-max-lag", "10", 0, 2_147_483_647).alias("min-slaves-max-lag"),
    integer("min-replicas-to-write", "0", 0, 2_147_483_647).only(&["0"])
        .or_else(&[any("0", NOT_YET)])
        .alias("min-slaves-to-write"),
    boolean("no-appendfsync-on-rewrite", "no"),
    special("notify-keyspace-events", "", Kind::EventClasses).used(),
    choice("oom-score-adj", "no", &["no", "yes", "relative", "absolute"]).only(&["no"]),
    special("oom-score-adj-values", "0 200 800", Kind::OomScores),
    text("pidfile", "").immutable().host(),
    integer("port", "6379", 0, 65_535).host(),
    integer("prefetch-batch-max-size", "16", 0, 128),
    text("primaryauth", "").alias("masterauth"),
    text("primaryuser", "").alias("masteruser"),
    text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    choice("propagation-error-behavior", "ignore", &["ignore", "panic", "panic-on-replicas"]),
    boolean("protected-mode", "yes").used(),
    memory("proto-max-bulk-len", "536870912", 1_048_576).used(),
    boolean("rdb-del-sync-files", "no"),
    boolean("rdb-save-incremental-fsync", "yes"),
    choice("rdb-version-check", "strict", &["strict", "relaxed"]),
    boolean("rdbchecksum", "yes").immutable(),
    boolean("rdbcompression", "yes").used(),
    text("rdma-bind", "").only(&[""]),
    integer("rdma-completion-vector", "-1", -1, 1024).immutable(),
    integer("rdma-port", "0", 0, 65_535).only(&["0"]),
    integer("rdma-rx-size", "1048576", 65_536, 16_777_216).immutable(),
    memory("repl-backlog-size", "10485760", 1),
    integer("repl-backlog-ttl", "3600", 0, MAX),
    boolean("repl-disable-tcp-nodelay", "no"),
    choice("repl-diskless-load", "disabled", DISKLESS_LOADS),
    boolean("repl-diskless-sync", "yes"),
    integer("repl-diskless-sync-delay", "5", 0, 2_147_483_647),
    integer("repl-diskless-sync-max-replicas", "0", 0, 2_147_483_647),
    integer("repl-ping-replica-period", "10", 1, 2_147_483_647).alias("repl-ping-slave-period"),
    integer("repl-timeout", "60", 1, 2_147_483_647),
    text("replica-announce-ip", "").alias("slave-announce-ip"),
    integer("replica-announce-port", "0", 0, 65_535).alias("slave-announce-port"),
    boolean("replica-announced", "yes"),
    boolean("replica-ignore-disk-write-errors", "no"),
    boolean("replica-ignore-maxmemory", "yes").alias("slave-ignore-maxmemory"),
    boolean("replica-lazy-flush", "yes").alias("slave-lazy-flush"),
    integer("replica-priority", "100", 0, 2_147_483_647).alias("slave-priority"),
    boolean("replica-read-only", "yes").alias("slave-read-only"),
    boolean("replica-serve-stale-data", "yes").alias("slave-serve-stale-data"),
    special("replicaof", "", Kind::Primary).immutable().only(&[""]).alias("slaveof"),
    text("requirepass", "").used(),
    choice("sanitize-dump-payload", "no", &["no", "yes", "clients"]),
    special("save", "", Kind::SavePoints).only(&[""]).or_else(&[any("", NOT_YET)]),
    text("server-cpulist", "").immutable().only(&[""]).alias("server_cpulist"),
    integer("set-max-intset-entries", "512", 0, MAX).used(),
    integer("set-max-listpack-entries", "128", 0, MAX).used(),
    integer("set-max-listpack-value", "64", 0, MAX).used(),
    boolean("set-proc-title", "yes").immutable(),
    special("shutdown-on-sigint", "default", Kind::Choices(SHUTDOWN_WORDS)),
    special("shutdown-on-sigterm", "default", Kind::Choices(SHUTDOWN_WORDS)),
    integer("shutdown-timeout", "10", 0, 2_147_483_647).used(),
    integer("socket-mark-id", "0", 0, 4_294_967_295).immutable().only(&["0"]),
    boolean("stop-writes-on-bgsave-error", "yes"),
    memory("stream-node-max-bytes", "4096", 0).used(),
    integer("stream-node-max-entries", "100", 0, MAX).used(),
    choice("supervised", "no", &["upstart", "systemd", "auto", "no"]).immutable(),
    boolean("syslog-enabled", "no").immutable().only(&["no"]),
    choice("syslog-facility", "local0", SYSLOG_FACILITIES).immutable(),
    text("syslog-ident", "tandem").immutable(),
    integer("tcp-backlog", "511", 0, 2_147_483_647).immutable().used(),
    integer("tcp-keepalive", "300", 0, 2_147_483_647).used(),
    integer("timeout", "0", 0, 2_147_483_647).used(),
    choice("tls-auth-clients", "yes", &["no", "yes", "optional"]),
    text("tls-ca-cert-dir", ""),
    text("tls-ca-cert-file", ""),
    text("tls-cert-file", ""),
    text("tls-ciphers", ""),
    text("tls-ciphersuites", ""),
    text("tls-client-cert-file", ""),
    text("tls-client-key-file", ""),
    text("tls-client-key-file-pass", ""),
    boolean("tls-cluster", "no").only(&["no"]),
    text("tls-dh-params-file", ""),
    text("tls-key-file", ""),
    text("tls-key-file-pass", ""),
    integer("tls-port", "0", 0, 65_535).only(&["0"]),
    boolean("tls-prefer-server-ciphers", "no"),
    text("tls-protocols", ""),
    boolean("tls-replication", "no").only(&["no"]),
    integer("tls-session-cache-size", "20480", 0, 2_147_483_647),
    integer("tls-session-cache-timeout", "300", 0, 2_147_483_647),
    boolean("tls-session-caching", "yes"),
    integer("tracking-table-max-keys", "1000000", 0, MAX).used(),
    text("unixsocket", "").immutable().used(),
    text("unixsocketgroup", "").immutable(),
    octal("unixsocketperm", "0").immutable().used(),
    integer("zset-max-listpack-entries", "128", 0, MAX).used().alias("zset-max-ziplist-entries"),
    memory("zset-max-listpack-value", "64", 0).used().alias("zset-max-ziplist-value"),
];

// The constructors the table is written with.

const fn row(name: &'static str, default: &'static str, kind: Kind) -> Parameter {
    let (change, support) = (Change::Anytime, Support::Kept);
    Parameter { name, alias: None, default, kind, change, support }
}

const fn boolean(name: &'static str, default: &'static str) -> Parameter {
    row(name, default, Kind::Boolean)
}

const fn choice(name: &'static str, default: &'static str, words: Words) -> Parameter {
    row(name, default, Kind::Choice(words))
}

const fn integer(name: &'static str, default: &'static str, min: i64, max: i64) -> Parameter {
    row(name, default, Kind::Integer { min, max })
}

const fn memory(name: &'static str, default: &'static str, min: u64) -> Parameter {
    row(name, default, Kind::Memory { min, max: i64::MAX as u64 })
}

const fn memory_any(name: &'static str, default: &'static str) -> Parameter {
    row(name, default, Kind::Memory { min: 0, max: u64::MAX })
}

const fn percent(name: &'static str, default: &'static str) -> Parameter {
    row(name, default, Kind::MemoryOrPercent)
}

const fn octal(name: &'static str, default: &'static str) -> Parameter {
    row(name, default, Kind::Octal)
}

const fn text(name: &'static str, default: &'static str) -> Parameter {
    row(name, default, Kind::Text)
}

const fn special(name: &'static str, default: &'static str, kind: Kind) -> Parameter {
    row(name, default, kind)
}

impl Parameter {
    const fn alias(self, alias: &'static str) -> Parameter {
        Parameter { alias: Some(alias), ..self }
    }

    const fn immutable(self) -> Parameter {
        Parameter { change: Change::AtStart, ..self }
    }

    const fn protected(self) -> Parameter {
        Parameter { change: Change::Protected, ..self }
    }

    const fn used(self) -> Parameter {
        Parameter { support: Support::Used, ..self }
    }

    const fn host(self) -> Parameter {
        Parameter { support: Support::Host, ..self }
    }

    const fn only(self, values: Words) -> Parameter {
        Parameter { support: Support::Only { values, or_else: &[] }, ..self }
    }

    const fn or_else(self, or_else: &'static [Instead]) -> Parameter {
        let Support::Only { values, .. } = self.support else {
            panic!("`or_else` follows `only`");
        };
        Parameter { support: Support::Only { values, or_else }, ..self }
    }
}

/// Whatever was asked for, this is in force.
const fn any(value: &'static str, effect: &'static str) -> Instead {
    Instead { prefix: "", value, effect }
}

type Words = &'static [&'static str];

const MIN: i64 = i64::MIN;
const MAX: i64 = i64::MAX;

const NOT_YET: &str = "accepted, but it has no effect yet";

const FOREGROUND: &str = "the server stays in the foreground; a service manager can run it";

/// Keys without a TTL must stay, so nothing is evicted rather than everything.
const EVICTS_NOTHING: &str = "only noeviction and allkeys-lru work yet; noeviction is in force, \
    so that no key is evicted that this policy would keep: writes beyond maxmemory are refused";

const POLICIES_INSTEAD: &[Instead] = &[
    Instead { prefix: "allkeys-", value: "allkeys-lru", effect: "allkeys-lru is in its place yet" },
    Instead { prefix: "volatile-", value: "noeviction", effect: EVICTS_NOTHING },
];

const OUTPUT_LIMITS: &str = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";

const DISKLESS_LOADS: Words = &["disabled", "on-empty-db", "swapdb", "flush-before-load"];

const POLICIES: Words = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];

const SHUTDOWN_WORDS: Words = &["default", "save", "nosave", "now", "force"];

const SYSLOG_FACILITIES: Words =
    &["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(PARAMETERS.is_sorted_by(|a, b| a.name < b.name));
        for (index, it) in PARAMETERS.iter().enumerate() {
            assert!(it.names().all(|name| find(name) == Some(index)), "{}", it.name);
        }
    }

    #[test]
    fn defaults_are_canonical_and_supported() {
        for it in PARAMETERS {
            let canonical = it.kind.canonical(it.default, it.default).unwrap();
            assert_eq!(canonical, it.default, "{}", it.name);
            if let Support::Only { values, or_else } = it.support {
                assert!(values.contains(&it.default), "{}", it.name);
                assert!(or_else.iter().all(|it| values.contains(&it.value)), "{}", it.name);
            }
        }
    }
}
