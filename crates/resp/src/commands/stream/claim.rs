//! XCLAIM and XAUTOCLAIM: pending entries that change hands.

use tandem_engine::{Claim, Claimed, Deliveries, Edit, Key, Log, Stream, StreamId, View};

use super::ids;
use super::pending::{NO_KEY_OR_GROUP, no_group};
use super::range::{reply_entry, reply_id};
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::number;
use crate::reply::{Answer, Answered, Reply};

/// What XCLAIM says behind the ids.
#[derive(Default)]
struct Options {
    /// `None` is now.
    delivered_ms: Option<i64>,
    n_deliveries: Option<u64>,
    forced: bool,
    ids_only: bool,
    last_id: StreamId,
}

impl Options {
    fn read(args: &mut Args<'_>, now_ms: u64) -> Result<Options, Error> {
        let mut options = Options::default();
        while let Some(word) = args.peek() {
            if args.flag("FORCE") {
                options.forced = true;
            } else if args.flag("JUSTID") {
                options.ids_only = true;
            } else if args.option("IDLE") {
                let idle_ms = integer(args, "ERR Invalid IDLE option argument for XCLAIM")?;
                options.delivered_ms = Some((now_ms as i64).wrapping_sub(idle_ms));
            } else if args.option("TIME") {
                let at_ms = integer(args, "ERR Invalid TIME option argument for XCLAIM")?;
                options.delivered_ms = Some(at_ms);
            } else if args.option("RETRYCOUNT") {
                let n = integer(args, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
                options.n_deliveries = u64::try_from(n).ok();
            } else if args.option("LASTID") {
                options.last_id = ids::exact(args.next()?, 0)?;
            } else {
                return Err(Error::quoting("ERR Unrecognized XCLAIM option '", word, "'"));
            }
        }
        Ok(options)
    }

    /// A time that is none or in the future is now.
    fn delivered_ms(&self, now_ms: u64) -> u64 {
        let given = self.delivered_ms.and_then(|it| u64::try_from(it).ok());
        given.filter(|it| *it <= now_ms).unwrap_or(now_ms)
    }
}

pub(super) fn xclaim(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, now_ms, .. } = cx;
    let (key, name, consumer) = (args.key()?, args.next()?, args.next()?);
    let mut stream = with_group(db, key, name)?;
    let min_idle_ms = integer(args, "ERR Invalid min-idle-time argument for XCLAIM")?.max(0);
    let mut ids = Vec::new();
    while let Some(id) = args.peek().and_then(|it| ids::exact(it, 0).ok()) {
        args.next()?;
        ids.push(id);
    }
    let options = Options::read(args, *now_ms)?;
    let claim = Claim {
        min_idle_ms,
        delivered_ms: options.delivered_ms(*now_ms),
        deliveries: match options.n_deliveries {
            Some(n) => Deliveries::Are(n),
            None if options.ids_only => Deliveries::Kept,
            None => Deliveries::OneMore,
        },
        forced: options.forced,
    };
    let mut group = stream.open_group(name).expect("the group was just found");
    group.last_id = group.last_id.max(options.last_id);
    let is_new = group.see(consumer, *now_ms);
    ids.retain(|id| group.claim(*id, consumer, &claim, *now_ms) == Claimed::Yes);
    let answered = reply_claimed(reply, group.log(), &ids, options.ids_only);
    drop(group);
    if is_new {
        stream.say(&events::CONSUMER_MADE);
    }
    Ok(answered)
}

pub(super) fn xautoclaim(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, now_ms, .. } = cx;
    let (key, name, consumer) = (args.key()?, args.next()?, args.next()?);
    let min_idle_ms = integer(args, "ERR Invalid min-idle-time argument for XAUTOCLAIM")?.max(0);
    let mut next = Some(ids::range_start(args.next()?)?);
    let (mut count, mut ids_only) = (COUNT_DEFAULT, false);
    while !args.is_done() {
        if args.option("COUNT") {
            let given = number::integer(args.next()?).and_then(|it| usize::try_from(it).ok());
            let given = given.filter(|it| (1..=COUNT_MAX).contains(it));
            count = given.ok_or_else(|| Error::said("ERR COUNT must be > 0"))?;
        } else if args.flag("JUSTID") {
            ids_only = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    let mut stream = with_group(db, key, name)?;
    let mut group = stream.open_group(name).expect("the group was just found");
    let is_new = group.see(consumer, *now_ms);
    let deliveries = if ids_only { Deliveries::Kept } else { Deliveries::OneMore };
    let claim = Claim { min_idle_ms, delivered_ms: *now_ms, deliveries, forced: false };
    let (mut claimed, mut gone) = (Vec::new(), Vec::new());
    for _ in 0..count * ATTEMPTS_PER_ENTRY {
        let Some(id) = next.and_then(|it| group.pending_from(it).next()).map(|(id, _)| id) else {
            break;
        };
        if claimed.len() + gone.len() == count {
            break;
        }
        next = id.next();
        match group.claim(id, consumer, &claim, *now_ms) {
            Claimed::Yes => claimed.push(id),
            Claimed::Gone => gone.push(id),
            Claimed::No => {}
        }
    }
    let rest = next.and_then(|it| group.pending_from(it).next());
    let answered = reply.array_header(3);
    reply_id(reply, rest.map_or(StreamId::MIN, |(id, _)| id));
    reply_claimed(reply, group.log(), &claimed, ids_only);
    reply.array(gone.into_iter(), reply_id);
    drop(group);
    if is_new {
        stream.say(&events::CONSUMER_MADE);
    }
    Ok(answered)
}

fn with_group<'v>(
    db: &'v mut View<'_>,
    key: Key<'v>,
    name: &[u8],
) -> Result<Edit<'v, Stream>, Error> {
    let stream = db.edit::<Stream>(key)?.filter(|it| it.group(name).is_some());
    let mut stream = stream.ok_or_else(|| no_group(NO_KEY_OR_GROUP, key.name, name))?;
    stream.keep_quiet();
    Ok(stream)
}

fn integer(args: &mut Args<'_>, otherwise: &'static str) -> Result<i64, Error> {
    number::integer(args.next()?).ok_or_else(|| Error::said(otherwise))
}

fn reply_claimed(reply: &mut Reply<'_>, log: &Log, ids: &[StreamId], ids_only: bool) -> Answered {
    reply.array(ids.iter(), |reply, id| {
        if ids_only {
            return reply_id(reply, *id);
        }
        reply_entry(reply, &log.get(*id).expect("only entries that are there are claimed"))
    })
}

/// Entries that XAUTOCLAIM takes where nothing else is said.
const COUNT_DEFAULT: usize = 100;

/// The most that can be asked for: Valkey's, which counts its bytes.
const COUNT_MAX: usize = (i64::MAX / 16) as usize;

/// Entries that XAUTOCLAIM looks at for each that it takes at most.
const ATTEMPTS_PER_ENTRY: usize = 10;
