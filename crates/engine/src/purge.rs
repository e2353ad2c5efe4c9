//! Taking expired fields out of hashes: before anybody looks, and in the background.

use crate::hash::Hash;
use crate::key::Key;
use crate::segment::Location;
use crate::shard::{Found, Shard};
use crate::value::{Repr, Sealed};

/// Fields that are taken out of an indexed hash at a time. One costs about half a microsecond.
const FIELDS_AT_ONCE: usize = 8;

/// What became of a hash with expired fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purged {
    /// No field was left, so the key is gone.
    Gone,
    /// Expired fields are left, which do not show.
    InPart,
    Wholly,
}

impl Shard {
    /// Takes expired fields out of a hash that was found. `None` when no field is left.
    #[cold]
    pub(crate) fn purge(&mut self, key: Key<'_>, found: Found, now_ms: u64) -> Option<Found> {
        let purged = self.purge_fields(key, found, now_ms);
        self.book();
        if purged == Purged::Gone {
            return None;
        }
        // It may lie elsewhere now.
        self.index.find(key.hash.slot(), |at| self.segments.item(at).key_is(key.name))
    }

    /// The same for a hash that was met in the log, which stays where it is if that was not all.
    pub(crate) fn purge_location(&mut self, location: Location, now_ms: u64) -> Purged {
        let found = self.found_at(location);
        let name = self.segments.item(location).key().to_vec();
        let hash = self.shared.hash(&name);
        self.purge_fields(Key { name: &name, hash, db: 0 }, found, now_ms)
    }

    fn purge_fields(&mut self, key: Key<'_>, found: Found, now_ms: u64) -> Purged {
        let mut attributes = self.segments.item(found.1).attributes();
        let stores = self.events.stores;
        let (repr, kind) = self.take(found.1);
        let mut hash = Hash::open(repr, attributes.edited, self.shared.limits());
        self.events.field_expirations += hash.purge(now_ms, FIELDS_AT_ONCE) as u64;
        let is_gone = hash.is_gone();
        let purged = if hash.has_expired(now_ms) { Purged::InPart } else { Purged::Wholly };
        let (repr, has_ends) = hash.close();
        if is_gone {
            if let Repr::Small(scratch) = repr {
                self.keep_scratch(scratch);
            }
            self.remove(found);
            return Purged::Gone;
        }
        attributes.edited = has_ends;
        self.put_back(key, Some(found), kind, repr, &attributes);
        self.events.stores = stores;
        purged
    }
}
