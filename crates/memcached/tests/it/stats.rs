//! `stats` in all its forms.

use crate::harness::{START_MS, Talk};

fn stat(talk: &mut Talk, what: &str, name: &str) -> String {
    let answer = talk.say(what);
    assert!(answer.ends_with("END\r\n"), "{answer}");
    let line = answer.lines().find_map(|it| it.strip_prefix(&format!("STAT {name} ")));
    line.unwrap_or_else(|| panic!("{what} has no {name}")).to_owned()
}

#[test]
fn every_command_is_counted() {
    let mut talk = Talk::new();
    for line in ["set n 0 0 1\r\n1", "set big 0 0 9999999"] {
        talk.say(line);
    }
    talk.send(&vec![b'x'; 9_999_999 + 2]);
    for line in [
        "get n",
        "get nope",
        "gat 0 n",
        "touch nope 1",
        "incr n 1",
        "incr nope 1",
        "decr n 1",
        "decr nope 1",
        "cas n 0 0 1 77\r\n1",
        "cas nope 0 0 1 77\r\n1",
        "delete nope",
        "delete n",
        "flush_all",
    ] {
        talk.say(line);
    }
    for (name, value) in [
        ("cmd_get", "3"),
        ("cmd_set", "3"),
        ("cmd_flush", "1"),
        ("cmd_touch", "2"),
        ("get_hits", "2"),
        ("get_misses", "1"),
        ("touch_hits", "1"),
        ("touch_misses", "1"),
        ("incr_hits", "1"),
        ("incr_misses", "1"),
        ("decr_hits", "1"),
        ("decr_misses", "1"),
        ("cas_badval", "1"),
        ("cas_misses", "1"),
        ("cas_hits", "0"),
        ("delete_hits", "1"),
        ("delete_misses", "1"),
        ("store_too_large", "1"),
        ("curr_items", "0"),
        ("pid", "42"),
        ("uptime", "7"),
        ("threads", "2"),
        ("max_connections", "1024"),
        ("curr_connections", "1"),
        ("limit_maxbytes", "67108864"),
        ("version", "1.6.45"),
        ("time", "1795000000"),
    ] {
        assert_eq!(stat(&mut talk, "stats", name), value, "{name}");
    }
    assert_eq!(talk.say("stats reset"), "RESET\r\n");
    assert_eq!(stat(&mut talk, "stats", "cmd_get"), "0");
}

#[test]
fn calls_are_counted_by_command() {
    let mut talk = Talk::new();
    talk.say("get a b c\r\ndelete a\r\nincr a x");
    let worker = &talk.server.workers()[0];
    let calls = |name: &str| {
        let place = tandem_memcached::COMMANDS.iter().position(|it| it.name == name).unwrap();
        let it = &worker.commands()[place];
        (it.calls.get(), it.errors.get())
    };
    assert_eq!(calls("get"), (3, 0));
    assert_eq!(calls("delete"), (1, 0));
    assert_eq!(calls("incr"), (0, 1));
}

#[test]
fn settings_show_the_command_line() {
    let mut talk = Talk::with("-m 128 -c 2048 -C -F -A -D . -I 2m -p 11311 -l 127.0.0.1");
    for (name, value) in [
        ("maxbytes", "134217728"),
        ("tcpport", "11311"),
        ("inter", "127.0.0.1"),
        ("cas_enabled", "no"),
        ("flush_enabled", "no"),
        ("shutdown_command", "yes"),
        ("stat_key_prefix", "."),
        ("detail_enabled", "yes"),
        ("item_size_max", "2097152"),
        ("evictions", "on"),
        ("umask", "700"),
        ("growth_factor", "1.25"),
        ("reqs_per_event", "20"),
    ] {
        assert_eq!(stat(&mut talk, "stats settings", name), value, "{name}");
    }
}

#[test]
fn there_is_one_synthetic_class() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("stats items"), "END\r\n");
    assert_eq!(stat(&mut talk, "stats slabs", "active_slabs"), "0");
    talk.say("set a 0 0 3\r\nabc\r\nget a");
    assert_eq!(stat(&mut talk, "stats items", "items:1:number"), "1");
    assert_eq!(stat(&mut talk, "stats slabs", "1:used_chunks"), "1");
    assert_eq!(stat(&mut talk, "stats slabs", "1:get_hits"), "1");
    assert_eq!(stat(&mut talk, "stats slabs", "active_slabs"), "1");
    assert_eq!(talk.say("stats sizes"), "STAT sizes_status disabled\r\nEND\r\n");
}

#[test]
fn cachedump_lists_items() {
    let mut talk = Talk::new();
    let at_s = START_MS / 1000 + 60;
    talk.say("set a 0 60 3\r\nabc");
    let line = format!("ITEM a [3 b; {at_s} s]\r\nEND\r\n");
    assert_eq!(talk.say("stats cachedump 1 0"), line);
    assert_eq!(talk.say("stats cachedump 2 0"), "END\r\n");
    for _ in 0..3 {
        talk.say("set b 0 0 1\r\nx\r\nset c 0 0 1\r\nx");
    }
    assert_eq!(talk.say("stats cachedump 1 2").matches("ITEM").count(), 2);
    talk.check(
        "
        > stats cachedump
        CLIENT_ERROR bad command line
        > stats cachedump 1 x
        CLIENT_ERROR bad command line format
        > stats cachedump 64 0
        CLIENT_ERROR Illegal slab id
        > stats nope
        ERROR
        > stats noreply
        ERROR
        ",
    );
}

#[test]
fn conns_show_listeners_and_connections() {
    let mut talk = Talk::new();
    talk.now_ms += 4000;
    let answer = talk.say("stats conns");
    for line in [
        "STAT 0:addr tcp:127.0.0.1:11211",
        "STAT 0:state conn_listening",
        "STAT 2:addr tcp:127.0.0.1:50000",
        "STAT 2:listen_addr tcp:127.0.0.1:11211",
        "STAT 2:state conn_parse_cmd",
        "STAT 2:secs_since_last_cmd 0",
    ] {
        assert!(answer.lines().any(|it| it == line), "no {line} in {answer}");
    }
    talk.reconnect();
    assert_eq!(talk.server.clients.len(), 1);
}
