//! Strings as rows of bits. Bit 0 is the highest bit of the first byte.

use std::ops::Range;

/// Counts the ones in a range of bits, which lies inside the bytes.
pub fn count_ones(bytes: &[u8], range: Range<usize>) -> usize {
    let Some(last) = range.end.checked_sub(1).filter(|last| range.start <= *last) else {
        return 0;
    };
    let (first, last) = (range.start / 8, last / 8);
    let before = bytes[first] & !FROM[range.start % 8];
    let after = if range.end.is_multiple_of(8) { 0 } else { bytes[last] & FROM[range.end % 8] };
    let outside = before.count_ones() + after.count_ones();
    ones(&bytes[first..=last]) - outside as usize
}

/// Each word gives eight sums, one a byte, which are added up side by side as long as a byte holds
/// them: a compiler makes wide instructions of this on any processor.
fn ones(bytes: &[u8]) -> usize {
    let words = bytes.chunks_exact(8);
    let rest: u32 = words.remainder().iter().map(|it| it.count_ones()).sum();
    let blocks = bytes[..bytes.len() / 8 * 8].chunks(8 * WORDS_PER_SUM);
    let sums = blocks.map(|block| {
        let word = |it: &[u8]| u64::from_ne_bytes(it.try_into().expect("eight bytes"));
        let sums: u64 = block.chunks_exact(8).map(|it| byte_sums(word(it))).sum();
        sums.to_ne_bytes().into_iter().map(usize::from).sum::<usize>()
    });
    sums.sum::<usize>() + rest as usize
}

/// The number of ones in each byte of a word.
fn byte_sums(word: u64) -> u64 {
    let pairs = word - (word >> 1 & 0x5555_5555_5555_5555);
    let fours = (pairs & 0x3333_3333_3333_3333) + (pairs >> 2 & 0x3333_3333_3333_3333);
    (fours + (fours >> 4)) & 0x0F0F_0F0F_0F0F_0F0F
}

/// The first bit in a range that is as wanted. The range lies inside the bytes.
pub fn find_bit(bytes: &[u8], wanted: bool, range: Range<usize>) -> Option<usize> {
    if range.is_empty() {
        return None;
    }
    // What is looked for reads as a one.
    let flip = if wanted { 0 } else { u8::MAX };
    let first = range.start / 8;
    let head = (bytes[first] ^ flip) & FROM[range.start % 8];
    let found = if head == 0 {
        let tail = &bytes[first + 1..range.end.div_ceil(8)];
        let index = first + 1 + first_other(tail, flip)?;
        index * 8 + (bytes[index] ^ flip).leading_zeros() as usize
    } else {
        first * 8 + head.leading_zeros() as usize
    };
    (found < range.end).then_some(found)
}

/// The index of the first byte that is not `value`: whole blocks of it are passed at once.
fn first_other(bytes: &[u8], value: u8) -> Option<usize> {
    let has_other = |block: &[u8]| block.iter().fold(0, |all, it| all | (it ^ value)) != 0;
    let start = bytes.chunks(BLOCK_BYTES).position(has_other)? * BLOCK_BYTES;
    Some(start + bytes[start..].iter().position(|it| *it != value)?)
}

/// How `combine_bits` joins two strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitOp {
    And,
    Or,
    Xor,
}

/// Joins a string into another, bit by bit. The shorter one counts as if it ended in zeros.
pub fn combine_bits(op: BitOp, into: &mut Vec<u8>, with: &[u8]) {
    if into.len() < with.len() {
        into.resize(with.len(), 0);
    }
    let (shared, rest) = into.split_at_mut(with.len());
    let pairs = shared.iter_mut().zip(with);
    match op {
        BitOp::And => {
            pairs.for_each(|(to, from)| *to &= from);
            rest.fill(0);
        }
        BitOp::Or => pairs.for_each(|(to, from)| *to |= from),
        BitOp::Xor => pairs.for_each(|(to, from)| *to ^= from),
    }
}

/// Whole numbers of some bits: `u8`, `i16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitField {
    is_signed: bool,
    n_bits: u32,
}

/// What becomes of a number that its field cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Its upper bits are lost.
    #[default]
    Wrap,
    /// It is the highest or lowest that the field holds.
    Saturate,
    /// It is not written.
    Fail,
}

