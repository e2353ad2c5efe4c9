//! When the fields of an indexed hash end, in order.

use std::collections::BTreeSet;

/// The ends of those fields that have one, the earliest first, each with its entry's number.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    order: BTreeSet<(u64, u32)>,
    /// Fields that ended before this are not there any more for those who read, though some may
    /// wait to be taken out.
    now_ms: u64,
}

/// What an entry of the order takes with its part of a node: nodes are about two thirds full.
const BYTES_EACH: usize = 28;

impl Ends {
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Ends>() + 16 + self.order.len() * BYTES_EACH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Moves the clock of those who read.
    pub(super) fn look_at(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    pub(super) fn has_ended(&self, end_ms: u64) -> bool {
        end_ms != 0 && end_ms < self.now_ms
    }

    /// How many have ended and are still there.
    pub(super) fn n_ended(&self) -> usize {
        self.order.range(..(self.now_ms, 0)).count()
    }

    /// True when `n` have ended, which is all that there are.
    pub(super) fn have_all_ended(&self, n: usize) -> bool {
        self.order.len() == n && self.order.last().is_none_or(|(end, _)| self.has_ended(*end))
    }

    /// When the first ends; 0 for never.
    pub(super) fn first(&self) -> u64 {
        self.order.first().map_or(0, |(end, _)| *end)
    }

    /// The entry that ended first, if one has.
    pub(super) fn first_ended(&self) -> Option<u32> {
        self.order.first().filter(|(end, _)| self.has_ended(*end)).map(|(_, number)| *number)
    }

    /// The entry `number` ends at `new` and not at `old` any more; 0 is never.
    pub(super) fn change(&mut self, number: u32, old: u64, new: u64) {
        if old != 0 {
            self.order.remove(&(old, number));
        }
        if new != 0 {
            self.order.insert((new, number));
        }
    }

    /// The entry that ends at `end` has another number.
    pub(super) fn renumber(&mut self, end: u64, old: u32, new: u32) {
        self.change(old, end, 0);
        self.change(new, 0, end);
    }
}

#[cfg(test)]
impl Ends {
    pub(super) fn check_same(&self, other: &Ends) {
        assert_eq!(self.order, other.order);
    }
}
