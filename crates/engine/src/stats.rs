//! Counters of a keyspace, added up over its shards when somebody asks.

/// Totals of a keyspace. Bytes are what was taken from the system unless they say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyspaceStats {
    pub n_items: u64,
    pub n_expiring: u64,
    /// Reads that found their key (`View::get`, `View::read`).
    pub hits: u64,
    pub misses: u64,
    pub evictions: u64,
    /// Evicted items that no read ever touched.
    pub evictions_unfetched: u64,
    /// Evicted items that would have expired by themselves.
    pub evictions_expiring: u64,
    /// Evicted items that had been read within the last minute.
    pub evictions_active: u64,
    pub expirations: u64,
    /// Fields of hashes that expired.
    pub field_expirations: u64,
    /// Expired items that no read ever touched.
    pub expirations_unfetched: u64,
    /// Expired items that a sweep found, not a client.
    pub sweepings: u64,
    /// Items that sweeps looked at.
    pub n_swept: u64,
    /// Items ever stored under a new or old key.
    pub stores: u64,
    /// Segments, tables and big values: what the budget compares.
    pub used_bytes: u64,
    /// Highest `used_bytes` seen.
    pub peak_bytes: u64,
    /// Items as they are: header, key, value, padding, big values.
    pub item_bytes: u64,
    /// Keys and values alone.
    pub payload_bytes: u64,
    pub table_bytes: u64,
    /// Bytes in segments that hold no live item.
    pub dead_bytes: u64,
}

/// Totals of one logical database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseStats {
    pub n_items: u64,
    pub n_expiring: u64,
    /// Hashes with fields that expire.
    pub n_field_expiring: u64,
    /// Mean time to live of the expiring keys in milliseconds; 0 when there are none.
    pub ttl_mean_ms: u64,
}
