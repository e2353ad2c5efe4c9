//! `watch`: its words, and what watchers of Tandem and of memcached hear of the same commands.

use tandem_tests::client::Client;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::process::wait_until;
use tandem_tests::server::Tandem;

use super::check;

#[test]
fn what_cannot_be_watched_is_refused() {
    check(
        r#"
        > watch nosuch
        ERROR
        > watch fetchers all
        ERROR
        >> get a\r\nwatch\r\n
        END
        ERROR cannot pipeline other commands before watch
        >> set a 0 0 1 noreply\r\nx\r\nwatch mutations\r\n
        ERROR cannot pipeline other commands before watch
        "#,
    );
}

#[test]
fn watchers_hear_what_memcacheds_hear() {
    for (classes, last) in CLASSES {
        // Anew each time: the last watcher's end would be heard by the next.
        let tandem = Tandem::start(&[]);
        let oracle = Oracle::start(Kind::Memcached, &[]).unwrap();
        let [ours, theirs] =
            [tandem.memcached_port, oracle.port].map(|it| heard(it, classes, last));
        assert_eq!(ours, theirs, "watch {classes}");
    }
}

/// What a watcher hears of the conversation up to a line that has `last`, without what differs
/// from run to run.
fn heard(port: u16, classes: &str, last: &str) -> String {
    let mut watcher = watcher(port, classes);
    let mut client = Client::connect(port);
    let port = client.stream().local_addr().expect("an address").port();
    let port = format!(" rport={port} ");
    client.send(CONVERSATION);
    client.send(b"quit\r\n");
    client.rest();
    let mut heard = String::new();
    loop {
        let line = watcher.until(b"\n").expect("a line");
        let line = String::from_utf8(line).expect("text");
        // Whoever looked whether the server is there may leave late.
        if line.contains(" rport=") && !line.contains(&port) {
            continue;
        }
        heard.push_str(&plain(&line));
        if line.contains(last) {
            return heard;
        }
    }
}

fn watcher(port: u16, classes: &str) -> Client {
    let mut watcher = Client::connect(port);
    watcher.send(format!("watch {classes}\r\n").as_bytes());
    watcher.until(b"OK\r\n").expect("an answer");
    watcher
}

/// A line without its time, and with signs for numbers that are each server's own.
fn plain(line: &str) -> String {
    let words = line.split_inclusive(' ').map(|word| match word.split_once('=') {
        Some((name @ ("ts" | "gid" | "cfd" | "rport"), _)) => {
            let end = if word.ends_with(' ') { " " } else { "\n" };
            format!("{name}={end}")
        }
        _ => word.to_owned(),
    });
    words.collect()
}

#[test]
fn a_watcher_is_told_at_once_and_missed_when_it_has_gone() {
    let tandem = Tandem::start(&[]);
    let mut client = tandem.memcached();
    for n in 1..=20 {
        let mut watcher = watcher(tandem.memcached_port, "");
        assert_eq!(client.line(&format!("get k{n}")), "END");
        let line = watcher.until(b"\n").expect("a line");
        let expected = format!("gid={n} type=item_get key=k{n} status=not_found");
        assert!(String::from_utf8_lossy(&line).contains(&expected), "{line:?}");
        watcher.send(b"get ignored\r\n");
        drop(watcher);
        wait_until("the watcher has gone", || stat(&mut client, "log_watchers") == 0);
    }
}

#[test]
fn a_watcher_that_does_not_read_costs_little_and_is_told_what_it_missed() {
    let mut tandem = Tandem::start(&[]);
    let mut watcher = watcher(tandem.memcached_port, "");
    let mut client = tandem.memcached();
    let gets: Vec<u8> = (0..1000).flat_map(|n| format!("get {n:0>200}\r\n").into_bytes()).collect();
    let mut n_events = 0_u64;
    // The sockets' buffers take some megabytes before lines are lost.
    while stat(&mut client, "log_watcher_skipped") == 0 {
        client.send(&gets);
        client.take(1000 * b"END\r\n".len());
        n_events += 1000;
        assert!(n_events < 1_000_000, "{n_events}");
    }
    let n_lost = stat(&mut client, "log_watcher_skipped");
    assert_eq!(stat(&mut client, "log_watcher_sent") + n_lost, n_events);
    // Some events happen once there is room again: the first of them brings the number.
    let reader = std::thread::spawn(move || {
        let (mut n_sent, mut n_told) = (0, 0);
        while n_told < n_lost || n_sent + n_told < n_events {
            let line = watcher.until(b"\n").expect("a line");
            let line = String::from_utf8_lossy(line.trim_ascii());
            match line.strip_prefix("skipped=") {
                Some(n) => n_told += n.parse::<u64>().expect("a number"),
                None => n_sent += 1,
            }
        }
        (n_sent, n_told)
    });
    let mut n_more = 0;
    while !reader.is_finished() {
        client.line("get more");
        n_more += 1;
    }
    let (n_sent, n_told) = reader.join().expect("a reader");
    assert!(n_sent + n_told <= n_events + n_more, "{n_sent} and {n_told} of {n_events}, {n_more}");
    tandem.assert_healthy();
}

fn stat(client: &mut Client, name: &str) -> u64 {
    client.send(b"stats\r\n");
    let stats = client.until(b"END\r\n").expect("an answer");
    let stats = String::from_utf8_lossy(&stats);
    let line = stats.lines().find_map(|it| it.strip_prefix(&format!("STAT {name} ")));
    line.and_then(|it| it.parse().ok()).expect("a number")
}

/// Classes and what the last event of the conversation says to those who watch them.
const CLASSES: &[(&str, &str)] = &[
    ("", "key=LAST-GET"),
    ("fetchers", "key=LAST-GET"),
    ("mutations", "key=LAST-SET"),
    ("deletions", "key=LAST-SET"),
    ("connevents", "type=conn_close"),
    ("mutations fetchers proxyreqs", "key=LAST-GET"),
    // memcached writes no line for a raw command either.
    ("rawcmds fetchers", "key=LAST-GET"),
    ("fetchers mutations deletions connevents", "type=conn_close"),
];

const CONVERSATION: &[u8] = b"get a\r\n\
    set a 1 0 3\r\nabc\r\nget a\r\ngets a\r\ngat 0 a\r\ntouch a 0\r\nget a a b\r\n\
    delete a\r\ndelete a\r\nset a%b~-_.!\x01\xff 0 0 1\r\nx\r\ndelete a%b~-_.!\x01\xff\r\n\
    add n 0 0 1\r\n5\r\nadd n 0 0 1\r\n5\r\nreplace n 0 0 1\r\n6\r\nreplace q 0 0 1\r\n6\r\n\
    append n 0 0 1\r\n6\r\nprepend n 0 0 1\r\n6\r\nappend q 0 0 1\r\n6\r\n\
    cas n 0 0 1 1\r\n1\r\ncas q 0 0 1 1\r\n1\r\n\
    incr n 1\r\nincr n 1000000\r\nincr q 1\r\ndecr n 1\r\ndelete n\r\n\
    set e 0 100 1\r\nx\r\nset e 0 0 1 noreply\r\nx\r\ngat 100 e\r\ngat 5 zz\r\ntouch zz 1\r\n\
    set m 7 0 304\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\nget m\r\n\
    mg e v\r\nmg zz v\r\nms mm 2\r\nab\r\nmg mm s\r\nmd mm\r\n\
    md mm\r\nma zz\r\nma c N0\r\nverbosity 1\r\nbogus\r\n\
    set LAST-SET 0 0 1\r\nx\r\ndelete LAST-SET\r\nget LAST-GET\r\n";
