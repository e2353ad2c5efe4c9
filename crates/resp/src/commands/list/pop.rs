//! List commands that take elements from an end, and those that put them to another.

use tandem_engine::{Deed, Edit, End, Key, List, NewValue, doing_now};

use super::make_room;
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn lpop(cx: &mut Ctx<'_>) -> Answer {
    pop(cx, End::Front, "lpop")
}

pub(super) fn rpop(cx: &mut Ctx<'_>) -> Answer {
    pop(cx, End::Back, "rpop")
}

fn pop(cx: &mut Ctx<'_>, end: End, command: &'static str) -> Answer {
    let key = cx.args.key()?;
    let count = match cx.args.len() {
        0 => None,
        1 => Some(cx.args.at_least(0, "ERR value is out of range, must be positive")?),
        _ => return Err(Error::WrongArity(command)),
    };
    match (cx.db.edit::<List>(key)?, count) {
        (None, None) => Ok(cx.reply.null()),
        (None, Some(_)) => Ok(cx.reply.null_array()),
        (Some(_), Some(0)) => Ok(cx.reply.array_header(0)),
        (Some(mut list), Some(n_max)) => Ok(take(&mut list, end, n_max, &mut cx.reply)),
        (Some(mut list), None) => {
            let index = if end == End::Front { 0 } else { list.len() - 1 };
            let first = list.as_ref().get(index).expect("a stored list has elements");
            let answered = cx.reply.element(first);
            list.remove(index, 1);
            Ok(answered)
        }
    }
}

/// Answers an array of what it takes from an end.
fn take(list: &mut Edit<'_, List>, end: End, n_max: usize, reply: &mut Reply<'_>) -> Answered {
    let len = list.len();
    let n_elements = n_max.min(len);
    let answered = reply.array_header(n_elements);
    let (first, towards) = match end {
        End::Front => (0, End::Back),
        End::Back => (len - 1, End::Front),
    };
    for element in list.as_ref().iter_from(first, towards).take(n_elements) {
        reply.element(element);
    }
    let start = if end == End::Front { 0 } else { len - n_elements };
    list.remove(start, n_elements);
    answered
}

pub(super) fn lmpop(cx: &mut Ctx<'_>) -> Answer {
    let words = PopWords::read(&mut cx.args.clone())?;
    let answered = pop_first(cx, &words)?;
    Ok(answered.unwrap_or_else(|| cx.reply.null_array()))
}

/// `numkeys key [key ...] <LEFT | RIGHT> [COUNT count]`.
pub(super) struct PopWords {
    n_keys: usize,
    end: End,
    n_max: usize,
}

impl PopWords {
    pub(super) fn read(args: &mut Args<'_>) -> Result<PopWords, Error> {
        let n_keys = args.at_least(1, "ERR numkeys should be greater than 0")?;
        if args.len() <= n_keys {
            return Err(Error::Syntax);
        }
        (0..n_keys).try_for_each(|_| args.next().map(drop))?;
        let end = end(args)?;
        let mut n_max = None;
        while !args.is_done() {
            if n_max.is_some() || !args.option("COUNT") {
                return Err(Error::Syntax);
            }
            n_max = Some(args.at_least(1, "ERR count should be greater than 0")?);
        }
        Ok(PopWords { n_keys, end, n_max: n_max.unwrap_or(1) })
    }
}

/// Takes from the first list that there is; its key is part of the answer.
pub(super) fn pop_first(cx: &mut Ctx<'_>, words: &PopWords) -> Result<Option<Answered>, Error> {
    cx.args.next()?;
    for _ in 0..words.n_keys {
        let key = cx.args.key()?;
        if let Some(mut list) = cx.db.edit::<List>(key)? {
            let answered = cx.reply.array_header(2);
            cx.reply.bulk(key.name);
            doing_now(Some(popped_from(words.end)));
            take(&mut list, words.end, words.n_max, &mut cx.reply);
            return Ok(Some(answered));
        }
    }
    Ok(None)
}

fn popped_from(end: End) -> &'static Deed {
    if end == End::Front { &events::LPOP } else { &events::RPOP }
}

fn pushed_to(end: End) -> &'static Deed {
    if end == End::Front { &events::LPUSH } else { &events::RPUSH }
}

pub(super) fn lmove(cx: &mut Ctx<'_>) -> Answer {
    let (source, destination) = (cx.args.key()?, cx.args.key()?);
    let (from, to) = (end(&mut cx.args)?, end(&mut cx.args)?);
    let moved = move_one(cx, Move { source, destination, from, to })?;
    Ok(moved.unwrap_or_else(|| cx.reply.null()))
}

pub(super) fn rpoplpush(cx: &mut Ctx<'_>) -> Answer {
    let (source, destination) = (cx.args.key()?, cx.args.key()?);
    let (from, to) = (End::Back, End::Front);
    let moved = move_one(cx, Move { source, destination, from, to })?;
    Ok(moved.unwrap_or_else(|| cx.reply.null()))
}

/// `LEFT` or `RIGHT`.
pub(super) fn end(args: &mut Args<'_>) -> Result<End, Error> {
    if args.flag("LEFT") {
        Ok(End::Front)
    } else if args.flag("RIGHT") {
        Ok(End::Back)
    } else {
        Err(Error::Syntax)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) source: Key<'a>,
    pub(super) destination: Key<'a>,
    pub(super) from: End,
    pub(super) to: End,
}

/// Moves one element and answers it, if there is one.
pub(super) fn move_one(cx: &mut Ctx<'_>, words: Move<'_>) -> Result<Option<Answered>, Error> {
    let Move { source, destination, from, to } = words;
    let Some(mut list) = cx.db.edit::<List>(source)? else { return Ok(None) };
    if source.name == destination.name {
        let moved = list.rotate(from, to).map(|it| cx.reply.shared(&it.bytes));
        drop(list);
        cx.db.say(source, pushed_to(to));
        cx.db.say(source, popped_from(from));
        return Ok(moved);
    }
    drop(list);
    // Its type is known to be right before anything leaves the other one.
    drop(cx.db.edit::<List>(destination)?);
    let popped = cx.db.edit::<List>(source)?.and_then(|mut it| it.pop(from));
    let popped = popped.expect("a stored list has elements");
    let mut list = cx.db.edit_or_create::<List>(destination)?;
    make_room(&mut list, 1, popped.room_bytes());
    list.push(&NewValue::Shared(popped.bytes.clone()), to);
    let is_new = list.is_new();
    drop(list);
    // As if it had come to the one list before it left the other.
    if is_new {
        cx.db.say(destination, &events::NEW);
    }
    cx.db.say(destination, pushed_to(to));
    cx.db.say(source, popped_from(from));
    if cx.db.peek(source).is_none() {
        cx.db.say(source, &events::DEL);
    }
    Ok(Some(cx.reply.shared(&popped.bytes)))
}
