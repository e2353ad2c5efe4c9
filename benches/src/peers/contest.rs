//! Measures the cells of one stage: all servers side by side, in turns.

use anyhow::{Context, Result};

use super::PeersOptions;
use super::matrix::{Cell, Mode, Stage};
use crate::load::{Footing, Length, Load, Observer};
use crate::process::{Cpu, available_bytes, n_cores, on_core};
use crate::progress::Bar;
use crate::servers::{self, Recipe, Server};

/// What one server did in one window.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    /// CPU time of the server for each request, and the part in user mode.
    pub(crate) cpu_us: f64,
    pub(crate) user_us: f64,
}

/// The samples of one cell.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Outcome {
    pub(crate) cell: Cell,
    pub(crate) n_keys: u32,
    pub(crate) servers: Vec<Samples>,
}

/// One server's samples, one for each round.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Samples {
    pub(crate) server: String,
    pub(crate) rounds: Vec<Sample>,
}

/// The servers of a stage, filled and frozen.
pub(super) struct Contest<'a> {
    options: &'a PeersOptions,
    servers: Vec<Server>,
    n_keys: u32,
}

impl<'a> Contest<'a> {
    pub(super) fn start(
        options: &'a PeersOptions,
        stage: Stage,
        recipes: &[Recipe],
        bar: &Bar,
    ) -> Result<Contest<'a>> {
        let n_keys = affordable(stage, stage.n_keys(options.keys), recipes.len(), bar)?;
        let footing =
            servers::Footing { real_time: options.places.real_time, ..stage.footing(n_keys) };
        let mut servers = Vec::new();
        for recipe in recipes {
            bar.say(format!("filling {} for {}", recipe.name, stage.name()));
            let server = recipe.start(footing)?;
            Load::fill(server.address, stage.wire(), stage.preload(n_keys))
                .run(&mut ())
                .with_context(|| format!("filling {}", server.name))?;
            server.freeze()?;
            servers.push(server);
        }
        Ok(Contest { options, servers, n_keys })
    }

    /// Rounds of one window for each server.
    pub(super) fn measure(&self, cell: Cell, bar: &Bar) -> Result<Outcome> {
        let workload = cell.workload(self.n_keys);
        let samples = |it: &Server| Samples { server: it.name.clone(), rounds: Vec::new() };
        let mut all: Vec<Samples> = self.servers.iter().map(samples).collect();
        for round in 0..self.options.rounds {
            for (server, samples) in self.servers.iter().zip(&mut all) {
                bar.say(format!("{}: {} #{}", cell.name(), server.name, round + 1));
                let load = cell.load(server.address, workload.clone());
                let sample = self
                    .answered_window(cell, server, &load)
                    .with_context(|| format!("{} in {}", server.name, cell.name()))?;
                samples.rounds.push(sample);
                bar.step();
            }
        }
        Ok(Outcome { cell, n_keys: self.n_keys, servers: all })
    }

    /// A window in which there was at least one reply: on a busy machine a short one can pass
    /// without the server having had its turn.
    fn answered_window(&self, cell: Cell, server: &Server, load: &Load) -> Result<Sample> {
        for _ in 0..WINDOW_TRIES {
            let sample = self.window(cell, server, load.clone())?;
            if sample.per_second > 0.0 {
                return Ok(sample);
            }
        }
        anyhow::bail!("no reply in {WINDOW_TRIES} windows of {} ms", self.options.window_ms)
    }

    fn window(&self, cell: Cell, server: &Server, load: Load) -> Result<Sample> {
        let core = (cell.stage.mode == Mode::Pinned).then_some(n_cores().min(2) - 1);
        let length =
            Length::For { warm_ms: self.options.warm_ms, measure_ms: self.options.window_ms };
        let footing = Footing { core, real_time: self.options.places.real_time };
        let load = Load { length, footing, ..load };
        let mut meter = Meter { pid: server.pid(), before: None, after: None };
        server.thaw()?;
        // The conductor too keeps away from the server's core.
        let report = on_core(core, || load.run(&mut meter))?;
        server.freeze()?;
        let report = report?;
        let (Some(before), Some(after)) = (meter.before, meter.after) else {
            anyhow::bail!("{} has no times in /proc", server.name);
        };
        let (total_ns, user_ns) = after.since(before);
        let per_request = |ns: u64| ns as f64 / 1e3 / report.n_replies.max(1) as f64;
        Ok(Sample {
            per_second: report.per_second(),
            p50_us: report.latency_us(0.5),
            p99_us: report.latency_us(0.99),
            p999_us: report.latency_us(0.999),
            cpu_us: per_request(total_ns),
            user_us: per_request(user_ns),
        })
    }
}

/// As many keys as all servers together can hold in three quarters of the free memory.
fn affordable(stage: Stage, n_keys: u32, n_servers: usize, bar: &Bar) -> Result<u32> {
    let room = available_bytes()? / 4 * 3 / n_servers as u64;
    let n_most = (room / stage.bytes_per_key()).min(u64::from(n_keys)) as u32;
    if n_most < n_keys {
        bar.note(&format!("{}: {n_most} keys instead of {n_keys}, for memory", stage.name()));
    }
    Ok(n_most)
}

/// Reads a server's CPU time at both ends of the window.
struct Meter {
    pid: u32,
    before: Option<Cpu>,
    after: Option<Cpu>,
}

impl Observer for Meter {
    fn begin(&mut self) {
        self.before = Cpu::of(self.pid).ok();
    }

    fn end(&mut self) {
        self.after = Cpu::of(self.pid).ok();
    }
}

const WINDOW_TRIES: u32 = 5;
