//! The part of a keyspace that one command may touch: the locked shards of its declared keys.

use std::mem::ManuallyDrop;

use crate::database::Locked;
use crate::edit::Edit;
use crate::error::Error;
use crate::happenings::Wrote;
use crate::item::{Attributes, ItemRef};
use crate::key::Key;
use crate::keyspace::{Keyspace, ShardId};
use crate::layout::MARKS_MASK;
use crate::options::{Expire, SetOptions, SetOutcome, When};
use crate::shard::{Found, Shard, seconds};
use crate::value::{Kind, NewValue};
use crate::waiters::Ticket;

mod read;
mod whole;

/// The locked shards of a command's keys. Every method panics on a key outside of them: that is
/// a table row that does not declare its keys. Expired keys read as absent everywhere.
pub struct View<'a> {
    keyspace: &'a Keyspace,
    held: Held<'a>,
    now_ms: u64,
    notes_use: bool,
}

/// Most commands have one key; the shards of others are in ascending order.
pub(crate) enum Held<'a> {
    One {
        db: u32,
        shard: usize,
        locked: Locked<'a>,
    },
    /// In memory of its own, so that the view of one key stays small.
    Many(Several<'a>),
}

/// Shards that are unlocked in a function of their own, so that unlocking a single one is short.
pub(crate) struct Several<'a>(ManuallyDrop<Vec<(ShardId, Locked<'a>)>>);

impl<'a> Several<'a> {
    pub(crate) fn new(locked: Vec<(ShardId, Locked<'a>)>) -> Several<'a> {
        Several(ManuallyDrop::new(locked))
    }

    #[inline(never)]
    fn place(&self, wanted: ShardId) -> Option<usize> {
        self.0.binary_search_by_key(&wanted, |(id, _)| *id).ok()
    }

    fn shard(&self, wanted: ShardId) -> Option<&Locked<'a>> {
        self.place(wanted).map(|at| &self.0[at].1)
    }

    fn shard_mut(&mut self, wanted: ShardId) -> Option<&mut Locked<'a>> {
        self.place(wanted).map(|at| &mut self.0[at].1)
    }
}

