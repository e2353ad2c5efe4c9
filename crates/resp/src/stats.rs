//! What each worker counts, and how readers add it up. A counter has one writer, its worker, so
//! that counting is a plain load and store on a cache line nobody else writes.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// The counters of one worker thread. Only that worker may call the counting methods. No other
/// worker's lie on the same cache lines.
#[derive(Debug)]
#[repr(align(128))]
pub struct WorkerStats {
    commands: Box<[CommandStats]>,
    /// Error replies by their first word. Errors are rare enough for a lock of one's own.
    errors: Mutex<BTreeMap<String, u64>>,
    net_in_bytes: Counter,
    net_out_bytes: Counter,
    reads: Counter,
    writes: Counter,
    error_replies: Counter,
}

/// What all workers together have counted since the start or the last reset.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// By command id.
    pub commands: Vec<CommandTotals>,
    /// Error replies by their first word.
    pub errors: BTreeMap<String, u64>,
    pub net_in_bytes: u64,
    pub net_out_bytes: u64,
    /// Reads from sockets that brought bytes.
    pub reads: u64,
    /// Writes to sockets.
    pub writes: u64,
    pub n_commands: u64,
    pub error_replies: u64,
}

/// One command's share of `Totals`.
#[derive(Clone, Debug, Default)]
pub struct CommandTotals {
    pub calls: u64,
    pub nanos: u64,
    /// Refused before they ran: arity, permissions, state, memory.
    pub rejected: u64,
    /// Ran and answered an error.
    pub failed: u64,
    pub latency: Histogram,
}

/// Times in nanoseconds, in buckets of a quarter of a power of two.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
}

/// What one worker counts of one command.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct CommandStats {
    calls: Counter,
    nanos: Counter,
    rejected: Counter,
    failed: Counter,
    /// Made at the first timed call: most commands are never called.
    latency: OnceLock<Box<[Counter; N_BUCKETS]>>,
}

/// A number with one writer and any readers.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl WorkerStats {
    /// Counters for a table of `n_commands` commands and subcommands.
    pub fn new(n_commands: usize) -> WorkerStats {
        WorkerStats {
            commands: (0..n_commands).map(|_| CommandStats::default()).collect(),
            errors: Mutex::default(),
            net_in_bytes: Counter::default(),
            net_out_bytes: Counter::default(),
            reads: Counter::default(),
            writes: Counter::default(),
            error_replies: Counter::default(),
        }
    }

    /// The counters of one command.
    #[inline]
    pub(crate) fn command(&self, id: usize) -> &CommandStats {
        &self.commands[id]
    }

    /// Counts an error reply by the first word of its line (`ERR`, `WRONGTYPE`, ...).
    pub fn error(&self, line: &[u8]) {
        self.error_replies.add(1);
        let word = line.split(|it| *it == b' ').next().unwrap_or_default();
        let word = String::from_utf8_lossy(word);
        let mut errors = self.errors.lock();
        if let Some(count) = errors.get_mut(&*word) {
            *count += 1;
        } else if errors.len() < ERROR_WORDS_MAX {
            errors.insert(word.into_owned(), 1);
        }
    }

    /// Counts bytes that one read brought.
    pub fn read(&self, n_bytes: usize) {
        self.reads.add(1);
        self.net_in_bytes.add(n_bytes as u64);
    }

    /// Counts bytes that one write took.
    pub fn wrote(&self, n_bytes: usize) {
        self.writes.add(1);
        self.net_out_bytes.add(n_bytes as u64);
    }

    /// Adds this worker's share to `totals`.
    pub(crate) fn add_to(&self, totals: &mut Totals) {
        if totals.commands.len() < self.commands.len() {
            totals.commands.resize(self.commands.len(), CommandTotals::default());
        }
        for (sum, command) in totals.commands.iter_mut().zip(&self.commands) {
            command.add_to(sum);
        }
        for (word, count) in self.errors.lock().iter() {
            *totals.errors.entry(word.clone()).or_default() += count;
        }
        self.add_flow_to(totals);
    }

    /// The part of `add_to` that the rates need ten times a second.
    pub(crate) fn add_flow_to(&self, totals: &mut Totals) {
        totals.net_in_bytes += self.net_in_bytes.get();
        totals.net_out_bytes += self.net_out_bytes.get();
        totals.reads += self.reads.get();
        totals.writes += self.writes.get();
        totals.n_commands += self.commands.iter().map(|it| it.calls.get()).sum::<u64>();
        totals.error_replies += self.error_replies.get();
    }
}

impl CommandStats {
    /// Counts a call that was executed.
    #[inline]
    pub(crate) fn call(&self) {
        self.calls.add(1);
    }

    /// Whether the next call of a quick command is to be timed: the first is, and one in many.
    #[inline]
    pub(crate) fn is_sample(&self) -> bool {
        // The lower half is cheaper to divide.
        (self.calls.get() as u32).is_multiple_of(TIMED_ONE_IN as u32)
    }

