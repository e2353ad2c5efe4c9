//! A packed hash with fields that expire: the entries as ever, and behind them when each ends.
//!
//! ```text
//! entries     as in `packed`, with the mark `OWN_MARK`
//! ends        6 bytes for each entry, little endian: ms since the epoch, 0 for never
//! first end   6 bytes: the earliest of them, so that nobody has to look for it
//! ```

use crate::packed::{self, OWN_MARK, PackedEntry};

const END_BYTES: usize = 6;

/// The latest end of a field, as Redis has it: 46 bits.
pub const FIELD_END_MAX_MS: u64 = (1 << 46) - 1;

/// The stored form in its parts.
#[derive(Clone, Copy)]
pub struct ExpiringRef<'a> {
    pub(super) entries: &'a [u8],
    ends: &'a [u8],
}

impl<'a> ExpiringRef<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> ExpiringRef<'a> {
        let (entries, ends) = bytes.split_at(bytes.len() - ends_bytes(packed::len(bytes)));
        ExpiringRef { entries, ends }
    }

    fn end(self, index: usize) -> u64 {
        let mut end = [0; 8];
        end[..END_BYTES].copy_from_slice(&self.ends[index * END_BYTES..][..END_BYTES]);
        u64::from_le_bytes(end)
    }

    /// When a field ends, 0 for never; `None` without the field.
    pub(super) fn end_of(self, field: &[u8]) -> Option<u64> {
        packed::find_place(self.entries, field).map(|(index, _)| self.end(index))
    }

    /// When the first field ends; 0 for never.
    pub(super) fn first_end(self) -> u64 {
        self.end(packed::len(self.entries))
    }
}

fn ends_bytes(n_entries: usize) -> usize {
    (n_entries + 1) * END_BYTES
}

/// The working copy.
#[derive(Clone, Debug)]
pub(super) struct Expiring {
    pub(super) entries: Vec<u8>,
    /// One for each entry, in their order; 0 for never.
    ends: Vec<u64>,
}

impl Expiring {
    /// Fields of which none ends yet.
    pub(super) fn of_lasting(mut entries: Vec<u8>) -> Expiring {
        packed::set_mark(&mut entries, OWN_MARK);
        let ends = vec![0; packed::len(&entries)];
        Expiring { entries, ends }
    }

    pub(super) fn open(mut bytes: Vec<u8>) -> Expiring {
        let stored = ExpiringRef::of(&bytes);
        let ends = (0..packed::len(&bytes)).map(|it| stored.end(it)).collect();
        let len = stored.entries.len();
        bytes.truncate(len);
        Expiring { entries: bytes, ends }
    }

    pub(super) fn close(self) -> Vec<u8> {
        let mut bytes = self.entries;
        let first = self.ends.iter().copied().filter(|it| *it != 0).min().unwrap_or(0);
        for end in self.ends.iter().chain([&first]) {
            bytes.extend_from_slice(&end.to_le_bytes()[..END_BYTES]);
        }
        bytes
    }

    /// What the table takes, with room for one more.
    pub(super) fn ends_bytes(&self) -> usize {
        ends_bytes(self.ends.len() + 1)
    }

    pub(super) fn has_ends(&self) -> bool {
        self.ends.iter().any(|it| *it != 0)
    }

    fn find(&self, field: &[u8]) -> Option<(usize, PackedEntry)> {
        packed::find_place(&self.entries, field)
    }

    pub(super) fn end_of(&self, field: &[u8]) -> Option<u64> {
        self.find(field).map(|(index, _)| self.ends[index])
    }

    /// Sets one field; its end stays. True when it is new.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        if let Some((_, entry)) = self.find(field) {
            packed::replace(&mut self.entries, entry, value);
            return false;
        }
        packed::push(&mut self.entries, field, value);
        self.ends.push(0);
        true
    }

    pub(super) fn set_end(&mut self, field: &[u8], end_ms: u64) {
        if let Some((index, _)) = self.find(field) {
            self.ends[index] = end_ms;
        }
    }

    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let Some((index, entry)) = self.find(field) else { return false };
        packed::remove(&mut self.entries, entry);
        self.ends.remove(index);
        true
    }

    /// Takes out all fields that have ended and says how many.
    pub(super) fn purge(&mut self, now_ms: u64) -> usize {
        let before = self.ends.len();
        let mut kept = Vec::with_capacity(self.entries.len());
        packed::clear(&mut kept);
        packed::copy_marks(&self.entries, &mut kept);
        for (field, value, _) in self.iter().filter(|(_, _, end)| !has_ended(*end, now_ms)) {
            packed::push(&mut kept, field, value);
        }
        self.entries = kept;
        self.ends.retain(|it| !has_ended(*it, now_ms));
        before - self.ends.len()
    }

    /// Fields, values and ends.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], u64)> {
        packed::iter(&self.entries)
            .zip(&self.ends)
            .map(|((field, value), end)| (field, value, *end))
    }
}

fn has_ended(end_ms: u64, now_ms: u64) -> bool {
    end_ms != 0 && end_ms < now_ms
}
