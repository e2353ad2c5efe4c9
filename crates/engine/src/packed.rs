//! The packed form of a hash or a set: one run of bytes without pointers, so that it can lie
//! anywhere.
//!
//! A count of entries (u16, little endian, with marks in its upper bits), then each entry as
//! `[field length][value length][field][value]`; lengths are LEB128, one byte below 128. The
//! members of a set are fields without values. A lookup walks the entries. It compares lengths and
//! last bytes first: the fields of one hash often share their length and beginning (`item:1001`,
//! `item:1002`) and differ at the end.

use std::ops::Range;

/// Largest packed form. Beyond it a walk costs more than an index, and a copy for each edit too.
pub(crate) const BYTES_MAX: usize = 60_000;

/// Most entries of a packed form: what the count can say.
pub(crate) const ENTRIES_MAX: usize = COUNT_MASK as usize;

/// Marks a collection that goes by the name of an indexed one, though it is kept packed. So it
/// stays: names change one way.
pub(crate) const INDEXED_BY_NAME: u16 = 1 << 15;
/// Marks what its owner says.
pub(crate) const OWN_MARK: u16 = 1 << 14;

const COUNT_MASK: u16 = OWN_MARK - 1;
const COUNT_BYTES: usize = 2;
/// Bytes of a LEB128 length up to `BYTES_MAX`.
const LENGTH_BYTES_MAX: usize = 3;

/// Where an entry lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedEntry {
    start: usize,
    field_start: usize,
    value_start: usize,
    end: usize,
}

impl PackedEntry {
    /// The entry whose header begins at `start`.
    #[inline]
    fn at(bytes: &[u8], start: usize) -> PackedEntry {
        let (field_len, value_len) = (bytes[start], bytes[start + 1]);
        let (field_start, field_len, value_len) = if (field_len | value_len) < 0x80 {
            (start + 2, usize::from(field_len), usize::from(value_len))
        } else {
            long_header(bytes, start)
        };
        let value_start = field_start + field_len;
        PackedEntry { start, field_start, value_start, end: value_start + value_len }
    }

    #[inline]
    pub(crate) fn field<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.field_start..self.value_start]
    }

    #[inline]
    pub(crate) fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.value_start..self.end]
    }
}

#[cold]
fn long_header(bytes: &[u8], start: usize) -> (usize, usize, usize) {
    let (field_len, next) = read_length(bytes, start);
    let (value_len, next) = read_length(bytes, next);
    (next, field_len, value_len)
}

pub(crate) fn len(bytes: &[u8]) -> usize {
    usize::from(count(bytes) & COUNT_MASK)
}

fn count(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}

pub(crate) fn has_mark(bytes: &[u8], mark: u16) -> bool {
    count(bytes) & mark != 0
}

pub(crate) fn set_mark(bytes: &mut [u8], mark: u16) {
    let marked = count(bytes) | mark;
    bytes[..COUNT_BYTES].copy_from_slice(&marked.to_le_bytes());
}

/// Gives a packed form the marks of another.
pub(crate) fn copy_marks(from: &[u8], to: &mut [u8]) {
    set_mark(to, count(from) & !COUNT_MASK);
}

pub(crate) fn find(bytes: &[u8], field: &[u8]) -> Option<PackedEntry> {
    let mut start = COUNT_BYTES;
    while start < bytes.len() {
        let entry = PackedEntry::at(bytes, start);
        if same(entry.field(bytes), field) {
            return Some(entry);
        }
        start = entry.end;
    }
    None
}

/// An entry and its position.
pub(crate) fn find_place(bytes: &[u8], field: &[u8]) -> Option<(usize, PackedEntry)> {
    let mut start = COUNT_BYTES;
    for index in 0..len(bytes) {
        let entry = PackedEntry::at(bytes, start);
        if same(entry.field(bytes), field) {
            return Some((index, entry));
        }
        start = entry.end;
    }
    None
}

/// The entry at a position below `len`.
pub(crate) fn entry_at(bytes: &[u8], index: usize) -> PackedEntry {
    let mut entry = PackedEntry::at(bytes, COUNT_BYTES);
    for _ in 0..index {
        entry = PackedEntry::at(bytes, entry.end);
    }
    entry
}

/// Equality that gives up on the last eight bytes, where the fields of a hash mostly differ.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_end), Some(b_end)) => a_end == b_end && (a.len() == 8 || a == b),
        _ => a == b,
    }
}

#[derive(Clone)]
pub(crate) struct PackedIter<'a> {
    bytes: &'a [u8],
    next: usize,
    n_left: usize,
}

pub(crate) fn iter(bytes: &[u8]) -> PackedIter<'_> {
    PackedIter { bytes, next: COUNT_BYTES, n_left: len(bytes) }
}

