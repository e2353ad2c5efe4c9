//! Transcripts of the RESP front end, one file per family or part of one.

mod acl;
mod bitmap;
mod command;
mod connection;
mod dump;
mod function_libraries;
mod functions;
mod generic;
mod generic_moves;
mod geo;
mod hash;
mod hash_expiry;
mod hyperloglog;
mod list;
mod list_moves;
mod protocol;
mod pubsub;
mod scripting;
mod server;
mod set;
mod sort;
mod sorted_set;
mod sorted_set_joins;
mod sorted_set_ranges;
mod stream;
mod stream_groups;
mod stream_info;
mod stream_pending;
mod string;
mod string_newer;
mod string_parts;
mod tracking;
mod transactions;
mod watch;

use tandem_tests::sessions::RespSessions;
use tandem_tests::transcript::{self, Dialect};

/// Runs a transcript on sessions without a socket. `transcripts.rs` also runs it on Valkey.
#[track_caller]
fn check(transcript: &str) {
    let mut peer = RespSessions::new(&[("enable-debug-command", "yes")]);
    transcript::check(transcript, Dialect::Resp, &mut peer);
}

/// The same for what only Tandem can show: moved clocks, and settings as they come.
#[track_caller]
fn check_here(transcript: &str) {
    transcript::check(transcript, Dialect::Resp, &mut RespSessions::new(&[]));
}

/// The same for what Redis has and Valkey has not: `transcripts.rs` runs it on Redis.
#[track_caller]
fn check_redis(transcript: &str) {
    check(transcript);
}
