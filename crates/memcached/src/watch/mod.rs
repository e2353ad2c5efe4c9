//! `watch`: connections that are told what others do.
//!
//! While nobody watches, a command costs one look at a flag. An event becomes a line for each
//! watcher of its class at once, in a buffer of its own that his connection fetches; a buffer that
//! is full loses lines, and the watcher is told how many.

mod events;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use tandem_engine::Output;

use crate::clients::ClientHandle;
use crate::error::Error;
use crate::reply;
use crate::request::{Request, Tell};
use crate::run::{After, Cx};
use crate::server::Server;
use crate::words::Words;

pub(crate) use crate::watch::events::{Evictions, Stored};

/// More watchers than this are turned away, as by memcached.
const WATCHERS_MAX: usize = 20;

/// Lines that wait for one watcher, in bytes: memcached's `watcher_logbuf_size`.
pub(crate) const BUFFER_BYTES_MAX: usize = 256 << 10;

/// What can be watched, a bit each. The last ones are memcached's own: nothing here is of them.
const CLASSES: &[(&[u8], u32)] = &[
    (b"fetchers", FETCHERS),
    (b"mutations", MUTATIONS),
    (b"evictions", EVICTIONS),
    (b"connevents", CONNECTIONS),
    (b"deletions", DELETIONS),
    (b"rawcmds", NOTHING_HERE),
    (b"sysevents", NOTHING_HERE),
    (b"proxyreqs", NOTHING_HERE),
    (b"proxyevents", NOTHING_HERE),
    (b"proxyuser", NOTHING_HERE),
];
const FETCHERS: u32 = 1;
const MUTATIONS: u32 = 2;
const EVICTIONS: u32 = 4;
const CONNECTIONS: u32 = 8;
const DELETIONS: u32 = 16;
const NOTHING_HERE: u32 = 32;

/// Classes of events that commands on items cause.
const OF_COMMANDS: u32 = FETCHERS | MUTATIONS | DELETIONS;

/// All watchers.
#[derive(Default)]
pub(crate) struct Hub {
    /// What anybody watches. Every command reads it, so it has a cache line of its own.
    classes: CachePadded<AtomicU32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watchers: Vec<Watcher>,
    counts: Counts,
    last_number: u64,
    /// The time since the epoch at a reading of the monotonic clock, in microseconds.
    began_us: u64,
    began_ns: u64,
}

struct Watcher {
    handle: Arc<ClientHandle>,
    classes: u32,
    lines: Vec<u8>,
    /// Lines lost since the last that was taken.
    n_skipped: u64,
}

/// What `stats` tells of watchers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Events that somebody watched.
    pub(crate) written: u64,
    /// Lines lost by slow watchers.
    pub(crate) skipped: u64,
    /// Lines given to watchers.
    pub(crate) sent: u64,
}

/// How a request to watch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joined {
    Done,
    TooMany,
}

impl Hub {
    /// True while an event of one of these classes has somebody to hear of it.
    #[inline]
    fn hears(&self, classes: u32) -> bool {
        self.classes.load(Relaxed) & classes != 0
    }

    fn join(&self, watcher: Watcher, now_ms: u64, clock_ns: u64) -> Joined {
        let mut state = self.state.lock();
        if state.watchers.len() >= WATCHERS_MAX {
            return Joined::TooMany;
        }
        state.began_us = now_ms * 1000;
        state.began_ns = clock_ns;
        watcher.handle.watches();
        state.watchers.push(watcher);
        self.look_again(&state);
        Joined::Done
    }

    fn leave(&self, id: u64) {
        let mut state = self.state.lock();
        state.watchers.retain(|it| it.handle.id != id);
        self.look_again(&state);
    }

    fn look_again(&self, state: &State) {
        let classes = state.watchers.iter().fold(0, |all, it| all | it.classes);
        self.classes.store(classes, Relaxed);
    }

