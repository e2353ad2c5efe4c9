//! A command's words: ranges of the input buffer, and a cursor over them for handlers.

use bytes::Bytes;
use tandem_engine::{Key, KeyHash, NewValue};

use crate::error::Error;
use crate::number;

/// Where a word stands in its buffer. Requests are bounded far below 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    pub(crate) fn new(start: usize, len: usize) -> Span {
        Span { start: start as u32, len: len as u32 }
    }
}

/// A whole command line, its name included.
#[derive(Clone, Copy)]
pub(crate) struct Argv<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Argv<'a> {
    pub(crate) fn new(buffer: &'a [u8], spans: &'a [Span]) -> Argv<'a> {
        Argv { buffer, spans }
    }

    pub(crate) fn len(self) -> usize {
        self.spans.len()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.spans.is_empty()
    }

    pub(crate) fn get(self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| self.word(*span))
    }

    /// The command's name in one word, lower-cased, when it is that short. Letters only are told
    /// from each other for certain.
    #[inline]
    pub(crate) fn packed_name(self) -> Option<u64> {
        let span = *self.spans.first()?;
        let rest = self.buffer.get(span.start as usize..)?;
        pack_name(*rest.first_chunk()?, span.len as usize)
    }

    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        self.spans.iter().map(move |span| self.word(*span))
    }

    pub(crate) fn spans(self) -> &'a [Span] {
        self.spans
    }

    /// A buffer of its own for the words, and where they stand in it.
    pub(crate) fn copied(self) -> (Vec<u8>, Vec<Span>) {
        let mut buffer = Vec::with_capacity(self.iter().map(<[u8]>::len).sum());
        let spans = self.iter().map(|word| {
            let span = Span::new(buffer.len(), word.len());
            buffer.extend_from_slice(word);
            span
        });
        let spans = spans.collect();
        (buffer, spans)
    }

    /// The words behind the first `n`.
    pub(crate) fn skip(self, n: usize) -> Argv<'a> {
        Argv { spans: self.spans.get(n..).unwrap_or_default(), ..self }
    }

    /// The first `n` words.
    pub(crate) fn first(self, n: usize) -> Argv<'a> {
        Argv { spans: &self.spans[..n.min(self.spans.len())], ..self }
    }

    #[inline]
    fn word(self, span: Span) -> &'a [u8] {
        let start = span.start as usize;
        &self.buffer[start..start + span.len as usize]
    }
}

/// Folds the first `len` of eight bytes into a lower-case word, if they are that many.
#[inline]
pub(crate) fn pack_name(bytes: [u8; 8], len: usize) -> Option<u64> {
    if !(1..=8).contains(&len) {
        return None;
    }
    Some((u64::from_le_bytes(bytes) | LETTER_CASES) & (u64::MAX >> (64 - 8 * len)))
}

/// Bit 5 of every byte: what tells an ASCII letter's cases apart.
pub(crate) const LETTER_CASES: u64 = 0x2020_2020_2020_2020;

/// A cursor over the arguments behind a command's name.
#[derive(Clone)]
pub(crate) struct Args<'a> {
    rest: Argv<'a>,
    /// Hashes of the row's keys that were not taken yet, in the order of their positions.
    hashes: &'a [KeyHash],
    db: u32,
    /// The buffer as something that can be shared, when a word of it is big.
    frame: Option<&'a Bytes>,
}

impl<'a> Args<'a> {
    pub(crate) fn new(rest: Argv<'a>, hashes: &'a [KeyHash], db: u32) -> Args<'a> {
        Args { rest, hashes, db, frame: None }
    }

    /// Lets `value` share the buffer instead of copying from it.
    pub(crate) fn with_frame(self, frame: Option<&'a Bytes>) -> Args<'a> {
        Args { frame, ..self }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Result<&'a [u8], Error> {
        let Some((first, spans)) = self.rest.spans.split_first() else {
            return Err(Error::Syntax);
        };
        self.rest.spans = spans;
        Ok(self.rest.word(*first))
    }

    pub(crate) fn last(&mut self) -> Result<&'a [u8], Error> {
        let (last, spans) = self.rest.spans.split_last().ok_or(Error::Syntax)?;
        self.rest.spans = spans;
        Ok(self.rest.word(*last))
    }

    /// The next argument without taking it.
    pub(crate) fn peek(&self) -> Option<&'a [u8]> {
        self.rest.get(0)
    }

    /// Takes the next argument, which the row declares as a key.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Key<'a>, Error> {
        let name = self.next()?;
        let (hash, hashes) =
            self.hashes.split_first().expect("a handler takes no more keys than its row declares");
        self.hashes = hashes;
        Ok(Key { name, hash: *hash, db: self.db })
    }

    /// Takes the next argument as a value to store: shared when it is big, else copied.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<NewValue<'a>, Error> {
        let value = self.next()?;
        Ok(match self.frame {
            Some(frame) if value.len() >= SHARED_VALUE_MIN => {
                NewValue::Shared(frame.slice_ref(value))
            }
            _ => NewValue::Copied(value),
        })
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Error> {
        integer(self.next()?)
    }

    /// Takes the next argument as a number that is not below `least`; the refusal is one sentence
    /// for whatever is wrong with it.
    pub(crate) fn at_least(&mut self, least: i64, refusal: &'static str) -> Result<usize, Error> {
        let number = number::integer(self.next()?).filter(|it| least <= *it);
        number.map(|it| it as usize).ok_or(Error::said(refusal))
    }

    /// Takes the next argument when it is `word`, in any case.
    pub(crate) fn flag(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.rest = self.rest.skip(1);
        }
        found
    }

    /// Takes `word` when at least one more argument follows it, as an option with a value.
    pub(crate) fn option(&mut self, word: &str) -> bool {
        self.rest.len() > 1 && self.flag(word)
    }

    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// Takes all that is left.
    pub(crate) fn rest(&mut self) -> Argv<'a> {
        let rest = self.rest;
        self.rest = rest.skip(rest.len());
        rest
    }
}

/// An argument that has to be a 64-bit integer.
pub(crate) fn integer(text: &[u8]) -> Result<i64, Error> {
    number::integer(text).ok_or(Error::NotAnInteger)
}

/// Values of this many bytes or more are not copied from the input when its buffer is mostly
/// theirs; below it a copy costs less than a buffer of one's own.
pub(crate) const SHARED_VALUE_MIN: usize = 16 << 10;
