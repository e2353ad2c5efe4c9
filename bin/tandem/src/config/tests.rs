use clap::Parser;

use super::*;

fn load(arguments: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let cli = Cli::parse_from(arguments.split_whitespace());
    let variables = environment.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
    Config::load_with(&cli, variables)
}

#[track_caller]
fn error_of(arguments: &str, environment: &[(&str, &str)]) -> String {
    match load(arguments, environment) {
        Ok(_) => panic!("{arguments} was accepted"),
        Err(errors) => errors.join("\n"),
    }
}

fn written(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    (dir, path.to_str().unwrap().to_owned())
}

#[test]
fn without_any_configuration_the_defaults_of_the_peers_hold() {
    let config = load("tandem", &[]).unwrap();
    assert_eq!(config.resp.integer("port"), 6379);
    assert_eq!(config.resp.integer("maxmemory"), 0);
    assert_eq!(config.resp.text("maxmemory-policy"), "noeviction");
    assert_eq!(config.memcached.memory_max_bytes, 64 << 20);
    assert_eq!(config.memcached.listen, ["*", "-::*"]);
    assert_eq!(config.admin.port, 9121);
    assert_eq!(config.n_threads, n_cores());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn every_source_reaches_both_front_ends() {
    let (_dir, file) = written(
        "tandem.toml",
        "bind = \"127.0.0.1\"\nthreads = 3\n[resp]\nmaxmemory = \"1gb\"\ntimeout = 30\n\
         [memcached]\nmaxmemory = \"2gb\"\nconn-limit = 77\ndisable-cas = true\n\
         idle-timeout = 9\n[admin]\nport = 0\n[log]\nformat = \"json\"\n",
    );
    let line = format!("tandem --config {file} --resp-maxmemory 3gb --threads 0");
    let config = load(&line, &[("TANDEM_MEMCACHED_MAX_ITEM_SIZE", "4m")]).unwrap();
    assert_eq!(config.resp.integer("maxmemory"), 3 << 30);
    assert_eq!(config.resp.integer("timeout"), 30);
    assert_eq!(config.resp.text("bind"), "127.0.0.1");
    let memcached = &config.memcached;
    assert_eq!((memcached.memory_max_bytes, memcached.connections_max), (2 << 30, 77));
    assert_eq!((memcached.item_bytes_max, memcached.idle_timeout_s), (4 << 20, 9));
    assert!(!memcached.cas);
    assert_eq!(memcached.listen, ["127.0.0.1"]);
    assert_eq!(config.admin, Admin { bind: vec!["127.0.0.1".to_owned()], port: 0 });
    assert_eq!((config.log.format, config.n_threads), (LogFormat::Json, n_cores()));
}

#[test]
fn the_list_of_nodes_is_read_sorted_and_checked() {
    let (_dir, file) = written(
        "tandem.toml",
        "[memcached]\ncluster-nodes = [\"b||2\", \"a.lan|10.0.0.1|1\"]\ncluster-version = 5\n",
    );
    let memcached = load(&format!("tandem -c {file}"), &[]).unwrap().memcached;
    let shown: Vec<String> = memcached.cluster_nodes.iter().map(ToString::to_string).collect();
    assert_eq!((shown.join(" ").as_str(), memcached.cluster_version), ("a.lan|10.0.0.1|1 b||2", 5));
    let error = error_of("tandem", &[("TANDEM_MEMCACHED_CLUSTER_NODES", "a:1")]);
    assert!(error.contains("a:1: expected host|ip|port"), "{error}");
}

#[test]
fn memcached_letters_are_over_everything() {
    let config =
        load("tandem --memcached-port 1 memcached -- -p 2 -m 100 -c 9 -t 5 -l ::1", &[]).unwrap();
    let memcached = &config.memcached;
    assert_eq!((memcached.port, memcached.memory_max_bytes), (Some(2), 100 << 20));
    assert_eq!((memcached.connections_max, config.n_threads), (9, 5));
    assert_eq!(memcached.listen, ["::1"]);
    let error = error_of("tandem memcached -- -Z", &[]);
    assert!(error.contains("-Z"), "{error}");
}

#[test]
fn a_bad_setting_is_named_with_its_place_and_range() {
    let (_dir, file) = written(
        "tandem.toml",
        "threads = 5000\n\n[resp]\nport = 70000\nnonsense = 1\n[log]\nlevel = \"loud\"\n",
    );
    let error = error_of(&format!("tandem -c {file}"), &[]);
    let expected = [
        format!("{file}:1: threads = 5000: expected a whole number from 0 to 1024"),
        format!("{file}:4: resp.port = 70000: "),
        format!("{file}:5: resp.nonsense = 1: "),
        format!("{file}:7: log.level = loud: expected error, warn, info, debug or trace"),
    ];
    for part in expected {
        assert!(error.contains(&part), "{part} is not in\n{error}");
    }
    let error = error_of("tandem --admin-port x", &[("TANDEM_RESP_TIMEOUT", "soon")]);
    let expected = "command line --admin-port: admin.port = x: expected a whole number";
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("environment variable TANDEM_RESP_TIMEOUT: "), "{error}");
    let error = error_of("tandem --memcached-maxmemory 1mb", &[]);
    assert!(error.contains("half of the memory limit"), "{error}");
}

