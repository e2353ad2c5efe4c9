//! Streams of commands, good and bad, that depend on nothing but a seed.

pub mod binary;
pub mod memcached;
pub mod meta;
pub mod pools;
pub mod resp;
