//! What all connections of the RESP front end share.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use tandem_engine::Keyspace;

use crate::acl::Acl;
use crate::alerts::Alerts;
use crate::clients::Clients;
use crate::error::Error;
use crate::pubsub::{Audience, PubSub};
use crate::script::Scripts;
use crate::settings::Settings;
use crate::stats::{Rates, Totals, WorkerStats};
use crate::tracking::Tracking;

/// The RESP front end without its sockets. One per process, shared by all sessions.
pub struct Server {
    pub keyspace: Arc<Keyspace>,
    pub host: Arc<dyn Host>,
    pub settings: Settings,
    pub clients: Clients,
    pub(crate) pubsub: PubSub,
    /// Held by who tells what has happened to keys.
    pub(crate) telling: Mutex<()>,
    pub(crate) acl: Acl,
    pub(crate) tracking: Tracking,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) alerts: Alerts,
    /// The counters of each worker thread, by worker index.
    pub workers: Vec<Arc<WorkerStats>>,
    /// A monotonic clock in nanoseconds, for measuring commands.
    pub clock_ns: fn() -> u64,
    /// Milliseconds since the epoch.
    pub started_at_ms: u64,
    pub(crate) active_expiry: AtomicBool,
    pub(crate) replication_id: Mutex<String>,
    /// Wrong passwords since the start or the last CONFIG RESETSTAT.
    pub(crate) auth_denied: AtomicU64,
    /// Writes of before the last CONFIG RESETSTAT, which unsaved changes must not forget.
    stores_before: AtomicU64,
    rates: Mutex<Rates>,
    /// What had been counted at the last CONFIG RESETSTAT.
    baseline: Mutex<Totals>,
}

/// What a `Server` is made of.
pub struct ServerOptions {
    pub keyspace: Arc<Keyspace>,
    pub host: Arc<dyn Host>,
    pub settings: Settings,
    pub n_workers: usize,
    pub clock_ns: fn() -> u64,
    /// Milliseconds since the epoch.
    pub started_at_ms: u64,
}

impl Server {
    pub fn new(options: ServerOptions) -> Server {
        let n_commands = crate::table::Table::get().n_ids();
        let worker = |_| Arc::new(WorkerStats::new(n_commands));
        let server = Server {
            keyspace: options.keyspace,
            host: options.host,
            settings: options.settings,
            clients: Clients::default(),
            pubsub: PubSub::default(),
            telling: Mutex::default(),
            acl: Acl::default(),
            tracking: Tracking::default(),
            scripts: Arc::default(),
            alerts: Alerts::default(),
            workers: (0..options.n_workers).map(worker).collect(),
            clock_ns: options.clock_ns,
            started_at_ms: options.started_at_ms,
            active_expiry: AtomicBool::new(true),
            replication_id: Mutex::new(random_id()),
            auth_denied: AtomicU64::new(0),
            stores_before: AtomicU64::new(0),
            rates: Mutex::default(),
            baseline: Mutex::default(),
        };
        server.settings.apply_to(&server.keyspace);
        server.hear();
        server.require_password(&server.settings.text("requirepass"));
        server
    }

    /// Everything the workers have counted since the start or the last CONFIG RESETSTAT.
    pub fn totals(&self) -> Totals {
        self.totals_ever().since(&self.baseline.lock())
    }

    /// Everything the workers have counted since the start: what Prometheus wants to see.
    pub fn totals_ever(&self) -> Totals {
        let mut totals = Totals::default();
        for worker in &self.workers {
            worker.add_to(&mut totals);
        }
        totals
    }

    /// Samples the rates of INFO. The process calls it every 100 ms.
    pub fn tick(&self, now_ms: u64) {
        let mut totals = Totals::default();
        for worker in &self.workers {
            worker.add_flow_to(&mut totals);
        }
        self.rates.lock().sample(now_ms, &totals);
    }

    /// Who listens to what, in numbers.
    pub fn audience(&self) -> Audience {
        self.pubsub.audience()
    }

    /// True unless DEBUG SET-ACTIVE-EXPIRE has switched the cycle off.
    pub fn active_expiry(&self) -> bool {
        self.active_expiry.load(Relaxed)
    }

    /// Writes since the start: nothing is saved yet, so all of them are unsaved.
    pub(crate) fn n_stores(&self) -> u64 {
        self.stores_before.load(Relaxed) + self.keyspace.stats().stores
    }

    /// A database by the number that a client gave.
    pub(crate) fn database(&self, index: i64) -> Result<u32, Error> {
        let n_databases = self.keyspace.n_databases();
        let db = u32::try_from(index).ok().filter(|it| *it < n_databases);
        db.ok_or(Error::said("ERR DB index is out of range"))
    }

    pub(crate) fn with_rates<T>(&self, look: impl FnOnce(&Rates) -> T) -> T {
        look(&self.rates.lock())
    }

    pub(crate) fn reset_stats(&self) {
        *self.baseline.lock() = self.totals_ever();
        *self.rates.lock() = Rates::default();
        self.clients.reset_stats();
        self.auth_denied.store(0, Relaxed);
        self.acl.reset_stats();
        self.stores_before.fetch_add(self.keyspace.stats().stores, Relaxed);
        self.keyspace.reset_stats();
        tandem_engine::reset_freed();
    }
}

