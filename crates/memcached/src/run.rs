//! Runs requests of the classic text protocol: an operation each, and its answer in words.

use std::sync::Arc;

use tandem_engine::{Key, NewValue, Output, View};

use crate::admin;
use crate::clients::ClientHandle;
use crate::commands::Verb;
use crate::discovery;
use crate::error::Error;
use crate::ops::Unstorable;
use crate::ops::{
    self, Arithmetic, Mode, More, MoreSum, Read, Removed, Sign, Store, Stored, Summed,
};
use crate::prefixes::PrefixCounts;
use crate::reply::{self, Found};
use crate::request::{Place, Request, Tell, TooLarge};
use crate::server::Server;
use crate::stats::WorkerStats;
use crate::walk::Walk;

/// What a request runs on.
pub(crate) struct Cx<'a> {
    pub(crate) server: &'a Server,
    pub(crate) worker: &'a WorkerStats,
    /// The connection.
    pub(crate) handle: &'a Arc<ClientHandle>,
    pub(crate) out: &'a mut Output,
    pub(crate) now_ms: u64,
    /// What the command at hand still has to do, over further turns. Who runs a command in other
    /// ways than a session of text steps it to its end.
    pub(crate) walk: Option<Box<Walk>>,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Stay,
    /// It hears of events from now on.
    Watch,
    Close,
}

impl<'a> Cx<'a> {
    #[inline]
    pub(crate) fn view(&self, key: Key<'_>) -> View<'a> {
        self.server.keyspace.view(key, self.now_ms)
    }

    /// Runs a command and counts it; of fast ones only some are timed.
    #[inline]
    pub(crate) fn counted<R>(&mut self, verb: Verb, run: impl FnOnce(&mut Self) -> R) -> R {
        let stats = self.worker.command(verb);
        let is_fast = verb.is_fast();
        let is_timed = !is_fast || stats.is_sample();
        stats.calls.add(1);
        if !is_timed {
            return run(self);
        }
        let start_ns = (self.server.clock_ns)();
        let after = run(self);
        let took_ns = (self.server.clock_ns)().saturating_sub(start_ns);
        if is_fast {
            stats.record_sample(took_ns);
        } else {
            stats.latency.record(took_ns, 1);
        }
        after
    }

    pub(crate) fn tell(&mut self, tell: Tell, line: &[u8]) {
        if tell == Tell::Outcome {
            self.out.put(line);
        }
    }

    /// Answers with an error line.
    pub(crate) fn refuse(&mut self, verb: Option<Verb>, tell: Tell, error: Error) {
        self.count_error(verb);
        self.tell(tell, error.line());
    }

    pub(crate) fn count_error(&self, verb: Option<Verb>) {
        if let Some(verb) = verb {
            self.worker.command(verb).errors.add(1);
        }
    }

    /// Answers a store whose value does not end where it should.
    pub(crate) fn refuse_data(&mut self, verb: Verb, tell: Tell) {
        self.worker.stores.add(1);
        self.refuse(Some(verb), tell, Error::BadDataChunk);
    }

    /// The CAS number as clients see it: 0 where it is not known or they are off.
    pub(crate) fn told_cas(&self, cas: Option<u64>) -> u64 {
        cas.filter(|_| self.server.settings.cas).unwrap_or(0)
    }

    #[inline]
    pub(crate) fn count_prefix(&self, key: Key<'_>, add: impl FnOnce(&mut PrefixCounts)) {
        if self.server.counts_prefixes() {
            let delimiter = self.server.settings.prefix_delimiter;
            self.server.prefixes.count(key.name, delimiter, add);
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
    let store = Store {
        key: request.key,
        mode: mode(request.verb),
        client_flags: request.client_flags,
        exptime: request.exptime,
        compare: (request.verb == Verb::Cas).then_some(request.number),
        wants_cas: false,
        more: More::default(),
    };
    let line = match ops::store(cx, &store, value) {
        Stored::Done { .. } => reply::STORED,
        Stored::Declined => reply::NOT_STORED,
        Stored::Missing => reply::NOT_FOUND,
        Stored::CasMismatch => reply::EXISTS,
        Stored::NoMemory => {
            return cx.refuse(Some(request.verb), request.tell, Error::NoMemoryStoring);
        }
    };
    cx.tell(request.tell, line);
}

fn mode(verb: Verb) -> Mode {
    match verb {
        Verb::Add => Mode::Add,
        // A `cas` that fails leaves the old value, as a `replace` does.
        Verb::Replace | Verb::Cas => Mode::Replace,
        Verb::Append => Mode::Append,
        Verb::Prepend => Mode::Prepend,
        _ => Mode::Set,
    }
}

/// Refuses a store whose value is not taken.
pub(crate) fn refuse_too_large(cx: &mut Cx<'_>, verb: Verb, tell: Tell, it: TooLarge<'_>) {
    let why = Unstorable::TooLarge { value_bytes: it.value_bytes };
    ops::refuse_store(cx, mode(verb), it.key, why);
    cx.refuse(Some(verb), tell, Error::TooLarge);
}

/// One key of `get`, `gets`, `gat` or `gats`.
fn retrieve(cx: &mut Cx<'_>, request: &Request<'_>) {
    let read = Read {
        key: request.key,
        touch: request.verb.sets_expiry().then_some(request.exptime),
        wants_cas: request.verb.tells_cas(),
    };
    let is_found = ops::read(cx, &read, |out, hit| {
        let (value, client_flags, cas) = (hit.value, hit.client_flags, hit.cas);
        reply::value(out, Found { key: request.key.name, value, client_flags, cas });
    });
    if !is_found {
        discovery::tell_in_place_of_item(cx, request.key.name);
    }
    if request.place == Place::Only {
        cx.out.put(reply::END);
    }
}

fn delete(cx: &mut Cx<'_>, request: &Request<'_>) {
    let line = match ops::remove(cx, request.key, None) {
        Removed::Done => reply::DELETED,
        Removed::Missing | Removed::CasMismatch => reply::NOT_FOUND,
    };
    cx.tell(request.tell, line);
}

fn touch(cx: &mut Cx<'_>, request: &Request<'_>) {
    let is_found = ops::touch(cx, request.key, request.exptime);
    cx.tell(request.tell, if is_found { reply::TOUCHED } else { reply::NOT_FOUND });
}

fn arithmetic(cx: &mut Cx<'_>, request: &Request<'_>) {
    let sum = Arithmetic {
        key: request.key,
        sign: if request.verb == Verb::Incr { Sign::Plus } else { Sign::Minus },
        delta: request.number,
        compare: None,
        wants_cas: false,
        initial: None,
        more: MoreSum::default(),
    };
    let error = match ops::arithmetic(cx, &sum) {
        Summed::Done(it) if request.tell == Tell::Outcome => {
            return reply::number(cx.out, it.value);
        }
        Summed::Done(_) => return,
        Summed::Missing | Summed::CasMismatch => return cx.tell(request.tell, reply::NOT_FOUND),
        Summed::NonNumeric => Error::NonNumeric,
        Summed::NoMemory => Error::NoMemory,
    };
    cx.refuse(Some(request.verb), request.tell, error);
}
