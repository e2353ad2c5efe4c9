//! What a client wants, whatever protocol it said it in.

use tandem_engine::Key;

use crate::commands::Verb;
use crate::error::Error;
use crate::meta;

/// A command with all that it needs. The text protocol fills it, later meta and binary will too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) verb: Verb,
    /// Whether the outcome is told.
    pub(crate) tell: Tell,
    pub(crate) place: Place,
    /// Empty for commands without a key.
    pub(crate) key: Key<'a>,
    pub(crate) client_flags: u32,
    pub(crate) exptime: i32,
    /// The delta of `incr` and `decr`, the number of `cas`.
    pub(crate) number: u64,
    /// The value of a store; the arguments of a command without a key.
    pub(crate) data: &'a [u8],
}

/// Whether a client wants to hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tell {
    Outcome,
    /// `noreply`
    Nothing,
}

/// Where a key stands in the line of a retrieval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Alone: its answer ends the line's.
    Only,
    First,
    Later,
}

/// A step of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry<'a> {
    Run(Request<'a>),
    Meta(meta::Request<'a>),
    /// The end of a retrieval of several keys.
    EndOfKeys,
    /// A key of a retrieval is too long: what the line has told so far is taken back.
    BadKeyInLine(Verb),
    /// A line that is refused as it stands.
    Refused(Refusal<'a>),
}

/// A refused command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    pub(crate) error: Error,
    pub(crate) verb: Option<Verb>,
    pub(crate) tell: Tell,
    pub(crate) too_large: Option<TooLarge<'a>>,
}

/// A store whose value is not taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooLarge<'a> {
    pub(crate) key: Key<'a>,
    pub(crate) value_bytes: usize,
}

impl<'a> Entry<'a> {
    /// The key that the entry will look up.
    pub(crate) fn key(&self) -> Option<Key<'a>> {
        match self {
            Entry::Run(request) => Some(request.key),
            Entry::Meta(request) => Some(request.key),
            _ => None,
        }
    }
}