impl BitField {
    /// A field of 1 to 63 bits, or of 64 when it has a sign.
    pub fn new(is_signed: bool, n_bits: u32) -> Option<BitField> {
        let max = if is_signed { 64 } else { 63 };
        (1..=max).contains(&n_bits).then_some(BitField { is_signed, n_bits })
    }

    pub fn n_bits(self) -> usize {
        self.n_bits as usize
    }

    /// The number at a bit. What lies behind the bytes is zero.
    pub fn read(self, bytes: &[u8], at: usize) -> i64 {
        let window = window(bytes, at) << (at % 8);
        // The sign is carried along as the bits move down.
        let unused = u128::BITS - self.n_bits;
        if self.is_signed { (window as i128 >> unused) as i64 } else { (window >> unused) as i64 }
    }

    /// Writes a number that the field holds. All of its bits lie inside the bytes.
    pub fn write(self, bytes: &mut [u8], at: usize, value: i64) {
        let shift = u128::BITS - self.n_bits - at as u32 % 8;
        let mask = (u128::MAX >> (u128::BITS - self.n_bits)) << shift;
        let new = window(bytes, at) & !mask | (value as u128) << shift & mask;
        let n_bytes = (at % 8 + self.n_bits()).div_ceil(8);
        bytes[at / 8..][..n_bytes].copy_from_slice(&new.to_be_bytes()[..n_bytes]);
    }

    /// What a field that holds `from` has after `delta` was added, if it has that.
    pub fn add(self, from: i64, delta: i64, overflow: Overflow) -> Option<i64> {
        self.fit(i128::from(from) + i128::from(delta), overflow)
    }

    /// What a field has once it was told to hold `value`, if it does. A field without a sign takes
    /// numbers below zero for very large ones.
    pub fn hold(self, value: i64, overflow: Overflow) -> Option<i64> {
        let value = if self.is_signed { i128::from(value) } else { i128::from(value as u64) };
        self.fit(value, overflow)
    }

    fn fit(self, value: i128, overflow: Overflow) -> Option<i64> {
        let high = (1i128 << (self.n_bits - u32::from(self.is_signed))) - 1;
        let low = if self.is_signed { -high - 1 } else { 0 };
        let fitting = match overflow {
            _ if (low..=high).contains(&value) => value,
            Overflow::Saturate => value.clamp(low, high),
            Overflow::Wrap => {
                let unused = i128::BITS - self.n_bits;
                let upper = value << unused;
                if self.is_signed { upper >> unused } else { (upper as u128 >> unused) as i128 }
            }
            Overflow::Fail => return None,
        };
        Some(fitting as i64)
    }
}

/// The sixteen bytes from the one with bit `at`, as a number with that byte on top.
fn window(bytes: &[u8], at: usize) -> u128 {
    let mut window = [0; 16];
    let from = bytes.get(at / 8..).unwrap_or_default();
    // A field of 64 bits begins in one byte and ends in the ninth.
    let n_bytes = from.len().min(9);
    window[..n_bytes].copy_from_slice(&from[..n_bytes]);
    u128::from_be_bytes(window)
}

/// What a byte keeps of its bits from the nth on.
const FROM: [u8; 8] = [0xFF, 0x7F, 0x3F, 0x1F, 0x0F, 0x07, 0x03, 0x01];

/// A byte holds this many sums of eight at most.
const WORDS_PER_SUM: usize = 31;

