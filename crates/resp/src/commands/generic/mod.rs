//! Keys, whatever they hold.

pub(super) mod dump;
mod expire;
pub(super) mod object;
mod place;
mod walk;

use crate::dispatch::Ctx;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, group, read, read_whole, write, write_whole};

const MULTI_SUM: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];
const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];
const KEYS_TIPS: &[&str] = &["request_policy:all_shards", "nondeterministic_output_order"];
const RANDOMKEY_TIPS: &[&str] =
    &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"];
const SCAN_TIPS: &[&str] =
    &["nondeterministic_output", "request_policy:special", "response_policy:special"];

const TAKEN: Access = Access::RW.and(Access::ACCESS).and(Access::DELETE);
const COPY_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::FIRST, Access::READ), KeySpec::new(Keys::SECOND, Access::REPLACE)];
const RENAME_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::FIRST, TAKEN), KeySpec::new(Keys::SECOND, Access::REPLACE)];
const RENAMENX_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::FIRST, TAKEN), KeySpec::new(Keys::SECOND, Access::OW.and(Access::INSERT))];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write_whole("copy", "source destination [DB destination-db] [REPLACE]", Keys::BOTH,
        place::copy)
        .denyoom().keyed(COPY_KEYS)
        .event("").doc("6.2.0", "O(N) in the value's size", "Copies a key's value to another key."),
    write("del", "key [key ...]", Keys::ALL, del)
        .access(Access::RM.and(Access::DELETE)).tips(MULTI_SUM)
        .doc("1.0.0", "O(N) in the keys", "Removes keys."),
    read("dump", "key", Keys::FIRST, dump::dump)
        .tips(ANY_OUTPUT)
        .doc("2.6.0", "O(N) in the value's size", "Writes what a key holds, to be restored."),
    read("exists", "key [key ...]", Keys::ALL, exists)
        .fast().access(Access::RO).tips(MULTI_SUM)
        .doc("1.0.0", "O(N) in the keys", "Counts those of the given keys that exist."),
    write("expire", "key seconds [NX | XX | GT | LT]", Keys::FIRST, expire::expire)
        .fast().doc("1.0.0", "O(1)", "Lets a key expire after some seconds."),
    write("expireat", "key unix-time-seconds [NX | XX | GT | LT]", Keys::FIRST, expire::expireat)
        .fast().event("expire").doc("1.2.0", "O(1)", "Lets a key expire at a time in seconds."),
    read("expiretime", "key", Keys::FIRST, expire::expiretime)
        .fast().doc("7.0.0", "O(1)", "Tells when a key expires, in seconds."),
    read_whole("keys", "pattern", Keys::NONE, walk::keys)
        .categories(&["dangerous"]).tips(KEYS_TIPS)
        .doc("1.0.0", "O(N) in the database's keys", "Lists the keys that match a pattern."),
    write_whole("move", "key db:integer", Keys::FIRST, place::move_to)
        .fast().access(Access::CHANGE.and(Access::ACCESS))
        .event("").doc("1.0.0", "O(1)", "Moves a key to another database."),
    group("object", OBJECT)
        .doc("2.2.3", "O(1)", "Looks at how keys are kept."),
    write("persist", "key", Keys::FIRST, expire::persist)
        .fast().doc("2.2.0", "O(1)", "Takes a key's expiry away."),
    write("pexpire", "key milliseconds [NX | XX | GT | LT]", Keys::FIRST, expire::pexpire)
        .fast().event("expire").doc("2.6.0", "O(1)", "Lets a key expire after some milliseconds."),
    write("pexpireat", "key unix-time-milliseconds [NX | XX | GT | LT]", Keys::FIRST,
        expire::pexpireat)
        .fast().event("expire")
        .doc("2.6.0", "O(1)", "Lets a key expire at a time in milliseconds."),
    read("pexpiretime", "key", Keys::FIRST, expire::pexpiretime)
        .fast().doc("7.0.0", "O(1)", "Tells when a key expires, in milliseconds."),
    read("pttl", "key", Keys::FIRST, expire::pttl)
        .fast().tips(ANY_OUTPUT)
        .doc("2.6.0", "O(1)", "Tells how long a key has to live, in milliseconds."),
    read_whole("randomkey", "", Keys::NONE, walk::randomkey)
        .tips(RANDOMKEY_TIPS)
        .doc("1.0.0", "O(1)", "Picks a key at random."),
    write("rename", "key newkey", Keys::BOTH, place::rename)
        .keyed(RENAME_KEYS)
        .event("").doc("1.0.0", "O(1)", "Gives a key another name, over what had it."),
    write("renamenx", "key newkey", Keys::BOTH, place::renamenx)
        .fast().keyed(RENAMENX_KEYS)
        .event("").doc("1.0.0", "O(1)", "Gives a key another name that no key has."),
    write_whole("restore", dump::SYNTAX, Keys::FIRST, dump::restore)
        .denyoom().access(Access::REPLACE).categories(&["dangerous"])
        .event("").doc("2.6.0", "O(N) in the value's size", "Gives a key what DUMP has written."),
    read_whole("scan", "cursor:integer [MATCH pattern] [COUNT count] [TYPE type]", Keys::NONE,
        walk::scan)
        .tips(SCAN_TIPS)
        .doc("2.8.0", "O(1) for each call", "Goes through the keys in steps."),
    read("touch", "key [key ...]", Keys::ALL, touch)
        .fast().access(Access::RO).tips(MULTI_SUM)
        .doc("3.2.1", "O(N) in the keys", "Marks keys as just used and counts them."),
    read("ttl", "key", Keys::FIRST, expire::ttl)
        .fast().tips(ANY_OUTPUT)
        .doc("1.0.0", "O(1)", "Tells how long a key has to live, in seconds."),
    read("type", "key", Keys::FIRST, object::type_of)
        .fast().access(Access::RO)
        .doc("1.0.0", "O(1)", "Names the type of what a key holds."),
    write("unlink", "key [key ...]", Keys::ALL, del)
        .fast().access(Access::RM.and(Access::DELETE)).tips(MULTI_SUM)
        .event("del").doc("4.0.0", "O(1) for each key", "Removes keys and frees big values later."),
];

