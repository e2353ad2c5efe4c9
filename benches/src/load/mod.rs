//! The load generator: closed and open loop, both protocols.
//!
//! Threads run an epoll loop each (worker.rs) over connections (connection.rs) that send what a
//! source (source.rs) chooses, in the bytes of wire.rs and collections.rs, and check every reply
//! (reply.rs).

mod collections;
mod connection;
mod frame;
mod reply;
mod source;
mod together;
mod varied;
mod wire;
mod worker;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use hdrhistogram::Histogram;

pub(crate) use self::collections::{BIG, Collection, Does, SMALL, Shape};
pub(crate) use self::source::{Ask, Keys, Source, Spread, Work, Workload};
pub(crate) use self::wire::{FIXED_KEY, Many, Op, Protocol, Replies, Stored, Wire, key_name};
pub(crate) use self::worker::{Footing, Pace, new_histogram};
use self::worker::{Phase, Seen, Shared, Worker};
use crate::clock::{now_ns, pause_ms};

/// One run of load.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) wire: Wire,
    pub(crate) workload: Workload,
    pub(crate) n_threads: usize,
    pub(crate) n_connections: usize,
    pub(crate) pipeline: usize,
    pub(crate) pace: Pace,
    pub(crate) length: Length,
    pub(crate) misses: Misses,
    pub(crate) footing: Footing,
}

/// How long a run lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// Until the workload has nothing more to ask.
    Whole,
    For {
        warm_ms: u64,
        measure_ms: u64,
    },
    Requests(u64),
}

/// Whether a key that is not there ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misses {
    Wrong,
    Fine,
}

/// Something read at the start and the end of the measured time, beside the load's own figures.
pub(crate) trait Observer {
    fn begin(&mut self) {}
    fn end(&mut self) {}
    /// Some times a second.
    fn progress(&mut self, _n_replies: u64) {}
}

impl Observer for () {}

/// What a run saw in its measured time.
pub(crate) struct Report {
    pub(crate) n_replies: u64,
    pub(crate) n_misses: u64,
    pub(crate) elapsed_ns: u64,
    pub(crate) latency_ns: Histogram<u64>,
    /// Cores that the load threads kept busy.
    pub(crate) busy_cores: f64,
}

impl Report {
    pub(crate) fn per_second(&self) -> f64 {
        self.n_replies as f64 * 1e9 / self.elapsed_ns as f64
    }

    pub(crate) fn latency_us(&self, quantile: f64) -> f64 {
        self.latency_ns.value_at_quantile(quantile) as f64 / 1e3
    }
}

impl Load {
    /// Writes all of an ordered workload, as fast as it goes.
    pub(crate) fn fill(address: SocketAddr, wire: Wire, workload: Workload) -> Load {
        Load {
            address,
            wire,
            workload,
            n_threads: 1,
            n_connections: FILL_CONNECTIONS,
            pipeline: FILL_PIPELINE,
            pace: Pace::Closed,
            length: Length::Whole,
            misses: Misses::Wrong,
            footing: Footing::default(),
        }
    }

