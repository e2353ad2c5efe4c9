use clap::Parser;
use hashbrown::HashSet;
use tandem_engine::SetOptions;

use super::*;
use crate::cli::Cli;
use crate::config::Config;
use crate::host::Listening;

fn admin() -> Admin {
    let config = Config::load(&Cli::parse_from(["tandem", "--threads", "1"])).ok().unwrap();
    let process = Arc::new(Process::new(&config, Listening::default()));
    let shop = crate::server::shop(config, &process);
    Admin::new(shop, process)
}

/// Both front ends without any listener.
pub(crate) fn shop() -> Shop {
    admin().shop
}

#[test]
fn every_metric_is_named_once_and_explained() {
    let mut names = HashSet::new();
    for row in TABLES.into_iter().flatten() {
        assert!(names.insert(row.name), "{} is there twice", row.name);
        assert!(row.help.ends_with('.') || row.help.contains(';'), "{}", row.name);
        let is_total = row.name.ends_with("_total");
        let counts = matches!(row.kind, exposition::Kind::Counter | exposition::Kind::Sum);
        let exceptions = ["memcached_uptime_seconds", "redis_total_error_replies"];
        assert!(is_total == counts || exceptions.contains(&row.name), "{}", row.name);
    }
}

/// Dashboards and alerts that were written for the exporters of Redis and memcached ask for these.
#[test]
fn the_exporters_names_are_there() {
    let admin = admin();
    let memcached = &admin.shop.memcached.server;
    let key = memcached.keyspace.key(0, b"k");
    let value = tandem_engine::NewValue::Copied(b"v");
    memcached.keyspace.view(key, clock::now_ms()).set(key, value, SetOptions::default());
    let text = admin.metrics();
    for name in EXPORTERS_NAMES.split_whitespace() {
        let help = format!("# HELP {name} ");
        let value = format!("\n{name}");
        assert!(text.contains(&help) && text.contains(&value), "{name} is not there");
    }
}

#[test]
fn a_scrape_is_well_formed_text() {
    let text = admin().metrics();
    for line in text.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(name.starts_with(|it: char| it.is_ascii_alphabetic()), "{line}");
        assert_eq!(name.contains('{'), name.ends_with('}'), "{line}");
    }
    assert!(text.contains("tandem_memory_limit_bytes{frontend=\"memcached\"} 67108864"), "{text}");
    assert!(text.contains("redis_db_keys{db=\"db15\"} 0"), "{text}");
}

#[test]
fn labels_are_escaped_and_histograms_add_up() {
    static ROWS: [Row; 2] = [
        exposition::histogram("h", "H.", |_, to| {
            let buckets = vec![(0.5, 1), (1.0, 3)];
            to.put_histogram(&[("c", "a\"b\\c")], exposition::Distribution { buckets, sum: 2.5 });
        }),
        exposition::sum("s", "S.", |_, to| to.put(0.25)),
    ];
    let snapshot = Snapshot::take(&admin());
    let mut exposition = Exposition::new();
    for row in &ROWS {
        exposition.add(row, &snapshot);
    }
    let expected = "# HELP h H.\n# TYPE h histogram\n\
        h_bucket{c=\"a\\\"b\\\\c\",le=\"0.5\"} 1\nh_bucket{c=\"a\\\"b\\\\c\",le=\"1\"} 3\n\
        h_bucket{c=\"a\\\"b\\\\c\",le=\"+Inf\"} 3\nh_sum{c=\"a\\\"b\\\\c\"} 2.5\n\
        h_count{c=\"a\\\"b\\\\c\"} 3\n\n# HELP s S.\n# TYPE s counter\ns 0.25\n\n";
    assert_eq!(exposition.finish(), expected);
}

/// Those that have a value once there is an item; others need traffic.
const EXPORTERS_NAMES: &str = "
    redis_up redis_uptime_in_seconds redis_start_time_seconds redis_instance_info
    redis_connected_clients redis_blocked_clients redis_config_maxclients
    redis_connections_received_total redis_rejected_connections_total redis_memory_used_bytes
    redis_memory_max_bytes redis_memory_used_rss_bytes redis_memory_used_peak_bytes
    redis_lazyfree_pending_objects redis_lazyfreed_objects_total
    redis_mem_fragmentation_ratio redis_total_system_memory_bytes redis_commands_processed_total
    redis_keyspace_hits_total redis_keyspace_misses_total redis_evicted_keys_total
    redis_expired_keys_total redis_db_keys redis_db_keys_expiring redis_net_input_bytes_total
    redis_net_output_bytes_total redis_connected_slaves redis_cpu_user_seconds_total
    redis_cpu_sys_seconds_total redis_aof_enabled redis_exporter_last_scrape_error
    memcached_up memcached_version memcached_uptime_seconds memcached_time_seconds
    memcached_commands_total memcached_current_connections memcached_max_connections
    memcached_connections_total memcached_connections_rejected_total
    memcached_connections_yielded_total memcached_connections_listener_disabled_total
    memcached_accepting_connections memcached_current_bytes memcached_limit_bytes
    memcached_malloced_bytes memcached_current_items memcached_items_total
    memcached_items_evicted_total memcached_items_reclaimed_total memcached_item_too_large_total
    memcached_item_no_memory_total memcached_direct_reclaims_total memcached_read_bytes_total
    memcached_written_bytes_total memcached_process_user_cpu_seconds_total
    memcached_process_system_cpu_seconds_total memcached_slab_items_outofmemory_total
    memcached_slab_current_items memcached_slab_items_age_seconds
    memcached_slab_items_evicted_total memcached_slab_items_evicted_nonzero_total
    memcached_slab_items_evicted_unfetched_total memcached_slab_items_expired_unfetched_total
    memcached_slab_items_reclaimed_total memcached_slab_mem_requested_bytes
    memcached_slab_chunk_size_bytes memcached_slab_chunks_used memcached_slab_chunks_free
    memcached_slab_current_pages memcached_slab_commands_total";

/// An alert on a name that is not there never fires.
#[test]
fn alerts_and_the_dashboard_use_metrics_that_are_there() {
    let rules = include_str!("../../../../deploy/prometheus/rules.yml");
    let dashboard = include_str!("../../../../deploy/grafana/dashboards/tandem.json");
    let rows = TABLES.into_iter().flatten();
    let names: HashSet<&str> = rows.map(|row| row.name).collect();
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let mut n_found = 0;
    for word in [rules, dashboard].into_iter().flat_map(|it| it.split(|it| !is_name(it))) {
        let prefixes = ["tandem_", "redis_", "memcached_", "process_"];
        if prefixes.iter().any(|it| word.starts_with(it)) {
            let name = word.trim_end_matches("_bucket");
            assert!(names.contains(name), "{word} is no metric");
            n_found += 1;
        }
    }
    assert!(n_found > 40, "{n_found}");
}
