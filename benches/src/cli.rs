//! The command line of `tandem-bench`.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

#[cfg(feature = "counted-locks")]
use crate::contention::ContentionOptions;
use crate::expiry::ExpiryOptions;
use crate::fanout::FanoutOptions;
use crate::floor::FloorOptions;
use crate::growth::GrowthOptions;
use crate::idle::IdleOptions;
use crate::large::LargeOptions;
use crate::load::{
    Footing, Length, Load, Misses, Pace, Protocol, Report, Spread, Stored, Wire, Work, Workload,
};

use crate::loops::LoopOptions;
use crate::memory::MemoryOptions;
use crate::metadump::MetadumpOptions;
use crate::peers::{PeersOptions, TailsOptions};
use crate::progress::Bar;
use crate::scrape::ScrapeOptions;

/// Measures Tandem and its peers.
#[derive(Debug, Parser)]
#[command(name = "tandem-bench", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Loads one server and prints throughput and latency
    Load(LoadOptions),
    /// Compares Tandem with its peers: throughput, latency, CPU time of the server per request
    Peers(PeersOptions),
    /// Compares latencies in an open loop at a rate that every server can serve
    Tails(TailsOptions),
    /// Measures what an item costs beside its key and value
    Memory(MemoryOptions),
    /// Grows one keyspace to millions of items and shows how long requests wait
    Growth(GrowthOptions),
    /// Lets many keys expire at once and shows when their memory is back and who waits
    Expiry(ExpiryOptions),
    /// Times /metrics with many connections
    Scrape(ScrapeOptions),
    /// Measures what an idle connection costs, beside the peers
    Idle(IdleOptions),
    /// Publishes messages to many subscribers, beside the peers
    Fanout(FanoutOptions),
    /// Shows how long small requests wait while values of megabytes come and go
    Large(LargeOptions),
    /// Shows how long requests wait while all keys are dumped
    Metadump(MetadumpOptions),
    /// Counts waits for locks and says what to expect on 16 cores
    #[cfg(feature = "counted-locks")]
    Contention(ContentionOptions),
    /// Runs requests through a session without sockets, for profilers
    Loop(LoopOptions),
    /// Serves fixed replies and stores nothing: the cost of the path alone
    Floor(FloorOptions),
}

pub fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Load(it) => it.run(),
        Command::Peers(it) => it.run(),
        Command::Tails(it) => it.run(),
        Command::Memory(it) => it.run(),
        Command::Growth(it) => it.run(),
        Command::Expiry(it) => it.run(),
        Command::Scrape(it) => it.run(),
        Command::Idle(it) => it.run(),
        Command::Fanout(it) => it.run(),
        Command::Large(it) => it.run(),
        Command::Metadump(it) => it.run(),
        #[cfg(feature = "counted-locks")]
        Command::Contention(it) => it.run(),
        Command::Loop(it) => it.run(),
        Command::Floor(it) => it.run(),
    }
}

#[derive(Debug, clap::Args)]
struct LoadOptions {
    /// The server, such as 127.0.0.1:6379
    address: SocketAddr,
    #[arg(long, value_enum, default_value_t = Protocol::Resp)]
    protocol: Protocol,
    #[arg(long, value_enum, default_value_t = Work::Strings)]
    work: Work,
    /// GETs in each cycle of GETs and SETs
    #[arg(long, default_value_t = 10)]
    gets: u32,
    #[arg(long, default_value_t = 1)]
    sets: u32,
    #[arg(long, default_value_t = 64)]
    value_bytes: usize,
    /// Keys, all of which are written first unless --no-preload says they are there
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    #[arg(long, value_enum, default_value_t = Spread::Uniform)]
    spread: Spread,
    #[arg(long)]
    no_preload: bool,
    /// Do not take a missing key for a mistake
    #[arg(long)]
    misses_are_fine: bool,
    #[arg(long, short, default_value_t = 50)]
    connections: usize,
    /// Requests sent at once on each connection; in an open loop, the most under way on one
    #[arg(long, short, default_value_t = 1)]
    pipeline: usize,
    #[arg(long, short, default_value_t = 1)]
    threads: usize,
    /// Requests a second in an open loop, timed from when each was due; without it a closed loop
    #[arg(long)]
    rate: Option<f64>,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    #[arg(long, default_value_t = 0.5)]
    warm_seconds: f64,
    /// Stop after this many requests instead of after a time
    #[arg(long)]
    requests: Option<u64>,
}

impl LoadOptions {
    fn run(self) -> Result<()> {
        self.check()?;
        if !self.no_preload {
            self.preload().run(&mut Bar::counting("preloading", Some(u64::from(self.keys))))?;
        }
        let load = self.load();
        let n_requests = self.requests;
        print(&load.run(&mut Bar::counting("requests", n_requests))?);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.keys == 0 || self.threads == 0 || self.pipeline == 0 || self.gets + self.sets == 0 {
            bail!("keys, threads, pipeline and gets + sets must be at least 1");
        }
        if self.connections < self.threads {
            bail!("{} threads need at least as many connections", self.threads);
        }
        if !self.work.is_for(self.protocol) {
            bail!("{} has no such work", self.protocol.name());
        }
        if self.work.is_about_frames() && self.protocol != Protocol::Memcached {
            bail!("the binary protocol is memcached's: add --protocol memcached");
        }
        Ok(())
    }

    fn preload(&self) -> Load {
        Load::fill(self.address, self.wire(), self.work.preload(self.keys))
    }

    fn wire(&self) -> Wire {
        self.work.wire(self.protocol, Stored { value_bytes: self.value_bytes, ..Stored::default() })
    }

    fn load(&self) -> Load {
        let keys = self.spread.keys(self.keys);
        let ms = |seconds: f64| (seconds * 1e3) as u64;
        Load {
            address: self.address,
            wire: self.wire(),
            workload: match self.work {
                Work::Strings | Work::Meta => {
                    Workload::Mix { gets: self.gets, sets: self.sets, keys }
                }
                other => other.workload(self.protocol, keys),
            },
            n_threads: self.threads,
            n_connections: self.connections,
            pipeline: self.pipeline,
            pace: self.rate.map_or(Pace::Closed, |per_second| Pace::Open { per_second }),
            length: match self.requests {
                Some(n) => Length::Requests(n),
                None => {
                    Length::For { warm_ms: ms(self.warm_seconds), measure_ms: ms(self.seconds) }
                }
            },
            misses: if self.misses_are_fine { Misses::Fine } else { Misses::Wrong },
            footing: Footing::default(),
        }
    }
}

fn print(report: &Report) {
    println!("{:>12.0} requests/s over {:.2} s", report.per_second(), seconds(report));
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
        println!("{:>12.1} us {name}", report.latency_us(quantile));
    }
    println!("{:>12.1} us at most", report.latency_ns.max() as f64 / 1e3);
    println!("{:>12} misses", report.n_misses);
    println!("{:>12.2} cores kept busy by the load", report.busy_cores);
}

fn seconds(report: &Report) -> f64 {
    report.elapsed_ns as f64 / 1e9
}
