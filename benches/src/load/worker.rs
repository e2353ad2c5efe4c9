//! One thread of the load generator: an epoll loop over its share of the connections.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use super::connection::{Completed, Connection, Flushed};
use super::source::Source;
use super::wire::Wire;
use crate::clock::{now_ns, pause_us};
use crate::process;

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection sends `pipeline` requests as soon as the ones before are answered.
    Closed,
    /// This many requests a second over all threads, answered or not; at most `pipeline` of a
    /// connection are under way, the others wait and their waiting counts.
    Open { per_second: f64 },
}

/// What the threads of a run share.
#[derive(Default)]
pub(super) struct Shared {
    phase: AtomicU8,
    /// Replies so far, published once per wake-up.
    pub(super) n_replies: AtomicU64,
    pub(super) n_running: AtomicU64,
    pub(super) failed: AtomicBool,
}

/// What the threads do with what they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Ask, do not record.
    Warm = 0,
    /// Ask and record.
    Measure = 1,
    /// Ask nothing more, wait for the replies.
    Drain = 2,
    /// Give up.
    Abort = 3,
}

impl Shared {
    pub(super) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Warm,
            1 => Phase::Measure,
            2 => Phase::Drain,
            _ => Phase::Abort,
        }
    }
}

pub(super) struct Worker<'a> {
    pub(super) wire: &'a Wire,
    pub(super) shared: &'a Shared,
    pub(super) source: Source,
    pub(super) address: SocketAddr,
    pub(super) n_connections: usize,
    pub(super) pipeline: usize,
    /// For an open loop: the time between two requests of this thread.
    pub(super) interval_ns: Option<f64>,
    pub(super) footing: Footing,
}

/// Where and how load threads run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Footing {
    pub(crate) core: Option<usize>,
    pub(crate) real_time: bool,
}

/// What one thread saw.
pub(super) struct Seen {
    pub(super) latency_ns: Histogram<u64>,
    pub(super) n_misses: u64,
    pub(super) busy: Busy,
}

/// How busy a thread was in the measured time, by its CPU time and the clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Busy {
    from: Option<Reading>,
    to: Option<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    cpu_ns: u64,
    at_ns: u64,
}

impl Busy {
    /// Notes the ends of the measured time when it sees them.
    fn observe(&mut self, phase: Phase) {
        let reading = || Reading { cpu_ns: process::thread_cpu_ns(), at_ns: now_ns() };
        if phase == Phase::Measure && self.from.is_none() {
            self.from = Some(reading());
        } else if phase > Phase::Measure && self.to.is_none() {
            self.to = Some(reading());
        }
    }

    /// Of one core; 0 when there was no measured time.
    pub(super) fn share(self) -> f64 {
        let (Some(from), Some(to)) = (self.from, self.to) else { return 0.0 };
        (to.cpu_ns - from.cpu_ns) as f64 / ((to.at_ns - from.at_ns) as f64).max(1.0)
    }
}

/// A worker that has started.
struct Running<'a> {
    worker: Worker<'a>,
    poll: Poll,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
    completed: Completed,
    seen: Seen,
    start_ns: u64,
    /// Requests of an open loop that have become due.
    n_due: u64,
    is_exhausted: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn run(self) -> Result<Seen> {
        let shared = self.shared;
        let seen = self.stand().and_then(|()| self.start()).and_then(Running::run);
        if seen.is_err() {
            shared.failed.store(true, Ordering::Relaxed);
            shared.set_phase(Phase::Abort);
        }
        shared.n_running.fetch_sub(1, Ordering::Relaxed);
        seen
    }

    fn stand(&self) -> Result<()> {
        if let Some(core) = self.footing.core {
            process::stay_on_core(core)?;
        }
        if self.footing.real_time {
            return process::run_before_others(process::Priority::Measured);
        }
        process::run_like_others()
    }

    fn start(self) -> Result<Running<'a>> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(self.n_connections);
        for index in 0..self.n_connections {
            let stream = std::net::TcpStream::connect(self.address)
                .with_context(|| format!("connection {index} to {}", self.address))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            connections.push(Connection::new(stream));
        }
        Ok(Running {
            worker: self,
            poll,
            connections,
            scratch: vec![0; SCRATCH_BYTES],
            completed: Completed::default(),
            seen: Seen { latency_ns: new_histogram(), n_misses: 0, busy: Busy::default() },
            start_ns: now_ns(),
            n_due: 0,
            is_exhausted: false,
        })
    }
}

