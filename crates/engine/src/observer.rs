//! What is told of items whose end no client asked for, while somebody wants to hear of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::segment::Location;
use crate::shard::Shard;
use crate::value::Item;

/// Hears of what happens to the items of a keyspace.
///
/// It is called under the lock of the item's shard: it must not wait for anybody, and it must not
/// call the keyspace.
pub trait Observer: Send + Sync {
    /// An item gives way to others.
    fn evicted(&self, item: &Item<'_>, now_ms: u64);
}

/// The observer of a keyspace, who hears nothing unless he is listening.
#[derive(Default)]
pub(crate) struct Observed {
    is_listening: AtomicBool,
    observer: OnceLock<Box<dyn Observer>>,
}

impl Observed {
    /// False when there is an observer already.
    pub(crate) fn set(&self, observer: Box<dyn Observer>) -> bool {
        self.observer.set(observer).is_ok()
    }

    pub(crate) fn listen(&self, on: bool) {
        self.is_listening.store(on, Ordering::Relaxed);
    }

    fn observer(&self) -> Option<&dyn Observer> {
        let is_listening = self.is_listening.load(Ordering::Relaxed);
        self.observer.get().filter(|_| is_listening).map(|it| &**it)
    }
}

impl Shard {
    /// Tells of an item that is about to be evicted.
    pub(crate) fn tell_eviction(&self, location: Location, now_ms: u64) {
        if let Some(observer) = self.shared.observed.observer() {
            observer.evicted(&self.item(location, now_ms), now_ms);
        }
    }
}
