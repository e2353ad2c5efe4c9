//! A run of byte strings without pointers, so that it can lie anywhere: what lists, sets and
//! others are packed into. It is walked from both ends.
//!
//! Its head is the count (u16, little endian), a code and the low byte of a length. Where all
//! entries have one code and one length, these two say which, and the entries are their data
//! alone, one behind the other: any of them is found by multiplication.
//!
//! Else both are zero, and the sequence is mixed. Each entry is its data, with a length on both
//! sides if it is long; between two entries, and at both ends, lies a single byte: the code of the
//! entry before XOR the code of the entry behind, 0 standing for none. Whoever has left one entry
//! knows its code, and so the code of the next, in either direction.

mod code;
#[cfg(test)]
mod model;

pub(crate) use crate::sequence::code::Coded;
pub use crate::sequence::code::Element;
use crate::sequence::code::{Code, Entry};

const HEAD_BYTES: usize = 4;

/// A place between two entries, or at an end. Good until the sequence changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Entries in front of it.
    pub(crate) index: usize,
    /// Where the byte between the entries lies, or the data behind where there is none.
    at: usize,
    /// The code of the entry before, in a mixed sequence.
    before: u8,
}

/// What all entries share: 0 in a mixed sequence.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    code: u8,
    low: u8,
}

impl Shape {
    #[inline]
    fn of(bytes: &[u8]) -> Shape {
        Shape { code: bytes[2], low: bytes[3] }
    }

    /// Bytes of each entry; `None` in a mixed sequence.
    #[inline]
    fn width(self) -> Option<usize> {
        (self.code != 0).then(|| Code(self.code).data_len(&[self.low]))
    }

    /// The shape that entries like this one share, if such a sequence can be.
    fn shared_by(entry: Entry<'_>) -> Shape {
        if entry.code.is_shareable() {
            Shape { code: entry.code.0, low: entry.low() }
        } else {
            Shape { code: 0, low: 0 }
        }
    }
}

#[inline]
pub(crate) fn len(bytes: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn set_len(bytes: &mut [u8], len: usize) {
    let len = u16::try_from(len).expect("the callers' limits keep the count below 2^16");
    bytes[..2].copy_from_slice(&len.to_le_bytes());
}

/// The place at the front.
#[inline]
pub(crate) fn front() -> Gap {
    Gap { index: 0, at: HEAD_BYTES, before: 0 }
}

/// The place at the end.
#[inline]
pub(crate) fn back(bytes: &[u8]) -> Gap {
    match (len(bytes), Shape::of(bytes).width()) {
        (0, _) => front(),
        (index, Some(_)) => Gap { index, at: bytes.len(), before: 0 },
        (index, None) => Gap { index, at: bytes.len() - 1, before: bytes[bytes.len() - 1] },
    }
}

/// The place in front of the entry at an index, which is `len` at most: at once where all entries
/// are of one length, else by a walk from the nearer end.
pub(crate) fn seek(bytes: &[u8], index: usize) -> Gap {
    let len = len(bytes);
    debug_assert!(index <= len);
    if let Some(width) = Shape::of(bytes).width() {
        return Gap { index, at: HEAD_BYTES + index * width, before: 0 };
    }
    if index < len / 2 {
        let mut walk = iter(bytes);
        while walk.front.index < index {
            walk.next_entry();
        }
        walk.front
    } else {
        let mut walk = iter(bytes);
        while index < walk.back.index {
            walk.next_entry_back();
        }
        walk.back
    }
}

pub(crate) fn iter(bytes: &[u8]) -> Walk<'_> {
    iter_from(bytes, front())
}

/// What lies behind a place.
pub(crate) fn iter_from(bytes: &[u8], front: Gap) -> Walk<'_> {
    Walk { bytes, shape: Shape::of(bytes), front, back: back(bytes) }
}

/// What lies before a place.
pub(crate) fn iter_to(bytes: &[u8], back: Gap) -> Walk<'_> {
    Walk { bytes, shape: Shape::of(bytes), front: front(), back }
}