    /// Adds the time of a quick call for all calls since the one that was timed before.
    pub(crate) fn time_sample(&self, nanos: u64) {
        let weight = if self.calls.get() == 0 { 1 } else { TIMED_ONE_IN };
        self.time(nanos, weight);
    }

    /// Adds a time that stands for `weight` calls.
    pub(crate) fn time(&self, nanos: u64, weight: u64) {
        self.nanos.add(nanos * weight);
        let latency = self.latency.get_or_init(|| Box::new([const { Counter::new() }; _]));
        latency[bucket(nanos)].add(weight);
    }

    /// Counts a call that was refused before it ran.
    pub(crate) fn reject(&self) {
        self.rejected.add(1);
    }

    /// Counts a call that ran and answered an error.
    pub(crate) fn fail(&self) {
        self.failed.add(1);
    }

    fn add_to(&self, sum: &mut CommandTotals) {
        sum.calls += self.calls.get();
        sum.nanos += self.nanos.get();
        sum.rejected += self.rejected.get();
        sum.failed += self.failed.get();
        let Some(latency) = self.latency.get() else { return };
        sum.latency.buckets.resize(N_BUCKETS, 0);
        for (sum, count) in sum.latency.buckets.iter_mut().zip(latency.iter()) {
            *sum += count.get();
        }
    }
}

impl Totals {
    /// What was counted since `earlier`. Counters never run backwards, but a reader may meet one
    /// in the middle of an update: hence the saturation.
    #[must_use]
    pub(crate) fn since(mut self, earlier: &Totals) -> Totals {
        for (now, then) in self.commands.iter_mut().zip(&earlier.commands) {
            now.subtract(then);
        }
        for (word, then) in &earlier.errors {
            if let Some(now) = self.errors.get_mut(word) {
                *now = now.saturating_sub(*then);
            }
        }
        self.errors.retain(|_, count| *count > 0);
        self.net_in_bytes = self.net_in_bytes.saturating_sub(earlier.net_in_bytes);
        self.net_out_bytes = self.net_out_bytes.saturating_sub(earlier.net_out_bytes);
        self.reads = self.reads.saturating_sub(earlier.reads);
        self.writes = self.writes.saturating_sub(earlier.writes);
        self.n_commands = self.n_commands.saturating_sub(earlier.n_commands);
        self.error_replies = self.error_replies.saturating_sub(earlier.error_replies);
        self
    }
}

impl CommandTotals {
    fn subtract(&mut self, earlier: &CommandTotals) {
        self.calls = self.calls.saturating_sub(earlier.calls);
        self.nanos = self.nanos.saturating_sub(earlier.nanos);
        self.rejected = self.rejected.saturating_sub(earlier.rejected);
        self.failed = self.failed.saturating_sub(earlier.failed);
        for (now, then) in self.latency.buckets.iter_mut().zip(&earlier.latency.buckets) {
            *now = now.saturating_sub(*then);
        }
    }
}

impl Histogram {
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The upper bound, in nanoseconds, of the bucket that holds the given percentile; 0 while
    /// nothing was measured.
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        let total = self.count();
        let rank = ((percent / 100.0) * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return bucket_end_ns(index);
            }
        }
        0
    }

    /// Upper bounds in nanoseconds and the count up to each, for Prometheus: one entry per power
    /// of two, cumulative.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut seen = 0;
        self.buckets.chunks(SPLIT).enumerate().map(move |(power, counts)| {
            seen += counts.iter().sum::<u64>();
            (bucket_end_ns(power * SPLIT + SPLIT - 1), seen)
        })
    }
}

impl Counter {
    const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Load and store instead of a locked add: there is one writer.
    #[inline]
    fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Speeds over the last 1.6 seconds, as INFO's `instantaneous_*` fields show them.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    last: Option<(u64, [u64; N_RATES])>,
    samples: [[u64; RATE_SAMPLES]; N_RATES],
    next: usize,
}

impl Rates {
    /// Takes a sample when the last one is a tenth of a second old.
    pub(crate) fn sample(&mut self, now_ms: u64, totals: &Totals) {
        let values = [totals.n_commands, totals.net_in_bytes, totals.net_out_bytes];
        let Some((at_ms, earlier)) = self.last else {
            self.last = Some((now_ms, values));
            return;
        };
        let elapsed_ms = now_ms.saturating_sub(at_ms);
        if elapsed_ms < RATE_PERIOD_MS {
            return;
        }
        for ((samples, now), then) in self.samples.iter_mut().zip(values).zip(earlier) {
            samples[self.next] = now.saturating_sub(then) * 1000 / elapsed_ms;
        }
        self.next = (self.next + 1) % RATE_SAMPLES;
        self.last = Some((now_ms, values));
    }

    pub(crate) fn commands_per_s(&self) -> u64 {
        self.mean(0)
    }

    pub(crate) fn net_in_bytes_per_s(&self) -> u64 {
        self.mean(1)
    }

    pub(crate) fn net_out_bytes_per_s(&self) -> u64 {
        self.mean(2)
    }

