//! Strings.

mod counter;
mod lcs;
mod many;
mod range;
mod set;

use tandem_engine::{NewValue, SetOptions, Str, Value};

use crate::dispatch::Ctx;
use crate::error::Error;
use crate::keys::{Access, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, read, write};

const MULTI: &[&str] = &["request_policy:multi_shard"];
const MULTI_OK: &[&str] = &["request_policy:multi_shard", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("append", "key value", Keys::FIRST, append)
        .fast().denyoom().access(Access::RW.and(Access::INSERT))
        .doc("2.0.0", "O(1)", "Adds bytes to the end of a string."),
    write("decr", "key", Keys::FIRST, counter::decr)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .event("incrby").doc("1.0.0", "O(1)", "Subtracts one from a number."),
    write("decrby", "key decrement:integer", Keys::FIRST, counter::decrby)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .event("incrby").doc("1.0.0", "O(1)", "Subtracts from a number."),
    write("delifeq", "key value", Keys::FIRST, delifeq)
        .fast().access(Access::RW.and(Access::ACCESS).and(Access::DELETE))
        .event("del")
        .doc("9.0.0", "O(1)", "Removes a string's key if the string is the given one."),
    read("get", "key", Keys::FIRST, get)
        .fast().doc("1.0.0", "O(1)", "Reads a string."),
    write("getdel", "key", Keys::FIRST, getdel)
        .fast().access(Access::RW.and(Access::ACCESS).and(Access::DELETE))
        .event("del").doc("6.2.0", "O(1)", "Reads a string and removes its key."),
    write("getex", "key [EX seconds | PX milliseconds | EXAT unix-time-seconds \
        | PXAT unix-time-milliseconds | PERSIST]", Keys::FIRST, set::getex)
        .fast().access(Access::CHANGE.and(Access::ACCESS))
        .event("").doc("6.2.0", "O(1)", "Reads a string and sets or clears its expiry."),
    read("getrange", "key start:integer end:integer", Keys::FIRST, range::getrange)
        .doc("2.4.0", "O(N) in the bytes returned", "Reads a part of a string."),
    write("getset", "key value", Keys::FIRST, set::getset)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .deprecated("6.2.0", "`SET` with the `GET` option")
        .event("set").doc("1.0.0", "O(1)", "Writes a string and answers with the old one."),
    write("incr", "key", Keys::FIRST, counter::incr)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .event("incrby").doc("1.0.0", "O(1)", "Adds one to a number."),
    write("incrby", "key increment:integer", Keys::FIRST, counter::incrby)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .doc("1.0.0", "O(1)", "Adds to a number."),
    write("incrbyfloat", "key increment:double", Keys::FIRST, counter::incrbyfloat)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .doc("2.6.0", "O(1)", "Adds to a number with a fraction."),
    read("lcs", "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        Keys::BOTH, lcs::lcs)
        .doc("7.0.0", "O(N*M) in the two lengths", "Finds what two strings have in common."),
    read("mget", "key [key ...]", Keys::ALL, mget)
        .fast().tips(MULTI)
        .doc("1.0.0", "O(N) in the keys", "Reads several strings."),
    write("mset", "<key value> [<key value> ...]", Keys::range(1, -1, 2), many::mset)
        .denyoom().access(Access::REPLACE).tips(MULTI_OK)
        .event("set").doc("1.0.1", "O(N) in the keys", "Writes several strings at once."),
    write("msetex", "numkeys <key value> [<key value> ...] [NX | XX] [EX seconds \
        | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
        Keys::Special { find: many::find_keys }, many::msetex)
        .denyoom().access(Access::REPLACE).flags(&[Flags::MOVABLEKEYS]).tips(MULTI_OK)
        .event("set")
        .doc("9.1.0", "O(N) in the keys", "Writes several strings that expire together."),
    write("msetnx", "<key value> [<key value> ...]", Keys::range(1, -1, 2), many::msetnx)
        .denyoom().access(Access::OW.and(Access::INSERT))
        .event("set")
        .doc("1.0.1", "O(N) in the keys", "Writes several strings if none of the keys exists."),
    write("psetex", "key milliseconds value", Keys::FIRST, set::psetex)
        .denyoom().access(Access::REPLACE).deprecated("2.6.12", "`SET` with the `PX` option")
        .event("set").doc("2.6.0", "O(1)", "Writes a string that expires after some milliseconds."),
    write("set", "key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds \
        | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
        Keys::FIRST, set::set)
        .denyoom().access(Access::CHANGE.and(Access::ACCESS).and(Access::VARIABLE_FLAGS))
        .varies(set::access)
        .doc("1.0.0", "O(1)", "Writes a string, whatever the key held."),
    write("setex", "key seconds value", Keys::FIRST, set::setex)
        .denyoom().access(Access::REPLACE).deprecated("2.6.12", "`SET` with the `EX` option")
        .event("set").doc("2.0.0", "O(1)", "Writes a string that expires after some seconds."),
    write("setnx", "key value", Keys::FIRST, set::setnx)
        .fast().denyoom().access(Access::OW.and(Access::INSERT))
        .deprecated("2.6.12", "`SET` with the `NX` option")
        .event("set").doc("1.0.0", "O(1)", "Writes a string if its key does not exist."),
    write("setrange", "key offset value", Keys::FIRST, range::setrange)
        .denyoom()
        .doc("2.2.0", "O(N) in the bytes written", "Overwrites a part of a string."),
    read("strlen", "key", Keys::FIRST, strlen)
        .fast().access(Access::RO)
        .doc("2.2.0", "O(1)", "Counts the bytes of a string."),
    read("substr", "key start:integer end:integer", Keys::FIRST, range::getrange)
        .deprecated("2.0.0", "`GETRANGE`")
        .doc("1.0.0", "O(N) in the bytes returned", "Reads a part of a string."),
];

#[inline]
fn get(cx: &mut Ctx<'_>) -> Answer {
    let value = cx.db.get::<Str>(cx.args.key()?)?;
    Ok(cx.reply.string_or_null(value))
}

fn getdel(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let value = cx.db.get::<Str>(key)?;
    let answered = cx.reply.string_or_null(value);
    cx.db.remove(key);
    Ok(answered)
}

fn delifeq(cx: &mut Ctx<'_>) -> Answer {
    let (key, expected) = (cx.args.key()?, cx.args.next()?);
    let is_equal = cx.db.get::<Str>(key)?.is_some_and(|it| it.as_slice() == expected);
    if is_equal {
        cx.db.remove(key);
    }
    Ok(cx.reply.int(i64::from(is_equal)))
}

fn mget(cx: &mut Ctx<'_>) -> Answer {
    let answered = cx.reply.array_header(cx.args.len());
    while !cx.args.is_done() {
        // A key of another type reads as absent here.
        match cx.db.read(cx.args.key()?).map(|it| it.value()) {
            Some(Value::String(value)) => cx.reply.string(value),
            _ => cx.reply.null(),
        };
    }
    Ok(answered)
}

fn strlen(cx: &mut Ctx<'_>) -> Answer {
    let value = cx.db.get::<Str>(cx.args.key()?)?;
    Ok(cx.reply.count(value.map_or(0, |it| it.as_slice().len())))
}

fn append(cx: &mut Ctx<'_>) -> Answer {
    let (key, tail) = (cx.args.key()?, cx.args.next()?);
    let bytes_max = cx.server.settings.live().bulk_bytes_max();
    if let Some(mut string) = cx.db.edit::<Str>(key)? {
        check_length(string.len(), tail.len(), bytes_max)?;
        string.append(tail);
        return Ok(cx.reply.count(string.len()));
    }
    cx.db.set(key, NewValue::Copied(tail), SetOptions::default());
    Ok(cx.reply.count(tail.len()))
}

/// Refuses a string that would grow beyond `proto-max-bulk-len`.
fn check_length(from: usize, added: usize, bytes_max: u64) -> Result<(), Error> {
    let fits = from.checked_add(added).is_some_and(|it| it as u64 <= bytes_max);
    if fits { Ok(()) } else { Err(Error::Engine(tandem_engine::Error::TooLong)) }
}
