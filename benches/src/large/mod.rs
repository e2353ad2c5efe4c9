//! `tandem-bench large`: how long small requests wait while values of megabytes come and go, or
//! while collections of millions of elements grow and go.

mod big;
mod doomed;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

use self::big::Big;
use self::doomed::Way;
use crate::clock::{now_ns, pause_ms, pause_us};
use crate::load::{Collection, Protocol, new_histogram};
use crate::process::{self, Priority, n_cores, on_core};
use crate::servers::{Footing, Places, Recipe, Server};
use crate::spanned::Spanned;

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct LargeOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, default_value_t = 10 << 20)]
    value_bytes: usize,
    /// Collections of so many elements grow and go beside small SETs, instead of values beside GETs
    #[arg(long)]
    elements: Option<u32>,
    /// What the collections are [default: each type]
    #[arg(long = "type", value_enum, value_delimiter = ',')]
    kinds: Vec<Collection>,
    /// How they go [default: each way]
    #[arg(long = "by", value_enum, value_delimiter = ',')]
    ways: Vec<Way>,
    /// Small requests a second, in an open loop
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// Length of each round, quiet and meanwhile
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The median of their longest waits counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = PROTOCOLS)]
    protocol: Vec<Protocol>,
}

/// One quiet time and one with the big value.
struct Round {
    quiet: Histogram<u64>,
    busy: Histogram<u64>,
    /// How often the big value went in and out.
    n_times: u64,
}

/// How long small requests are sent beside something.
#[derive(Clone, Copy)]
enum Lasts {
    Seconds,
    UntilDone,
}

impl LargeOptions {
    pub(crate) fn run(self) -> Result<()> {
        let has_it = |it: &&Protocol| self.elements.is_none() || **it == Protocol::Resp;
        for protocol in self.protocol.iter().filter(has_it) {
            for recipe in self.places.recipes(*protocol)? {
                let measured = match self.elements {
                    Some(n_elements) => self.collections(&recipe, n_elements),
                    None => self.values(&recipe),
                };
                measured.with_context(|| recipe.name.clone())?;
            }
        }
        Ok(())
    }

    fn values(&self, recipe: &Recipe) -> Result<()> {
        let recipe = match (recipe.is_tandem(), recipe.protocol) {
            (true, Protocol::Memcached) => recipe.with(TANDEM_LETTERS),
            (false, Protocol::Memcached) => recipe.with(MEMCACHED_LETTERS),
            (_, Protocol::Resp) => recipe.clone(),
        };
        let server = self.start(&recipe, Footing::for_items(ITEMS_ROOM, self.value_bytes))?;
        let rounds: Result<Vec<Round>> =
            (0..self.rounds).map(|_| on_core(load_core(), || self.round(&server))?).collect();
        let rounds = rounds?;
        let n_times: u64 = rounds.iter().map(|it| it.n_times).sum();
        let (name, protocol) = (&server.name, server.protocol.name());
        println!("{name} ({protocol}), {} B in and out {n_times} times", self.value_bytes);
        let quiet_us = print("GETs quiet", rounds.iter().map(|it| &it.quiet));
        let busy_us = print("GETs meanwhile", rounds.iter().map(|it| &it.busy));
        if recipe.is_tandem() {
            judge(quiet_us, busy_us);
        }
        Ok(())
    }

    fn start(&self, recipe: &Recipe, room: Footing) -> Result<Server> {
        let real_time = self.places.real_time;
        let server = recipe.start(Footing { core: Some(0), real_time, ..room })?;
        if real_time {
            process::clean_up_like_others(server.pid())?;
        }
        Ok(server)
    }

    /// Small GETs alone, then beside the big value.
    fn round(&self, server: &Server) -> Result<Round> {
        let small = match server.protocol {
            Protocol::Resp => RESP_SMALL,
            Protocol::Memcached => MEMCACHED_SMALL,
        };
        let quiet = self.quiet(server, small)?;
        let mut big = Big::connect(server.protocol, server.address, self.value_bytes)?;
        let (busy, n_times) = self.beside(server, small, Lasts::Seconds, |is_over| {
            let mut n_times = 0;
            while !is_over.load(Relaxed) {
                big.round()?;
                n_times += 1;
                pause_ms(REST_MS);
            }
            Ok(n_times)
        })?;
        Ok(Round { quiet, busy, n_times })
    }

    fn quiet(&self, server: &Server, small: Small) -> Result<Histogram<u64>> {
        Ok(self.beside(server, small, Lasts::Seconds, |_| Ok(()))?.0)
    }

