//! Runs requests of the binary protocol: an operation each, and its answer in a frame.

use tandem_engine::{NewValue, Output};

use crate::COMPATIBLE_VERSION;
use crate::admin;
use crate::binary::frame::{Entry, Request};
use crate::binary::opcode::{Action, is_quiet};
use crate::binary::reply::{self, Status, To};
use crate::ops::{self, Arithmetic, Hit, Mode, More, MoreSum, Read, Removed, Sign, Store, Stored};
use crate::ops::{Summed, Unstorable};
use crate::run::{After, Cx};

/// Answers what is not run.
#[cold]
pub(super) fn refuse_entry(cx: &mut Cx<'_>, entry: &Entry<'_>) -> After {
    match entry {
        Entry::Run(_) => {}
        Entry::TooLarge { to, mode, key, value_bytes } => {
            let why = Unstorable::TooLarge { value_bytes: *value_bytes };
            ops::refuse_store(cx, *mode, *key, why);
            refuse(cx, *to, Action::Store(*mode), Status::TooLarge);
        }
        Entry::Refused { to, action, status } => refuse(cx, *to, *action, *status),
        Entry::Broken { to, status } => {
            reply::error(cx.out, *to, *status);
            return After::Close;
        }
    }
    After::Stay
}

/// Runs a request.
#[inline]
pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>) -> After {
    let to = request.to;
    match request.action {
        Action::Get | Action::GetWithKey => get(cx, request),
        Action::GetAndTouch | Action::GetWithKeyAndTouch => get_and_touch(cx, request),
        Action::Touch => touch(cx, request),
        Action::Store(mode) => store(cx, request, mode, NewValue::Copied(request.value)),
        Action::Delete => delete(cx, request),
        Action::Sum(sign) => sum(cx, request, sign),
        Action::Flush => flush(cx, request),
        Action::Noop => reply::done(cx.out, to, 0),
        Action::Version => reply::data(cx.out, to, 0, COMPATIBLE_VERSION.as_bytes()),
        Action::Quit => {
            done(cx, to, 0);
            return After::Close;
        }
        // The session runs what it has to remember; unknown frames are refused as they are parsed.
        Action::Stat | Action::SaslList | Action::SaslAuth | Action::SaslStep | Action::Unknown => {
            reply::error(cx.out, to, Status::UnknownCommand);
        }
    }
    After::Stay
}

/// Success, of which quiet requests hear nothing.
fn done(cx: &mut Cx<'_>, to: To, cas: u64) {
    if !is_quiet(to.opcode) {
        reply::done(cx.out, to, cas);
    }
}

/// An error, which is told to quiet requests too.
pub(super) fn refuse(cx: &mut Cx<'_>, to: To, action: Action, status: Status) {
    cx.count_error(action.verb());
    reply::error(cx.out, to, status);
}

fn get(cx: &mut Cx<'_>, request: &Request<'_>) {
    let is_found = ops::read(cx, &retrieval(request, None), |out, hit| tell(out, request, hit));
    if !is_found {
        miss(cx, request);
    }
}

fn get_and_touch(cx: &mut Cx<'_>, request: &Request<'_>) {
    let read = retrieval(request, Some(request.exptime()));
    if !ops::touch_and_read(cx, &read, |out, hit| tell(out, request, hit)) {
        miss(cx, request);
    }
}

fn touch(cx: &mut Cx<'_>, request: &Request<'_>) {
    let read = retrieval(request, Some(request.exptime()));
    let tell = |out: &mut Output, hit: Hit<'_>| {
        reply::flags(out, request.to, hit.client_flags, hit.cas.unwrap_or(0));
    };
    if !ops::touch_and_read(cx, &read, tell) {
        reply::error(cx.out, request.to, Status::NotFound);
    }
}

fn retrieval<'a>(request: &Request<'a>, touch: Option<i32>) -> Read<'a> {
    Read { key: request.key, touch, wants_cas: true }
}