/// A walk over entries, from both ends.
#[derive(Clone)]
pub(crate) struct Walk<'a> {
    bytes: &'a [u8],
    shape: Shape,
    front: Gap,
    back: Gap,
}

impl<'a> Walk<'a> {
    /// Goes on behind the next entry equal to a value; returns the place in front of it.
    pub(crate) fn find(&mut self, value: &Coded<'_>) -> Option<Gap> {
        let wanted = value.entry();
        loop {
            let front = self.front;
            if same(self.next_entry()?, wanted) {
                return Some(front);
            }
        }
    }

    /// Goes on before the last entry equal to a value; returns the place in front of it.
    pub(crate) fn find_back(&mut self, value: &Coded<'_>) -> Option<Gap> {
        let wanted = value.entry();
        while let Some(entry) = self.next_entry_back() {
            if same(entry, wanted) {
                return Some(self.back);
            }
        }
        None
    }

    #[inline]
    fn next_entry(&mut self) -> Option<Entry<'a>> {
        if self.front.index == self.back.index {
            return None;
        }
        let (bytes, Gap { index, at, before }) = (self.bytes, self.front);
        if let Some(width) = self.shape.width() {
            self.front = Gap { index: index + 1, at: at + width, before };
            return Some(Entry { code: Code(self.shape.code), data: &bytes[at..at + width] });
        }
        let code = Code(before ^ bytes[at]);
        let side_bytes = code.side_bytes();
        let start = at + 1 + side_bytes;
        let end = start + code.data_len(&bytes[at + 1..]);
        self.front = Gap { index: index + 1, at: end + side_bytes, before: code.0 };
        Some(Entry { code, data: &bytes[start..end] })
    }

    #[inline]
    fn next_entry_back(&mut self) -> Option<Entry<'a>> {
        if self.front.index == self.back.index {
            return None;
        }
        let (bytes, Gap { index, at, before }) = (self.bytes, self.back);
        if let Some(width) = self.shape.width() {
            self.back = Gap { index: index - 1, at: at - width, before };
            return Some(Entry { code: Code(self.shape.code), data: &bytes[at - width..at] });
        }
        let code = Code(before);
        let side_bytes = code.side_bytes();
        let end = at - side_bytes;
        let start = end - code.data_len(&bytes[end..]);
        let at = start - side_bytes - 1;
        self.back = Gap { index: index - 1, at, before: code.0 ^ bytes[at] };
        Some(Entry { code, data: &bytes[start..end] })
    }
}

#[inline]
fn same(a: Entry<'_>, b: Entry<'_>) -> bool {
    a.code == b.code && a.data == b.data
}

impl<'a> Iterator for Walk<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        self.next_entry().map(Entry::element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n_left = self.back.index - self.front.index;
        (n_left, Some(n_left))
    }
}

impl DoubleEndedIterator for Walk<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.next_entry_back().map(Entry::element)
    }
}

impl ExactSizeIterator for Walk<'_> {}

/// True when `index` costs no walk.
pub(crate) fn is_even(bytes: &[u8]) -> bool {
    Shape::of(bytes).width().is_some()
}

/// Makes it an empty sequence, whatever it was.
pub(crate) fn clear(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(&[0; HEAD_BYTES]);
}

pub(crate) fn push_back(bytes: &mut Vec<u8>, value: &Coded<'_>) {
    insert(bytes, back(bytes), value);
}

pub(crate) fn push_front(bytes: &mut Vec<u8>, value: &Coded<'_>) {
    insert(bytes, front(), value);
}

/// Bytes by which a value makes a sequence longer, at most.
pub(crate) fn growth(bytes: &[u8], value: &Coded<'_>) -> usize {
    let entry = value.entry();
    let is_mixed_by = is_even(bytes) && Shape::of(bytes) != Shape::shared_by(entry);
    let side_bytes = Code(Shape::of(bytes).code).side_bytes();
    let mixing = if is_mixed_by { len(bytes) * (1 + 2 * side_bytes) } else { 0 };
    1 + entry.mixed_len() + mixing
}

