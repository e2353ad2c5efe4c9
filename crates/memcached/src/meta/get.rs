//! `mg`: a value and what is known of it, with the early ends, hand-outs of tokens and empty
//! items that spare a backend the crowd.

use tandem_engine::{Expire, Item, Key, NewValue, SetOptions, StrRef, Value, View, When};

use crate::marks;
use crate::meta::Request;
use crate::meta::flags::{DecodedKey, Flags};
use crate::meta::reply::{self, KeyText};
use crate::ops::expiry;
use crate::request::Tell;
use crate::run::Cx;
use crate::stats::ClassEvent;

/// An item as it is when the answer begins.
struct Shown<'a> {
    value: StrRef<'a>,
    client_flags: u32,
    cas: u64,
    expire_at_ms: Option<u64>,
    idle_s: u32,
    fetched: bool,
    marks: u8,
    /// Made by this command.
    is_new: bool,
}

/// What the answer has changed.
struct Told {
    expire_at_ms: Option<u64>,
    /// This client is the one that fetches the value anew.
    won: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>) {
    let mut decoded = DecodedKey::new();
    let flags = Flags::parse(request.flags, request.key.name, &mut decoded);
    let flags = flags.and_then(|flags| flags.check_opaque().map(|()| flags));
    match flags {
        Ok(flags) => get(cx, flags.key(request.key, &decoded), &flags),
        Err(error) => cx.refuse(Some(request.verb), Tell::Outcome, error),
    }
}

fn get(cx: &mut Cx<'_>, key: Key<'_>, flags: &Flags<'_>) {
    let vivifies = flags.has(b'N') && cx.server.keyspace.make_room(cx.now_ms).is_ok();
    cx.watch_look(key);
    let mut view = cx.view(key);
    if flags.has(b'c') && cx.server.settings.cas {
        // Given now to an item that has none.
        view.cas(key);
    }
    let found = if flags.has(b'u') { view.look(key) } else { view.read(key) };
    let (told, marks) = match found.map(|item| (item.value(), item)) {
        Some((Value::String(value), item)) => {
            count_class(cx, key, flags, &item);
            let shown = Shown {
                value,
                client_flags: item.client_flags(),
                cas: cx.told_cas(item.cas()),
                expire_at_ms: item.expire_at_ms(),
                idle_s: item.idle_s(),
                fetched: item.fetched(),
                marks: item.marks(),
                is_new: false,
            };
            (tell(cx, key, flags, &shown), item.marks())
        }
        None if vivifies => {
            let shown = vivify(cx, &mut view, key, flags);
            (tell(cx, key, flags, &shown), 0)
        }
        _ => {
            drop(view);
            return miss(cx, key, flags);
        }
    };
    if told.won {
        view.set_marks(key, marks | marks::WON);
    }
    if flags.has(b'T') {
        view.set_expire(key, told.expire_at_ms);
        cx.worker.touch_hits.add(1);
    } else {
        cx.worker.get_hits.add(1);
    }
    cx.count_prefix(key, |it| {
        it.gets += 1;
        it.hits += 1;
    });
}

fn count_class(cx: &Cx<'_>, key: Key<'_>, flags: &Flags<'_>, item: &Item<'_>) {
    let Value::String(value) = item.value() else { return };
    let class = cx.server.classes.of_parts(key, item.client_flags(), value.as_slice().len());
    if flags.has(b'T') {
        return cx.worker.count_class(class, ClassEvent::Touch);
    }
    cx.worker.count_class(class, ClassEvent::Get);
    if item.fetched() {
        cx.worker.count_class(class, ClassEvent::GetAgain);
    }
}

/// Stores an empty item, for whose value this client is to care.
fn vivify(cx: &Cx<'_>, view: &mut View<'_>, key: Key<'_>, flags: &Flags<'_>) -> Shown<'static> {
    let expire_at_ms = expiry(flags.first_exptime(), cx.now_ms);
    let cas = flags.cas().or_else(|| flags.has(b'c').then(|| view.new_cas(key)));
    let options = SetOptions {
        when: When::Always,
        expire: expire_at_ms.map_or(Expire::Never, Expire::AtMs),
        client_flags: 0,
        cas,
        marks: 0,
    };
    view.set(key, NewValue::Copied(b""), options);
    if !flags.has(b'u') {
        view.touch(key);
    }
    Shown {
        value: StrRef::Inline(b""),
        client_flags: 0,
        cas: cx.told_cas(cas),
        expire_at_ms: None,
        idle_s: 0,
        fetched: false,
        marks: 0,
        is_new: true,
    }
}

