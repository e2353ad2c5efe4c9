//! `tandem-bench expiry`: many keys expire at once. When is their memory back, and who waits?

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

use crate::clock::{epoch_ms, pause_ms};
use crate::control::Control;
use crate::load::{
    self, Length, Load, Pace, Protocol, Report, Spread, Stored, Wire, Work, Workload,
};
use crate::process::{self, Priority, n_cores, on_core};
use crate::servers::{Footing, Places, Server};
use crate::spanned::Spanned;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExpiryOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, value_enum, default_value_t = Protocol::Resp)]
    protocol: Protocol,
    /// Keys that expire in the same instant
    #[arg(long, default_value_t = 1_000_000)]
    items: u32,
    /// Keys that stay and are read meanwhile
    #[arg(long, default_value_t = 100_000)]
    quiet_keys: u32,
    #[arg(long, default_value_t = 64)]
    value_bytes: usize,
    /// GETs a second, in an open loop
    #[arg(long, default_value_t = 20_000.0)]
    rate: f64,
    #[arg(long, short, default_value_t = 20)]
    connections: usize,
    /// Seconds until the keys expire: filling and a quiet measurement fit in
    #[arg(long, default_value_t = 15)]
    delay: u64,
    /// Each with a new server; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

impl ExpiryOptions {
    pub(crate) fn run(self) -> Result<()> {
        if self.places.real_time {
            process::run_before_others(Priority::Conductor)?;
        }
        for recipe in self.places.recipes(self.protocol)? {
            let real_time = self.places.real_time;
            let room = Footing::for_items(self.items + self.quiet_keys, self.value_bytes);
            let ratios: Result<Vec<f64>> = (0..self.rounds)
                .map(|_| {
                    let server = recipe.start(Footing { core: Some(0), real_time, ..room })?;
                    self.measure(&server).with_context(|| server.name.clone())
                })
                .collect();
            let ratio = Spanned::of(ratios?.into_iter());
            println!("{}: p99 is {ratio} times the quiet one (bound {RATIO_BOUND})", recipe.name);
        }
        Ok(())
    }

    /// The p99 of GETs while keys expire, over the one before.
    fn measure(&self, server: &Server) -> Result<f64> {
        let mut control = Control::connect(self.protocol, server.address)?;
        let stays = Stored { value_bytes: self.value_bytes, ..Stored::default() };
        self.fill(server, stays, Work::Strings.preload(self.quiet_keys))?;
        let base = control.used_bytes()?;
        let at_ms = (epoch_ms() / 1000 + self.delay) * 1000;
        let goes = Stored { expire_at_ms: Some(at_ms), ..stays };
        let expiring = Workload::Fill { first: self.quiet_keys, n_keys: self.items };
        self.fill(server, goes, expiring)?;
        let full = control.used_bytes()?;
        let quiet = self.load(server, stays, 200, QUIET_MS).run_on_core_one()?;
        let left_ms = at_ms.saturating_sub(epoch_ms());
        if left_ms == 0 {
            bail!("filling took longer than {} s: raise --delay", self.delay);
        }
        let burst = self.load(server, stays, left_ms, BURST_MS);
        let watch = Watch {
            at_ms,
            n_items: u64::from(self.quiet_keys),
            bytes: base + full.saturating_sub(base) / 10,
            stop: AtomicBool::new(false),
        };
        let (burst, returned) = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch.run(&mut control));
            let burst = burst.run_on_core_one();
            watch.stop.store(burst.is_err(), Ordering::Relaxed);
            (burst, watching.join().expect("the watch returns its errors"))
        });
        let burst = burst?;
        self.print(server, &quiet, &burst, returned?);
        let (left, n_left) = (control.used_bytes()?, control.n_items()?);
        println!("  memory: {base} B before, {full} B with them, {left} B after");
        println!("  items left: {n_left}\n");
        Ok(burst.latency_us(0.99) / quiet.latency_us(0.99))
    }

    fn fill(&self, server: &Server, stored: Stored, workload: Workload) -> Result<()> {
        let wire = Wire::new(self.protocol, stored);
        Load::fill(server.address, wire, workload).run(&mut ()).map(|_| ())
    }

    fn load(&self, server: &Server, stored: Stored, warm_ms: u64, measure_ms: u64) -> Load {
        let keys = Spread::Uniform.keys(self.quiet_keys);
        let reads = Workload::Mix { gets: 1, sets: 0, keys };
        Load {
            n_connections: self.connections,
            pipeline: PIPELINE,
            pace: Pace::Open { per_second: self.rate },
            length: Length::For { warm_ms, measure_ms },
            footing: load::Footing { real_time: self.places.real_time, ..load::Footing::default() },
            ..Load::fill(server.address, Wire::new(self.protocol, stored), reads)
        }
    }

    fn print(&self, server: &Server, quiet: &Report, burst: &Report, returned: Returned) {
        println!("{}: {} keys expire at once", server.name, self.items);
        for (what, ms) in [
            ("all are gone", returned.items_ms),
            ("90 % of the memory is back", returned.memory_ms),
        ] {
            let time = ms.map_or_else(
                || format!("not within {} s", WATCH_MS / 1000),
                |it| format!("{it} ms after (bound {RETURN_BOUND_MS} ms)"),
            );
            println!("  {what} {time}");
        }
        for (what, report) in [("quiet", quiet), ("while they expire", burst)] {
            let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|it| report.latency_us(it));
            println!("  GETs {what}: p50 {p50:.0} us, p99 {p99:.0} us, p99.9 {p999:.0} us");
        }
    }
}

impl Load {
    fn run_on_core_one(self) -> Result<Report> {
        on_core(Some(n_cores().min(2) - 1), || self.run(&mut ()))?
    }
}

/// Asks for the items and the memory in use until both are back.
struct Watch {
    at_ms: u64,
    n_items: u64,
    bytes: u64,
    stop: AtomicBool,
}

/// Milliseconds after the expiry at which something was reached, if it was.
#[derive(Clone, Copy, Default)]
struct Returned {
    items_ms: Option<u64>,
    memory_ms: Option<u64>,
}

impl Watch {
    fn run(&self, control: &mut Control) -> Result<Returned> {
        let mut returned = Returned::default();
        while epoch_ms() < self.at_ms + WATCH_MS && !self.stop.load(Ordering::Relaxed) {
            let now_ms = epoch_ms();
            if now_ms < self.at_ms {
                pause_ms(1);
                continue;
            }
            let after_ms = Some(now_ms - self.at_ms);
            if returned.items_ms.is_none() && control.n_items()? <= self.n_items {
                returned.items_ms = after_ms;
            }
            // Costs the server far more than the number of items: not while those expire.
            if returned.items_ms.is_some() && control.used_bytes()? <= self.bytes {
                returned.memory_ms = after_ms;
                break;
            }
            pause_ms(WATCH_PAUSE_MS);
        }
        Ok(returned)
    }
}

const RETURN_BOUND_MS: u64 = 1000;
const RATIO_BOUND: f64 = 2.0;
const QUIET_MS: u64 = 3000;
/// About as long as a million keys take to go: what follows would dilute the figure.
const BURST_MS: u64 = 200;
const WATCH_MS: u64 = 20_000;
/// Asking takes the server's time too.
const WATCH_PAUSE_MS: u64 = 10;
/// Enough that a connection is not the bottleneck while the server is busy.
const PIPELINE: usize = 1000;
