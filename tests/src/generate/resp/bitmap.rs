//! Generated commands on bits.

use super::{Family, Words};
use crate::generate::pools::{self, Pool};
use crate::random::Random;

/// Bits of strings, short and long, and joins of several.
pub const BITMAP: Family = Family {
    templates: &[TEMPLATES],
    keys: &[KEYS],
    words,
    contents: &["BITCOUNT key", "BITPOS key 0"],
};

const TEMPLATES: &[&str] = &[
    "SETBIT bits bit on",
    "SETBIT bits bit on",
    "SETBIT any-key bit on",
    "GETBIT any-key bit",
    "BITCOUNT any-key",
    "BITCOUNT bits end",
    "BITCOUNT bits end end",
    "BITCOUNT bits end end unit",
    "BITPOS any-key on",
    "BITPOS bits on end",
    "BITPOS bits on end end",
    "BITPOS bits on end end unit",
    "BITOP join any-key any-key (any-key)+",
    "BITOP join bits bits bits",
    "BITOP NOT bits any-key",
    "BITFIELD any-key (step)+",
    "BITFIELD bits (step)+",
    "BITFIELD bits GET width bit step step step",
    "BITFIELD_RO any-key (GET width bit)+",
    "SET bits run",
    "SETRANGE bits small run",
    "APPEND bits run",
    "OBJECT ENCODING bits",
    "COMMAND GETKEYSANDFLAGS BITFIELD bits (step)+",
    "COMMAND GETKEYS BITOP join bits (any-key)+",
];

const KEYS: Pool = &[b"bits:1", b"bits:2", b"bits:3", b"bits:4"];

fn words(kind: &str, random: &mut Random) -> Option<Words> {
    let pool: Pool = match kind {
        "bits" => KEYS,
        "on" => &[b"0", b"1", b"1", b"1", b"0", b"2", b"x"],
        "unit" => &[b"BYTE", b"BIT", b"bit", b"BIT", b"BITS"],
        "join" => &[b"AND", b"OR", b"XOR", b"and", b"NAND"],
        "overflow" => &[b"WRAP", b"SAT", b"FAIL", b"sat", b"x"],
        "bit" => return Some(vec![bit(random).into_bytes()]),
        "end" => return Some(vec![end(random).into_bytes()]),
        "width" => return Some(vec![width(random).into_bytes()]),
        "run" => return Some(vec![run(random)]),
        "step" => return Some(step(random)),
        _ => return None,
    };
    Some(vec![random.pick(pool).to_vec()])
}

/// Mostly in the first bytes, sometimes in strings that lie outside of segments.
fn bit(random: &mut Random) -> String {
    match random.below(30) {
        0 => "-1".to_owned(),
        1 => "4294967296".to_owned(),
        2..5 => random.below(200_000).to_string(),
        5..10 => random.below(2000).to_string(),
        _ => random.below(100).to_string(),
    }
}

fn end(random: &mut Random) -> String {
    let distance = [4, 40, 400, 30_000][random.below(4)];
    let at = random.below(distance).cast_signed();
    if random.once_in(3) { (-at - 1).to_string() } else { at.to_string() }
}

fn width(random: &mut Random) -> String {
    let letter = random.pick(&["u", "i", "u", "i", "U"]);
    let n_bits = random.pick(&[1, 2, 4, 5, 8, 8, 16, 31, 33, 63, 64, 0, 65]);
    format!("{letter}{n_bits}")
}

/// Many equal bytes, which are searched in blocks, with others before and behind.
fn run(random: &mut Random) -> Vec<u8> {
    let n_before = random.below(12);
    let mut bytes = random.bytes(n_before);
    let n = [0, 1, 40, 700, 9000][random.below(5)];
    let value = [0, 0xFF, 0xAA][random.below(3)];
    bytes.resize(bytes.len() + n, value);
    let n_behind = random.below(3);
    bytes.extend(random.bytes(n_behind));
    bytes
}

fn step(random: &mut Random) -> Words {
    let mark = if random.once_in(4) { "#" } else { "" };
    let at = format!("{mark}{}", bit(random));
    let edge: &&[u8] = random.pick(pools::INTEGERS);
    let number = if random.once_in(3) {
        String::from_utf8_lossy(edge).into_owned()
    } else {
        random.below(600).to_string()
    };
    let line = match random.below(6) {
        0 => {
            let word = words("overflow", random).unwrap_or_default();
            return vec![b"OVERFLOW".to_vec(), word.concat()];
        }
        1 | 2 => vec!["GET".to_owned(), width(random), at],
        3 => vec!["SET".to_owned(), width(random), at, number],
        4 => vec!["INCRBY".to_owned(), width(random), at, format!("-{}", random.below(600))],
        _ => vec!["INCRBY".to_owned(), width(random), at, number],
    };
    line.into_iter().map(String::into_bytes).collect()
}
