//! Requests as bytes: templates filled in with a key's digits.

use super::collections::{self, Does, Shape};
use super::{frame, reply, together, varied};

/// Which of the two protocols a run speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Resp,
    Memcached,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Resp => "RESP",
            Protocol::Memcached => "memcached",
        }
    }
}

/// What one request does. Those between `GetMany` and `Varied` are RESP's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Set,
    /// Reads many keys; memcached's alone.
    GetMany(Many),
    /// Writes `MANY` keys in a row.
    SetMany,
    /// Adds 1 to one field of a cart.
    CartIncrement,
    /// Reads a whole cart.
    CartRead,
    /// Writes all fields of a cart.
    CartFill,
    /// The binary protocol's, which is memcached's alone, are these three: one key is read.
    FrameGet,
    /// `MANY` keys in a row are read.
    FrameGets,
    /// One key is written.
    FrameSet,
    /// Something is done to a collection of this shape.
    Collection(Shape, Does),
    /// A script says whether one more may pass.
    RateLimit,
    /// A transaction writes `MANY` keys in a row.
    Transaction,
    /// Any command, of either protocol; the field says which.
    Varied,
}

/// The keys of a request of many, from its first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Many {
    n_keys: u32,
    step: u32,
}

impl Many {
    /// As many in a row as a page of an application asks for.
    pub(crate) const PAGE: Many = Many { n_keys: MANY, step: 1 };
    /// Keys that were not written one after another.
    pub(crate) const HUNDRED: Many = Many { n_keys: 100, step: 997 };

    pub(super) fn keys(self, first: u32) -> impl ExactSizeIterator<Item = u32> {
        (0..self.n_keys).map(move |it| first + it * self.step)
    }

    /// How far behind the first the last one is.
    pub(super) fn span(self) -> u32 {
        (self.n_keys - 1) * self.step
    }
}

/// How requests look: all that two requests of one run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) protocol: Protocol,
    /// Behind the key's tag, every value of a run is these bytes.
    template: Vec<u8>,
    /// memcached's flags and expiry, or RESP's options behind the value.
    set_tail: Vec<u8>,
    set_head: &'static [u8],
    pub(super) get_reply_head: Vec<u8>,
    replies: Replies,
    /// memcached's meta commands in place of its classic ones.
    pub(super) is_meta: bool,
}

/// Whose value the reply to a GET must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replies {
    /// That of the key asked for.
    Stored,
    /// That of `FIXED_KEY`, whatever was asked for: the server stores nothing.
    Fixed,
}

/// How values are stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) value_bytes: usize,
    /// Milliseconds since the epoch at which what is stored expires.
    pub(crate) expire_at_ms: Option<u64>,
    /// memcached's 32 bits beside the value.
    pub(crate) client_flags: u32,
}

impl Wire {
    pub(crate) fn new(protocol: Protocol, stored: Stored) -> Wire {
        let Stored { value_bytes, expire_at_ms, client_flags } = stored;
        let expire_s = expire_at_ms.map_or(0, |it| it.div_ceil(1000));
        let (set_head, set_tail, get_reply_head) = match (protocol, expire_at_ms) {
            (Protocol::Memcached, _) => (
                &b"set "[..],
                format!(" {client_flags} {expire_s} {value_bytes}\r\n"),
                format!(" {client_flags} {value_bytes}\r\n"),
            ),
            (Protocol::Resp, None) => (
                &b"*3\r\n$3\r\nSET\r\n$16\r\n"[..],
                String::from("\r\n"),
                format!("${value_bytes}\r\n"),
            ),
            (Protocol::Resp, Some(at_ms)) => (
                &b"*5\r\n$3\r\nSET\r\n$16\r\n"[..],
                format!("\r\n$4\r\nPXAT\r\n${}\r\n{at_ms}\r\n", at_ms.to_string().len()),
                format!("${value_bytes}\r\n"),
            ),
        };
        Wire {
            protocol,
            template: template(value_bytes),
            set_tail: set_tail.into_bytes(),
            set_head,
            get_reply_head: get_reply_head.into_bytes(),
            replies: Replies::Stored,
            is_meta: false,
        }
    }

