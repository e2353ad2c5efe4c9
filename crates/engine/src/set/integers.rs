//! The packed form of a set of integers: sorted, of one width.
//!
//! Two bytes in front, little endian as the count of a packed collection, with the same marks and
//! with the width (2, 4 or 8 bytes) for a count. The integers follow, little endian.

use crate::packed::OWN_MARK;

const HEADER_BYTES: usize = 2;

/// An empty set of integers in the memory of `bytes`.
pub(super) fn clear(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(&(OWN_MARK | 2).to_le_bytes());
}

fn width(bytes: &[u8]) -> usize {
    usize::from(bytes[0])
}

pub(super) fn len(bytes: &[u8]) -> usize {
    (bytes.len() - HEADER_BYTES) / width(bytes)
}

/// Length of the form with `value` added.
pub(super) fn len_bytes_with(bytes: &[u8], value: i64) -> usize {
    HEADER_BYTES + (len(bytes) + 1) * width(bytes).max(width_of(value))
}

/// The integer at a place below `len`.
#[inline]
pub(super) fn at(bytes: &[u8], index: usize) -> i64 {
    let width = width(bytes);
    read(&bytes[HEADER_BYTES + index * width..][..width])
}

#[inline]
fn read(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => i64::from_le_bytes(*bytes.first_chunk().expect("a width is 2, 4 or 8")),
    }
}

fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

/// The place of an integer, or the one where it would stand.
pub(super) fn find(bytes: &[u8], value: i64) -> Result<usize, usize> {
    let body = &bytes[HEADER_BYTES..];
    match width(bytes) {
        2 => body.as_chunks().0.binary_search_by_key(&value, |it| i16::from_le_bytes(*it).into()),
        4 => body.as_chunks().0.binary_search_by_key(&value, |it| i32::from_le_bytes(*it).into()),
        _ => body.as_chunks().0.binary_search_by_key(&value, |it| i64::from_le_bytes(*it)),
    }
}

/// Adds an integer that `find` has not found, at the place that it told.
pub(super) fn insert(bytes: &mut Vec<u8>, index: usize, value: i64) {
    widen(bytes, width_of(value));
    let width = width(bytes);
    let start = HEADER_BYTES + index * width;
    let old_len = bytes.len();
    bytes.resize(old_len + width, 0);
    bytes.copy_within(start..old_len, start + width);
    bytes[start..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
}

/// Adds an integer that is higher than all.
pub(super) fn push(bytes: &mut Vec<u8>, value: i64) {
    insert(bytes, len(bytes), value);
}

pub(super) fn remove(bytes: &mut Vec<u8>, index: usize) {
    let width = width(bytes);
    let start = HEADER_BYTES + index * width;
    bytes.drain(start..start + width);
}

/// Gives the integers room for a wider one.
fn widen(bytes: &mut Vec<u8>, new: usize) {
    let old = width(bytes);
    if new <= old {
        return;
    }
    let n = len(bytes);
    bytes.resize(HEADER_BYTES + n * new, 0);
    // From the end, as they grow over each other.
    for index in (0..n).rev() {
        let value = read(&bytes[HEADER_BYTES + index * old..][..old]);
        bytes[HEADER_BYTES + index * new..][..new].copy_from_slice(&value.to_le_bytes()[..new]);
    }
    bytes[0] = new as u8;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::seeded::for_seeds;

    #[test]
    fn integers_stay_sorted_at_every_width() {
        for_seeds(50, |random| {
            let (mut bytes, mut model) = (Vec::new(), BTreeSet::new());
            clear(&mut bytes);
            let widest = [10, 40, 64][random.below(3)];
            for _ in 0..300 {
                let value = (random.next() as i64) >> (64 - 1 - random.below(widest));
                match find(&bytes, value) {
                    Ok(index) if random.one_in(2) => {
                        remove(&mut bytes, index);
                        assert!(model.remove(&value));
                    }
                    Ok(index) => assert!(model.contains(&value) && at(&bytes, index) == value),
                    Err(index) => {
                        let expected = len_bytes_with(&bytes, value);
                        insert(&mut bytes, index, value);
                        assert!(model.insert(value) && bytes.len() == expected);
                    }
                }
                assert_eq!(len(&bytes), model.len());
            }
            assert!((0..len(&bytes)).map(|it| at(&bytes, it)).eq(model.iter().copied()));
        });
    }
}
