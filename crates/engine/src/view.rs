//! The part of a keyspace that one command may touch: the locked shards of its declared keys.

use std::marker::PhantomData;

use crate::edit::Edit;
use crate::error::Error;
use crate::key::Key;
use crate::options::{SetOptions, SetOutcome};
use crate::value::{Item, Kind, NewValue};

/// The locked shards of a command's keys. Every method panics on a key outside of them: that is
/// a table row that does not declare its keys. Expired keys read as absent everywhere.
pub struct View<'a> {
    scope: PhantomData<&'a ()>,
}

impl View<'_> {
    pub fn now_ms(&self) -> u64 {
        todo!()
    }

    /// Reads a value: counts a hit or a miss, marks the item as used and fetched.
    pub fn get<T: Kind>(&mut self, _key: Key<'_>) -> Result<Option<T::Ref<'_>>, Error> {
        todo!()
    }

    /// Reads an item of any type: counts a hit or a miss, marks the item as used and fetched.
    pub fn read(&mut self, _key: Key<'_>) -> Option<Item<'_>> {
        todo!()
    }

    /// Looks at an item of any type; neither counts nor marks.
    pub fn peek(&mut self, _key: Key<'_>) -> Option<Item<'_>> {
        todo!()
    }

    /// Opens a present value for writing. Marks it as used; counts nothing.
    pub fn edit<T: Kind>(&mut self, _key: Key<'_>) -> Result<Option<Edit<'_, T>>, Error> {
        todo!()
    }

    /// Opens a value for writing, an empty one when the key is absent (it is stored on close
    /// unless it is an empty collection or was never touched).
    pub fn edit_or_create<T: Kind>(&mut self, _key: Key<'_>) -> Result<Edit<'_, T>, Error> {
        todo!()
    }

    /// Stores a string under a condition, over a value of any type.
    pub fn set(&mut self, _key: Key<'_>, _value: NewValue<'_>, _options: SetOptions) -> SetOutcome {
        todo!()
    }

    /// Removes a key. True when it was there.
    pub fn remove(&mut self, _key: Key<'_>) -> bool {
        todo!()
    }

    /// Sets or clears the expiry (ms since the epoch); a time that has passed removes the key.
    /// False when the key is absent. Leaves the CAS number as it is.
    pub fn set_expire(&mut self, _key: Key<'_>, _at_ms: Option<u64>) -> bool {
        todo!()
    }

    /// Marks a key as used (TOUCH). False when it is absent.
    pub fn touch(&mut self, _key: Key<'_>) -> bool {
        todo!()
    }

    /// The key's CAS number, given to it now if it has none yet. It changes with every write to
    /// the value (not with its expiry). `None` when the key is absent.
    pub fn cas(&mut self, _key: Key<'_>) -> Option<u64> {
        todo!()
    }

    /// Moves the value with its expiry to another key (or database), over what is there.
    /// False when `from` is absent.
    pub fn rename(&mut self, _from: Key<'_>, _to: Key<'_>) -> bool {
        todo!()
    }

    /// Copies the value with its expiry to another key (or database), over what is there.
    /// False when `from` is absent.
    pub fn copy(&mut self, _from: Key<'_>, _to: Key<'_>) -> bool {
        todo!()
    }
}
