//! What is out of the ordinary about the whole server: one count of all reasons, so that a command
//! asks for all of them by one look.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crossbeam_utils::CachePadded;

/// A reason to look closer at every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Alert {
    /// A script has been running for too long.
    SlowScript,
}

/// How often each reason holds now.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    n_all: CachePadded<AtomicUsize>,
    n_each: [AtomicUsize; 1],
}

impl Alerts {
    /// True when there is anything to look at.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.n_all.load(Relaxed) != 0
    }

    pub(crate) fn has(&self, alert: Alert) -> bool {
        self.n_each[alert as usize].load(Relaxed) != 0
    }

    /// To be lowered as often as raised.
    pub(crate) fn raise(&self, alert: Alert) {
        self.n_each[alert as usize].fetch_add(1, Relaxed);
        self.n_all.fetch_add(1, Relaxed);
    }

    pub(crate) fn lower(&self, alert: Alert) {
        self.n_all.fetch_sub(1, Relaxed);
        self.n_each[alert as usize].fetch_sub(1, Relaxed);
    }
}
