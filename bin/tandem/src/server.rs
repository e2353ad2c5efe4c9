//! Puts the parts together, runs them, and takes them apart at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tandem_engine::{Keyspace, KeyspaceOptions};
use tandem_memcached::Server as MemcachedServer;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::accept::Door;
use crate::admin::{self, Admin};
use crate::config::Config;
use crate::front::{memcached::Memcached, resp::Resp};
use crate::host::{Listening, Process};
use crate::passwords::PasswordFile;
use crate::socket::{self, Address, Listener, Mailbox};
use crate::worker::{Job, Pool, Shop};
use crate::{banner, clock, process, shards, trim};

/// Listeners of all kinds, opened before anything runs, so that a port in use is an error at
/// start and not a line in the log.
struct Listeners {
    resp: Vec<Listener>,
    memcached: Vec<Listener>,
    datagrams: Vec<Mailbox>,
    admin: Vec<Listener>,
}

/// What an operator ends the process with.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn watch(runtime: &tokio::runtime::Runtime) -> Result<Signals, String> {
        let _context = runtime.enter();
        Ok(Signals {
            terminate: watch(SignalKind::terminate())?,
            interrupt: watch(SignalKind::interrupt())?,
        })
    }

    /// What an operator has files read again with.
    fn hangup(runtime: &tokio::runtime::Runtime) -> Result<Signal, String> {
        let _context = runtime.enter();
        watch(SignalKind::hangup())
    }
}

fn watch(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|e| format!("cannot watch for signals: {e}"))
}

/// Reads the passwords again at every hangup. A file that is wrong leaves those that hold.
async fn keep_up(file: PasswordFile, mut hangup: Signal, memcached: Arc<MemcachedServer>) {
    while hangup.recv().await.is_some() {
        match file.load() {
            Ok(passwords) => {
                memcached.set_passwords(passwords);
                tracing::info!("passwords are read again");
            }
            Err(why) => tracing::error!("{why}; the passwords from before hold"),
        }
    }
}

