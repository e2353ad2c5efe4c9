//! Front ends without sockets: what the loops and the criterion benches drive.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::BytesMut;
use tandem_engine::{Keyspace, KeyspaceOptions, Output};
use tandem_memcached as memcached;
use tandem_resp as resp;

use crate::clock::{epoch_ms, now_ns};
use crate::load::{Ask, Keys, Many, Op, Protocol, Source, Stored, Wire, Work, Workload};

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

trait Advance: Send {
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
            memcached::Step::Write | memcached::Step::Yield => Step::Write,
            memcached::Step::Close => Step::Ended,
        }
    }
}

/// Makes the sessions of one server.
enum Maker {
    Resp(Arc<resp::Server>),
    Memcached(Arc<memcached::Server>),
}

impl Maker {
    /// A server with so many workers. `n_shards` stands for what it would choose itself.
    fn new(protocol: Protocol, n_workers: usize, n_shards: Option<usize>) -> Maker {
        match protocol {
            Protocol::Resp => Maker::Resp(resp_server(n_workers, n_shards)),
            Protocol::Memcached => Maker::Memcached(memcached_server(n_workers, n_shards)),
        }
    }

    #[cfg(feature = "counted-locks")]
    fn keyspace(&self) -> &Arc<Keyspace> {
        match self {
            Maker::Resp(server) => &server.keyspace,
            Maker::Memcached(server) => &server.keyspace,
        }
    }

    fn front(&self, worker: usize) -> Front {
        let now_ms = epoch_ms();
        let session: Box<dyn Advance> = match self {
            Maker::Resp(server) => {
                let (server, worker) = (server.clone(), server.workers[worker].clone());
                let peer = resp::ConnectionInfo::default();
                Box::new(resp::Session::new(server, worker, peer, now_ms))
            }
            Maker::Memcached(server) => {
                let (server, worker) = (server.clone(), server.workers()[worker].clone());
                let peer = memcached::ConnectionInfo::default();
                Box::new(memcached::Session::new(server, worker, peer))
            }
        };
        Front { session, input: BytesMut::new(), out: Output::default(), now_ms }
    }
}

impl Front {
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

fn resp_server(n_workers: usize, n_shards: Option<usize>) -> Arc<resp::Server> {
    let settings = resp::Settings::default();
    Arc::new(resp::Server::new(resp::ServerOptions {
        keyspace: keyspace(settings.keyspace_options(), n_shards),
        host: Arc::new(Nobody),
        settings,
        n_workers,
        clock_ns: now_ns,
        started_at_ms: epoch_ms(),
    }))
}

fn memcached_server(n_workers: usize, n_shards: Option<usize>) -> Arc<memcached::Server> {
    let letters = ["-m", "65536"].map(String::from);
    let settings = memcached::Settings::from_args(&letters).expect("a limit in megabytes");
    Arc::new(memcached::Server::new(memcached::ServerParts {
        keyspace: keyspace(settings.keyspace_options(), n_shards),
        settings,
        host: Arc::new(Nobody),
        n_workers,
        clock_ns: now_ns,
    }))
}

/// A keyspace in which every run finds its keys at the same places.
fn keyspace(options: KeyspaceOptions, n_shards: Option<usize>) -> Arc<Keyspace> {
    let n_shards = n_shards.unwrap_or(options.n_shards);
    Arc::new(Keyspace::new(KeyspaceOptions { n_shards, seed: Some(HASH_SEED), ..options }))
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

    fn log(&self, _level: resp::LogLevel, _text: &str) {}

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
    /// EVAL of a rate limiter.
    RespEval,
    /// MULTI of 10 SETs.
    RespMulti,
    MemcachedGet,
    MemcachedSet,
    /// 10 gets to 1 set.
    MemcachedMix,
    /// get of 10 keys.
    MemcachedMultiGet,
    MemcachedMg,
    MemcachedMs,
    /// get in the binary protocol.
    MemcachedBinaryGet,
    /// 10 quiet gets and a no-op in the binary protocol.
    MemcachedGetq,
}

impl Kind {
    fn protocol(self) -> Protocol {
        match self {
            Kind::MemcachedGet
            | Kind::MemcachedSet
            | Kind::MemcachedMix
            | Kind::MemcachedMultiGet
            | Kind::MemcachedMg
            | Kind::MemcachedMs
            | Kind::MemcachedBinaryGet
            | Kind::MemcachedGetq => Protocol::Memcached,
            _ => Protocol::Resp,
        }
    }

    fn work(self) -> Work {
        match self {
            Kind::RespHincrby => Work::CartIncrement,
            Kind::RespHgetall => Work::CartRead,
            Kind::RespEval => Work::RateLimiter,
            Kind::RespMulti => Work::Transaction,
            Kind::MemcachedMg | Kind::MemcachedMs => Work::Meta,
            Kind::MemcachedBinaryGet => Work::BinaryGet,
            Kind::MemcachedGetq => Work::BinaryMultiGet,
            _ => Work::Strings,
        }
    }

