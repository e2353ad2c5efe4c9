//! The project's goals: which cells have some, and whether an outcome meets them.

use std::fmt::Write;

use super::contest::{Outcome, Sample, Samples};
use super::matrix::{Cell, Content, Mode};
use super::table::Measure;
use crate::load::{BIG, Collection, Protocol, SMALL, Spread, Work};
use crate::servers::FLOOR;
use crate::spanned::Spanned;

/// A bound on the ratio of one of Tandem's figures to a rival's, in the same round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    what: What,
    rival: Rival,
    bound: Bound,
}

/// The figure that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Cpu,
    CpuInUser,
    P99,
    P999,
    Throughput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rival {
    /// Valkey, or memcached.
    Usual,
    /// Whichever peer has the best median.
    BestPeer,
    /// The server that stores nothing.
    Floor,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// The goals of a cell: GETs and SETs of uniform keys, where it is not said otherwise.
pub(super) fn of(cell: Cell) -> Vec<Goal> {
    let is_fifty = cell.n_connections == 50;
    if cell.spread != Spread::Uniform || cell.work == Work::Varied {
        return Vec::new();
    }
    if ONE_GOAL_WORKS.contains(&cell.work) {
        let is_measured = cell.stage.mode == Mode::Pinned && is_fifty && cell.pipeline == 16;
        return match cell.stage.content {
            Content::Strings { value_bytes } if is_measured => of_work(cell.work, value_bytes),
            _ => Vec::new(),
        };
    }
    match (cell.stage.mode, cell.stage.content) {
        (Mode::Pinned, Content::Strings { value_bytes: 64 | 512 })
            if is_fifty || (cell.n_connections == 200 && cell.pipeline == 1) =>
        {
            small_values(cell.stage.protocol, cell.pipeline)
        }
        (Mode::Pinned, Content::Strings { value_bytes: 4096 })
            if is_fifty && PIPELINES.contains(&cell.pipeline) =>
        {
            vec![
                What::Cpu.at_most(1.0, Rival::BestPeer),
                What::P99.at_most(NOT_WORSE, Rival::BestPeer),
            ]
        }
        (Mode::Pinned, Content::Frames { value_bytes: 64 })
            if is_fifty && cell.pipeline == 16 && cell.work == Work::BinaryMultiGet =>
        {
            vec![What::Cpu.at_most(0.60, Rival::Usual), What::P99.at_most(NOT_WORSE, Rival::Usual)]
        }
        (Mode::Pinned, Content::Carts) if is_fifty && cell.pipeline == 16 => {
            vec![What::Cpu.at_most(0.70, Rival::Usual), What::P99.at_most(NOT_WORSE, Rival::Usual)]
        }
        (Mode::Pinned, Content::Collections { kind: Collection::SortedSet, n_elements })
            if is_fifty && cell.pipeline == 16 && [SMALL, BIG].contains(&n_elements) =>
        {
            vec![What::Cpu.at_most(0.80, Rival::Usual), What::P99.at_most(NOT_WORSE, Rival::Usual)]
        }
        (Mode::Shared, Content::Strings { value_bytes: 64 })
            if is_fifty && [16, 100].contains(&cell.pipeline) =>
        {
            let least = if cell.stage.protocol == Protocol::Resp { 1.3 } else { 1.2 };
            let bound = Bound::AtLeast(least);
            vec![Goal { what: What::Throughput, rival: Rival::Usual, bound }]
        }
        _ => Vec::new(),
    }
}

fn of_work(work: Work, value_bytes: usize) -> Vec<Goal> {
    let most = match (work, value_bytes) {
        (Work::Meta, 64 | 512) => 0.55,
        (Work::MultiGet, 64) => 0.40,
        (Work::RateLimiter, 64) => 0.80,
        (Work::Transaction, 64) => 0.60,
        _ => return Vec::new(),
    };
    vec![What::Cpu.at_most(most, Rival::Usual), What::P99.at_most(NOT_WORSE, Rival::Usual)]
}

fn small_values(protocol: Protocol, pipeline: usize) -> Vec<Goal> {
    let usual = |what: What, bound| what.at_most(bound, Rival::Usual);
    let mut goals = match (protocol, pipeline) {
        (Protocol::Resp, 1) => vec![usual(What::CpuInUser, 0.55), usual(What::Cpu, 0.90)],
        (Protocol::Resp, 16) => vec![usual(What::Cpu, 0.55)],
        (Protocol::Resp, 100) => vec![usual(What::Cpu, 0.32)],
        (Protocol::Memcached, 1) => vec![usual(What::CpuInUser, 0.90), usual(What::Cpu, 0.95)],
        (Protocol::Memcached, 16) => vec![usual(What::Cpu, 0.47)],
        (Protocol::Memcached, 100) => vec![usual(What::Cpu, 0.26)],
        _ => return Vec::new(),
    };
    if pipeline == 1 {
        goals.push(What::Cpu.at_most(1.25, Rival::Floor));
    }
    goals.push(usual(What::P99, NOT_WORSE));
    goals
}

/// The goals of an open loop.
pub(super) fn of_tails() -> Vec<Goal> {
    [What::P99, What::P999].map(|it| it.at_most(NOT_WORSE, Rival::BestPeer)).to_vec()
}

/// Lines for the goals of all outcomes, and how many are met.
pub(super) fn report(outcomes: &[Outcome]) -> String {
    let (mut lines, mut n_met, mut n_all) = (String::new(), 0, 0);
    for outcome in outcomes {
        for goal in of(outcome.cell) {
            let verdict = goal.verdict(outcome);
            n_all += 1;
            n_met += usize::from(verdict.starts_with(MET));
            let _ = writeln!(lines, "{verdict}");
        }
    }
    if n_all == 0 {
        return lines;
    }
    format!(
        "Goals (Tandem's ratio to the rival, round by round; to the best peer, of the medians): \
         {n_met} of {n_all} met\n{lines}"
    )
}

impl What {
    fn at_most(self, bound: f64, rival: Rival) -> Goal {
        Goal { what: self, rival, bound: Bound::AtMost(bound) }
    }

    fn measure(self) -> Measure {
        match self {
            What::Cpu => |it: &Sample| it.cpu_us,
            What::CpuInUser => |it: &Sample| it.user_us,
            What::P99 => |it: &Sample| it.p99_us,
            What::P999 => |it: &Sample| it.p999_us,
            What::Throughput => |it: &Sample| it.per_second,
        }
    }

    fn name(self) -> &'static str {
        match self {
            What::Cpu => "CPU",
            What::CpuInUser => "CPU in user",
            What::P99 => "p99",
            What::P999 => "p99.9",
            What::Throughput => "ops/s",
        }
    }
}