/// Serves until a signal or a client ends it.
pub(crate) fn run(mut config: Config) -> Result<(), String> {
    let dir = config.resp.text("dir");
    std::env::set_current_dir(&dir).map_err(|e| format!("cannot work in {dir}: {e}"))?;
    raise_limits(&config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| format!("cannot start: {e}"))?;
    // Before anybody can connect: from then on a signal drains instead of killing.
    let signals = Signals::watch(&runtime)?;
    let listeners = Listeners::open(&config)?;
    let listening = listeners.addresses();
    let process = Arc::new(Process::new(&config, listening.clone()));
    let banner = banner::text(&config, &listening);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let drain_s = config.resp.integer("shutdown-timeout") as u64;
    let pid_files = pid_files(&config);
    let passwords = config.passwords.take();
    tandem_engine::tune_heap();
    trim::start_freeing().map_err(|e| format!("cannot start a thread: {e}"))?;
    let (n_workers, shop) = (config.n_threads, shop(config, &process));
    if let Some((file, passwords)) = passwords {
        let memcached = Arc::clone(&shop.memcached.server);
        memcached.set_passwords(passwords);
        let hangup = Signals::hangup(&runtime)?;
        runtime.spawn(keep_up(file, hangup, memcached));
    }
    let pool = Pool::start(n_workers, &shop).map_err(|e| format!("cannot start a worker: {e}"))?;
    print!("{banner}");
    let mut paths: Vec<PathBuf> = listening.unix_paths().collect();
    for path in pid_files {
        write_pid(&path)?;
        paths.push(path);
    }
    runtime.block_on(control(signals, listeners, shop, Arc::new(pool), process, drain_s))?;
    for path in paths {
        // It may be gone, or another server's by now: either is fine.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// The control thread: listeners, admin port, signals, samples.
async fn control(
    signals: Signals,
    listeners: Listeners,
    shop: Shop,
    pool: Arc<Pool>,
    process: Arc<Process>,
    drain_s: u64,
) -> Result<(), String> {
    let Signals { mut terminate, mut interrupt } = signals;
    let admin = Arc::new(Admin::new(shop.clone(), Arc::clone(&process)));
    for listener in listeners.admin {
        let served = admin::serve(Arc::clone(&admin), listener).map_err(|e| e.to_string())?;
        tokio::spawn(served);
    }
    tokio::spawn(sample(Arc::clone(&admin)));
    tokio::spawn(async move { admin.count_items().await });
    let doors = open_doors(listeners.resp, listeners.memcached, &shop, &pool);
    listeners.datagrams.into_iter().for_each(|it| pool.assign(Job::Datagrams(it)));
    tracing::info!("ready");
    tokio::select! {
        _ = terminate.recv() => tracing::info!("terminated: finishing what was read"),
        _ = interrupt.recv() => tracing::info!("interrupted: finishing what was read"),
        () = process.stop.asked() => {}
    }
    process.stop.ask();
    doors.iter().for_each(tokio::task::JoinHandle::abort);
    pool.drain(clock::now_ms().saturating_add(drain_s.saturating_mul(1000)));
    let through = tokio::task::spawn_blocking(move || pool.join());
    tokio::select! {
        _ = through => tracing::info!("bye"),
        _ = terminate.recv() => tracing::warn!("told twice: ending at once"),
        _ = interrupt.recv() => tracing::warn!("told twice: ending at once"),
    }
    Ok(())
}

fn open_doors(
    resp: Vec<Listener>,
    memcached: Vec<Listener>,
    shop: &Shop,
    pool: &Arc<Pool>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let resp_door = Door {
        front: shop.resp.clone(),
        pool: Arc::clone(pool),
        n_taken: Arc::new(AtomicUsize::new(0)),
        job: Job::Resp,
    };
    let memcached_door = Door {
        front: shop.memcached.clone(),
        pool: Arc::clone(pool),
        n_taken: Arc::new(AtomicUsize::new(0)),
        job: Job::Memcached,
    };
    let resp = resp.into_iter().map(|it| tokio::spawn(resp_door.clone().keep(it)));
    let mut doors: Vec<_> = resp.collect();
    doors.extend(memcached.into_iter().map(|it| tokio::spawn(memcached_door.clone().keep(it))));
    doors
}

/// Keeps the rates of INFO and of the metrics up to date.
async fn sample(admin: Arc<Admin>) {
    let mut tick = tokio::time::interval(SAMPLE_PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        admin.sample(clock::now_ms());
    }
}

/// Makes the keyspaces and the front ends.
pub(crate) fn shop(config: Config, process: &Arc<Process>) -> Shop {
    let n_workers = config.n_threads;
    let keyspace = |options: KeyspaceOptions| {
        let n_shards = shards::count(n_workers, options.memory_max_bytes);
        Arc::new(Keyspace::new(KeyspaceOptions { n_shards, ..options }))
    };
    let resp = tandem_resp::Server::new(tandem_resp::ServerOptions {
        keyspace: keyspace(config.resp.keyspace_options()),
        host: Arc::clone(process) as Arc<dyn tandem_resp::Host>,
        settings: config.resp,
        n_workers,
        clock_ns: clock::monotonic_ns,
        started_at_ms: process.started_at_ms,
    });
    let memcached = tandem_memcached::Server::new(tandem_memcached::ServerParts {
        keyspace: keyspace(config.memcached.keyspace_options()),
        settings: config.memcached,
        host: Arc::clone(process) as Arc<dyn tandem_memcached::Host>,
        n_workers,
        clock_ns: clock::monotonic_ns,
    });
    Shop {
        resp: Resp { server: Arc::new(resp) },
        memcached: Memcached { server: Arc::new(memcached), counts: Arc::clone(&process.counts) },
    }
}

fn pid_files(config: &Config) -> Vec<PathBuf> {
    let of_redis = Some(config.resp.text("pidfile")).filter(|it| !it.is_empty());
    let of_memcached = config.memcached.pid_file.clone();
    of_redis.into_iter().chain(of_memcached).map(PathBuf::from).collect()
}

fn write_pid(path: &Path) -> Result<(), String> {
    let line = format!("{}\n", std::process::id());
    std::fs::write(path, line).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// Makes room for as many connections as the settings allow; says so where the system has less.
fn raise_limits(config: &Config) {
    let clients = config.resp.integer("maxclients") as u64;
    let n_files = clients + config.memcached.connections_max as u64 + FILES_RESERVED;
    let allowed = process::raise_open_files(n_files);
    if allowed < n_files {
        tracing::warn!(
            needed = n_files,
            allowed,
            "fewer connections than configured: the limit of open files is lower (ulimit -n)"
        );
    }
}

impl Process {
    pub(crate) fn new(config: &Config, listening: Listening) -> Process {
        Process {
            run_id: tandem_resp::random_id(),
            started_at_ms: clock::now_ms(),
            n_workers: config.n_threads,
            config_file: config.file.clone(),
            connections_max: config.memcached.connections_max,
            counts: Arc::default(),
            listening: parking_lot::RwLock::new(listening),
            stop: crate::host::Stop::default(),
            too_large: crate::host::Seldom::default(),
        }
    }
}

impl Listeners {
    fn open(config: &Config) -> Result<Listeners, String> {
        let settings = &config.resp;
        let backlog = settings.integer("tcp-backlog") as i32;
        let hosts: Vec<String> =
            settings.text("bind").split_whitespace().map(str::to_owned).collect();
        let mut resp = tcp(&hosts, settings.integer("port") as u16, backlog)?;
        let path = settings.text("unixsocket");
        if !path.is_empty() {
            let mode = settings.integer("unixsocketperm") as u32;
            resp.push(socket::listen_unix(Path::new(&path), mode, backlog)?);
        }
        let settings = &config.memcached;
        let backlog = settings.backlog as i32;
        let port = settings.port.unwrap_or(tandem_memcached::DEFAULT_PORT);
        let (memcached, datagrams) = match &settings.unix_socket {
            // As in memcached, -s takes the place of the ports.
            Some(path) => {
                let listener = socket::listen_unix(Path::new(path), settings.unix_mask, backlog)?;
                (vec![listener], Vec::new())
            }
            None => {
                (tcp(&settings.listen, port, backlog)?, udp(&settings.listen, settings.udp_port)?)
            }
        };
        let admin = tcp(&config.admin.bind, config.admin.port, ADMIN_BACKLOG)?;
        Ok(Listeners { resp, memcached, datagrams, admin })
    }

    fn addresses(&self) -> Listening {
        let addresses = |of: &[Listener]| of.iter().map(|it| it.address.clone()).collect();
        Listening {
            resp: addresses(&self.resp),
            memcached: addresses(&self.memcached),
            datagrams: self.datagrams.iter().map(|it| it.address).collect(),
            admin: addresses(&self.admin),
        }
    }
}

impl Listening {
    fn unix_paths(&self) -> impl Iterator<Item = PathBuf> {
        self.resp.iter().chain(&self.memcached).filter_map(|it| match it {
            Address::Unix(path) => Some(path.clone()),
            Address::Tcp(_) => None,
        })
    }
}

fn tcp(hosts: &[String], port: u16, backlog: i32) -> Result<Vec<Listener>, String> {
    if port == 0 { Ok(Vec::new()) } else { socket::listen_tcp(hosts, port, backlog) }
}

fn udp(hosts: &[String], port: u16) -> Result<Vec<Mailbox>, String> {
    if port == 0 { Ok(Vec::new()) } else { socket::take_datagrams(hosts, port) }
}

/// Files other than connections: listeners, epoll, the configuration.
const FILES_RESERVED: u64 = 64;

/// Scrapers are few.
const ADMIN_BACKLOG: i32 = 64;

/// The rates of INFO are made of samples a tenth of a second apart.
const SAMPLE_PERIOD: Duration = Duration::from_millis(100);
