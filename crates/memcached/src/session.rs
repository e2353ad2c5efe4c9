//! One connection: bytes in, bytes out.

use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::Output;

use crate::clients::{ClientHandle, ConnectionInfo};
use crate::server::Server;
use crate::stats::WorkerStats;

/// A session asks to be written once this much waits in its output.
pub const OUTPUT_SOFT_MAX: usize = 256 << 10;

/// What the connection loop does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All whole commands are answered. At least `need` more bytes complete the next one (a hint
    /// to reserve for big values; 0 is unknown).
    ReadMore { need: usize },
    /// Write the output, then advance again.
    Write,
    /// Write the output, then close.
    Close,
}

/// One connection of this front end.
pub struct Session {
    server: Arc<Server>,
    worker: Arc<WorkerStats>,
    handle: Arc<ClientHandle>,
}

impl Session {
    pub fn new(server: Arc<Server>, worker: Arc<WorkerStats>, peer: ConnectionInfo) -> Session {
        let handle = server.clients.open(peer);
        Session { server, worker, handle }
    }

    /// This connection in the registry: kill flag, waker, byte counts.
    pub fn handle(&self) -> &Arc<ClientHandle> {
        &self.handle
    }

    /// Runs the whole commands at the start of `input`, consuming them. For a big value `input`
    /// may be exchanged for a buffer of the value's size.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        self.server.flush_if_due(now_ms);
        input.clear();
        self.worker.yields.add(0);
        out.put(b"ERROR\r\n");
        Step::Close
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.server.clients.close(self.handle.id);
    }
}
