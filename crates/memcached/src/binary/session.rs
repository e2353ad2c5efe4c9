//! One connection that speaks the binary protocol.

use bytes::{Buf, BytesMut};
use smallvec::SmallVec;
use tandem_engine::KeyHash;

use crate::auth::Trust;
use crate::big::{self, Block};
use crate::binary::frame::{self, Entry, Parsed, Request};
use crate::binary::opcode::{Action, STORE_EXTRAS};
use crate::binary::reply::To;
use crate::binary::run;
use crate::binary::sasl::Sasl;
use crate::binary::stat::{self, Report};
use crate::ops::Mode;
use crate::parse::Rules;
use crate::run::{After, Cx};
use crate::server::{DATABASE, Server};
use crate::session::{BATCH_MAX, OUTPUT_SOFT_MAX, Step};
use crate::walk::Progress;

/// Where a connection stands between two turns.
pub(crate) struct State {
    expects: Expects,
    sasl: Sasl,
}

/// What the next bytes of the input are.
enum Expects {
    Frame,
    /// So many bytes of a value that nobody wants.
    Skipped(usize),
    /// A value too big for the batch.
    Value(Box<BigStore>),
    /// Nothing, until a report is told that takes many turns.
    Report(Box<Report>),
}

/// A store whose value is on its way.
struct BigStore {
    mode: Mode,
    to: To,
    cas: u64,
    extras: SmallVec<[u8; STORE_EXTRAS]>,
    key: Box<[u8]>,
    value_bytes: usize,
}

/// Why a batch is not longer.
enum Cut {
    Full,
    NeedMore(usize),
    /// The big store whose head comes next.
    Big(Box<BigStore>),
    Nonsense,
}

type Batch<'a> = SmallVec<[Entry<'a>; BATCH_MAX]>;

impl State {
    pub(crate) fn new(trust: Trust) -> State {
        State { expects: Expects::Frame, sasl: Sasl::new(trust) }
    }

    /// The hash of the one key that the whole input, a single frame, will look up.
    pub(crate) fn look_ahead(&self, input: &[u8], rules: Rules<'_>) -> Option<KeyHash> {
        if !matches!(self.expects, Expects::Frame) {
            return None;
        }
        let Parsed::Whole { entry, len } = frame::frame(input, rules, self.sasl.trust) else {
            return None;
        };
        entry.key().filter(|_| len == input.len()).map(|it| it.hash)
    }

    /// Not part of the function that both protocols begin in, which would be too big to stay quick.
    #[inline(never)]
    pub(crate) fn advance(&mut self, input: &mut BytesMut, cx: &mut Cx<'_>) -> Step {
        loop {
            if let Expects::Value(store) = &self.expects {
                if input.len() < store.value_bytes {
                    return Step::ReadMore { need: store.value_bytes - input.len() };
                }
                self.take_value(input, cx);
            }
            if cx.out.len() >= OUTPUT_SOFT_MAX {
                return Step::Write;
            }
            if let Expects::Report(report) = &mut self.expects {
                if report.step(cx) == Progress::More {
                    return Step::Yield;
                }
                self.expects = Expects::Frame;
            }
            let mut batch = Batch::new();
            let (len, cut) = self.fill(&mut batch, input, cx.server);
            let after = self.run_batch(&batch, cx);
            drop(batch);
            input.advance(len);
            match (after, cut) {
                (After::Close, _) => return Step::Close,
                (_, Cut::Nonsense) => {
                    cx.handle.fails();
                    return Step::Close;
                }
                (_, Cut::NeedMore(need)) => return Step::ReadMore { need },
                (_, Cut::Big(store)) => {
                    big::make_room(input, store.value_bytes);
                    self.expects = Expects::Value(store);
                }
                (_, Cut::Full) => {}
            }
        }
    }

