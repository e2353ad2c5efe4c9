//! Rules of users: whatever words SETUSER takes, what ACL LIST says of a user makes the same user
//! when it is said again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_fuzz::resp::Talk;

/// Whole rules. The first one stands for bytes that follow in the input.
#[rustfmt::skip]
const RULES: &[&str] = &[
    "", "on", "off", "nopass", "resetpass", "reset", "allkeys", "resetkeys", "allchannels",
    "resetchannels", "allcommands", "nocommands", "clearselectors", "sanitize-payload",
    "skip-sanitize-payload", "+@all", "-@all", "+@read", "-@write", "+@dangerous", "-@string",
    "+get", "-get", "+set", "+client", "-client", "+client|list", "-client|kill", "+config|get",
    "-config", "+debug|object", "+select|0", "+select|1", "+nothing", "~*", "~a*", "%R~b", "%W~b*",
    "%RW~c", "%~d", "&*", "&news.*", ">secret", "<secret", ">other", "!0", "(", ")", "(+get",
    "~a)", "(~x +get)", "(+@all -set %R~y)", "(&z)", "()",
];

/// Before and behind a rule that the input spells.
const MARKS: &[&str] = &["", "+", "-", "+@", "~", "%R~", "%W~", "&", ">", "(", "+client|", "#"];

const N_RULES_MAX: usize = 32;

fuzz_target!(|data: &[u8]| {
    let rules = rules(data);
    let mut talk = Talk::default();
    // One after the other too: a list that is refused as a whole would hide the others.
    for rule in &rules {
        talk.say(&[b"ACL", b"SETUSER", b"first", rule]);
    }
    let mut all: Vec<&[u8]> = vec![b"ACL", b"SETUSER", b"first"];
    all.extend(rules.iter().map(Vec::as_slice));
    talk.say(&all);
    let Some(told) = line(&mut talk, b"first") else { return };
    let mut again: Vec<&[u8]> = vec![b"ACL", b"SETUSER", b"second", b"reset"];
    again.extend(told.split(|it| *it == b' '));
    let answer = talk.say(&again);
    assert_eq!(answer.escape_ascii().to_string(), r"+OK\r\n", "{}", told.escape_ascii());
    let second = line(&mut talk, b"second").expect("it has just been made");
    assert_eq!(told.escape_ascii().to_string(), second.escape_ascii().to_string());
    for name in [&b"first"[..], b"second"] {
        talk.say(&[b"ACL", b"GETUSER", name]);
        talk.say(&[b"ACL", b"DRYRUN", name, b"GET", b"a"]);
    }
});

/// The rules that the input picks.
fn rules(mut data: &[u8]) -> Vec<Vec<u8>> {
    let mut rules = Vec::new();
    while let Some((&pick, rest)) = data.split_first() {
        data = rest;
        let rule = RULES[usize::from(pick) % RULES.len()];
        rules.push(if rule.is_empty() { spelled(&mut data) } else { rule.into() });
        if rules.len() == N_RULES_MAX {
            break;
        }
    }
    rules
}

/// A rule of the input's own bytes.
fn spelled(data: &mut &[u8]) -> Vec<u8> {
    let Some((&mark, rest)) = data.split_first() else { return Vec::new() };
    let length = rest.len().min(usize::from(mark / 16));
    let (bytes, rest) = rest.split_at(length);
    *data = rest;
    [MARKS[usize::from(mark) % MARKS.len()].as_bytes(), bytes].concat()
}

/// What ACL LIST says behind a user's name.
fn line(talk: &mut Talk, name: &[u8]) -> Option<Vec<u8>> {
    let answer = talk.say(&[b"ACL", b"LIST"]);
    let start = [b"user ", name, b" "].concat();
    let mut rest = answer.as_slice();
    // The lines may hold any byte, ends of lines too: their lengths lead through them.
    while let Some(at) = rest.windows(2).position(|it| it == b"\r\n") {
        let (head, behind) = (&rest[..at], &rest[at + 2..]);
        rest = behind;
        let Some(length) = head.strip_prefix(b"$") else { continue };
        let length = std::str::from_utf8(length).ok()?.parse::<usize>().ok()?;
        let line = &behind[..length];
        rest = &behind[length + 2..];
        if let Some(told) = line.strip_prefix(start.as_slice()) {
            return Some(told.to_vec());
        }
    }
    None
}
