//! Starts and stops the servers that are measured.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tandem_tests::oracle::{Kind, Program};

use crate::clock::pause_ms;
use crate::load::{Protocol, Replies};
use crate::process::{self, Priority, on_core};

/// Where to find the servers, and how they are run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Places {
    /// Tandem's program [default: the release build beside this program]
    #[arg(long, env = "TANDEM_BIN", value_name = "FILE")]
    pub(crate) tandem: Option<PathBuf>,
    /// Folder with an unpacked system that holds valkey-server, redis-server and memcached
    /// [default: where `cargo xtask oracles up` keeps them, then the PATH]
    #[arg(long, value_name = "DIR")]
    pub(crate) oracle_root: Option<PathBuf>,
    /// Another server: NAME=PROTOCOL:COMMAND, where the command has {port} and may have
    /// {threads} and {megabytes}; PROTOCOL is resp or memcached
    #[arg(long, value_name = "PEER")]
    pub(crate) peer: Vec<String>,
    /// Only servers whose name contains one of these
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Run servers and load generator before all other processes (`SCHED_FIFO`; needs rights).
    /// Not where they share cores: one that spins would never let the others run
    #[arg(long)]
    pub(crate) real_time: bool,
}

/// A server that can be started.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    pub(crate) replies: Replies,
    /// Words with `{port}` and `{threads}` in them.
    words: Vec<String>,
}

/// How a server is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footing {
    pub(crate) n_threads: usize,
    /// The budget of servers that must have one.
    pub(crate) megabytes: u64,
    pub(crate) core: Option<usize>,
    pub(crate) real_time: bool,
}

impl Footing {
    /// One worker, anywhere, with room for this many items.
    pub(crate) fn for_items(n_items: u32, value_bytes: usize) -> Footing {
        let bytes = u64::from(n_items) * (value_bytes as u64 + ITEM_BYTES_MAX) * 3 / 2;
        let megabytes = (bytes >> 20) + MEGABYTES_MIN;
        Footing { n_threads: 1, megabytes, core: None, real_time: false }
    }
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    pub(crate) replies: Replies,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Places {
    /// Tandem first, then every peer that speaks `protocol` and is there.
    pub(crate) fn recipes(&self, protocol: Protocol) -> Result<Vec<Recipe>> {
        let mut all = vec![self.tandem(protocol)?];
        let kinds = match protocol {
            Protocol::Resp => &[Kind::Valkey, Kind::Redis][..],
            Protocol::Memcached => &[Kind::Memcached],
        };
        for kind in kinds {
            match self.oracle(*kind) {
                Ok(it) => all.push(it),
                Err(error) => eprintln!("without {kind}: {error}"),
            }
        }
        for text in &self.peer {
            let recipe = Recipe::given(text)?;
            if recipe.protocol == protocol {
                all.push(recipe);
            }
        }
        all.retain(|it| self.wants(&it.name));
        if all.is_empty() {
            bail!("no {} server is left to measure", protocol.name());
        }
        Ok(all)
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.contains(only.as_str()))
    }

    fn tandem(&self, protocol: Protocol) -> Result<Recipe> {
        let ports = match protocol {
            Protocol::Resp => "--resp-port {port} --memcached-port 0 --admin-port 0",
            Protocol::Memcached => "--resp-port 0 --memcached-port {port} --admin-port 0",
        };
        self.tandem_on(protocol, ports)
    }

    /// Tandem with these options about its ports; `{port}` is the one that serves `protocol`.
    pub(crate) fn tandem_on(&self, protocol: Protocol, ports: &str) -> Result<Recipe> {
        let program = self.tandem.clone().map_or_else(beside_this_program, Ok)?;
        let mut words = vec![program.to_string_lossy().into_owned()];
        words.extend(split(TANDEM_OPTIONS));
        words.extend(split(ports));
        words.extend(["--bind", "127.0.0.1"].map(String::from));
        Ok(Recipe { name: TANDEM.into(), protocol, replies: Replies::Stored, words })
    }

    fn oracle(&self, kind: Kind) -> Result<Recipe> {
        let program = match &self.oracle_root {
            Some(root) => Program::in_folder(kind, root)?,
            None => Program::locate(kind)?,
        };
        // The port is put in later, like those of all others.
        let placeholder = 1;
        let (protocol, options) = match kind {
            Kind::Valkey | Kind::Redis => (Protocol::Resp, REDIS_OPTIONS),
            Kind::Memcached => (Protocol::Memcached, MEMCACHED_OPTIONS),
        };
        let options = split(options);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut words = program.command_line(placeholder, &options);
        let port = words.iter_mut().find(|it| **it == placeholder.to_string());
        *port.context("a command line without a port")? = "{port}".into();
        let name = format!("{kind} {}", program.version);
        Ok(Recipe { name, protocol, replies: Replies::Stored, words })
    }
}

impl Recipe {
    /// This program as a server that stores nothing: what is left is the cost of the path.
    pub(crate) fn floor(protocol: Protocol, value_bytes: usize) -> Result<Recipe> {
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let name = match protocol {
            Protocol::Resp => "resp",
            Protocol::Memcached => "memcached",
        };
        let options =
            format!("floor --protocol {name} --port {{port}} --value-bytes {value_bytes}");
        let words = std::iter::once(program).chain(split(&options)).collect();
        Ok(Recipe { name: FLOOR.into(), protocol, replies: Replies::Fixed, words })
    }

