//! `cargo xtask bench instructions`: the instructions of a request, counted by callgrind and
//! compared with a kept table. Unlike times, counts do not depend on what else the machine does.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::process::{Output, capture, cargo, output_of, target_folder, workspace};
use crate::report::Outcome;
use crate::valgrind::Valgrind;

/// A request and how many of its kind arrive together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Case {
    /// As `tandem-bench loop` names it.
    kind: String,
    pipeline: u64,
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    case: Case,
    /// Of one request.
    instructions: u64,
}

/// A case with what is kept of it and what was counted, either of which can be missing.
struct Compared {
    case: Case,
    was: Option<u64>,
    is: Option<u64>,
}

/// Prints the counts beside the kept ones; `--accept` keeps them.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let accepts = match arguments {
        [] => false,
        [it] if it == "--accept" => true,
        _ => bail!(
            "usage: cargo xtask bench instructions [--accept]\n\n\
             Counts the instructions of a request and prints them beside those of {TABLE};\n\
             --accept writes them there."
        ),
    };
    if let Some(reason) = left_out() {
        bail!("{reason}");
    }
    println!("Building tandem-bench and counting; the first build takes some minutes.");
    let valgrind = Valgrind::get()?;
    let rows = count_all(&valgrind, &build()?)?;
    let kept = kept().unwrap_or_default();
    print!("{}", render(&compare(&kept, &rows)));
    if accepts {
        fs::write(workspace().join(TABLE), table(&rows))?;
        println!("{TABLE} is written.");
    }
    Ok(())
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<Outcome> {
    if let Some(reason) = left_out() {
        return Ok(Outcome::passed(format!("left out: {reason}")));
    }
    let valgrind = Valgrind::get()?;
    let compared = compare(&kept()?, &count_all(&valgrind, &build()?)?);
    let text = render(&compared);
    if compared.iter().all(Compared::holds) {
        let note = format!("{} counts by {}", compared.len(), valgrind.version);
        return Ok(Outcome::passed(note));
    }
    let text = format!(
        "{text}\n\
         Instructions per request are more than {TOLERANCE_PERCENT} % off {TABLE}. What became \
         dearer has to be worth it;\n\
         what became cheaper is kept that way. If the new counts are meant:\n\n    {ACCEPT}"
    );
    Ok(Outcome::of_check(Output { text, succeeded: false }))
}

/// Why the counts of this machine cannot be compared with the kept ones.
fn left_out() -> Option<String> {
    if env::consts::ARCH != "x86_64" || env::consts::OS != "linux" {
        let machine = format!("{} {}", env::consts::OS, env::consts::ARCH);
        return Some(format!("the counts are those of x86_64 on Linux, this is {machine}"));
    }
    #[cfg(target_arch = "x86_64")]
    if !is_x86_feature_detected!("avx2") {
        return Some("the counts are those of a processor with AVX2, which this one lacks".into());
    }
    None
}

/// Builds the program that is counted, and says where it is.
fn build() -> Result<PathBuf> {
    let build = ["build", "--quiet", "--profile", PROFILE, "--package", "tandem-benches"];
    output_of(cargo(&build).args(["--bin", "tandem-bench"]))?;
    Ok(target_folder()?.join(PROFILE).join("tandem-bench"))
}

fn count_all(valgrind: &Valgrind, program: &Path) -> Result<Vec<Row>> {
    let cases = KINDS
        .iter()
        .flat_map(|kind| PIPELINES.map(|pipeline| Case { kind: (*kind).to_owned(), pipeline }));
    cases
        .map(|case| {
            let instructions = count(valgrind.command(), program, &case)
                .with_context(|| format!("cannot count {} at {}", case.kind, case.pipeline))?;
            Ok(Row { case, instructions })
        })
        .collect()
}

/// Instructions of one request, everything of it included: parsing, engine, reply, counters.
fn count(mut valgrind: Command, program: &Path, case: &Case) -> Result<u64> {
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={MEASURED}"))
        .arg(program)
        .args(["loop", &case.kind, "--pipeline", &case.pipeline.to_string()])
        .args(["--keys", KEYS, "--made", MADE, "--requests", &N_REQUESTS.to_string()]);
    let Output { text, succeeded } = capture(&mut valgrind)?;
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, number)| number.trim().parse::<u64>().ok()) {
        Some(0) => bail!("nothing was counted: no function is called {MEASURED}"),
        Some(all) if succeeded => Ok((all + N_REQUESTS / 2) / N_REQUESTS),
        _ => bail!("{text}"),
    }
}

fn kept() -> Result<Vec<Row>> {
    let text = fs::read_to_string(workspace().join(TABLE));
    parse(&text.with_context(|| format!("cannot read {TABLE}: {ACCEPT} writes it"))?)
}

fn parse(text: &str) -> Result<Vec<Row>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let row = || {
                let [kind, pipeline, instructions] = words[..] else { return None };
                let case = Case { kind: kind.to_owned(), pipeline: pipeline.parse().ok()? };
                Some(Row { case, instructions: instructions.parse().ok()? })
            };
            row().with_context(|| format!("{TABLE}: '{line}' is not a row: {ACCEPT} writes it"))
        })
        .collect()
}

/// The table as it is kept.
fn table(rows: &[Row]) -> String {
    let mut text = HEAD.replace("PROFILE", PROFILE);
    for Row { case: Case { kind, pipeline }, instructions } in rows {
        let _ = writeln!(text, "{kind:<KIND_WIDTH$} {pipeline:>9} {instructions:>13}");
    }
    text
}