impl Drop for Several<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        drop(std::mem::take(&mut *self.0));
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(keyspace: &'a Keyspace, held: Held<'a>, now_ms: u64) -> View<'a> {
        View { keyspace, held, now_ms, notes_use: true }
    }

    /// From now on reads leave the items' idle times as they are (CLIENT NO-TOUCH).
    pub fn stop_touching(&mut self) {
        self.notes_use = false;
    }

    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    #[inline]
    pub(crate) fn shard(&mut self, key: Key<'_>) -> &mut Shard {
        let found = match &mut self.held {
            Held::One { db, shard, locked } => {
                let is_here = *db == key.db && *shard == self.keyspace.shard_of(key.hash);
                is_here.then_some(locked)
            }
            Held::Many(several) => several.shard_mut(self.keyspace.shard_id(key)),
        };
        found.expect("a command touched a key that its table row does not declare")
    }

    fn find(&mut self, key: Key<'_>) -> Option<Found> {
        let now_ms = self.now_ms;
        self.shard(key).find(key, now_ms)
    }

    /// Reads a value: counts a hit or a miss, marks the item as used and fetched.
    #[inline]
    pub fn get<T: Kind>(&mut self, key: Key<'_>) -> Result<Option<T::Ref<'_>>, Error> {
        let (now_ms, notes_use) = (self.now_ms, self.notes_use);
        let shard = self.shard(key);
        match shard.find_read(key, now_ms, notes_use) {
            None => Ok(None),
            Some((_, location)) => {
                T::of(shard.segments.item(location).value()).map(Some).ok_or(Error::WrongType)
            }
        }
    }

    /// Opens a present value for writing. Marks it as used when it is written; counts nothing.
    pub fn edit<'v, T: Kind>(&'v mut self, key: Key<'v>) -> Result<Option<Edit<'v, T>>, Error> {
        let Some(found) = self.find(key) else { return Ok(None) };
        self.open(key, Some(found)).map(Some)
    }

    /// Opens a value for writing, an empty one when the key is absent (it is stored on close
    /// unless it is an empty collection or was never touched).
    pub fn edit_or_create<'v, T: Kind>(&'v mut self, key: Key<'v>) -> Result<Edit<'v, T>, Error> {
        let found = self.find(key);
        self.open(key, found)
    }

    fn open<'v, T: Kind>(
        &'v mut self,
        key: Key<'v>,
        found: Option<Found>,
    ) -> Result<Edit<'v, T>, Error> {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        if let Some((_, location)) = found {
            T::of(shard.segments.item(location).value()).ok_or(Error::WrongType)?;
        }
        Ok(Edit::new(shard, key, found, now_ms))
    }

    /// Stores a string under a condition, over a value of any type.
    pub fn set(&mut self, key: Key<'_>, value: NewValue<'_>, options: SetOptions) -> SetOutcome {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let old = shard.find(key, now_ms);
        let old_item = old.map(|(_, location)| shard.segments.item(location));
        let old_cas = old_item.map(ItemRef::cas);
        match (options.when, old_cas) {
            (When::Absent, Some(_)) | (When::Present, None) => return SetOutcome::NotStored,
            (When::CasIs(_), None) => return SetOutcome::Missing,
            (When::CasIs(wanted), Some(have)) if wanted != have || have == 0 => {
                return SetOutcome::CasMismatch;
            }
            _ => {}
        }
        let expire_at_ms = match options.expire {
            Expire::Never => 0,
            Expire::Keep => old_item.map_or(0, ItemRef::expire_at_ms),
            Expire::AtMs(at) if at <= now_ms => {
                if let Some(found) = old {
                    shard.remove(found);
                    shard.written(key, Wrote::Ended);
                }
                return SetOutcome::Stored;
            }
            Expire::AtMs(at) => at,
        };
        let cas = match (options.cas, old_cas) {
            (Some(given), _) => given,
            // A number that somebody was given moves on; nobody else pays for one.
            (None, None | Some(0)) => 0,
            (None, Some(_)) => shard.next_cas(),
        };
        let attributes = Attributes {
            expire_at_ms,
            cas,
            client_flags: options.client_flags,
            used_s: seconds(now_ms),
            marks: options.marks & MARKS_MASK,
            ..Attributes::default()
        };
        shard.store_string(key, old, value, &attributes);
        shard.written(key, Wrote::over(old));
        SetOutcome::Stored
    }

    /// Removes a key. True when it was there.
    pub fn remove(&mut self, key: Key<'_>) -> bool {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let Some(found) = shard.find(key, now_ms) else { return false };
        shard.remove(found);
        shard.written(key, Wrote::Removed);
        true
    }

    /// Sets or clears the expiry (ms since the epoch); a time that has passed removes the key.
    /// False when the key is absent. Leaves the CAS number as it is.
    pub fn set_expire(&mut self, key: Key<'_>, at_ms: Option<u64>) -> bool {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let Some(found) = shard.find(key, now_ms) else { return false };
        let wrote = if at_ms.is_some_and(|at| at <= now_ms) {
            shard.remove(found);
            Wrote::Ended
        } else {
            shard.set_expire(key, found, at_ms.unwrap_or(0));
            Wrote::Changed
        };
        shard.written(key, wrote);
        true
    }

    /// Marks a key as used (TOUCH). False when it is absent.
    pub fn touch(&mut self, key: Key<'_>) -> bool {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let Some((_, location)) = shard.find(key, now_ms) else { return false };
        shard.segments.item_mut(location).note_use(seconds(now_ms), true);
        true
    }

    /// Sets the marks of an item (`SetOptions::marks`) and nothing else about it. False when the
    /// key is absent.
    pub fn set_marks(&mut self, key: Key<'_>, marks: u8) -> bool {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let Some((_, location)) = shard.find(key, now_ms) else { return false };
        shard.segments.item_mut(location).set_marks(marks & MARKS_MASK);
        true
    }

    /// Sets the CAS number of an item, as if it had been written. False when the key is absent.
    pub fn set_cas(&mut self, key: Key<'_>, cas: u64) -> bool {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let Some(found) = shard.find(key, now_ms) else { return false };
        shard.reattribute(key, found, |it| it.cas = cas);
        shard.book();
        true
    }

    /// The key's CAS number, given to it now if it has none yet. It changes with every write to
    /// the value (not with its expiry). `None` when the key is absent.
    pub fn cas(&mut self, key: Key<'_>) -> Option<u64> {
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let found = shard.find(key, now_ms)?;
        let cas = shard.cas(key, found);
        shard.book();
        Some(cas)
    }

    /// A CAS number that no write has had, for a store or an edit that tells its own
    /// (`SetOptions::cas`, `Edit::set_cas`).
    pub fn new_cas(&mut self, key: Key<'_>) -> u64 {
        self.shard(key).next_cas()
    }

    /// Moves the value with its expiry to another key (or database), over what is there.
    /// False when `from` is absent.
    pub fn rename(&mut self, from: Key<'_>, to: Key<'_>) -> bool {
        if from.name == to.name && from.db == to.db {
            return self.find(from).is_some();
        }
        let now_ms = self.now_ms;
        let shard = self.shard(from);
        let Some(found) = shard.find(from, now_ms) else { return false };
        let attributes = Attributes { cas: 0, ..shard.segments.item(found.1).attributes() };
        // Taken, not copied: a big value moves with its box.
        let (repr, kind) = shard.take(found.1);
        shard.remove(found);
        shard.written(from, Wrote::Removed);
        let shard = self.shard(to);
        let old = shard.find(to, now_ms);
        shard.put_back(to, old, kind, repr, &attributes);
        shard.written(to, Wrote::over(old));
        true
    }

    /// Copies the value with its expiry to another key (or database), over what is there.
    /// False when `from` is absent.
    pub fn copy(&mut self, from: Key<'_>, to: Key<'_>) -> bool {
        let now_ms = self.now_ms;
        let shard = self.shard(from);
        let Some((_, location)) = shard.find(from, now_ms) else { return false };
        let attributes = Attributes { cas: 0, ..shard.segments.item(location).attributes() };
        let (repr, kind) = shard.clone_value(location);
        let shard = self.shard(to);
        let old = shard.find(to, now_ms);
        shard.put_back(to, old, kind, repr, &attributes);
        shard.written(to, Wrote::over(old));
        true
    }

    /// Queues up for a key, behind everyone who waits for it already, under a number that the
    /// caller gives. `None` when there is no room.
    pub fn wait(&mut self, key: Key<'_>, who: u64) -> Option<Ticket> {
        self.shard(key).waiters.join(key, who)
    }

    /// Leaves a queue of a key in this view.
    pub fn stop_waiting(&mut self, key: Key<'_>, ticket: Ticket) {
        self.shard(key).waiters.leave(ticket);
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Expire, Hash, Keyspace, KeyspaceOptions, Maintenance, NewValue, Policy, SetOptions, Str,
    };

    const NOW: u64 = 1_700_000_000_000;

    fn keyspace(memory_max_bytes: u64, policy: Policy) -> Keyspace {
        Keyspace::new(KeyspaceOptions {
            n_shards: 4,
            n_databases: 2,
            memory_max_bytes,
            policy,
            seed: Some(1),
            ..KeyspaceOptions::default()
        })
    }

    fn put(keyspace: &Keyspace, name: &[u8], value: &[u8], expire: Expire) {
        let key = keyspace.key(0, name);
        let options = SetOptions { expire, ..SetOptions::default() };
        keyspace.view(key, NOW).set(key, NewValue::Copied(value), options);
    }

    fn value_of(keyspace: &Keyspace, name: &[u8], now_ms: u64) -> Option<Vec<u8>> {
        let key = keyspace.key(0, name);
        let mut view = keyspace.view(key, now_ms);
        view.get::<Str>(key).unwrap().map(|it| it.as_slice().to_vec())
    }

    #[test]
    fn values_of_every_size_come_back() {
        let keyspace = keyspace(0, Policy::NoEviction);
        for len in [0, 1, 7, 64, 4096, 8100, 8190, 8192, 9000, 100_000] {
            for name in [&b"k"[..], &[b'n'; 300], &[b'n'; 4097]] {
                put(&keyspace, name, &vec![b'v'; len], Expire::Never);
                assert_eq!(value_of(&keyspace, name, NOW), Some(vec![b'v'; len]));
            }
        }
        assert_eq!(keyspace.len(0), 3);
        keyspace.flush(0);
        assert_eq!((keyspace.len(0), keyspace.used_bytes()), (0, 0));
    }

    #[test]
    fn an_edit_keeps_what_it_does_not_touch() {
        let keyspace = keyspace(0, Policy::NoEviction);
        put(&keyspace, b"k", b"ab", Expire::AtMs(NOW + 5));
        let key = keyspace.key(0, b"k");
        let mut view = keyspace.view(key, NOW);
        let cas = view.cas(key);
        view.edit::<Str>(key).unwrap().unwrap().append(b"cd");
        let item = view.peek(key).unwrap();
        assert_eq!((item.expire_at_ms(), item.edited()), (Some(NOW + 5), true));
        assert!(view.cas(key) != cas);
        assert!(view.edit::<Hash>(key).is_err());
        assert_eq!(view.get::<Str>(key).unwrap().unwrap().as_slice(), b"abcd");
    }

    #[test]
    fn cas_numbers_grow_with_a_key_and_never_repeat_in_a_keyspace() {
        let keyspace = keyspace(0, Policy::NoEviction);
        let names: Vec<String> = (0..50).map(|i| format!("key:{i}")).collect();
        let mut given = Vec::new();
        let mut last = vec![0; names.len()];
        // Several steps of numbers for each of the four shards.
        for _ in 0..40 {
            for (name, last) in names.iter().zip(&mut last) {
                put(&keyspace, name.as_bytes(), b"v", Expire::Never);
                let key = keyspace.key(0, name.as_bytes());
                let cas = keyspace.view(key, NOW).cas(key).unwrap();
                assert!(*last < cas, "{name}: {last}, then {cas}");
                *last = cas;
                given.push(cas);
            }
        }
        let n_given = given.len();
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), n_given);
    }

    #[test]
    fn an_emptied_hash_is_gone_and_a_new_untouched_one_was_never_there() {
        let keyspace = keyspace(0, Policy::NoEviction);
        let key = keyspace.key(0, b"h");
        let mut view = keyspace.view(key, NOW);
        drop(view.edit_or_create::<Hash>(key).unwrap());
        assert!(view.peek(key).is_none());
        assert!(view.edit_or_create::<Hash>(key).unwrap().set(b"f", b"v"));
        assert!(view.edit_or_create::<Hash>(key).unwrap().remove(b"f"));
        assert!(view.peek(key).is_none());
    }

    #[test]
    fn expired_keys_are_absent_at_once_and_their_memory_follows() {
        let keyspace = keyspace(0, Policy::NoEviction);
        for i in 0..1000 {
            let name = format!("key:{i}");
            put(&keyspace, name.as_bytes(), &[b'v'; 1000], Expire::AtMs(NOW + 10));
        }
        assert_eq!(value_of(&keyspace, b"key:1", NOW + 10).map(|it| it.len()), Some(1000));
        assert_eq!(value_of(&keyspace, b"key:1", NOW + 11), None);
        let used = keyspace.used_bytes();
        assert_eq!(keyspace.maintain(0, 1, NOW + 11, &mut || true), Maintenance::Done);
        assert_eq!(keyspace.len(0), 0);
        assert_eq!(keyspace.stats().expirations, 1000);
        assert!(keyspace.used_bytes() < used / 4, "{used} before, {}", keyspace.used_bytes());
    }

    #[test]
    fn a_full_keyspace_evicts_or_refuses() {
        let max = 1 << 20;
        for policy in [Policy::AllKeysLru, Policy::NoEviction] {
            let keyspace = keyspace(max, policy);
            let mut refused = 0;
            for i in 0..10_000 {
                let name = format!("key:{i}");
                if keyspace.make_room(NOW).is_err() {
                    refused += 1;
                    continue;
                }
                put(&keyspace, name.as_bytes(), &vec![b'v'; 100 + i % 700], Expire::Never);
            }
            let stats = keyspace.stats();
            assert!(stats.used_bytes < max + (256 << 10), "{stats:?}");
            assert_eq!(refused == 0, policy == Policy::AllKeysLru);
            assert_eq!(stats.evictions != 0, policy == Policy::AllKeysLru);
            assert!(stats.used_bytes * 4 / 5 < stats.item_bytes + stats.table_bytes, "{stats:?}");
        }
    }

    #[test]
    fn a_lowered_budget_is_met_in_the_background() {
        let keyspace = keyspace(0, Policy::AllKeysLru);
        for i in 0..5000 {
            put(&keyspace, format!("key:{i}").as_bytes(), &[b'v'; 500], Expire::Never);
        }
        keyspace.set_memory_max(1 << 20);
        let mut n_turns = 0;
        while keyspace.maintain(0, 1, NOW, &mut || false) == Maintenance::More {
            n_turns += 1;
            assert!(n_turns < 1000);
        }
        assert!(keyspace.used_bytes() <= 1 << 20);
        assert!(keyspace.stats().item_bytes > 700 << 10);
    }

    #[test]
    fn a_scan_meets_every_key_while_the_table_grows() {
        let keyspace = keyspace(0, Policy::NoEviction);
        for i in 0..500 {
            put(&keyspace, format!("key:{i}").as_bytes(), b"", Expire::Never);
        }
        let (mut cursor, mut seen, mut added) = (0, Vec::new(), 0);
        loop {
            let mut visit = |item: crate::Item<'_>| seen.push(item.key().to_vec());
            cursor = keyspace.scan(0, cursor, 10, NOW, &mut visit);
            for _ in 0..50 {
                put(&keyspace, format!("new:{added}").as_bytes(), b"", Expire::Never);
                added += 1;
            }
            if cursor == 0 {
                break;
            }
        }
        for i in 0..500 {
            assert!(seen.contains(&format!("key:{i}").into_bytes()), "key:{i}");
        }
    }

    #[test]
    fn moves_and_swaps_carry_values_between_databases() {
        let keyspace = keyspace(0, Policy::NoEviction);
        put(&keyspace, b"a", b"1", Expire::AtMs(NOW + 5));
        let (from, to) = (keyspace.key(0, b"a"), keyspace.key(1, b"b"));
        assert!(keyspace.view_many([from, to], NOW).rename(from, to));
        assert_eq!((keyspace.len(0), keyspace.len(1)), (0, 1));
        keyspace.swap(0, 1);
        assert_eq!(value_of(&keyspace, b"b", NOW), Some(b"1".to_vec()));
        assert_eq!(value_of(&keyspace, b"b", NOW + 6), None);
    }
}
