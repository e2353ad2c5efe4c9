//! The whole commands at the start of an input buffer, found before any of them runs, so that the
//! memory they will touch can be on its way while others are still parsed.

use std::cell::RefCell;

use bytes::{Buf, Bytes, BytesMut};
use tandem_engine::{KeyHash, Keyspace};

use crate::args::{Argv, Span};
use crate::dispatch::Line;
use crate::parse::{Found, ParseLimits, Parser, ProtocolError};
use crate::table::{Command, Table};

/// Parsed commands that wait to be run. Their words lie in the input buffer, in `inline`, or in
/// `frame`; nothing is consumed from the input before the batch is through.
#[derive(Default)]
pub(crate) struct Batch {
    parser: Parser,
    /// Borrowed from the thread's spare one while there is something in it: an idle connection has
    /// none.
    work: Option<Box<Work>>,
}

/// The lists of a batch.
#[derive(Default)]
struct Work {
    /// The words of all lines, and behind them those of an unfinished command.
    spans: Vec<Span>,
    lines: Vec<Pending>,
    /// Index of the line to run next.
    next: usize,
    /// A decoded inline command, which makes a batch of its own.
    inline: Vec<u8>,
    /// A command with a big value, which makes a batch of its own.
    frame: Option<Bytes>,
    source: Source,
    ending: Ending,
}

thread_local! {
    /// What batches of this thread left: their memory serves the next ones. Connections that look
    /// ahead have one each at the same time.
    #[expect(clippy::vec_box, reason = "the boxes go to connections and come back")]
    static SPARES: RefCell<Vec<Box<Work>>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Copy)]
struct Pending {
    command: Option<&'static Command>,
    hash: Option<KeyHash>,
    /// The line's words end here in `spans`; they begin where the line before ends.
    spans_end: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Input,
    Inline,
    Frame,
}

/// What stands behind the last command of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Perhaps more commands: fill again.
    #[default]
    More,
    /// An unfinished command, or nothing.
    ReadMore {
        need: usize,
    },
    Protocol(ProtocolError),
}

impl Batch {
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.work.as_ref().is_none_or(|it| it.next == it.lines.len())
    }

    pub(crate) fn ending(&self) -> Ending {
        self.work.as_ref().map_or(Ending::More, |it| it.ending)
    }

    /// The hash of the first key when there is one line and it has a key.
    pub(crate) fn only_hash(&self) -> Option<KeyHash> {
        if let [line] = &self.work.as_ref()?.lines[..] { line.hash } else { None }
    }

    /// The line to run next.
    #[inline]
    pub(crate) fn next_line<'a>(&'a self, input: &'a [u8]) -> Option<Line<'a>> {
        self.work.as_ref()?.next_line(input)
    }

    /// Says that the line was run.
    #[inline]
    pub(crate) fn pass(&mut self) {
        if let Some(work) = &mut self.work {
            work.next += 1;
        }
    }

    /// Takes the commands that were run off the input, and keeps what is known of the unfinished
    /// one behind them.
    pub(crate) fn settle(&mut self, input: &mut BytesMut) {
        let Some(mut work) = self.work.take() else { return };
        work.settle(&mut self.parser, input);
        if work.spans.is_empty() {
            SPARES.with_borrow_mut(|spares| {
                if spares.is_empty() || (work.is_small() && spares.len() < SPARES_MAX) {
                    spares.push(work);
                }
            });
        } else {
            self.work = Some(work);
        }
    }

    /// Consumes what was run and finds the next commands.
    pub(crate) fn fill(
        &mut self,
        input: &mut BytesMut,
        limits: ParseLimits,
        keyspace: &Keyspace,
        db: u32,
    ) {
        let mut work = match self.work.take() {
            Some(mut work) => {
                work.settle(&mut self.parser, input);
                work
            }
            None => SPARES.with_borrow_mut(Vec::pop).unwrap_or_default(),
        };
        work.ending = work.parse(&mut self.parser, input, limits, Place { keyspace, db });
        if work.source == Source::Frame {
            let n_bytes = self.parser.settled();
            self.parser.consumed(n_bytes);
            work.frame = Some(input.split_to(n_bytes).freeze());
        }
        self.work = Some(work);
    }
}

/// Where the keys of a batch are looked up.
#[derive(Clone, Copy)]
struct Place<'a> {
    keyspace: &'a Keyspace,
    db: u32,
}

impl Work {
    #[inline]
    fn next_line<'a>(&'a self, input: &'a [u8]) -> Option<Line<'a>> {
        let pending = self.lines.get(self.next)?;
        let buffer = match self.source {
            Source::Input => input,
            Source::Inline => &self.inline,
            Source::Frame => self.frame.as_deref().unwrap_or_default(),
        };
        let start = self.next.checked_sub(1).map_or(0, |it| self.lines[it].spans_end);
        Some(Line {
            argv: Argv::new(buffer, &self.spans[start..pending.spans_end]),
            command: pending.command,
            hash: pending.hash,
            frame: self.frame.as_ref(),
        })
    }

    /// True when it has never held a long pipeline.
    fn is_small(&self) -> bool {
        self.spans.capacity() <= SMALL_SPANS && self.lines.capacity() <= SMALL_LINES
    }

