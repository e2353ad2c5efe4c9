//! Shards that stay locked over many commands: those of a transaction or of a script.
//!
//! Commands under a grip open their views as always. Whoever locks a shard finds it locked then,
//! and asks, before he waits, whether his own thread has a grip on it: if so, the lock is lent to
//! his view, and closing the view gives it back instead of unlocking the shard. The way of a
//! command without a grip stays as short as it was.

use parking_lot::MutexGuard;

use crate::database::{Cell, Database};
use crate::key::{Key, KeyHash};
use crate::keyspace::{Keyspace, ShardId};

/// Locked shards, which are unlocked when this is dropped. No other shard of the keyspace may be
/// locked by this thread until then: whoever has one already might be waiting for these.
pub struct Grip<'a> {
    keyspace: &'a Keyspace,
    extent: Extent<'a>,
}

enum Extent<'a> {
    /// In ascending order.
    Some(Vec<ShardId>),
    /// Nobody else can make a database meanwhile, so that all stays all.
    All { _making: MutexGuard<'a, ()> },
}

thread_local! {
    /// Its address tells threads apart.
    static TOKEN: u64 = const { 0 };
    #[cfg(debug_assertions)]
    static N_GRIPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A number that no other living thread has; even, and not 0.
pub(crate) fn token() -> usize {
    TOKEN.with(|it| std::ptr::from_ref(it).addr())
}

/// Checks that a thread with a grip locks nothing else.
#[cfg(debug_assertions)]
pub(crate) fn assert_none() {
    assert!(N_GRIPS.get() == 0, "a command touched a shard that its transaction does not hold");
}

impl Keyspace {
    /// Locks the shards of keys, each given by its database and its hash, until the grip is
    /// dropped.
    pub fn grip(
        &self,
        keys: impl IntoIterator<Item = (u32, KeyHash), IntoIter: Clone>,
    ) -> Grip<'_> {
        let held = self.lock_shards(keys.into_iter());
        let ids = held.iter().map(|(id, _)| *id).collect();
        for (_, locked) in held {
            locked.keep();
        }
        Grip::new(self, Extent::Some(ids))
    }

    /// Locks everything until the grip is dropped.
    pub fn grip_all(&self) -> Grip<'_> {
        let making = self.start_making();
        self.databases().flat_map(Database::cells).for_each(Cell::keep);
        Grip::new(self, Extent::All { _making: making })
    }
}

impl<'a> Grip<'a> {
    fn new(keyspace: &'a Keyspace, extent: Extent<'a>) -> Grip<'a> {
        #[cfg(debug_assertions)]
        N_GRIPS.set(N_GRIPS.get() + 1);
        Grip { keyspace, extent }
    }

    /// Whether a command may touch a key under this grip.
    pub fn covers(&self, key: Key<'_>) -> bool {
        match &self.extent {
            Extent::Some(ids) => ids.binary_search(&self.keyspace.shard_id(key)).is_ok(),
            Extent::All { .. } => true,
        }
    }
}

impl Drop for Grip<'_> {
    fn drop(&mut self) {
        match &self.extent {
            Extent::Some(ids) => ids.iter().for_each(|id| self.keyspace.cell(*id).let_go()),
            Extent::All { .. } => {
                self.keyspace.databases().flat_map(Database::cells).for_each(Cell::let_go);
                self.keyspace.end_making();
            }
        }
        #[cfg(debug_assertions)]
        N_GRIPS.set(N_GRIPS.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::{KeyspaceOptions, NewValue, SetOptions, Str};

    use super::*;

    fn keyspace() -> Keyspace {
        let options = KeyspaceOptions { n_shards: 4, n_databases: 4, ..KeyspaceOptions::default() };
        Keyspace::new(KeyspaceOptions { seed: Some(1), ..options })
    }

    fn put(keyspace: &Keyspace, db: u32, name: &str, value: &str) {
        let key = keyspace.key(db, name.as_bytes());
        let value = NewValue::Copied(value.as_bytes());
        keyspace.view(key, 1).set(key, value, SetOptions::default());
    }

    fn number(keyspace: &Keyspace, name: &str) -> u64 {
        let key = keyspace.key(0, name.as_bytes());
        let mut view = keyspace.view(key, 1);
        let text = view.get::<Str>(key).unwrap().map_or(vec![], |it| it.as_slice().to_vec());
        String::from_utf8(text).unwrap().parse().unwrap_or(0)
    }

    #[test]
    fn views_open_and_close_under_a_grip_as_without_one() {
        let keyspace = keyspace();
        let names: Vec<_> = (0..100).map(|it| format!("key:{it}")).collect();
        let keys: Vec<_> = names.iter().map(|it| keyspace.key(0, it.as_bytes())).collect();
        let grip = keyspace.grip(keys.iter().map(|it| (it.db, it.hash)));
        for name in &names {
            put(&keyspace, 0, name, "1");
        }
        assert!(keyspace.view_many(keys.iter().copied(), 1).rename(keys[0], keys[1]));
        assert!(grip.covers(keys[5]) && !grip.covers(keys[5].in_db(1)));
        drop(grip);
        assert_eq!((keyspace.len(0), number(&keyspace, "key:1")), (99, 1));
    }

    #[test]
    fn a_grip_on_all_holds_databases_that_are_made_under_it() {
        let keyspace = keyspace();
        put(&keyspace, 0, "a", "1");
        let has_made = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let grip = keyspace.grip_all();
            let other = scope.spawn(|| {
                put(&keyspace, 1, "b", "1");
                has_made.store(true, Ordering::SeqCst);
            });
            put(&keyspace, 2, "c", "1");
            keyspace.swap(0, 2);
            keyspace.flush(0);
            assert_eq!((keyspace.len(0), keyspace.len(1), keyspace.len(2)), (0, 0, 1));
            assert!(grip.covers(keyspace.key(3, b"d")) && !has_made.load(Ordering::SeqCst));
            drop(grip);
            other.join().unwrap();
        });
        assert_eq!((keyspace.len(0), keyspace.len(1), keyspace.len(2)), (0, 1, 1));
    }

    #[test]
    fn nobody_comes_between_two_views_under_a_grip() {
        let keyspace = keyspace();
        let n_rounds = if cfg!(miri) { 20 } else { 2000 };
        let add = |from: &str, to: &str| {
            let keys = [from, to].map(|it| keyspace.key(0, it.as_bytes()));
            let _grip = keyspace.grip(keys.map(|it| (it.db, it.hash)));
            let sum = number(&keyspace, from) + 1;
            put(&keyspace, 0, from, &sum.to_string());
            put(&keyspace, 0, to, &(number(&keyspace, to) + 1).to_string());
        };
        std::thread::scope(|scope| {
            for names in [["a", "b"], ["b", "c"], ["c", "a"]] {
                scope.spawn(move || (0..n_rounds).for_each(|_| add(names[0], names[1])));
            }
            scope.spawn(|| (0..n_rounds / 10).for_each(|_| drop(keyspace.grip_all())));
        });
        for name in ["a", "b", "c"] {
            assert_eq!(number(&keyspace, name), n_rounds * 2);
        }
    }

    #[test]
    #[should_panic(expected = "a shard that its transaction does not hold")]
    #[cfg(debug_assertions)]
    fn a_shard_beyond_the_grip_is_a_bug() {
        let keyspace = keyspace();
        let key = keyspace.key(0, b"a");
        let _grip = keyspace.grip([(0, key.hash)]);
        put(&keyspace, 1, "a", "1");
    }
}
