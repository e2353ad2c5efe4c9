//! Checks replies: a wrong one ends the run, so that no server is fast by answering nonsense.

use super::wire::{CART_FIELDS, Many, Op, Protocol, Wire, key_name};
use super::{collections, frame, together, varied};

/// A whole and right reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    pub(crate) length: usize,
    pub(crate) outcome: Outcome,
}

impl Right {
    pub(crate) fn is_hit(self) -> bool {
        self.outcome == Outcome::Done
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The key was not there.
    Miss,
}

/// A reply that does not answer its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    op: Op,
    key: u32,
    got: String,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wrong reply to {:?} of key {}: {:?}", self.op, self.key, self.got)
    }
}

impl std::error::Error for Wrong {}

type Checked = Result<Option<Right>, Wrong>;

pub(super) fn check(wire: &Wire, op: Op, key: u32, input: &[u8]) -> Checked {
    let checked = match (op, wire.protocol) {
        (Op::Get, Protocol::Resp) => headed_get(wire, key, input, b"$-1\r\n"),
        (Op::Get, _) if wire.is_meta => headed_get(wire, key, input, b"EN\r\n"),
        (Op::Set, _) if wire.is_meta => fixed(input, b"HD\r\n", Outcome::Done),
        (Op::Get, Protocol::Memcached) => memcached_get(wire, key, input, b"\r\nEND\r\n"),
        (Op::GetMany(many), _) => memcached_multi_get(wire, many, key, input),
        (Op::Set, Protocol::Resp) | (Op::SetMany, _) => fixed(input, b"+OK\r\n", Outcome::Done),
        (Op::Set, Protocol::Memcached) => fixed(input, b"STORED\r\n", Outcome::Done),
        (Op::CartIncrement | Op::CartFill | Op::RateLimit, _) => integer(input),
        (Op::Transaction, _) => fixed(input, together::TRANSACTION_REPLY.as_bytes(), Outcome::Done),
        (Op::CartRead, _) => cart(input),
        (Op::FrameGet, _) => frame::check_get(wire, key, input),
        (Op::FrameGets, _) => frame::check_gets(wire, key, input),
        (Op::FrameSet, _) => frame::check_set(input),
        (Op::Collection(shape, does), _) => collections::check(shape, does, input),
        (Op::Varied, protocol) => match varied::reply_bytes(protocol, input) {
            Ok(Some(length)) => Scan::Right(Right { length, outcome: Outcome::Done }),
            Ok(None) => Scan::Short,
            Err(varied::NoAnswer) => Scan::Wrong,
        },
    };
    match checked {
        Scan::Right(it) => Ok(Some(it)),
        Scan::Short => Ok(None),
        Scan::Wrong => {
            let seen = &input[..input.len().min(SHOWN_BYTES)];
            Err(Wrong { op, key, got: String::from_utf8_lossy(seen).into_owned() })
        }
    }
}

pub(super) enum Scan {
    Right(Right),
    /// More bytes are needed.
    Short,
    Wrong,
}

fn fixed(input: &[u8], words: &[u8], outcome: Outcome) -> Scan {
    if input.starts_with(words) {
        return Scan::Right(Right { length: words.len(), outcome });
    }
    if words.starts_with(input) { Scan::Short } else { Scan::Wrong }
}

/// A reply that begins with the value's length, or `miss`.
fn headed_get(wire: &Wire, key: u32, input: &[u8], miss: &[u8]) -> Scan {
    let head = &wire.get_reply_head;
    if !input.starts_with(head) {
        let is_short = head.starts_with(input);
        return if is_short { Scan::Short } else { fixed(input, miss, Outcome::Miss) };
    }
    value(wire, key, input, head.len(), b"\r\n")
}

/// Found when all keys are; a miss ends at the first that is not there.
fn memcached_multi_get(wire: &Wire, many: Many, first: u32, input: &[u8]) -> Scan {
    let mut whole = Right { length: 0, outcome: Outcome::Done };
    for key in many.keys(first) {
        let is_last = key == first + many.span();
        let tail: &[u8] = if is_last { b"\r\nEND\r\n" } else { b"\r\n" };
        match memcached_get(wire, key, &input[whole.length..], tail) {
            Scan::Right(it) => {
                whole = Right { length: whole.length + it.length, outcome: it.outcome };
            }
            other => return other,
        }
        if !whole.is_hit() {
            break;
        }
    }
    Scan::Right(whole)
}

