//! The libraries of functions that a server knows. Workers load them into their own Lua states
//! when they are first called there, and see by a number whether anything has changed since.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hashbrown::HashMap;
use parking_lot::RwLock;

use super::library::Library;
use crate::error::Error;

/// All libraries.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    known: RwLock<Known>,
    /// Counts changes.
    generation: AtomicU64,
}

/// Libraries, of which no two have a function of the same name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) libraries: BTreeMap<Box<[u8]>, Arc<Library>>,
    /// By function, in lower case: whose it is, and which of its functions.
    owners: HashMap<Box<[u8]>, (Arc<Library>, usize), ahash::RandomState>,
}

/// What becomes of a library whose name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collision {
    Refuse,
    Replace,
}

/// What becomes of the libraries that are there when others are restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestorePolicy {
    Flush,
    Join(Collision),
}

/// What INFO tells of functions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FunctionFigures {
    pub(crate) n_libraries: usize,
    pub(crate) n_functions: usize,
    pub(crate) bytes: u64,
}

impl Known {
    /// Refuses a library whose name is taken, unless it is to take its place.
    pub(super) fn refuse(&self, name: &[u8], collision: Collision) -> Result<(), Error> {
        if collision == Collision::Refuse && self.libraries.contains_key(name) {
            return Err(Error::quoting("ERR Library '", name, "' already exists"));
        }
        Ok(())
    }

    pub(super) fn add(&mut self, library: Arc<Library>) -> Result<(), Error> {
        self.remove(&library.name);
        for function in &library.functions {
            if self.owners.contains_key(&*function.name.to_ascii_lowercase()) {
                let (before, after) = ("ERR Function ", " already exists");
                return Err(Error::quoting(before, &function.name, after));
            }
        }
        for (nth, function) in library.functions.iter().enumerate() {
            let name = function.name.to_ascii_lowercase().into();
            // Of two whose names differ in case alone, the first is called.
            self.owners.entry(name).or_insert_with(|| (library.clone(), nth));
        }
        self.libraries.insert(library.name.clone(), library);
        Ok(())
    }

    fn join(&mut self, others: Known, collision: Collision) -> Result<(), Error> {
        for (name, library) in others.libraries {
            if collision == Collision::Refuse && self.libraries.contains_key(&name) {
                return Err(Error::quoting("ERR Library ", &name, " already exists"));
            }
            self.add(library)?;
        }
        Ok(())
    }

    fn remove(&mut self, name: &[u8]) -> Option<Arc<Library>> {
        let library = self.libraries.remove(name)?;
        self.owners.retain(|_, it| !Arc::ptr_eq(&it.0, &library));
        Some(library)
    }
}

impl Functions {
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Relaxed)
    }

    /// The library of a function whose name is in lower case, and which of its functions it is.
    pub(super) fn find(&self, name: &[u8]) -> Option<(Arc<Library>, usize)> {
        self.known.read().owners.get(name).cloned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.read().libraries.is_empty()
    }

    /// All libraries, in the order of their names.
    pub(crate) fn libraries(&self) -> Vec<Arc<Library>> {
        self.known.read().libraries.values().cloned().collect()
    }

    /// Refuses a library whose name is taken, unless it is to take its place.
    pub(super) fn refuse(&self, name: &[u8], collision: Collision) -> Result<(), Error> {
        self.known.read().refuse(name, collision)
    }

    pub(super) fn add(&self, library: Arc<Library>, collision: Collision) -> Result<(), Error> {
        self.change(|known| {
            known.refuse(&library.name, collision)?;
            known.add(library)
        })
    }

    pub(super) fn restore(&self, others: Known, policy: RestorePolicy) -> Result<(), Error> {
        self.change(|known| match policy {
            RestorePolicy::Flush => {
                *known = others;
                Ok(())
            }
            RestorePolicy::Join(collision) => known.join(others, collision),
        })
    }

    pub(crate) fn delete(&self, name: &[u8]) -> Result<(), Error> {
        self.change(|known| match known.remove(name) {
            Some(_) => Ok(()),
            None => Err(Error::said("ERR Library not found")),
        })
    }

    pub(crate) fn flush(&self) {
        let emptied = self.change(|known| {
            *known = Known::default();
            Ok(())
        });
        emptied.expect("nothing is refused");
    }

    /// Changes all or nothing.
    fn change(&self, edit: impl FnOnce(&mut Known) -> Result<(), Error>) -> Result<(), Error> {
        let mut known = self.known.write();
        let mut next = known.clone();
        edit(&mut next)?;
        for (name, library) in &known.libraries {
            let stays = next.libraries.get(name).is_some_and(|it| Arc::ptr_eq(it, library));
            if !stays {
                library.leave();
            }
        }
        *known = next;
        self.generation.fetch_add(1, Relaxed);
        Ok(())
    }

    pub(crate) fn figures(&self) -> FunctionFigures {
        let known = self.known.read();
        let libraries = known.libraries.values();
        FunctionFigures {
            n_libraries: libraries.len(),
            n_functions: libraries.clone().map(|it| it.functions.len()).sum(),
            bytes: libraries.map(|it| it.bytes() as u64).sum(),
        }
    }
}