impl Bound {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Bound::AtMost(most) => ratio <= most,
            Bound::AtLeast(least) => ratio >= least,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Bound::AtMost(most) => write!(f, "<= {most:.2}"),
            Bound::AtLeast(least) => write!(f, ">= {least:.2}"),
        }
    }
}

impl Goal {
    /// One line that begins with `MET` or says why not.
    pub(super) fn verdict(self, outcome: &Outcome) -> String {
        let (cell, what) = (outcome.cell.name(), self.what.name());
        let measured = outcome.tandem().zip(self.rival(outcome));
        let Some((tandem, rival)) = measured else {
            return format!("ABSENT {cell:<48}{what:<13}nothing to compare");
        };
        let ratio = self.ratio(tandem, rival);
        let limit = (self.what == What::Throughput).then(|| tandem.load_limit(rival, outcome.cell));
        let word = if self.bound.holds(ratio.median) {
            MET
        } else if limit.as_ref().is_some_and(|it| !self.bound.holds(it.median)) {
            // No server can be so fast beside this load.
            "LIMIT"
        } else {
            "MISSED"
        };
        let mut line =
            format!("{word:<7}{cell:<48}{what:<13}{ratio:<22.3}{} of {}", self.bound, rival.server);
        if let Some(limit) = limit {
            let _ = write!(line, "; a server at no cost: {limit}, the load generator's limit");
        }
        line
    }

    /// Round by round; but whoever is the best by its median is compared by its median.
    fn ratio(self, tandem: &Samples, rival: &Samples) -> Spanned {
        let measure = self.what.measure();
        let by_round = tandem.ratio(rival, measure);
        if self.rival != Rival::BestPeer {
            return by_round;
        }
        Spanned { median: tandem.of(measure).median / rival.of(measure).median, ..by_round }
    }

    fn rival(self, outcome: &Outcome) -> Option<&Samples> {
        let begins = |name: &'static str| move |it: &&Samples| it.server.starts_with(name);
        let mut servers = outcome.servers.iter();
        match (self.rival, outcome.cell.stage.protocol) {
            (Rival::Floor, _) => servers.find(begins(FLOOR)),
            (Rival::Usual, Protocol::Resp) => servers.find(begins("valkey")),
            (Rival::Usual, Protocol::Memcached) => servers.find(begins("memcached")),
            (Rival::BestPeer, _) => {
                let median = |it: &Samples| it.of(self.what.measure()).median;
                servers.filter(|it| it.is_peer()).min_by(|a, b| median(a).total_cmp(&median(b)))
            }
        }
    }
}

impl Samples {
    /// What this server's ratio of throughput to `other`'s would be if it cost nothing: the load
    /// then has all of its cores, at the CPU time for each request that it took.
    fn load_limit(&self, other: &Samples, cell: Cell) -> Spanned {
        let rounds = self.rounds.iter().zip(&other.rounds);
        let cores = cell.n_load_cores() as f64;
        Spanned::of(
            rounds.map(|(ours, theirs)| {
                ours.per_second / ours.load_cores * cores / theirs.per_second
            }),
        )
    }
}

