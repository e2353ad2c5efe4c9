//! The share of reads that found their key, over the last minutes.

use std::collections::VecDeque;

/// Counts of hits and misses at even intervals, for a little more than the longest window.
#[derive(Debug, Default)]
pub(crate) struct HitRates {
    /// The newest is last.
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at_ms: u64,
    hits: u64,
    misses: u64,
}

/// The windows that are shown, with their names.
pub(crate) const WINDOWS: [(&str, u64); 3] = [("1m", 60_000), ("5m", 300_000), ("15m", 900_000)];

impl HitRates {
    /// Starts with nothing counted, so that the first reads show at once.
    pub(crate) fn since(now_ms: u64) -> HitRates {
        let mut rates = HitRates::default();
        rates.sample(now_ms, || (0, 0));
        rates
    }

    /// Takes a sample when the last one is old enough. `count` gives hits and misses since the
    /// start.
    pub(crate) fn sample(&mut self, now_ms: u64, count: impl FnOnce() -> (u64, u64)) {
        if self.samples.back().is_some_and(|it| now_ms < it.at_ms + PERIOD_MS) {
            return;
        }
        let (hits, misses) = count();
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample { at_ms: now_ms, hits, misses });
    }

    /// Hits by hits and misses within a window that ends with `now`; `None` without any reads.
    pub(crate) fn ratio(&self, window_ms: u64, now_ms: u64, now: (u64, u64)) -> Option<f64> {
        let from_ms = now_ms.saturating_sub(window_ms);
        let first = self.samples.iter().find(|it| it.at_ms >= from_ms)?;
        // Counters that were reset in between count from zero.
        let since = |now: u64, then: u64| if now < then { now } else { now - then };
        let (hits, misses) = (since(now.0, first.hits), since(now.1, first.misses));
        let reads = hits + misses;
        (reads > 0).then(|| hits as f64 / reads as f64)
    }
}

/// A twelfth of the shortest window.
const PERIOD_MS: u64 = 5000;

/// Enough for the longest window.
const SAMPLES_MAX: usize = 182;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reads_show_at_once() {
        let rates = HitRates::since(1000);
        assert_eq!(rates.ratio(60_000, 1001, (0, 0)), None);
        assert_eq!(rates.ratio(60_000, 1001, (3, 1)), Some(0.75));
    }

    #[test]
    fn a_ratio_covers_its_window_and_no_more() {
        let mut rates = HitRates::default();
        // Only misses for ten minutes, then only hits for two.
        for second in 0..720_u64 {
            let (hits, misses) = (second.saturating_sub(600), second.min(600));
            rates.sample(second * 1000, || (hits, misses));
        }
        let ratio = |window_ms| rates.ratio(window_ms, 720_000, (120, 600)).unwrap();
        assert!((ratio(60_000) - 1.0).abs() < 0.01);
        assert!((ratio(300_000) - 0.4).abs() < 0.01);
        assert!((ratio(900_000) - 120.0 / 720.0).abs() < 0.01);
        assert_eq!(rates.samples.len(), 144);
    }

    #[test]
    fn without_reads_there_is_no_ratio() {
        let mut rates = HitRates::default();
        assert_eq!(rates.ratio(60_000, 0, (0, 0)), None);
        rates.sample(0, || (7, 7));
        assert_eq!(rates.ratio(60_000, 1000, (7, 7)), None);
        assert_eq!(rates.ratio(60_000, 1000, (3, 0)), Some(1.0), "the counters were reset");
    }

    #[test]
    fn samples_have_a_limit() {
        let mut rates = HitRates::default();
        for n in 0..1000 {
            rates.sample(n * PERIOD_MS, || (0, 0));
        }
        assert_eq!(rates.samples.len(), SAMPLES_MAX);
    }
}
