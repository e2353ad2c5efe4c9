//! `tandem-bench contention`: who waits for whose lock, counted on the cores there are, and what
//! follows for 16 cores. Shares of locks found held and times under locks say more than a
//! throughput that was measured with fewer cores than threads.

mod crew;
mod model;

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use anyhow::Result;

use self::crew::{Crew, Round, Through};
use self::model::{Expected, Moves, Operation, same_shard};
use crate::clock::now_ns;
use crate::front::Size;
use crate::load::{Keys, Spread};
use crate::process::{n_cores, stay_on_core};
use crate::progress::Bar;
use crate::results::Kept;

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct ContentionOptions {
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    size: Size,
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64, 256, 1024, 4096])]
    shards: Vec<usize>,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = SPREADS)]
    spread: Vec<Spread>,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = THROUGH)]
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

/// What measuring costs here, and what a line takes from core to core.
struct Machine {
    clock_ns: f64,
    line_ns: f64,
}

/// What was measured with one number of shards.
struct Row {
    n_shards: usize,
    /// The chance that two operations meet in one shard.
    same_shard: f64,
    /// Medians of the rounds: CPU time per operation alone, of two threads that share nothing,
    /// and of two that share a keyspace.
    alone_ns: f64,
    apart_ns: f64,
    shared_ns: f64,
    held_ns: f64,
    shared: Round,
    crowd: Round,
    /// Of a million locks, those that the model has two threads find held: more than can be
    /// counted where others want the cores too.
    held_by_model: f64,
    expected: Expected,
}

impl Row {
    fn line(&self) -> String {
        let Row { shared, crowd, expected, .. } = self;
        let first = format!("{:>6} {:>6.3}", self.n_shards, self.same_shard * 100.0);
        let alone = format!("{:>5.0} {:>5.0}", self.alone_ns, self.held_ns);
        let two = format!("{:>5.0} {:>7.0}", self.apart_ns, self.shared_ns);
        let waits = |it: &Round| {
            let (held, asleep) = (it.found_held(), it.held_by_sleepers());
            format!("{held:>6.0} {asleep:>6.0} {:>6.2}", it.waited_ns())
        };
        let (model, met, met_by_many) = (self.held_by_model, waits(shared), waits(crowd));
        let Expected { by_waits, as_felt, at_worst } = expected;
        format!(
            "{first} | {alone} | {two} | {model:>6.0} {met} | {met_by_many} | \
             {by_waits:>5.1} {as_felt:>5.1} {at_worst:>5.1}\n"
        )
    }
}

impl ContentionOptions {
    pub(crate) fn run(self) -> Result<()> {
        let mut text = String::new();
        let machine = Machine { clock_ns: clock_ns(), line_ns: line_ns()? };
        writeln!(
            text,
            "A line between these cores: {:.0} ns; on {} cores: {} ns. Reading the clock: {:.0} \
             ns, taken off.\n",
            machine.line_ns, self.cores, self.line_ns, machine.clock_ns
        )?;
        for through in &self.through {
            for spread in &self.spread {
                let rows = self.rows(*through, *spread, &machine)?;
                text += &self.table(*through, *spread, &rows)?;
            }
        }
        println!("{text}");
        self.kept.keep("contention", "txt", text.as_bytes())
    }

    fn rows(&self, through: Through, spread: Spread, here: &Machine) -> Result<Vec<Row>> {
        let bar = Bar::steps(self.shards.len() as u64);
        let keys = spread.keys(self.size.keys);
        let mut rows = Vec::new();
        for n_shards in &self.shards {
            bar.say(format!("{through:?}, {}, {n_shards} shards", spread.name()));
            rows.push(self.row(through, &keys, *n_shards, here)?);
            bar.step();
        }
        Ok(rows)
    }

    fn row(&self, through: Through, keys: &Keys, n_shards: usize, here: &Machine) -> Result<Row> {
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
        let by_shard = crews[0].shares(keys);
        let sum = |rounds: &[Round]| rounds.iter().copied().fold(Round::default(), Round::and);
        let [alone_ns, apart_ns, shared_ns] =
            [&alone, &apart, &shared].map(|it| median(it, Round::op_ns));
        let held_ns = median(&alone, |it| it.held_ns(here.clock_ns));
        let operation = Operation { op_ns: alone_ns, held_ns };
        // Of two, the other was the last to write every second time.
        let felt_here_ns = (shared_ns - apart_ns).max(0.0) * 2.0;
        let moves = Moves {
            felt_ns: felt_here_ns / here.line_ns * self.line_ns,
            whole_ns: LINES * self.line_ns,
        };
        Ok(Row {
            n_shards,
            same_shard: same_shard(&by_shard),
            alone_ns,
            apart_ns,
            shared_ns,
            held_ns,
            shared: sum(&shared),
            crowd,
            held_by_model: operation.found_held(2, &by_shard) * 1e6,
            expected: operation.on(self.cores, &by_shard, moves),
        })
    }

