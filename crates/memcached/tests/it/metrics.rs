//! What the metrics tell by class of item.

use std::collections::BTreeMap;

use tandem_memcached::{CountedItems, ItemClass};

use crate::harness::Talk;

/// Items of many sizes, and some of everything that is counted by class.
fn use_everything(talk: &mut Talk) {
    for n in 0..300 {
        let value = "v".repeat(n * 37 % 5000);
        talk.say(&format!("set k{n} 0 0 {}\r\n{value}", value.len()));
    }
    for line in [
        "set n 0 0 1\r\n5",
        "incr n 1",
        "decr n 1",
        "cas n 0 0 1 999999\r\n8",
        "touch n 50",
        "gat 60 n",
        "get k1 k2 k2",
        "delete k3",
    ] {
        talk.say(line);
    }
    let told = talk.say("gets n");
    let cas = told.split_whitespace().nth(4).expect("the number behind the length");
    assert_eq!(talk.say(&format!("cas n 0 60 1 {cas}\r\n7")), "STORED\r\n");
    talk.say(&format!("set big 0 0 600000\r\n{}", "v".repeat(600_000)));
    talk.now_ms += 9000;
    talk.say("get k4");
}

/// The statistics of a report by class and name.
fn stats(talk: &mut Talk, topic: &str) -> BTreeMap<(usize, String), u64> {
    let report = talk.say(&format!("stats {topic}"));
    let lines = report.lines().filter_map(|line| line.strip_prefix("STAT "));
    let stat = |line: &str| {
        let line = line.strip_prefix("items:").unwrap_or(line);
        let (class, rest) = line.split_once(':')?;
        let (name, value) = rest.split_once(' ')?;
        Some(((class.parse().ok()?, name.to_owned()), value.parse().ok()?))
    };
    lines.filter_map(stat).collect()
}

#[test]
fn the_metrics_by_class_are_those_of_the_statistics() {
    let mut talk = Talk::new();
    use_everything(&mut talk);
    let (items, slabs) = (stats(&mut talk, "items"), stats(&mut talk, "slabs"));
    let found = talk.server.item_classes(talk.now_ms);
    assert_eq!(found.counted_ago_ms, Some(0));
    assert!(found.classes.len() > 15, "{found:?}");
    let numbers = |of: &BTreeMap<(usize, String), u64>| {
        of.keys().map(|it| it.0).collect::<std::collections::BTreeSet<_>>()
    };
    let found_numbers = found.classes.iter().map(|it| it.number).collect();
    assert_eq!(numbers(&slabs), found_numbers);
    assert!(numbers(&items).is_subset(&found_numbers));
    for it in &found.classes {
        let counted = it.counted.unwrap();
        for (report, name, value) in [
            (&items, "number", counted.n_items),
            (&items, "age", counted.age_s),
            (&items, "mem_requested", counted.bytes),
            (&items, "evicted", it.evictions),
            (&items, "outofmemory", it.no_memory),
            (&slabs, "chunk_size", it.chunk_bytes),
            (&slabs, "used_chunks", counted.n_chunks),
            (&slabs, "total_pages", counted.n_pages),
            (&slabs, "get_hits", it.get_hits),
            (&slabs, "cmd_set", it.sets),
            (&slabs, "delete_hits", it.delete_hits),
            (&slabs, "incr_hits", it.incr_hits),
            (&slabs, "decr_hits", it.decr_hits),
            (&slabs, "cas_hits", it.cas_hits),
            (&slabs, "cas_badval", it.cas_badval),
            (&slabs, "touch_hits", it.touch_hits),
        ] {
            let told = report.get(&(it.number, name.to_owned())).copied().unwrap_or(0);
            assert_eq!(told, value, "{name} of class {}", it.number);
        }
    }
    let sum = |of: fn(&ItemClass) -> u64| found.classes.iter().map(of).sum::<u64>();
    assert_eq!(sum(|it| it.counted.unwrap().n_items), 301);
    assert_eq!(sum(|it| it.counted.unwrap().age_s.min(9)), 9 * (found.classes.len() as u64));
    assert_eq!((sum(|it| it.cas_hits), sum(|it| it.cas_badval)), (1, 1));
    assert_eq!((sum(|it| it.touch_hits), sum(|it| it.incr_hits + it.decr_hits)), (2, 2));
    // What clients are told begins anew, but counters of metrics only grow.
    talk.say("stats reset");
    assert_eq!(talk.server.item_classes(talk.now_ms), found);
}

#[test]
fn evictions_and_expirations_are_told_by_class() {
    let mut talk = Talk::with("-m 8");
    for n in 0..200 {
        let ttl = if n % 2 == 0 { 0 } else { 1000 };
        talk.say(&format!("set k{n} 0 {ttl} 100000\r\n{}", "v".repeat(100_000)));
    }
    talk.say("set short 0 1 1\r\nx");
    talk.now_ms += 2000;
    talk.say("get short");
    let classes = talk.server.item_classes(talk.now_ms).classes;
    let sum = |of: fn(&ItemClass) -> u64| classes.iter().map(of).sum::<u64>();
    let stats = talk.server.keyspace.stats();
    assert!(stats.evictions > 100, "{}", stats.evictions);
    assert_eq!(sum(|it| it.evictions), stats.evictions);
    assert_eq!(sum(|it| it.evictions_expiring), stats.evictions_expiring);
    assert_eq!(sum(|it| it.evictions_unfetched), stats.evictions_unfetched);
    assert_eq!((sum(|it| it.expirations), sum(|it| it.expirations_unfetched)), (1, 1));
}

#[test]
fn many_items_are_counted_in_turns_and_the_count_is_good_for_a_while() {
    const N_ITEMS: u64 = 30_000;
    let mut talk = Talk::with("-m 1024");
    for n in 0..N_ITEMS {
        talk.say(&format!("set k{n} 0 0 1\r\nx"));
    }
    let counted = |talk: &Talk| {
        let all = talk.server.item_classes(talk.now_ms);
        let items: Vec<Option<CountedItems>> = all.classes.iter().map(|it| it.counted).collect();
        assert_eq!(all.classes[0].sets, N_ITEMS, "events are known without a count");
        (items[0].map(|it| it.n_items), all.counted_ago_ms)
    };
    assert_eq!(counted(&talk), (None, None), "a scrape does not count them");
    let mut n_turns = 1;
    while talk.server.count_items(talk.now_ms) {
        n_turns += 1;
        assert_eq!(counted(&talk), (None, None), "a part of them is not told");
    }
    assert!((10..100).contains(&n_turns), "{n_turns}");
    assert_eq!(counted(&talk), (Some(N_ITEMS), Some(0)));
    talk.now_ms += 299;
    assert!(!talk.server.count_items(talk.now_ms), "a hundred items are good for a millisecond");
    talk.now_ms += 1;
    assert!(talk.server.count_items(talk.now_ms), "it is time again");
    assert_eq!(counted(&talk), (Some(N_ITEMS), Some(300)), "meanwhile the last one is told");
    talk.now_ms += 599_999;
    assert_eq!(counted(&talk).1, Some(600_299));
    talk.now_ms += 1;
    assert_eq!(counted(&talk), (None, None), "that is too old");
    while talk.server.count_items(talk.now_ms) {}
    assert_eq!(counted(&talk).0, Some(N_ITEMS));
    assert!(talk.server.count_items(talk.now_ms + 1000));
    talk.say("flush_all");
    assert!(!talk.server.count_items(talk.now_ms + 1000), "few are counted by each who asks");
    assert_eq!(counted(&talk), (Some(0), Some(0)));
}
