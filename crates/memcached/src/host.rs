//! What the front end asks of the process around it.

use std::time::Duration;

/// CPU time that the process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTimes {
    pub user: Duration,
    pub system: Duration,
}

/// Counts of connections that only the listener knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Ever accepted.
    pub accepted: u64,
    /// Turned away because there were too many.
    pub rejected: u64,
    /// Most that are served at a time.
    pub max: u64,
    /// False while no new connection is accepted.
    pub accepting: bool,
    /// Closed for idleness.
    pub idle_kicks: u64,
}

/// A value that is not kept, as its item would be bigger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge<'a> {
    /// Of its key, in plain letters; empty where there is none.
    pub prefix: &'a str,
    pub value_bytes: usize,
    /// The limit, which key and header count against too.
    pub item_bytes_max: usize,
}

/// How the server is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Now.
    Plain,
    /// After what was read has been answered.
    Graceful,
}

/// The process around the front end. The binary implements it; tests use a fake.
pub trait Host: Send + Sync {
    fn pid(&self) -> u32;

    fn uptime_s(&self) -> u64;

    fn cpu_times(&self) -> CpuTimes;

    /// Worker threads.
    fn n_threads(&self) -> usize;

    fn connections(&self) -> Connections;

    /// Addresses that are listened on, as `tcp:127.0.0.1:11211` or `unix:/run/tandem.sock`.
    fn listeners(&self) -> Vec<String>;

    /// A value was too large, which an application that does not look at errors never learns.
    /// Called for every such store.
    fn store_was_too_large(&self, _it: TooLarge<'_>) {}

    /// A client asked for the certificates of TLS to be loaded again. Says in a few words why not.
    fn refresh_certs(&self) -> Result<(), String> {
        Err(NO_TLS.to_owned())
    }

    /// A client asked for the server's end. Returns at once.
    fn shutdown(&self, how: Shutdown);
}

/// Why there are no certificates, in memcached's words.
const NO_TLS: &str = "TLS not enabled";
