//! Counters of one worker thread. Only that worker writes them, so that no cache line is shared;
//! whoever asks adds the workers up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::classes::CLASSES_MAX;
use crate::commands::{COMMANDS, Verb};

/// A number that one thread counts and any thread reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds without a locked instruction: there is a single writer.
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Each power of two of nanoseconds is split in four; the last bucket holds 2^36 ns and more.
pub const HISTOGRAM_BUCKETS: usize = 144;

/// One in so many fast commands is timed: reading a clock twice costs as much as a third of the
/// command. A prime, so that it does not fall on the same place in every batch of a client.
const TIMED_ONE_IN: u64 = 61;

/// Latencies in nanoseconds, in log-linear buckets.
#[derive(Debug)]
pub struct Histogram {
    buckets: [Counter; HISTOGRAM_BUCKETS],
    sum_ns: Counter,
}

/// What a histogram held at one moment, added up over workers.
#[derive(Clone, Copy, Debug)]
pub struct HistogramSnapshot {
    pub buckets: [u64; HISTOGRAM_BUCKETS],
    pub sum_ns: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            buckets: std::array::from_fn(|_| Counter::default()),
            sum_ns: Counter::default(),
        }
    }
}

impl Histogram {
    /// Records `weight` calls that took `ns` each.
    pub fn record(&self, ns: u64, weight: u64) {
        self.buckets[bucket_of(ns)].add(weight);
        self.sum_ns.add(ns * weight);
    }

    pub fn add_to(&self, sum: &mut HistogramSnapshot) {
        for (to, from) in sum.buckets.iter_mut().zip(&self.buckets) {
            *to += from.get();
        }
        sum.sum_ns += self.sum_ns.get();
    }
}

impl Default for HistogramSnapshot {
    fn default() -> HistogramSnapshot {
        HistogramSnapshot { buckets: [0; HISTOGRAM_BUCKETS], sum_ns: 0 }
    }
}

impl HistogramSnapshot {
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Upper bound of the bucket in which the quantile lies (0.5 is the median); 0 when empty.
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        let rank = (self.count() as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        for (index, n) in self.buckets.iter().enumerate() {
            seen += n;
            if seen >= rank && seen > 0 {
                return bucket_max_ns(index);
            }
        }
        0
    }
}

/// Buckets of any number: a quarter of a power of two each.
pub(crate) fn bucket_of(ns: u64) -> usize {
    if ns < 4 {
        return ns as usize;
    }
    let log = ns.ilog2() as usize;
    let index = (log - 1) * 4 + (ns >> (log - 2) & 3) as usize;
    index.min(HISTOGRAM_BUCKETS - 1)
}

/// Highest number of nanoseconds that a bucket holds.
pub fn bucket_max_ns(index: usize) -> u64 {
    if index < 4 {
        return index as u64;
    }
    let (log, quarter) = (index / 4 + 1, (index % 4) as u64);
    ((4 + quarter + 1) << (log - 2)) - 1
}

/// What one worker knows of one command.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct CommandStats {
    /// Calls; each key of a `get` counts.
    pub calls: Counter,
    /// Calls answered with an error line.
    pub errors: Counter,
    pub latency: Histogram,
}

impl CommandStats {
    /// Whether the next call of a fast command is to be timed: the first is, and one in many.
    pub(crate) fn is_sample(&self) -> bool {
        // The lower half is cheaper to divide.
        (self.calls.get() as u32).is_multiple_of(TIMED_ONE_IN as u32)
    }

    /// Records the time of the last counted call of a fast command for all calls since the one
    /// that was timed before.
    pub(crate) fn record_sample(&self, ns: u64) {
        self.latency.record(ns, if self.calls.get() == 1 { 1 } else { TIMED_ONE_IN });
    }
}

/// What is counted for a class of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ClassEvent {
    /// A hit on an item that nobody had read before.
    Get,
    GetAgain,
    Set,
    Delete,
    Incr,
    Decr,
    Cas,
    CasBadval,
    Touch,
    NoMemory,
}

const CLASS_EVENTS: usize = ClassEvent::NoMemory as usize + 1;

/// What one worker counts for one class.
#[derive(Debug, Default)]
struct ClassCounters([Counter; CLASS_EVENTS]);

/// What all workers have counted for one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassTotals([u64; CLASS_EVENTS]);

impl ClassTotals {
    pub(crate) fn of(&self, event: ClassEvent) -> u64 {
        self.0[event as usize]
    }

    pub(crate) fn get_hits(&self) -> u64 {
        self.of(ClassEvent::Get) + self.of(ClassEvent::GetAgain)
    }

