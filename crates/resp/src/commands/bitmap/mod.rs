//! Bits of strings.

mod field;
mod range;

use tandem_engine::{BitOp, Str, StrRef, combine_bits};

use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::number;
use crate::reply::Answer;
use crate::spec::{Spec, read, write};

const BITOP_KEYS: &[KeySpec] = &[
    KeySpec::new(Keys::SECOND, Access::REPLACE),
    KeySpec::new(Keys::range(3, -1, 1), Access::READ),
];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    read("bitcount", "key [start:integer [end:integer [BYTE | BIT]]]", Keys::FIRST,
        range::bitcount)
        .doc("2.6.0", "O(N) in the bytes looked at", "Counts the ones in a string."),
    write("bitfield", "key [<GET <encoding offset> | [OVERFLOW <WRAP | SAT | FAIL>] \
        <SET <encoding offset value:integer> | INCRBY <encoding offset increment:integer>>> \
        [operation ...]]", Keys::FIRST, field::bitfield)
        .denyoom().access(Access::CHANGE.and(Access::ACCESS).and(Access::VARIABLE_FLAGS))
        .varies(field::access)
        .event("setbit")
        .doc("3.2.0", "O(1) for each operation", "Reads and writes numbers inside a string."),
    read("bitfield_ro", "key [GET <encoding offset> [GET <encoding offset> ...]]", Keys::FIRST,
        field::bitfield_ro)
        .fast().doc("6.0.0", "O(1) for each operation", "Reads numbers inside a string."),
    write("bitop", "<AND | OR | XOR | NOT> destkey:key key [key ...]", Keys::range(2, -1, 1),
        bitop)
        .denyoom().keyed(BITOP_KEYS)
        .event("set")
        .doc("2.6.0", "O(N) in the longest string", "Joins strings bit by bit into another key."),
    read("bitpos", "key bit:integer [start:integer [end:integer [BYTE | BIT]]]", Keys::FIRST,
        range::bitpos)
        .doc("2.8.7", "O(N) in the bytes looked at", "Finds the first one or zero in a string."),
    read("getbit", "key offset", Keys::FIRST, getbit)
        .fast().doc("2.2.0", "O(1)", "Reads one bit of a string."),
    write("setbit", "key offset value:integer", Keys::FIRST, setbit)
        .denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .doc("2.2.0", "O(1)", "Writes one bit of a string."),
];

fn getbit(cx: &mut Ctx<'_>) -> Answer {
    let (key, at) = (cx.args.key()?, cx.args.next()?);
    let at = bit_offset(at, 1, bytes_max(cx))?;
    let value = cx.db.get::<Str>(key)?;
    let bit = value.is_some_and(|it| bit_at(it.as_slice(), at));
    Ok(cx.reply.int(i64::from(bit)))
}

fn setbit(cx: &mut Ctx<'_>) -> Answer {
    let (key, at) = (cx.args.key()?, cx.args.next()?);
    let at = bit_offset(at, 1, bytes_max(cx))?;
    let bit = match cx.args.next()? {
        b"0" => 0,
        b"1" => 0x80 >> (at % 8),
        _ => return Err(Error::said("ERR bit is not an integer or out of range")),
    };
    let mut string = cx.db.edit_or_create::<Str>(key)?;
    let was = bit_at(&string, at);
    if was == (bit != 0) && at / 8 < string.len() {
        // It is raw bytes from here on even so.
        string.keep_quiet();
    }
    let byte = &mut string.bytes_mut(at / 8 + 1)[at / 8];
    *byte = *byte & !(0x80 >> (at % 8)) | bit;
    Ok(cx.reply.int(i64::from(was)))
}

fn bit_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|it| it & (0x80 >> (at % 8)) != 0)
}

fn bytes_max(cx: &Ctx<'_>) -> u64 {
    cx.server.settings.live().bulk_bytes_max()
}

/// A bit's place in a string of the longest kind there may be: `times` what the text says.
fn bit_offset(text: &[u8], times: usize, bytes_max: u64) -> Result<usize, Error> {
    let said = number::integer(text).and_then(|it| usize::try_from(it).ok());
    let at = said.and_then(|it| it.checked_mul(times));
    at.filter(|it| (*it as u64 / 8) < bytes_max)
        .ok_or(Error::said("ERR bit offset is not an integer or out of range"))
}

fn bitop(cx: &mut Ctx<'_>) -> Answer {
    let join = operation(&mut cx.args)?;
    let to = cx.args.key()?;
    if join.is_none() && cx.args.len() > 1 {
        return Err(Error::said("ERR BITOP NOT must be called with a single source key."));
    }
    let mut joined = operand(cx)?.to_vec();
    match join {
        None => joined.iter_mut().for_each(|it| *it = !*it),
        Some(op) => {
            while !cx.args.is_done() {
                combine_bits(op, &mut joined, operand(cx)?);
            }
        }
    }
    let len = joined.len();
    // Whatever was there is gone, its type and expiry too.
    if len > 0 {
        let mut string = Str::default();
        string.become_bytes(joined);
        cx.db.put(to, string);
    } else {
        cx.db.remove(to);
    }
    Ok(cx.reply.count(len))
}

/// How strings are joined; `None` for NOT, which takes one.
fn operation(args: &mut Args<'_>) -> Result<Option<BitOp>, Error> {
    let words = [
        ("AND", Some(BitOp::And)),
        ("OR", Some(BitOp::Or)),
        ("XOR", Some(BitOp::Xor)),
        ("NOT", None),
    ];
    let found = words.into_iter().find(|(word, _)| args.flag(word));
    found.map(|(_, op)| op).ok_or(Error::Syntax)
}

/// The string under the next key; an absent one is empty.
fn operand<'a>(cx: &'a mut Ctx<'_>) -> Result<&'a [u8], Error> {
    let value = cx.db.get::<Str>(cx.args.key()?)?;
    Ok(value.map_or(&[], StrRef::as_slice))
}
