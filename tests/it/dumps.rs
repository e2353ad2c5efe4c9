//! Dumps of keys and statistics by class, beside memcached's own: what they say of the same items.

use std::collections::{BTreeMap, BTreeSet};

use tandem_tests::client::Client;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::server::Tandem;

/// Both servers with the same items, and what they answer to a line, up to `end`.
struct Pair {
    ours: Client,
    theirs: Client,
    _tandem: Tandem,
    _oracle: Oracle,
}

impl Pair {
    fn start() -> Pair {
        let tandem = Tandem::start(&[]);
        // Its maintainer would crawl too, and dumps would find it busy.
        let oracle = Oracle::start(Kind::Memcached, &["-o", "no_lru_maintainer"])
            .expect("`cargo xtask test` installs the real servers");
        let (ours, theirs) = (tandem.memcached(), Client::connect(oracle.port));
        Pair { ours, theirs, _tandem: tandem, _oracle: oracle }
    }

    fn send(&mut self, bytes: &[u8], end: &[u8]) -> [Vec<u8>; 2] {
        [&mut self.ours, &mut self.theirs].map(|it| {
            it.send(bytes);
            it.until(end).expect("an answer")
        })
    }

    /// Items of every size and kind of key.
    fn fill(&mut self) {
        for value_bytes in (0..2000).step_by(37).chain([5000, 70_000, 390_000, 500_000, 700_000]) {
            for (flags, exptime) in [(0, 0), (7, 1000), (0, 2_000_000_000)] {
                let key = format!("size:{value_bytes}:{flags}:{exptime}");
                let head = format!("set {key} {flags} {exptime} {value_bytes}\r\n");
                let bytes = [head.as_bytes(), &vec![b'v'; value_bytes], b"\r\n"].concat();
                self.send(&bytes, b"STORED\r\n");
            }
        }
        for byte in (0..=u8::MAX).filter(|it| !b" \r\n\0".contains(it)) {
            self.send(&[b"set byte:", &[byte][..], b"! 0 0 1\r\nx\r\n"].concat(), b"STORED\r\n");
        }
        self.send(&[b"set ", &[b'k'; 250][..], b" 0 0 1\r\nx\r\n"].concat(), b"STORED\r\n");
        for key in ["Zm9v", "YSBi", "Zm9v0LrQu9GO0Yc="] {
            self.send(format!("ms {key} 1 b\r\nx\r\n").as_bytes(), b"HD\r\n");
        }
        self.send(b"get byte:a! size:37:7:1000 size:700000:0:0\r\n", b"END\r\n");
    }
}

#[test]
fn metadump_tells_of_items_what_memcached_tells() {
    let mut pair = Pair::start();
    pair.fill();
    for list in ["all", "hash", "1", "3,5,39", "62"] {
        let request = format!("lru_crawler metadump {list}\r\n");
        let [ours, theirs] = pair.send(request.as_bytes(), b"END\r\n").map(lines);
        assert_eq!(ours[0], "OK\r\n", "since 1.6.45");
        let [ours, theirs] = [&ours[1..], &theirs[..]].map(parsed);
        let differ = |key: &&String| !ours.get(*key).is_some_and(|it| it.is_like(&theirs[*key]));
        let different: Vec<_> = theirs.keys().filter(differ).take(5).collect();
        assert!(different.is_empty() && ours.len() == theirs.len(), "{list}: {different:?}");
        assert!(ours.len() > 400 || list.len() < 3 || list == "3,5,39", "{} items", ours.len());
    }
}

#[test]
fn mgdump_tells_the_commands_that_memcached_tells() {
    let mut pair = Pair::start();
    pair.fill();
    let [ours, theirs] = pair.send(b"lru_crawler mgdump all\r\n", b"EN\r\n");
    let ours = ours.strip_prefix(b"OK\r\n").expect("OK comes first since 1.6.45");
    let set = |it: &[u8]| -> BTreeSet<Vec<u8>> {
        it.split_inclusive(|it| *it == b'\n').map(<[u8]>::to_vec).collect()
    };
    assert!(set(ours).len() > 400);
    assert_eq!(set(ours), set(&theirs));
}

