//! Threads that work on one keyspace, each with its own requests.

use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::Result;
use tandem_engine::{Key, Keyspace, KeyspaceOptions, LockCounts, NewValue, SetOptions, Str};

use crate::clock::{epoch_ms, now_ns, pause_ms};
use crate::front::{Kind, Script, Size};
use crate::load::{Ask, Keys, Op, Source, Workload, key_name};
use crate::process::{n_cores, stay_on_core, thread_cpu_ns};

/// What the threads drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Through {
    /// The engine alone, in batches as the front ends make them.
    Engine,
    /// RESP sessions without sockets.
    Resp,
    /// memcached sessions without sockets.
    Memcached,
}

/// One thread's requests.
trait Member: Send {
    fn run_batch(&mut self);
}

impl Member for Script {
    fn run_batch(&mut self) {
        self.measured();
    }
}

/// Those who share a keyspace.
pub(super) struct Crew {
    members: Vec<Box<dyn Member>>,
    keyspace: Arc<Keyspace>,
    pipeline: usize,
}

/// What a round of work came to, over all its threads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    pub(super) n_requests: u64,
    pub(super) cpu_ns: u64,
    pub(super) locks: LockCounts,
}

impl Crew {
    pub(super) fn new(
        through: Through,
        size: Size,
        keys: &Keys,
        n_shards: usize,
        n_members: usize,
    ) -> Result<Crew> {
        let kind = match through {
            Through::Engine => return Ok(Crew::on_engine(size, keys, n_shards, n_members)),
            Through::Resp => Kind::RespMix,
            Through::Memcached => Kind::MemcachedMix,
        };
        let (scripts, keyspace) = Script::crew(kind, size, keys, n_shards, n_members)?;
        let members = scripts.into_iter().map(|it| -> Box<dyn Member> { Box::new(it) }).collect();
        Ok(Crew { members, keyspace, pipeline: size.pipeline })
    }

    fn on_engine(size: Size, keys: &Keys, n_shards: usize, n_members: usize) -> Crew {
        let options = KeyspaceOptions { n_shards, ..KeyspaceOptions::default() };
        let keyspace = Arc::new(Keyspace::new(options));
        let value = vec![b'v'; size.value_bytes];
        let now_ms = epoch_ms();
        for index in 0..size.keys {
            let name = key_name(index);
            let key = keyspace.key(0, &name);
            keyspace.view(key, now_ms).set(key, NewValue::Copied(&value), SetOptions::default());
        }
        let member = |thread| -> Box<dyn Member> {
            let mut source = Source::new(mix(keys.clone()), thread as u32, 1);
            Box::new(Direct {
                keyspace: Arc::clone(&keyspace),
                asks: std::iter::from_fn(|| source.next()).take(ASKS).collect(),
                next: 0,
                pipeline: size.pipeline,
                value: value.clone(),
                out: Vec::new(),
                now_ms,
            })
        };
        let members = (0..n_members).map(member).collect();
        Crew { members, keyspace, pipeline: size.pipeline }
    }

    /// The share of the operations that each shard gets.
    pub(super) fn shares(&self, keys: &Keys) -> Vec<f64> {
        let mut source = Source::new(mix(keys.clone()), 0, 1);
        let mut counts = vec![0_u64; self.keyspace.n_shards()];
        for ask in std::iter::from_fn(|| source.next()).take(SHARE_DRAWS) {
            counts[self.keyspace.shard_index(self.keyspace.hash(&key_name(ask.key)))] += 1;
        }
        counts.iter().map(|it| *it as f64 / SHARE_DRAWS as f64).collect()
    }
}

/// Lets the first `n_threads` of a crew work.
pub(super) fn together(crew: &mut Crew, n_threads: usize, ms: u64) -> Round {
    let pipeline = crew.pipeline;
    work(crew.members.iter_mut().take(n_threads), n_threads, pipeline, ms)
}

/// Lets one of each crew work at a time: as many threads, and nothing shared.
pub(super) fn apart(crews: &mut [Crew], ms: u64) -> Round {
    let (pipeline, n) = (crews[0].pipeline, crews.len());
    work(crews.iter_mut().map(|it| &mut it.members[0]), n, pipeline, ms)
}

fn work<'m>(
    members: impl Iterator<Item = &'m mut Box<dyn Member>>,
    n_members: usize,
    pipeline: usize,
    ms: u64,
) -> Round {
    let (start, stop) = (Barrier::new(n_members + 1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let threads: Vec<_> = members
            .enumerate()
            .map(|(i, member)| {
                let (start, stop) = (&start, &stop);
                scope.spawn(move || {
                    // Where it may not be chosen, the system chooses well enough.
                    let _ = stay_on_core(i % n_cores());
                    start.wait();
                    work_until(stop, member.as_mut(), pipeline)
                })
            })
            .collect();
        start.wait();
        pause_ms(ms);
        stop.store(true, Relaxed);
        let rounds = threads.into_iter().map(|it| it.join().expect("members do not panic"));
        rounds.fold(Round::default(), Round::and)
    })
}

