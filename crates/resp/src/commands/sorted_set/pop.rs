//! ZPOPMIN, ZPOPMAX and ZMPOP: members leave from either end.

use std::ops::Range;

use tandem_engine::{Key, Order, SortedSet, doing_now};

use super::{Form, put_members, put_score};
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::reply::{Answer, Answered};

/// The end that members are taken from, as the order in which it comes first.
pub(super) const MIN: Order = Order::Rising;
pub(super) const MAX: Order = Order::Falling;

pub(super) fn zpopmin(cx: &mut Ctx<'_>) -> Answer {
    pop(cx, MIN)
}

pub(super) fn zpopmax(cx: &mut Ctx<'_>) -> Answer {
    pop(cx, MAX)
}

/// `key [count]`. One member alone is not nested, whatever the protocol.
fn pop(cx: &mut Ctx<'_>, order: Order) -> Answer {
    let key = cx.args.key()?;
    let count = match cx.args.len() {
        0 => None,
        1 => Some(cx.args.at_least(0, "ERR value is out of range, must be positive")?),
        _ => return Err(Error::Syntax),
    };
    let Some(mut set) = cx.db.edit::<SortedSet>(key)? else { return Ok(cx.reply.array_header(0)) };
    let ranks = ends(set.len(), order, count.unwrap_or(1));
    let members = set.as_ref().range(ranks.clone(), order);
    let reply = &mut cx.reply;
    let answered = if count.is_some() {
        put_members(reply, members, Form::Scores)
    } else {
        let answered = reply.array_header(2);
        for (member, score) in members {
            reply.bulk(member);
            put_score(reply, score);
        }
        answered
    };
    if !ranks.is_empty() {
        set.remove_range(ranks);
    }
    Ok(answered)
}

/// The ranks of `n` members at one end, or as many as there are.
pub(super) fn ends(len: usize, order: Order, n: usize) -> Range<usize> {
    let n = n.min(len);
    if order == MIN { 0..n } else { len - n..len }
}

/// `numkeys key [key ...] <MIN | MAX> [COUNT count]`.
pub(super) fn zmpop(cx: &mut Ctx<'_>) -> Answer {
    let words = Words::read(&mut cx.args)?;
    Ok(match pop_first(cx, &words)? {
        Some(answered) => answered,
        None => cx.reply.null_array(),
    })
}

/// What is taken from the first of some keys that has anything.
pub(super) struct Words<'a> {
    keys: Vec<Key<'a>>,
    order: Order,
    count: usize,
}

impl<'a> Words<'a> {
    pub(super) fn read(args: &mut Args<'a>) -> Result<Words<'a>, Error> {
        let n_keys = args.at_least(1, "ERR numkeys should be greater than 0")?;
        if args.len() <= n_keys {
            return Err(Error::Syntax);
        }
        let keys = (0..n_keys).map(|_| args.key()).collect::<Result<_, _>>()?;
        let order = if args.flag("MIN") {
            MIN
        } else if args.flag("MAX") {
            MAX
        } else {
            return Err(Error::Syntax);
        };
        let mut count = None;
        while !args.is_done() {
            if count.is_some() || !args.option("COUNT") {
                return Err(Error::Syntax);
            }
            count = Some(args.at_least(1, "ERR count should be greater than 0")?);
        }
        Ok(Words { keys, order, count: count.unwrap_or(1) })
    }
}

/// Takes members off the first set there is: its key, then pairs. `None` when there is none.
pub(super) fn pop_first(cx: &mut Ctx<'_>, words: &Words<'_>) -> Result<Option<Answered>, Error> {
    for key in &words.keys {
        let Some(mut set) = cx.db.edit::<SortedSet>(*key)? else { continue };
        let ranks = ends(set.len(), words.order, words.count);
        let answered = cx.reply.array_header(2);
        cx.reply.bulk(key.name);
        cx.reply.array(set.as_ref().range(ranks.clone(), words.order), |reply, (member, score)| {
            reply.array_header(2);
            reply.bulk(member);
            put_score(reply, score)
        });
        let is_min = words.order == MIN;
        doing_now(Some(if is_min { &events::ZPOPMIN } else { &events::ZPOPMAX }));
        set.remove_range(ranks);
        return Ok(Some(answered));
    }
    Ok(None)
}
