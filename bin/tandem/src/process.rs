//! What the operating system tells about this process. What it does not tell is zero or empty.

use std::fs;
use std::time::Duration;

use nix::sys::resource::{Resource, Usage, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;

/// CPU time of the process or a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cpu {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

pub(crate) fn cpu() -> Cpu {
    getrusage(UsageWho::RUSAGE_SELF).map(cpu_of).unwrap_or_default()
}

pub(crate) fn cpu_of_children() -> Cpu {
    getrusage(UsageWho::RUSAGE_CHILDREN).map(cpu_of).unwrap_or_default()
}

fn cpu_of(usage: Usage) -> Cpu {
    let micros = |it: nix::sys::time::TimeVal| Duration::from_micros(it.num_microseconds() as u64);
    Cpu { user: micros(usage.user_time()), system: micros(usage.system_time()) }
}

/// CPU time of the first thread, in the system's ticks of a hundredth of a second.
pub(crate) fn cpu_of_main_thread() -> Cpu {
    let pid = std::process::id();
    let stat = fs::read_to_string(format!("/proc/self/task/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold spaces: the fields are counted from behind it.
    let fields = stat.rsplit_once(')').map_or("", |it| it.1);
    let ticks = |index| {
        let ticks: Option<u64> =
            fields.split_whitespace().nth(index).and_then(|it| it.parse().ok());
        Duration::from_millis(ticks.unwrap_or(0) * 10)
    };
    Cpu { user: ticks(11), system: ticks(12) }
}

/// Memory that the process holds in RAM.
pub(crate) fn rss_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// The most it ever held.
pub(crate) fn rss_peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(name: &str) -> u64 {
    line_bytes(&fs::read_to_string("/proc/self/status").unwrap_or_default(), name)
}

pub(crate) fn system_memory_bytes() -> u64 {
    line_bytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal:")
}

/// A line such as `VmRSS:     1234 kB` as bytes.
fn line_bytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|it| it.strip_prefix(name)).unwrap_or_default();
    let kilobytes: Option<u64> = line.split_whitespace().next().and_then(|it| it.parse().ok());
    kilobytes.unwrap_or(0) << 10
}

pub(crate) fn n_threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Open files, which Linux tells as the size of the folder since 6.2; listing ten thousand of them
/// takes ten milliseconds. `None` where it does not.
pub(crate) fn n_open_files() -> Option<u64> {
    fs::metadata("/proc/self/fd").ok().map(|it| it.len()).filter(|it| *it > 0)
}

/// System, release and machine, as `uname -srm` has them.
pub(crate) fn os() -> String {
    let read = |name| fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let (system, release) = (read("ostype"), read("osrelease"));
    let system = if system.is_empty() { std::env::consts::OS } else { system.trim() };
    format!("{system} {} {}", release.trim(), std::env::consts::ARCH)
}

/// Raises the limit of open files so far that `n_files` can be open; returns the limit in force.
pub(crate) fn raise_open_files(n_files: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return n_files };
    if soft >= n_files {
        return soft;
    }
    if setrlimit(Resource::RLIMIT_NOFILE, n_files, hard.max(n_files)).is_ok() {
        return n_files;
    }
    let best = n_files.min(hard);
    match setrlimit(Resource::RLIMIT_NOFILE, best, hard) {
        Ok(()) => best,
        Err(_) => soft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_threads() {
        assert!(rss_bytes() > 1 << 20);
        assert!(rss_peak_bytes() >= rss_bytes() / 2);
        assert!(system_memory_bytes() > rss_bytes());
        assert!(n_threads() >= 1 && n_open_files().is_none_or(|it| it >= 3));
    }

    #[test]
    fn a_limit_that_is_high_enough_stays() {
        let now = raise_open_files(0);
        assert_eq!(raise_open_files(now), now);
    }
}
