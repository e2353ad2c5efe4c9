//! ZADD, ZINCRBY and ZREM: one member after the other.

use smallvec::SmallVec;
use tandem_engine::{Edit, Key, SortedSet, doing_now};

use super::{put_score, score_or_null};
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::double;
use crate::error::Error;
use crate::events;
use crate::reply::Answer;

/// `key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]`.
pub(super) fn zadd(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let words = words(&mut cx.args)?;
    let mut scored = Scored::new();
    while !cx.args.is_done() {
        scored.push((score(cx.args.next()?)?, cx.args.next()?));
    }
    add(cx, key, &words, &scored)
}

/// Members with the scores that are given for them: nearly always one.
pub(in crate::commands) type Scored<'a> = SmallVec<[(f64, &'a [u8]); 2]>;

/// Gives members scores as the words allow it, and answers as ZADD does.
pub(in crate::commands) fn add(
    cx: &mut Ctx<'_>,
    key: Key<'_>,
    words: &Words,
    scored: &[(f64, &[u8])],
) -> Answer {
    if words.present == Some(Presence::Old) && cx.db.get::<SortedSet>(key)?.is_none() {
        return Ok(if words.adds_up { cx.reply.null() } else { cx.reply.int(0) });
    }
    let mut set = cx.db.edit_or_create::<SortedSet>(key)?;
    let longest = scored.iter().map(|(_, member)| member.len()).max();
    set.expect(scored.len(), longest.unwrap_or(0));
    if words.adds_up {
        doing_now(Some(&events::ZINCR));
    }
    let (mut counts, mut last) = (Counts::default(), None);
    for (given, member) in scored {
        set.update(member, |old| {
            last = words.decide(old, *given)?;
            counts.add(old, last);
            Ok::<_, Error>(last)
        })?;
    }
    counts.tell(&mut set);
    drop(set);
    if words.adds_up {
        return Ok(score_or_null(&mut cx.reply, last));
    }
    let counted = counts.n_added + if words.counts_changes { counts.n_changed } else { 0 };
    Ok(cx.reply.count(counted))
}

pub(super) fn zincrby(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (delta, member) = (score(cx.args.next()?)?, cx.args.next()?);
    let mut set = cx.db.edit_or_create::<SortedSet>(key)?;
    set.expect(1, member.len());
    let (mut sum, mut counts) = (0.0, Counts::default());
    set.update(member, |old| {
        sum = add_up(old, delta)?;
        counts.add(old, Some(sum));
        Ok::<_, Error>(Some(sum))
    })?;
    counts.tell(&mut set);
    Ok(put_score(&mut cx.reply, sum))
}

pub(super) fn zrem(cx: &mut Ctx<'_>) -> Answer {
    let Some(mut set) = cx.db.edit::<SortedSet>(cx.args.key()?)? else {
        return Ok(cx.reply.int(0));
    };
    let n_removed = cx.args.rest().iter().filter(|member| set.remove(member)).count();
    if n_removed == 0 {
        set.keep_quiet();
    }
    Ok(cx.reply.count(n_removed))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Presence {
    New,
    Old,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Towards {
    Greater,
    Less,
}

/// The words in front of the scores.
pub(in crate::commands) struct Words {
    pub(in crate::commands) present: Option<Presence>,
    pub(in crate::commands) towards: Option<Towards>,
    pub(in crate::commands) counts_changes: bool,
    pub(in crate::commands) adds_up: bool,
}

/// Words may come again, but not two that exclude each other.
fn words(args: &mut Args<'_>) -> Result<Words, Error> {
    let (mut new, mut old, mut greater, mut less) = (false, false, false, false);
    let (mut counts_changes, mut adds_up) = (false, false);
    loop {
        let seen = if args.flag("NX") {
            &mut new
        } else if args.flag("XX") {
            &mut old
        } else if args.flag("GT") {
            &mut greater
        } else if args.flag("LT") {
            &mut less
        } else if args.flag("CH") {
            &mut counts_changes
        } else if args.flag("INCR") {
            &mut adds_up
        } else {
            break;
        };
        *seen = true;
    }
    if args.is_done() || !args.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    if new && old {
        return Err(Error::said("ERR XX and NX options at the same time are not compatible"));
    }
    if (greater && (new || less)) || (less && new) {
        let text = "ERR GT, LT, and/or NX options at the same time are not compatible";
        return Err(Error::said(text));
    }
    if adds_up && args.len() > 2 {
        return Err(Error::said("ERR INCR option supports a single increment-element pair"));
    }
    let present = if new { Some(Presence::New) } else { old.then_some(Presence::Old) };
    let towards = if greater { Some(Towards::Greater) } else { less.then_some(Towards::Less) };
    Ok(Words { present, towards, counts_changes, adds_up })
}

impl Words {
    /// The score that a member gets, if the words let it have one.
    fn decide(&self, old: Option<f64>, given: f64) -> Result<Option<f64>, Error> {
        let is_wanted = match self.present {
            None => true,
            Some(Presence::New) => old.is_none(),
            Some(Presence::Old) => old.is_some(),
        };
        if !is_wanted {
            return Ok(None);
        }
        let score = if self.adds_up { add_up(old, given)? } else { given };
        let is_better = match (self.towards, old) {
            (Some(Towards::Greater), Some(old)) => score > old,
            (Some(Towards::Less), Some(old)) => score < old,
            (None, _) | (_, None) => true,
        };
        Ok(is_better.then_some(score))
    }
}

#[derive(Default)]
struct Counts {
    n_added: usize,
    n_changed: usize,
}

impl Counts {
    /// Nobody hears of what was so before.
    fn tell(&self, set: &mut Edit<'_, SortedSet>) {
        if self.n_added + self.n_changed == 0 {
            set.keep_quiet();
        }
    }

    #[inline]
    fn add(&mut self, old: Option<f64>, new: Option<f64>) {
        match (old, new) {
            (None, Some(_)) => self.n_added += 1,
            (Some(old), Some(new)) => self.n_changed += usize::from(old < new || new < old),
            (_, None) => {}
        }
    }
}

fn add_up(old: Option<f64>, delta: f64) -> Result<f64, Error> {
    let sum = old.map_or(delta, |old| old + delta);
    if sum.is_nan() {
        return Err(Error::said("ERR resulting score is not a number (NaN)"));
    }
    Ok(sum)
}

fn score(text: &[u8]) -> Result<f64, Error> {
    double::parse(text).ok_or(Error::NotAFloat)
}
