//! Transcripts of memcached's binary protocol.

mod access;
mod numbers;
mod storage;
mod wrong;

use tandem_memcached::{Passwords, Settings};
use tandem_tests::peers::SocketPeer;
use tandem_tests::sasl;
use tandem_tests::sessions::MemcachedSessions;
use tandem_tests::transcript::{self, Dialect};

/// Runs a transcript on sessions without a socket. `transcripts.rs` also runs it on memcached.
#[track_caller]
fn check(transcript: &str) {
    let mut peer = MemcachedSessions::binary(Settings::default());
    transcript::check(transcript, Dialect::Binary, &mut peer);
}

/// The same for what only Tandem can show: moved clocks, and the words of its own version.
#[track_caller]
fn check_here(transcript: &str) {
    check(transcript);
}

/// The same on a server with these letters, which knows the user `u` and the password `p`.
#[track_caller]
fn check_with(letters: &str, transcript: &str) {
    let args: Vec<String> = letters.split_whitespace().map(Into::into).collect();
    let mut peer =
        MemcachedSessions::binary(Settings::from_args(&args).expect("letters of memcached"));
    peer.server().set_passwords(Passwords::of_sasl(b"other:word\nu:p\n").expect("a right file"));
    transcript::check(transcript, Dialect::Binary, &mut peer);
}

/// The same where names and passwords are asked for, here and on memcached.
#[track_caller]
fn check_sasl(transcript: &str) {
    check_with("-S", transcript);
    match sasl::memcached(&[("other", "word"), ("u", "p")]) {
        Ok(memcached) => {
            let mut peer = SocketPeer::new(memcached.port, Dialect::Binary);
            transcript::check(transcript, Dialect::Binary, &mut peer);
        }
        Err(why) => println!("not compared with memcached: {why}"),
    }
}
