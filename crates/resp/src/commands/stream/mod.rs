//! Streams.

mod add;
mod claim;
mod group;
mod ids;
mod info;
mod pending;
mod range;
mod read;

use tandem_engine::{Stream, StreamId};

use crate::dispatch::Ctx;
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, group, plain, read, write};

const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];
const TAKES: Access = Access::RW.and(Access::DELETE);
const ADDS: Access = Access::RW.and(Access::INSERT);

const READ_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::HalfBehind { word: "STREAMS", from: 1 }, Access::READ)];
const READGROUP_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::HalfBehind { word: "STREAMS", from: 4 }, Access::READ)];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("xack", "key group id [id ...]", Keys::FIRST, pending::xack)
        .fast().event("")
        .doc("5.0.0", "O(1) for each id", "Takes entries off a group's pending ones."),
    write("xadd", "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] \
        <* | id> <field value> [<field value> ...]", Keys::FIRST, add::xadd)
        .fast().denyoom().tips(ANY_OUTPUT)
        .doc("5.0.0", "O(1), and O(N) in the entries that it trims", "Adds an entry to a stream."),
    write("xautoclaim", "key group consumer min-idle-time start [COUNT count] [JUSTID]",
        Keys::FIRST, claim::xautoclaim)
        .fast().access(TAKES).tips(ANY_OUTPUT)
        .event("")
        .doc("6.2.0", "O(1) for a small COUNT", "Gives a consumer what others left pending."),
    write("xclaim", "key group consumer min-idle-time id [id ...] [IDLE ms:integer] \
        [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
        Keys::FIRST, claim::xclaim)
        .fast().tips(ANY_OUTPUT)
        .event("")
        .doc("5.0.0", "O(log N) in the pending entries", "Gives a consumer pending entries."),
    write("xdel", "key id [id ...]", Keys::FIRST, xdel)
        .fast().access(TAKES)
        .doc("5.0.0", "O(1) for each id", "Removes entries by their ids."),
    group("xgroup", GROUP)
        .doc("5.0.0", "Depends on subcommand", "Manages the consumer groups of a stream."),
    group("xinfo", INFO)
        .doc("5.0.0", "Depends on subcommand", "Looks at how a stream and its groups stand."),
    read("xlen", "key", Keys::FIRST, xlen)
        .fast().access(Access::RO)
        .doc("5.0.0", "O(1)", "Counts the entries of a stream."),
    read("xpending", "key group [[IDLE min-idle-time:integer] start end count [consumer]]",
        Keys::FIRST, pending::xpending)
        .tips(ANY_OUTPUT)
        .doc("5.0.0", "O(N) in the entries looked at", "Tells what a group has not acknowledged."),
    read("xrange", "key start end [COUNT count]", Keys::FIRST, range::xrange)
        .doc("5.0.0", "O(N) in the entries returned", "Reads the entries between two ids."),
    read("xread", "[COUNT count] [BLOCK milliseconds] STREAMS <key [key ...] id [id ...]>",
        Keys::Special { find: read::keys }, read::xread)
        .flags(&[Flags::BLOCKING, Flags::MOVABLEKEYS]).keyed(READ_KEYS)
        .doc("5.0.0", "O(N) in the entries returned",
            "Reads what streams have behind an id, or waits for it."),
    write("xreadgroup", "GROUP <group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] \
        STREAMS <key [key ...] id [id ...]>",
        Keys::Special { find: read::keys }, read::xreadgroup)
        .flags(&[Flags::BLOCKING, Flags::MOVABLEKEYS]).keyed(READGROUP_KEYS)
        .event("").doc("5.0.0", "O(N) in the entries returned",
            "Reads for a group what nobody of it has read, or waits for it."),
    read("xrevrange", "key end start [COUNT count]", Keys::FIRST, range::xrevrange)
        .doc("5.0.0", "O(N) in the entries returned",
            "Reads the entries between two ids from the newest to the oldest."),
    write("xsetid", "key last-id [ENTRIESADDED entries-added:integer] \
        [MAXDELETEDID max-deleted-id]", Keys::FIRST, xsetid)
        .fast().denyoom()
        .doc("5.0.0", "O(1)", "Sets what a stream remembers of its past."),
    write("xtrim", "key <<MAXLEN | MINID> [= | ~] threshold [LIMIT count]>", Keys::FIRST,
        add::xtrim)
        .access(TAKES).tips(ANY_OUTPUT)
        .doc("5.0.0", "O(N) in the entries removed", "Removes the oldest entries of a stream."),
];

