//! Hashes.

mod counter;
mod expire;
mod random;
mod together;

use tandem_engine::{Hash, HashRef};

use crate::commands::scan::{self, ScanWords};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::keys::{Access, Keys};
use crate::reply::Answer;
use crate::spec::{Spec, read, write};

const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];
const EACH_FIELD: &str = "O(N) in the fields given";
const TAKEN: Access = Access::RW.and(Access::ACCESS).and(Access::DELETE);
const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("hdel", "key field [field ...]", Keys::FIRST, hdel)
        .fast().access(Access::RW.and(Access::DELETE))
        .doc("2.0.0", EACH_FIELD, "Takes fields out of a hash."),
    read("hexists", "key field", Keys::FIRST, hexists)
        .fast().access(Access::RO)
        .doc("2.0.0", "O(1)", "Tells whether a hash has a field."),
    write("hexpire",
        "key seconds [NX | XX | GT | LT] FIELDS <numfields field [field ...]>",
        Keys::FIRST, expire::hexpire)
        .fast().doc("7.4.0", EACH_FIELD, "Lets fields of a hash expire after some seconds."),
    write("hexpireat",
        "key unix-time-seconds [NX | XX | GT | LT] FIELDS <numfields field [field ...]>",
        Keys::FIRST, expire::hexpireat)
        .fast().event("hexpire")
        .doc("7.4.0", EACH_FIELD, "Lets fields of a hash expire at a time in seconds."),
    read("hexpiretime",
        "key FIELDS <numfields field [field ...]>", Keys::FIRST,
        expire::hexpiretime)
        .fast().doc("7.4.0", EACH_FIELD, "Tells when fields of a hash expire, in seconds."),
    read("hget", "key field", Keys::FIRST, hget)
        .fast().doc("2.0.0", "O(1)", "Reads one field of a hash."),
    read("hgetall", "key", Keys::FIRST, hgetall)
        .tips(ANY_ORDER)
        .doc("2.0.0", "O(N) in the hash's size", "Reads every field of a hash with its value."),
    write("hgetdel",
        "key FIELDS <numfields field [field ...]>", Keys::FIRST,
        together::hgetdel)
        .fast().access(TAKEN)
        .event("hdel").doc("8.0.0", EACH_FIELD, "Reads fields of a hash and takes them out."),
    write("hgetex",
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
         unix-time-milliseconds | PERSIST] FIELDS <numfields field [field ...]>",
        Keys::FIRST, together::hgetex)
        .fast().access(Access::CHANGE.and(Access::ACCESS))
        .event("hexpire")
        .doc("8.0.0", EACH_FIELD, "Reads fields of a hash and sets when they expire."),
    write("hincrby", "key field increment:integer", Keys::FIRST, counter::hincrby)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .doc("2.0.0", "O(1)", "Adds to a number in a hash."),
    write("hincrbyfloat", "key field increment:double", Keys::FIRST, counter::hincrbyfloat)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .doc("2.6.0", "O(1)", "Adds to a number with a fraction in a hash."),
    read("hkeys", "key", Keys::FIRST, hkeys)
        .tips(ANY_ORDER)
        .doc("2.0.0", "O(N) in the hash's size", "Lists the fields of a hash."),
    read("hlen", "key", Keys::FIRST, hlen)
        .fast().access(Access::RO)
        .doc("2.0.0", "O(1)", "Counts the fields of a hash."),
    read("hmget", "key field [field ...]", Keys::FIRST, hmget)
        .fast().doc("2.0.0", EACH_FIELD, "Reads several fields of a hash."),
    write("hmset", "key <field value> [<field value> ...]", Keys::FIRST, hmset)
        .fast().denyoom().deprecated("4.0.0", "`HSET` with several pairs")
        .event("hset").doc("2.0.0", EACH_FIELD, "Writes fields into a hash."),
    write("hpersist",
        "key FIELDS <numfields field [field ...]>", Keys::FIRST,
        expire::hpersist)
        .fast().doc("7.4.0", EACH_FIELD, "Takes the expiry of a hash's fields away."),
    write("hpexpire",
        "key milliseconds [NX | XX | GT | LT] FIELDS <numfields field [field ...]>",
        Keys::FIRST, expire::hpexpire)
        .fast().event("hexpire")
        .doc("7.4.0", EACH_FIELD, "Lets fields of a hash expire after some milliseconds."),
    write("hpexpireat",
        "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS <numfields field [field ...]>",
        Keys::FIRST, expire::hpexpireat)
        .fast().event("hexpire")
        .doc("7.4.0", EACH_FIELD, "Lets fields of a hash expire at a time in milliseconds."),
    read("hpexpiretime",
        "key FIELDS <numfields field [field ...]>", Keys::FIRST,
        expire::hpexpiretime)
        .fast().doc("7.4.0", EACH_FIELD, "Tells when fields of a hash expire, in milliseconds."),
    read("hpttl",
        "key FIELDS <numfields field [field ...]>", Keys::FIRST,
        expire::hpttl)
        .fast().tips(ANY_OUTPUT)
        .doc("7.4.0", EACH_FIELD, "Tells how long fields have to live, in milliseconds."),
    read("hrandfield", "key [<count [WITHVALUES]>]", Keys::FIRST, random::hrandfield)
        .tips(ANY_OUTPUT)
        .doc("6.2.0", "O(N) in the fields returned", "Picks fields of a hash at random."),
    read("hscan", "key cursor:integer [MATCH pattern] [COUNT count] [NOVALUES]",
        Keys::FIRST, hscan)
        .tips(ANY_OUTPUT)
        .doc("2.8.0", "O(1) for each call", "Goes through the fields of a hash in steps."),
    write("hset", "key <field value> [<field value> ...]", Keys::FIRST, hset)
        .fast().denyoom()
        .doc("2.0.0", EACH_FIELD, "Writes fields into a hash, new or old."),
    write("hsetex",
        "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
         unix-time-milliseconds | KEEPTTL] FIELDS <numfields <field value> [<field value> \
         ...]>",
        Keys::FIRST, together::hsetex)
        .fast().denyoom()
        .event("hset")
        .doc("8.0.0", EACH_FIELD, "Writes fields of a hash and sets when they expire."),
    write("hsetnx", "key field value", Keys::FIRST, hsetnx)
        .fast().denyoom().access(Access::RW.and(Access::INSERT))
        .event("hset").doc("2.0.0", "O(1)", "Writes a field of a hash if it is new."),
    read("hstrlen", "key field", Keys::FIRST, hstrlen)
        .fast().access(Access::RO)
        .doc("3.2.0", "O(1)", "Counts the bytes of a field's value."),
    read("httl",
        "key FIELDS <numfields field [field ...]>", Keys::FIRST,
        expire::httl)
        .fast().tips(ANY_OUTPUT)
        .doc("7.4.0", EACH_FIELD, "Tells how long fields have to live, in seconds."),
    read("hvals", "key", Keys::FIRST, hvals)
        .tips(ANY_ORDER)
        .doc("2.0.0", "O(N) in the hash's size", "Lists the values of a hash."),
];

