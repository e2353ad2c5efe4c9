//! GEOSEARCH and GEORADIUS in all their forms.

use tandem_engine::{Cut, SortedSet, SortedSetRef};

use super::grid::{Point, Shape};
use super::words::{Command, Order, Stores, Words};
use super::{place, put_distance, put_place};
use crate::dispatch::Ctx;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn georadius(cx: &mut Ctx<'_>) -> Answer {
    search(cx, Command::Radius { stores: Stores::Perhaps }, Center::Place)
}

pub(super) fn georadius_ro(cx: &mut Ctx<'_>) -> Answer {
    search(cx, Command::Radius { stores: Stores::Never }, Center::Place)
}

pub(super) fn georadiusbymember(cx: &mut Ctx<'_>) -> Answer {
    search(cx, Command::Radius { stores: Stores::Perhaps }, Center::Member)
}

pub(super) fn georadiusbymember_ro(cx: &mut Ctx<'_>) -> Answer {
    search(cx, Command::Radius { stores: Stores::Never }, Center::Member)
}

pub(super) fn geosearch(cx: &mut Ctx<'_>) -> Answer {
    search(cx, Command::Search, Center::InWords)
}

pub(super) fn geosearchstore(cx: &mut Ctx<'_>) -> Answer {
    search(cx, Command::SearchStore, Center::InWords)
}

/// What stands behind the key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Center {
    Place,
    Member,
    InWords,
}

/// A member that was found.
struct Found<'a> {
    member: &'a [u8],
    score: f64,
    place: Point,
    /// From the center, in meters.
    distance: f64,
}

fn search(cx: &mut Ctx<'_>, command: Command, center: Center) -> Answer {
    let mut words = Words::new();
    if command == Command::SearchStore {
        words.target = Some(cx.args.key()?);
    }
    let limits = cx.db.limits().sorted_set;
    let set = cx.db.get::<SortedSet>(cx.args.key()?)?;
    match center {
        Center::Place => {
            words.center = Some(place(&mut cx.args)?);
            words.circle(&mut cx.args)?;
        }
        // Without a set not even the unit is looked at.
        Center::Member if set.is_none() => {
            words.around(None, cx.args.next()?)?;
            cx.args.next()?;
            cx.args.next()?;
        }
        Center::Member => {
            words.around(set, cx.args.next()?)?;
            words.circle(&mut cx.args)?;
        }
        Center::InWords => {}
    }
    words.options(&mut cx.args, command, set)?;
    let name = if command == Command::Search { "GEOSEARCH" } else { "GEOSEARCHSTORE" };
    words.check(command, name)?;
    let found = match (set, words.center, words.shape) {
        (Some(set), Some(center), Some(shape)) => find(set, center, shape, &words),
        _ => Vec::new(),
    };
    let Some(target) = words.target else { return Ok(answer(&mut cx.reply, &found, &words)) };
    let stored = stored(SortedSet::new(limits), &found, &words);
    let len = stored.len();
    cx.db.put(target, stored);
    Ok(cx.reply.count(len))
}

/// The members in the shape, as many as are wanted and in their order.
fn find<'a>(
    set: SortedSetRef<'a>,
    center: Point,
    shape: Shape,
    words: &Words<'_>,
) -> Vec<Found<'a>> {
    let limit = if words.any { words.count } else { usize::MAX };
    let mut found = Vec::new();
    for cell in shape.cells(center) {
        let (first, end) = cell.scores();
        let start = set.position(Cut::BeforeScore(first));
        let end = set.position(Cut::BeforeScore(end)).max(start);
        for (member, score) in set.range(start..end, tandem_engine::Order::Rising) {
            if found.len() == limit {
                break;
            }
            let place = Point::of_score(score);
            if let Some(distance) = shape.distance(center, place) {
                found.push(Found { member, score, place, distance });
            }
        }
    }
    // A count asks for the nearest, unless any will do.
    let is_counted = words.count > 0 && !words.any;
    match words.order.or(is_counted.then_some(Order::Nearest)) {
        Some(Order::Nearest) => found.sort_by(|a, b| a.distance.total_cmp(&b.distance)),
        Some(Order::Farthest) => found.sort_by(|a, b| b.distance.total_cmp(&a.distance)),
        None => {}
    }
    if words.count > 0 {
        found.truncate(words.count);
    }
    found
}

fn stored(mut stored: SortedSet, found: &[Found<'_>], words: &Words<'_>) -> SortedSet {
    let longest = found.iter().map(|it| it.member.len()).max();
    stored.expect(found.len(), longest.unwrap_or(0));
    for it in found {
        let score = if words.stores_distance { it.distance / words.unit } else { it.score };
        stored.insert(it.member, score);
    }
    stored
}

fn answer(reply: &mut Reply<'_>, found: &[Found<'_>], words: &Words<'_>) -> Answered {
    let Words { beside, unit, .. } = *words;
    let extras = [beside.distance, beside.score, beside.place];
    let n_extras = extras.into_iter().filter(|it| *it).count();
    reply.array(found.iter(), |reply, it| {
        if n_extras > 0 {
            reply.array_header(1 + n_extras);
        }
        let answered = reply.bulk(it.member);
        if beside.distance {
            put_distance(reply, it.distance / unit);
        }
        if beside.score {
            reply.int(it.score as i64);
        }
        if beside.place {
            put_place(reply, it.place);
        }
        answered
    })
}
