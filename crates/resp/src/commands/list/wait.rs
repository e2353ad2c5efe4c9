//! List commands that wait for an element.

use tandem_engine::{End, List, Type};

use super::pop::{Move, PopWords, end, move_one, pop_first};
use crate::dispatch::Ctx;
use crate::reply::{Answer, Reply};
use crate::waiting::{self, WaitsFor};

const ELEMENT: WaitsFor = WaitsFor::taking(Type::List);

pub(super) fn blpop(cx: &mut Ctx<'_>) -> Answer {
    pop_or_wait(cx, End::Front)
}

pub(super) fn brpop(cx: &mut Ctx<'_>) -> Answer {
    pop_or_wait(cx, End::Back)
}

/// Takes one element from the first list that there is; its key is part of the answer.
fn pop_or_wait(cx: &mut Ctx<'_>, end: End) -> Answer {
    let until_ms = waiting::until_ms(cx.args.last()?, cx.now_ms)?;
    while !cx.args.is_done() {
        let key = cx.args.key()?;
        if let Some(mut list) = cx.db.edit::<List>(key)? {
            let popped = list.pop(end).expect("a stored list has elements");
            let answered = cx.reply.array_header(2);
            cx.reply.bulk(key.name);
            cx.reply.shared(&popped.bytes);
            return Ok(answered);
        }
    }
    cx.wait_or(ELEMENT, until_ms, Reply::null_array)
}

pub(super) fn blmpop(cx: &mut Ctx<'_>) -> Answer {
    let until_ms = waiting::until_ms(cx.args.next()?, cx.now_ms)?;
    let words = PopWords::read(&mut cx.args.clone())?;
    match pop_first(cx, &words)? {
        Some(answered) => Ok(answered),
        None => cx.wait_or(ELEMENT, until_ms, Reply::null_array),
    }
}

pub(super) fn blmove(cx: &mut Ctx<'_>) -> Answer {
    let (source, destination) = (cx.args.key()?, cx.args.key()?);
    let (from, to) = (end(&mut cx.args)?, end(&mut cx.args)?);
    move_or_wait(cx, Move { source, destination, from, to })
}

pub(super) fn brpoplpush(cx: &mut Ctx<'_>) -> Answer {
    let (source, destination) = (cx.args.key()?, cx.args.key()?);
    let (from, to) = (End::Back, End::Front);
    move_or_wait(cx, Move { source, destination, from, to })
}

fn move_or_wait(cx: &mut Ctx<'_>, words: Move<'_>) -> Answer {
    let until_ms = waiting::until_ms(cx.args.next()?, cx.now_ms)?;
    match move_one(cx, words)? {
        Some(answered) => Ok(answered),
        None => cx.wait_or(ELEMENT.in_first_key(), until_ms, Reply::null),
    }
}
