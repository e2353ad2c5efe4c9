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
//! | more
//! ```
//!
//! A line that begins with `| ` goes on where the line above it ended. RESP replies are written
//! `OK`, `!ERR words`, `7`, `"bytes"`, `(nil)`, `(nil array)`, `[a b]`, and for RESP3 `(null)`,
//! `{k: v}`, `<a b>`, `(double) 1.5`, `(true)`, `txt"words"`, `push[a b]`.
//! `(closed)` says that the server has closed the connection, `(waits)` that it makes it wait,
//! `(empty)` stands for an empty line.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::client::encode;
use crate::{frame, words};

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
    /// A frame of memcached's binary protocol; `frame.rs` says how it is written.
    Binary,
}

/// Runs a transcript and panics with both texts where the answers differ.
#[track_caller]
pub fn check(transcript: &str, dialect: Dialect, peer: &mut dyn Peer) {
    if let Err(difference) = compare(transcript, dialect, peer) {
        panic!("{difference}");
    }
}

/// A transcript that a source file holds.
#[derive(Debug)]
pub struct Found {
    /// The file's name.
    pub file: String,
    /// The text.
    pub text: String,
    /// The function that it is given to: `check` or `check_here`.
    pub checker: String,
}

/// All transcripts in the source files of a folder.
pub fn find_all(folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of transcripts") {
        let path = entry.expect("a readable folder").path();
        let source = fs::read_to_string(&path).expect("a source file");
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for part in source.split("\n    check").skip(1) {
            let Some((call, rest)) = part.split_once('(') else { continue };
            let Some((_, rest)) = rest.split_once("#\"\n") else { continue };
            let Some((text, _)) = rest.split_once("\n        \"#") else { continue };
            let checker = format!("check{call}");
            found.push(Found { file: file.clone(), text: text.to_owned(), checker });
        }
    }
    found
}

/// The commands that a transcript runs, as their words. Raw bytes (`>> `) are no commands.
pub fn commands(transcript: &str) -> Vec<Vec<Vec<u8>>> {
    let command = |line: &String| {
        let words = line.trim_start_matches(|it: char| it.is_ascii_digit()).strip_prefix("> ")?;
        Some(words::split(words))
    };
    joined_lines(transcript).iter().filter_map(command).collect()
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
                for (i, line) in answer.iter().map(|line| line.trim_end()).enumerate() {
                    // A line that fits a pattern is shown as the pattern: only differences show.
                    let pattern = step.expected.get(i).filter(|it| fits(line, it));
                    let _ = writeln!(actual, "{}", pattern.map_or(line, String::as_str));
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
    Err(format!("{}\nthe whole answer:\n{actual}", first_difference(&actual, &expected)))
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
    for line in joined_lines(transcript) {
        if let Some(action) = action(&line, dialect) {
            steps.push(Step { line, action, expected: Vec::new() });
        } else {
            let step = steps.last_mut().expect("a transcript begins with a command");
            step.expected.push(line);
        }
    }
    steps
}

fn joined_lines(transcript: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in transcript.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("| ") {
            Some(more) => lines.last_mut().expect("a line to go on from").push_str(more),
            None => lines.push(line.to_owned()),
        }
    }
    lines
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
            Dialect::Binary => frame::encode(&words::split(text)),
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
    let (mut actual, mut expected) = (actual.lines(), expected.lines());
    let mut command = "";
    loop {
        let pair = (actual.next(), expected.next());
        if pair.0 == pair.1 {
            command = pair.0.filter(|line| line.contains("> ")).unwrap_or(command);
            continue;
        }
        let [actual, expected] = [pair.0, pair.1].map(|line| line.unwrap_or("(nothing)"));
        return format!("\n{command}\n  answered: {actual}\n  expected: {expected}");
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
