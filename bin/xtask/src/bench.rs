//! `cargo xtask bench`: the load generator, with a server as users have it.

use anyhow::Result;

use crate::process::{cargo, show};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    show(&mut cargo(&["build", "--release", "--package", "tandem"]))?;
    let run = ["run", "--release", "--package", "tandem-benches", "--bin", "tandem-bench", "--"];
    show(cargo(&run).args(arguments))
}
