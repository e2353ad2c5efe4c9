//! ZUNION, ZINTER, ZDIFF and their like: several sorted sets, or sets whose members all have the
//! score 1, become one, which is answered, counted or stored.

use std::borrow::Cow;

use hashbrown::HashMap;
use tandem_engine::{Key, Member, SetRef, SortedSet, SortedSetRef, Value};

use super::{Form, put_members};
use crate::args::Args;
use crate::dispatch::Ctx;
use crate::double;
use crate::error::Error;
use crate::reply::Answer;

pub(super) fn zunion(cx: &mut Ctx<'_>) -> Answer {
    answer(cx, Rule::Union, "zunion")
}

pub(super) fn zinter(cx: &mut Ctx<'_>) -> Answer {
    answer(cx, Rule::Intersection, "zinter")
}

pub(super) fn zdiff(cx: &mut Ctx<'_>) -> Answer {
    answer(cx, Rule::Difference, "zdiff")
}

pub(super) fn zunionstore(cx: &mut Ctx<'_>) -> Answer {
    store(cx, Rule::Union, "zunionstore")
}

pub(super) fn zinterstore(cx: &mut Ctx<'_>) -> Answer {
    store(cx, Rule::Intersection, "zinterstore")
}

pub(super) fn zdiffstore(cx: &mut Ctx<'_>) -> Answer {
    store(cx, Rule::Difference, "zdiffstore")
}

/// `numkeys key [key ...] [LIMIT limit]`.
pub(super) fn zintercard(cx: &mut Ctx<'_>) -> Answer {
    let n_keys = counted(&mut cx.args, "zintercard")?;
    let keys = keys(&mut cx.args, n_keys)?;
    let inputs = cx.db.get_all_as(&keys, Input::of)?;
    let mut limit = 0;
    while !cx.args.is_done() {
        if !cx.args.option("LIMIT") {
            return Err(Error::Syntax);
        }
        limit = cx.args.at_least(0, "ERR LIMIT can't be negative")?;
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let mut n_found = 0;
    intersect(&weighted(inputs, &[]), Aggregate::Sum, |_, _| {
        n_found += 1;
        n_found < limit
    });
    Ok(cx.reply.count(n_found))
}

/// Which members are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Union,
    Intersection,
    Difference,
}

/// What becomes of the scores of one member.
#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// Infinities that cancel out make 0.
    fn join(self, first: f64, second: f64) -> f64 {
        match self {
            Aggregate::Sum => number_or_zero(first + second),
            Aggregate::Min if second < first => second,
            Aggregate::Max if second > first => second,
            Aggregate::Min | Aggregate::Max => first,
        }
    }
}

fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// What a key holds.
#[derive(Clone, Copy)]
enum Input<'a> {
    Sorted(SortedSetRef<'a>),
    Plain(SetRef<'a>),
}

impl<'a> Input<'a> {
    fn of(value: Value<'a>) -> Option<Input<'a>> {
        match value {
            Value::SortedSet(it) => Some(Input::Sorted(it)),
            Value::Set(it) => Some(Input::Plain(it)),
            _ => None,
        }
    }

    fn len(self) -> usize {
        match self {
            Input::Sorted(it) => it.len(),
            Input::Plain(it) => it.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Input::Sorted(it) => it.score(member),
            Input::Plain(it) => it.has(Member::Bytes(member)).then_some(1.0),
        }
    }

    /// Goes through the members as long as `take` says so.
    fn each(self, mut take: impl FnMut(Cow<'a, [u8]>, f64) -> bool) {
        match self {
            Input::Sorted(it) => {
                it.iter().all(|(member, score)| take(Cow::Borrowed(member), score));
            }
            Input::Plain(it) => {
                it.iter().all(|member| take(bytes_of(member), 1.0));
            }
        }
    }
}

fn bytes_of(member: Member<'_>) -> Cow<'_, [u8]> {
    match member {
        Member::Bytes(it) => Cow::Borrowed(it),
        Member::Integer(_) => Cow::Owned(member.with(<[u8]>::to_vec)),
    }
}

/// An input that exists or does not, and what its scores are multiplied by.
type Weighted<'a> = (Option<Input<'a>>, f64);

type Scored<'a> = (Cow<'a, [u8]>, f64);

fn counted(args: &mut Args<'_>, command: &str) -> Result<usize, Error> {
    let n_keys = args.integer()?;
    if n_keys < 1 {
        let text = format!("ERR at least 1 input key is needed for '{command}' command");
        return Err(Error::said(text));
    }
    let n_keys = n_keys as usize;
    if n_keys > args.len() { Err(Error::Syntax) } else { Ok(n_keys) }
}

fn keys<'a>(args: &mut Args<'a>, n_keys: usize) -> Result<Vec<Key<'a>>, Error> {
    (0..n_keys).map(|_| args.key()).collect()
}

fn weighted<'a>(inputs: Vec<Option<Input<'a>>>, weights: &[f64]) -> Vec<Weighted<'a>> {
    let weights = weights.iter().copied().chain(std::iter::repeat(1.0));
    inputs.into_iter().zip(weights).collect()
}

struct Words {
    weights: Vec<f64>,
    aggregate: Aggregate,
    form: Form,
}

