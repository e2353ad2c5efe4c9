//! Numbers with a fraction in 64 bits, as clients write them and as they are answered.

mod digits;

use std::fmt::Write as _;

use rustc_apfloat::ieee::Double;
use rustc_apfloat::{Float, Round};

use crate::float::spell_out;

/// Reads what C's `strtod` reads to the end: decimal, hexadecimal, `inf`; not `nan`, nothing
/// around it, and nothing that overflows or vanishes.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    let value = read(text)?;
    let magnitude = unsigned(text).1;
    let is_lost = if value.is_infinite() {
        !matches!(magnitude.first(), Some(b'i' | b'I'))
    } else {
        value.abs() < f64::MIN_POSITIVE && value.abs() <= 0.0 && has_digits(magnitude)
    };
    (!is_lost).then_some(value)
}

/// Reads an end of a range as Valkey does, with `strtod` alone: spaces may stand before the number,
/// which ends at a NUL, what overflows is infinite, and nothing at all is 0.
pub(crate) fn parse_end(text: &[u8]) -> Option<f64> {
    spaced(text, read)
}

/// Reads a weight that SORT compares: as an end of a range, but nothing that overflows or vanishes.
pub(crate) fn parse_weight(text: &[u8]) -> Option<f64> {
    spaced(text, parse)
}

fn spaced(text: &[u8], read: impl Fn(&[u8]) -> Option<f64>) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let n_spaces = text.iter().take_while(|byte| is_space(byte)).count();
    read(&text[n_spaces..])
}

fn read(text: &[u8]) -> Option<f64> {
    let (is_negative, magnitude) = unsigned(text);
    if let Some(value) = few_digits(magnitude) {
        return Some(if is_negative { -value } else { value });
    }
    // `nan`, and a second sign, which Rust would read.
    if !matches!(magnitude.first(), Some(b'0'..=b'9' | b'.' | b'i' | b'I')) {
        return None;
    }
    let magnitude = std::str::from_utf8(magnitude).ok()?;
    let value = match magnitude.strip_prefix("0x").or_else(|| magnitude.strip_prefix("0X")) {
        None => magnitude.parse().ok()?,
        Some(digits) => hexadecimal(digits)?,
    };
    Some(if is_negative { -value } else { value })
}

/// A whole number that a double holds exactly: what most scores are.
fn few_digits(magnitude: &[u8]) -> Option<f64> {
    let is_short = (1..=EXACT_DIGITS).contains(&magnitude.len());
    if !is_short || !magnitude.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let whole = magnitude.iter().fold(0, |whole, digit| whole * 10 + u64::from(digit - b'0'));
    Some(whole as f64)
}

fn unsigned(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    }
}

fn hexadecimal(digits: &str) -> Option<f64> {
    let normal = format!("0x{}", spell_out(digits, 16, ['p', 'P'])?);
    let parsed = Double::from_str_r(&normal, Round::NearestTiesToEven).ok()?;
    Some(f64::from_bits(parsed.value.to_bits() as u64))
}

/// True when a number that reads as 0 is written with other digits.
fn has_digits(magnitude: &[u8]) -> bool {
    let (digits, ends): (_, &[u8]) = match magnitude {
        [b'0', b'x' | b'X', rest @ ..] => (rest, b"pP"),
        _ => (magnitude, b"eE"),
    };
    digits.iter().take_while(|byte| !ends.contains(byte)).any(|byte| !b"0.".contains(byte))
}

/// A number as text, without an allocation.
pub(crate) struct Text {
    bytes: [u8; TEXT_BYTES_MAX],
    len: usize,
}

