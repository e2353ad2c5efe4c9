//! Hash fields that are numbers.

use tandem_engine::Hash;

use crate::dispatch::Ctx;
use crate::error::Error;
use crate::float::LongDouble;
use crate::number;
use crate::reply::Answer;

pub(super) fn hincrby(cx: &mut Ctx<'_>) -> Answer {
    let (key, field) = (cx.args.key()?, cx.args.next()?);
    let delta = cx.args.integer()?;
    let mut hash = cx.db.edit_or_create::<Hash>(key)?;
    let old = match hash.get(field) {
        Some(text) => number::integer(text).ok_or(Error::HashNotAnInteger)?,
        None => 0,
    };
    let sum = old.checked_add(delta).ok_or(Error::Overflow)?;
    hash.update(field, itoa::Buffer::new().format(sum).as_bytes());
    Ok(cx.reply.int(sum))
}

pub(super) fn hincrbyfloat(cx: &mut Ctx<'_>) -> Answer {
    let (key, field) = (cx.args.key()?, cx.args.next()?);
    let delta = LongDouble::parse(cx.args.next()?).ok_or(Error::NotAFloat)?;
    if !delta.is_finite() {
        return Err(Error::said("ERR value is NaN or Infinity"));
    }
    let mut hash = cx.db.edit_or_create::<Hash>(key)?;
    let sum = match hash.get(field) {
        Some(text) => LongDouble::parse(text).ok_or(Error::HashNotAFloat)? + delta,
        None => delta,
    };
    if !sum.is_finite() {
        return Err(Error::NanOrInfinity);
    }
    let text = sum.to_string();
    hash.update(field, text.as_bytes());
    Ok(cx.reply.text(&text))
}
