//! Transcripts of the text protocol where names and passwords are asked for (`-Y`).

use tandem_memcached::{Passwords, Settings};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::peers::SocketPeer;
use tandem_tests::process::scratch;
use tandem_tests::sessions::MemcachedSessions;
use tandem_tests::transcript::{self, Dialect};

const FILE: &str = "foo:bar\nus er:pa:ss\nempty:\n";

/// Runs a transcript on sessions and on memcached, both with the same file.
#[track_caller]
fn check_on_both(transcript: &str) {
    let path = scratch().join("passwords");
    std::fs::write(&path, FILE).expect("the scratch folder takes files");
    let args = ["-Y", path.to_str().expect("a path of text")];
    let settings = Settings::from_args(&args.map(str::to_owned)).expect("letters of memcached");
    let mut ours = MemcachedSessions::new(settings);
    ours.server().set_passwords(Passwords::of_text(FILE.as_bytes()).expect("a right file"));
    transcript::check(transcript, Dialect::Memcached, &mut ours);
    let oracle = Oracle::start(Kind::Memcached, &args).expect("cargo xtask oracles");
    let mut theirs = SocketPeer::new(oracle.port, Dialect::Memcached);
    transcript::check(transcript, Dialect::Memcached, &mut theirs);
}

#[test]
fn nothing_goes_before_name_and_password() {
    check_on_both(
        r#"
        > get k
        CLIENT_ERROR unauthenticated
        > version
        CLIENT_ERROR unauthenticated
        > quit
        CLIENT_ERROR unauthenticated
        > mn
        CLIENT_ERROR unauthenticated
        > add k 0 0 7
        CLIENT_ERROR unauthenticated
        > foo bar
        CLIENT_ERROR unauthenticated
        >
        CLIENT_ERROR unauthenticated
        > SET k 0 0 7
        CLIENT_ERROR unauthenticated
        > set k 0 0 x
        CLIENT_ERROR unauthenticated
        > set k 0 0 -1
        CLIENT_ERROR unauthenticated
        > set k 0 0
        CLIENT_ERROR unauthenticated
        >> \x80\x0b\x00\r\n
        CLIENT_ERROR unauthenticated
        > set k 0 0 7
        > foo bar
        STORED
        > get k
        END
        2> get k
        CLIENT_ERROR unauthenticated
        "#,
    );
}

#[test]
fn wrong_words_can_be_followed_by_right_ones() {
    check_on_both(
        r#"
        > set k 0 0 7
        > foo baz
        CLIENT_ERROR authentication failure
        > set k 0 0 6
        > foo ba
        CLIENT_ERROR authentication failure
        > set k 0 0 8
        > foo barx
        CLIENT_ERROR authentication failure
        > set k 0 0 11
        > us er pa:ss
        CLIENT_ERROR authentication failure
        > set k 0 0 7
        > foo:bar
        CLIENT_ERROR bad authentication token format
        > set k 0 0 0
        >
        CLIENT_ERROR bad authentication token format
        > set k 0 0 7
        >> foo barxx
        CLIENT_ERROR bad command line termination
        > set k x y 7 1 2 3 noreply
        >> fo
        >> o bar\r
        >> \n
        STORED
        >> set k 0 0 1\r\nx\r\n
        STORED
        "#,
    );
}

#[test]
fn a_line_without_an_end_is_cut_off() {
    check_on_both(
        r#"
        >> <x*2049>
        (closed)
        "#,
    );
}

/// memcached 1.6.38 answers the first line of a packet alone, and 1.6.41 to 1.6.43 could end at an
/// empty one.
#[test]
fn every_line_of_a_stranger_is_answered() {
    let settings = Settings::from_args(&["-Y".to_owned(), "file".to_owned()]).expect("letters");
    let mut peer = MemcachedSessions::new(settings);
    peer.server().set_passwords(Passwords::of_text(FILE.as_bytes()).expect("a right file"));
    let transcript = r#"
        >> \n
        CLIENT_ERROR unauthenticated
        >> \r\n\nget k\r\n
        CLIENT_ERROR unauthenticated
        CLIENT_ERROR unauthenticated
        CLIENT_ERROR unauthenticated
        > set k 0 0 7
        > foo bar
        STORED
        >
        CLIENT_ERROR bad command line format
        2> set k 0 0 5000
        CLIENT_ERROR auth token too long
        (closed)
        "#;
    transcript::check(transcript, Dialect::Memcached, &mut peer);
}
