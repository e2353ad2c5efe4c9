//! Adding entries, and trimming what is old.

use smallvec::SmallVec;
use tandem_engine::{Effort, Field, Keep, NewId, Stream, StreamId, Trim};

use super::ids;
use super::range::reply_id;
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::reply::Answer;

/// Which id the client asks for.
#[derive(Clone, Copy)]
enum Wanted {
    Next,
    In { ms: u64 },
    Is(StreamId),
}

/// What XADD and XTRIM say in front of the fields.
#[derive(Default)]
struct Options {
    trim: Option<Trim>,
    no_stream_is_made: bool,
    /// XADD's alone. `None` when the line ended before it.
    id: Option<Wanted>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Add,
    Trim,
}

pub(super) fn xadd(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, now_ms, .. } = cx;
    let key = args.key()?;
    let options = Options::read(args, Command::Add)?;
    let id = options.id.filter(|_| args.len() >= 2 && args.len().is_multiple_of(2));
    let id = match id.ok_or(Error::WrongArity("xadd"))? {
        Wanted::Is(StreamId::MIN) => return Err(Error::said(ZERO_ID)),
        Wanted::Is(id) => NewId::Is(id),
        Wanted::In { ms } => NewId::In { ms },
        Wanted::Next => NewId::At { now_ms: *now_ms },
    };
    let mut fields: SmallVec<[Field<'_>; 8]> = SmallVec::new();
    while !args.is_done() {
        fields.push((args.next()?, args.next()?));
    }
    let mut stream = if options.no_stream_is_made {
        match db.edit::<Stream>(key)? {
            Some(stream) => stream,
            None => return Ok(reply.null()),
        }
    } else {
        db.edit_or_create::<Stream>(key)?
    };
    let added = stream.add(id, &fields);
    if added.is_err() {
        stream.keep_quiet();
    }
    let id = added.map_err(|error| match error {
        tandem_engine::Error::TooLong => Error::said("ERR Elements are too large to be stored"),
        other => other.into(),
    })?;
    let n_trimmed = options.trim.map_or(0, |trim| stream.trim(trim));
    drop(stream);
    if n_trimmed > 0 {
        db.say(key, &events::XTRIM);
    }
    Ok(reply_id(reply, id))
}

pub(super) fn xtrim(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let trim = Options::read(&mut cx.args, Command::Trim)?.trim;
    let trim = trim.expect("an XTRIM without a strategy is refused");
    let Some(mut stream) = cx.db.edit::<Stream>(key)? else {
        return Ok(cx.reply.int(0));
    };
    stream.take_away();
    let n_removed = stream.trim(trim);
    if n_removed == 0 {
        stream.keep_quiet();
    }
    Ok(cx.reply.int(n_removed as i64))
}

impl Options {
    /// Reads up to XADD's id, or to the end of XTRIM.
    fn read(args: &mut Args<'_>, command: Command) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut threshold = None;
        let mut limit = None;
        while let Some(word) = args.peek() {
            if command == Command::Add && word == b"*" {
                args.next()?;
                options.id = Some(Wanted::Next);
                break;
            }
            if args.option("MAXLEN") {
                threshold = Some(Threshold::read(args, threshold, newest)?);
            } else if args.option("MINID") {
                threshold = Some(Threshold::read(args, threshold, from)?);
            } else if args.option("LIMIT") {
                limit = Some(not_negative(args, "ERR The LIMIT argument must be >= 0.")?);
            } else if command == Command::Add && args.flag("NOMKSTREAM") {
                options.no_stream_is_made = true;
            } else if command == Command::Add {
                options.id = Some(match ids::new_entry(args.next()?)? {
                    (ms, Some(seq)) => Wanted::Is(StreamId { ms, seq }),
                    (ms, None) => Wanted::In { ms },
                });
                break;
            } else {
                return Err(Error::Syntax);
            }
        }
        options.trim = trim(threshold, limit, command)?;
        Ok(options)
    }
}

/// `MAXLEN` or `MINID` with what follows it.
#[derive(Clone, Copy)]
struct Threshold {
    keep: Keep,
    is_approximate: bool,
}

impl Threshold {
    fn read(
        args: &mut Args<'_>,
        before: Option<Threshold>,
        keep: fn(&mut Args<'_>) -> Result<Keep, Error>,
    ) -> Result<Threshold, Error> {
        if before.is_some() {
            return Err(Error::said(TWO_STRATEGIES));
        }
        let is_approximate = args.option("~");
        if !is_approximate {
            args.option("=");
        }
        Ok(Threshold { keep: keep(args)?, is_approximate })
    }
}

fn newest(args: &mut Args<'_>) -> Result<Keep, Error> {
    not_negative(args, "ERR The MAXLEN argument must be >= 0.").map(Keep::Newest)
}

fn from(args: &mut Args<'_>) -> Result<Keep, Error> {
    ids::exact(args.next()?, 0).map(Keep::From)
}

fn not_negative(args: &mut Args<'_>, otherwise: &'static str) -> Result<u64, Error> {
    u64::try_from(args.integer()?).map_err(|_| Error::said(otherwise))
}

fn trim(
    threshold: Option<Threshold>,
    limit: Option<u64>,
    command: Command,
) -> Result<Option<Trim>, Error> {
    let Some(Threshold { keep, is_approximate }) = threshold else {
        return match limit {
            Some(1..) => Err(Error::said(LIMIT_WITHOUT_STRATEGY)),
            _ if command == Command::Trim => Err(Error::said(TRIM_WITHOUT_STRATEGY)),
            Some(0) => Err(Error::said(LIMIT_OF_EXACT)),
            None => Ok(None),
        };
    };
    let effort = match (is_approximate, limit) {
        (false, None) => Effort::Exact,
        (false, Some(_)) => return Err(Error::said(LIMIT_OF_EXACT)),
        (true, None) => Effort::Nodes,
        (true, Some(n)) => Effort::NodesUpTo(n),
    };
    Ok(Some(Trim { keep, effort }))
}

const ZERO_ID: &str = "ERR The ID specified in XADD must be greater than 0-0";
const TWO_STRATEGIES: &str =
    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
const LIMIT_WITHOUT_STRATEGY: &str =
    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
const TRIM_WITHOUT_STRATEGY: &str =
    "ERR syntax error, XTRIM must be called with a trimming strategy";
const LIMIT_OF_EXACT: &str = "ERR syntax error, LIMIT cannot be used without the special ~ option";
