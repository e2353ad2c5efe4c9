//! Transcripts of the memcached front end.

mod arith;
mod auth;
mod crawler;
mod discovery;
mod errors;
mod expiry;
mod limits;
mod meta;
mod meta_get;
mod meta_set;
mod stats;
mod storage;
mod watch;

use tandem_memcached::Settings;
use tandem_tests::sessions::MemcachedSessions;
use tandem_tests::transcript::{self, Dialect};

/// Runs a transcript on sessions without a socket. `transcripts.rs` also runs it on memcached.
#[track_caller]
fn check(transcript: &str) {
    let mut peer = MemcachedSessions::new(Settings::default());
    transcript::check(transcript, Dialect::Memcached, &mut peer);
}

/// The same for what only Tandem can show: moved clocks, and the words of its own version.
#[track_caller]
fn check_here(transcript: &str) {
    check(transcript);
}
