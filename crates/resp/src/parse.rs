//! Bytes to command lines: RESP arrays of bulk strings, and inline lines as typed into a terminal.
//!
//! The parser copies nothing. It remembers where it stopped in an unfinished command, so that a
//! slow sender of a long one does not make it start over with every packet.

use memchr::{memchr, memchr2};

use crate::args::{SHARED_VALUE_MIN, Span};
use crate::number;

/// What a connection may send at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParseLimits {
    /// Longest argument in bytes (`proto-max-bulk-len`).
    pub(crate) bulk_bytes_max: u64,
    /// Clients that have not authenticated may send only small commands.
    pub(crate) authenticated: bool,
}

/// Why a connection is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolError {
    InvalidMultibulkLength,
    InvalidBulkLength,
    ExpectedDollar(u8),
    InlineTooBig,
    MultibulkCountTooBig,
    BulkCountTooBig,
    UnbalancedQuotes,
    UnauthenticatedMultibulk,
    UnauthenticatedBulk,
}

/// What the parser found at its place in the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole command; its spans were appended. `big` when it is worth a frame of its own.
    Command { big: bool },
    /// A whole inline line; it is decoded into `inline`, where its spans point.
    Inline,
    /// Not whole yet; at least this many bytes are missing (0: unknown).
    Incomplete { need: usize },
}

/// The parser's place in an input buffer that it does not own.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// Offset of the next byte to look at.
    at: usize,
    /// Offset of the command that was read last, or is under way.
    start: usize,
    /// Arguments still missing from the command under way.
    n_left: usize,
    big: bool,
}

impl Parser {
    /// Offset up to which all is read: behind the last whole command.
    pub(crate) fn settled(&self) -> usize {
        if self.n_left > 0 { self.start } else { self.at }
    }

    /// Says that the input's first `n` bytes, settled ones, are gone.
    pub(crate) fn consumed(&mut self, n: usize) {
        self.at -= n;
        self.start = self.start.saturating_sub(n);
    }

    /// Goes back to before the whole command that was read last.
    pub(crate) fn rewind(&mut self) {
        self.at = self.start;
        self.n_left = 0;
    }

    /// Reads one command at the current place. After `Incomplete` the spans of the arguments that
    /// were whole stay in `spans`, and the next call goes on behind them.
    #[inline]
    pub(crate) fn next(
        &mut self,
        input: &[u8],
        spans: &mut Vec<Span>,
        inline: &mut Vec<u8>,
        limits: ParseLimits,
    ) -> Result<Found, ProtocolError> {
        while self.n_left == 0 {
            match input.get(self.at) {
                None => return Ok(Found::Incomplete { need: 0 }),
                Some(b'*') => {
                    if !self.multibulk_header(input, limits)? {
                        return Ok(Found::Incomplete { need: 0 });
                    }
                }
                Some(_) => match self.inline_line(input, spans, inline)? {
                    Line::Unfinished => return Ok(Found::Incomplete { need: 0 }),
                    Line::Blank => {}
                    Line::Whole => return Ok(Found::Inline),
                },
            }
        }
        self.arguments(input, spans, limits)
    }

    /// Reads `*3\r\n`. False when it is not whole. Empty and null arrays leave `n_left` at 0 and
    /// are skipped.
    #[inline]
    fn multibulk_header(
        &mut self,
        input: &[u8],
        limits: ParseLimits,
    ) -> Result<bool, ProtocolError> {
        let (count, end) = match short_number(&input[self.at + 1..]) {
            Some((count, len)) => (i64::from(count), self.at + 1 + len),
            None => match long_header(input, self.at) {
                Header::Whole { text, end } => {
                    (number::integer(text).ok_or(ProtocolError::InvalidMultibulkLength)?, end)
                }
                Header::Unfinished if input.len() - self.at > LINE_BYTES_MAX => {
                    return Err(ProtocolError::MultibulkCountTooBig);
                }
                Header::Unfinished => return Ok(false),
            },
        };
        if count > i64::from(i32::MAX) {
            return Err(ProtocolError::InvalidMultibulkLength);
        }
        if count > UNAUTHENTICATED_ARGS_MAX && !limits.authenticated {
            return Err(ProtocolError::UnauthenticatedMultibulk);
        }
        self.start = self.at;
        self.at = end;
        self.n_left = usize::try_from(count).unwrap_or(0);
        self.big = false;
        Ok(true)
    }

