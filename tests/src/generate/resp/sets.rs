//! Generated commands on sets.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Sets of integers, of words and of both, some of them beyond the thresholds.
pub const SETS: Family = Family {
    templates: &[TEMPLATES],
    keys: &[KEYS],
    words,
    contents: &["SMEMBERS key", "SCARD key"],
};

/// With SPOP, which takes and leaves what it likes: the comparison makes up for the members, and
/// their order is no longer compared.
pub const POPPED_SETS: Family = Family { templates: &[TEMPLATES, POPS], ..SETS };

const POPS: &[&str] = &["SPOP set", "SPOP set", "SPOP any-key", "SPOP set small", "SPOP set index"];

const TEMPLATES: &[&str] = &[
    "SADD set (member)+",
    "SADD set (member)+",
    "SADD set integers",
    "SADD set (integers)+",
    "SADD set names",
    "SADD set (names)+ (member)+",
    "SADD any-key member",
    "SREM set (member)+",
    "SREM set integers",
    "SREM set names",
    "SREM any-key member",
    "SCARD any-key",
    "SISMEMBER set member",
    "SISMEMBER any-key member",
    "SMISMEMBER set (member)+",
    "SMISMEMBER set integers",
    "SMEMBERS any-key",
    "SMEMBERS set",
    "SMOVE set set member",
    "SMOVE set any-key member",
    "SMOVE any-key set member",
    "SRANDMEMBER any-key",
    "SRANDMEMBER set index",
    "SRANDMEMBER set small",
    "SSCAN set 0 COUNT 1000000",
    "SSCAN any-key 0 MATCH pattern COUNT 1000000",
    "SINTER (set)+",
    "SINTER set set",
    "SINTER any-key set",
    "SINTERCARD 2 set set",
    "SINTERCARD 1 any-key LIMIT small",
    "SINTERCARD 3 set set set LIMIT small",
    "SINTERCARD small (set)+",
    "SINTERSTORE set set set",
    "SINTERSTORE set set set any-key",
    "SINTERSTORE any-key set",
    "SUNION (set)+",
    "SUNION any-key set",
    "SUNIONSTORE set set set",
    "SUNIONSTORE set set",
    "SUNIONSTORE any-key set (set)+",
    "SDIFF (set)+",
    "SDIFF set set any-key",
    "SDIFFSTORE set set set",
    "SDIFFSTORE set set set set set set",
    "SDIFFSTORE any-key set (set)+",
    "OBJECT ENCODING set",
    "OBJECT ENCODING set",
    "TYPE set",
    "DEL set",
    "MEMORY USAGE set",
    "COMMAND GETKEYS SINTERCARD small (set)+",
    "COMMAND GETKEYSANDFLAGS SDIFFSTORE set (set)+",
];

const KEYS: Pool = &[b"s1", b"s2", b"s3", b"s4", b"s5"];

const MEMBERS: Pool = &[
    b"1",
    b"2",
    b"3",
    b"40",
    b"-5",
    b"40000",
    b"3000000000",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"01",
    b"-0",
    b"a",
    b"b",
    b"word",
    b"",
    b"\x00\r\n",
    b"a-member-that-is-exactly-as-long-as-a-packed-one-may-be-which-is",
    b"a-member-that-is-one-byte-longer-than-the-packed-ones-of-a-set-are",
];

fn words(name: &str, random: &mut Random) -> Option<Words> {
    let run = |random: &mut Random, n_max: usize, prefix: &str| {
        let start = random.below(n_max);
        let n = random.below(n_max) + 1;
        (start..start + n).map(|it| format!("{prefix}{it}").into_bytes()).collect()
    };
    Some(match name {
        "set" => vec![random.pick(KEYS).to_vec()],
        "member" => vec![random.pick(MEMBERS).to_vec()],
        // A few of them pass 512 and 128.
        "integers" if random.once_in(3) => run(random, 600, ""),
        "integers" => run(random, 60, "-"),
        "names" if random.once_in(3) => run(random, 140, "name"),
        "names" => run(random, 30, "n"),
        _ => return None,
    })
}
