//! Sets.

mod combine;
mod random;

use tandem_engine::{Member, Set, SetRef, doing_now};

use crate::commands::scan::{self, ScanWords};
use crate::dispatch::Ctx;
use crate::events;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, read, write};

const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];
const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

const INSERTED: Access = Access::RW.and(Access::INSERT);
const REMOVED: Access = Access::RW.and(Access::DELETE);
const TAKEN: Access = REMOVED.and(Access::ACCESS);
const SMOVE_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::FIRST, TAKEN), KeySpec::new(Keys::SECOND, INSERTED)];
const STORE_KEYS: &[KeySpec] = &[
    KeySpec::new(Keys::FIRST, Access::REPLACE),
    KeySpec::new(Keys::range(2, -1, 1), Access::READ),
];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("sadd", "key member [member ...]", Keys::FIRST, sadd)
        .fast().denyoom().access(INSERTED)
        .doc("1.0.0", "O(N) in the members given", "Adds members to a set."),
    read("scard", "key", Keys::FIRST, scard)
        .fast().access(Access::RO)
        .doc("1.0.0", "O(1)", "Counts the members of a set."),
    read("sdiff", "key [key ...]", Keys::ALL, combine::sdiff)
        .tips(ANY_ORDER)
        .doc("1.0.0", "O(N) in all sets' sizes", "Lists what only the first of some sets has."),
    write("sdiffstore", "destination key [key ...]", Keys::ALL, combine::sdiffstore)
        .denyoom().keyed(STORE_KEYS)
        .doc("1.0.0", "O(N) in all sets' sizes", "Stores what only the first of some sets has."),
    read("sinter", "key [key ...]", Keys::ALL, combine::sinter)
        .tips(ANY_ORDER)
        .doc("1.0.0", "O(N*M), N in the smallest of M sets", "Lists what all of some sets have."),
    read("sintercard", "numkeys key [key ...] [LIMIT limit:integer]", Keys::Counted { at: 1 },
        combine::sintercard)
        .flags(&[Flags::MOVABLEKEYS])
        .doc("7.0.0", "O(N*M), N in the smallest of M sets", "Counts what all of some sets have."),
    write("sinterstore", "destination key [key ...]", Keys::ALL, combine::sinterstore)
        .denyoom().keyed(STORE_KEYS)
        .doc("1.0.0", "O(N*M), N in the smallest of M sets", "Stores what all of some sets have."),
    read("sismember", "key member", Keys::FIRST, sismember)
        .fast().access(Access::RO)
        .doc("1.0.0", "O(1)", "Tells whether a set has a member."),
    read("smembers", "key", Keys::FIRST, smembers)
        .tips(ANY_ORDER)
        .doc("1.0.0", "O(N) in the set's size", "Lists the members of a set."),
    read("smismember", "key member [member ...]", Keys::FIRST, smismember)
        .fast()
        .doc("6.2.0", "O(N) in the members given", "Tells which members a set has."),
    write("smove", "source destination member", Keys::BOTH, smove)
        .fast().keyed(SMOVE_KEYS)
        .event("").doc("1.0.0", "O(1)", "Moves a member from one set to another."),
    write("spop", "key [count]", Keys::FIRST, random::spop)
        .fast().access(TAKEN).tips(ANY_OUTPUT)
        .doc("1.0.0", "O(N) in the members taken", "Takes random members out of a set."),
    read("srandmember", "key [count]", Keys::FIRST, random::srandmember)
        .tips(ANY_OUTPUT)
        .doc("1.0.0", "O(N) in the members picked", "Picks members of a set at random."),
    write("srem", "key member [member ...]", Keys::FIRST, srem)
        .fast().access(REMOVED)
        .doc("1.0.0", "O(N) in the members given", "Takes members out of a set."),
    read("sscan", "key cursor:integer [MATCH pattern] [COUNT count]", Keys::FIRST, sscan)
        .tips(ANY_OUTPUT)
        .doc("2.8.0", "O(1) for each call", "Goes through the members of a set in steps."),
    read("sunion", "key [key ...]", Keys::ALL, combine::sunion)
        .tips(ANY_ORDER)
        .doc("1.0.0", "O(N) in all sets' sizes", "Lists what any of some sets has."),
    write("sunionstore", "destination key [key ...]", Keys::ALL, combine::sunionstore)
        .denyoom().keyed(STORE_KEYS)
        .doc("1.0.0", "O(N) in all sets' sizes", "Stores what any of some sets has."),
];

