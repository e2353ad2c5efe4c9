//! The process's clocks. Everything else is told the time.
#![expect(clippy::disallowed_methods, reason = "this is where the clocks are read")]

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}

/// Nanoseconds on a clock that never runs backwards.
pub(crate) fn monotonic_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// When the wall clock shows `at_ms`, as timers want it.
pub(crate) fn instant_at_ms(at_ms: u64) -> tokio::time::Instant {
    let wait_ms = at_ms.saturating_sub(now_ms());
    tokio::time::Instant::now() + Duration::from_millis(wait_ms)
}

/// True until `budget` has passed since `start`.
pub(crate) struct Stopwatch {
    start: Instant,
    budget: Duration,
}

impl Stopwatch {
    pub(crate) fn new(budget: Duration) -> Stopwatch {
        Stopwatch { start: Instant::now(), budget }
    }

    pub(crate) fn has_time(&self) -> bool {
        self.start.elapsed() < self.budget
    }
}
