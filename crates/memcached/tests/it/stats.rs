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

/// An application that does not look at errors never learns that its values are not kept: the
/// operator has to.
#[test]
fn values_that_are_too_large_are_counted_by_the_prefix_of_their_key() {
    let mut talk = Talk::with("-I 1k");
    talk.say("set page:1 0 0 1\r\nx");
    for line in [
        "set page:1 0 0 2000",
        "add page:2 0 0 2000 noreply",
        "set  plain 0 0 2000",
        "ms meta:1 2000",
        "ms bWV0YTox 2000 b",
        "set page:\x01 5 0 2000",
    ] {
        talk.send(&[line.as_bytes(), b"\r\n", &[b'x'; 2000], b"\r\n"].concat());
    }
    assert_eq!(talk.say("get page:1"), "END\r\n", "the old value is gone");
    // The value that would come of it is too large.
    talk.say(&format!(
        "set log:1 0 0 500\r\n{0}\r\nappend log:1 0 0 600\r\n{0}{0:.100}",
        "x".repeat(500)
    ));
    talk.reconnect();
    let head = b"\x80\x01\0\x05\x08\0\0\0\0\0\x4e\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    talk.send(&[&head[..], b"bin:1", &b"x".repeat(20_000)].concat());
    talk.reconnect();
    assert_eq!(stat(&mut talk, "stats", "store_too_large"), "7", "without the append");
    let counts = [("", 1), ("bin", 1), ("log", 1), ("meta", 2), ("page", 3)];
    assert_eq!(talk.server.too_large_by_prefix(), counts.map(|(it, n)| (it.to_owned(), n)));
    let told = [
        ("page", 2000),
        ("page", 2000),
        ("", 2000),
        ("meta", 2000),
        ("meta", 2000),
        ("page", 2000),
        ("log", 1100),
        ("bin", 20_000),
    ];
    assert_eq!(*talk.host.too_large.lock(), told.map(|(it, n)| (it.to_owned(), n, 1024)));
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
fn classes_are_those_of_the_items_sizes() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("stats items"), "END\r\n");
    assert_eq!(stat(&mut talk, "stats slabs", "active_slabs"), "0");
    talk.say("set a 0 0 3\r\nabc\r\nget a\r\nget a");
    let value = "x".repeat(1500);
    talk.say(&format!("set b 7 0 1500\r\n{value}\r\nset c 0 0 600000"));
    talk.send(&vec![b'x'; 600_000]);
    talk.say("");
    for (name, value) in [
        ("1:number", "1"),
        ("1:mem_requested", "63"),
        ("1:hits_to_hot", "1"),
        ("1:hits_to_warm", "1"),
        ("14:number", "1"),
        ("14:mem_requested", "1564"),
        ("14:hits_to_hot", "0"),
        ("39:number", "1"),
        ("39:mem_requested", "600060"),
    ] {
        assert_eq!(stat(&mut talk, "stats items", &format!("items:{name}")), value, "{name}");
    }
    for (name, value) in [
        ("1:chunk_size", "96"),
        ("1:get_hits", "2"),
        ("1:cmd_set", "1"),
        ("14:chunk_size", "1856"),
        ("14:chunks_per_page", "564"),
        ("14:total_pages", "1"),
        ("39:used_chunks", "2"),
        ("active_slabs", "3"),
    ] {
        assert_eq!(stat(&mut talk, "stats slabs", name), value, "{name}");
    }
    talk.say("delete b\r\ntouch a 0\r\nset n 0 0 1\r\n1\r\nincr n 1\r\ncas n 0 0 1 7\r\n2");
    for (name, value) in [
        ("1:touch_hits", "1"),
        ("1:incr_hits", "1"),
        ("1:cas_badval", "1"),
        ("14:delete_hits", "1"),
        ("14:used_chunks", "0"),
        ("active_slabs", "3"),
    ] {
        assert_eq!(stat(&mut talk, "stats slabs", name), value, "{name}");
    }
    talk.say("stats reset");
    assert_eq!(stat(&mut talk, "stats slabs", "1:get_hits"), "0");
    assert_eq!(stat(&mut talk, "stats slabs", "active_slabs"), "2");
}

