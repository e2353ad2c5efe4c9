//! Tandem: one server for Redis, Valkey and memcached clients.

mod accept;
mod admin;
mod banner;
mod cli;
mod clock;
mod config;
mod connection;
mod datagrams;
mod front;
mod host;
mod logging;
mod passwords;
mod process;
mod protocol;
mod rewrite;
mod server;
mod shards;
mod size;
mod socket;
mod trim;
mod upcoming;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::config::Config;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::load(&cli) {
        Ok(config) => config,
        Err(errors) => {
            for error in errors {
                eprintln!("tandem: {error}");
            }
            return ExitCode::from(BAD_SETTINGS);
        }
    };
    if let Some(Command::CheckConfig) = cli.command {
        print!("{}", config.report());
        return ExitCode::SUCCESS;
    }
    match logging::start(&config.log).and_then(|()| server::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tandem: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Exit code for settings that cannot be; 1 is for what went wrong with good ones.
const BAD_SETTINGS: u8 = 2;
