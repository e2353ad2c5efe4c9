//! Notes of what those who wait should look at again. They are left with the thread that wrote,
//! which takes them once it holds no lock.

use std::cell::{Cell, RefCell};

use crate::key::OwnedKey;

/// Something that waiters should look at.
#[derive(Clone, Debug)]
pub enum Ready {
    /// A key with a queue was written or removed.
    Written(OwnedKey),
    /// This one lost its places, as databases were exchanged: it looks again and queues up anew.
    Moved(u64),
}

thread_local! {
    static HAS_NOTES: Cell<bool> = const { Cell::new(false) };
    static NOTES: RefCell<Vec<Ready>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn leave_notes(notes: &mut Vec<Ready>) {
    if notes.is_empty() {
        return;
    }
    mark_ready();
    NOTES.with_borrow_mut(|it| it.append(notes));
}

/// There is something to look at once no lock is held.
pub(crate) fn mark_ready() {
    HAS_NOTES.set(true);
}

/// True when this thread has written something that others wait for or want to hear of. Costs one
/// load.
#[inline]
pub fn has_ready() -> bool {
    HAS_NOTES.get()
}

/// What this thread has written that others wait for, in order. Call it with no view open.
pub fn take_ready() -> Vec<Ready> {
    HAS_NOTES.set(false);
    NOTES.take()
}