    pub(crate) fn run(&self, observer: &mut dyn Observer) -> Result<Report> {
        let shared = Shared::default();
        shared.n_running.store(self.n_threads as u64, Ordering::Relaxed);
        if !matches!(self.length, Length::For { .. }) {
            shared.set_phase(Phase::Measure);
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.n_threads)
                .map(|index| {
                    let worker = self.worker(index, &shared);
                    scope.spawn(move || worker.run())
                })
                .collect();
            let timed = self.conduct(&shared, observer);
            let seen: Result<Vec<Seen>> = threads
                .into_iter()
                .map(|it| it.join().expect("a load thread returns its errors"))
                .collect();
            self.report(seen?, timed?)
        })
    }

    fn worker<'a>(&'a self, index: usize, shared: &'a Shared) -> Worker<'a> {
        let n_threads = self.n_threads;
        let extra = usize::from(index < self.n_connections % n_threads);
        let workload = self.workload.clone();
        Worker {
            wire: &self.wire,
            shared,
            source: Source::new(workload, index as u32, n_threads as u32),
            address: self.address,
            n_connections: self.n_connections / n_threads + extra,
            pipeline: self.pipeline,
            footing: self.footing,
            interval_ns: match self.pace {
                Pace::Closed => None,
                Pace::Open { per_second } => Some(1e9 * n_threads as f64 / per_second),
            },
        }
    }

    /// Walks the threads through the phases; returns replies and nanoseconds of the measured
    /// one.
    fn conduct(&self, shared: &Shared, observer: &mut dyn Observer) -> Result<(u64, u64)> {
        let n_replies = || shared.n_replies.load(Ordering::Relaxed);
        let mut watch = Watch { seen: 0, since_ns: now_ns(), shared };
        if let Length::For { warm_ms, .. } = self.length {
            let end_ns = now_ns() + warm_ms * 1_000_000;
            watch.until(observer, |_| now_ns() >= end_ns)?;
            shared.set_phase(Phase::Measure);
        }
        observer.begin();
        let (start, start_ns) = (n_replies(), now_ns());
        match self.length {
            Length::Whole => watch.until(observer, |_| false)?,
            Length::Requests(n) => watch.until(observer, |seen| seen >= n)?,
            Length::For { measure_ms, .. } => {
                let end_ns = start_ns + measure_ms * 1_000_000;
                watch.until(observer, |_| now_ns() >= end_ns)?;
            }
        }
        let (end, end_ns) = (n_replies(), now_ns());
        observer.end();
        shared.set_phase(Phase::Drain);
        watch.until(observer, |_| false)?;
        Ok((end - start, end_ns - start_ns))
    }

    fn report(&self, seen: Vec<Seen>, (n_replies, elapsed_ns): (u64, u64)) -> Result<Report> {
        let latency_ns = new_histogram();
        let mut report = Report { n_replies, n_misses: 0, elapsed_ns, latency_ns, busy_cores: 0.0 };
        for it in seen {
            report.busy_cores += it.busy.share();
            report.latency_ns.add(&it.latency_ns)?;
            report.n_misses += it.n_misses;
        }
        if report.n_misses > 0 && self.misses == Misses::Wrong {
            bail!("{} reads found nothing, though their keys were written", report.n_misses);
        }
        Ok(report)
    }
}

/// Waits for the threads, and notices when a server has stopped answering.
struct Watch<'a> {
    seen: u64,
    since_ns: u64,
    shared: &'a Shared,
}

impl Watch<'_> {
    /// Until `is_over` says so (it is given the replies so far) or no thread runs any more.
    fn until(&mut self, observer: &mut dyn Observer, is_over: impl Fn(u64) -> bool) -> Result<()> {
        let mut n_turns = 0;
        loop {
            let n_replies = self.shared.n_replies.load(Ordering::Relaxed);
            let is_idle = self.shared.n_running.load(Ordering::Relaxed) == 0;
            if is_idle || self.shared.failed.load(Ordering::Relaxed) || is_over(n_replies) {
                return Ok(());
            }
            if n_replies > self.seen {
                (self.seen, self.since_ns) = (n_replies, now_ns());
            }
            if now_ns() - self.since_ns > SILENCE_MAX_NS {
                self.shared.set_phase(Phase::Abort);
                bail!("no reply for {} s", SILENCE_MAX_NS / 1_000_000_000);
            }
            if n_turns % TURNS_PER_PROGRESS == 0 {
                observer.progress(n_replies);
            }
            n_turns += 1;
            pause_ms(TURN_MS);
        }
    }
}

const FILL_CONNECTIONS: usize = 4;
const FILL_PIPELINE: usize = 128;
/// How exactly the phases are timed. Their figures are exact either way: they are divided by
/// the time that passed.
const TURN_MS: u64 = 2;
/// A progress bar that moves ten times a second costs nothing.
const TURNS_PER_PROGRESS: u64 = 50;
/// A server that says nothing for this long has failed.
const SILENCE_MAX_NS: u64 = 30_000_000_000;
