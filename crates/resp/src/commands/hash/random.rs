//! HRANDFIELD.

use tandem_engine::{Hash, HashRef};

use crate::commands::picks::{self, Pick};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn hrandfield(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    if cx.args.is_done() {
        let hash = cx.db.get::<Hash>(key)?;
        let picked = hash.map(|it| pick(it, &mut cx.client.random).0);
        return Ok(cx.reply.bulk_or_null(picked));
    }
    let (wanted, form) = words(cx)?;
    let Some(hash) = cx.db.get::<Hash>(key)? else {
        return Ok(cx.reply.array_header(0));
    };
    let random = &mut cx.client.random;
    Ok(match wanted {
        Pick::Repeating(n) => {
            let picks = (0..n).map(|_| pick(hash, random));
            answer(&mut cx.reply, n, picks, form)
        }
        Pick::Distinct(n) => {
            let all = || hash.iter().collect();
            // Beside fields that have expired and wait to be taken out, places say nothing.
            let n_listed = if hash.iter().len() == hash.len() { n } else { n.max(hash.len()) };
            let mut picked = picks::distinct((hash.len(), n_listed), random, all, |at| hash.at(at));
            picked.truncate(n);
            answer(&mut cx.reply, picked.len(), picked.into_iter(), form)
        }
    })
}

/// A field of a hash that has some.
fn pick<'a>(hash: HashRef<'a>, random: &mut fastrand::Rng) -> (&'a [u8], &'a [u8]) {
    let mut fields = hash.iter();
    if fields.len() == hash.len() {
        return hash.at(random.usize(..hash.len()));
    }
    // Some have expired and wait to be taken out: the others are counted through.
    let index = random.usize(..fields.len());
    fields.nth(index).expect("the index is below their number")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Fields,
    Pairs,
}

/// `count [WITHVALUES]`.
fn words(cx: &mut Ctx<'_>) -> Result<(Pick, Form), Error> {
    let count = cx.args.integer()?;
    if count == i64::MIN {
        return Err(Error::OutOfRange { min: -i64::MAX, max: i64::MAX });
    }
    let form = if cx.args.is_done() {
        Form::Fields
    } else if cx.args.flag("WITHVALUES") && cx.args.is_done() {
        Form::Pairs
    } else {
        return Err(Error::Syntax);
    };
    if form == Form::Pairs && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(Error::said("ERR value is out of range"));
    }
    Ok((Pick::of(count)?, form))
}

fn answer<'a>(
    reply: &mut Reply<'_>,
    n: usize,
    picked: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    form: Form,
) -> Answered {
    let nested = form == Form::Pairs && reply.is_resp3();
    let answered = reply.array_header(if form == Form::Pairs && !nested { n * 2 } else { n });
    for (field, value) in picked {
        if nested {
            reply.array_header(2);
        }
        reply.bulk(field);
        if form == Form::Pairs {
            reply.bulk(value);
        }
    }
    answered
}
