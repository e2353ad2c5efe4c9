//! The one place of this crate that reads clocks and sleeps.
#![expect(clippy::disallowed_methods, reason = "measuring time is what a load generator is for")]

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Monotonic nanoseconds since the first call.
pub(crate) fn now_ns() -> u64 {
    START.elapsed().as_nanos() as u64
}

/// Milliseconds since the epoch.
pub(crate) fn epoch_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as u64)
}

pub(crate) fn pause_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

pub(crate) fn pause_us(us: u64) {
    std::thread::sleep(Duration::from_micros(us));
}

/// The second of the epoch at which this was first asked: one stamp for all files of a run.
pub(crate) fn started_at_s() -> u64 {
    static STARTED: LazyLock<u64> = LazyLock::new(|| epoch_ms() / 1000);
    *STARTED
}