    fn table(&self, through: Through, spread: Spread, rows: &[Row]) -> Result<String> {
        let mut text = format!("{through:?}, {}: 10 GETs to 1 SET\n", spread.name());
        text += HEAD;
        for row in rows {
            text += &row.line();
        }
        if let Some(row) = rows.iter().find(|it| it.n_shards == self.cores * SHARDS_PER_WORKER) {
            writeln!(text, "{}", self.verdict(row))?;
        }
        Ok(text + "\n")
    }

    /// Whether the shards that a server with so many workers takes are enough.
    fn verdict(&self, row: &Row) -> String {
        let bound = self.cores as f64 * SHARE_MIN;
        let word = |times: f64| if bound <= times { "met" } else { "MISSED" };
        let Expected { by_waits, as_felt, at_worst } = row.expected;
        format!(
            "{} shards on {} cores, {bound:.0} times one core wanted: {} by waits for locks alone \
             ({by_waits:.1}), {} with lines as felt here ({as_felt:.1}), {} with all of their way \
             ({at_worst:.1}).",
            row.n_shards,
            self.cores,
            word(by_waits),
            word(as_felt),
            word(at_worst),
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
    let times: Vec<u64> = (0..CLOCK_READS).map(|_| now_ns()).collect();
    let gaps = times.windows(2).map(|it| it[1] - it[0]);
    // Few are interrupted: they are left out as interrupted holds are.
    let (n, sum_ns) = gaps.filter(|it| *it < 1000).fold((0, 0), |(n, sum), it| (n + 1, sum + it));
    sum_ns as f64 / f64::from(n)
}

/// What a cache line takes from the first core of this machine to the second: two threads write
/// to it in turns. The least of many short tries, as others may have the cores meanwhile.
fn line_ns() -> Result<f64> {
    let turn = AtomicU64::new(0);
    let play = |core: u64| {
        stay_on_core(core as usize % n_cores())?;
        let (mut least_ns, mut start_ns) = (u64::MAX, now_ns());
        for at in (core..LINE_TURNS * LINE_TRIES).step_by(2) {
            while turn.load(SeqCst) != at {
                std::hint::spin_loop();
            }
            turn.store(at + 1, SeqCst);
            if (at - core).is_multiple_of(LINE_TURNS) {
                let end_ns = now_ns();
                least_ns = least_ns.min(if at == core { u64::MAX } else { end_ns - start_ns });
                start_ns = end_ns;
            }
        }
        anyhow::Ok(least_ns)
    };
    let least_ns = std::thread::scope(|scope| {
        let players = [0, 1].map(|core| scope.spawn(move || play(core)));
        let [first, _] = players.map(|it| it.join().expect("players do not panic"));
        first
    })?;
    Ok(least_ns as f64 / LINE_TURNS as f64)
}

const HEAD: &str = "\
.         meet |    1 thread |     2 threads |        2 threads: locks held | \
16 threads: locks held | 16 cores: times 1
shards       % |    ns  held | apart  shared |  model   held asleep     ns | \
  held asleep     ns | waits  felt worst
";

const SPREADS: [Spread; 2] = [Spread::Uniform, Spread::Zipf];
const THROUGH: [Through; 2] = [Through::Engine, Through::Resp];

/// Threads whose meetings are counted, on however few cores.
const CROWD: usize = 16;

/// Shards that a server takes for each of its workers.
const SHARDS_PER_WORKER: usize = 64;

/// Wanted of each further core, beside the first: 12 times of 16.
const SHARE_MIN: f64 = 0.75;

/// Cache lines that an operation writes and another core may have written: one of a GET, that of
/// the lock; of a SET two more of its shard and three of an item of 88 bytes.
const LINES: f64 = (10.0 * 1.0 + 6.0) / 11.0;

/// Enough for a mean.
const CLOCK_READS: usize = 20_000;

/// A thread's time slice has room for many tries.
const LINE_TURNS: u64 = 1000;
const LINE_TRIES: u64 = 100;

const HELP: &str = "\
Columns: `meet`, the chance that two operations are in one shard. CPU time of an operation with one
thread, and how much of it under a lock; with two threads apart and on one keyspace. Of a million
locks, those that another thread held: by the model, as counted, and those whose holder slept; and
the time waited for the others in each operation. Expected throughput beside one core's, by waits
alone, with the cost of moving cache lines as two threads felt it, and with all of it.";