#[test]
fn items_are_sorted_by_use_as_lru_tune_says() {
    let mut talk = Talk::with("-o hot_lru_pct=50");
    let set = |talk: &mut Talk, names: std::ops::Range<u32>| {
        for name in names {
            talk.say(&format!("set k{name} 0 0 1\r\nx"));
        }
    };
    set(&mut talk, 0..10);
    talk.now_ms += 1000 * 1000;
    set(&mut talk, 10..14);
    for name in 0..4 {
        talk.say(&format!("get k{name}"));
    }
    talk.now_ms += 100 * 1000;
    let lists = |talk: &mut Talk| {
        ["number", "number_hot", "number_warm", "number_cold", "age_hot", "age_warm", "age"]
            .map(|it| stat(talk, "stats items", &format!("items:1:{it}")))
    };
    let [number, hot, warm, cold, age_hot, _, age] = lists(&mut talk);
    assert_eq!([number, hot, warm, cold], ["14", "4", "4", "6"]);
    assert!(age == "1100" && (100..120).contains(&age_hot.parse::<u32>().unwrap()), "{age_hot}");
    assert_eq!(talk.say("lru tune 20 10 0.01 2.0"), "OK\r\n");
    let [_, hot, warm, cold, ..] = lists(&mut talk);
    assert_eq!([hot, warm, cold], ["0", "1", "13"]);
    assert_eq!(stat(&mut talk, "stats settings", "hot_lru_pct"), "20");
    assert_eq!(stat(&mut talk, "stats settings", "hot_max_factor"), "0.01");
    assert_eq!(talk.say("lru mode flat"), "OK\r\n");
    let [_, hot, warm, cold, ..] = lists(&mut talk);
    assert_eq!([hot, warm, cold], ["0", "0", "14"]);
    talk.say("touch k0 30");
    talk.say("touch k1 31");
    assert!(!talk.say("stats items").contains("number_temp"));
    assert_eq!(talk.say("lru temp_ttl 30"), "OK\r\n");
    assert_eq!(stat(&mut talk, "stats items", "items:1:number_temp"), "1");
    let [number, _, _, cold, ..] = lists(&mut talk);
    assert_eq!([number, cold], ["14", "13"]);
}

#[test]
fn what_leaves_by_itself_is_counted_by_class() {
    let mut talk = Talk::with("-m 2 -I 512k");
    let value = "x".repeat(1500);
    for name in 0..3000 {
        talk.say(&format!("set k{name} 0 900 1500\r\n{value}"));
        talk.now_ms += 10;
    }
    let items = |talk: &mut Talk, name: &str| -> u64 {
        stat(talk, "stats items", &format!("items:14:{name}")).parse().unwrap()
    };
    let evicted = items(&mut talk, "evicted");
    assert!(evicted > 1000 && evicted + items(&mut talk, "number") == 3000, "{evicted}");
    assert_eq!(items(&mut talk, "evicted_nonzero"), evicted);
    assert_eq!(items(&mut talk, "evicted_unfetched"), evicted);
    assert_eq!(items(&mut talk, "evicted_active"), 0);
    assert!((1..30).contains(&items(&mut talk, "evicted_time")));
    assert_eq!(stat(&mut talk, "stats", "direct_reclaims"), evicted.to_string());
    for name in 2000..3000 {
        talk.say(&format!("get k{name}"));
    }
    for name in 3000..3500 {
        talk.say(&format!("set k{name} 0 0 1500\r\n{value}"));
    }
    assert!(items(&mut talk, "evicted_active") > 100, "they were just read");
    talk.say("stats reset");
    assert_eq!(items(&mut talk, "evicted"), 0);
}

#[test]
fn a_crawl_removes_what_has_expired() {
    let mut talk = Talk::new();
    for name in 0..1000 {
        talk.say(&format!("set k{name} 0 {} 1\r\nx", if name < 900 { 10 } else { 100 }));
    }
    talk.say("get k0");
    talk.now_ms += 11_000;
    assert_eq!(stat(&mut talk, "stats", "curr_items"), "1000");
    assert_eq!(talk.say("lru_crawler tocrawl 200"), "OK\r\n");
    assert_eq!(talk.say("lru_crawler crawl all"), "OK\r\n");
    let reclaimed: u64 = stat(&mut talk, "stats", "crawler_reclaimed").parse().unwrap();
    assert!((100..300).contains(&reclaimed), "{reclaimed}");
    talk.say("lru_crawler tocrawl 0\r\nlru_crawler crawl 1,2");
    for (name, value) in [
        ("curr_items", "100"),
        ("crawler_reclaimed", "900"),
        ("crawler_items_checked", "1000"),
        ("reclaimed", "900"),
        ("expired_unfetched", "899"),
        ("lru_crawler_starts", "2"),
        ("lru_crawler_running", "0"),
    ] {
        assert_eq!(stat(&mut talk, "stats", name), value, "{name}");
    }
    for (name, value) in [("crawler_reclaimed", "900"), ("expired_unfetched", "899")] {
        assert_eq!(stat(&mut talk, "stats items", &format!("items:1:{name}")), value, "{name}");
    }
}

#[test]
fn sizes_are_counted_where_they_are_tracked() {
    let mut talk = Talk::with("-o track_sizes");
    talk.say("set foo 5 0 3\r\nabc\r\nset a 0 0 30\r\nabcdefghijklmnopqrstuvwxyzabcd");
    talk.check(
        "
        > stats sizes
        STAT 96 2
        END
        ",
    );
    assert_eq!(stat(&mut talk, "stats settings", "track_sizes"), "yes");
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
