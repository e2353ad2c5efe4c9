//! Generated commands on lists.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Lists of few elements and of many nodes, which come from and go through one listpack.
pub const LIST: Family = Family {
    templates: &[TEMPLATES],
    keys: &[KEYS],
    words,
    contents: &["LRANGE key 0 -1", "LLEN key"],
};

const TEMPLATES: &[&str] = &[
    "RPUSH list (element)+",
    "LPUSH list (element)+",
    "RPUSH list many",
    "LPUSH list many",
    "RPUSH list many many many",
    "RPUSH any-key element",
    "LPUSHX any-key element",
    "RPUSHX list (element)+",
    "LSET list place element",
    "LSET any-key index element",
    "LINSERT list BEFORE element element",
    "LINSERT list AFTER element element",
    "LINSERT any-key side element element",
    "LREM list small element",
    "LREM any-key index element",
    "LTRIM list place place",
    "LTRIM list 1 -2",
    "LPOP list",
    "RPOP list",
    "LPOP list count",
    "RPOP list count",
    "LPOP any-key",
    "RPOP any-key count",
    "LLEN any-key",
    "LRANGE list place place",
    "LRANGE any-key index index",
    "LINDEX list place",
    "LINDEX any-key index",
    "LPOS any-key element",
    "LPOS list element RANK index",
    "LPOS list element COUNT small",
    "LPOS list element RANK index COUNT small MAXLEN count",
    "LMOVE list list end end",
    "LMOVE any-key any-key end end",
    "RPOPLPUSH list list",
    "RPOPLPUSH any-key any-key",
    "LMPOP 1 list end",
    "LMPOP 2 any-key list end COUNT count",
    "LMPOP small any-key list end",
    "OBJECT ENCODING list",
    "OBJECT ENCODING list",
    "COPY list list REPLACE",
    "RENAME list list",
    "DEL list",
    "TYPE list",
    "CONFIG SET list-max-listpack-size limit",
    "COMMAND GETKEYS LMPOP small list list end",
    "COMMAND GETKEYSANDFLAGS LMOVE list list end end",
];

const KEYS: Pool = &[b"list:1", b"list:2", b"list:3"];

fn words(kind: &str, random: &mut Random) -> Option<Words> {
    let pool: Pool = match kind {
        "list" => KEYS,
        "side" => &[b"BEFORE", b"after", b"BESIDE"],
        "end" => &[b"LEFT", b"RIGHT", b"LEFT", b"right", b"UP"],
        "count" => &[b"1", b"2", b"3", b"10", b"100", b"400", b"0", b"-1"],
        "limit" => &[b"-2", b"-2", b"-1", b"-5", b"-3", b"1", b"2", b"5", b"128", b"0", b"-9"],
        "place" => return Some(vec![place(random)]),
        "element" => return Some(vec![element(random)]),
        "many" => return Some(many(random)),
        _ => return None,
    };
    Some(vec![random.pick(pool).to_vec()])
}

/// Somewhere in a list of a few elements or of some hundreds, from either end.
fn place(random: &mut Random) -> Vec<u8> {
    let distance = [3, 20, 200, 1000][random.below(4)];
    let at = random.below(distance).cast_signed();
    if random.once_in(2) { (-at - 1).to_string() } else { at.to_string() }.into_bytes()
}

/// Often one that is there already, now and then one that fills a node.
fn element(random: &mut Random) -> Vec<u8> {
    match random.below(40) {
        0 => vec![b'x'; [4087, 4096, 8177, 8185, 8192, 8193, 20_000][random.below(7)]],
        1 => vec![b'y'; [63, 64, 127, 128, 1000, 3000][random.below(6)]],
        2..5 => ((random.below(usize::MAX).cast_signed()) >> random.below(63)).to_string().into(),
        5..10 => format!("-{}", random.below(5000)).into_bytes(),
        10..20 => random.below(40).to_string().into_bytes(),
        20..30 => format!("element:{}", random.below(20)).into_bytes(),
        _ => random.pick(&[&b"a"[..], b"b", b"c", b"", b"007", b"\r\n"]).to_vec(),
    }
}

/// A run of elements of one kind.
fn many(random: &mut Random) -> Words {
    let n = 1 + random.below(300);
    let len = 1 + random.below(40);
    let kind = random.below(4);
    (0..n)
        .map(|number| match kind {
            0 => number.to_string().into_bytes(),
            1 => format!("{number:0len$}").into_bytes(),
            2 => vec![b'z'; random.below(len)],
            _ => element(random),
        })
        .collect()
}
