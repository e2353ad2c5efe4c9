//! Whole meta commands over a few keys while time passes: each is answered to its end, whatever its
//! flags, and the answer does not depend on how the bytes are cut into packets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::talk::Conversation;

/// What the server may be told to be.
const LETTERS: &[&[&str]] = &[&[], &["-C"], &["-I", "20k"], &["-M", "-m", "8", "-I", "1m"]];

const VERBS: &[&str] = &["mg", "ms", "ma", "md", "me", "mg", "ms", "mn"];

/// The third is the first in base64, the last one no base64 at all.
const KEYS: &[&str] = &["a", "b", "YQ==", "Zg="];

/// With valid tokens, too small and too big ones, and none.
const FLAGS: &[&str] = &[
    "b",
    "c",
    "f",
    "h",
    "k",
    "l",
    "q",
    "s",
    "t",
    "u",
    "v",
    "x",
    "I",
    "O1",
    "Oopaque",
    "O",
    "C1",
    "C2",
    "C0",
    "C",
    "E5",
    "E18446744073709551615",
    "N0",
    "N30",
    "N-1",
    "N",
    "R30",
    "R1",
    "T0",
    "T1",
    "T60",
    "T-1",
    "T2147483647",
    "F7",
    "F4294967296",
    "D1",
    "D18446744073709551615",
    "D",
    "J9",
    "J",
    "ME",
    "MA",
    "MP",
    "MR",
    "MS",
    "MD",
    "MI",
    "M+",
    "M-",
    "M",
    "MX",
    "P1",
    "L",
    "z",
    "S1",
];

/// Small values, one that comes in a buffer of its own, and one that some settings refuse.
const VALUES: &[(char, usize)] =
    &[('7', 0), ('7', 1), ('9', 20), ('v', 2), (' ', 5), ('v', 16 << 10), ('v', 21 << 10)];

/// Most flags of a command. The line of a command with too many is refused as it stands, and its
/// value is taken for commands.
const FLAGS_MAX: u8 = 10;

/// The next command.
fn command(plan: &mut impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let [what, about] = [plan.next()?, plan.next()?];
    let verb = VERBS[usize::from(what) % VERBS.len()];
    let mut line = verb.to_owned();
    let (value, n_bytes) = VALUES[usize::from(about / 4) % VALUES.len()];
    if verb != "mn" {
        line += &format!(" {}", KEYS[usize::from(about) % KEYS.len()]);
    }
    if verb == "ms" {
        line += &format!(" {n_bytes}");
    }
    for flag in plan.take(usize::from(what / 8 % FLAGS_MAX)) {
        line += &format!(" {}", FLAGS[usize::from(flag) % FLAGS.len()]);
    }
    line += "\r\n";
    if verb == "ms" {
        line.extend(std::iter::repeat_n(value, n_bytes));
        line += "\r\n";
    }
    Some(line.into_bytes())
}

fuzz_target!(|data: &[u8]| {
    let [kind, cut, plan @ ..] = data else { return };
    let letters = LETTERS[usize::from(*kind) % LETTERS.len()];
    let n_bytes_max = usize::from(*cut) * usize::from(*cut) + 1;
    let (mut one, mut other) = (Conversation::new(letters), Conversation::new(letters));
    let mut plan = plan.iter().copied();
    while let Some(request) = command(&mut plan) {
        // The end of the answer is told by the next command's.
        let request = [&request[..], b"mn\r\n"].concat();
        let whole = one.send(std::iter::once(&request[..]));
        let in_pieces = other.send(request.chunks(n_bytes_max));
        let (shown, cut) = (whole.escape_ascii().to_string(), in_pieces.escape_ascii().to_string());
        assert_eq!(shown, cut, "to {}", request.escape_ascii());
        assert!(shown.ends_with("MN\\r\\n"), "{shown} to {}", request.escape_ascii());
        let passed_ms = plan.next().map_or(0, |it| u64::from(it % 4) * u64::from(it) * 250);
        one.now_ms += passed_ms;
        other.now_ms += passed_ms;
    }
});