fn memcached_get(wire: &Wire, key: u32, input: &[u8], tail: &[u8]) -> Scan {
    let name = key_name(key);
    let head = &wire.get_reply_head;
    let n_head = 6 + name.len() + head.len();
    let is_value = input.starts_with(b"VALUE ");
    if !is_value {
        let is_short = b"VALUE ".starts_with(input);
        return if is_short { Scan::Short } else { fixed(input, b"END\r\n", Outcome::Miss) };
    }
    if input.len() < n_head {
        return if input.contains(&b'\n') { Scan::Wrong } else { Scan::Short };
    }
    if input[6..22] != name || input[22..n_head] != head[..] {
        return Scan::Wrong;
    }
    value(wire, key, input, n_head, tail)
}

/// The value behind a head of `n_head` bytes, and what ends the reply.
fn value(wire: &Wire, key: u32, input: &[u8], n_head: usize, tail: &[u8]) -> Scan {
    let n_value = n_head + wire.value_bytes();
    let length = n_value + tail.len();
    if input.len() < length {
        return Scan::Short;
    }
    if wire.is_value_of(key, &input[n_head..n_value]) && &input[n_value..length] == tail {
        return Scan::Right(Right { length, outcome: Outcome::Done });
    }
    Scan::Wrong
}

/// `:123\r\n`
fn integer(input: &[u8]) -> Scan {
    let Some(end) = input.iter().take(LINE_BYTES_MAX).position(|it| *it == b'\n') else {
        return if input.len() < LINE_BYTES_MAX { Scan::Short } else { Scan::Wrong };
    };
    let is_integer = input.first() == Some(&b':')
        && end >= 3
        && input[end - 1] == b'\r'
        && input[1..end - 1].iter().all(u8::is_ascii_digit);
    if !is_integer {
        return Scan::Wrong;
    }
    Scan::Right(Right { length: end + 1, outcome: Outcome::Done })
}

/// An array of `item:007` and a number, as many times as a cart has fields, in any order.
fn cart(input: &[u8]) -> Scan {
    const HEAD: &[u8] = b"*40\r\n";
    const { assert!(CART_FIELDS == 20, "HEAD counts the fields") };
    if !input.starts_with(HEAD) {
        return if HEAD.starts_with(input) { Scan::Short } else { Scan::Wrong };
    }
    let mut at = HEAD.len();
    for index in 0..2 * CART_FIELDS {
        let (start, end) = match bulk(&input[at..]) {
            Ok(Some(it)) => it,
            Ok(None) => return Scan::Short,
            Err(()) => return Scan::Wrong,
        };
        let text = &input[at + start..at + end];
        let is_right = if index % 2 == 0 {
            text.len() == 8 && text.starts_with(b"item:")
        } else {
            !text.is_empty() && text.iter().all(u8::is_ascii_digit)
        };
        if !is_right {
            return Scan::Wrong;
        }
        at += end + 2;
    }
    Scan::Right(Right { length: at, outcome: Outcome::Done })
}

/// Where the text of a bulk string of at most 99 bytes lies.
fn bulk(input: &[u8]) -> Result<Option<(usize, usize)>, ()> {
    let (n_text, start) = match input {
        [b'$', a @ b'0'..=b'9', b'\r', b'\n', ..] => (usize::from(a - b'0'), 4),
        [b'$', a @ b'0'..=b'9', b @ b'0'..=b'9', b'\r', b'\n', ..] => {
            (usize::from(a - b'0') * 10 + usize::from(b - b'0'), 5)
        }
        _ if input.len() < 5 => return Ok(None),
        _ => return Err(()),
    };
    let end = start + n_text;
    match input.get(end..end + 2) {
        None => Ok(None),
        Some(b"\r\n") => Ok(Some((start, end))),
        Some(_) => Err(()),
    }
}

/// How much of a wrong reply an error message shows.
const SHOWN_BYTES: usize = 120;
/// Longest line an integer reply can be: a sign, 19 digits and the line's end.
const LINE_BYTES_MAX: usize = 23;

#[cfg(test)]
mod tests {
    use super::super::wire::Stored;
    use super::*;

