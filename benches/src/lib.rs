//! The load generator and the benches built on it: peer comparison, memory, growth, expiry.
//! All of it is one program, `tandem-bench`; `cargo xtask bench` runs it.

mod cli;
mod clock;
mod control;
mod expiry;
mod growth;
mod load;
mod memory;
mod peers;
mod process;
mod progress;
mod random;
mod results;
mod scrape;
mod servers;

pub use crate::cli::run;
