//! The RESP front end: RESP2 and RESP3 sessions over the engine, without sockets.

mod clients;
mod number;
mod server;
mod settings;
mod stats;

pub use crate::clients::{ClientHandle, Clients, ConnectionInfo, NO_COMMAND, Transport};
pub use crate::server::{
    Host, Identity, RewriteError, Save, Server, ServerOptions, Shutdown, Usage,
};
pub use crate::settings::{ConfError, ConfWarning, Live, OutputLimit, Settings};
pub use crate::stats::{CommandTotals, Histogram, Totals, WorkerStats};
