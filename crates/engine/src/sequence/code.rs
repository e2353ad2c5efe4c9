//! How one entry of a sequence is written: a code of one byte, then its data.
//!
//! ```text
//! 0x00-0x7f  an integer from 0 to 127, which has no data
//! 0x80-0xbf  a string of 0 to 63 bytes
//! 0xc0-0xdf  an integer of 13 bits: five here, eight as data
//! 0xe0-0xef  a string of 64 to 4095 bytes: four bits of the length here, eight on its sides
//! 0xf0       a longer string: four bytes of length on its sides
//! 0xf2-0xf8  an integer of 2 to 8 bytes
//! ```
//!
//! "On its sides": in front and behind, for walks from both ends. Numbers are little endian.

use bytes::Bytes;

/// One byte string of a sequence. What is written like a number is kept as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    Bytes(&'a [u8]),
    Int(i64),
    /// One that lies on its own because it is big. It can leave without a copy.
    Shared(&'a Bytes),
}

impl<'a> Element<'a> {
    /// An integer where that has just these digits.
    pub fn of(bytes: &'a [u8]) -> Element<'a> {
        integer(bytes).map_or(Element::Bytes(bytes), Element::Int)
    }

    /// Its bytes, written into `buffer` if need be.
    pub fn text<'t>(self, buffer: &'t mut itoa::Buffer) -> &'t [u8]
    where
        'a: 't,
    {
        match self {
            Element::Bytes(it) => it,
            Element::Shared(it) => it,
            Element::Int(it) => buffer.format(it).as_bytes(),
        }
    }

    /// Whether two of them are the same bytes.
    pub fn is(self, other: Element<'_>) -> bool {
        match (self, other) {
            (Element::Int(a), Element::Int(b)) => a == b,
            (Element::Int(_), _) | (_, Element::Int(_)) => false,
            (Element::Bytes(a), Element::Bytes(b)) => a == b,
            (Element::Bytes(a), Element::Shared(b)) | (Element::Shared(b), Element::Bytes(a)) => {
                a == b
            }
            (Element::Shared(a), Element::Shared(b)) => a == b,
        }
    }

    pub fn to_vec(self) -> Vec<u8> {
        self.text(&mut itoa::Buffer::new()).to_vec()
    }
}

/// A string that is the one spelling of a 64-bit integer.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        _ => (text, false),
    };
    let first = *digits.first()?;
    if !first.is_ascii_digit() || DIGITS_MAX < digits.len() {
        return None;
    }
    if first == b'0' {
        return (digits.len() == 1 && !is_negative).then_some(0);
    }
    let mut magnitude = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if 9 < digit {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit);
    }
    let value = if is_negative { magnitude.wrapping_neg() } else { magnitude } as i64;
    ((value < 0) == is_negative).then_some(value)
}

/// Digits of the greatest 64-bit integer.
const DIGITS_MAX: usize = 19;

pub(super) const LONG: u8 = 0xf0;
const SHORT_STRING: u8 = 0x80;
const SHORT_STRING_MAX: usize = 63;
const INT_13: u8 = 0xc0;
const MIDDLE_STRING: u8 = 0xe0;
const MIDDLE_STRING_MAX: usize = 0xfff;
const WIDE_INT: u8 = 0xf0;

/// The code of an entry, and the length of its data where that is not in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) u8);

impl Code {
    /// Bytes of length on each side of the data.
    #[inline]
    pub(super) fn side_bytes(self) -> usize {
        match self.0 {
            MIDDLE_STRING..=0xef => 1,
            LONG => 4,
            _ => 0,
        }
    }

    /// Length of the data; `side` is what lies at its side.
    #[inline]
    pub(super) fn data_len(self, side: &[u8]) -> usize {
        match self.0 {
            0..=0x7f => 0,
            SHORT_STRING..=0xbf => usize::from(self.0 & 0x3f),
            INT_13..=0xdf => 1,
            MIDDLE_STRING..=0xef => usize::from(self.0 & 0xf) << 8 | usize::from(side[0]),
            LONG => u32::from_le_bytes([side[0], side[1], side[2], side[3]]) as usize,
            _ => usize::from(self.0 & 0xf),
        }
    }

