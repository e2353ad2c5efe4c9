//! Decimal digits of a double: Grisu2, as Loitsch describes it in "Printing Floating-Point Numbers
//! Quickly and Accurately with Integers". They always read as the same number. One time in a
//! thousand there would be shorter ones: Valkey answers these, so we do.

use std::sync::LazyLock;

/// A number as `digits * 10^exponent`.
pub(super) struct Digits {
    bytes: [u8; DIGITS_MAX],
    len: usize,
    pub(super) exponent: i32,
}

impl Digits {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends a digit; zeros in front of the first are left out.
    fn push(&mut self, digit: u64) {
        if digit > 0 || self.len > 0 {
            self.bytes[self.len] = b'0' + digit as u8;
            self.len += 1;
        }
    }

    /// Lowers the last digit as long as that comes nearer to the number. `rest` is what the digits
    /// are below the upper bound, `unit` the weight of the last one, `wanted` what the number is
    /// below that bound, and `room` what the lower bound is.
    fn round(&mut self, mut rest: u64, unit: u64, wanted: u64, room: u64) {
        while rest < wanted
            && room - rest >= unit
            && (rest + unit < wanted || wanted - rest > rest + unit - wanted)
        {
            self.bytes[self.len - 1] -= 1;
            rest += unit;
        }
    }
}

/// `mantissa * 2^exponent`.
#[derive(Clone, Copy)]
struct Scaled {
    mantissa: u64,
    exponent: i32,
}

impl Scaled {
    fn normalized(self) -> Scaled {
        let shift = self.mantissa.leading_zeros();
        Scaled { mantissa: self.mantissa << shift, exponent: self.exponent - shift as i32 }
    }

