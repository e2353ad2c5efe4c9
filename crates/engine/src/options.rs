//! What callers choose: the shape of a keyspace and the conditions of a store.

/// Which keys give way when a keyspace is over its memory budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing gives way: writes that need memory are refused with `Error::OutOfMemory`.
    #[default]
    NoEviction,
    /// Any key, the least recently used first (by sampling).
    AllKeysLru,
}

/// Thresholds at which packed collections turn into indexed ones, and the longest string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of hashes (`hash-max-listpack-*`): an entry is a field, a value either of its two.
    pub hash: PackedLimits,
    /// How much a node of a big list holds: a class of sizes below 0, else elements
    /// (`list-max-listpack-size`).
    pub list_node_max: i32,
    pub set: SetLimits,
    pub stream: StreamLimits,
    /// Of sorted sets (`zset-max-listpack-*`).
    pub sorted_set: PackedLimits,
    /// Longest string in bytes (`proto-max-bulk-len`).
    pub string_bytes_max: usize,
}

/// How far a collection stays packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedLimits {
    pub entries_max: usize,
    /// Of each value, in bytes.
    pub value_max: usize,
}

/// How far a set stays packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLimits {
    /// Most members of a set of integers (`set-max-intset-entries`).
    pub integers_max: usize,
    /// Most members of a packed set (`set-max-listpack-entries`).
    pub entries_max: usize,
    /// Longest member of a packed set, in bytes (`set-max-listpack-value`).
    pub value_max: usize,
}

/// Where a stream's node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Bytes as Valkey counts them, 0 for any number (`stream-node-max-bytes`).
    pub node_bytes_max: u32,
    /// 0 for any number (`stream-node-max-entries`).
    pub node_entries_max: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        let packed = PackedLimits { entries_max: 128, value_max: 64 };
        Limits {
            hash: packed,
            list_node_max: -2,
            set: SetLimits { integers_max: 512, entries_max: 128, value_max: 64 },
            stream: StreamLimits { node_bytes_max: 4096, node_entries_max: 100 },
            sorted_set: packed,
            string_bytes_max: 512 << 20,
        }
    }
}

/// How a keyspace is made.
#[derive(Clone, Debug)]
pub struct KeyspaceOptions {
    /// Logical databases, 1 to 65,536.
    pub n_databases: u32,
    /// Shards of each database: a power of two, 1 to 4096.
    pub n_shards: usize,
    /// Memory budget in bytes; 0 for none.
    pub memory_max_bytes: u64,
    pub policy: Policy,
    pub limits: Limits,
    /// Seed of the key hash; `None` draws one (tests give one).
    pub seed: Option<u64>,
}

impl Default for KeyspaceOptions {
    fn default() -> KeyspaceOptions {
        KeyspaceOptions {
            n_databases: 16,
            n_shards: 256,
            memory_max_bytes: 0,
            policy: Policy::NoEviction,
            limits: Limits::default(),
            seed: None,
        }
    }
}

/// Condition under which a store takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    #[default]
    Always,
    Absent,
    Present,
    /// The key is present and its CAS number is this one.
    CasIs(u64),
}

/// What a store does to the key's expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expire {
    #[default]
    Never,
    /// Keeps the expiry the key has.
    Keep,
    /// Milliseconds since the epoch. A time that has passed removes the key.
    AtMs(u64),
}

/// How `View::set` stores.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetOptions {
    pub when: When,
    pub expire: Expire,
    /// The 32 bits that memcached clients keep beside a value; 0 takes no memory.
    pub client_flags: u32,
    /// The CAS number that the item gets. With `None` it gets a new one if it had one.
    pub cas: Option<u64>,
    /// The marks that the item gets: three bits that a front end keeps with a value and that
    /// mean nothing to the engine.
    pub marks: u8,
}

/// What a value that is put in place of another brings along (`View::put_with`).
#[derive(Clone, Copy, Debug, Default)]
pub struct PutOptions {
    /// Milliseconds since the epoch, and not over yet.
    pub expire_at_ms: Option<u64>,
    /// Seconds since its last use.
    pub idle_s: u32,
}

/// What `View::set` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOutcome {
    Stored,
    /// `When::Absent` on a present key, or `When::Present` on an absent one.
    NotStored,
    /// `When::CasIs` on an absent key.
    Missing,
    /// `When::CasIs` with another number than the key's.
    CasMismatch,
}
