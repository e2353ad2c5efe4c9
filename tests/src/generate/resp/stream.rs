//! Generated commands on streams.

use super::{Family, Words};
use crate::generate::pools::Pool;
use crate::random::Random;

/// Streams of short and long nodes and their groups. Most ids are said, so that both servers have
/// the same; those of `clock` are the servers' own.
pub const STREAM: Family = Family {
    templates: &[ENTRIES, GROUPS, PENDING, CLOCK],
    keys: &[KEYS, CLOCK_KEYS],
    words,
    contents: CONTENTS,
};

const CONTENTS: &[&str] =
    &["XINFO STREAM key FULL COUNT 0", "XINFO GROUPS key", "XREVRANGE key + -", "XLEN key"];

const ENTRIES: &[&str] = &[
    "XADD stream next (name value)+",
    "XADD stream next same",
    "XADD stream next same",
    "XADD stream next same",
    "XADD stream next same",
    "XADD stream next (name integer)+",
    "XADD stream id (name value)+",
    "XADD stream NOMKSTREAM next same",
    "XADD stream threshold next same",
    "XADD stream threshold NOMKSTREAM threshold next same",
    "XADD any-key next same",
    "XADD stream * same",
    "XDEL stream (id)+",
    "XDEL stream (id)+",
    "XLEN any-key",
    "XRANGE stream start end",
    "XRANGE stream - + COUNT some",
    "XRANGE any-key start end COUNT some",
    "XREVRANGE stream end start",
    "XREVRANGE stream + - COUNT some",
    "XTRIM stream threshold",
    "XTRIM stream threshold",
    "XTRIM stream threshold threshold",
    "XSETID stream id",
    "XSETID stream id ENTRIESADDED some MAXDELETEDID id",
    "XREAD STREAMS stream behind",
    "XREAD COUNT some STREAMS stream stream behind behind",
    "XREAD STREAMS stream any-key stream behind behind behind",
    "XINFO STREAM any-key",
    "XINFO STREAM stream FULL",
    "XINFO STREAM stream FULL COUNT some",
    "CONFIG SET stream-node-max-entries node-entries",
    "CONFIG SET stream-node-max-bytes node-bytes",
    "COMMAND GETKEYS XREAD COUNT some STREAMS stream stream id id",
    "COMMAND GETKEYS XADD stream threshold * same",
    "OBJECT ENCODING stream",
    "SCAN 0 TYPE stream COUNT 1000000",
];

const GROUPS: &[&str] = &[
    "XGROUP CREATE stream group id",
    "XGROUP CREATE stream group last",
    "XGROUP CREATE stream group 0",
    "XGROUP CREATE stream group last MKSTREAM",
    "XGROUP CREATE any-key group id ENTRIESREAD entries-read MKSTREAM",
    "XGROUP SETID stream group id",
    "XGROUP SETID stream group last ENTRIESREAD entries-read",
    "XGROUP SETID stream group end",
    "XGROUP DESTROY stream group",
    "XGROUP CREATECONSUMER stream group consumer",
    "XGROUP DELCONSUMER stream group consumer",
    "XINFO GROUPS any-key",
    "XINFO GROUPS stream",
    "XINFO CONSUMERS stream group",
    "COMMAND GETKEYS XGROUP CREATE stream group id",
    "COMMAND GETKEYSANDFLAGS XREADGROUP GROUP group consumer STREAMS stream stream > >",
];

const PENDING: &[&str] = &[
    "XREADGROUP GROUP group consumer STREAMS stream >",
    "XREADGROUP GROUP group consumer COUNT some STREAMS stream >",
    "XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >",
    "XREADGROUP GROUP group consumer COUNT 2 STREAMS stream stream > >",
    "XREADGROUP GROUP group consumer NOACK STREAMS stream >",
    "XREADGROUP GROUP group consumer STREAMS stream id",
    "XREADGROUP GROUP group consumer COUNT some STREAMS stream stream 0 behind",
    "XACK stream group (id)+",
    "XACK any-key group id",
    "XPENDING stream group",
    "XPENDING stream group - + 10",
    "XPENDING stream group start end some consumer",
    "XPENDING stream group IDLE idle - + 100",
    "XPENDING stream group IDLE idle start end some consumer",
    "XCLAIM stream group consumer idle (id)+",
    "XCLAIM stream group consumer 0 id id id JUSTID",
    "XCLAIM stream group consumer idle id id claim claim",
    "XCLAIM stream group consumer 0 id FORCE claim",
    "XCLAIM any-key group consumer idle id FORCE",
    "XAUTOCLAIM stream group consumer idle start",
    "XAUTOCLAIM stream group consumer 0 - COUNT some",
    "XAUTOCLAIM stream group consumer idle - JUSTID COUNT 2",
];

const CLOCK: &[&str] = &[
    "XADD clock * same",
    "XADD clock * (name value)+",
    "XADD clock threshold * same",
    "XREAD COUNT some STREAMS clock 0",
    "XREAD STREAMS clock behind",
    "XRANGE clock - + COUNT some",
    "XGROUP CREATE clock group 0",
    "XREADGROUP GROUP group consumer COUNT some STREAMS clock >",
    "XREADGROUP GROUP group consumer STREAMS clock 0",
    "XINFO STREAM clock FULL",
    "XAUTOCLAIM clock group consumer idle - COUNT 3",
    "XPENDING clock group",
    "XTRIM clock threshold",
];