impl Text {
    /// The shortest digits that read as the same number, or nearly the shortest, as Valkey finds
    /// them: plain for whole numbers and where the point is near, else with an exponent.
    pub(crate) fn of(value: f64) -> Text {
        let mut text = Text { bytes: [0; TEXT_BYTES_MAX], len: 0 };
        if value.is_infinite() {
            text.push(if value < 0.0 { b"-inf" } else { b"inf" });
        } else if value.abs() <= 0.0 {
            text.push(if value.is_sign_negative() { b"-0" } else { b"0" });
        } else if let Some(whole) = whole(value) {
            text.push(itoa::Buffer::new().format(whole).as_bytes());
        } else {
            if value < 0.0 {
                text.push(b"-");
            }
            text.push_digits(value.abs());
        }
        text
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("numbers are written in ASCII")
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn push_zeros(&mut self, n: usize) {
        self.bytes[self.len..self.len + n].fill(b'0');
        self.len += n;
    }

    fn push_digits(&mut self, value: f64) {
        let found = digits::of(value);
        let (digits, exponent) = (found.as_slice(), found.exponent);
        let n_digits = digits.len() as i32;
        // Of the first digit.
        let first = exponent + n_digits - 1;
        if exponent >= 0 && first < n_digits + WHOLE_ZEROS_MAX {
            self.push(digits);
            self.push_zeros(exponent.unsigned_abs() as usize);
        } else if exponent < 0 && (exponent > -PLACES_MAX || first.abs() < 4) {
            self.push_fraction(digits, first + 1);
        } else {
            self.push(&digits[..1]);
            if n_digits > 1 {
                self.push(b".");
                self.push(&digits[1..]);
            }
            self.push(if first < 0 { b"e-" } else { b"e+" });
            self.push(itoa::Buffer::new().format(first.unsigned_abs()).as_bytes());
        }
    }

    /// Digits of which the first `n_whole` stand before the point.
    fn push_fraction(&mut self, digits: &[u8], n_whole: i32) {
        if let Ok(n_whole @ 1..) = usize::try_from(n_whole) {
            self.push(&digits[..n_whole]);
            self.push(b".");
            self.push(&digits[n_whole..]);
        } else {
            self.push(b"0.");
            self.push_zeros(n_whole.unsigned_abs() as usize);
            self.push(digits);
        }
    }
}

/// A whole number that is not too big to be written with all its digits.
fn whole(value: f64) -> Option<i64> {
    let whole = value as i64;
    let is_whole = value.abs() <= WHOLE_MAX && (whole as f64 - value).abs() <= 0.0;
    is_whole.then_some(whole)
}

/// `%.17g`: seventeen digits without the zeros they end in.
pub(crate) fn seventeen_digits(value: f64) -> String {
    significant_digits(value, 17)
}

/// `%.{n}g`: at most `n` digits, without the zeros they end in.
pub(crate) fn significant_digits(value: f64, n: usize) -> String {
    if value.is_infinite() || value.abs() <= 0.0 {
        return Text::of(value).as_str().to_owned();
    }
    let scientific = format!("{value:.*e}", n - 1);
    let (mantissa, exponent) = scientific.split_once('e').expect("it is written with an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is a whole number");
    let trim = |text: &str| -> String {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if (-4..n as i32).contains(&exponent) {
        return trim(&format!("{value:.*}", (n as i32 - 1 - exponent).unsigned_abs() as usize));
    }
    let mut text = trim(mantissa);
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
    text
}

/// A sign, seventeen digits, a point and zeros, or an exponent.
const TEXT_BYTES_MAX: usize = 40;
/// Any number of so many digits is below 2^53.
const EXACT_DIGITS: usize = 15;
/// Half of the 64-bit integers: what Valkey writes as one.
const WHOLE_MAX: f64 = (i64::MAX / 2) as f64;
/// A whole number with no more zeros than this at its end is written out.
const WHOLE_ZEROS_MAX: i32 = 7;
/// A fraction of fewer places than this is written out.
const PLACES_MAX: i32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_as_strtod_reads_them() {
        let cases: &[(&str, Option<f64>)] = &[
            ("1", Some(1.0)),
            ("007", Some(7.0)),
            ("-999999999999999", Some(-999_999_999_999_999.0)),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("+5", Some(5.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-1e3", Some(-1000.0)),
            ("0x10", Some(16.0)),
            ("0x1p-3", Some(0.125)),
            ("-INF", Some(f64::NEG_INFINITY)),
            ("infinity", Some(f64::INFINITY)),
            ("0e5", Some(0.0)),
            ("0x0p9", Some(0.0)),
            ("1e400", None),
            ("1e-400", None),
            ("0x1p-2000", None),
            ("nan", None),
            ("+-1", None),
            (" 1", None),
            ("1 ", None),
            ("", None),
            (".", None),
            ("1e", None),
            ("0x", None),
            ("1_0", None),
            ("1\0", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text.as_bytes()), *value, "{text:?}");
        }
    }

    #[test]
    fn ends_of_ranges_are_read_more_loosely() {
        let cases: &[(&str, Option<f64>)] = &[
            ("", Some(0.0)),
            (" 1", Some(1.0)),
            ("1\0x", Some(1.0)),
            ("1e400", Some(f64::INFINITY)),
            ("1e-400", Some(0.0)),
            ("1 ", None),
            (" ", None),
            ("nan", None),
            ("(1", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse_end(text.as_bytes()), *value, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_written_as_valkey_writes_them() {
        for text in [
            "0",
            "-0",
            "3",
            "-3",
            "1.5",
            "0.1",
            "0.00001",
            "1.234e-5",
            "1e-7",
            "1.5e-7",
            "0.000001",
            "2.5e-6",
            "1e+20",
            "1e+300",
            "-1e+300",
            "100000000000000000",
            "123456789012345680",
            "12345678901234567000",
            "5e-324",
            "1.7976931348623157e+308",
            "99999999999999990000000",
            "1234567890123456800000",
            "inf",
            "-inf",
            "0.125",
            "123.456",
            "1.2345678901234567e+4",
            "123456789",
            "4e+21",
            "9.5367431640625e-7",
        ] {
            let value = read(text.as_bytes()).unwrap();
            assert_eq!(Text::of(value).as_str(), text);
        }
    }

    #[test]
    fn seventeen_digits_are_those_of_printf() {
        let cases = [
            (0.1, "0.10000000000000001"),
            (1e17, "1e+17"),
            (1e16, "10000000000000000"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-5, "1.0000000000000001e-05"),
            (1e-7, "9.9999999999999995e-08"),
            (-1e300, "-1.0000000000000001e+300"),
            (5e-324, "4.9406564584124654e-324"),
            (1.5, "1.5"),
            (-0.0, "-0"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(seventeen_digits(value), text);
        }
    }
}
