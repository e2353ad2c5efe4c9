//! Commands that look at every item. They go on over many turns of the connection, each with a
//! bounded number of items, so that others on the same worker hardly notice; no lock is held over
//! more than a few dozen.

use tandem_engine::{Item, Output, Value};

use crate::crawler::{Claim, ClassSet};
use crate::marks;
use crate::meta::base64;
use crate::reply;
use crate::report;
use crate::run::Cx;
use crate::server::DATABASE;
use crate::survey::{ITEMS_PER_LOCK, Survey};

/// Locks of one turn, after which other connections have theirs.
const LOCKS_PER_TURN: usize = 4;

/// `stats cachedump` answers with at most this much, as in memcached.
const CACHEDUMP_BYTES_MAX: usize = 2 << 20;

/// A command that goes on.
pub(crate) enum Walk {
    Dump(Dump),
    Crawl(Crawl),
    /// `stats` that need to know of every item.
    Survey(Survey, report::Topic),
}

/// Whether a walk is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    More,
    Done,
}

impl Walk {
    /// One turn.
    pub(crate) fn step(&mut self, cx: &mut Cx<'_>) -> Progress {
        match self {
            Walk::Dump(it) => it.step(cx),
            Walk::Crawl(it) => it.step(cx),
            Walk::Survey(survey, topic) => {
                for _ in 0..LOCKS_PER_TURN {
                    if survey.step(cx.server, ITEMS_PER_LOCK, cx.now_ms) == Progress::Done {
                        let survey = std::mem::take(survey);
                        report::surveyed(cx, *topic, survey);
                        return Progress::Done;
                    }
                }
                Progress::More
            }
        }
    }
}

/// What a dump tells of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `lru_crawler metadump`
    Meta,
    /// `lru_crawler mgdump`: commands that fetch the items.
    Keys,
    /// `stats cachedump`
    Cache { n_items_max: usize },
}

/// A dump of keys under way. An item that stays is met once; others may be met or not.
pub(crate) struct Dump {
    form: Form,
    classes: ClassSet,
    cursor: u64,
    n_items: usize,
    n_bytes: usize,
    _claim: Option<Claim>,
}

impl Dump {
    pub(crate) fn new(form: Form, classes: ClassSet, claim: Option<Claim>) -> Dump {
        Dump { form, classes, cursor: 0, n_items: 0, n_bytes: 0, _claim: claim }
    }

    fn step(&mut self, cx: &mut Cx<'_>) -> Progress {
        for _ in 0..LOCKS_PER_TURN {
            self.put_some(cx);
            if self.cursor == 0 || self.is_full() {
                cx.out.put(if self.form == Form::Keys { reply::EN } else { reply::END });
                return Progress::Done;
            }
        }
        Progress::More
    }

    fn is_full(&self) -> bool {
        match self.form {
            Form::Cache { n_items_max } => {
                n_items_max <= self.n_items || CACHEDUMP_BYTES_MAX <= self.n_bytes
            }
            _ => false,
        }
    }

    /// Writes the lines of the items that lie behind one lock.
    fn put_some(&mut self, cx: &mut Cx<'_>) {
        let Cx { server, out, now_ms, .. } = cx;
        let (classes, now_ms) = (&server.classes, *now_ms);
        let before = out.buf.len();
        let cursor = self.cursor;
        self.cursor = server.keyspace.scan(DATABASE, cursor, ITEMS_PER_LOCK, now_ms, &mut |item| {
            let Some(bytes) = classes.bytes_of(&item) else { return };
            let class = classes.of_bytes(bytes);
            if self.classes.has(class) && !self.is_full() {
                let found = Met { item: &item, bytes, class, now_s: now_ms / 1000 };
                found.put(self.form, out);
                self.n_items += 1;
            }
        });
        self.n_bytes += out.buf.len() - before;
    }
}

/// An item that a dump has met.
struct Met<'a> {
    item: &'a Item<'a>,
    /// Its size in memcached.
    bytes: usize,
    class: usize,
    now_s: u64,
}