    /// Tells everybody who watches `class`. `write` makes the line without its head and end.
    fn tell(&self, class: u32, now_ns: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state.lock();
        state.last_number += 1;
        state.counts.written += 1;
        let us = state.began_us + now_ns.saturating_sub(state.began_ns) / 1000;
        let (s, us, number) = (us / 1_000_000, us % 1_000_000, state.last_number);
        let mut line = Vec::with_capacity(LINE_BYTES);
        // Writing to a vector does not fail. memcached writes the microseconds unpadded.
        let _ = write!(line, "ts={s}.{us} gid={number} ");
        write(&mut line);
        line.push(b'\n');
        let State { watchers, counts, .. } = &mut *state;
        for watcher in watchers.iter_mut().filter(|it| it.classes & class != 0) {
            watcher.take(&line, counts);
        }
    }

    /// Moves the lines that wait for a watcher.
    fn fetch(&self, id: u64, out: &mut Output) {
        let mut state = self.state.lock();
        if let Some(it) = state.watchers.iter_mut().find(|it| it.handle.id == id) {
            out.put(&it.lines);
            // Not kept: most watchers have little to read most of the time.
            it.lines = Vec::new();
            it.handle.has_news_no_more();
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    pub(crate) fn n_watchers(&self) -> usize {
        self.state.lock().watchers.len()
    }

    pub(crate) fn reset_counts(&self) {
        self.state.lock().counts = Counts::default();
    }
}

impl Watcher {
    fn take(&mut self, line: &[u8], counts: &mut Counts) {
        let mut told = Vec::new();
        if self.n_skipped > 0 {
            let _ = writeln!(told, "skipped={}", self.n_skipped);
        }
        if self.lines.len() + told.len() + line.len() > BUFFER_BYTES_MAX {
            self.n_skipped += 1;
            counts.skipped += 1;
            return;
        }
        self.n_skipped = 0;
        counts.sent += 1;
        let was_empty = self.lines.is_empty();
        self.lines.extend_from_slice(&told);
        self.lines.extend_from_slice(line);
        if was_empty {
            self.handle.has_news_now();
        }
    }
}

/// Runs `watch <class>*`. Everything that the connection sends from then on is ignored.
pub(crate) fn join(cx: &mut Cx<'_>, request: &Request<'_>, place: Pipelined) -> After {
    match classes_of(cx, request, place) {
        Ok(classes) => {
            let handle = Arc::clone(cx.handle);
            let watcher = Watcher { handle, classes, lines: Vec::new(), n_skipped: 0 };
            let now_ns = (cx.server.clock_ns)();
            if cx.server.hub.join(watcher, cx.now_ms, now_ns) == Joined::Done {
                cx.server.listen_for_watchers();
                cx.out.put(reply::OK);
                return After::Watch;
            }
            cx.refuse(Some(request.verb), Tell::Outcome, Error::TooManyWatchers);
        }
        Err(error) => cx.refuse(Some(request.verb), request.tell, error),
    }
    After::Stay
}

/// Whether other commands came before in the same turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipelined {
    No,
    Yes,
}

fn classes_of(cx: &Cx<'_>, request: &Request<'_>, place: Pipelined) -> Result<u32, Error> {
    if !cx.server.settings.watch || cx.handle.aside.has_datagrams() {
        return Err(Error::WatchNotAllowed);
    }
    if place == Pipelined::Yes {
        return Err(Error::WatchPipelined);
    }
    let words = Words::of(request.data);
    if words.n == 0 {
        return Ok(FETCHERS);
    }
    let mut classes = 0;
    for word in request.data.split(|it| *it == b' ').filter(|it| !it.is_empty()) {
        let class = CLASSES.iter().find(|(name, _)| *name == word);
        classes |= class.ok_or(Error::UnknownCommand)?.1;
    }
    Ok(classes)
}

/// What a watcher's connection does at each turn.
pub(crate) fn advance(cx: &mut Cx<'_>) {
    cx.server.hub.fetch(cx.handle.id, cx.out);
}

impl Server {
    /// Has the engine tell of evictions while somebody watches them.
    fn listen_for_watchers(&self) {
        self.keyspace.listen(self.hub.hears(EVICTIONS));
    }

    /// Ends a connection's watching.
    pub(crate) fn stop_watching(&self, handle: &ClientHandle) {
        if handle.is_watching() {
            self.hub.leave(handle.id);
            self.listen_for_watchers();
        }
    }
}

/// Most lines are shorter.
const LINE_BYTES: usize = 160;

#[cfg(test)]
mod tests;