fn sadd(cx: &mut Ctx<'_>) -> Answer {
    let mut set = cx.db.edit_or_create::<Set>(cx.args.key()?)?;
    let members = cx.args.rest();
    set.expect(members.get(0).unwrap_or_default(), members.len());
    let n_added = members.iter().filter(|it| set.add(Member::Bytes(it))).count();
    if n_added == 0 {
        set.keep_quiet();
    }
    Ok(cx.reply.count(n_added))
}

fn srem(cx: &mut Ctx<'_>) -> Answer {
    let Some(mut set) = cx.db.edit::<Set>(cx.args.key()?)? else {
        return Ok(cx.reply.int(0));
    };
    let n_removed = cx.args.rest().iter().filter(|it| set.remove(Member::Bytes(it))).count();
    if n_removed == 0 {
        set.keep_quiet();
    }
    Ok(cx.reply.count(n_removed))
}

fn scard(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<Set>(cx.args.key()?)?;
    Ok(cx.reply.count(set.map_or(0, SetRef::len)))
}

fn sismember(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<Set>(cx.args.key()?)?;
    let member = cx.args.next()?;
    Ok(cx.reply.int(set.is_some_and(|it| it.contains(member)).into()))
}

fn smismember(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<Set>(cx.args.key()?)?;
    Ok(cx.reply.array(cx.args.rest().iter(), |reply, member| {
        reply.int(set.is_some_and(|it| it.contains(member)).into())
    }))
}

fn smembers(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<Set>(cx.args.key()?)?;
    let answered = cx.reply.set_header(set.map_or(0, SetRef::len));
    for member in set.into_iter().flatten() {
        member.with(|it| cx.reply.bulk(it));
    }
    Ok(answered)
}

fn smove(cx: &mut Ctx<'_>) -> Answer {
    let (from, to) = (cx.args.key()?, cx.args.key()?);
    let member = Member::Bytes(cx.args.next()?);
    let Some(source) = cx.db.edit::<Set>(from)? else { return Ok(cx.reply.int(0)) };
    let is_there = source.as_ref().has(member);
    drop(source);
    // Of the wrong type it is an error, whether there is something to move or not.
    drop(cx.db.edit::<Set>(to)?);
    if is_there && from.name != to.name {
        doing_now(Some(&events::SREM));
        if let Some(mut source) = cx.db.edit::<Set>(from)? {
            source.remove(member);
        }
        doing_now(Some(&events::SADD));
        let mut target = cx.db.edit_or_create::<Set>(to)?;
        member.with(|it| target.expect(it, 1));
        if !target.add(member) {
            target.keep_quiet();
        }
    }
    Ok(cx.reply.int(is_there.into()))
}

fn sscan(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let cursor = scan::cursor(cx.args.next()?)?;
    let Some(set) = cx.db.get::<Set>(key)? else {
        return Ok(scan::empty(&mut cx.reply));
    };
    let words = ScanWords::read(&mut cx.args, scan::Scans::Set)?;
    let mut found = Vec::new();
    let next = set.scan(cursor, words.count, &mut |member| {
        if member.with(|it| words.takes(it)) {
            found.push(member);
        }
    });
    let answered = scan::header(&mut cx.reply, next, found.len());
    for member in found {
        member.with(|it| cx.reply.bulk(it));
    }
    Ok(answered)
}
