//! The 80-bit floats that INCRBYFLOAT and HINCRBYFLOAT compute with, and their text.

use std::fmt::{self, Write};
use std::ops::Add;

use rustc_apfloat::ieee::{Double, X87DoubleExtended};
use rustc_apfloat::{Float, FloatConvert, Round, Status};

/// What C calls `long double` on x86-64, so that sums come out digit for digit as in Valkey,
/// whatever machine this runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LongDouble(X87DoubleExtended);

impl LongDouble {
    /// Reads what C's `strtold` reads to the end: decimal, hexadecimal, `inf`; not `nan`, nothing
    /// around it, and nothing that overflows or vanishes.
    pub(crate) fn parse(text: &[u8]) -> Option<LongDouble> {
        if text.len() >= TEXT_BYTES_MAX {
            return None;
        }
        let (negative, magnitude) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        let value =
            if ["inf", "infinity"].iter().any(|it| magnitude.eq_ignore_ascii_case(it.as_bytes())) {
                X87DoubleExtended::INFINITY
            } else {
                parse_finite(magnitude)?
            };
        Some(LongDouble(if negative { -value } else { value }))
    }

    /// A thousand times the value, rounded up. `None` when that is no 64-bit integer.
    pub(crate) fn ceil_thousandths(self) -> Option<i64> {
        let thousand = X87DoubleExtended::from_u128(1000).value;
        let product = (self.0 * thousand).value;
        let mut exact = false;
        let rounded = product.to_i128_r(64, Round::TowardPositive, &mut exact);
        let fits = !rounded.status.intersects(Status::INVALID_OP);
        fits.then(|| i64::try_from(rounded.value).ok()).flatten()
    }

    pub(crate) fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}

impl From<f64> for LongDouble {
    fn from(value: f64) -> LongDouble {
        let value = Double::from_bits(u128::from(value.to_bits()));
        LongDouble(value.convert(&mut false).value)
    }
}

impl Add for LongDouble {
    type Output = LongDouble;

    fn add(self, other: LongDouble) -> LongDouble {
        LongDouble((self.0 + other.0).value)
    }
}

fn parse_finite(text: &[u8]) -> Option<X87DoubleExtended> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    // The reader below wants every part spelled out, where C lets some be left out.
    let normal = match digits {
        None => spell_out(text, 10, ['e', 'E'])?,
        Some(digits) => format!("0x{}", spell_out(digits, 16, ['p', 'P'])?),
    };
    let parsed = X87DoubleExtended::from_str_r(&normal, Round::NearestTiesToEven).ok()?;
    let lost = Status::OVERFLOW | Status::UNDERFLOW;
    let vanished = parsed.value.is_zero() && parsed.status.intersects(lost);
    (parsed.value.is_finite() && !vanished).then_some(parsed.value)
}

/// `digits.digits` and an exponent, all there; `None` for what is not a number.
pub(crate) fn spell_out(text: &str, radix: u32, markers: [char; 2]) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(markers) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (text, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |it: &str, radix| it.chars().all(|c| c.is_digit(radix));
    let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let well_formed = whole.len() + part.len() > 0
        && all_digits(whole, radix)
        && all_digits(part, radix)
        && !unsigned.is_empty()
        && all_digits(unsigned, 10);
    let marker = markers[0];
    well_formed.then(|| format!("0{whole}.{part}0{marker}{exponent}"))
}

/// `%.17Lf` without the zeros it ends in: plain digits, no exponent, at most 17 places.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_finite() {
            return f.write_str(if self.0.is_negative() { "-inf" } else { "inf" });
        }
        let bits = self.0.to_bits();
        let mantissa = bits as u64;
        // The value is mantissa * 2^exponent; a subnormal's exponent field reads 0 but means 1.
        let field = i32::from((bits >> 64) as u16 & 0x7fff).max(1);
        let exponent = field - EXPONENT_BIAS - MANTISSA_FRACTION_BITS;
        let text = if exponent >= 0 {
            whole_digits(mantissa, exponent as u32)
        } else {
            fraction_digits(mantissa, exponent.unsigned_abs())
        };
        let sign = if self.0.is_negative() && text != "0" { "-" } else { "" };
        write!(f, "{sign}{text}")
    }
}

