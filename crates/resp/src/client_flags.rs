//! What is out of the ordinary about a client: one bit each in one word, so that a command asks
//! for all of it by one look.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum ClientFlag {
    /// Is to be closed.
    Killed = 1,
    /// Something lies in its inbox.
    News = 1 << 1,
    /// Listens to channels or patterns.
    Subscriber = 1 << 2,
    /// Its commands wait for EXEC.
    Transaction = 1 << 3,
    /// Has asked that some replies be left out (CLIENT REPLY).
    Muted = 1 << 4,
    /// Its reads leave no trace (CLIENT NO-TOUCH).
    NoTouch = 1 << 5,
    /// Is not closed when clients take up too much memory (CLIENT NO-EVICT).
    NoEvict = 1 << 6,
    /// Waits for keys in a blocking command.
    Blocked = 1 << 7,
    /// Hears of changes of keys (CLIENT TRACKING).
    Tracks = 1 << 8,
    /// Of all keys behind its prefixes.
    Broadcast = 1 << 9,
    /// Of what it reads, where it says so before (CLIENT CACHING YES).
    OptIn = 1 << 10,
    /// Of what it reads, unless it says so before (CLIENT CACHING NO).
    OptOut = 1 << 11,
    /// Not of what it changes itself.
    NoLoop = 1 << 12,
    /// Has said so for the next command.
    Caching = 1 << 13,
    /// Who was to be told in its place is gone.
    BrokenRedirect = 1 << 14,
    /// Works as a user who may not do everything.
    Restricted = 1 << 15,
}

/// The flags of a client. Any thread may set them.
#[derive(Debug, Default)]
pub(crate) struct ClientFlags(AtomicU32);

impl ClientFlags {
    #[inline]
    pub(crate) fn has(&self, flag: ClientFlag) -> bool {
        self.0.load(Relaxed) & flag as u32 != 0
    }

    /// True when there is anything to look at.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.0.load(Relaxed) != 0
    }

    /// Sets or clears a flag. Whether it was set before.
    pub(crate) fn set(&self, flag: ClientFlag, on: bool) -> bool {
        let bit = flag as u32;
        let was = if on { self.0.fetch_or(bit, Relaxed) } else { self.0.fetch_and(!bit, Relaxed) };
        was & bit != 0
    }
}