    /// What was counted since `earlier`.
    pub(crate) fn since(&self, earlier: &ClassTotals) -> ClassTotals {
        ClassTotals(std::array::from_fn(|it| self.0[it].saturating_sub(earlier.0[it])))
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one worker. No other worker's lie on the same cache lines.
        #[derive(Debug)]
        #[repr(align(128))]
        pub struct WorkerStats {
            $($(#[$doc])* pub $name: Counter,)*
            // Of a fixed size, so that a verb needs no check to find its counters.
            commands: Box<[CommandStats; COMMANDS.len()]>,
            classes: Box<[ClassCounters; CLASSES_MAX]>,
        }

        /// The counters of all workers since the last `stats reset`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Totals {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Default for WorkerStats {
            fn default() -> WorkerStats {
                WorkerStats {
                    $($name: Counter::default(),)*
                    commands: Box::new(std::array::from_fn(|_| CommandStats::default())),
                    classes: Box::new(std::array::from_fn(|_| ClassCounters::default())),
                }
            }
        }

        impl WorkerStats {
            pub(crate) fn add_to(&self, sum: &mut Totals) {
                $(sum.$name += self.$name.get();)*
            }
        }

        impl Totals {
            /// What was counted since `earlier`.
            pub(crate) fn since(&self, earlier: &Totals) -> Totals {
                Totals { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }
        }
    };
}

counters! {
    get_hits,
    get_misses,
    /// `touch` and `gat` that found their key.
    touch_hits,
    touch_misses,
    /// Stores that passed their checks, done or not (`cmd_set`).
    stores,
    store_too_large,
    store_no_memory,
    delete_hits,
    delete_misses,
    incr_hits,
    incr_misses,
    decr_hits,
    decr_misses,
    cas_hits,
    cas_misses,
    /// `cas` with another number than the item's.
    cas_badval,
    /// `me` (`cmd_meta`).
    meta_debugs,
    flushes,
    /// Questions for the list of nodes (`config get`).
    config_gets,
    /// Clients that said who they are (`auth_cmds`), right or wrong.
    auth_cmds,
    auth_errors,
    /// Written by the connection loop.
    bytes_read,
    /// Written by the connection loop.
    bytes_written,
    /// Connections that had to let others go first (`conn_yields`).
    yields,
}

impl WorkerStats {
    /// Statistics by command, in the order of `COMMANDS`.
    pub fn commands(&self) -> &[CommandStats] {
        &*self.commands
    }

    /// Counts an event of an item's class.
    #[inline]
    pub(crate) fn count_class(&self, class: usize, event: ClassEvent) {
        if let Some(it) = self.classes.get(class) {
            it.0[event as usize].add(1);
        }
    }

    pub(crate) fn add_classes_to(&self, sum: &mut [ClassTotals; CLASSES_MAX]) {
        for (to, from) in sum.iter_mut().zip(&*self.classes) {
            for (to, from) in to.0.iter_mut().zip(&from.0) {
                *to += from.get();
            }
        }
    }

    pub(crate) fn command(&self, verb: Verb) -> &CommandStats {
        &self.commands[verb as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_no_cache_line() {
        assert!(128 <= align_of::<WorkerStats>() && 64 <= align_of::<CommandStats>());
        assert!(128 <= align_of::<crate::clients::Clients>(), "those who come disturb nobody");
    }

    #[test]
    fn every_latency_lies_within_its_bucket() {
        for shift in 0..36 {
            for ns in [1_u64 << shift, (1 << shift) + (1 << shift) / 3, (2 << shift) - 1] {
                let index = bucket_of(ns);
                assert!(ns <= bucket_max_ns(index), "{ns} is above bucket {index}");
                assert!(index == 0 || ns > bucket_max_ns(index - 1), "{ns} is below {index}");
            }
        }
        assert_eq!(bucket_of(u64::MAX), HISTOGRAM_BUCKETS - 1);
    }

    #[test]
    fn a_fast_command_is_timed_at_first_and_then_one_in_many() {
        let stats = CommandStats::default();
        for _ in 0..2 * TIMED_ONE_IN {
            let is_sample = stats.is_sample();
            stats.calls.add(1);
            if is_sample {
                stats.record_sample(1000);
            }
        }
        assert_eq!(stats.latency.sum_ns.get(), 1000 * (1 + TIMED_ONE_IN));
    }

    #[test]
    fn quantiles_come_from_the_weighted_buckets() {
        let histogram = Histogram::default();
        histogram.record(100, 16);
        histogram.record(10_000, 1);
        let mut sum = HistogramSnapshot::default();
        histogram.add_to(&mut sum);
        assert_eq!(sum.count(), 17);
        assert_eq!(sum.sum_ns, 11_600);
        assert!((100..128).contains(&sum.quantile_ns(0.5)));
        assert!((10_000..12_500).contains(&sum.quantile_ns(0.999)));
    }
}