    /// memcached's `mg` and `ms`.
    pub(crate) fn meta(stored: Stored) -> Wire {
        let Stored { value_bytes, expire_at_ms, client_flags } = stored;
        let flags = if client_flags == 0 { String::new() } else { format!(" F{client_flags}") };
        let expire = expire_at_ms.map_or(String::new(), |it| format!(" T{}", it.div_ceil(1000)));
        Wire {
            set_head: b"ms ",
            set_tail: format!(" {value_bytes}{flags}{expire}\r\n").into_bytes(),
            get_reply_head: format!("VA {value_bytes}\r\n").into_bytes(),
            is_meta: true,
            ..Wire::new(Protocol::Memcached, stored)
        }
    }

    /// The same requests, to a server that answers in this way.
    pub(crate) fn answered_by(self, replies: Replies) -> Wire {
        Wire { replies, ..self }
    }

    /// Appends one request.
    pub(crate) fn put(&self, op: Op, key: u32, field: u32, out: &mut Vec<u8>) {
        match (op, self.protocol) {
            (Op::Get, Protocol::Resp) => put_all(out, &[RESP_GET, &key_name(key), b"\r\n"]),
            (Op::Get, Protocol::Memcached) if self.is_meta => {
                put_all(out, &[b"mg ", &key_name(key), b" v\r\n"]);
            }
            (Op::Get, Protocol::Memcached) => put_all(out, &[b"get ", &key_name(key), b"\r\n"]),
            (Op::Set, Protocol::Memcached) => {
                put_all(out, &[self.set_head, &key_name(key), &self.set_tail]);
                self.put_value(key, out);
                out.extend_from_slice(b"\r\n");
            }
            (Op::Set, Protocol::Resp) => {
                put_all(out, &[self.set_head, &key_name(key), b"\r\n", &self.get_reply_head]);
                self.put_value(key, out);
                out.extend_from_slice(&self.set_tail);
            }
            (Op::FrameGet, _) => frame::put_get(key, out),
            (Op::FrameGets, _) => frame::put_gets(key, out),
            (Op::FrameSet, _) => frame::put_set(self, key, out),
            (Op::GetMany(many), _) => put_multi_get(many, key, out),
            (Op::SetMany, _) => self.put_mset(key, out),
            (Op::CartRead, _) => put_all(out, &[RESP_HGETALL, &cart_name(key), b"\r\n"]),
            (Op::CartIncrement, _) => {
                put_all(out, &[RESP_HINCRBY, &cart_name(key), b"\r\n$8\r\n"]);
                put_all(out, &[&field_name(field), b"\r\n$1\r\n1\r\n"]);
            }
            (Op::CartFill, _) => put_cart(key, out),
            (Op::RateLimit, _) => together::put_rate_limit(key, out),
            (Op::Transaction, _) => together::put_transaction(self, key, out),
            (Op::Collection(shape, does), _) => collections::put(shape, does, key, field, out),
            (Op::Varied, protocol) => {
                let mut value = Vec::new();
                self.put_value(key, &mut value);
                varied::put(protocol, field, key, &value, out);
            }
        }
    }

