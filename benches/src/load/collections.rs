//! Commands on lists, sets, sorted sets and streams; RESP's alone.

use super::reply::{Outcome, Right, Scan};
use super::source::Work;
use super::varied::{self, NoAnswer};
use super::wire::{Protocol, put_all, put_digits};

/// What the collections of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Collection {
    Hash,
    List,
    Set,
    SortedSet,
    Stream,
}

/// Collections that are all of one kind and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) kind: Collection,
    pub(crate) n_elements: u32,
}

/// What one request does to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Adds the next of its elements; the field counts such requests.
    Fill,
    Add,
    Pop,
    Has,
    Range,
    RangeByScore,
    Rank,
}

impl Work {
    /// The kind of collection that a work is about.
    pub(crate) fn collection(self) -> Option<Collection> {
        match self {
            Work::ListPushPop => Some(Collection::List),
            Work::SetAdd | Work::SetHas => Some(Collection::Set),
            Work::SortedSetAdd
            | Work::SortedSetRange
            | Work::SortedSetRangeByScore
            | Work::SortedSetRank => Some(Collection::SortedSet),
            Work::StreamAdd => Some(Collection::Stream),
            _ => None,
        }
    }

    /// What its requests do; those that pop and push take turns.
    pub(super) fn does(self) -> Does {
        match self {
            Work::SetHas => Does::Has,
            Work::SortedSetRange => Does::Range,
            Work::SortedSetRangeByScore => Does::RangeByScore,
            Work::SortedSetRank => Does::Rank,
            _ => Does::Add,
        }
    }
}

impl Collection {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Collection::Hash => "hashes",
            Collection::List => "lists",
            Collection::Set => "sets",
            Collection::SortedSet => "sorted sets",
            Collection::Stream => "streams",
        }
    }
}

impl Shape {
    /// Requests that fill one collection.
    pub(crate) fn n_fills(self) -> u32 {
        self.n_elements.div_ceil(self.fill_step())
    }

    /// Elements that one request adds: XADD knows one alone.
    fn fill_step(self) -> u32 {
        if self.kind == Collection::Stream { 1 } else { FILL_STEP.min(self.n_elements) }
    }
}

/// Appends a request. The field is a random number, but where collections are filled.
pub(super) fn put(shape: Shape, does: Does, key: u32, field: u32, out: &mut Vec<u8>) {
    let mut name = *b"coll:00000000000";
    put_digits(key, &mut name);
    let element = element_name(field % shape.n_elements);
    match (does, shape.kind) {
        (Does::Fill, _) => fill(shape, &name, field, out),
        (Does::Add, Collection::Hash) => words(out, &[b"HSET", &name, &element, &element]),
        (Does::Add, Collection::List) => words(out, &[b"LPUSH", &name, &element]),
        (Does::Add, Collection::Set) => words(out, &[b"SADD", &name, &element]),
        (Does::Add, Collection::SortedSet) => {
            words(out, &[b"ZADD", &name, score(field).as_bytes(), &element]);
        }
        (Does::Add, Collection::Stream) => {
            let most = shape.n_elements.to_string();
            let head: [&[u8]; 5] = [b"XADD", &name, b"MAXLEN", b"~", most.as_bytes()];
            words(out, &[&head[..], &[b"*", b"field", &element]].concat());
        }
        (Does::Pop, _) => words(out, &[b"RPOP", &name]),
        (Does::Has, _) => words(out, &[b"SISMEMBER", &name, &element]),
        (Does::Rank, _) => words(out, &[b"ZRANK", &name, &element]),
        (Does::Range, _) => {
            let start = field % shape.n_elements.saturating_sub(RANGE).max(1);
            let [start, stop] = [start, start + RANGE - 1].map(|it| it.to_string());
            words(out, &[b"ZRANGE", &name, start.as_bytes(), stop.as_bytes()]);
        }
        (Does::RangeByScore, _) => {
            // Half of all members lie above it at least: there are ten.
            let low = (mixed(field) / 2).to_string();
            let tail: [&[u8]; 5] = [b"+inf", b"BYSCORE", b"LIMIT", b"0", b"10"];
            words(out, &[&[&b"ZRANGE"[..], &name, low.as_bytes()], &tail[..]].concat());
        }
    }
}

