//! Collections of millions of elements, which grow and go.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;

use super::{LargeOptions, Lasts, RESP_SMALL, Small, ask, connect, judge, load_core, print};
use crate::clock::pause_ms;
use crate::load::{Collection, Does, Op, Protocol, Shape, Stored, Wire};
use crate::servers::{Footing, Recipe, Server};

/// How a collection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Way {
    Del,
    /// By SET.
    Overwrite,
    /// By PEXPIRE, and nobody asks for it.
    Expire,
    Flushall,
    /// By a budget that is too small for it.
    Evict,
}

/// A client with a collection.
struct Doomed {
    stream: TcpStream,
    wire: Wire,
    shape: Shape,
}

/// What small requests saw of one collection.
struct Life {
    quiet: Histogram<u64>,
    growing: Histogram<u64>,
    going: Histogram<u64>,
}

impl LargeOptions {
    pub(super) fn collections(&self, recipe: &Recipe, n_elements: u32) -> Result<()> {
        let kinds = or(&self.kinds, &KINDS);
        let ways = or(&self.ways, &WAYS);
        for kind in kinds {
            let shape = Shape { kind, n_elements };
            let server = self.start(recipe, Footing::for_items(n_elements, ELEMENT_BYTES_ROOM))?;
            println!("{}, {} of {n_elements} elements", server.name, kind.name());
            for way in &ways {
                let lives: Result<Vec<Life>> = (0..self.rounds)
                    .map(|_| super::on_core(load_core(), || self.life(&server, shape, *way))?)
                    .collect();
                let lives = lives?;
                println!("  SETs beside one that goes by {way:?}:");
                let quiet_us = print("quiet", lives.iter().map(|it| &it.quiet));
                let going_us = print("as it goes", lives.iter().map(|it| &it.going));
                judge(quiet_us, going_us);
                // It takes much longer, so that more of the machine's own delays fall into it.
                print("as it grows", lives.iter().map(|it| &it.growing));
            }
        }
        Ok(())
    }

    /// Small requests alone, beside a collection that grows, and when it goes.
    fn life(&self, server: &Server, shape: Shape, way: Way) -> Result<Life> {
        let mut doomed = Doomed::new(server.address, shape)?;
        let quiet = self.quiet(server, SMALL)?;
        let (growing, ()) = self.beside(server, SMALL, Lasts::UntilDone, |_| doomed.grow())?;
        let (going, ()) = self.beside(server, SMALL, Lasts::Seconds, |_| doomed.go(way))?;
        doomed.is_gone(way)?;
        Ok(Life { quiet, growing, going })
    }
}

impl Doomed {
    fn new(address: SocketAddr, shape: Shape) -> Result<Doomed> {
        let wire = Wire::new(Protocol::Resp, Stored::default());
        Ok(Doomed { stream: connect(address)?, wire, shape })
    }

    /// In commands that are done in some dozen microseconds.
    fn grow(&mut self) -> Result<()> {
        let op = Op::Collection(self.shape, Does::Fill);
        let n_fills = self.shape.n_fills();
        let step = if self.shape.kind == Collection::Stream { ENTRIES_AT_ONCE } else { 1 };
        let (mut request, mut reply) = (Vec::new(), Vec::new());
        for first in (0..n_fills).step_by(step as usize) {
            request.clear();
            let fills = first..n_fills.min(first + step);
            fills.clone().for_each(|nth| self.wire.put(op, 0, nth, &mut request));
            self.stream.write_all(&request)?;
            reply.clear();
            let (mut n_left, mut from) = (fills.len(), 0);
            while n_left > 0 {
                let mut part = [0; 4096];
                let n_read = self.stream.read(&mut part)?;
                ensure!(n_read > 0, "the connection was closed");
                reply.extend_from_slice(&part[..n_read]);
                while let Some(right) = self.wire.check(op, 0, &reply[from..])? {
                    from += right.length;
                    n_left -= 1;
                }
            }
        }
        Ok(())
    }

    fn go(&mut self, way: Way) -> Result<()> {
        pause_ms(BEFORE_MS);
        let (words, reply) = match way {
            Way::Del => (format!("DEL {KEY}"), ":1"),
            Way::Overwrite => (format!("SET {KEY} x"), "+OK"),
            Way::Expire => (format!("PEXPIRE {KEY} 1"), ":1"),
            Way::Flushall => ("FLUSHALL".into(), "+OK"),
            Way::Evict => {
                let words = "CONFIG SET maxmemory-policy allkeys-lru maxmemory 16mb";
                (words.into(), "+OK")
            }
        };
        self.say(&words, reply)
    }

    /// Makes sure that it has gone.
    fn is_gone(&mut self, way: Way) -> Result<()> {
        if way == Way::Overwrite {
            return self.say(&format!("DEL {KEY}"), ":1");
        }
        self.say(&format!("EXISTS {KEY}"), ":0")?;
        self.say("CONFIG SET maxmemory 0", "+OK")
    }

    fn say(&mut self, words: &str, reply: &str) -> Result<()> {
        let (request, reply) = (format!("{words}\r\n"), format!("{reply}\r\n"));
        ask(&mut self.stream, request.as_bytes(), reply.as_bytes())
    }
}

fn or<T: Copy>(given: &[T], default: &[T]) -> Vec<T> {
    if given.is_empty() { default.to_vec() } else { given.to_vec() }
}

const KINDS: [Collection; 5] = [
    Collection::Hash,
    Collection::List,
    Collection::Set,
    Collection::SortedSet,
    Collection::Stream,
];
const WAYS: [Way; 5] = [Way::Del, Way::Overwrite, Way::Expire, Way::Flushall, Way::Evict];
/// The first of the collections that a load has.
const KEY: &str = "coll:00000000000";
/// Until the small requests have their connections.
const BEFORE_MS: u64 = 200;
/// XADDs that arrive together.
const ENTRIES_AT_ONCE: u32 = 50;
/// What a server takes for an element at most.
const ELEMENT_BYTES_ROOM: usize = 256;
/// A write, which finds nothing missing when all is gone, and which is what evicts.
const SMALL: Small = (RESP_SMALL.0, RESP_SMALL.1, RESP_SMALL.0, RESP_SMALL.1);
