//! ZRANDMEMBER.

use tandem_engine::SortedSet;

use super::{Form, put_members};
use crate::args::Args;
use crate::commands::picks::{self, Pick};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::Answer;

pub(super) fn zrandmember(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    if cx.args.is_done() {
        let set = cx.db.get::<SortedSet>(key)?;
        let picked = set.map(|it| it.at(cx.client.random.usize(..it.len())).0);
        return Ok(cx.reply.bulk_or_null(picked));
    }
    let (pick, form) = words(&mut cx.args)?;
    let Some(set) = cx.db.get::<SortedSet>(key)? else {
        return Ok(cx.reply.array_header(0));
    };
    let random = &mut cx.client.random;
    Ok(match pick {
        Pick::Repeating(n) => {
            let picked = (0..n).map(|_| set.at(random.usize(..set.len())));
            put_members(&mut cx.reply, picked, form)
        }
        Pick::Distinct(n) => {
            let all = || set.iter().collect();
            let picked = picks::distinct((set.len(), n), random, all, |at| set.at(at));
            put_members(&mut cx.reply, picked.into_iter(), form)
        }
    })
}

/// `count [WITHSCORES]`.
fn words(args: &mut Args<'_>) -> Result<(Pick, Form), Error> {
    let count = args.integer()?;
    if count == i64::MIN {
        return Err(Error::OutOfRange { min: -i64::MAX, max: i64::MAX });
    }
    let form = if args.is_done() {
        Form::Members
    } else if args.flag("WITHSCORES") && args.is_done() {
        Form::Scores
    } else {
        return Err(Error::Syntax);
    };
    if form == Form::Scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(Error::said("ERR value is out of range"));
    }
    Ok((Pick::of(count)?, form))
}
