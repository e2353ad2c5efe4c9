//! The numbers that say how a value is written.

pub(crate) const STRING: u8 = 0;
pub(crate) const LIST: u8 = 1;
pub(crate) const SET: u8 = 2;
/// Scores are texts.
pub(crate) const SORTED_SET: u8 = 3;
pub(crate) const HASH: u8 = 4;
/// Scores are binary.
pub(crate) const SORTED_SET_2: u8 = 5;
pub(crate) const HASH_ZIPMAP: u8 = 9;
pub(crate) const LIST_ZIPLIST: u8 = 10;
pub(crate) const SET_INTSET: u8 = 11;
pub(crate) const SORTED_SET_ZIPLIST: u8 = 12;
pub(crate) const HASH_ZIPLIST: u8 = 13;
/// Nodes are ziplists.
pub(crate) const LIST_QUICKLIST: u8 = 14;
pub(crate) const STREAM: u8 = 15;
pub(crate) const HASH_LISTPACK: u8 = 16;
pub(crate) const SORTED_SET_LISTPACK: u8 = 17;
/// Nodes are listpacks or single elements.
pub(crate) const LIST_QUICKLIST_2: u8 = 18;
/// With the stream's past.
pub(crate) const STREAM_2: u8 = 19;
pub(crate) const SET_LISTPACK: u8 = 20;
/// With the time at which a consumer last got something.
pub(crate) const STREAM_3: u8 = 21;
/// Fields that expire, as release candidates of Redis 7.4 wrote them: at absolute times.
pub(crate) const HASH_EXPIRING_EARLY: u8 = 22;
pub(crate) const HASH_LISTPACK_EXPIRING_EARLY: u8 = 23;
pub(crate) const HASH_EXPIRING: u8 = 24;
pub(crate) const HASH_LISTPACK_EXPIRING: u8 = 25;

/// How a node of `LIST_QUICKLIST_2` holds its elements.
pub(crate) const NODE_PLAIN: u64 = 1;
pub(crate) const NODE_PACKED: u64 = 2;