fn hdel(cx: &mut Ctx<'_>) -> Answer {
    let Some(mut hash) = cx.db.edit::<Hash>(cx.args.key()?)? else {
        return Ok(cx.reply.int(0));
    };
    let removed = cx.args.rest().iter().filter(|field| hash.remove(field)).count();
    if removed == 0 {
        hash.keep_quiet();
    }
    Ok(cx.reply.count(removed))
}

fn hexists(cx: &mut Ctx<'_>) -> Answer {
    let found = field(cx)?.is_some();
    Ok(cx.reply.int(i64::from(found)))
}

fn hstrlen(cx: &mut Ctx<'_>) -> Answer {
    let len = field(cx)?.map_or(0, <[u8]>::len);
    Ok(cx.reply.count(len))
}

fn hget(cx: &mut Ctx<'_>) -> Answer {
    let Ctx { db, args, reply, .. } = cx;
    let hash = db.get::<Hash>(args.key()?)?;
    let field = args.next()?;
    Ok(reply.bulk_or_null(hash.and_then(|it| it.get(field))))
}

/// The value of the field that the arguments name.
fn field<'a>(cx: &'a mut Ctx<'_>) -> Result<Option<&'a [u8]>, Error> {
    let hash = cx.db.get::<Hash>(cx.args.key()?)?;
    let field = cx.args.next()?;
    Ok(hash.and_then(|it| it.get(field)))
}

