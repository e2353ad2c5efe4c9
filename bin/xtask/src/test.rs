//! `cargo xtask test`: every check, in the order in which a failure is cheapest to learn.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::compiler::Compiler;
use crate::process::{Output, capture, cargo, output_of, show, target_folder, workspace};
use crate::report::{Outcome, Report};
use crate::{instructions, licences, oracles, python};

/// A named step, or several of one name.
struct Step {
    name: &'static str,
    about: &'static str,
    work: Work,
}

enum Work {
    One(fn() -> Result<Outcome>),
    /// Reports its parts itself.
    Many(fn(&mut Report) -> Result<()>),
}

const STEPS: &[Step] = &[
    Step {
        name: "oracles",
        about: "fetch the servers to compare with",
        work: Work::One(|| Ok(Outcome::passed(oracles::install()?))),
    },
    Step {
        name: "python",
        about: "fetch the client libraries",
        work: Work::One(|| Ok(Outcome::passed(python::install()?.1))),
    },
    Step { name: "format", about: "rustfmt", work: Work::One(format) },
    Step {
        name: "licences",
        about: "licences and sources of the dependencies",
        work: Work::One(|| Ok(Outcome::passed(licences::check()?))),
    },
    Step { name: "clippy", about: "lints, warnings denied", work: Work::One(clippy) },
    Step { name: "units", about: "unit, model and transcript tests", work: Work::Many(units) },
    Step { name: "server", about: "build the server for the next step", work: Work::One(server) },
    Step {
        name: "it",
        about: "the server beside the real ones and with client libraries",
        work: Work::Many(it),
    },
    Step {
        name: "instructions",
        about: "instructions per request beside the kept counts",
        work: Work::One(instructions::check),
    },
    Step { name: "sanitizer", about: "Miri or AddressSanitizer", work: Work::One(sanitizer) },
];

/// Prints the steps' names.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<12} {}", step.name, step.about);
    }
}

/// Runs the named steps, or all of them, up to the first that fails.
pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(odd) = names.iter().find(|name| !STEPS.iter().any(|it| it.name == **name)) {
        bail!("there is no step '{odd}': see cargo xtask test --list");
    }
    let chosen = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    let mut report = Report::new();
    let done = STEPS.iter().filter(chosen).try_for_each(|step| match step.work {
        Work::One(work) => report.step(step.name, work),
        Work::Many(work) => work(&mut report),
    });
    report.close();
    done
}

/// Writes COMPAT.md: the test that compares it does so when it is told to.
pub(crate) fn write_compat() -> Result<()> {
    let test = ["test", "--quiet", "--package", "tandem-tests", "--test", "it", "compat_md"];
    show(cargo(&test).env("TANDEM_COMPAT", "write"))
}

fn format() -> Result<Outcome> {
    Ok(Outcome::of_check(capture(&mut cargo(&["fmt", "--all", "--check"]))?))
}

fn clippy() -> Result<Outcome> {
    let args =
        ["clippy", "--quiet", "--workspace", "--all-targets", "--all-features", "--keep-going"];
    let deny = ["--", "--deny", "warnings"];
    Ok(Outcome::of_check(capture(cargo(&args).args(deny))?))
}

/// All tests but those that need the server.
fn units(report: &mut Report) -> Result<()> {
    let binaries = build_tests(report)?;
    for binary in binaries.iter().filter(|it| !it.is_integration()) {
        report.step(&format!("units: {}", binary.name), || {
            Ok(Outcome::of_tests(capture(&mut binary.command())?))
        })?;
    }
    report.step("units: examples in documentation", || {
        let args = ["test", "--quiet", "--workspace", "--doc"];
        Ok(Outcome::of_tests(capture(&mut cargo(&args))?))
    })
}

/// The integration tests, module by module.
fn it(report: &mut Report) -> Result<()> {
    let binaries = build_tests(report)?;
    for binary in binaries.iter().filter(|it| it.is_integration()) {
        let listing = output_of(binary.command().args(["--list", "--format", "terse"]))?;
        for module in modules(&listing) {
            report.step(&format!("it: {}", module.trim_end_matches("::")), || {
                Ok(Outcome::of_tests(capture(with_server(binary.command().arg(&module))?)?))
            })?;
        }
    }
    Ok(())
}

fn build_tests(report: &mut Report) -> Result<Vec<TestBinary>> {
    let mut binaries = Vec::new();
    report.step("build the tests", || {
        binaries = test_binaries()?;
        Ok(Outcome::passed(format!("{} binaries", binaries.len())))
    })?;
    Ok(binaries)
}

/// The first words of the listed tests' names, once each.
fn modules(listing: &str) -> Vec<String> {
    let names = listing.lines().filter_map(|it| it.strip_suffix(": test"));
    let mut modules: Vec<String> = names
        .map(|name| name.split_once("::").map_or(name.to_owned(), |(it, _)| format!("{it}::")))
        .collect();
    modules.dedup();
    modules
}

