//! Who wants to hear of all keys that begin with something, and what has changed for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clients::ClientHandle;

/// Every prefix that somebody tracks.
#[derive(Default)]
pub(super) struct Prefixes(BTreeMap<Box<[u8]>, Prefix>);

#[derive(Default)]
struct Prefix {
    clients: Clients,
    changed: Changed,
}

pub(super) type Clients = BTreeMap<u64, Arc<ClientHandle>>;

/// Keys that have changed, with who first changed them.
pub(super) type Changed = BTreeMap<Box<[u8]>, u64>;

impl Prefixes {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn join(&mut self, prefix: &[u8], client: &Arc<ClientHandle>) {
        let found = self.0.entry(prefix.into()).or_default();
        found.clients.insert(client.id, Arc::clone(client));
    }

    pub(super) fn leave(&mut self, prefix: &[u8], id: u64) {
        let Some(found) = self.0.get_mut(prefix) else { return };
        found.clients.remove(&id);
        if found.clients.is_empty() {
            self.0.remove(prefix);
        }
    }

    /// Notes that a key has changed. How many keys are noted now behind the prefix that has most,
    /// of those that the key begins with.
    pub(super) fn note(&mut self, name: &[u8], who: u64) -> usize {
        let mut n_most = 0;
        for (prefix, it) in &mut self.0 {
            if !name.starts_with(prefix) {
                continue;
            }
            if !it.changed.contains_key(name) {
                it.changed.insert(name.into(), who);
            }
            n_most = n_most.max(it.changed.len());
        }
        n_most
    }

    pub(super) fn has_noted(&self) -> bool {
        self.0.values().any(|it| !it.changed.is_empty())
    }

    /// Takes what was noted, with who is to hear of it.
    pub(super) fn take_noted(&mut self) -> impl Iterator<Item = (Changed, &Clients)> {
        let noted = self.0.values_mut().filter(|it| !it.changed.is_empty());
        noted.map(|it| (std::mem::take(&mut it.changed), &it.clients))
    }
}
