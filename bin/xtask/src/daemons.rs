//! `cargo xtask oracles`: the servers to compare with, running until they are told to end.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tandem_tests::oracle::{self, Kind, Program};

use crate::oracles;
use crate::process::signal;

/// What to do with them.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Action {
    /// Start those that do not run, and print their ports
    Up,
    /// End them
    Down,
    /// Print which run, and their ports
    Status,
}

/// A server that was started, as its line in the state file says.
struct Running {
    kind: Kind,
    port: u16,
    pid: u32,
}

pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Up => up(),
        Action::Down => down(),
        Action::Status => status(),
    }
}

fn up() -> Result<()> {
    println!("{}", oracles::install()?);
    let mut running = running();
    for kind in Kind::ALL {
        if !running.iter().any(|it| it.kind == kind) {
            running.push(start(kind)?);
            write_state(&running)?;
        }
    }
    status()
}

fn start(kind: Kind) -> Result<Running> {
    let port = oracle::free_port()?;
    let folder = state_file().with_file_name(format!("running-{kind}"));
    fs::create_dir_all(&folder)?;
    let log = fs::File::create(folder.join("log"))?;
    let line = Program::locate(kind)?.command_line(port, &[]);
    let child = Command::new(&line[0])
        .args(&line[1..])
        .current_dir(&folder)
        // A group of its own: the terminal's interrupt is not meant for it.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let started = Running { kind, port, pid: child.id() };
    if !oracle::wait_for(kind, port) {
        end(&started)?;
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        bail!("{kind} did not answer on port {port}:\n{log}");
    }
    Ok(started)
}

fn down() -> Result<()> {
    for it in running() {
        end(&it)?;
        println!("{} ended", it.kind);
    }
    for kind in Kind::ALL {
        let _ = fs::remove_dir_all(state_file().with_file_name(format!("running-{kind}")));
    }
    let _ = fs::remove_file(state_file());
    Ok(())
}

fn end(it: &Running) -> Result<()> {
    for name in ["-TERM", "-KILL"] {
        signal(it.pid, name);
        if oracle::wait_until(END_TRIES, || !is_alive(it)) {
            return Ok(());
        }
    }
    bail!("{} (process {}) does not end", it.kind, it.pid)
}

fn status() -> Result<()> {
    let running = running();
    for kind in Kind::ALL {
        let line = running.iter().find(|it| it.kind == kind);
        let state = line.map(|it| format!("127.0.0.1:{} (process {})", it.port, it.pid));
        println!("{:<14} {}", kind.program(), state.as_deref().unwrap_or("not running"));
    }
    Ok(())
}

/// Those of the state file that still run.
fn running() -> Vec<Running> {
    let text = fs::read_to_string(state_file()).unwrap_or_default();
    text.lines().filter_map(parse).filter(is_alive).collect()
}

fn parse(line: &str) -> Option<Running> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let kind = *Kind::ALL.iter().find(|kind| kind.program() == name)?;
    Some(Running { kind, port: words.next()?.parse().ok()?, pid: words.next()?.parse().ok()? })
}

fn write_state(running: &[Running]) -> Result<()> {
    let lines: Vec<String> =
        running.iter().map(|it| format!("{} {} {}\n", it.kind, it.port, it.pid)).collect();
    let file = state_file();
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    fs::write(&file, lines.concat()).with_context(|| format!("cannot write {}", file.display()))
}

fn state_file() -> PathBuf {
    oracle::cache_folder().join("oracles.running")
}

/// Whether that process is there and is still that server: numbers are used again.
fn is_alive(it: &Running) -> bool {
    let mut ps = Command::new("ps");
    let ps = ps.args(["-o", "stat=,args=", "-p", &it.pid.to_string()]).output();
    let proc = fs::read_to_string(format!("/proc/{}/cmdline", it.pid));
    let line = proc.or_else(|_| ps.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()));
    line.is_ok_and(|line| line.contains(it.kind.program()))
}

/// Five seconds.
const END_TRIES: u32 = 500;
