//! Values and libraries of functions in the form of Redis' RDB files and DUMP payloads: every
//! encoding since Redis 2.8 is read, and what Valkey 8.1 would write is written.
//!
//! What is read comes from strangers: every length is checked against what is there before it is
//! believed, and nothing is allocated that is only announced.

#[cfg(test)]
mod damage;
mod dump;
mod error;
mod functions;
mod listpack;
mod load;
mod lzf;
mod reader;
mod run;
mod save;
mod stream_load;
mod stream_save;
mod types;
mod writer;
mod ziplist;
mod zipmap;

pub use crate::dump::{DumpOptions, Payload, dump};
pub use crate::error::Error;
pub use crate::functions::{Functions, dump_functions};
pub use crate::load::Content;
