//! The servers whose answers are right by definition: valkey-server, redis-server and memcached.
//!
//! `cargo xtask test` unpacks them into a folder of the cache and they run from there with the C
//! library they came with, whatever the machine's own is. Where there is no such folder, servers
//! on the PATH serve.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fmt, fs};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Valkey,
    Redis,
    Memcached,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Valkey, Kind::Redis, Kind::Memcached];

    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Kind::Valkey => "valkey-server",
            Kind::Redis => "redis-server",
            Kind::Memcached => "memcached",
        }
    }

    /// The oldest version whose answers we compare with.
    pub fn version_min(self) -> Version {
        match self {
            Kind::Valkey => Version(8, 1, 0),
            Kind::Redis => Version(8, 0, 0),
            Kind::Memcached => Version(1, 6, 38),
        }
    }

    /// What makes it listen on `port` of the loopback interface alone and keep nothing.
    fn arguments(self, port: u16) -> Vec<String> {
        let line = match self {
            Kind::Valkey | Kind::Redis => {
                format!("--port {port} --bind 127.0.0.1 --daemonize no --appendonly no --save")
            }
            Kind::Memcached => format!("-p {port} -U 0 -l 127.0.0.1"),
        };
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match self {
            Kind::Valkey | Kind::Redis => words.push(String::new()),
            // memcached refuses to run as root unless it is told whom to become.
            Kind::Memcached => words.extend(["-u", "root"].map(str::to_owned)),
        }
        words
    }

    /// Whether what listens on `port` answers as this server does.
    fn answers(self, port: u16) -> bool {
        let (request, answer): (&[u8], &[u8]) = match self {
            Kind::Valkey | Kind::Redis => (b"PING\r\n", b"+PONG"),
            // A frame and a line: a word comes back whatever it speaks and of whomever it knows.
            Kind::Memcached => (MEMCACHED_QUESTION, b""),
        };
        let mut start = vec![0; answer.len().max(1)];
        let asked = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(POLL * 20))?;
            stream.write_all(request)?;
            stream.read_exact(&mut start)
        });
        asked.is_ok() && start.starts_with(answer)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