/// A compiled set of tests.
struct TestBinary {
    name: String,
    path: PathBuf,
    /// Where cargo would run it.
    folder: PathBuf,
}

impl TestBinary {
    fn parse(line: &str) -> Option<TestBinary> {
        let message: Value = serde_json::from_str(line).ok()?;
        let path = message["executable"].as_str()?.into();
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        let target = &message["target"];
        let name = target["name"].as_str()?;
        // A crate's tests from outside are a target of their own, of whatever name.
        let is_outside = target["kind"].as_array()?.iter().any(|it| it == "test");
        let crate_name = folder.file_name()?.to_str()?;
        let name = if is_outside { format!("{crate_name}/{name}") } else { name.to_owned() };
        message["profile"]["test"].as_bool()?.then_some(TestBinary { name, path, folder })
    }

    fn is_integration(&self) -> bool {
        self.name == "tests/it"
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder);
        command
    }
}

fn test_binaries() -> Result<Vec<TestBinary>> {
    let args = ["test", "--workspace", "--no-run", "--quiet", "--message-format=json"];
    let Output { text, succeeded } = capture(&mut cargo(&args))?;
    if !succeeded {
        bail!("{}", rendered(&text));
    }
    Ok(text.lines().filter_map(TestBinary::parse).collect())
}

/// The compiler's messages as a person reads them.
fn rendered(text: &str) -> String {
    let message = |line: &str| {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
        message["message"]["rendered"].as_str().unwrap_or_default().to_owned()
    };
    text.lines().map(message).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n")
}

fn server() -> Result<Outcome> {
    let args = ["build", "--quiet", "--profile", "fast", "--package", "tandem"];
    Ok(Outcome::of_check(capture(&mut cargo(&args))?))
}

/// Tells a test where the server and the Python with the client libraries are.
fn with_server(command: &mut Command) -> Result<&mut Command> {
    let server = target_folder()?.join("fast/tandem");
    if !server.exists() {
        bail!("the server is not built: run cargo xtask test server");
    }
    Ok(command.env("TANDEM_BIN", server).env("TANDEM_PYTHON", python::installed()))
}

/// The engine under `AddressSanitizer`, or, where Miri is installed, its memory and tables under
/// that; Miri is too slow for more. Both need a nightly toolchain, which nothing else here does:
/// without one the step says so and passes.
fn sanitizer() -> Result<Outcome> {
    let nightly = |args: &[&str]| {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly"]).args(args).current_dir(workspace());
        command
    };
    let works = |args: &[&str]| output_of(&mut nightly(args)).is_ok();
    let test = ["test", "--quiet", "--package", "tandem-engine", "--lib"];
    if works(&["cargo", "miri", "--version"]) {
        let mut command = nightly(&["cargo", "miri"]);
        command.args(test).args(["--", "memory::", "pool::", "index::"]);
        command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
        return Ok(Outcome::of_tests(capture(&mut command)?).by("Miri"));
    }
    if works(&["rustc", "--version"]) {
        let mut command = nightly(&["cargo"]);
        let Compiler { host, .. } = Compiler::get()?;
        command.args(test).args(["--target", &host, "--target-dir", "target/sanitizer"]);
        command.env("RUSTFLAGS", "-Zsanitizer=address");
        // Some tests ask for more memory than there is, and go on without it.
        command.env("ASAN_OPTIONS", "allocator_may_return_null=1");
        return Ok(Outcome::of_tests(capture(&mut command)?).by("AddressSanitizer, no Miri here"));
    }
    Ok(Outcome::passed("left out: no nightly toolchain (rustup toolchain install nightly)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_once_each() {
        let listing = "alone: test\nclients::a::b: test\nclients::c: test\ntidy::d: test\n";
        assert_eq!(modules(listing), ["alone", "clients::", "tidy::"]);
    }

    #[test]
    fn a_test_binary_is_found_among_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml",
            "target":{"name":"it","kind":["test"]},"profile":{"test":true},"executable":"/w/x-1"}"#;
        let binary = TestBinary::parse(line).unwrap();
        assert_eq!((binary.name.as_str(), binary.folder.to_str()), ("tests/it", Some("/w/tests")));
        assert!(binary.is_integration());
        let of_crate = TestBinary::parse(&line.replace(r#"["test"]"#, r#"["lib"]"#)).unwrap();
        assert!(!of_crate.is_integration());
        assert!(TestBinary::parse(&line.replace("true", "false")).is_none());
        assert!(TestBinary::parse("not JSON").is_none());
    }

    #[test]
    fn step_names_are_unique() {
        let mut names: Vec<_> = STEPS.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
