//! SPOP and SRANDMEMBER.

use tandem_engine::{Set, SetRef};

use crate::commands::picks::{self, Pick};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::number;
use crate::reply::{Answer, Bulks};

/// A set of which no more than this fraction is left is made anew, as in Valkey: it may be small
/// again.
const RENEWED_SHARE: usize = 5;

pub(super) fn spop(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    if cx.args.is_done() {
        let Some(mut set) = cx.db.edit::<Set>(key)? else { return Ok(cx.reply.null()) };
        let mut answered = cx.reply.nothing();
        set.pop(&mut cx.client.random, |member| {
            answered = member.with(|it| cx.reply.bulk(it));
        });
        return Ok(answered);
    }
    let count = number::integer(cx.args.next()?).and_then(|it| usize::try_from(it).ok());
    if !cx.args.is_done() {
        return Err(Error::Syntax);
    }
    let n = count.ok_or_else(|| Error::said("ERR value is out of range, must be positive"))?;
    let Some(mut set) = cx.db.edit::<Set>(key)? else { return Ok(cx.reply.set_header(0)) };
    let len = set.len();
    if n == 0 {
        return Ok(cx.reply.set_header(0));
    }
    let answered = cx.reply.set_header(n.min(len));
    if len <= n {
        for member in set.as_ref() {
            member.with(|it| cx.reply.bulk(it));
        }
        drop(set);
        cx.db.say(key, &events::SPOP);
        cx.db.remove(key);
        return Ok(answered);
    }
    set.pop_many(n, &mut cx.client.random, |member| {
        member.with(|it| cx.reply.bulk(it));
    });
    if (len - n) * RENEWED_SHARE <= n {
        set.remake();
    }
    Ok(answered)
}

pub(super) fn srandmember(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    if cx.args.is_done() {
        let Some(set) = cx.db.get::<Set>(key)? else { return Ok(cx.reply.null()) };
        let member = set.at(cx.client.random.usize(..set.len()));
        return Ok(member.with(|it| cx.reply.bulk(it)));
    }
    let count = cx.args.next()?;
    if !cx.args.is_done() {
        return Err(Error::Syntax);
    }
    let pick = Pick::of(crate::args::integer(count)?)?;
    let Some(set) = cx.db.get::<Set>(key)? else { return Ok(cx.reply.array_header(0)) };
    let picked = pick_members(set, pick, &mut cx.client.random);
    Ok(cx.reply.bulks(&picked))
}

fn pick_members(set: SetRef<'_>, pick: Pick, random: &mut fastrand::Rng) -> Bulks {
    let mut bulks = Bulks::default();
    match pick {
        Pick::Repeating(n) => {
            for _ in 0..n {
                set.at(random.usize(..set.len())).with(|it| bulks.push(it));
            }
        }
        Pick::Distinct(n) => {
            let all = || set.iter().collect();
            for member in picks::distinct((set.len(), n), random, all, |at| set.at(at)) {
                member.with(|it| bulks.push(it));
            }
        }
    }
    bulks
}
