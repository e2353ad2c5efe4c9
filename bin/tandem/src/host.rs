//! The process as the front ends see it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::RwLock;
use tandem_memcached::{Connections, CpuTimes, TooLarge};
use tandem_resp::{Identity, LogLevel, RewriteError, Usage};
use tokio::sync::Notify;

use crate::front::memcached::ListenerCounts;
use crate::socket::Address;
use crate::{clock, config, logging, process, rewrite};

/// One per process, shared by both front ends and the admin port.
pub(crate) struct Process {
    pub(crate) run_id: String,
    pub(crate) started_at_ms: u64,
    pub(crate) n_workers: usize,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) connections_max: usize,
    pub(crate) counts: Arc<ListenerCounts>,
    /// What listens where; empty until the listeners are there.
    pub(crate) listening: RwLock<Listening>,
    pub(crate) stop: Stop,
    pub(crate) too_large: Seldom,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Listening {
    pub(crate) resp: Vec<Address>,
    pub(crate) memcached: Vec<Address>,
    /// Where memcached's requests arrive by datagram.
    pub(crate) datagrams: Vec<SocketAddr>,
    pub(crate) admin: Vec<Address>,
}

/// How the process is told to end.
#[derive(Default)]
pub(crate) struct Stop {
    is_draining: AtomicBool,
    asked: Notify,
}

/// Something that is logged once in a while, however often it happens.
#[derive(Default)]
pub(crate) struct Seldom {
    last_s: AtomicU64,
    n_unsaid: AtomicU64,
}

impl Seldom {
    /// Whether it is to be logged now, and how often it was not since the last time.
    fn turn(&self, now_s: u64) -> Option<u64> {
        let last_s = self.last_s.load(Relaxed);
        let is_due = now_s >= last_s + SELDOM_S
            && self.last_s.compare_exchange(last_s, now_s, Relaxed, Relaxed).is_ok();
        if is_due {
            return Some(self.n_unsaid.swap(0, Relaxed));
        }
        self.n_unsaid.fetch_add(1, Relaxed);
        None
    }
}

impl Stop {
    pub(crate) fn ask(&self) {
        self.is_draining.store(true, Relaxed);
        self.asked.notify_one();
    }

    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Relaxed)
    }
}

impl Listening {
    /// RESP's listeners as INFO shows them: all addresses of a port are one listener.
    fn resp_in_info(&self) -> Vec<String> {
        let tcp = self.resp.iter().filter_map(|it| match it {
            Address::Tcp(it) => Some(it),
            Address::Unix(_) => None,
        });
        let binds = tcp.clone().fold(String::new(), |to, it| format!("{to},bind={}", it.ip()));
        let port = tcp.clone().next().map(std::net::SocketAddr::port);
        let unix = self.resp.iter().filter_map(|it| match it {
            Address::Unix(path) => Some(format!("name=unix,bind={}", path.display())),
            Address::Tcp(_) => None,
        });
        port.map(|port| format!("name=tcp{binds},port={port}")).into_iter().chain(unix).collect()
    }
}

impl Process {
    pub(crate) fn uptime_s(&self) -> u64 {
        clock::now_ms().saturating_sub(self.started_at_ms) / 1000
    }
}

impl tandem_resp::Host for Process {
    fn identity(&self) -> Identity {
        let listening = self.listening.read();
        let port = listening.resp.iter().find_map(|it| match it {
            Address::Tcp(it) => Some(it.port()),
            Address::Unix(_) => None,
        });
        let executable = std::env::current_exe().unwrap_or_default();
        let config_file = self.config_file.as_ref().map(|it| it.display().to_string());
        Identity {
            pid: std::process::id(),
            run_id: self.run_id.clone(),
            executable: executable.display().to_string(),
            config_file: config_file.unwrap_or_default(),
            os: process::os(),
            tcp_port: port.unwrap_or(0),
            listeners: listening.resp_in_info(),
            total_system_memory_bytes: process::system_memory_bytes(),
            supervised: if std::env::var_os("NOTIFY_SOCKET").is_some() { "systemd" } else { "no" },
            allocator: "libc".to_owned(),
            monotonic_clock: "clock_gettime".to_owned(),
        }
    }