    fn put_mset(&self, first: u32, out: &mut Vec<u8>) {
        put_all(out, &[format!("*{}\r\n", 1 + 2 * MANY).as_bytes(), b"$4\r\nMSET\r\n"]);
        for key in first..first + MANY {
            put_all(out, &[b"$16\r\n", &key_name(key), b"\r\n", &self.get_reply_head]);
            self.put_value(key, out);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// The length of the whole reply to a request when `input` begins with one, `None` when it
    /// is cut short.
    pub(crate) fn check(
        &self,
        op: Op,
        key: u32,
        input: &[u8],
    ) -> Result<Option<reply::Right>, reply::Wrong> {
        let key = if self.replies == Replies::Fixed { FIXED_KEY } else { key };
        reply::check(self, op, key, input)
    }

    /// Appends the reply to a GET that finds its key, or to a SET.
    pub(crate) fn put_reply(&self, op: Op, key: u32, out: &mut Vec<u8>) {
        match (op, self.protocol) {
            (Op::Get, Protocol::Resp) => {
                out.extend_from_slice(&self.get_reply_head);
                self.put_value(key, out);
                out.extend_from_slice(b"\r\n");
            }
            (Op::Get, Protocol::Memcached) => {
                put_all(out, &[b"VALUE ", &key_name(key), &self.get_reply_head]);
                self.put_value(key, out);
                out.extend_from_slice(b"\r\nEND\r\n");
            }
            (_, Protocol::Resp) => out.extend_from_slice(b"+OK\r\n"),
            (_, Protocol::Memcached) => out.extend_from_slice(b"STORED\r\n"),
        }
    }

    /// The value of a key is its tag and the template: a reply proves that it is this key's.
    pub(super) fn put_value(&self, key: u32, out: &mut Vec<u8>) {
        let tag = tag(key);
        let n_tag = self.template.len().min(tag.len());
        put_all(out, &[&tag[..n_tag], &self.template[n_tag..]]);
    }

    pub(super) fn is_value_of(&self, key: u32, value: &[u8]) -> bool {
        let tag = tag(key);
        let n_tag = self.template.len().min(tag.len());
        value.len() == self.template.len()
            && value[..n_tag] == tag[..n_tag]
            && value[n_tag..] == self.template[n_tag..]
    }

    pub(super) fn value_bytes(&self) -> usize {
        self.template.len()
    }
}

pub(super) fn put_all(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for it in parts {
        out.extend_from_slice(it);
    }
}

fn put_multi_get(many: Many, first: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"get");
    for key in many.keys(first) {
        put_all(out, &[b" ", &key_name(key)]);
    }
    out.extend_from_slice(b"\r\n");
}

fn put_cart(key: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", 2 + 2 * CART_FIELDS).as_bytes());
    put_all(out, &[b"$4\r\nHSET\r\n$16\r\n", &cart_name(key), b"\r\n"]);
    for field in 0..CART_FIELDS {
        put_all(out, &[b"$8\r\n", &field_name(field), b"\r\n$1\r\n1\r\n"]);
    }
}

/// Printable bytes without a pattern that a compressing server could profit from.
fn template(value_bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..value_bytes).map(|_| b'a' + random.u8(..26)).collect()
}

/// `key:000000000042`: 16 bytes, as figures about memory assume.
pub(crate) fn key_name(key: u32) -> [u8; 16] {
    let mut name = *b"key:000000000000";
    put_digits(key, &mut name);
    name
}

pub(crate) fn cart_name(key: u32) -> [u8; 16] {
    let mut name = *b"cart:00000000000";
    put_digits(key, &mut name);
    name
}

/// A field like the article's `item:17` of a cart.
pub(crate) fn field_name(field: u32) -> [u8; 8] {
    let mut name = *b"item:000";
    name[6..].copy_from_slice(&pair(field % 100));
    name
}

/// The key in eight hexadecimal digits.
fn tag(key: u32) -> [u8; 8] {
    let mut tag = [0; 8];
    for (at, digit) in tag.iter_mut().enumerate() {
        *digit = HEX[(key >> (28 - 4 * at)) as usize & 15];
    }
    tag
}

/// Writes a number's decimal digits, two at a time, at the end of a name full of zeros.
pub(super) fn put_digits(mut number: u32, name: &mut [u8; 16]) {
    let mut at = name.len();
    while number > 0 {
        at -= 2;
        name[at..at + 2].copy_from_slice(&pair(number % 100));
        number /= 100;
    }
}

