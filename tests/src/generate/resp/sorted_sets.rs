//! Generated commands on sorted sets.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Sorted sets of all sizes, some of them beyond the thresholds. Ranges by bytes go for those that
/// are made of sets, with one score for all: what they are of others is not defined.
pub const SORTED_SETS: Family = Family {
    templates: &[CHANGES, READS, RANGES, JOINS],
    keys: &[KEYS],
    words,
    contents: &["ZRANGE key 0 -1 WITHSCORES", "OBJECT ENCODING key", "ZCARD key"],
};

const CHANGES: &[&str] = &[
    "ZADD z (score member)+",
    "ZADD z (score member)+",
    "ZADD z zadd-words (score member)+",
    "ZADD z zadd-words zadd-words (score member)+",
    "ZADD z INCR score member",
    "ZADD z zadd-words INCR score member",
    "ZADD z scored",
    "ZADD z scored",
    "ZADD z zadd-words scored",
    "ZADD any-key score member",
    "SADD level-set (member)+",
    "SADD level-set (run-member)+",
    "SADD level-set run",
    "SREM level-set run-member",
    "ZUNIONSTORE level 1 level-set",
    "ZUNIONSTORE level 2 level-set level-set AGGREGATE MAX",
    "ZINTERSTORE level 1 level-set WEIGHTS score",
    "ZINCRBY z score member",
    "ZREM z (member)+",
    "ZREM z (run-member)+",
    "ZREM level member",
    "ZPOPMIN z",
    "ZPOPMIN any-key count",
    "ZPOPMAX z",
    "ZPOPMAX z count",
    "ZMPOP small z MIN",
    "ZMPOP 2 z z side",
    "ZMPOP 2 any-key z side COUNT count",
    "ZREMRANGEBYRANK z index index",
    "ZREMRANGEBYSCORE z end end",
    "ZREMRANGEBYLEX level bytes-end bytes-end",
    "DEL z",
    "COPY z z REPLACE",
];

const READS: &[&str] = &[
    "ZCARD z",
    "ZCARD any-key",
    "ZSCORE z member",
    "ZSCORE z run-member",
    "ZMSCORE z (member)+",
    "ZRANK z member",
    "ZRANK z run-member WITHSCORE",
    "ZREVRANK z member WITHSCORE",
    "ZREVRANK any-key run-member",
    "ZCOUNT z end end",
    "ZLEXCOUNT level bytes-end bytes-end",
    "ZRANDMEMBER any-key",
    "ZRANDMEMBER z index",
    "ZRANDMEMBER z small WITHSCORES",
    "ZSCAN z 0 COUNT 1000000",
    "ZSCAN z 0 COUNT 1000000 NOSCORES",
    "ZSCAN any-key 0 MATCH pattern COUNT 1000000",
    "OBJECT ENCODING z",
    "TYPE z",
    "COMMAND GETKEYS ZUNIONSTORE z small z z",
    "COMMAND GETKEYSANDFLAGS ZINTER small z z",
];

const RANGES: &[&str] = &[
    "ZRANGE z index index",
    "ZRANGE z index index WITHSCORES",
    "ZRANGE z index index REV",
    "ZRANGE z end end BYSCORE",
    "ZRANGE z end end BYSCORE REV WITHSCORES",
    "ZRANGE z end end BYSCORE LIMIT index index",
    "ZRANGE z end end REV BYSCORE LIMIT small index",
    "ZRANGE level bytes-end bytes-end BYLEX",
    "ZRANGE level bytes-end bytes-end BYLEX REV LIMIT index index",
    "ZRANGE any-key index index LIMIT index index",
    "ZRANGEBYSCORE z end end",
    "ZRANGEBYSCORE z end end WITHSCORES LIMIT index small",
    "ZREVRANGEBYSCORE z end end LIMIT small small WITHSCORES",
    "ZRANGEBYLEX level bytes-end bytes-end",
    "ZREVRANGEBYLEX level bytes-end bytes-end LIMIT index small",
    "ZREVRANGE any-key index index WITHSCORES",
    "ZRANGESTORE z z index index",
    "ZRANGESTORE z z index index REV",
    "ZRANGESTORE any-key z end end BYSCORE LIMIT index small",
    "ZRANGESTORE level level bytes-end bytes-end BYLEX",
];

