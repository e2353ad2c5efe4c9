//! Measures the cells of one stage: all servers side by side, in turns.

use anyhow::{Context, Result};

use super::matrix::{Cell, Mode, Stage};
use crate::load::{Footing, Length, Load, Observer, Pace, Replies, Work};
use crate::process::{Cpu, available_bytes, n_cores, on_core};
use crate::progress::Bar;
use crate::sampling::Sampling;
use crate::servers::{self, Places, Recipe, Server};

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
    /// Cores that the load threads kept busy.
    pub(crate) load_cores: f64,
}

/// How often and how long is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) n_rounds: usize,
    pub(super) window_ms: u64,
    pub(super) warm_ms: u64,
    /// A window beside each in which the user part is sampled; 0 for none.
    pub(super) sampled_ms: u64,
    pub(super) pace: Pace,
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
pub(super) struct Contest {
    servers: Vec<Server>,
    n_keys: u32,
    real_time: bool,
}

impl Contest {
    /// With `n_keys` strings, or a tenth as many carts, in each server.
    pub(super) fn start(
        stage: Stage,
        recipes: &[Recipe],
        places: &Places,
        n_keys: u32,
        bar: &Bar,
    ) -> Result<Contest> {
        let real_time = places.real_time && stage.mode == Mode::Pinned;
        let n_keys = affordable(stage, stage.n_keys(n_keys), recipes.len(), bar)?;
        let footing = servers::Footing { real_time, ..stage.footing(n_keys) };
        let mut servers = Vec::new();
        for recipe in recipes {
            bar.say(format!("filling {} for {}", recipe.name, stage.name()));
            let server = recipe.start(footing)?;
            if server.replies == Replies::Stored {
                let footing = Footing { real_time, ..Footing::default() };
                let fill = Load::fill(server.address, stage.wire(), stage.preload(n_keys));
                Load { footing, ..fill }
                    .run(&mut ())
                    .with_context(|| format!("filling {}", server.name))?;
            }
            server.freeze()?;
            servers.push(server);
        }
        Ok(Contest { servers, n_keys, real_time })
    }

    /// Rounds of one window for each server.
    pub(super) fn measure(&self, cell: Cell, terms: Terms, bar: &Bar) -> Result<Outcome> {
        let workload = cell.workload(self.n_keys);
        // The floor's server knows no meta commands.
        let is_able = |it: &&Server| cell.work != Work::Meta || it.replies == Replies::Stored;
        let servers: Vec<&Server> = self.servers.iter().filter(is_able).collect();
        let samples = |it: &&Server| Samples { server: it.name.clone(), rounds: Vec::new() };
        let mut all: Vec<Samples> = servers.iter().map(samples).collect();
        for round in 0..terms.n_rounds {
            for (server, samples) in servers.iter().zip(&mut all) {
                bar.say(format!("{}: {} #{}", cell.name(), server.name, round + 1));
                let load = cell.load(server.address, workload.clone());
                let load = Load {
                    wire: load.wire.clone().answered_by(server.replies),
                    pace: terms.pace,
                    footing: self.footing(cell),
                    ..load
                };
                let sample = answered_window(terms, server, &load)
                    .with_context(|| format!("{} in {}", server.name, cell.name()))?;
                samples.rounds.push(sample);
                bar.step();
            }
        }
        Ok(Outcome { cell, n_keys: self.n_keys, servers: all })
    }

    /// The load keeps away from the server's core.
    fn footing(&self, cell: Cell) -> Footing {
        let core = (cell.stage.mode == Mode::Pinned).then_some(n_cores().min(2) - 1);
        Footing { core, real_time: self.real_time }
    }
}

/// A window in which there was at least one reply: on a busy machine a short one can pass
/// without the server having had its turn.
fn answered_window(terms: Terms, server: &Server, load: &Load) -> Result<Sample> {
    for _ in 0..WINDOW_TRIES {
        server.thaw()?;
        // The conductor stays with the load.
        let sample = on_core(load.footing.core, || window(terms, server, load));
        server.freeze()?;
        let sample = sample??;
        if sample.per_second > 0.0 {
            return Ok(sample);
        }
    }
    anyhow::bail!("no reply in {WINDOW_TRIES} windows of {} ms", terms.window_ms)
}

fn window(terms: Terms, server: &Server, load: &Load) -> Result<Sample> {
    let Terms { window_ms, warm_ms, sampled_ms, .. } = terms;
    let lasting = |measure_ms| Length::For { warm_ms, measure_ms };
    let mut meter = Meter { pid: server.pid(), before: None, after: None };
    let report = Load { length: lasting(window_ms), ..load.clone() }.run(&mut meter)?;
    let (Some(before), Some(after)) = (meter.before, meter.after) else {
        anyhow::bail!("{} has no times in /proc", server.name);
    };
    let (total_ns, user_by_ticks_ns) = after.since(before);
    let sampled = Load { length: lasting(sampled_ms), ..load.clone() };
    let share = if sampled_ms > 0 { user_share(server, &sampled)? } else { None };
    let user_ns = share.map_or(user_by_ticks_ns, |it| (total_ns as f64 * it) as u64);
    let per_request = |ns: u64| ns as f64 / 1e3 / report.n_replies.max(1) as f64;
    Ok(Sample {
        per_second: report.per_second(),
        p50_us: report.latency_us(0.5),
        p99_us: report.latency_us(0.99),
        p999_us: report.latency_us(0.999),
        cpu_us: per_request(total_ns),
        user_us: per_request(user_ns),
        load_cores: report.busy_cores,
    })
}

/// The share of user mode under this load. It has a window of its own, because a server that is
/// sampled needs about a tenth more CPU time. `None` where the kernel does not allow it.
fn user_share(server: &Server, load: &Load) -> Result<Option<f64>> {
    let mut sampler = Sampler(Sampling::of(server.pid()).ok());
    if sampler.0.is_some() {
        load.run(&mut sampler)?;
    }
    Ok(sampler.0.and_then(Sampling::user_share))
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

/// Samples a server from the start to the end of the window.
struct Sampler(Option<Sampling>);

impl Observer for Sampler {
    fn begin(&mut self) {
        self.0 = self.0.take().and_then(|it| it.started().ok());
    }

    fn end(&mut self) {
        self.0 = self.0.take().and_then(|it| it.stopped().ok());
    }
}

const WINDOW_TRIES: u32 = 5;
