//! What happens to keys, for those who want to hear of it, in the order in which it happens.
//!
//! It is noted under the lock of the key's shard, so the notes agree with the order of the writes.
//! Whoever noted something finds `has_ready` true once no lock is held, and takes the notes
//! (`Keyspace::take_happenings`). While nobody wants to hear, a write looks at one flag.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use crate::edit::Edit;
use crate::key::Key;
use crate::keyspace::Keyspace;
use crate::ready::mark_ready;
use crate::shard::{Found, Shard};
use crate::value::Kind;
use crate::view::View;

/// What a command does to keys. The engine hands it on and makes nothing of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Deed {
    pub name: &'static str,
    pub class: u16,
}

/// Something that happened to a key.
#[derive(Debug)]
pub struct Happening {
    pub db: u32,
    pub name: Box<[u8]>,
    pub what: What,
    /// For whom the thread worked (`doing`); 0 for what nobody asked for.
    pub who: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A command wrote, and what it was doing.
    Wrote(Wrote, Option<&'static Deed>),
    /// A command says this of the key beyond what it wrote.
    Said(&'static Deed),
    /// Somebody has read it who wants to hear of its next change (`View::note_read`).
    Read,
    /// A read found nothing.
    Missed,
    /// The key is gone, as its time was over.
    Expired,
    /// The key has given way to others.
    Evicted,
    /// Fields of the hash are gone, as their time was over.
    FieldsExpired,
    /// The hash is gone with the last of them.
    LastFieldExpired,
    /// A database was emptied, or all were; the happening has no name.
    Flushed,
}

/// What a write did to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It was not there before.
    Made,
    Changed,
    /// Something beside its value changed, which is nothing to those who wait for the key or keep
    /// a copy of it.
    Beside,
    /// It is gone, as nothing was left of its value.
    Emptied,
    Removed,
    /// It is gone, as it was given a time that has passed.
    Ended,
}

/// What somebody wants to hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interests(u8);

impl Interests {
    pub const NONE: Interests = Interests(0);
    /// Whatever a command writes or says.
    pub const WRITES: Interests = Interests(1);
    pub const MISSES: Interests = Interests(2);
    /// What expires and what is evicted.
    pub const ENDS: Interests = Interests(4);
    /// That a database was emptied.
    pub const FLUSHES: Interests = Interests(8);

    #[must_use]
    pub const fn and(self, other: Interests) -> Interests {
        Interests(self.0 | other.0)
    }
}

/// The notes of a keyspace that nobody has taken yet.
#[derive(Default)]
pub(crate) struct Happenings {
    wanted: AtomicU8,
    noted: CachePadded<Mutex<Vec<Happening>>>,
}

thread_local! {
    static DOING: Cell<(Option<&'static Deed>, u64)> = const { Cell::new((None, 0)) };
}

/// Says what this thread does from now on, and for whom: what it writes is noted as that.
#[inline]
pub fn doing(deed: Option<&'static Deed>, who: u64) {
    DOING.set((deed, who));
}

/// Says what this thread does from now on, for the same one as before.
#[inline]
pub fn doing_now(deed: Option<&'static Deed>) {
    DOING.set((deed, DOING.get().1));
}

impl Happenings {
    #[inline]
    pub(crate) fn wants(&self, interests: Interests) -> bool {
        self.wanted.load(Ordering::Relaxed) & interests.0 != 0
    }

    #[cold]
    pub(crate) fn note_write(&self, place: u32, name: &[u8], wrote: Wrote) {
        let (deed, who) = DOING.get();
        self.note(Happening { db: place, name: name.into(), what: What::Wrote(wrote, deed), who });
    }

    #[cold]
    pub(crate) fn note_words(&self, place: u32, name: &[u8], deed: &'static Deed) {
        let who = DOING.get().1;
        self.note(Happening { db: place, name: name.into(), what: What::Said(deed), who });
    }

    /// Notes what nobody asked for.
    #[cold]
    pub(crate) fn note_event(&self, place: u32, name: &[u8], what: What) {
        self.note(Happening { db: place, name: name.into(), what, who: 0 });
    }

    /// Notes that databases were emptied.
    pub(crate) fn note_flush(&self) {
        if self.wants(Interests::FLUSHES) {
            self.note_event(0, b"", What::Flushed);
        }
    }

    fn note(&self, happening: Happening) {
        self.noted.lock().push(happening);
        mark_ready();
    }
}

impl Keyspace {
    /// Says what is noted from now on.
    pub fn hear(&self, interests: Interests) {
        self.shared.happenings.wanted.store(interests.0, Ordering::Relaxed);
    }

    /// What has been noted and not been taken yet, whichever threads did it.
    pub fn take_happenings(&self) -> Vec<Happening> {
        let mut taken = std::mem::take(&mut *self.shared.happenings.noted.lock());
        for it in &mut taken {
            // Noted by the place, as a shard knows no more.
            it.db = self.db_at(it.db);
        }
        taken
    }
}

impl Wrote {
    pub(crate) fn over(old: Option<Found>) -> Wrote {
        if old.is_none() { Wrote::Made } else { Wrote::Changed }
    }

    /// The same of what changes something beside the value.
    pub(crate) fn beside(self) -> Wrote {
        if self == Wrote::Changed { Wrote::Beside } else { self }
    }
}

impl Shard {
    /// Tells what happened to a key without a command that asked for it.
    #[inline]
    pub(crate) fn tell(&self, interest: Interests, name: &[u8], what: What) {
        if self.shared.happenings.wants(interest) {
            self.shared.happenings.note_event(self.place(), name, what);
        }
    }

    /// Tells what a command says of a key beyond what it writes.
    pub(crate) fn say(&self, name: &[u8], deed: &'static Deed) {
        if self.shared.happenings.wants(Interests::WRITES) {
            self.shared.happenings.note_words(self.place(), name, deed);
        }
    }

    /// Where the shard's database is among those of its keyspace.
    fn place(&self) -> u32 {
        self.id / self.shared.n_shards as u32
    }

    /// Notes a write for who wants to hear of it.
    #[inline]
    pub(crate) fn report(&self, key: Key<'_>, wrote: Wrote) {
        if self.shared.happenings.wants(Interests::WRITES) {
            self.shared.happenings.note_write(self.place(), key.name, wrote);
        }
    }
}

impl<T: Kind> Edit<'_, T> {
    /// Says something of the key now, for those who want to hear of it; what is written is told
    /// when the edit closes.
    pub fn say(&mut self, deed: &'static Deed) {
        self.shard.say(self.key.name, deed);
    }
}

impl View<'_> {
    /// Notes that whoever this thread works for has read a key, in order with what is written.
    #[cold]
    pub fn note_read(&mut self, key: Key<'_>) {
        let shard = self.shard(key);
        let (place, who) = (shard.place(), DOING.get().1);
        let read = Happening { db: place, name: key.name.into(), what: What::Read, who };
        shard.shared.happenings.note(read);
    }

