//! `stats settings`. Names and order are memcached's, with its defaults for what is not here.

use std::fmt::Display;

use crate::classes::PAGE_BYTES;
use crate::reply::stat;
use crate::run::Cx;
use crate::settings::Settings;
use crate::watch;

pub(super) fn put(cx: &mut Cx<'_>) {
    let server = cx.server;
    let settings = &server.settings;
    let n_threads = server.host.n_threads();
    let unix_socket = settings.unix_socket.as_deref().unwrap_or("NULL");
    let auth_file = settings.auth_file.as_deref().unwrap_or("no");
    let inter = if settings.listen.is_empty() { "NULL".into() } else { settings.listen.join(",") };
    let lines: [(&str, &dyn Display); 24] = [
        ("maxbytes", &server.keyspace.memory_max()),
        ("maxconns", &server.host.connections().max),
        ("tcpport", &settings.port.unwrap_or(0)),
        ("udpport", &settings.udp_port),
        ("inter", &inter),
        ("verbosity", &server.verbosity()),
        ("oldest", &0),
        ("evictions", &on_off(settings.evictions)),
        ("domain_socket", &unix_socket),
        ("umask", &format!("{:o}", settings.unix_mask)),
        ("shutdown_command", &yes_no(settings.shutdown)),
        ("growth_factor", &format!("{:.2}", settings.growth_factor)),
        ("chunk_size", &settings.chunk_bytes),
        ("num_threads", &n_threads),
        ("num_threads_per_udp", &1),
        ("stat_key_prefix", &char::from(settings.prefix_delimiter)),
        ("detail_enabled", &yes_no(server.counts_prefixes())),
        ("reqs_per_event", &settings.requests_per_event),
        ("cas_enabled", &yes_no(settings.cas)),
        ("tcp_backlog", &settings.backlog),
        ("binding_protocol", &settings.protocol.name()),
        ("auth_enabled_sasl", &yes_no(settings.sasl)),
        ("auth_enabled_ascii", &auth_file),
        ("item_size_max", &settings.item_bytes_max),
    ];
    let buf = &mut cx.out.buf;
    for (name, value) in lines {
        stat(buf, name, value);
    }
    put_storage(cx);
    for (name, value) in ELSEWHERE {
        stat(&mut cx.out.buf, name, value);
    }
}

fn put_storage(cx: &mut Cx<'_>) {
    let server = cx.server;
    let Settings { item_bytes_max, track_sizes, idle_timeout_s, .. } = &server.settings;
    let tuning = server.tuning();
    let lines: [(&str, &dyn Display); 28] = [
        ("maxconns_fast", &"yes"),
        ("hashpower_init", &0),
        ("slab_reassign", &"no"),
        ("slab_automove", &0),
        ("slab_automove_ratio", &"0.80"),
        ("slab_automove_window", &10),
        ("slab_chunk_max", &(PAGE_BYTES.min(*item_bytes_max) / 2)),
        ("lru_crawler", &yes_no(server.keyspace.active_expiry())),
        ("lru_crawler_sleep", &server.crawler.sleep_us()),
        ("lru_crawler_tocrawl", &server.crawler.n_to_crawl()),
        ("tail_repair_time", &0),
        ("flush_enabled", &yes_no(server.settings.flush)),
        ("dump_enabled", &yes_no(server.settings.dump)),
        ("hash_algorithm", &"ahash"),
        ("lru_maintainer_thread", &yes_no(server.settings.lru_maintainer)),
        ("lru_segmented", &yes_no(tuning.segmented)),
        ("hot_lru_pct", &tuning.hot_percent),
        ("warm_lru_pct", &tuning.warm_percent),
        ("hot_max_factor", &format!("{:.2}", tuning.hot_factor)),
        ("warm_max_factor", &format!("{:.2}", tuning.warm_factor)),
        ("temp_lru", &yes_no(tuning.has_temp)),
        ("temporary_ttl", &tuning.temp_ttl_s),
        ("idle_timeout", idle_timeout_s),
        ("watcher_logbuf_size", &watch::BUFFER_BYTES_MAX),
        ("worker_logbuf_size", &0),
        ("read_buf_mem_limit", &0),
        ("track_sizes", &yes_no(*track_sizes)),
        ("inline_ascii_response", &"no"),
    ];
    for (name, value) in lines {
        stat(&mut cx.out.buf, name, value);
    }
}

/// Its storage on disk, TLS and proxy are not here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("ssl_enabled", "no"),
    ("ssl_chain_cert", "(null)"),
    ("ssl_key", "(null)"),
    ("ssl_verify_mode", "0"),
    ("ssl_keyformat", "1"),
    ("ssl_ciphers", "NULL"),
    ("ssl_ca_cert", "NULL"),
    ("ssl_wbuf_size", "16384"),
    ("ssl_session_cache", "no"),
    ("ssl_kernel_tls", "no"),
    ("ssl_min_version", "tlsv1.2"),
    ("proxy_enabled", "no"),
    ("proxy_uring_enabled", "no"),
    ("num_napi_ids", "(null)"),
    ("memory_file", "(null)"),
    ("client_flags_size", "4"),
    // ElastiCache's own.
    ("config_max", "16"),
    ("config_size_max", "65536"),
];

fn yes_no(it: bool) -> &'static str {
    if it { "yes" } else { "no" }
}

fn on_off(it: bool) -> &'static str {
    if it { "on" } else { "off" }
}
