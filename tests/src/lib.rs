//! Harness of the black-box tests: transcripts, server processes, oracles, generated commands.

pub mod client;
pub mod datagrams;
pub mod differential;
pub mod frame;
pub mod generate;
pub mod oracle;
pub mod peers;
pub mod process;
pub mod random;
pub mod sasl;
pub mod server;
#[cfg(feature = "sessions")]
pub mod sessions;
pub mod transcript;
pub mod value;
pub mod words;