const KEYS: Pool = &[b"x1", b"x2", b"x3"];
const CLOCK_KEYS: Pool = &[b"clock"];

const IDS: Pool = &[
    b"0", b"1", b"1-1", b"2", b"3-1", b"5-2", b"8", b"9-0", b"9-1", b"9-2", b"9-3", b"9-4", b"9-5",
    b"9-6", b"9-7", b"9-8", b"9-9", b"9-10", b"9-11", b"9-12", b"9-20", b"9-30", b"10-0", b"10-1",
    b"12-5",
];

const ODD_IDS: Pool = &[
    b"0-0",
    b"-",
    b"+",
    b"$",
    b">",
    b"*",
    b"007-01",
    b"9--1",
    b"9-*",
    b"x-1",
    b"1-x",
    b"4102444800000-0",
    b"18446744073709551615",
    b"18446744073709551615-18446744073709551614",
    b"18446744073709551615-18446744073709551615",
];

fn words(kind: &str, random: &mut Random) -> Option<Words> {
    let pool: Pool = match kind {
        "stream" => KEYS,
        "clock" => CLOCK_KEYS,
        "group" => &[b"g1", b"g1", b"g2", b"nosuch"],
        "consumer" => &[b"c1", b"c1", b"c2", b"c3", b""],
        "name" => &[b"a", b"a", b"b", b"temperature", b"7", b""],
        "some" => &[b"1", b"2", b"3", b"10", b"100", b"0", b"-1"],
        "entries-read" => &[b"0", b"1", b"5", b"30", b"-1", b"-2", b"9223372036854775807"],
        "last" => &[b"$", b"$", b"0", b"9-5"],
        // Far enough from each other for the time that passes between two servers' answers.
        "idle" => &[b"0", b"0", b"500000", b"100000000", b"9223372036854775807", b"-1"],
        "node-entries" => &[b"0", b"1", b"2", b"3", b"5", b"10", b"100", b"100"],
        "node-bytes" => &[b"0", b"1", b"60", b"100", b"150", b"300", b"4096", b"4096"],
        "next" => &[b"9-*", b"9-*", b"9-*", b"9-*", b"9-*", b"9-*", b"3-*", b"10-*", b"12-*"],
        "id" => return Some(vec![id(random)]),
        "start" | "end" => return Some(vec![bound(random)]),
        "behind" => return Some(vec![behind(random)]),
        "same" => return Some(same(random)),
        "threshold" => return Some(threshold(random)),
        "claim" => return Some(claim(random)),
        _ => return None,
    };
    Some(vec![random.pick(pool).to_vec()])
}

fn id(random: &mut Random) -> Vec<u8> {
    let pool = if random.once_in(25) { ODD_IDS } else { IDS };
    random.pick(pool).to_vec()
}

fn bound(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => b"-".to_vec(),
        1 => b"+".to_vec(),
        2 => [b"(", &id(random)[..]].concat(),
        _ => id(random),
    }
}

fn behind(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => b"$".to_vec(),
        1 => b"+".to_vec(),
        2 => b"0".to_vec(),
        3 if random.once_in(4) => b">".to_vec(),
        _ => id(random),
    }
}

/// Fields with the names that most entries have.
fn same(random: &mut Random) -> Words {
    let value = random.below(200_000).to_string().into_bytes();
    let text: Pool = &[b"on", b"off", b"", b"63", b"-1", b"a text that is longer than a short one"];
    vec![b"a".to_vec(), value, b"state".to_vec(), random.pick(text).to_vec()]
}

fn threshold(random: &mut Random) -> Words {
    let mut words = Vec::new();
    let is_length = random.once_in(2);
    words.push(if is_length { b"MAXLEN".to_vec() } else { b"MINID".to_vec() });
    let sign: Pool = &[b"~", b"~", b"~", b"="];
    let is_signed = !random.once_in(3);
    if is_signed {
        words.push(random.pick(sign).to_vec());
    }
    let lengths: Pool = &[b"0", b"1", b"5", b"10", b"20", b"-1", b"x"];
    words.push(if is_length { random.pick(lengths).to_vec() } else { id(random) });
    if is_signed && random.once_in(2) {
        let limits: Pool = &[b"0", b"1", b"5", b"100", b"-1"];
        words.extend([b"LIMIT".to_vec(), random.pick(limits).to_vec()]);
    }
    words
}

fn claim(random: &mut Random) -> Words {
    let options: &[&[&[u8]]] = &[
        &[b"JUSTID"],
        &[b"FORCE"],
        &[b"IDLE", b"1000000"],
        &[b"IDLE", b"200000000"],
        &[b"IDLE", b"-5"],
        &[b"TIME", b"1000"],
        &[b"TIME", b"4102444800000"],
        &[b"RETRYCOUNT", b"7"],
        &[b"RETRYCOUNT", b"-1"],
        &[b"LASTID", b"9-9"],
        &[b"LASTID", b"x"],
    ];
    random.pick(options).iter().map(|it| it.to_vec()).collect()
}
