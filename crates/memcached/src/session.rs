//! One connection: bytes in, bytes out.

use std::sync::Arc;

use bytes::{Buf, BytesMut};
use smallvec::SmallVec;
use tandem_engine::{KeyHash, Mark, Output};

use crate::arriving::Arriving;
use crate::auth::{self, Introduction, Trust};
use crate::big::{self, Block};
use crate::binary;
use crate::clients::{ClientHandle, ConnectionInfo};
use crate::error::Error;
use crate::meta;
use crate::parse::{self, NextKey, Parsed, Retrieval, Rules};
use crate::request::{Entry, Place, Refusal, Request, Tell};
use crate::run::{self, After, Cx};
use crate::server::{DATABASE, Server};
use crate::settings::{Protocol, Settings};
use crate::stats::WorkerStats;
use crate::walk::{Progress, Walk};
use crate::watch::{self, Pipelined};

/// A session asks to be written once this much waits in its output.
pub const OUTPUT_SOFT_MAX: usize = 256 << 10;

/// Commands that are parsed and prefetched before the first of them runs; enough to hide the
/// memory's latency, few enough to stay in the first-level cache.
pub(crate) const BATCH_MAX: usize = 64;

/// What the connection loop does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All whole commands are answered. At least `need` more bytes complete the next one (a hint
    /// to reserve for big values; 0 is unknown). While a value is awaited `input` has room for
    /// it: reserving beyond what is spare would copy it.
    ReadMore { need: usize },
    /// Write the output, then advance again.
    Write,
    /// Write the output, let other connections have their turn, then advance again.
    Yield,
    /// Write the output, then close.
    Close,
}

/// One connection of this front end.
pub struct Session {
    server: Arc<Server>,
    worker: Arc<WorkerStats>,
    handle: Arc<ClientHandle>,
    talk: Talk,
}

/// What a connection speaks, which its first byte tells.
enum Talk {
    Nothing,
    Text(State),
    Binary(binary::State),
}

/// Where a connection of the text protocol stands between two turns.
struct State {
    expects: Expects,
    trust: Trust,
    /// Where the answer to the retrieval line at hand begins, while nothing of it is written.
    line_start: Option<Mark>,
}

/// What the next bytes of the input are.
enum Expects {
    Command,
    /// More keys of a retrieval line.
    Keys(Retrieval),
    /// So many bytes of a value that nobody wants.
    Skipped(usize),
    /// The rest of a line that nobody wants.
    SkippedLine,
    /// A value too big for the batch, its line end included.
    Value(Box<Arriving>),
    /// Nothing, until a command is through that goes on over many turns.
    Walk(Box<Walk>),
    /// Nothing: the connection hears of events, and what it sends is ignored.
    Nothing,
}

/// Why a batch is not longer.
enum Cut {
    Full,
    NeedMore(usize),
    /// The big store whose line comes next.
    Big(Box<Arriving>),
    /// The last command may go on over many turns.
    Last,
    Nonsense,
}

type Batch<'a> = SmallVec<[Entry<'a>; BATCH_MAX]>;

impl Session {
    pub fn new(server: Arc<Server>, worker: Arc<WorkerStats>, peer: ConnectionInfo) -> Session {
        let handle = server.clients.open(peer);
        server.watch_opened(&handle);
        Session { server, worker, handle, talk: Talk::Nothing }
    }

    /// This connection in the registry: kill flag, waker, byte counts.
    pub fn handle(&self) -> &Arc<ClientHandle> {
        &self.handle
    }

    /// The counters of the worker that this session runs on.
    pub fn worker(&self) -> &WorkerStats {
        &self.worker
    }

    /// Begins anew, as if nothing had arrived yet.
    pub(crate) fn forget(&mut self) {
        self.talk = Talk::Nothing;
    }

    /// Answers a request whose answer is more than may be sent.
    pub(crate) fn refuse_answer(&self, request: &[u8], out: &mut Output) {
        match &self.talk {
            Talk::Binary(_) => binary::refuse_answer(request, out),
            _ => out.put(Error::TooMuchForDatagram.line()),
        }
    }