const MET: &str = "met";
/// A tenth is within what a busy machine does to a tail.
const NOT_WORSE: f64 = 1.10;
const PIPELINES: [usize; 3] = [1, 16, 100];
const ONE_GOAL_WORKS: [Work; 4] =
    [Work::Meta, Work::MultiGet, Work::RateLimiter, Work::Transaction];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Work;
    use crate::peers::matrix::Stage;

    fn cell(mode: Mode, value_bytes: usize, n_connections: usize, pipeline: usize) -> Cell {
        let content = Content::Strings { value_bytes };
        let stage = Stage { mode, protocol: Protocol::Resp, content };
        Cell { stage, work: Work::Strings, spread: Spread::Uniform, n_connections, pipeline }
    }

    fn outcome(cell: Cell, servers: &[(&str, Sample)]) -> Outcome {
        let samples =
            |(name, it): &(&str, Sample)| Samples { server: (*name).into(), rounds: vec![*it; 3] };
        Outcome { cell, n_keys: 1, servers: servers.iter().map(samples).collect() }
    }

    #[test]
    fn goals_stand_where_they_are_written() {
        let n_goals = |value_bytes, n_connections, pipeline| {
            of(cell(Mode::Pinned, value_bytes, n_connections, pipeline)).len()
        };
        assert_eq!([n_goals(64, 50, 1), n_goals(512, 200, 1)], [4, 4]);
        assert_eq!([n_goals(64, 50, 16), n_goals(512, 50, 100), n_goals(4096, 50, 1)], [2; 3]);
        assert_eq!([n_goals(64, 200, 16), n_goals(4096, 200, 1), n_goals(63, 50, 1)], [0; 3]);
        assert_eq!(of(cell(Mode::Shared, 64, 50, 100)).len(), 1);
        let zipf = Cell { spread: Spread::Zipf, ..cell(Mode::Pinned, 64, 50, 1) };
        assert!(of(zipf).is_empty() && of(cell(Mode::Shared, 64, 50, 1)).is_empty());
    }

    #[test]
    fn each_goal_finds_its_rival() {
        let cpu = |cpu_us| Sample { cpu_us, p99_us: 10.0, ..Sample::default() };
        let servers = [
            ("tandem", cpu(1.0)),
            ("valkey 8.1.1", cpu(2.0)),
            ("redis 8", cpu(0.9)),
            (FLOOR, cpu(0.5)),
        ];
        let measured = outcome(cell(Mode::Pinned, 64, 50, 1), &servers);
        let line = |rival| What::Cpu.at_most(0.55, rival).verdict(&measured);
        assert!(line(Rival::Usual).starts_with("met"), "{}", line(Rival::Usual));
        assert!(line(Rival::BestPeer).contains("1.111 (1.111-1.111)   <= 0.55 of redis 8"));
        assert!(line(Rival::Floor).starts_with("MISSED") && line(Rival::Floor).contains("2.000 ("));
        let alone = outcome(measured.cell, &servers[..1]);
        assert!(What::Cpu.at_most(1.0, Rival::Usual).verdict(&alone).starts_with("ABSENT"));
    }

    #[test]
    fn the_best_peer_is_compared_by_its_median() {
        let tails = |server: &str, p99s: [f64; 3]| Samples {
            server: server.into(),
            rounds: p99s.map(|p99_us| Sample { p99_us, ..Sample::default() }).to_vec(),
        };
        let servers = vec![tails("tandem", [1.0, 4.0, 9.0]), tails("redis", [2.0, 100.0, 1.0])];
        let measured = Outcome { servers, ..outcome(cell(Mode::Pinned, 64, 50, 1), &[]) };
        let line = of_tails()[0].verdict(&measured);
        assert!(line.starts_with("MISSED") && line.contains("2.000 (0.040-9.000)"), "{line}");
    }

    #[test]
    fn throughput_is_not_asked_of_a_server_beyond_what_the_load_can_do() {
        let rate = |per_second, load_cores| Sample { per_second, load_cores, ..Sample::default() };
        let verdict = |ours, load_cores| {
            let servers = [("tandem", rate(ours, load_cores)), ("valkey", rate(100.0, 1.0))];
            let measured = outcome(cell(Mode::Shared, 64, 50, 16), &servers);
            of(measured.cell)[0].verdict(&measured)
        };
        let cores = cell(Mode::Shared, 64, 50, 16).n_load_cores() as f64;
        assert!(verdict(140.0, 0.1).starts_with("met"));
        assert!(verdict(120.0, 0.1).starts_with("MISSED"));
        assert!(verdict(120.0, cores).starts_with("LIMIT"));
    }
}