/// What the front end needs of the process it runs in.
pub trait Host: Send + Sync {
    /// What does not change while the process runs.
    fn identity(&self) -> Identity;

    /// What the process uses right now.
    fn usage(&self) -> Usage;

    /// Asks the process to end. `Ok` when it will, `Err` with the reason when it cannot; the
    /// caller's connection is closed by the shutdown itself.
    fn shutdown(&self, request: Shutdown) -> Result<(), String>;

    /// Takes back a shutdown that waits. False when there is none.
    fn abort_shutdown(&self) -> bool;

    /// Writes these settings into the configuration file, leaving the rest of it as it is.
    fn rewrite_config(&self, changed: &[(&str, String)]) -> Result<(), RewriteError>;

    /// Acts on a setting that the process owns (a port, the log level, ...). Called before the
    /// new value is stored; an error leaves the old one in force.
    fn apply(&self, name: &str, value: &str) -> Result<(), String>;

    /// Writes a line of a script's into the process's log.
    fn log(&self, level: LogLevel, text: &str);

    /// Gives unused memory back to the system (MEMORY PURGE).
    fn purge(&self);

    /// The allocator's own report (MEMORY MALLOC-STATS).
    fn allocator_report(&self) -> String;
}

/// What does not change while the process runs.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    pub pid: u32,
    /// 40 hexadecimal digits, new at each start.
    pub run_id: String,
    pub executable: String,
    /// Empty when there is none.
    pub config_file: String,
    /// `uname`: system, release and machine.
    pub os: String,
    /// The port that RESP listens on, 0 when none.
    pub tcp_port: u16,
    /// How each RESP listener is reached: `name=tcp,bind=127.0.0.1,port=6379` without the name.
    pub listeners: Vec<String>,
    pub total_system_memory_bytes: u64,
    /// `systemd`, `upstart` or `no`.
    pub supervised: &'static str,
    /// What allocates, with its version.
    pub allocator: String,
    pub monotonic_clock: String,
}

/// What the process uses right now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub rss_bytes: u64,
    /// Highest RSS seen.
    pub rss_peak_bytes: u64,
    pub cpu_user_us: u64,
    pub cpu_sys_us: u64,
    pub cpu_user_children_us: u64,
    pub cpu_sys_children_us: u64,
    pub cpu_user_main_thread_us: u64,
    pub cpu_sys_main_thread_us: u64,
    /// Bytes handed out by the allocator, 0 when it does not tell.
    pub allocated_bytes: u64,
    /// Bytes in pages that hold them.
    pub allocator_active_bytes: u64,
    /// Bytes that the allocator holds of the system.
    pub allocator_resident_bytes: u64,
    pub n_threads: usize,
}

/// How loud a script says something, by the names that it has for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// The words of SHUTDOWN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    pub save: Save,
    /// Do not wait for replicas.
    pub now: bool,
    /// End even when saving fails.
    pub force: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Save {
    /// As the settings say.
    #[default]
    AsConfigured,
    Always,
    Never,
}

/// Why CONFIG REWRITE failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewriteError {
    /// The process runs without a configuration file.
    NoFile,
    Failed(String),
}

/// The version of Valkey whose behaviour clients may rely on.
pub(crate) const VALKEY_VERSION: &str = "8.1.1";

/// Our own version.
pub(crate) const TANDEM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// 40 hexadecimal digits from the hasher's random seeds.
pub fn random_id() -> String {
    let draws = [0_u64; 3].map(|it| ahash::RandomState::new().hash_one(it).to_be_bytes());
    hex(&draws.as_flattened()[..20])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
pub(crate) mod fake {
    use super::*;

    /// A process for tests: it remembers what it was asked.
    #[derive(Default)]
    pub(crate) struct FakeHost {
        pub(crate) asked: Mutex<Vec<String>>,
    }

    impl FakeHost {
        fn note(&self, what: String) {
            self.asked.lock().push(what);
        }
    }

    impl Host for FakeHost {
        fn identity(&self) -> Identity {
            Identity { pid: 1234, run_id: "a".repeat(40), tcp_port: 6379, ..Identity::default() }
        }

        fn usage(&self) -> Usage {
            Usage { rss_bytes: 4 << 20, rss_peak_bytes: 5 << 20, ..Usage::default() }
        }

        fn shutdown(&self, request: Shutdown) -> Result<(), String> {
            self.note(format!("{request:?}"));
            Ok(())
        }

        fn abort_shutdown(&self) -> bool {
            false
        }

        fn rewrite_config(&self, changed: &[(&str, String)]) -> Result<(), RewriteError> {
            self.note(format!("rewrite {changed:?}"));
            Err(RewriteError::NoFile)
        }

        fn apply(&self, name: &str, value: &str) -> Result<(), String> {
            self.note(format!("{name} {value}"));
            if value == "666" { Err("that port is taken".to_string()) } else { Ok(()) }
        }

        fn log(&self, level: LogLevel, text: &str) {
            self.note(format!("{level:?} {text}"));
        }

        fn purge(&self) {
            self.note("purge".to_string());
        }

        fn allocator_report(&self) -> String {
            "nothing to report".to_string()
        }
    }
}