    /// Looks at what `advance` will run. When that is one command with one key, the key's place in
    /// the table is fetched and its database and hash are returned, so that the caller can
    /// `fetch` the item too before it advances.
    pub fn look_ahead(&self, input: &[u8]) -> Option<(u32, KeyHash)> {
        let first = *input.first()?;
        let rules = self.server.rules();
        let hash = match &self.talk {
            Talk::Nothing => Talk::begun_with(first, rules.settings).look_ahead(input, rules)?,
            talk => talk.look_ahead(input, rules)?,
        };
        rules.keyspace.prefetch_slot(DATABASE, hash);
        Some((DATABASE, hash))
    }

    /// Fetches the item of a key for which `look_ahead` fetched the place, here or in another
    /// session of this front end.
    pub fn fetch(&self, db: u32, hash: KeyHash) {
        self.server.keyspace.prefetch_item(db, hash);
    }

    /// Runs the whole commands at the start of `input`, consuming them. For a big value `input`
    /// may be exchanged for a buffer of the value's size.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        self.server.flush_if_due(now_ms);
        self.handle.was_active(now_ms);
        let (server, worker, handle) = (&*self.server, &*self.worker, &self.handle);
        let mut cx = Cx { server, worker, handle, out, now_ms, walk: None };
        if let (Talk::Nothing, Some(first)) = (&self.talk, input.first()) {
            self.talk = Talk::begun_with(*first, &self.server.settings);
        }
        self.talk.advance(input, &mut cx)
    }
}

impl Talk {
    fn begun_with(first: u8, settings: &Settings) -> Talk {
        let is_binary = match settings.protocol {
            Protocol::Auto => first == binary::MAGIC,
            Protocol::Ascii => false,
            Protocol::Binary => true,
        };
        if is_binary {
            return Talk::Binary(binary::State::new(Trust::where_needed(settings.sasl)));
        }
        let trust = Trust::where_needed(settings.auth_file.is_some());
        Talk::Text(State { expects: Expects::Command, trust, line_start: None })
    }

    fn look_ahead(&self, input: &[u8], rules: Rules<'_>) -> Option<KeyHash> {
        match self {
            Talk::Nothing => None,
            Talk::Text(state) => state.look_ahead(input, rules),
            Talk::Binary(state) => state.look_ahead(input, rules),
        }
    }

    fn advance(&mut self, input: &mut BytesMut, cx: &mut Cx<'_>) -> Step {
        match self {
            Talk::Nothing => Step::ReadMore { need: 0 },
            Talk::Text(state) => state.advance(input, cx),
            Talk::Binary(state) => state.advance(input, cx),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.server.stop_watching(&self.handle);
        self.server.watch_closed(&self.handle);
        self.server.clients.close(self.handle.id);
    }
}

impl State {
    /// The hash of the one key that the whole input, a single command, will look up.
    fn look_ahead(&self, input: &[u8], rules: Rules<'_>) -> Option<KeyHash> {
        if !matches!(self.expects, Expects::Command) || self.trust == Trust::None {
            return None;
        }
        let Parsed::Whole { entry, len } = parse::command(input, rules) else { return None };
        let key = entry.key().filter(|it| len == input.len() && !it.name.is_empty())?;
        Some(key.hash)
    }

