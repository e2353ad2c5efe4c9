//! The developer's commands: `cargo xtask --help` lists them.

mod apt;
mod bench;
mod compiler;
mod daemons;
mod instructions;
mod licences;
mod oracles;
mod pgo;
mod process;
mod profdata;
mod python;
mod report;
mod test;
mod training;
mod valgrind;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "What a developer of Tandem does every day")]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Run every check and test, fetching first what they need
    ///
    /// The servers that Tandem is compared with and the client libraries are kept in
    /// the folder `TANDEM_CACHE`, or `tandem` in the user's cache, so a second run is quick.
    Test {
        /// Run only these steps (see --list)
        steps: Vec<String>,
        /// Print the names of the steps
        #[arg(long)]
        list: bool,
    },
    /// Start, stop or show the servers that Tandem is compared with
    Oracles {
        #[arg(value_enum)]
        action: daemons::Action,
    },
    /// Build the server and run the load generator with these arguments (try --help)
    ///
    /// `instructions` counts the instructions of a request and compares them with a kept table;
    /// `instructions --accept` keeps the new counts.
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the server that packages and images are made of, with profile-guided optimisation
    ///
    /// Builds an instrumented server, trains it with a fixed load of both protocols, and builds
    /// `pgo/tandem` in the target folder with the profile. It is for machines like this one:
    /// other targets cannot be trained here. RUSTFLAGS and the configuration's
    /// `target.*.rustflags` are kept; its `build.rustflags` give way, as always in cargo.
    Pgo,
    /// Write COMPAT.md anew from the command tables
    Compat,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Action::Test { list: true, .. } => {
            test::list();
            Ok(())
        }
        Action::Test { steps, list: false } => test::run(&steps),
        Action::Oracles { action } => daemons::run(action),
        Action::Bench { arguments } => bench::run(&arguments),
        Action::Pgo => pgo::run(),
        Action::Compat => test::write_compat(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", report::explain(&error));
            ExitCode::FAILURE
        }
    }
}
