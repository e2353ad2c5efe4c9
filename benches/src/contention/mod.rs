//! `tandem-bench contention`: who waits for whose lock, counted on the cores there are, and what
//! follows for 16 cores. Shares of locks found held and times under locks say more than a
//! throughput that was measured with fewer cores than threads.

mod crew;
mod model;

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use anyhow::Result;

use self::crew::{Crew, Round, Through};
use self::model::{Expected, Operation, same_shard};
use crate::clock::now_ns;
use crate::front::Size;
use crate::load::{Keys, Spread};
use crate::process::{n_cores, stay_on_core};
use crate::progress::Bar;
use crate::results::Kept;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ContentionOptions {
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    size: Size,
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64, 256, 1024, 4096])]
    shards: Vec<usize>,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Spread::Uniform, Spread::Zipf])]
    spread: Vec<Spread>,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Through::Engine, Through::Resp])]
    through: Vec<Through>,
    /// Cores to expect the throughput of
    #[arg(long, default_value_t = 16)]
    cores: usize,
    /// What a cache line takes from one core to another, in nanoseconds
    // Between two dies of Zen 4; within one it is 15 to 19 (AnandTech on the Ryzen 9 7950X).
    #[arg(long, default_value_t = 80.0)]
    line_ns: f64,
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[arg(long, default_value_t = 100)]
    round_ms: u64,
}

/// What was measured with one number of shards.
struct Row {
    n_shards: usize,
    /// The chance that two operations meet in one shard.
    same_shard: f64,
    alone: Round,
    /// Medians of the rounds: CPU time per operation alone, of two threads that share nothing,
    /// and of two that share a keyspace.
    alone_ns: f64,
    apart_ns: f64,
    shared_ns: f64,
    held_ns: f64,
    shared: Round,
    crowd: Round,
    /// Of a million locks, those that the model has two threads find held.
    held_by_model: f64,
    expected: Expected,
}

impl ContentionOptions {
    pub(crate) fn run(self) -> Result<()> {
        let mut text = String::new();
        let clock_ns = clock_ns();
        writeln!(
            text,
            "A line between these cores: {:.0} ns; the model takes {} ns. Reading the clock: \
             {clock_ns:.0} ns, taken off.\n",
            line_ns()?,
            self.line_ns
        )?;
        for through in &self.through {
            for spread in &self.spread {
                let rows = self.rows(*through, *spread, clock_ns)?;
                text += &self.table(*through, *spread, &rows)?;
            }
        }
        println!("{text}");
        self.kept.keep("contention", "txt", text.as_bytes())
    }

    fn rows(&self, through: Through, spread: Spread, clock_ns: f64) -> Result<Vec<Row>> {
        let bar = Bar::steps(self.shards.len() as u64);
        let keys = spread.keys(self.size.keys);
        let mut rows = Vec::new();
        for n_shards in &self.shards {
            bar.say(format!("{through:?}, {}, {n_shards} shards", spread.name()));
            rows.push(self.row(through, &keys, *n_shards, clock_ns)?);
            bar.step();
        }
        Ok(rows)
    }

    fn row(&self, through: Through, keys: &Keys, n_shards: usize, clock_ns: f64) -> Result<Row> {
        let crew = |n| Crew::new(through, self.size, keys, n_shards, n);
        let mut crews = [crew(CROWD)?, crew(1)?];
        let [mut alone, mut apart, mut shared] = [const { Vec::new() }; 3];
        let mut crowd = Round::default();
        for _ in 0..self.rounds {
            alone.push(crew::together(&mut crews[0], 1, self.round_ms));
            apart.push(crew::apart(&mut crews, self.round_ms));
            shared.push(crew::together(&mut crews[0], 2, self.round_ms));
            crowd = crowd.and(crew::together(&mut crews[0], CROWD, self.round_ms));
        }
        let shares = crews[0].shares(keys);
        let sum = |rounds: &[Round]| rounds.iter().copied().fold(Round::default(), Round::and);
        let alone_ns = median(&alone, Round::op_ns);
        let held_ns = median(&alone, |it| it.held_ns(clock_ns));
        let operation = Operation { op_ns: alone_ns, held_ns, lines: LINES };
        Ok(Row {
            n_shards,
            same_shard: same_shard(&shares),
            alone: sum(&alone),
            alone_ns,
            apart_ns: median(&apart, Round::op_ns),
            shared_ns: median(&shared, Round::op_ns),
            held_ns,
            shared: sum(&shared),
            crowd,
            held_by_model: operation.found_held(2, &shares) * 1e6,
            expected: operation.on(self.cores, &shares, self.line_ns),
        })
    }