#[rustfmt::skip]
const GROUP: &[Spec] = &[
    write("create", "key group <id | $> [MKSTREAM] [ENTRIESREAD entriesread:integer]",
        Keys::SECOND, group::create)
        .denyoom().access(ADDS)
        .doc("5.0.0", "O(1)", "Makes a group."),
    write("createconsumer", "key group consumer", Keys::SECOND, group::createconsumer)
        .denyoom().access(ADDS)
        .doc("6.2.0", "O(1)", "Makes a consumer of a group."),
    write("delconsumer", "key group consumer", Keys::SECOND, group::delconsumer)
        .access(TAKES)
        .doc("5.0.0", "O(1)", "Removes a consumer with what it has pending."),
    write("destroy", "key group", Keys::SECOND, group::destroy)
        .access(TAKES)
        .doc("5.0.0", "O(N) in the group's pending entries", "Removes a group."),
    plain("help", "", group::help)
        .flags(&[Flags::LOADING, Flags::STALE])
        .doc("5.0.0", "O(1)", "Explains the subcommands."),
    write("setid", "key group <id | $> [ENTRIESREAD entriesread:integer]", Keys::SECOND,
        group::setid)
        .doc("5.0.0", "O(1)", "Sets how far a group has read."),
];

#[rustfmt::skip]
const INFO: &[Spec] = &[
    read("consumers", "key group", Keys::SECOND, info::consumers)
        .tips(ANY_OUTPUT)
        .doc("5.0.0", "O(1)", "Lists the consumers of a group."),
    read("groups", "key", Keys::SECOND, info::groups)
        .doc("5.0.0", "O(1)", "Lists the groups of a stream."),
    plain("help", "", info::help)
        .flags(&[Flags::LOADING, Flags::STALE])
        .doc("5.0.0", "O(1)", "Explains the subcommands."),
    read("stream", "key [FULL [COUNT count]]", Keys::SECOND, info::stream)
        .doc("5.0.0", "O(1), and O(N) in the nodes", "Describes a stream."),
];

fn xlen(cx: &mut Ctx<'_>) -> Answer {
    let stream = cx.db.get::<Stream>(cx.args.key()?)?;
    Ok(cx.reply.int(stream.map_or(0, |it| it.log().len() as i64)))
}

fn xdel(cx: &mut Ctx<'_>) -> Answer {
    let Some(mut stream) = cx.db.edit::<Stream>(cx.args.key()?)? else {
        return Ok(cx.reply.int(0));
    };
    let ids = cx.args.rest().iter().map(|it| ids::exact(it, 0));
    let ids: Vec<StreamId> = ids.collect::<Result<_, _>>()?;
    stream.take_away();
    let n_removed = ids.iter().filter(|id| stream.remove(**id)).count();
    if n_removed == 0 {
        stream.keep_quiet();
    }
    Ok(cx.reply.count(n_removed))
}

fn xsetid(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let last_id = ids::exact(cx.args.next()?, 0)?;
    let (mut n_added, mut max_deleted_id) = (None, StreamId::MIN);
    while !cx.args.is_done() {
        if cx.args.option("ENTRIESADDED") {
            let n = cx.args.integer()?;
            if n < 0 {
                return Err(Error::said("ERR entries_added must be positive"));
            }
            n_added = Some(n);
        } else if cx.args.option("MAXDELETEDID") {
            max_deleted_id = ids::exact(cx.args.next()?, 0)?;
            if last_id < max_deleted_id {
                return Err(Error::said(BELOW_GIVEN_DELETED));
            }
        } else {
            return Err(Error::Syntax);
        }
    }
    let mut stream = cx.db.edit::<Stream>(key)?.ok_or(Error::NoSuchKey)?;
    let log = stream.log();
    if last_id < log.max_deleted_id() {
        return Err(Error::said(BELOW_DELETED));
    }
    if log.newest_id().is_some_and(|newest| last_id < newest) {
        return Err(Error::said(BELOW_NEWEST));
    }
    if n_added.is_some_and(|n| !log.is_empty() && (n as u64) < log.len()) {
        return Err(Error::said(ADDED_BELOW_LEN));
    }
    stream.hush();
    stream.set_past(last_id, n_added, max_deleted_id);
    Ok(cx.reply.ok())
}

/// What Valkey says of a subcommand whose words it cannot make sense of.
fn wrong_call(group: &str, subcommand: &str) -> Error {
    Error::said(format!(
        "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try {group} HELP."
    ))
}

const BELOW_GIVEN_DELETED: &str =
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
const BELOW_DELETED: &str =
    "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
const BELOW_NEWEST: &str =
    "ERR The ID specified in XSETID is smaller than the target stream top item";
const ADDED_BELOW_LEN: &str =
    "ERR The entries_added specified in XSETID is smaller than the target stream length";