fn fill(shape: Shape, name: &[u8; 16], nth: u32, out: &mut Vec<u8>) {
    if shape.kind == Collection::Stream {
        return words(out, &[b"XADD", name, b"*", b"field", &element_name(nth)]);
    }
    let first = nth * shape.fill_step();
    let elements = first..shape.n_elements.min(first + shape.fill_step());
    let (command, per_element): (&[u8], u32) = match shape.kind {
        Collection::List => (b"RPUSH", 1),
        Collection::Set => (b"SADD", 1),
        Collection::Hash => (b"HSET", 2),
        Collection::SortedSet | Collection::Stream => (b"ZADD", 2),
    };
    out.extend_from_slice(format!("*{}\r\n", 2 + per_element * elements.len() as u32).as_bytes());
    word(out, command);
    word(out, name);
    for element in elements {
        if shape.kind == Collection::SortedSet {
            word(out, score(element).as_bytes());
        }
        word(out, &element_name(element));
        if shape.kind == Collection::Hash {
            word(out, score(element).as_bytes());
        }
    }
}

/// Whether `input` begins with a reply that fits what was asked.
pub(super) fn check(shape: Shape, does: Does, input: &[u8]) -> Scan {
    let head: &[u8] = match (does, shape.kind) {
        (Does::Range | Does::RangeByScore, _) => b"*10\r\n",
        (Does::Pop, _) | (Does::Fill | Does::Add, Collection::Stream) => b"$",
        _ => b":",
    };
    if !input.starts_with(head) && !head.starts_with(input) {
        return Scan::Wrong;
    }
    let outcome = if input.starts_with(b"$-1") { Outcome::Miss } else { Outcome::Done };
    match varied::reply_bytes(Protocol::Resp, input) {
        Ok(Some(length)) => Scan::Right(Right { length, outcome }),
        Ok(None) => Scan::Short,
        Err(NoAnswer) => Scan::Wrong,
    }
}

/// 16 bytes, as figures about memory assume.
fn element_name(element: u32) -> [u8; 16] {
    let mut name = *b"member:000000000";
    put_digits(element, &mut name);
    name
}

/// A score like those of a game.
fn score(field: u32) -> String {
    mixed(field).to_string()
}

/// 20 bits, which neighbours do not share.
fn mixed(field: u32) -> u32 {
    field.wrapping_mul(0x9e37_79b1) >> 12
}

fn words(out: &mut Vec<u8>, words: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for it in words {
        word(out, it);
    }
}

fn word(out: &mut Vec<u8>, word: &[u8]) {
    put_all(out, &[format!("${}\r\n", word.len()).as_bytes(), word, b"\r\n"]);
}

/// Elements of a collection where nothing else is asked for: packed, at the usual thresholds.
pub(crate) const SMALL: u32 = 100;
/// Indexed by far, and a tree of some levels.
pub(crate) const BIG: u32 = 131_072;
const FILL_STEP: u32 = 100;
/// Members that a range has.
const RANGE: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Collection, does: Does, field: u32) -> String {
        let mut out = Vec::new();
        put(Shape { kind, n_elements: 150 }, does, 7, field, &mut out);
        String::from_utf8(out).unwrap().replace("\r\n", " ")
    }

    #[test]
    fn requests_are_those_that_a_server_knows() {
        let add = text(Collection::SortedSet, Does::Add, 151);
        assert_eq!(add, "*4 $4 ZADD $16 coll:00000000007 $6 338828 $16 member:000000001 ");
        let range = text(Collection::SortedSet, Does::Range, 3);
        assert_eq!(range, "*4 $6 ZRANGE $16 coll:00000000007 $1 3 $2 12 ");
        let last = text(Collection::Set, Does::Fill, 1);
        assert!(last.starts_with("*52 $4 SADD $16 coll:00000000007 $16 member:000000100 "));
        assert!(text(Collection::Stream, Does::Add, 0).contains(" $6 MAXLEN $1 ~ $3 150 $1 * "));
    }

    #[test]
    fn replies_must_fit_what_was_asked() {
        let shape = Shape { kind: Collection::SortedSet, n_elements: SMALL };
        let ten = format!("*10\r\n{}", "$1\r\na\r\n".repeat(10));
        for cut in 0..ten.len() {
            let part = check(shape, Does::Range, &ten.as_bytes()[..cut]);
            assert!(matches!(part, Scan::Short), "cut at {cut}");
        }
        let length = |scan| if let Scan::Right(it) = scan { it.length } else { 0 };
        assert_eq!(length(check(shape, Does::Range, ten.as_bytes())), ten.len());
        assert_eq!(length(check(shape, Does::Rank, b":17\r\n:")), 5);
        for (does, reply) in
            [(Does::Rank, &b"$-1\r\n"[..]), (Does::Range, b"*9\r\n"), (Does::Add, b"-ERR\r\n")]
        {
            assert!(matches!(check(shape, does, reply), Scan::Wrong), "{does:?}");
        }
    }
}
