//! What all connections of this front end share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use tandem_engine::Keyspace;

use crate::auth::{Guard, Passwords};
use crate::classes::{CLASSES_MAX, Classes};
use crate::clients::Clients;
use crate::crawler::Crawler;
use crate::discovery::Cluster;
use crate::host::Host;
use crate::parse::Rules;
use crate::prefixes::{Prefixes, TooLarge};
use crate::settings::Settings;
use crate::stats::{ClassTotals, Totals, WorkerStats};
use crate::survey::{Surveys, Tuning};
use crate::watch::{Evictions, Hub};

/// What a `Server` is made of.
pub struct ServerParts {
    /// Made from `Settings::keyspace_options`, or RESP's own in shared mode.
    pub keyspace: Arc<Keyspace>,
    pub settings: Settings,
    pub host: Arc<dyn Host>,
    pub n_workers: usize,
    /// A monotonic clock in nanoseconds, for latencies.
    pub clock_ns: fn() -> u64,
}

/// The front end: its keyspace, settings, statistics and connections.
pub struct Server {
    pub keyspace: Arc<Keyspace>,
    pub settings: Settings,
    pub host: Arc<dyn Host>,
    pub clients: Clients,
    /// The list of nodes that clients ask for.
    pub cluster: Cluster,
    pub(crate) clock_ns: fn() -> u64,
    pub(crate) prefixes: Prefixes,
    pub(crate) too_large: TooLarge,
    pub(crate) classes: Arc<Classes>,
    pub(crate) crawler: Arc<Crawler>,
    pub(crate) surveys: Surveys,
    tuning: Mutex<Tuning>,
    pub(crate) guard: Guard,
    pub(crate) hub: Arc<Hub>,
    workers: Box<[Arc<WorkerStats>]>,
    verbosity: AtomicU32,
    detail: AtomicBool,
    /// When a delayed `flush_all` is due, in milliseconds since the epoch; 0 for never.
    flush_at_ms: AtomicU64,
    /// What the counters stood at when `stats reset` was last used.
    baseline: Mutex<Baseline>,
}

/// Counters as they stood at a moment.
struct Baseline {
    totals: Totals,
    classes: [ClassTotals; CLASSES_MAX],
}

impl Default for Baseline {
    fn default() -> Baseline {
        Baseline { totals: Totals::default(), classes: [ClassTotals::default(); CLASSES_MAX] }
    }
}

impl Server {
    pub fn new(parts: ServerParts) -> Server {
        let ServerParts { keyspace, settings, host, n_workers, clock_ns } = parts;
        let classes = Arc::new(Classes::new(&settings));
        let counted = Arc::clone(&classes);
        keyspace.count_by_class(CLASSES_MAX, Box::new(move |item| counted.of(item)));
        if !settings.crawler {
            keyspace.set_active_expiry(false);
        }
        let hub = Arc::<Hub>::default();
        // Where another front end shares the keyspace, it may have an observer already.
        let evictions =
            Evictions { hub: Arc::clone(&hub), classes: Arc::clone(&classes), clock_ns };
        let _ = keyspace.set_observer(Box::new(evictions));
        Server {
            keyspace,
            host,
            clients: Clients::default(),
            cluster: Cluster::new(settings.cluster_version, settings.cluster_nodes.clone()),
            clock_ns,
            prefixes: Prefixes::default(),
            too_large: TooLarge::default(),
            classes,
            crawler: Arc::new(Crawler::new(settings.crawler_sleep_us, settings.n_to_crawl)),
            surveys: Surveys::default(),
            tuning: Mutex::new(settings.tuning),
            guard: Guard::default(),
            hub,
            workers: (0..n_workers.max(1)).map(|_| Arc::default()).collect(),
            verbosity: AtomicU32::new(settings.verbosity),
            detail: AtomicBool::new(settings.detail),
            flush_at_ms: AtomicU64::new(0),
            baseline: Mutex::default(),
            settings,
        }
    }

