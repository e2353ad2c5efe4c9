//! Who is connected. Sessions write their own handle with relaxed stores; CLIENT LIST, CLIENT KILL
//! and the gauges read them.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use atomic_waker::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};

use crate::acl::Account;
use crate::client_flags::{ClientFlag, ClientFlags};
use crate::inbox::Inbox;
use crate::tracking::Tracker;
use crate::waiting::Seat;
use crate::watch::Watch;

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

/// Both addresses in little memory: ten thousand idle connections have them.
#[derive(Debug)]
enum Addresses {
    V4 { remote: SocketAddrV4, local: SocketAddrV4 },
    Other(Box<[String; 2]>),
}

/// What is kept of a client apart: rarely looked at, or rarely there. Two small pieces fit in
/// where one big one would not, between the runtime's own.
#[derive(Debug)]
pub struct Aside {
    addresses: Addresses,
    pub fd: i32,
    pub transport: Transport,
    /// Milliseconds since the epoch.
    pub connected_at_ms: u64,
    /// Bytes read and not yet executed, and room behind them.
    pub query_bytes: AtomicU64,
    pub query_free_bytes: AtomicU64,
    /// Bytes of replies that wait to be written.
    pub output_bytes: AtomicU64,
    /// Commands that wait for EXEC; negative outside a transaction.
    pub(crate) n_queued: AtomicI32,
    pub(crate) queued_bytes: AtomicU64,
    /// Most clients have none.
    rare: OnceLock<Box<Rare>>,
    /// Where its command sits while it waits for keys.
    seat: Mutex<Option<Box<Seat>>>,
}

/// What few clients have.
#[derive(Debug, Default)]
struct Rare {
    names: Mutex<Names>,
    /// What comes to it unasked.
    inbox: OnceLock<Box<Inbox>>,
    /// What must not change before EXEC.
    watch: Mutex<Option<Watch>>,
    /// What it hears of changes of.
    tracker: Mutex<Tracker>,
    /// Whom it works as, but for the default user.
    account: Mutex<Option<Arc<Account>>>,
}

impl Aside {
    fn new(info: ConnectionInfo, now_ms: u64) -> Aside {
        let ConnectionInfo { addr, laddr, fd, transport } = info;
        let addresses = match (addr.parse(), laddr.parse()) {
            (Ok(remote), Ok(local)) => Addresses::V4 { remote, local },
            _ => Addresses::Other(Box::new([addr, laddr])),
        };
        Aside {
            addresses,
            fd,
            transport,
            connected_at_ms: now_ms,
            query_bytes: AtomicU64::new(0),
            query_free_bytes: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            n_queued: AtomicI32::new(-1),
            queued_bytes: AtomicU64::new(0),
            rare: OnceLock::new(),
            seat: Mutex::default(),
        }
    }

    pub fn addr(&self) -> String {
        match &self.addresses {
            Addresses::V4 { remote, .. } => remote.to_string(),
            Addresses::Other(both) => both[0].clone(),
        }
    }

    pub fn laddr(&self) -> String {
        match &self.addresses {
            Addresses::V4 { local, .. } => local.to_string(),
            Addresses::Other(both) => both[1].clone(),
        }
    }
}

/// How a connection came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    Tcp,
    Unix,
}

/// One connection as others see it.
#[derive(Debug)]
pub struct ClientHandle {
    pub id: u64,
    pub aside: Box<Aside>,
    /// When the last command came, in milliseconds since the epoch.
    pub active_at_ms: AtomicU64,
    pub db: AtomicU32,
    /// 2 or 3.
    pub protocol: AtomicU8,
    /// Id of the last command, or `NO_COMMAND`.
    pub command: AtomicU32,
    pub n_commands: AtomicU64,
    pub net_in_bytes: AtomicU64,
    pub net_out_bytes: AtomicU64,
    pub(crate) flags: ClientFlags,
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
        let handle = Arc::new(ClientHandle::new(id, info, now_ms));
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

