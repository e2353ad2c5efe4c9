//! `tandem-bench large`: how long small requests wait while values of megabytes come and go, or
//! while a hash of millions of fields is deleted.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

use crate::clock::{now_ns, pause_ms, pause_us};
use crate::load::{Protocol, new_histogram};
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
    /// Beside the GETs a hash of so many fields is deleted, instead of values sent and read
    #[arg(long)]
    hash_fields: Option<u32>,
    /// Small GETs a second, in an open loop
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
    /// How often the big value went in and out, or the hash away.
    n_times: u64,
}

/// A client that stores a big value and reads it back.
struct Big {
    stream: TcpStream,
    store: Vec<u8>,
    stored: &'static [u8],
    read: &'static [u8],
    /// Bytes of the reply to `read`.
    n_reply: usize,
}

/// A client with a big hash, which it deletes.
struct Doomed {
    stream: TcpStream,
    is_there: bool,
}

/// What goes on beside the small GETs.
trait Beside: Send {
    /// False when there is nothing left to do.
    fn round(&mut self) -> Result<bool>;
}

impl LargeOptions {
    pub(crate) fn run(self) -> Result<()> {
        let has_it = |it: &&Protocol| self.hash_fields.is_none() || **it == Protocol::Resp;
        for protocol in self.protocol.iter().filter(has_it) {
            for recipe in self.places.recipes(*protocol)? {
                self.measure(&recipe).with_context(|| recipe.name.clone())?;
            }
        }
        Ok(())
    }

    fn measure(&self, recipe: &Recipe) -> Result<()> {
        let recipe = match (recipe.is_tandem(), recipe.protocol) {
            (true, Protocol::Memcached) => recipe.with(TANDEM_LETTERS),
            (false, Protocol::Memcached) => recipe.with(MEMCACHED_LETTERS),
            (_, Protocol::Resp) => recipe.clone(),
        };
        let room = match self.hash_fields {
            Some(n_fields) => Footing::for_items(n_fields, FIELD_BYTES_ROOM),
            None => Footing::for_items(ITEMS_ROOM, self.value_bytes),
        };
        let real_time = self.places.real_time;
        let server = recipe.start(Footing { core: Some(0), real_time, ..room })?;
        let core = Some(n_cores().min(2) - 1);
        let rounds: Result<Vec<Round>> =
            (0..self.rounds).map(|_| on_core(core, || self.round(&server))?).collect();
        let rounds = rounds?;
        let n_times: u64 = rounds.iter().map(|it| it.n_times).sum();
        let (name, protocol) = (&server.name, server.protocol.name());
        let beside = match self.hash_fields {
            Some(n_fields) => format!("{n_fields} fields deleted"),
            None => format!("{} B in and out", self.value_bytes),
        };
        println!("{name} ({protocol}), {beside} {n_times} times");
        let quiet_us = print("quiet", rounds.iter().map(|it| &it.quiet));
        let busy_us = print("meanwhile", rounds.iter().map(|it| &it.busy));
        if recipe.is_tandem() && self.hash_fields.is_none() {
            // What the machine itself delays is in both.
            let delay_ms = (busy_us - quiet_us) / 1e3;
            let verdict = if delay_ms <= BOUND_MS { "met" } else { "MISSED" };
            println!("  {verdict}: {delay_ms:.2} ms more in the longest wait, bound {BOUND_MS} ms");
        }
        Ok(())
    }