fn work_until(stop: &AtomicBool, member: &mut dyn Member, pipeline: usize) -> Round {
    LockCounts::start(now_ns);
    let start_ns = thread_cpu_ns();
    let mut n_batches = 0;
    while !stop.load(Relaxed) {
        member.run_batch();
        n_batches += 1;
    }
    Round {
        n_requests: n_batches * pipeline as u64,
        cpu_ns: thread_cpu_ns() - start_ns,
        locks: LockCounts::of_this_thread(),
    }
}

impl Round {
    pub(super) fn and(self, other: Round) -> Round {
        let (a, b) = (self.locks, other.locks);
        Round {
            n_requests: self.n_requests + other.n_requests,
            cpu_ns: self.cpu_ns + other.cpu_ns,
            locks: LockCounts {
                n_locks: a.n_locks + b.n_locks,
                n_waits: a.n_waits + b.n_waits,
                n_waits_for_sleepers: a.n_waits_for_sleepers + b.n_waits_for_sleepers,
                waited_ns: a.waited_ns + b.waited_ns,
                waited_max_ns: a.waited_max_ns.max(b.waited_max_ns),
                n_looks: a.n_looks + b.n_looks,
                n_looks_refused: a.n_looks_refused + b.n_looks_refused,
                held_ns: a.held_ns + b.held_ns,
                n_held_timed: a.n_held_timed + b.n_held_timed,
            },
        }
    }

    /// CPU time per operation.
    pub(super) fn op_ns(&self) -> f64 {
        self.cpu_ns as f64 / self.n_requests as f64
    }

    /// Time under a shard's lock per operation, `clock_ns` being what reading the clock takes.
    pub(super) fn held_ns(&self, clock_ns: f64) -> f64 {
        let each = self.locks.held_ns as f64 / self.locks.n_held_timed as f64 - clock_ns;
        let n_holds = self.locks.n_locks + self.locks.n_looks - self.locks.n_looks_refused;
        each.max(0.0) * n_holds as f64 / self.n_requests as f64
    }

    /// Of a million locks, those that another thread held.
    pub(super) fn found_held(&self) -> f64 {
        let locks = &self.locks;
        let (n, n_held) = (locks.n_locks + locks.n_looks, locks.n_waits + locks.n_looks_refused);
        n_held as f64 / n as f64 * 1e6
    }

    /// Of a million locks, those whose holder was not running.
    pub(super) fn held_by_sleepers(&self) -> f64 {
        let locks = &self.locks;
        locks.n_waits_for_sleepers as f64 / (locks.n_locks + locks.n_looks) as f64 * 1e6
    }

    /// Time waited for locks of holders that ran, per operation.
    pub(super) fn waited_ns(&self) -> f64 {
        self.locks.waited_ns as f64 / self.n_requests as f64
    }
}

/// Requests to the engine itself, in batches that fetch ahead as those of the front ends do.
struct Direct {
    keyspace: Arc<Keyspace>,
    asks: Vec<Ask>,
    next: usize,
    pipeline: usize,
    value: Vec<u8>,
    out: Vec<u8>,
    now_ms: u64,
}

impl Member for Direct {
    fn run_batch(&mut self) {
        if self.next + self.pipeline > self.asks.len() {
            self.next = 0;
        }
        let asks = &self.asks[self.next..][..self.pipeline];
        self.next += self.pipeline;
        self.out.clear();
        let name = |ask: &Ask| key_name(ask.key);
        let mut hashed = Vec::with_capacity(self.pipeline);
        for ask in asks {
            let name = name(ask);
            let hash = self.keyspace.hash(&name);
            self.keyspace.prefetch_slot(0, hash);
            hashed.push((ask.op, name, hash));
        }
        for (_, _, hash) in &hashed {
            self.keyspace.prefetch_item(0, *hash);
        }
        for (op, name, hash) in &hashed {
            let key = Key { name, hash: *hash, db: 0 };
            let mut view = self.keyspace.view(key, self.now_ms);
            if *op == Op::Set {
                view.set(key, NewValue::Copied(&self.value), SetOptions::default());
            } else if let Ok(Some(value)) = view.get::<Str>(key) {
                self.out.extend_from_slice(value.as_slice());
            }
        }
    }
}

/// 10 GETs to 1 SET.
fn mix(keys: Keys) -> Workload {
    Workload::Mix { gets: 10, sets: 1, keys }
}

/// Requests of a thread on the engine, over and over: as many keys, so that they are not all in a
/// cache.
const ASKS: usize = 1 << 18;

/// Draws that tell how often each shard is asked.
const SHARE_DRAWS: usize = 4 << 20;
