//! Numbers as memcached reads them. It has two readers: a strict one for its newer fields and C's
//! `strtol` family for the older ones, which takes blanks, a plus sign and wraps into 32 bits.

/// Longest strict number of 32 bits, sign included; leading zeros beyond it are refused.
const STRICT_DIGITS_MAX: usize = 11;

/// More digits than these may not fit in 31 bits.
const PLAIN_DIGITS_MAX: usize = 9;

/// One to nine digits at the start, and what follows them.
#[inline]
pub(crate) fn plain(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut sum = 0;
    for (index, byte) in bytes.iter().enumerate().take(PLAIN_DIGITS_MAX + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (index > 0).then_some((sum, &bytes[index..]));
        }
        if index == PLAIN_DIGITS_MAX {
            return None;
        }
        sum = sum * 10 + u32::from(digit);
    }
    None
}

/// Digits, with at most a minus in front.
pub(crate) fn strict_i32(word: &[u8]) -> Option<i32> {
    let (negative, digits) = match word {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if word.len() > STRICT_DIGITS_MAX {
        return None;
    }
    let magnitude = i64::try_from(digits_u64(digits)?).ok()?;
    i32::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// Nothing but digits.
pub(crate) fn strict_u32(word: &[u8]) -> Option<u32> {
    if word.len() > STRICT_DIGITS_MAX {
        return None;
    }
    u32::try_from(digits_u64(word)?).ok()
}

/// A signed number, cut to its low 32 bits.
pub(crate) fn loose_i32(word: &[u8]) -> Option<i32> {
    let (negative, magnitude) = signed(word)?;
    let value = i64::try_from(magnitude).ok()?;
    Some(if negative { -value } else { value } as i32)
}

/// An unsigned number, cut to its low 32 bits.
pub(crate) fn loose_u32(word: &[u8]) -> Option<u32> {
    loose_u64(word).map(|it| it as u32)
}

/// An unsigned number. A minus is refused, except where the number wraps to a small one.
pub(crate) fn loose_u64(word: &[u8]) -> Option<u64> {
    let (negative, magnitude) = signed(word)?;
    if !negative {
        return Some(magnitude);
    }
    let wrapped = magnitude.wrapping_neg();
    (wrapped as i64 >= 0).then_some(wrapped)
}

/// A decimal number as C's `strtod` takes it, without its names for infinity and the like.
pub(crate) fn decimal(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?.trim_ascii();
    text.parse::<f64>().ok().filter(|it| it.is_finite())
}

/// Blanks, a sign, digits; then the end, or a blank or a zero byte and anything.
fn signed(word: &[u8]) -> Option<(bool, u64)> {
    let from = word.iter().position(|it| !is_blank(*it))?;
    let word = &word[from..];
    let (negative, word) = match word {
        [sign @ (b'-' | b'+'), rest @ ..] => (*sign == b'-', rest),
        rest => (false, rest),
    };
    let end = word.iter().position(|it| !it.is_ascii_digit()).unwrap_or(word.len());
    if word.get(end).is_some_and(|it| !ends_number(*it)) {
        return None;
    }
    Some((negative, digits_u64(&word[..end])?))
}

fn digits_u64(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, it| {
        let digit = it.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// What C calls a space.
fn is_blank(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

/// C ends a number at a zero byte too.
fn ends_number(byte: u8) -> bool {
    is_blank(byte) || byte == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_have_one_to_nine_digits_and_an_end() {
        assert_eq!(plain(b"0 x"), Some((0, &b" x"[..])));
        assert_eq!(plain(b"999999999\r"), Some((999_999_999, &b"\r"[..])));
        for bytes in [&b""[..], b"x", b"-1 ", b" 1", b"12", b"1000000000 ", b"999999999"] {
            assert_eq!(plain(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn strict_numbers_are_digits() {
        assert_eq!(strict_i32(b"-1"), Some(-1));
        assert_eq!(strict_i32(b"2147483647"), Some(i32::MAX));
        assert_eq!(strict_i32(b"-2147483648"), Some(i32::MIN));
        for word in [&b""[..], b"-", b"+1", b" 1", b"1x", b"2147483648", b"000000000001"] {
            assert_eq!(strict_i32(word), None, "{}", word.escape_ascii());
        }
        assert_eq!(strict_u32(b"4294967295"), Some(u32::MAX));
        assert_eq!(strict_u32(b"4294967296"), None);
        assert_eq!(strict_u32(b"-0"), None);
    }

    #[test]
    fn loose_numbers_are_what_strtol_takes() {
        assert_eq!(loose_i32(b"+5"), Some(5));
        assert_eq!(loose_i32(b"4294967296"), Some(0));
        assert_eq!(loose_i32(b"2147483648"), Some(i32::MIN));
        assert_eq!(loose_i32(b"9223372036854775808"), None);
        assert_eq!(loose_u32(b"4294967299"), Some(3));
        assert_eq!(loose_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(loose_u64(b"18446744073709551616"), None);
        assert_eq!(loose_u64(b"-18446744073709551615"), Some(1));
        assert_eq!(loose_u64(b"-5"), None);
        for (word, value) in
            [(&b"5 "[..], 5), (b" 5", 5), (b"\n5", 5), (b"5 x", 5), (b"005\t", 5), (b"5\0x", 5)]
        {
            assert_eq!(loose_u64(word), Some(value), "{}", word.escape_ascii());
        }
        for word in [&b""[..], b" ", b"x", b"5x", b"0x10", b"+", b"- 5"] {
            assert_eq!(loose_u64(word), None, "{}", word.escape_ascii());
        }
    }
}
