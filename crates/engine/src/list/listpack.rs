//! What Valkey's lists would take. OBJECT ENCODING answers by it: a list is a `listpack` until it
//! outgrows `list-max-listpack-size`, and becomes one again when it has shrunk to one node of half
//! the size. How lists are kept here follows the same nodes, in fewer bytes.

use crate::sequence::{self, Element};

/// What surrounds the entries of a listpack.
pub(super) const HEAD_BYTES: usize = 7;

/// Bytes of one entry.
pub(super) fn entry_bytes(element: Element<'_>) -> usize {
    let len = match element {
        Element::Int(0..=0x7f) => 1,
        Element::Int(-0x1000..=0xfff) => 2,
        Element::Int(-0x8000..=0x7fff) => 3,
        Element::Int(-0x80_0000..=0x7f_ffff) => 4,
        Element::Int(-0x8000_0000..=0x7fff_ffff) => 5,
        Element::Int(_) => 9,
        Element::Bytes(it) => string_bytes(it.len()),
        Element::Shared(it) => string_bytes(it.len()),
    };
    // Behind each entry stands its length, seven bits a byte.
    let length_bytes = match len {
        0..=0x7f => 1,
        0x80..=0x3ffe => 2,
        0x3fff..=0x1f_fffe => 3,
        0x1f_ffff..=0xfff_fffe => 4,
        _ => 5,
    };
    len + length_bytes
}

fn string_bytes(len: usize) -> usize {
    len + match len {
        0..0x40 => 1,
        0x40..0x1000 => 2,
        _ => 5,
    }
}

/// Bytes of a listpack of the entries of a sequence.
pub(super) fn bytes_of(run: &[u8]) -> usize {
    let mut entries = sequence::iter(run);
    if sequence::is_even(run) {
        // Entries of one form are of one length there too.
        return HEAD_BYTES + entries.next().map_or(0, entry_bytes) * sequence::len(run);
    }
    HEAD_BYTES + entries.map(entry_bytes).sum::<usize>()
}

/// The most that `bytes_of` can be, at once.
pub(super) fn bytes_max_of(run: &[u8]) -> usize {
    if sequence::is_even(run) {
        return bytes_of(run);
    }
    // A listpack spends a byte more on each entry, and four on an integer of five bytes.
    HEAD_BYTES + run.len() + 4 * sequence::len(run)
}

/// How much one node of a list may hold: `list-max-listpack-size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeLimit {
    Bytes(usize),
    Entries(usize),
}

impl NodeLimit {
    pub(super) fn of_setting(setting: i32) -> NodeLimit {
        match usize::try_from(setting) {
            Ok(n_entries) => NodeLimit::Entries(n_entries.max(1)),
            Err(_) => NodeLimit::Bytes(2048 << setting.unsigned_abs().min(5)),
        }
    }

    /// Whether a string is too long to share a node with others.
    pub(super) fn is_large(self, len: usize) -> bool {
        match self {
            NodeLimit::Bytes(max) => max < len,
            NodeLimit::Entries(_) => SAFE_BYTES_MAX < len,
        }
    }

    /// Whether a node of so much holds too much.
    pub(super) fn is_exceeded(self, n_bytes: usize, n_entries: usize) -> bool {
        match self {
            NodeLimit::Bytes(max) => max < n_bytes,
            NodeLimit::Entries(max) => SAFE_BYTES_MAX < n_bytes || max < n_entries,
        }
    }

    /// Whether a node is within its `divisor`th part of the limit.
    pub(super) fn is_met(self, divisor: usize, n_bytes: usize, n_entries: usize) -> bool {
        match self {
            NodeLimit::Bytes(max) => n_bytes <= max / divisor,
            NodeLimit::Entries(max) => n_entries <= max / divisor,
        }
    }
}

/// Bytes of a node whose limit is a number of entries.
const SAFE_BYTES_MAX: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_sizes_below_zero_and_counts_above() {
        let limits = [-1, -2, -5, -6, i32::MIN].map(NodeLimit::of_setting);
        let sizes = [4096, 8192, 65_536, 65_536, 65_536].map(NodeLimit::Bytes);
        assert_eq!(limits, sizes);
        assert_eq!([0, 1, 128].map(NodeLimit::of_setting), [1, 1, 128].map(NodeLimit::Entries));
    }

    #[test]
    fn the_bound_holds() {
        let values = [0, 1 << 20, 1 << 40, i64::MIN].map(|it| it.to_string().into_bytes());
        let strings = [0, 1, 63, 64, 4095, 4096, 20_000].map(|it| vec![b'x'; it]);
        for value in values.into_iter().chain(strings) {
            let mut run = Vec::new();
            sequence::clear(&mut run);
            for n in 0..5 {
                assert!(bytes_of(&run) <= bytes_max_of(&run), "{n} of {} bytes", value.len());
                sequence::push_back(&mut run, &sequence::Coded::of(&value));
            }
        }
    }
}