impl<'a> Iterator for PackedIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.n_left = self.n_left.checked_sub(1)?;
        let entry = PackedEntry::at(self.bytes, self.next);
        self.next = entry.end;
        Some((entry.field(self.bytes), entry.value(self.bytes)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

impl ExactSizeIterator for PackedIter<'_> {}

/// Length of the packed form after `field` is set to `value` over `old`.
pub(crate) fn len_bytes_with(
    bytes: &[u8],
    old: Option<&PackedEntry>,
    field: &[u8],
    value: &[u8],
) -> usize {
    let old_len = old.map_or(0, |it| it.end - it.start);
    let new_len = length_bytes(field.len()) + length_bytes(value.len()) + field.len() + value.len();
    bytes.len() - old_len + new_len
}

pub(crate) fn clear(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(&[0; COUNT_BYTES]);
}

/// Adds a field that is not there yet.
pub(crate) fn push(bytes: &mut Vec<u8>, field: &[u8], value: &[u8]) {
    let header = Header::new(field.len(), value.len());
    bytes.reserve(header.as_slice().len() + field.len() + value.len());
    bytes.extend_from_slice(header.as_slice());
    bytes.extend_from_slice(field);
    bytes.extend_from_slice(value);
    let n_entries = len(bytes) + 1;
    set_len(bytes, n_entries);
}

/// Gives a present entry another value. One of the same length is only overwritten.
pub(crate) fn replace(bytes: &mut Vec<u8>, old: PackedEntry, value: &[u8]) {
    if value.len() == old.end - old.value_start {
        return bytes[old.value_start..old.end].copy_from_slice(value);
    }
    resize_range(bytes, old.value_start..old.end, value.len());
    let header = Header::new(old.value_start - old.field_start, value.len());
    let header = header.as_slice();
    resize_range(bytes, old.start..old.field_start, header.len());
    bytes[old.start..][..header.len()].copy_from_slice(header);
    let value_start = old.value_start - (old.field_start - old.start) + header.len();
    bytes[value_start..][..value.len()].copy_from_slice(value);
}

pub(crate) fn remove(bytes: &mut Vec<u8>, old: PackedEntry) {
    resize_range(bytes, old.start..old.end, 0);
    let n_entries = len(bytes) - 1;
    set_len(bytes, n_entries);
}

/// Gives a range another length, moving what follows. Its new content is for the caller to write.
fn resize_range(bytes: &mut Vec<u8>, range: Range<usize>, new_len: usize) {
    let old_total = bytes.len();
    let new_end = range.start + new_len;
    if new_end > range.end {
        bytes.resize(old_total + (new_end - range.end), 0);
    }
    if new_end != range.end {
        bytes.copy_within(range.end..old_total, new_end);
    }
    bytes.truncate(old_total - range.len() + new_len);
}

fn set_len(bytes: &mut [u8], len: usize) {
    debug_assert!(len <= ENTRIES_MAX);
    let count = count(bytes) & !COUNT_MASK | len as u16;
    bytes[..COUNT_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// The two lengths at the front of an entry.
struct Header {
    bytes: [u8; 2 * LENGTH_BYTES_MAX],
    len: usize,
}

impl Header {
    fn new(field_len: usize, value_len: usize) -> Header {
        let mut header = Header { bytes: [0; 2 * LENGTH_BYTES_MAX], len: 0 };
        header.push(field_len);
        header.push(value_len);
        header
    }

    fn push(&mut self, mut length: usize) {
        debug_assert!(length <= BYTES_MAX);
        while length >= 0x80 {
            self.bytes[self.len] = length as u8 | 0x80;
            self.len += 1;
            length >>= 7;
        }
        self.bytes[self.len] = length as u8;
        self.len += 1;
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn length_bytes(length: usize) -> usize {
    match length {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        _ => LENGTH_BYTES_MAX,
    }
}

/// A LEB128 length and the position behind it.
fn read_length(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut length = 0;
    let mut shift = 0;
    loop {
        let byte = bytes[at];
        at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 || shift == 7 * LENGTH_BYTES_MAX {
            return (length, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_survive_at_every_header_size() {
        for field_len in [0, 1, 127, 128, 16_383, 16_384, 20_000] {
            for value_len in [0, 1, 127, 128, 16_383, 16_384, 39_000] {
                let (field, value) = (vec![b'f'; field_len], vec![b'v'; value_len]);
                let mut bytes = Vec::new();
                clear(&mut bytes);
                assert_eq!(
                    len_bytes_with(&bytes, None, &field, &value),
                    2 + Header::new(field_len, value_len).len + field_len + value_len
                );
                push(&mut bytes, &field, &value);
                push(&mut bytes, b"next", b"entry");
                assert_eq!(find(&bytes, &field).unwrap().value(&bytes), value);
                assert_eq!(find(&bytes, b"next").unwrap().value(&bytes), b"entry");
            }
        }
    }

    #[test]
    fn a_value_of_the_same_length_only_overwrites() {
        let mut bytes = Vec::new();
        clear(&mut bytes);
        push(&mut bytes, b"one", b"1");
        push(&mut bytes, b"two", b"2");
        let before = bytes.clone();
        let entry = find(&bytes, b"one").unwrap();
        replace(&mut bytes, entry, b"9");
        let changed: Vec<usize> = (0..bytes.len()).filter(|&it| bytes[it] != before[it]).collect();
        assert_eq!(changed, [entry.value_start]);
    }

    #[test]
    fn fields_that_differ_only_at_the_front_differ() {
        let mut bytes = Vec::new();
        clear(&mut bytes);
        push(&mut bytes, b"a-common-end", b"a");
        push(&mut bytes, b"b-common-end", b"b");
        assert_eq!(find(&bytes, b"b-common-end").unwrap().value(&bytes), b"b");
        assert!(find(&bytes, b"c-common-end").is_none());
        assert!(find(&bytes, b"common-end").is_none());
    }
}
