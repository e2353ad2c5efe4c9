use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::value::Kind;

/// A value open for writing. Closing it (dropping it) settles what every write owes: byte count,
/// CAS number, removal of an emptied collection, waking of sleepers, events.
/// An edit that was never mutably borrowed owes nothing.
pub struct Edit<'a, T: Kind> {
    value: T,
    scope: PhantomData<&'a mut T>,
}

impl<T: Kind> Deref for Edit<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Kind> DerefMut for Edit<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
