//! Which part of a server's CPU time is spent in user mode, by sampling.
//!
//! A kernel that counts by ticks knows the parts of a window of a second to a tenth at best. The
//! timer of `perf_event_open` looks at the threads much more often than the tick does.

use std::fs;

use anyhow::{Context, Result};
use perf_event::events::Software;
use perf_event::{Builder, Sampler};

/// Samples the threads of a process, while it is told to.
pub(crate) struct Sampling(Vec<Sampler>);

impl Sampling {
    /// Makes ready to sample the threads that the process has now. Fails where the system forbids
    /// it to look at the kernel's part (`kernel.perf_event_paranoid`).
    pub(crate) fn of(pid: u32) -> Result<Sampling> {
        let mut threads = Vec::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?;
            let name = thread.file_name();
            let id: i32 = name.to_string_lossy().parse().context("a thread without a number")?;
            let counter = Builder::new(Software::CPU_CLOCK)
                .observe_pid(id)
                .sample_period(PERIOD_NS)
                .include_kernel()
                .build();
            let counter = match counter {
                Ok(it) => it,
                // It has ended since the folder was read.
                Err(_) if !thread.path().exists() => continue,
                Err(error) => return Err(error).context("perf_event_open"),
            };
            threads.push(counter.sampled(RING_BYTES).context("the memory for samples")?);
        }
        Ok(Sampling(threads))
    }

    pub(crate) fn started(mut self) -> Result<Sampling> {
        self.0.iter_mut().try_for_each(|it| it.as_counter_mut().enable())?;
        Ok(self)
    }

    pub(crate) fn stopped(mut self) -> Result<Sampling> {
        self.0.iter_mut().try_for_each(|it| it.as_counter_mut().disable())?;
        Ok(self)
    }

    /// The part in user mode of the time that was sampled, `None` without samples.
    pub(crate) fn user_share(mut self) -> Option<f64> {
        let (mut n_user, mut n_all) = (0u64, 0u64);
        for thread in &mut self.0 {
            while let Some(record) = thread.next_record() {
                if record.ty() != RECORD_SAMPLE {
                    continue;
                }
                n_all += 1;
                n_user += u64::from(record.misc() & MODE_MASK == MODE_USER);
            }
        }
        (n_all > 0).then(|| n_user as f64 / n_all as f64)
    }
}

/// How the user part is measured here, in a sentence.
pub(crate) fn method() -> String {
    match Sampling::of(std::process::id()) {
        Ok(_) => format!(
            "The user part is its share among samples of the server's\nthreads, one every {} us \
             of CPU time (perf_event_open), in a window of its own beside each of the others, \
             because\nsampling costs time.",
            PERIOD_NS / 1000
        ),
        Err(error) => format!(
            "The user part is by the kernel's clock ticks, coarse:\na tenth off in a window of a \
             second ({error:#})."
        ),
    }
}

/// Sixteen times as often as a tick of 250 Hz, and out of step with it. At a share of a fifth,
/// a second of it has a standard error of 3 %.
const PERIOD_NS: u64 = 241_000;
/// Eight seconds of samples, eight bytes each; what comes after them does not count.
const RING_BYTES: usize = 256 << 10;
/// From `linux/perf_event.h`.
const RECORD_SAMPLE: u32 = 9;
const MODE_MASK: u16 = 7;
const MODE_USER: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_only_computes_is_in_user_mode() {
        let sampling = match Sampling::of(std::process::id()) {
            Ok(it) => it,
            Err(error) => return println!("left out, ticks are used where this fails: {error:#}"),
        };
        let sampling = sampling.started().unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        let sum = (0..50_000_000u64).fold(0u64, |sum, _| sum.wrapping_add(random.u64(..)));
        let share = sampling.stopped().unwrap().user_share();
        assert!(share.is_some_and(|it| it > 0.5), "{sum} {share:?}");
    }
}
