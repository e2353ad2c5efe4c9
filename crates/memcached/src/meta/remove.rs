//! `md`: removes an item, empties it, or marks it as stale.

use tandem_engine::{Expire, Item, NewValue, SetOptions, View, When};

use crate::marks;
use crate::meta::flags::{DecodedKey, Flags};
use crate::meta::{Request, reply};
use crate::ops::expiry;
use crate::request::Tell;
use crate::run::Cx;
use crate::stats::ClassEvent;

pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>) {
    let mut decoded = DecodedKey::new();
    let flags = Flags::parse(request.flags, request.key.name, &mut decoded)
        .map_err(super::told_roughly)
        .and_then(|flags| flags.check_opaque().map(|()| flags));
    let flags = match flags {
        Ok(flags) => flags,
        Err(error) => return cx.refuse(Some(request.verb), Tell::Outcome, error),
    };
    let key = flags.key(request.key, &decoded);
    let code = remove(cx, &Request { key, ..*request }, &flags);
    if code != b"HD" || !flags.has(b'q') {
        reply::echo(&mut cx.out.buf, code, key.name, &flags);
    }
}

/// Does it and returns the code to answer with.
fn remove(cx: &Cx<'_>, request: &Request<'_>, flags: &Flags<'_>) -> &'static [u8] {
    let key = request.key;
    cx.count_prefix(key, |it| it.deletes += 1);
    let is_watched = cx.watch_look(key);
    let mut view = cx.view(key);
    let Some(item) = view.peek(key) else {
        cx.worker.delete_misses.add(1);
        return b"NF";
    };
    if flags.has(b'C') && item.cas() != flags.compare() {
        cx.worker.delete_misses.add(1);
        return b"EX";
    }
    let class = cx.server.classes.of(&item);
    if is_watched && !flags.has(b'I') {
        cx.watch_removal(&item, "md");
    }
    let before = Before::of(&item);
    if flags.has(b'x') {
        empty(cx, &mut view, request, flags, before);
    } else if flags.has(b'I') {
        return make_stale(cx, &mut view, request, flags, before);
    } else {
        view.remove(key);
    }
    cx.worker.delete_hits.add(1);
    cx.worker.count_class(class, ClassEvent::Delete);
    b"HD"
}

/// What is left of an item that stays.
#[derive(Clone, Copy)]
struct Before {
    cas: Option<u64>,
    marks: u8,
}

impl Before {
    fn of(item: &Item<'_>) -> Before {
        Before { cas: item.cas(), marks: item.marks() }
    }
}

/// `x`: the value and the client's flags go, the item stays under its CAS number.
fn empty(
    cx: &Cx<'_>,
    view: &mut View<'_>,
    request: &Request<'_>,
    flags: &Flags<'_>,
    before: Before,
) {
    let key = request.key;
    let is_stale = flags.has(b'I');
    let kept = if is_stale { before.cas.map(|_| view.new_cas(key)) } else { before.cas };
    let options = SetOptions {
        when: When::Always,
        expire: expiry(flags.exptime, cx.now_ms).map_or(Expire::Never, Expire::AtMs),
        client_flags: 0,
        cas: flags.cas().or(kept),
        marks: if is_stale { marks::STALE } else { 0 },
    };
    view.set(key, NewValue::Copied(b""), options);
}

/// `I`: the next to read the item is told to fetch the value anew.
fn make_stale(
    cx: &Cx<'_>,
    view: &mut View<'_>,
    request: &Request<'_>,
    flags: &Flags<'_>,
    before: Before,
) -> &'static [u8] {
    let key = request.key;
    // A number that somebody was given moves on.
    if let Some(cas) = flags.cas().or_else(|| before.cas.map(|_| view.new_cas(key))) {
        view.set_cas(key, cas);
    }
    view.set_marks(key, (before.marks | marks::STALE) & !marks::WON);
    if flags.has(b'T') {
        view.set_expire(key, expiry(flags.exptime, cx.now_ms));
    }
    b"HD"
}