const JOINS: &[&str] = &[
    "SADD s1 (member)+",
    "SADD s2 small",
    "ZUNION 2 z z WITHSCORES",
    "ZUNION 2 z any-key",
    "ZUNION 3 z z s1 WEIGHTS score score score WITHSCORES",
    "ZUNION small (z)+",
    "ZUNION 2 z s2 AGGREGATE aggregate WITHSCORES",
    "ZUNIONSTORE z 2 z z",
    "ZUNIONSTORE any-key 2 z z WEIGHTS score score AGGREGATE aggregate",
    "ZUNIONSTORE z small z z WITHSCORES",
    "ZINTER 2 z z WITHSCORES",
    "ZINTER 2 z s1 AGGREGATE aggregate WEIGHTS score score WITHSCORES",
    "ZINTER 3 z any-key z",
    "ZINTERSTORE z 2 z z WEIGHTS score score AGGREGATE aggregate",
    "ZINTERCARD 2 z z",
    "ZINTERCARD 2 z any-key LIMIT count",
    "ZDIFF 2 z z WITHSCORES",
    "ZDIFF 3 any-key z s1",
    "ZDIFFSTORE z 2 z z",
    "ZDIFFSTORE any-key small z z",
];

const KEYS: Pool = &[b"z1", b"z2", b"z3", b"z4"];
/// All members have the same score.
const LEVEL_KEYS: Pool = &[b"l1", b"l2"];
/// What these are made of.
const LEVEL_SETS: Pool = &[b"ls1", b"ls2"];

const MEMBERS: Pool = &[
    b"a",
    b"b",
    b"c",
    b"ab",
    b"",
    b"1",
    b"2",
    b"5",
    b"40",
    b"m3",
    b"m70",
    b"\x00\r\n",
    b"a-member-that-is-exactly-as-long-as-a-packed-one-may-be-which-is",
    b"a-member-that-is-one-byte-longer-than-the-packed-ones-of-a-set-are",
];

const SCORES: Pool = &[
    b"0",
    b"-0",
    b"1",
    b"-1",
    b"2",
    b"3",
    b"10",
    b"0.1",
    b"0.2",
    b"-1.5",
    b"1e3",
    b"1e17",
    b"1e20",
    b"1e-7",
    b"inf",
    b"-inf",
    b"+inf",
    b"3.3333333333333335",
    b"0x10",
    b".5",
    b"1e400",
    b"nan",
    b" 1",
    b"",
];

const ENDS: Pool = &[
    b"-inf", b"+inf", b"inf", b"0", b"(0", b"1", b"(1", b"2", b"(3", b"10", b"(50", b"100",
    b"1e400", b"(-1", b"0.1", b"", b"(", b" 1", b"nan", b"[1", b"x",
];

const BYTES_ENDS: Pool = &[
    b"-", b"+", b"[", b"(", b"[a", b"(a", b"[ab", b"(b", b"[c", b"(m3", b"[m70", b"[m1", b"(m99",
    b"a", b"", b"-a",
];

fn words(name: &str, random: &mut Random) -> Option<Words> {
    let pool: Pool = match name {
        "z" => KEYS,
        "level" => LEVEL_KEYS,
        "level-set" => LEVEL_SETS,
        "member" => MEMBERS,
        "score" => SCORES,
        "end" => ENDS,
        "bytes-end" => BYTES_ENDS,
        "zadd-words" => &[b"NX", b"XX", b"GT", b"LT", b"CH", b"ch"],
        "aggregate" => &[b"SUM", b"MIN", b"MAX", b"min"],
        "side" => &[b"MIN", b"MAX", b"min"],
        "count" => &[b"0", b"1", b"2", b"3", b"20", b"-1", b"x"],
        "run-member" => return Some(vec![run_member(random.below(160))]),
        "scored" => return Some(run(random).flat_map(|it| [score(random), it]).collect()),
        "run" => return Some(run(random).collect()),
        _ => return None,
    };
    Some(vec![random.pick(pool).to_vec()])
}

fn run_member(nth: usize) -> Vec<u8> {
    format!("m{nth}").into_bytes()
}

/// Members one after the other, now and then more than 128 of them.
fn run(random: &mut Random) -> impl Iterator<Item = Vec<u8>> + use<> {
    let n_max = if random.once_in(4) { 140 } else { 20 };
    let n = 1 + random.below(n_max);
    let start = random.below(160 - n);
    (start..start + n).map(run_member)
}

fn score(random: &mut Random) -> Vec<u8> {
    random.below(60).to_string().into_bytes()
}
