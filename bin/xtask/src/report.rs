//! What a run of steps prints: each step's name, time and counts, and the sum at the end.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::process::Output;

/// How a step ended. A check without tests of its own counts as one.
pub(crate) struct Outcome {
    passed: u64,
    failed: u64,
    note: String,
    /// What to show of a failure.
    output: String,
}

impl Outcome {
    /// A check that passed, with what is worth knowing about it.
    pub(crate) fn passed(note: impl Into<String>) -> Outcome {
        Outcome { passed: 1, failed: 0, note: note.into(), output: String::new() }
    }

    /// A program that either succeeds or says why not.
    pub(crate) fn of_check(output: Output) -> Outcome {
        let failed = u64::from(!output.succeeded);
        Outcome { passed: 1 - failed, failed, note: String::new(), output: output.text }
    }

    /// A program that runs tests and counts them as cargo or pytest do.
    pub(crate) fn of_tests(output: Output) -> Outcome {
        let count = |word| sum_before(&output.text, word);
        let (passed, skipped) = (count("passed"), count("ignored") + count("skipped"));
        let broke_off = u64::from(!output.succeeded);
        let failed = (count("failed") + count("errors")).max(broke_off);
        let note = match skipped {
            0 => format!("{passed} passed"),
            skipped => format!("{passed} passed, {skipped} skipped"),
        };
        Outcome { passed, failed, note, output: output.text }
    }

    /// Says what ran the tests.
    pub(crate) fn by(self, runner: &str) -> Outcome {
        Outcome { note: format!("{} ({runner})", self.note), ..self }
    }
}

/// Adds the numbers that stand before `word` in the lines that sum up.
fn sum_before(text: &str, word: &str) -> u64 {
    text.lines().filter(|it| is_summary(it)).map(|line| number_before(line, word)).sum()
}

fn is_summary(line: &str) -> bool {
    line.starts_with("test result:")
        || (line.contains(" passed") || line.contains(" failed")) && {
            // pytest's last line: `== 3 failed, 12 passed in 1.23s ==`, or without the bars.
            let bare = line.trim_matches(['=', ' ']);
            bare.ends_with('s')
                && bare.contains(" in ")
                && bare.starts_with(|it: char| it.is_ascii_digit())
        }
}

fn number_before(line: &str, word: &str) -> u64 {
    let mut words = line.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let mut before = words.next();
    for it in words {
        if it.trim_end_matches('s') == word.trim_end_matches('s') {
            return before.and_then(|it| it.parse().ok()).unwrap_or(0);
        }
        before = Some(it);
    }
    0
}

/// The steps so far.
pub(crate) struct Report {
    passed: u64,
    failed: u64,
    start: Instant,
}

impl Report {
    pub(crate) fn new() -> Report {
        Report { passed: 0, failed: 0, start: now() }
    }

    /// Runs a step, prints how it went and fails when it did.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Outcome>,
    ) -> Result<()> {
        print!("{name:<NAME_WIDTH$} ");
        io::stdout().flush()?;
        let start = now();
        let outcome = work().unwrap_or_else(|error| Outcome {
            passed: 0,
            failed: 1,
            note: String::new(),
            output: explain(&error),
        });
        self.passed += outcome.passed;
        self.failed += outcome.failed;
        let verdict = if outcome.failed == 0 { "ok" } else { "FAILED" };
        println!("{verdict:<6} {:>7.1} s  {}", seconds(start.elapsed()), outcome.note);
        if outcome.failed == 0 {
            return Ok(());
        }
        println!("\n{}\n", outcome.output.trim_end());
        Err(anyhow!("the step '{name}' failed"))
    }

    /// The closing lines.
    pub(crate) fn close(&self) {
        println!("\nin {:.0} s:", seconds(self.start.elapsed()));
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

/// An error and what led to it, a line each and without a backtrace.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[expect(clippy::disallowed_methods, reason = "a report of times for people")]
fn now() -> Instant {
    Instant::now()
}

const NAME_WIDTH: usize = 34;

#[cfg(test)]
mod tests {
    use super::*;

    fn of_tests(text: &str, succeeded: bool) -> Outcome {
        Outcome::of_tests(Output { text: text.to_owned(), succeeded })
    }

    #[test]
    fn the_counts_of_all_test_binaries_are_added() {
        let text = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 \
                    filtered out; finished in 0.00s\ntest result: FAILED. 40 passed; 3 failed; 1 \
                    ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        let outcome = of_tests(text, false);
        assert_eq!((outcome.passed, outcome.failed), (42, 3));
        assert_eq!(outcome.note, "42 passed, 1 skipped");
    }

    #[test]
    fn the_counts_of_pytest_are_read() {
        let outcome = of_tests("== 1 failed, 12 passed, 2 errors in 3.21s ==\n", false);
        assert_eq!((outcome.passed, outcome.failed), (12, 3));
        assert_eq!(of_tests("7 passed in 0.10s\n", true).passed, 7);
    }

    #[test]
    fn a_run_that_breaks_off_has_failed() {
        assert_eq!(of_tests("error: could not compile", false).failed, 1);
    }

    #[test]
    fn a_sentence_about_numbers_is_no_summary() {
        assert_eq!(of_tests("we had 3 failed attempts\n", true).failed, 0);
    }
}