    /// Connections closed for output that they did not read.
    pub fn n_cut_by_output(&self) -> u64 {
        self.cut_by_output.load(Relaxed)
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
    fn new(id: u64, info: ConnectionInfo, now_ms: u64) -> ClientHandle {
        ClientHandle {
            id,
            aside: Box::new(Aside::new(info, now_ms)),
            active_at_ms: AtomicU64::new(now_ms),
            db: AtomicU32::new(0),
            protocol: AtomicU8::new(2),
            command: AtomicU32::new(NO_COMMAND),
            n_commands: AtomicU64::new(0),
            net_in_bytes: AtomicU64::new(0),
            net_out_bytes: AtomicU64::new(0),
            flags: ClientFlags::default(),
            waker: AtomicWaker::new(),
        }
    }

    /// Asks the connection to close: it notices at its next turn, which comes at once.
    pub fn kill(&self) {
        self.flags.set(ClientFlag::Killed, true);
        self.waker.wake();
    }

    pub fn is_killed(&self) -> bool {
        self.flags.has(ClientFlag::Killed)
    }

    /// True while it listens to channels or patterns.
    pub fn is_subscriber(&self) -> bool {
        self.flags.has(ClientFlag::Subscriber)
    }

    /// True while it waits for keys in a blocking command.
    pub fn is_blocked(&self) -> bool {
        self.flags.has(ClientFlag::Blocked)
    }

    /// Where the connection loop registers itself to be woken. It then looks at `is_killed`.
    pub fn waker(&self) -> &AtomicWaker {
        &self.waker
    }

    /// Wakes the connection loop without closing it.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Where its command sits while it waits for keys.
    pub(crate) fn seat(&self) -> MutexGuard<'_, Option<Box<Seat>>> {
        self.aside.seat.lock()
    }

    pub(crate) fn names(&self) -> Names {
        self.aside.rare.get().map(|it| it.names.lock().clone()).unwrap_or_default()
    }

    pub(crate) fn rename(&self, change: impl FnOnce(&mut Names)) {
        change(&mut self.aside.rare.get_or_init(Box::default).names.lock());
    }

    /// What it watches, if it ever watched something. Nobody who holds this asks for shards.
    pub(crate) fn watch(&self) -> Option<MutexGuard<'_, Option<Watch>>> {
        self.aside.rare.get().map(|it| it.watch.lock())
    }

    pub(crate) fn set_watch(&self, watch: Watch) {
        *self.aside.rare.get_or_init(Box::default).watch.lock() = Some(watch);
    }

    /// Whom it works as; `None` is the default user.
    pub(crate) fn account(&self) -> Option<Arc<Account>> {
        self.aside.rare.get()?.account.lock().clone()
    }

    pub(crate) fn set_account(&self, account: Option<Arc<Account>>) {
        *self.aside.rare.get_or_init(Box::default).account.lock() = account;
    }

    /// What it tracks, if it ever tracked something.
    pub(crate) fn tracker(&self) -> Option<Tracker> {
        self.aside.rare.get().map(|it| it.tracker.lock().clone())
    }

    pub(crate) fn set_tracker(&self, tracker: Tracker) {
        *self.aside.rare.get_or_init(Box::default).tracker.lock() = tracker;
    }

    /// Made when it is first needed.
    pub(crate) fn inbox(&self) -> &Inbox {
        self.aside.rare.get_or_init(Box::default).inbox.get_or_init(Box::default)
    }

    /// The inbox of a client that has one.
    pub(crate) fn inbox_if_any(&self) -> Option<&Inbox> {
        self.aside.rare.get()?.inbox.get().map(|it| &**it)
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
    fn both_ends_are_told_apart() {
        let local = "127.0.0.1:6379";
        for remote in ["127.0.0.1:50000", "[::1]:50000", "/run/tandem.sock:0", ""] {
            let info = ConnectionInfo {
                addr: remote.into(),
                laddr: local.into(),
                ..ConnectionInfo::default()
            };
            let aside = Aside::new(info, 5);
            assert_eq!((&*aside.addr(), &*aside.laddr()), (remote, local));
        }
    }

    #[test]
    fn a_killed_client_knows() {
        let handle = ClientHandle::new(1, ConnectionInfo::default(), 5);
        assert!(!handle.is_killed());
        handle.kill();
        assert!(handle.is_killed());
    }
}
