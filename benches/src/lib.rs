//! The load generator and the benches built on it: peer comparison, tail latencies,
//! memory, growth, expiry.
//! All of it is one program, `tandem-bench`; `cargo xtask bench` runs it.

mod cli;
mod clock;
#[cfg(feature = "counted-locks")]
mod contention;
mod control;
mod expiry;
mod fanout;
mod floor;
mod front;
mod growth;
mod idle;
mod large;
mod load;
mod loops;
mod memory;
mod metadump;
mod peers;
mod process;
mod progress;
mod results;
mod sampling;
mod scrape;
mod servers;
mod shapes;
mod spanned;
mod zipf;

pub use crate::cli::run;
pub use crate::front::{Kind, MADE, Script, Size};
