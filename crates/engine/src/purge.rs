//! Taking expired fields out of hashes: before anybody looks, and in the background.

use crate::happenings::{Interests, What};
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
        self.tell_watchers(found.1);
        let mut attributes = self.segments.item(found.1).attributes();
        let stores = self.events.stores;
        let (repr, kind) = self.take(found.1);
        let mut hash = Hash::open(repr, attributes.edited, self.shared.limits.of_hashes());
        self.events.field_expirations += hash.purge(now_ms, FIELDS_AT_ONCE) as u64;
        let is_gone = hash.is_gone();
        let what = if is_gone { What::LastFieldExpired } else { What::FieldsExpired };
        self.tell(Interests::ENDS, key.name, what);
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

#[cfg(test)]
mod tests {
    use crate::{Hash, Keyspace, KeyspaceOptions, Maintenance};

    const NOW: u64 = 1_700_000_000_000;

    fn keyspace() -> Keyspace {
        Keyspace::new(KeyspaceOptions { n_shards: 4, ..KeyspaceOptions::default() })
    }

    /// A hash of `n` fields that end at `NOW + 10`, and one that does not.
    fn fill(keyspace: &Keyspace, name: &[u8], n: usize) {
        let key = keyspace.key(0, name);
        let mut view = keyspace.view(key, NOW);
        let mut hash = view.edit_or_create::<Hash>(key).unwrap();
        hash.set(b"stays", b"x");
        for field in (0..n).map(|it| it.to_string()) {
            hash.set(field.as_bytes(), b"x");
            hash.set_end(field.as_bytes(), NOW + 10);
        }
    }

    #[test]
    fn expired_fields_are_taken_out_in_short_turns() {
        let keyspace = keyspace();
        let n_fields = if cfg!(miri) { 300 } else { 20_000 };
        fill(&keyspace, b"big", n_fields);
        (0..20).for_each(|it| fill(&keyspace, format!("small:{it}").as_bytes(), 10));
        assert_eq!(keyspace.database_stats(0, NOW).n_field_expiring, 21);
        let used = keyspace.stats().used_bytes;
        assert_eq!(keyspace.maintain(0, 1, NOW + 10, &mut || true), Maintenance::Done);
        assert_eq!(keyspace.stats().field_expirations, 0);
        // A turn that stops at once takes out no more than a few.
        let mut before = 0;
        while keyspace.maintain(0, 1, NOW + 11, &mut || false) == Maintenance::More {
            let n_purged = keyspace.stats().field_expirations;
            assert!(n_purged - before <= 200, "{} in one turn", n_purged - before);
            before = n_purged;
        }
        keyspace.maintain(0, 1, NOW + 11, &mut || true);
        let stats = keyspace.stats();
        assert_eq!((stats.field_expirations, stats.n_items), (n_fields as u64 + 200, 21));
        assert_eq!(keyspace.database_stats(0, NOW + 11).n_field_expiring, 0);
        assert!(stats.used_bytes < used / 4 || cfg!(miri), "{} of {used}", stats.used_bytes);
        let key = keyspace.key(0, b"big");
        let mut view = keyspace.view(key, NOW + 11);
        assert_eq!(view.get::<Hash>(key).unwrap().unwrap().len(), 1);
    }

    #[test]
    fn a_key_goes_with_its_last_field() {
        let keyspace = keyspace();
        for n_fields in [3, 2000] {
            fill(&keyspace, b"h", n_fields);
            let key = keyspace.key(0, b"h");
            keyspace.view(key, NOW).edit::<Hash>(key).unwrap().unwrap().remove(b"stays");
            assert!(keyspace.view(key, NOW + 10).peek(key).is_some());
            assert!(keyspace.view(key, NOW + 11).peek(key).is_none());
            assert_eq!((keyspace.len(0), keyspace.stats().item_bytes), (0, 0));
        }
    }
}
