/// The 64-bit hash of a key under its keyspace's seed. It picks the shard (upper bits) and the
/// place inside the shard (lower 32 bits), so a key is hashed once per command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHash(pub(crate) u64);

/// A key as an operation needs it: its bytes, their hash and its database.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub name: &'a [u8],
    pub hash: KeyHash,
    /// Index of the logical database (SELECT), below `KeyspaceOptions::n_databases`.
    pub db: u32,
}

/// A key that outlives what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedKey {
    name: Box<[u8]>,
    hash: KeyHash,
    db: u32,
}

impl OwnedKey {
    pub fn as_key(&self) -> Key<'_> {
        Key { name: &self.name, hash: self.hash, db: self.db }
    }

    pub(crate) fn is(&self, key: Key<'_>) -> bool {
        self.db == key.db && *self.name == *key.name
    }
}

impl<'a> Key<'a> {
    pub fn owned(self) -> OwnedKey {
        OwnedKey { name: self.name.into(), hash: self.hash, db: self.db }
    }

    /// The key of the same name in another database.
    #[must_use]
    pub fn in_db(self, db: u32) -> Key<'a> {
        Key { db, ..self }
    }
}
