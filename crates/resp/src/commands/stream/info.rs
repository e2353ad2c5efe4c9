//! XINFO: how a stream and its groups stand.

use tandem_engine::{Group, Stream, StreamData, StreamId, StreamRef};

use super::group::NO_GROUP_OF_KEY;
use super::pending::no_group;
use super::range::{reply_entries, reply_entry, reply_id};
use super::wrong_call;
use crate::args::Args;
use crate::dispatch::{ClientCtx, Ctx};
use crate::error::Error;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn stream(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, .. } = cx;
    let stream = db.get::<Stream>(args.key()?)?.ok_or(Error::NoSuchKey)?;
    if args.is_done() {
        return Ok(describe(reply, stream));
    }
    let n_max = full_count(args)?;
    Ok(describe_full(reply, stream, n_max))
}

/// `FULL [COUNT count]`: how many of anything are told.
fn full_count(args: &mut Args<'_>) -> Result<usize, Error> {
    let is_good = matches!(args.len(), 1 | 3) && args.flag("FULL");
    if !is_good || !(args.is_done() || args.flag("COUNT")) {
        return Err(wrong_call("XINFO", "STREAM"));
    }
    if args.is_done() {
        return Ok(FULL_COUNT_DEFAULT);
    }
    Ok(match args.integer()? {
        0 => usize::MAX,
        n => usize::try_from(n).unwrap_or(FULL_COUNT_DEFAULT),
    })
}

fn describe(reply: &mut Reply<'_>, stream: StreamRef<'_>) -> Answered {
    let log = stream.log();
    let answered = reply.map_header(10);
    describe_log(reply, stream);
    number(reply, "groups", stream.n_groups() as i64);
    let first = log.range(StreamId::MIN, StreamId::MAX).next();
    let last = log.range_back(StreamId::MIN, StreamId::MAX).next();
    for (name, entry) in [("first-entry", first), ("last-entry", last)] {
        reply.text(name);
        match entry {
            Some(entry) => reply_entry(reply, &entry),
            None => reply.null(),
        };
    }
    answered
}

fn describe_full(reply: &mut Reply<'_>, stream: StreamRef<'_>, n_max: usize) -> Answered {
    let answered = reply.map_header(9);
    describe_log(reply, stream);
    reply.text("entries");
    reply_entries(reply, stream.log().range(StreamId::MIN, StreamId::MAX).take(n_max));
    reply.text("groups");
    reply.array(stream.groups(), |reply, (name, group)| {
        let answered = reply.map_header(7);
        describe_group(reply, stream, name, group, Place::Full);
        reply.text("pending");
        let pending = group.pending_from(StreamId::MIN).take(n_max);
        reply.array_header(pending.clone().count());
        for (id, it) in pending {
            reply.array_header(4);
            reply_id(reply, id);
            reply.bulk(it.consumer());
            reply.int(it.delivered_ms as i64);
            reply.int(it.n_deliveries as i64);
        }
        describe_consumers(reply, group, n_max);
        answered
    });
    answered
}

/// What both forms tell of the entries.
fn describe_log(reply: &mut Reply<'_>, stream: &StreamData) {
    let log = stream.log();
    number(reply, "length", log.len() as i64);
    number(reply, "radix-tree-keys", log.n_nodes() as i64);
    number(reply, "radix-tree-nodes", log.n_radix_nodes() as i64);
    id(reply, "last-generated-id", log.last_id());
    id(reply, "max-deleted-entry-id", log.max_deleted_id());
    number(reply, "entries-added", log.n_added());
    id(reply, "recorded-first-entry-id", log.first_id());
}

/// Where a group is told of: the same facts in two orders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Full,
    List,
}

fn describe_group(
    reply: &mut Reply<'_>,
    stream: StreamRef<'_>,
    name: &[u8],
    group: &Group,
    place: Place,
) {
    reply.text("name");
    reply.bulk(name);
    if place == Place::List {
        number(reply, "consumers", group.n_consumers() as i64);
        number(reply, "pending", group.n_pending() as i64);
    }
    id(reply, "last-delivered-id", group.last_id);
    for (name, n) in [("entries-read", group.n_read), ("lag", stream.lag(group))] {
        reply.text(name);
        match n {
            Some(n) => reply.int(n),
            None => reply.null(),
        };
    }
    if place == Place::Full {
        number(reply, "pel-count", group.n_pending() as i64);
    }
}

fn describe_consumers(reply: &mut Reply<'_>, group: &Group, n_max: usize) {
    reply.text("consumers");
    reply.array_header(group.n_consumers());
    for (name, consumer) in group.consumers() {
        reply.map_header(5);
        reply.text("name");
        reply.bulk(name);
        number(reply, "seen-time", consumer.seen_ms as i64);
        number(reply, "active-time", consumer.active_ms.map_or(NEVER, |it| it as i64));
        number(reply, "pel-count", consumer.n_pending() as i64);
        reply.text("pending");
        let own = consumer.pending_from(StreamId::MIN);
        let own = own.take(n_max).filter_map(|id| Some((id, group.pending(id)?)));
        reply.array_header(own.clone().count());
        for (id, it) in own {
            reply.array_header(3);
            reply_id(reply, id);
            reply.int(it.delivered_ms as i64);
            reply.int(it.n_deliveries as i64);
        }
    }
}

pub(super) fn groups(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, .. } = cx;
    let stream = db.get::<Stream>(args.key()?)?.ok_or(Error::NoSuchKey)?;
    Ok(reply.array(stream.groups(), |reply, (name, group)| {
        let answered = reply.map_header(6);
        describe_group(reply, stream, name, group, Place::List);
        answered
    }))
}

pub(super) fn consumers(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, now_ms, .. } = cx;
    let key = args.key()?;
    let name = args.next()?;
    let stream = db.get::<Stream>(key)?.ok_or(Error::NoSuchKey)?;
    let group = stream.group(name).ok_or_else(|| no_group(NO_GROUP_OF_KEY, name, key.name))?;
    let since = |ms: u64| now_ms.wrapping_sub(ms) as i64;
    let answered = reply.array_header(group.n_consumers());
    for (name, consumer) in group.consumers() {
        reply.map_header(4);
        reply.text("name");
        reply.bulk(name);
        number(reply, "pending", consumer.n_pending() as i64);
        number(reply, "idle", since(consumer.seen_ms).max(0));
        number(reply, "inactive", consumer.active_ms.map_or(NEVER, since));
    }
    Ok(answered)
}

fn number(reply: &mut Reply<'_>, name: &str, n: i64) -> Answered {
    reply.text(name);
    reply.int(n)
}

fn id(reply: &mut Reply<'_>, name: &str, id: StreamId) -> Answered {
    reply.text(name);
    reply_id(reply, id)
}

pub(super) fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("XINFO", HELP))
}

/// How many of anything FULL tells where nothing else is said.
const FULL_COUNT_DEFAULT: usize = 10;

/// When a consumer got something that never got anything.
const NEVER: i64 = -1;

const HELP: &[&str] = &[
    "CONSUMERS <key> <groupname>",
    "    List the consumers of a group.",
    "GROUPS <key>",
    "    List the groups of a stream.",
    "STREAM <key> [FULL [COUNT <count>]]",
    "    Describe a stream, in full with its entries and what is pending.",
];
