//! `tandem-bench growth`: how long anybody waits while a table grows to millions of items.

use anyhow::Result;
use hdrhistogram::Histogram;
use tandem_engine::{Keyspace, KeyspaceOptions, NewValue, SetOptions};

use crate::clock::{epoch_ms, now_ns};
use crate::load::{
    self, Length, Load, Misses, Protocol, Stored, Wire, Workload, key_name, new_histogram,
};
use crate::process::{self, Priority, n_cores, on_core};
use crate::progress::Bar;
use crate::servers::{Footing, Places};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GrowthOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, default_value_t = 20_000_000)]
    items: u32,
    #[arg(long, default_value_t = 32)]
    value_bytes: usize,
    /// GETs of old keys after each SET of a new one
    #[arg(long, default_value_t = 1)]
    gets: u32,
    #[arg(long, value_enum, default_value_t = Protocol::Resp)]
    protocol: Protocol,
    #[arg(long, short, default_value_t = 8)]
    connections: usize,
    #[arg(long, short, default_value_t = 8)]
    pipeline: usize,
    /// Only the engine in this process, without a server
    #[arg(long, conflicts_with = "server_only")]
    engine_only: bool,
    /// Only servers, not the engine in this process
    #[arg(long)]
    server_only: bool,
}

impl GrowthOptions {
    pub(crate) fn run(self) -> Result<()> {
        if self.places.real_time {
            process::run_before_others(Priority::Conductor)?;
        }
        if !self.server_only {
            self.engine()?;
        }
        if self.engine_only {
            return Ok(());
        }
        for recipe in self.places.recipes(self.protocol)? {
            let real_time = self.places.real_time;
            let room = Footing::for_items(self.items, self.value_bytes);
            let server = recipe.start(Footing { core: Some(0), real_time, ..room })?;
            let load = self.load(server.address);
            let core = Some(n_cores().min(2) - 1);
            for what in ["while the table grows", "the same again, nothing grows"] {
                let mut bar = Bar::counting(&server.name, None);
                let report = on_core(core, || load.run(&mut bar))??;
                drop(bar);
                let (name, rate) = (&server.name, report.per_second());
                println!("{name}: {} items, {what}, {rate:.0}/s", self.items);
                print(&report.latency_ns);
            }
        }
        Ok(())
    }

    fn load(&self, address: std::net::SocketAddr) -> Load {
        let stored = Stored { value_bytes: self.value_bytes, ..Stored::default() };
        let workload = Workload::Grow { gets: self.gets, n_keys: self.items };
        Load {
            n_connections: self.connections,
            pipeline: self.pipeline,
            length: Length::Whole,
            footing: load::Footing { real_time: self.places.real_time, ..load::Footing::default() },
            // A read may overtake the write it asks for on another connection.
            misses: Misses::Fine,
            ..Load::fill(address, Wire::new(self.protocol, stored), workload)
        }
    }

    /// Fills a keyspace, then writes all of it again: what the second pass takes is not growth.
    fn engine(&self) -> Result<()> {
        let keyspace = Keyspace::new(KeyspaceOptions::default());
        let longest = self.engine_pass(&keyspace, "while the table grows");
        anyhow::ensure!(keyspace.len(0) == u64::from(self.items), "items were lost");
        self.engine_pass(&keyspace, "the same again, nothing grows");
        let longest_ms = longest as f64 / 1e6;
        let verdict = if longest_ms <= BOUND_MS { "met" } else { "MISSED" };
        println!("{verdict}: the longest took {longest_ms:.3} ms; bound {BOUND_MS} ms\n");
        Ok(())
    }

    /// One `View::set` after another, each timed by the clock and by the thread's CPU time: what
    /// the two differ by is other processes' doing. Returns the longest, in ns of CPU time.
    fn engine_pass(&self, keyspace: &Keyspace, what: &str) -> u64 {
        let value = vec![b'v'; self.value_bytes];
        let now_ms = epoch_ms();
        let (mut wall, mut busy) = (new_histogram(), new_histogram());
        let bar = Bar::steps(u64::from(self.items));
        bar.say(format!("engine: {} items", self.items));
        for index in 0..self.items {
            let name = key_name(index);
            let start_ns = now_ns();
            let busy_start_ns = process::thread_cpu_ns();
            let key = keyspace.key(0, &name);
            keyspace.view(key, now_ms).set(key, NewValue::Copied(&value), SetOptions::default());
            busy.saturating_record(process::thread_cpu_ns() - busy_start_ns);
            wall.saturating_record(now_ns() - start_ns);
            if index % ITEMS_PER_STEP == 0 {
                bar.at(u64::from(index));
            }
        }
        drop(bar);
        println!("engine: one View::set of {} items, {what}, by CPU time", self.items);
        print(&busy);
        println!("engine: the same by the clock (other processes included)");
        print(&wall);
        busy.max()
    }
}

fn print(latency_ns: &Histogram<u64>) {
    println!("  {:>9} {:>12}", "quantile", "at most us");
    for quantile in [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 1.0] {
        let us = latency_ns.value_at_quantile(quantile) as f64 / 1e3;
        println!("  {:>8}% {us:>12.2}", (quantile * 1e7).round() / 1e5);
    }
    let bound_ns = (BOUND_MS * 1e6) as u64;
    let n_over = latency_ns.len() - latency_ns.count_between(0, bound_ns);
    println!("  {n_over} of {} over {BOUND_MS} ms", latency_ns.len());
}

const BOUND_MS: f64 = 2.0;
const ITEMS_PER_STEP: u32 = 100_000;
