//! Requests by datagram.

use std::sync::Arc;

use tandem_memcached::{DATAGRAM_BYTES_MAX, Datagrams};

use crate::harness::{START_MS, Talk};

const REFUSED: &str = "SERVER_ERROR too much for UDP\r\n";

/// A server, a client of it with a connection, and one without.
struct Post {
    talk: Talk,
    datagrams: Datagrams,
}

impl Post {
    fn with(args: &str) -> Post {
        let talk = Talk::with(args);
        let worker = Arc::clone(&talk.server.workers()[0]);
        let datagrams =
            Datagrams::new(Arc::clone(&talk.server), worker, "127.0.0.1:11211", START_MS);
        Post { talk, datagrams }
    }

    fn raw(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.datagrams.answer(datagram, self.talk.now_ms).map(<[u8]>::to_vec)
    }

    /// Sends a request of one datagram. No answer is an empty one.
    fn ask(&mut self, request: &[u8]) -> String {
        let answer = self.raw(&[b"\x12\x34\0\0\0\x01\0\0", request].concat()).unwrap_or_default();
        assert!(answer.len() <= DATAGRAM_BYTES_MAX);
        let text = answer.strip_prefix(b"\x12\x34\0\0\0\x01\0\0").unwrap_or(&answer);
        String::from_utf8(text.to_vec()).expect("an answer of text")
    }
}

#[test]
fn commands_are_answered_in_one_datagram_with_the_number_of_the_request() {
    let mut post = Post::with("");
    assert_eq!(post.ask(b"set a 5 0 3\r\nabc\r\n"), "STORED\r\n");
    assert_eq!(post.ask(b"get a\r\n"), "VALUE a 5 3\r\nabc\r\nEND\r\n");
    assert_eq!(post.ask(b"incr b 1\r\nmg a s\r\nbogus\r\n"), "NOT_FOUND\r\nHD s3\r\nERROR\r\n");
    assert_eq!(post.ask(b"set a 0 0 1 noreply\r\nx\r\n"), "");
    assert_eq!(post.talk.say("get a"), "VALUE a 0 1\r\nx\r\nEND\r\n");
    assert_eq!(post.ask(b"quit\r\n"), "");
    assert_eq!(post.ask(b"get a\r\nquit\r\nget a\r\n"), "VALUE a 0 1\r\nx\r\nEND\r\n");
    let big = [&b"set big 0 0 40000\r\n"[..], &vec![b'x'; 40_000], b"\r\n"].concat();
    assert_eq!(post.ask(&big), "STORED\r\n");
    assert_eq!(post.talk.say("mg big s"), "HD s40000\r\n");
}

#[test]
fn what_is_no_whole_request_is_not_answered_and_leaves_nothing() {
    let mut post = Post::with("");
    let get = b"get a\r\n";
    for head in [
        &b"\0\x01\0\0\0\0\0\0"[..],
        b"\0\x01\0\0\0\x02\0\0",
        b"\0\x01\0\x01\0\x02\0\0",
        b"\0\x01\0\0\x01\x01\0\0",
    ] {
        assert_eq!(post.raw(&[head, get].concat()), None, "{head:?}");
        assert_eq!(post.raw(head), None, "{head:?}");
    }
    for short in [&b""[..], b"\0\x01\0\0\0\x01\0", b"\0\x01\0\0\0\x01\0\0"] {
        assert_eq!(post.raw(short), None);
    }
    // The number of the datagram means nothing where there is one.
    assert!(post.raw(&[&b"\0\x01\0\x07\0\x01\xff\xff"[..], get].concat()).is_some());
    for part in [
        &b"get a"[..],
        b"set a 0 0 10\r\nabc",
        b"set a 0 0 1000000\r\nabc",
        b"\x80\0\0",
        &[b'x'; 9000],
    ] {
        assert_eq!(post.ask(part), "");
        assert_eq!(post.ask(get), "END\r\n");
    }
    assert_eq!(post.ask(b"get a\r\nset a 0 0 9\r\nabc"), "END\r\n");
    assert_eq!(
        post.ask(b"set a 0 0 2000000\r\nabc"),
        "SERVER_ERROR object too large for cache\r\n"
    );
    assert_eq!(post.ask(get), "END\r\n");
}

