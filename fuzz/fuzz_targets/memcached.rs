//! Bytes from a client of memcached: nothing panics, nothing loops, and the answer does not depend
//! on how the bytes are cut into packets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::talk::Conversation;

/// What the server may be told to be.
const LETTERS: &[&[&str]] = &[&[], &["-C"], &["-I", "16k"], &["-F", "-X"], &["-o", "track_sizes"]];

/// `stats` counts packets too, `watch` and dumps must come alone, and as in memcached a line of
/// more than 2048 bytes is an error when it comes at once but closes the connection when its end
/// is still to come.
fn is_steady(request: &[u8]) -> bool {
    let mut lines = request.split(|byte| *byte == b'\n');
    let says = |word: &[u8]| request.windows(word.len()).any(|it| it == word);
    let depends = [&b"stats"[..], b"watch", b"lru_crawler"].into_iter().any(says);
    !depends && lines.all(|it| it.len() < 2000)
}

/// Words of which commands are made, among them all meta flags: bytes alone seldom spell one.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "mg", "ms", "md", "ma", "mn", "me", "get", "gets", "set", "append", "incr", "delete", "cas",
    "add", "replace", "prepend", "decr", "touch", "gat", "gats", "noreply", "flush_all",
    "verbosity", "lru_crawler", "crawl", "all", "tocrawl", "lru", "slabs", "config", "cluster",
    "watch", "stats", "items", "settings", "detail", "cachedump", "version", "quit",
    "refresh_certs", "17000", "20000", "a", "n", "YQ==", "Zg=", "\r\n", "\r\n", "\r\n",
    "\r\n12\r\n", "2", "0", "1", "-1", "b", "c", "f", "h", "k", "l", "q", "s", "t", "u", "v", "x",
    "I", "O1", "C1", "C0", "E5", "N0", "N30", "R30", "T0", "T-1", "F7", "D1", "J9", "ME", "MA",
    "MP", "MR", "MD", "MI", "M", "P", "L", "z", "ms a 2 T0 c\r\n12\r\n", "ma n N0 J9 v\r\n",
    "md a I\r\n", "mg a v c t R30 f\r\n",
];

/// The words that the bytes stand for.
fn spelled(data: &[u8]) -> Vec<u8> {
    let words = data.iter().map(|byte| WORDS[usize::from(*byte) % WORDS.len()]);
    words.flat_map(|word| [word.as_bytes(), b" "].concat()).collect()
}

/// What a client hears, and at the end what somebody hears who watches it.
fn converse<'a>(letters: &[&str], pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let mut client = Conversation::new(letters);
    let mut watcher = client.beside();
    watcher.send(std::iter::once(WATCH));
    let answer = client.send(pieces);
    drop(client);
    [answer, watcher.send(std::iter::once(&b""[..]))].concat().escape_ascii().to_string()
}

const WATCH: &[u8] = b"watch fetchers mutations evictions connevents deletions\r\n";

fuzz_target!(|data: &[u8]| {
    let [kind, cut, request @ ..] = data else { return };
    let letters = LETTERS[usize::from(*kind) / 2 % LETTERS.len()];
    let words = spelled(request);
    let request = if kind % 2 == 0 { request } else { &words };
    let whole = converse(letters, std::iter::once(request));
    let in_pieces = converse(letters, request.chunks(usize::from(cut % 32) + 1));
    if is_steady(request) {
        assert_eq!(whole, in_pieces);
    }
});
