//! Bytes from a client of memcached: nothing panics, nothing loops, and the answer does not depend
//! on how the bytes are cut into packets.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "talk.rs"]
mod talk;

use talk::converse;

/// `stats` counts packets too, a dump must come alone, and as in memcached a line of more than 2048
/// bytes is an error when it comes at once but closes the connection when its end is still to come.
fn is_steady(request: &[u8]) -> bool {
    let mut lines = request.split(|byte| *byte == b'\n');
    let says = |word: &[u8]| request.windows(word.len()).any(|it| it == word);
    !says(b"stats") && !says(b"lru_crawler") && lines.all(|it| it.len() < 2000)
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, request)) = data.split_first() else { return };
    let whole = converse(&[], std::iter::once(request));
    let in_pieces = converse(&[], request.chunks(usize::from(cut % 32) + 1));
    if is_steady(request) {
        assert_eq!(whole.escape_ascii().to_string(), in_pieces.escape_ascii().to_string());
    }
});
