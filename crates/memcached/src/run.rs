//! Executes requests on the engine.

use tandem_engine::{Error as EngineError, Expire, Key, NewValue, Output, SetOptions, SetOutcome};
use tandem_engine::{Str, Value, View, When};

use crate::admin;
use crate::commands::Verb;
use crate::error::Error;
use crate::number;
use crate::prefixes::PrefixCounts;
use crate::reply::{self, Found, LINE_END, LINE_END_AND_END};
use crate::request::{Place, Request, Tell};
use crate::server::Server;
use crate::stats::WorkerStats;
use crate::walk::Walk;

/// An expiry of more seconds than these 30 days is a time since the epoch.
const RELATIVE_SECONDS_MAX: i32 = 60 * 60 * 24 * 30;

/// A time that has always passed.
const LONG_AGO_MS: u64 = 1;

/// Digits of 2^64.
const DIGITS_MAX: usize = 20;

/// What a request runs on.
pub(crate) struct Cx<'a> {
    pub(crate) server: &'a Server,
    pub(crate) worker: &'a WorkerStats,
    pub(crate) out: &'a mut Output,
    pub(crate) now_ms: u64,
    /// What the command at hand still has to do, over further turns.
    pub(crate) walk: Option<Box<Walk>>,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Stay,
    Close,
}

