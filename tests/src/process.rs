//! Server processes that tests start: on free ports, awaited, and ended with the test.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to start, stop or reach a state that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a condition that nothing announces.
const GLANCE: Duration = Duration::from_millis(2);

/// A child that is killed, by its own id, when the test is done with it: or by its guard, when the
/// test itself is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guard: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in a log file.
    pub fn start(name: &str, command: &mut Command) -> Process {
        static N_STARTED: AtomicU32 = AtomicU32::new(0);
        let n = N_STARTED.fetch_add(1, Ordering::Relaxed);
        let log = scratch().join(format!("{name}-{n}.log"));
        let output = File::create(&log).expect("the scratch folder takes files");
        let errors = output.try_clone().expect("a second handle of the log");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("starting {name} ({command:?}): {error}"));
        let guard = guard(child.id());
        Process { child, guard, log }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How it ended, if it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours")
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_until("the process ends", || self.exit_status().is_some());
        self.exit_status().expect("it has ended")
    }

    /// Asks it to stop, as service managers do.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .expect("the process is there");
    }

    /// Resident memory in bytes.
    pub fn rss(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))
            .expect("resident memory is read from /proc");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a live process");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("kB");
        kib << 10
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard goes first: the id may soon be another process's.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4000);
            eprintln!("--- log of process {}:\n{}", self.id(), log.get(tail..).unwrap_or(&log));
        } else {
            let _ = fs::remove_file(&self.log);
        }
    }
}

/// Kills the process when this process ends in any way.
fn guard(process_id: u32) -> Child {
    at_the_end("kill -9 \"$1\"", &process_id.to_string())
}

/// A shell that does something with its argument when its own input ends, which it does when this
/// process ends in any way.
fn at_the_end(deed: &str, argument: &str) -> Child {
    Command::new("sh")
        .args(["-c", &format!("read -r _ || {deed}"), "sh", argument])
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is a shell")
}

/// A folder for this test run's files, gone with it.
pub fn scratch() -> PathBuf {
    static FOLDER: LazyLock<(PathBuf, Child)> = LazyLock::new(|| {
        let folder = std::env::temp_dir().join(format!("tandem-tests-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder takes folders");
        let guard = at_the_end("rm -r \"$1\"", &folder.to_string_lossy());
        (folder, guard)
    });
    FOLDER.0.clone()
}

/// A file for a server to read, gone with the test.
#[derive(Debug)]
pub struct ScratchFile {
    path: PathBuf,
}

impl ScratchFile {
    /// Writes `text` under this name.
    pub fn new(name: &str, text: &str) -> ScratchFile {
        let path = scratch().join(name);
        fs::write(&path, text).expect("the scratch folder takes files");
        ScratchFile { path }
    }

    /// Its path as an argument.
    pub fn name(&self) -> &str {
        self.path.to_str().expect("the name of a temporary file is text")
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A port of 127.0.0.1 on which nothing listens.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound address").port()
}

/// Waits until the port takes connections or the process has ended.
pub fn await_port(process: &mut Process, port: u16) -> Result<(), String> {
    await_in(process, &format!("port {port} is open"), |_| {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
}

/// Waits until the process has said something or has ended.
pub fn await_log(process: &mut Process, text: &str) -> Result<(), String> {
    await_in(process, &format!("its log has {text:?}"), |it| it.log().contains(text))
}

fn await_in(
    process: &mut Process,
    what: &str,
    mut condition: impl FnMut(&Process) -> bool,
) -> Result<(), String> {
    let mut ended = None;
    wait_until(what, || {
        ended = process.exit_status();
        ended.is_some() || condition(process)
    });
    match ended {
        Some(status) => Err(format!("it ended with {status}:\n{}", process.log())),
        None => Ok(()),
    }
}

/// Waits for a condition that nothing announces; panics when it does not come.
#[expect(clippy::disallowed_methods, reason = "other processes' states can only be polled")]
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        std::thread::sleep(GLANCE);
    }
}

/// The time since `start` was called.
#[expect(clippy::disallowed_methods, reason = "tests of real servers run in real time")]
pub fn stopwatch() -> impl Fn() -> Duration {
    let start = Instant::now();
    move || start.elapsed()
}

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}
