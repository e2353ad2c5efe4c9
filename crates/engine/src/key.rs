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

/// Compares keys. Most are short: a few words beat a call.
#[inline]
pub(crate) fn are_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        8..=16 => ends::<8>(a) == ends::<8>(b),
        17..=32 => ends::<16>(a) == ends::<16>(b),
        _ => a == b,
    }
}

/// The first and the last bytes, which overlap or meet when there are no more than twice as many.
#[inline]
fn ends<const N: usize>(key: &[u8]) -> Option<[[u8; N]; 2]> {
    Some([*key.first_chunk()?, *key.last_chunk()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_when_all_their_bytes_are() {
        for n in 0..50 {
            let key: Vec<u8> = (0..n as u8).collect();
            assert!(are_equal(&key, &key.clone()), "{n}");
            assert!(!are_equal(&key, &[&key[..], b"x"].concat()), "{n}");
            for at in 0..n {
                let mut other = key.clone();
                other[at] ^= 1;
                assert!(!are_equal(&key, &other), "{n} at {at}");
            }
        }
    }
}
