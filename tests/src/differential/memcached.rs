//! memcached: byte for byte, with CAS numbers in the order in which they were first seen.

use std::time::UNIX_EPOCH;

use super::{CasNumbers, connect_to_nothing};
use crate::client::Client;
use crate::generate::memcached::Command;
use crate::random::Random;
use crate::words::escaped;

/// Most commands that are sent before any answer is read.
const BATCH_MAX: usize = 40;

/// Its answer comes behind every command's, so that one knows where that ends.
const SENTINEL: &[u8] = b"version\r\n";
const SENTINEL_ANSWER: &[u8] = b"VERSION ";

/// More seconds than these are a time, as in memcached: 30 days.
const ABSOLUTE_FROM: i64 = 60 * 60 * 24 * 30 + 1;

/// A CAS number that no item has.
const NO_CAS: u64 = 999_999_999;

/// One server, and its CAS numbers.
pub struct Side {
    client: Client,
    cas: CasNumbers,
}

impl super::Side for Side {
    type Command = Command;

    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn bytes(&self, command: &Command) -> Vec<u8> {
        [&bytes(&self.cas, command), SENTINEL].concat()
    }

    fn answer(&mut self, command: &Command) -> String {
        let answer = self.client.until(SENTINEL_ANSWER);
        let Some(answer) = answer.filter(|_| self.client.until(b"\r\n").is_some()) else {
            return "(closed)".to_owned();
        };
        let answer = answer.strip_suffix(SENTINEL_ANSWER).unwrap_or(&answer);
        escaped(&plain(&mut self.cas, answer, command))
    }

    fn batch_length(commands: &[Command], random: &mut Random) -> usize {
        let most = (1 + random.below(BATCH_MAX)).min(commands.len());
        let starts = |index: usize| commands[index].starts_batch;
        (1..most).find(|index| starts(*index) && !starts(*index - 1)).unwrap_or(most)
    }

    /// One whose key may be base64 says what that stands for.
    fn line(command: &Command) -> String {
        let line = escaped(&command.bytes(|_| NO_CAS));
        match &command.key {
            Some(key) => format!("{line} {}", escaped(key)),
            None => line,
        }
    }

    fn words(command: &Command) -> Vec<String> {
        let line = Side::line(command);
        // Flushes are about every key.
        let words = line.trim_end_matches("\\r\\n").split(' ').skip(1).chain(["flush"]);
        words.map(str::to_owned).collect()
    }
}

impl Side {
    /// A new connection to a server on this port, which then has no keys.
    pub fn new(port: u16) -> Side {
        Side { client: connect_to_nothing(port), cas: CasNumbers::default() }
    }
}

/// A command with the CAS numbers of a server.
pub(super) fn bytes(cas: &CasNumbers, command: &Command) -> Vec<u8> {
    command.bytes(|key| cas.of(key).unwrap_or(NO_CAS))
}

/// An answer with what may differ between servers taken out of it.
pub(super) fn plain(cas: &mut CasNumbers, mut answer: &[u8], command: &Command) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some(end) = answer.iter().position(|it| *it == b'\n') {
        let (line, rest) = answer.split_at(end + 1);
        answer = rest;
        if line.starts_with(b"VALUE ") {
            let (value, rest) = value(cas, line, rest);
            plain.extend(value);
            answer = rest;
        } else if is_meta(line) {
            plain.extend(meta_line(cas, line, command));
            if let Some(length) = meta_length(line) {
                let (data, rest) = rest.split_at(length + b"\r\n".len());
                plain.extend_from_slice(data);
                answer = rest;
            }
        } else {
            plain.extend_from_slice(line);
        }
    }
    plain.extend_from_slice(answer);
    plain
}

/// A line that answers a meta command: times are rounded, CAS numbers ordered.
fn meta_line(cas: &mut CasNumbers, line: &[u8], command: &Command) -> Vec<u8> {
    let words = line.trim_ascii_end().split(|it| *it == b' ').enumerate();
    let words: Vec<Vec<u8>> = words
        .map(|(index, word)| match word {
            word if index == 0 => word.to_vec(),
            [b't', digits @ ..] => [b"t", rounded(digits).as_bytes()].concat(),
            [b'e', b'x', b'p', b'=', digits @ ..] => [b"exp=", rounded(digits).as_bytes()].concat(),
            [b'l', b'a', b'=', ..] => b"la=".to_vec(),
            [b'l', b'0'..=b'9', ..] => b"l".to_vec(),
            [b'c', digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
                cas_place(cas, digits, command)
            }
            [b'c', b'a', b's', b'=', digits @ ..] => cas_place(cas, digits, command),
            word => word.to_vec(),
        })
        .collect();
    let mut plain = words.join(&b' ');
    plain.push(b'\n');
    plain
}

/// A CAS number as its place in the order in which they were first seen.
fn cas_place(cas: &mut CasNumbers, digits: &[u8], command: &Command) -> Vec<u8> {
    let number = number(digits);
    let place = match command.key.as_ref().filter(|_| number != 0) {
        Some(key) => cas.saw(key, number),
        None => cas.place(number),
    };
    format!("#{place}").into_bytes()
}

/// A `VALUE` line and its data. Numbers lose their padding: whether a number that got shorter
/// keeps its length depends on who was reading it.
fn value<'a>(cas: &mut CasNumbers, line: &[u8], rest: &'a [u8]) -> (Vec<u8>, &'a [u8]) {
    let words: Vec<&[u8]> = line.trim_ascii_end().split(|it| *it == b' ').collect();
    let length = number(words[3]) as usize;
    let (data, rest) = rest.split_at(length);
    let is_number = data.first().is_some_and(u8::is_ascii_digit);
    let data = if is_number { data.trim_ascii_end() } else { data };
    let mut value = [words[1], words[2], data.len().to_string().as_bytes()].join(&b' ');
    if let Some(number) = words.get(4).map(|word| number(word)) {
        let place = cas.saw(words[1], number);
        value.extend_from_slice(format!(" #{place}").as_bytes());
    }
    value.push(b'\n');
    value.extend_from_slice(data);
    (value, rest)
}

fn number(digits: &[u8]) -> u64 {
    String::from_utf8_lossy(digits).parse().expect("a number")
}

fn is_meta(line: &[u8]) -> bool {
    let code = line.trim_ascii_end().split(|it| *it == b' ').next().unwrap_or(b"");
    [&b"HD"[..], b"VA", b"EN", b"NS", b"EX", b"NF", b"ME"].contains(&code)
}

/// The length of the value behind a line.
fn meta_length(line: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(b"VA ")?;
    rest.trim_ascii_end().split(|it| *it == b' ').next().map(|it| number(it) as usize)
}

/// Seconds that are left, with what passes while a test runs. Those of an item whose time is over
/// are a huge number in memcached.
fn rounded(digits: &[u8]) -> String {
    match String::from_utf8_lossy(digits).parse::<i64>() {
        Ok(4_000_000_000..) => "0".to_owned(),
        Ok(seconds @ ABSOLUTE_FROM..) => format!("until {}", nearest(unix_seconds() + seconds)),
        Ok(seconds @ 20..) => ((seconds + 15) / 50 * 50).to_string(),
        _ => String::from_utf8_lossy(digits).into_owned(),
    }
}

/// Times given as such are multiples of 50 seconds.
fn nearest(seconds: i64) -> i64 {
    (seconds + 25) / 50 * 50
}

fn unix_seconds() -> i64 {
    let passed = UNIX_EPOCH.elapsed().expect("the clock is set");
    passed.as_secs() as i64
}