    #[inline]
    fn arguments(
        &mut self,
        input: &[u8],
        spans: &mut Vec<Span>,
        limits: ParseLimits,
    ) -> Result<Found, ProtocolError> {
        while self.n_left > 0 {
            let short = match input.get(self.at..) {
                Some([b'$', rest @ ..]) => short_number(rest),
                _ => None,
            };
            let (len, start) = match short {
                Some((len, header_len)) => (len as usize, self.at + 1 + header_len),
                None => match self.bulk_header(input, limits)? {
                    Some(header) => header,
                    None => return Ok(Found::Incomplete { need: 0 }),
                },
            };
            // Behind the data stands CR LF, which is counted but, as in Valkey, not looked at.
            let end = start + len + 2;
            if end > input.len() {
                return Ok(Found::Incomplete { need: end - input.len() });
            }
            spans.push(Span::new(start, len));
            self.at = end;
            self.n_left -= 1;
        }
        Ok(Found::Command { big: self.big })
    }

    /// Reads `$1000\r\n`, or finds out what else stands there: the length, and the offset behind.
    /// `None` when it is not whole.
    fn bulk_header(
        &mut self,
        input: &[u8],
        limits: ParseLimits,
    ) -> Result<Option<(usize, usize)>, ProtocolError> {
        let rest = &input[self.at.min(input.len())..];
        let (text, end) = match long_header(input, self.at) {
            // An empty line begins with the end that is looked for behind a sigil.
            _ if rest.starts_with(b"\r") => {
                let is_whole = rest.len() > 1;
                return if is_whole { Err(ProtocolError::ExpectedDollar(b'\r')) } else { Ok(None) };
            }
            Header::Whole { text, end } => (text, end),
            Header::Unfinished if rest.len() > LINE_BYTES_MAX => {
                return Err(ProtocolError::BulkCountTooBig);
            }
            Header::Unfinished => return Ok(None),
        };
        if rest[0] != b'$' {
            return Err(ProtocolError::ExpectedDollar(rest[0]));
        }
        let len = number::unsigned(text).ok_or(ProtocolError::InvalidBulkLength)?;
        if len > limits.bulk_bytes_max {
            return Err(ProtocolError::InvalidBulkLength);
        }
        if len > UNAUTHENTICATED_BULK_MAX && !limits.authenticated {
            return Err(ProtocolError::UnauthenticatedBulk);
        }
        self.big |= len >= SHARED_VALUE_MIN as u64;
        Ok(Some((len as usize, end)))
    }

    fn inline_line(
        &mut self,
        input: &[u8],
        spans: &mut Vec<Span>,
        inline: &mut Vec<u8>,
    ) -> Result<Line, ProtocolError> {
        let rest = &input[self.at..];
        // A zero byte hides the line's end from Valkey, which then waits for more than the limit.
        let newline = memchr2(b'\n', 0, rest).filter(|at| rest[*at] == b'\n');
        let Some(newline) = newline else {
            let too_big = rest.len() > LINE_BYTES_MAX;
            return if too_big { Err(ProtocolError::InlineTooBig) } else { Ok(Line::Unfinished) };
        };
        let line = &rest[..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let n_spans = spans.len();
        inline.clear();
        split_quoted(line, inline, spans).ok_or(ProtocolError::UnbalancedQuotes)?;
        self.start = self.at;
        self.at += newline + 1;
        Ok(if spans.len() == n_spans { Line::Blank } else { Line::Whole })
    }
}

enum Line {
    Unfinished,
    Blank,
    Whole,
}

enum Header<'a> {
    /// What stands between a line's sigil and its end, and the offset behind.
    Whole {
        text: &'a [u8],
        end: usize,
    },
    Unfinished,
}

