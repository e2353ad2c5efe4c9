//! `cargo xtask bench`: the load generator, with a server as users have it.

use anyhow::Result;

use crate::process::{cargo, show};
use crate::report::explain;
use crate::{instructions, oracles};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(("instructions", rest)) = arguments.split_first().map(|(it, rest)| (&**it, rest)) {
        return instructions::run(rest);
    }
    let asks_for_help = arguments.is_empty() || arguments.iter().any(|it| it == "--help");
    if !asks_for_help {
        show(&mut cargo(&["build", "--release", "--package", "tandem"]))?;
        // What is missing is missed only by the comparison, which measures those that it finds.
        println!("{}", oracles::install().unwrap_or_else(|error| explain(&error)));
    }
    let run = ["run", "--release", "--package", "tandem-benches", "--bin", "tandem-bench"];
    let counts_locks = arguments.first().is_some_and(|it| it == "contention");
    let features: &[&str] = if counts_locks { &["--features", "counted-locks"] } else { &[] };
    show(cargo(&run).args(features).arg("--").args(arguments))
}