#[test]
fn what_another_server_answers_is_not_answered() {
    let mut post = Post::with("");
    for answer in [
        &b"ERROR\r\n"[..],
        b"CLIENT_ERROR bad command line format\r\n",
        b"END\r\n",
        b"VALUE k 0 1\r\nx\r\nEND\r\n",
        b"HD\r\n",
        b"5\r\n",
        b"\x81\0\0\0\0\0\0\x01\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0Not found",
    ] {
        assert_eq!(post.ask(answer), "", "{}", answer.escape_ascii());
    }
    // As memcached has it: blanks may stand in front of a command.
    for command in ["bogus\r\n", " GET k\r\n", "\x01 k\r\n"] {
        assert_eq!(post.ask(command.as_bytes()), "ERROR\r\n", "{command:?}");
    }
}

#[test]
fn an_answer_is_never_more_than_a_datagram() {
    let mut post = Post::with("");
    // `VALUE k 0 1364` with its line end, the value's and `END` are 23 bytes, the head is 8.
    let fits = DATAGRAM_BYTES_MAX - 8 - 23;
    for (n_bytes, is_told) in [(fits, true), (fits + 1, false), (100_000, false)] {
        post.talk.say(&format!("set k 0 0 {n_bytes}\r\n{}", "x".repeat(n_bytes)));
        let answer = post.ask(b"get k\r\n");
        assert_eq!(answer != REFUSED, is_told, "{n_bytes}: {} bytes", answer.len());
        assert_eq!(post.ask(b"mg k s\r\n"), format!("HD s{n_bytes}\r\n"));
    }
    assert_eq!(post.ask(&b"get k\r\n".repeat(8000)), REFUSED);
    assert_eq!(post.ask(&b"get none\r\n".repeat(278)), "END\r\n".repeat(278));
    assert_eq!(post.ask(&b"get none\r\n".repeat(279)), REFUSED);
    assert_eq!(post.ask(b"stats\r\n"), REFUSED);
    // What was done stays done.
    assert_eq!(post.ask(b"set done 0 0 1\r\nx\r\nget k\r\n"), REFUSED);
    assert_eq!(post.ask(b"get done\r\n"), "VALUE done 0 1\r\nx\r\nEND\r\n");
}

#[test]
fn what_goes_on_is_not_begun() {
    let mut post = Post::with("");
    assert_eq!(post.ask(b"watch fetchers\r\n"), "CLIENT_ERROR watch commands not allowed\r\n");
    for name in 0..1000 {
        post.talk.say(&format!("set k{name} 0 0 1\r\nx"));
    }
    for request in [
        "lru_crawler metadump all\r\n",
        "lru_crawler mgdump all\r\n",
        "stats items\r\n",
        "stats cachedump 1 0\r\n",
    ] {
        assert_eq!(post.ask(request.as_bytes()), REFUSED, "{request}");
        assert_eq!(post.ask(b"mn\r\n"), "MN\r\n", "{request}");
    }
    assert!(post.talk.say("lru_crawler metadump all").starts_with("OK"), "nobody has the crawler");
}

#[test]
fn frames_are_answered_as_well() {
    let mut post = Post::with("");
    post.talk.say(&format!("set k 0 0 2000\r\n{}", "x".repeat(2000)));
    // Whether it is there, and its value.
    for (key, status, words) in [(b'n', 1, &b"Not found"[..]), (b'k', 3, b"Too large.")] {
        let get = [&b"\0\x01\0\0\0\x01\0\0\x80\0\0\x01\0\0\0\0\0\0\0\x01abcd"[..], &[0; 8], &[key]];
        let head = [0x81, 0, 0, 0, 0, 0, 0, status, 0, 0, 0, words.len() as u8];
        let answer = [b"\0\x01\0\0\0\x01\0\0", &head[..], b"abcd", &[0; 8], words].concat();
        assert_eq!(post.raw(&get.concat()), Some(answer));
    }
}

#[test]
fn datagrams_are_told_as_a_connection() {
    let mut post = Post::with("-U 11211");
    let settings = post.talk.say("stats settings");
    assert!(settings.contains("STAT udpport 11211\r\nSTAT "), "{settings}");
    assert!(settings.contains("STAT num_threads_per_udp 1\r\n"));
    let request = b"\x12\x34\0\0\0\x01\0\0get a\r\n";
    assert_eq!(post.raw(request).map(|it| it.len()), Some(13));
    let totals = post.talk.server.totals();
    assert_eq!((totals.bytes_read, totals.bytes_written), (request.len() as u64, 13));
    let stats = post.talk.say("stats");
    assert!(stats.contains("STAT curr_connections 2\r\n"), "{stats}");
    let conns = post.talk.say("stats conns");
    let lines = "STAT 3:UDP UDP\r\nSTAT 3:addr udp:127.0.0.1:11211\r\nSTAT 3:state";
    assert!(conns.contains(lines), "{conns}");
    assert_eq!(conns.matches("listen_addr").count(), 1);
}