    fn usage(&self) -> Usage {
        let micros = |it: std::time::Duration| it.as_micros() as u64;
        let (all, children) = (process::cpu(), process::cpu_of_children());
        let main_thread = process::cpu_of_main_thread();
        Usage {
            rss_bytes: process::rss_bytes(),
            rss_peak_bytes: process::rss_peak_bytes(),
            cpu_user_us: micros(all.user),
            cpu_sys_us: micros(all.system),
            cpu_user_children_us: micros(children.user),
            cpu_sys_children_us: micros(children.system),
            cpu_user_main_thread_us: micros(main_thread.user),
            cpu_sys_main_thread_us: micros(main_thread.system),
            n_threads: process::n_threads(),
            ..Usage::default()
        }
    }

    fn shutdown(&self, request: tandem_resp::Shutdown) -> Result<(), String> {
        if request.save == tandem_resp::Save::Always && !request.force {
            return Err("there is nowhere to save to yet".to_owned());
        }
        tracing::info!("a RESP client asked for the end");
        self.stop.ask();
        Ok(())
    }

    fn abort_shutdown(&self) -> bool {
        false
    }

    fn rewrite_config(&self, changed: &[(&str, String)]) -> Result<(), RewriteError> {
        let path = self.config_file.as_ref().ok_or(RewriteError::NoFile)?;
        rewrite::rewrite(path, changed).map_err(|e| RewriteError::Failed(e.to_string()))
    }

    fn apply(&self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "loglevel" => logging::set_level(config::of_redis(value)),
            "dir" => std::env::set_current_dir(value).map_err(|e| e.to_string()),
            _ => Err(format!("'{name}' needs a restart")),
        }
    }

    fn log(&self, level: LogLevel, text: &str) {
        match level {
            LogLevel::Debug => tracing::debug!(script = true, "{text}"),
            LogLevel::Verbose | LogLevel::Notice => tracing::info!(script = true, "{text}"),
            LogLevel::Warning => tracing::warn!(script = true, "{text}"),
        }
    }

    fn purge(&self) {
        tandem_engine::trim_heap();
    }

    fn allocator_report(&self) -> String {
        "Stats not supported for the current allocator".to_owned()
    }
}

impl tandem_memcached::Host for Process {
    fn pid(&self) -> u32 {
        std::process::id()
    }

    fn uptime_s(&self) -> u64 {
        Process::uptime_s(self)
    }

    fn cpu_times(&self) -> CpuTimes {
        let cpu = process::cpu();
        CpuTimes { user: cpu.user, system: cpu.system }
    }

    fn n_threads(&self) -> usize {
        self.n_workers
    }

    fn connections(&self) -> Connections {
        Connections {
            accepted: self.counts.accepted.load(Relaxed),
            rejected: self.counts.rejected.load(Relaxed),
            max: self.connections_max as u64,
            accepting: !self.stop.is_draining(),
            idle_kicks: self.counts.idle_kicks.load(Relaxed),
        }
    }

    fn listeners(&self) -> Vec<String> {
        let listening = self.listening.read();
        let shown = |address: &Address| match address {
            Address::Tcp(it) => format!("tcp:{it}"),
            Address::Unix(path) => format!("unix:{}", path.display()),
        };
        listening.memcached.iter().map(shown).collect()
    }

    fn store_was_too_large(&self, it: TooLarge<'_>) {
        if let Some(n_unsaid) = self.too_large.turn(clock::now_ms() / 1000) {
            let TooLarge { prefix, value_bytes, item_bytes_max } = it;
            tracing::warn!(
                prefix,
                value_bytes,
                item_bytes_max,
                n_unsaid,
                "a value was too large to be kept"
            );
        }
    }

    fn shutdown(&self, _how: tandem_memcached::Shutdown) {
        tracing::info!("a memcached client asked for the end");
        self.stop.ask();
    }
}

/// Seconds between two lines about the same thing.
const SELDOM_S: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_often_is_logged_seldom() {
        let it = Seldom::default();
        assert_eq!(it.turn(1000), Some(0));
        assert_eq!((it.turn(1000), it.turn(1000 + SELDOM_S - 1)), (None, None));
        assert_eq!(it.turn(1000 + SELDOM_S), Some(2));
        assert_eq!(it.turn(1001 + SELDOM_S), None);
    }
}
