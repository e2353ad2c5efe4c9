//! The training load: what an instrumented server is shown, so that its profile says which code is
//! hot. It is the same in every run.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use tandem_tests::oracle::{free_port, wait_until};

use crate::process::{output_of, signal};

/// Starts the instrumented server, shows it everything, and ends it so that it writes its profile
/// into `folder`.
pub(crate) fn run(server: &Path, load: &Path, folder: &Path) -> Result<()> {
    let mut server = Server::start(server, folder)?;
    let n_loads = Protocol::BOTH.len() * LOADS.len() + ONLY_RESP.len();
    let mut n_done = 0;
    for protocol in Protocol::BOTH {
        let own: &[&str] = if protocol == Protocol::Resp { &ONLY_RESP } else { &[] };
        for options in LOADS.iter().chain(own) {
            n_done += 1;
            println!("{n_done:>3} of {n_loads}: {} {options}", protocol.name());
            let mut command = Command::new(load);
            command.arg("load").arg(format!("127.0.0.1:{}", server.port(protocol)));
            command.args(["--protocol", protocol.name(), "--keys", KEYS]);
            output_of(command.args(options.split(' ')))?;
        }
    }
    server.end()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Resp,
    Memcached,
}

impl Protocol {
    const BOTH: [Protocol; 2] = [Protocol::Resp, Protocol::Memcached];

    fn name(self) -> &'static str {
        match self {
            Protocol::Resp => "resp",
            Protocol::Memcached => "memcached",
        }
    }
}

/// A running server, killed when this is dropped.
struct Server {
    child: Child,
    log: PathBuf,
    resp_port: u16,
    memcached_port: u16,
}

impl Server {
    fn start(program: &Path, folder: &Path) -> Result<Server> {
        let (resp_port, memcached_port) = (free_port()?, free_port()?);
        let log = folder.join("log");
        let output = fs::File::create(&log)?;
        let mut command = Command::new(program);
        command.args(OPTIONS).args(["--resp-port", &resp_port.to_string()]);
        command.args(["--memcached-port", &memcached_port.to_string()]);
        // Settings meant for another server, or for where profiles go, are not for this one.
        let names = std::env::vars_os().map(|(name, _)| name);
        let is_foreign = |it: &str| it.starts_with("TANDEM_") || it == "LLVM_PROFILE_FILE";
        for name in names.filter(|it| is_foreign(&it.to_string_lossy())) {
            command.env_remove(name);
        }
        command.current_dir(folder).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        let child =
            command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Server { child, log, resp_port, memcached_port };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    fn port(&self, protocol: Protocol) -> u16 {
        match protocol {
            Protocol::Resp => self.resp_port,
            Protocol::Memcached => self.memcached_port,
        }
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let ports = Protocol::BOTH.map(|it| self.port(it));
        let listens = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
        let mut has_ended = false;
        let child = &mut self.child;
        let is_decided = wait_until(TRIES, || {
            has_ended = !matches!(child.try_wait(), Ok(None));
            has_ended || ports.iter().all(listens)
        });
        if has_ended || !is_decided {
            bail!("the instrumented server does not start:\n{}", self.log());
        }
        Ok(())
    }

    /// As an operator ends it: a profile is written at an orderly exit and not otherwise.
    fn end(&mut self) -> Result<()> {
        signal(self.child.id(), "-TERM");
        let child = &mut self.child;
        if !wait_until(TRIES, || !matches!(child.try_wait(), Ok(None))) {
            bail!("the instrumented server does not end:\n{}", self.log());
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the instrumented server ended with {status}:\n{}", self.log());
        }
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What profiles are called before they are merged.
pub(crate) const RAW: &str = "profraw";

/// One worker: counters of an instrumented program are not atomic, so that two would lose counts.
const OPTIONS: [&str; 10] = [
    "--threads",
    "1",
    "--bind",
    "127.0.0.1",
    "--admin-port",
    "0",
    "--memcached-maxmemory",
    "1gb",
    "--log-level",
    "warn",
];

/// More than the processor's caches hold, which is how servers are used.
const KEYS: &str = "200000";

/// For each protocol. Pipeline 1 is where a request pays for the system calls alone and where
/// batches are of one; 16 and 100 are where commands overlap. Mostly reads, once mostly writes,
/// keys that are not there (first, while there are none), few connections and many;
/// `varied` has all kinds of commands in turn, some of which let their keys expire soon.
const LOADS: [&str; 14] = [
    "--no-preload --misses-are-fine --connections 50 --pipeline 16 --requests 100000 --sets 0",
    "--value-bytes 64 --connections 50 --pipeline 1 --requests 300000",
    "--value-bytes 64 --connections 50 --pipeline 16 --requests 600000",
    "--value-bytes 64 --connections 50 --pipeline 100 --requests 600000",
    "--value-bytes 64 --connections 50 --pipeline 16 --requests 300000 --spread zipf --sets 11",
    "--value-bytes 64 --connections 4 --pipeline 1 --requests 100000",
    "--value-bytes 64 --connections 4 --pipeline 100 --requests 300000",
    "--value-bytes 512 --connections 50 --pipeline 1 --requests 100000",
    "--value-bytes 512 --connections 50 --pipeline 16 --requests 300000",
    "--value-bytes 4096 --connections 4 --pipeline 1 --requests 50000",
    "--value-bytes 4096 --connections 50 --pipeline 16 --requests 100000",
    "--work varied --connections 4 --pipeline 1 --requests 100000",
    "--work varied --connections 50 --pipeline 16 --requests 600000",
    "--work varied --connections 50 --pipeline 100 --requests 300000",
];

const ONLY_RESP: [&str; 4] = [
    "--work cart-increment --connections 50 --pipeline 1 --requests 100000",
    "--work cart-increment --connections 50 --pipeline 16 --requests 300000",
    "--work cart-read --connections 50 --pipeline 1 --requests 50000",
    "--work cart-read --connections 50 --pipeline 16 --requests 100000",
];

/// A minute, in steps of ten milliseconds.
const TRIES: u32 = 6000;
