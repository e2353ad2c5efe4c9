//! Keys that somebody watches: an alarm rings at their first change.

use std::sync::Arc;

use crate::index::Index;
use crate::key::Key;
use crate::segment::{Location, Segments};
use crate::shard::Shard;
use crate::view::View;
use crate::waiters::Alarm;

impl Shard {
    /// Tells those who watch an item that it is about to go by itself.
    pub(crate) fn tell_watchers(&mut self, location: Location) {
        if !self.waiters.is_empty() {
            let name = self.segments.item(location).key();
            self.waiters.ring(self.shared.hash(name), name);
        }
    }

    /// Tells those who watch a key that it was written, and nobody who waits for it.
    pub(crate) fn ring_for(&mut self, key: Key<'_>) {
        if !self.waiters.is_empty() {
            self.has_changed = true;
            self.waiters.ring(key.hash, key.name);
        }
    }

    /// Sends those who watch keys to the shard that takes this one's place, and theirs here. What
    /// either of the two holds has changed for them.
    pub(crate) fn exchange_watchers(&mut self, other: &mut Shard) {
        for shard in [&mut *self, &mut *other] {
            shard.has_changed = true;
        }
        let own = (&self.index, &self.segments);
        let others = (&other.index, &other.segments);
        let is_held = |key: Key<'_>| holds(own.0, own.1, key) || holds(others.0, others.1, key);
        self.waiters.ring_where(is_held);
        other.waiters.ring_where(is_held);
        let watched = self.waiters.take_watched();
        for (key, watching) in other.waiters.take_watched() {
            self.waiters.put_watched(&key, watching);
        }
        for (key, watching) in watched {
            other.waiters.put_watched(&key, watching);
        }
    }
}

impl View<'_> {
    /// Rings an alarm at the next change of a key, in the name of `who`, whatever makes it. Whether
    /// he did not watch the key yet; `None` when there is no room.
    pub fn watch(&mut self, key: Key<'_>, who: u64, alarm: &Arc<Alarm>) -> Option<bool> {
        self.shard(key).waiters.watch(key, who, alarm)
    }

    /// Watches a key no longer.
    pub fn stop_watching(&mut self, key: Key<'_>, who: u64) {
        self.shard(key).waiters.stop_watching(key, who);
    }
}

/// Whether there is an item of the key, expired or not.
pub(crate) fn holds(index: &Index, segments: &Segments, key: Key<'_>) -> bool {
    index.find(key.hash.slot(), |at| segments.item(at).key_is(key.name)).is_some()
}
