//! Which clients keep copies of which keys.

use std::sync::Arc;

use hashbrown::HashMap;

/// Names of keys, whatever their databases, with the ids of clients.
#[derive(Default)]
pub(super) struct KeyTable {
    by_name: HashMap<Arc<[u8]>, Readers, ahash::RandomState>,
    /// The same names, so that one can be drawn.
    names: Vec<Arc<[u8]>>,
    n_items: usize,
    random: fastrand::Rng,
}

struct Readers {
    /// Where the name stands in `names`.
    place: usize,
    ids: Vec<u64>,
}

impl KeyTable {
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Keys, each as often as a client keeps it.
    pub(super) fn n_items(&self) -> usize {
        self.n_items
    }

    pub(super) fn clear(&mut self) {
        *self = KeyTable::default();
    }

    pub(super) fn add(&mut self, name: &[u8], id: u64) {
        if let Some(readers) = self.by_name.get_mut(name) {
            if let Err(at) = readers.ids.binary_search(&id) {
                readers.ids.insert(at, id);
                self.n_items += 1;
            }
            return;
        }
        let name: Arc<[u8]> = name.into();
        let readers = Readers { place: self.names.len(), ids: vec![id] };
        self.names.push(Arc::clone(&name));
        self.by_name.insert(name, readers);
        self.n_items += 1;
    }

    /// Takes a key out. Those who keep it, if there are any.
    pub(super) fn take(&mut self, name: &[u8]) -> Option<Vec<u64>> {
        let Readers { place, ids } = self.by_name.remove(name)?;
        self.names.swap_remove(place);
        if let Some(moved) = self.names.get(place) {
            let readers = self.by_name.get_mut(moved).expect("every name stands in both");
            readers.place = place;
        }
        self.n_items -= ids.len();
        Some(ids)
    }

    /// Takes one key out, whichever.
    pub(super) fn take_any(&mut self) -> Option<(Arc<[u8]>, Vec<u64>)> {
        if self.names.is_empty() {
            return None;
        }
        let name = Arc::clone(&self.names[self.random.usize(..self.names.len())]);
        let ids = self.take(&name)?;
        Some((name, ids))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn a_table_is_a_map_of_sets() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut table, mut model) = (KeyTable::default(), BTreeMap::new());
        for _ in 0..20_000 {
            let name = random.u8(..40).to_string().into_bytes();
            match random.u8(..8) {
                0 => {
                    let taken: Option<BTreeSet<u64>> = model.remove(&name);
                    assert_eq!(table.take(&name).map(BTreeSet::from_iter), taken);
                }
                1 => {
                    let taken = table.take_any();
                    let known = taken.as_ref().and_then(|(name, _)| model.remove(&**name));
                    assert_eq!(taken.map(|(_, ids)| BTreeSet::from_iter(ids)), known);
                }
                _ => {
                    let id = random.u64(..5);
                    table.add(&name, id);
                    model.entry(name).or_default().insert(id);
                }
            }
            assert_eq!(table.len(), model.len());
            assert_eq!(table.n_items(), model.values().map(BTreeSet::len).sum::<usize>());
        }
    }
}