fn miss(cx: &mut Cx<'_>, key: Key<'_>, flags: &Flags<'_>) {
    cx.worker.get_misses.add(1);
    cx.count_prefix(key, |it| it.gets += 1);
    if !flags.has(b'q') {
        reply::echo(&mut cx.out.buf, b"EN", key.name, flags);
    }
}

/// Writes the answer. The flags have their say in the order in which they came.
fn tell(cx: &mut Cx<'_>, key: Key<'_>, flags: &Flags<'_>, item: &Shown<'_>) -> Told {
    let now_ms = cx.now_ms;
    let data = item.value.as_slice();
    let is_known = flags.compare().is_some_and(|it| it == item.cas);
    let with_value = flags.has(b'v') && !is_known;
    let inline_len = if let StrRef::Inline(it) = item.value { it.len() } else { 0 };
    let buf = &mut cx.out.buf;
    buf.reserve(reply::LINE_BYTES_MAX + 2 * key.name.len() + inline_len);
    if with_value {
        buf.extend_from_slice(b"VA ");
        buf.extend_from_slice(itoa::Buffer::new().format(data.len()).as_bytes());
    } else {
        buf.extend_from_slice(b"HD");
    }
    let mut told = Told { expire_at_ms: item.expire_at_ms, won: false };
    for token in flags.tokens() {
        match token[0] {
            b'T' => told.expire_at_ms = expiry(flags.exptime, now_ms),
            b'N' if item.is_new => {
                told.expire_at_ms = expiry(flags.vivify, now_ms);
                told.won = true;
            }
            b'R' if !item.is_new && item.marks & marks::WON == 0 => {
                told.won |= ends_before(told.expire_at_ms, flags.recache, now_ms);
            }
            b's' => reply::number(buf, b's', data.len()),
            b't' => reply::number(buf, b't', reply::ttl_s(told.expire_at_ms, now_ms)),
            b'c' => reply::number(buf, b'c', item.cas),
            b'f' => reply::number(buf, b'f', item.client_flags),
            b'l' => reply::number(buf, b'l', item.idle_s),
            b'h' => reply::number(buf, b'h', u8::from(item.fetched)),
            b'O' => reply::opaque(buf, token),
            b'k' => reply::key(buf, key.name, key_text(item.marks)),
            _ => {}
        }
    }
    if item.marks != 0 {
        told.won |= tell_marks(buf, item.marks);
    }
    if told.won {
        buf.extend_from_slice(b" W");
    }
    buf.extend_from_slice(b"\r\n");
    if with_value {
        match item.value {
            StrRef::Inline(it) => buf.extend_from_slice(it),
            StrRef::Shared(it) => cx.out.put_shared(it),
        }
        cx.out.buf.extend_from_slice(b"\r\n");
    }
    told
}

/// True when less of an item's time is left than the client asks for.
fn ends_before(expire_at_ms: Option<u64>, recache: i32, now_ms: u64) -> bool {
    let wanted_s = reply::ttl_s(expiry(recache, now_ms), now_ms);
    expire_at_ms.is_some() && reply::ttl_s(expire_at_ms, now_ms) < wanted_s
}

/// Tells of a stale item and of a client that cares for it already. True when this one is to.
fn tell_marks(buf: &mut Vec<u8>, marks: u8) -> bool {
    let is_won = marks & marks::WON != 0;
    if is_won {
        buf.extend_from_slice(b" Z");
    }
    if marks & marks::STALE == 0 {
        return false;
    }
    buf.extend_from_slice(b" X");
    !is_won
}

/// An item tells its key as it was stored under it.
fn key_text(marks: u8) -> KeyText {
    if marks & marks::BASE64_KEY == 0 { KeyText::Plain } else { KeyText::Base64 }
}