    fn settle(&mut self, parser: &mut Parser, input: &mut BytesMut) {
        debug_assert!(self.next == self.lines.len(), "a line that was not run would be lost");
        let n_spans = self.lines.last().map_or(0, |it| it.spans_end);
        self.lines.clear();
        self.next = 0;
        if let Some(frame) = self.frame.take() {
            tandem_engine::let_go(frame);
        }
        self.source = Source::Input;

        let n_bytes = parser.settled();
        input.advance(n_bytes);
        parser.consumed(n_bytes);
        if n_spans == self.spans.len() {
            self.spans.clear();
            if self.spans.capacity() > SPANS_KEPT_MAX {
                self.spans = Vec::new();
            }
            return;
        }
        self.spans.drain(..n_spans);
        for span in &mut self.spans {
            span.start -= n_bytes as u32;
        }
    }

    /// Parses the next commands, looks them up and hashes their first keys. Of several, the table
    /// slots and then the items of those keys are fetched into the CPU's cache.
    fn parse(
        &mut self,
        parser: &mut Parser,
        input: &BytesMut,
        limits: ParseLimits,
        place: Place<'_>,
    ) -> Ending {
        // AUTH lifts the limits under which what follows it has to be parsed.
        let lines_max = if limits.authenticated { LINES_MAX } else { 1 };
        let mut n_spans = 0;
        let ending = loop {
            match parser.next(input, &mut self.spans, &mut self.inline, limits) {
                Ok(Found::Command { big: false }) => {}
                Ok(Found::Command { big: true }) if !self.fills_its_buffer(n_spans, input) => {}
                Ok(Found::Incomplete { need }) => break Ending::ReadMore { need },
                Err(error) => break Ending::Protocol(error),
                Ok(_) if !self.lines.is_empty() => {
                    self.spans.truncate(n_spans);
                    parser.rewind();
                    break Ending::More;
                }
                Ok(Found::Command { .. }) => self.source = Source::Frame,
                Ok(Found::Inline) => self.source = Source::Inline,
            }
            let buffer = if self.source == Source::Inline { &self.inline } else { &input[..] };
            let argv = Argv::new(buffer, &self.spans[n_spans..]);
            n_spans = self.spans.len();
            let line = Pending::new(argv, n_spans, place.keyspace);
            // One line alone is fetched by who looks ahead, if anybody does.
            if let [first] = &self.lines[..] {
                first.prefetch_slot(place);
            }
            if !self.lines.is_empty() {
                line.prefetch_slot(place);
            }
            self.lines.push(line);
            if self.source != Source::Input || self.lines.len() == lines_max {
                break Ending::More;
            }
        };
        if self.lines.len() > 1 {
            for hash in self.lines.iter().filter_map(|it| it.hash) {
                place.keyspace.prefetch_item(place.db, hash);
            }
        }
        ending
    }

    /// True when one value takes up so much of the input's memory that keeping all of it costs
    /// less than copying the value.
    fn fills_its_buffer(&self, n_spans: usize, input: &BytesMut) -> bool {
        let biggest = self.spans[n_spans..].iter().map(|it| it.len).max().unwrap_or(0);
        biggest as usize >= input.capacity() / 2
    }
}

impl Pending {
    #[inline]
    fn new(argv: Argv<'_>, spans_end: usize, keyspace: &Keyspace) -> Pending {
        let command = Table::get().resolve(argv);
        let first_key = command.map_or(0, |it| it.first_key);
        let name = if first_key == 0 { None } else { argv.get(first_key) };
        Pending { command, hash: name.map(|it| keyspace.hash(it)), spans_end }
    }

    #[inline]
    fn prefetch_slot(&self, place: Place<'_>) {
        if let Some(hash) = self.hash {
            place.keyspace.prefetch_slot(place.db, hash);
        }
    }
}

/// Most commands parsed ahead. More would push what was fetched first out of the cache again.
const LINES_MAX: usize = 128;

/// Spans kept for the next batch, which is 16 KiB a thread; a longer list goes back to the
/// allocator.
const SPANS_KEPT_MAX: usize = 2 << 10;

/// Spare batches that a thread keeps, of which only the first may be larger than these: 1 KiB and
/// what a box takes.
const SPARES_MAX: usize = 256;
const SMALL_SPANS: usize = 64;
const SMALL_LINES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a value of 40,000 bytes keeps a buffer of so many.
    fn keeps(capacity: usize) -> bool {
        let keyspace = Keyspace::new(tandem_engine::KeyspaceOptions::default());
        let limits = ParseLimits { bulk_bytes_max: 1 << 20, authenticated: true };
        let mut input = BytesMut::with_capacity(capacity);
        input.extend_from_slice(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$40000\r\n");
        input.extend_from_slice(&vec![b'x'; 40_000]);
        input.extend_from_slice(b"\r\n");
        let mut batch = Batch::default();
        batch.fill(&mut input, limits, &keyspace, 0);
        assert!(!batch.is_done());
        batch.work.is_some_and(|it| it.frame.is_some())
    }

    #[test]
    fn a_value_keeps_a_buffer_that_is_mostly_its_own() {
        assert!(keeps(41_000));
        assert!(keeps(79_000));
        assert!(!keeps(90_000));
    }
}
