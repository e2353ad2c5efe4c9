use proptest::prelude::*;

use super::*;

const LIMITS: ParseLimits = ParseLimits { bulk_bytes_max: 512 << 20, authenticated: true };

/// The bytes that mean something to the parser.
const NOISE: &[u8] = b"*$123\r\n'\"\\xab \0-";

type Lines = Vec<Vec<Vec<u8>>>;

/// Feeds `input` in two pieces and collects the commands, or the error that ends them.
fn run(input: &[u8], split: usize, limits: ParseLimits) -> (Lines, Option<ProtocolError>) {
    let mut parser = Parser::default();
    let (mut spans, mut inline) = (Vec::new(), Vec::new());
    let mut lines = Vec::new();
    for end in [split, input.len()] {
        loop {
            let found = parser.next(&input[..end], &mut spans, &mut inline, limits);
            let buffer = match found {
                Err(error) => return (lines, Some(error)),
                Ok(Found::Incomplete { .. }) => break,
                Ok(Found::Command { .. }) => input,
                Ok(Found::Inline) => &inline[..],
            };
            let word = |it: &Span| buffer[it.start as usize..][..it.len as usize].to_vec();
            lines.push(spans.iter().map(word).collect());
            spans.clear();
        }
    }
    (lines, None)
}

#[track_caller]
fn check(input: &[u8], expected: &[&[&str]]) {
    let expected: Lines = expected
        .iter()
        .map(|line| line.iter().map(|word| word.as_bytes().to_vec()).collect())
        .collect();
    for split in 0..=input.len() {
        assert_eq!(run(input, split, LIMITS), (expected.clone(), None), "split at {split}");
    }
}

#[track_caller]
fn check_error(input: &[u8], expected: ProtocolError) {
    for split in 0..=input.len() {
        assert_eq!(run(input, split, LIMITS).1, Some(expected), "split at {split}");
    }
}

#[test]
fn arrays_of_bulk_strings_are_commands() {
    check(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", &[&["GET", "k"], &["PING"]]);
    check(b"*1\r\n$0\r\n\r\n", &[&[""]]);
    check(b"*0\r\n*-1\r\n\r\n*1\r\n$1\r\na\r\n", &[&["a"]]);
}

#[test]
fn inline_lines_follow_the_shell_like_quoting() {
    check(b"PING\r\n", &[&["PING"]]);
    check(b"  set  k\t'a b'  \n", &[&["set", "k", "a b"]]);
    check(br#"x "\x41\n\t\"\q" 'it\'s \n' pre"fix""#, &[]);
    check(
        b"x \"\\x41\\x4\\\"\\q\" 'it\\'s \\n' pre\"fix\"\n",
        &[&["x", "Ax4\"q", "it's \\n", "prefix"]],
    );
    check(b"\r\n\n \n\"\"\n", &[&[""]]);
    check(b"get k\0\nget k\n", &[]);
}

#[test]
fn broken_framing_is_named() {
    use ProtocolError::*;
    check_error(b"*x\r\n", InvalidMultibulkLength);
    check_error(b"*01\r\n", InvalidMultibulkLength);
    check_error(b"*2147483648\r\n", InvalidMultibulkLength);
    check_error(b"*1\r\n$-1\r\n", InvalidBulkLength);
    check_error(b"*1\r\n$00\r\n", InvalidBulkLength);
    check_error(b"*1\r\n$536870913\r\n", InvalidBulkLength);
    check_error(b"*1\r\n:1\r\n", ExpectedDollar(b':'));
    check_error(b"*1\r\nx\r\n", ExpectedDollar(b'x'));
    check_error(b"*1\r\n\r\n", ExpectedDollar(b'\r'));
    check_error(b"a 'b\n", UnbalancedQuotes);
    check_error(b"a 'b'c\n", UnbalancedQuotes);
}

#[test]
fn lines_that_never_end_are_refused_at_the_limit() {
    use ProtocolError::*;
    let long = |head: &[u8], byte: u8, len: usize| [head, &vec![byte; len - 1]].concat();
    let last_error = |input: &[u8]| run(input, input.len(), LIMITS).1;
    assert_eq!(last_error(&long(b"a", b'a', LINE_BYTES_MAX)), None);
    assert_eq!(last_error(&long(b"a", b'a', LINE_BYTES_MAX + 1)), Some(InlineTooBig));
    assert_eq!(last_error(&long(b"*", b'1', LINE_BYTES_MAX)), None);
    assert_eq!(last_error(&long(b"*", b'1', LINE_BYTES_MAX + 1)), Some(MultibulkCountTooBig));
    assert_eq!(last_error(&long(b"*1\r\n$", b'1', LINE_BYTES_MAX)), None);
    assert_eq!(last_error(&long(b"*1\r\n$", b'1', LINE_BYTES_MAX + 1)), Some(BulkCountTooBig));
}

#[test]
fn strangers_may_send_only_small_commands() {
    let limits = ParseLimits { authenticated: false, ..LIMITS };
    let error = |input: &[u8]| run(input, input.len(), limits).1;
    assert_eq!(error(b"*10\r\n"), None);
    assert_eq!(error(b"*11\r\n"), Some(ProtocolError::UnauthenticatedMultibulk));
    assert_eq!(error(b"*1\r\n$16384\r\n"), None);
    assert_eq!(error(b"*1\r\n$16385\r\n"), Some(ProtocolError::UnauthenticatedBulk));
}

#[test]
fn what_is_missing_of_a_big_value_is_known() {
    let mut parser = Parser::default();
    let (mut spans, mut inline) = (Vec::new(), Vec::new());
    let found = parser.next(b"*1\r\n$100\r\nabc", &mut spans, &mut inline, LIMITS);
    assert_eq!(found, Ok(Found::Incomplete { need: 99 }));
}

fn frame(words: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        wire.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        wire.extend_from_slice(word);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

proptest! {
    #[test]
    fn commands_survive_any_split(
        lines in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5), 1..5),
    ) {
        let wire: Vec<u8> = lines.iter().flat_map(|it| frame(it)).collect();
        for split in 0..=wire.len() {
            prop_assert_eq!(run(&wire, split, LIMITS), (lines.clone(), None));
        }
    }

    #[test]
    fn noise_reads_alike_however_it_is_split(
        wire in prop::collection::vec(prop::sample::select(NOISE), 0..60),
    ) {
        let whole = run(&wire, wire.len(), LIMITS);
        for split in 0..=wire.len() {
            prop_assert_eq!(run(&wire, split, LIMITS), whole.clone());
        }
    }
}
