//! List commands that look for equal elements.

use tandem_engine::{Element, End, List, ListRef, Side};

use super::make_room;
use crate::args::{Args, integer};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::{Answer, Reply};

pub(super) fn linsert(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let side = match cx.args.next()? {
        it if it.eq_ignore_ascii_case(b"AFTER") => Side::After,
        it if it.eq_ignore_ascii_case(b"BEFORE") => Side::Before,
        _ => return Err(Error::Syntax),
    };
    let pivot = Element::of(cx.args.next()?);
    let value = cx.args.value()?;
    let Some(mut list) = cx.db.edit::<List>(key)? else { return Ok(cx.reply.int(0)) };
    make_room(&mut list, 1, value.as_slice().len());
    let Some(index) = list.as_ref().iter().position(|it| it.is(pivot)) else {
        list.keep_quiet();
        return Ok(cx.reply.int(-1));
    };
    list.insert(index, side, &value);
    Ok(cx.reply.count(list.len()))
}

pub(super) fn lrem(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let count = above_minimum(cx.args.next()?)?;
    let wanted = cx.args.next()?;
    let Some(mut list) = cx.db.edit::<List>(key)? else { return Ok(cx.reply.int(0)) };
    if !list.as_ref().iter().any(|it| it.is(Element::of(wanted))) {
        return Ok(cx.reply.int(0));
    }
    let n_max = if count == 0 { usize::MAX } else { count.unsigned_abs() as usize };
    let from = if count < 0 { End::Back } else { End::Front };
    let n_gone = list.remove_equal(wanted, n_max, from);
    Ok(cx.reply.count(n_gone))
}

pub(super) fn lpos(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let wanted = Element::of(cx.args.next()?);
    let words = PositionWords::read(&mut cx.args)?;
    let list = cx.db.get::<List>(key)?;
    let len = list.map_or(0, ListRef::len);
    let (first, towards) =
        if words.rank < 0 { (len.wrapping_sub(1), End::Front) } else { (0, End::Back) };
    let elements = list.into_iter().flat_map(|it| it.iter_from(first, towards));
    let mut places = elements
        .take(words.n_looked_at)
        .enumerate()
        .filter(|(_, it)| it.is(wanted))
        .map(|(n, _)| if towards == End::Front { len - 1 - n } else { n })
        .skip(words.rank.unsigned_abs() as usize - 1);
    let Some(n_max) = words.count else {
        return Ok(match places.next() {
            Some(place) => cx.reply.count(place),
            None => cx.reply.null(),
        });
    };
    let places: Vec<usize> = places.take(n_max).collect();
    Ok(cx.reply.array(places.into_iter(), Reply::count))
}

/// `[RANK rank] [COUNT num-matches] [MAXLEN len]`, the last of each counting.
struct PositionWords {
    /// Not 0: below it from the back.
    rank: i64,
    count: Option<usize>,
    n_looked_at: usize,
}

impl PositionWords {
    fn read(args: &mut Args<'_>) -> Result<PositionWords, Error> {
        let mut words = PositionWords { rank: 1, count: None, n_looked_at: usize::MAX };
        while !args.is_done() {
            if args.option("RANK") {
                words.rank = above_minimum(args.next()?)?;
                if words.rank == 0 {
                    return Err(Error::said(
                        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the \
                         second ... or use negative to start from the end of the list",
                    ));
                }
            } else if args.option("COUNT") {
                let n = args.at_least(0, "ERR COUNT can't be negative")?;
                words.count = Some(all_if_zero(n));
            } else if args.option("MAXLEN") {
                let n = args.at_least(0, "ERR MAXLEN can't be negative")?;
                words.n_looked_at = all_if_zero(n);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(words)
    }
}

fn all_if_zero(n: usize) -> usize {
    if n == 0 { usize::MAX } else { n }
}

/// An integer whose sign can be turned.
fn above_minimum(text: &[u8]) -> Result<i64, Error> {
    match integer(text)? {
        i64::MIN => Err(Error::OutOfRange { min: -i64::MAX, max: i64::MAX }),
        it => Ok(it),
    }
}