#[rustfmt::skip]
const OBJECT: &[Spec] = &[
    read("encoding", "key", Keys::SECOND, object::encoding)
        .access(Access::RO).tips(ANY_OUTPUT)
        .doc("2.2.3", "O(1)", "Names the form in which a value is kept."),
    read("freq", "key", Keys::SECOND, object::freq)
        .access(Access::RO).tips(ANY_OUTPUT)
        .doc("4.0.0", "O(1)", "Tells how often a key is used, under an LFU policy."),
    crate::spec::plain("help", "", object::help)
        .flags(&[Flags::LOADING, Flags::STALE])
        .doc("6.2.0", "O(1)", "Explains the subcommands."),
    read("idletime", "key", Keys::SECOND, object::idletime)
        .access(Access::RO).tips(ANY_OUTPUT)
        .doc("2.2.3", "O(1)", "Tells for how many seconds a key was not used."),
    read("refcount", "key", Keys::SECOND, object::refcount)
        .access(Access::RO).tips(ANY_OUTPUT)
        .doc("2.2.3", "O(1)", "Tells how many references a value has."),
];

fn del(cx: &mut Ctx<'_>) -> Answer {
    count(cx, |cx| Ok(cx.db.remove(cx.args.key()?)))
}

fn exists(cx: &mut Ctx<'_>) -> Answer {
    count(cx, |cx| Ok(cx.db.look(cx.args.key()?).is_some()))
}

fn touch(cx: &mut Ctx<'_>) -> Answer {
    count(cx, |cx| {
        let key = cx.args.key()?;
        Ok(cx.db.look(key).is_some() && cx.db.touch(key))
    })
}

/// Answers for how many of the keys `each` says yes.
fn count(
    cx: &mut Ctx<'_>,
    each: impl Fn(&mut Ctx<'_>) -> Result<bool, crate::error::Error>,
) -> Answer {
    let mut n = 0;
    while !cx.args.is_done() {
        n += usize::from(each(cx)?);
    }
    Ok(cx.reply.count(n))
}
