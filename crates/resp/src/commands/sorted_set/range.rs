//! Ranges answered, counted, stored and removed.

use tandem_engine::{Order, SortedSet};

use super::query::{By, Ends, Limit, Query};
use super::{Form, put_members};
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::Answer;

/// What a command's name says of its range; `None` is said by words.
#[derive(Clone, Copy)]
struct Named {
    by: Option<By>,
    order: Option<Order>,
}

const BY_WORDS: Named = Named { by: None, order: None };

pub(super) fn zrange(cx: &mut Ctx<'_>) -> Answer {
    range(cx, BY_WORDS)
}

pub(super) fn zrevrange(cx: &mut Ctx<'_>) -> Answer {
    range(cx, Named { by: Some(By::Rank), order: Some(Order::Falling) })
}

pub(super) fn zrangebyscore(cx: &mut Ctx<'_>) -> Answer {
    range(cx, Named { by: Some(By::Score), order: Some(Order::Rising) })
}

pub(super) fn zrevrangebyscore(cx: &mut Ctx<'_>) -> Answer {
    range(cx, Named { by: Some(By::Score), order: Some(Order::Falling) })
}

pub(super) fn zrangebylex(cx: &mut Ctx<'_>) -> Answer {
    range(cx, Named { by: Some(By::Bytes), order: Some(Order::Rising) })
}

pub(super) fn zrevrangebylex(cx: &mut Ctx<'_>) -> Answer {
    range(cx, Named { by: Some(By::Bytes), order: Some(Order::Falling) })
}

fn range(cx: &mut Ctx<'_>, named: Named) -> Answer {
    let key = cx.args.key()?;
    let (query, form) = words(&mut cx.args, named, Scores::Allowed)?;
    let Some(set) = cx.db.get::<SortedSet>(key)? else { return Ok(cx.reply.array_header(0)) };
    let members = set.range(query.ranks(set), query.order);
    Ok(put_members(&mut cx.reply, members, form))
}

/// The range takes the place of whatever the first key holds.
pub(super) fn zrangestore(cx: &mut Ctx<'_>) -> Answer {
    let (target, source) = (cx.args.key()?, cx.args.key()?);
    let (query, _) = words(&mut cx.args, BY_WORDS, Scores::Refused)?;
    let mut stored = SortedSet::new(cx.db.limits().sorted_set);
    if let Some(set) = cx.db.get::<SortedSet>(source)? {
        let members = set.range(query.ranks(set), Order::Rising);
        stored.expect(members.len(), 0);
        for (member, score) in members {
            stored.insert(member, score);
        }
    }
    let len = stored.len();
    cx.db.put(target, stored);
    Ok(cx.reply.count(len))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scores {
    Allowed,
    Refused,
}

/// `first second [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`, without what the
/// command's name has said.
fn words<'a>(
    args: &mut Args<'a>,
    named: Named,
    scores: Scores,
) -> Result<(Query<'a>, Form), Error> {
    let ends = [args.next()?, args.next()?];
    let Named { mut by, mut order } = named;
    let (mut form, mut limit) = (Form::Members, Limit::NONE);
    while !args.is_done() {
        if scores == Scores::Allowed && args.flag("WITHSCORES") {
            form = Form::Scores;
        } else if args.len() > 2 && args.flag("LIMIT") {
            limit = Limit::read(args)?;
        } else if order.is_none() && args.flag("REV") {
            order = Some(Order::Falling);
        } else if by.is_none() && args.flag("BYLEX") {
            by = Some(By::Bytes);
        } else if by.is_none() && args.flag("BYSCORE") {
            by = Some(By::Score);
        } else {
            return Err(Error::Syntax);
        }
    }
    let (by, order) = (by.unwrap_or(By::Rank), order.unwrap_or(Order::Rising));
    if by == By::Rank && limit.count != -1 {
        let text = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE \
                    or BYLEX";
        return Err(Error::said(text));
    }
    if by == By::Bytes && form == Form::Scores {
        let text = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
        return Err(Error::said(text));
    }
    let limit = if by == By::Rank { Limit::NONE } else { limit };
    Ok((Query { ends: Ends::parse(by, order, ends)?, order, limit }, form))
}

pub(super) fn zcount(cx: &mut Ctx<'_>) -> Answer {
    count(cx, By::Score)
}

pub(super) fn zlexcount(cx: &mut Ctx<'_>) -> Answer {
    count(cx, By::Bytes)
}

fn count(cx: &mut Ctx<'_>, by: By) -> Answer {
    let key = cx.args.key()?;
    let ends = Ends::parse(by, Order::Rising, [cx.args.next()?, cx.args.next()?])?;
    let set = cx.db.get::<SortedSet>(key)?;
    Ok(cx.reply.count(set.map_or(0, |it| ends.ranks(it, Order::Rising).len())))
}

pub(super) fn zremrangebyrank(cx: &mut Ctx<'_>) -> Answer {
    remove(cx, By::Rank)
}

pub(super) fn zremrangebyscore(cx: &mut Ctx<'_>) -> Answer {
    remove(cx, By::Score)
}

pub(super) fn zremrangebylex(cx: &mut Ctx<'_>) -> Answer {
    remove(cx, By::Bytes)
}

fn remove(cx: &mut Ctx<'_>, by: By) -> Answer {
    let key = cx.args.key()?;
    let ends = Ends::parse(by, Order::Rising, [cx.args.next()?, cx.args.next()?])?;
    let Some(mut set) = cx.db.edit::<SortedSet>(key)? else { return Ok(cx.reply.int(0)) };
    let ranks = ends.ranks(set.as_ref(), Order::Rising);
    let n_removed = ranks.len();
    if n_removed > 0 {
        set.remove_range(ranks);
    }
    Ok(cx.reply.count(n_removed))
}