impl<'a> Cx<'a> {
    fn view(&self, request: &Request<'_>) -> View<'a> {
        self.server.keyspace.view(request.key, self.now_ms)
    }

    pub(crate) fn tell(&mut self, tell: Tell, line: &[u8]) {
        if tell == Tell::Outcome {
            self.out.put(line);
        }
    }

    /// Answers with an error line.
    pub(crate) fn refuse(&mut self, verb: Option<Verb>, tell: Tell, error: Error) {
        if let Some(verb) = verb {
            self.worker.command(verb).errors.add(1);
        }
        self.tell(tell, error.line());
    }

    /// Answers a store whose value does not end where it should.
    pub(crate) fn refuse_data(&mut self, verb: Verb, tell: Tell) {
        self.worker.stores.add(1);
        self.refuse(Some(verb), tell, Error::BadDataChunk);
    }

    fn count_prefix(&self, request: &Request<'_>, add: impl FnOnce(&mut PrefixCounts)) {
        if self.server.counts_prefixes() {
            let delimiter = self.server.settings.prefix_delimiter;
            self.server.prefixes.count(request.key.name, delimiter, add);
        }
    }
}

/// Runs a request whole.
pub(crate) fn run(cx: &mut Cx<'_>, request: &Request<'_>) -> After {
    match request.verb {
        Verb::Get | Verb::Gets | Verb::Gat | Verb::Gats => retrieve(cx, request),
        Verb::Set | Verb::Add | Verb::Replace | Verb::Cas | Verb::Append | Verb::Prepend => {
            store(cx, request, NewValue::Copied(request.data));
        }
        Verb::Delete => delete(cx, request),
        Verb::Incr | Verb::Decr => arithmetic(cx, request),
        Verb::Touch => touch(cx, request),
        _ => return admin::run(cx, request),
    }
    After::Stay
}

/// Runs a store; big values come shared.
pub(crate) fn store(cx: &mut Cx<'_>, request: &Request<'_>, value: NewValue<'_>) {
    cx.worker.stores.add(1);
    cx.count_prefix(request, |it| it.sets += 1);
    if cx.server.keyspace.make_room(cx.now_ms).is_err() {
        return refuse_store(cx, request.verb, request.tell, request.key, Error::NoMemoryStoring);
    }
    let when = match request.verb {
        Verb::Add => When::Absent,
        Verb::Replace => When::Present,
        Verb::Cas => When::CasIs(request.number),
        Verb::Append | Verb::Prepend => return extend(cx, request, &value),
        _ => When::Always,
    };
    let expire = match expiry(request.exptime, cx.now_ms) {
        Some(at_ms) => Expire::AtMs(at_ms),
        None => Expire::Never,
    };
    let options = SetOptions { when, expire, client_flags: request.client_flags };
    let outcome = cx.view(request).set(request.key, value, options);
    if request.verb == Verb::Cas {
        count_cas(cx, outcome);
    }
    cx.tell(
        request.tell,
        match outcome {
            SetOutcome::Stored => reply::STORED,
            SetOutcome::NotStored => reply::NOT_STORED,
            SetOutcome::Missing => reply::NOT_FOUND,
            SetOutcome::CasMismatch => reply::EXISTS,
        },
    );
}

fn count_cas(cx: &Cx<'_>, outcome: SetOutcome) {
    match outcome {
        SetOutcome::Stored => cx.worker.cas_hits.add(1),
        SetOutcome::Missing => cx.worker.cas_misses.add(1),
        SetOutcome::CasMismatch | SetOutcome::NotStored => cx.worker.cas_badval.add(1),
    }
}

/// Refuses a store before or instead of its value. A `set` that fails takes the old value with
/// it: a client that meant to replace it must not read it again.
pub(crate) fn refuse_store(cx: &mut Cx<'_>, verb: Verb, tell: Tell, key: Key<'_>, error: Error) {
    match error {
        Error::TooLarge => cx.worker.store_too_large.add(1),
        _ => cx.worker.store_no_memory.add(1),
    }
    if verb == Verb::Set {
        cx.server.keyspace.view(key, cx.now_ms).remove(key);
    }
    cx.refuse(Some(verb), tell, error);
}

/// `append` and `prepend`: flags and expiry stay as they are.
fn extend(cx: &mut Cx<'_>, request: &Request<'_>, value: &NewValue<'_>) {
    let added = value.as_slice();
    let mut view = cx.view(request);
    let flags = view.peek(request.key).map_or(0, |it| it.client_flags);
    let Ok(Some(mut old)) = view.edit::<Str>(request.key) else {
        return cx.tell(request.tell, reply::NOT_STORED);
    };
    let bytes = old.len() + added.len();
    if !cx.server.settings.item_fits(request.key.name.len(), flags, bytes) {
        return cx.tell(request.tell, reply::NOT_STORED);
    }
    if request.verb == Verb::Append {
        old.append(added);
    } else {
        old.prepend(added);
    }
    cx.tell(request.tell, reply::STORED);
}

/// One key of `get`, `gets`, `gat` or `gats`.
fn retrieve(cx: &mut Cx<'_>, request: &Request<'_>) {
    let is_found = tell_value(cx, request);
    let worker = cx.worker;
    if is_found {
        worker.get_hits.add(1);
    } else {
        worker.get_misses.add(1);
    }
    // They are counted as both.
    if request.verb.sets_expiry() {
        let touches = if is_found { &worker.touch_hits } else { &worker.touch_misses };
        touches.add(1);
    }
    cx.count_prefix(request, |it| {
        it.gets += 1;
        it.hits += u64::from(is_found);
    });
    if request.place == Place::Only && !is_found {
        cx.out.put(reply::END);
    }
}

/// Writes the item, if there is one. A value of a type that memcached does not know is none.
fn tell_value(cx: &mut Cx<'_>, request: &Request<'_>) -> bool {
    let mut view = cx.view(request);
    let mut cas = None;
    if request.verb.tells_cas() {
        cas = Some(if cx.server.settings.cas { view.cas(request.key).unwrap_or(0) } else { 0 });
    }
    let Some(item) = view.read(request.key) else { return false };
    let Value::String(value) = item.value else { return false };
    let found = Found { key: request.key.name, value, client_flags: item.client_flags, cas };
    let end = if request.place == Place::Only { LINE_END_AND_END } else { LINE_END };
    reply::value(cx.out, found, end);
    if request.verb.sets_expiry() {
        view.set_expire(request.key, expiry(request.exptime, cx.now_ms));
    }
    true
}

fn delete(cx: &mut Cx<'_>, request: &Request<'_>) {
    cx.count_prefix(request, |it| it.deletes += 1);
    if cx.view(request).remove(request.key) {
        cx.worker.delete_hits.add(1);
        return cx.tell(request.tell, reply::DELETED);
    }
    cx.worker.delete_misses.add(1);
    cx.tell(request.tell, reply::NOT_FOUND);
}

fn touch(cx: &mut Cx<'_>, request: &Request<'_>) {
    let at_ms = expiry(request.exptime, cx.now_ms);
    if cx.view(request).set_expire(request.key, at_ms) {
        cx.worker.touch_hits.add(1);
        return cx.tell(request.tell, reply::TOUCHED);
    }
    cx.worker.touch_misses.add(1);
    cx.tell(request.tell, reply::NOT_FOUND);
}

/// `incr` and `decr`. The value keeps its length, padded with spaces, unless the number has
/// outgrown it; flags and expiry stay.
fn arithmetic(cx: &mut Cx<'_>, request: &Request<'_>) {
    let room = cx.server.keyspace.make_room(cx.now_ms);
    let (verb, tell) = (request.verb, request.tell);
    let mut view = cx.view(request);
    let mut value = match view.edit::<Str>(request.key) {
        Ok(Some(value)) => value,
        Ok(None) => return miss_arithmetic(cx, request),
        Err(_) => return cx.refuse(Some(verb), tell, Error::NonNumeric),
    };
    let Some(old) = number::loose_u64(&value) else {
        return cx.refuse(Some(verb), tell, Error::NonNumeric);
    };
    let new = if verb == Verb::Incr {
        old.wrapping_add(request.number)
    } else {
        old.saturating_sub(request.number)
    };
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(new).as_bytes();
    if digits.len() > value.len() && room == Err(EngineError::OutOfMemory) {
        return cx.refuse(Some(verb), tell, Error::NoMemory);
    }
    let padded_len = value.len().max(digits.len());
    if padded_len <= DIGITS_MAX {
        let mut padded = [b' '; DIGITS_MAX];
        padded[..digits.len()].copy_from_slice(digits);
        value.replace(&padded[..padded_len]);
    } else {
        let mut padded = vec![b' '; padded_len];
        padded[..digits.len()].copy_from_slice(digits);
        value.replace(&padded);
    }
    drop(value);
    let hits = if verb == Verb::Incr { &cx.worker.incr_hits } else { &cx.worker.decr_hits };
    hits.add(1);
    if tell == Tell::Outcome {
        cx.out.put(digits);
        cx.out.put(b"\r\n");
    }
}

fn miss_arithmetic(cx: &mut Cx<'_>, request: &Request<'_>) {
    let is_incr = request.verb == Verb::Incr;
    let misses = if is_incr { &cx.worker.incr_misses } else { &cx.worker.decr_misses };
    misses.add(1);
    cx.tell(request.tell, reply::NOT_FOUND);
}

/// When an item expires, in milliseconds since the epoch. Zero is never, below zero is at once,
/// up to thirty days counts from now, above it is a time of its own.
pub(crate) fn expiry(exptime: i32, now_ms: u64) -> Option<u64> {
    match exptime {
        0 => None,
        ..0 => Some(LONG_AGO_MS),
        1..=RELATIVE_SECONDS_MAX => Some(now_ms + exptime.unsigned_abs() as u64 * 1000),
        _ => Some(exptime.unsigned_abs() as u64 * 1000),
    }
}
