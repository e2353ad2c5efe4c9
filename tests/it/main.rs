//! All integration tests, in one binary.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "transcripts look alike, whether they hold quotes or not"
)]

mod acl;
mod admin;
mod binary;
mod clients;
mod compat;
mod datagrams;
mod differences;
mod differential;
mod dumps;
mod events;
mod introspection;
mod memcached;
mod newer;
mod payloads;
mod pubsub;
mod resp;
mod robustness;
mod scripts;
mod tidy;
mod tracking;
mod transcripts;
mod waiting;