/// Puts a value at a place. There are fewer than 2^16 - 1 entries.
pub(crate) fn insert(bytes: &mut Vec<u8>, mut gap: Gap, value: &Coded<'_>) {
    let entry = value.entry();
    let shape = Shape::shared_by(entry);
    let len = len(bytes);
    if len == 0 {
        bytes.truncate(HEAD_BYTES);
        (bytes[2], bytes[3]) = (shape.code, shape.low);
        // The byte at the end of a mixed sequence, which the entry gives its value.
        bytes.extend_from_slice(if shape.code == 0 { &[0] } else { &[] });
    } else if Shape::of(bytes) != shape && Shape::of(bytes).code != 0 {
        mix(bytes);
        gap = seek(bytes, gap.index);
    }
    set_len(bytes, len + 1);
    if Shape::of(bytes).code != 0 {
        open(bytes, gap.at, entry.data.len());
        bytes[gap.at..][..entry.data.len()].copy_from_slice(entry.data);
        return;
    }
    let behind = gap.before ^ bytes[gap.at];
    open(bytes, gap.at, entry.mixed_len());
    write_mixed(&mut bytes[gap.at..], gap.before, entry, behind);
}

/// Writes an entry with the bytes around it.
fn write_mixed(to: &mut [u8], before: u8, entry: Entry<'_>, behind: u8) {
    let (side, side_bytes) = (entry.side(), entry.code.side_bytes());
    let side = &side[..side_bytes];
    let data_end = 1 + side_bytes + entry.data.len();
    to[0] = before ^ entry.code.0;
    to[1..=side_bytes].copy_from_slice(side);
    to[1 + side_bytes..data_end].copy_from_slice(entry.data);
    to[data_end..][..side_bytes].copy_from_slice(side);
    to[data_end + side_bytes] = entry.code.0 ^ behind;
}

/// Gives the entry behind a place another value.
pub(crate) fn replace(bytes: &mut Vec<u8>, gap: Gap, value: &Coded<'_>) {
    let mut walk = iter_from(bytes, gap);
    let old = walk.next_entry().expect("there is an entry behind the place");
    let new = value.entry();
    let end = walk.front;
    if Shape::of(bytes).code != 0 && old.code == new.code && old.data.len() == new.data.len() {
        return bytes[gap.at..end.at].copy_from_slice(new.data);
    }
    if Shape::of(bytes).code == 0 && old.mixed_len() == new.mixed_len() {
        let behind = old.code.0 ^ bytes[end.at];
        return write_mixed(&mut bytes[gap.at..=end.at], gap.before, new, behind);
    }
    remove(bytes, gap, 1);
    insert(bytes, gap, value);
}

/// Takes so many entries out behind a place; there are as many.
pub(crate) fn remove(bytes: &mut Vec<u8>, gap: Gap, n_entries: usize) {
    let len = len(bytes);
    if n_entries == len {
        return clear(bytes);
    }
    let end = match n_entries {
        0 => return,
        1 => {
            let mut walk = iter_from(bytes, gap);
            walk.next_entry();
            walk.front
        }
        n => seek(bytes, gap.index + n),
    };
    set_len(bytes, len - n_entries);
    if Shape::of(bytes).code == 0 {
        // What lay behind the last of them now lies behind what is before the first.
        bytes[end.at] ^= end.before ^ gap.before;
    }
    bytes.drain(gap.at..end.at);
}

/// Cuts a sequence in two: what lies behind the place is returned.
pub(crate) fn split_off(bytes: &mut Vec<u8>, gap: Gap) -> Vec<u8> {
    let len = len(bytes);
    let mut rest = Vec::with_capacity(HEAD_BYTES + bytes.len() - gap.at);
    if gap.index == len {
        clear(&mut rest);
        return rest;
    }
    rest.extend_from_slice(&bytes[..HEAD_BYTES]);
    rest.extend_from_slice(&bytes[gap.at..]);
    set_len(&mut rest, len - gap.index);
    if Shape::of(bytes).code == 0 {
        rest[HEAD_BYTES] ^= gap.before;
        bytes[gap.at] = gap.before;
        bytes.truncate(gap.at + 1);
    } else {
        bytes.truncate(gap.at);
    }
    set_len(bytes, gap.index);
    if gap.index == 0 {
        clear(bytes);
    }
    rest
}

