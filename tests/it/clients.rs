//! Real client libraries in Python, each file of `tests/clients` a test.

use std::path::{Path, PathBuf};
use std::process::Command;

use tandem_tests::server::binary;

#[test]
fn redis_py_works() {
    run("test_redis_py.py");
}

#[test]
fn redis_py_works_on_every_data_type() {
    run("test_redis_types.py");
}

#[test]
fn scripts_and_locks_of_redis_py_work() {
    run("test_redis_scripts.py");
}

#[test]
fn functions_of_redis_py_work() {
    run("test_redis_functions.py");
}

#[test]
fn pymemcache_and_pylibmc_work() {
    run("test_memcached_clients.py");
}

#[test]
fn pylibmc_and_bmemcached_work_in_the_binary_protocol() {
    run("test_memcached_binary.py");
}

#[test]
fn meta_memcache_works() {
    run("test_meta_memcache.py");
}

#[test]
fn an_elasticache_client_discovers_the_nodes_of_a_cluster() {
    run("test_discovery.py");
}

#[test]
fn flask_caching_works() {
    run("test_flask_caching.py");
}

#[test]
fn subscribers_of_redis_py_hear_everything() {
    run("test_pubsub.py");
}

#[test]
fn the_cache_of_redis_py_is_kept_fresh() {
    run("test_client_cache.py");
}

#[test]
fn the_listings_of_the_article_work() {
    run("test_article.py");
}

#[test]
fn the_gotchas_of_the_article_are_as_it_says() {
    run("test_article_gotchas.py");
}

/// A file that no test names would never run.
#[test]
fn every_file_of_python_tests_is_run() {
    let this = include_str!("clients.rs");
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let is_run = !name.starts_with("test_") || this.contains(&format!("run(\"{name}\")"));
        assert!(is_run, "no test runs {name}");
    }
}

#[track_caller]
fn run(file: &str) {
    let python = std::env::var_os("TANDEM_PYTHON").expect(
        "TANDEM_PYTHON must name a Python with tests/clients/requirements.txt installed: \
         `cargo xtask test` makes one",
    );
    let output = Command::new(python)
        .args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"])
        .arg(folder().join(file))
        .env("TANDEM_BIN", binary())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}