    /// Not part of the function that both protocols begin in, which would be too big to stay quick.
    #[inline(never)]
    fn advance(&mut self, input: &mut BytesMut, cx: &mut Cx<'_>) -> Step {
        // What the last turn wrote may have left already.
        self.line_start = None;
        if matches!(self.expects, Expects::Nothing) {
            input.clear();
            watch::advance(cx);
            return Step::ReadMore { need: 0 };
        }
        if self.trust == Trust::None {
            match auth::introduce(input, cx) {
                Introduction::Done => self.trust = Trust::Full,
                Introduction::NeedMore(need) => return Step::ReadMore { need },
                Introduction::Nonsense => return Step::Close,
            }
        }
        loop {
            if let Expects::Value(store) = &self.expects {
                let need = store.block_bytes();
                if input.len() < need {
                    return Step::ReadMore { need: need - input.len() };
                }
                self.take_value(input, cx);
            }
            if cx.out.len() >= OUTPUT_SOFT_MAX {
                return Step::Write;
            }
            if let Expects::Walk(walk) = &mut self.expects {
                if walk.step(cx) == Progress::More {
                    return Step::Yield;
                }
                self.expects = Expects::Command;
            }
            let mut batch = Batch::new();
            let (len, cut) = self.fill(&mut batch, input, cx.server);
            let after = self.run_batch(&batch, cx);
            drop(batch);
            input.advance(len);
            match (after, cut) {
                (After::Watch, _) => {
                    input.clear();
                    self.expects = Expects::Nothing;
                    return Step::ReadMore { need: 0 };
                }
                (After::Close, _) => return Step::Close,
                (_, Cut::Nonsense) => {
                    cx.handle.fails();
                    return Step::Close;
                }
                (_, Cut::NeedMore(need)) => return Step::ReadMore { need },
                (_, Cut::Big(store)) => {
                    big::make_room(input, store.block_bytes());
                    self.expects = Expects::Value(store);
                }
                (_, Cut::Full) => {}
                (_, Cut::Last) => {
                    if let Some(walk) = cx.walk.take() {
                        self.expects = Expects::Walk(walk);
                    }
                }
            }
        }
    }

    /// Parses commands until the batch is full. Returns the bytes they took and what ended it.
    fn fill<'a>(
        &mut self,
        batch: &mut Batch<'a>,
        input: &'a [u8],
        server: &Server,
    ) -> (usize, Cut) {
        let rules = server.rules();
        let mut at = 0;
        while batch.len() < BATCH_MAX {
            let rest = &input[at..];
            if rest.is_empty() {
                return (at, Cut::NeedMore(0));
            }
            let (len, cut) = match self.expects {
                Expects::Command => self.parse_command(batch, rest, rules),
                Expects::Keys(line) => self.parse_key(batch, rest, line, rules),
                Expects::Skipped(n) => (self.skip(n, rest), None),
                Expects::SkippedLine => (self.skip_line(rest), None),
                Expects::Value(_) | Expects::Walk(_) | Expects::Nothing => {
                    unreachable!("a batch ends where one of these begins")
                }
            };
            at += len;
            if let Some(cut) = cut {
                return (at, cut);
            }
        }
        (at, Cut::Full)
    }

