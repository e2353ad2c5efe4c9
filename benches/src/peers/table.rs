//! The outcomes as text: one table.

use std::fmt::Write;

use super::contest::{Outcome, Sample, Samples};
use crate::sampling;
use crate::servers::{FLOOR, TANDEM};
use crate::spanned::Spanned;

pub(super) type Measure = fn(&Sample) -> f64;

impl Samples {
    pub(super) fn of(&self, measure: Measure) -> Spanned {
        Spanned::of(self.rounds.iter().map(measure))
    }

    /// Of this server to `other`, round by round.
    pub(super) fn ratio(&self, other: &Samples, measure: Measure) -> Spanned {
        let rounds = self.rounds.iter().zip(&other.rounds);
        Spanned::of(rounds.map(|(ours, theirs)| measure(ours) / measure(theirs)))
    }

    pub(super) fn is_tandem(&self) -> bool {
        self.server == TANDEM
    }

    pub(super) fn is_peer(&self) -> bool {
        !self.is_tandem() && self.server != FLOOR
    }
}

impl Outcome {
    pub(super) fn tandem(&self) -> Option<&Samples> {
        self.servers.iter().find(|it| it.is_tandem())
    }
}

/// One table of all cells and servers.
pub(super) fn rows(outcomes: &[Outcome]) -> String {
    let mut text = format!(
        "Medians of the rounds. Latency and the server's CPU time for each request in \
         microseconds; the cores that the load\nand the server kept busy. Ratios are Tandem's to \
         the other's in the same round: median (least-most).\nCPU time is the scheduler's count, \
         exact. {}\n",
        sampling::method()
    );
    let _ = writeln!(
        text,
        "\n{:<22}{:>11}{:>9}{:>9}{:>9}{:>8}{:>8}{:>6}{:>8}   {:<20}{:<20}{:<20}{:<20}",
        "",
        "ops/s",
        "p50",
        "p99",
        "p99.9",
        "CPU",
        "(user)",
        "load",
        "server",
        "CPU ratio",
        "user ratio",
        "ops ratio",
        "p99 ratio"
    );
    for outcome in outcomes {
        let _ = writeln!(text, "{}", outcome.cell.name());
        let tandem = outcome.tandem();
        for samples in &outcome.servers {
            text.push_str(&row(samples, tandem));
        }
    }
    text
}

fn row(samples: &Samples, tandem: Option<&Samples>) -> String {
    let median = |measure: Measure| samples.of(measure).median;
    let mut line = format!(
        "  {:<20}{:>11.0}{:>9.0}{:>9.0}{:>9.0}{:>8.2}{:>8.2}{:>6.2}{:>8.2}   ",
        samples.server,
        median(|it| it.per_second),
        median(|it| it.p50_us),
        median(|it| it.p99_us),
        median(|it| it.p999_us),
        median(|it| it.cpu_us),
        median(|it| it.user_us),
        median(|it| it.load_cores),
        median(|it| it.cpu_us * it.per_second / 1e6),
    );
    if let Some(tandem) = tandem.filter(|_| !samples.is_tandem()) {
        let measures: [Measure; 4] =
            [|it| it.cpu_us, |it| it.user_us, |it| it.per_second, |it| it.p99_us];
        for measure in measures {
            let _ = write!(line, "{:<19} ", tandem.ratio(samples, measure));
        }
    }
    format!("{}\n", line.trim_end())
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