/// Puts all entries of another sequence behind those of this one.
pub(crate) fn append(bytes: &mut Vec<u8>, other: &[u8]) {
    let (n_before, n_added) = (len(bytes), len(other));
    if n_before == 0 {
        bytes.clear();
        return bytes.extend_from_slice(other);
    }
    if n_added == 0 {
        return;
    }
    if Shape::of(bytes) == Shape::of(other) && is_even(other) {
        bytes.extend_from_slice(&other[HEAD_BYTES..]);
    } else {
        let mut mixed = Vec::new();
        let mut other = other;
        if is_even(other) {
            mixed.extend_from_slice(other);
            mix(&mut mixed);
            other = &mixed;
        }
        if is_even(bytes) {
            mix(bytes);
        }
        *bytes.last_mut().expect("a sequence has a head") ^= other[HEAD_BYTES];
        bytes.extend_from_slice(&other[HEAD_BYTES + 1..]);
    }
    set_len(bytes, n_before + n_added);
}

/// Turns a sequence of even entries into a mixed one, from its end, where it lies.
fn mix(bytes: &mut Vec<u8>) {
    let shape = Shape::of(bytes);
    let Some(width) = shape.width() else { return };
    let (len, code) = (len(bytes), Code(shape.code));
    let side_bytes = code.side_bytes();
    let mixed_width = 1 + 2 * side_bytes + width;
    bytes.resize(HEAD_BYTES + len * mixed_width + 1, 0);
    *bytes.last_mut().expect("it was just made longer") = code.0;
    for index in (0..len).rev() {
        let (from, to) = (HEAD_BYTES + index * width, HEAD_BYTES + index * mixed_width);
        bytes.copy_within(from..from + width, to + 1 + side_bytes);
        bytes[to] = if index == 0 { code.0 } else { 0 };
        if side_bytes != 0 {
            (bytes[to + 1], bytes[to + mixed_width - 1]) = (shape.low, shape.low);
        }
    }
    (bytes[2], bytes[3]) = (0, 0);
}

/// Makes room for `n_bytes` at a position.
fn open(bytes: &mut Vec<u8>, at: usize, n_bytes: usize) {
    let old_len = bytes.len();
    bytes.resize(old_len + n_bytes, 0);
    bytes.copy_within(at..old_len, at + n_bytes);
}

/// Whether bytes of any origin are a sequence that every other function here can walk.
pub(crate) fn check(bytes: &[u8]) -> bool {
    if bytes.len() < HEAD_BYTES {
        return false;
    }
    let (len, shape) = (len(bytes), Shape::of(bytes));
    if len == 0 {
        return bytes == [0; HEAD_BYTES];
    }
    if shape.code != 0 {
        let code = Code(shape.code);
        return code.is_valid()
            && code.is_shareable()
            && (code.side_bytes() != 0 || shape.low == 0)
            && shape.width().is_some_and(|it| bytes.len() == HEAD_BYTES + len * it);
    }
    shape.low == 0 && check_mixed(bytes, len) == Some(())
}

fn check_mixed(bytes: &[u8], len: usize) -> Option<()> {
    let (mut at, mut before) = (HEAD_BYTES, 0);
    for _ in 0..len {
        let code = Code(before ^ bytes.get(at)?);
        let side = bytes.get(at + 1..at + 1 + code.side_bytes())?;
        let end = at + 1 + side.len() + code.data_len(side);
        if !code.is_valid() || bytes.get(end..end + side.len())? != side {
            return None;
        }
        (at, before) = (end + side.len(), code.0);
    }
    (at + 1 == bytes.len() && bytes[at] == before).then_some(())
}
