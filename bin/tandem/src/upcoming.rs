//! Commands that are parsed and run at their connections' next turns, so that the memory of their
//! keys arrives meanwhile.

use std::collections::VecDeque;

use bytes::BytesMut;

use crate::protocol::Ahead;

/// The queue of a worker's connections that have looked ahead, in the order of their next turns.
#[derive(Default)]
pub(crate) struct Upcoming {
    keys: VecDeque<Ahead>,
    /// How many of the first ones have their items fetched.
    n_fetched: usize,
    /// How many have joined since the queue was last empty.
    n_together: usize,
    /// Nobody has had a turn since the last one joined.
    is_last_fresh: bool,
    /// Turns to go before anybody looks ahead again, as it found nobody to overlap with.
    n_skipped: u32,
    /// Small buffers, for the bytes of commands that wait.
    spare: Vec<BytesMut>,
}

impl Upcoming {
    /// Whether looking ahead promises something, for a turn that read `n_bytes`.
    pub(crate) fn is_worth_it(&mut self, n_bytes: usize) -> bool {
        let skips = self.n_skipped != 0;
        self.n_skipped = self.n_skipped.saturating_sub(1);
        n_bytes <= SMALL_BYTES && !skips
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Joins the queue, with the bytes of `input` in a buffer of the connection's own.
    pub(crate) fn join(
        &mut self,
        ahead: Ahead,
        input: &mut BytesMut,
        fetch: impl Fn(Ahead),
    ) -> BytesMut {
        self.fetch(self.keys.len(), fetch);
        self.keys.push_back(ahead);
        self.n_together += 1;
        self.is_last_fresh = true;
        let mut own = self.spare.pop().unwrap_or_else(|| BytesMut::with_capacity(SMALL_BYTES));
        own.extend_from_slice(input);
        input.clear();
        own
    }

    /// The first in the queue has its turn; the items of the next few are asked for.
    pub(crate) fn step(&mut self, fetch: impl Fn(Ahead)) {
        self.leave();
        let n_fresh = usize::from(std::mem::take(&mut self.is_last_fresh));
        self.fetch(self.keys.len().saturating_sub(n_fresh), fetch);
    }

    /// Asks for the items of the first few among the first `n`. The place of the one that joined
    /// last has just been asked for: to look there now would be to wait for it.
    fn fetch(&mut self, n: usize, fetch: impl Fn(Ahead)) {
        while self.n_fetched < n.min(FETCHES) {
            fetch(self.keys[self.n_fetched]);
            self.n_fetched += 1;
        }
    }

    /// The first in the queue leaves it.
    pub(crate) fn leave(&mut self) {
        if self.keys.pop_front().is_none() {
            return;
        }
        self.n_fetched = self.n_fetched.saturating_sub(1);
        if self.keys.is_empty() {
            self.n_skipped = if self.n_together == 1 { SKIPPED_TURNS } else { 0 };
            self.n_together = 0;
        }
    }

    /// Takes a buffer back that `join` gave and that has been used up.
    pub(crate) fn give_back(&mut self, own: &mut BytesMut) {
        let mut own = std::mem::take(own);
        own.clear();
        own.reserve(SMALL_BYTES);
        if own.capacity() <= SMALL_BYTES && self.spare.len() < SPARE_MAX {
            self.spare.push(own);
        }
    }
}

/// A turn that read more than this has a pipeline to overlap, or a value to copy.
const SMALL_BYTES: usize = 512;

/// Items on their way at a time: enough to hide the memory's latency, few enough for the
/// processor's queue of open misses.
const FETCHES: usize = 6;

/// One connection alone gains nothing from looking ahead, so it tries only now and then.
const SKIPPED_TURNS: u32 = 63;

/// Buffers kept: half a mebibyte.
const SPARE_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_loners_stop_looking_ahead() {
        let keyspace = tandem_engine::Keyspace::new(tandem_engine::KeyspaceOptions::default());
        let ahead = (0, keyspace.hash(b"key"));
        let mut upcoming = Upcoming::default();
        let mut input = BytesMut::from(&b"GET key"[..]);
        assert!(upcoming.is_worth_it(7) && !upcoming.is_worth_it(SMALL_BYTES + 1));
        let mut own = upcoming.join(ahead, &mut input, |_| ());
        assert!(own == "GET key" && input.is_empty());
        let start = own.as_ptr();
        let _ = own.split_to(7);
        upcoming.give_back(&mut own);
        upcoming.leave();
        assert!((0..SKIPPED_TURNS).all(|_| !upcoming.is_worth_it(7)));
        assert!(upcoming.is_worth_it(7));

        input.extend_from_slice(b"x");
        let own = upcoming.join(ahead, &mut input, |_| ());
        assert_eq!(own.as_ptr(), start);
        upcoming.join(ahead, &mut input, |_| ());
        upcoming.leave();
        upcoming.leave();
        assert!(upcoming.is_worth_it(7), "two overlap");
    }

    #[test]
    fn items_are_fetched_in_order_and_never_right_after_their_places() {
        let keyspace = tandem_engine::Keyspace::new(tandem_engine::KeyspaceOptions::default());
        let mut upcoming = Upcoming::default();
        let fetched = std::cell::RefCell::new(Vec::new());
        let fetch = |(n, _): Ahead| fetched.borrow_mut().push(n);
        let mut input = BytesMut::new();
        for n in 0..3 {
            upcoming.join((n, keyspace.hash(b"key")), &mut input, fetch);
        }
        assert_eq!(fetched.take(), [0, 1], "the last one's place is still on its way");
        upcoming.step(fetch);
        assert_eq!(fetched.take(), [0; 0]);
        upcoming.step(fetch);
        assert_eq!(fetched.take(), [2]);
        upcoming.step(fetch);
        assert!(upcoming.is_empty());
        for n in 0..FETCHES as u32 + 2 {
            upcoming.join((n, keyspace.hash(b"key")), &mut input, fetch);
        }
        assert_eq!(fetched.take().len(), FETCHES, "no more than that at a time");
        upcoming.step(fetch);
        assert_eq!(fetched.take(), [FETCHES as u32]);
    }
}
