//! Bytes from a client of RESP: nothing panics, nothing loops, and the answer does not depend on
//! how the bytes are cut into packets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::resp::converse;

/// Commands whose answers depend on chance, on the clock, on counters of packets, or on
/// earlier requests of the process.
const UNSTEADY: &[&[u8]] = &[
    b"info",
    b"client",
    b"hello",
    b"memory",
    b"random",
    b"hrand",
    b"scan",
    b"lolwut",
    b"time",
    b"debug",
    b"config",
    b"object",
    b"keys",
    b"command",
    b"shutdown",
];

fn is_steady(input: &[u8]) -> bool {
    let input = input.to_ascii_lowercase();
    !UNSTEADY.iter().any(|word| input.windows(word.len()).any(|it| it == *word))
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, request)) = data.split_first() else { return };
    let whole = converse(std::iter::once(request));
    let in_pieces = converse(request.chunks(usize::from(cut % 32) + 1));
    if is_steady(request) {
        assert_eq!(whole.escape_ascii().to_string(), in_pieces.escape_ascii().to_string());
    }
});
