//! Generated commands on fields that expire, as Redis 8.0 has them.

use super::{Family, Words};
use crate::generate::pools::{self, Pool};
use crate::random::Random;

/// Hashes with fields of which some expire, far from now or at once.
pub const HASH_EXPIRY: Family = Family {
    templates: &[TEMPLATES],
    keys: &[KEYS],
    words,
    contents: &["HLEN key", "HPEXPIRETIME key FIELDS 5 f1 f2 f3 name n"],
};

const TEMPLATES: &[&str] = &[
    "HSET hash (field value)+",
    "HSET hash (field value)+",
    "HSET hash n integer",
    "HSET hash crowd",
    "HDEL hash (field)+",
    "HDEL hash crowd",
    "HEXPIRE hash end-s FIELDS 1 field",
    "HEXPIRE hash end-s condition-of-end FIELDS 2 field field",
    "HPEXPIRE hash end-ms FIELDS 3 field field field",
    "HPEXPIRE hash end-ms condition-of-end FIELDS 1 field",
    "HEXPIREAT hash moment FIELDS 1 field",
    "HEXPIREAT hash moment condition-of-end FIELDS 2 field field",
    "HPEXPIREAT hash moment-ms condition-of-end FIELDS 2 field field",
    "HEXPIRE any-key past FIELDS 1 field",
    "HTTL hash FIELDS 2 field field",
    "HPTTL hash FIELDS 1 field",
    "HEXPIRETIME hash FIELDS 1 field",
    "HPEXPIRETIME any-key FIELDS 2 field field",
    "HPERSIST hash FIELDS 2 field field",
    "HPERSIST any-key FIELDS 1 field",
    "HGETEX hash FIELDS 2 field field",
    "HGETEX hash expiry FIELDS 1 field",
    "HGETEX any-key expiry FIELDS 2 field field",
    "HSETEX hash FIELDS 1 field value",
    "HSETEX hash expiry FIELDS 2 field value field value",
    "HSETEX hash FNX expiry FIELDS 1 field value",
    "HSETEX any-key expiry FXX FIELDS 1 field value",
    "HGETDEL hash FIELDS 2 field field",
    "HGETDEL any-key FIELDS 1 field",
    "HINCRBY hash n integer",
    "HINCRBYFLOAT hash n float",
    "HSETNX hash field value",
    "HGET hash field",
    "HMGET hash (field)+",
    "HGETALL hash",
    "HKEYS hash",
    "HLEN hash",
    "HSTRLEN hash field",
    "HRANDFIELD hash small",
    "HSCAN hash 0 COUNT 1000000",
    "COPY hash hash REPLACE",
    "RENAME hash hash",
    "OBJECT ENCODING hash",
    "DEL hash",
    "COMMAND GETKEYS HEXPIRE hash end-s FIELDS 1 field",
];

const KEYS: Pool = &[b"h1", b"h2", b"h3", b"e1"];

fn words(name: &str, random: &mut Random) -> Option<Words> {
    Some(match name {
        "hash" => vec![random.pick(KEYS).to_vec()],
        // Two ends are never near each other, so that it does not matter when the clock ticks.
        "end-s" if random.once_in(8) => vec![random.pick(&[&b"0"[..], b"x", b"-1"]).to_vec()],
        "end-s" => vec![(100 + 100 * random.below(1 << 25)).to_string().into_bytes()],
        "end-ms" if random.once_in(8) => vec![b"0".to_vec()],
        "end-ms" => vec![(100_000 * (1 + random.below(1 << 25))).to_string().into_bytes()],
        "condition-of-end" => vec![random.pick(&[&b"NX"[..], b"XX", b"GT", b"LT", b"gt"]).to_vec()],
        "crowd" => crowd(random),
        _ => return None,
    })
}

/// Fields, more of them at times than a packed hash holds. HDEL takes the values for fields.
fn crowd(random: &mut Random) -> Words {
    let n = if random.once_in(4) { 600 } else { 30 };
    let start = random.below(n);
    let pair = |it: usize| [format!("field{it}").into_bytes(), pools::TEXTS[it % 3].to_vec()];
    (start..start + n).flat_map(pair).collect()
}
