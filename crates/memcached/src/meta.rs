//! Meta commands: `mg`, `ms`, `md`, `ma` and `me`. A command is a key and flags in any order; the
//! flags say what is done and what is answered.

pub(crate) mod base64;
mod debug;
mod flags;
mod get;
mod parse;
mod remove;
mod reply;
mod set;
mod sum;

use tandem_engine::{Key, NewValue};

use crate::commands::Verb;
use crate::error::Error;
use crate::run::Cx;

pub(crate) use crate::meta::parse::{command, key};

/// A meta command, its flags not yet read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) verb: Verb,
    /// The name as the client wrote it; the hash is that of what it stands for.
    pub(crate) key: Key<'a>,
    pub(crate) flags: &'a [u8],
    /// What `ms` stores; `None` when it does not end where it should.
    pub(crate) value: Option<&'a [u8]>,
    /// What `ms` says of its length.
    pub(crate) value_bytes: usize,
}

/// Runs a command whose value, if it has one, is in the request.
pub(crate) fn run(cx: &mut Cx<'_>, request: &Request<'_>) {
    match request.verb {
        Verb::MetaGet => get::run(cx, request),
        Verb::MetaSet => set::run(cx, request, request.value.map(NewValue::Copied)),
        Verb::MetaDelete => remove::run(cx, request),
        Verb::MetaArithmetic => sum::run(cx, request),
        _ => debug::run(cx, request),
    }
}

/// Runs an `ms` whose big value has arrived.
pub(crate) fn run_big(cx: &mut Cx<'_>, request: &Request<'_>, value: NewValue<'_>) {
    set::run(cx, request, Some(value));
}

/// `md` and `ma` do not say what is wrong with a flag.
fn told_roughly(error: Error) -> Error {
    match error {
        Error::TooManyFlags => error,
        _ => Error::InvalidOrDuplicateFlag,
    }
}
