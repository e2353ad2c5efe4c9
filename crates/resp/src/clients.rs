//! Who is connected. Sessions write their own handle with relaxed stores; CLIENT LIST, CLIENT KILL
//! and the gauges read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use atomic_waker::AtomicWaker;
use parking_lot::Mutex;

/// All connections of the front end, in the order in which they came. Apart from its neighbours,
/// which every command reads.
#[derive(Default)]
#[repr(align(128))]
pub struct Clients {
    by_id: Mutex<BTreeMap<u64, Arc<ClientHandle>>>,
    last_id: AtomicU64,
    received: AtomicU64,
    rejected: AtomicU64,
    cut_by_query: AtomicU64,
    cut_by_output: AtomicU64,
}

/// Where a connection comes from, as the socket tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// `ip:port` of the client, or the socket's path with `:0`.
    pub addr: String,
    /// `ip:port` of ours, or the socket's path with `:0`.
    pub laddr: String,
    pub fd: i32,
    pub transport: Transport,
}

/// How a connection came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    Tcp,
    Unix,
}

/// One connection as others see it.
#[derive(Debug, Default)]
pub struct ClientHandle {
    pub id: u64,
    pub info: ConnectionInfo,
    /// Milliseconds since the epoch.
    pub connected_at_ms: u64,
    /// When the last command came, in milliseconds since the epoch.
    pub active_at_ms: AtomicU64,
    pub db: AtomicU32,
    /// 2 or 3.
    pub protocol: AtomicU32,
    /// Id of the last command, or `NO_COMMAND`.
    pub command: AtomicU32,
    pub n_commands: AtomicU64,
    pub net_in_bytes: AtomicU64,
    pub net_out_bytes: AtomicU64,
    /// Bytes read and not yet executed, and room behind them.
    pub query_bytes: AtomicU64,
    pub query_free_bytes: AtomicU64,
    /// Bytes of replies that wait to be written.
    pub output_bytes: AtomicU64,
    pub no_evict: AtomicBool,
    pub no_touch: AtomicBool,
    pub blocked: AtomicBool,
    names: Mutex<Names>,
    killed: AtomicBool,
    waker: AtomicWaker,
}

/// What a client says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) name: String,
    pub(crate) library: String,
    pub(crate) library_version: String,
}

impl Clients {
    /// Adds a connection. The session removes it when it ends.
    pub fn register(&self, info: ConnectionInfo, now_ms: u64) -> Arc<ClientHandle> {
        self.received.fetch_add(1, Relaxed);
        // The id is drawn under the lock, so that ids and the order of arrival agree.
        let mut by_id = self.by_id.lock();
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let handle = Arc::new(ClientHandle {
            id,
            info,
            connected_at_ms: now_ms,
            active_at_ms: AtomicU64::new(now_ms),
            protocol: AtomicU32::new(2),
            command: AtomicU32::new(NO_COMMAND),
            ..ClientHandle::default()
        });
        by_id.insert(id, handle.clone());
        handle
    }

    pub fn remove(&self, id: u64) {
        self.by_id.lock().remove(&id);
    }

    /// Counts a connection that was turned away.
    pub fn count_rejected(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    pub fn len(&self) -> usize {
        self.by_id.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Connections accepted since the start or the last CONFIG RESETSTAT.
    pub fn n_received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Connections turned away since then.
    pub fn n_rejected(&self) -> u64 {
        self.rejected.load(Relaxed)
    }

    /// Counts a connection that was closed for a command longer than `client-query-buffer-limit`.
    pub fn count_cut_by_query(&self) {
        self.cut_by_query.fetch_add(1, Relaxed);
    }

    /// Counts a connection that was closed for replies beyond `client-output-buffer-limit`.
    pub fn count_cut_by_output(&self) {
        self.cut_by_output.fetch_add(1, Relaxed);
    }

    /// Connections closed for their query buffer and for their output.
    pub(crate) fn n_cut(&self) -> (u64, u64) {
        (self.cut_by_query.load(Relaxed), self.cut_by_output.load(Relaxed))
    }

    pub fn get(&self, id: u64) -> Option<Arc<ClientHandle>> {
        self.by_id.lock().get(&id).cloned()
    }

    /// Everyone who is connected, oldest first. The list is taken under the lock and read
    /// outside of it.
    pub fn all(&self) -> Vec<Arc<ClientHandle>> {
        self.by_id.lock().values().cloned().collect()
    }

    pub(crate) fn reset_stats(&self) {
        self.received.store(0, Relaxed);
        self.rejected.store(0, Relaxed);
        self.cut_by_query.store(0, Relaxed);
        self.cut_by_output.store(0, Relaxed);
    }
}

impl ClientHandle {
    /// Asks the connection to close: it notices at its next turn, which comes at once.
    pub fn kill(&self) {
        self.killed.store(true, Relaxed);
        self.waker.wake();
    }

    pub fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }

    /// Where the connection loop registers itself to be woken. It then looks at `is_killed`.
    pub fn waker(&self) -> &AtomicWaker {
        &self.waker
    }

    /// Wakes the connection loop without closing it.
    pub fn wake(&self) {
        self.waker.wake();
    }

    pub(crate) fn names(&self) -> Names {
        self.names.lock().clone()
    }

    pub(crate) fn rename(&self, change: impl FnOnce(&mut Names)) {
        change(&mut self.names.lock());
    }
}

/// What `ClientHandle::command` holds before the first command.
pub const NO_COMMAND: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_come_and_go_in_order() {
        let clients = Clients::default();
        let first = clients.register(ConnectionInfo::default(), 5);
        let second = clients.register(ConnectionInfo::default(), 6);
        assert!(first.id < second.id);
        assert_eq!(clients.all().iter().map(|it| it.id).collect::<Vec<_>>(), [first.id, second.id]);
        clients.remove(first.id);
        assert_eq!((clients.len(), clients.n_received()), (1, 2));
        assert!(clients.get(first.id).is_none());
    }

    #[test]
    fn a_killed_client_knows() {
        let handle = ClientHandle::default();
        assert!(!handle.is_killed());
        handle.kill();
        assert!(handle.is_killed());
    }
}
