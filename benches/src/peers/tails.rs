//! `tandem-bench tails`: latencies in an open loop, all servers at one rate that each can serve.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use super::contest::{Contest, Outcome, Samples, Terms};
use super::goals;
use super::matrix::{Cell, Content, Mode, Stage};
use crate::load::{Pace, Protocol, Spread, Work};
use crate::process::{self, Priority};
use crate::progress::Bar;
use crate::results::Kept;
use crate::servers::Places;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TailsOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["resp", "memcached"])]
    protocol: Vec<Protocol>,
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "64")]
    value_bytes: Vec<usize>,
    /// Keys, all written before
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    #[arg(long, short, default_value_t = 50)]
    connections: usize,
    /// The rate, as a part of what the slowest server does in a closed loop
    #[arg(long, default_value_t = 0.6)]
    share: f64,
    /// Windows of each server, in turns
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    #[arg(long, default_value_t = 3000)]
    window_ms: u64,
    #[arg(long, default_value_t = 300)]
    warm_ms: u64,
    #[command(flatten)]
    kept: Kept,
}

/// What one comparison found.
#[derive(serde::Serialize)]
struct Tails {
    closed: Outcome,
    /// Requests a second.
    rate: f64,
    open: Outcome,
}

impl TailsOptions {
    pub(crate) fn run(self) -> Result<()> {
        if self.rounds == 0 || self.keys == 0 || self.window_ms == 0 || self.connections == 0 {
            bail!("rounds, keys, window-ms and connections must be at least 1");
        }
        if !(self.share > 0.0 && self.share < 1.0) {
            bail!("share must lie between 0 and 1");
        }
        if self.places.real_time {
            process::run_before_others(Priority::Conductor)?;
        }
        let mut all = Vec::new();
        let mut text = String::from(HEAD);
        for protocol in &self.protocol {
            for value_bytes in &self.value_bytes {
                let tails = self.measure(*protocol, *value_bytes)?;
                text.push_str(&tails.text());
                all.push(tails);
            }
        }
        println!("{text}");
        self.kept.keep("tails", "txt", text.as_bytes())?;
        self.kept.keep("tails", "json", &serde_json::to_vec_pretty(&all)?)
    }

    fn measure(&self, protocol: Protocol, value_bytes: usize) -> Result<Tails> {
        let cell = cell(protocol, value_bytes, self.connections);
        let recipes = self.places.recipes(protocol)?;
        let bar = Bar::steps((recipes.len() * (CLOSED_ROUNDS + self.rounds)) as u64);
        let contest = Contest::start(cell.stage, &recipes, &self.places, self.keys, &bar)?;
        let warm_ms = self.warm_ms;
        let terms = Terms {
            n_rounds: CLOSED_ROUNDS,
            window_ms: self.window_ms.min(CLOSED_MS),
            warm_ms,
            sampled_ms: 0,
            pace: Pace::Closed,
        };
        let closed = contest.measure(cell, terms, &bar)?;
        let per_second = self.share * slowest(&closed).context("no server was measured")?;
        let (n_rounds, window_ms) = (self.rounds, self.window_ms);
        let pace = Pace::Open { per_second };
        let terms = Terms { n_rounds, window_ms, warm_ms, sampled_ms: 0, pace };
        Ok(Tails { closed, rate: per_second, open: contest.measure(cell, terms, &bar)? })
    }
}

fn cell(protocol: Protocol, value_bytes: usize, n_connections: usize) -> Cell {
    let content = Content::Strings { value_bytes };
    let stage = Stage { mode: Mode::Pinned, protocol, content };
    Cell { stage, work: Work::Strings, spread: Spread::Uniform, n_connections, pipeline: 1 }
}

/// The throughput of the slowest server.
fn slowest(outcome: &Outcome) -> Option<f64> {
    let rates = outcome.servers.iter().map(throughput);
    rates.min_by(f64::total_cmp)
}

fn throughput(samples: &Samples) -> f64 {
    samples.of(|it| it.per_second).median
}

impl Tails {
    fn text(&self) -> String {
        let Tails { closed, rate, open } = self;
        let mut text = format!("\n{} at {rate:.0} requests/s\n", open.cell.name());
        let _ = writeln!(
            text,
            "  {:<20}{:>13}{:>9}   {:<25}{:<25}{:<25}",
            "", "closed ops/s", "ops/s", "p50", "p99", "p99.9"
        );
        for (closed, open) in closed.servers.iter().zip(&open.servers) {
            let _ = writeln!(
                text,
                "  {:<20}{:>13.0}{:>9.0}   {:<25.0}{:<25.0}{:<25.0}",
                open.server,
                throughput(closed),
                throughput(open),
                open.of(|it| it.p50_us),
                open.of(|it| it.p99_us),
                open.of(|it| it.p999_us),
            );
        }
        for goal in goals::of_tails() {
            let _ = writeln!(text, "{}", goal.verdict(open));
        }
        text
    }
}

const HEAD: &str = "Latency in microseconds in an open loop, from when each request was due, sent \
    or not: medians of the rounds\n(least-most). The rate is a part of what the slowest server \
    does in a closed loop. Ratios are of the medians\n(least-most of the rounds); a tenth more \
    than the best peer counts as noise.\n";
/// Throughput is steadier than tails: little is enough to find a rate.
const CLOSED_ROUNDS: usize = 3;
const CLOSED_MS: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::contest::Sample;

    #[test]
    fn the_rate_is_that_of_the_slowest_server() {
        let samples = |server: &str, rates: [f64; 3]| Samples {
            server: server.into(),
            rounds: rates.map(|per_second| Sample { per_second, ..Sample::default() }).to_vec(),
        };
        let servers =
            vec![samples("tandem", [110.0, 120.0, 10.0]), samples("valkey", [100.0, 101.0, 300.0])];
        assert_eq!(
            slowest(&Outcome { cell: cell(Protocol::Resp, 64, 50), n_keys: 1, servers }),
            Some(101.0)
        );
    }
}