    fn workload(self, keys: Keys) -> Workload {
        let (op, keys) = match self {
            Kind::RespGet | Kind::MemcachedGet | Kind::MemcachedMg => (Op::Get, keys),
            Kind::RespSet | Kind::MemcachedSet | Kind::MemcachedMs => (Op::Set, keys),
            Kind::RespMix | Kind::MemcachedMix => return Workload::Mix { gets: 10, sets: 1, keys },
            Kind::RespHincrby => return Workload::CartIncrement { keys },
            Kind::RespHgetall => (Op::CartRead, keys),
            Kind::RespMset => (Op::SetMany, keys.firsts(Many::PAGE)),
            Kind::RespEval => (Op::RateLimit, keys),
            Kind::RespMulti => (Op::Transaction, keys.firsts(Many::PAGE)),
            Kind::MemcachedMultiGet => (Op::GetMany(Many::PAGE), keys.firsts(Many::PAGE)),
            Kind::MemcachedBinaryGet => (Op::FrameGet, keys),
            Kind::MemcachedGetq => (Op::FrameGets, keys.firsts(Many::PAGE)),
        };
        Workload::Each { op, keys }
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
        let maker = Maker::new(kind.protocol(), 1, None);
        let wire = wire(kind, size);
        let mut front = maker.front(0);
        fill(kind, size, &wire, &mut front)?;
        Script::of(kind, size, Keys::Uniform(size.keys), front, 0)
    }

    /// Scripts of several sessions of one server, each for a thread of its own.
    #[cfg(feature = "counted-locks")]
    pub(crate) fn crew(
        kind: Kind,
        size: Size,
        keys: &Keys,
        n_shards: usize,
        n_members: usize,
    ) -> Result<(Vec<Script>, Arc<Keyspace>)> {
        let maker = Maker::new(kind.protocol(), n_members, Some(n_shards));
        fill(kind, size, &wire(kind, size), &mut maker.front(0))?;
        let script = |it| Script::of(kind, size, keys.clone(), maker.front(it), it as u32);
        Ok(((0..n_members).map(script).collect::<Result<_>>()?, Arc::clone(maker.keyspace())))
    }

    /// The requests that `thread` sends over and over, each checked once.
    fn of(kind: Kind, size: Size, keys: Keys, front: Front, thread: u32) -> Result<Script> {
        let (wire, mut front) = (wire(kind, size), front);
        let n_requests = size.made.max(size.pipeline);
        let mut source = Source::new(kind.workload(keys), thread, 1);
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

fn wire(kind: Kind, size: Size) -> Wire {
    let stored = Stored { value_bytes: size.value_bytes, ..Stored::default() };
    kind.work().wire(kind.protocol(), stored)
}

/// Writes every key that requests of this kind ask for.
fn fill(kind: Kind, size: Size, wire: &Wire, front: &mut Front) -> Result<()> {
    let mut source = Source::new(kind.work().preload(size.keys), 0, 1);
    let mut asks = std::iter::from_fn(move || source.next());
    while let Some(batch) = Batch::of(wire, asks.by_ref().take(FILL_PIPELINE)) {
        batch.check(wire, front)?;
    }
    Ok(())
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

    /// What requests take from the heap once their session has served a few.
    fn n_allocations(kind: Kind, pipeline: usize) -> u64 {
        let size = Size { pipeline, keys: 1000, value_bytes: 64, made: 1 << 14 };
        let mut script = Script::new(kind, size).unwrap();
        let taken = allocation_counter::measure(|| {
            for _ in 0..N_BATCHES {
                script.measured();
            }
        });
        taken.count_total
    }

    const N_BATCHES: u64 = 1000;

    #[test]
    fn requests_on_small_values_allocate_nothing() {
        let [get, set, mix] = [Kind::RespGet, Kind::RespSet, Kind::RespMix];
        let binary = [Kind::MemcachedBinaryGet, Kind::MemcachedGetq];
        let meta = [Kind::MemcachedMg, Kind::MemcachedMs];
        let text = [Kind::MemcachedGet, Kind::MemcachedSet, Kind::MemcachedMix];
        let resp = [get, set, mix].into_iter();
        for kind in resp.chain(text).chain(meta).chain(binary) {
            for pipeline in [1, 16] {
                assert_eq!(n_allocations(kind, pipeline), 0, "{kind:?} at pipeline {pipeline}");
            }
        }
    }

    /// A shard edits hashes in a buffer that grows with the biggest of them.
    #[test]
    fn edits_of_small_hashes_seldom_allocate() {
        for pipeline in [1, 16] {
            let n = n_allocations(Kind::RespHincrby, pipeline);
            assert!(n < N_BATCHES * pipeline as u64 / 20, "{n} at pipeline {pipeline}");
        }
    }

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
