//! Sorted sets.

pub(super) mod add;
mod combine;
mod pop;
mod query;
mod random;
mod range;
mod wait;

use tandem_engine::{SortedSet, SortedSetRef};

use crate::args::Argv;
use crate::commands::scan::{self, ScanWords};
use crate::dispatch::Ctx;
use crate::double::{Text, seventeen_digits};
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::{Answer, Answered, Reply};
use crate::spec::{Flags, Spec, read, write};

const ANY_OUTPUT: &[&str] = &["nondeterministic_output"];

const REMOVED: Access = Access::RW.and(Access::DELETE);
const TAKEN: Access = REMOVED.and(Access::ACCESS);
const STORED_RANGE_KEYS: &[KeySpec] =
    &[KeySpec::new(Keys::FIRST, Access::REPLACE), KeySpec::new(Keys::SECOND, Access::READ)];

/// Where ZUNIONSTORE and its like have their keys.
const STORED: Keys = Keys::Special { find: stored_keys };
const STORED_KEYS: &[KeySpec] = &[
    KeySpec::new(Keys::FIRST, Access::REPLACE),
    KeySpec::new(Keys::Counted { at: 2 }, Access::READ),
];

const ZUNION: &str = "numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] \
                      [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]";
const ZUNIONSTORE: &str = "destination:key numkeys key [key ...] [WEIGHTS weight:integer \
                           [weight:integer ...]] [AGGREGATE <SUM | MIN | MAX>]";
const ZADD: &str = "key [NX | XX] [GT | LT] [CH] [INCR] <score:double member> [<score:double \
                    member> ...]";
const ZRANGE: &str = "key start:string stop:string [BYSCORE | BYLEX] [REV] [LIMIT \
                      <offset:integer count:integer>] [WITHSCORES]";
const ZRANGESTORE: &str = "dst:key src:key min:string max:string [BYSCORE | BYLEX] [REV] [LIMIT \
                           <offset:integer count:integer>]";
const BY_SCORE: &str =
    "key min:double max:double [WITHSCORES] [LIMIT <offset:integer count:integer>]";
