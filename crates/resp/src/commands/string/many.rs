//! Several strings at once.

use tandem_engine::{Expire, SetOptions};

use super::set::{Condition, set_until, set_words};
use crate::args::Argv;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::number;
use crate::reply::Answer;

pub(super) fn mset(cx: &mut Ctx<'_>) -> Answer {
    check_pairs(cx, "mset")?;
    store_pairs(cx, 0, Expire::Never)?;
    Ok(cx.reply.ok())
}

pub(super) fn msetnx(cx: &mut Ctx<'_>) -> Answer {
    check_pairs(cx, "msetnx")?;
    if !all_are(cx, Found::Nowhere, 0)? {
        return Ok(cx.reply.int(0));
    }
    store_pairs(cx, 0, Expire::Never)?;
    Ok(cx.reply.int(1))
}

fn check_pairs(cx: &Ctx<'_>, command: &'static str) -> Result<(), Error> {
    if cx.args.len().is_multiple_of(2) { Ok(()) } else { Err(Error::WrongArity(command)) }
}

/// Stores pairs until so many arguments are left.
fn store_pairs(cx: &mut Ctx<'_>, n_left: usize, expire: Expire) -> Result<(), Error> {
    while cx.args.len() > n_left {
        let (key, value) = (cx.args.key()?, cx.args.value()?);
        set_until(cx, key, value, SetOptions { expire, ..SetOptions::default() });
    }
    Ok(())
}

/// What MSETNX and MSETEX ask of all keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nowhere,
    Everywhere,
}

/// Looks at the keys of pairs, until so many arguments are left.
fn all_are(cx: &mut Ctx<'_>, wanted: Found, n_left: usize) -> Result<bool, Error> {
    let mut keys = cx.args.clone();
    while keys.len() > n_left {
        let is_there = cx.db.peek(keys.key()?).is_some();
        if is_there != (wanted == Found::Everywhere) {
            return Ok(false);
        }
        keys.next()?;
    }
    Ok(true)
}

/// `numkeys key value ... [NX | XX] [EX n | PX n | EXAT n | PXAT n | KEEPTTL]`
pub(super) fn msetex(cx: &mut Ctx<'_>) -> Answer {
    let n_pairs = n_pairs(cx.args.next()?, cx.args.len())?;
    let n_left = cx.args.len() - 2 * n_pairs;
    let mut behind = cx.args.clone();
    for _ in 0..2 * n_pairs {
        behind.next()?;
    }
    let words = set_words(&mut behind)?;
    let wanted = match words.condition {
        Condition::None => None,
        Condition::Absent => Some(Found::Nowhere),
        Condition::Present => Some(Found::Everywhere),
        Condition::Equals(_) => return Err(Error::Syntax),
    };
    if words.returns_old {
        return Err(Error::Syntax);
    }
    let expire = words.expire(cx.now_ms, "msetex")?;
    if let Some(wanted) = wanted
        && !all_are(cx, wanted, n_left)?
    {
        return Ok(cx.reply.int(0));
    }
    store_pairs(cx, n_left, expire)?;
    Ok(cx.reply.int(1))
}

/// Where MSETEX has its keys.
pub(super) fn find_keys(line: Argv<'_>, into: &mut Vec<usize>) -> Result<(), Error> {
    let n_pairs = n_pairs(line.get(1).ok_or(Error::Syntax)?, line.len() - 2)?;
    into.extend((0..n_pairs).map(|it| 2 + 2 * it));
    Ok(())
}

/// The number of pairs that a line says it has, of so many words.
fn n_pairs(text: &[u8], n_words: usize) -> Result<usize, Error> {
    let said = number::integer(text).and_then(|it| usize::try_from(it).ok());
    let n_pairs = said.filter(|it| *it > 0).ok_or(Error::said("ERR invalid numkeys value"))?;
    if n_pairs > n_words / 2 {
        return Err(Error::said("ERR wrong number of key-value pairs"));
    }
    Ok(n_pairs)
}
