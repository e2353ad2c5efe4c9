//! Ziplists: what listpacks were before Redis 7. Each entry knows the length of the one before.

use tandem_engine::Element;

use crate::error::Error;
use crate::listpack::read_integer;

const HEAD_BYTES: usize = 10;
const END: u8 = 0xff;
/// Stands for a count that the head has no room for.
const UNCOUNTED: usize = 0xffff;
/// A length before that takes four more bytes.
const LONG_BEFORE: u8 = 0xfe;

/// The entries of a ziplist, one by one, each checked when its turn comes.
pub(crate) struct Ziplist<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the last entry is said to begin.
    tail: usize,
    before: usize,
    n_announced: usize,
    n_read: usize,
}

impl<'a> Ziplist<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Ziplist<'a>, Error> {
        let head = bytes.first_chunk::<HEAD_BYTES>().ok_or(Error::Corrupt)?;
        let n_bytes = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let tail = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let n_announced = usize::from(u16::from_le_bytes([head[8], head[9]]));
        if n_bytes != bytes.len() || n_bytes == HEAD_BYTES || bytes.last() != Some(&END) {
            return Err(Error::Corrupt);
        }
        let bytes = &bytes[..n_bytes - 1];
        Ok(Ziplist { bytes, at: HEAD_BYTES, tail, before: 0, n_announced, n_read: 0 })
    }

    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Error> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            let is_counted = self.n_announced == UNCOUNTED || self.n_announced == self.n_read;
            let is_whole = is_counted && self.tail == self.at - self.before;
            return if is_whole { Ok(None) } else { Err(Error::Corrupt) };
        }
        let (before, n_before) = before(rest).ok_or(Error::Corrupt)?;
        let entry = rest.get(n_before..).and_then(decode);
        let (element, n_bytes) = entry.filter(|_| before == self.before).ok_or(Error::Corrupt)?;
        self.before = n_before + n_bytes;
        self.at += self.before;
        self.n_read += 1;
        Ok(Some(element))
    }
}

/// The length of the entry before, and the bytes that say it.
fn before(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.first()? {
        END => None,
        LONG_BEFORE => Some((u32::from_le_bytes(*bytes.get(1..)?.first_chunk()?) as usize, 5)),
        n => Some((usize::from(n), 1)),
    }
}

/// An entry's content and its bytes.
fn decode(bytes: &[u8]) -> Option<(Element<'_>, usize)> {
    let first = *bytes.first()?;
    let (head, len) = match first {
        0..=0x3f => (1, usize::from(first)),
        0x40..=0x7f => (2, usize::from(first & 0x3f) << 8 | usize::from(*bytes.get(1)?)),
        0x80 => (5, u32::from_be_bytes(*bytes.get(1..)?.first_chunk()?) as usize),
        0xc0 => return integer(bytes, 2),
        0xd0 => return integer(bytes, 4),
        0xe0 => return integer(bytes, 8),
        0xf0 => return integer(bytes, 3),
        0xfe => return integer(bytes, 1),
        0xf1..=0xfd => return Some((Element::Int(i64::from(first - 0xf1)), 1)),
        _ => return None,
    };
    let end = head + len;
    Some((Element::Bytes(bytes.get(head..end)?), end))
}

fn integer(bytes: &[u8], n: usize) -> Option<(Element<'_>, usize)> {
    Some((Element::Int(read_integer(bytes.get(1..=n)?)), n + 1))
}
