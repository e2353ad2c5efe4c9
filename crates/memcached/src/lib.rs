//! The memcached front end: the classic text protocol over the engine, without sockets or clocks.
//!
//! A `Session` is one connection: bytes in, bytes out. Every encoding has its own requests and its
//! own answers; `ops` has what happens between. Words and limits are those of memcached 1.6.45.

mod admin;
mod arriving;
mod auth;
mod big;
mod binary;
mod classes;
mod clients;
mod commands;
mod crawler;
mod datagrams;
mod discovery;
mod error;
mod host;
mod marks;
mod meta;
mod metrics;
mod number;
mod ops;
mod parse;
mod prefixes;
mod reply;
mod report;
mod request;
mod run;
mod server;
mod session;
mod settings;
mod stats;
mod survey;
mod tuning;
mod walk;
mod watch;
mod words;

pub use crate::auth::{Passwords, PasswordsError};
pub use crate::binary::{OPCODES, Opcode};
pub use crate::clients::{Aside, ClientHandle, Clients, ConnectionInfo};
pub use crate::commands::{COMMANDS, Command, Support};
pub use crate::datagrams::{DATAGRAM_BYTES_MAX, Datagrams};
pub use crate::discovery::{Cluster, ClusterList, Node, NodesError};
pub use crate::error::TOO_MANY_CONNECTIONS;
pub use crate::host::{Connections, CpuTimes, Host, Shutdown, TooLarge};
pub use crate::metrics::{CountedItems, ItemClass, ItemClasses};
pub use crate::server::{Server, ServerParts};
pub use crate::session::{OUTPUT_SOFT_MAX, Session, Step};
pub use crate::settings::{KEY_BYTES_MAX, Protocol, Settings, SettingsError};
pub use crate::stats::{
    CommandStats, Counter, HISTOGRAM_BUCKETS, Histogram, HistogramSnapshot, Totals, WorkerStats,
    bucket_max_ns,
};

/// memcached's own port.
pub const DEFAULT_PORT: u16 = 11211;

/// What `version` answers: the memcached whose behaviour this front end has.
pub const COMPATIBLE_VERSION: &str = "1.6.45";
