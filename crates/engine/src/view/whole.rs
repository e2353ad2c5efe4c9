//! Whole collections: several read at once, and one stored in place of what was there.

use crate::error::Error;
use crate::happenings::Wrote;
use crate::item::Attributes;
use crate::key::Key;
use crate::layout::SECONDS_MASK;
use crate::options::{Limits, PutOptions};
use crate::shard::{Shard, seconds};
use crate::value::{Kind, Value};
use crate::view::{Held, View};

impl View<'_> {
    /// The thresholds of collections, for one that is made before it is stored.
    pub fn limits(&self) -> Limits {
        self.keyspace.limits()
    }

    /// Reads the values of several keys, each as `get` does; a key may occur twice.
    pub fn get_all<T: Kind>(&mut self, keys: &[Key<'_>]) -> Result<Vec<Option<T::Ref<'_>>>, Error> {
        self.get_all_as(keys, T::of)
    }

    /// The same for keys that may hold several types: `of` takes those that it knows.
    pub fn get_all_as<'v, R>(
        &'v mut self,
        keys: &[Key<'_>],
        of: impl Fn(Value<'v>) -> Option<R>,
    ) -> Result<Vec<Option<R>>, Error> {
        let (now_ms, notes_use) = (self.now_ms, self.notes_use);
        for key in keys {
            self.shard(*key).find_read(*key, now_ms, notes_use);
        }
        // What has expired is gone now, so that nothing moves any more.
        let view = &*self;
        let value = |key: &Key<'_>| {
            let shard = view.shard_ref(*key);
            let is_it = |at| shard.segments.item(at).key_is(key.name);
            let Some((_, location)) = shard.index.find(key.hash.slot(), is_it) else {
                return Ok(None);
            };
            of(shard.segments.item(location).value()).map(Some).ok_or(Error::WrongType)
        };
        keys.iter().map(value).collect()
    }

    fn shard_ref(&self, key: Key<'_>) -> &Shard {
        match &self.held {
            Held::One { locked, .. } => locked,
            Held::Many(several) => several
                .shard(self.keyspace.shard_id(key))
                .expect("the key was found in its shard before"),
        }
    }

    /// Stores a collection over what the key holds, whatever that is, without its expiry. An
    /// empty collection removes the key.
    pub fn put<T: Kind>(&mut self, key: Key<'_>, value: T) {
        self.put_with(key, value, PutOptions::default());
    }

    /// The same for a value of any type that comes with its past.
    pub fn put_with<T: Kind>(&mut self, key: Key<'_>, value: T, options: PutOptions) {
        if value.is_gone() {
            self.remove(key);
            return;
        }
        let now_ms = self.now_ms;
        let shard = self.shard(key);
        let old = shard.find(key, now_ms);
        let had_cas = old.is_some_and(|(_, location)| shard.segments.item(location).cas() != 0);
        let (repr, edited) = value.close();
        let attributes = Attributes {
            cas: if had_cas { shard.next_cas() } else { 0 },
            used_s: seconds(now_ms).wrapping_sub(options.idle_s.min(SECONDS_MASK)) & SECONDS_MASK,
            expire_at_ms: options.expire_at_ms.unwrap_or(0),
            edited,
            ..Attributes::default()
        };
        shard.put_back(key, old, T::TYPE, repr, &attributes);
        shard.written(key, Wrote::over(old));
    }
}
