//! Reading entries, and how they are answered.

use std::io::Write as _;

use tandem_engine::{Entry, Stream, StreamId};

use super::ids;
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn xrange(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let from = ids::range_start(cx.args.next()?)?;
    let to = ids::range_end(cx.args.next()?)?;
    let count = count(&mut cx.args)?;
    let Some(stream) = cx.db.get::<Stream>(key)? else {
        return Ok(cx.reply.array_header(0));
    };
    match count {
        Some(0) => Ok(cx.reply.null_array()),
        Some(n) => Ok(reply_entries(&mut cx.reply, stream.log().range(from, to).take(n))),
        None => Ok(reply_entries(&mut cx.reply, stream.log().range(from, to))),
    }
}

pub(super) fn xrevrange(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let end = cx.args.next()?;
    // Of two wrong ids the start is told.
    let from = ids::range_start(cx.args.next()?)?;
    let to = ids::range_end(end)?;
    let count = count(&mut cx.args)?;
    let Some(stream) = cx.db.get::<Stream>(key)? else {
        return Ok(cx.reply.array_header(0));
    };
    match count {
        Some(0) => Ok(cx.reply.null_array()),
        Some(n) => Ok(reply_entries(&mut cx.reply, stream.log().range_back(from, to).take(n))),
        None => Ok(reply_entries(&mut cx.reply, stream.log().range_back(from, to))),
    }
}

/// `[COUNT count]`, the last of several; a negative one is none at all.
fn count(args: &mut Args<'_>) -> Result<Option<usize>, Error> {
    let mut count = None;
    while !args.is_done() {
        if !args.option("COUNT") {
            return Err(Error::Syntax);
        }
        count = Some(usize::try_from(args.integer()?).unwrap_or_default());
    }
    Ok(count)
}

/// Entries are counted first and then read once more: to keep them would take more.
pub(super) fn reply_entries<'a>(
    reply: &mut Reply<'_>,
    entries: impl Iterator<Item = Entry<'a>> + Clone,
) -> Answered {
    let answered = reply.array_header(entries.clone().count());
    for entry in entries {
        reply_entry(reply, &entry);
    }
    answered
}

/// An entry as its id and its fields, laid flat.
pub(super) fn reply_entry(reply: &mut Reply<'_>, entry: &Entry<'_>) -> Answered {
    let answered = reply.array_header(2);
    reply_id(reply, entry.id);
    let fields = entry.fields();
    reply.array_header(fields.len() * 2);
    for (name, value) in fields {
        reply.element(name);
        reply.element(value);
    }
    answered
}

pub(super) fn reply_id(reply: &mut Reply<'_>, id: StreamId) -> Answered {
    let mut text = [0; ID_LEN_MAX];
    let mut rest = &mut text[..];
    write!(rest, "{id}").expect("two numbers and a dash have room");
    let len = ID_LEN_MAX - rest.len();
    reply.bulk(&text[..len])
}

/// Two 64-bit numbers and a dash.
const ID_LEN_MAX: usize = 41;
