//! The plain parts of the format: numbers, lengths and strings.

use std::borrow::Cow;

use crate::error::Error;
use crate::lzf;

/// What is left to be read.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    string_bytes_max: usize,
}

/// A length, or the number of a special form in its place.
enum Length {
    Is(u64),
    Special(u8),
}

const SPECIAL_INT_8: u8 = 0;
const SPECIAL_INT_16: u8 = 1;
const SPECIAL_INT_32: u8 = 2;
const SPECIAL_LZF: u8 = 3;

impl<'a> Reader<'a> {
    /// Strings are at most `string_bytes_max` long, however they are written.
    pub(crate) fn new(bytes: &'a [u8], string_bytes_max: usize) -> Reader<'a> {
        Reader { rest: bytes, string_bytes_max }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Error::Corrupt)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Error::Corrupt)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|it| it[0])
    }

    /// A time or another number of eight bytes.
    pub(crate) fn number(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    fn length(&mut self) -> Result<Length, Error> {
        let first = self.byte()?;
        Ok(match first {
            0..=0x3f => Length::Is(u64::from(first)),
            0x40..=0x7f => Length::Is(u64::from(first & 0x3f) << 8 | u64::from(self.byte()?)),
            0x80 => Length::Is(u64::from(u32::from_be_bytes(self.array()?))),
            0x81 => Length::Is(u64::from_be_bytes(self.array()?)),
            0xc0..=0xff => Length::Special(first & 0x3f),
            _ => return Err(Error::Corrupt),
        })
    }

    /// How many things follow, or any number that is mostly small.
    pub(crate) fn count(&mut self) -> Result<u64, Error> {
        match self.length()? {
            Length::Is(n) => Ok(n),
            Length::Special(_) => Err(Error::Corrupt),
        }
    }

    fn size(&mut self) -> Result<usize, Error> {
        usize::try_from(self.count()?).map_err(|_| Error::Corrupt)
    }

    pub(crate) fn string(&mut self) -> Result<Cow<'a, [u8]>, Error> {
        let n = match self.length()? {
            Length::Is(n) => {
                let n = usize::try_from(n).map_err(|_| Error::Corrupt)?;
                let is_bounded = n <= self.string_bytes_max;
                return if is_bounded {
                    self.take(n).map(Cow::Borrowed)
                } else {
                    Err(Error::Corrupt)
                };
            }
            Length::Special(SPECIAL_INT_8) => i32::from(i8::from_le_bytes(self.array()?)),
            Length::Special(SPECIAL_INT_16) => i32::from(i16::from_le_bytes(self.array()?)),
            Length::Special(SPECIAL_INT_32) => i32::from_le_bytes(self.array()?),
            Length::Special(SPECIAL_LZF) => {
                let (n_packed, n) = (self.size()?, self.size()?);
                let packed = self.take(n_packed)?;
                return lzf::decompress(packed, n, self.string_bytes_max).map(Cow::Owned);
            }
            Length::Special(_) => return Err(Error::Corrupt),
        };
        Ok(Cow::Owned(itoa::Buffer::new().format(n).as_bytes().to_vec()))
    }

    /// A score of the oldest form: a text whose length says the rest where there is no number.
    pub(crate) fn score_text(&mut self) -> Result<f64, Error> {
        match self.byte()? {
            255 => Ok(f64::NEG_INFINITY),
            254 => Ok(f64::INFINITY),
            253 => Err(Error::Corrupt),
            n => parse_score(self.take(usize::from(n))?),
        }
    }

    pub(crate) fn score(&mut self) -> Result<f64, Error> {
        let score = f64::from_le_bytes(self.array()?);
        if score.is_nan() { Err(Error::Corrupt) } else { Ok(score) }
    }
}

/// A score as text.
pub(crate) fn parse_score(text: &[u8]) -> Result<f64, Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::Corrupt)?;
    let score: f64 = text.parse().map_err(|_| Error::Corrupt)?;
    if score.is_nan() { Err(Error::Corrupt) } else { Ok(score) }
}
