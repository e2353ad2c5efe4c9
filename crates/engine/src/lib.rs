//! The storage engine: sharded keyspaces, typed values, expiry, eviction, memory budgets.
//! It knows no protocol, no socket and no clock: time comes in as milliseconds since the epoch.

mod big;
mod bits;
mod classes;
mod database;
mod edit;
mod error;
mod freeing;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod grip;
mod happenings;
mod hash;
mod hyperloglog;
mod index;
mod indexed;
mod item;
mod key;
mod keyspace;
mod layout;
mod limits;
mod list;
mod locks;
mod memory;
pub mod number;
mod observer;
mod options;
mod output;
mod packed;
mod pool;
mod purge;
mod ready;
mod reclaim;
#[cfg(test)]
#[path = "../tests/support/seeded.rs"]
mod seeded;
mod segment;
mod sequence;
mod set;
mod shard;
mod shared;
mod simd;
mod sorted_set;
mod stats;
mod store;
mod stream;
mod string;
mod value;
mod view;
mod waiters;
mod walk;
mod watched;

pub use crate::big::with_room;
pub use crate::bits::{BitField, BitOp, Overflow, combine_bits, count_ones, find_bit};
pub use crate::classes::{ClassStats, Classify};
pub use crate::edit::Edit;
pub use crate::error::Error;
pub use crate::freeing::{Freeing, free_let_go, freeing, let_go, let_go_buffer, reset_freed};
pub use crate::grip::Grip;
pub use crate::happenings::{Deed, Happening, Interests, What, Wrote, doing, doing_now};
pub use crate::hash::{FIELD_END_MAX_MS, Hash, HashEncoding, HashIter, HashRef, IndexedHash};
pub use crate::hyperloglog::{HyperLogLog, HyperLogLogMut, Registers, Run};
pub use crate::key::{Key, KeyHash, OwnedKey};
pub use crate::keyspace::Keyspace;
pub use crate::list::{End, List, ListIter, ListRef, Popped, Quicklist, Side};
#[cfg(feature = "counted-locks")]
pub use crate::locks::counted::LockCounts;
pub use crate::memory::{trim_heap, tune_heap};
pub use crate::observer::Observer;
pub use crate::options::{
    Expire, KeyspaceOptions, Limits, PackedLimits, Policy, PutOptions, SetLimits, SetOptions,
    SetOutcome, StreamLimits, When,
};
pub use crate::output::{Mark, Output};
pub use crate::ready::{Ready, has_ready, take_ready};
pub use crate::sequence::Element;
pub use crate::set::{IndexedSet, Member, Set, SetEncoding, SetIter, SetRef};
pub use crate::sorted_set::{Cut, IndexedSortedSet, Order, SortedSet, SortedSetIter, SortedSetRef};
pub use crate::stats::{DatabaseStats, KeyspaceStats};
pub use crate::stream::{
    Claim, Claimed, Consumer, Deliveries, Effort, Entry, Field, Fields, Group, Keep, Log, NewId,
    OpenGroup, Pending, Range, RangeBack, StoredEntry, StoredNode, Stream, StreamData, StreamId,
    StreamRef, Trim,
};
pub use crate::string::{Str, StrRef};
pub use crate::value::{Item, Kind, NewValue, Type, Value};
pub use crate::view::View;
pub use crate::waiters::{Alarm, Ticket};
pub use crate::walk::{Crawled, Maintenance};
