//! What Linux says about a process: CPU time, memory; and where and how threads run.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// CPU time that a process has used, over all its threads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) total_ns: u64,
    /// Clock ticks in user mode and in the kernel. They are coarse: their proportion over a window
    /// is used, and their sum where threads have ended, whose exact times are gone.
    user_ticks: u64,
    system_ticks: u64,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Cpu> {
        let (user_ticks, system_ticks) = ticks(pid)?;
        Ok(Cpu { total_ns: total_ns(pid)?, user_ticks, system_ticks })
    }

    /// What was used since `before`: all of it, and the part in user mode.
    pub(crate) fn since(self, before: Cpu) -> (u64, u64) {
        let user = self.user_ticks.saturating_sub(before.user_ticks);
        let system = self.system_ticks.saturating_sub(before.system_ticks);
        // A part of a tick may have come before the window, in user mode and in the kernel.
        let at_least_ns = (user + system).saturating_sub(2) * tick_ns();
        let total_ns = self.total_ns.saturating_sub(before.total_ns).max(at_least_ns);
        let share = user as f64 / ((user + system) as f64).max(1.0);
        (total_ns, (total_ns as f64 * share) as u64)
    }
}

/// The scheduler's own count, exact to the nanosecond, of the threads that are there.
fn total_ns(pid: u32) -> Result<u64> {
    let mut total_ns = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = thread?.path().join("schedstat");
        // A thread may have ended since the folder was read.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let first = text.split(' ').next().and_then(|it| it.parse::<u64>().ok());
        total_ns += first.with_context(|| format!("{}: {text}", path.display()))?;
    }
    Ok(total_ns)
}

fn tick_ns() -> u64 {
    1_000_000_000 / rustix::param::clock_ticks_per_second()
}

fn ticks(pid: u32) -> Result<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold spaces: count from its end. There, utime is word 12.
    let (_, after) = text.rsplit_once(')').context("stat without a name")?;
    let mut words = after.split_whitespace().skip(11).map(str::parse::<u64>);
    let (Some(Ok(user)), Some(Ok(system))) = (words.next(), words.next()) else {
        bail!("stat without times: {text}");
    };
    Ok((user, system))
}

/// Resident memory in bytes, from the exact count where the kernel has one.
pub(crate) fn rss_bytes(pid: u32) -> Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
    let (text, name) = match rollup {
        Ok(it) => (it, "Rss:"),
        Err(_) => (fs::read_to_string(format!("/proc/{pid}/status"))?, "VmRSS:"),
    };
    let line = text.lines().find_map(|it| it.strip_prefix(name)).context("no resident memory")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}

/// Bytes that processes could still take.
pub(crate) fn available_bytes() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|it| it.strip_prefix("MemAvailable:"));
    let kib: u64 = line.context("no MemAvailable")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}

/// Runs `work` on one core. Threads and processes that it starts stay there.
pub(crate) fn on_core<T>(core: Option<usize>, work: impl FnOnce() -> T) -> Result<T> {
    let Some(core) = core else { return Ok(work()) };
    let before = sched_getaffinity(None)?;
    stay_on_core(core)?;
    let done = work();
    sched_setaffinity(None, &before)?;
    Ok(done)
}

pub(crate) fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Keeps the calling thread on one core.
pub(crate) fn stay_on_core(core: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).with_context(|| format!("core {core}"))
}

/// CPU time of the calling thread.
pub(crate) fn thread_cpu_ns() -> u64 {
    let it = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    it.tv_sec as u64 * 1_000_000_000 + it.tv_nsec as u64
}

/// Lets this process, and those it starts, open as many files as the system allows it.
pub(crate) fn open_files_at_most() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Real-time priorities, all above those of ordinary processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// The servers and the load threads.
    Measured = 10,
    /// The thread that ends the windows: it must have its turn though a load thread never sleeps.
    Conductor = 20,
}

/// Makes the calling thread, and those it starts, run before all ordinary ones.
pub(crate) fn run_before_others(priority: Priority) -> Result<()> {
    if !schedule("-f", priority as u8)? {
        bail!("chrt refused real-time priority: run without --real-time, or as root");
    }
    IS_REAL_TIME.store(true, Ordering::Relaxed);
    Ok(())
}

/// Takes away the real-time priority that the calling thread was born with, if it was.
pub(crate) fn run_like_others() -> Result<()> {
    if IS_REAL_TIME.load(Ordering::Relaxed) {
        schedule("-o", 0)?;
    }
    Ok(())
}

/// Whether some thread of this process has real-time priority, which those it starts inherit.
static IS_REAL_TIME: AtomicBool = AtomicBool::new(false);

/// Takes the priority away from the threads of a server that clean up behind it, and from those
/// that it starts: before others, they would have the core for as long as they like.
pub(crate) fn clean_up_like_others(pid: u32) -> Result<()> {
    let measured = (Priority::Measured as u8).to_string();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = thread?.path();
        let name = fs::read_to_string(path.join("comm"))?;
        let is_cleaner = CLEANERS.iter().any(|it| name.starts_with(it));
        let policy = if is_cleaner { ["-o", "-p", "0"] } else { ["-Rf", "-p", &measured] };
        let thread = path.file_name().context("a thread without a number")?;
        let mut command = std::process::Command::new("chrt");
        if !command.args(policy).arg(thread).status()?.success() {
            bail!("chrt refused to change the threads of {pid}");
        }
    }
    Ok(())
}

/// Threads that free memory, in Tandem and in its peers.
const CLEANERS: [&str; 3] = ["free", "trim", "bio_"];

/// Whether the calling thread was given this policy.
fn schedule(policy: &str, priority: u8) -> Result<bool> {
    let thread = rustix::thread::gettid().as_raw_nonzero().to_string();
    let mut command = std::process::Command::new("chrt");
    Ok(command.args([policy, "-p", &priority.to_string(), &thread]).status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses so much CPU time, however long that takes where others want it too.
    fn burn(ns: u64) {
        let (start_ns, mut random) = (thread_cpu_ns(), fastrand::Rng::with_seed(1));
        while thread_cpu_ns() < start_ns + ns {
            std::hint::black_box((0..10_000).fold(0, |sum: u64, _| sum ^ random.u64(..)));
        }
    }

    const BURNT_NS: u64 = 100_000_000;

    /// The clock and the accounts differ by some ticks.
    const FOUND_NS_MIN: u64 = 60_000_000;

    #[test]
    fn own_time_and_memory_are_found() {
        let pid = std::process::id();
        let before = Cpu::of(pid).unwrap();
        burn(BURNT_NS);
        let (total_ns, user_ns) = Cpu::of(pid).unwrap().since(before);
        assert!(
            FOUND_NS_MIN < total_ns && 0 < user_ns && user_ns <= total_ns,
            "{total_ns} {user_ns}"
        );
        assert!(rss_bytes(pid).unwrap() > 1 << 20);
        assert!(available_bytes().unwrap() > 1 << 20);
    }

    /// As other tests' threads did while the test above looked at the time of all.
    #[test]
    fn the_time_of_threads_that_have_ended_is_found() {
        let pid = std::process::id();
        let before = Cpu::of(pid).unwrap();
        std::thread::spawn(|| burn(BURNT_NS)).join().unwrap();
        let (total_ns, _) = Cpu::of(pid).unwrap().since(before);
        assert!(FOUND_NS_MIN < total_ns, "{total_ns}");
    }
}
