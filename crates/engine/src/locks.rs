//! How shards are locked, and, in builds that measure it (feature `counted-locks`), who had to
//! wait for whom. Other builds count nothing and pay nothing.

use parking_lot::{Mutex, MutexGuard};

/// Locks; what comes with the guard is dropped right behind it. Before it waits, it asks whether
/// the lock is `lent` to the caller.
#[inline]
pub(crate) fn lock<'a, T>(
    mutex: &'a Mutex<T>,
    lent: impl FnOnce() -> Option<MutexGuard<'a, T>>,
) -> (MutexGuard<'a, T>, Hold) {
    #[cfg(feature = "counted-locks")]
    return counted::lock(mutex, lent);
    #[cfg(not(feature = "counted-locks"))]
    match mutex.try_lock() {
        Some(guard) => (guard, Hold),
        None => (lent().unwrap_or_else(|| mutex.lock()), Hold),
    }
}

/// Locks when nobody holds the lock.
#[inline]
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<(MutexGuard<'_, T>, Hold)> {
    #[cfg(feature = "counted-locks")]
    return counted::try_lock(mutex);
    #[cfg(not(feature = "counted-locks"))]
    mutex.try_lock().map(|it| (it, Hold))
}

#[cfg(not(feature = "counted-locks"))]
pub(crate) struct Hold;

#[cfg(feature = "counted-locks")]
pub(crate) use counted::Hold;

#[cfg(feature = "counted-locks")]
pub(crate) mod counted {
    use std::cell::Cell;

    use parking_lot::{Mutex, MutexGuard};

    use crate::{KeyHash, Keyspace};

    /// What one thread has counted.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct LockCounts {
        /// Shards locked, and how many of them another thread held.
        pub n_locks: u64,
        pub n_waits: u64,
        /// Waits so long that the other thread cannot have been running.
        pub n_waits_for_sleepers: u64,
        /// How long all other waits took, and the longest of all.
        pub waited_ns: u64,
        pub waited_max_ns: u64,
        /// Looks at a shard that do without when it is locked, and how many did.
        pub n_looks: u64,
        pub n_looks_refused: u64,
        /// How long a lock or a look held its shard: the sum over those that were timed, with one
        /// reading of the clock each. Interrupted ones are left out.
        pub held_ns: u64,
        pub n_held_timed: u64,
    }

    thread_local! {
        static COUNTS: Cell<LockCounts> = Cell::default();
        static CLOCK: Cell<Option<fn() -> u64>> = Cell::default();
        static TURN: Cell<u32> = Cell::default();
    }

    /// No holder that runs takes so long: the longest hold is a table that grows.
    const SLEEPER_NS: u64 = 20_000;

    /// A hold that took longer was interrupted and is not counted.
    const HELD_MAX_NS: u64 = 2000;

    /// One hold in this many is timed: reading the clock takes as long as a short one.
    const TIMED_ONE_IN: u32 = 61;

    impl LockCounts {
        /// Starts to count for the calling thread, with a clock in nanoseconds.
        pub fn start(clock_ns: fn() -> u64) {
            CLOCK.set(Some(clock_ns));
            COUNTS.set(LockCounts::default());
        }

        /// What the calling thread has counted since it started.
        pub fn of_this_thread() -> LockCounts {
            COUNTS.get()
        }

        fn change(change: impl FnOnce(&mut LockCounts)) {
            let mut counts = COUNTS.get();
            change(&mut counts);
            COUNTS.set(counts);
        }
    }

    impl Keyspace {
        /// The shard of a key, from 0 to `n_shards`.
        pub fn shard_index(&self, hash: KeyHash) -> usize {
            self.shard_of(hash)
        }
    }

    /// Times how long a lock is held.
    pub(crate) struct Hold {
        since_ns: Option<u64>,
    }

    impl Hold {
        fn begin() -> Hold {
            TURN.set(TURN.get().wrapping_add(1));
            let clock = CLOCK.get().filter(|_| TURN.get().is_multiple_of(TIMED_ONE_IN));
            Hold { since_ns: clock.map(|it| it()) }
        }
    }

    impl Drop for Hold {
        fn drop(&mut self) {
            if let (Some(since_ns), Some(clock)) = (self.since_ns, CLOCK.get()) {
                let held_ns = clock().saturating_sub(since_ns);
                if HELD_MAX_NS <= held_ns {
                    return;
                }
                LockCounts::change(|it| {
                    it.held_ns += held_ns;
                    it.n_held_timed += 1;
                });
            }
        }
    }

    pub(super) fn lock<'a, T>(
        mutex: &'a Mutex<T>,
        lent: impl FnOnce() -> Option<MutexGuard<'a, T>>,
    ) -> (MutexGuard<'a, T>, Hold) {
        LockCounts::change(|it| it.n_locks += 1);
        if let Some(guard) = mutex.try_lock().or_else(lent) {
            return (guard, Hold::begin());
        }
        let Some(clock) = CLOCK.get() else { return (mutex.lock(), Hold::begin()) };
        let start_ns = clock();
        let guard = mutex.lock();
        let waited_ns = clock().saturating_sub(start_ns);
        LockCounts::change(|it| {
            it.n_waits += 1;
            if SLEEPER_NS <= waited_ns {
                it.n_waits_for_sleepers += 1;
            } else {
                it.waited_ns += waited_ns;
            }
            it.waited_max_ns = it.waited_max_ns.max(waited_ns);
        });
        (guard, Hold::begin())
    }

    pub(super) fn try_lock<T>(mutex: &Mutex<T>) -> Option<(MutexGuard<'_, T>, Hold)> {
        let guard = mutex.try_lock();
        LockCounts::change(|it| {
            it.n_looks += 1;
            it.n_looks_refused += u64::from(guard.is_none());
        });
        guard.map(|it| (it, Hold::begin()))
    }
}