/// Its words are those of the article that the project starts from.
#[test]
fn the_articles_redis_conf_is_taken_over_with_warnings() {
    let (_dir, file) = written(
        "redis.conf",
        "# Production Redis config\nmaxmemory 10gb\nmaxmemory-policy volatile-lru\n\
         appendonly yes\nappendfsync everysec\nauto-aof-rewrite-percentage 100\n\
         auto-aof-rewrite-min-size 64mb\n\n# Replication\n\
         replicaof no one  # This is the master\nreplica-read-only yes\n\
         min-replicas-to-write 1\nmin-replicas-max-lag 10\n\n\
         save 900 1      # Save after 900 seconds if at least 1 key changed\nsave 300 10\n\
         dbfilename dump.rdb\ntimeout 7\n",
    );
    let config = load(&format!("tandem --redis-conf {file} --resp-port 7000"), &[]).unwrap();
    assert_eq!(config.resp.integer("maxmemory"), 10 << 30);
    assert_eq!(config.resp.integer("timeout"), 7);
    assert_eq!(config.resp.integer("port"), 7000);
    let policy = format!("{file}:3: ");
    assert!(config.warnings.iter().any(|it| it.starts_with(&policy)), "{:?}", config.warnings);
    let (_dir, file) = written("redis.conf", "maxmemory 10gb\ntimeout soon\n");
    let error = error_of(&format!("tandem --redis-conf {file}"), &[]);
    assert!(error.starts_with(&format!("{file}:2: resp.timeout = soon: ")), "{error}");
}

/// The example's every line holds, also those that are commented out, and states the default.
#[test]
fn the_example_file_is_accepted_and_states_the_defaults() {
    let example = include_str!("../../../../deploy/tandem.toml");
    let is_setting = |line: &str| {
        line.strip_prefix("# ").is_some_and(|it| {
            let name = it.split_once(" = ").map_or("", |it| it.0);
            !name.is_empty() && name.chars().all(|it| it.is_ascii_lowercase() || it == '-')
        })
    };
    let set: String = example
        .lines()
        .map(|it| if is_setting(it) { &it[2..] } else { it })
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(set.lines().filter(|it| it.contains(" = ") && !it.starts_with('#')).count() > 40);
    let (_dir, file) = written("tandem.toml", &set);
    let config = load(&format!("tandem --config {file}"), &[]).map_err(|e| e.join("\n")).unwrap();
    let default = load("tandem", &[]).unwrap();
    for name in tandem_resp_names(example) {
        assert_eq!(config.resp.text(&name), default.resp.text(&name), "{name}");
    }
    let mut memcached = config.memcached;
    // These have no default value to state.
    memcached.unix_socket = None;
    memcached.pid_file = None;
    memcached.detail = false;
    memcached.port = None;
    assert_eq!(memcached, default.memcached);
    assert_eq!((config.admin, config.log), (default.admin, default.log));
}

fn tandem_resp_names(example: &str) -> Vec<String> {
    let section = example.split("[resp]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter_map(|it| it.strip_prefix("# ")?.split_once(" = "));
    names.map(|it| it.0.to_owned()).collect()
}

#[test]
fn variables_that_only_begin_like_ours_do_no_harm() {
    let config = load("tandem", &[("TANDEM_BIN", "/usr/bin/tandem")]).unwrap();
    let expected = "environment variable TANDEM_BIN is ignored: there is no setting 'bin'";
    assert_eq!(config.warnings, [expected]);
}