impl Running<'_> {
    fn run(mut self) -> Result<Seen> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        if self.worker.interval_ns.is_none() {
            self.ask_everywhere()?;
        }
        loop {
            let phase = self.worker.shared.phase();
            self.seen.busy.observe(phase);
            if phase == Phase::Abort {
                // Whoever gave up has the reason.
                return Ok(self.seen);
            }
            let is_asking = phase < Phase::Drain && !self.is_exhausted;
            if !is_asking && self.connections.iter().all(|it| it.n_pending() == 0) {
                return Ok(self.seen);
            }
            let wait = if is_asking { self.ask_due()? } else { WAIT_MAX };
            match self.poll.poll(&mut events, Some(wait)) {
                Err(it) if it.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            if wait.is_zero() && events.is_empty() {
                pause_us(IDLE_US);
            }
            let mut n_replies = 0;
            for event in &events {
                n_replies += self.serve(event, phase)?;
            }
            self.worker.shared.n_replies.fetch_add(n_replies, Ordering::Relaxed);
        }
    }

    /// Handles one connection's event; returns the number of replies.
    fn serve(&mut self, event: &mio::event::Event, phase: Phase) -> Result<u64> {
        let index = event.token().0;
        if event.is_writable() {
            self.flush(index)?;
        }
        if !event.is_readable() {
            return Ok(0);
        }
        self.completed.clear();
        let connection = &mut self.connections[index];
        connection.receive(self.worker.wire, &mut self.scratch, &mut self.completed)?;
        let now = now_ns();
        if phase == Phase::Measure {
            self.record(now);
        }
        let is_asking = phase < Phase::Drain && !self.is_exhausted;
        let is_closed_loop = self.worker.interval_ns.is_none();
        if is_closed_loop && is_asking && self.connections[index].n_pending() == 0 {
            self.ask(index, now)?;
        }
        Ok(self.completed.n_replies)
    }

    fn record(&mut self, now: u64) {
        for (intended_ns, n) in &self.completed.groups {
            self.seen.latency_ns.saturating_record_n(now.saturating_sub(*intended_ns), *n);
        }
        self.seen.n_misses += self.completed.n_misses;
    }

    fn ask_everywhere(&mut self) -> Result<()> {
        (0..self.connections.len()).try_for_each(|index| self.ask(index, now_ns()))
    }

    /// Sends a whole pipeline of requests on one connection.
    fn ask(&mut self, index: usize, now: u64) -> Result<()> {
        for _ in 0..self.worker.pipeline {
            self.ask_one(index, now);
        }
        self.flush(index)
    }

    fn ask_one(&mut self, index: usize, intended_ns: u64) {
        match self.worker.source.next() {
            Some(ask) => self.connections[index].ask(self.worker.wire, &ask, intended_ns),
            None => self.is_exhausted = true,
        }
    }

    fn flush(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        let flushed = connection.flush()?;
        let interest = match flushed {
            Flushed::All => return Ok(()),
            // Edge-triggered: asking again makes the kernel look at the socket again.
            Flushed::Part => Interest::READABLE | Interest::WRITABLE,
        };
        let registry = self.poll.registry();
        Ok(registry.reregister(&mut connection.stream, Token(index), interest)?)
    }

    /// Sends what an open loop owes by now; returns how long to wait for events.
    fn ask_due(&mut self) -> Result<Duration> {
        let Some(interval_ns) = self.worker.interval_ns else { return Ok(WAIT_MAX) };
        let now = now_ns();
        let n_due = ((now - self.start_ns) as f64 / interval_ns) as u64;
        if n_due > self.n_due {
            self.n_due = n_due;
            for index in 0..self.connections.len() {
                self.catch_up(index, interval_ns)?;
            }
        }
        let next_ns = self.start_ns + ((self.n_due + 1) as f64 * interval_ns) as u64;
        // epoll rounds up to a millisecond: nearer times are waited for in short pauses.
        let wait_ns = next_ns.saturating_sub(now_ns()).saturating_sub(1_000_000);
        Ok(Duration::from_nanos(wait_ns).min(WAIT_MAX))
    }

    /// Request k of connection c is due at start + (k * connections + c) * interval.
    fn catch_up(&mut self, index: usize, interval_ns: f64) -> Result<()> {
        let n_connections = self.connections.len() as u64;
        let mut is_asked = false;
        loop {
            let connection = &self.connections[index];
            let ordinal = connection.n_asked * n_connections + index as u64;
            let is_full = connection.n_pending() >= self.worker.pipeline;
            if ordinal >= self.n_due || is_full || self.is_exhausted {
                break;
            }
            if self.n_due - ordinal > BACKLOG_MAX {
                bail!("the server is too slow for this rate: {BACKLOG_MAX} requests wait");
            }
            self.ask_one(index, self.start_ns + (ordinal as f64 * interval_ns) as u64);
            is_asked = true;
        }
        if is_asked { self.flush(index) } else { Ok(()) }
    }
}

/// From a tenth of a microsecond to two minutes, three digits: what HDR histograms are for.
pub(crate) fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(100, 120_000_000_000, 3).expect("the bounds are in order")
}

/// Replies of a whole pipeline of small values fit; more takes another read.
const SCRATCH_BYTES: usize = 256 << 10;
const EVENTS_MAX: usize = 1024;
/// How long a thread sleeps at most before it looks at the phase again.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// A pause of an open loop between two looks at its sockets. Without it a real-time thread would
/// never sleep, for which the kernel suspends it 50 ms in each second.
const IDLE_US: u64 = 10;
/// Requests that may wait for their turn in an open loop before the run is given up.
const BACKLOG_MAX: u64 = 10_000_000;
