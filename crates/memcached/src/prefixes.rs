//! `stats detail`: counts by key prefix.

use ahash::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;

/// Prefixes that are counted at most; keys of further ones are not, so that a client that makes
/// up prefixes cannot fill memory.
const PREFIXES_MAX: usize = 10_000;

/// What is counted for one prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PrefixCounts {
    pub(crate) gets: u64,
    pub(crate) hits: u64,
    pub(crate) sets: u64,
    pub(crate) deletes: u64,
}

/// Counts by prefix, taken while `stats detail on` holds. One lock: this is for diagnosis.
#[derive(Default)]
pub(crate) struct Prefixes {
    counts: Mutex<HashMap<Box<[u8]>, PrefixCounts, RandomState>>,
}

impl Prefixes {
    /// Counts for the prefix of a key: what stands before the first delimiter. A key without one
    /// is not counted.
    pub(crate) fn count(&self, key: &[u8], delimiter: u8, add: impl FnOnce(&mut PrefixCounts)) {
        let Some(end) = memchr::memchr(delimiter, key) else { return };
        let prefix = &key[..end];
        let mut counts = self.counts.lock();
        if let Some(it) = counts.get_mut(prefix) {
            add(it);
        } else if counts.len() < PREFIXES_MAX {
            add(counts.entry(prefix.into()).or_default());
        }
    }

    pub(crate) fn clear(&self) {
        self.counts.lock().clear();
    }

    /// Appends `stats detail dump`, prefixes in order.
    pub(crate) fn dump(&self, out: &mut Vec<u8>) {
        let counts = self.counts.lock();
        let mut all: Vec<_> = counts.iter().collect();
        all.sort_unstable_by_key(|(prefix, _)| *prefix);
        for (prefix, it) in all {
            out.extend_from_slice(b"PREFIX ");
            out.extend_from_slice(prefix);
            let PrefixCounts { gets, hits, sets, deletes } = it;
            let line = format!(" get {gets} hit {hits} set {sets} del {deletes}\r\n");
            out.extend_from_slice(line.as_bytes());
        }
        out.extend_from_slice(b"END\r\n");
    }
}