/// The cases in the order in which they are counted, and behind them those that are only kept.
fn compare(kept: &[Row], counted: &[Row]) -> Vec<Compared> {
    let find = |rows: &[Row], case: &Case| {
        rows.iter().find(|it| it.case == *case).map(|it| it.instructions)
    };
    let gone = kept.iter().filter(|it| find(counted, &it.case).is_none());
    counted
        .iter()
        .chain(gone)
        .map(|Row { case, .. }| Compared {
            case: case.clone(),
            was: find(kept, case),
            is: find(counted, case),
        })
        .collect()
}

impl Compared {
    fn percent(&self) -> Option<f64> {
        let (was, is) = (self.was? as f64, self.is? as f64);
        Some((is - was) * 100.0 / was)
    }

    fn holds(&self) -> bool {
        self.percent().is_some_and(|it| it.abs() <= TOLERANCE_PERCENT)
    }

    fn verdict(&self) -> &'static str {
        match self.percent() {
            None if self.was.is_none() => "new",
            None => "no longer counted",
            Some(_) if self.holds() => "",
            Some(percent) if percent > 0.0 => "DEARER",
            Some(_) => "cheaper",
        }
    }
}

fn render(compared: &[Compared]) -> String {
    let number = |it: Option<u64>| it.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let mut text =
        format!("{:<KIND_WIDTH$} {:>9} {:>8} {:>8}\n", "request", "pipeline", "was", "is");
    for it in compared {
        let Case { kind, pipeline } = &it.case;
        let (was, is) = (number(it.was), number(it.is));
        let percent = it.percent().map(|it| format!("{it:+.1} %")).unwrap_or_default();
        let line = format!("{kind:<KIND_WIDTH$} {pipeline:>9} {was:>8} {is:>8} {percent:>9}");
        let _ = writeln!(text, "{}", format!("{line}  {}", it.verdict()).trim_end());
    }
    text
}

/// Where the counts are kept, in the workspace.
const TABLE: &str = "benches/instructions.txt";
const ACCEPT: &str = "cargo xtask bench instructions --accept";

const HEAD: &str = "\
# Instructions of a request in a session without sockets: parsing, engine, reply and counters.
# Counted by callgrind in the profile PROFILE, with the compiler of rust-toolchain.toml, on x86-64
# with AVX2, the most that valgrind offers a program. Values of 64 bytes; mset and multi-get have
# 10 keys.
# cargo xtask bench instructions compares, cargo xtask bench instructions --accept writes this file,
# and a step of cargo xtask test fails when a row is more than 5 % off.
#
# request            pipeline  instructions
";

/// What users run: a regression that link-time optimisation removes is none.
const PROFILE: &str = "release";

const KINDS: [&str; 11] = [
    "resp-get",
    "resp-set",
    "resp-hincrby",
    "resp-mset",
    "memcached-get",
    "memcached-set",
    "memcached-multi-get",
    "memcached-mg",
    "memcached-ms",
    "memcached-binary-get",
    "memcached-binary-multi-get",
];
const PIPELINES: [u64; 2] = [1, 16];

/// The function that runs a batch; counting starts and ends with it.
const MEASURED: &str = "*Script::measured*";

/// Few enough that filling takes no time, and more than there are shards.
const KEYS: &str = "2000";
const MADE: &str = "1024";
/// All requests that were made, four times each.
const N_REQUESTS: u64 = 4096;

/// Wider than what another C library or processor changes.
const TOLERANCE_PERCENT: f64 = 5.0;

const KIND_WIDTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, instructions: u64) -> Row {
        Row { case: Case { kind: kind.into(), pipeline: 16 }, instructions }
    }

    #[test]
    fn the_table_is_read_as_it_is_written() {
        let rows = [row("resp-get", 401), row("memcached-multi-get", 2300)];
        let text = table(&rows);
        assert_eq!(parse(&text).unwrap(), rows);
        assert!(text.contains("in the profile release,"), "{text}");
        assert!(parse("resp-get 16").is_err());
        assert!(parse("resp-get 16 many").is_err());
    }

    #[test]
    fn more_than_the_tolerance_fails_in_both_directions() {
        let kept = [row("a", 1000), row("b", 1000), row("c", 1000), row("d", 1000)];
        let counted = [row("a", 1050), row("b", 1051), row("c", 950), row("d", 949)];
        let compared = compare(&kept, &counted);
        assert_eq!(
            compared.iter().map(Compared::holds).collect::<Vec<_>>(),
            [true, false, true, false]
        );
        let text = render(&compared);
        assert!(text.contains("+5.1 %  DEARER\n"), "{text}");
        assert!(text.contains("-5.1 %  cheaper\n"), "{text}");
        assert!(text.contains("1050    +5.0 %\n"), "{text}");
    }

    #[test]
    fn rows_that_come_or_go_fail() {
        let compared = compare(&[row("old", 7)], &[row("new", 8)]);
        assert!(compared.iter().all(|it| !it.holds()));
        let text = render(&compared);
        assert!(text.contains("-        8            new"), "{text}");
        assert!(text.contains("7        -            no longer counted"), "{text}");
    }

    #[test]
    fn the_kept_table_has_every_case_once() {
        let kept = kept().unwrap();
        let cases: Vec<(&str, u64)> =
            kept.iter().map(|it| (it.case.kind.as_str(), it.case.pipeline)).collect();
        let wanted: Vec<(&str, u64)> =
            KINDS.iter().flat_map(|kind| PIPELINES.map(|it| (*kind, it))).collect();
        assert_eq!(cases, wanted);
    }
}