/// The digits of `mantissa * 2^-shift`, rounded to 17 places, ties to even.
fn fraction_digits(mantissa: u64, shift: u32) -> String {
    const PLACES: u32 = 17;
    const SCALE: u128 = 10u128.pow(PLACES);
    // Below 2^121, so what is shifted further is less than a half.
    let scaled = u128::from(mantissa) * SCALE;
    let rounded = if shift > 122 {
        0
    } else {
        let (quotient, rest) = (scaled >> shift, scaled & ((1 << shift) - 1));
        let half = 1u128 << (shift - 1);
        quotient + u128::from(rest > half || (rest == half && quotient & 1 == 1))
    };
    let (whole, part) = (rounded / SCALE, rounded % SCALE);
    let text = format!("{whole}.{part:017}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The digits of `mantissa * 2^shift`.
fn whole_digits(mantissa: u64, shift: u32) -> String {
    // Groups of nine digits, the lowest first.
    const GROUP: u64 = 1_000_000_000;
    let mut groups = vec![mantissa % GROUP, mantissa / GROUP % GROUP, mantissa / GROUP / GROUP];
    let mut left = shift;
    while left > 0 {
        let step = left.min(32);
        let mut carry = 0;
        for group in &mut groups {
            let sum = (*group << step) + carry;
            (*group, carry) = (sum % GROUP, sum / GROUP);
        }
        while carry > 0 {
            groups.push(carry % GROUP);
            carry /= GROUP;
        }
        left -= step;
    }
    let mut digits = String::with_capacity(groups.len() * 9);
    for group in groups.iter().rev() {
        write!(digits, "{group:09}").expect("a string takes all that is written to it");
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}

/// Valkey's `MAX_LONG_DOUBLE_CHARS`: the longest number that any value prints as, and more.
const TEXT_BYTES_MAX: usize = 5 * 1024;
const EXPONENT_BIAS: i32 = 16383;
const MANTISSA_FRACTION_BITS: i32 = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_sum(a: &str, b: &str, expected: &str) {
        let read = |it: &str| LongDouble::parse(it.as_bytes()).unwrap();
        assert_eq!((read(a) + read(b)).to_string(), expected);
    }

    #[test]
    fn sums_have_the_digits_of_the_x87() {
        check_sum("10.5", "0.1", "10.6");
        check_sum("5.0e3", "2.0e2", "5200");
        check_sum("0.1", "0.2", "0.3");
        check_sum("3.0", "1.1", "4.1");
    }

    #[test]
    fn every_magnitude_prints() {
        check_sum("0", "-0", "0");
        check_sum("-1", "1", "0");
        check_sum("0", "1e-17", "0.00000000000000001");
        check_sum("0", "1e-18", "0");
        // Ties, which go to the even digit.
        check_sum("0", "0.000003814697265625", "0.00000381469726562");
        check_sum("0", "0.000011444091796875", "0.00001144409179688");
        check_sum("0", "-1e-4000", "0");
        check_sum("0", "18446744073709551615", "18446744073709551615");
        check_sum("0", "36893488147419103232", "36893488147419103232");
        check_sum("0", "1e25", "10000000000000000000000000");
        let big = LongDouble::parse(b"1e4932").unwrap().to_string();
        assert_eq!(big.len(), 4933);
        check_sum("0x1p4", "0X.8", "16.5");
        check_sum(".5", "5.", "5.5");
    }

    #[test]
    fn what_strtold_does_not_read_to_the_end_is_no_number() {
        for text in [
            "", " 1", "1 ", "1a", ".", "+", "-", "e5", "1e", "1e+", "0x", "nan", "1e5000",
            "1e-5000",
        ] {
            assert!(LongDouble::parse(text.as_bytes()).is_none(), "{text:?}");
        }
        assert!(!LongDouble::parse(b"-Infinity").unwrap().is_finite());
    }
}
