//! The front end as its clients see it, without sockets.

mod binary;
mod datagrams;
mod discovery;
mod harness;
mod limits;
mod meta;
mod metrics;
mod robustness;
mod settings;
mod stats;
mod text;
mod walks;
mod watch;