/// What `damemtop` and exporters read: numbers of items and their bytes, by class.
#[test]
fn classes_hold_the_items_that_they_hold_in_memcached() {
    let mut pair = Pair::start();
    pair.fill();
    for (topic, names) in [
        ("items", &["number", "mem_requested"][..]),
        ("slabs", &["chunk_size", "chunks_per_page", "cmd_set", "get_hits"]),
    ] {
        let request = format!("stats {topic}\r\n");
        let [ours, theirs] = pair.send(request.as_bytes(), b"END\r\n").map(|answer| {
            let lines = lines(answer).into_iter();
            // The last name is the counter's, the number in front of it the class.
            let counted = |line: String| {
                let (name, value) = line.trim_end().strip_prefix("STAT ")?.split_once(' ')?;
                let (class, name) = name.rsplit_once(':')?;
                let wanted = names.contains(&name);
                wanted.then(|| (format!("{class} {name}"), value.to_owned()))
            };
            lines.filter_map(counted).collect::<BTreeMap<String, String>>()
        });
        // A class that memcached uses for the parts of big items alone has none of its own.
        let theirs: BTreeMap<_, _> =
            theirs.into_iter().filter(|(name, _)| ours.contains_key(name)).collect();
        assert!(ours.len() > 30, "{ours:?}");
        assert_eq!(ours, theirs, "stats {topic}");
    }
}

#[test]
fn cachedump_lists_the_items_of_a_class() {
    let mut pair = Pair::start();
    for key in ["a", "bb", "ccc"] {
        pair.send(format!("set {key} 0 0 40\r\n{key:<40}\r\n").as_bytes(), b"STORED\r\n");
    }
    pair.send(b"ms YSBi 1 b\r\nx\r\n", b"HD\r\n");
    for line in ["1 0", "2 0", "3 0", "2 1"] {
        let request = format!("stats cachedump {line}\r\n");
        let [ours, theirs] = pair.send(request.as_bytes(), b"END\r\n").map(|it| {
            let mut lines = lines(it);
            lines.sort();
            lines
        });
        if line.ends_with('0') {
            assert_eq!(ours, theirs, "{line}");
        }
        assert_eq!(ours.len(), theirs.len(), "{line}");
    }
}

/// A line of `metadump` but its key.
#[derive(Debug)]
struct Line {
    exp: i64,
    la: i64,
    rest: [String; 4],
}

impl Line {
    /// Both clocks tick in their own time.
    fn is_like(&self, other: &Line) -> bool {
        let near = |a: i64, b: i64| (a - b).abs() <= 2;
        near(self.exp, other.exp) && near(self.la, other.la) && self.rest == other.rest
    }
}

fn parsed(lines: &[String]) -> BTreeMap<String, Line> {
    let (last, lines) = lines.split_last().expect("an end");
    assert_eq!(last, "END\r\n");
    lines.iter().map(|it| line(it.strip_suffix('\n').expect("a bare line feed"))).collect()
}

fn line(text: &str) -> (String, Line) {
    let pairs: Vec<(&str, &str)> = text.split(' ').filter_map(|it| it.split_once('=')).collect();
    let names: Vec<&str> = pairs.iter().map(|it| it.0).collect();
    assert_eq!(names, ["key", "exp", "la", "cas", "fetch", "cls", "size", "flags"], "{text:?}");
    let number = |index: usize| pairs[index].1.parse::<i64>().expect("a number");
    let rest = [4, 5, 6, 7].map(|index: usize| pairs[index].1.to_owned());
    (pairs[0].1.to_owned(), Line { exp: number(1), la: number(2), rest })
}

fn lines(answer: Vec<u8>) -> Vec<String> {
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.split_inclusive('\n').map(str::to_owned).collect()
}
