//! Elements in one piece of memory, in whichever form that is.

use std::borrow::Cow;

use tandem_engine::Element;

use crate::error::Error;
use crate::listpack::Listpack;
use crate::ziplist::Ziplist;
use crate::zipmap::Zipmap;

/// What is left of a run of elements.
pub(crate) enum Run<'a> {
    Listpack(Listpack<'a>),
    Ziplist(Ziplist<'a>),
    Zipmap(Zipmap<'a>),
}

impl<'a> Run<'a> {
    pub(crate) fn listpack(bytes: &'a [u8]) -> Result<Run<'a>, Error> {
        Listpack::open(bytes).map(Run::Listpack)
    }

    pub(crate) fn ziplist(bytes: &'a [u8]) -> Result<Run<'a>, Error> {
        Ziplist::open(bytes).map(Run::Ziplist)
    }

    pub(crate) fn zipmap(bytes: &'a [u8]) -> Result<Run<'a>, Error> {
        Zipmap::open(bytes).map(Run::Zipmap)
    }

    /// The next element; `None` behind the last of a run that was whole.
    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Error> {
        match self {
            Run::Listpack(it) => it.next(),
            Run::Ziplist(it) => it.next(),
            Run::Zipmap(it) => it.next(),
        }
    }

    /// An element that has to be there.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, Error> {
        self.next()?.ok_or(Error::Corrupt)
    }

    pub(crate) fn text(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        self.element().map(text_of)
    }

    /// An element that has to be an integer.
    pub(crate) fn integer(&mut self) -> Result<i64, Error> {
        match self.element()? {
            Element::Int(n) => Ok(n),
            _ => Err(Error::Corrupt),
        }
    }

    pub(crate) fn end(&mut self) -> Result<(), Error> {
        if self.next()?.is_none() { Ok(()) } else { Err(Error::Corrupt) }
    }
}

pub(crate) fn text_of(element: Element<'_>) -> Cow<'_, [u8]> {
    match element {
        Element::Bytes(it) => Cow::Borrowed(it),
        other => Cow::Owned(other.to_vec()),
    }
}