    /// Parses frames until the batch is full. Returns the bytes they took and what ended it.
    fn fill<'a>(
        &mut self,
        batch: &mut Batch<'a>,
        input: &'a [u8],
        server: &Server,
    ) -> (usize, Cut) {
        let rules = server.rules();
        // What a stranger may do next depends on what becomes of the frame before.
        let n_max = if self.sasl.trust == Trust::Full { BATCH_MAX } else { 1 };
        let mut at = 0;
        while batch.len() < n_max {
            let rest = &input[at..];
            if rest.is_empty() {
                return (at, Cut::NeedMore(0));
            }
            if let Expects::Skipped(n) = self.expects {
                at += self.skip(n, rest);
                continue;
            }
            match frame::frame(rest, rules, self.sasl.trust) {
                Parsed::Whole { entry, len } => {
                    if let Some(key) = entry.key() {
                        rules.keyspace.prefetch_slot(DATABASE, key.hash);
                    }
                    batch.push(entry);
                    at += len;
                    if entry.may_go_on() {
                        return (at, Cut::Full);
                    }
                }
                Parsed::SkipValue { entry, len, skip } => {
                    batch.push(entry);
                    self.expects = Expects::Skipped(skip);
                    at += len;
                }
                Parsed::BigValue { request, mode, len, value_bytes } => {
                    let store = Box::new(BigStore::of(&request, mode, value_bytes));
                    return (at + len, Cut::Big(store));
                }
                Parsed::NeedMore { need } => return (at, Cut::NeedMore(need)),
                Parsed::Nonsense => return (at, Cut::Nonsense),
            }
        }
        (at, Cut::Full)
    }

    fn skip(&mut self, n: usize, rest: &[u8]) -> usize {
        let len = n.min(rest.len());
        self.expects = if len < n { Expects::Skipped(n - len) } else { Expects::Frame };
        len
    }

    fn run_batch(&mut self, batch: &[Entry<'_>], cx: &mut Cx<'_>) -> After {
        if batch.len() > 1 {
            for key in batch.iter().filter_map(Entry::key) {
                cx.server.keyspace.prefetch_item(DATABASE, key.hash);
            }
        }
        for entry in batch {
            if self.run(entry, cx) == After::Close {
                return After::Close;
            }
        }
        After::Stay
    }

    #[inline]
    fn run(&mut self, entry: &Entry<'_>, cx: &mut Cx<'_>) -> After {
        let Entry::Run(request) = entry else { return run::refuse_entry(cx, entry) };
        if request.action.is_sasl() {
            self.sasl.run(cx, request);
            return After::Stay;
        }
        match request.action.verb() {
            Some(verb) if request.action == Action::Stat => cx.counted(verb, |cx| {
                if let Some(report) = stat::begin(cx, request) {
                    self.expects = Expects::Report(report);
                }
                After::Stay
            }),
            Some(verb) => cx.counted(verb, |cx| run::run(cx, request)),
            None => run::run(cx, request),
        }
    }

    /// Stores a big value that has arrived.
    fn take_value(&mut self, input: &mut BytesMut, cx: &mut Cx<'_>) {
        let Expects::Value(store) = std::mem::replace(&mut self.expects, Expects::Frame) else {
            return;
        };
        let value = Block::take(input, store.value_bytes).into_value(store.value_bytes);
        let request = store.request(cx.server);
        if let Some(verb) = request.action.verb() {
            cx.worker.command(verb).calls.add(1);
        }
        run::store(cx, &request, store.mode, value);
    }
}

impl BigStore {
    fn of(request: &Request<'_>, mode: Mode, value_bytes: usize) -> BigStore {
        BigStore {
            mode,
            to: request.to,
            cas: request.cas,
            extras: request.extras.into(),
            key: request.key.name.into(),
            value_bytes,
        }
    }

    fn request(&self, server: &Server) -> Request<'_> {
        Request {
            action: Action::Store(self.mode),
            to: self.to,
            cas: self.cas,
            extras: &self.extras,
            key: server.keyspace.key(DATABASE, &self.key),
            value: b"",
        }
    }
}