/// The line at `at`, whatever it is.
#[inline(never)]
fn long_header(input: &[u8], at: usize) -> Header<'_> {
    let rest = input.get(at + 1..).unwrap_or_default();
    match memchr(b'\r', rest) {
        Some(len) if rest.len() > len + 1 => {
            Header::Whole { text: &rest[..len], end: at + len + 3 }
        }
        _ => Header::Unfinished,
    }
}

/// A number below 1000 with its line end, and how long both are: what nearly every header holds.
/// It is below every limit on lengths.
#[inline]
fn short_number(line: &[u8]) -> Option<(u32, usize)> {
    let digit = |byte: u8| u32::from(byte.wrapping_sub(b'0'));
    match *line {
        [a @ b'0'..=b'9', b'\r', _, ..] => Some((digit(a), 3)),
        [a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', _, ..] => Some((digit(a) * 10 + digit(b), 4)),
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b'\r', _, ..] => {
            Some((digit(a) * 100 + digit(b) * 10 + digit(c), 5))
        }
        _ => None,
    }
}

/// Splits an inline line into words. `"..."` takes escapes, `'...'` takes `\'` alone, and a closing
/// quote ends the word. `None` when a quote is not closed, or closed in the middle of a word.
pub(crate) fn split_quoted(line: &[u8], into: &mut Vec<u8>, spans: &mut Vec<Span>) -> Option<()> {
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        if at == line.len() {
            return Some(());
        }
        let start = into.len();
        at = word(line, at, into)?;
        spans.push(Span::new(start, into.len() - start));
    }
}

/// Decodes the word at `at` and returns the offset behind it.
fn word(line: &[u8], mut at: usize, into: &mut Vec<u8>) -> Option<usize> {
    loop {
        match line.get(at) {
            None | Some(b' ' | b'\n' | b'\r' | b'\t') => return Some(at),
            Some(quote @ (b'"' | b'\'')) => {
                at = quoted(line, at + 1, *quote, into)?;
                let ends = line.get(at).is_none_or(|byte| is_space(*byte));
                return ends.then_some(at);
            }
            Some(byte) => {
                into.push(*byte);
                at += 1;
            }
        }
    }
}

/// Decodes from behind an opening quote and returns the offset behind the closing one.
fn quoted(line: &[u8], mut at: usize, quote: u8, into: &mut Vec<u8>) -> Option<usize> {
    loop {
        match line[at.min(line.len())..] {
            [b'\\', b'x', high, low, ..] if quote == b'"' && is_hex(high) && is_hex(low) => {
                into.push(hex(high) << 4 | hex(low));
                at += 4;
            }
            [b'\\', escaped, ..] if quote == b'"' => {
                into.push(unescape(escaped));
                at += 2;
            }
            [b'\\', b'\'', ..] if quote == b'\'' => {
                into.push(b'\'');
                at += 2;
            }
            [byte, ..] if byte == quote => return Some(at + 1),
            [] => return None,
            [byte, ..] => {
                into.push(byte);
                at += 1;
            }
        }
    }
}

fn unescape(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn hex(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        other => (other | 0x20) - b'a' + 10,
    }
}

/// C's `isspace`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Longest line: an inline command, or a length on its own. Valkey's `PROTO_INLINE_MAX_SIZE`.
const LINE_BYTES_MAX: usize = 64 << 10;
/// What a client may send before it has authenticated, as in Valkey.
const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
const UNAUTHENTICATED_BULK_MAX: u64 = 16 << 10;

#[cfg(test)]
mod tests;
