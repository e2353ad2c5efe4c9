//! Frames from a client of memcached: nothing panics, nothing loops, and the answer does not depend
//! on how the bytes are cut into packets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::talk::converse;

/// What the server may be told to be.
const LETTERS: &[&[&str]] = &[&[], &["-S"], &["-C"], &["-F"], &["-I", "16k"]];

/// Frames that are whole, made of what the fuzzer says: opcode, lengths, then their bytes.
fn frames(mut plan: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let [opcode, key_bytes, extras_bytes, value_bytes, rest @ ..] = plan {
        let lengths = [*extras_bytes % 24, *key_bytes % 12, *value_bytes].map(usize::from);
        let body = rest.split_at(lengths.iter().sum::<usize>().min(rest.len())).0;
        plan = &rest[body.len()..];
        stream.extend([0x80, opcode % 0x40, 0, lengths[1] as u8, lengths[0] as u8, 0, 0, 0]);
        stream.extend((body.len() as u32).to_be_bytes());
        stream.extend([0; 12]);
        stream.extend(body);
    }
    stream
}

/// `stats` counts packets and bytes too.
fn is_steady(stream: &[u8]) -> bool {
    !stream.windows(2).any(|it| it == [0x80, 0x10])
}

fuzz_target!(|data: &[u8]| {
    let [kind, cut, plan @ ..] = data else { return };
    let letters = LETTERS[usize::from(*kind) / 2 % LETTERS.len()];
    let stream = if kind % 2 == 0 { frames(plan) } else { [&[0x80], plan].concat() };
    let whole = converse(letters, std::iter::once(&stream[..]));
    let in_pieces = converse(letters, stream.chunks(usize::from(cut % 32) + 1));
    if is_steady(&stream) {
        assert_eq!(whole.escape_ascii().to_string(), in_pieces.escape_ascii().to_string());
    }
});