    fn parse_command<'a>(
        &mut self,
        batch: &mut Batch<'a>,
        rest: &'a [u8],
        rules: Rules<'_>,
    ) -> (usize, Option<Cut>) {
        match parse::command(rest, rules) {
            Parsed::Whole { entry, len } => {
                prefetch(&entry, rules);
                batch.push(entry);
                (len, None)
            }
            Parsed::Last { entry, len } => {
                batch.push(entry);
                (len, Some(Cut::Last))
            }
            Parsed::Keys { line, len } => {
                self.expects = Expects::Keys(line);
                (len, None)
            }
            Parsed::SkipValue { entry, len, skip } => {
                batch.push(entry);
                self.expects = Expects::Skipped(skip);
                (len, None)
            }
            Parsed::SkipLine { entry, len } => {
                batch.push(entry);
                self.expects = Expects::SkippedLine;
                (len, None)
            }
            Parsed::BigValue { entry, len, value_bytes } => {
                let store = Arriving::of(&entry, value_bytes);
                (len, store.map(|it| Cut::Big(Box::new(it))))
            }
            Parsed::NeedMore { need } => (0, Some(Cut::NeedMore(need))),
            Parsed::Nonsense => (0, Some(Cut::Nonsense)),
        }
    }

    fn parse_key<'a>(
        &mut self,
        batch: &mut Batch<'a>,
        rest: &'a [u8],
        line: Retrieval,
        rules: Rules<'_>,
    ) -> (usize, Option<Cut>) {
        match parse::next_key(rest, line, rules) {
            NextKey::Key { entry, len } => {
                prefetch(&entry, rules);
                batch.push(entry);
                self.expects = Expects::Keys(Retrieval { place: Place::Later, ..line });
                (len, None)
            }
            NextKey::End { len } => {
                batch.push(Entry::EndOfKeys);
                self.expects = Expects::Command;
                (len, None)
            }
            NextKey::TooLong => {
                batch.push(Entry::BadKeyInLine(line.verb));
                self.expects = Expects::SkippedLine;
                (0, None)
            }
            NextKey::NeedMore => (0, Some(Cut::NeedMore(0))),
        }
    }

    fn skip(&mut self, n: usize, rest: &[u8]) -> usize {
        let len = n.min(rest.len());
        self.expects = if len < n { Expects::Skipped(n - len) } else { Expects::Command };
        len
    }

    fn skip_line(&mut self, rest: &[u8]) -> usize {
        let Some(end) = memchr::memchr(b'\n', rest) else { return rest.len() };
        self.expects = Expects::Command;
        end + 1
    }

    fn run_batch(&mut self, batch: &[Entry<'_>], cx: &mut Cx<'_>) -> After {
        if batch.len() > 1 {
            for key in batch.iter().filter_map(Entry::key) {
                cx.server.keyspace.prefetch_item(DATABASE, key.hash);
            }
        }
        for entry in batch {
            match entry {
                Entry::Run(request) => {
                    let mut after = self.run(cx, request);
                    if after == After::Watch {
                        let is_first = std::ptr::eq(entry, &raw const batch[0]);
                        let has_answered = !is_first || !cx.out.is_empty();
                        let place = if has_answered { Pipelined::Yes } else { Pipelined::No };
                        after = watch::join(cx, request, place);
                    }
                    if after != After::Stay {
                        return after;
                    }
                }
                Entry::Meta(request) => cx.counted(request.verb, |cx| meta::run(cx, request)),
                Entry::EndOfKeys => {
                    self.line_start = None;
                    cx.out.put(crate::reply::END);
                }
                Entry::BadKeyInLine(verb) => {
                    if let Some(mark) = self.line_start.take() {
                        cx.out.truncate(mark);
                    }
                    cx.refuse(Some(*verb), Tell::Outcome, Error::BadFormat);
                }
                Entry::Refused(refusal) => refuse(cx, refusal),
            }
        }
        After::Stay
    }

    /// Runs one request and counts it.
    fn run(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) -> After {
        if request.place == Place::First {
            self.line_start = Some(cx.out.mark());
        }
        cx.counted(request.verb, |cx| run::run(cx, request))
    }

    /// Stores a big value that has arrived.
    fn take_value(&mut self, input: &mut BytesMut, cx: &mut Cx<'_>) {
        let Expects::Value(store) = std::mem::replace(&mut self.expects, Expects::Command) else {
            return;
        };
        let block = Block::take(input, store.block_bytes());
        store.store(block, cx);
    }
}

/// Fetches the table line that an entry will look at, while the next ones are parsed.
fn prefetch(entry: &Entry<'_>, rules: Rules<'_>) {
    if let Some(key) = entry.key() {
        rules.keyspace.prefetch_slot(DATABASE, key.hash);
    }
}

fn refuse(cx: &mut Cx<'_>, refusal: &Refusal<'_>) {
    let Refusal { error, verb, tell, too_large } = *refusal;
    match (error, verb, too_large) {
        (Error::BadDataChunk, Some(verb), _) => cx.refuse_data(verb, tell),
        (_, Some(verb), Some(it)) => run::refuse_too_large(cx, verb, tell, it),
        _ => cx.refuse(verb, tell, error),
    }
}
