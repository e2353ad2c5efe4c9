//! `tandem-bench metadump`: how long GETs wait while every key is dumped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Result, bail};

use crate::clock::now_ns;
use crate::load::{self, Length, Load, Pace, Protocol, Report, Spread, Stored, Wire, Workload};
use crate::process::{self, Priority, n_cores, on_core};
use crate::progress::Bar;
use crate::servers::{Footing, Places, Recipe, Server};
use crate::spanned::Spanned;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct MetadumpOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, default_value_t = 10_000_000)]
    items: u32,
    #[arg(long, default_value_t = 32)]
    value_bytes: usize,
    /// GETs a second, in an open loop
    #[arg(long, default_value_t = 20_000.0)]
    rate: f64,
    #[arg(long, short, default_value_t = 8)]
    connections: usize,
    /// Length of each round, quiet and meanwhile
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The median of their quantiles counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// One quiet time and one beside a dump.
struct Round {
    quiet: Report,
    busy: Report,
    dumped: Dumped,
}

/// What the dumping client saw in its round.
#[derive(Clone, Copy, Default)]
struct Dumped {
    n_lines: u64,
    elapsed_ns: u64,
}

impl MetadumpOptions {
    pub(crate) fn run(self) -> Result<()> {
        if self.places.real_time {
            process::run_before_others(Priority::Conductor)?;
        }
        for recipe in self.places.recipes(Protocol::Memcached)? {
            self.measure(&recipe)?;
        }
        Ok(())
    }

    fn measure(&self, recipe: &Recipe) -> Result<()> {
        let room = Footing::for_items(self.items, self.value_bytes);
        let real_time = self.places.real_time;
        let server = recipe.start(Footing { core: Some(0), real_time, ..room })?;
        let workload = Workload::Fill { first: 0, n_keys: self.items };
        let fill = Load::fill(server.address, self.wire(), workload);
        fill.run(&mut Bar::counting("filling", Some(u64::from(self.items))))?;
        let core = Some(n_cores().min(2) - 1);
        let rounds: Result<Vec<Round>> =
            (0..self.rounds).map(|_| on_core(core, || self.round(&server))?).collect();
        let rounds = rounds?;
        println!("{}: {} items, {} GETs a second", server.name, self.items, self.rate);
        let quiet_us = print("quiet", rounds.iter().map(|it| &it.quiet));
        let busy_us = print("meanwhile", rounds.iter().map(|it| &it.busy));
        let n_lines: u64 = rounds.iter().map(|it| it.dumped.n_lines).sum();
        let elapsed_ns: u64 = rounds.iter().map(|it| it.dumped.elapsed_ns).sum();
        println!("  dumped {:.0} keys a second", n_lines as f64 * 1e9 / elapsed_ns as f64);
        if recipe.is_tandem() {
            let ratio = busy_us / quiet_us;
            let verdict = if ratio <= BOUND { "met" } else { "MISSED" };
            println!("  {verdict}: p99 is {ratio:.2} times the quiet one, bound {BOUND}");
        }
        Ok(())
    }

    fn wire(&self) -> Wire {
        let stored = Stored { value_bytes: self.value_bytes, ..Stored::default() };
        Wire::new(Protocol::Memcached, stored)
    }

    fn gets(&self, address: SocketAddr) -> Load {
        Load {
            workload: Workload::Mix { gets: 1, sets: 0, keys: Spread::Uniform.keys(self.items) },
            n_connections: self.connections,
            pipeline: PIPELINE_MAX,
            pace: Pace::Open { per_second: self.rate },
            length: Length::For { warm_ms: 200, measure_ms: (self.seconds * 1e3) as u64 },
            footing: load::Footing { real_time: self.places.real_time, ..load::Footing::default() },
            ..Load::fill(address, self.wire(), Workload::Fill { first: 0, n_keys: 0 })
        }
    }

    /// GETs alone, then beside a client that dumps again and again.
    fn round(&self, server: &Server) -> Result<Round> {
        let quiet = self.gets(server.address).run(&mut ())?;
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let dump = scope.spawn(|| dump_until(server.address, &is_over));
            let busy = self.gets(server.address).run(&mut ());
            is_over.store(true, Relaxed);
            let dumped = dump.join().expect("the dumping client returns its errors")?;
            Ok(Round { quiet, busy: busy?, dumped })
        })
    }
}

/// Dumps all keys again and again, and lets go in the middle of a dump.
fn dump_until(address: SocketAddr, is_over: &AtomicBool) -> Result<Dumped> {
    let mut stream = TcpStream::connect(address)?;
    let mut part = vec![0; 256 << 10];
    let mut dumped = Dumped::default();
    let start_ns = now_ns();
    while !is_over.load(Relaxed) {
        stream.write_all(b"lru_crawler metadump all\r\n")?;
        loop {
            let n = stream.read(&mut part)?;
            if n == 0 {
                bail!("the server closed the connection");
            }
            dumped.n_lines += (part[..n].split(|it| *it == b'\n').count() - 1) as u64;
            if part[..n].ends_with(b"END\r\n") || is_over.load(Relaxed) {
                break;
            }
        }
    }
    dumped.elapsed_ns = now_ns() - start_ns;
    Ok(dumped)
}

/// Prints the medians over the rounds; returns that of p99, in microseconds.
fn print<'a>(what: &str, rounds: impl Iterator<Item = &'a Report> + Clone) -> f64 {
    let us = |quantile| Spanned::of(rounds.clone().map(|it| it.latency_us(quantile)));
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(us);
    println!(
        "  GETs {what:<10} p50 {:.0} us, p99 {p99} us, p99.9 {:.0} us",
        p50.median, p999.median
    );
    p99.median
}

/// How much longer than in quiet times a hundredth of GETs may wait.
const BOUND: f64 = 2.0;

/// Requests under way on a connection.
const PIPELINE_MAX: usize = 64;
