//! Generated scripts: calls of scripts like those that applications use, on keys of all types.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Strings, lists, hashes and sorted sets that scripts work on, and commands between them.
pub const SCRIPTS: Family = Family {
    templates: &[TEMPLATES],
    keys: &[KEYS],
    words,
    contents: &["SORT_RO key ALPHA", "LRANGE key 0 -1", "ZRANGE key 0 -1 WITHSCORES"],
};

const TEMPLATES: &[&str] = &[
    "EVAL limiter 1 any-key small small",
    "EVAL limiter 1 any-key small small",
    "EVAL unlock 1 any-key value",
    "EVAL dequeue 1 any-key score",
    "EVAL move 2 any-key any-key",
    "EVAL hidden 0 any-key value",
    "EVAL hidden 1 any-key any-key value",
    "EVAL hold 1 any-key small value",
    "EVAL all 3 any-key any-key any-key value",
    "EVAL command 1 any-key value",
    "EVAL types 1 any-key",
    "EVAL_RO types 1 any-key",
    "EVAL_RO limiter 1 any-key small small",
    "EVALSHA sum 1 any-key small small",
    "EVALSHA_RO sum 1 any-key small small",
    "SCRIPT LOAD known",
    "SCRIPT EXISTS sum sum",
    "SCRIPT FLUSH",
    "SET any-key small",
    "RPUSH any-key value value",
    "HSET any-key small small",
    "ZADD any-key score value score value",
    "SADD any-key value small",
    "COMMAND GETKEYSANDFLAGS EVAL types small any-key any-key",
];

const KEYS: Pool = &[b"s:1", b"s:2", b"s:3", b"s:4", b"s:5", b"s:6"];

const LIMITER: &str = "local n = redis.call('INCR', KEYS[1]) \
    if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1] + 1000) end \
    return n > tonumber(ARGV[2])";

/// Scripts by the names that templates have for them.
const NAMED: &[(&str, &str)] = &[
    ("limiter", LIMITER),
    (
        "unlock",
        "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) \
         else return 0 end",
    ),
    (
        "dequeue",
        "local key, now = KEYS[1], ARGV[1] \
         local jobs = redis.call('zrange', key, '-inf', now, 'byscore', 'limit', 0, 1) \
         if jobs[1] then redis.call('zrem', key, jobs[1]) return jobs[1] end",
    ),
    (
        "move",
        "local job = redis.call('RPOPLPUSH', KEYS[1], KEYS[2]) \
         if job then redis.call('HINCRBY', 's:6', 'moved', 1) end return job",
    ),
    (
        "hidden",
        "local key = (KEYS[1] or '') .. ARGV[1] \
         local old = redis.pcall('GET', ARGV[1]) \
         redis.call('SET', ARGV[1], key) return {old, redis.call('GET', 's:1')}",
    ),
    (
        "hold",
        "if redis.call('exists', KEYS[1]) == 0 or redis.call('hexists', KEYS[1], ARGV[2]) == 1 \
         then redis.call('hincrby', KEYS[1], ARGV[2], 1) \
         redis.call('pexpire', KEYS[1], 5000000) return nil end \
         return redis.call('hlen', KEYS[1])",
    ),
    (
        "all",
        "local out = {} for i, key in ipairs(KEYS) do \
         out[i] = redis.pcall('APPEND', key, ARGV[1]) end \
         out[4] = redis.call('EXISTS', unpack(KEYS)) return out",
    ),
    ("command", "return redis.call('SADD', KEYS[1], ARGV[1], 5, 5.5, 1e30, -0, ARGV[1] .. 'x')"),
    (
        "types",
        "local of = redis.call('TYPE', KEYS[1]).ok \
         local size = redis.pcall('STRLEN', KEYS[1]) \
         if type(size) == 'table' then size = size.err end \
         return {of, size, redis.call('TTL', KEYS[1]) < 0, #KEYS[1]}",
    ),
    ("known", LIMITER),
    // The sum of the limiter.
    ("sum", "fd6cce429115bb666bcc8268f565bfe319b1aec7"),
];

fn words(kind: &str, random: &mut Random) -> Option<Words> {
    if kind == "small" {
        return Some(vec![random.below(12).to_string().into_bytes()]);
    }
    let script = NAMED.iter().find(|(name, _)| *name == kind)?.1;
    Some(vec![script.as_bytes().to_vec()])
}
