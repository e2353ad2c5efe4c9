//! RESTORE of payloads that strangers made, by a client: an error, or a value that commands read
//! and change without harm, and whose DUMP restores to the same value each time.
#![no_main]

use crc::{CRC_64_REDIS, Crc};
use libfuzzer_sys::fuzz_target;
use tandem_fuzz::resp::Talk;

const SUM: Crc<u64> = Crc::<u64>::new(&CRC_64_REDIS);

/// Which versions of the format the payload may say.
const VERSIONS: &[u16] = &[11, 12, 6, 80];

/// What is asked of the value, whatever its type is: all others answer that it is another.
const COMMANDS: &[&str] = &[
    "OBJECT ENCODING k",
    "MEMORY USAGE k",
    "APPEND k x",
    "INCR k",
    "SETRANGE k 3 abc",
    "SETBIT k 100 1",
    "PFCOUNT k",
    "PFADD k a b c",
    "LRANGE k 0 -1",
    "LPUSH k x",
    "LINSERT k BEFORE x y",
    "LSET k -1 z",
    "LREM k 0 x",
    "RPOP k",
    "SMEMBERS k",
    "SADD k 1 x",
    "SPOP k",
    "HGETALL k",
    "HSET k f v",
    "HTTL k FIELDS 1 f",
    "HEXPIRE k 100 FIELDS 1 f",
    "HDEL k f",
    "ZRANGE k 0 -1 WITHSCORES",
    "ZADD k 1 x 2 y",
    "ZINCRBY k 3 x",
    "ZPOPMIN k",
    "ZRANGEBYLEX k - +",
    "SORT k ALPHA",
    "XINFO STREAM k FULL",
    "XRANGE k - +",
    "XADD k * f v",
    "XGROUP CREATE k g 0",
    "XREADGROUP GROUP g c COUNT 3 STREAMS k >",
    "XPENDING k g - + 10",
    "XAUTOCLAIM k g d 0 0",
    "XACK k g 0-1 1-1",
    "XTRIM k MAXLEN 2",
    "XDEL k 0-1 1-1",
];

fuzz_target!(|data: &[u8]| {
    let [version, pick, object @ ..] = data else { return };
    let version = VERSIONS[usize::from(*version) % VERSIONS.len()];
    let mut talk = Talk::default();
    let answer = talk.say(&[b"RESTORE", b"k", b"0", &sealed(object, version)]);
    if answer != b"+OK\r\n" {
        assert!(answer.starts_with(b"-"), "{}", answer.escape_ascii());
        return;
    }
    travel(&mut talk);
    for step in 0..COMMANDS.len() {
        let command = COMMANDS[(usize::from(*pick) + step) % COMMANDS.len()];
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        assert!(!talk.say(&words).is_empty(), "{command}");
    }
    travel(&mut talk);
});

/// Moves the value through a payload and compares it.
fn travel(talk: &mut Talk) {
    let Some(payload) = dumped(talk, b"k") else { return };
    let answer = talk.say(&[b"RESTORE", b"copy", b"0", &payload, b"REPLACE"]);
    assert_eq!(answer.escape_ascii().to_string(), r"+OK\r\n");
    let again = dumped(talk, b"copy").expect("it has just been restored");
    assert_eq!(payload.escape_ascii().to_string(), again.escape_ascii().to_string());
}

fn dumped(talk: &mut Talk, key: &[u8]) -> Option<Vec<u8>> {
    let answer = talk.say(&[b"DUMP", key]);
    let start = answer.windows(2).position(|it| it == b"\r\n")? + 2;
    (answer.len() > start).then(|| answer[start..answer.len() - 2].to_vec())
}

/// A payload whose checksum is right.
fn sealed(object: &[u8], version: u16) -> Vec<u8> {
    let mut bytes = object.to_vec();
    bytes.extend(version.to_le_bytes());
    let sum = SUM.checksum(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}
