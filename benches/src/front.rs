//! Front ends without sockets: what the loops and the criterion benches drive.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::BytesMut;
use tandem_engine::{Keyspace, KeyspaceOptions, Output};
use tandem_memcached as memcached;
use tandem_resp as resp;

use crate::clock::{epoch_ms, now_ns};
use crate::load::{Ask, Keys, MANY, Protocol, Source, Stored, Wire, Work, Workload};

/// One session over a keyspace of its own.
pub(crate) struct Front {
    session: Box<dyn Advance>,
    input: BytesMut,
    out: Output,
    now_ms: u64,
}

/// What a session has to say once it has run.
enum Step {
    /// Everything is answered.
    Done,
    /// The output is full: take it, and go on.
    Write,
    Ended,
}

trait Advance {
    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step;
}

impl Advance for resp::Session {
    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        match resp::Session::advance(self, input, out, now_ms) {
            resp::Step::ReadMore { .. } => Step::Done,
            resp::Step::Write => Step::Write,
            _ => Step::Ended,
        }
    }
}

impl Advance for memcached::Session {
    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        match memcached::Session::advance(self, input, out, now_ms) {
            memcached::Step::ReadMore { .. } => Step::Done,
            memcached::Step::Write => Step::Write,
            memcached::Step::Close => Step::Ended,
        }
    }
}

impl Front {
    fn new(protocol: Protocol) -> Front {
        let now_ms = epoch_ms();
        let session: Box<dyn Advance> = match protocol {
            Protocol::Resp => Box::new(resp_session(now_ms)),
            Protocol::Memcached => Box::new(memcached_session()),
        };
        Front { session, input: BytesMut::new(), out: Output::default(), now_ms }
    }

    /// Has requests answered; `take` is given the replies, in parts where they are many.
    fn exchange(&mut self, requests: &[u8], mut take: impl FnMut(&Output)) -> Result<()> {
        self.input.extend_from_slice(requests);
        loop {
            let step = self.session.advance(&mut self.input, &mut self.out, self.now_ms);
            take(&self.out);
            self.out.clear();
            match step {
                Step::Done => return Ok(()),
                Step::Write => {}
                Step::Ended => bail!("the session ended in the middle"),
            }
        }
    }
}

fn resp_session(now_ms: u64) -> resp::Session {
    let settings = resp::Settings::default();
    let server = Arc::new(resp::Server::new(resp::ServerOptions {
        keyspace: keyspace(settings.keyspace_options()),
        host: Arc::new(Nobody),
        settings,
        n_workers: 1,
        clock_ns: now_ns,
        started_at_ms: now_ms,
    }));
    let worker = server.workers[0].clone();
    resp::Session::new(server, worker, resp::ConnectionInfo::default(), now_ms)
}

fn memcached_session() -> memcached::Session {
    let letters = ["-m", "65536"].map(String::from);
    let settings = memcached::Settings::from_args(&letters).expect("a limit in megabytes");
    let server = Arc::new(memcached::Server::new(memcached::ServerParts {
        keyspace: keyspace(settings.keyspace_options()),
        settings,
        host: Arc::new(Nobody),
        n_workers: 1,
        clock_ns: now_ns,
    }));
    let worker = server.workers()[0].clone();
    memcached::Session::new(server, worker, memcached::ConnectionInfo::default())
}

/// A keyspace in which every run finds its keys at the same places.
fn keyspace(options: KeyspaceOptions) -> Arc<Keyspace> {
    Arc::new(Keyspace::new(KeyspaceOptions { seed: Some(HASH_SEED), ..options }))
}

/// A process that has nothing and does nothing.
struct Nobody;

impl resp::Host for Nobody {
    fn identity(&self) -> resp::Identity {
        resp::Identity::default()
    }

    fn usage(&self) -> resp::Usage {
        resp::Usage::default()
    }

    fn shutdown(&self, _request: resp::Shutdown) -> Result<(), String> {
        Err("there is no process".into())
    }

    fn abort_shutdown(&self) -> bool {
        false
    }

    fn rewrite_config(&self, _changed: &[(&str, String)]) -> Result<(), resp::RewriteError> {
        Err(resp::RewriteError::NoFile)
    }

    fn apply(&self, _name: &str, _value: &str) -> Result<(), String> {
        Ok(())
    }

    fn purge(&self) {}

    fn allocator_report(&self) -> String {
        String::new()
    }
}

impl memcached::Host for Nobody {
    fn pid(&self) -> u32 {
        0
    }

    fn uptime_s(&self) -> u64 {
        0
    }

    fn cpu_times(&self) -> memcached::CpuTimes {
        memcached::CpuTimes { user: Duration::ZERO, system: Duration::ZERO }
    }

    fn n_threads(&self) -> usize {
        1
    }

    fn connections(&self) -> memcached::Connections {
        memcached::Connections::default()
    }

    fn listeners(&self) -> Vec<String> {
        Vec::new()
    }

    fn shutdown(&self, _how: memcached::Shutdown) {}
}

/// What a loop asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    RespGet,
    RespSet,
    /// 10 GETs to 1 SET.
    RespMix,
    RespHincrby,
    RespHgetall,
    /// MSET of 10 keys.
    RespMset,
    MemcachedGet,
    MemcachedSet,
    /// 10 gets to 1 set.
    MemcachedMix,
    /// get of 10 keys.
    MemcachedMultiGet,
}

