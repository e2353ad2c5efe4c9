//! BZPOPMIN, BZPOPMAX and BZMPOP: they wait for a member.

use tandem_engine::{Order, SortedSet, Type};

use super::pop::{MAX, MIN, Words, ends, pop_first};
use super::put_score;
use crate::dispatch::Ctx;
use crate::reply::{Answer, Reply};
use crate::waiting::{self, WaitsFor};

const MEMBER: WaitsFor = WaitsFor::taking(Type::SortedSet);

pub(super) fn bzpopmin(cx: &mut Ctx<'_>) -> Answer {
    pop_or_wait(cx, MIN)
}

pub(super) fn bzpopmax(cx: &mut Ctx<'_>) -> Answer {
    pop_or_wait(cx, MAX)
}

/// Takes one member off the first set that there is: key, member and score.
fn pop_or_wait(cx: &mut Ctx<'_>, order: Order) -> Answer {
    let until_ms = waiting::until_ms(cx.args.last()?, cx.now_ms)?;
    while !cx.args.is_done() {
        let key = cx.args.key()?;
        let Some(mut set) = cx.db.edit::<SortedSet>(key)? else { continue };
        let ranks = ends(set.len(), order, 1);
        let answered = cx.reply.array_header(3);
        cx.reply.bulk(key.name);
        for (member, score) in set.as_ref().range(ranks.clone(), order) {
            cx.reply.bulk(member);
            put_score(&mut cx.reply, score);
        }
        set.remove_range(ranks);
        return Ok(answered);
    }
    cx.wait_or(MEMBER, until_ms, Reply::null_array)
}

pub(super) fn bzmpop(cx: &mut Ctx<'_>) -> Answer {
    let until_ms = waiting::until_ms(cx.args.next()?, cx.now_ms)?;
    let words = Words::read(&mut cx.args)?;
    match pop_first(cx, &words)? {
        Some(answered) => Ok(answered),
        None => cx.wait_or(MEMBER, until_ms, Reply::null_array),
    }
}
