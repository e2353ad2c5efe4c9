//! Words of a transcript line: separated by spaces, quoted with `"` where they hold anything else.
//!
//! Inside quotes, and everywhere in a memcached line, `\n`, `\r`, `\t`, `\"`, `\\` and `\xHH` stand
//! for bytes, and `<x*1000>` for a thousand times `x`.

use std::fmt::Write as _;

/// Runs of at least this length are written `<x*32>`: a megabyte must fit a line.
const RUN_MIN: usize = 32;

/// Splits a line into words.
pub fn split(line: &str) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted_word(inside),
            None => plain_word(rest),
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// The bytes that `text` stands for.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '<']) {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        if let Some((run, after)) = run(rest) {
            bytes.extend_from_slice(&run);
            rest = after;
        } else if let Some(escaped) = rest.strip_prefix('\\') {
            let (byte, after) = escape(escaped);
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(b'<');
            rest = &rest[1..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The bytes as a quoted word.
pub fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escaped(bytes).replace('"', "\\\""))
}

/// The bytes as text, with everything but printable ASCII escaped and long runs shortened.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for run in bytes.chunk_by(|left, right| left == right) {
        let one = escaped_byte(run[0]);
        if run.len() < RUN_MIN {
            text.extend(std::iter::repeat_n(one.as_str(), run.len()));
        } else {
            let _ = write!(text, "<{one}*{}>", run.len());
        }
    }
    text
}

fn escaped_byte(byte: u8) -> String {
    match byte {
        b'\\' => "\\\\".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        other => format!("\\x{other:02x}"),
    }
}

fn plain_word(rest: &str) -> (Vec<u8>, &str) {
    let end = rest.find(' ').unwrap_or(rest.len());
    (unescape(&rest[..end]), &rest[end..])
}

fn quoted_word(inside: &str) -> (Vec<u8>, &str) {
    let mut skip = false;
    let end = inside
        .bytes()
        .position(|byte| {
            let ends = byte == b'"' && !skip;
            skip = byte == b'\\' && !skip;
            ends
        })
        .unwrap_or_else(|| panic!("no closing quote: {inside}"));
    (unescape(&inside[..end]), &inside[end + 1..])
}

/// `<x*1000>` at the start of `rest`, and what follows it.
fn run(rest: &str) -> Option<(Vec<u8>, &str)> {
    let (inside, after) = rest.strip_prefix('<')?.split_once('>')?;
    let (what, times) = inside.rsplit_once('*')?;
    let times = times.parse().ok()?;
    Some((unescape(what).repeat(times), after))
}

fn escape(rest: &str) -> (u8, &str) {
    let byte = match rest.as_bytes()[0] {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'x' => {
            let byte = u8::from_str_radix(&rest[1..3], 16).expect("two hexadecimal digits");
            return (byte, &rest[3..]);
        }
        other => other,
    };
    (byte, &rest[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_and_unquoted() {
        let words = split(r#"SET "a b" "\x00\"\\" <xy*3> "" <a"#);
        assert_eq!(words, [&b"SET"[..], b"a b", b"\x00\"\\", b"xyxyxy", b"", b"<a"]);
    }

    #[test]
    fn quoting_gives_back_what_splitting_reads() {
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.extend([7; 1000]);
        assert_eq!(split(&quoted(&bytes)), [bytes]);
    }
}
