//! The admin port: health, readiness and metrics.

use std::collections::BTreeSet;

use tandem_tests::process::wait_until;
use tandem_tests::server::Tandem;

#[test]
fn health_and_readiness_are_answered() {
    let tandem = Tandem::start(&[]);
    assert_eq!(tandem.http("/healthz").0, 200);
    assert_eq!(tandem.http("/readyz").0, 200);
    assert_eq!(tandem.http("/nosuch").0, 404);
}

#[test]
fn every_name_that_dashboards_read_is_there() {
    let tandem = Tandem::start(&[]);
    use_everything(&tandem);
    let metrics = tandem.http("/metrics").1;
    let names: BTreeSet<&str> = samples(&metrics).map(|(series, _)| name(series)).collect();
    let wanted = include_str!("../data/exporter-names.txt").lines();
    let missing: Vec<&str> = wanted.filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

#[test]
fn each_front_end_has_its_series() {
    let tandem = Tandem::start(&[]);
    use_everything(&tandem);
    // Hit rates show once they have been sampled.
    wait_until("the hit rates are there", || {
        let metrics = tandem.http("/metrics").1;
        ["resp", "memcached"].iter().all(|frontend| {
            let label = format!("frontend=\"{frontend}\"");
            samples(&metrics).any(|(it, _)| name(it) == "tandem_hit_ratio" && it.contains(&label))
        })
    });
    let metrics = tandem.http("/metrics").1;
    for frontend in ["resp", "memcached"] {
        let label = format!("frontend=\"{frontend}\"");
        let found: BTreeSet<&str> = samples(&metrics)
            .filter(|(series, _)| series.contains(&label))
            .map(|(series, _)| name(series))
            .collect();
        for part in FRONTEND_PARTS {
            assert!(
                found.iter().any(|it| it.contains(part)),
                "{frontend} has no {part}: {found:?}"
            );
        }
    }
}

#[test]
fn counters_move_with_what_clients_do() {
    let tandem = Tandem::start(&[]);
    let mut resp = tandem.resp();
    resp.run("SET k v");
    for _ in 0..7 {
        resp.run("GET k");
    }
    resp.run("GET nosuch");
    let mut memcached = tandem.memcached();
    for line in ["get a", "get b"] {
        memcached.line(line);
    }
    wait_until("the counters have moved", || {
        let metrics = tandem.http("/metrics").1;
        let is = |series: &str, value: f64| {
            samples(&metrics).any(|(it, found)| it == series && (found - value).abs() < 1e-9)
        };
        is("redis_keyspace_hits_total", 7.0)
            && is("redis_keyspace_misses_total", 1.0)
            && is("tandem_hits_total{frontend=\"resp\"}", 7.0)
            && is("tandem_misses_total{frontend=\"memcached\"}", 2.0)
            && is("redis_commands_total{cmd=\"get\"}", 8.0)
            && is("memcached_commands_total{command=\"get\",status=\"miss\"}", 2.0)
            && is("redis_db_keys{db=\"db0\"}", 1.0)
    });
}

/// Dashboards show by slab how big items are and how long they last.
#[test]
fn items_of_memcached_are_told_by_the_class_of_their_size() {
    let tandem = Tandem::start(&[]);
    let mut client = tandem.memcached();
    for (key, n_bytes) in [("a", 1), ("b", 20), ("c", 1000), ("d", 700_000)] {
        let line = format!("set {key} 0 0 {n_bytes}\r\n{}", "v".repeat(n_bytes));
        assert_eq!(client.line(&line), "STORED");
    }
    client.line("delete a");
    let metrics = tandem.http("/metrics").1;
    let value = |series: &str| samples(&metrics).find(|it| it.0 == series).map(|it| it.1);
    for (series, expected) in [
        ("memcached_slab_current_items{slab=\"1\"}", 1.0),
        ("memcached_slab_chunk_size_bytes{slab=\"1\"}", 96.0),
        ("memcached_slab_mem_requested_bytes{slab=\"1\"}", 80.0),
        ("memcached_slab_commands_total{slab=\"1\",command=\"set\",status=\"hit\"}", 2.0),
        ("memcached_slab_commands_total{slab=\"1\",command=\"delete\",status=\"hit\"}", 1.0),
        ("memcached_slab_current_items{slab=\"12\"}", 1.0),
        ("memcached_slab_current_items{slab=\"39\"}", 1.0),
        ("memcached_slab_chunks_used{slab=\"39\"}", 2.0),
        ("memcached_slab_current_pages{slab=\"39\"}", 1.0),
        ("memcached_slab_chunks_free{slab=\"39\"}", 0.0),
    ] {
        assert_eq!(value(series), Some(expected), "{series}");
    }
    assert_eq!(value("memcached_slab_current_items{slab=\"2\"}"), None, "never used");
}

/// Many are counted in turns after a scrape, for the next one.
#[test]
fn a_big_cache_is_counted_between_scrapes() {
    let tandem = Tandem::start(&["--threads", "1"]);
    let mut client = tandem.memcached();
    let stores = (0..20_000).map(|n| format!("set {n} 0 0 1 noreply\r\nx\r\n"));
    client.send(stores.collect::<Vec<_>>().concat().as_bytes());
    assert_eq!(client.line("mn"), "MN");
    let series = "memcached_slab_current_items{slab=\"1\"}";
    wait_until("all items are counted", || {
        let metrics = tandem.http("/metrics").1;
        samples(&metrics).any(|(it, value)| it == series && (value - 20_000.0).abs() < 0.5)
    });
}

#[test]
fn the_list_of_memcached_nodes_is_changed_over_http() {
    let tandem = Tandem::start(&[]);
    let put =
        |headers: &str, body: &str| tandem.http_with("PUT /api/memcached/cluster", headers, body);
    let json = "Content-Type: application/json\r\n";
    assert_eq!(tandem.http(CLUSTER), (200, r#"{"version":1,"nodes":[]}"#.to_owned()));
    let nodes = r#"{"nodes":[{"host":"b","port":1},{"host":"a","ip":"10.0.0.1","port":2}]}"#;
    let nodes_shown = r#"[{"host":"a","ip":"10.0.0.1","port":2},{"host":"b","ip":null,"port":1}]"#;
    let shown = format!(r#"{{"version":2,"nodes":{nodes_shown}}}"#);
    for _ in 0..2 {
        assert_eq!(put(json, nodes), (200, shown.clone()), "the same again is no change");
    }
    assert_eq!(tandem.http(CLUSTER).1, shown);
    let mut client = tandem.memcached();
    client.send(b"config get cluster\r\n");
    let answer = client.until(b"END\r\n").expect("an answer");
    assert_eq!(answer, b"CONFIG cluster 0 20\r\n2\na|10.0.0.1|2 b||1\n\r\nEND\r\n");
    assert_eq!(put(json, r#"{"nodes":[],"version":9}"#).0, 200);
    for (headers, body, status) in [
        ("", nodes, 415),
        ("Content-Type: text/plain\r\n", nodes, 415),
        (&*format!("{json}Origin: http://tandem\r\n"), nodes, 403),
        (json, "{", 400),
        (json, r#"{"nodes":[{"host":"a b","port":1}]}"#, 422),
        (json, r#"{"nodes":[{"host":"a","port":0}]}"#, 422),
        (json, r#"{"nodes":[{"host":"a","port":1,"more":1}]}"#, 422),
        (json, r#"{"nodes":[],"version":8}"#, 422),
        (json, &*format!("\"{}\"", "x".repeat(128 << 10)), 413),
    ] {
        let (found, why) = put(headers, body);
        assert_eq!(found, status, "{headers}{}: {why}", &body[..body.len().min(100)]);
    }
    assert_eq!(tandem.http_with("POST /api/memcached/cluster", json, nodes).0, 405);
    assert_eq!(tandem.http(CLUSTER).1, r#"{"version":9,"nodes":[]}"#);
}

const CLUSTER: &str = "/api/memcached/cluster";

#[test]
fn metrics_are_well_formed() {
    let tandem = Tandem::start(&[]);
    use_everything(&tandem);
    let metrics = tandem.http("/metrics").1;
    let mut seen = BTreeSet::new();
    for (series, _) in samples(&metrics) {
        assert!(seen.insert(series), "{series} is there twice");
        let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
        assert!(name(series).chars().all(is_name), "{series}");
    }
    assert!(seen.len() > 100, "only {} series", seen.len());
}

fn use_everything(tandem: &Tandem) {
    let mut resp = tandem.resp();
    for line in ["SET k v EX 100", "GET k", "GET nosuch", "HSET h f v", "GET h", "NOSUCH", "GET"] {
        resp.run(line);
    }
    let mut memcached = tandem.memcached();
    memcached.send(b"set k 0 100 1\r\nx\r\n");
    for line in ["get k", "get nosuch", "delete k", "incr nosuch 1", "touch nosuch 1"] {
        memcached.line(line);
    }
}

/// The lines of the text format that are no comments.
fn samples(metrics: &str) -> impl Iterator<Item = (&str, f64)> {
    metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| {
        let (series, value) = line.rsplit_once(' ').expect("a series and its value");
        (series, value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
    })
}

fn name(series: &str) -> &str {
    series.split('{').next().unwrap_or_default()
}

/// What every front end tells of itself, as parts of names.
const FRONTEND_PARTS: &[&str] = &[
    "hits",
    "misses",
    "hit_ratio",
    "evictions",
    "expirations",
    "memory_used",
    "memory_limit",
    "memory_peak",
    "items",
    "connections",
    "receive",
    "transmit",
    "commands",
    "errors",
    "duration",
];
