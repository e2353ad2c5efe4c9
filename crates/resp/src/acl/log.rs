//! What was refused to whom lately (ACL LOG).

use std::collections::VecDeque;

/// The latest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    next_id: u64,
}

/// What was refused, as often as it was within a minute each.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) what: Refused,
    pub(crate) client_info: String,
    pub(crate) n_times: u64,
    pub(crate) id: u64,
    pub(crate) made_at_ms: u64,
    pub(crate) updated_at_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// `command`, `key`, `channel` or `auth`.
    pub(crate) reason: &'static str,
    pub(crate) context: Context,
    pub(crate) object: Vec<u8>,
    pub(crate) user: Vec<u8>,
}

/// Where something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    TopLevel,
    Transaction,
    Script,
}

impl Context {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Context::TopLevel => "toplevel",
            Context::Transaction => "multi",
            Context::Script => "script",
        }
    }
}

impl Log {
    pub(crate) fn add(&mut self, what: Refused, client_info: String, now_ms: u64, n_max: usize) {
        let is_same = |it: &Entry| {
            it.what == what && now_ms.saturating_sub(it.updated_at_ms) <= GROUPED_MS_MAX
        };
        let found = self.entries.iter().take(GROUPED_ENTRIES_MAX).position(is_same);
        let mut entry = found.and_then(|at| self.entries.remove(at)).unwrap_or_else(|| {
            self.next_id += 1;
            let id = self.next_id - 1;
            let info = String::new();
            Entry { what, client_info: info, n_times: 0, id, made_at_ms: now_ms, updated_at_ms: 0 }
        });
        entry.client_info = client_info;
        entry.n_times += 1;
        entry.updated_at_ms = now_ms;
        self.entries.push_front(entry);
        self.entries.truncate(n_max);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn latest(&self, n: usize) -> Vec<Entry> {
        self.entries.iter().take(n).cloned().collect()
    }
}

/// What was refused again within this time counts as the same.
const GROUPED_MS_MAX: u64 = 60_000;

/// So many of the latest entries are looked at for it.
const GROUPED_ENTRIES_MAX: usize = 10;