const BY_SCORE_REV: &str =
    "key max:double min:double [WITHSCORES] [LIMIT <offset:integer count:integer>]";

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("bzmpop",
        "timeout:double numkeys:integer key [key ...] <MIN | MAX> [COUNT count:integer]",
        Keys::Counted { at: 2 }, wait::bzmpop)
        .flags(&[Flags::BLOCKING, Flags::MOVABLEKEYS]).access(TAKEN)
        .event("").doc("7.0.0", "O(K)+O(M*log(N)), M taken",
            "Takes members off an end of the first of some sorted sets, or waits for them."),
    write("bzpopmax", "key [key ...] timeout:double", Keys::range(1, -2, 1), wait::bzpopmax)
        .fast().flags(&[Flags::BLOCKING]).access(TAKEN)
        .event("zpopmax").doc("5.0.0", "O(log(N))",
            "Takes the highest member of the first of some sorted sets, or waits for one."),
    write("bzpopmin", "key [key ...] timeout:double", Keys::range(1, -2, 1), wait::bzpopmin)
        .fast().flags(&[Flags::BLOCKING]).access(TAKEN)
        .event("zpopmin").doc("5.0.0", "O(log(N))",
            "Takes the lowest member of the first of some sorted sets, or waits for one."),
    write("zadd", ZADD, Keys::FIRST, add::zadd)
        .fast().denyoom().access(Access::CHANGE)
        .doc("1.2.0", "O(log(N)) for each member", "Gives members of a sorted set their scores."),
    read("zcard", "key", Keys::FIRST, zcard)
        .fast().access(Access::RO)
        .doc("1.2.0", "O(1)", "Counts the members of a sorted set."),
    read("zcount", "key min:double max:double", Keys::FIRST, range::zcount)
        .fast()
        .doc("2.0.0", "O(log(N))", "Counts the members with scores in a range."),
    read("zdiff", "numkeys key [key ...] [WITHSCORES]", Keys::Counted { at: 1 }, combine::zdiff)
        .flags(&[Flags::MOVABLEKEYS])
        .doc("6.2.0", "O(L + (N-K)log(N)), L in all, N in the first set, K found",
            "Lists what only the first of some sorted sets has."),
    write("zdiffstore", "destination:key numkeys key [key ...]", STORED, combine::zdiffstore)
        .denyoom().flags(&[Flags::MOVABLEKEYS]).keyed(STORED_KEYS)
        .doc("6.2.0", "O(L + (N-K)log(N)), L in all, N in the first set, K found",
            "Stores what only the first of some sorted sets has."),
    write("zincrby", "key increment:integer member", Keys::FIRST, add::zincrby)
        .fast().denyoom().access(Access::CHANGE.and(Access::ACCESS))
        .event("zincr").doc("1.2.0", "O(log(N))", "Adds to the score of a member."),
    read("zinter", ZUNION, Keys::Counted { at: 1 }, combine::zinter)
        .flags(&[Flags::MOVABLEKEYS])
        .doc("6.2.0", "O(N*K)+O(M*log(M)), N in the smallest of K sets, M found",
            "Lists what all of some sorted sets have."),
    read("zintercard", "numkeys key [key ...] [LIMIT limit:integer]", Keys::Counted { at: 1 },
        combine::zintercard)
        .flags(&[Flags::MOVABLEKEYS])
        .doc("7.0.0", "O(N*K), N in the smallest of K sets",
            "Counts what all of some sorted sets have."),
    write("zinterstore", ZUNIONSTORE, STORED, combine::zinterstore)
        .denyoom().flags(&[Flags::MOVABLEKEYS]).keyed(STORED_KEYS)
        .doc("2.0.0", "O(N*K)+O(M*log(M)), N in the smallest of K sets, M found",
            "Stores what all of some sorted sets have."),
    read("zlexcount", "key min:string max:string", Keys::FIRST, range::zlexcount)
        .fast()
        .doc("2.8.9", "O(log(N))", "Counts the members in a range of their bytes."),
    write("zmpop", "numkeys key [key ...] <MIN | MAX> [COUNT count]", Keys::Counted { at: 1 },
        pop::zmpop)
        .flags(&[Flags::MOVABLEKEYS]).access(TAKEN)
        .event("").doc("7.0.0", "O(K) + O(M*log(N)), M popped, K keys",
            "Takes members off the first of some sorted sets that has any."),
    read("zmscore", "key member [member ...]", Keys::FIRST, zmscore)
        .fast()
        .doc("6.2.0", "O(N) in the members given", "Tells the scores of members."),
    write("zpopmax", "key [count]", Keys::FIRST, pop::zpopmax)
        .fast().access(TAKEN)
        .doc("5.0.0", "O(log(N)*M), M popped", "Takes off the members with the highest scores."),
    write("zpopmin", "key [count]", Keys::FIRST, pop::zpopmin)
        .fast().access(TAKEN)
        .doc("5.0.0", "O(log(N)*M), M popped", "Takes off the members with the lowest scores."),
    read("zrandmember", "key [<count [WITHSCORES]>]", Keys::FIRST, random::zrandmember)
        .tips(ANY_OUTPUT)
        .doc("6.2.0", "O(N) in the members returned", "Picks members at random."),
    read("zrange", ZRANGE, Keys::FIRST, range::zrange)
        .doc("1.2.0", "O(log(N)+M), M returned", "Lists members in a range of any kind."),
    read("zrangebylex", "key min:string max:string [LIMIT <offset:integer count:integer>]",
        Keys::FIRST, range::zrangebylex)
        .deprecated("6.2.0", "`ZRANGE` with the `BYLEX` argument")
        .doc("2.8.9", "O(log(N)+M), M returned", "Lists members in a range of their bytes."),
    read("zrangebyscore", BY_SCORE, Keys::FIRST, range::zrangebyscore)
        .deprecated("6.2.0", "`ZRANGE` with the `BYSCORE` argument")
        .doc("1.0.5", "O(log(N)+M), M returned", "Lists members with scores in a range."),
    write("zrangestore", ZRANGESTORE, Keys::BOTH, range::zrangestore)
        .denyoom().keyed(STORED_RANGE_KEYS)
        .doc("6.2.0", "O(log(N)+M), M stored", "Stores a range of members as a sorted set."),
    read("zrank", "key member [WITHSCORE]", Keys::FIRST, zrank)
        .fast()
        .doc("2.0.0", "O(log(N))", "Counts the members before one."),
    write("zrem", "key member [member ...]", Keys::FIRST, add::zrem)
        .fast().access(REMOVED)
        .doc("1.2.0", "O(M*log(N)), M given", "Takes members out of a sorted set."),
    write("zremrangebylex", "key min:string max:string", Keys::FIRST, range::zremrangebylex)
        .access(REMOVED)
        .doc("2.8.9", "O(log(N)+M), M removed", "Takes out the members in a range of their bytes."),
    write("zremrangebyrank", "key start:integer stop:integer", Keys::FIRST, range::zremrangebyrank)
        .access(REMOVED)
        .doc("2.0.0", "O(log(N)+M), M removed", "Takes out the members in a range of ranks."),
    write("zremrangebyscore", "key min:double max:double", Keys::FIRST, range::zremrangebyscore)
        .access(REMOVED)
        .doc("1.2.0", "O(log(N)+M), M removed", "Takes out the members with scores in a range."),
    read("zrevrange", "key start:integer stop:integer [WITHSCORES]", Keys::FIRST, range::zrevrange)
        .deprecated("6.2.0", "`ZRANGE` with the `REV` argument")
        .doc("1.2.0", "O(log(N)+M), M returned", "Lists a range of members, the highest first."),
    read("zrevrangebylex", "key max:string min:string [LIMIT <offset:integer count:integer>]",
        Keys::FIRST, range::zrevrangebylex)
        .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")
        .doc("2.8.9", "O(log(N)+M), M returned",
            "Lists members in a range of their bytes, the last first."),
    read("zrevrangebyscore", BY_SCORE_REV, Keys::FIRST, range::zrevrangebyscore)
        .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")
        .doc("2.2.0", "O(log(N)+M), M returned",
            "Lists members with scores in a range, the highest first."),
    read("zrevrank", "key member [WITHSCORE]", Keys::FIRST, zrevrank)
        .fast()
        .doc("2.0.0", "O(log(N))", "Counts the members behind one."),
    read("zscan", "key cursor:integer [MATCH pattern] [COUNT count] [NOSCORES]", Keys::FIRST, zscan)
        .tips(ANY_OUTPUT)
        .doc("2.8.0", "O(1) for each call", "Goes through the members of a sorted set in steps."),
    read("zscore", "key member", Keys::FIRST, zscore)
        .fast()
        .doc("1.2.0", "O(1)", "Tells the score of a member."),
    read("zunion", ZUNION, Keys::Counted { at: 1 }, combine::zunion)
        .flags(&[Flags::MOVABLEKEYS])
        .doc("6.2.0", "O(N)+O(M*log(M)), N in all sets, M found",
            "Lists what any of some sorted sets has."),
    write("zunionstore", ZUNIONSTORE, STORED, combine::zunionstore)
        .denyoom().flags(&[Flags::MOVABLEKEYS]).keyed(STORED_KEYS)
        .doc("2.0.0", "O(N)+O(M*log(M)), N in all sets, M found",
            "Stores what any of some sorted sets has."),
];

