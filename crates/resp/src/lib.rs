//! The RESP front end: RESP2 and RESP3 sessions over the engine, without sockets. Bytes to
//! commands, commands to engine operations, results to bytes.

mod acl;
mod alerts;
mod args;
mod batch;
mod client;
mod client_flags;
mod clients;
mod commands;
mod dispatch;
mod double;
mod error;
mod events;
mod flags;
mod float;
mod gate;
mod glob;
mod inbox;
mod keys;
mod parse;
mod pubsub;
mod reply;
mod script;
mod server;
mod session;
mod settings;
mod spec;
mod stats;
mod syntax;
mod table;
#[cfg(test)]
mod testing;
mod tracking;
mod transaction;
mod waiting;
mod watch;

use tandem_engine::number;

pub use crate::clients::{Aside, ClientHandle, Clients, ConnectionInfo, NO_COMMAND, Transport};
pub use crate::pubsub::Audience;
pub use crate::server::{
    Host, Identity, LogLevel, RewriteError, Save, Server, ServerOptions, Shutdown, Usage, random_id,
};
pub use crate::session::{OUTPUT_SOFT_MAX, Session, Step};
pub use crate::settings::{Live, OutputLimit, Settings};
pub use crate::stats::{CommandTotals, Histogram, Totals, WorkerStats};
pub use crate::table::{Doc, Table};
