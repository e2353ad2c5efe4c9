//! Keeps the process near its budgets: what the allocator's heap holds without need goes back to
//! the system.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Decides when the heap is trimmed. Trimming holds up allocations for milliseconds, so it is done
/// where it pays, and less and less often where it does not.
#[derive(Debug)]
pub(crate) struct Trimmer {
    next_at_ms: u64,
    pause_ms: u64,
    /// RSS when the heap was last trimmed, until its effect is looked at.
    rss_before: Option<u64>,
}

impl Default for Trimmer {
    fn default() -> Trimmer {
        Trimmer { next_at_ms: 0, pause_ms: PAUSE_MIN_MS, rss_before: None }
    }
}

impl Trimmer {
    /// True when the heap should be trimmed now. Both are asked at most once in
    /// `PAUSE_MIN_MS`.
    pub(crate) fn is_due(
        &mut self,
        now_ms: u64,
        used_bytes: impl FnOnce() -> u64,
        rss_bytes: impl FnOnce() -> u64,
    ) -> bool {
        if now_ms < self.next_at_ms {
            return false;
        }
        let (used_bytes, rss_bytes) = (used_bytes(), rss_bytes());
        if let Some(before) = self.rss_before.take() {
            let paid = before.saturating_sub(rss_bytes) > before / 32;
            self.pause_ms = if paid { PAUSE_MIN_MS } else { PAUSE_MAX_MS.min(self.pause_ms * 2) };
        }
        let excess = rss_bytes.saturating_sub(used_bytes);
        if excess <= EXCESS_BYTES_MIN + used_bytes / EXCESS_SHARE {
            self.next_at_ms = now_ms + PAUSE_MIN_MS;
            return false;
        }
        self.rss_before = Some(rss_bytes);
        self.next_at_ms = now_ms + self.pause_ms;
        true
    }
}

/// Trims the heap on a thread of its own, one at a time.
pub(crate) fn in_background() {
    static IS_RUNNING: AtomicBool = AtomicBool::new(false);
    if IS_RUNNING.swap(true, Relaxed) {
        return;
    }
    let run = || {
        tandem_engine::trim_heap();
        IS_RUNNING.store(false, Relaxed);
    };
    if std::thread::Builder::new().name("trim".to_owned()).spawn(run).is_err() {
        // Out of threads: later, then.
        IS_RUNNING.store(false, Relaxed);
    }
}

/// Starts the thread that frees big values, so that no worker spends milliseconds on it.
pub(crate) fn start_freeing() -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("free".to_owned());
    thread.spawn(tandem_engine::free_let_go).map(drop)
}

/// The code, the stacks and ten thousand connections have this much by themselves.
const EXCESS_BYTES_MIN: u64 = 32 << 20;

/// Beyond that, a sixteenth of the data is tolerated.
const EXCESS_SHARE: u64 = 16;

const PAUSE_MIN_MS: u64 = 1000;
const PAUSE_MAX_MS: u64 = 64_000;

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    #[test]
    fn a_heap_near_its_budget_is_left_alone() {
        let mut trimmer = Trimmer::default();
        assert!(!trimmer.is_due(0, || 1000 * MB, || 1090 * MB));
        assert!(!trimmer.is_due(500, || 1000 * MB, || unreachable!("asked within the second")));
        assert!(trimmer.is_due(1000, || 1000 * MB, || 1100 * MB));
    }

    #[test]
    fn trimming_that_does_not_pay_is_done_less_and_less() {
        let mut trimmer = Trimmer::default();
        let times: Vec<u64> = (0..200)
            .map(|second| second * 1000)
            .filter(|now_ms| trimmer.is_due(*now_ms, || 100 * MB, || 200 * MB))
            .collect();
        let gaps: Vec<u64> = times.windows(2).map(|it| (it[1] - it[0]) / 1000).collect();
        assert_eq!(gaps, [1, 2, 4, 8, 16, 32, 64, 64]);
        assert!(trimmer.is_due(300_000, || 100 * MB, || 150 * MB), "it paid");
        assert!(trimmer.is_due(301_000, || 100 * MB, || 140 * MB), "so the pause is short again");
    }

    #[test]
    fn trimming_in_the_background_ends() {
        in_background();
        in_background();
    }
}
