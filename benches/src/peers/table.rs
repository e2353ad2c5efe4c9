//! The outcomes as text: one table, and what they mean for the project's goals.

use std::fmt::Write;

use super::contest::{Outcome, Sample, Samples};
use super::matrix::Mode;
use crate::load::{Protocol, Work};
use crate::spanned::Spanned;

type Measure = fn(&Sample) -> f64;

impl Samples {
    pub(super) fn of(&self, measure: Measure) -> Spanned {
        Spanned::of(self.rounds.iter().map(measure))
    }

    /// Of this server to `other`, round by round.
    fn ratio(&self, other: &Samples, measure: Measure) -> Spanned {
        let rounds = self.rounds.iter().zip(&other.rounds);
        Spanned::of(rounds.map(|(ours, theirs)| measure(ours) / measure(theirs)))
    }

    pub(super) fn is_tandem(&self) -> bool {
        self.server == "tandem"
    }
}

/// One table of all cells and servers.
pub(super) fn rows(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "Medians of the rounds. Latency and the server's CPU time for each request in \
         microseconds.\nRatios are Tandem's to the peer's in the same round: median \
         (least-most).\n",
    );
    let _ = writeln!(
        text,
        "\n{:<22}{:>11}{:>9}{:>9}{:>9}{:>8}{:>8}   {:<19}{:<19}{:<19}{:<19}",
        "",
        "ops/s",
        "p50",
        "p99",
        "p99.9",
        "CPU",
        "(user)",
        "CPU ratio",
        "user ratio",
        "ops ratio",
        "p99 ratio"
    );
    for outcome in outcomes {
        let _ = writeln!(text, "{}", outcome.cell.name());
        let tandem = outcome.servers.iter().find(|it| it.is_tandem());
        for samples in &outcome.servers {
            text.push_str(&row(samples, tandem));
        }
    }
    text
}

fn row(samples: &Samples, tandem: Option<&Samples>) -> String {
    let median = |measure: Measure| samples.of(measure).median;
    let mut line = format!(
        "  {:<20}{:>11.0}{:>9.0}{:>9.0}{:>9.0}{:>8.2}{:>8.2}   ",
        samples.server,
        median(|it| it.per_second),
        median(|it| it.p50_us),
        median(|it| it.p99_us),
        median(|it| it.p999_us),
        median(|it| it.cpu_us),
        median(|it| it.user_us),
    );
    if let Some(tandem) = tandem.filter(|_| !samples.is_tandem()) {
        let measures: [Measure; 4] =
            [|it| it.cpu_us, |it| it.user_us, |it| it.per_second, |it| it.p99_us];
        for measure in measures {
            let _ = write!(line, "{:<19}", tandem.ratio(samples, measure).to_string());
        }
    }
    format!("{}\n", line.trim_end())
}

/// How many goals were met by the cells that have one.
pub(super) fn goals(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let Some(tandem) = outcome.servers.iter().find(|it| it.is_tandem()) else { continue };
        for peer in outcome.servers.iter().filter(|it| it.server.starts_with(rival(outcome))) {
            for (what, measure, bound) in bounds(outcome) {
                let ratio = tandem.ratio(peer, measure);
                let verdict = if ratio.median <= bound { "met" } else { "MISSED" };
                let name = outcome.cell.name();
                let _ = writeln!(text, "{verdict:<7}{name:<42}{what:<13}{ratio:<19} <= {bound}");
            }
        }
    }
    if text.is_empty() { text } else { format!("Goals (ratio to the peer):\n{text}") }
}

/// The peer that a goal compares with.
fn rival(outcome: &Outcome) -> &'static str {
    match outcome.cell.stage.protocol {
        Protocol::Resp => "valkey",
        Protocol::Memcached => "memcached",
    }
}

/// The goals of a cell: what is compared, and the highest ratio allowed.
fn bounds(outcome: &Outcome) -> Vec<(&'static str, Measure, f64)> {
    let cell = outcome.cell;
    if cell.stage.mode == Mode::Shared {
        return Vec::new();
    }
    let cpu: Measure = |it| it.cpu_us;
    let user: Measure = |it| it.user_us;
    let first: Option<(&'static str, Measure, f64)> =
        match (cell.stage.protocol, cell.work, cell.pipeline) {
            (Protocol::Resp, _, 16) => Some(("CPU", cpu, 0.70)),
            (_, Work::CartIncrement | Work::CartRead, _) => None,
            (Protocol::Resp, _, 1) => Some(("CPU in user", user, 0.70)),
            (Protocol::Resp, _, 100) => Some(("CPU", cpu, 0.45)),
            (Protocol::Memcached, _, 1) => Some(("CPU in user", user, 1.15)),
            (Protocol::Memcached, _, 16) => Some(("CPU", cpu, 0.60)),
            (Protocol::Memcached, _, 100) => Some(("CPU", cpu, 0.38)),
            _ => None,
        };
    let p99: Measure = |it| it.p99_us;
    first.into_iter().chain([("p99", p99, 1.10)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        let spanned = Spanned::of([4.0, 1.0, 3.0, 2.0].into_iter());
        assert_eq!(spanned, Spanned { median: 2.5, min: 1.0, max: 4.0 });
        let odd = Spanned::of([4.0, 1.0, 3.0].into_iter());
        assert_eq!(odd, Spanned { median: 3.0, min: 1.0, max: 4.0 });
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let samples = |name: &str, figures: &[f64]| Samples {
            server: name.into(),
            rounds: figures.iter().map(|it| Sample { cpu_us: *it, ..Sample::default() }).collect(),
        };
        let ours = samples("tandem", &[1.0, 10.0, 3.0]);
        let theirs = samples("valkey 8.1.1", &[2.0, 20.0, 12.0]);
        assert_eq!(ours.ratio(&theirs, |it| it.cpu_us).to_string(), "0.50 (0.25-0.50)");
    }
}
