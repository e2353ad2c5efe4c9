use std::ops::{Deref, DerefMut};

use crate::happenings::Wrote;
use crate::item::{Attributes, BoxedValue};
use crate::key::Key;
use crate::shard::{Found, Shard, seconds};
use crate::value::{Kind, Repr};

/// A value open for writing. Closing it (dropping it) settles what every write owes: byte count,
/// CAS number, removal of an emptied collection, waking of sleepers, events.
/// An edit that was never mutably borrowed owes nothing.
pub struct Edit<'a, T: Kind> {
    pub(crate) shard: &'a mut Shard,
    pub(crate) key: Key<'a>,
    found: Option<Found>,
    attributes: Attributes,
    /// `None` only while dropping.
    value: Option<T>,
    touched: bool,
    told: Told,
    cas: Option<u64>,
    now_ms: u64,
}

/// Who hears of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    All,
    /// All but those who wait for the key.
    NotWaiting,
    /// All but those who keep copies of the value, which stays as it was.
    NotKeeping,
    /// Only those who want to hear of everything.
    Listeners,
    Nobody,
}

impl<'a, T: Kind> Edit<'a, T> {
    /// Opens the value found under a key, or an empty one. The caller has checked its type.
    pub(crate) fn new(
        shard: &'a mut Shard,
        key: Key<'a>,
        found: Option<Found>,
        now_ms: u64,
    ) -> Edit<'a, T> {
        let (repr, attributes) = match found {
            Some((_, location)) => {
                let attributes = shard.segments.item(location).attributes();
                (shard.take(location).0, attributes)
            }
            None => (Repr::Small(shard.scratch()), Attributes::default()),
        };
        let value = T::open(repr, attributes.edited, T::limits(&shard.shared.limits));
        let value = Some(value);
        let (touched, told, cas) = (false, Told::All, None);
        Edit { shard, key, found, attributes, value, touched, told, cas, now_ms }
    }

    /// What changes is nothing that anybody waits for, or keeps a copy of.
    pub fn hush(&mut self) {
        self.told = Told::Listeners;
    }

    /// What changes is nothing that anybody waits for.
    pub fn take_away(&mut self) {
        self.told = Told::NotWaiting;
    }

    /// What changes is nothing that anybody keeps a copy of.
    pub fn change_aside(&mut self) {
        self.told = Told::NotKeeping;
    }

    /// The value counts as written, even if it stays as it was.
    pub fn touch(&mut self) {
        self.touched = true;
    }

    /// What was to change was so already, or is nothing of the value: closing the edit tells
    /// nobody.
    pub fn keep_quiet(&mut self) {
        self.told = Told::Nobody;
    }

    /// True when the key was absent: the value is a new, empty one.
    pub fn is_new(&self) -> bool {
        self.found.is_none()
    }

    /// Sets the expiry that the key has from now on (ms since the epoch; `None` clears it).
    pub fn set_expire(&mut self, at_ms: Option<u64>) {
        self.touched = true;
        self.attributes.expire_at_ms = at_ms.unwrap_or(0);
    }

    /// Sets the CAS number that the key has from now on, in place of the one that closing the
    /// edit would give.
    pub fn set_cas(&mut self, cas: u64) {
        self.touched = true;
        self.cas = Some(cas);
    }

    /// The value counts as a new one: nobody has read it, and it has no marks.
    pub fn renew(&mut self) {
        self.touched = true;
        self.attributes.fetched = false;
        self.attributes.marks = 0;
    }

    /// An untouched value goes back as it was; a new one is forgotten.
    fn return_untouched(&mut self, repr: Repr) {
        match (repr, self.found) {
            // Packed bytes too big for a segment: they were in the box, not in the scratch buffer.
            (Repr::Small(bytes), Some((_, location)))
                if self.shard.segments.item(location).is_boxed() =>
            {
                self.shard.return_boxed(location, BoxedValue::Packed(T::TYPE, bytes));
            }
            (Repr::Small(scratch), _) => self.shard.keep_scratch(scratch),
            (Repr::Boxed(value), Some((_, location))) => self.shard.return_boxed(location, value),
            (Repr::Boxed(_), None) => {}
        }
    }
}

impl<T: Kind> Deref for Edit<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("an edit holds its value until it drops")
    }
}

impl<T: Kind> DerefMut for Edit<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.touched = true;
        self.value.as_mut().expect("an edit holds its value until it drops")
    }
}

impl<T: Kind> Drop for Edit<'_, T> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        let is_gone = value.is_gone();
        let (repr, edited) = value.close();
        if !self.touched {
            return self.return_untouched(repr);
        }
        if is_gone {
            if let Repr::Small(scratch) = repr {
                self.shard.keep_scratch(scratch);
            }
            let Some(found) = self.found else { return };
            self.shard.remove(found);
            return self.shard.written(self.key, Wrote::Emptied);
        }
        match self.cas {
            Some(given) => self.attributes.cas = given,
            None if self.attributes.cas != 0 => self.attributes.cas = self.shard.next_cas(),
            None => {}
        }
        self.attributes.edited = edited;
        self.attributes.used_s = seconds(self.now_ms);
        self.shard.put_back(self.key, self.found, T::TYPE, repr, &self.attributes);
        let wrote = if self.found.is_none() { Wrote::Made } else { Wrote::Changed };
        match self.told {
            Told::All => return self.shard.written(self.key, wrote),
            Told::NotKeeping => return self.shard.written(self.key, wrote.beside()),
            Told::NotWaiting => {
                self.shard.ring_for(self.key);
                self.shard.report(self.key, wrote);
            }
            Told::Listeners => self.shard.report(self.key, wrote.beside()),
            Told::Nobody => {}
        }
        self.shard.settle();
    }
}
