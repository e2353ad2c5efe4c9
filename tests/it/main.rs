//! All integration tests, in one binary.

mod memcached;
mod resp;
mod transcripts;
