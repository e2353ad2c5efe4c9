//! How names and values lie in a node. Texts that are an integer in its canonical spelling, which
//! is much of what streams carry, are kept as the number.
//!
//! The first byte says what follows: `0x00..=0x7f` a text of that length, `0x80..=0xbf` nothing (a
//! number from 0 to 63), `0xc0..=0xc7` a number in so many bytes more than one, `0xc8..=0xcf` the
//! complement of a negative one, `LONG_TEXT` a length and a text. Numbers beside words (counts,
//! parts of ids) are LEB128.

use crate::sequence::Element;

const SHORT_TEXT_MAX: usize = 0x7f;
const SMALL_INTEGER: u8 = 0x80;
const SMALL_INTEGER_MAX: u8 = 0x3f;
const POSITIVE: u8 = 0xc0;
const NEGATIVE: u8 = 0xc8;
const LONG_TEXT: u8 = 0xd0;

pub(super) fn put_word(into: &mut Vec<u8>, word: Element<'_>) {
    match word {
        Element::Bytes(text) => put_text(into, text),
        Element::Shared(text) => put_text(into, text),
        Element::Int(n) if (0..=i64::from(SMALL_INTEGER_MAX)).contains(&n) => {
            into.push(SMALL_INTEGER | n as u8);
        }
        Element::Int(n) => {
            let (tag, magnitude) = if n < 0 { (NEGATIVE, !n as u64) } else { (POSITIVE, n as u64) };
            let n_bytes = (magnitude | 1).ilog2() / 8 + 1;
            into.push(tag + (n_bytes - 1) as u8);
            into.extend_from_slice(&magnitude.to_le_bytes()[..n_bytes as usize]);
        }
    }
}

fn put_text(into: &mut Vec<u8>, text: &[u8]) {
    if text.len() <= SHORT_TEXT_MAX {
        into.push(text.len() as u8);
    } else {
        into.push(LONG_TEXT);
        put_number(into, text.len() as u64);
    }
    into.extend_from_slice(text);
}

pub(super) fn put_number(into: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        into.push(n as u8 | 0x80);
        n >>= 7;
    }
    into.push(n as u8);
}

/// Reads what was put. Behind the end there are zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_done(self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    #[inline]
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    #[inline]
    pub(super) fn number(&mut self) -> u64 {
        let (mut n, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            n |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift >= u64::BITS {
                return n;
            }
        }
    }

    #[inline]
    pub(super) fn word(&mut self) -> Element<'a> {
        let tag = self.byte();
        match tag {
            0..SMALL_INTEGER => Element::Bytes(self.take(usize::from(tag))),
            SMALL_INTEGER..POSITIVE => Element::Int(i64::from(tag & SMALL_INTEGER_MAX)),
            POSITIVE..NEGATIVE => Element::Int(self.magnitude(tag - POSITIVE) as i64),
            NEGATIVE..LONG_TEXT => Element::Int(!(self.magnitude(tag - NEGATIVE) as i64)),
            _ => {
                let len = self.number();
                Element::Bytes(self.take(usize::try_from(len).unwrap_or(usize::MAX)))
            }
        }
    }

    fn magnitude(&mut self, n_more_bytes: u8) -> u64 {
        let taken = self.take(usize::from(n_more_bytes) + 1);
        let mut bytes = [0; 8];
        bytes[..taken.len()].copy_from_slice(taken);
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use itoa::Buffer;

    use super::*;

    #[test]
    fn words_come_back_as_they_were() {
        let mut texts: Vec<Vec<u8>> =
            [0, 1, 126, 127, 128, 300, 70_000].map(|len| vec![b'x'; len]).to_vec();
        for n in [0, 1, 63, 64, 127, 128, 255, 256, 65_535, 65_536, i64::MAX - 1, i64::MAX] {
            texts.extend([n, !n].map(|it| it.to_string().into_bytes()));
        }
        for text in ["007", "+1", "-0", "-", "1 ", "9223372036854775808", "1.0", "\u{661}"] {
            texts.push(text.as_bytes().to_vec());
        }
        let mut bytes = Vec::new();
        for text in &texts {
            put_word(&mut bytes, Element::of(text));
        }
        let mut reader = Reader::new(&bytes);
        for text in &texts {
            assert_eq!(reader.word().text(&mut Buffer::new()), text);
        }
        assert!(reader.is_done());
    }

    #[test]
    fn numbers_are_kept_small() {
        let len_of = |text: &str| {
            let mut bytes = Vec::new();
            put_word(&mut bytes, Element::of(text.as_bytes()));
            bytes.len()
        };
        let lens = ["0", "63", "64", "-1", "255", "256", "-257", "1700000000000"].map(len_of);
        assert_eq!(lens, [1, 1, 2, 2, 2, 3, 3, 7]);
    }

    #[test]
    fn a_reader_of_anything_comes_to_an_end() {
        for byte in 0..=u8::MAX {
            let bytes = [byte; 5];
            let mut reader = Reader::new(&bytes);
            for _ in 0..bytes.len() {
                reader.word();
            }
            assert!(reader.is_done());
        }
    }
}