    fn table(&self, through: Through, spread: Spread, rows: &[Row]) -> Result<String> {
        let mut text = format!("{through:?}, {}: 10 GETs to 1 SET\n{HEAD}", spread.name());
        for row in rows {
            let Expected { by_waits, by_waits_and_lines } = row.expected;
            writeln!(
                text,
                "{:>6} {:>8.4} | {:>6.0} {:>6.0} | {:>6.0} {:>6.0} | {:>7.0} {:>7.0} {:>6.2} | \
                 {:>7.0} {:>7.2} {:>8.2} | {:>5.1} {:>5.1}",
                row.n_shards,
                row.same_shard * 100.0,
                row.alone_ns,
                row.held_ns,
                row.apart_ns,
                row.shared_ns,
                row.held_by_model,
                row.shared.found_held(),
                row.shared.waited_ns(),
                row.crowd.found_held(),
                row.crowd.waited_ns(),
                row.crowd.locks.waited_max_ns as f64 / 1e6,
                by_waits,
                by_waits_and_lines,
            )?;
        }
        if let Some(row) = rows.iter().find(|it| it.n_shards == self.cores * SHARDS_PER_WORKER) {
            writeln!(text, "{}", self.verdict(row))?;
        }
        Ok(text + "\n")
    }

    /// Whether the shards that a server with so many workers takes are enough.
    fn verdict(&self, row: &Row) -> String {
        let bound = self.cores as f64 * SHARE_MIN;
        let Expected { by_waits, by_waits_and_lines } = row.expected;
        let locks = (row.alone.locks.n_locks + row.alone.locks.n_looks) as f64;
        let stands_in_the_way = match (bound <= by_waits, bound <= by_waits_and_lines) {
            (true, true) => "met",
            (true, false) => "MISSED for lines that move between cores, not for waits",
            (false, _) => "MISSED for waits",
        };
        format!(
            "{stands_in_the_way}: {by_waits_and_lines:.1} times one core's throughput expected on \
             {} with {} shards, {bound:.0} wanted; {:.2} locks an operation",
            self.cores,
            row.n_shards,
            locks / row.alone.n_requests as f64,
        )
    }
}

fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What one reading of the clock takes.
fn clock_ns() -> f64 {
    let start_ns = now_ns();
    let n = 1_000_000;
    let last_ns = (0..n).map(|_| now_ns()).max().unwrap_or(start_ns);
    (last_ns - start_ns) as f64 / f64::from(n)
}

/// What a cache line takes from the first core of this machine to the second: two threads write
/// to it in turns. The least of several tries, as others may have the cores meanwhile.
fn line_ns() -> Result<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..LINE_TRIES {
        let turn = AtomicU64::new(0);
        let play = |core: usize| {
            stay_on_core(core % n_cores())?;
            for at in (core as u64..LINE_TURNS).step_by(2) {
                while turn.load(SeqCst) != at {
                    std::hint::spin_loop();
                }
                turn.store(at + 1, SeqCst);
            }
            anyhow::Ok(())
        };
        let start_ns = now_ns();
        std::thread::scope(|scope| {
            let players = [0, 1].map(|core| scope.spawn(move || play(core)));
            players.into_iter().try_for_each(|it| it.join().expect("players do not panic"))
        })?;
        least = least.min((now_ns() - start_ns) as f64 / LINE_TURNS as f64);
    }
    Ok(least)
}

const HEAD: &str = "\
              2 meet |  1 thread: ns | 2 threads: ns |  found held per 10^6 |  16 threads here, per op  |  16 cores: times 1
shards  in one, %|     op   held |  apart shared |   model counted wait ns |    held wait ns   max ms | waits +lines
";

/// Threads whose meetings are counted, on however few cores.
const CROWD: usize = 16;

/// Shards that a server takes for each of its workers.
const SHARDS_PER_WORKER: usize = 64;

/// Wanted of each further core, beside the first: 12 times of 16.
const SHARE_MIN: f64 = 0.75;

/// Cache lines that an operation writes and another core may have written: one of a GET, that of
/// the lock; of a SET two more of its shard and three of an item of 88 bytes.
const LINES: f64 = (10.0 * 1.0 + 6.0) / 11.0;

const LINE_TURNS: u64 = 200_000;
const LINE_TRIES: usize = 5;
