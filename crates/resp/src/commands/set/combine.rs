//! SINTER, SUNION, SDIFF and their like: several sets become one, which is answered, counted or
//! stored.

use std::ops::ControlFlow;

use tandem_engine::{Key, Member, Set, SetEncoding, SetLimits, SetRef};

use crate::dispatch::Ctx;
use crate::error::Error;
use crate::number;
use crate::reply::{Answer, Bulks};

pub(super) fn sinter(cx: &mut Ctx<'_>) -> Answer {
    let keys = keys(cx)?;
    let mut bulks = Bulks::default();
    intersect(cx.db.get_all::<Set>(&keys)?, |member| {
        member.with(|it| bulks.push(it));
        ControlFlow::Continue(())
    });
    Ok(cx.reply.bulk_set(&bulks))
}

/// `numkeys key [key ...] [LIMIT limit]`.
pub(super) fn sintercard(cx: &mut Ctx<'_>) -> Answer {
    let n_keys = number::integer(cx.args.next()?).filter(|it| 0 < *it);
    let n_keys = n_keys.ok_or_else(|| Error::said("ERR numkeys should be greater than 0"))?;
    if cx.args.len() < n_keys as usize {
        return Err(Error::said("ERR Number of keys can't be greater than number of args"));
    }
    let keys: Vec<Key<'_>> = (0..n_keys).map(|_| cx.args.key()).collect::<Result<_, _>>()?;
    let mut limit = 0;
    while !cx.args.is_done() {
        if !cx.args.option("LIMIT") {
            return Err(Error::Syntax);
        }
        let given = number::integer(cx.args.next()?).and_then(|it| usize::try_from(it).ok());
        limit = given.ok_or_else(|| Error::said("ERR LIMIT can't be negative"))?;
    }
    let mut n_found = 0;
    intersect(cx.db.get_all::<Set>(&keys)?, |_| {
        n_found += 1;
        if n_found == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    Ok(cx.reply.count(n_found))
}

/// The result starts as the smallest set does and becomes one of integers if it has no others.
pub(super) fn sinterstore(cx: &mut Ctx<'_>) -> Answer {
    store(cx, |sets, limits| {
        let smallest = sets.iter().flatten().min_by_key(|it| it.len());
        let mut result = match smallest.map(|it| it.encoding()) {
            Some(SetEncoding::Integers) => Set::new(limits),
            _ => Set::new_packed(limits),
        };
        intersect(sets, |member| {
            result.add(member);
            ControlFlow::Continue(())
        });
        result.settle_integers();
        result
    })
}

pub(super) fn sunion(cx: &mut Ctx<'_>) -> Answer {
    answer(cx, unite)
}

pub(super) fn sunionstore(cx: &mut Ctx<'_>) -> Answer {
    store(cx, |sets, limits| unite(&sets, Set::new(limits)))
}

pub(super) fn sdiff(cx: &mut Ctx<'_>) -> Answer {
    answer(cx, subtract)
}

pub(super) fn sdiffstore(cx: &mut Ctx<'_>) -> Answer {
    store(cx, |sets, limits| subtract(&sets, Set::new(limits)))
}

/// Sets by their keys; those that do not exist are `None`.
type Sets<'a> = Vec<Option<SetRef<'a>>>;

fn keys<'a>(cx: &mut Ctx<'a>) -> Result<Vec<Key<'a>>, Error> {
    (0..cx.args.len()).map(|_| cx.args.key()).collect()
}

/// Answers what comes of the sets. Only sets of integers make one that is sorted.
fn answer(cx: &mut Ctx<'_>, combine: fn(&Sets<'_>, Set) -> Set) -> Answer {
    let (keys, limits) = (keys(cx)?, cx.db.limits().set);
    let sets = cx.db.get_all::<Set>(&keys)?;
    let is_sorted = sets.iter().flatten().all(|it| it.encoding() == SetEncoding::Integers);
    let start = if is_sorted { Set::new(limits) } else { Set::new_indexed(limits) };
    let result = combine(&sets, start);
    let answered = cx.reply.set_header(result.len());
    for member in result.as_ref() {
        member.with(|it| cx.reply.bulk(it));
    }
    Ok(answered)
}

/// Stores what comes of the sets over what the first key holds, and answers its size.
fn store(cx: &mut Ctx<'_>, combine: impl FnOnce(Sets<'_>, SetLimits) -> Set) -> Answer {
    let target = cx.args.key()?;
    let (keys, limits) = (keys(cx)?, cx.db.limits().set);
    let result = combine(cx.db.get_all::<Set>(&keys)?, limits);
    let len = result.len();
    cx.db.put(target, result);
    Ok(cx.reply.count(len))
}

/// Hands out what all sets have, in the order of the smallest.
fn intersect(sets: Sets<'_>, take: impl FnMut(Member<'_>) -> ControlFlow<()>) {
    let Some(mut sets) = sets.into_iter().collect::<Option<Vec<_>>>() else { return };
    sets.sort_by_key(|it| it.len());
    let (smallest, others) = sets.split_first().expect("a command of sets has a key");
    let is_everywhere = |member: &Member<'_>| others.iter().all(|it| it.has(*member));
    let _ = smallest.iter().filter(is_everywhere).try_for_each(take);
}

fn unite(sets: &Sets<'_>, mut result: Set) -> Set {
    for member in sets.iter().flatten().flat_map(|it| it.iter()) {
        result.add(member);
    }
    result
}

/// What the first set has and no other. Its members are looked up in the others, or the others'
/// members are taken out of it, whichever is less work; as in Valkey, for the second way may leave
/// a small set that was once a big one.
fn subtract(sets: &Sets<'_>, mut result: Set) -> Set {
    let Some((Some(first), others)) = sets.split_first() else { return result };
    let mut others: Vec<SetRef<'_>> = others.iter().flatten().copied().collect();
    let n_members: usize = others.iter().map(|it| it.len()).sum::<usize>() + first.len();
    if first.len() * (others.len() + 1) / 2 <= n_members {
        others.sort_by_key(|it| std::cmp::Reverse(it.len()));
        for member in first.iter().filter(|it| !others.iter().any(|other| other.has(*it))) {
            result.add(member);
        }
        return result;
    }
    for member in *first {
        result.add(member);
    }
    for member in others.into_iter().flatten() {
        if result.is_empty() {
            break;
        }
        result.remove(member);
    }
    result
}
