//! The thresholds of a keyspace as its shards share them.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::Relaxed};

use crate::options::{Limits, PackedLimits, SetLimits, StreamLimits};

/// Every edit loads those of its type and no others.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "all are the most of something, as in `Limits`")]
pub(crate) struct SharedLimits {
    hash_entries_max: AtomicUsize,
    hash_value_max: AtomicUsize,
    list_node_max: AtomicI32,
    set_integers_max: AtomicUsize,
    set_entries_max: AtomicUsize,
    set_value_max: AtomicUsize,
    stream_node_bytes_max: AtomicU32,
    stream_node_entries_max: AtomicU32,
    sorted_set_entries_max: AtomicUsize,
    sorted_set_value_max: AtomicUsize,
    string_bytes_max: AtomicUsize,
}

impl SharedLimits {
    pub(crate) fn all(&self) -> Limits {
        Limits {
            hash: self.of_hashes(),
            list_node_max: self.of_lists(),
            set: self.of_sets(),
            stream: self.of_streams(),
            sorted_set: self.of_sorted_sets(),
            string_bytes_max: self.string_bytes_max.load(Relaxed),
        }
    }

    pub(crate) fn set(&self, limits: Limits) {
        let Limits { hash, list_node_max, set, stream, sorted_set, string_bytes_max } = limits;
        self.hash_entries_max.store(hash.entries_max, Relaxed);
        self.hash_value_max.store(hash.value_max, Relaxed);
        self.list_node_max.store(list_node_max, Relaxed);
        self.set_integers_max.store(set.integers_max, Relaxed);
        self.set_entries_max.store(set.entries_max, Relaxed);
        self.set_value_max.store(set.value_max, Relaxed);
        self.stream_node_bytes_max.store(stream.node_bytes_max, Relaxed);
        self.stream_node_entries_max.store(stream.node_entries_max, Relaxed);
        self.sorted_set_entries_max.store(sorted_set.entries_max, Relaxed);
        self.sorted_set_value_max.store(sorted_set.value_max, Relaxed);
        self.string_bytes_max.store(string_bytes_max, Relaxed);
    }

    pub(crate) fn of_hashes(&self) -> PackedLimits {
        PackedLimits {
            entries_max: self.hash_entries_max.load(Relaxed),
            value_max: self.hash_value_max.load(Relaxed),
        }
    }

    pub(crate) fn of_lists(&self) -> i32 {
        self.list_node_max.load(Relaxed)
    }

    pub(crate) fn of_sets(&self) -> SetLimits {
        SetLimits {
            integers_max: self.set_integers_max.load(Relaxed),
            entries_max: self.set_entries_max.load(Relaxed),
            value_max: self.set_value_max.load(Relaxed),
        }
    }

    pub(crate) fn of_streams(&self) -> StreamLimits {
        StreamLimits {
            node_bytes_max: self.stream_node_bytes_max.load(Relaxed),
            node_entries_max: self.stream_node_entries_max.load(Relaxed),
        }
    }

    pub(crate) fn of_sorted_sets(&self) -> PackedLimits {
        PackedLimits {
            entries_max: self.sorted_set_entries_max.load(Relaxed),
            value_max: self.sorted_set_value_max.load(Relaxed),
        }
    }
}