    /// What parsing depends on.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { keyspace: &self.keyspace, settings: &self.settings }
    }

    /// Exchanges the names and passwords that clients have to know where the settings ask for
    /// them. Those who have said theirs stay.
    pub fn set_passwords(&self, passwords: Passwords) {
        self.guard.exchange(passwords);
    }

    /// The counters of each worker, for its sessions and for whoever adds them up.
    pub fn workers(&self) -> &[Arc<WorkerStats>] {
        &self.workers
    }

    /// Counters of all workers since the start.
    pub fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for worker in &self.workers {
            worker.add_to(&mut sum);
        }
        sum
    }

    /// Counters of all workers since the last `stats reset`.
    pub(crate) fn totals_since_reset(&self) -> Totals {
        self.totals().since(&self.baseline.lock().totals)
    }

    /// Counters of all workers by class of item since the start.
    pub(crate) fn class_totals(&self) -> [ClassTotals; CLASSES_MAX] {
        let mut sum = [ClassTotals::default(); CLASSES_MAX];
        for worker in &self.workers {
            worker.add_classes_to(&mut sum);
        }
        sum
    }

    /// Counters of all workers by class of item since the last `stats reset`.
    pub(crate) fn class_totals_since_reset(&self) -> [ClassTotals; CLASSES_MAX] {
        let now = self.class_totals();
        let baseline = self.baseline.lock();
        std::array::from_fn(|it| now[it].since(&baseline.classes[it]))
    }

    pub(crate) fn reset_stats(&self) {
        *self.baseline.lock() = Baseline { totals: self.totals(), classes: self.class_totals() };
        self.keyspace.reset_stats();
        self.prefixes.clear();
        self.hub.reset_counts();
    }

    /// How `stats items` sorts items by use.
    pub(crate) fn tuning(&self) -> Tuning {
        *self.tuning.lock()
    }

    pub(crate) fn tune(&self, change: impl FnOnce(&mut Tuning)) {
        change(&mut self.tuning.lock());
        self.surveys.forget();
    }

    /// Stores of items that were too large since the start, by the prefix of their key; empty for
    /// those without one, `other` for those beyond a few dozen.
    pub fn too_large_by_prefix(&self) -> Vec<(String, u64)> {
        self.too_large.all()
    }

    /// As `verbosity` set it; the binary may read it as a log level.
    pub fn verbosity(&self) -> u32 {
        self.verbosity.load(Relaxed)
    }

    pub(crate) fn set_verbosity(&self, level: u32) {
        self.verbosity.store(level, Relaxed);
    }

    pub(crate) fn counts_prefixes(&self) -> bool {
        self.detail.load(Relaxed)
    }

    pub(crate) fn start_counting_prefixes(&self) {
        self.detail.store(true, Relaxed);
    }

    pub(crate) fn stop_counting_prefixes(&self) {
        self.detail.store(false, Relaxed);
    }

    /// Flushes at a time, in place of any flush that was still to come.
    pub(crate) fn flush_at(&self, at_ms: u64, now_ms: u64) {
        self.flush_at_ms.store(at_ms, Relaxed);
        self.flush_if_due(now_ms);
    }

    /// Does a delayed `flush_all` whose time has come. Every session calls it before it runs
    /// commands, so no client can see an item that should be gone.
    #[inline]
    pub(crate) fn flush_if_due(&self, now_ms: u64) {
        let due = self.flush_at_ms.load(Relaxed);
        if due != 0 && due <= now_ms {
            self.flush_due(due);
        }
    }

    #[cold]
    fn flush_due(&self, due: u64) {
        if self.flush_at_ms.compare_exchange(due, 0, Relaxed, Relaxed).is_ok() {
            self.keyspace.flush(DATABASE);
            self.surveys.forget();
        }
    }
}

/// memcached knows a single database.
pub(crate) const DATABASE: u32 = 0;