fn hmget(cx: &mut Ctx<'_>) -> Answer {
    let hash = cx.db.get::<Hash>(cx.args.key()?)?;
    Ok(cx.reply.array(cx.args.rest().iter(), |reply, field| {
        reply.bulk_or_null(hash.and_then(|it| it.get(field)))
    }))
}

fn hlen(cx: &mut Ctx<'_>) -> Answer {
    let hash = cx.db.get::<Hash>(cx.args.key()?)?;
    Ok(cx.reply.count(hash.map_or(0, HashRef::len)))
}

fn hgetall(cx: &mut Ctx<'_>) -> Answer {
    let hash = cx.db.get::<Hash>(cx.args.key()?)?;
    let answered = cx.reply.map_header(hash.map_or(0, |it| it.iter().len()));
    for (field, value) in hash.into_iter().flat_map(HashRef::iter) {
        cx.reply.bulk(field);
        cx.reply.bulk(value);
    }
    Ok(answered)
}

fn hkeys(cx: &mut Ctx<'_>) -> Answer {
    one_side(cx, |(field, _)| field)
}

fn hvals(cx: &mut Ctx<'_>) -> Answer {
    one_side(cx, |(_, value)| value)
}

fn one_side(cx: &mut Ctx<'_>, side: impl for<'a> Fn((&'a [u8], &'a [u8])) -> &'a [u8]) -> Answer {
    let hash = cx.db.get::<Hash>(cx.args.key()?)?;
    let answered = cx.reply.array_header(hash.map_or(0, |it| it.iter().len()));
    for pair in hash.into_iter().flat_map(HashRef::iter) {
        cx.reply.bulk(side(pair));
    }
    Ok(answered)
}

fn hset(cx: &mut Ctx<'_>) -> Answer {
    let added = write_pairs(cx, "hset")?;
    Ok(cx.reply.count(added))
}

fn hmset(cx: &mut Ctx<'_>) -> Answer {
    write_pairs(cx, "hmset")?;
    Ok(cx.reply.ok())
}

/// Writes all pairs behind the key and counts the new fields.
fn write_pairs(cx: &mut Ctx<'_>, command: &'static str) -> Result<usize, Error> {
    let key = cx.args.key()?;
    if !cx.args.len().is_multiple_of(2) {
        return Err(Error::WrongArity(command));
    }
    let mut hash = cx.db.edit_or_create::<Hash>(key)?;
    let mut n_added = 0;
    while !cx.args.is_done() {
        let (field, value) = (cx.args.next()?, cx.args.next()?);
        n_added += usize::from(hash.set(field, value));
    }
    Ok(n_added)
}

fn hsetnx(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (field, value) = (cx.args.next()?, cx.args.next()?);
    let mut hash = cx.db.edit_or_create::<Hash>(key)?;
    if hash.get(field).is_some() {
        return Ok(cx.reply.int(0));
    }
    hash.set(field, value);
    Ok(cx.reply.int(1))
}

fn hscan(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let cursor = scan::cursor(cx.args.next()?)?;
    let Some(hash) = cx.db.get::<Hash>(key)? else {
        return Ok(scan::empty(&mut cx.reply));
    };
    let words = ScanWords::read(&mut cx.args, scan::Scans::Hash)?;
    let mut found = Vec::new();
    let next = hash.scan(cursor, words.count, &mut |field, value| {
        if words.takes(field) {
            found.push((field, value));
        }
    });
    let per_field = if words.no_values { 1 } else { 2 };
    scan::header(&mut cx.reply, next, found.len() * per_field);
    let mut answered = cx.reply.nothing();
    for (field, value) in found {
        answered = cx.reply.bulk(field);
        if !words.no_values {
            cx.reply.bulk(value);
        }
    }
    Ok(answered)
}