#[inline]
fn tell(out: &mut Output, request: &Request<'_>, hit: Hit<'_>) {
    let key = if request.action.tells_key() { request.key.name } else { b"" };
    reply::item(out, request.to, key, hit);
}

fn miss(cx: &mut Cx<'_>, request: &Request<'_>) {
    let to = request.to;
    if is_quiet(to.opcode) {
        return;
    }
    if request.action.tells_key() {
        return reply::miss_with_key(cx.out, to, request.key.name);
    }
    reply::error(cx.out, to, Status::NotFound);
}

/// Runs a store; big values come shared.
pub(super) fn store(cx: &mut Cx<'_>, request: &Request<'_>, mode: Mode, value: NewValue<'_>) {
    let has_cas = cx.server.settings.cas;
    let compare = (request.cas != 0 && has_cas).then_some(request.cas);
    let store = Store {
        key: request.key,
        // Where there is a number to compare, there has to be an item.
        mode: if mode == Mode::Add && compare.is_some() { Mode::Replace } else { mode },
        client_flags: request.client_flags(),
        exptime: request.exptime(),
        compare,
        wants_cas: has_cas,
        more: More::default(),
    };
    let status = match (ops::store(cx, &store, value), mode) {
        (Stored::Done { cas, .. }, _) => return done(cx, request.to, cas),
        (Stored::Declined, Mode::Add) | (Stored::CasMismatch, _) => Status::Exists,
        (Stored::Declined, Mode::Replace) | (Stored::Missing, _) => Status::NotFound,
        (Stored::Declined, _) => Status::NotStored,
        (Stored::NoMemory, _) => return no_memory(cx, request, NO_MEMORY_FOR_ITEM),
    };
    reply::error(cx.out, request.to, status);
}

fn delete(cx: &mut Cx<'_>, request: &Request<'_>) {
    let compare = (request.cas != 0).then_some(request.cas);
    match ops::remove(cx, request.key, compare) {
        Removed::Done => done(cx, request.to, 0),
        Removed::Missing => reply::error(cx.out, request.to, Status::NotFound),
        Removed::CasMismatch => reply::error(cx.out, request.to, Status::Exists),
    }
}

fn sum(cx: &mut Cx<'_>, request: &Request<'_>, sign: Sign) {
    let to = request.to;
    let sum = Arithmetic {
        key: request.key,
        sign,
        delta: request.delta(),
        compare: (request.cas != 0).then_some(request.cas),
        wants_cas: cx.server.settings.cas,
        initial: request.initial(),
        more: MoreSum::default(),
    };
    let status = match ops::arithmetic(cx, &sum) {
        Summed::Done(_) if is_quiet(to.opcode) => return,
        Summed::Done(it) => {
            return reply::data(cx.out, to, it.cas, &it.value.to_be_bytes());
        }
        Summed::Missing => Status::NotFound,
        Summed::CasMismatch => Status::Exists,
        Summed::NonNumeric => return refuse(cx, to, request.action, Status::NonNumeric),
        Summed::NoMemory => return no_memory(cx, request, NO_MEMORY_FOR_SUM),
    };
    reply::error(cx.out, to, status);
}

fn no_memory(cx: &mut Cx<'_>, request: &Request<'_>, words: &[u8]) {
    cx.count_error(request.action.verb());
    reply::error_in_words(cx.out, request.to, Status::OutOfMemory, words);
}

fn flush(cx: &mut Cx<'_>, request: &Request<'_>) {
    match admin::flush(cx, Some(request.exptime())) {
        Ok(_) => done(cx, request.to, 0),
        // As memcached says it.
        Err(_) => refuse(cx, request.to, request.action, Status::AuthError),
    }
}

const NO_MEMORY_FOR_ITEM: &[u8] = b"Out of memory allocating item";
const NO_MEMORY_FOR_SUM: &[u8] = b"Out of memory incrementing value";
