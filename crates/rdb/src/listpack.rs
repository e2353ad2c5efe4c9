//! Listpacks: a head of six bytes, entries with their length behind each, and an end.

use tandem_engine::Element;

use crate::error::Error;

const HEAD_BYTES: usize = 6;
const END: u8 = 0xff;
/// Stands for a count that the head has no room for.
const UNCOUNTED: usize = 0xffff;

/// The entries of a listpack, one by one, each checked when its turn comes.
pub(crate) struct Listpack<'a> {
    /// Without the end.
    rest: &'a [u8],
    n_announced: usize,
    n_read: usize,
}

impl<'a> Listpack<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Listpack<'a>, Error> {
        let (head, body) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(Error::Corrupt)?;
        let n_bytes = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let n_announced = usize::from(u16::from_le_bytes([head[4], head[5]]));
        match body.split_last() {
            Some((&END, rest)) if n_bytes as usize == bytes.len() => {
                Ok(Listpack { rest, n_announced, n_read: 0 })
            }
            _ => Err(Error::Corrupt),
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Error> {
        if self.rest.is_empty() {
            let is_whole = self.n_announced == UNCOUNTED || self.n_announced == self.n_read;
            return if is_whole { Ok(None) } else { Err(Error::Corrupt) };
        }
        let (element, n_bytes) = decode(self.rest).ok_or(Error::Corrupt)?;
        let (way_back, n_way_back) = way_back(n_bytes);
        let behind = self.rest.get(n_bytes..).ok_or(Error::Corrupt)?;
        self.rest = behind.strip_prefix(&way_back[..n_way_back]).ok_or(Error::Corrupt)?;
        self.n_read += 1;
        Ok(Some(element))
    }
}

/// The first entry and its bytes.
fn decode(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let first = *bytes.first()?;
    let low = usize::from(first);
    let (head, len) = match first {
        0..=0x7f => return Some((Element::Int(i64::from(first)), 1)),
        0x80..=0xbf => (1, low & 0x3f),
        0xc0..=0xdf => {
            let bits = i64::from(first & 0x1f) << 8 | i64::from(*bytes.get(1)?);
            return Some((Element::Int(bits << 51 >> 51), 2));
        }
        0xe0..=0xef => (2, (low & 0xf) << 8 | usize::from(*bytes.get(1)?)),
        0xf0 => {
            let len = u32::from_le_bytes(*bytes.get(1..)?.first_chunk()?);
            (5, len as usize)
        }
        0xf1 => return integer(bytes, 2),
        0xf2 => return integer(bytes, 3),
        0xf3 => return integer(bytes, 4),
        0xf4 => return integer(bytes, 8),
        _ => return None,
    };
    let end = head + len;
    Some((Element::Bytes(bytes.get(head..end)?), end))
}

/// An integer of so many bytes behind the first.
fn integer(bytes: &[u8], n: usize) -> Option<(Element<'_>, usize)> {
    Some((Element::Int(read_integer(bytes.get(1..=n)?)), n + 1))
}

/// A little-endian integer of up to eight bytes.
pub(crate) fn read_integer(bytes: &[u8]) -> i64 {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    let unused = 64 - 8 * bytes.len() as u32;
    i64::from_le_bytes(whole) << unused >> unused
}

/// The length that stands behind an entry, seven bits in each byte, to be read from its end.
fn way_back(n: usize) -> ([u8; 5], usize) {
    let n_bytes = match n {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    };
    let mut bytes = [0; 5];
    for (index, byte) in bytes[..n_bytes].iter_mut().enumerate() {
        let bits = (n >> (7 * (n_bytes - 1 - index))) as u8 & 0x7f;
        *byte = if index == 0 { bits } else { bits | 0x80 };
    }
    (bytes, n_bytes)
}

/// A listpack that is being written.
pub(crate) struct ListpackWriter {
    bytes: Vec<u8>,
    n_entries: usize,
}

impl ListpackWriter {
    pub(crate) fn new() -> ListpackWriter {
        ListpackWriter { bytes: vec![0; HEAD_BYTES], n_entries: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.n_entries == 0
    }

    /// Bytes with the end.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + 1
    }

    /// An integer where that has just these digits.
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.element(Element::of(text));
    }

    pub(crate) fn element(&mut self, element: Element<'_>) {
        match element {
            Element::Int(n) => self.integer(n),
            Element::Bytes(it) => self.bytes(it),
            Element::Shared(it) => self.bytes(it),
        }
    }

    pub(crate) fn integer(&mut self, n: i64) {
        let start = self.bytes.len();
        let (code, n_bytes) = match n {
            0..=0x7f => (n as u8, 0),
            -0x1000..=0xfff => {
                let bits = n as u16 & 0x1fff | 0xc000;
                self.bytes.extend(bits.to_be_bytes());
                return self.close(start);
            }
            -0x8000..=0x7fff => (0xf1, 2),
            -0x80_0000..=0x7f_ffff => (0xf2, 3),
            -0x8000_0000..=0x7fff_ffff => (0xf3, 4),
            _ => (0xf4, 8),
        };
        self.bytes.push(code);
        self.bytes.extend_from_slice(&n.to_le_bytes()[..n_bytes]);
        self.close(start);
    }

    fn bytes(&mut self, text: &[u8]) {
        let start = self.bytes.len();
        match text.len() {
            n @ 0..64 => self.bytes.push(n as u8 | 0x80),
            n @ 64..4096 => self.bytes.extend((n as u16 | 0xe000).to_be_bytes()),
            n => {
                self.bytes.push(0xf0);
                self.bytes.extend((n as u32).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(text);
        self.close(start);
    }

    fn close(&mut self, start: usize) {
        let (way_back, n) = way_back(self.bytes.len() - start);
        self.bytes.extend_from_slice(&way_back[..n]);
        self.n_entries += 1;
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let n_bytes = self.bytes.len() as u32;
        let n_entries = self.n_entries.min(UNCOUNTED) as u16;
        self.bytes[..4].copy_from_slice(&n_bytes.to_le_bytes());
        self.bytes[4..HEAD_BYTES].copy_from_slice(&n_entries.to_le_bytes());
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let numbers = (0..64).flat_map(|it| [0, -1, 1].map(|n| (1_i64 << it).wrapping_add(n)));
        let numbers: Vec<i64> = numbers.flat_map(|it| [it, it.wrapping_neg()]).collect();
        let texts: Vec<Vec<u8>> = [0, 1, 63, 64, 120, 127, 128, 4095, 4096, 16_380, 16_383, 70_000]
            .map(|n| vec![b'x'; n])
            .into();
        let mut writer = ListpackWriter::new();
        for number in &numbers {
            writer.integer(*number);
        }
        for text in &texts {
            writer.text(text);
        }
        let bytes = writer.finish();
        let mut reader = Listpack::open(&bytes).unwrap();
        for number in &numbers {
            assert_eq!(reader.next(), Ok(Some(Element::Int(*number))));
        }
        for text in &texts {
            assert_eq!(reader.next(), Ok(Some(Element::Bytes(text))));
        }
        assert_eq!(reader.next(), Ok(None));
    }
}