    /// Whether a sequence can say it once for all its entries.
    #[inline]
    pub(super) fn is_shareable(self) -> bool {
        !matches!(self.0, 0..=0x7f | INT_13..=0xdf | LONG)
    }

    pub(super) fn is_valid(self) -> bool {
        !matches!(self.0, 0xf1 | 0xf9..=0xff)
    }
}

/// An entry as it lies in a sequence, or as it is going to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) code: Code,
    pub(super) data: &'a [u8],
}

impl<'a> Entry<'a> {
    #[inline]
    pub(super) fn element(self) -> Element<'a> {
        match self.code.0 {
            it @ 0..=0x7f => Element::Int(i64::from(it)),
            it @ INT_13..=0xdf => {
                let bits = i64::from(it & 0x1f) << 8 | i64::from(self.data[0]);
                Element::Int(bits << 51 >> 51)
            }
            0xf2..=0xf8 => {
                let mut bytes = [0; 8];
                bytes[8 - self.data.len()..].copy_from_slice(self.data);
                Element::Int(i64::from_le_bytes(bytes) >> (64 - 8 * self.data.len()))
            }
            _ => Element::Bytes(self.data),
        }
    }

    /// The low byte of a length that the code has only in part.
    pub(super) fn low(self) -> u8 {
        if self.code.side_bytes() == 1 { self.data.len() as u8 } else { 0 }
    }

    /// Bytes that the entry takes where codes are not shared.
    pub(super) fn mixed_len(self) -> usize {
        1 + 2 * self.code.side_bytes() + self.data.len()
    }

    /// The length of the data, as many bytes of it as lie on each side.
    pub(super) fn side(self) -> [u8; 4] {
        (self.data.len() as u32).to_le_bytes()
    }
}

/// An element in the form in which it is stored, and compared with what is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coded<'a> {
    code: Code,
    /// The end of it is the data of an integer.
    number: [u8; 8],
    number_len: u8,
    string: &'a [u8],
}

impl<'a> Coded<'a> {
    pub(crate) fn new(element: Element<'a>) -> Coded<'a> {
        match element {
            Element::Bytes(it) => Coded::string(it),
            Element::Shared(it) => Coded::string(it),
            Element::Int(it) => Coded::number(it),
        }
    }

    /// The form of what a client sends.
    pub(crate) fn of(bytes: &'a [u8]) -> Coded<'a> {
        Coded::new(Element::of(bytes))
    }

    fn string(bytes: &'a [u8]) -> Coded<'a> {
        let code = match bytes.len() {
            len @ ..=SHORT_STRING_MAX => SHORT_STRING | len as u8,
            len @ ..=MIDDLE_STRING_MAX => MIDDLE_STRING | (len >> 8) as u8,
            _ => LONG,
        };
        Coded { code: Code(code), number: [0; 8], number_len: 0, string: bytes }
    }

    fn number(value: i64) -> Coded<'a> {
        let (code, len) = match value {
            0..=0x7f => (value as u8, 0),
            -4096..=4095 => (INT_13 | (value >> 8) as u8 & 0x1f, 1),
            _ => {
                let n_bits = 65 - (value ^ value >> 63).leading_zeros();
                let len = n_bits.div_ceil(8) as u8;
                (WIDE_INT | len, len)
            }
        };
        Coded { code: Code(code), number: value.to_le_bytes(), number_len: len, string: &[] }
    }

    #[inline]
    pub(super) fn entry(&self) -> Entry<'_> {
        let data = match self.number_len {
            0 => self.string,
            len => &self.number[..usize::from(len)],
        };
        Entry { code: self.code, data }
    }

    pub(crate) fn element(&self) -> Element<'_> {
        self.entry().element()
    }
}