    /// Small requests while `work` is done by another client, which is told when they are over.
    fn beside<T: Send>(
        &self,
        server: &Server,
        small: Small,
        lasts: Lasts,
        work: impl FnOnce(&AtomicBool) -> Result<T> + Send,
    ) -> Result<(Histogram<u64>, T)> {
        let (is_over, is_done) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let done = self.before_others(Priority::Measured).and_then(|()| work(&is_over));
                is_done.store(true, Relaxed);
                done
            });
            // The small requests run before the other client, which shares their core.
            let seen = scope.spawn(|| {
                self.before_others(Priority::Conductor)?;
                self.requests(server, small, || match lasts {
                    Lasts::Seconds => None,
                    Lasts::UntilDone => Some(is_done.load(Relaxed)),
                })
            });
            let seen = seen.join().expect("it returns its errors");
            is_over.store(true, Relaxed);
            let done = worker.join().expect("it returns its errors")?;
            Ok((seen?, done))
        })
    }

    fn before_others(&self, priority: Priority) -> Result<()> {
        if self.places.real_time { process::run_before_others(priority) } else { Ok(()) }
    }

    /// How long requests take, one at a time but due at a fixed rate, until `is_done` or, where it
    /// does not say, for the length of a round.
    fn requests(
        &self,
        server: &Server,
        (set, stored, get, reply): Small,
        is_done: impl Fn() -> Option<bool>,
    ) -> Result<Histogram<u64>> {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = connect(server.address)?;
            ask(&mut stream, set.as_bytes(), stored.as_bytes())?;
            streams.push(stream);
        }
        let mut latency_ns = new_histogram();
        let interval_ns = 1e9 / self.rate;
        let start_ns = now_ns();
        let end_ns = start_ns + (self.seconds * 1e9) as u64;
        for index in 0.. {
            if is_done().unwrap_or_else(|| now_ns() >= end_ns) {
                break;
            }
            let due_ns = start_ns + (index as f64 * interval_ns) as u64;
            let left_ns = due_ns.saturating_sub(now_ns());
            pause_us(left_ns / 1000);
            // Who is late because the reply before came late has waited since its time.
            let from_ns = if left_ns == 0 { due_ns } else { now_ns() };
            ask(&mut streams[index % CONNECTIONS], get.as_bytes(), reply.as_bytes())?;
            latency_ns.saturating_record(now_ns() - from_ns);
        }
        Ok(latency_ns)
    }
}

fn load_core() -> Option<usize> {
    Some(n_cores().min(2) - 1)
}

/// Says whether the longest wait is as short as it has to be. What the machine itself delays is in
/// both.
fn judge(quiet_us: f64, busy_us: f64) {
    let delay_ms = (busy_us - quiet_us) / 1e3;
    let verdict = if delay_ms <= BOUND_MS { "met" } else { "MISSED" };
    println!("  {verdict}: {delay_ms:.2} ms more in the longest wait, bound {BOUND_MS} ms");
}

/// Prints the medians over the rounds; returns that of the longest waits, in microseconds.
fn print<'a>(what: &str, rounds: impl Iterator<Item = &'a Histogram<u64>> + Clone) -> f64 {
    let us = |quantile| {
        Spanned::of(rounds.clone().map(|it| it.value_at_quantile(quantile) as f64 / 1e3))
    };
    let [p50, p99, p999, most] = [0.5, 0.99, 0.999, 1.0].map(us);
    println!(
        "  {what:<18} p50 {:.0} us, p99 {:.0} us, p99.9 {:.0} us, at most {most} us",
        p50.median, p99.median, p999.median
    );
    most.median
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn ask(stream: &mut TcpStream, request: &[u8], reply: &[u8]) -> Result<()> {
    let mut heard = [0; 64];
    let heard = &mut heard[..reply.len()];
    stream.write_all(request)?;
    stream.read_exact(heard)?;
    ensure!(heard == reply, "the reply is {}", String::from_utf8_lossy(heard));
    Ok(())
}

const PROTOCOLS: [Protocol; 2] = [Protocol::Resp, Protocol::Memcached];
const BOUND_MS: f64 = 2.0;
const CONNECTIONS: usize = 4;
/// Between two rounds of the big client. Who takes all of a core before all others has it taken
/// away by the kernel now and then, for 50 ms.
const REST_MS: u64 = 10;
/// memcached keeps some values apart while one is replaced.
const ITEMS_ROOM: u32 = 20;
const TANDEM_LETTERS: &str = "memcached -- -I 64m -m 1024";
const MEMCACHED_LETTERS: &str = "-I 64m";

/// A SET with its reply, and a GET with its own.
type Small = (&'static str, &'static str, &'static str, &'static str);
const RESP_SMALL: Small = (
    "*3\r\n$3\r\nSET\r\n$5\r\nsmall\r\n$5\r\nvalue\r\n",
    "+OK\r\n",
    "*2\r\n$3\r\nGET\r\n$5\r\nsmall\r\n",
    "$5\r\nvalue\r\n",
);
const MEMCACHED_SMALL: Small = (
    "set small 0 0 5\r\nvalue\r\n",
    "STORED\r\n",
    "get small\r\n",
    "VALUE small 0 5\r\nvalue\r\nEND\r\n",
);

const HELP: &str = "\
With --real-time other processes do not disturb it: the small requests run before the other
client, and both before the rest. Without it the quiet line shows how far the machine can be
trusted.";