/// A version number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The first `a.b.c` in what a program says of itself.
    pub fn find(text: &str) -> Option<Version> {
        text.split(|it: char| !(it.is_ascii_digit() || it == '.')).find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            let mut next = || numbers.next()?.ok();
            Some(Version(next()?, next()?, next()?))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A program that can be started, and how.
#[derive(Clone, Debug)]
pub struct Program {
    pub kind: Kind,
    /// The program, behind its own loader where it has one.
    pub words: Vec<String>,
    pub version: Version,
}

impl Program {
    /// Finds `kind` in the cache's folder or on the PATH. The error says what was looked for.
    pub fn locate(kind: Kind) -> io::Result<Program> {
        let folder = oracles_folder();
        Program::in_folder(kind, &folder).or_else(|missing| {
            Program::new(kind, vec![kind.program().to_owned()]).map_err(|error| {
                let reason = format!("{missing}; nor on the PATH: {error}");
                io::Error::new(io::ErrorKind::NotFound, reason)
            })
        })
    }

    /// The program below an unpacked root, run by that root's own loader and libraries.
    pub fn in_folder(kind: Kind, root: &Path) -> io::Result<Program> {
        let program = root.join("usr/bin").join(kind.program());
        if !program.exists() {
            return Err(io::Error::other(format!("no {kind} in {}", root.display())));
        }
        let Some((libraries, loader)) = loader(root) else {
            return Err(io::Error::other(format!("no loader in {}", root.display())));
        };
        let path = |it: &Path| it.to_string_lossy().into_owned();
        let words =
            vec![path(&loader), "--library-path".to_owned(), path(&libraries), path(&program)];
        Program::new(kind, words)
    }

    fn new(kind: Kind, words: Vec<String>) -> io::Result<Program> {
        let output = Command::new(&words[0]).args(&words[1..]).arg("--version").output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = Version::find(&text)
            .ok_or_else(|| io::Error::other(format!("{kind} --version says {text:?}")))?;
        if version < kind.version_min() {
            let needed = kind.version_min();
            return Err(io::Error::other(format!("{kind} is {version}, needed {needed}")));
        }
        Ok(Program { kind, words, version })
    }

    /// The whole command line that serves `port`.
    pub fn command_line(&self, port: u16, args: &[&str]) -> Vec<String> {
        let mut line = self.words.clone();
        line.extend(self.kind.arguments(port));
        line.extend(args.iter().map(|&it| it.to_owned()));
        line
    }
}

/// A running server, ended when this is dropped and when the process that holds this ends.
#[derive(Debug)]
pub struct Oracle {
    pub port: u16,
    pub version: Version,
    /// The server's own process.
    pub pid: u32,
    keeper: Child,
    folder: PathBuf,
}

impl Oracle {
    /// Starts a server of this kind on a free port, with further arguments of its own, and waits
    /// until it answers.
    pub fn start(kind: Kind, args: &[&str]) -> io::Result<Oracle> {
        Oracle::start_with(kind, args, &[])
    }

    /// The same with variables of its environment.
    pub fn start_with(
        kind: Kind,
        args: &[&str],
        variables: &[(&str, &Path)],
    ) -> io::Result<Oracle> {
        let program = Program::locate(kind)?;
        let mut failure = io::Error::other("not tried");
        for _ in 0..ATTEMPTS {
            match Oracle::try_start(&program, args, variables) {
                Ok(oracle) => return Ok(oracle),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Sends bytes and reads until the server has been silent for a moment: for short talks.
    pub fn ask(&self, request: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.write_all(request)?;
        let mut reply = Vec::new();
        let mut chunk = [0; 16 << 10];
        while let Ok(n_read @ 1..) = stream.read(&mut chunk) {
            reply.extend_from_slice(&chunk[..n_read]);
        }
        String::from_utf8(reply).map_err(io::Error::other)
    }

    fn try_start(
        program: &Program,
        args: &[&str],
        variables: &[(&str, &Path)],
    ) -> io::Result<Oracle> {
        let port = free_port()?;
        let folder = env::temp_dir().join(format!("tandem-oracle-{port}"));
        fs::create_dir_all(&folder)?;
        let log = fs::File::create(folder.join("log"))?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args(program.command_line(port, args))
            .envs(variables.iter().copied())
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = keeper.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let pid = line.trim().parse().map_err(io::Error::other)?;
        let oracle = Oracle { port, version: program.version, pid, keeper, folder };
        if wait_until(START_TRIES, || program.kind.answers(port)) {
            return Ok(oracle);
        }
        let log = fs::read_to_string(oracle.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("{} did not answer on {port}:\n{log}", program.kind)))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // Its keeper reads the end of its input, ends the server and then itself.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where what the tests need is kept between runs: `TANDEM_CACHE`, or `tandem` in the user's cache.
pub fn cache_folder() -> PathBuf {
    let from = |name| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    from("TANDEM_CACHE")
        .or_else(|| Some(from("XDG_CACHE_HOME")?.join("tandem")))
        .or_else(|| Some(from("HOME")?.join(".cache/tandem")))
        .unwrap_or_else(|| env::temp_dir().join("tandem-cache"))
}

/// The unpacked servers: `TANDEM_ORACLES`, or a folder of the cache.
pub fn oracles_folder() -> PathBuf {
    env::var_os("TANDEM_ORACLES").map_or_else(|| cache_folder().join("oracles"), PathBuf::from)
}

/// A port of 127.0.0.1 that nobody used a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether the server on `port` answers within a few seconds.
pub fn wait_for(kind: Kind, port: u16) -> bool {
    wait_until(START_TRIES, || kind.answers(port))
}

/// Asks `done` every few milliseconds, `tries` times at most.
#[expect(clippy::disallowed_methods, reason = "another process gives no other sign")]
pub fn wait_until(tries: u32, mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..tries {
        if done() {
            return true;
        }
        std::thread::sleep(POLL);
    }
    false
}

/// The folder of libraries and the loader in it, of whatever architecture the root is.
fn loader(root: &Path) -> Option<(PathBuf, PathBuf)> {
    let folders = fs::read_dir(root.join("usr/lib")).ok()?.filter_map(Result::ok);
    folders.map(|it| it.path()).find_map(|folder| {
        let files = fs::read_dir(&folder).ok()?.filter_map(Result::ok);
        let is_loader = |it: &PathBuf| {
            it.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        };
        let loader = files.map(|it| it.path()).find(is_loader)?;
        Some((folder, loader))
    })
}

/// Starts its arguments, tells their process id and ends them once its input ends: which it does
/// when the owner closes it, and just as well when the owner is killed.
const KEEPER: &str = r#""$@" >&2 & echo $!; exec >&-; cat > /dev/null; kill -9 $!; wait $!"#;

/// A no-op of the binary protocol, which is also a line that the text protocol refuses.
const MEMCACHED_QUESTION: &[u8] = b"\x80\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n";

/// A free port can be taken by another before the server has it.
const ATTEMPTS: u32 = 5;

const POLL: Duration = Duration::from_millis(10);

/// What a server on the same machine needs to answer, with a wide margin.
const SILENCE: Duration = Duration::from_millis(500);

/// Ten seconds: a busy machine takes its time to start a process.
const START_TRIES: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_any_sentence() {
        let found = Version::find("Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0");
        assert_eq!(found, Some(Version(8, 1, 1)));
        assert_eq!(Version::find("memcached 1.6.38\n"), Some(Version(1, 6, 38)));
        assert_eq!(Version::find("no number"), None);
        assert!(Version(1, 6, 9) < Version(1, 6, 38));
    }

    #[test]
    fn each_oracle_answers_and_leaves_nothing_behind() {
        for kind in Kind::ALL {
            let oracle = Oracle::start(kind, &[]).unwrap();
            let (port, folder) = (oracle.port, oracle.folder.clone());
            assert!(kind.answers(port), "{kind}");
            drop(oracle);
            assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "{kind}");
            assert!(!folder.exists(), "{kind}");
        }
    }
}