    /// The upper half of the product, rounded.
    fn times(self, other: Scaled) -> Scaled {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa) + (1 << 63);
        Scaled { mantissa: (product >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

/// The digits of a positive, finite number.
pub(super) fn of(value: f64) -> Digits {
    let bits = value.to_bits();
    let fraction = bits & (HIDDEN_BIT - 1);
    let number = match (bits >> FRACTION_BITS) as i32 {
        0 => Scaled { mantissa: fraction, exponent: 1 - EXPONENT_BIAS },
        it => Scaled { mantissa: fraction | HIDDEN_BIT, exponent: it - EXPONENT_BIAS },
    };
    let (lower, upper) = bounds(number);
    let (power, exponent) = power_for(upper.exponent);
    let number = number.normalized().times(power).mantissa;
    let Scaled { mantissa: upper, exponent: point } = upper.times(power);
    // The products are off by one at most: the bounds move inwards by as much.
    let (upper, lower) = (upper - 1, lower.times(power).mantissa + 1);
    generate(
        Span { upper, wanted: upper - number, room: upper - lower, point: -point as u32 },
        -exponent,
    )
}

/// Half-way to the neighbours of a number, with the same exponent.
fn bounds(number: Scaled) -> (Scaled, Scaled) {
    let upper =
        Scaled { mantissa: 2 * number.mantissa + 1, exponent: number.exponent - 1 }.normalized();
    // Below a power of two the neighbours are half as far.
    let shift = if number.mantissa == HIDDEN_BIT { 2 } else { 1 };
    let lower = (number.mantissa << shift) - 1;
    let aligned = number.exponent - shift - upper.exponent;
    (Scaled { mantissa: lower << aligned, exponent: upper.exponent }, upper)
}

/// What is known of a number once it is scaled.
struct Span {
    upper: u64,
    /// From the number up to the upper bound.
    wanted: u64,
    /// From the lower to the upper bound.
    room: u64,
    /// Bits behind the binary point.
    point: u32,
}

/// Takes digits off the upper bound until what is left of it fits between the bounds.
fn generate(span: Span, exponent: i32) -> Digits {
    let Span { upper, mut wanted, mut room, point } = span;
    let mut found = Digits { bytes: [0; DIGITS_MAX], len: 0, exponent };
    let (mut whole, mut part) = (upper >> point, upper & ((1 << point) - 1));
    let mut unit = 1_000_000_000;
    for n_left in (0..10).rev() {
        found.push(whole / unit);
        whole %= unit;
        let rest = (whole << point) + part;
        if rest <= room {
            found.exponent += n_left;
            found.round(rest, unit << point, wanted, room);
            return found;
        }
        unit /= 10;
    }
    loop {
        part *= 10;
        room *= 10;
        wanted = wanted.wrapping_mul(10);
        found.exponent -= 1;
        found.push(part >> point);
        part &= (1 << point) - 1;
        if part < room {
            found.round(part, 1 << point, wanted, room);
            return found;
        }
    }
}

/// A power of ten that brings a number of this binary exponent to one from -60 to -32, and its own
/// exponent.
fn power_for(exponent: i32) -> (Scaled, i32) {
    let fits = |nth: usize| exponent + POWERS[nth].exponent + 64;
    let guess = f64::from(-(exponent + N_POWERS as i32)) * std::f64::consts::LOG10_2;
    let mut nth = ((guess as i32 - FIRST_POWER) / POWER_STEP) as usize;
    while fits(nth) < -60 {
        nth += 1;
    }
    while fits(nth) > -32 {
        nth -= 1;
    }
    (POWERS[nth], FIRST_POWER + nth as i32 * POWER_STEP)
}

/// Powers of ten from `FIRST_POWER` on, one in eight, rounded to 64 bits.
static POWERS: LazyLock<[Scaled; N_POWERS]> = LazyLock::new(|| {
    std::array::from_fn(|nth| power_of_ten(FIRST_POWER + nth as i32 * POWER_STEP))
});

fn power_of_ten(exponent: i32) -> Scaled {
    // A whole number of 64-bit digits, the lowest first: one with enough zeros behind it, which is
    // then multiplied or divided by ten again and again.
    let mut digits = [0u64; POWER_DIGITS];
    let one_at = if exponent < 0 { POWER_DIGITS - 1 } else { 0 };
    digits[one_at] = 1;
    let n_steps = exponent.unsigned_abs();
    for step in 0..n_steps / 8 + n_steps % 8 {
        let factor = if step < n_steps / 8 { 100_000_000 } else { 10 };
        let mut carry = 0;
        if exponent < 0 {
            for digit in digits.iter_mut().rev() {
                let dividend = u128::from(carry) << 64 | u128::from(*digit);
                (*digit, carry) = ((dividend / factor) as u64, (dividend % factor) as u64);
            }
        } else {
            for digit in &mut digits {
                let product = u128::from(*digit) * factor + u128::from(carry);
                (*digit, carry) = (product as u64, (product >> 64) as u64);
            }
        }
    }
    let top = digits.iter().rposition(|it| *it > 0).expect("it is not zero");
    let below = |n: usize| top.checked_sub(n).map_or(0, |it| digits[it]);
    let shift = digits[top].leading_zeros();
    let upper = u128::from(digits[top]) << 64 | u128::from(below(1));
    let upper = upper << shift | u128::from(below(2)).checked_shr(64 - shift).unwrap_or(0);
    let mantissa = (upper >> 64) as u64 + (upper as u64 >> 63);
    let exponent = 64 * (top as i32 - one_at as i32) - shift as i32;
    Scaled { mantissa, exponent }
}

const DIGITS_MAX: usize = 18;
const FRACTION_BITS: u32 = 52;
const HIDDEN_BIT: u64 = 1 << FRACTION_BITS;
/// Of the mantissa as a whole number.
const EXPONENT_BIAS: i32 = 1023 + 52;
const FIRST_POWER: i32 = -348;
const POWER_STEP: i32 = 8;
const N_POWERS: usize = 87;
/// 10^348 has 1157 bits, and 64 are kept behind the point, and some more for rounding.
const POWER_DIGITS: usize = 22;
