//! The developer's commands: `cargo xtask --help` lists them.

mod apt;
mod bench;
mod daemons;
mod instructions;
mod licences;
mod oracles;
mod process;
mod python;
mod report;
mod test;
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
