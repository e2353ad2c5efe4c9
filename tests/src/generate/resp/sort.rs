//! Generated SORT commands, and what they read.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Lists and sets whose elements other keys weigh. Where nothing says what comes first (a set as
/// it is, and equal weights), the order is the servers' own: no template asks for it.
pub const SORT: Family = Family {
    templates: &[SOURCES, SORTS],
    keys: &[LISTS, SETS],
    words,
    contents: &["LRANGE key 0 -1", "SORT key ALPHA", "HGETALL key"],
};

const SOURCES: &[&str] = &[
    "RPUSH list (number)+",
    "RPUSH list (number)+",
    "RPUSH list (element)+",
    "LTRIM list 0 8",
    "SADD set (number)+",
    "SADD set (element)+",
    "DEL list",
    "DEL set",
    "SET weight number",
    "SET weight element",
    "DEL weight",
    "HSET object w number",
    "HSET object name element",
    "HDEL object name",
    "CONFIG SET list-max-listpack-size limit",
];

const SORTS: &[&str] = &[
    "SORT source",
    "SORT source order limits",
    "SORT source ALPHA order limits",
    "SORT source ALPHA order limits STORE any-key",
    "SORT source order limits STORE list",
    "SORT source BY weight:* order",
    "SORT source BY weight:* order limits gets",
    "SORT source BY object:*->w gets limits order",
    "SORT source BY object:*->w gets limits order STORE list",
    "SORT list BY object:*->name ALPHA order gets",
    "SORT list BY weight:* ALPHA order gets STORE list",
    "SORT list BY nosort order limits gets",
    "SORT list BY nosort order limits STORE list",
    "SORT set BY nosort order limits STORE list",
    "SORT any-key gets limits order ALPHA",
    "SORT_RO source order limits gets",
    "SORT_RO source BY weight:* gets",
    "SORT_RO any-key ALPHA",
    "COMMAND GETKEYS SORT source BY weight:* gets limits STORE list",
    "COMMAND GETKEYS SORT source limits STORE list STORE set",
    "COMMAND GETKEYSANDFLAGS SORT source gets STORE list",
];

const LISTS: Pool = &[b"list:1", b"list:2"];
const SETS: Pool = &[b"set:1", b"set:2"];

fn words(kind: &str, random: &mut Random) -> Option<Words> {
    let pool: Pool = match kind {
        "list" => LISTS,
        "source" if random.once_in(2) => LISTS,
        "set" | "source" => SETS,
        "limit" => &[b"-2", b"2", b"5", b"128"],
        "element" => &[b"a", b"b", b"B", b"aa", b"1", b"2", b"", b"10", b"\xff", b"a b"],
        "number" => return Some(vec![number(random).into_bytes()]),
        "weight" => return Some(vec![format!("weight:{}", number(random)).into_bytes()]),
        "object" => return Some(vec![format!("object:{}", number(random)).into_bytes()]),
        "order" => return Some(option(random, &["", "", "ASC", "DESC", "desc"])),
        "limits" => {
            let options = ["", "", "LIMIT 0 2", "LIMIT 1 3", "LIMIT -1 -1", "LIMIT 3 0"];
            return Some(option(random, &options));
        }
        "gets" => {
            let gets = ["", "GET #", "GET weight:*", "GET object:*->name", "GET nosuch"];
            let mut words = option(random, &gets);
            words.extend(option(random, &gets));
            return Some(words);
        }
        _ => return None,
    };
    Some(vec![random.pick(pool).to_vec()])
}

fn option(random: &mut Random, options: &[&str]) -> Words {
    random.pick(options).split_whitespace().map(|it| it.as_bytes().to_vec()).collect()
}

/// Few, so that keys are found by them, and some that are written otherwise.
fn number(random: &mut Random) -> String {
    match random.below(12) {
        0 => ["2.5", "-1e2", "0x10", "inf", "1e-5", " 7", "-0"][random.below(7)].to_owned(),
        1 => format!("-{}", random.below(12)),
        _ => random.below(12).to_string(),
    }
}
