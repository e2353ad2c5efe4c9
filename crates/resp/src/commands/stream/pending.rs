//! XACK and XPENDING: what was delivered and not acknowledged.

use tandem_engine::{Group, Pending, Stream, StreamId};

use super::ids;
use super::range::reply_id;
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn xack(cx: &mut Ctx<'_>) -> Answer {
    let (key, name) = (cx.args.key()?, cx.args.next()?);
    let stream = cx.db.edit::<Stream>(key)?;
    let Some(mut stream) = stream.filter(|it| it.group(name).is_some()) else {
        return Ok(cx.reply.int(0));
    };
    let ids = cx.args.rest().iter().map(|it| ids::exact(it, 0));
    let ids: Vec<StreamId> = ids.collect::<Result<_, _>>()?;
    stream.keep_quiet();
    let mut group = stream.open_group(name).expect("the group was just found");
    let n_acknowledged = ids.iter().filter(|id| group.acknowledge(**id)).count();
    Ok(cx.reply.count(n_acknowledged))
}

/// Which pending entries to tell of.
struct Query<'a> {
    idle_min_ms: i64,
    from: StreamId,
    to: StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Query<'a> {
    /// `[IDLE ms] start end count [consumer]`
    fn read(args: &mut Args<'a>) -> Result<Query<'a>, Error> {
        let mut idle_min_ms = 0;
        if !(3..=6).contains(&args.len()) {
            return Err(Error::Syntax);
        }
        if args.flag("IDLE") {
            idle_min_ms = args.integer()?;
        }
        if args.len() < 3 {
            return Err(Error::Syntax);
        }
        let (start, end) = (args.next()?, args.next()?);
        let count = usize::try_from(args.integer()?).unwrap_or_default();
        let (from, to) = (ids::range_start(start)?, ids::range_end(end)?);
        let consumer = args.next().ok();
        // What Valkey takes and ignores, as long as the line is short enough.
        args.rest();
        Ok(Query { idle_min_ms, from, to, count, consumer })
    }
}

pub(super) fn xpending(cx: &mut Ctx<'_>) -> Answer {
    let (key, name) = (cx.args.key()?, cx.args.next()?);
    let query = if cx.args.is_done() { None } else { Some(Query::read(&mut cx.args)?) };
    let stream = cx.db.get::<Stream>(key)?;
    let Some(group) = stream.and_then(|it| it.group(name)) else {
        return Err(no_group(NO_KEY_OR_GROUP, key.name, name));
    };
    match query {
        None => Ok(summary(&mut cx.reply, group)),
        Some(query) => Ok(list(&mut cx.reply, group, &query, cx.now_ms)),
    }
}

fn summary(reply: &mut Reply<'_>, group: &Group) -> Answered {
    let answered = reply.array_header(4);
    reply.count(group.n_pending());
    let mut pending = group.pending_from(StreamId::MIN).map(|(id, _)| id);
    let Some(first) = pending.next() else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    reply_id(reply, first);
    reply_id(reply, pending.next_back().unwrap_or(first));
    let busy = group.consumers().filter(|(_, it)| it.n_pending() > 0);
    reply.array_header(busy.clone().count());
    for (name, consumer) in busy {
        reply.array_header(2);
        reply.bulk(name);
        reply.text(itoa::Buffer::new().format(consumer.n_pending()));
    }
    answered
}

fn list(reply: &mut Reply<'_>, group: &Group, query: &Query<'_>, now_ms: u64) -> Answered {
    let is_wanted = |it: &(StreamId, &Pending)| {
        query.idle_min_ms == 0 || query.idle_min_ms <= it.1.idle_ms(now_ms)
    };
    let found: Vec<(StreamId, &Pending)> = match query.consumer {
        None => {
            let all = group.pending_from(query.from).take_while(|(id, _)| *id <= query.to);
            all.filter(is_wanted).take(query.count).collect()
        }
        Some(name) => {
            let own = group.consumer(name).into_iter().flat_map(|it| it.pending_from(query.from));
            let own = own.take_while(|id| *id <= query.to);
            let own = own.filter_map(|id| Some((id, group.pending(id)?)));
            own.filter(is_wanted).take(query.count).collect()
        }
    };
    reply.array(found.into_iter(), |reply, (id, pending)| {
        let answered = reply.array_header(4);
        reply_id(reply, id);
        reply.bulk(pending.consumer());
        reply.int(pending.idle_ms(now_ms).max(0));
        reply.int(pending.n_deliveries as i64);
        answered
    })
}

/// An error that names a group and its key, in the order of the sentence.
pub(super) fn no_group(parts: [&'static str; 3], first: &[u8], second: &[u8]) -> Error {
    Error::quoting_two(parts, [first, second])
}

pub(super) const NO_KEY_OR_GROUP: [&str; 3] =
    ["NOGROUP No such key '", "' or consumer group '", "'"];