impl Met<'_> {
    fn put(&self, form: Form, out: &mut Output) {
        match form {
            Form::Meta => self.put_meta(&mut out.buf),
            Form::Keys => self.put_command(&mut out.buf),
            Form::Cache { .. } => self.put_cached(&mut out.buf),
        }
    }

    /// Lines of this dump end with a bare line feed, in memcached since its first day.
    fn put_meta(&self, buf: &mut Vec<u8>) {
        let item = self.item;
        buf.extend_from_slice(b"key=");
        put_encoded(buf, item.key());
        buf.extend_from_slice(b" exp=");
        match item.expire_at_ms() {
            Some(at_ms) => put_number(buf, at_ms.div_ceil(1000)),
            None => buf.extend_from_slice(b"-1"),
        }
        buf.extend_from_slice(b" la=");
        put_number(buf, self.now_s.saturating_sub(u64::from(item.idle_s())));
        buf.extend_from_slice(b" cas=");
        put_number(buf, item.cas().unwrap_or(0));
        let fetched: &[u8] = if item.fetched() { b" fetch=yes cls=" } else { b" fetch=no cls=" };
        buf.extend_from_slice(fetched);
        put_number(buf, self.class as u64);
        buf.extend_from_slice(b" size=");
        put_number(buf, self.bytes as u64);
        buf.extend_from_slice(b" flags=");
        put_number(buf, u64::from(item.client_flags()));
        buf.push(b'\n');
    }

    fn put_command(&self, buf: &mut Vec<u8>) {
        buf.extend_from_slice(b"mg ");
        if self.has_base64_key() {
            base64::encode(self.item.key(), buf);
            buf.extend_from_slice(b" b");
        } else {
            buf.extend_from_slice(self.item.key());
        }
        buf.extend_from_slice(b"\r\n");
    }

    /// The key may hold what ends a line: memcached tells it as it came, or not at all.
    fn has_base64_key(&self) -> bool {
        self.item.marks() & marks::BASE64_KEY != 0
    }

    fn put_cached(&self, buf: &mut Vec<u8>) {
        if self.has_base64_key() {
            return;
        }
        let Value::String(value) = self.item.value() else { return };
        buf.extend_from_slice(b"ITEM ");
        buf.extend_from_slice(self.item.key());
        buf.extend_from_slice(b" [");
        put_number(buf, value.as_slice().len() as u64);
        buf.extend_from_slice(b" b; ");
        put_number(buf, self.item.expire_at_ms().map_or(0, |it| it.div_ceil(1000)));
        buf.extend_from_slice(b" s]\r\n");
    }
}

/// Appends a key as in a URL: what is not a letter, a digit or one of `-._~` as its code.
fn put_encoded(buf: &mut Vec<u8>, key: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in key {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            buf.push(byte);
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            buf.extend_from_slice(&[b'%', DIGITS[high], DIGITS[low]]);
        }
    }
}

fn put_number(buf: &mut Vec<u8>, number: u64) {
    buf.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `lru_crawler crawl` under way.
pub(crate) struct Crawl {
    from: usize,
    /// Items that it may still look at.
    n_left: usize,
    _claim: Claim,
}

impl Crawl {
    /// `n_items_max` is 0 for all.
    pub(crate) fn new(n_items_max: u32, claim: Claim) -> Crawl {
        let n_left = if n_items_max == 0 { usize::MAX } else { n_items_max as usize };
        Crawl { from: 0, n_left, _claim: claim }
    }

    fn step(&mut self, cx: &mut Cx<'_>) -> Progress {
        for _ in 0..LOCKS_PER_TURN {
            let n_items = self.n_left.min(ITEMS_PER_LOCK);
            let crawled = cx.server.keyspace.crawl(DATABASE, self.from, n_items, cx.now_ms);
            self.n_left = self.n_left.saturating_sub(crawled.n_examined);
            let Some(next) = crawled.next.filter(|_| self.n_left != 0) else {
                cx.out.put(reply::OK);
                return Progress::Done;
            };
            self.from = next;
        }
        Progress::More
    }
}