/// `[WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]`, less for some.
fn words(args: &mut Args<'_>, rule: Rule, n_keys: usize, stores: bool) -> Result<Words, Error> {
    let mut words = Words { weights: Vec::new(), aggregate: Aggregate::Sum, form: Form::Members };
    while !args.is_done() {
        if rule != Rule::Difference && args.len() > n_keys && args.flag("WEIGHTS") {
            let weight = |_| double::parse(args.next()?).ok_or_else(not_a_weight);
            words.weights = (0..n_keys).map(weight).collect::<Result<_, _>>()?;
        } else if rule != Rule::Difference && args.option("AGGREGATE") {
            words.aggregate = if args.flag("SUM") {
                Aggregate::Sum
            } else if args.flag("MIN") {
                Aggregate::Min
            } else if args.flag("MAX") {
                Aggregate::Max
            } else {
                return Err(Error::Syntax);
            };
        } else if !stores && args.flag("WITHSCORES") {
            words.form = Form::Scores;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(words)
}

fn not_a_weight() -> Error {
    Error::said("ERR weight value is not a float")
}

fn answer(cx: &mut Ctx<'_>, rule: Rule, command: &str) -> Answer {
    let n_keys = counted(&mut cx.args, command)?;
    let keys = keys(&mut cx.args, n_keys)?;
    let inputs = cx.db.get_all_as(&keys, Input::of)?;
    let words = words(&mut cx.args, rule, n_keys, false)?;
    let members = combine(weighted(inputs, &words.weights), rule, words.aggregate);
    let members = members.iter().map(|(member, score)| (&**member, *score));
    Ok(put_members(&mut cx.reply, members, words.form))
}

/// Stores what comes of the inputs over what the first key holds, and answers its size.
fn store(cx: &mut Ctx<'_>, rule: Rule, command: &str) -> Answer {
    // The keys are where the row says only if their number is right.
    let mut behind = cx.args.clone();
    behind.next()?;
    let n_keys = counted(&mut behind, command)?;
    let target = cx.args.key()?;
    cx.args.next()?;
    let keys = keys(&mut cx.args, n_keys)?;
    let mut stored = SortedSet::new(cx.db.limits().sorted_set);
    let inputs = cx.db.get_all_as(&keys, Input::of)?;
    let words = words(&mut cx.args, rule, n_keys, true)?;
    let members = combine(weighted(inputs, &words.weights), rule, words.aggregate);
    let longest = members.iter().map(|(member, _)| member.len()).max();
    stored.expect(members.len(), longest.unwrap_or(0));
    for (member, score) in &members {
        stored.insert(member, *score);
    }
    let len = stored.len();
    cx.db.put(target, stored);
    Ok(cx.reply.count(len))
}

/// The members of the result in their order.
fn combine(mut inputs: Vec<Weighted<'_>>, rule: Rule, aggregate: Aggregate) -> Vec<Scored<'_>> {
    let mut found = Vec::new();
    match rule {
        Rule::Difference => found = subtract(&inputs),
        Rule::Union => {
            by_size(&mut inputs);
            found.extend(unite(&inputs, aggregate));
        }
        Rule::Intersection => intersect(&inputs, aggregate, |member, score| {
            found.push((member, score));
            true
        }),
    }
    let by_score = |a: &Scored<'_>, b: &Scored<'_>| a.1.partial_cmp(&b.1);
    found.sort_unstable_by(|a, b| {
        by_score(a, b).expect("no score is NaN").then_with(|| a.0.cmp(&b.0))
    });
    found
}

/// The smallest first: sums depend on the order of their parts.
fn by_size(inputs: &mut [Weighted<'_>]) {
    inputs.sort_by_key(|(input, _)| input.map_or(0, Input::len));
}

fn unite<'a>(
    inputs: &[Weighted<'a>],
    aggregate: Aggregate,
) -> HashMap<Cow<'a, [u8]>, f64, ahash::RandomState> {
    let largest = inputs.last().and_then(|(input, _)| *input).map_or(0, Input::len);
    let mut scores = HashMap::with_capacity_and_hasher(largest, ahash::RandomState::new());
    for (input, weight) in inputs {
        let Some(input) = input else { continue };
        input.each(|member, score| {
            let score = number_or_zero(score * weight);
            scores.entry(member).and_modify(|it| *it = aggregate.join(*it, score)).or_insert(score);
            true
        });
    }
    scores
}

/// Hands out what all inputs have, as long as `take` says so.
fn intersect<'a>(
    inputs: &[Weighted<'a>],
    aggregate: Aggregate,
    mut take: impl FnMut(Cow<'a, [u8]>, f64) -> bool,
) {
    let mut inputs = inputs.to_vec();
    by_size(&mut inputs);
    let inputs: Option<Vec<(Input<'_>, f64)>> =
        inputs.into_iter().map(|(input, weight)| input.map(|it| (it, weight))).collect();
    let Some(((smallest, weight), others)) = inputs.as_deref().and_then(<[_]>::split_first) else {
        return;
    };
    smallest.each(|member, score| {
        let mut joined = number_or_zero(score * weight);
        for (other, weight) in others {
            let Some(score) = other.score(&member) else { return true };
            joined = aggregate.join(joined, score * weight);
        }
        take(member, joined)
    });
}

/// What the first input has and no other.
fn subtract<'a>(inputs: &[Weighted<'a>]) -> Vec<Scored<'a>> {
    let mut found = Vec::new();
    if let Some(((Some(first), _), others)) = inputs.split_first() {
        first.each(|member, score| {
            if !others.iter().filter_map(|it| it.0).any(|it| it.score(&member).is_some()) {
                found.push((member, score));
            }
            true
        });
    }
    found
}
