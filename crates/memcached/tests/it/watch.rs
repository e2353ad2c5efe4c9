//! `watch` without sockets: two sessions of one server.

use crate::harness::{START_MS, Talk};

/// What a watcher of `classes` hears of `conversation`, without what differs from run to run.
fn heard(args: &str, classes: &str, conversation: &[&str]) -> Vec<String> {
    let mut client = Talk::with(args);
    let mut watcher = client.beside();
    assert_eq!(watcher.say(&format!("watch {classes}")), "OK\r\n");
    for line in conversation {
        client.say(line);
    }
    lines(&watcher.news())
}

fn lines(text: &str) -> Vec<String> {
    let start = format!("ts={}.0 gid=", START_MS / 1000);
    let lines = text.lines().map(|line| {
        let rest = line.strip_prefix(&start).unwrap_or_else(|| panic!("no head: {line}"));
        rest.split_once(' ').expect("a number and words").1.to_owned()
    });
    lines.collect()
}

#[test]
fn every_class_has_its_lines() {
    let conversation = ["set k 0 60 3\r\nabc", "get k", "delete k", "quit"];
    let looks = [
        "type=item_get key=k status=not_found clsid=0 cfd=1 size=0",
        "type=item_get key=k status=found clsid=1 cfd=1 size=3",
        "type=item_get key=k status=found clsid=1 cfd=1 size=3",
    ];
    assert_eq!(heard("", "", &conversation), looks);
    assert_eq!(heard("", "fetchers", &conversation), looks);
    let store = "type=item_store key=k status=stored cmd=set ttl=60 clsid=1 cfd=1 size=3";
    let removal = "type=deleted key=k cmd=delete clsid=1 size=3";
    assert_eq!(heard("", "mutations deletions", &conversation), [store, removal]);
    for class in ["rawcmds", "sysevents", "proxyreqs", "proxyevents", "proxyuser"] {
        assert_eq!(heard("", class, &conversation), [""; 0], "{class}");
    }
}

#[test]
fn evictions_are_told_with_what_is_lost() {
    let big = "x".repeat(9000);
    let stores: Vec<String> =
        (0..2000).map(|n| format!("set k{n} 0 {} 9000\r\n{big}", n % 2 * 100)).collect();
    let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
    let lines = heard("-m 8", "evictions", &stores);
    assert!(lines.len() > 500, "{}", lines.len());
    for line in &lines {
        let (key, rest) =
            line.strip_prefix("type=eviction key=k").unwrap().split_once(' ').unwrap();
        let ttl = if key.parse::<u32>().unwrap().is_multiple_of(2) { "-1" } else { "100" };
        assert_eq!(rest, format!("fetch=no ttl={ttl} la=0 clsid=22 size=9000"));
    }
    assert_eq!(heard("-m 8", "fetchers evictions", &["get k"]).len(), 1);
}

#[test]
fn connections_are_told_when_they_come_and_go() {
    let mut client = Talk::new();
    let mut watcher = client.beside();
    watcher.say("watch connevents");
    drop(client.beside());
    client.send(&[b'x'; 3000]);
    drop(client);
    let peer = "rip=127.0.0.1 rport=50000 transport=tcp";
    let expected = [
        format!("type=conn_new {peer} cfd=3"),
        format!("type=conn_close {peer} reason=normal cfd=3"),
        format!("type=conn_close {peer} reason=error cfd=1"),
    ];
    assert_eq!(lines(&watcher.news()), expected);
}

#[test]
fn a_watcher_is_not_listened_to_any_more() {
    let mut talk = Talk::new();
    let mut watcher = talk.beside();
    assert_eq!(watcher.say("watch\r\nset k 0 0 1\r\nx\r\nget k"), "OK\r\n");
    assert_eq!(watcher.say("set k 0 0 1\r\nx\r\nquit"), "");
    assert_eq!(watcher.n_waiting(), 0);
    assert!(!watcher.is_closed());
    assert_eq!(talk.say("get k"), "END\r\n");
    assert!(watcher.news().contains("key=k status=not_found"));
    let stats = talk.say("stats");
    for line in ["log_watchers 1", "log_worker_written 1", "log_watcher_sent 1"] {
        assert!(stats.contains(&format!("STAT {line}\r\n")), "no {line} in {stats}");
    }
    assert!(talk.say("stats conns").contains("STAT 3:state conn_watch"));
    drop(watcher);
    talk.say("get k");
    assert!(talk.say("stats").contains("STAT log_watchers 0\r\n"));
    talk.say("stats reset");
    assert!(talk.say("stats").contains("STAT log_worker_written 0\r\n"));
}

#[test]
fn requests_to_watch_are_refused_in_memcacheds_words() {
    let mut talk = Talk::new();
    talk.check(
        "
        > watch nosuch
        ERROR
        > watch fetchers all
        ERROR
        > watch fetchers noreply
        > get a\\r\\nwatch
        END
        ERROR cannot pipeline other commands before watch
        > set x 0 0 1 noreply\\r\\nx\\r\\nwatch
        ERROR cannot pipeline other commands before watch
        ",
    );
    let mut watchers: Vec<Talk> = (0..21).map(|_| talk.beside()).collect();
    let last = watchers.pop().map(|mut it| (it.say("watch"), it));
    assert_eq!(last.map(|it| it.0).as_deref(), Some("OK\r\n"), "and it has left again");
    assert!(watchers.iter_mut().all(|it| it.say("watch") == "OK\r\n"));
    assert_eq!(talk.say("watch"), "WATCHER_TOO_MANY log watcher limit reached\r\n");
    assert_eq!(talk.say("get a"), "END\r\n");
    let mut talk = Talk::with("-W");
    assert_eq!(talk.say("watch"), "CLIENT_ERROR watch commands not allowed\r\n");
}