    /// Says something of a key beyond what is written, for those who want to hear of it.
    pub fn say(&mut self, key: Key<'_>, deed: &'static Deed) {
        self.shard(key).say(key.name, deed);
    }
}

#[cfg(test)]
mod tests {
    use crate::{Hash, KeyspaceOptions, NewValue, SetOptions, Str};

    use super::*;

    const NOW: u64 = 1_700_000_000_000;
    static DEED: Deed = Deed { name: "deed", class: 1 };

    fn told(keyspace: &Keyspace) -> Vec<(u32, String, What)> {
        let name = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        keyspace.take_happenings().iter().map(|it| (it.db, name(&it.name), it.what)).collect()
    }

    #[test]
    fn what_happens_is_noted_for_who_wants_to_hear_it() {
        let options = KeyspaceOptions { n_shards: 4, n_databases: 2, ..KeyspaceOptions::default() };
        let keyspace = Keyspace::new(options);
        let key = keyspace.key(1, b"k");
        let set = || {
            let expire = crate::Expire::AtMs(NOW + 5);
            let options = SetOptions { expire, ..SetOptions::default() };
            keyspace.view(key, NOW).set(key, NewValue::Copied(b"v"), options);
        };
        set();
        assert!(told(&keyspace).is_empty() && !crate::has_ready());
        keyspace.hear(Interests::WRITES.and(Interests::ENDS));
        doing(Some(&DEED), 7);
        set();
        assert!(crate::has_ready());
        let _ = keyspace.view(key, NOW + 6).get::<Str>(key);
        set();
        let wrote = |it| (1, "k".to_string(), What::Wrote(it, Some(&DEED)));
        let expired = (1, "k".to_string(), What::Expired);
        assert_eq!(told(&keyspace), [wrote(Wrote::Changed), expired, wrote(Wrote::Made)]);
        let key = keyspace.key(0, b"h");
        keyspace.view(key, NOW).edit_or_create::<Hash>(key).unwrap().set(b"f", b"v");
        keyspace.swap(0, 1);
        let key = keyspace.key(1, b"h");
        assert!(keyspace.view(key, NOW).edit::<Hash>(key).unwrap().unwrap().remove(b"f"));
        let wrote = |it| (1, "h".to_string(), What::Wrote(it, Some(&DEED)));
        assert_eq!(told(&keyspace), [wrote(Wrote::Made), wrote(Wrote::Emptied)]);
        assert!(crate::take_ready().is_empty() && !crate::has_ready());
        keyspace.flush_all();
        assert!(told(&keyspace).is_empty());
        keyspace.hear(Interests::FLUSHES);
        keyspace.view(key, NOW).note_read(key);
        keyspace.flush(0);
        let read = (1, "h".to_string(), What::Read);
        assert_eq!(told(&keyspace), [read, (1, String::new(), What::Flushed)]);
    }
}