impl Kind {
    fn protocol(self) -> Protocol {
        match self {
            Kind::MemcachedGet
            | Kind::MemcachedSet
            | Kind::MemcachedMix
            | Kind::MemcachedMultiGet => Protocol::Memcached,
            _ => Protocol::Resp,
        }
    }

    fn work(self) -> Work {
        match self {
            Kind::RespHincrby => Work::CartIncrement,
            Kind::RespHgetall => Work::CartRead,
            _ => Work::Strings,
        }
    }

    fn workload(self, n_keys: u32) -> Workload {
        let keys = Keys::Uniform(n_keys);
        // The first of many leaves room for the others.
        let firsts = || Keys::Uniform(n_keys.saturating_sub(MANY - 1).max(1));
        let (gets, sets) = match self {
            Kind::RespGet | Kind::MemcachedGet => (1, 0),
            Kind::RespSet | Kind::MemcachedSet => (0, 1),
            Kind::RespMix | Kind::MemcachedMix => (10, 1),
            Kind::RespHincrby => return Workload::CartIncrement { keys },
            Kind::RespMset => return Workload::SetMany { keys: firsts() },
            Kind::MemcachedMultiGet => return Workload::GetMany { keys: firsts() },
            Kind::RespHgetall => return Workload::CartRead { keys },
        };
        Workload::Mix { gets, sets, keys }
    }
}

/// The size of a loop.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Size {
    /// Requests that arrive together
    #[arg(long, short, default_value_t = 16)]
    pub pipeline: usize,
    #[arg(long, default_value_t = 1_000_000)]
    pub keys: u32,
    #[arg(long, default_value_t = 64)]
    pub value_bytes: usize,
    /// Requests made beforehand, which are then repeated
    #[arg(long, default_value_t = MADE)]
    pub made: usize,
}

/// A filled front end and the requests that go to it over and over, made beforehand.
pub struct Script {
    front: Front,
    wire: Wire,
    batches: Vec<Batch>,
    next: usize,
}

#[derive(Default)]
struct Batch {
    requests: Vec<u8>,
    asks: Vec<Ask>,
}

impl Script {
    /// Fills a front end, and checks every reply of the script once.
    pub fn new(kind: Kind, size: Size) -> Result<Script> {
        let stored = Stored { value_bytes: size.value_bytes, ..Stored::default() };
        let wire = Wire::new(kind.protocol(), stored);
        let mut front = Front::new(kind.protocol());
        let n_requests = size.made.max(size.pipeline);
        let fill = Source::new(kind.work().preload(size.keys), 0, 1);
        let mut asks = std::iter::from_fn({
            let mut fill = fill;
            move || fill.next()
        });
        while let Some(batch) = Batch::of(&wire, asks.by_ref().take(FILL_PIPELINE)) {
            batch.check(&wire, &mut front)?;
        }
        let mut source = Source::new(kind.workload(size.keys), 0, 1);
        let mut asks = std::iter::from_fn(move || source.next());
        let batches: Vec<Batch> = (0..n_requests / size.pipeline)
            .filter_map(|_| Batch::of(&wire, asks.by_ref().take(size.pipeline)))
            .collect();
        for batch in &batches {
            batch.check(&wire, &mut front)?;
        }
        Ok(Script { front, wire, batches, next: 0 })
    }

    /// Has the next batch answered; returns the bytes of the replies. This is what profilers
    /// are pointed at.
    #[inline(never)]
    pub fn measured(&mut self) -> usize {
        let batch = &self.batches[self.next];
        self.next = if self.next + 1 < self.batches.len() { self.next + 1 } else { 0 };
        let mut n_bytes = 0;
        let done = self.front.exchange(&batch.requests, |out| n_bytes += out.len());
        done.expect("a script that was checked goes through");
        n_bytes
    }

    /// Checks the replies to one batch more.
    pub fn check(&mut self) -> Result<()> {
        self.batches[0].check(&self.wire, &mut self.front)
    }
}

impl Batch {
    /// `None` when there is nothing to ask.
    fn of(wire: &Wire, asks: impl Iterator<Item = Ask>) -> Option<Batch> {
        let mut batch = Batch::default();
        for ask in asks {
            wire.put(ask.op, ask.key, ask.field, &mut batch.requests);
            batch.asks.push(ask);
        }
        (!batch.asks.is_empty()).then_some(batch)
    }

    fn check(&self, wire: &Wire, front: &mut Front) -> Result<()> {
        let mut replies = Vec::new();
        let take = |out: &Output| out.slices().for_each(|it| replies.extend_from_slice(it));
        front.exchange(&self.requests, take)?;
        let mut rest = &replies[..];
        for ask in &self.asks {
            match wire.check(ask.op, ask.key, rest)? {
                Some(right) if right.is_hit() => rest = &rest[right.length..],
                other => bail!("{:?} of key {}: {other:?}", ask.op, ask.key),
            }
        }
        if !rest.is_empty() {
            bail!("{} bytes too many", rest.len());
        }
        Ok(())
    }
}

/// Enough that keys do not repeat within the processor's caches.
pub const MADE: usize = 1 << 18;
/// Any: what counts is that it is the same in every run.
const HASH_SEED: u64 = 1;
const FILL_PIPELINE: usize = 128;

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_loop_gets_right_replies() {
        for kind in Kind::value_variants() {
            let size = Size { pipeline: 20, keys: 100, value_bytes: 40, made: 1000 };
            let mut script = Script::new(*kind, size).unwrap();
            assert!(script.measured() > 0, "{kind:?}");
            script.check().unwrap();
        }
    }
}
