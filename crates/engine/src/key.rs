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

impl<'a> Key<'a> {
    /// The key of the same name in another database.
    #[must_use]
    pub fn in_db(self, db: u32) -> Key<'a> {
        Key { db, ..self }
    }
}