/// The key to store in, then as many as are counted.
fn stored_keys(argv: Argv<'_>, into: &mut Vec<usize>) -> Result<(), Error> {
    into.push(1);
    Keys::Counted { at: 2 }.positions(argv, into)
}

/// Writes a score: a double in RESP3, its text in RESP2.
fn put_score(reply: &mut Reply<'_>, score: f64) -> Answered {
    reply.double(Text::of(score).as_str())
}

fn score_or_null(reply: &mut Reply<'_>, score: Option<f64>) -> Answered {
    match score {
        Some(score) => put_score(reply, score),
        None => reply.null(),
    }
}

/// Whether scores are answered beside their members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Members,
    Scores,
}

/// Members, and their scores beside them: in pairs in RESP3, one after the other in RESP2.
fn put_members<'a>(
    reply: &mut Reply<'_>,
    members: impl ExactSizeIterator<Item = (&'a [u8], f64)>,
    form: Form,
) -> Answered {
    let is_nested = form == Form::Scores && reply.is_resp3();
    let per_member = if form == Form::Scores && !is_nested { 2 } else { 1 };
    let answered = reply.array_header(members.len() * per_member);
    for (member, score) in members {
        if is_nested {
            reply.array_header(2);
        }
        reply.bulk(member);
        if form == Form::Scores {
            put_score(reply, score);
        }
    }
    answered
}

