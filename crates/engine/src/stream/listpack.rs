//! What Valkey would need for a node: it keeps one in a listpack, and where a listpack is full a
//! node ends. Clients see that in what `XTRIM ~` leaves and in `XINFO`, so we count as it does.

use crate::sequence::Element;

/// A header of six bytes and an end of one.
pub(super) const EMPTY_BYTES: u64 = 7;

/// An element that holds an integer: its data and one byte for the way back.
pub(super) fn integer_bytes(n: i64) -> u64 {
    let data = match n {
        0..=0x7f => 1,
        -0x1000..=0xfff => 2,
        -0x8000..=0x7fff => 3,
        -0x80_0000..=0x7f_ffff => 4,
        -0x8000_0000..=0x7fff_ffff => 5,
        _ => 9,
    };
    data + 1
}

pub(super) fn count_bytes(n: usize) -> u64 {
    integer_bytes(n as i64)
}

/// An element that holds a text.
pub(super) fn text_bytes(text: &[u8]) -> u64 {
    if let Element::Int(n) = Element::of(text) {
        return integer_bytes(n);
    }
    let head = match text.len() {
        0..64 => 1,
        64..4096 => 2,
        _ => 5,
    };
    let data = head + text.len() as u64;
    data + way_back_bytes(data)
}

/// Bytes of the length behind an element, seven bits in each.
fn way_back_bytes(data: u64) -> u64 {
    match data {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}
