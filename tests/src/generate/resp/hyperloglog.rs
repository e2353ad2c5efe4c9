//! Generated commands on HyperLogLogs.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Sketches that grow from nothing to the dense form. Their bytes are compared too: `GET` is one
/// of the reads of every key.
pub const HYPERLOGLOG: Family =
    Family { templates: &[TEMPLATES], keys: &[KEYS], words, contents: &["PFCOUNT key"] };

const TEMPLATES: &[&str] = &[
    "PFADD sketch elements",
    "PFADD sketch elements",
    "PFADD sketch elements",
    "PFADD any-key value",
    "PFADD sketch",
    "PFCOUNT sketch",
    "PFCOUNT (any-key)+",
    "PFCOUNT sketch (sketch)+",
    "PFMERGE sketch (sketch)+",
    "PFMERGE sketch any-key",
    "PFMERGE sketch",
    "PFDEBUG ENCODING any-key",
    "PFDEBUG DECODE sketch",
    "PFDEBUG TODENSE rare",
    "PFDEBUG NOSUCH sketch",
    "GET sketch",
    "SETRANGE sketch early x",
    "SET sketch crafted",
    "DEL sketch",
    "OBJECT ENCODING sketch",
    "COMMAND GETKEYSANDFLAGS PFMERGE sketch (sketch)+",
];

const KEYS: Pool = &[b"hll:1", b"hll:2", b"hll:3", b"hll:4", b"hll:5"];

/// Headers and bodies that are nearly right. None ends in half a run: Valkey reads on behind it.
const CRAFTED: Pool = &[
    b"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80",
    b"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff",
    b"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\x00",
    b"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\xff\xfb\x7f\xf7",
    b"HYLL\x01\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x40\x00\x7f\xfe",
    b"HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff",
    b"HYLX\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff",
];

fn words(kind: &str, random: &mut Random) -> Option<Words> {
    match kind {
        "sketch" => Some(vec![random.pick(KEYS).to_vec()]),
        "crafted" => Some(vec![random.pick(CRAFTED).to_vec()]),
        "early" => Some(vec![random.pick(&["0", "4", "5", "8", "15"]).as_bytes().to_vec()]),
        // One that is dense early; the others get there by their elements.
        "rare" => Some(vec![if random.once_in(4) { b"hll:5".to_vec() } else { b"a".to_vec() }]),
        "elements" => {
            let n = [1, 3, 30, 400][random.below(4)];
            let range = [40, 3000, usize::MAX][random.below(3)];
            Some((0..n).map(|_| random.below(range).to_string().into_bytes()).collect())
        }
        _ => None,
    }
}