    /// Small GETs alone, then beside the big value.
    fn round(&self, server: &Server) -> Result<Round> {
        let quiet = self.on_thread(|| self.gets(server))?;
        let mut big: Box<dyn Beside> = match self.hash_fields {
            Some(n_fields) => Box::new(Doomed::fill(server.address, n_fields)?),
            None => Box::new(Big::connect(server.protocol, server.address, self.value_bytes)?),
        };
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let big = scope.spawn(|| {
                if self.places.real_time {
                    process::run_before_others(Priority::Measured)?;
                }
                let mut n_times = 0;
                while !is_over.load(Relaxed) {
                    n_times += u64::from(big.round()?);
                    pause_ms(REST_MS);
                }
                anyhow::Ok(n_times)
            });
            let busy = self.on_thread(|| self.gets(server));
            is_over.store(true, Relaxed);
            let n_times = big.join().expect("the big client returns its errors")?;
            Ok(Round { quiet, busy: busy?, n_times })
        })
    }

    /// Runs the small GETs before the big client, which shares their core.
    fn on_thread<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let run = || {
            if self.places.real_time {
                process::run_before_others(Priority::Conductor)?;
            }
            work()
        };
        std::thread::scope(|scope| scope.spawn(run).join().expect("it returns its errors"))
    }

    /// How long GETs take, one at a time but due at a fixed rate.
    fn gets(&self, server: &Server) -> Result<Histogram<u64>> {
        let (set, stored, get, reply) = match server.protocol {
            Protocol::Resp => RESP_SMALL,
            Protocol::Memcached => MEMCACHED_SMALL,
        };
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
            if now_ns() >= end_ns {
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

/// Prints the medians over the rounds; returns that of the longest waits, in microseconds.
fn print<'a>(what: &str, rounds: impl Iterator<Item = &'a Histogram<u64>> + Clone) -> f64 {
    let us = |quantile| {
        Spanned::of(rounds.clone().map(|it| it.value_at_quantile(quantile) as f64 / 1e3))
    };
    let [p50, p99, p999, most] = [0.5, 0.99, 0.999, 1.0].map(us);
    println!(
        "  GETs {what:<10} p50 {:.0} us, p99 {:.0} us, p99.9 {:.0} us, at most {most} us",
        p50.median, p99.median, p999.median
    );
    most.median
}

impl Big {
    fn connect(protocol: Protocol, address: SocketAddr, value_bytes: usize) -> Result<Big> {
        let (head, stored, read, reply_head) = match protocol {
            Protocol::Resp => (
                format!("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${value_bytes}\r\n"),
                "+OK\r\n",
                "*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n",
                format!("${value_bytes}\r\n\r\n"),
            ),
            Protocol::Memcached => (
                format!("set big 0 0 {value_bytes}\r\n"),
                "STORED\r\n",
                "get big\r\n",
                format!("VALUE big 0 {value_bytes}\r\n\r\nEND\r\n"),
            ),
        };
        let mut store = head.into_bytes();
        store.resize(store.len() + value_bytes, b'v');
        store.extend_from_slice(b"\r\n");
        Ok(Big {
            stream: connect(address)?,
            store,
            stored: stored.as_bytes(),
            read: read.as_bytes(),
            n_reply: reply_head.len() + value_bytes,
        })
    }
}

impl Beside for Big {
    fn round(&mut self) -> Result<bool> {
        // In pieces, so that the small GETs get their core in between.
        for piece in self.store.chunks(PIECE_BYTES) {
            self.stream.write_all(piece)?;
        }
        let mut part = vec![0; PIECE_BYTES];
        self.stream.read_exact(&mut part[..self.stored.len()])?;
        ensure!(part.starts_with(self.stored), "the big value was not stored");
        self.stream.write_all(self.read)?;
        let mut n_left = self.n_reply;
        while n_left > 0 {
            let n_read = self.stream.read(&mut part[..n_left.min(PIECE_BYTES)])?;
            ensure!(n_read > 0, "the connection was closed within a reply");
            n_left -= n_read;
        }
        Ok(true)
    }
}

impl Doomed {
    fn fill(address: SocketAddr, n_fields: u32) -> Result<Doomed> {
        let mut stream = connect(address)?;
        let mut n = 0;
        while n < n_fields {
            let end = n_fields.min(n + FIELDS_PER_COMMAND);
            let mut line = format!("*{}\r\n$4\r\nHSET\r\n$6\r\ndoomed\r\n", 2 + 2 * (end - n));
            for field in n..end {
                let _ = write!(line, "$14\r\nfield:{field:08}\r\n$8\r\n{field:08}\r\n");
            }
            ask(&mut stream, line.as_bytes(), format!(":{}\r\n", end - n).as_bytes())?;
            n = end;
        }
        Ok(Doomed { stream, is_there: true })
    }
}

impl Beside for Doomed {
    fn round(&mut self) -> Result<bool> {
        let is_there = std::mem::take(&mut self.is_there);
        if is_there {
            ask(&mut self.stream, b"*2\r\n$3\r\nDEL\r\n$6\r\ndoomed\r\n", b":1\r\n")?;
        }
        Ok(is_there)
    }
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
/// A hash's fields are sent in commands of some tens of kilobytes.
const FIELDS_PER_COMMAND: u32 = 1000;
/// What a server takes for a field and its value at most.
const FIELD_BYTES_ROOM: usize = 256;
const PIECE_BYTES: usize = 64 << 10;
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
With --real-time other processes do not disturb it: the small GETs run before the big client, and
both before the rest. Without it the quiet line shows how far the machine can be trusted.";
