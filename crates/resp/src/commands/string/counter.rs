//! Strings that are numbers.

use tandem_engine::{NewValue, SetOptions, Str};

use crate::args::integer;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::float::LongDouble;
use crate::reply::Answer;

pub(super) fn incr(cx: &mut Ctx<'_>) -> Answer {
    add(cx, 1)
}

pub(super) fn decr(cx: &mut Ctx<'_>) -> Answer {
    add(cx, -1)
}

pub(super) fn incrby(cx: &mut Ctx<'_>) -> Answer {
    let delta = integer(cx.args.last()?)?;
    add(cx, delta)
}

pub(super) fn decrby(cx: &mut Ctx<'_>) -> Answer {
    let delta = integer(cx.args.last()?)?;
    let delta = delta.checked_neg().ok_or(Error::said("ERR decrement would overflow"))?;
    add(cx, delta)
}

fn add(cx: &mut Ctx<'_>, delta: i64) -> Answer {
    let key = cx.args.key()?;
    let mut digits = itoa::Buffer::new();
    if let Some(mut string) = cx.db.edit::<Str>(key)? {
        let sum = integer(&string)?.checked_add(delta).ok_or(Error::Overflow)?;
        string.replace(digits.format(sum).as_bytes());
        return Ok(cx.reply.int(sum));
    }
    cx.db.set(key, NewValue::Copied(digits.format(delta).as_bytes()), SetOptions::default());
    Ok(cx.reply.int(delta))
}

pub(super) fn incrbyfloat(cx: &mut Ctx<'_>) -> Answer {
    let (key, delta) = (cx.args.key()?, cx.args.next()?);
    let read = |text: &[u8]| LongDouble::parse(text).ok_or(Error::NotAFloat);
    let finite = |it: LongDouble| if it.is_finite() { Ok(it) } else { Err(Error::NanOrInfinity) };
    if let Some(mut string) = cx.db.edit::<Str>(key)? {
        let sum = finite(read(&string)? + read(delta)?)?.to_string();
        string.replace(sum.as_bytes());
        return Ok(cx.reply.text(&sum));
    }
    let sum = finite(read(delta)?)?.to_string();
    cx.db.set(key, NewValue::Copied(sum.as_bytes()), SetOptions::default());
    Ok(cx.reply.text(&sum))
}