    /// Every prefix of a right reply is short, the whole is right, and one more byte changes
    /// nothing.
    fn assert_right(wire: &Wire, op: Op, key: u32, reply: &str, outcome: Outcome) {
        for cut in 0..reply.len() {
            let part = &reply.as_bytes()[..cut];
            assert_eq!(check(wire, op, key, part), Ok(None), "{op:?} cut at {cut}");
        }
        let right = Right { length: reply.len(), outcome };
        assert_eq!(check(wire, op, key, reply.as_bytes()), Ok(Some(right)), "{op:?}");
        let followed = format!("{reply}+");
        assert_eq!(check(wire, op, key, followed.as_bytes()), Ok(Some(right)), "{op:?}");
    }

    fn value_of(wire: &Wire, key: u32) -> String {
        let mut out = Vec::new();
        Wire::new(
            Protocol::Memcached,
            Stored { value_bytes: wire.value_bytes(), ..Stored::default() },
        )
        .put(Op::Set, key, 0, &mut out);
        let text = String::from_utf8(out).unwrap();
        text.split("\r\n").nth(1).unwrap().to_owned()
    }

    #[test]
    fn right_replies_are_accepted_whole_and_not_before() {
        let stored = Stored { value_bytes: 32, ..Stored::default() };
        let resp = Wire::new(Protocol::Resp, stored);
        let memcached = Wire::new(Protocol::Memcached, stored);
        let value = value_of(&resp, 5);
        let found = format!("$32\r\n{value}\r\n");
        assert_right(&resp, Op::Get, 5, &found, Outcome::Done);
        assert_right(&resp, Op::Get, 5, "$-1\r\n", Outcome::Miss);
        assert_right(&resp, Op::Set, 5, "+OK\r\n", Outcome::Done);
        assert_right(&resp, Op::CartIncrement, 5, ":12\r\n", Outcome::Done);
        let cart = "$8\r\nitem:001\r\n$2\r\n17\r\n".repeat(20);
        assert_right(&resp, Op::CartRead, 5, &format!("*40\r\n{cart}"), Outcome::Done);
        let found = format!("VALUE key:000000000005 0 32\r\n{value}\r\nEND\r\n");
        assert_right(&memcached, Op::Get, 5, &found, Outcome::Done);
        assert_right(&memcached, Op::Get, 5, "END\r\n", Outcome::Miss);
        assert_right(&memcached, Op::Set, 5, "STORED\r\n", Outcome::Done);
        assert_right(&resp, Op::SetMany, 5, "+OK\r\n", Outcome::Done);
        let found = |keys: std::ops::Range<u32>| -> String {
            keys.map(|it| format!("VALUE key:{it:012} 0 32\r\n{}\r\n", value_of(&resp, it)))
                .chain([String::from("END\r\n")])
                .collect()
        };
        assert_right(&memcached, Op::GetMany(Many::PAGE), 5, &found(5..15), Outcome::Done);
        assert_right(&memcached, Op::GetMany(Many::PAGE), 5, &found(5..14), Outcome::Miss);
    }

    #[test]
    fn wrong_replies_are_refused() {
        let stored = Stored { value_bytes: 32, ..Stored::default() };
        let resp = Wire::new(Protocol::Resp, stored);
        let memcached = Wire::new(Protocol::Memcached, stored);
        let other = value_of(&resp, 6);
        let cases: &[(&Wire, Op, String)] = &[
            (&resp, Op::Get, format!("$32\r\n{other}\r\n")),
            (&resp, Op::Get, format!("$31\r\n{}\r\n", &other[1..])),
            (&resp, Op::Get, "-ERR no\r\n".into()),
            (&resp, Op::Set, "-OOM no\r\n".into()),
            (&resp, Op::CartIncrement, "-WRONGTYPE no\r\n".into()),
            (&resp, Op::CartRead, "*38\r\n".into()),
            (&resp, Op::CartRead, "*40\r\n$8\r\nitem:001\r\n$1\r\nx\r\n".into()),
            (&memcached, Op::Get, format!("VALUE key:000000000006 0 32\r\n{other}\r\nEND\r\n")),
            (&memcached, Op::Get, format!("VALUE key:000000000005 0 32\r\n{other}\r\nEND\r\n")),
            (&memcached, Op::Get, "SERVER_ERROR no\r\n".into()),
            (&memcached, Op::Set, "NOT_STORED\r\n".into()),
        ];
        for (wire, op, reply) in cases {
            assert!(check(wire, *op, 5, reply.as_bytes()).is_err(), "{op:?} {reply}");
        }
    }
}