fn zcard(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<SortedSet>(cx.args.key()?)?;
    Ok(cx.reply.count(set.map_or(0, SortedSetRef::len)))
}

fn zscore(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<SortedSet>(cx.args.key()?)?;
    let member = cx.args.next()?;
    Ok(score_or_null(&mut cx.reply, set.and_then(|it| it.score(member))))
}

fn zmscore(cx: &mut Ctx<'_>) -> Answer {
    let set = cx.db.get::<SortedSet>(cx.args.key()?)?;
    Ok(cx.reply.array(cx.args.rest().iter(), |reply, member| {
        score_or_null(reply, set.and_then(|it| it.score(member)))
    }))
}

fn zrank(cx: &mut Ctx<'_>) -> Answer {
    rank(cx, "zrank", |rank, _| rank)
}

fn zrevrank(cx: &mut Ctx<'_>) -> Answer {
    rank(cx, "zrevrank", |rank, len| len - 1 - rank)
}

/// `key member [WITHSCORE]`.
fn rank(
    cx: &mut Ctx<'_>,
    command: &'static str,
    counted: impl Fn(usize, usize) -> usize,
) -> Answer {
    let (key, member) = (cx.args.key()?, cx.args.next()?);
    if cx.args.len() > 1 {
        return Err(Error::WrongArity(command));
    }
    let with_score = cx.args.flag("WITHSCORE");
    if !with_score && !cx.args.is_done() {
        return Err(Error::Syntax);
    }
    let set = cx.db.get::<SortedSet>(key)?;
    let found = set.and_then(|it| it.rank(member).map(|(rank, score)| (it.len(), rank, score)));
    let reply = &mut cx.reply;
    Ok(match (found, with_score) {
        (None, false) => reply.null(),
        (None, true) => reply.null_array(),
        (Some((len, rank, _)), false) => reply.count(counted(rank, len)),
        (Some((len, rank, score)), true) => {
            reply.array_header(2);
            reply.count(counted(rank, len));
            put_score(reply, score)
        }
    })
}

fn zscan(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let cursor = scan::cursor(cx.args.next()?)?;
    let Some(set) = cx.db.get::<SortedSet>(key)? else {
        return Ok(scan::empty(&mut cx.reply));
    };
    let words = ScanWords::read(&mut cx.args, scan::Scans::SortedSet)?;
    let mut found = Vec::new();
    let next = set.scan(cursor, words.count, &mut |member, score| {
        if words.takes(member) {
            found.push((member, score));
        }
    });
    let per_member = if words.no_values { 1 } else { 2 };
    scan::header(&mut cx.reply, next, found.len() * per_member);
    let mut answered = cx.reply.nothing();
    for (member, score) in found {
        answered = cx.reply.bulk(member);
        if words.no_values {
            continue;
        }
        // A packed set of Valkey's keeps the text of its scores, an indexed one the numbers.
        if set.is_packed() {
            cx.reply.text(Text::of(score).as_str());
        } else {
            cx.reply.text(&seventeen_digits(score));
        }
    }
    Ok(answered)
}
