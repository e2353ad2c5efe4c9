//! Ids as clients write them.

use tandem_engine::StreamId;

use crate::error::Error;
use crate::number;

/// `ms` or `ms-seq`; where the second part is missing it is `seq`.
pub(super) fn exact(text: &[u8], seq: u64) -> Result<StreamId, Error> {
    match parts(text)? {
        (ms, None) => Ok(StreamId { ms, seq }),
        (ms, Some(after)) => Ok(StreamId { ms, seq: number(after)? }),
    }
}

/// As `exact`, and `-` and `+` for the ends of all ids.
pub(super) fn exact_or_end(text: &[u8], seq: u64) -> Result<StreamId, Error> {
    match text {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => exact(text, seq),
    }
}

/// The id of a new entry as far as it is said; `None` in place of the second part for `ms-*`.
pub(super) fn new_entry(text: &[u8]) -> Result<(u64, Option<u64>), Error> {
    match parts(text)? {
        (ms, Some(b"*")) => Ok((ms, None)),
        (ms, Some(after)) => Ok((ms, Some(number(after)?))),
        (ms, None) => Ok((ms, Some(0))),
    }
}

/// Where a range begins: `(` leaves the id itself out.
pub(super) fn range_start(text: &[u8]) -> Result<StreamId, Error> {
    match open_bound(text) {
        Some(id) => {
            exact(id, 0)?.next().ok_or_else(|| Error::said("ERR invalid start ID for the interval"))
        }
        None => exact_or_end(text, 0),
    }
}

/// Where a range ends, as `range_start`.
pub(super) fn range_end(text: &[u8]) -> Result<StreamId, Error> {
    match open_bound(text) {
        Some(id) => exact(id, u64::MAX)?
            .previous()
            .ok_or_else(|| Error::said("ERR invalid end ID for the interval")),
        None => exact_or_end(text, u64::MAX),
    }
}

fn open_bound(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"(").filter(|it| !it.is_empty())
}

fn parts(text: &[u8]) -> Result<(u64, Option<&[u8]>), Error> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::InvalidStreamId);
    }
    // Whoever sends a zero byte ends the id there.
    let text = text.split(|it| *it == 0).next().unwrap_or_default();
    match text.iter().position(|it| *it == b'-') {
        Some(at) => Ok((number(&text[..at])?, Some(&text[at + 1..]))),
        None => Ok((number(text)?, None)),
    }
}

/// A number as C reads it: white space, a sign and zeros may lead, and what is negative wraps
/// around, unless it is spelled as integers are.
fn number(text: &[u8]) -> Result<u64, Error> {
    if let Some(n) = number::unsigned(text) {
        return Ok(n);
    }
    let trimmed = text.trim_ascii_start();
    let is_negative = trimmed.starts_with(b"-");
    let digits = trimmed.strip_prefix(b"-").or_else(|| trimmed.strip_prefix(b"+"));
    let digits = digits.unwrap_or(trimmed);
    let is_number = digits.iter().all(u8::is_ascii_digit) && number::integer(text).is_none();
    let n = std::str::from_utf8(digits).ok().and_then(|it| it.parse::<u64>().ok());
    match n.filter(|_| is_number) {
        Some(n) => Ok(if is_negative { n.wrapping_neg() } else { n }),
        None => Err(Error::InvalidStreamId),
    }
}

/// Longer texts are no ids.
const TEXT_BYTES_MAX: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_valkey_reads_them() {
        let good: [(&str, (u64, u64)); 10] = [
            ("5", (5, 9)),
            ("5-1", (5, 1)),
            ("0-0", (0, 0)),
            ("18446744073709551615-18446744073709551615", (u64::MAX, u64::MAX)),
            ("007", (7, 9)),
            ("+7", (7, 9)),
            (" 7-+1", (7, 1)),
            ("7-007", (7, 7)),
            ("7- -1", (7, u64::MAX)),
            ("7-1\0x", (7, 1)),
        ];
        for (text, (ms, seq)) in good {
            assert_eq!(exact(text.as_bytes(), 9), Ok(StreamId { ms, seq }), "{text}");
        }
        let long = format!("{}1", "0".repeat(127));
        for text in ["", "-", "+", "-5", "5-", "5-*", "5--1", "x", "5 ", "1-1-1", "$", ">", &long] {
            assert_eq!(exact(text.as_bytes(), 9), Err(Error::InvalidStreamId), "{text}");
        }
        assert!(exact(b"18446744073709551616", 9).is_err());
    }
}