    fn mean(&self, which: usize) -> u64 {
        self.samples[which].iter().sum::<u64>() / RATE_SAMPLES as u64
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(1 << FIRST_POWER);
    let power = nanos.ilog2();
    let quarter = (nanos >> (power - 2)) as usize & (SPLIT - 1);
    ((power - FIRST_POWER) as usize * SPLIT + quarter).min(N_BUCKETS - 1)
}

fn bucket_end_ns(index: usize) -> u64 {
    let power = FIRST_POWER + (index / SPLIT) as u32;
    let quarter = (index % SPLIT) as u64;
    (1 << power) + ((quarter + 1) << (power - 2)) - 1
}

/// One in so many quick commands is timed: reading a clock twice costs as much as a third of the
/// command. A prime, so that it does not fall on the same place in every batch of a client.
const TIMED_ONE_IN: u64 = 61;

/// Buckets for each power of two: a percentile is off by a quarter at most.
const SPLIT: usize = 4;

/// The first bucket begins at 64 ns: no command is answered faster.
const FIRST_POWER: u32 = 6;

/// From 64 ns to 137 s; what is slower falls into the last bucket.
const N_BUCKETS: usize = 31 * SPLIT;

/// Different error words kept apart; a script that invents more must not fill the memory.
const ERROR_WORDS_MAX: usize = 128;

/// Samples in a rate, and the time between two of them: as Valkey has them.
const RATE_SAMPLES: usize = 16;
const RATE_PERIOD_MS: u64 = 100;
const N_RATES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_no_cache_line() {
        assert!(128 <= align_of::<WorkerStats>() && 64 <= align_of::<CommandStats>());
        assert!(128 <= align_of::<crate::clients::Clients>(), "those who come disturb nobody");
    }

    #[test]
    fn buckets_follow_each_other() {
        for index in 0..N_BUCKETS - 1 {
            assert_eq!(bucket(bucket_end_ns(index)), index);
            assert_eq!(bucket(bucket_end_ns(index) + 1), index + 1);
        }
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(u64::MAX), N_BUCKETS - 1);
    }

    #[test]
    fn percentiles_find_their_bucket() {
        let worker = WorkerStats::new(1);
        for _ in 0..99 {
            worker.command(0).time(1000, 1);
        }
        worker.command(0).time(1_000_000, 1);
        let mut totals = Totals::default();
        worker.add_to(&mut totals);
        let latency = &totals.commands[0].latency;
        assert!((1000..1250).contains(&latency.percentile_ns(50.0)));
        assert!((1000..1250).contains(&latency.percentile_ns(99.0)));
        assert!((1_000_000..1_250_000).contains(&latency.percentile_ns(99.9)));
        assert_eq!(latency.cumulative().last().unwrap().1, 100);
    }

    #[test]
    fn a_quick_command_is_timed_at_first_and_then_one_in_many() {
        let worker = WorkerStats::new(2);
        let stats = worker.command(1);
        for _ in 0..2 * TIMED_ONE_IN {
            if stats.is_sample() {
                stats.time_sample(1000);
            }
            stats.call();
        }
        assert_eq!(stats.nanos.get(), 1000 * (1 + TIMED_ONE_IN));
        assert!(worker.command(0).is_sample(), "each command has its turn");
    }

    #[test]
    fn totals_add_workers_and_forget_what_was_before() {
        let workers = [WorkerStats::new(2), WorkerStats::new(2)];
        workers[0].command(1).call();
        workers[0].error(b"WRONGTYPE nope");
        let sum = || {
            let mut totals = Totals::default();
            for worker in &workers {
                worker.add_to(&mut totals);
            }
            totals
        };
        let before = sum();
        workers[1].command(1).call();
        workers[1].command(1).time(500, 16);
        workers[1].error(b"ERR syntax error");
        assert_eq!(sum().commands[1].calls, 2);
        let since = sum().since(&before);
        assert_eq!(since.commands[1].calls, 1);
        assert_eq!(since.commands[1].nanos, 8000);
        assert_eq!(since.n_commands, 1);
        assert_eq!(since.errors.into_iter().collect::<Vec<_>>(), [("ERR".to_string(), 1)]);
    }

    #[test]
    fn error_words_have_a_limit() {
        let worker = WorkerStats::new(0);
        for n in 0..ERROR_WORDS_MAX + 10 {
            worker.error(format!("E{n} text").as_bytes());
        }
        let mut totals = Totals::default();
        worker.add_to(&mut totals);
        assert_eq!(totals.errors.len(), ERROR_WORDS_MAX);
        assert_eq!(totals.error_replies, ERROR_WORDS_MAX as u64 + 10);
    }

    #[test]
    fn rates_are_means_of_sixteen_samples() {
        let mut rates = Rates::default();
        for tick in 0..=16 {
            let totals = Totals { n_commands: tick * 50, ..Totals::default() };
            rates.sample(tick * 100, &totals);
            rates.sample(tick * 100 + 1, &totals);
        }
        assert_eq!(rates.commands_per_s(), 500);
    }
}