/// Four cache lines: looked at in a few instructions, and searched again byte by byte once.
const BLOCK_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::for_seeds;

    fn bits_of(bytes: &[u8]) -> Vec<bool> {
        bytes.iter().flat_map(|it| (0..8).map(move |at| it & (0x80 >> at) != 0)).collect()
    }

    #[test]
    fn bits_are_counted_and_found_as_in_a_vector() {
        for_seeds(60, |random| {
            let len_max = if random.one_in(3) { 2000 } else { 20 };
            let mut bytes = random.bytes(len_max);
            // Long runs of equal bytes are what the search passes in blocks.
            if random.one_in(2) {
                let n = bytes.len();
                let value = if random.one_in(2) { 0 } else { 0xFF };
                bytes[..random.below(n + 1)].fill(value);
            }
            let bits = bits_of(&bytes);
            for _ in 0..20 {
                let ends = [random.below(bits.len() + 1), random.below(bits.len() + 1)];
                let (start, end) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                let n_ones = bits[start..end].iter().filter(|it| **it).count();
                assert_eq!(count_ones(&bytes, start..end), n_ones, "{start}..{end}");
                for wanted in [false, true] {
                    let at = bits[start..end].iter().position(|it| *it == wanted);
                    let found = find_bit(&bytes, wanted, start..end);
                    assert_eq!(found, at.map(|it| it + start), "{wanted} in {start}..{end}");
                }
            }
        });
    }

    #[test]
    fn strings_are_joined_as_if_both_were_as_long() {
        for_seeds(40, |random| {
            let (one, other) = (random.bytes(40), random.bytes(40));
            let byte = |of: &[u8], at: usize| of.get(at).copied().unwrap_or_default();
            for op in [BitOp::And, BitOp::Or, BitOp::Xor] {
                let mut joined = one.clone();
                combine_bits(op, &mut joined, &other);
                let expected: Vec<u8> = (0..one.len().max(other.len()))
                    .map(|at| match op {
                        BitOp::And => byte(&one, at) & byte(&other, at),
                        BitOp::Or => byte(&one, at) | byte(&other, at),
                        BitOp::Xor => byte(&one, at) ^ byte(&other, at),
                    })
                    .collect();
                assert_eq!(joined, expected);
            }
        });
    }

    #[test]
    fn a_field_gives_back_what_it_took_and_leaves_the_rest() {
        for_seeds(60, |random| {
            let mut bytes: Vec<u8> = (0..24).map(|_| random.next() as u8).collect();
            let is_signed = random.one_in(2);
            let n_bits = 1 + random.below(if is_signed { 64 } else { 63 });
            let field = BitField::new(is_signed, n_bits as u32).unwrap();
            let at = random.below(24 * 8 - n_bits);
            let before = bits_of(&bytes);
            let wanted = random.below(usize::MAX) as i64;
            let value = field.hold(wanted, Overflow::Wrap).unwrap();
            field.write(&mut bytes, at, value);
            assert_eq!(field.read(&bytes, at), value);
            let after = bits_of(&bytes);
            assert_eq!(
                (&before[..at], &before[at + n_bits..]),
                (&after[..at], &after[at + n_bits..])
            );
            let low_bits = (0..n_bits).map(|it| wanted >> (n_bits - 1 - it) & 1 == 1);
            assert!(low_bits.eq(after[at..at + n_bits].iter().copied()), "upper bits are lost");
        });
        assert_eq!(BitField::new(false, 8).unwrap().read(b"\x01", 4), 0x10, "zeros follow");
        assert_eq!(BitField::new(false, 8).unwrap().read(b"\x01", 400), 0);
    }

    #[test]
    fn fields_overflow_at_their_ends() {
        let (byte, signed) = (BitField::new(false, 8).unwrap(), BitField::new(true, 8).unwrap());
        let whole = BitField::new(true, 64).unwrap();
        let cases = [
            (byte, 250, 10, [4, 255], true),
            (byte, 5, -10, [251, 0], true),
            (byte, 5, 10, [15, 15], false),
            (signed, 120, 10, [-126, 127], true),
            (signed, -120, -10, [126, -128], true),
            (whole, i64::MAX, 1, [i64::MIN, i64::MAX], true),
            (whole, i64::MIN, -1, [i64::MAX, i64::MIN], true),
        ];
        for (field, from, delta, [wrapped, saturated], overflows) in cases {
            assert_eq!(field.add(from, delta, Overflow::Wrap), Some(wrapped));
            assert_eq!(field.add(from, delta, Overflow::Saturate), Some(saturated));
            assert_eq!(field.add(from, delta, Overflow::Fail).is_none(), overflows);
        }
        assert_eq!(BitField::new(false, 63).unwrap().hold(-1, Overflow::Saturate), Some(i64::MAX));
        for (is_signed, n_bits) in [(false, 0), (true, 0), (false, 64), (true, 65)] {
            assert_eq!(BitField::new(is_signed, n_bits), None);
        }
    }
}
