//! The load generator and the benches built on it: peer comparison, memory, growth, expiry.
//! All of it is one program, `tandem-bench`; `cargo xtask bench` runs it.

mod cli;
mod clock;
mod control;
mod load;
mod peers;
mod process;
mod progress;
mod random;
mod servers;

pub use crate::cli::run;
