//! Items of any type, as they are found.

use crate::key::Key;
use crate::value::Item;
use crate::view::View;

impl View<'_> {
    /// Reads an item of any type: counts a hit or a miss, marks the item as used and fetched.
    /// `Item::fetched` and `idle_s` are what they were before.
    #[inline]
    pub fn read(&mut self, key: Key<'_>) -> Option<Item<'_>> {
        let (now_ms, notes_use) = (self.now_ms, self.notes_use);
        let shard = self.shard(key);
        let (_, location) = shard.find_read(key, now_ms, false)?;
        Some(shard.read_item(location, now_ms, notes_use))
    }

    /// Reads an item as `read` does, and gives it a CAS number now if it has none yet.
    #[inline]
    pub fn read_with_cas(&mut self, key: Key<'_>) -> Option<Item<'_>> {
        let (now_ms, notes_use) = (self.now_ms, self.notes_use);
        let shard = self.shard(key);
        let mut found = shard.find_read(key, now_ms, false)?;
        if shard.segments.item(found.1).cas() == 0 {
            shard.cas(key, found);
            shard.book();
            // It may lie elsewhere now.
            found = shard.find(key, now_ms)?;
        }
        Some(shard.read_item(found.1, now_ms, notes_use))
    }

    /// Looks at an item of any type: counts a hit or a miss, but leaves no mark on the item.
    pub fn look(&mut self, key: Key<'_>) -> Option<Item<'_>> {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let (_, location) = shard.find_read(key, now_ms, false)?;
        Some(shard.item(location, now_ms))
    }

    /// Looks at an item of any type; neither counts nor marks.
    pub fn peek(&mut self, key: Key<'_>) -> Option<Item<'_>> {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let (_, location) = shard.find(key, now_ms)?;
        Some(shard.item(location, now_ms))
    }
}