fn pair(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Keys of a request of many: as many as a page of an application asks for.
pub(crate) const MANY: u32 = 10;
/// The key whose value a server that stores nothing answers with.
pub(crate) const FIXED_KEY: u32 = 0;
/// Fields of a cart: under the threshold at which a packed hash turns into an indexed one.
pub(crate) const CART_FIELDS: u32 = 20;
const HEX: &[u8; 16] = b"0123456789abcdef";
const RESP_GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$16\r\n";
const RESP_HGETALL: &[u8] = b"*2\r\n$7\r\nHGETALL\r\n$16\r\n";
const RESP_HINCRBY: &[u8] = b"*4\r\n$7\r\nHINCRBY\r\n$16\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn request(protocol: Protocol, stored: Stored, op: Op) -> String {
        let mut out = Vec::new();
        Wire::new(protocol, stored).put(op, 42, 7, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_hold_their_numbers() {
        assert_eq!(&key_name(1_234_567), b"key:000001234567");
        assert_eq!(&cart_name(u32::MAX), b"cart:04294967295");
        assert_eq!(&field_name(7), b"item:007");
        assert_eq!(&tag(0x00ab_cdef), b"00abcdef");
    }

    #[test]
    fn meta_commands_are_those_that_memcached_knows() {
        let wire = Wire::meta(Stored { value_bytes: 8, ..Stored::default() });
        let mut out = Vec::new();
        wire.put(Op::Set, 42, 0, &mut out);
        wire.put(Op::Get, 42, 0, &mut out);
        assert_eq!(out, b"ms key:000000000042 8\r\n0000002a\r\nmg key:000000000042 v\r\n");
        let check = |op, reply: &[u8]| wire.check(op, 42, reply).unwrap();
        assert_eq!(check(Op::Get, b"VA 8\r\n0000002a\r\nVA").unwrap().length, 16);
        assert!(!check(Op::Get, b"EN\r\n").unwrap().is_hit());
        assert!(check(Op::Get, b"VA 8\r\n0000").is_none() && check(Op::Set, b"H").is_none());
        assert_eq!(check(Op::Set, b"HD\r\nHD\r\n").unwrap().length, 4);
        assert!(wire.check(Op::Get, 42, b"VA 8\r\n0000002b\r\n").is_err());
    }

    #[test]
    fn fixed_replies_pass_for_any_key_and_only_where_they_are_expected() {
        for protocol in [Protocol::Resp, Protocol::Memcached] {
            let stored = Wire::new(protocol, Stored { value_bytes: 40, ..Stored::default() });
            let fixed = stored.clone().answered_by(Replies::Fixed);
            for op in [Op::Get, Op::Set] {
                let mut reply = Vec::new();
                stored.put_reply(op, FIXED_KEY, &mut reply);
                for key in [FIXED_KEY, 42] {
                    let right = fixed.check(op, key, &reply).unwrap().unwrap();
                    assert!(right.is_hit() && right.length == reply.len(), "{protocol:?} {op:?}");
                }
            }
            let mut reply = Vec::new();
            stored.put_reply(Op::Get, FIXED_KEY, &mut reply);
            assert!(stored.check(Op::Get, FIXED_KEY, &reply).is_ok());
            assert!(stored.check(Op::Get, 42, &reply).is_err());
        }
    }

    #[test]
    fn requests_follow_their_protocol() {
        let plain = Stored { value_bytes: 8, ..Stored::default() };
        let kept = Stored { expire_at_ms: Some(1_700_000_000_500), client_flags: 9, ..plain };
        let resp = |stored, op| request(Protocol::Resp, stored, op);
        let memcached = |stored, op| request(Protocol::Memcached, stored, op);
        assert_eq!(resp(plain, Op::Get), "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n");
        assert_eq!(
            resp(plain, Op::Set),
            "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$8\r\n0000002a\r\n"
        );
        assert!(resp(kept, Op::Set).ends_with("2a\r\n$4\r\nPXAT\r\n$13\r\n1700000000500\r\n"));
        assert_eq!(
            resp(plain, Op::CartIncrement),
            "*4\r\n$7\r\nHINCRBY\r\n$16\r\ncart:00000000042\r\n$8\r\nitem:007\r\n$1\r\n1\r\n"
        );
        let mset = resp(plain, Op::SetMany);
        assert!(mset.starts_with("*21\r\n$4\r\nMSET\r\n$16\r\nkey:000000000042\r\n$8\r\n0000002a"));
        assert!(mset.ends_with("$16\r\nkey:000000000051\r\n$8\r\n00000033\r\n"));
        let many = memcached(plain, Op::GetMany(Many::PAGE));
        assert!(many.starts_with("get key:000000000042 key:000000000043 "));
        assert!(many.ends_with(" key:000000000051\r\n"));
        assert_eq!(memcached(plain, Op::Get), "get key:000000000042\r\n");
        assert_eq!(memcached(kept, Op::Set), "set key:000000000042 9 1700000001 8\r\n0000002a\r\n");
    }
}
