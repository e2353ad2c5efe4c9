//! Transcripts: what is sent and what comes back, as text.
//!
//! ```text
//! > SET k "a\x00b" PX 1500        a command (RESP) or a line (memcached)
//! OK                              its answer, one line per reply
//! 2> GET k                        the same on a second connection
//! "a\x00b"
//! >> *1\r\n$4\r\nPI               bytes as they are, with escapes
//! ~ 1500 ms                       time passes
//! > INFO server                   `…` stands for anything
//! "# Server\r\nredis_version:…"
//! ```
//!
//! RESP replies are written `OK`, `!ERR words`, `7`, `"bytes"`, `(nil)`, `(nil array)`, `[a b]`, and for
//! RESP3 `(null)`, `{k: v}`, `<a b>`, `(double) 1.5`, `(true)`, `txt"words"`, `push[a b]`.
//! `(closed)` says that the server has closed the connection, `(waits)` that it makes it wait.

use std::fmt::Write as _;

use crate::client::encode;
use crate::words;

/// What a transcript speaks to.
pub trait Peer {
    /// Sends `bytes` on a connection and gives the lines of the answer. `n_expected` is how many
    /// lines the transcript has: peers behind a socket need it to know when to stop reading.
    fn exchange(&mut self, connection: usize, bytes: &[u8], n_expected: usize) -> Vec<String>;

    /// Moves the clock.
    fn later(&mut self, ms: u64);
}

/// How a `> ` line becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// An array of bulk strings.
    Resp,
    /// The line and its end.
    Memcached,
}

/// Runs a transcript and panics with both texts where the answers differ.
#[track_caller]
pub fn check(transcript: &str, dialect: Dialect, peer: &mut dyn Peer) {
    if let Err(difference) = compare(transcript, dialect, peer) {
        panic!("{difference}");
    }
}

/// Runs a transcript; on a difference says what was answered and what was expected.
pub fn compare(transcript: &str, dialect: Dialect, peer: &mut dyn Peer) -> Result<(), String> {
    let mut expected = String::new();
    let mut actual = String::new();
    for step in steps(transcript, dialect) {
        let _ = writeln!(expected, "{}", step.line);
        let _ = writeln!(actual, "{}", step.line);
        match step.action {
            Action::Later { ms } => peer.later(ms),
            Action::Send { connection, bytes } => {
                let answer = peer.exchange(connection, &bytes, step.expected.len());
                for (i, line) in answer.iter().enumerate() {
                    // A line that fits a pattern is shown as the pattern: only differences show.
                    let pattern = step.expected.get(i).filter(|it| fits(line, it));
                    let _ = writeln!(actual, "{}", pattern.unwrap_or(line));
                }
            }
        }
        for line in &step.expected {
            let _ = writeln!(expected, "{line}");
        }
    }
    if actual == expected {
        return Ok(());
    }
    Err(format!("\nactual:\n{actual}\nexpected:\n{expected}\nfirst difference: {}",
        first_difference(&actual, &expected)))
}

struct Step {
    line: String,
    action: Action,
    expected: Vec<String>,
}

enum Action {
    Send { connection: usize, bytes: Vec<u8> },
    Later { ms: u64 },
}

fn steps(transcript: &str, dialect: Dialect) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in transcript.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(action) = action(line, dialect) {
            steps.push(Step { line: line.to_owned(), action, expected: Vec::new() });
        } else {
            let step = steps.last_mut().expect("a transcript begins with a command");
            step.expected.push(line.to_owned());
        }
    }
    steps
}

fn action(line: &str, dialect: Dialect) -> Option<Action> {
    if let Some(time) = line.strip_prefix("~ ") {
        let ms = time.strip_suffix(" ms").expect("a time in ms").parse().expect("a number");
        return Some(Action::Later { ms });
    }
    let (connection, rest) = match line.as_bytes() {
        [digit @ b'2'..=b'9', b'>', ..] => (usize::from(digit - b'1'), &line[1..]),
        _ => (0, line),
    };
    let bytes = if let Some(raw) = rest.strip_prefix(">> ") {
        words::unescape(raw)
    } else {
        let text = rest.strip_prefix("> ").or_else(|| (rest == ">").then_some(""))?;
        match dialect {
            Dialect::Resp => encode(&words::split(text)),
            Dialect::Memcached => [words::unescape(text), b"\r\n".to_vec()].concat(),
        }
    };
    Some(Action::Send { connection, bytes })
}

/// True when `line` is `pattern`, each `…` of which stands for any text.
fn fits(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

fn first_difference(actual: &str, expected: &str) -> String {
    let mut pairs = actual.lines().zip(expected.lines());
    match pairs.find(|(actual, expected)| actual != expected) {
        Some((actual, expected)) => format!("answered {actual}, expected {expected}"),
        None => "one of the texts ends early".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_fits_anything() {
        assert!(fits("a1b22c", "a…b…c"));
        assert!(fits("abc", "abc"));
        assert!(!fits("abc", "ab"));
        assert!(!fits("a1c", "a…b…c"));
        assert!(fits("version 1", "version …"));
    }
}
