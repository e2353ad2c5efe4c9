//! Counts by key prefix: `stats detail`, and stores that were too large.

use std::collections::BTreeMap;

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
    #[cold]
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

/// Stores of items that are too large, by the prefix of their key: whoever reads the metrics learns
/// which application's values are not kept. Such a store is seldom, so one lock will do.
#[derive(Default)]
pub(crate) struct TooLarge {
    counts: Mutex<BTreeMap<String, u64>>,
}

/// Each prefix is a series of a metric, so there are no more of them than this and `OTHERS`.
const TOO_LARGE_PREFIXES_MAX: usize = 50;

/// What further prefixes are counted as, and what is cut off a long one.
const OTHERS: &str = "other";
const TOO_LARGE_PREFIX_BYTES_MAX: usize = 64;

impl TooLarge {
    /// Counts a store, and returns the prefix that it counts for; empty for a key without one.
    pub(crate) fn count(&self, key: &[u8], delimiter: u8) -> String {
        let end = memchr::memchr(delimiter, key).unwrap_or(0).min(TOO_LARGE_PREFIX_BYTES_MAX);
        let mut prefix = key[..end].escape_ascii().to_string();
        let mut counts = self.counts.lock();
        if TOO_LARGE_PREFIXES_MAX <= counts.len() && !counts.contains_key(&prefix) {
            OTHERS.clone_into(&mut prefix);
        }
        *counts.entry(prefix.clone()).or_default() += 1;
        prefix
    }

    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        self.counts.lock().iter().map(|(prefix, n)| (prefix.clone(), *n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_prefixes_are_counted_together() {
        let it = TooLarge::default();
        for index in 0..TOO_LARGE_PREFIXES_MAX + 7 {
            it.count(format!("app{index}:k").as_bytes(), b':');
        }
        assert_eq!(it.count(b"app3:other", b':'), "app3");
        assert_eq!(it.count(b"another:", b':'), OTHERS);
        let all = it.all();
        assert_eq!(all.len(), TOO_LARGE_PREFIXES_MAX + 1);
        assert!(all.contains(&("app3".into(), 2)) && all.contains(&(OTHERS.into(), 8)));
    }

    #[test]
    fn prefixes_are_plain_text() {
        let it = TooLarge::default();
        assert_eq!(it.count(b"no delimiter", b':'), "");
        assert_eq!(it.count(b"a\n\xff.b", b'.'), "a\\n\\xff");
        assert_eq!(it.count(&[b'x'; 200], b'x'), "");
        let long = [&[b'x'; 200][..], b":"].concat();
        assert_eq!(it.count(&long, b':').len(), TOO_LARGE_PREFIX_BYTES_MAX);
    }
}