    fn given(text: &str) -> Result<Recipe> {
        let parts = text.split_once('=').and_then(|(name, rest)| {
            let (protocol, command) = rest.split_once(':')?;
            Some((name, protocol, command))
        });
        let Some((name, protocol, command)) = parts else {
            bail!("--peer {text}: expected NAME=PROTOCOL:COMMAND");
        };
        let protocol = match protocol {
            "resp" => Protocol::Resp,
            "memcached" => Protocol::Memcached,
            other => bail!("--peer {text}: {other} is neither resp nor memcached"),
        };
        if !command.contains("{port}") {
            bail!("--peer {text}: the command must have {{port}} in it");
        }
        let (name, words) = (name.into(), split(command));
        Ok(Recipe { name, protocol, replies: Replies::Stored, words })
    }

    pub(crate) fn is_tandem(&self) -> bool {
        self.name == TANDEM
    }

    /// The same with more words on its command line.
    pub(crate) fn with(&self, words: &str) -> Recipe {
        let mut recipe = self.clone();
        recipe.words.extend(split(words));
        recipe
    }

    pub(crate) fn start(&self, footing: Footing) -> Result<Server> {
        let port = free_port()?;
        let words = self.command_line(port, footing);
        let folder = std::env::temp_dir().join("tandem-bench");
        let log = folder.join(format!("{port}.log"));
        std::fs::create_dir_all(&folder)?;
        let output = std::fs::File::create(&log)?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(&folder).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        // What is meant for this program would be taken for settings of the server.
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|it| it.to_string_lossy().starts_with("TANDEM_")) {
            command.env_remove(name);
        }
        let child = on_core(footing.core, || command.spawn())?
            .with_context(|| format!("starting {}", words.join(" ")))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let Recipe { protocol, replies, .. } = *self;
        let mut server = Server { name: self.name.clone(), protocol, replies, address, child };
        server.wait_until_it_listens(&log)?;
        Ok(server)
    }

    fn command_line(&self, port: u16, footing: Footing) -> Vec<String> {
        let (port, megabytes) = (port.to_string(), footing.megabytes.to_string());
        let threads = footing.n_threads.max(1).to_string();
        let put = |it: &String| {
            let it = it.replace("{port}", &port).replace("{threads}", &threads);
            it.replace("{megabytes}", &megabytes)
        };
        // However this program ends, the kernel ends the server with it.
        let mut words = ["setpriv", "--pdeathsig", "KILL"].map(String::from).to_vec();
        let measured = Priority::Measured as u8;
        let (policy, priority) = if footing.real_time { ("-f", measured) } else { ("-o", 0) };
        words.extend(["chrt".into(), policy.into(), priority.to_string()]);
        words.extend(self.words.iter().map(put));
        words
    }
}

impl Server {
    fn wait_until_it_listens(&mut self, log: &Path) -> Result<()> {
        for _ in 0..START_TRIES {
            if let Some(status) = self.child.try_wait()? {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                bail!("{} ended at once ({status}):\n{text}", self.name);
            }
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            pause_ms(START_PAUSE_MS);
        }
        bail!("{} does not listen on {}", self.name, self.address);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in its tracks, so that its housekeeping does not disturb another's turn.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    pub(crate) fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(self.pid() as i32).context("a process without a number")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What it holds in memory is of no use to anybody: no reason to ask it politely.
        let _ = self.child.kill();
        // Waiting cleans up in /proc, where a real-time thread can spin for somebody whom it does
        // not let run.
        let wait = || process::run_like_others().and_then(|()| Ok(self.child.wait()?));
        let _ = std::thread::scope(|scope| scope.spawn(wait).join());
    }
}

fn beside_this_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("tandem");
    if !program.exists() {
        bail!("no {}: build it (cargo build --release), or give --tandem", program.display());
    }
    Ok(program)
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// Their names in tables.
pub(crate) const TANDEM: &str = "tandem";
pub(crate) const FLOOR: &str = "floor";
const TANDEM_OPTIONS: &str = "--threads {threads} --resp-maxmemory 0 \
    --memcached-maxmemory {megabytes}mb --log-level warn";
const REDIS_OPTIONS: &str = "--io-threads {threads} --maxclients 20000";
const MEMCACHED_OPTIONS: &str = "-t {threads} -m {megabytes} -c 20000";
/// What an item takes beside its value, key included, in the server that wastes most.
const ITEM_BYTES_MAX: u64 = 120;
/// memcached's own default.
const MEGABYTES_MIN: u64 = 64;
/// Ten seconds.
const START_TRIES: u32 = 1000;
const START_PAUSE_MS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_on_the_command_line_has_three_parts_and_a_port() {
        let recipe = Recipe::given("pogo=memcached:/bin/pogo -p {port} -t {threads}").unwrap();
        assert_eq!((recipe.name.as_str(), recipe.protocol), ("pogo", Protocol::Memcached));
        assert_eq!(recipe.words, ["/bin/pogo", "-p", "{port}", "-t", "{threads}"]);
        for bad in ["pogo", "pogo=resp", "pogo=http:/bin/x {port}", "pogo=resp:/bin/x -p 1"] {
            assert!(Recipe::given(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_floor_is_this_program_with_the_size_of_the_values() {
        let floor = Recipe::floor(Protocol::Memcached, 512).unwrap();
        let options = ["--protocol", "memcached", "--port", "{port}", "--value-bytes", "512"];
        assert_eq!(floor.words[1], "floor");
        assert_eq!(floor.words[2..], options);
        assert_eq!((floor.name.as_str(), floor.replies), (FLOOR, Replies::Fixed));
    }
}
