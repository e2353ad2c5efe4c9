//! Numbers as Redis reads them: strictly, with nothing around them.

/// A signed 64-bit integer in its one canonical spelling: no sign but `-`, no leading zeros, no
/// spaces. What `SET k 007` stored is not a number.
pub fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let magnitude = magnitude(digits)?;
    if !negative {
        return i64::try_from(magnitude).ok();
    }
    if magnitude == 0 || magnitude > i64::MIN.unsigned_abs() {
        return None;
    }
    Some(0i64.wrapping_sub_unsigned(magnitude))
}

/// An unsigned 64-bit integer in its canonical spelling.
pub fn unsigned(text: &[u8]) -> Option<u64> {
    magnitude(text)
}

fn magnitude(digits: &[u8]) -> Option<u64> {
    match digits {
        [b'0'] => return Some(0),
        [] | [b'0', ..] => return None,
        _ if digits.len() > U64_DIGITS_MAX => return None,
        _ => {}
    }
    let mut sum = 0u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(sum)
}

/// Digits of the largest 64-bit number.
const U64_DIGITS_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_an_integer() {
        for n in [0, 1, -1, 9, 10, -10, 123_456_789, i64::MAX, i64::MIN, i64::MIN + 1] {
            assert_eq!(integer(n.to_string().as_bytes()), Some(n));
        }
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            "-01",
            " 1",
            "1 ",
            "1.0",
            "0x10",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999999",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text:?}");
        }
    }
}
